//! Keys: read, written and deleted, alone or in transactions; and those who watch them.

use super::{Answer, Attach, Change, Compare, Done, Entry, Etcd3, Fx, INDICES, Message, Name, Op, Range, Test};
use crate::process::Rank;

impl Etcd3 {
    /// Does these at one revision, or none of them.
    pub(super) fn transact(&mut self, ops: Vec<Op>, fx: &mut Fx) -> Result<Vec<Done>, Answer> {
        self.validate(&ops)?;
        let mut changes = Vec::new();
        let done = ops.into_iter().map(|op| self.apply(op, &mut changes, fx)).collect();
        self.tell(changes, fx);
        Ok(done)
    }

    fn validate(&self, ops: &[Op]) -> Result<(), Answer> {
        let mut written: Vec<Name> = Vec::new();
        for op in ops {
            let Op::Put { name, attach, .. } = op else { continue };
            if name.path.0.is_empty() || written.contains(name) {
                return Err(Answer::Invalid);
            }
            if let Attach::To(lease) = attach
                && !self.has_lease(*lease)
            {
                return Err(Answer::NoLease);
            }
            written.push(*name);
        }
        Ok(())
    }

    fn apply(&mut self, op: Op, changes: &mut Vec<Change>, fx: &mut Fx) -> Done {
        match op {
            Op::Range(range) => {
                Done::Range(self.entries.iter().filter(|entry| range.reads(entry.name)).cloned().collect())
            }
            Op::Delete(range) => {
                let (gone, left) =
                    std::mem::take(&mut self.entries).into_iter().partition(|entry| range.reads(entry.name));
                self.entries = left;
                self.deleted(&gone, changes, fx);
                Done::Deleted(gone)
            }
            Op::Put { name, value, attach } => {
                let previous = self.entry(name).cloned();
                let modified = self.at(changes, fx);
                let lease = match attach {
                    Attach::Nothing => None,
                    Attach::To(lease) => Some(lease),
                    Attach::Same => previous.as_ref().and_then(|entry| entry.lease),
                };
                let version = previous.as_ref().map_or(0, |entry| entry.version) + 1;
                let created = previous.as_ref().map_or(modified, |entry| entry.created);
                let entry = Entry { name, value, version, created, modified, lease };
                changes.push(Change::Put(entry.clone()));
                self.entries.retain(|other| other.name != name);
                self.entries.push(entry);
                self.entries.sort_by_key(|entry| (entry.name.path, entry.created));
                Done::Put { previous }
            }
        }
    }

    /// Removes entries, and tells of it.
    pub(super) fn remove(&mut self, goes: impl Fn(&Entry) -> bool, fx: &mut Fx) {
        let (gone, left) = std::mem::take(&mut self.entries).into_iter().partition(|entry| goes(entry));
        self.entries = left;
        let mut changes = Vec::new();
        self.deleted(&gone, &mut changes, fx);
        self.tell(changes, fx);
    }

    fn deleted(&mut self, gone: &[Entry], changes: &mut Vec<Change>, fx: &mut Fx) {
        for entry in gone {
            let at = self.at(changes, fx);
            changes.push(Change::Deleted { name: entry.name, at });
        }
    }

    /// The revision of a request's changes: one for all of them.
    fn at(&mut self, changes: &[Change], fx: &mut Fx) -> Rank {
        if changes.is_empty() {
            self.revision = fx.fresh_rank(INDICES);
        }
        self.revision
    }

    fn tell(&mut self, changes: Vec<Change>, fx: &mut Fx) {
        for watching in &self.watches {
            let seen = |change: &&Change| match change {
                Change::Put(entry) => watching.range.reads(entry.name),
                Change::Deleted { name, .. } => watching.range.reads(*name),
            };
            let seen: Vec<Change> = changes.iter().filter(seen).cloned().collect();
            if !seen.is_empty() {
                let answer = Answer::Changed(seen);
                let question = watching.question;
                fx.send(watching.client, Message::Answer { question, revision: self.revision, answer });
            }
        }
        if changes.iter().any(|change| matches!(change, Change::Deleted { .. })) {
            self.advance(fx);
        }
    }

    pub(super) fn compare(&self, compare: &Compare) -> bool {
        let entry = self.entry(compare.name);
        let version = entry.map_or(0, |entry| entry.version);
        match compare.test {
            Test::Value(value) => entry.is_some_and(|entry| entry.value == Some(value)),
            Test::Version(wanted) => version == wanted,
            Test::VersionAbove(least) => version > least,
            Test::Modified(at) => entry.is_some_and(|entry| entry.modified == at),
        }
    }

    pub(super) fn entry(&self, name: Name) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }
}

impl Range {
    fn reads(self, name: Name) -> bool {
        match self {
            Range::Only(only) => name == only,
            Range::Under(prefix) => name.path.is_under(prefix),
        }
    }
}
