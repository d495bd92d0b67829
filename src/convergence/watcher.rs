//! Diego's tps-watcher: it follows the BBS's events and gives notice of each crash of an instance.
//!
//! What crashes while it is not subscribed it does not hear of, unless it compares how often each LRP has crashed once it
//! is subscribed again. In a new life it knows of none, and gives notice of all. Simplified: there may be several, as if
//! none needed its lock, and giving notice takes no time.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::{
    Change, Event, FETCHES, Message, Row, Site,
    subscription::{self, Subscription},
};
use crate::process::{Effects, Input, Lane, Names};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub subscription: subscription::Config,
    /// Whether it asks how often each LRP has crashed whenever it has subscribed.
    pub catches_up: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Watcher {
    subscription: Subscription,
    /// How often each LRP has crashed, as far as it compares that.
    known: BTreeMap<u16, u8>,
}

impl Watcher {
    pub(super) fn start(config: &Config, fx: &mut Effects<Site>) -> Watcher {
        Watcher { subscription: Subscription::start(&config.subscription, fx), known: BTreeMap::new() }
    }

    pub(super) fn step(&mut self, config: &Config, input: Input<Site>, fx: &mut Effects<Site>) {
        match input {
            Input::Message { message: Message::Published(changes), .. } => {
                for change in changes {
                    match change {
                        Change::Crashed { lrp, crashes } if config.catches_up => self.compare(lrp, crashes, fx),
                        Change::Crashed { lrp, .. } => fx.emit(Event::Noticed(lrp)),
                        // Others are interested in where it runs.
                        Change::Routes { .. } => {}
                    }
                }
            }
            // Asked only now, the answer lacks nothing that came before the first event.
            Input::Message { from, message: Message::Subscribed } if config.catches_up => {
                fx.send(from, Message::FetchRows);
            }
            Input::Message { message: Message::Rows { rows: Some(rows) }, .. } => {
                for (lrp, Row { crashes, .. }) in rows {
                    self.compare(lrp, crashes, fx);
                }
            }
            Input::Message { from, message: Message::NotServing } => {
                self.subscription.lost(from, &config.subscription, fx);
            }
            // The next subscription asks anew; without a need for one nobody would.
            Input::Closed { peer, lane: FETCHES, .. } => {
                if self.subscription.is_open() {
                    fx.send(peer, Message::FetchRows);
                }
            }
            Input::Closed { peer, lane: Lane(_), .. } => self.subscription.lost(peer, &config.subscription, fx),
            Input::Timer(super::Timer::Resubscribe) => self.subscription.again(&config.subscription, fx),
            // For others.
            Input::Message { .. } | Input::Timer(_) | Input::Request(_) => {}
        }
    }

    /// An LRP has crashed so often. Rows may be older than an event that came before them.
    fn compare(&mut self, lrp: u16, crashes: u8, fx: &mut Effects<Site>) {
        let known = self.known.entry(lrp).or_default();
        for _ in *known..crashes {
            fx.emit(Event::Noticed(lrp));
        }
        *known = crashes.max(*known);
    }
}
