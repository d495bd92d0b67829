//! Diego's route-emitter: it fetches every so often which cells run what, follows the BBS's events in between, and tells
//! the routers where requests go.
//!
//! Events that come while it fetches wait until it has the rows: these may be older than an event that came before them.
//! An event that is missed is made good by the next sync. Simplified: there is one, without its lock, and the routers are
//! told in no time.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Change, Event, FETCHES, Message, Row, Site,
    subscription::{self, Subscription},
};
use crate::{
    process::{Effects, Input, Lane, Names, NodeId},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub subscription: subscription::Config,
    /// From one sync to the next, whether or not it was answered.
    pub sync: Duration,
    /// Whether events that come during a sync wait for its end.
    pub caches: bool,
    /// Whether it also syncs as soon as it is subscribed again.
    pub syncs_anew: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Emitter {
    subscription: Subscription,
    /// The cells of each LRP, as the routers were told.
    table: BTreeMap<u16, BTreeSet<NodeId>>,
    sync: Sync,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
enum Sync {
    Resting,
    /// `again`: what is fetched may be too old by now.
    Fetching {
        cached: Vec<Change>,
        again: bool,
    },
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    /// When the next sync begins.
    Sync,
}

impl Emitter {
    pub(super) fn start(config: &Config, fx: &mut Effects<Site>) -> Emitter {
        let subscription = Subscription::start(&config.subscription, fx);
        let mut emitter = Emitter { subscription, table: BTreeMap::new(), sync: Sync::Resting };
        emitter.arm(config, fx);
        emitter.fetch(config, fx);
        emitter
    }

    pub(super) fn step(&mut self, config: &Config, input: Input<Site>, fx: &mut Effects<Site>) {
        match input {
            Input::Timer(super::Timer::Emitter(Timer::Sync)) => {
                self.arm(config, fx);
                if self.sync == Sync::Resting {
                    self.fetch(config, fx);
                }
            }
            Input::Message { message: Message::Rows { rows }, .. } => self.fetched(rows, config, fx),
            Input::Closed { lane: FETCHES, .. } => self.fetched(None, config, fx),
            Input::Message { message: Message::Published(changes), .. } => match &mut self.sync {
                Sync::Fetching { cached, .. } if config.caches => cached.extend(changes),
                Sync::Fetching { .. } | Sync::Resting => self.follow(changes, fx),
            },
            Input::Message { message: Message::Subscribed, .. } if config.syncs_anew => match &mut self.sync {
                Sync::Fetching { again, .. } => *again = true,
                Sync::Resting => self.fetch(config, fx),
            },
            Input::Message { from, message: Message::NotServing } => {
                self.subscription.lost(from, &config.subscription, fx);
            }
            Input::Closed { peer, lane: Lane(_), .. } => self.subscription.lost(peer, &config.subscription, fx),
            Input::Timer(super::Timer::Resubscribe) => self.subscription.again(&config.subscription, fx),
            // For others.
            Input::Message { .. } | Input::Timer(_) | Input::Request(_) => {}
        }
    }

    fn fetch(&mut self, config: &Config, fx: &mut Effects<Site>) {
        self.sync = Sync::Fetching { cached: Vec::new(), again: false };
        fx.send(self.subscription.bbs(&config.subscription), Message::FetchRows);
    }

    /// A sync has ended. `None`: there was no answer.
    fn fetched(&mut self, rows: Option<BTreeMap<u16, Row>>, config: &Config, fx: &mut Effects<Site>) {
        // Nothing was asked, or the question was given up.
        let Sync::Fetching { cached, again } = std::mem::replace(&mut self.sync, Sync::Resting) else { return };
        if let Some(rows) = rows {
            let known: BTreeSet<u16> = self.table.keys().chain(rows.keys()).copied().collect();
            for lrp in known {
                self.route(lrp, rows.get(&lrp).map(|row| row.cells.clone()).unwrap_or_default(), fx);
            }
        }
        self.follow(cached, fx);
        if again {
            self.fetch(config, fx);
        }
    }

    fn follow(&mut self, changes: Vec<Change>, fx: &mut Effects<Site>) {
        for change in changes {
            match change {
                Change::Routes { lrp, cells } => self.route(lrp, cells, fx),
                // Its row has changed as well.
                Change::Crashed { .. } => {}
            }
        }
    }

    /// Tells the routers what differs.
    fn route(&mut self, lrp: u16, cells: BTreeSet<NodeId>, fx: &mut Effects<Site>) {
        let before = self.table.remove(&lrp).unwrap_or_default();
        for cell in cells.difference(&before) {
            fx.emit(Event::Registered { lrp, cell: *cell });
        }
        for cell in before.difference(&cells) {
            fx.emit(Event::Unregistered { lrp, cell: *cell });
        }
        if !cells.is_empty() {
            self.table.insert(lrp, cells);
        }
    }

    fn arm(&self, config: &Config, fx: &mut Effects<Site>) {
        fx.arm(super::Timer::Emitter(Timer::Sync), Window::exactly(config.sync));
    }
}
