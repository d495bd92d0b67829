//! A server that was gone and comes back. Its peers' pauses between attempts to reach it have grown long by then, so that
//! it does not hear of the new leader, calls an election, and deposes a leader that is well.

use serde::Deserialize;

use super::{Config, Consul, Timer};
use crate::{process::Effects, time::Window};

/// When the server that was lost with the leader is back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Returning {
    /// How long after there is a new leader.
    pub after: Window,
    /// How long there is none then.
    pub outage: Window,
    /// Whether it asks first who would vote for it: who hears a leader would not, so nothing comes of it.
    pub asks_first: bool,
}

impl Consul {
    /// There is a new leader, and the server of the one before will be back.
    pub(super) fn expect_return(&mut self, config: &Config, fx: &mut Effects<Consul>) {
        // Who deposed the leader last is there: nobody is left to come back.
        let all_there = std::mem::take(&mut self.deposed);
        if let Some(returning) = config.returning.filter(|returning| !all_there && !returning.asks_first) {
            fx.arm(Timer::Returns, returning.after);
        }
    }

    pub(super) fn returns(&mut self, config: &Config, fx: &mut Effects<Consul>) {
        if let Some(Returning { outage, .. }) = config.returning {
            self.deposed = true;
            self.lose_leader(config, outage, fx);
        }
    }
}
