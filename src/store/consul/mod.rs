//! A Consul-like store as one process: sessions with a time to live, keys that a session may hold, and the leader
//! behind both.
//!
//! Two rules decide how long anything takes. The leader alone counts: it forgets a session `ttl * ttl_multiplier`
//! after the last renewal that *it* saw, and a new leader counts every session from the beginning. And a key whose
//! holder vanished cannot be acquired for its `lock_delay` more.

mod keys;
mod leader;
mod past;
mod returning;
mod sessions;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use self::past::Past;
pub use self::{
    past::{OldLeader, Reads},
    returning::Returning,
};
use super::{Event, Held, INDICES, Key, Request};
use crate::{
    process::{Effects, Id, Input, Lane, Me, Names, NodeId, Process, Rank},
    time::{Duration, Window},
};

/// The store, with its leader or between two leaders.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Consul {
    led: bool,
    /// A new leader has not caught up with what its predecessor did. `CaughtUp` is armed.
    lags: bool,
    /// The sessions of each client, oldest first. `Expire` is armed for each with a time to live, while there is a
    /// leader.
    sessions: BTreeMap<NodeId, Vec<Session>>,
    keys: BTreeMap<Key, Entry>,
    /// Of the last change of any key.
    index: Rank,
    /// Keys that no session may acquire until `LockDelay`.
    delayed: BTreeSet<Key>,
    /// The question of each client that waits for a change.
    waiting: BTreeMap<NodeId, Waiting>,
    /// What came while there was no leader, in the order of coming. `Held` is armed for each.
    held: Vec<Held<Message>>,
    /// The leader of before, if it may wake.
    past: Option<Past>,
    /// The leader was lost to a server that came back.
    deposed: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Session {
    pub id: Id,
    pub terms: Terms,
}

/// What a client asks of its session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub struct Terms {
    /// Without one it lives until it is destroyed.
    pub ttl: Option<Duration>,
    /// How long a key cannot be acquired after the session that held it ended.
    pub lock_delay: Duration,
    pub behavior: Behavior,
}

/// What becomes of a key whose holder's session ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Behavior {
    /// It stays, without a holder.
    Release,
    /// It goes.
    Delete,
}

/// What is kept of a key.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Entry {
    pub value: Option<Id>,
    pub holder: Option<Id>,
    /// Grows with each new holder; a plain write forgets it, even while the key is held.
    pub token: Option<Rank>,
    pub created: Rank,
    pub modified: Rank,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
struct Waiting {
    question: Id,
    get: Get,
    /// `Wait` is armed.
    limited: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub version: Version,
    /// A session is forgotten after so many times its time to live.
    pub ttl_multiplier: u8,
    /// How long a new leader answers who does not wait for a change as if there were nothing; not at all, if absent.
    pub lag: Option<Window>,
    /// Whether a leader that is lost comes back without knowing it; it does not, if absent.
    pub old_leader: Option<OldLeader>,
    pub reads: Reads,
    /// Whether the server that was lost with the leader comes back and costs another; it does not, if absent.
    pub returning: Option<Returning>,
}

impl Config {
    /// Of servers whose new leader knows everything, and whose old one dies.
    #[must_use]
    pub const fn new(version: Version, ttl_multiplier: u8) -> Config {
        Config { version, ttl_multiplier, lag: None, old_leader: None, reads: Reads::Default, returning: None }
    }
}

/// Of the servers, as far as clients can tell.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize)]
pub enum Version {
    #[serde(rename = "0.5")]
    V0_5,
    /// Who holds a key may acquire it again.
    #[serde(rename = "0.6")]
    V0_6,
    /// Without a leader a request is held for 7 s before it fails.
    #[serde(rename = "0.7")]
    V0_7,
    /// A write that changes nothing is no change.
    #[serde(rename = "1.10")]
    V1_10,
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
    Session {
        session: Id,
    },
    Get {
        get: Get,
        /// At once, or when there was a change since `seen`; after `wait` at the latest.
        seen: Option<Rank>,
        wait: Option<Window>,
    },
    Put {
        key: Key,
        value: Option<Id>,
        check: Check,
    },
    Delete {
        key: Key,
        check: Check,
    },
    Acquire {
        key: Key,
        session: Id,
        value: Option<Id>,
    },
    Release {
        key: Key,
        session: Id,
        value: Option<Id>,
    },
}

/// What is read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub enum Get {
    Key(Key),
    /// Every key below one.
    Under(Key),
}

/// When a write is done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub enum Check {
    Always,
    /// If the key was last modified at this index.
    Unchanged(Rank),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Answer {
    Destroyed,
    Session(Option<Session>),
    /// The keys, by name, and the index to wait from.
    Entries {
        entries: Vec<(Key, Entry)>,
        index: Rank,
    },
    Written,
    /// The token is greater than that of every earlier holder.
    Acquired {
        token: Rank,
    },
    Released,
    /// Another holds the key or its lock-delay is not over; the key has changed; there is nothing to release.
    Refused,
    /// There is no leader, or no such session.
    Failed,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum SessionAsk {
    /// Destroys `instead_of` first, if that is still known.
    Create {
        terms: Terms,
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
    LockDelay(Key),
    /// When there is a leader again.
    Election,
    /// When a held request fails, or is served by the new leader.
    Held(Id),
    /// When a new leader knows what there is.
    CaughtUp,
    /// When the leader of before answers again.
    Wakes,
    /// When it notices that there is another.
    Notices,
    /// When a server that was gone calls an election.
    Returns,
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
            lags: false,
            sessions: BTreeMap::new(),
            keys: BTreeMap::new(),
            index: Rank::least(INDICES),
            delayed: BTreeSet::new(),
            waiting: BTreeMap::new(),
            held: Vec::new(),
            past: None,
            deposed: false,
        }
    }

    fn step(&mut self, me: &Me<'_, Self>, input: Input<Self>, fx: &mut Effects<Self>) {
        match (self.led, input) {
            // Answers are for clients.
            (_, Input::Message { message: Message::Answer { .. } | Message::AnswerSession { .. }, .. }) => {}
            (true, Input::Message { from, message }) => self.serve(me.config, from, message, fx),
            (false, Input::Message { from, message }) if me.config.version >= Version::V0_7 => {
                self.hold(from, message, fx);
            }
            // Without a leader nothing is done, and that is said at once.
            (false, Input::Message { from, message }) => fail(from, &message, fx),
            (_, Input::Timer(Timer::Held(id))) => self.let_go(me.config, id, fx),
            (true, Input::Timer(Timer::Expire(session))) => self.expire(session, fx),
            (true, Input::Timer(Timer::Wait(client))) => self.answer_waiting(client, fx),
            // Only a leader counts sessions, and only a leader lets clients wait.
            (false, Input::Timer(Timer::Expire(_) | Timer::Wait(_))) => {}
            // The servers count the lock-delay; losing the leader does not change it.
            (_, Input::Timer(Timer::LockDelay(key))) => {
                self.delayed.remove(&key);
                fx.emit(Event::LockDelayEnded);
            }
            (true, Input::Request(Request::LoseLeader { outage })) => self.lose_leader(me.config, outage, fx),
            // There is none to lose.
            (false, Input::Request(Request::LoseLeader { .. })) => {}
            (false, Input::Timer(Timer::Election)) => self.elect(me.config, fx),
            // Armed when the leader is lost.
            (true, Input::Timer(Timer::Election)) => {}
            (_, Input::Timer(Timer::CaughtUp)) => self.lags = false,
            (_, Input::Timer(Timer::Wakes)) => self.wakes(me.config, fx),
            (_, Input::Timer(Timer::Notices)) => self.past = None,
            (true, Input::Timer(Timer::Returns)) => self.returns(me.config, fx),
            // It comes in the midst of another election, and takes part.
            (false, Input::Timer(Timer::Returns)) => {}
            // Nobody is left to be answered on that connection.
            (_, Input::Closed { peer, lane, .. }) => {
                if lane == KEY_LANE {
                    self.forget_waiting(peer, fx);
                }
                self.forget_held(peer, lane, fx);
            }
        }
    }

    fn lane(message: &Message) -> Lane {
        match message {
            Message::Ask { .. } | Message::Answer { .. } => KEY_LANE,
            Message::AskSession { .. } | Message::AnswerSession { .. } => SESSION_LANE,
        }
    }
}

impl Get {
    fn reads(self, key: Key) -> bool {
        match self {
            Get::Key(only) => key == only,
            Get::Under(prefix) => key.is_under(prefix),
        }
    }
}

/// Says that a request could not be done, to whom waits for an answer.
fn fail(from: NodeId, message: &Message, fx: &mut Effects<Consul>) {
    match *message {
        Message::Ask { question: Some(question), .. } => {
            fx.send(from, Message::Answer { question, answer: Answer::Failed });
        }
        Message::AskSession { question, .. } => {
            fx.send(from, Message::AnswerSession { question, answer: SessionAnswer::Failed });
        }
        Message::Ask { question: None, .. } | Message::Answer { .. } | Message::AnswerSession { .. } => {}
    }
}

/// The connection for keys, and for the ends of sessions.
pub const KEY_LANE: Lane = Lane(0);

/// The connection for the beginnings and renewals of sessions.
pub const SESSION_LANE: Lane = Lane(1);
