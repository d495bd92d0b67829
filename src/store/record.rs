//! A store of records as one process: read, and replaced if they are still what they were. It ends nothing by itself:
//! who watches a record sees whether it changes, and counts for himself.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::{Event, Key, Request, TOKENS};
use crate::process::{Effects, Id, Input, Me, Names, NodeId, Process, Rank};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Records {
    served: bool,
    records: BTreeMap<Key, Record>,
    /// Who is told of changes: not who holds the record.
    watching: BTreeMap<NodeId, Watching>,
}

/// Who leads, as the last who wrote it says.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Record {
    /// A name that it gave itself, another in each life.
    pub holder: Option<Id>,
    /// Another with each write.
    pub version: Id,
    /// Grows when the holder becomes another.
    pub token: Rank,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
struct Watching {
    question: Id,
    key: Key,
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
    Get {
        key: Key,
    },
    /// Answered with each change, and at once if the record is not at this version any more or nobody holds it.
    Watch {
        key: Key,
        seen: Option<Id>,
    },
    /// Done if the record is still at this version; without one, if there is none yet.
    Replace {
        key: Key,
        seen: Option<Id>,
        holder: Option<Id>,
        /// Also done if this is the holder already, at whatever version.
        or_own: bool,
        /// Whether a client that is refused is told of each change from then on.
        follow: bool,
    },
    /// Done if this is the holder, at whatever version.
    Release {
        key: Key,
        holder: Id,
    },
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Answer {
    Found(Option<Record>),
    Replaced {
        version: Id,
        token: Rank,
    },
    /// The record is another than the client saw.
    Conflict(Option<Record>),
    /// Nothing serves.
    Failed,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    /// When it serves again.
    Election,
}

type Fx = Effects<Records>;

impl Process for Records {
    type Config = ();
    type Message = Message;
    type Timer = Timer;
    type Request = Request;
    type Event = Event;
    type Durable = ();

    fn start(_: &Me<'_, Self>, (): (), _: &mut Fx) -> Self {
        Records { served: true, records: BTreeMap::new(), watching: BTreeMap::new() }
    }

    fn step(&mut self, _: &Me<'_, Self>, input: Input<Self>, fx: &mut Fx) {
        match (self.served, input) {
            (true, Input::Message { from, message: Message::Ask { question, ask } }) => {
                fx.emit(Event::Asked { by: from });
                // A client that asks for something else does not wait for a change any more.
                self.watching.remove(&from);
                if let Some(answer) = self.serve(from, question, &ask, fx) {
                    reply(from, question, answer, fx);
                }
            }
            (false, Input::Message { from, message: Message::Ask { question, .. } }) => {
                self.watching.remove(&from);
                reply(from, question, Answer::Failed, fx);
            }
            // Answers are for clients.
            (_, Input::Message { message: Message::Answer { .. }, .. }) => {}
            (true, Input::Request(Request::LoseLeader { outage })) => {
                // Who waits for a change goes on waiting: nothing changes meanwhile.
                self.served = false;
                fx.arm(Timer::Election, outage);
                fx.emit(Event::LeaderLost);
            }
            // It is lost already.
            (false, Input::Request(Request::LoseLeader { .. })) => {}
            (_, Input::Timer(Timer::Election)) => {
                self.served = true;
                fx.emit(Event::LeaderElected { lock_is_free: self.records.values().all(|it| it.holder.is_none()) });
            }
            (_, Input::Closed { peer, .. }) => _ = self.watching.remove(&peer),
        }
    }
}

impl Records {
    /// What is answered now, if anything.
    fn serve(&mut self, from: NodeId, question: Option<Id>, ask: &Ask, fx: &mut Fx) -> Option<Answer> {
        Some(match *ask {
            Ask::Get { key } => Answer::Found(self.records.get(&key).cloned()),
            Ask::Watch { key, seen } => {
                self.watching.extend(question.map(|question| (from, Watching { question, key })));
                let record = self.records.get(&key);
                let held = record.is_some_and(|record| record.holder.is_some());
                if held && self.version(key) == seen {
                    return None;
                }
                Answer::Found(record.cloned())
            }
            Ask::Replace { key, seen, holder, or_own, follow }
                if self.version(key) != seen && !(or_own && self.is_held_by(key, holder)) =>
            {
                self.watching.extend(question.filter(|_| follow).map(|question| (from, Watching { question, key })));
                Answer::Conflict(self.records.get(&key).cloned())
            }
            Ask::Replace { key, holder, .. } => self.replace(from, key, holder, fx),
            Ask::Release { key, holder } => {
                if self.is_held_by(key, Some(holder)) {
                    self.replace(from, key, None, fx)
                } else {
                    Answer::Conflict(self.records.get(&key).cloned())
                }
            }
        })
    }

    fn replace(&mut self, owner: NodeId, key: Key, holder: Option<Id>, fx: &mut Fx) -> Answer {
        let before = self.records.get(&key);
        let same = before.filter(|record| record.holder == holder || holder.is_none());
        let token = same.map(|record| record.token);
        if holder.is_some() && token.is_some() {
            fx.emit(Event::Renewed { owner });
        }
        let version = fx.fresh_id();
        let record = Record { holder, version, token: token.unwrap_or_else(|| fx.fresh_rank(TOKENS)) };
        self.records.insert(key, record.clone());
        for (client, Watching { question, .. }) in self.watching.iter().filter(|(_, watching)| watching.key == key) {
            reply(*client, Some(*question), Answer::Found(Some(record.clone())), fx);
        }
        Answer::Replaced { version, token: record.token }
    }

    fn is_held_by(&self, key: Key, holder: Option<Id>) -> bool {
        holder.is_some() && self.records.get(&key).is_some_and(|record| record.holder == holder)
    }

    fn version(&self, key: Key) -> Option<Id> {
        self.records.get(&key).map(|record| record.version)
    }
}

fn reply(to: NodeId, question: Option<Id>, answer: Answer, fx: &mut Fx) {
    if let Some(question) = question {
        fx.send(to, Message::Answer { question, answer });
    }
}
