//! Breadth-first search by stateright, and an account of whether it was exhaustive: what the untimed checker and the
//! tick oracle share.
//!
//! It rests on stateright's one-threaded search, which visits nearer states first, and keeps away from what would
//! silently answer another question:
//! - exactly one property, an *always*: with none a single state is explored, with several a short counterexample is
//!   replaced by later, longer ones;
//! - neither its timeout, nor its target count, nor `is_done` is used: the first is ignored on one thread, the last
//!   says yes after a cut. Limits are enforced where states are expanded, and the first that is hit is remembered;
//! - one thread: with more, the first counterexample need not be a shortest one;
//! - threads are joined, without `report`, which sleeps.

use std::{
    fmt::Debug,
    hash::Hash,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Instant,
};

use stateright::{Checker, Model, Property};

use crate::world::space::Space;

/// A space that a search on a thread of its own can use. The caller keeps a handle, to tell the stories of the paths.
pub type Shared = Arc<Mutex<dyn Space + Send>>;

/// When a search gives up. Its answer is then *unknown*, never a verdict.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// So many states are expanded at most.
    pub states: usize,
    /// No state is expanded later than this.
    pub deadline: Option<Instant>,
}

impl Limits {
    #[must_use]
    pub const fn states(states: usize) -> Limits {
        Limits { states, deadline: None }
    }
}

/// How large a search was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stats {
    /// States that differ, the first one included.
    pub distinct: u64,
    /// States that were reached, repetitions and the first one included.
    pub generated: u64,
}

impl Stats {
    /// What a reader of the verdict must know of how states were compared.
    #[must_use]
    pub fn caveat(&self) -> String {
        let pairs = u128::from(self.distinct.max(1)).pow(2);
        let odds = (1u128 << 65) / pairs;
        format!(
            "states are told apart by 64-bit fingerprints: among {} the chance that two share one, so that a state is \
             missed, is about 1 in {}",
            self.distinct,
            odds.max(1)
        )
    }
}

/// What is searched.
pub(crate) trait Graph: Send + Sync + 'static {
    type Node: Clone + PartialEq + Hash + Debug + Send + Sync + 'static;
    type Step: Clone + PartialEq + Debug + 'static;

    fn first(&self) -> Self::Node;

    /// Every step from a node, in an order that is always the same, with where it leads; `None` for what is looked
    /// for.
    ///
    /// # Errors
    /// Why the node cannot be expanded: the search ends without an answer.
    fn steps(&self, node: &Self::Node, steps: &mut Vec<(Self::Step, Option<Self::Node>)>) -> Result<(), String>;
}

/// How a search ended.
pub(crate) enum End<S> {
    /// Every node was expanded, none leads to what is looked for.
    Exhausted,
    /// A shortest path to what is looked for.
    Found(Vec<S>),
    Cut(String),
}

pub(crate) fn search<G: Graph>(graph: G, limits: Limits) -> (End<G::Step>, Stats) {
    let search =
        Search { graph, limits, expanded: AtomicUsize::new(0), cut: OnceLock::new(), over: AtomicBool::new(false) };
    let mut checker = search.checker().threads(1).spawn_bfs();
    for thread in checker.handles() {
        // The space's own panic, not stateright's that there was one.
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    }
    let stats = Stats { distinct: checker.unique_state_count() as u64, generated: checker.state_count() as u64 };

    // Stateright tells a path again from the beginning: the limits must not end it midway.
    checker.model().over.store(true, Ordering::Relaxed);
    let end = match (checker.discovery(FOUND), checker.model().cut.get()) {
        (Some(path), _) => End::Found(path.into_actions().into_iter().map(|(step, _)| step).collect()),
        (None, Some(why)) => End::Cut(why.clone()),
        (None, None) => End::Exhausted,
    };
    (end, stats)
}

/// A graph as stateright sees it. The state `None` is what is looked for, wherever it was found.
struct Search<G> {
    graph: G,
    limits: Limits,
    expanded: AtomicUsize,
    cut: OnceLock<String>,
    over: AtomicBool,
}

const FOUND: &str = "what is looked for is never reached";

impl<G: Graph> Search<G> {
    /// Counts one more expansion, or says why there is none.
    fn expand(&self, node: &G::Node, steps: &mut Vec<(G::Step, Option<G::Node>)>) -> Result<(), String> {
        if !self.over.load(Ordering::Relaxed) {
            if let Some(why) = self.cut.get() {
                return Err(why.clone());
            }
            if self.expanded.fetch_add(1, Ordering::Relaxed) >= self.limits.states {
                return Err(format!("more than {} states", self.limits.states));
            }
            if self.limits.deadline.is_some_and(|deadline| Instant::now() > deadline) {
                return Err("the time for the search was over".into());
            }
        }
        self.graph.steps(node, steps)
    }
}

impl<G: Graph> Model for Search<G> {
    type State = Option<G::Node>;
    type Action = (G::Step, Option<G::Node>);

    fn init_states(&self) -> Vec<Self::State> {
        vec![Some(self.graph.first())]
    }

    /// After a cut every remaining state is still looked at, but none is expanded.
    fn actions(&self, state: &Self::State, actions: &mut Vec<Self::Action>) {
        let Some(node) = state else { return };
        if let Err(why) = self.expand(node, actions) {
            actions.clear();
            self.cut.get_or_init(|| why);
        }
    }

    fn next_state(&self, _: &Self::State, (_, target): Self::Action) -> Option<Self::State> {
        Some(target)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always(FOUND, |_, state: &Self::State| state.is_some())]
    }
}
