//! The worst case: how long can a stopwatch run?

use super::{
    Notes, Query, Stats, Switches,
    bounds::{NOTHING, Promises},
    budget::{Halt, Limits},
    concrete::Aim,
    cycle,
    exact::{Found, Goal},
    extreme::{Extreme, Sought},
    hull::Hull,
    zone::{Reading, Rows, Zone},
};
use crate::world::space::{Edge, Space, TimedPath};

/// The greatest span for which a stopwatch runs, over every moment of every run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Longest {
    /// No stopwatch is ever started.
    Untriggered,
    /// It is attained by the path's last step, and nothing is longer.
    Exact {
        micros: i64,
        path: TimedPath,
    },
    /// At least what was seen, at most what is proved: a limit ended the search.
    Between {
        seen: Option<(i64, TimedPath)>,
        proved: i64,
    },
    /// After the path a stopwatch runs and nothing need ever happen.
    Never {
        path: TimedPath,
    },
    /// The steps from `from` on are `turns` equal turns that can be repeated for ever while the stopwatch runs; one takes
    /// from `least` to `greatest`, which may be infinite (`i64::MAX`).
    Unbounded {
        path: TimedPath,
        from: usize,
        turns: usize,
        least: i64,
        greatest: i64,
    },
    /// It runs for `cap` at least, as the path's last step shows. Where it ends is not known.
    Exceeds {
        cap: i64,
        path: TimedPath,
    },
    Unknown {
        why: String,
        seen: Option<(i64, TimedPath)>,
    },
}

/// How long can a stopwatch run? `bound` is what will be compared with the answer.
///
/// A stopwatch is followed exactly up to a cap above the bound, and above four times the longest window. When it runs
/// longer and no cycle explains it, the cap is doubled, up to 64 times the longest window or 16 times the bound.
pub fn longest(space: &mut dyn Space, bound: Option<i64>, limits: &Limits, switches: &Switches) -> (Longest, Stats) {
    Notes::default().longest(space, bound, limits, switches)
}

/// A span of the cap or longer.
const BEYOND: i64 = i64::MAX;

impl Query<'_> {
    pub(super) fn longest(&mut self, bound: i64) -> Result<Longest, Halt> {
        let cap = self.first_cap(bound);
        let mut hull = self.hull(cap)?;
        let mut cap = hull.cap;
        if hull.nodes.iter().all(|node| !node.running) {
            return Ok(Longest::Untriggered);
        }
        if hull.nodes.iter().any(|node| node.waits)
            && let Some(never) = self.never()?
        {
            return Ok(never);
        }
        let window = hull.longest_window;
        let ceiling = window.saturating_mul(64).max(bound.saturating_mul(16)).max(cap);
        let mut cycles_tried = false;
        loop {
            let promises = ceilings(&hull);
            if promises.most() == BEYOND
                && !std::mem::replace(&mut cycles_tried, true)
                && let Some(cycle) = cycle::find(&mut self.net, &mut self.meter)?
            {
                return self.unbounded(&cycle);
            }
            let bound = promises.most();
            if self.switches.pruning && bound > NOTHING && bound < BEYOND {
                match self.extreme(&hull, Sought::Longest, 0, bound)? {
                    Extreme::Exact(micros, steps) => {
                        return Ok(Longest::Exact { micros, path: self.concrete(&steps, Aim::AtLeast(micros))? });
                    }
                    Extreme::Nothing => return Ok(Longest::Untriggered),
                    Extreme::Open => {}
                }
            }
            let found = self.search_longest(&hull, &promises);
            match found.best {
                Some((BEYOND, _)) if cap < ceiling => {
                    cap = cap.saturating_mul(2).min(ceiling);
                    hull = self.hull(cap)?;
                }
                Some((BEYOND, steps)) => {
                    return Ok(Longest::Exceeds { cap, path: self.concrete(&steps, Aim::AtLeast(cap))? });
                }
                _ => return self.conclude(found),
            }
        }
    }

    fn search_longest(&mut self, hull: &Hull, promises: &Promises) -> Found {
        let value = |_: &Edge, reading: Option<Reading>| reading.map_or(NOTHING, |reading| span(hull, reading));
        let goal = Goal { promises, hurry: true, edge: &value, arrival: &|_, _| NOTHING };
        self.search(hull, &goal, usize::MAX)
    }

    fn conclude(&mut self, found: Found) -> Result<Longest, Halt> {
        let seen = match found.best {
            Some((micros, steps)) => Some((micros, self.concrete(&steps, Aim::AtLeast(micros))?)),
            None => None,
        };
        Ok(match (seen, found.halt) {
            (Some((micros, path)), _) if found.at_most == micros => Longest::Exact { micros, path },
            (None, None) => Longest::Untriggered,
            (seen, Some(halt)) if found.at_most == BEYOND => Longest::Unknown { why: halt.to_string(), seen },
            (seen, _) => Longest::Between { seen, proved: found.at_most },
        })
    }

    /// A run after which a stopwatch runs and nothing need happen.
    fn never(&mut self) -> Result<Option<Longest>, Halt> {
        let hull = self.any_hull()?;
        let promises = Promises::of(&hull, |node, _| if node.waits { 1 } else { NOTHING });
        let waits = |rows: &Rows, zone: &Zone| {
            if rows.stopwatch.is_some() && zone.may_wait_for_ever(rows) { 1 } else { NOTHING }
        };
        let found = self.search(
            &hull,
            &Goal { promises: &promises, hurry: false, edge: &|_, _| NOTHING, arrival: &waits },
            usize::MAX,
        );
        match (found.best, found.halt) {
            (Some((_, steps)), _) => Ok(Some(Longest::Never { path: self.concrete(&steps, Aim::Any)? })),
            (None, None) => Ok(None),
            (None, Some(halt)) => Err(halt),
        }
    }

    fn unbounded(&mut self, cycle: &cycle::Cycle) -> Result<Longest, Halt> {
        const TURNS: usize = 3;
        let (from, length) = (cycle.stem.len(), cycle.turn.len());
        let (least, greatest) = (cycle.least, cycle.greatest);
        let path = self.concrete(&cycle.turns(TURNS), Aim::Turns { from, length, least, greatest })?;
        Ok(Longest::Unbounded { path, from, turns: TURNS, least, greatest })
    }
}

/// The longest span that is read from each node of the hull on.
fn ceilings(hull: &Hull) -> Promises {
    Promises::of(hull, |node, out| match out {
        Some(out) => out.reading.map_or(NOTHING, |reading| span(hull, reading)),
        None if node.waits => BEYOND,
        None => NOTHING,
    })
}

fn span(hull: &Hull, reading: Reading) -> i64 {
    if reading.most >= hull.cap { BEYOND } else { reading.most }
}
