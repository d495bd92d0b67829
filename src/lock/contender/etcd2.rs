//! The heartbeater of 2014: a key with a time to live, which its holder writes again and again, comparing it with what
//! it wrote before.
//!
//! It may hold the lock without a break that it knows of and yet have lost it in between: a key that is not there any
//! more it makes anew.

#[cfg(test)]
mod tests;

use super::{Event, Request, Standing, Timer};
use crate::{
    lock::STORE,
    process::{Effects, Id, Input, Me, Names, Process, Rank},
    store::{
        Key,
        etcd2::{Action, Answer, Ask, Check, Message},
    },
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Client {
    /// What it writes: another in each life.
    value: Id,
    pursuit: Pursuit,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
enum Pursuit {
    /// Tries to make the key.
    Creating {
        question: Id,
    },
    /// The key is there: waits for it to change. `Retry` is armed.
    Watching {
        question: Id,
    },
    /// An attempt failed. `Retry` is armed.
    Resting,
    /// Holds the lock. `Renew` is armed for the next beat.
    Holding {
        token: Rank,
        beat: Beat,
    },
    Doubting,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
enum Beat {
    /// The last one succeeded.
    Done,
    /// One is under way. `Lease` is armed if the one before failed.
    Writing { question: Id, late: bool },
    /// The key was gone: it is made again.
    Recreating { question: Id, late: bool },
    /// The last one failed. `Lease` is armed.
    Failed,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// What it wants to hold.
    pub key: Key,
    /// How often the holder beats, and how often others try.
    pub every: Duration,
    /// Of the key; and how long the holder goes on while the store does not answer.
    pub ttl: Duration,
    /// How long it waits for an answer that should come at once; for ever, if absent.
    pub request_timeout: Option<Duration>,
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
        let value = fx.fresh_id();
        Client { value, pursuit: Pursuit::Creating { question: create(me.config, value, fx) } }
    }

    fn step(&mut self, me: &Me<'_, Self>, input: Input<Self>, fx: &mut Fx) {
        match input {
            Input::Message { message: Message::Answer { question, answer }, .. } => {
                if self.question() == Some(question) {
                    self.answered(me.config, Some(answer), fx);
                }
            }
            // What was asked on a connection that is gone, or for too long, is not answered any more.
            Input::Closed { .. } | Input::Timer(Timer::Answer) => {
                if self.question().is_some() {
                    self.answered(me.config, None, fx);
                }
            }
            Input::Timer(Timer::Retry) => self.retry(me.config, fx),
            Input::Timer(Timer::Renew) => self.beat(me.config, fx),
            Input::Timer(Timer::Lease) => self.doubt(me.config, fx),
            Input::Request(Request::Leave) => self.leave(me.config, fx),
            // Its store has nobody wait for a holder that is about to leave.
            Input::Request(Request::Announce) => {}
            // The store's side of the talk, and timers of other kinds.
            Input::Message { message: Message::Ask { .. }, .. }
            | Input::Timer(
                Timer::Overdue | Timer::Late | Timer::Recreate | Timer::SessionAnswer | Timer::Deadline(_),
            ) => {}
        }
    }
}

impl Client {
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self.pursuit {
            Pursuit::Holding { token, .. } => Standing::Holding { token },
            Pursuit::Doubting => Standing::Doubting,
            Pursuit::Creating { .. } | Pursuit::Watching { .. } | Pursuit::Resting => Standing::Slumbering,
        }
    }

    const fn question(&self) -> Option<Id> {
        match self.pursuit {
            Pursuit::Creating { question }
            | Pursuit::Watching { question }
            | Pursuit::Holding { beat: Beat::Writing { question, .. } | Beat::Recreating { question, .. }, .. } => {
                Some(question)
            }
            Pursuit::Resting | Pursuit::Holding { beat: Beat::Done | Beat::Failed, .. } | Pursuit::Doubting => None,
        }
    }

    /// An answer to what was asked last, or the certainty that there will be none.
    fn answered(&mut self, config: &Config, answer: Option<Answer>, fx: &mut Fx) {
        if config.request_timeout.is_some() && !matches!(self.pursuit, Pursuit::Watching { .. }) {
            fx.disarm(Timer::Answer);
        }
        match (&self.pursuit, answer) {
            (Pursuit::Creating { .. }, Some(Answer::Done { node, .. })) => {
                fx.emit(Event::Acquired);
                self.pursuit = Pursuit::Holding { token: node.created, beat: Beat::Done };
                fx.arm(Timer::Renew, Window::exactly(config.every));
            }
            (Pursuit::Creating { .. }, Some(Answer::Exists)) => {
                let question = ask(Ask::Watch { key: config.key, seen: None }, fx);
                self.pursuit = Pursuit::Watching { question };
                fx.arm(Timer::Retry, Window::exactly(config.every));
            }
            (Pursuit::Creating { .. }, _) => {
                self.pursuit = Pursuit::Resting;
                fx.arm(Timer::Retry, Window::exactly(config.every));
            }
            (Pursuit::Watching { .. }, Some(Answer::Done { action, .. })) if frees(action) => {
                fx.disarm(Timer::Retry);
                self.pursuit = Pursuit::Creating { question: create(config, self.value, fx) };
            }
            // The holder beats, or nobody tells any more: the next try comes in its time.
            (Pursuit::Watching { .. }, Some(Answer::Done { .. })) => {
                self.pursuit = Pursuit::Watching { question: ask(Ask::Watch { key: config.key, seen: None }, fx) };
            }
            (Pursuit::Watching { .. }, _) => self.pursuit = Pursuit::Resting,
            (Pursuit::Holding { token, beat }, answer) => {
                let (token, late, recreating) = match *beat {
                    Beat::Writing { late, .. } => (*token, late, false),
                    Beat::Recreating { late, .. } => (*token, late, true),
                    Beat::Done | Beat::Failed => unreachable!("nothing is asked"),
                };
                self.beaten(config, token, late, recreating, answer, fx);
            }
            (Pursuit::Resting | Pursuit::Doubting, _) => unreachable!("nothing is asked"),
        }
    }

    fn beaten(
        &mut self,
        config: &Config,
        token: Rank,
        late: bool,
        recreating: bool,
        answer: Option<Answer>,
        fx: &mut Fx,
    ) {
        let beat = match answer {
            Some(Answer::Done { .. }) => {
                if late {
                    fx.disarm(Timer::Lease);
                }
                Beat::Done
            }
            // Nobody has it: it is made again, and nobody is told that it was lost.
            Some(Answer::NotFound) if !recreating => {
                Beat::Recreating { question: create(config, self.value, fx), late }
            }
            Some(Answer::Different | Answer::Exists | Answer::NotFound) => {
                if late {
                    fx.disarm(Timer::Lease);
                }
                fx.disarm(Timer::Renew);
                fx.emit(Event::Doubted);
                self.pursuit = Pursuit::Doubting;
                return;
            }
            // It has not asked for a list.
            Some(Answer::Failed | Answer::Listed(_)) | None => {
                if !late {
                    fx.arm(Timer::Lease, Window::exactly(config.ttl));
                }
                Beat::Failed
            }
        };
        self.pursuit = Pursuit::Holding { token, beat };
    }

    fn beat(&mut self, config: &Config, fx: &mut Fx) {
        let Pursuit::Holding { beat, .. } = &mut self.pursuit else { return };
        fx.arm(Timer::Renew, Window::exactly(config.every));
        let late = match beat {
            Beat::Done => false,
            Beat::Failed => true,
            // It waits for an answer, and beats when it has one.
            Beat::Writing { .. } | Beat::Recreating { .. } => return,
        };
        limit(config, fx);
        let check = Check::Value(self.value);
        let question = ask(Ask::Set { key: config.key, value: Some(self.value), ttl: Some(config.ttl), check }, fx);
        *beat = Beat::Writing { question, late };
    }

    fn retry(&mut self, config: &Config, fx: &mut Fx) {
        if let Pursuit::Watching { .. } | Pursuit::Resting = self.pursuit {
            self.pursuit = Pursuit::Creating { question: create(config, self.value, fx) };
        }
    }

    /// The store has not answered for a whole time to live.
    fn doubt(&mut self, config: &Config, fx: &mut Fx) {
        let Pursuit::Holding { beat, .. } = &self.pursuit else { return };
        if config.request_timeout.is_some() && !matches!(beat, Beat::Done | Beat::Failed) {
            fx.disarm(Timer::Answer);
        }
        fx.disarm(Timer::Renew);
        fx.emit(Event::Doubted);
        self.pursuit = Pursuit::Doubting;
    }

    fn leave(&self, config: &Config, fx: &mut Fx) {
        if let Pursuit::Holding { .. } = self.pursuit {
            fx.emit(Event::Released);
            let ask = Ask::Delete { key: config.key, check: Check::Value(self.value) };
            fx.send(STORE, Message::Ask { question: None, ask });
        }
        fx.exit();
    }
}

/// Makes the key, if it is not there.
fn create(config: &Config, value: Id, fx: &mut Fx) -> Id {
    limit(config, fx);
    ask(Ask::Set { key: config.key, value: Some(value), ttl: Some(config.ttl), check: Check::Absent }, fx)
}

fn limit(config: &Config, fx: &mut Fx) {
    if let Some(timeout) = config.request_timeout {
        fx.arm(Timer::Answer, Window::exactly(timeout));
    }
}

fn ask(ask: Ask, fx: &mut Fx) -> Id {
    let question = fx.fresh_id();
    fx.send(STORE, Message::Ask { question: Some(question), ask });
    question
}

/// Whether after this there is no key.
const fn frees(action: Action) -> bool {
    matches!(action, Action::Delete | Action::CompareAndDelete | Action::Expire)
}
