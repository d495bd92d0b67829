//! Whether something can happen at all.

use super::{
    Notes, Query, Stats, Switches,
    backward::{Hunt, Hunted, Prey, Wanted},
    bounds::{NOTHING, Promises},
    budget::{Halt, Limits},
    concrete::Aim,
    exact::{Goal, Search},
    hull::Hull,
};
use crate::world::space::{Marks, PathStep, Space, TimedPath};

/// Whether some run takes an edge with one of the marks asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reach {
    Unreachable,
    /// The last step is the marked edge. No run to such an edge has fewer steps, unless looking for the shortest took
    /// too long.
    Reached(TimedPath),
    Unknown(String),
}

/// Is an edge with any of these marks taken in some run?
pub fn reach(space: &mut dyn Space, marks: Marks, limits: &Limits, switches: &Switches) -> (Reach, Stats) {
    Notes::default().reach(space, marks, limits, switches)
}

/// So many zones are looked at for a shortest story before any story will do.
pub const PATIENCE: usize = 50_000;

/// After so many times the patience a search from the beginning goes on alone.
const MOST_PATIENCE: usize = 8;

impl Query<'_> {
    pub(super) fn reach(&mut self, marks: Marks, patience: usize) -> Result<Reach, Halt> {
        let hull = self.any_hull()?;
        let promises =
            Promises::of(&hull, |_, out| if out.is_some_and(|out| out.marks.any(marks)) { 1 } else { NOTHING });
        if promises.most() == NOTHING {
            return Ok(Reach::Unreachable);
        }
        let before = self.meter.bytes();
        let found = self.way_to(marks, &hull, &promises, patience);
        self.meter.release(self.meter.bytes() - before);
        Ok(match found? {
            Some(steps) => Reach::Reached(self.concrete(&steps, Aim::Any)?),
            None => Reach::Unreachable,
        })
    }

    /// Steps to a marked edge, sought from the beginning and from the end in turn: which of them is led astray is not
    /// known before. Each goes on where it was, and each alone is a proof when nothing is left to look at.
    fn way_to(
        &mut self,
        marks: Marks,
        hull: &Hull,
        promises: &Promises,
        patience: usize,
    ) -> Result<Option<Vec<PathStep>>, Halt> {
        let alike = Promises::alike(promises.most(), hull.nodes.len());
        let goal = Goal {
            hurry: false,
            promises: if self.switches.pruning { promises } else { &alike },
            edge: &|edge, _| if edge.marks.any(marks) { 1 } else { NOTHING },
            arrival: &|_, _| NOTHING,
        };
        let prey = Prey { ends: &|out| out.marks.any(marks), wanted: Wanted::Anything };
        let mut search = Search::new(hull, &goal, self.switches.inclusion);
        let mut hunt = None;
        let mut most = if self.switches.pruning { patience } else { usize::MAX };
        loop {
            match search.go_on(&mut self.net, most, &mut self.meter) {
                Ok(()) => return Ok(search.best().map(|(_, steps)| steps)),
                Err(Halt::Zones(..)) => {}
                // What was found in the last step before a limit is found.
                Err(halt) => return search.best().map(|(_, steps)| Some(steps)).ok_or(halt),
            }
            let hunt = match &mut hunt {
                Some(hunt) => hunt,
                hunt => hunt.insert(Hunt::new(&mut self.net, hull, &prey)?),
            };
            match hunt.go_on(&mut self.net, most / 2, &mut self.meter)? {
                Hunted::Run(steps) => return Ok(Some(steps)),
                Hunted::Nothing => return Ok(None),
                Hunted::Open => most = if most < MOST_PATIENCE * patience { 2 * most } else { usize::MAX },
            }
        }
    }
}
