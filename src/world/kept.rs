//! Values that many states share: each is kept once, with what is asked of it again and again.
//!
//! A step changes one process, makes and takes away a few items, and renames identities in others. All lead to values
//! that were seen before more often than not, so states compare and hash them by number, and a renaming that was done
//! once is looked up.

use std::{
    hash::{Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use smallvec::SmallVec;

use super::{
    state::{List, Name, hash_of},
    table::Table,
};
use crate::process::{Data, Sort, Visitor};

/// A value that its keeper knows. Only values of one keeper are compared.
#[derive(Debug)]
pub(super) struct Kept<T> {
    pub(super) value: T,
    pub(super) names: Box<[Name]>,
    /// Of the names, those of each kind; ranks without the least.
    pub(super) ids: Box<[u64]>,
    pub(super) ranks: Box<[(Sort, u64)]>,
    /// What is seen of the value without its names: stable under renaming.
    pub(super) look: u64,
    /// Which of its keeper's values it is. The order of the numbers means nothing.
    pub(super) number: u32,
    hash: u64,
}

impl<T> PartialEq for Kept<T> {
    fn eq(&self, other: &Kept<T>) -> bool {
        self.number == other.number
    }
}

impl<T> Eq for Kept<T> {}

impl<T> Hash for Kept<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Knows each value that it was ever given.
#[derive(Debug)]
pub(super) struct Keeper<T> {
    look: fn(&T) -> u64,
    known: Table<Arc<Kept<T>>>,
    count: AtomicU32,
    renamed: Table<Renamed<T>>,
}

/// What a value is by other names.
#[derive(Debug)]
struct Renamed<T> {
    from: u32,
    names: NewNames,
    to: Arc<Kept<T>>,
}

type NewNames = SmallVec<[u64; 4]>;

impl<T: Data> Keeper<T> {
    /// `look` hashes what is seen of a value without its names.
    pub(super) fn new(look: fn(&T) -> u64) -> Keeper<T> {
        Keeper { look, known: Table::default(), count: AtomicU32::new(0), renamed: Table::default() }
    }

    pub(super) fn keep(&self, value: &T) -> Arc<Kept<T>> {
        let hash = hash_of(value);
        let is = |kept: &Arc<Kept<T>>| (kept.value == *value).then(|| kept.clone());
        self.known.find(hash, is).unwrap_or_else(|| {
            let mut list = List(Vec::new());
            value.clone().visit(&mut list);
            self.known.find_or_put(hash, is, || Arc::new(self.made(value.clone(), hash, list.0)))
        })
    }

    fn made(&self, value: T, hash: u64, names: Vec<Name>) -> Kept<T> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        assert!(number < u32::MAX, "fewer than 2^32 values fit in memory");
        let ids = names.iter().filter_map(|name| name.id()).collect();
        let ranks = names.iter().filter_map(|name| name.rank()).collect();
        let look = (self.look)(&value);
        Kept { value, names: names.into(), ids, ranks, look, number, hash }
    }

    /// The value with names replaced; `names` says how, alike for each name and through the visitor.
    pub(super) fn rename(&self, kept: &mut Arc<Kept<T>>, names: &mut impl Visitor) {
        let new_names: NewNames = kept.names.iter().map(|name| name.renamed(names).packed()).collect();
        let hash = hash_of(&(kept.number, &new_names));
        let from = kept.number;
        let is = |it: &Renamed<T>| (it.from == from && it.names == new_names).then(|| it.to.clone());
        *kept = self.renamed.find(hash, is).unwrap_or_else(|| {
            let mut value = kept.value.clone();
            value.visit(names);
            let to = self.keep(&value);
            self.renamed.find_or_put(hash, is, || Renamed { from, names: new_names.clone(), to })
        });
    }
}
