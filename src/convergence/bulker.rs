//! The bulker: every so often it asks the outside what is wanted, makes what the BBS desires the same, and says that the
//! domain is fresh.
//!
//! Only while the domain is fresh does convergence stop what nobody desires: rows that were lost, or that the bulker has
//! not come to yet, are no reason to. Simplified: there is one bulker, without its lock, and what it changes is one
//! transaction.

use std::collections::BTreeSet;

use super::{Event, Message, Site};
use crate::{
    process::{Effects, Input, Names, NodeId},
    time::{Duration, Window},
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// How long after the end of one sync the next begins.
    pub interval: Duration,
    /// Whether an answer that did not come means that nothing is wanted.
    pub believes_silence: bool,
    /// Whom it asks, and whom it tells.
    pub source: NodeId,
    pub data: NodeId,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Bulker {
    /// `Sync` is armed.
    Resting,
    Asking,
    Telling,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    /// When the next sync begins.
    Sync,
}

impl Bulker {
    pub(super) fn start(config: &Config, fx: &mut Effects<Site>) -> Bulker {
        ask(config, fx)
    }

    pub(super) fn step(&mut self, config: &Config, input: Input<Site>, fx: &mut Effects<Site>) {
        *self = match (&self, input) {
            (Bulker::Resting, Input::Timer(super::Timer::Bulker(Timer::Sync))) => ask(config, fx),
            (Bulker::Asking, Input::Message { message: Message::Fetched { wanted }, .. }) => match wanted {
                Some(wanted) => tell(config, wanted, fx),
                None => unanswered(config, fx),
            },
            (Bulker::Asking, Input::Closed { peer, .. }) if peer == config.source => unanswered(config, fx),
            (Bulker::Telling, Input::Message { message: Message::Synced, .. }) => rest(config, fx),
            // Whether it was done is not known: the next sync does it again.
            (Bulker::Telling, Input::Closed { peer, .. }) if peer == config.data => rest(config, fx),
            // Connections that nothing was asked on, and what is for others.
            (_, Input::Message { .. } | Input::Closed { .. } | Input::Timer(_) | Input::Request(_)) => return,
        };
    }
}

fn ask(config: &Config, fx: &mut Effects<Site>) -> Bulker {
    fx.send(config.source, Message::Fetch);
    Bulker::Asking
}

fn tell(config: &Config, wanted: BTreeSet<u16>, fx: &mut Effects<Site>) -> Bulker {
    fx.send(config.data, Message::Sync { wanted });
    Bulker::Telling
}

fn unanswered(config: &Config, fx: &mut Effects<Site>) -> Bulker {
    fx.emit(Event::Unanswered);
    if config.believes_silence { tell(config, BTreeSet::new(), fx) } else { rest(config, fx) }
}

fn rest(config: &Config, fx: &mut Effects<Site>) -> Bulker {
    fx.arm(super::Timer::Bulker(Timer::Sync), Window::exactly(config.interval));
    Bulker::Resting
}
