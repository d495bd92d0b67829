//! What leads where in a world: its set-up, its observer, and what is known of values that states share. It numbers no
//! state and changes no answer, so several threads ask it side by side.

use std::collections::BTreeMap;

use super::{
    Focus, Reductions,
    draft::Draft,
    effects::Answers,
    expand::{Act, Cause, Label},
    kept::Keeper,
    space::{Automorphism, Cap, Causes, Marks, Origin},
    state::{NodeState, Place, State, Watching, What, erased, hash_of},
};
use crate::{
    process::{Data, Fresh, Process},
    spec::{Property, Setup},
};

#[derive(Debug)]
pub(super) struct Laws<P: Process, M: Data> {
    pub(super) setup: Setup<P>,
    pub(super) property: Property<P, M>,
    pub(super) focus: Focus,
    pub(super) reductions: Reductions,
    /// Also branches that cannot be told apart from others, which a run may name.
    pub(super) thorough: bool,
    pub(super) groups: Vec<Vec<u8>>,
    /// For each node, which of the groups it is in.
    pub(super) group_of: Vec<Option<u8>>,
    pub(super) processes: Keeper<P>,
    pub(super) memories: Keeper<M>,
    pub(super) items: Keeper<What<P>>,
    pub(super) answers: Answers<P>,
}

/// An edge before its target has a number.
#[derive(Debug)]
pub(super) struct Successor<P: Process, M: Data> {
    pub(super) fires: Option<u16>,
    pub(super) state: State<P, M>,
    pub(super) hash: u64,
    pub(super) origins: Vec<Origin>,
    pub(super) ordered: Box<[(u16, u16)]>,
    pub(super) marks: Marks,
    pub(super) reads: bool,
    pub(super) label: u32,
}

impl<P: Process, M: Data> Laws<P, M> {
    pub(super) fn new(setup: Setup<P>, property: Property<P, M>, focus: Focus, reductions: Reductions) -> Laws<P, M> {
        let mut groups: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
        for node in setup.ids() {
            if let Some(group) = setup.exchanges_in(node) {
                groups.entry(group).or_default().push(node.0 as u8);
            }
        }
        let groups: Vec<Vec<u8>> = groups.into_values().filter(|group| group.len() > 1).collect();
        let of = |node: usize| groups.iter().position(|group| group.contains(&(node as u8)));
        let group_of = (0..setup.nodes.len()).map(|node| of(node).map(|group| group as u8)).collect();
        Laws {
            setup,
            property,
            focus,
            reductions,
            thorough: !reductions.branches,
            groups,
            group_of,
            processes: Keeper::new(|process| erased(process.clone())),
            memories: Keeper::new(|_| 0),
            items: Keeper::new(What::look),
            answers: Answers::default(),
        }
    }

    /// Nothing has started; every first start is under way.
    pub(super) fn first_starts(&self) -> Draft<P, M> {
        let nodes = self.setup.nodes.iter().map(|_| NodeState::Down { durable: P::Durable::default(), dead: false });
        let empty = State {
            nodes: nodes.collect(),
            items: Vec::new(),
            ends: Vec::new(),
            tokens: self.setup.faults.iter().map(|fault| fault.tokens.at_most).collect(),
            watch: Watching { memory: self.memories.keep(&self.property.memory), holders: Vec::new(), last: None },
        };
        let mut draft = Draft::of(&empty, Fresh::default());
        for node in self.setup.ids() {
            draft.add(What::Start { node }, Place::Due, self.setup.node(node).start);
        }
        draft
    }

    /// Everything that a cause leads to.
    ///
    /// # Errors
    /// When a link's capacity is exceeded.
    pub(super) fn successors(
        &self,
        source: &State<P, M>,
        fresh: &Fresh,
        cause: Cause,
    ) -> Result<Vec<Successor<P, M>>, Cap> {
        let expanded = self.expand(source, fresh, cause)?.into_iter();
        let successor = |(number, (label, draft)): (u32, (Label, Draft<P, M>))| {
            self.successor(source, u32::from(cause_number(cause)) << 16 | number, &label, draft)
        };
        Ok((0..).zip(expanded).map(successor).collect())
    }

    pub(super) fn successor(
        &self,
        source: &State<P, M>,
        number: u32,
        label: &Label,
        mut draft: Draft<P, M>,
    ) -> Successor<P, M> {
        let (pairs, marks, reads) = (std::mem::take(&mut draft.ordered), draft.marks, draft.reads);
        let canonical = self.canonical(draft);
        let variable_of = |uid| {
            let index = canonical.uids.iter().position(|other| *other == uid)?;
            (canonical.state.items[index].place == Place::Due).then(|| variable(&canonical.state, index))
        };
        let pairs = pairs.into_iter().filter_map(|(first, second)| Some((variable_of(first)?, variable_of(second)?)));
        let ordered = pairs.collect();
        let fires = match label.act {
            Act::Item(index) => Some(variable(source, usize::from(index))),
            Act::Node { .. } | Act::Machine { .. } | Act::Cut { .. } => None,
        };
        let hash = hash_of(&canonical.state);
        let (state, origins) = (canonical.state, canonical.origins);
        Successor { fires, state, hash, origins, ordered, marks, reads, label: number }
    }

    /// The renamings that leave a state as it is, other than the identity.
    pub(super) fn automorphisms(&self, state: &State<P, M>) -> Vec<Automorphism> {
        let mut found = Vec::new();
        if !self.reductions.symmetry || self.groups.is_empty() {
            return found;
        }
        let signatures = self.signatures(state);
        for group in &self.groups {
            for (index, &a) in group.iter().enumerate() {
                // Nodes that look different have no exchange that keeps the state.
                let looks = |node: u8| signatures[usize::from(node)];
                for &b in group[index + 1..].iter().filter(|&&b| looks(a) == looks(b)) {
                    let mut order = self.identity();
                    order.swap(usize::from(a), usize::from(b));
                    found.extend(self.automorphism(state, order));
                }
            }
        }
        close(&mut found);
        found
    }

    fn automorphism(&self, state: &State<P, M>, order: Vec<u8>) -> Option<Automorphism> {
        let draft = Draft::of(state, Fresh::default());
        let image = self.renamed(draft.state, &draft.sources, order);
        if image.state != *state {
            return None;
        }
        let variables = image.origins.iter().map(|origin| match origin {
            Origin::Kept(variable) => *variable,
            Origin::Widened(..) | Origin::Scheduled { .. } => unreachable!("no step was taken"),
        });
        Some(Automorphism { variables: variables.collect(), nodes: image.nodes.into() })
    }
}

/// At most so many renamings of a state are listed: every order of five nodes that look alike.
const MOST_AUTOMORPHISMS: usize = 119;

/// Adds what several renamings make in turn.
fn close(found: &mut Vec<Automorphism>) {
    let exchanges = found.len();
    let mut next = 0;
    while next < found.len() && found.len() < MOST_AUTOMORPHISMS {
        for exchange in 0..exchanges {
            let both = found[next].then(&found[exchange]);
            let identity = both.nodes.iter().enumerate().all(|(new, old)| new == usize::from(*old));
            if !identity && !found.contains(&both) && found.len() < MOST_AUTOMORPHISMS {
                found.push(both);
            }
        }
        next += 1;
    }
}

/// The causes of a state's steps that are in a set.
pub(super) fn causes_in<P: Process, M: Data>(state: &State<P, M>, set: Causes) -> Vec<Cause> {
    let due = state.items.iter().enumerate().filter(|(_, item)| item.place == Place::Due).zip(0..);
    let events = due.filter(|((_, item), _)| *item.what() != What::Stopwatch);
    let in_set = events.filter(|(_, variable)| set.contains(Causes::variable(*variable)));
    let mut causes: Vec<_> = in_set.map(|((index, _), _)| Cause::Item(index)).collect();
    causes.extend(set.contains(Causes::ADVERSARY).then_some(Cause::Adversary));
    causes
}

/// How an edge's label names a cause.
fn cause_number(cause: Cause) -> u16 {
    match cause {
        Cause::Item(index) => index as u16,
        Cause::Adversary => u16::MAX,
    }
}

/// The cause that an edge's label names.
pub(super) fn cause_of(label: u32) -> Cause {
    match (label >> 16) as u16 {
        u16::MAX => Cause::Adversary,
        index => Cause::Item(usize::from(index)),
    }
}

/// The variable of an item that is due: how many before it are.
pub(super) fn variable<P: Process, M: Data>(state: &State<P, M>, index: usize) -> u16 {
    state.items[..index].iter().filter(|item| item.place == Place::Due).count() as u16
}
