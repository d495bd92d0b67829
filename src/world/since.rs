//! What may still happen after the first steps of a run, if no further fault does.
//!
//! A concrete moment of a run is a discrete state with what is left of each window. The world begins there: one step
//! before it, which comes when the running stopwatch shows what it shows at that moment.

use std::sync::Arc;

use super::{
    Reductions, World,
    draft::Draft,
    expand::{Act, Label},
    space::{Causes, Origin, StateId},
    state::{Item, Place, State, Told, What, hash_of},
    story::{Mismatch, Run},
};
use crate::{
    process::{Data, NodeId, Process},
    spec::{Property, Setup},
    trace::{Choices, Step, Trace},
};

/// Where a world begins that does not begin with the first starts.
#[derive(Clone, Debug)]
pub(super) struct Beginning {
    pub(super) state: StateId,
    pub(super) origins: Arc<[Origin]>,
}

impl<P: Process, M: Data> World<P, M> {
    /// The world after these steps of a run. Every fault class is spent, and none comes back; what the environment owes
    /// (a resume, a restart, a heal) still comes. Of several triggers that wait, the first is measured: whatever answers
    /// it answers the others.
    ///
    /// # Errors
    /// When the steps are not possible.
    pub fn since(setup: Setup<P>, property: Property<P, M>, steps: &[Step]) -> Result<World<P, M>, Mismatch> {
        let mut world = World::new(setup, property, super::Focus::Check, Reductions::ALL);
        world.set_thorough(true);
        let run = world.run_of(steps, |_| true)?;
        world.set_thorough(false);
        world.beginning = Some(world.begin_at(&run));
        Ok(world)
    }

    fn begin_at(&mut self, run: &Run<P, M>) -> Beginning {
        let left = |moment: i64| if moment == i64::MAX { moment } else { (moment - run.now).max(0) };
        let mut elapsed = None;
        let mut draft = Draft::of(&run.state, run.fresh.clone());
        for (number, (source, &(lo, hi))) in (0..).zip(draft.sources.iter_mut().zip(&run.windows)) {
            source.origin = match *run.state.items[usize::from(source.uid)].what() {
                What::Stopwatch => {
                    elapsed = Some(run.now - lo);
                    Origin::Kept(1)
                }
                _ => Origin::Scheduled { lo: left(lo), hi: left(hi), number },
            };
        }
        draft.ordered = run.ordered.iter().map(|&(first, second)| (first as u16, second as u16)).collect();
        draft.retain(|item| !matches!(item.what(), What::Refill { .. }));
        draft.state.tokens.fill(0);
        let due = |what| Item { told: Told::Kept(self.laws.items.keep(&what)), place: Place::Due };
        let mut before = State { items: vec![due(What::Refill { fault: NO_FAULT })], ..run.state.clone() };
        before.items.extend(elapsed.map(|_| due(What::Stopwatch)));
        let wait = elapsed.unwrap_or(0);
        let mut origins = vec![Origin::Scheduled { lo: wait, hi: wait, number: 0 }];
        origins.extend(elapsed.map(|_| Origin::Scheduled { lo: 0, hi: 0, number: 1 }));
        let label = Label { act: Act::Item(0), choices: Choices::default() };
        let successor = self.laws.successor(&before, 0, &label, draft);
        let edge = self.edge(successor);
        let hash = hash_of(&before);
        let state = self.intern(before, hash);
        self.edges[state as usize] = super::Known { causes: Causes::ALL, edges: Arc::new([edge]) };
        Beginning { state, origins: origins.into() }
    }
}

impl<P: Process, M: Data> World<P, M> {
    /// What is under way after a run and could still happen, in words; no fault, and nothing that only brings a token
    /// back.
    ///
    /// # Errors
    /// When the run is not one of this world.
    pub fn still_to_come(&mut self, trace: &Trace) -> Result<Vec<String>, Mismatch> {
        self.set_thorough(true);
        let run = self.run_of(&trace.steps, |step| step.choices.measured);
        self.set_thorough(false);
        let due = |item: &&Item<P>| item.place == Place::Due;
        Ok(run?.state.items.iter().filter(due).filter_map(|item| self.in_words(item.what())).collect())
    }

    fn in_words(&self, what: &What<P>) -> Option<String> {
        let name = |node: &NodeId| &self.laws.setup.node(*node).name;
        match what {
            What::Start { node } => Some(format!("the start of {}", name(node))),
            What::Resume { node } => Some(format!("the end of the pause of {}", name(node))),
            What::Timer { node, timer } => Some(format!("the timer {timer:?} of {}", name(node))),
            What::Message { from, to, message, .. } => {
                Some(format!("the message {message:?} from {} to {}", name(from), name(to)))
            }
            What::Closed { node, peer, .. } => {
                Some(format!("the end of a connection, told to {} of {}", name(node), name(peer)))
            }
            What::Patience { node, peer, .. } => {
                Some(format!("the end of the patience of {} for {}", name(node), name(peer)))
            }
            What::Heal { .. } => Some("the end of a cut".into()),
            What::Refill { .. } | What::Stopwatch => None,
        }
    }
}

/// The refill of a class that no set-up has: no other state has one.
const NO_FAULT: u8 = u8::MAX;
