//! How identities are renumbered, and names replaced everywhere in a state.

use smallvec::SmallVec;

use super::{
    kept::Kept,
    laws::Laws,
    state::{Item, List, Name, NodeState, State, Told},
};
use crate::process::{Data, Effect, Id, Names, NodeId, Process, Rank, Sort, Visitor};

/// Every name in a state.
pub(super) fn each_name<P: Process, M: Data>(state: &State<P, M>, mut tell: impl FnMut(Name)) {
    let mut list = List(Vec::new());
    for node in &state.nodes {
        if let NodeState::Up { hosted, .. } = node {
            hosted.names.iter().copied().for_each(&mut tell);
        }
        visit_rest(node, &mut list);
        list.0.drain(..).for_each(&mut tell);
    }
    for item in &state.items {
        item.kept().names.iter().copied().for_each(&mut tell);
    }
    state.watch.memory.names.iter().copied().for_each(tell);
}

/// Lists the names that a node knows beside its process.
fn visit_rest<P: Process>(node: &NodeState<P>, list: &mut List) {
    match node {
        NodeState::Down { durable, .. } => durable.clone().visit(list),
        NodeState::Up { durable, incarnation, paused, .. } => {
            durable.clone().visit(list);
            list.0.push(Name::Rank(*incarnation));
            for effect in paused.iter().flatten() {
                visit_effect(&mut effect.clone(), list);
            }
        }
    }
}

/// How the living identities are called from now on.
#[derive(Default)]
pub(super) struct Numbers {
    /// Old and new of those that are called otherwise.
    ids: SmallVec<[(u64, u64); 16]>,
    /// Old ones, sorted: the new ones are their places within their sort. Empty if all keep their names.
    ranks: SmallVec<[(Sort, u64); 24]>,
    /// Whether there are ids that no node knows.
    pub(super) strays: bool,
}

impl Numbers {
    /// `Id` by where it occurs first: the node, or what is no node, and how many others occur first there. So what one
    /// node learns or forgets renames nothing that another knew before. `Rank` by order within its sort.
    pub(super) fn of<'a, P: Process, M: Data>(
        state: &State<P, M>,
        items: impl Iterator<Item = &'a Item<P>>,
    ) -> Numbers {
        let mut numbers = Numbers::default();
        let mut list = List(Vec::new());
        for (index, node) in state.nodes.iter().enumerate() {
            let mut next = (index as u64) << 32;
            if let NodeState::Up { hosted, .. } = node {
                numbers.add(&hosted.ids, &hosted.ranks, &mut next);
            }
            visit_rest(node, &mut list);
            for name in list.0.drain(..) {
                numbers.add(name.id().as_slice(), name.rank().as_slice(), &mut next);
            }
        }
        let first = (state.nodes.len() as u64) << 32;
        let mut next = first;
        for item in items {
            numbers.add(&item.kept().ids, &item.kept().ranks, &mut next);
        }
        numbers.add(&state.watch.memory.ids, &state.watch.memory.ranks, &mut next);
        numbers.strays = next > first;
        numbers.ids.retain(|(old, new)| old != new);
        numbers.ranks.sort_unstable();
        numbers.ranks.dedup();
        let in_sorts = numbers.ranks.chunk_by(|a, b| a.0 == b.0);
        if in_sorts.flat_map(|ranks| (1..).zip(ranks)).all(|(new, (_, old))| new == *old) {
            numbers.ranks.clear();
        }
        numbers
    }

    fn add(&mut self, ids: &[u64], ranks: &[(Sort, u64)], next: &mut u64) {
        for &id in ids {
            if !self.ids.iter().any(|(old, _)| *old == id) {
                self.ids.push((id, *next));
                *next += 1;
            }
        }
        for rank in ranks {
            // Few are alive at once, most of them told again and again.
            if !self.ranks.contains(rank) {
                self.ranks.push(*rank);
            }
        }
    }

    /// Whether a value has a name that changes.
    fn touch<T>(&self, kept: &Kept<T>) -> bool {
        let other_id = |id: &u64| self.ids.iter().any(|(old, _)| old == id);
        let other_rank = |&(sort, old): &(Sort, u64)| self.rank(sort, old) != old;
        !self.ids.is_empty() && kept.ids.iter().any(other_id)
            || !self.ranks.is_empty() && kept.ranks.iter().any(other_rank)
    }

    /// Whether all keep their names.
    pub(super) fn stay(&self) -> bool {
        self.ids.is_empty() && self.ranks.is_empty()
    }

    fn id(&self, old: u64) -> u64 {
        self.ids.iter().find(|id| id.0 == old).map_or(old, |id| id.1)
    }

    fn rank(&self, sort: Sort, old: u64) -> u64 {
        if self.ranks.is_empty() {
            return old;
        }
        let first = self.ranks.partition_point(|rank| rank.0 < sort);
        let place = self.ranks[first..].iter().position(|rank| *rank == (sort, old));
        place.expect("every living identity was listed") as u64 + 1
    }
}

/// Replaces names: of nodes, or of other identities.
pub(super) struct Rename<'a> {
    pub(super) nodes: Option<&'a [NodeId]>,
    pub(super) numbers: &'a Numbers,
}

impl Rename<'_> {
    /// Whether it changes a value.
    fn touches<T>(&mut self, kept: &Kept<T>) -> bool {
        match self.nodes {
            None => self.numbers.touch(kept),
            Some(_) => kept.names.iter().any(|name| name.renamed(self) != *name),
        }
    }
}

impl Visitor for Rename<'_> {
    fn node(&mut self, node: &mut NodeId) {
        if let Some(nodes) = self.nodes {
            *node = nodes[node.index()];
        }
    }

    fn id(&mut self, id: &mut Id) {
        *id = Id::new(self.numbers.id(id.value()));
    }

    fn rank(&mut self, rank: &mut Rank) {
        if rank.value() > 0 {
            *rank = Rank::new(rank.sort(), self.numbers.rank(rank.sort(), rank.value()));
        }
        if let Some(nodes) = self.nodes
            && rank.sort().0 >= Sort::INCARNATIONS
        {
            let node = nodes[usize::from(rank.sort().0 - Sort::INCARNATIONS)];
            *rank = Rank::new(Sort::incarnation(node), rank.value());
        }
    }
}

impl<P: Process, M: Data> Laws<P, M> {
    pub(super) fn rename(&self, state: &mut State<P, M>, names: &mut Rename<'_>) {
        for node in &mut state.nodes {
            match node {
                NodeState::Down { durable, .. } => durable.visit(names),
                NodeState::Up { hosted, durable, incarnation, paused } => {
                    if names.touches(hosted) {
                        self.processes.rename(hosted, names);
                    }
                    durable.visit(names);
                    incarnation.visit(names);
                    paused.iter_mut().flatten().for_each(|effect| visit_effect(effect, names));
                }
            }
        }
        for item in &mut state.items {
            if let Told::Kept(kept) = &mut item.told
                && names.touches(kept)
            {
                self.items.rename(kept, names);
            }
        }
        if names.touches(&state.watch.memory) {
            self.memories.rename(&mut state.watch.memory, names);
        }
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
