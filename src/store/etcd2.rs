//! An etcd of version 2 as one process: keys with a time to live, compare-and-swap, and watches that tell of one
//! change.
//!
//! A key ends at a moment that is kept with it: a new leader counts nothing anew. But only a leader ends keys, when its
//! clock ticks, every half second: without one nothing ends, and all that is due goes at the first tick of the next.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::{Event, Held, INDICES, Key, Request};
use crate::{
    process::{Effects, Id, Input, Me, Names, NodeId, Process, Rank},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Etcd2 {
    led: bool,
    nodes: BTreeMap<Key, Node>,
    /// Of the last change.
    index: Rank,
    /// Keys whose time came while there was no leader.
    overdue: BTreeSet<Key>,
    watches: Vec<Watching>,
    /// What came while there was no leader, in the order of coming. `Held` is armed for each.
    held: Vec<Held<Message>>,
}

/// What is kept of a key.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Node {
    pub value: Option<Id>,
    /// Who wrote it last.
    pub owner: NodeId,
    /// `Expire` is armed, or the key is overdue.
    pub limited: bool,
    pub created: Rank,
    pub modified: Rank,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
struct Watching {
    client: NodeId,
    question: Id,
    key: Key,
    /// Whether it is told of every key below this one.
    under: bool,
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
    /// As any server knows it, with or without a leader.
    Get {
        key: Key,
    },
    /// Every key below one, as any server knows them.
    List {
        under: Key,
    },
    /// Without a time to live the key has none from now on.
    Set {
        key: Key,
        value: Option<Id>,
        ttl: Option<Duration>,
        check: Check,
    },
    /// Another time to live for a key that exists, without a word to those who watch it.
    Refresh {
        key: Key,
        ttl: Duration,
    },
    Delete {
        key: Key,
        check: Check,
    },
    /// Answered at the next change of the key, or at once if there was one after `seen`.
    Watch {
        key: Key,
        seen: Option<Rank>,
    },
    /// Answered at the next change of a key below one. Changes before it came are not told.
    WatchUnder {
        under: Key,
    },
}

/// When a write is done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub enum Check {
    Always,
    /// If there is no such key.
    Absent,
    Present,
    Value(Id),
    Index(Rank),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Answer {
    /// The key as it is now, and as it was before if it was.
    Done {
        action: Action,
        node: Node,
        previous: Option<Node>,
    },
    /// The keys, by name.
    Listed(Vec<(Key, Node)>),
    NotFound,
    Exists,
    /// The key is not as it was compared with.
    Different,
    /// Nobody could do it in time.
    Failed,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub enum Action {
    Get,
    Set,
    Create,
    Update,
    CompareAndSwap,
    Delete,
    CompareAndDelete,
    Expire,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    /// When the leader's tick ends the key.
    Expire(Key),
    /// When there is a leader again.
    Election,
    /// When a held request fails, or is served by the new leader.
    Held(Id),
}

type Fx = Effects<Etcd2>;

impl Process for Etcd2 {
    type Config = ();
    type Message = Message;
    type Timer = Timer;
    type Request = Request;
    type Event = Event;
    type Durable = ();

    fn start(_: &Me<'_, Self>, (): (), _: &mut Fx) -> Self {
        Etcd2 {
            led: true,
            nodes: BTreeMap::new(),
            index: Rank::least(INDICES),
            overdue: BTreeSet::new(),
            watches: Vec::new(),
            held: Vec::new(),
        }
    }

    fn step(&mut self, _: &Me<'_, Self>, input: Input<Self>, fx: &mut Fx) {
        match (self.led, input) {
            // Answers are for clients.
            (_, Input::Message { message: Message::Answer { .. }, .. }) => {}
            (
                _,
                Input::Message {
                    from,
                    message:
                        Message::Ask {
                            question,
                            ask: ask @ (Ask::Get { .. } | Ask::List { .. } | Ask::Watch { .. } | Ask::WatchUnder { .. }),
                        },
                },
            ) => {
                self.serve(from, question, ask, fx);
            }
            (true, Input::Message { from, message: Message::Ask { question, ask } }) => {
                self.serve(from, question, ask, fx);
            }
            (false, Input::Message { from, message }) => {
                let id = fx.fresh_id();
                fx.arm(Timer::Held(id), Window::exactly(HOLD));
                self.held.push(Held { id, from, message });
            }
            (_, Input::Timer(Timer::Held(id))) => self.let_go(id, fx),
            (true, Input::Timer(Timer::Expire(key))) => self.expire(key, fx),
            (false, Input::Timer(Timer::Expire(key))) => _ = self.overdue.insert(key),
            (true, Input::Request(Request::LoseLeader { outage })) => {
                self.led = false;
                fx.arm(Timer::Election, outage);
                fx.emit(Event::LeaderLost);
            }
            // There is none to lose.
            (false, Input::Request(Request::LoseLeader { .. })) => {}
            (false, Input::Timer(Timer::Election)) => self.elect(fx),
            // Armed when the leader is lost.
            (true, Input::Timer(Timer::Election)) => {}
            (_, Input::Closed { peer, .. }) => {
                self.watches.retain(|watching| watching.client != peer);
                // What was asked for is done all the same, but nobody is left to be answered.
                for held in self.held.iter_mut().filter(|held| held.from == peer) {
                    if let Message::Ask { question, .. } = &mut held.message {
                        *question = None;
                    }
                }
            }
        }
    }
}

impl Etcd2 {
    fn serve(&mut self, from: NodeId, question: Option<Id>, ask: Ask, fx: &mut Fx) {
        let answer = match ask {
            Ask::Get { key } => match self.nodes.get(&key) {
                Some(node) => Answer::Done { action: Action::Get, node: node.clone(), previous: None },
                None => Answer::NotFound,
            },
            Ask::List { under } => {
                let below = self.nodes.iter().filter(|(key, _)| key.is_under(under));
                Answer::Listed(below.map(|(key, node)| (*key, node.clone())).collect())
            }
            Ask::Set { key, value, ttl, check } => self.set(from, key, value, ttl, check, fx),
            Ask::Refresh { key, ttl } => self.refresh(from, key, ttl, fx),
            Ask::Delete { key, check } => self.delete(key, check, fx),
            Ask::Watch { key, seen } => {
                let Some(question) = question else { return };
                match self.nodes.get(&key).filter(|node| seen.is_some_and(|seen| node.modified > seen)) {
                    Some(node) => Answer::Done { action: Action::Set, node: node.clone(), previous: None },
                    None => {
                        self.watch(Watching { client: from, question, key, under: false });
                        return;
                    }
                }
            }
            Ask::WatchUnder { under } => {
                if let Some(question) = question {
                    self.watch(Watching { client: from, question, key: under, under: true });
                }
                return;
            }
        };
        if let Some(question) = question {
            fx.send(from, Message::Answer { question, answer });
        }
    }

    /// A client waits for one change at a time.
    fn watch(&mut self, one: Watching) {
        self.watches.retain(|watching| watching.client != one.client);
        self.watches.push(one);
    }

    fn set(
        &mut self,
        from: NodeId,
        key: Key,
        value: Option<Id>,
        ttl: Option<Duration>,
        check: Check,
        fx: &mut Fx,
    ) -> Answer {
        let previous = self.nodes.get(&key).cloned();
        if let Some(refusal) = refusal(previous.as_ref(), check) {
            return refusal;
        }
        let action = match check {
            Check::Always => Action::Set,
            Check::Absent => Action::Create,
            Check::Present => Action::Update,
            Check::Value(_) | Check::Index(_) => Action::CompareAndSwap,
        };
        let modified = self.next(fx);
        // A plain write makes the key anew.
        let kept = previous.as_ref().filter(|_| action != Action::Set).map(|node| node.created);
        let node = Node { value, owner: from, limited: ttl.is_some(), created: kept.unwrap_or(modified), modified };
        self.limit(key, previous.as_ref(), ttl, fx);
        self.nodes.insert(key, node.clone());
        if action == Action::CompareAndSwap {
            fx.emit(Event::Renewed { owner: from });
        }
        let answer = Answer::Done { action, node, previous };
        self.tell(key, &answer, fx);
        answer
    }

    fn refresh(&mut self, from: NodeId, key: Key, ttl: Duration, fx: &mut Fx) -> Answer {
        let Some(previous) = self.nodes.get(&key).cloned() else { return Answer::NotFound };
        let node = Node { owner: from, limited: true, modified: self.next(fx), ..previous.clone() };
        self.limit(key, Some(&previous), Some(ttl), fx);
        self.nodes.insert(key, node.clone());
        fx.emit(Event::Renewed { owner: from });
        Answer::Done { action: Action::Update, node, previous: Some(previous) }
    }

    fn delete(&mut self, key: Key, check: Check, fx: &mut Fx) -> Answer {
        let previous = self.nodes.get(&key).cloned();
        if let Some(refusal) = refusal(previous.as_ref(), check) {
            return refusal;
        }
        let Some(previous) = previous else { return Answer::NotFound };
        let compared = matches!(check, Check::Value(_) | Check::Index(_));
        self.limit(key, Some(&previous), None, fx);
        self.remove(key, previous, if compared { Action::CompareAndDelete } else { Action::Delete }, fx)
    }

    fn expire(&mut self, key: Key, fx: &mut Fx) {
        if let Some(node) = self.nodes.get(&key).cloned() {
            fx.emit(Event::Expired { owner: node.owner });
            self.remove(key, node, Action::Expire, fx);
        }
    }

    fn remove(&mut self, key: Key, previous: Node, action: Action, fx: &mut Fx) -> Answer {
        self.nodes.remove(&key);
        let node = Node { value: None, limited: false, modified: self.next(fx), ..previous };
        let answer = Answer::Done { action, node, previous: Some(previous) };
        self.tell(key, &answer, fx);
        answer
    }

    /// The key ends a time to live from now, at the leader's next tick; or not.
    fn limit(&mut self, key: Key, previous: Option<&Node>, ttl: Option<Duration>, fx: &mut Fx) {
        self.overdue.remove(&key);
        match ttl {
            Some(ttl) => fx.arm(Timer::Expire(key), Window::new(ttl, ttl.plus(TICK))),
            None if previous.is_some_and(|node| node.limited) => fx.disarm(Timer::Expire(key)),
            None => {}
        }
    }

    fn elect(&mut self, fx: &mut Fx) {
        self.led = true;
        for key in std::mem::take(&mut self.overdue) {
            fx.arm(Timer::Expire(key), Window::up_to(TICK));
        }
        for held in &self.held {
            fx.arm(Timer::Held(held.id), Window::up_to(LOOK));
        }
        fx.emit(Event::LeaderElected { lock_is_free: self.nodes.is_empty() });
    }

    /// A held request's wait is over, for the better or the worse.
    fn let_go(&mut self, id: Id, fx: &mut Fx) {
        let Some(place) = self.held.iter().position(|held| held.id == id) else { return };
        let Held { from, message, .. } = self.held.remove(place);
        match message {
            Message::Ask { question, ask } if self.led => self.serve(from, question, ask, fx),
            Message::Ask { question: Some(question), .. } => {
                fx.send(from, Message::Answer { question, answer: Answer::Failed });
            }
            Message::Ask { question: None, .. } | Message::Answer { .. } => {}
        }
    }

    /// Tells those who watch the key, once.
    fn tell(&mut self, key: Key, answer: &Answer, fx: &mut Fx) {
        self.watches.retain(|watching| {
            let told = watching.key == key || (watching.under && key.is_under(watching.key));
            if told {
                fx.send(watching.client, Message::Answer { question: watching.question, answer: answer.clone() });
            }
            !told
        });
    }

    fn next(&mut self, fx: &mut Fx) -> Rank {
        self.index = fx.fresh_rank(INDICES);
        self.index
    }
}

/// Why a write is not done.
fn refusal(node: Option<&Node>, check: Check) -> Option<Answer> {
    match (node, check) {
        (_, Check::Always) | (None, Check::Absent) | (Some(_), Check::Present) => None,
        (Some(_), Check::Absent) => Some(Answer::Exists),
        (None, Check::Present | Check::Value(_) | Check::Index(_)) => Some(Answer::NotFound),
        (Some(node), Check::Value(value)) => (node.value != Some(value)).then_some(Answer::Different),
        (Some(node), Check::Index(index)) => (node.modified != index).then_some(Answer::Different),
    }
}

/// How often the leader ends what is due.
const TICK: Duration = Duration::from_millis(500);

/// How long a request is held while there is no leader.
const HOLD: Duration = Duration::from_secs(7);

/// How long after an election a held request is served.
const LOOK: Duration = Duration::from_secs(1);
