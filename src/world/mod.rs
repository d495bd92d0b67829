//! The checkers' world: nodes, what is under way, faults and an observer, as numbered discrete states.
//!
//! It rests on the process contract and the set-up only. The simulator has a world of its own, so that each can
//! refute the other.

mod canonical;
mod draft;
mod effects;
mod expand;
mod kept;
mod observe;
mod renumber;
mod since;
pub mod space;
mod state;
mod story;
mod streams;

use std::{collections::BTreeMap, sync::Arc};

use rustc_hash::{FxHashMap, FxHashSet};

use self::{
    draft::{Draft, Source},
    effects::Answers,
    expand::{Act, Cause, Label},
    kept::Keeper,
    since::Beginning,
    space::{Automorphism, Cap, Causes, Edge, Origin, Space, StateId, Variable},
    state::{NodeState, Place, State, Watching, What, erased, hash_of},
};
use crate::{
    process::{Data, Fresh, Process},
    spec::{Property, Setup},
};

/// What is asked of a property over intervals; the others have one question only.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Focus {
    /// Is it violated, and how bad is it?
    Check,
    /// How long between the end of one party's interval and the begin of another's?
    Margin,
    /// Does a second party hold after a first at all?
    Handover,
}

/// What makes a world smaller without changing what is answered about its property.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reductions {
    /// Situations that differ only in the names of interchangeable nodes are one state.
    pub symmetry: bool,
    /// When no stopwatch runs and none can be started any more, the run ends: what follows cannot be measured.
    pub ending: bool,
}

impl Reductions {
    pub const ALL: Reductions = Reductions { symmetry: true, ending: true };
    pub const NONE: Reductions = Reductions { symmetry: false, ending: false };
}

/// Everything that can happen to the nodes of a set-up, seen by one observer.
pub struct World<P: Process, M: Data> {
    setup: Setup<P>,
    property: Property<P, M>,
    focus: Focus,
    reductions: Reductions,
    /// Also branches that cannot be told apart from others, which a run may name.
    thorough: bool,
    groups: Vec<Vec<u8>>,
    /// For each node, which of the groups it is in.
    group_of: Vec<Option<u8>>,
    processes: Keeper<P>,
    memories: Keeper<M>,
    items: Keeper<What<P>>,
    answers: Answers<P>,
    states: Vec<Arc<State<P, M>>>,
    /// The latest state of each hash, and for each state the one before it with the same hash.
    latest: FxHashMap<u64, StateId>,
    earlier: Vec<Option<StateId>>,
    edges: Vec<Known>,
    origins: FxHashSet<Arc<[Origin]>>,
    /// `None` for the first starts.
    beginning: Option<Beginning>,
}

/// The edges of a state as far as they were asked for.
#[derive(Clone, Debug)]
struct Known {
    causes: Causes,
    edges: Arc<[Edge]>,
}

impl<P: Process, M: Data> World<P, M> {
    #[must_use]
    pub fn new(setup: Setup<P>, property: Property<P, M>, focus: Focus, reductions: Reductions) -> World<P, M> {
        let mut groups: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
        for (index, node) in setup.nodes.iter().enumerate() {
            let alone = setup.nodes.iter().filter(|other| other.machine == node.machine).count() == 1;
            // Nodes that share a machine die together, which a renaming of one of them would not keep.
            if let Some(group) = node.group.filter(|_| alone) {
                groups.entry(group).or_default().push(index as u8);
            }
        }
        let groups: Vec<Vec<u8>> = groups.into_values().filter(|group| group.len() > 1).collect();
        let of = |node: usize| groups.iter().position(|group| group.contains(&(node as u8)));
        let group_of = (0..setup.nodes.len()).map(|node| of(node).map(|group| group as u8)).collect();
        World {
            setup,
            property,
            focus,
            reductions,
            thorough: false,
            groups,
            group_of,
            processes: Keeper::new(|process| erased(process.clone())),
            memories: Keeper::new(|_| 0),
            items: Keeper::new(What::look),
            answers: Answers::default(),
            states: Vec::new(),
            latest: FxHashMap::default(),
            earlier: Vec::new(),
            edges: Vec::new(),
            origins: FxHashSet::default(),
            beginning: None,
        }
    }

    /// Nothing has started; every first start is under way.
    fn first_starts(&self) -> Draft<P, M> {
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

    /// What can cause a step of a state, and its bit.
    fn causes(&self, state: &State<P, M>) -> Vec<(Cause, Causes)> {
        let due = state.items.iter().enumerate().filter(|(_, item)| item.place == Place::Due).enumerate();
        let events = due.filter(|(_, (_, item))| *item.what() != What::Stopwatch);
        let mut causes: Vec<(Cause, Causes)> =
            events.map(|(variable, (index, _))| (Cause::Item(index), Causes::variable(variable as u16))).collect();
        causes.push((Cause::Adversary, Causes::ADVERSARY));
        causes
    }

    fn intern(&mut self, state: State<P, M>) -> StateId {
        let number = StateId::try_from(self.states.len()).expect("fewer than 2^32 states fit in memory");
        let hash = hash_of(&state);
        let latest = self.latest.get(&hash).copied();
        let mut known = latest;
        while let Some(number) = known {
            if *self.states[number as usize] == state {
                return number;
            }
            known = self.earlier[number as usize];
        }
        self.latest.insert(hash, number);
        self.earlier.push(latest);
        self.states.push(Arc::new(state));
        self.edges.push(Known { causes: Causes::NONE, edges: Arc::new([]) });
        number
    }

    /// Many edges schedule and keep alike.
    fn share(&mut self, origins: Vec<Origin>) -> Arc<[Origin]> {
        if let Some(known) = self.origins.get(origins.as_slice()) {
            return known.clone();
        }
        let origins: Arc<[Origin]> = origins.into();
        self.origins.insert(origins.clone());
        origins
    }

    fn edge(&mut self, source: &State<P, M>, number: u32, label: &Label, draft: Draft<P, M>) -> Edge {
        let (pairs, marks, reads) = (draft.ordered.clone(), draft.marks, draft.reads);
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
        let origins = self.share(canonical.origins);
        let target = self.intern(canonical.state);
        Edge { fires, target, origins, ordered, marks, reads, label: number }
    }
}

/// How an edge's label names a cause.
fn cause_number(cause: Cause) -> u16 {
    match cause {
        Cause::Item(index) => index as u16,
        Cause::Adversary => u16::MAX,
    }
}

/// The cause that an edge's label names.
fn cause_of(label: u32) -> Cause {
    match (label >> 16) as u16 {
        u16::MAX => Cause::Adversary,
        index => Cause::Item(usize::from(index)),
    }
}

/// The variable of an item that is due: how many before it are.
fn variable<P: Process, M: Data>(state: &State<P, M>, index: usize) -> u16 {
    state.items[..index].iter().filter(|item| item.place == Place::Due).count() as u16
}

fn variable_kind<P: Process>(what: &What<P>) -> Variable {
    if *what == What::Stopwatch { Variable::Stopwatch } else { Variable::Event }
}

impl<P: Process, M: Data> Space for World<P, M> {
    fn initial(&mut self) -> (StateId, Arc<[Origin]>) {
        if let Some(Beginning { state, origins }) = &self.beginning {
            return (*state, origins.clone());
        }
        let canonical = self.canonical(self.first_starts());
        (self.intern(canonical.state), canonical.origins.into())
    }

    fn edges(&mut self, state: StateId) -> Result<Arc<[Edge]>, Cap> {
        self.edges_by(state, Causes::ALL)
    }

    fn edges_by(&mut self, state: StateId, causes: Causes) -> Result<Arc<[Edge]>, Cap> {
        let known = self.edges[state as usize].clone();
        if known.causes.contains(causes) {
            return Ok(known.edges);
        }
        let mut edges = known.edges.to_vec();
        let asked = known.causes.with(causes);
        let source = self.states[state as usize].clone();
        let fresh = self.fresh(&source);
        for (cause, of_cause) in self.causes(&source) {
            if !causes.contains(of_cause) || known.causes.contains(of_cause) {
                continue;
            }
            let before = edges.len();
            for (number, (label, draft)) in self.expand(&source, &fresh, cause)?.into_iter().enumerate() {
                let label_number = u32::from(cause_number(cause)) << 16 | number as u32;
                let edge = self.edge(&source, label_number, &label, draft);
                // The same step by another name.
                let twin = |other: &Edge| {
                    (other.fires, other.target, other.marks, other.reads)
                        == (edge.fires, edge.target, edge.marks, edge.reads)
                        && other.origins == edge.origins
                        && other.ordered == edge.ordered
                };
                if !edges[before..].iter().any(twin) {
                    edges.push(edge);
                }
            }
        }
        let edges: Arc<[Edge]> = edges.into();
        self.edges[state as usize] = Known { causes: asked, edges: edges.clone() };
        Ok(edges)
    }

    fn variables(&self, state: StateId) -> Arc<[Variable]> {
        let items = &self.states[state as usize].items;
        let due = items.iter().filter(|item| item.place == Place::Due);
        due.map(|item| variable_kind(item.what())).collect()
    }

    fn automorphisms(&mut self, state: StateId) -> Arc<[Automorphism]> {
        if !self.reductions.symmetry || self.groups.is_empty() {
            return Arc::new([]);
        }
        let state = self.states[state as usize].clone();
        let draft = Draft::of(&state, Fresh::default());
        let mut found = Vec::new();
        let signatures = self.signatures(&state);
        for group in &self.groups {
            for (index, &a) in group.iter().enumerate() {
                // Nodes that look different have no exchange that keeps the state.
                let looks = |node: u8| signatures[usize::from(node)];
                for &b in group[index + 1..].iter().filter(|&&b| looks(a) == looks(b)) {
                    let mut order = self.identity();
                    order.swap(usize::from(a), usize::from(b));
                    found.extend(self.automorphism(&state, &draft.sources, order));
                }
            }
        }
        close(&mut found);
        found.into()
    }

    fn len(&self) -> usize {
        self.states.len()
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

impl<P: Process, M: Data> World<P, M> {
    fn automorphism(&self, state: &State<P, M>, sources: &[Source], order: Vec<u8>) -> Option<Automorphism> {
        let image = self.renamed(state.clone(), sources, order);
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

impl<P: Process, M: Data> World<P, M> {
    /// A state in words, for those who look for what makes a design large.
    #[doc(hidden)]
    #[must_use]
    pub fn describe(&self, state: StateId) -> String {
        let state = &self.states[state as usize];
        let mut text = String::new();
        for (node, spec) in state.nodes.iter().zip(&self.setup.nodes) {
            text += &match node {
                NodeState::Down { durable, dead } => format!("{} down {durable:?} {dead}\n", spec.name),
                NodeState::Up { hosted, paused, .. } => format!("{} {:?} {paused:?}\n", spec.name, hosted.value),
            };
        }
        for item in &state.items {
            text += &format!("  {:?} {:?}\n", item.place, item.what());
        }
        text + &format!("  {:?} {:?} {:?}\n", state.ends, state.tokens, state.watch.memory.value)
    }
}
