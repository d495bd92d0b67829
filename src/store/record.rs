//! A store of records as one process: read, and replaced if they are still what they were. It ends nothing by itself:
//! who watches a record sees whether it changes, and counts for himself.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use super::{Event, Key, Request, TOKENS};
use crate::process::{Effects, Id, Input, Me, Names, NodeId, Process, Rank};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Records {
    served: bool,
    records: BTreeMap<Key, Record>,
    /// Who is told of changes: not who holds the record.
    watching: BTreeMap<NodeId, Watching>,
    /// Who wants a record that its holder is about to give back, in the order of coming.
    claims: VecDeque<Claim>,
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
    /// Whether the holder said that it is about to give it back.
    pub leaving: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
struct Watching {
    question: Id,
    key: Key,
}

/// A question to be the holder that waits for the record to be given back.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
struct Claim {
    client: NodeId,
    question: Id,
    key: Key,
    holder: Id,
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
        /// Whether a client that is refused is told of each change from then on. Such a client waits for a record that
        /// is about to be given back, and gets one that nobody holds, whatever it saw.
        follow: bool,
    },
    /// The holder is about to give the record back: whoever follows it may claim it.
    Announce {
        key: Key,
        holder: Id,
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
        Records { served: true, records: BTreeMap::new(), watching: BTreeMap::new(), claims: VecDeque::new() }
    }

    fn step(&mut self, _: &Me<'_, Self>, input: Input<Self>, fx: &mut Fx) {
        match (self.served, input) {
            (true, Input::Message { from, message: Message::Ask { question, ask } }) => {
                fx.emit(Event::Served { to: from });
                // A client that asks for something else does not wait for a change any more.
                self.forget(from);
                if let Some(answer) = self.serve(from, question, &ask, fx) {
                    reply(from, question, answer, fx);
                }
            }
            (false, Input::Message { from, message: Message::Ask { question, .. } }) => {
                self.forget(from);
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
            (_, Input::Closed { peer, .. }) => {
                self.forget(peer);
                fx.emit(Event::Disconnected { from: peer });
            }
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
                let stays = record.is_some_and(|record| record.holder.is_some() && !record.leaving);
                if stays && self.version(key) == seen {
                    return None;
                }
                Answer::Found(record.cloned())
            }
            Ask::Replace { key, seen, holder, or_own, follow }
                if self.version(key) != seen
                    && !(or_own && self.is_held_by(key, holder))
                    && !(follow && self.is_free(key)) =>
            {
                let record = self.records.get(&key).cloned();
                let follower = question.filter(|_| follow);
                if let (Some(question), Some(holder), true) = (follower, holder, self.is_left(key)) {
                    self.claims.push_back(Claim { client: from, question, key, holder });
                    Answer::Found(record)
                } else {
                    self.watching.extend(follower.map(|question| (from, Watching { question, key })));
                    Answer::Conflict(record)
                }
            }
            Ask::Replace { key, holder, .. } => self.replace(from, key, holder, fx),
            Ask::Announce { key, holder } => {
                if let Some(record) = self.records.get_mut(&key).filter(|record| record.holder == Some(holder)) {
                    record.leaving = true;
                }
                self.tell(key, fx);
                Answer::Found(self.records.get(&key).cloned())
            }
            Ask::Release { key, holder } => {
                if self.is_held_by(key, Some(holder)) {
                    self.replace(from, key, None, fx)
                } else {
                    Answer::Conflict(self.records.get(&key).cloned())
                }
            }
        })
    }

    /// Writes the record. One that is given back goes to the first who claims it.
    fn replace(&mut self, owner: NodeId, key: Key, holder: Option<Id>, fx: &mut Fx) -> Answer {
        if holder.is_none()
            && let Some(first) = self.claims.iter().position(|claim| claim.key == key)
        {
            let Claim { client, question, holder, .. } = self.claims.remove(first).expect("it was found there");
            let granted = self.replace(client, key, Some(holder), fx);
            reply(client, Some(question), granted.clone(), fx);
            return granted;
        }
        let before = self.records.get(&key);
        let leaving = before.is_some_and(|record| record.leaving && record.holder == holder);
        let same = before.filter(|record| record.holder == holder || holder.is_none());
        let token = same.map(|record| record.token);
        if holder.is_some() && token.is_some() {
            fx.emit(Event::Renewed { owner });
        }
        let version = fx.fresh_id();
        let token = token.unwrap_or_else(|| fx.fresh_rank(TOKENS));
        self.records.insert(key, Record { holder, version, token, leaving });
        self.tell(key, fx);
        Answer::Replaced { version, token }
    }

    /// Tells who follows the record what it is. Who claims it goes on waiting while its holder is about to leave.
    fn tell(&mut self, key: Key, fx: &mut Fx) {
        let record = self.records.get(&key).cloned();
        for (client, Watching { question, .. }) in self.watching.iter().filter(|(_, watching)| watching.key == key) {
            reply(*client, Some(*question), Answer::Found(record.clone()), fx);
        }
        let waits = self.is_left(key);
        for Claim { client, question, .. } in self.claims.iter().filter(|claim| claim.key == key) {
            let told = record.clone();
            let answer = if waits { Answer::Found(told) } else { Answer::Conflict(told) };
            reply(*client, Some(*question), answer, fx);
        }
        if !waits {
            let (refused, rest): (VecDeque<_>, _) =
                std::mem::take(&mut self.claims).into_iter().partition(|claim| claim.key == key);
            self.claims = rest;
            self.watching
                .extend(refused.into_iter().map(|Claim { client, question, .. }| (client, Watching { question, key })));
        }
    }

    fn forget(&mut self, client: NodeId) {
        self.watching.remove(&client);
        self.claims.retain(|claim| claim.client != client);
    }

    fn is_free(&self, key: Key) -> bool {
        self.records.get(&key).is_none_or(|record| record.holder.is_none())
    }

    /// Whether its holder is about to give it back.
    fn is_left(&self, key: Key) -> bool {
        self.records.get(&key).is_some_and(|record| record.leaving)
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
