//! Spaces written by hand: places with variables and the edges that leave them.

use std::sync::{Arc, Mutex};

use tenure::{
    untimed::Shared,
    world::space::{Automorphism, Cap, Edge, Marks, Origin, Space, StateId, Variable},
};

pub const EVENT: Variable = Variable::Event;
pub const STOPWATCH: Variable = Variable::Stopwatch;
pub const NEVER: i64 = i64::MAX;
pub const STARTED: Origin = within(0, 0);

/// What most tests look for.
pub const GOAL: Marks = Marks::REACHED;

pub const fn within(lo: i64, hi: i64) -> Origin {
    Origin::Scheduled { lo, hi, number: 0 }
}

pub const fn kept(from: u16) -> Origin {
    Origin::Kept(from)
}

/// A pending event happens.
pub fn fire(variable: u16, target: StateId, origins: &[Origin]) -> Step {
    Step::new(Some(variable), target, origins)
}

/// The adversary acts.
pub fn act(target: StateId, origins: &[Origin]) -> Step {
    Step::new(None, target, origins)
}

pub struct Step(Edge);

impl Step {
    fn new(fires: Option<u16>, target: StateId, origins: &[Origin]) -> Step {
        let (origins, ordered) = (origins.into(), Box::default());
        Step(Edge { fires, target, origins, ordered, marks: Marks::NONE, reads: false, label: 0 })
    }

    pub fn marked(mut self, marks: Marks) -> Step {
        self.0.marks = marks;
        self
    }

    pub fn reads(mut self) -> Step {
        self.0.reads = true;
        self
    }

    pub fn ordered(mut self, pairs: &[(u16, u16)]) -> Step {
        self.0.ordered = pairs.into();
        self
    }
}

/// Places are numbered in the order in which they are added. The first is the initial one.
pub struct Hand {
    initial: Arc<[Origin]>,
    places: Vec<Place>,
}

struct Place {
    variables: Arc<[Variable]>,
    edges: Result<Arc<[Edge]>, Cap>,
}

impl Hand {
    pub fn new(initial: &[Origin]) -> Hand {
        Hand { initial: initial.into(), places: Vec::new() }
    }

    pub fn place<const N: usize>(mut self, variables: &[Variable], steps: [Step; N]) -> Hand {
        let edges = steps.into_iter().map(|step| step.0).collect();
        self.places.push(Place { variables: variables.into(), edges: Ok(edges) });
        self
    }

    /// A place whose edges cannot be computed.
    pub fn capped(mut self, what: &str, cap: usize) -> Hand {
        self.places.push(Place { variables: [].into(), edges: Err(Cap { what: what.into(), cap }) });
        self
    }

    pub fn share(self) -> Shared {
        Arc::new(Mutex::new(self))
    }
}

impl Space for Hand {
    fn initial(&mut self) -> (StateId, Arc<[Origin]>) {
        (0, self.initial.clone())
    }

    fn edges(&mut self, state: StateId) -> Result<Arc<[Edge]>, Cap> {
        self.places[state as usize].edges.clone()
    }

    fn variables(&self, state: StateId) -> Arc<[Variable]> {
        self.places[state as usize].variables.clone()
    }

    fn automorphisms(&mut self, _: StateId) -> Arc<[Automorphism]> {
        [].into()
    }

    fn len(&self) -> usize {
        self.places.len()
    }
}
