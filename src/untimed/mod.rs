//! The untimed checker: is a property safe even if every timing assumption fails?
//!
//! Every pending event may fire at any moment, in any order, and every fault may strike: windows and orders of a
//! [`Space`] are ignored, only its discrete edges count. What holds here holds for any windows. What is reached here
//! may need an order of events that no windows of this design allow.
//!
//! One thread: it asks the space for the edges of a state when it first comes there.

mod explorer;

use crate::{
    breadth::{End, Graph, search},
    world::space::{Marks, PathStep, StateId},
};

pub use crate::breadth::{Limits, Shared, Stats};
pub use explorer::{Explored, explore};

#[cfg(doc)]
use crate::world::space::Space;

/// What is known without any assumption on time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Untimed {
    /// Every discrete state was expanded, none has an edge with one of the marks.
    Safe,
    /// As few steps as possible, the last one with one of the marks.
    Reached(Vec<PathStep>),
    /// The search was cut, and why.
    Unknown(String),
}

/// Searches for an edge with one of `marks`, nearest first.
#[must_use]
pub fn check(space: &Shared, marks: Marks, limits: Limits) -> (Untimed, Stats) {
    let (end, stats) = search(Discrete { space: space.clone(), marks }, limits);
    let untimed = match end {
        End::Exhausted => Untimed::Safe,
        End::Found(edges) => {
            Untimed::Reached(edges.into_iter().map(|edge| PathStep { automorphism: None, edge }).collect())
        }
        End::Cut(why) => Untimed::Unknown(why),
    };
    (untimed, stats)
}

/// The discrete states alone.
struct Discrete {
    space: Shared,
    marks: Marks,
}

impl Graph for Discrete {
    type Node = StateId;
    type Step = u32;

    fn first(&self) -> StateId {
        self.space.lock().expect("no search panics while it holds the space").initial().0
    }

    fn steps(&self, node: &StateId, steps: &mut Vec<(u32, Option<StateId>)>) -> Result<(), String> {
        let edges = self.space.lock().expect("no search panics while it holds the space").edges(*node);
        let edges = edges.map_err(|cap| cap.to_string())?;
        steps.extend((0..).zip(edges.iter()).map(|(index, edge)| {
            let target = if edge.marks.any(self.marks) { None } else { Some(edge.target) };
            (index, target)
        }));
        Ok(())
    }
}
