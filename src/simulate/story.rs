//! From a seed that violates a property to a trace that shows it.

use super::{
    replay::{ReplayError, replay},
    run::{Options, run},
    survey::Failure,
};
use crate::{
    process::{Data, Process},
    spec::{Property, Setup},
    trace::{Claim, FORMAT, Step, Subject, Trace},
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
    let mut run = run(setup, std::slice::from_ref(property), seed, &options);
    if let Some(last) = failure.last_step() {
        run.steps.truncate(last + 1);
    }
    told(setup, property, subject, run.steps, failure)
}

/// Steps that end with a failure, as a trace that the replay confirms.
///
/// # Errors
/// If the replay refuses them.
pub fn told<P: Process, M: Data>(
    setup: &Setup<P>,
    property: &Property<P, M>,
    subject: Subject,
    steps: Vec<Step>,
    failure: Failure,
) -> Result<Trace, ReplayError> {
    let nodes = setup.nodes.iter().map(|node| node.name.clone()).collect();
    let tool = env!("CARGO_PKG_VERSION").into();
    let mut trace = Trace { tenure_trace: FORMAT, tool, subject, claim: failure.claim(), nodes, steps };
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
    pub(super) fn last_step(self) -> Option<usize> {
        match self {
            Failure::At(step) | Failure::Longer { to: step, .. } => Some(step),
            Failure::Never { .. } => None,
        }
    }
}
