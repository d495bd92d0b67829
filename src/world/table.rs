//! A hash table that several threads fill together: what is in it never changes, and never goes.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use hashbrown::HashTable;

/// Entries by hash. Which of two equal ones is kept, when two threads make it at once, does not matter.
#[derive(Debug)]
pub(super) struct Table<T> {
    shards: [RwLock<HashTable<(u64, T)>>; SHARDS],
}

/// So many that two threads seldom want the same one.
const SHARDS: usize = 16;

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table { shards: std::array::from_fn(|_| RwLock::default()) }
    }
}

impl<T> Table<T> {
    /// What `pick` takes of an entry with this hash: it decides whether it is the one.
    pub(super) fn find<U>(&self, hash: u64, pick: impl Fn(&T) -> Option<U>) -> Option<U> {
        pick_from(&self.read(hash), hash, &pick)
    }

    /// As [`Table::find`], and if there is none, puts in what is made and takes from it.
    pub(super) fn find_or_put<U>(&self, hash: u64, pick: impl Fn(&T) -> Option<U>, make: impl FnOnce() -> T) -> U {
        let mut shard = self.write(hash);
        // Another thread may have been faster.
        if let Some(picked) = pick_from(&shard, hash, &pick) {
            return picked;
        }
        let made = make();
        let picked = pick(&made).expect("what was made is what was looked for");
        shard.insert_unique(hash, (hash, made), |(hash, _)| *hash);
        picked
    }

    // A thread that panics puts nothing in, so that what is there is sound.

    fn read(&self, hash: u64) -> RwLockReadGuard<'_, HashTable<(u64, T)>> {
        self.shards[shard_of(hash)].read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, hash: u64) -> RwLockWriteGuard<'_, HashTable<(u64, T)>> {
        self.shards[shard_of(hash)].write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pick_from<T, U>(shard: &HashTable<(u64, T)>, hash: u64, pick: &impl Fn(&T) -> Option<U>) -> Option<U> {
    let mut picked = None;
    shard.find(hash, |(known, entry)| {
        picked = if *known == hash { pick(entry) } else { None };
        picked.is_some()
    });
    picked
}

/// By bits that the table of a shard does not look at.
fn shard_of(hash: u64) -> usize {
    (hash >> 40) as usize % SHARDS
}
