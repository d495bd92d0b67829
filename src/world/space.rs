//! What the engines see of a world: numbered discrete states and edges between them, with windows of time.
//!
//! A process never reads a clock, so the edges of a discrete state do not depend on time: they are computed once and
//! kept. An engine sees numbers only and is not generic over protocols.
//!
//! A *variable* of a state is a moment in time: when a pending event will happen, or when a running stopwatch was
//! started. A step goes along an edge: an event fires (its variable becomes now), or the adversary acts now; then
//! each variable of the target is one of the source, kept, or is scheduled in a window from now.

use std::sync::Arc;

use crate::process::NodeId;

/// A discrete state, numbered from zero in the order of discovery.
pub type StateId = u32;

/// Discrete states with windows of time on their edges.
pub trait Space {
    /// The first state. All its variables are scheduled at time zero, as `Scheduled` origins.
    fn initial(&mut self) -> (StateId, Arc<[Origin]>);

    /// Everything that can happen in a state, computed at the first call. Complete: when no variable of the state has
    /// a finite latest moment, waiting for ever is possible as well.
    ///
    /// # Errors
    /// When a declared cap was reached: the search must end with UNKNOWN.
    fn edges(&mut self, state: StateId) -> Result<Arc<[Edge]>, Cap>;

    /// The same, where only steps by some causes are asked for: the others may be missing. What a later call adds comes
    /// behind, so that an index keeps its meaning.
    ///
    /// # Errors
    /// As [`Space::edges`].
    fn edges_by(&mut self, state: StateId, _causes: Causes) -> Result<Arc<[Edge]>, Cap> {
        self.edges(state)
    }

    /// What [`Space::edges_by`] is about to be asked: it may be made ready by this thread and so many others. Changes no
    /// answer and no number of a state.
    fn prepare(&mut self, _asked: &[(StateId, Causes)], _helpers: usize) {}

    /// The variables of a state, in the order of its rows.
    fn variables(&self, state: StateId) -> Arc<[Variable]>;

    /// Renamings of nodes that leave the discrete state as it is, other than the identity. An engine may apply one to
    /// a zone. Empty when the reduction is off.
    fn automorphisms(&mut self, state: StateId) -> Arc<[Automorphism]>;

    /// How many discrete states are known.
    fn len(&self) -> usize;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A space that can say in words what its states and steps are, for people who look around in it.
pub trait Told: Space {
    fn state_words(&self, state: StateId) -> String;

    /// # Errors
    /// As [`Space::edges`].
    fn step_words(&self, state: StateId, edge: &Edge) -> Result<String, Cap>;
}

/// A set of what steps are taken by: variables that fire, or the adversary.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Causes(u128);

impl Causes {
    pub const NONE: Causes = Causes(0);
    pub const ADVERSARY: Causes = Causes(1 << 127);
    pub const ALL: Causes = Causes(u128::MAX);

    /// # Panics
    /// If the state has more than 127 variables.
    #[must_use]
    pub fn variable(variable: u16) -> Causes {
        assert!(variable < 127, "a state has at most 127 variables");
        Causes(1 << variable)
    }

    #[must_use]
    pub const fn with(self, other: Causes) -> Causes {
        Causes(self.0 | other.0)
    }

    #[must_use]
    pub const fn without(self, other: Causes) -> Causes {
        Causes(self.0 & !other.0)
    }

    #[must_use]
    pub const fn contains(self, other: Causes) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What a variable of a state stands for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Variable {
    /// A pending event: it happens at that moment, at the latest at the end of its window.
    Event,
    /// The moment at which the running stopwatch was started: at most now.
    Stopwatch,
}

/// One thing that can happen in a state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edge {
    /// The variable that fires; `None` when the adversary acts, at any moment not after the earliest pending event.
    pub fires: Option<u16>,
    pub target: StateId,
    /// For each variable of the target, in order, where it comes from.
    pub origins: Arc<[Origin]>,
    /// Pairs of target variables: the first happens no later than the second.
    pub ordered: Box<[(u16, u16)]>,
    pub marks: Marks,
    /// The source's stopwatch is read by a response at this step. (Every step also reads a running stopwatch.)
    pub reads: bool,
    /// For the world: how to tell this step's story again.
    pub label: u32,
}

/// Where a variable of an edge's target comes from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Origin {
    /// A variable of the source, unchanged.
    Kept(u16),
    /// A variable of the source, possibly later by up to so many microseconds: its node's clock stood still.
    Widened(u16, i64),
    /// A moment in `[now + lo, now + hi]`; `hi` is `i64::MAX` for an event that may never happen. A stopwatch is
    /// started by `[0, 0]`. `number` counts what the step scheduled, in the order of execution.
    Scheduled { lo: i64, hi: i64, number: u16 },
}

/// What a step means for the property, as bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Marks(pub u64);

impl Marks {
    pub const NONE: Marks = Marks(0);
    /// What must never happen, happens.
    pub const VIOLATED: Marks = Marks(1);
    /// The protocol broke its contract.
    pub const PROTOCOL_ERROR: Marks = Marks(1 << 1);
    pub const TRIGGER: Marks = Marks(1 << 2);
    pub const RESPONSE: Marks = Marks(1 << 3);
    pub const DISCHARGE: Marks = Marks(1 << 4);
    /// An event of the kind that the property speaks of; over intervals, a second party holds after a first.
    pub const WITNESS: Marks = Marks(1 << 5);
    pub const REACHED: Marks = Marks(1 << 6);

    /// A fault of the class happens while it matters: a stopwatch runs, or an interval is held.
    #[must_use]
    pub const fn fault(class: usize) -> Marks {
        Marks(1 << (16 + class))
    }

    #[must_use]
    pub const fn with(self, other: Marks) -> Marks {
        Marks(self.0 | other.0)
    }

    #[must_use]
    pub const fn any(self, other: Marks) -> bool {
        self.0 & other.0 != 0
    }
}

/// A renaming of nodes that leaves a discrete state as it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Automorphism {
    /// `variables[i]` is the variable whose row becomes row `i`.
    pub variables: Box<[u16]>,
    /// `nodes[i]` is the node that is renamed to `i`.
    pub nodes: Box<[u8]>,
}

impl Automorphism {
    /// This renaming, then another.
    #[must_use]
    pub fn then(&self, next: &Automorphism) -> Automorphism {
        Automorphism {
            variables: next.variables.iter().map(|&variable| self.variables[usize::from(variable)]).collect(),
            nodes: next.nodes.iter().map(|&node| self.nodes[usize::from(node)]).collect(),
        }
    }
}

/// A declared cap that was reached.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{what} reached its cap of {cap}")]
pub struct Cap {
    pub what: String,
    pub cap: usize,
}

/// One run as a space: its steps are the only ones, so that all that is open is when each happens.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Line {
    pub start: Vec<Origin>,
    /// For each state, whose clock counts for each variable; `None` for what no clock of a node counts for.
    pub clocks: Vec<Vec<Option<NodeId>>>,
    pub variables: Vec<Arc<[Variable]>>,
    /// Each from its state to the next.
    pub edges: Vec<Edge>,
}

impl Line {
    /// The same run with the windows of other lines of it: for each node's clock, those of the line that is chosen.
    ///
    /// # Panics
    /// If the lines are not of one run.
    #[must_use]
    pub fn mixed(lines: &[Line], choice: impl Fn(NodeId) -> usize) -> Line {
        let mut mixed = lines[0].clone();
        for (state, edge) in mixed.edges.iter_mut().enumerate() {
            let of = |variable: usize| lines[0].clocks[state + 1][variable].map_or(0, &choice);
            let origins = (0..edge.origins.len()).map(|variable| lines[of(variable)].edges[state].origins[variable]);
            edge.origins = origins.collect();
        }
        mixed
    }

    /// Every step, in order.
    #[must_use]
    pub fn steps(&self) -> Vec<PathStep> {
        vec![PathStep { automorphism: None, edge: 0 }; self.edges.len()]
    }
}

impl Space for Line {
    fn initial(&mut self) -> (StateId, Arc<[Origin]>) {
        (0, self.start.as_slice().into())
    }

    fn edges(&mut self, state: StateId) -> Result<Arc<[Edge]>, Cap> {
        Ok(self.edges.get(state as usize).cloned().into_iter().collect())
    }

    fn variables(&self, state: StateId) -> Arc<[Variable]> {
        self.variables[state as usize].clone()
    }

    fn automorphisms(&mut self, _: StateId) -> Arc<[Automorphism]> {
        Arc::new([])
    }

    fn len(&self) -> usize {
        self.variables.len()
    }
}

/// A step of a path: an edge of the current state, after renaming nodes by one of its automorphisms.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PathStep {
    /// `None` for the identity, else an index into the state's automorphisms, applied before the edge is taken.
    pub automorphism: Option<u16>,
    /// An index into the state's edges.
    pub edge: u32,
}

/// A timed path from the initial state: steps and the moment of each, in microseconds, non-decreasing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TimedPath {
    pub steps: Vec<PathStep>,
    pub times: Vec<i64>,
}
