//! The checkers' world: nodes, what is under way, faults and an observer, as numbered discrete states.
//!
//! It rests on the process contract and the set-up only. The simulator has a world of its own, so that each can
//! refute the other.

mod ahead;
mod canonical;
mod describe;
mod draft;
mod effects;
mod expand;
mod kept;
mod laws;
mod observe;
mod renumber;
mod since;
pub mod space;
mod state;
mod story;
mod streams;
mod table;

use std::{cell::OnceCell, sync::Arc};

use rustc_hash::{FxHashMap, FxHashSet};

use self::{
    ahead::{Ahead, Job},
    laws::{Laws, Successor, causes_in},
    since::Beginning,
    space::{Automorphism, Cap, Causes, Edge, Origin, Space, StateId, Variable},
    state::{Place, State, What, hash_of},
};
use crate::{
    process::{Data, Process},
    spec::{Property, Setup},
};

/// So many nodes a world has at most: each has its start pending at first, and a state has at most 127 variables.
pub const MOST_NODES: usize = 126;

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
    /// Branches that cannot be told apart are made once, such as a crash between two effects that nobody outside sees.
    pub branches: bool,
}

impl Reductions {
    pub const ALL: Reductions = Reductions { symmetry: true, ending: true, branches: true };
    pub const NONE: Reductions = Reductions { symmetry: false, ending: false, branches: false };
    /// Every state with its own names, for people to look at.
    pub const PLAIN: Reductions = Reductions { branches: true, ..Reductions::NONE };
}

/// Everything that can happen to the nodes of a set-up, seen by one observer.
pub struct World<P: Process, M: Data> {
    laws: Arc<Laws<P, M>>,
    states: Vec<Arc<State<P, M>>>,
    /// The latest state of each hash, and for each state the one before it with the same hash.
    latest: FxHashMap<u64, StateId>,
    earlier: Vec<Option<StateId>>,
    edges: Vec<Known>,
    ahead: Ahead<P, M>,
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
        assert!(setup.nodes.len() <= MOST_NODES, "a world has at most {MOST_NODES} nodes");
        World {
            laws: Arc::new(Laws::new(setup, property, focus, reductions)),
            states: Vec::new(),
            latest: FxHashMap::default(),
            earlier: Vec::new(),
            edges: Vec::new(),
            ahead: Ahead::default(),
            origins: FxHashSet::default(),
            beginning: None,
        }
    }

    /// Also takes branches that cannot be told apart from others, which a run may name, or no longer.
    fn set_thorough(&mut self, thorough: bool) {
        self.ahead = Ahead::default();
        let laws = Arc::get_mut(&mut self.laws).expect("nobody works ahead");
        laws.thorough = thorough || !laws.reductions.branches;
    }

    fn intern(&mut self, state: State<P, M>, hash: u64) -> StateId {
        let number = StateId::try_from(self.states.len()).expect("fewer than 2^32 states fit in memory");
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

    /// Numbers what a successor is made of.
    fn edge(&mut self, successor: Successor<P, M>) -> Edge {
        let Successor { fires, state, hash, origins, ordered, marks, reads, label } = successor;
        let origins = self.share(origins);
        let target = self.intern(state, hash);
        Edge { fires, target, origins, ordered, marks, reads, label }
    }
}

fn variable_kind<P: Process>(what: &What<P>) -> Variable {
    if *what == What::Stopwatch { Variable::Stopwatch } else { Variable::Event }
}

impl<P: Process, M: Data> Space for World<P, M> {
    fn initial(&mut self) -> (StateId, Arc<[Origin]>) {
        if let Some(Beginning { state, origins }) = &self.beginning {
            return (*state, origins.clone());
        }
        let canonical = self.laws.canonical(self.laws.first_starts());
        let hash = hash_of(&canonical.state);
        (self.intern(canonical.state, hash), canonical.origins.into())
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
        let mut ready = self.ahead.fetch(&self.laws, state);
        let source = self.states[state as usize].clone();
        let fresh = OnceCell::new();
        for cause in causes_in(&source, causes.without(known.causes)) {
            let made = ready.iter().position(|made| made.cause == cause).map(|index| ready.swap_remove(index));
            let successors = match made {
                Some(made) => made.successors,
                None => self.laws.successors(&source, fresh.get_or_init(|| self.laws.fresh(&source)), cause),
            };
            let before = edges.len();
            for successor in successors? {
                let edge = self.edge(successor);
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
        self.edges[state as usize] = Known { causes: known.causes.with(causes), edges: edges.clone() };
        Ok(edges)
    }

    fn prepare(&mut self, asked: &[(StateId, Causes)], helpers: usize) {
        let job = |&(number, causes): &(StateId, Causes)| {
            let missing = causes.without(self.edges[number as usize].causes);
            if missing == Causes::NONE || self.ahead.has(number) {
                return None;
            }
            let state = self.states[number as usize].clone();
            let causes = causes_in(&state, missing);
            (!causes.is_empty()).then_some(Job { number, state, causes })
        };
        let jobs: Vec<_> = asked.iter().filter_map(job).collect();
        self.ahead.begin(&self.laws, jobs, helpers);
    }

    fn variables(&self, state: StateId) -> Arc<[Variable]> {
        let items = &self.states[state as usize].items;
        let due = items.iter().filter(|item| item.place == Place::Due);
        due.map(|item| variable_kind(item.what())).collect()
    }

    fn automorphisms(&mut self, state: StateId) -> Arc<[Automorphism]> {
        self.laws.automorphisms(&self.states[state as usize]).into()
    }

    fn len(&self) -> usize {
        self.states.len()
    }
}
