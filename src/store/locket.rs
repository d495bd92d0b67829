//! An SQL Locket as one process: rows with an owner, in a database that any number of servers serve.
//!
//! Each server counts a row's time to live for itself, from the moment at which it saw the row's last change: that
//! which served the change at once, the others at their next look at all rows. Whoever counts to the end first deletes
//! the row, if it has not changed. The server that served the last change may be gone with its owner, so a row may live
//! longer by the time between two looks.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::{Event, Key, Request, TOKENS};
use crate::{
    process::{Effects, Id, Input, Me, Names, NodeId, Process, Rank},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Locket {
    /// Whether the database serves.
    served: bool,
    rows: BTreeMap<Key, Row>,
    /// Rows whose time came while the database did not serve.
    overdue: BTreeSet<Key>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
struct Row {
    owner: NodeId,
    /// Stays while the owner does.
    token: Rank,
    ttl: Duration,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// How often a server looks at all rows; nothing, if there is one server that never ends.
    pub look: Duration,
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
        answer: Answer,
    },
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Ask {
    /// To own a row, or to go on owning it.
    Lock {
        key: Key,
        ttl: Duration,
    },
    Release {
        key: Key,
    },
    /// The rows below a key.
    FetchAll {
        under: Key,
    },
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Answer {
    /// The token is greater than that of every earlier owner.
    Locked {
        token: Rank,
    },
    /// Another owns the row.
    Collision,
    Released,
    /// Which have an owner, by name.
    Rows(Vec<Key>),
    /// The database does not serve.
    Failed,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    /// When some server has counted a row's time to live.
    Expire(Key),
    /// When the database serves again.
    Election,
}

type Fx = Effects<Locket>;

impl Process for Locket {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Request = Request;
    type Event = Event;
    type Durable = ();

    fn start(_: &Me<'_, Self>, (): (), _: &mut Fx) -> Self {
        Locket { served: true, rows: BTreeMap::new(), overdue: BTreeSet::new() }
    }

    fn step(&mut self, me: &Me<'_, Self>, input: Input<Self>, fx: &mut Fx) {
        match (self.served, input) {
            (served, Input::Message { from, message: Message::Ask { question, ask } }) => {
                let answer = if served { self.serve(me.config, from, &ask, fx) } else { Answer::Failed };
                if let Some(question) = question {
                    fx.send(from, Message::Answer { question, answer });
                }
            }
            // Answers are for clients, and a row lives without its owner's connection.
            (_, Input::Message { message: Message::Answer { .. }, .. } | Input::Closed { .. }) => {}
            (true, Input::Timer(Timer::Expire(key))) => {
                if let Some(Row { owner, .. }) = self.rows.remove(&key) {
                    fx.emit(Event::Expired { owner });
                }
            }
            (false, Input::Timer(Timer::Expire(key))) => _ = self.overdue.insert(key),
            (true, Input::Request(Request::LoseLeader { outage })) => {
                self.served = false;
                fx.arm(Timer::Election, outage);
                fx.emit(Event::LeaderLost);
            }
            // It is lost already.
            (false, Input::Request(Request::LoseLeader { .. })) => {}
            (_, Input::Timer(Timer::Election)) => {
                self.served = true;
                // A server whose attempt failed may try again at once, or count anew from its next look.
                for key in std::mem::take(&mut self.overdue) {
                    let ttl = self.rows[&key].ttl;
                    fx.arm(Timer::Expire(key), Window::up_to(ttl.plus(me.config.look)));
                }
                fx.emit(Event::LeaderElected { lock_is_free: self.rows.is_empty() });
            }
        }
    }
}

impl Locket {
    fn serve(&mut self, config: &Config, from: NodeId, ask: &Ask, fx: &mut Fx) -> Answer {
        match *ask {
            Ask::Lock { key, .. } if self.rows.get(&key).is_some_and(|row| row.owner != from) => Answer::Collision,
            Ask::Lock { key, ttl } => {
                if self.rows.contains_key(&key) {
                    fx.emit(Event::Renewed { owner: from });
                }
                self.overdue.remove(&key);
                fx.arm(Timer::Expire(key), Window::new(ttl, ttl.plus(config.look)));
                let row = self.rows.entry(key);
                let row = row.or_insert_with(|| Row { owner: from, token: fx.fresh_rank(TOKENS), ttl });
                Answer::Locked { token: row.token }
            }
            Ask::Release { key } => {
                if self.rows.get(&key).is_some_and(|row| row.owner == from) {
                    self.rows.remove(&key);
                    if !self.overdue.remove(&key) {
                        fx.disarm(Timer::Expire(key));
                    }
                }
                Answer::Released
            }
            Ask::FetchAll { under } => {
                Answer::Rows(self.rows.keys().copied().filter(|key| key.is_under(under)).collect())
            }
        }
    }
}
