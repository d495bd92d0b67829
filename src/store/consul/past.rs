//! A leader that stood still for so long that another was elected. It wakes, and until it notices that nobody follows
//! it any more it answers readers from what it knew.

use serde::Deserialize;

use super::{Answer, BTreeMap, Config, Consul, Entry, Get, Key, Timer};
use crate::{
    process::{Effects, Names, Rank},
    time::Window,
};

/// When the leader that was lost wakes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OldLeader {
    /// How long after there is another.
    pub wakes: Window,
    /// How long after that it notices.
    pub notices: Window,
}

/// How a server answers who reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reads {
    /// From what it knows, if it takes itself for the leader.
    #[default]
    Default,
    /// After a majority has said that it leads.
    Consistent,
}

/// What a leader that stands still knew.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub(super) struct Past {
    keys: BTreeMap<Key, Entry>,
    index: Rank,
    /// It answers again: `Notices` is armed.
    awake: bool,
}

impl Consul {
    pub(super) fn leave_behind(&mut self, config: &Config, fx: &mut Effects<Consul>) {
        if config.old_leader.is_none() {
            return;
        }
        // The one that was left behind before is not asked any more.
        fx.disarm(Timer::Wakes);
        fx.disarm(Timer::Notices);
        self.past = Some(Past { keys: self.keys.clone(), index: self.index, awake: false });
    }

    pub(super) fn wakes(&mut self, config: &Config, fx: &mut Effects<Consul>) {
        if let (Some(past), Some(OldLeader { notices, .. })) = (&mut self.past, config.old_leader) {
            past.awake = true;
            fx.arm(Timer::Notices, notices);
        }
    }

    /// What one who does not wait for a change is told by the leader of before, while that answers.
    pub(super) fn told_by_the_past(&self, config: &Config, get: Get) -> Option<Answer> {
        let past = self.past.as_ref().filter(|past| past.awake)?;
        Some(match config.reads {
            Reads::Default => {
                let read = past.keys.iter().filter(|(key, _)| get.reads(**key));
                let entries = read.map(|(key, entry)| (*key, entry.clone())).collect();
                Answer::Entries { entries, index: past.index }
            }
            // Nobody says that it leads.
            Reads::Consistent => Answer::Failed,
        })
    }
}
