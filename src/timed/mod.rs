//! The timed checker: exhaustive search over dense time, by zones.
//!
//! It sees a [`Space`] only: numbered states, edges, windows. A *hull* of zones bounds everything that can happen; an
//! *exact* search, cut by these bounds, finds the run that attains them; a run is made *concrete* by one system of
//! differences. Every answer but `Unknown` is a proof for all runs or comes with a run.

mod ahead;
mod backward;
pub mod bounds;
mod budget;
mod concrete;
mod crew;
mod cycle;
mod exact;
mod extreme;
mod hull;
mod longest;
mod net;
mod reach;
mod shortest;
mod stuck;
#[doc(hidden)]
pub mod testing;
#[cfg(test)]
mod tests;
pub mod zone;

use std::sync::Arc;

pub use self::{
    budget::{Halt, Limits, Progress, Stats},
    concrete::Aim,
    crew::Crew,
    longest::{Longest, longest},
    reach::{Reach, reach},
    shortest::{Shortest, shortest},
    stuck::{Stuck, stuck},
};

use self::{
    bounds::Promises,
    budget::Meter,
    concrete::{concretise, most_along},
    exact::{Goal, search},
    hull::Hull,
    net::Net,
    reach::PATIENCE,
};
use crate::world::space::{Cap, Marks, Origin, PathStep, Space, TimedPath};

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

/// The most that a stopwatch can show at the last step of a path; zero if none runs before it, `None` if no run has
/// these steps.
///
/// # Errors
/// When a declared cap was reached.
pub fn most(space: &mut dyn Space, steps: &[PathStep]) -> Result<Option<i64>, Cap> {
    most_along(&mut Net::with(space, true, Vec::new()), steps)
}

/// Moments for a path, or `None` if no run has these steps and shows this.
///
/// # Errors
/// When a declared cap was reached.
pub fn moments(space: &mut dyn Space, steps: &[PathStep], aim: Aim) -> Result<Option<TimedPath>, Cap> {
    concretise(&mut Net::with(space, true, Vec::new()), steps, aim)
}

/// What earlier questions to a space have found out about it: later ones, with the same switches, need not begin anew.
#[derive(Default)]
pub struct Notes {
    bound: i64,
    known: Vec<net::Known>,
    hulls: Vec<Arc<Hull>>,
}

impl Notes {
    /// Notes for questions of which one has a bound, in microseconds: what is found out for any is made for that one.
    #[must_use]
    pub fn for_bound(bound: i64) -> Notes {
        Notes { bound, ..Notes::default() }
    }

    /// As [`reach`].
    pub fn reach(
        &mut self,
        space: &mut dyn Space,
        marks: Marks,
        limits: &Limits,
        switches: &Switches,
    ) -> (Reach, Stats) {
        let (answer, stats) = self.ask(space, limits, switches, |query| query.reach(marks, PATIENCE));
        (answer.unwrap_or_else(|halt| Reach::Unknown(halt.to_string())), stats)
    }

    /// As [`longest`].
    pub fn longest(
        &mut self,
        space: &mut dyn Space,
        bound: Option<i64>,
        limits: &Limits,
        switches: &Switches,
    ) -> (Longest, Stats) {
        let (answer, stats) = self.ask(space, limits, switches, |query| query.longest(bound.unwrap_or(0)));
        (answer.unwrap_or_else(|halt| Longest::Unknown { why: halt.to_string(), seen: None }), stats)
    }

    /// As [`shortest`].
    pub fn shortest(&mut self, space: &mut dyn Space, limits: &Limits, switches: &Switches) -> (Shortest, Stats) {
        let (answer, stats) = self.ask(space, limits, switches, |query| query.shortest());
        (answer.unwrap_or_else(|halt| Shortest::Unknown { why: halt.to_string() }), stats)
    }

    /// As [`stuck`].
    pub fn stuck(&mut self, space: &mut dyn Space, limits: &Limits, switches: &Switches) -> (Stuck, Stats) {
        let (answer, stats) = self.ask(space, limits, switches, |query| query.stuck());
        (answer.unwrap_or_else(|halt| Stuck::Unknown(halt.to_string())), stats)
    }

    /// How many steps end a measured span, and how many of them discharge it; of what was asked so far. A step that only
    /// the hull can take is counted too.
    #[must_use]
    pub fn ends(&self) -> Ends {
        let outs = |hull: &Arc<Hull>| {
            let count = |mark| hull.nodes.iter().flat_map(|node| &node.outs).filter(|out| out.marks.any(mark)).count();
            Ends { answered: count(Marks::RESPONSE), discharged: count(Marks::DISCHARGE) }
        };
        self.hulls.iter().map(outs).max_by_key(|ends| ends.answered + ends.discharged).unwrap_or_default()
    }

    fn ask<T>(
        &mut self,
        space: &mut dyn Space,
        limits: &Limits,
        switches: &Switches,
        question: impl FnOnce(&mut Query<'_>) -> Result<T, Halt>,
    ) -> (Result<T, Halt>, Stats) {
        let net = Net::with(space, switches.symmetry, std::mem::take(&mut self.known));
        let hulls = std::mem::take(&mut self.hulls);
        let mut query = Query { net, hulls, bound: self.bound, meter: Meter::new(limits), switches: *switches };
        let answer = question(&mut query);
        let stats = query.stats();
        self.hulls = query.hulls;
        self.known = query.net.into_known();
        (answer, stats)
    }
}

/// By how many steps of a search measured spans end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ends {
    /// By the response.
    pub answered: usize,
    /// With nothing left that could answer, or was asked for.
    pub discharged: usize,
}

/// So many zones are looked at from the end before a search from the beginning takes over.
const MOST_HUNTED: usize = 200_000;

/// One question to one space.
struct Query<'a> {
    net: Net<'a>,
    /// Those that were made so far.
    hulls: Vec<Arc<Hull>>,
    /// The greatest of the bounds that are asked about.
    bound: i64,
    meter: Meter<'a>,
    switches: Switches,
}

impl Query<'_> {
    fn stats(&self) -> Stats {
        Stats { states: self.net.states(), ..self.meter.stats }
    }

    /// A hull whose stopwatch is exact up to `cap` at least.
    fn hull(&mut self, cap: i64) -> Result<Arc<Hull>, Halt> {
        if let Some(hull) = self.hulls.iter().find(|hull| hull.cap >= cap) {
            return Ok(hull.clone());
        }
        let hull = Arc::new(Hull::reading(&mut self.net, cap, &mut self.meter)?);
        self.hulls.push(hull.clone());
        Ok(hull)
    }

    /// A hull for a question to which the stopwatch does not matter.
    fn any_hull(&mut self) -> Result<Arc<Hull>, Halt> {
        let cap = self.first_cap(0);
        self.hull(cap)
    }

    /// Above the bounds and the windows of the beginning. The longest window is known only after a first hull.
    fn first_cap(&mut self, bound: i64) -> i64 {
        let (_, origins) = self.net.initial();
        let spans = origins.iter().map(|origin| match *origin {
            Origin::Scheduled { hi, .. } if hi < i64::MAX => hi,
            _ => 0,
        });
        (bound.max(self.bound) + 1).max(4 * spans.max().unwrap_or(0))
    }

    /// Looks at `most` zones at most.
    fn search(&mut self, hull: &Hull, goal: &Goal<'_>, most: usize) -> exact::Found {
        if self.switches.pruning {
            return search(&mut self.net, hull, goal, self.switches.inclusion, most, &mut self.meter);
        }
        let promises = Promises::alike(goal.promises.most(), hull.nodes.len());
        let goal = Goal { promises: &promises, ..*goal };
        search(&mut self.net, hull, &goal, self.switches.inclusion, usize::MAX, &mut self.meter)
    }

    /// Moments for a path that a search found.
    fn concrete(&mut self, steps: &[PathStep], aim: Aim) -> Result<TimedPath, Halt> {
        let path = concretise(&mut self.net, steps, aim)?;
        Ok(path.expect("an exact zone has a run for each of its points"))
    }
}
