//! An etcd of version 3 as one process: keys that live as long as a lease, transactions, watches, and the lock service
//! that it has on top of them.
//!
//! A lease ends when it was not kept alive for its time to live, at the leader's next look, every half second. A new
//! leader counts every lease from the beginning, and gives each the time of an election more.

mod keys;
mod leases;
mod lock;
#[cfg(test)]
mod tests;

use super::{Event, Held, INDICES, Key, Request};
use crate::{
    process::{Effects, Id, Input, Lane, Me, Names, NodeId, Process, Rank},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Etcd3 {
    led: bool,
    /// In the order of their grants. `Expire` is armed for each while there is a leader.
    leases: Vec<Lease>,
    /// By path, then in the order of their creation.
    entries: Vec<Entry>,
    /// Of the last change.
    revision: Rank,
    watches: Vec<Watching>,
    /// Who waits for a lock.
    locking: Vec<Locking>,
    /// What came while there was no leader, in the order of coming. `Held` is armed for each.
    held: Vec<Held<Message>>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
struct Lease {
    id: Id,
    owner: NodeId,
    ttl: Duration,
}

/// What is kept of a key.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Entry {
    pub name: Name,
    pub value: Option<Id>,
    /// How often it was written since it was created: a protocol that writes one key for ever has no end of states.
    pub version: u32,
    pub created: Rank,
    pub modified: Rank,
    pub lease: Option<Id>,
}

/// The name of a key: a path, and for a lock's keys the lease below it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub struct Name {
    pub path: Key,
    pub of: Option<Id>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
struct Watching {
    client: NodeId,
    question: Id,
    range: Range,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
struct Locking {
    client: NodeId,
    question: Id,
    name: Name,
    /// Everyone who was before this has to go.
    created: Rank,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Message {
    /// Without a question a client does not wait for an answer.
    Ask {
        question: Option<Id>,
        ask: Ask,
    },
    Answer {
        question: Id,
        revision: Rank,
        answer: Answer,
    },
    /// On a connection of its own.
    KeepAlive {
        question: Id,
        lease: Id,
    },
    /// The time to live from now; none, if there is no such lease.
    KeptAlive {
        question: Id,
        revision: Rank,
        ttl: Option<Duration>,
    },
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Ask {
    Do(Op),
    /// All of `then` at one revision if the comparisons are true, otherwise all of `otherwise`.
    Transaction {
        compare: Vec<Compare>,
        then: Vec<Op>,
        otherwise: Vec<Op>,
    },
    Grant {
        ttl: Duration,
    },
    Revoke {
        lease: Id,
    },
    TimeToLive {
        lease: Id,
    },
    /// Answered by an event for each change, again and again.
    Watch {
        range: Range,
    },
    /// Answered when the lock is held.
    Lock {
        path: Key,
        lease: Id,
    },
    Unlock {
        name: Name,
    },
    /// The client does not wait for this question's answer any more.
    Cancel {
        question: Id,
    },
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Op {
    Put { name: Name, value: Option<Id>, attach: Attach },
    Range(Range),
    Delete(Range),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub enum Range {
    Only(Name),
    Under(Key),
}

/// The lease of a key that is written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub enum Attach {
    Nothing,
    To(Id),
    /// As it was.
    Same,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Compare {
    pub name: Name,
    pub test: Test,
}

/// A key that does not exist has version 0, no value, and was never modified.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Test {
    Value(Id),
    Version(u32),
    VersionAbove(u32),
    Modified(Rank),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Answer {
    Done(Done),
    Transacted {
        succeeded: bool,
        done: Vec<Done>,
    },
    Granted {
        lease: Id,
        ttl: Duration,
    },
    Revoked,
    /// What was granted, and the keys that live with it; nothing of a lease that is gone.
    TimeToLive {
        granted: Option<Duration>,
        names: Vec<Name>,
    },
    Changed(Vec<Change>),
    /// The name of the lock's key. The token is greater than that of every earlier holder.
    Locked {
        name: Name,
        token: Rank,
    },
    Unlocked,
    /// There is no such lease.
    NoLease,
    /// It makes no sense.
    Invalid,
    /// Nobody could do it in time.
    Failed,
}

/// What became of an operation.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Done {
    Put { previous: Option<Entry> },
    Range(Vec<Entry>),
    Deleted(Vec<Entry>),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Change {
    Put(Entry),
    Deleted { name: Name, at: Rank },
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    /// When the leader ends a lease.
    Expire(Id),
    /// When there is a leader again.
    Election,
    /// When a held request fails, or is served by the new leader.
    Held(Id),
}

type Fx = Effects<Etcd3>;

impl Process for Etcd3 {
    type Config = ();
    type Message = Message;
    type Timer = Timer;
    type Request = Request;
    type Event = Event;
    type Durable = ();

    fn start(_: &Me<'_, Self>, (): (), _: &mut Fx) -> Self {
        Etcd3 {
            led: true,
            leases: Vec::new(),
            entries: Vec::new(),
            revision: Rank::least(INDICES),
            watches: Vec::new(),
            locking: Vec::new(),
            held: Vec::new(),
        }
    }

    fn step(&mut self, _: &Me<'_, Self>, input: Input<Self>, fx: &mut Fx) {
        match (self.led, input) {
            // Answers are for clients.
            (_, Input::Message { message: Message::Answer { .. } | Message::KeptAlive { .. }, .. }) => {}
            (true, Input::Message { from, message }) => self.serve(from, message, fx),
            (false, Input::Message { from, message }) => {
                let id = fx.fresh_id();
                fx.arm(Timer::Held(id), Window::exactly(HOLD));
                self.held.push(Held { id, from, message });
            }
            (_, Input::Timer(Timer::Held(id))) => self.let_go(id, fx),
            (true, Input::Timer(Timer::Expire(lease))) => self.expire(lease, fx),
            // Only a leader ends leases.
            (false, Input::Timer(Timer::Expire(_))) => {}
            (true, Input::Request(Request::LoseLeader { outage })) => {
                self.led = false;
                self.leases.iter().for_each(|lease| fx.disarm(Timer::Expire(lease.id)));
                fx.arm(Timer::Election, outage);
                fx.emit(Event::LeaderLost);
            }
            // There is none to lose.
            (false, Input::Request(Request::LoseLeader { .. })) => {}
            (false, Input::Timer(Timer::Election)) => self.elect(fx),
            // Armed when the leader is lost.
            (true, Input::Timer(Timer::Election)) => {}
            (_, Input::Closed { peer, lane, .. }) => self.forget(peer, lane, fx),
        }
    }

    fn lane(message: &Message) -> Lane {
        match message {
            Message::Ask { .. } | Message::Answer { .. } => KEY_LANE,
            Message::KeepAlive { .. } | Message::KeptAlive { .. } => LEASE_LANE,
        }
    }
}

impl Etcd3 {
    fn serve(&mut self, from: NodeId, message: Message, fx: &mut Fx) {
        match message {
            Message::Ask { question, ask } => {
                if let (Some(answer), Some(question)) = (self.answer(from, question, ask, fx), question) {
                    fx.send(from, Message::Answer { question, revision: self.revision, answer });
                }
            }
            Message::KeepAlive { question, lease } => {
                let ttl = self.keep_alive(lease, fx);
                fx.send(from, Message::KeptAlive { question, revision: self.revision, ttl });
            }
            // Answers are for clients.
            Message::Answer { .. } | Message::KeptAlive { .. } => {}
        }
    }

    /// What is answered now, if anything.
    fn answer(&mut self, from: NodeId, question: Option<Id>, ask: Ask, fx: &mut Fx) -> Option<Answer> {
        Some(match ask {
            Ask::Do(op) => self.transact(vec![op], fx).map_or_else(|refusal| refusal, |done| Answer::Done(one(done))),
            Ask::Transaction { compare, then, otherwise } => {
                let succeeded = compare.iter().all(|compare| self.compare(compare));
                let ops = if succeeded { then } else { otherwise };
                self.transact(ops, fx).map_or_else(|refusal| refusal, |done| Answer::Transacted { succeeded, done })
            }
            Ask::Grant { ttl } => self.grant(from, ttl, fx),
            Ask::Revoke { lease } => self.revoke(lease, fx),
            Ask::TimeToLive { lease } => self.time_to_live(lease),
            Ask::Watch { range } => {
                self.watches.extend(question.map(|question| Watching { client: from, question, range }));
                return None;
            }
            Ask::Lock { path, lease } => return self.lock(from, question, path, lease, fx),
            Ask::Unlock { name } => {
                self.remove(|entry| entry.name == name, fx);
                Answer::Unlocked
            }
            Ask::Cancel { question } => {
                self.cancel(|_, cancelled| cancelled == question, fx);
                return None;
            }
        })
    }

    fn elect(&mut self, fx: &mut Fx) {
        self.led = true;
        self.count_all(fx);
        for held in &self.held {
            fx.arm(Timer::Held(held.id), Window::up_to(LOOK));
        }
        fx.emit(Event::LeaderElected { lock_is_free: self.entries.is_empty() });
    }

    /// A held request's wait is over, for the better or the worse.
    fn let_go(&mut self, id: Id, fx: &mut Fx) {
        let Some(place) = self.held.iter().position(|held| held.id == id) else { return };
        let Held { from, message, .. } = self.held.remove(place);
        match message {
            message if self.led => self.serve(from, message, fx),
            Message::Ask { question: Some(question), .. } => {
                fx.send(from, Message::Answer { question, revision: self.revision, answer: Answer::Failed });
            }
            // A client that keeps a lease alive hears nothing.
            Message::KeepAlive { .. }
            | Message::Ask { question: None, .. }
            | Message::Answer { .. }
            | Message::KeptAlive { .. } => {}
        }
    }

    /// A client's connection is gone, and whatever waited for an answer on it.
    fn forget(&mut self, peer: NodeId, gone: Lane, fx: &mut Fx) {
        if gone == KEY_LANE {
            self.cancel(|client, _| client == peer, fx);
        }
        self.held.retain(|held| {
            let lost = held.from == peer && Etcd3::lane(&held.message) == gone;
            if lost {
                fx.disarm(Timer::Held(held.id));
            }
            !lost
        });
    }
}

fn one(mut done: Vec<Done>) -> Done {
    done.pop().expect("what is asked for is done")
}

/// The connection for everything but what keeps leases alive.
pub const KEY_LANE: Lane = Lane(0);

/// The connection on which leases are kept alive.
pub const LEASE_LANE: Lane = Lane(1);

/// How long a request is held while there is no leader.
const HOLD: Duration = Duration::from_secs(7);

/// How long after an election a held request is served.
const LOOK: Duration = Duration::from_secs(1);
