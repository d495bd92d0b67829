//! From a question about a set-up to a finding: which engines are asked, and in which order.

use super::Options;
use crate::{
    process::{Data, Process},
    simulate,
    spec::{Property, Setup},
    time::Duration,
    trace::{Subject, Trace},
    verdict::Finding,
};

/// One question, with everything that an engine needs to answer it.
pub(super) struct Case<'a, P: Process, M: Data> {
    pub(super) setup: &'a Setup<P>,
    pub(super) property: &'a Property<P, M>,
    pub(super) within: Option<Duration>,
    /// What the traces are of.
    pub(super) subject: Subject,
    pub(super) options: &'a Options,
}

/// Answers a question.
pub(super) fn judge<P: Process, M: Data>(case: &Case<'_, P, M>) -> Finding {
    let bound = case.within.map_or(String::new(), |within| format!(" within {within}"));
    let asked = format!("{}{bound} of {} nodes", case.property.id, case.setup.nodes.len());
    let stopped = case.options.meter.is_stopped();
    let why = if stopped { "interrupted" } else { "no engine answers questions yet" };
    Finding::unknown(format!("{why}: {asked}, in {}", case.subject.file))
}

/// Runs a trace again in the event loop, and fills in what each step did.
///
/// # Errors
/// Why it is not a run of the set-up, or does not show what it claims.
pub(super) fn replay<P: Process, M: Data>(
    setup: &Setup<P>,
    property: &Property<P, M>,
    trace: &Trace,
) -> Result<Trace, simulate::ReplayError> {
    let replayed = simulate::replay(setup, property, trace)?;
    Ok(Trace { steps: replayed.steps, ..trace.clone() })
}
