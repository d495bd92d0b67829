//! The timed checker: exhaustive search over dense time, by zones.
//!
//! It sees a [`Space`] only: numbered states, edges, windows. A *hull* of zones bounds everything that can happen; an
//! *exact* search, cut by these bounds, finds the run that attains them; a run is made *concrete* by one system of
//! differences. Every answer but `Unknown` is a proof for all runs or comes with a run.

pub mod bounds;
mod budget;
mod concrete;
mod cycle;
mod exact;
mod hull;
mod longest;
mod net;
mod shortest;
mod stuck;
#[doc(hidden)]
pub mod testing;
#[cfg(test)]
mod tests;
pub mod zone;

pub use self::{
    budget::{Halt, Limits, Progress, Stats},
    longest::{Longest, longest},
    shortest::{Shortest, shortest},
    stuck::{Stuck, stuck},
};

use self::{
    bounds::{NOTHING, Promises},
    budget::Meter,
    concrete::{Aim, concretise},
    exact::{Goal, search},
    hull::Hull,
    net::Net,
};
use crate::world::space::{Marks, PathStep, Space, TimedPath};

/// What makes a search shorter without changing an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Switches {
    /// Of the images of a zone under its state's automorphisms, one is searched.
    pub symmetry: bool,
    /// An exact search leaves out a zone that another of its state contains, not only an equal one.
    pub inclusion: bool,
    /// An exact search leaves out what, by the hull, cannot lead to anything better.
    pub pruning: bool,
}

impl Default for Switches {
    fn default() -> Switches {
        Switches { symmetry: true, inclusion: true, pruning: true }
    }
}

/// Whether some run takes an edge with one of the marks asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reach {
    Unreachable,
    /// The last step is the marked edge. No run to such an edge has fewer steps.
    Reached(TimedPath),
    Unknown(String),
}

/// Is an edge with any of these marks taken in some run?
pub fn reach(space: &mut dyn Space, marks: Marks, limits: &Limits, switches: &Switches) -> (Reach, Stats) {
    let mut query = Query::new(space, limits, switches);
    let answer = query.reach(marks).unwrap_or_else(|halt| Reach::Unknown(halt.to_string()));
    (answer, query.stats())
}

/// One question to one space.
struct Query<'a> {
    net: Net<'a>,
    meter: Meter<'a>,
    switches: Switches,
}

impl<'a> Query<'a> {
    fn new(space: &'a mut dyn Space, limits: &'a Limits, switches: &Switches) -> Query<'a> {
        Query { net: Net::new(space, switches.symmetry), meter: Meter::new(limits), switches: *switches }
    }

    fn stats(&self) -> Stats {
        Stats { states: self.net.states(), ..self.meter.stats }
    }

    fn hull(&mut self, cap: i64) -> Result<Hull, Halt> {
        Hull::explore(&mut self.net, cap, &mut self.meter)
    }

    fn search(&mut self, hull: &Hull, goal: &Goal<'_>) -> exact::Found {
        if self.switches.pruning {
            return search(&mut self.net, hull, goal, self.switches.inclusion, &mut self.meter);
        }
        let promises = Promises::alike(goal.promises.most(), hull.nodes.len());
        let goal = Goal { promises: &promises, ..*goal };
        search(&mut self.net, hull, &goal, self.switches.inclusion, &mut self.meter)
    }

    /// Moments for a path that a search found.
    fn concrete(&mut self, steps: &[PathStep], aim: Aim) -> Result<TimedPath, Halt> {
        let path = concretise(&mut self.net, steps, aim)?;
        Ok(path.expect("an exact zone has a run for each of its points"))
    }

    fn reach(&mut self, marks: Marks) -> Result<Reach, Halt> {
        // The stopwatch does not matter.
        let hull = self.hull(0)?;
        let promises =
            Promises::of(&hull, |_, out| if out.is_some_and(|out| out.marks.any(marks)) { 1 } else { NOTHING });
        let goal = Goal {
            hurry: false,
            promises: &promises,
            edge: &|edge, _| if edge.marks.any(marks) { 1 } else { NOTHING },
            arrival: &|_, _| NOTHING,
        };
        let found = self.search(&hull, &goal);
        match (found.best, found.halt) {
            (Some((_, steps)), _) => Ok(Reach::Reached(self.concrete(&steps, Aim::Any)?)),
            (None, None) => Ok(Reach::Unreachable),
            (None, Some(halt)) => Err(halt),
        }
    }
}
