//! The tick oracle: the same questions as the timed checker's, answered by moving time in unit steps.
//!
//! It exists to disagree. It shares nothing with the zones but the [`Space`] below both: each pending event is a
//! window of ticks that remain, any number of events happen at one instant in any order, and a tick passes only while
//! nothing must happen now. All windows are closed and whole, so whatever happens in dense time happens at whole
//! ticks as well, and every finite longest or shortest reading is attained there.
//!
//! A tick is any number of microseconds. Where it does not divide a window, the window is rounded outward and the
//! answer says so: then only what is *not* reached is sure, and readings are bounds. One thread. Situations are told
//! apart by 64-bit fingerprints ([`Stats::caveat`]): enough for an oracle, and why it is no more than one.

mod replay;
mod situation;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

pub use self::replay::{Refusal, Replayed, replay};

use self::situation::{Scale, Situation};
use crate::{
    breadth::{End, Graph, search},
    world::space::{Marks, PathStep, StateId, TimedPath},
};

pub use crate::breadth::{Limits, Shared, Stats};

#[cfg(doc)]
use crate::world::space::Space;

/// An answer, and how much it is worth.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer<T> {
    /// Otherwise why the search was cut.
    pub found: Result<T, String>,
    /// The tick does not divide some window: what is reached need not be reachable, longest readings are upper and
    /// shortest ones lower bounds.
    pub rounded: bool,
    pub stats: Stats,
}

/// Everything that every run shows, seen together.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Survey {
    /// The discrete states that are reached.
    pub states: BTreeSet<StateId>,
    /// The marks of all edges that are taken.
    pub marks: Marks,
    /// The most that a running stopwatch reads at any moment; `None` if none ever runs.
    pub longest: Option<Reading>,
    /// A stopwatch runs while nothing pending must ever happen.
    pub never: bool,
    /// The least that a stopwatch reads at an edge that reads it; `None` if there is none.
    pub shortest: Option<Reading>,
}

/// A stopwatch's reading, in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reading {
    Is(i64),
    /// More than the cap.
    Above(i64),
}

/// Goes through every run. Readings up to `cap` microseconds are exact.
///
/// # Panics
/// If `tick` is not above zero.
#[must_use]
pub fn survey(space: &Shared, tick: i64, cap: i64, limits: Limits) -> Answer<Survey> {
    assert!(tick > 0, "a tick takes time");
    let scale = Scale { tick, most: 0 };
    let scale = Scale { most: scale.up(cap) + 1, ..scale };
    let seen = Arc::new(Mutex::new(Seen::default()));
    let (end, stats) = search(Ticking { space: space.clone(), scale, marks: None, seen: seen.clone() }, limits);
    let seen = seen.lock().expect("the search is over").clone();
    let read = |elapsed: i64| if elapsed == scale.most { Reading::Above(cap) } else { Reading::Is(elapsed * tick) };
    let found = match end {
        End::Cut(why) => Err(why),
        End::Found(_) => unreachable!("nothing was looked for"),
        End::Exhausted => Ok(Survey {
            states: seen.states,
            marks: seen.marks,
            longest: seen.longest.map(read),
            never: seen.never,
            shortest: seen.shortest.map(read),
        }),
    };
    Answer { found, rounded: seen.rounded, stats }
}

/// Searches for an edge with one of `marks`: a path with as few steps and ticks as possible, `None` if there is none.
///
/// # Panics
/// If `tick` is not above zero.
#[must_use]
pub fn reach(space: &Shared, marks: Marks, tick: i64, limits: Limits) -> Answer<Option<TimedPath>> {
    assert!(tick > 0, "a tick takes time");
    // Stopwatches are not read: they all stand at zero.
    let scale = Scale { tick, most: 0 };
    let seen = Arc::new(Mutex::new(Seen::default()));
    let (end, stats) = search(Ticking { space: space.clone(), scale, marks: Some(marks), seen: seen.clone() }, limits);
    let found = match end {
        End::Cut(why) => Err(why),
        End::Exhausted => Ok(None),
        End::Found(moves) => Ok(Some(timed(&moves, tick))),
    };
    let rounded = seen.lock().expect("the search is over").rounded;
    Answer { found, rounded, stats }
}

fn timed(moves: &[Move], tick: i64) -> TimedPath {
    let mut path = TimedPath::default();
    let mut now = 0;
    for step in moves {
        match *step {
            Move::Tick => now += tick,
            Move::Edge(edge) => {
                path.steps.push(PathStep { automorphism: None, edge });
                path.times.push(now);
            }
        }
    }
    path
}

/// A space in unit steps.
struct Ticking {
    space: Shared,
    scale: Scale,
    /// `None` for a survey: nothing is looked for, everything is seen.
    marks: Option<Marks>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Move {
    Edge(u32),
    Tick,
}

/// What a search came past so far; readings in ticks.
#[derive(Clone, Debug, Default)]
struct Seen {
    states: BTreeSet<StateId>,
    marks: Marks,
    longest: Option<i64>,
    never: bool,
    shortest: Option<i64>,
    rounded: bool,
}

impl Graph for Ticking {
    type Node = Situation;
    type Step = Move;

    fn first(&self) -> Situation {
        let mut space = self.space.lock().expect("no search panics while it holds the space");
        let (state, origins) = space.initial();
        self.see(|seen| seen.rounded |= !self.scale.fits(&origins));
        Situation::first(state, &origins, &space.variables(state), self.scale)
    }

    fn steps(&self, from: &Situation, steps: &mut Vec<(Move, Option<Situation>)>) -> Result<(), String> {
        let mut space = self.space.lock().expect("no search panics while it holds the space");
        let edges = space.edges(from.state).map_err(|cap| cap.to_string())?;
        self.see(|seen| seen.situation(from));
        for (index, edge) in (0..).zip(edges.iter()) {
            let Some(target) = from.follow(edge, &space.variables(edge.target), self.scale) else { continue };
            self.see(|seen| {
                seen.rounded |= !self.scale.fits(&edge.origins);
                seen.marks = seen.marks.with(edge.marks);
                if edge.reads {
                    seen.shortest = seen.shortest.into_iter().chain(from.elapsed()).min();
                }
            });
            let found = self.marks.is_some_and(|marks| edge.marks.any(marks));
            steps.push((Move::Edge(index), if found { None } else { Some(target) }));
        }
        steps.extend(from.tick(self.scale).map(|next| (Move::Tick, Some(next))));
        Ok(())
    }
}

impl Ticking {
    fn see(&self, add: impl FnOnce(&mut Seen)) {
        add(&mut self.seen.lock().expect("no search panics while it notes what it saw"));
    }
}

impl Seen {
    fn situation(&mut self, situation: &Situation) {
        self.states.insert(situation.state);
        if let Some(elapsed) = situation.elapsed() {
            self.longest = self.longest.max(Some(elapsed));
            self.never |= situation.may_wait_for_ever();
        }
    }
}
