//! The lock service: a key for each who wants the lock, and the oldest key holds it.

use super::{Answer, Attach, Etcd3, Fx, Locking, Message, Name, Op};
use crate::{
    process::{Id, NodeId, Rank},
    store::Key,
};

impl Etcd3 {
    /// Puts a key below the lock's, unless it is there already, and answers when nobody is before it.
    pub(super) fn lock(
        &mut self,
        client: NodeId,
        question: Option<Id>,
        path: Key,
        lease: Id,
        fx: &mut Fx,
    ) -> Option<Answer> {
        let name = Name { path, of: Some(lease) };
        if self.entry(name).is_none()
            && let Err(refusal) = self.transact(vec![Op::Put { name, value: None, attach: Attach::To(lease) }], fx)
        {
            return Some(refusal);
        }
        let created = self.entry(name).expect("it is there").created;
        if self.is_first(path, created) {
            return Some(Answer::Locked { name, token: created });
        }
        self.locking.extend(question.map(|question| Locking { client, question, name, created }));
        None
    }

    /// Some key is gone: whoever has nobody before it is answered. Its own key may be gone too.
    pub(super) fn advance(&mut self, fx: &mut Fx) {
        let (first, rest): (Vec<_>, _) = std::mem::take(&mut self.locking)
            .into_iter()
            .partition(|locking| self.is_first(locking.name.path, locking.created));
        self.locking = rest;
        for Locking { client, question, name, created } in first {
            let answer =
                if self.entry(name).is_some() { Answer::Locked { name, token: created } } else { Answer::NoLease };
            fx.send(client, Message::Answer { question, revision: self.revision, answer });
        }
    }

    /// Ends what waits for an answer. Who does not wait for a lock any more does not want it either.
    pub(super) fn cancel(&mut self, is_it: impl Fn(NodeId, Id) -> bool, fx: &mut Fx) {
        self.watches.retain(|watching| !is_it(watching.client, watching.question));
        let (gone, rest): (Vec<Locking>, _) =
            std::mem::take(&mut self.locking).into_iter().partition(|locking| is_it(locking.client, locking.question));
        self.locking = rest;
        for locking in gone {
            self.remove(|entry| entry.name == locking.name, fx);
        }
    }

    fn is_first(&self, path: Key, created: Rank) -> bool {
        !self.entries.iter().any(|entry| entry.name.path == path && entry.name.of.is_some() && entry.created < created)
    }
}
