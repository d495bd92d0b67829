//! The greatest value that a run shows, closed in upon from its ends.
//!
//! All windows are multiples of one unit, so is every worst and best case. Between what the hull promises and what was
//! seen, hunts for a value either find a run that has it or prove that there is none.

use super::{
    MOST_HUNTED, Query,
    backward::{Hunted, Prey, Wanted, hunt},
    budget::Halt,
    hull::{Hull, Out},
};
use crate::world::space::PathStep;

/// What makes a reading valuable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sought {
    /// Its length; every step reads.
    Longest,
    /// Its shortness, as a negative value; only responses read.
    Shortest,
}

/// What was found out about the greatest value.
pub enum Extreme {
    /// The path's last step has it.
    Exact(i64, Vec<PathStep>),
    /// No run has a value of the floor or above.
    Nothing,
    /// The hunts took too long.
    Open,
}

impl Sought {
    fn wanted(self, value: i64) -> Wanted {
        match self {
            Sought::Longest => Wanted::AtLeast(value),
            Sought::Shortest => Wanted::AtMost(-value),
        }
    }

    fn may_have(self, out: &Out, value: i64) -> bool {
        out.reading.is_some_and(|reading| match self {
            Sought::Longest => reading.most >= value,
            Sought::Shortest => out.reads && -reading.least >= value,
        })
    }
}

impl Query<'_> {
    /// The greatest value from `floor` to `bound`, above which there is none.
    pub fn extreme(&mut self, hull: &Hull, sought: Sought, floor: i64, bound: i64) -> Result<Extreme, Halt> {
        let mut seen: Option<(i64, Vec<PathStep>)> = None;
        let (mut high, mut next) = (bound, bound);
        loop {
            let ends = |out: &Out| sought.may_have(out, next);
            let prey = Prey { ends: &ends, wanted: sought.wanted(next) };
            match hunt(&mut self.net, hull, &prey, MOST_HUNTED, &mut self.meter)? {
                Hunted::Run(steps) => seen = Some((self.value(&steps, sought)?, steps)),
                Hunted::Nothing => high = (next - 1).div_euclid(hull.unit) * hull.unit,
                Hunted::Open => return Ok(Extreme::Open),
            }
            match seen {
                Some((value, steps)) if value >= high => return Ok(Extreme::Exact(value, steps)),
                Some((value, _)) => next = value + ((high - value) / hull.unit + 1) / 2 * hull.unit,
                None if high < floor => return Ok(Extreme::Nothing),
                None => next = floor,
            }
        }
    }

    /// The greatest value of a path's last step.
    fn value(&mut self, steps: &[PathStep], sought: Sought) -> Result<i64, Halt> {
        let (mut state, mut zone) = (self.net.initial().0, self.net.beginning());
        let mut last = None;
        for step in steps {
            let followed = self.net.follow(state, &zone, *step)?.expect("a hunt ends with a run");
            (state, zone, last) = (followed.state, followed.zone, followed.reading);
        }
        let reading = last.expect("the last step reads a stopwatch");
        Ok(match sought {
            Sought::Longest => reading.most,
            Sought::Shortest => -reading.least,
        })
    }
}
