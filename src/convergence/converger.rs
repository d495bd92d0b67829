//! The converger: every so often, and perhaps when a cell is missing, it has the rows examined and repaired.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Finding, Message, Purpose, REGISTRY, host::Io};
use crate::{
    process::{Names, NodeId},
    time::{Duration, Window, unless_never},
};

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How long after the end of one run the next begins; if "never", it only acts on what it is told.
    #[serde(deserialize_with = "unless_never")]
    pub interval: Option<Duration>,
    /// Whether it is told of cells that are missing, and acts on it.
    pub watches: bool,
    /// Whether the list of cells that comes with the notice is enough, or it asks for another.
    pub trusts_notice: bool,
    /// Whether LRPs and Tasks are repaired by lists of their own, which may differ.
    pub two_lists: bool,
    /// Whether a run without a list of cells repairs what needs none.
    pub repairs_without_cells: bool,
    /// How long a run takes from what it found to its repairs.
    pub takes: Window,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Converger {
    /// Lists that it waits for.
    listing: BTreeSet<Purpose>,
    /// What a run found and has not repaired yet, and the cells that it knew of.
    found: Option<(Vec<Finding>, Option<BTreeSet<NodeId>>)>,
    /// How many examinations of the rows have not ended.
    examining: u8,
    /// It was told of a missing cell while it was at work.
    again: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    Converge,
    Repair,
}

impl Converger {
    pub(super) fn start(config: &Config, io: &mut Io<'_, '_>) -> Converger {
        if config.watches {
            io.send(REGISTRY, Message::Watch);
        }
        arm_loop(config, io);
        Converger { listing: BTreeSet::new(), found: None, examining: 0, again: false }
    }

    /// It ends: another converges.
    pub(super) fn stop(io: &mut Io<'_, '_>) {
        io.disarm(Timer::Converge);
        io.disarm(Timer::Repair);
    }

    pub(super) fn fire(&mut self, config: &Config, timer: Timer, io: &mut Io<'_, '_>) {
        match timer {
            Timer::Converge => self.list(config, io),
            Timer::Repair => self.repair(config, io),
        }
    }

    /// A cell is missing, or the watch tells who is there.
    pub(super) fn changed(&mut self, config: &Config, present: BTreeSet<NodeId>, io: &mut Io<'_, '_>) {
        if !config.watches {
            return;
        }
        if self.is_busy() {
            self.again = true;
        } else if config.trusts_notice {
            io.disarm(Timer::Converge);
            self.examine(Purpose::Both, Some(present), io);
        } else {
            io.disarm(Timer::Converge);
            self.list(config, io);
        }
    }

    pub(super) fn listed(&mut self, config: &Config, purpose: Purpose, present: BTreeSet<NodeId>, io: &mut Io<'_, '_>) {
        if self.listing.remove(&purpose) {
            self.examine(purpose, Some(present), io);
        }
        self.rest(config, io);
    }

    /// The registry has no leader, or could not be reached.
    pub(super) fn unlisted(&mut self, config: &Config, purpose: Purpose, io: &mut Io<'_, '_>) {
        if self.listing.remove(&purpose) && config.repairs_without_cells {
            self.examine(purpose, None, io);
        }
        self.rest(config, io);
    }

    /// The connection to the registry is gone, with the watch and what was asked.
    pub(super) fn closed(&mut self, config: &Config, io: &mut Io<'_, '_>) {
        for purpose in std::mem::take(&mut self.listing) {
            if config.repairs_without_cells {
                self.examine(purpose, None, io);
            }
        }
        if config.watches {
            io.send(REGISTRY, Message::Watch);
        }
        self.rest(config, io);
    }

    /// What the data were asked has no answer.
    pub(super) fn lost_data(&mut self, config: &Config, io: &mut Io<'_, '_>) {
        if std::mem::take(&mut self.examining) > 0 {
            self.rest(config, io);
        }
    }

    pub(super) fn found(
        &mut self,
        config: &Config,
        findings: Vec<Finding>,
        present: Option<BTreeSet<NodeId>>,
        io: &mut Io<'_, '_>,
    ) {
        self.examining = self.examining.saturating_sub(1);
        if !findings.is_empty() {
            let (all, cells) = self.found.get_or_insert_with(|| (Vec::new(), None));
            all.extend(findings);
            *cells = present;
        }
        match &self.found {
            None => self.rest(config, io),
            Some(_) if config.takes == Window::ZERO => self.repair(config, io),
            Some(_) => io.arm(Timer::Repair, config.takes),
        }
    }

    fn list(&mut self, config: &Config, io: &mut Io<'_, '_>) {
        let purposes: &[Purpose] = if config.two_lists { &[Purpose::Lrps, Purpose::Tasks] } else { &[Purpose::Both] };
        for purpose in purposes {
            self.listing.insert(*purpose);
            io.send(REGISTRY, Message::List(*purpose));
        }
    }

    fn examine(&mut self, scope: Purpose, present: Option<BTreeSet<NodeId>>, io: &mut Io<'_, '_>) {
        self.examining += 1;
        io.tell_data(Message::Examine { scope, present });
    }

    fn repair(&mut self, config: &Config, io: &mut Io<'_, '_>) {
        if let Some((findings, present)) = self.found.take() {
            io.tell_data(Message::Repair { findings, present });
        }
        self.rest(config, io);
    }

    /// Between two runs.
    fn rest(&mut self, config: &Config, io: &mut Io<'_, '_>) {
        if self.is_busy() {
            return;
        }
        if std::mem::take(&mut self.again) {
            self.list(config, io);
        } else {
            arm_loop(config, io);
        }
    }

    fn is_busy(&self) -> bool {
        !self.listing.is_empty() || self.found.is_some() || self.examining > 0
    }
}

fn arm_loop(config: &Config, io: &mut Io<'_, '_>) {
    if let Some(interval) = config.interval {
        io.arm(Timer::Converge, Window::exactly(interval));
    }
}
