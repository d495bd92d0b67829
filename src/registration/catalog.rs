//! The catalog: a store's servers, seen from outside. What it has of the service outlasts its leaders.

use super::{AGENT, Event, Fx, Message, Reads, Request, Site, Status, Timer};
use crate::{
    process::{Id, Input, Names, NodeId},
    time::Window,
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Catalog {
    led: bool,
    entry: Option<Status>,
    /// What it had before the last change, while some server does not know of it. `Replicated` is armed.
    before: Option<Option<Status>>,
    /// What it has of the successor, by that one's agent.
    successor: Option<Status>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// How long a server may answer without the last change.
    pub lag: Window,
}

impl Catalog {
    pub(super) const fn start() -> Catalog {
        Catalog { led: true, entry: None, before: None, successor: None }
    }

    pub(super) fn step(&mut self, config: &Config, input: Input<Site>, fx: &mut Fx) {
        match (self.led, input) {
            (led, Input::Message { from, message: Message::Sync { question, entry } }) => {
                match led {
                    true if from == AGENT => self.change(config, entry, fx),
                    true => self.change_successor(entry, fx),
                    false => {}
                }
                fx.send(from, Message::Synced { question, done: led });
            }
            (led, Input::Message { from, message: Message::Look { question, reads } }) => {
                self.look(from, question, reads, led, fx);
            }
            (_, Input::Timer(Timer::Replicated)) => self.before = None,
            (true, Input::Request(Request::LoseLeader { outage })) => {
                self.led = false;
                fx.arm(Timer::Election, outage);
                fx.emit(Event::LeaderLost);
            }
            (_, Input::Timer(Timer::Election)) => {
                self.led = true;
                fx.emit(Event::LeaderElected);
            }
            (_, Input::Request(Request::Drop)) => self.change(config, None, fx),
            // There is none to lose; and what a service is asked.
            (false, Input::Request(Request::LoseLeader { .. })) | (_, Input::Request(Request::Terminate)) => {}
            // Between a service and its agent, answers, and others' timers.
            (_, Input::Message { .. } | Input::Timer(_)) => {}
            // It remembers nothing of those who ask.
            (_, Input::Closed { .. }) => {}
        }
    }

    fn change(&mut self, config: &Config, entry: Option<Status>, fx: &mut Fx) {
        if self.entry == entry {
            return;
        }
        if config.lag != Window::ZERO {
            self.before = Some(self.entry);
            fx.arm(Timer::Replicated, config.lag);
        }
        self.entry = entry;
        fx.emit(Event::Catalogued { entry });
    }

    fn change_successor(&mut self, entry: Option<Status>, fx: &mut Fx) {
        if self.successor != entry {
            self.successor = entry;
            fx.emit(Event::SuccessorCatalogued { entry });
        }
    }

    fn look(&self, from: NodeId, question: Id, reads: Reads, led: bool, fx: &mut Fx) {
        let answer = match reads {
            Reads::Default if led => Message::Found { question, entry: self.entry },
            Reads::Default => Message::Failed { question },
            // The server that answers may be the last to know.
            Reads::Stale => Message::Found { question, entry: self.before.unwrap_or(self.entry) },
        };
        fx.send(from, answer);
    }
}
