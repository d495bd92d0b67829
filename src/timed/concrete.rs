//! From a path of steps to moments: one system of differences over every event of the path, fired or not.
//!
//! Each event has a moment of its own within its window, also one that is cancelled or still pending at the end; no
//! step happens after the moment of a pending event. Where there is a choice, moments are round, then early.

use std::collections::VecDeque;

use super::{net::Net, zone::row_of};
use crate::world::space::{Cap, Edge, Origin, PathStep, TimedPath};

/// What the moments must show, besides being possible.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Aim {
    Any,
    /// The stopwatch shows at least this at the last step.
    AtLeast(i64),
    /// The stopwatch shows at most this at the last step.
    AtMost(i64),
    /// From step `from` on the steps are turns of `length`, each of which takes from `least` to `greatest`; all together
    /// take the longest.
    Turns {
        from: usize,
        length: usize,
        least: i64,
        greatest: i64,
    },
}

/// Moments for a path, or `None` if no run has these steps and shows this.
///
/// # Errors
/// When a declared cap was reached.
pub fn concretise(net: &mut Net<'_>, steps: &[PathStep], aim: Aim) -> Result<Option<TimedPath>, Cap> {
    let mut story = Story::of(net, steps)?;
    story.aim_at(aim);
    let times = story.system.solve(&story.steps);
    Ok(times.map(|times| TimedPath { steps: steps.to_vec(), times }))
}

/// The most that a stopwatch can show at the last step of a path; zero if none runs before it, `None` if no run has
/// these steps.
///
/// # Errors
/// When a declared cap was reached.
pub fn most_along(net: &mut Net<'_>, steps: &[PathStep]) -> Result<Option<i64>, Cap> {
    let story = Story::of(net, steps)?;
    let most = || {
        story.system.from(ZERO, Towards::Earlier)?;
        let Some(stopwatch) = story.stopwatch else { return Some(0) };
        let last = story.steps.last().copied().unwrap_or(ZERO);
        Some(story.system.from(stopwatch, Towards::Later)?[last].unwrap_or(i64::MAX))
    };
    Ok(most())
}

/// The moments of a path, as unknowns.
struct Story {
    system: System,
    /// The unknown of each step.
    steps: Vec<usize>,
    /// The unknown at which the stopwatch was started that runs before the last step.
    stopwatch: Option<usize>,
}

impl Story {
    fn of(net: &mut Net<'_>, steps: &[PathStep]) -> Result<Story, Cap> {
        let mut story = Story { system: System::new(), steps: Vec::new(), stopwatch: None };
        let (mut state, origins) = net.initial();
        let mut pending: Vec<usize> = origins.iter().map(|origin| story.scheduled(origin, ZERO)).collect();
        for (number, step) in steps.iter().enumerate() {
            if let Some(index) = step.automorphism {
                let automorphism = &net.automorphisms(state)[usize::from(index)];
                pending = automorphism.variables.iter().map(|&variable| pending[usize::from(variable)]).collect();
            }
            let (rows, edges) = (net.rows(state), net.edges(state)?);
            let edge = &edges[step.edge as usize];
            let now = story.system.unknown();
            story.system.before(story.steps.last().copied().unwrap_or(ZERO), now);
            for &row in &rows.events {
                // The last step that sees an event bounds the earlier ones too.
                let kept = edge.origins.contains(&Origin::Kept(row as u16 - 1));
                if !kept || number + 1 == steps.len() {
                    story.system.before(now, pending[row - 1]);
                }
            }
            if let Some(event) = edge.fires {
                story.system.before(pending[usize::from(event)], now);
            }
            story.steps.push(now);
            story.stopwatch = rows.stopwatch.map(|row| pending[row - 1]);
            pending = story.after(edge, &pending, now);
            state = edge.target;
        }
        Ok(story)
    }

    fn after(&mut self, edge: &Edge, pending: &[usize], now: usize) -> Vec<usize> {
        let origins = edge.origins.iter();
        let after: Vec<usize> = origins
            .map(|origin| match *origin {
                Origin::Kept(variable) => pending[usize::from(variable)],
                Origin::Widened(variable, by) => {
                    self.scheduled(&Origin::Scheduled { lo: 0, hi: by, number: 0 }, pending[usize::from(variable)])
                }
                Origin::Scheduled { .. } => self.scheduled(origin, now),
            })
            .collect();
        for &(first, second) in &edge.ordered {
            self.system.before(after[row_of(first) - 1], after[row_of(second) - 1]);
        }
        after
    }

    /// A new unknown in a window from another.
    fn scheduled(&mut self, origin: &Origin, from: usize) -> usize {
        let Origin::Scheduled { lo, hi, .. } = *origin else { unreachable!("the first state keeps nothing") };
        let unknown = self.system.unknown();
        self.system.at_most(from, unknown, -lo);
        if hi < i64::MAX {
            self.system.at_most(unknown, from, hi);
        }
        unknown
    }

    fn aim_at(&mut self, aim: Aim) {
        let last = self.steps.last().copied().unwrap_or(ZERO);
        match aim {
            Aim::Any => {}
            Aim::AtLeast(micros) => {
                let stopwatch = self.stopwatch.expect("a stopwatch runs before the last step");
                self.system.at_most(stopwatch, last, -micros);
            }
            Aim::AtMost(micros) => {
                let stopwatch = self.stopwatch.expect("a stopwatch runs before the last step");
                self.system.at_most(last, stopwatch, micros);
            }
            Aim::Turns { from, length, least, greatest } => {
                let first = if from == 0 { ZERO } else { self.steps[from - 1] };
                let ends = self.steps[from..].iter().skip(length - 1).step_by(length).copied();
                let mut begin = first;
                for end in ends.collect::<Vec<_>>() {
                    self.system.at_most(begin, end, -least);
                    if greatest < i64::MAX {
                        self.system.at_most(end, begin, greatest);
                    }
                    begin = end;
                }
                if let Some(longest) = self.system.from(first, Towards::Later).and_then(|most| most[last]) {
                    self.system.at_most(first, last, -longest);
                }
            }
        }
    }
}

/// Time zero.
const ZERO: usize = 0;

/// Steps that may be round are multiples of the first of these that fits.
const ROUND: [i64; 5] = [1_000_000, 100_000, 10_000, 1_000, 1];

/// Unknowns and the greatest differences between them.
struct System {
    /// `later[b]` has `(a, most)` for `x_a - x_b <= most`, and `earlier[a]` has `(b, most)`.
    later: Vec<Vec<(usize, i64)>>,
    earlier: Vec<Vec<(usize, i64)>>,
}

/// Which way differences are followed.
#[derive(Clone, Copy)]
enum Towards {
    Later,
    Earlier,
}

impl System {
    fn new() -> System {
        System { later: vec![Vec::new()], earlier: vec![Vec::new()] }
    }

    fn unknown(&mut self) -> usize {
        self.later.push(Vec::new());
        self.earlier.push(Vec::new());
        self.later.len() - 1
    }

    /// `x_a - x_b <= most`
    fn at_most(&mut self, a: usize, b: usize, most: i64) {
        self.later[b].push((a, most));
        self.earlier[a].push((b, most));
    }

    fn before(&mut self, first: usize, second: usize) {
        self.at_most(first, second, 0);
    }

    /// For each unknown `u` the greatest `x_u - x_from` (`Later`) or `x_from - x_u` (`Earlier`); `None` inside where
    /// there is none, `None` outside if there is no solution.
    fn from(&self, from: usize, towards: Towards) -> Option<Vec<Option<i64>>> {
        let next = match towards {
            Towards::Later => &self.later,
            Towards::Earlier => &self.earlier,
        };
        let mut most: Vec<Option<i64>> = vec![None; next.len()];
        let (mut queued, mut visits) = (vec![false; next.len()], vec![0_usize; next.len()]);
        most[from] = Some(0);
        let mut queue = VecDeque::from([from]);
        while let Some(unknown) = queue.pop_front() {
            queued[unknown] = false;
            visits[unknown] += 1;
            if visits[unknown] > next.len() {
                return None;
            }
            let so_far = most[unknown].expect("it was reached");
            for &(other, difference) in &next[unknown] {
                let along = so_far + difference;
                if most[other].is_none_or(|known| along < known) {
                    most[other] = Some(along);
                    if !std::mem::replace(&mut queued[other], true) {
                        queue.push_back(other);
                    }
                }
            }
        }
        Some(most)
    }

    /// Moments for these unknowns, each round and early in turn.
    fn solve(&mut self, unknowns: &[usize]) -> Option<Vec<i64>> {
        // Whatever is bounded at all is bounded from time zero, so one look finds every contradiction.
        self.from(ZERO, Towards::Earlier)?;
        let mut moments = Vec::with_capacity(unknowns.len());
        for &unknown in unknowns {
            let least = -self.from(ZERO, Towards::Earlier)?[unknown].expect("no moment is before time zero");
            let most = self.from(ZERO, Towards::Later)?[unknown];
            let fits = |moment: &i64| most.is_none_or(|most| *moment <= most);
            let moment = ROUND.iter().map(|unit| (least + unit - 1).div_euclid(*unit) * unit).find(fits)?;
            self.at_most(unknown, ZERO, moment);
            self.at_most(ZERO, unknown, -moment);
            moments.push(moment);
        }
        Some(moments)
    }
}
