//! The lock runner of SQL Locket: it asks for its row again and again, one question after another, and the first
//! failure while it owns the row ends it.

#[cfg(test)]
mod tests;

use super::{Event, Request, Standing, Timer};
use crate::{
    lock::STORE,
    process::{Effects, Id, Input, Me, Names, Process, Rank},
    store::{
        Key,
        locket::{Answer, Ask, Message},
    },
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Client {
    /// Asks for the row; otherwise `Retry` is armed.
    question: Option<Id>,
    hold: Hold,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
enum Hold {
    Nothing,
    Row { token: Rank },
    Doubt,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// What it wants to own.
    pub key: Key,
    pub ttl: Duration,
    /// From an answer to the next question.
    pub retry: Duration,
    /// How long it waits for an answer.
    pub deadline: Duration,
    /// Whether the row is given back in a clean stop.
    pub releases: bool,
}

type Fx = Effects<Client>;

impl Process for Client {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Request = Request;
    type Event = Event;
    type Durable = ();

    fn start(me: &Me<'_, Self>, (): (), fx: &mut Fx) -> Self {
        Client { question: Some(ask(me.config, fx)), hold: Hold::Nothing }
    }

    fn step(&mut self, me: &Me<'_, Self>, input: Input<Self>, fx: &mut Fx) {
        match input {
            Input::Message { message: Message::Answer { question, answer }, .. } => {
                if self.question == Some(question) {
                    self.answered(me.config, Some(&answer), fx);
                }
            }
            // What was asked on a connection that is gone, or for too long, is not answered any more.
            Input::Closed { .. } | Input::Timer(Timer::Answer) => {
                if self.question.is_some() {
                    self.answered(me.config, None, fx);
                }
            }
            Input::Timer(Timer::Retry) => {
                if self.hold != Hold::Doubt {
                    self.question = Some(ask(me.config, fx));
                }
            }
            // Its store has nobody wait for a holder that is about to leave.
            Input::Request(Request::Announce) => {}
            Input::Request(Request::Leave) => {
                if let Hold::Row { .. } = self.hold {
                    fx.emit(Event::Released);
                    if me.config.releases {
                        fx.send(STORE, Message::Ask { question: None, ask: Ask::Release { key: me.config.key } });
                    }
                }
                fx.exit();
            }
            // The store's side of the talk, and timers of other kinds.
            Input::Message { message: Message::Ask { .. }, .. }
            | Input::Timer(
                Timer::Renew
                | Timer::Overdue
                | Timer::Late
                | Timer::Recreate
                | Timer::SessionAnswer
                | Timer::Lease
                | Timer::Deadline(_),
            ) => {}
        }
    }
}

impl Client {
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self.hold {
            Hold::Nothing => Standing::Slumbering,
            Hold::Row { token } => Standing::Holding { token },
            Hold::Doubt => Standing::Doubting,
        }
    }

    /// An answer, or the certainty that there will be none.
    fn answered(&mut self, config: &Config, answer: Option<&Answer>, fx: &mut Fx) {
        self.question = None;
        fx.disarm(Timer::Answer);
        match (&self.hold, answer) {
            (Hold::Nothing, Some(Answer::Locked { token })) => {
                fx.emit(Event::Acquired);
                self.hold = Hold::Row { token: *token };
            }
            (Hold::Nothing, _) | (Hold::Row { .. }, Some(Answer::Locked { .. })) => {}
            (Hold::Row { .. }, _) => {
                fx.emit(Event::Doubted);
                self.hold = Hold::Doubt;
                return;
            }
            (Hold::Doubt, _) => unreachable!("nothing is asked"),
        }
        fx.arm(Timer::Retry, Window::exactly(config.retry));
    }
}

fn ask(config: &Config, fx: &mut Fx) -> Id {
    let question = fx.fresh_id();
    fx.arm(Timer::Answer, Window::exactly(config.deadline));
    let ask = Ask::Lock { key: config.key, ttl: config.ttl };
    fx.send(STORE, Message::Ask { question: Some(question), ask });
    question
}
