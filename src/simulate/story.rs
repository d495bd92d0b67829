//! From a seed that violates a property to a trace that shows it.

use super::{
    replay::{ReplayError, replay},
    run::{Options, run},
    survey::Failure,
};
use crate::{
    process::{Data, Process},
    spec::{Property, Setup},
    trace::{Claim, Subject, Trace},
};

/// The run of a seed, up to the moment at which it violates the property, as the replay confirms it.
///
/// # Errors
/// If the replay refuses what was simulated: a defect of this module.
pub fn story<P: Process, M: Data>(
    setup: &Setup<P>,
    property: &Property<P, M>,
    subject: Subject,
    (seed, failure): (u64, Failure),
    options: &Options,
) -> Result<Trace, ReplayError> {
    let options = Options { record: true, ..options.clone() };
    let run = run(setup, std::slice::from_ref(property), seed, &options);
    let mut trace = run.trace(setup, subject);
    trace.claim = failure.claim();
    if let Some(last) = failure.last_step() {
        trace.steps.truncate(last + 1);
    }
    if let Failure::Longer { from, .. } | Failure::Never { from } = failure {
        trace.steps[from].choices.measured = true;
    }
    let replayed = replay(setup, property, &trace)?;
    trace.steps = replayed.steps;
    Ok(trace)
}

impl Failure {
    fn claim(self) -> Claim {
        match self {
            Failure::At(_) => Claim::Violation,
            Failure::Longer { micros, .. } => Claim::Elapsed { micros },
            Failure::Never { .. } => Claim::Never,
        }
    }

    /// `None` for the last of the run.
    fn last_step(self) -> Option<usize> {
        match self {
            Failure::At(step) | Failure::Longer { to: step, .. } => Some(step),
            Failure::Never { .. } => None,
        }
    }
}
