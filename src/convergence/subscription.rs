//! A subscription to the event stream of whichever BBS works.
//!
//! It counts as open from when it was asked for: that it is not, its end tells.

use super::{Message, Site};
use crate::{
    process::{Effects, Names, NodeId},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// How long after the end of a subscription it is asked for again.
    pub retry: Duration,
    pub bbs: Vec<NodeId>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Subscription {
    /// At a BBS, by its place among them.
    Open(u8),
    /// The BBS at this place is asked when `Resubscribe` fires.
    Waiting(u8),
}

impl Subscription {
    pub(super) fn start(config: &Config, fx: &mut Effects<Site>) -> Subscription {
        open(0, config, fx)
    }

    /// The connection to this BBS has ended, or it does not work.
    pub(super) fn lost(&mut self, bbs: NodeId, config: &Config, fx: &mut Effects<Site>) {
        match *self {
            Subscription::Open(place) if config.bbs[usize::from(place)] == bbs => {
                fx.arm(super::Timer::Resubscribe, Window::exactly(config.retry));
                *self = Subscription::Waiting((place + 1) % config.bbs.len() as u8);
            }
            // Of an earlier one, or known.
            Subscription::Open(_) | Subscription::Waiting(_) => {}
        }
    }

    pub(super) fn again(&mut self, config: &Config, fx: &mut Effects<Site>) {
        match *self {
            Subscription::Waiting(place) => *self = open(place, config, fx),
            // Its timer is armed while it waits, and no longer.
            Subscription::Open(_) => {}
        }
    }

    pub(super) const fn is_open(&self) -> bool {
        matches!(self, Subscription::Open(_))
    }

    /// Whom else to ask: the BBS that it is at, or will be.
    pub(super) fn bbs(&self, config: &Config) -> NodeId {
        let (Subscription::Open(place) | Subscription::Waiting(place)) = self;
        config.bbs[usize::from(*place)]
    }
}

fn open(place: u8, config: &Config, fx: &mut Effects<Site>) -> Subscription {
    fx.send(config.bbs[usize::from(place)], Message::Subscribe);
    Subscription::Open(place)
}
