//! A client that looks the service up, again and again.

use super::{CATALOG, Event, Fx, Message, Reads, Site, Status, Timer};
use crate::{
    process::{Id, Input, Names},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Client {
    /// Asks for the service; otherwise `Look` is armed.
    asked: Option<Id>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// From an answer to the next look.
    pub every: Duration,
    pub reads: Reads,
}

impl Client {
    pub(super) fn start(config: &Config, fx: &mut Fx) -> Client {
        let mut client = Client { asked: None };
        client.look(config, fx);
        client
    }

    pub(super) fn step(&mut self, config: &Config, input: Input<Site>, fx: &mut Fx) {
        match input {
            Input::Timer(Timer::Look) => self.look(config, fx),
            Input::Message { message: Message::Found { question, entry }, .. } if self.asked == Some(question) => {
                self.rest(config, if entry == Some(Status::Passing) { Event::Resolved } else { Event::Unresolved }, fx);
            }
            Input::Message { message: Message::Failed { question }, .. } if self.asked == Some(question) => {
                self.rest(config, Event::Unanswered, fx);
            }
            Input::Closed { .. } if self.asked.is_some() => self.rest(config, Event::Unanswered, fx),
            // Answers to what is not asked any more, connections that nothing was asked on, and what is for others.
            Input::Message { .. } | Input::Closed { .. } | Input::Timer(_) | Input::Request(_) => {}
        }
    }

    fn look(&mut self, config: &Config, fx: &mut Fx) {
        let question = fx.fresh_id();
        fx.send(CATALOG, Message::Look { question, reads: config.reads });
        self.asked = Some(question);
    }

    fn rest(&mut self, config: &Config, event: Event, fx: &mut Fx) {
        self.asked = None;
        fx.emit(event);
        fx.arm(Timer::Look, Window::exactly(config.every));
    }
}
