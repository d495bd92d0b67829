//! Takes a path that another engine found, step by step at its moments.

use super::{
    Shared,
    situation::{Scale, Situation},
};
use crate::world::space::{Cap, Marks, TimedPath};

/// What the last step of a path shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Replayed {
    pub marks: Marks,
    /// The stopwatch that runs when it is taken, in microseconds.
    pub elapsed: Option<i64>,
    /// The step is a response to that stopwatch's trigger.
    pub reads: bool,
}

/// Why a path is no run. Steps are counted from zero.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    #[error("step {0} has no moment, or one before the step ahead of it or between two ticks")]
    Moment(usize),
    #[error("before the moment of step {0} something else must happen")]
    Overdue(usize),
    #[error("step {0} is no edge of its state, or cannot be taken at its moment")]
    Step(usize),
    #[error("the path has no step")]
    Empty,
    #[error(transparent)]
    Cap(#[from] Cap),
}

/// Follows a path in ticks of so many microseconds, automorphisms included.
///
/// # Errors
/// When the path is no run of the space in these ticks.
///
/// # Panics
/// If `tick` is not above zero.
pub fn replay(space: &Shared, path: &TimedPath, tick: i64) -> Result<Replayed, Refusal> {
    assert!(tick > 0, "a tick takes time");
    let scale = Scale { tick, most: i64::MAX };
    let mut space = space.lock().expect("no search panics while it holds the space");
    let (state, origins) = space.initial();
    let mut now = 0;
    let mut at = Situation::first(state, &origins, &space.variables(state), scale);
    let mut last = Err(Refusal::Empty);
    for (index, step) in path.steps.iter().enumerate() {
        let moment = path.times.get(index).filter(|moment| **moment >= now && (**moment - now) % tick == 0);
        let moment = *moment.ok_or(Refusal::Moment(index))?;
        while now < moment {
            at = at.tick(scale).ok_or(Refusal::Overdue(index))?;
            now += tick;
        }
        if let Some(renaming) = step.automorphism {
            let automorphisms = space.automorphisms(at.state);
            at = at.renamed(automorphisms.get(usize::from(renaming)).ok_or(Refusal::Step(index))?);
        }
        let edges = space.edges(at.state)?;
        let edge = edges.get(step.edge as usize).ok_or(Refusal::Step(index))?;
        last =
            Ok(Replayed { marks: edge.marks, elapsed: at.elapsed().map(|elapsed| elapsed * tick), reads: edge.reads });
        at = at.follow(edge, &space.variables(edge.target), scale).ok_or(Refusal::Step(index))?;
    }
    last
}
