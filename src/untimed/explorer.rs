//! Stateright's page for looking around in the untimed model, served to a browser on this machine.

use std::{
    fmt,
    hash::{Hash, Hasher},
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use stateright::{Model, Property};

use crate::world::space::{Marks, StateId, Told};

/// A space that is looked at while it grows.
pub type Explored = Arc<Mutex<dyn Told + Send>>;

/// Serves the page until the process ends. Every step may come at any moment, as for [`super::check`].
///
/// # Panics
/// If nobody can listen at the address.
pub fn explore(space: Explored, claim: &'static str, address: SocketAddr) {
    let _ = Explorer { space, claim }.checker().threads(1).serve(address);
}

struct Explorer {
    space: Explored,
    /// What must never fail, as a sentence.
    claim: &'static str,
}

/// A discrete state with its words.
#[derive(Clone)]
struct Seen {
    id: StateId,
    /// Whether the step that led here breaks the claim.
    broken: bool,
    words: Arc<str>,
}

/// A step by its place among the state's, with its words.
#[derive(Clone, PartialEq, Eq)]
struct Taken {
    edge: usize,
    words: String,
}

impl Explorer {
    fn seen(&self, id: StateId, broken: bool) -> Seen {
        let words = self.space.lock().expect("no page fails while it holds the space").state_words(id);
        Seen { id, broken, words: words.into() }
    }
}

impl Model for Explorer {
    type State = Seen;
    type Action = Taken;

    fn init_states(&self) -> Vec<Seen> {
        let first = self.space.lock().expect("no page fails while it holds the space").initial().0;
        vec![self.seen(first, false)]
    }

    /// None of a state that is broken, or that has reached a cap.
    fn actions(&self, state: &Seen, actions: &mut Vec<Taken>) {
        if state.broken {
            return;
        }
        let mut space = self.space.lock().expect("no page fails while it holds the space");
        let Ok(edges) = space.edges(state.id) else { return };
        let words = |(edge, taken)| Some(Taken { edge, words: space.step_words(state.id, taken).ok()? });
        actions.extend(edges.iter().enumerate().filter_map(words));
    }

    fn next_state(&self, state: &Seen, step: Taken) -> Option<Seen> {
        let edges = self.space.lock().expect("no page fails while it holds the space").edges(state.id).ok()?;
        let edge = edges.get(step.edge)?;
        Some(self.seen(edge.target, edge.marks.any(Marks::VIOLATED)))
    }

    fn properties(&self) -> Vec<Property<Explorer>> {
        vec![Property::always(self.claim, |_, state: &Seen| !state.broken)]
    }
}

impl PartialEq for Seen {
    fn eq(&self, other: &Seen) -> bool {
        (self.id, self.broken) == (other.id, other.broken)
    }
}

impl Hash for Seen {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.id, self.broken).hash(state);
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)?;
        if self.broken { f.write_str("the step that led here breaks the property") } else { Ok(()) }
    }
}

impl fmt::Debug for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}
