//! Identities that can be renamed, and the visit that finds them.
//!
//! Session ids, request numbers and fencing tokens grow for ever in a long run. The checkers rename the living ones
//! after each step, so that equal situations are equal states. That is sound only if nothing but `==` ([`Id`]) or
//! order ([`Rank`]) is ever asked of them, so nothing else compiles.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
};

/// So many nodes a set-up may have: their numbers enter keys beside other things. The checkers take fewer.
pub const MOST_NODES: u16 = 1 << 15;

/// A node of the world: its place in the set-up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u16);

impl NodeId {
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

/// An identity that can only be compared for equality. Made by [`Effects::fresh_id`](super::Effects::fresh_id).
///
/// It may be written and read, as a host sends it over a wire.
#[derive(Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Id(u64);

impl Id {
    pub(crate) const fn new(value: u64) -> Id {
        Id(value)
    }

    pub(crate) const fn value(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A namespace of ranks. Ranks of different sorts are never compared, so each sort is renumbered by itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Sort(pub u16);

impl Sort {
    /// Sorts from here on are the incarnations of the nodes; a protocol's own sorts are below.
    pub(crate) const INCARNATIONS: u16 = 256;

    /// The incarnations of one node: a sort of its own, as those of different nodes are never compared.
    pub(crate) const fn incarnation(node: NodeId) -> Sort {
        Sort(Sort::INCARNATIONS + node.0)
    }
}

/// An identity that can be compared by order and equality within its sort: an epoch, a fencing token, an index.
/// Made by [`Effects::fresh_rank`](super::Effects::fresh_rank), greater than every one before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Rank {
    sort: Sort,
    value: u64,
}

impl Rank {
    /// Less than every fresh rank of its sort.
    #[must_use]
    pub const fn least(sort: Sort) -> Rank {
        Rank { sort, value: 0 }
    }

    pub(crate) const fn new(sort: Sort, value: u64) -> Rank {
        Rank { sort, value }
    }

    pub(crate) const fn sort(self) -> Sort {
        self.sort
    }

    pub(crate) const fn value(self) -> u64 {
        self.value
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Rank) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Rank {
    /// # Panics
    /// If the ranks are of different sorts: their order means nothing and would not survive renumbering.
    fn cmp(&self, other: &Rank) -> Ordering {
        assert!(self.sort == other.sort, "ranks of different sorts have no order");
        self.value.cmp(&other.value)
    }
}

impl fmt::Debug for Rank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.value)
    }
}

/// Told of each identity in a value, in a fixed order, and may replace it.
pub trait Visitor {
    fn node(&mut self, node: &mut NodeId);
    fn id(&mut self, id: &mut Id);
    fn rank(&mut self, rank: &mut Rank);
}

/// A value whose identities can be visited. Derive it; write it by hand only for a foreign collection.
pub trait Names {
    fn visit(&mut self, visitor: &mut dyn Visitor);
}

impl Names for NodeId {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.node(self);
    }
}

impl Names for Id {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.id(self);
    }
}

impl Names for Rank {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        visitor.rank(self);
    }
}

macro_rules! nameless {
    ($($type:ty),* $(,)?) => {
        $(impl Names for $type {
            fn visit(&mut self, _: &mut dyn Visitor) {}
        })*
    };
}

nameless!(
    (),
    bool,
    char,
    u8,
    u16,
    u32,
    u64,
    i8,
    i16,
    i32,
    i64,
    String,
    &'static str,
    crate::time::Duration,
    crate::time::Window
);

impl<T: Names> Names for Option<T> {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        if let Some(value) = self {
            value.visit(visitor);
        }
    }
}

impl<T: Names> Names for Box<T> {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        (**self).visit(visitor);
    }
}

impl<T: Names, const N: usize> Names for [T; N] {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        self.iter_mut().for_each(|value| value.visit(visitor));
    }
}

impl<T: Names> Names for Vec<T> {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        self.iter_mut().for_each(|value| value.visit(visitor));
    }
}

impl<T: Names> Names for VecDeque<T> {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        self.iter_mut().for_each(|value| value.visit(visitor));
    }
}

impl<A: Names, B: Names> Names for (A, B) {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        self.0.visit(visitor);
        self.1.visit(visitor);
    }
}

impl<A: Names, B: Names, C: Names> Names for (A, B, C) {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        self.0.visit(visitor);
        self.1.visit(visitor);
        self.2.visit(visitor);
    }
}

impl<K: Names + Ord, V: Names> Names for BTreeMap<K, V> {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        *self = std::mem::take(self)
            .into_iter()
            .map(|(mut key, mut value)| {
                key.visit(visitor);
                value.visit(visitor);
                (key, value)
            })
            .collect();
    }
}

impl<K: Names + Ord> Names for BTreeSet<K> {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        *self = std::mem::take(self)
            .into_iter()
            .map(|mut key| {
                key.visit(visitor);
                key
            })
            .collect();
    }
}
