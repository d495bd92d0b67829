//! Values that many states share: each is kept once, with what is asked of it again and again.
//!
//! A step changes one process and renames identities in some others. Both lead to values that were seen before more
//! often than not, so states compare and hash them by number, and a renaming that was done once is looked up.

use std::{
    borrow::Borrow,
    cell::RefCell,
    hash::{Hash, Hasher},
    sync::Arc,
};

use rustc_hash::FxHashMap;

use super::state::{List, Name, erased, hash_of};
use crate::process::{Data, Visitor};

/// A value that its keeper knows. Only values of one keeper are compared.
#[derive(Debug)]
pub(super) struct Kept<T> {
    pub(super) value: T,
    pub(super) names: Box<[Name]>,
    /// The hash of the value without its names: stable under renaming.
    pub(super) erased: u64,
    hash: u64,
    number: u32,
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

/// Looks values up by what they are.
#[derive(Debug)]
struct ByValue<T>(Arc<Kept<T>>);

impl<T: Eq> PartialEq for ByValue<T> {
    fn eq(&self, other: &ByValue<T>) -> bool {
        self.0.value == other.0.value
    }
}

impl<T: Eq> Eq for ByValue<T> {}

impl<T: Hash> Hash for ByValue<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.value.hash(state);
    }
}

impl<T> Borrow<T> for ByValue<T> {
    fn borrow(&self) -> &T {
        &self.0.value
    }
}

/// Knows each value that it was ever given.
#[derive(Debug)]
pub(super) struct Keeper<T> {
    known: RefCell<FxHashMap<ByValue<T>, ()>>,
    renamed: RefCell<FxHashMap<Renaming, Arc<Kept<T>>>>,
}

/// A value's number and its new names.
type Renaming = (u32, Box<[Name]>);

impl<T: Data> Keeper<T> {
    pub(super) fn new() -> Keeper<T> {
        Keeper { known: RefCell::default(), renamed: RefCell::default() }
    }

    pub(super) fn keep(&self, value: T) -> Arc<Kept<T>> {
        let mut known = self.known.borrow_mut();
        if let Some((ByValue(kept), ())) = known.get_key_value(&value) {
            return kept.clone();
        }
        let mut list = List(Vec::new());
        value.clone().visit(&mut list);
        let (hash, erased) = (hash_of(&value), erased(value.clone()));
        let number = u32::try_from(known.len()).expect("fewer than 2^32 values fit in memory");
        let kept = Arc::new(Kept { value, names: list.0.into(), erased, hash, number });
        known.insert(ByValue(kept.clone()), ());
        kept
    }

    /// The value with names replaced; `name` says how, alike for each name and through the visitor.
    pub(super) fn rename(&self, kept: &mut Arc<Kept<T>>, names: &mut impl Visitor) {
        if kept.names.iter().all(|name| name.renamed(names) == *name) {
            return;
        }
        let key = (kept.number, kept.names.iter().map(|name| name.renamed(names)).collect());
        if let Some(known) = self.renamed.borrow().get(&key) {
            *kept = known.clone();
            return;
        }
        let mut value = kept.value.clone();
        value.visit(names);
        *kept = self.keep(value);
        self.renamed.borrow_mut().insert(key, kept.clone());
    }
}
