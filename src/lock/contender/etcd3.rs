//! A client of etcd's lock service: a lease that it keeps alive, and a lock that lives with the lease.

#[cfg(test)]
mod tests;

use serde::Deserialize;

use super::{Event, Request, Standing, Timer};
use crate::{
    lock::{LOCK, STORE},
    process::{Effects, Id, Input, Lane, Me, Names, Process, Rank},
    store::etcd3::{Answer, Ask, Etcd3, KEY_LANE, LEASE_LANE, Message},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Client {
    /// Asked for a lease.
    Opening {
        question: Id,
    },
    /// An attempt failed. `Retry` is armed.
    Resting,
    /// Has a lease. `Lease` is armed for when it is over.
    Open {
        lease: Id,
        keep: Keep,
        pursuit: Pursuit,
    },
    Doubting,
}

/// How the lease is kept alive.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Keep {
    /// `Renew` is armed.
    Resting,
    /// Asked to keep it alive.
    Asking { question: Id },
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Pursuit {
    /// Asked for the lock.
    Waiting {
        question: Id,
    },
    /// Asked in vain. `Retry` is armed.
    Refused,
    Holding {
        token: Rank,
    },
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub ttl: Duration,
    /// How long the client counts on its lease.
    pub lease: Duration,
    pub lease_from: LeaseFrom,
    /// From an answer to the next question that keeps the lease alive, and from a failure to the next try.
    pub renew_every: Duration,
    pub retry: Duration,
    /// Whether the lease is revoked in a clean stop.
    pub revokes: bool,
}

/// From when the client counts its lease.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeaseFrom {
    Answer,
    /// From when it asked for what was answered.
    Asked,
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
        open(me.config, fx)
    }

    fn step(&mut self, me: &Me<'_, Self>, input: Input<Self>, fx: &mut Fx) {
        match input {
            Input::Message { message: Message::Answer { question, answer, .. }, .. } => {
                if self.question() == Some(question) {
                    self.answered(me.config, Some(&answer), fx);
                }
            }
            Input::Message { message: Message::KeptAlive { question, ttl, .. }, .. } => {
                if self.keeping() == Some(question) {
                    self.kept(me.config, question, ttl.is_some(), fx);
                }
            }
            // What was asked on a connection that is gone is not answered any more.
            Input::Closed { lane: KEY_LANE, .. } => {
                if self.question().is_some() {
                    self.answered(me.config, None, fx);
                }
            }
            Input::Closed { lane: LEASE_LANE, .. } => self.ask_again_later(me.config, fx),
            Input::Timer(Timer::Retry) => self.retry(me.config, fx),
            Input::Timer(Timer::Renew) => self.renew(me.config, fx),
            Input::Timer(Timer::Lease) => self.lose(me.config, fx),
            Input::Timer(Timer::Deadline(question)) => self.came_too_late(me.config, question, fx),
            Input::Request(Request::Leave) => self.leave(me.config, fx),
            // Its store has nobody wait for a holder that is about to leave.
            Input::Request(Request::Announce) => {}
            // The store's side of the talk, and what other kinds have.
            Input::Message { message: Message::Ask { .. } | Message::KeepAlive { .. }, .. }
            | Input::Timer(Timer::Overdue | Timer::Late | Timer::Recreate | Timer::Answer | Timer::SessionAnswer)
            | Input::Closed { .. } => {}
        }
    }

    fn lane(message: &Message) -> Lane {
        Etcd3::lane(message)
    }
}

impl Client {
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self {
            Client::Open { pursuit: Pursuit::Holding { token }, .. } => Standing::Holding { token: *token },
            Client::Doubting => Standing::Doubting,
            Client::Opening { .. } | Client::Resting | Client::Open { .. } => Standing::Slumbering,
        }
    }

    const fn question(&self) -> Option<Id> {
        match self {
            Client::Opening { question } | Client::Open { pursuit: Pursuit::Waiting { question }, .. } => {
                Some(*question)
            }
            Client::Resting | Client::Open { .. } | Client::Doubting => None,
        }
    }

    const fn keeping(&self) -> Option<Id> {
        match self {
            Client::Open { keep: Keep::Asking { question }, .. } => Some(*question),
            Client::Opening { .. } | Client::Resting | Client::Open { .. } | Client::Doubting => None,
        }
    }

    /// An answer about the lock, or the certainty that there will be none.
    fn answered(&mut self, config: &Config, answer: Option<&Answer>, fx: &mut Fx) {
        match (&mut *self, answer) {
            (Client::Opening { question }, Some(Answer::Granted { lease, .. })) => {
                count(config, *question, fx);
                fx.arm(Timer::Renew, Window::exactly(config.renew_every));
                let pursuit = Pursuit::Waiting { question: ask_lock(*lease, fx) };
                *self = Client::Open { lease: *lease, keep: Keep::Resting, pursuit };
            }
            (Client::Opening { question }, _) => {
                let question = *question;
                forget_deadline(config, question, fx);
                self.rest(config, fx);
            }
            (Client::Open { pursuit, .. }, Some(Answer::Locked { token, .. })) => {
                fx.emit(Event::Acquired);
                *pursuit = Pursuit::Holding { token: *token };
            }
            // Its lease is gone.
            (Client::Open { .. }, Some(Answer::NoLease)) => self.lose(config, fx),
            (Client::Open { pursuit, .. }, _) => {
                *pursuit = Pursuit::Refused;
                fx.arm(Timer::Retry, Window::exactly(config.retry));
            }
            (Client::Resting | Client::Doubting, _) => unreachable!("nothing is asked"),
        }
    }

    fn kept(&mut self, config: &Config, question: Id, alive: bool, fx: &mut Fx) {
        if !alive {
            self.lose(config, fx);
            return;
        }
        if let Client::Open { keep, .. } = self {
            *keep = Keep::Resting;
            fx.disarm(Timer::Lease);
            count(config, question, fx);
            fx.arm(Timer::Renew, Window::exactly(config.renew_every));
        }
    }

    fn renew(&mut self, config: &Config, fx: &mut Fx) {
        if let Client::Open { lease, keep: keep @ Keep::Resting, .. } = self {
            let question = begin(config, fx);
            fx.send(STORE, Message::KeepAlive { question, lease: *lease });
            *keep = Keep::Asking { question };
        }
    }

    /// The question that keeps the lease alive is lost.
    fn ask_again_later(&mut self, config: &Config, fx: &mut Fx) {
        if let Client::Open { keep: keep @ Keep::Asking { .. }, .. } = self {
            let Keep::Asking { question } = *keep else { unreachable!("it was matched") };
            forget_deadline(config, question, fx);
            *keep = Keep::Resting;
            fx.arm(Timer::Renew, Window::exactly(config.retry));
        }
    }

    fn retry(&mut self, config: &Config, fx: &mut Fx) {
        match self {
            Client::Resting => *self = open(config, fx),
            Client::Open { lease, pursuit: pursuit @ Pursuit::Refused, .. } => {
                *pursuit = Pursuit::Waiting { question: ask_lock(*lease, fx) };
            }
            // Armed only by a failure.
            Client::Opening { .. } | Client::Open { .. } | Client::Doubting => {}
        }
    }

    /// The lease is over, or may be.
    fn lose(&mut self, config: &Config, fx: &mut Fx) {
        let Client::Open { keep, pursuit, .. } = self else { return };
        fx.disarm(Timer::Lease);
        match keep {
            Keep::Resting => fx.disarm(Timer::Renew),
            Keep::Asking { question } => forget_deadline(config, *question, fx),
        }
        if let Pursuit::Holding { .. } = pursuit {
            fx.emit(Event::Doubted);
            *self = Client::Doubting;
        } else {
            if let Pursuit::Waiting { question } = *pursuit {
                fx.send(STORE, Message::Ask { question: None, ask: Ask::Cancel { question } });
            }
            self.rest(config, fx);
        }
    }

    fn came_too_late(&mut self, config: &Config, question: Id, fx: &mut Fx) {
        if let Client::Opening { question: asked } = self
            && *asked == question
        {
            self.rest(config, fx);
        }
    }

    fn rest(&mut self, config: &Config, fx: &mut Fx) {
        *self = Client::Resting;
        fx.arm(Timer::Retry, Window::exactly(config.retry));
    }

    fn leave(&self, config: &Config, fx: &mut Fx) {
        if let Client::Open { lease, pursuit, .. } = self {
            if let Pursuit::Holding { .. } = pursuit {
                fx.emit(Event::Released);
            }
            if config.revokes {
                fx.send(STORE, Message::Ask { question: None, ask: Ask::Revoke { lease: *lease } });
            }
        }
        fx.exit();
    }
}

fn open(config: &Config, fx: &mut Fx) -> Client {
    let question = begin(config, fx);
    fx.send(STORE, Message::Ask { question: Some(question), ask: Ask::Grant { ttl: config.ttl } });
    Client::Opening { question }
}

fn ask_lock(lease: Id, fx: &mut Fx) -> Id {
    let question = fx.fresh_id();
    fx.send(STORE, Message::Ask { question: Some(question), ask: Ask::Lock { path: LOCK, lease } });
    question
}

/// A question whose answer is the begin of a lease.
fn begin(config: &Config, fx: &mut Fx) -> Id {
    let question = fx.fresh_id();
    if config.lease_from == LeaseFrom::Asked {
        fx.arm(Timer::Deadline(question), Window::exactly(config.lease));
    }
    question
}

/// The question was answered: the lease is counted.
fn count(config: &Config, question: Id, fx: &mut Fx) {
    match config.lease_from {
        LeaseFrom::Answer => fx.arm(Timer::Lease, Window::exactly(config.lease)),
        LeaseFrom::Asked => fx.rename(Timer::Deadline(question), Timer::Lease),
    }
}

fn forget_deadline(config: &Config, question: Id, fx: &mut Fx) {
    if config.lease_from == LeaseFrom::Asked {
        fx.disarm(Timer::Deadline(question));
    }
}
