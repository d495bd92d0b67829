//! A presence as a key that lives with a lease of an etcd 3, and no more than that.
//!
//! Unlike the holder of a lock a cell never has to stop: it need not count how long its lease surely lives, and never
//! gives up because the store is silent. Only an answer that the lease is gone makes it ask for another, and its key
//! replaces whatever an earlier life has left.

use crate::{
    lock::{
        self, STORE,
        contender::{Event, Request, Standing, Timer},
        parts::Part,
    },
    process::{Effects, Id, Input, Lane, Me, Names, Process, Rank},
    store::{
        Key, TOKENS,
        etcd3::{Answer, Ask, Attach, Compare, Etcd3, KEY_LANE, LEASE_LANE, Message, Name, Op, Test},
    },
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Lease {
    /// Asked for a lease.
    Opening {
        question: Id,
    },
    /// An attempt failed. `Retry` is armed.
    Resting,
    Open {
        lease: Id,
        keep: Keep,
        set: Set,
    },
}

/// How the lease is kept alive.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Keep {
    /// `Renew` is armed.
    Resting,
    Asking {
        question: Id,
    },
}

/// Whether the key is there.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Set {
    Asking {
        question: Id,
    },
    /// It was not answered. `Retry` is armed.
    Refused,
    Done,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub key: Key,
    pub ttl: Duration,
    /// How long after a success the lease is kept alive again.
    pub renew_every: Duration,
    /// How long after a failure it tries again.
    pub retry: Duration,
    /// Whether the key lives with the lease, or for ever.
    pub attaches: bool,
    /// Whether it writes its key over what an earlier life has left, or waits until that is gone.
    pub replaces: bool,
    pub clean_stop: CleanStop,
}

/// What a cell that is told to stop does with its presence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CleanStop {
    /// Writes that it leaves, then ends its lease.
    SaysSo,
    /// Ends its lease.
    Revokes,
    Nothing,
}

type Fx = Effects<Lease>;

impl Process for Lease {
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
                self.kept(me.config, question, ttl.is_some(), fx);
            }
            // What was asked on a connection that is gone is not answered any more.
            Input::Closed { lane: KEY_LANE, .. } => {
                if self.question().is_some() {
                    self.answered(me.config, None, fx);
                }
            }
            Input::Closed { lane: LEASE_LANE, .. } => self.ask_again_later(me.config, fx),
            Input::Timer(Timer::Retry) => self.retry(me.config, fx),
            Input::Timer(Timer::Renew) => self.renew(fx),
            Input::Request(Request::Leave) => self.leave(me.config, fx),
            // Nobody waits for a presence.
            Input::Request(Request::Announce) => {}
            // The store's side of the talk, and what other kinds have.
            Input::Message { message: Message::Ask { .. } | Message::KeepAlive { .. }, .. }
            | Input::Timer(_)
            | Input::Closed { .. } => {}
        }
    }

    fn lane(message: &Message) -> Lane {
        Etcd3::lane(message)
    }
}

impl Lease {
    pub(super) const fn standing(&self) -> Standing {
        match self {
            Lease::Open { set: Set::Done, .. } => Standing::Holding { token: Rank::least(TOKENS) },
            Lease::Opening { .. } | Lease::Resting | Lease::Open { .. } => Standing::Slumbering,
        }
    }

    const fn question(&self) -> Option<Id> {
        match self {
            Lease::Opening { question } | Lease::Open { set: Set::Asking { question }, .. } => Some(*question),
            Lease::Resting | Lease::Open { .. } => None,
        }
    }

    fn answered(&mut self, config: &Config, answer: Option<&Answer>, fx: &mut Fx) {
        match (&mut *self, answer) {
            (Lease::Opening { .. }, Some(Answer::Granted { lease, .. })) => {
                fx.arm(Timer::Renew, Window::exactly(config.renew_every));
                let set = Set::Asking { question: put(config, *lease, fx) };
                *self = Lease::Open { lease: *lease, keep: Keep::Resting, set };
            }
            (Lease::Open { set, .. }, Some(Answer::Transacted { succeeded: true, .. })) => {
                *set = Set::Done;
                fx.emit(Event::Acquired);
            }
            (Lease::Open { .. }, Some(Answer::NoLease)) => self.lose(config, fx),
            (Lease::Open { set, .. }, _) => {
                *set = Set::Refused;
                fx.arm(Timer::Retry, Window::exactly(config.retry));
            }
            (Lease::Opening { .. } | Lease::Resting, _) => {
                *self = Lease::Resting;
                fx.arm(Timer::Retry, Window::exactly(config.retry));
            }
        }
    }

    fn kept(&mut self, config: &Config, answered: Id, alive: bool, fx: &mut Fx) {
        let Lease::Open { keep, .. } = self else { return };
        // An answer to an earlier question is not counted: that one was given up, and another will be asked.
        if *keep != (Keep::Asking { question: answered }) {
            return;
        }
        *keep = Keep::Resting;
        if alive {
            fx.arm(Timer::Renew, Window::exactly(config.renew_every));
        } else {
            self.lose(config, fx);
        }
    }

    fn renew(&mut self, fx: &mut Fx) {
        if let Lease::Open { lease, keep: keep @ Keep::Resting, .. } = self {
            let question = fx.fresh_id();
            fx.send(STORE, Message::KeepAlive { question, lease: *lease });
            *keep = Keep::Asking { question };
        }
    }

    fn ask_again_later(&mut self, config: &Config, fx: &mut Fx) {
        if let Lease::Open { keep: keep @ Keep::Asking { .. }, .. } = self {
            *keep = Keep::Resting;
            fx.arm(Timer::Renew, Window::exactly(config.retry));
        }
    }

    /// Its lease is gone, and its key with it: it asks for another.
    fn lose(&mut self, config: &Config, fx: &mut Fx) {
        if let Lease::Open { keep, set, .. } = self {
            if *keep == Keep::Resting {
                fx.disarm(Timer::Renew);
            }
            match set {
                Set::Done => fx.emit(Event::Doubted),
                Set::Refused => fx.disarm(Timer::Retry),
                Set::Asking { .. } => {}
            }
        }
        *self = open(config, fx);
    }

    fn retry(&mut self, config: &Config, fx: &mut Fx) {
        match self {
            Lease::Resting => *self = open(config, fx),
            Lease::Open { lease, set: set @ Set::Refused, .. } => {
                *set = Set::Asking { question: put(config, *lease, fx) };
            }
            // Armed only by a failure.
            Lease::Opening { .. } | Lease::Open { .. } => {}
        }
    }

    fn leave(&self, config: &Config, fx: &mut Fx) {
        if let Lease::Open { lease, set, .. } = self {
            if *set == Set::Done {
                fx.emit(Event::Released);
            }
            if config.clean_stop == CleanStop::SaysSo {
                let value = Some(fx.fresh_id());
                let op = Op::Put { name: name(config.key), value, attach: attach(config, *lease) };
                fx.send(STORE, Message::Ask { question: None, ask: Ask::Do(op) });
            }
            if config.clean_stop != CleanStop::Nothing {
                fx.send(STORE, Message::Ask { question: None, ask: Ask::Revoke { lease: *lease } });
            }
        }
        fx.exit();
    }
}

fn open(config: &Config, fx: &mut Fx) -> Lease {
    let question = fx.fresh_id();
    fx.send(STORE, Message::Ask { question: Some(question), ask: Ask::Grant { ttl: config.ttl } });
    Lease::Opening { question }
}

fn put(config: &Config, lease: Id, fx: &mut Fx) -> Id {
    let question = fx.fresh_id();
    let op = Op::Put { name: name(config.key), value: None, attach: attach(config, lease) };
    let absent = Compare { name: name(config.key), test: Test::Version(0) };
    let compare = if config.replaces { Vec::new() } else { vec![absent] };
    let ask = Ask::Transaction { compare, then: vec![op], otherwise: Vec::new() };
    fx.send(STORE, Message::Ask { question: Some(question), ask });
    question
}

const fn attach(config: &Config, lease: Id) -> Attach {
    if config.attaches { Attach::To(lease) } else { Attach::Nothing }
}

const fn name(path: Key) -> Name {
    Name { path, of: None }
}

impl Part for Lease {
    fn wrap(message: Message) -> lock::Message {
        lock::Message::Etcd3(message)
    }

    fn wrap_timer(timer: Timer) -> lock::Timer {
        lock::Timer::Contender(timer)
    }

    fn wrap_event(event: Event) -> lock::Event {
        lock::Event::Contender(event)
    }

    fn unwrap(message: lock::Message) -> Option<Message> {
        if let lock::Message::Etcd3(message) = message { Some(message) } else { None }
    }

    fn unwrap_timer(timer: lock::Timer) -> Option<Timer> {
        if let lock::Timer::Contender(timer) = timer { Some(timer) } else { None }
    }

    // What a cell is asked is the cell's to answer.
    fn unwrap_request(_: lock::Request) -> Option<Request> {
        None
    }
}
