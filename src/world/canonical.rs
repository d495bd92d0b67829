//! Canonical form: equal situations become equal states.
//!
//! Items are sorted, living identities are renumbered, and nodes of a group are put in an order of their own. Each is
//! only a renaming, so it changes no verdict; a renaming that is missed costs states, never soundness.

use std::collections::BTreeSet;

use smallvec::SmallVec;

use super::{
    draft::{Draft, Source, Uid},
    laws::Laws,
    renumber::{Numbers, Rename},
    space::Origin,
    state::{Item, Name, NodeState, Place, State, Told, What, hash_of},
};
use crate::{
    process::{Data, NodeId, Process},
    spec::FaultKind,
};

/// A successor in canonical form, and how its parts are named in the draft.
#[derive(Clone, Debug)]
pub(super) struct Canonical<P: Process, M: Data> {
    pub(super) state: State<P, M>,
    /// For each item, its name in the draft.
    pub(super) uids: Vec<Uid>,
    /// For each variable, where it comes from.
    pub(super) origins: Vec<Origin>,
    /// `nodes[i]` is the node of the draft that is called `i` now.
    pub(super) nodes: Vec<u8>,
}

/// At most so many orders of indistinguishable nodes are compared; beyond, the first is taken.
const MOST_ORDERS: usize = 24;

impl<P: Process, M: Data> Laws<P, M> {
    pub(super) fn canonical(&self, mut draft: Draft<P, M>) -> Canonical<P, M> {
        self.keep_items(&mut draft.state);
        let (order, mut classes) =
            if self.reductions.symmetry { self.classes(&draft.state) } else { (self.identity(), Vec::new()) };
        if classes.is_empty() {
            return self.renamed(draft.state, &draft.sources, order);
        }
        let mut best = self.renamed(draft.state.clone(), &draft.sources, order.clone());
        // Where each exchange of two neighbours changes nothing, no order does: there is no need to try them all.
        classes.retain(|class| {
            let exchange_shows = |pair: &[u8]| {
                let mut exchanged = order.clone();
                exchanged.swap(usize::from(pair[0]), usize::from(pair[1]));
                self.renamed(draft.state.clone(), &draft.sources, exchanged).state != best.state
            };
            class.len() == 2 || class.windows(2).any(exchange_shows)
        });
        let mut least = hash_of(&best.state);
        for order in orders(&order, &classes) {
            let candidate = self.renamed(draft.state.clone(), &draft.sources, order);
            let hash = hash_of(&candidate.state);
            if hash < least {
                (least, best) = (hash, candidate);
            }
        }
        best
    }

    pub(super) fn identity(&self) -> Vec<u8> {
        (0..self.setup.nodes.len() as u8).collect()
    }

    /// Makes known what a step has made.
    fn keep_items(&self, state: &mut State<P, M>) {
        for item in &mut state.items {
            if let Told::New(what) = &item.told {
                item.told = Told::Kept(self.items.keep(what));
            }
        }
    }

    /// The state with nodes in the given order, items sorted and identities renumbered.
    pub(super) fn renamed(&self, mut state: State<P, M>, sources: &[Source], order: Vec<u8>) -> Canonical<P, M> {
        self.keep_items(&mut state);
        if order.iter().enumerate().any(|(new, old)| new != usize::from(*old)) {
            self.permute(&mut state, &order);
        }
        let (order_of_items, numbers) = sorted(&state);
        let due = order_of_items.iter().filter(|&&index| state.items[usize::from(index)].place == Place::Due);
        let origins = due.map(|&index| sources[usize::from(index)].origin).collect();
        let uids = order_of_items.iter().map(|&index| sources[usize::from(index)].uid).collect();
        put_in_order(&mut state.items, order_of_items);
        state.ends.sort_unstable();
        if !numbers.stay() {
            self.rename(&mut state, &mut Rename { nodes: None, numbers: &numbers });
        }
        Canonical { state, uids, origins, nodes: order }
    }

    /// Calls node `order[i]` by the name `i`.
    fn permute(&self, state: &mut State<P, M>, order: &[u8]) {
        let mut names = vec![NodeId(0); order.len()];
        for (new, old) in order.iter().enumerate() {
            names[usize::from(*old)] = NodeId(new as u16);
        }
        state.nodes = order.iter().map(|old| state.nodes[usize::from(*old)].clone()).collect();
        for item in &mut state.items {
            if let What::Heal { fault, cut } = *item.what() {
                let cut = self.renamed_cut(fault, cut, &names);
                item.told = Told::Kept(self.items.keep(&What::Heal { fault, cut }));
            }
        }
        self.rename(state, &mut Rename { nodes: Some(&names), numbers: &Numbers::default() });
        for end in &mut state.ends {
            end.node = names[end.node.index()];
            end.peer = names[end.peer.index()];
        }
    }

    pub(super) fn renamed_cut(&self, fault: u8, cut: u8, names: &[NodeId]) -> u8 {
        let image: BTreeSet<_> =
            self.cut_of(fault, cut).iter().map(|(from, to)| (names[from.index()], names[to.index()])).collect();
        let FaultKind::Cut { cuts, .. } = &self.setup.faults[usize::from(fault)].kind else {
            unreachable!("only a cut heals");
        };
        if self.cut_of(fault, cut).iter().all(|direction| image.contains(direction)) {
            return cut;
        }
        let index = cuts.iter().position(|cut| cut.iter().copied().collect::<BTreeSet<_>>() == image);
        index.expect("interchangeable nodes are cut off alike") as u8
    }

    /// The nodes with each group sorted by what is seen of a node without names, and the places of those that look
    /// alike.
    fn classes(&self, state: &State<P, M>) -> (Vec<u8>, Vec<Vec<u8>>) {
        let mut order = self.identity();
        let mut classes = Vec::new();
        if self.groups.is_empty() {
            return (order, classes);
        }
        let signatures = self.signatures(state);
        for group in &self.groups {
            let mut members: SmallVec<[(u64, u8); 8]> =
                group.iter().map(|&node| (signatures[usize::from(node)], node)).collect();
            members.sort_unstable();
            for (place, (_, node)) in group.iter().zip(&members) {
                order[usize::from(*place)] = *node;
            }
            let mut start = 0;
            for class in members.chunk_by(|a, b| a.0 == b.0) {
                if class.len() > 1 {
                    classes.push(group[start..start + class.len()].to_vec());
                }
                start += class.len();
            }
        }
        (order, classes)
    }

    /// What is seen of each node without names. Equal for nodes of a group that are alike.
    pub(super) fn signatures(&self, state: &State<P, M>) -> SmallVec<[u64; 8]> {
        let mut sums: SmallVec<[u64; 8]> = state.nodes.iter().map(look_of).collect();
        // One of a node's own group looks like any other.
        let seen = |by: NodeId, other: NodeId| {
            let group = self.group_of[other.index()];
            if group.is_some() && group == self.group_of[by.index()] { u8::MAX.into() } else { other.0 }
        };
        for item in &state.items {
            let what = item.what();
            let mut add = |node: NodeId, role: u32| {
                let seen = hash_of(&(u32::from(what.kind()) << 24 | role, item.place, item.kept().look));
                sums[node.index()] = sums[node.index()].wrapping_add(seen);
            };
            let mut add_both = |node: NodeId, peer: NodeId, role: u32| {
                add(node, u32::from(seen(node, peer)) << 8 | role);
                add(peer, u32::from(seen(peer, node)) << 8 | (role + 1));
            };
            match *what {
                What::Start { node } | What::Timer { node, .. } | What::Resume { node } => add(node, 0),
                What::Closed { node, peer, .. } | What::Patience { node, peer, .. } => add_both(node, peer, 1),
                What::Message { from, to, .. } => add_both(from, to, 3),
                What::Heal { fault, cut } => {
                    let directions = self.cut_of(fault, cut);
                    for node in self.setup.ids() {
                        if directions.iter().any(|(from, to)| *from == node || *to == node) {
                            add(node, u32::from(fault) << 8 | 5);
                        }
                    }
                }
                What::Refill { .. } | What::Stopwatch => {}
            }
        }
        for end in &state.ends {
            let seen = hash_of(&(seen(end.node, end.peer), end.lane, end.broken));
            sums[end.node.index()] = sums[end.node.index()].wrapping_add(seen);
        }
        for (sum, node) in sums.iter_mut().zip(self.setup.ids()) {
            *sum = hash_of(&(*sum, state.watch.holders.contains(&node), state.watch.last == Some(node)));
        }
        sums
    }
}

fn look_of<P: Process>(node: &NodeState<P>) -> u64 {
    match node {
        NodeState::Down { dead, .. } => hash_of(&(0_u8, dead)),
        NodeState::Up { hosted, paused, .. } => hash_of(&(1_u8, hosted.look, paused.as_ref().map(Vec::len))),
    }
}

/// The indices of a state's items in canonical order, and how identities are called then.
fn sorted<P: Process, M: Data>(state: &State<P, M>) -> (Order, Numbers) {
    let mut keys: SmallVec<[(Key, Uid); 20]> = state.items.iter().map(sort_key).zip(0..).collect();
    if !keys.is_sorted() {
        // What has equal keys keeps its order.
        keys.sort_unstable();
    }
    let item = |index: Uid| &state.items[usize::from(index)];
    let mut numbers = Numbers::of(state, keys.iter().map(|(_, index)| item(*index)));
    let mut moved = false;
    for run in keys.chunk_by_mut(|a, b| a.0 == b.0) {
        if run.len() > 1 && may_be_exchanged(item(run[0].1)) {
            // Names that a node knows do not depend on the order of the items, so they can decide it.
            let names =
                |(_, index): &(Key, Uid)| names_key(item(*index), &mut Rename { nodes: None, numbers: &numbers });
            if !run.is_sorted_by_key(names) {
                run.sort_by_key(names);
                moved = true;
            }
        }
    }
    if moved && numbers.strays {
        numbers = Numbers::of(state, keys.iter().map(|(_, index)| item(*index)));
    }
    (keys.into_iter().map(|(_, index)| index).collect(), numbers)
}

/// Moves each item to its place: `order` has old indices.
fn put_in_order<T>(items: &mut [T], mut order: Order) {
    for place in 0..order.len() {
        let mut from = usize::from(order[place]);
        // It was moved on when its own place was filled.
        while from < place {
            from = usize::from(order[from]);
        }
        items.swap(place, from);
        order[place] = from as Uid;
    }
}

/// By kind, ends and lane; then by content and place.
type Key = (u32, u64, Place);

/// Old indices of items, in their new order.
type Order = SmallVec<[Uid; 24]>;

/// The canonical order of items. What travels on one lane keeps its order: the sort is stable.
fn sort_key<P: Process>(item: &Item<P>) -> Key {
    let what = item.what();
    // A world has at most `MOST_NODES` nodes.
    let byte = |node: NodeId| node.0 as u8;
    let (a, b, c) = match *what {
        What::Start { node } | What::Timer { node, .. } | What::Resume { node } => (byte(node), 0, 0),
        What::Message { from, to, lane, .. } => (byte(from), byte(to), lane.map_or(0, |lane| lane.0)),
        What::Closed { node, peer, lane, .. } => (byte(peer), byte(node), lane.0),
        What::Patience { node, peer, lane } => (byte(node), byte(peer), lane.0),
        What::Heal { fault, cut } => (fault, cut, 0),
        What::Refill { fault } => (fault, 0, 0),
        What::Stopwatch => (0, 0, 0),
    };
    let first = u32::from_be_bytes([what.kind(), a, b, c]);
    if what.direction().is_some() { (first, 0, Place::Due) } else { (first, item.kept().look, item.place) }
}

/// Whether only names can tell which of two items with one key comes first.
fn may_be_exchanged<P: Process>(item: &Item<P>) -> bool {
    let what = item.what();
    what.direction().is_none() && matches!(what, What::Timer { .. } | What::Message { .. })
}

/// Tells items apart that differ in their names only.
fn names_key<P: Process>(item: &Item<P>, rename: &mut Rename<'_>) -> SmallVec<[u64; 8]> {
    let number = |name: &Name| match name.renamed(rename) {
        Name::Node(node) => u64::from(node.0),
        Name::Id(id) => id.value(),
        Name::Rank(rank) => rank.value(),
    };
    item.kept().names.iter().map(number).collect()
}

/// Every order in which the nodes at the places of some classes are exchanged among themselves, but the first one.
fn orders(first: &[u8], classes: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut all = vec![first.to_vec()];
    for class in classes {
        // As a product it would not fit into a number.
        let many = (1..=class.len()).try_fold(all.len(), |many, next| many.checked_mul(next));
        if many.is_none_or(|many| many > MOST_ORDERS) {
            continue;
        }
        let nodes: Vec<u8> = class.iter().map(|place| first[usize::from(*place)]).collect();
        let exchanged = |order: &Vec<u8>, way: Vec<u8>| {
            let mut order = order.clone();
            class.iter().zip(way).for_each(|(place, node)| order[usize::from(*place)] = node);
            order
        };
        all = all.iter().flat_map(|order| permutations(&nodes).into_iter().map(|way| exchanged(order, way))).collect();
    }
    // Permutations begin with the order as it is.
    all.split_off(1)
}

fn permutations(nodes: &[u8]) -> Vec<Vec<u8>> {
    if nodes.len() <= 1 {
        return vec![nodes.to_vec()];
    }
    let mut all = Vec::new();
    for (index, &first) in nodes.iter().enumerate() {
        let rest: Vec<u8> =
            nodes.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, node)| *node).collect();
        for mut tail in permutations(&rest) {
            tail.insert(0, first);
            all.push(tail);
        }
    }
    all
}
