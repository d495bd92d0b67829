//! Keys, and clients that wait for them to change.

use super::{Answer, Check, Config, Consul, Entry, Get, INDICES, Key, Message, Timer, Version, Waiting};
use crate::{
    process::{Effects, Id, NodeId, Rank},
    store::TOKENS,
    time::Window,
};

type Fx = Effects<Consul>;

impl Consul {
    /// Answers at once, or later if nothing has changed since `seen`.
    pub(super) fn get(
        &mut self,
        config: &Config,
        from: NodeId,
        question: Option<Id>,
        get: Get,
        (seen, wait): (Option<Rank>, Option<Window>),
        fx: &mut Fx,
    ) {
        let Some(question) = question else { return };
        if self.lags && seen.is_none() {
            let answer = Answer::Entries { entries: Vec::new(), index: Rank::least(INDICES) };
            fx.send(from, Message::Answer { question, answer });
            return;
        }
        if let Some(answer) = self.told_by_the_past(config, get).filter(|_| seen.is_none()) {
            fx.send(from, Message::Answer { question, answer });
            return;
        }
        match self.entries(get) {
            Answer::Entries { index, .. } if seen.is_some_and(|seen| seen >= index) => {
                // A client waits for one answer at a time: what it asked before, it has given up.
                self.forget_waiting(from, fx);
                self.waiting.insert(from, Waiting { question, get, limited: wait.is_some() });
                if let Some(wait) = wait {
                    fx.arm(Timer::Wait(from), wait);
                }
            }
            answer => fx.send(from, Message::Answer { question, answer }),
        }
    }

    /// A plain write does not mind the lock, but forgets its token.
    pub(super) fn put(&mut self, config: &Config, key: Key, value: Option<Id>, check: Check, fx: &mut Fx) -> Answer {
        if !self.passes(key, check) {
            return Answer::Refused;
        }
        let same = |entry: &Entry| entry.value == value && entry.token.is_none();
        if config.version >= Version::V1_10 && self.keys.get(&key).is_some_and(same) {
            return Answer::Written;
        }
        let entry = self.entry(key);
        entry.value = value;
        entry.token = None;
        self.changed(&[key], fx);
        Answer::Written
    }

    pub(super) fn delete(&mut self, key: Key, check: Check, fx: &mut Fx) -> Answer {
        if !self.passes(key, check) {
            return Answer::Refused;
        }
        if self.keys.remove(&key).is_some() {
            self.changed(&[key], fx);
        }
        Answer::Written
    }

    fn passes(&self, key: Key, check: Check) -> bool {
        match check {
            Check::Always => true,
            Check::Unchanged(index) => self.keys.get(&key).is_some_and(|entry| entry.modified == index),
        }
    }

    pub(super) fn acquire(&mut self, config: &Config, key: Key, session: Id, value: Option<Id>, fx: &mut Fx) -> Answer {
        if self.session(session).is_none() {
            return Answer::Failed;
        }
        let holder = self.keys.get(&key).and_then(|entry| entry.holder);
        let again = holder == Some(session) && config.version >= Version::V0_6;
        if (holder.is_some() && !again) || self.delayed.contains(&key) {
            return Answer::Refused;
        }
        let kept = self.keys.get(&key).and_then(|entry| entry.token).filter(|_| again);
        let token = kept.unwrap_or_else(|| fx.fresh_rank(TOKENS));
        let entry = self.entry(key);
        entry.value = value;
        entry.holder = Some(session);
        entry.token = Some(token);
        self.changed(&[key], fx);
        Answer::Acquired { token }
    }

    /// Given back on purpose: no lock-delay.
    pub(super) fn release(&mut self, key: Key, session: Id, value: Option<Id>, fx: &mut Fx) -> Answer {
        let Some(entry) = self.keys.get_mut(&key).filter(|entry| entry.holder == Some(session)) else {
            return Answer::Refused;
        };
        entry.holder = None;
        entry.value = value;
        self.changed(&[key], fx);
        Answer::Released
    }

    /// The key, created if need be; its indices are not right until it was `changed`.
    pub(super) fn entry(&mut self, key: Key) -> &mut Entry {
        let none = Rank::least(INDICES);
        let new = || Entry { value: None, holder: None, token: None, created: none, modified: none };
        self.keys.entry(key).or_insert_with(new)
    }

    /// These keys have another index, and those who wait for that are told.
    pub(super) fn changed(&mut self, keys: &[Key], fx: &mut Fx) {
        if keys.is_empty() {
            return;
        }
        self.index = fx.fresh_rank(INDICES);
        for key in keys {
            if let Some(entry) = self.keys.get_mut(key) {
                if entry.created == Rank::least(INDICES) {
                    entry.created = self.index;
                }
                entry.modified = self.index;
            }
        }
        let told = |waiting: &Waiting| keys.iter().any(|key| waiting.get.reads(*key));
        let clients: Vec<NodeId> =
            self.waiting.iter().filter(|(_, waiting)| told(waiting)).map(|(id, _)| *id).collect();
        for client in clients {
            self.stop_waiting(client, None, fx);
        }
    }

    /// Answers a client that waits: as things are, if there is no other answer.
    pub(super) fn stop_waiting(&mut self, client: NodeId, answer: Option<Answer>, fx: &mut Fx) {
        let Some(Waiting { question, get, limited }) = self.waiting.remove(&client) else { return };
        if limited {
            fx.disarm(Timer::Wait(client));
        }
        let answer = answer.unwrap_or_else(|| self.entries(get));
        fx.send(client, Message::Answer { question, answer });
    }

    /// Its wait is over.
    pub(super) fn answer_waiting(&mut self, client: NodeId, fx: &mut Fx) {
        if let Some(Waiting { question, get, .. }) = self.waiting.remove(&client) {
            fx.send(client, Message::Answer { question, answer: self.entries(get) });
        }
    }

    pub(super) fn forget_waiting(&mut self, client: NodeId, fx: &mut Fx) {
        if self.waiting.remove(&client).is_some_and(|waiting| waiting.limited) {
            fx.disarm(Timer::Wait(client));
        }
    }

    /// What is there, and of its last change the index; of nothing, that of the last change of all.
    fn entries(&self, get: Get) -> Answer {
        let entries: Vec<(Key, Entry)> =
            self.keys.iter().filter(|(key, _)| get.reads(**key)).map(|(key, entry)| (*key, entry.clone())).collect();
        let index = entries.iter().map(|(_, entry)| entry.modified).max().unwrap_or(self.index);
        Answer::Entries { entries, index }
    }
}
