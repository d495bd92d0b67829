//! The agent on the service's machine: what it knows of the service is what the catalog should have.
//!
//! It tells the catalog of each change, once; what it could not tell, for want of a leader, it tells with the next full
//! sync, or sooner if it tries again.

use serde::Deserialize;

use super::{CATALOG, Fx, Message, Saved, Site, Status, Timer};
use crate::{
    process::{Id, Input, Names},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Agent {
    /// `Check` is armed while it is passing.
    service: Option<Status>,
    /// Its last word to the catalog was taken.
    in_sync: bool,
    asked: Option<Id>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// How long after a beat the service is taken for ill.
    pub check_ttl: Duration,
    /// From a full sync to the next, and from its start to the first.
    pub full_sync: Window,
    pub full_sync_tells: Tells,
    /// How long after it could not tell the catalog it tries again; not before the next full sync, if absent.
    pub sync_retry: Option<Duration>,
}

/// What a full sync tells the catalog.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tells {
    /// All that it knows: the catalog may have lost it.
    All,
    /// What it knows that the catalog was not told.
    Untold,
}

impl Agent {
    pub(super) fn start(config: &Config, saved: &Saved, fx: &mut Fx) -> Agent {
        // Whether a service is well it does not know before its first beat.
        let service = saved.registered.then_some(Status::Critical);
        let mut agent = Agent { service, in_sync: false, asked: None };
        fx.arm(Timer::FullSync, config.full_sync);
        agent.sync(fx);
        agent
    }

    pub(super) fn step(&mut self, config: &Config, input: Input<Site>, fx: &mut Fx) {
        match input {
            Input::Message { from, message: Message::Register { question } } => {
                fx.persist(Saved { registered: true });
                self.beats(config, fx);
                fx.send(from, Message::Registered { question });
            }
            Input::Message { from, message: Message::Pass { question } } => {
                let known = self.service.is_some();
                if known {
                    self.beats(config, fx);
                }
                fx.send(from, Message::Passed { question, known });
            }
            Input::Message { message: Message::Deregister, .. } => {
                fx.persist(Saved::default());
                if self.service == Some(Status::Passing) {
                    fx.disarm(Timer::Check);
                }
                self.change(None, fx);
            }
            Input::Timer(Timer::Check) => self.change(Some(Status::Critical), fx),
            Input::Message { message: Message::Synced { question, done }, .. } if self.asked == Some(question) => {
                self.synced(config, done, fx);
            }
            Input::Closed { peer: CATALOG, .. } if self.asked.is_some() => self.synced(config, false, fx),
            Input::Timer(Timer::SyncAgain) => self.sync(fx),
            Input::Timer(Timer::FullSync) => {
                fx.arm(Timer::FullSync, config.full_sync);
                if self.asked.is_none() && (!self.in_sync || config.full_sync_tells == Tells::All) {
                    if !self.in_sync && config.sync_retry.is_some() {
                        fx.disarm(Timer::SyncAgain);
                    }
                    self.sync(fx);
                }
            }
            // A service that went without a word is taken for ill when its check is due.
            Input::Closed { .. } => {}
            // An answer to what was told again since, the other ends' talk, and others' timers.
            Input::Message { .. } | Input::Timer(_) | Input::Request(_) => {}
        }
    }

    fn beats(&mut self, config: &Config, fx: &mut Fx) {
        fx.arm(Timer::Check, Window::exactly(config.check_ttl));
        self.change(Some(Status::Passing), fx);
    }

    fn change(&mut self, service: Option<Status>, fx: &mut Fx) {
        if self.service != service {
            self.service = service;
            fx.disarm(Timer::SyncAgain);
            self.sync(fx);
        }
    }

    /// Tells the catalog, in place of what it was told before.
    fn sync(&mut self, fx: &mut Fx) {
        let question = fx.fresh_id();
        fx.send(CATALOG, Message::Sync { question, entry: self.service });
        self.in_sync = false;
        self.asked = Some(question);
    }

    fn synced(&mut self, config: &Config, done: bool, fx: &mut Fx) {
        self.asked = None;
        self.in_sync = done;
        if let (false, Some(after)) = (done, config.sync_retry) {
            fx.arm(Timer::SyncAgain, Window::exactly(after));
        }
    }
}
