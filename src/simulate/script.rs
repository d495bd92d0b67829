//! A run as a list of decisions, without a seed: how long each pending event takes, and what the adversary does.
//!
//! A recorded run gives a script that repeats it. A changed script is another run near it, if that is possible at all:
//! what it does not decide happens as soon as it may.

use std::collections::BTreeMap;

use super::agenda::Event;
use crate::trace::{Choices, Target};

/// Every decision of a run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Script {
    /// Parts per million that each node's clock runs faster than true time.
    pub(super) rates: Vec<i64>,
    pub(super) decisions: BTreeMap<Key, Decision>,
    /// In the order of the run.
    pub(super) strikes: Vec<ScriptedStrike>,
    /// What befalls the effects of a step, where that is anything.
    pub(super) choices: BTreeMap<Key, Choices>,
}

/// An event by its code, and which of its schedulings or happenings this is: a node starts more than once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Key {
    pub(super) code: (u64, u64),
    pub(super) nth: u32,
}

/// How long an event takes from its scheduling on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Decision {
    /// `i64::MAX` for never. Of a timer: what its node's clock counts.
    pub(super) span: i64,
    /// Of a timer: how much later it is delivered.
    pub(super) reaction: i64,
    /// Orders events of one moment.
    pub(super) tie: u32,
    /// What the span and the reaction may be.
    pub(super) least: i64,
    pub(super) most: i64,
    pub(super) slowest: i64,
}

/// A fault between two steps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ScriptedStrike {
    pub(super) at: i64,
    /// After so many steps of that moment.
    pub(super) after: u32,
    pub(super) fault: usize,
    pub(super) target: Target,
    /// What befalls the step that a request causes.
    pub(super) choices: Choices,
}

/// How often each event was scheduled or happened.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts(rustc_hash::FxHashMap<(u64, u64), u32>);

impl Counts {
    /// The key of an event that is scheduled or happens now.
    pub(super) fn next(&mut self, event: Event) -> Key {
        let code = event.code();
        let nth = self.0.entry(code).or_default();
        *nth += 1;
        Key { code, nth: *nth }
    }
}

impl Script {
    /// How many faults there are, between steps and within them.
    pub(super) fn faults(&self) -> usize {
        let choices = self.choices.values().chain(self.strikes.iter().map(|strike| &strike.choices));
        let within =
            choices.map(|choices| usize::from(choices.cut.is_some()) + choices.lost.len() + choices.duplicated.len());
        self.strikes.len() + within.sum::<usize>()
    }
}
