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
    state::{Item, Place, State, Told, What},
    story::{Mismatch, Run},
};
use crate::{
    process::{Data, Process},
    spec::{Property, Setup},
    trace::{Choices, Step},
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
        world.thorough = true;
        let run = world.run_of(steps, |_| true)?;
        world.thorough = false;
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
        let due = |what| Item { told: Told::Kept(self.items.keep(&what)), place: Place::Due };
        let mut before = State { items: vec![due(What::Refill { fault: NO_FAULT })], ..run.state.clone() };
        before.items.extend(elapsed.map(|_| due(What::Stopwatch)));
        let wait = elapsed.unwrap_or(0);
        let mut origins = vec![Origin::Scheduled { lo: wait, hi: wait, number: 0 }];
        origins.extend(elapsed.map(|_| Origin::Scheduled { lo: 0, hi: 0, number: 1 }));
        let label = Label { act: Act::Item(0), choices: Choices::default() };
        let edge = self.edge(&before, 0, &label, draft);
        let state = self.intern(before);
        self.edges[state as usize] = super::Known { causes: Causes::ALL, edges: Arc::new([edge]) };
        Beginning { state, origins: origins.into() }
    }
}

/// The refill of a class that no set-up has: no other state has one.
const NO_FAULT: u8 = u8::MAX;
