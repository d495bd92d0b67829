//! Values that many states share: each is kept once, with what is asked of it again and again.
//!
//! A step changes one process, makes and takes away a few items, and renames identities in others. All lead to values
//! that were seen before more often than not, so states compare and hash them by number, and a renaming that was done
//! once is looked up.

use std::{
    borrow::Borrow,
    cell::RefCell,
    hash::{Hash, Hasher},
    sync::Arc,
};

use rustc_hash::{FxHashMap, FxHasher};

use super::state::{List, Name, hash_of};
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
    look: fn(&T) -> u64,
    known: RefCell<FxHashMap<ByValue<T>, ()>>,
    /// By the hash of a value's number and its new names.
    renamed: RefCell<FxHashMap<u64, Vec<Renamed<T>>>>,
    new_names: RefCell<Vec<Name>>,
}

/// What a value is by other names.
#[derive(Debug)]
struct Renamed<T> {
    from: u32,
    names: Box<[Name]>,
    to: Arc<Kept<T>>,
}

impl<T: Data> Keeper<T> {
    /// `look` hashes what is seen of a value without its names.
    pub(super) fn new(look: fn(&T) -> u64) -> Keeper<T> {
        Keeper { look, known: RefCell::default(), renamed: RefCell::default(), new_names: RefCell::default() }
    }

    pub(super) fn keep(&self, value: &T) -> Arc<Kept<T>> {
        let mut known = self.known.borrow_mut();
        if let Some((ByValue(kept), ())) = known.get_key_value(value) {
            return kept.clone();
        }
        let value = value.clone();
        let mut list = List(Vec::new());
        value.clone().visit(&mut list);
        let (hash, look) = (hash_of(&value), (self.look)(&value));
        let number = u32::try_from(known.len()).expect("fewer than 2^32 values fit in memory");
        let ids = list.0.iter().filter_map(|name| name.id()).collect();
        let ranks = list.0.iter().filter_map(|name| name.rank()).collect();
        let kept = Arc::new(Kept { value, names: list.0.into(), ids, ranks, look, number, hash });
        known.insert(ByValue(kept.clone()), ());
        kept
    }

    /// The value with names replaced; `names` says how, alike for each name and through the visitor.
    pub(super) fn rename(&self, kept: &mut Arc<Kept<T>>, names: &mut impl Visitor) {
        let mut new_names = self.new_names.borrow_mut();
        new_names.clear();
        new_names.extend(kept.names.iter().map(|name| name.renamed(names)));
        let mut hasher = FxHasher::default();
        (kept.number, &*new_names).hash(&mut hasher);
        let mut renamed = self.renamed.borrow_mut();
        let alike = renamed.entry(hasher.finish()).or_default();
        if let Some(known) = alike.iter().find(|it| it.from == kept.number && *it.names == **new_names) {
            *kept = known.to.clone();
            return;
        }
        let mut value = kept.value.clone();
        value.visit(names);
        let to = self.keep(&value);
        alike.push(Renamed { from: kept.number, names: new_names.as_slice().into(), to: to.clone() });
        *kept = to;
    }
}
