//! A Consul-like store as one process: sessions with a time to live, one key that a session may hold, and the leader
//! behind both.
//!
//! Two rules decide how long anything takes. The leader alone counts: it forgets a session `ttl * ttl_multiplier`
//! after the last renewal that *it* saw, and a new leader counts every session from the beginning. And a key whose
//! holder vanished cannot be acquired for `lock_delay` more.

mod serve;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    process::{Effects, Id, Input, Lane, Me, Names, NodeId, Process, Rank, Sort},
    time::{Duration, Window},
};

/// The store, with its leader or between two leaders.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Consul {
    led: bool,
    /// The sessions of each client, oldest first. `Expire` is armed for each while there is a leader.
    sessions: BTreeMap<NodeId, Vec<Id>>,
    key: Key,
    /// No session may acquire the key until `LockDelay`.
    delayed: bool,
    /// The question of each client that waits for the key to change.
    waiting: BTreeMap<NodeId, Waiting>,
}

/// The one key.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
struct Key {
    exists: bool,
    holder: Option<Id>,
    /// Of the last change.
    index: Rank,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
struct Waiting {
    question: Id,
    /// `Wait` is armed.
    limited: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// A session is forgotten this long after its last renewal.
    pub expiry: Duration,
    /// How long a key cannot be acquired after its holder's session ended.
    pub lock_delay: Duration,
    pub behavior: Behavior,
}

/// What becomes of a key whose holder's session ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Behavior {
    /// It stays, without a holder.
    Release,
    /// It goes.
    Delete,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Message {
    /// A client asks. Without a question it does not wait for an answer.
    Ask {
        question: Option<Id>,
        ask: Ask,
    },
    Answer {
        question: Id,
        answer: Answer,
    },
    /// A client asks for a session, or keeps it alive, on a connection of its own.
    AskSession {
        question: Id,
        ask: SessionAsk,
    },
    AnswerSession {
        question: Id,
        answer: SessionAnswer,
    },
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Ask {
    /// Succeeds for a session that is not known, too.
    DestroySession {
        session: Id,
    },
    /// At once, or when the key has changed since `seen`; after `wait` at the latest.
    Get {
        seen: Option<Rank>,
        wait: Option<Window>,
    },
    Acquire {
        session: Id,
    },
    Release {
        session: Id,
    },
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Answer {
    Destroyed,
    Entry {
        holder: Option<Id>,
        index: Rank,
    },
    /// The token is greater than that of every earlier holder.
    Acquired {
        token: Rank,
    },
    /// Another holds the key, or its lock-delay is not over.
    Refused,
    /// Whether the session held the key.
    Released {
        held: bool,
    },
    /// There is no leader, or no such session.
    Failed,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum SessionAsk {
    /// Destroys `instead_of` first, if that is still known.
    Create {
        instead_of: Option<Id>,
    },
    Renew {
        session: Id,
    },
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum SessionAnswer {
    Created {
        session: Id,
    },
    Renewed,
    /// The session is not known any more.
    Gone,
    /// There is no leader: the session may live.
    Failed,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    /// When the leader forgets a session.
    Expire(Id),
    /// When a client that waits for a change is answered without one.
    Wait(NodeId),
    /// When the key may be acquired again.
    LockDelay,
    /// When there is a leader again.
    Election,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Request {
    /// The leader is gone; there is a new one after a span of `outage`.
    LoseLeader { outage: Window },
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Event {
    SessionRenewed { owner: NodeId },
    SessionExpired { owner: NodeId },
    LockDelayEnded,
    LeaderLost,
    LeaderElected { lock_is_free: bool },
}

impl Process for Consul {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Request = Request;
    type Event = Event;
    type Durable = ();

    fn start(_: &Me<'_, Self>, (): (), _: &mut Effects<Self>) -> Self {
        Consul {
            led: true,
            sessions: BTreeMap::new(),
            key: Key { exists: false, holder: None, index: Rank::least(INDICES) },
            delayed: false,
            waiting: BTreeMap::new(),
        }
    }

    fn step(&mut self, me: &Me<'_, Self>, input: Input<Self>, fx: &mut Effects<Self>) {
        match (self.led, input) {
            (true, Input::Message { from, message: Message::Ask { question, ask } }) => {
                self.serve(me.config, from, question, &ask, fx);
            }
            (true, Input::Message { from, message: Message::AskSession { question, ask } }) => {
                let answer = self.tend(me.config, from, &ask, fx);
                fx.send(from, Message::AnswerSession { question, answer });
            }
            // Without a leader nothing is done, and that is said at once.
            (false, Input::Message { from, message: Message::Ask { question: Some(question), .. } }) => {
                fx.send(from, Message::Answer { question, answer: Answer::Failed });
            }
            (false, Input::Message { message: Message::Ask { question: None, .. }, .. }) => {}
            (false, Input::Message { from, message: Message::AskSession { question, .. } }) => {
                fx.send(from, Message::AnswerSession { question, answer: SessionAnswer::Failed });
            }
            (true, Input::Timer(Timer::Expire(session))) => self.expire(me.config, session, fx),
            (true, Input::Timer(Timer::Wait(client))) => self.answer_waiting(client, fx),
            // Only a leader counts sessions, and only a leader lets clients wait.
            (false, Input::Timer(Timer::Expire(_) | Timer::Wait(_))) => {}
            // The servers count the lock-delay; losing the leader does not change it.
            (true | false, Input::Timer(Timer::LockDelay)) => {
                self.delayed = false;
                fx.emit(Event::LockDelayEnded);
            }
            (true, Input::Request(Request::LoseLeader { outage })) => self.lose_leader(outage, fx),
            // There is none to lose.
            (false, Input::Request(Request::LoseLeader { .. })) => {}
            (false, Input::Timer(Timer::Election)) => self.elect(me.config, fx),
            // Armed when the leader is lost.
            (true, Input::Timer(Timer::Election)) => {}
            // Nobody is left to be answered on that connection.
            (true | false, Input::Closed { peer, lane, .. }) => {
                if lane == KEY_LANE {
                    self.forget_waiting(peer, fx);
                }
            }
            // Answers are for clients.
            (true | false, Input::Message { message: Message::Answer { .. } | Message::AnswerSession { .. }, .. }) => {}
        }
    }

    fn lane(message: &Message) -> Lane {
        match message {
            Message::Ask { .. } | Message::Answer { .. } => KEY_LANE,
            Message::AskSession { .. } | Message::AnswerSession { .. } => SESSION_LANE,
        }
    }
}

/// The connection for the key, and for the ends of sessions.
pub const KEY_LANE: Lane = Lane(0);

/// The connection for the beginnings and renewals of sessions.
pub const SESSION_LANE: Lane = Lane(1);

/// Fencing tokens: one for each holder.
pub const TOKENS: Sort = Sort(0);

/// Indices: one for each change of the key.
pub const INDICES: Sort = Sort(1);
