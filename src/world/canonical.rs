//! Canonical form: equal situations become equal states.
//!
//! Items are sorted, living identities are renumbered, and nodes of a group are put in an order of their own. Each is
//! only a renaming, so it changes no verdict; a renaming that is missed costs states, never soundness.

use std::collections::BTreeSet;

use super::{
    World,
    draft::{Draft, Source, Uid},
    space::Origin,
    state::{Item, List, Name, NodeState, Place, State, What, hash_of},
};
use crate::{
    process::{Data, Effect, Id, Names, NodeId, Process, Rank, Sort, Visitor},
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

impl<P: Process, M: Data> World<P, M> {
    pub(super) fn canonical(&self, draft: Draft<P, M>) -> Canonical<P, M> {
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

    /// The state with nodes in the given order, items sorted and identities renumbered.
    pub(super) fn renamed(&self, mut state: State<P, M>, sources: &[Source], order: Vec<u8>) -> Canonical<P, M> {
        if order.iter().enumerate().any(|(new, old)| new != usize::from(*old)) {
            self.permute(&mut state, &order);
        }
        let mut items: Vec<(Item<P>, Source)> =
            std::mem::take(&mut state.items).into_iter().zip(sources.iter().copied()).collect();
        if !items.is_sorted_by_key(|(item, _)| sort_key(item)) {
            items.sort_by_cached_key(|(item, _)| sort_key(item));
        }
        if items.windows(2).any(|pair| alike(&pair[0].0, &pair[1].0)) {
            // Names that a node knows do not depend on the order of the items, so they can decide it.
            let names = names(&state, items.iter().map(|(item, _)| item));
            let numbers = Numbers::of(&names);
            let key = |item: &Item<P>| names_key(item, &mut Rename { nodes: None, numbers: Some(&numbers) });
            items.sort_by(|(a, _), (b, _)| sort_key(a).cmp(&sort_key(b)).then_with(|| key(a).cmp(&key(b))));
        }
        let due = items.iter().filter(|(item, _)| item.place == Place::Due);
        let origins = due.map(|(_, source)| source.origin).collect();
        let uids = items.iter().map(|(_, source)| source.uid).collect();
        state.items = Vec::with_capacity(items.len());
        state.items.extend(items.into_iter().map(|(item, _)| item));
        state.ends.sort_unstable();
        self.renumber(&mut state);
        Canonical { state, uids, origins, nodes: order }
    }

    /// Calls node `order[i]` by the name `i`.
    fn permute(&self, state: &mut State<P, M>, order: &[u8]) {
        let mut names = vec![NodeId(0); order.len()];
        for (new, old) in order.iter().enumerate() {
            names[usize::from(*old)] = NodeId(new as u8);
        }
        state.nodes = order.iter().map(|old| state.nodes[usize::from(*old)].clone()).collect();
        for item in &mut state.items {
            if let What::Heal { fault, cut } = item.what {
                let cut = self.renamed_cut(fault, cut, &names);
                item.change(|what| *what = What::Heal { fault, cut });
            }
        }
        self.rename(state, &mut Rename { nodes: Some(&names), numbers: None });
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
        for group in &self.groups {
            let mut members: Vec<(u64, u8)> =
                group.iter().map(|&node| (self.signature(state, NodeId(node), group), node)).collect();
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

    /// What is seen of a node without names. Equal for nodes that are alike.
    pub(super) fn signature(&self, state: &State<P, M>, node: NodeId, group: &[u8]) -> u64 {
        let seen = |other: NodeId| if group.contains(&other.0) { u8::MAX } else { other.0 };
        let own = match &state.nodes[node.index()] {
            NodeState::Down { dead, .. } => hash_of(&(0_u8, dead)),
            NodeState::Up { hosted, paused, .. } => hash_of(&(1_u8, hosted.erased, paused.as_ref().map(Vec::len))),
        };
        let mut sum = own;
        for item in &state.items {
            let role = match item.what {
                What::Start { node: of } | What::Timer { node: of, .. } | What::Resume { node: of } if of == node => 0,
                What::Closed { node: of, peer, .. } | What::Patience { node: of, peer, .. } if of == node => {
                    u32::from(seen(peer)) << 8 | 1
                }
                What::Closed { node: of, peer, .. } | What::Patience { node: of, peer, .. } if peer == node => {
                    u32::from(seen(of)) << 8 | 2
                }
                What::Message { from, to, .. } if from == node => u32::from(seen(to)) << 8 | 3,
                What::Message { from, to, .. } if to == node => u32::from(seen(from)) << 8 | 4,
                What::Heal { fault, cut }
                    if self.cut_of(fault, cut).iter().any(|(from, to)| *from == node || *to == node) =>
                {
                    u32::from(fault) << 8 | 5
                }
                _ => continue,
            };
            sum = sum.wrapping_add(hash_of(&(item.what.kind(), role, item.place, item.erased)));
        }
        for end in state.ends.iter().filter(|end| end.node == node) {
            sum = sum.wrapping_add(hash_of(&(seen(end.peer), end.lane, end.broken)));
        }
        hash_of(&(sum, state.watch.holders.contains(&node), state.watch.last == Some(node)))
    }
}

/// The canonical order of items. What travels on one lane keeps its order: the sort is stable.
fn sort_key<P: Process>(item: &Item<P>) -> (u8, u8, u8, u8, u64, Place) {
    let (a, b, c) = match item.what {
        What::Start { node } | What::Timer { node, .. } | What::Resume { node } => (node.0, 0, 0),
        What::Message { from, to, lane, .. } => (from.0, to.0, lane.map_or(0, |lane| lane.0)),
        What::Closed { node, peer, lane, .. } => (peer.0, node.0, lane.0),
        What::Patience { node, peer, lane } => (node.0, peer.0, lane.0),
        What::Heal { fault, cut } => (fault, cut, 0),
        What::Refill { fault } => (fault, 0, 0),
        What::Stopwatch => (0, 0, 0),
    };
    if item.what.direction().is_some() {
        return (item.what.kind(), a, b, c, 0, Place::Due);
    }
    (item.what.kind(), a, b, c, item.erased, item.place)
}

/// Whether only names can tell which of two items comes first.
fn alike<P: Process>(a: &Item<P>, b: &Item<P>) -> bool {
    a.what.direction().is_none()
        && matches!(a.what, What::Timer { .. } | What::Message { .. })
        && sort_key(a) == sort_key(b)
}

/// Tells items apart that differ in their names only. What travels on one lane keeps its order.
fn names_key<P: Process>(item: &Item<P>, rename: &mut Rename<'_>) -> Vec<u64> {
    if item.what.direction().is_some() {
        return Vec::new();
    }
    let number = |name: &Name| match name.renamed(rename) {
        Name::Node(node) => u64::from(node.0),
        Name::Id(id) => id.value(),
        Name::Rank(rank) => rank.value(),
    };
    item.names.iter().map(number).collect()
}

/// Every name in a state, in the order in which identities are renumbered.
pub(super) fn names<'a, P: Process, M: Data>(
    state: &State<P, M>,
    items: impl Iterator<Item = &'a Item<P>>,
) -> Vec<Name> {
    let mut list = List(Vec::with_capacity(64));
    for node in &state.nodes {
        match node {
            NodeState::Down { durable, .. } => durable.clone().visit(&mut list),
            NodeState::Up { hosted, durable, incarnation, paused } => {
                list.0.extend_from_slice(&hosted.names);
                durable.clone().visit(&mut list);
                list.0.push(Name::Rank(*incarnation));
                for effect in paused.iter().flatten() {
                    visit_effect(&mut effect.clone(), &mut list);
                }
            }
        }
    }
    for item in items {
        list.0.extend_from_slice(&item.names);
    }
    list.0.extend_from_slice(&state.watch.memory.names);
    list.0
}

/// Old names at the places of new ones.
struct Numbers {
    ids: Vec<u64>,
    /// Sorted.
    ranks: Vec<(Sort, u64)>,
}

impl Numbers {
    /// How the living identities are called from now on: `Id` by first occurrence, `Rank` by order within its sort.
    fn of(names: &[Name]) -> Numbers {
        let mut numbers = Numbers { ids: Vec::with_capacity(16), ranks: Vec::with_capacity(16) };
        for name in names {
            match *name {
                Name::Node(_) => {}
                Name::Id(id) if numbers.ids.contains(&id.value()) => {}
                Name::Id(id) => numbers.ids.push(id.value()),
                Name::Rank(rank) if rank.value() > 0 => numbers.ranks.push((rank.sort(), rank.value())),
                Name::Rank(_) => {}
            }
        }
        numbers.ranks.sort_unstable();
        numbers.ranks.dedup();
        numbers
    }

    /// Whether all keep their names.
    fn stay(&self) -> bool {
        let ids_stay = (0..).zip(&self.ids).all(|(new, old)| new == *old);
        ids_stay && self.ranks.iter().all(|&(sort, value)| self.rank(sort, value) == value)
    }

    fn id(&self, old: u64) -> u64 {
        self.ids.iter().position(|id| *id == old).expect("every living identity was listed") as u64
    }

    fn rank(&self, sort: Sort, old: u64) -> u64 {
        let first = self.ranks.partition_point(|rank| rank.0 < sort);
        let place = self.ranks[first..].iter().position(|rank| *rank == (sort, old));
        place.expect("every living identity was listed") as u64 + 1
    }
}

/// Replaces names.
struct Rename<'a> {
    nodes: Option<&'a [NodeId]>,
    numbers: Option<&'a Numbers>,
}

impl Visitor for Rename<'_> {
    fn node(&mut self, node: &mut NodeId) {
        if let Some(nodes) = self.nodes {
            *node = nodes[node.index()];
        }
    }

    fn id(&mut self, id: &mut Id) {
        if let Some(numbers) = self.numbers {
            *id = Id::new(numbers.id(id.value()));
        }
    }

    fn rank(&mut self, rank: &mut Rank) {
        if let Some(numbers) = self.numbers
            && rank.value() > 0
        {
            *rank = Rank::new(rank.sort(), numbers.rank(rank.sort(), rank.value()));
        }
        if let Some(nodes) = self.nodes
            && rank.sort().0 >= Sort::INCARNATIONS
        {
            let node = nodes[usize::from(rank.sort().0 - Sort::INCARNATIONS)];
            *rank = Rank::new(Sort::incarnation(node), rank.value());
        }
    }
}

impl<P: Process, M: Data> World<P, M> {
    fn renumber(&self, state: &mut State<P, M>) {
        let numbers = Numbers::of(&names(state, state.items.iter()));
        if !numbers.stay() {
            self.rename(state, &mut Rename { nodes: None, numbers: Some(&numbers) });
        }
    }

    fn rename(&self, state: &mut State<P, M>, names: &mut Rename<'_>) {
        for node in &mut state.nodes {
            match node {
                NodeState::Down { durable, .. } => durable.visit(names),
                NodeState::Up { hosted, durable, incarnation, paused } => {
                    self.processes.rename(hosted, names);
                    durable.visit(names);
                    incarnation.visit(names);
                    paused.iter_mut().flatten().for_each(|effect| visit_effect(effect, names));
                }
            }
        }
        for item in &mut state.items {
            item.rename(names);
        }
        self.memories.rename(&mut state.watch.memory, names);
        state.watch.holders.visit(names);
        state.watch.holders.sort_unstable();
        state.watch.last.visit(names);
    }
}

fn visit_effect<P: Process>(effect: &mut Effect<P>, visitor: &mut dyn Visitor) {
    match effect {
        Effect::Send { to, message } => {
            visitor.node(to);
            message.visit(visitor);
        }
        Effect::Arm { timer, .. } | Effect::Disarm(timer) => timer.visit(visitor),
        Effect::Rename { from, to } => {
            from.visit(visitor);
            to.visit(visitor);
        }
        Effect::Persist(durable) => durable.visit(visitor),
        Effect::Emit(event) => event.visit(visitor),
        Effect::Exit => {}
    }
}

/// Every order in which the nodes at the places of some classes are exchanged among themselves, but the first one.
fn orders(first: &[u8], classes: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut all = vec![first.to_vec()];
    for class in classes {
        if all.len() * (1..=class.len()).product::<usize>() > MOST_ORDERS {
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
