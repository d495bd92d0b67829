//! The best case: how soon can a response come?

use super::{
    Notes, Query, Stats, Switches,
    bounds::{NOTHING, Promises},
    budget::{Halt, Limits},
    concrete::Aim,
    exact::Goal,
    extreme::{Extreme, Sought},
    hull::Hull,
    zone::Reading,
};
use crate::world::space::{Edge, Space, TimedPath};

/// The least span that a stopwatch shows at a response.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shortest {
    /// No run has a response.
    Uncompleted,
    /// It is attained by the path's last step, and nothing is shorter.
    Exact {
        micros: i64,
        path: TimedPath,
    },
    /// At least what is proved, at most what was seen: a limit ended the search, or the last cap did.
    Between {
        proved: i64,
        seen: Option<(i64, TimedPath)>,
    },
    Unknown {
        why: String,
    },
}

/// How soon can a response come after its trigger?
///
/// The cap of the stopwatch is doubled until a response comes before it, up to 64 times the longest window.
pub fn shortest(space: &mut dyn Space, limits: &Limits, switches: &Switches) -> (Shortest, Stats) {
    Notes::default().shortest(space, limits, switches)
}

impl Query<'_> {
    pub(super) fn shortest(&mut self) -> Result<Shortest, Halt> {
        let mut cap = self.first_cap(0);
        loop {
            let hull = self.hull(cap)?;
            cap = hull.cap;
            let promises =
                Promises::of(&hull, |_, out| out.map_or(NOTHING, |out| earliness(&hull, out.reads, out.reading)));
            if promises.most() == NOTHING {
                return Ok(Shortest::Uncompleted);
            }
            let ceiling = hull.longest_window.saturating_mul(64).max(cap);
            if promises.most() > -cap {
                let extreme = if self.switches.pruning {
                    self.extreme(&hull, Sought::Shortest, 1 - cap, promises.most())?
                } else {
                    Extreme::Open
                };
                if let Extreme::Exact(value, steps) = extreme {
                    return Ok(Shortest::Exact { micros: -value, path: self.concrete(&steps, Aim::AtMost(-value))? });
                }
                let value = |edge: &Edge, reading: Option<Reading>| earliness(&hull, edge.reads, reading);
                let goal = Goal { promises: &promises, hurry: true, edge: &value, arrival: &|_, _| NOTHING };
                let found = self.search(&hull, &goal, usize::MAX);
                let seen = match found.best.filter(|(value, _)| *value > -cap) {
                    Some((value, steps)) => Some((-value, self.concrete(&steps, Aim::AtMost(-value))?)),
                    None => None,
                };
                match (seen, found.halt) {
                    (Some((micros, path)), _) if -micros == found.at_most => {
                        return Ok(Shortest::Exact { micros, path });
                    }
                    (None, None) if found.at_most == NOTHING => return Ok(Shortest::Uncompleted),
                    (None, None) => {}
                    (seen, _) => return Ok(Shortest::Between { proved: -found.at_most, seen }),
                }
            }
            if cap == ceiling {
                return Ok(Shortest::Between { proved: cap, seen: None });
            }
            cap = cap.saturating_mul(2).min(ceiling);
        }
    }
}

/// The less time a response takes, the greater its value; all that take the cap or longer are alike.
fn earliness(hull: &Hull, reads: bool, reading: Option<Reading>) -> i64 {
    match reading {
        Some(reading) if reads => -reading.least.min(hull.cap),
        _ => NOTHING,
    }
}
