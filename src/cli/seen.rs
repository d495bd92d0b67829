//! What simulations showed of the bounds of a review.

use super::{Manner, sim::lasting};
use crate::{
    app::{App, Plan, Question, review::Answer},
    design::Result,
    simulate::{Distribution, Draw, Options},
};

/// How long each bound took in runs from so many seeds; `None` of what is no bound, and of all without seeds.
///
/// # Errors
/// A design that cannot be simulated.
pub(super) fn seen(
    app: &App,
    answers: &[Answer<'_>],
    seeds: u64,
    manner: &Manner,
) -> Result<Vec<Option<Distribution>>> {
    let is_bound = |answer: &Answer<'_>| seeds > 0 && answer.outcome.within.is_some();
    manner.options.meter.expect_runs(seeds.saturating_mul(answers.iter().filter(|one| is_bound(one)).count() as u64));
    let of = |answer: &Answer<'_>| {
        if is_bound(answer) { of_bound(app, answer, seeds, manner).map(Some) } else { Ok(None) }
    };
    answers.iter().map(of).collect()
}

fn of_bound(app: &App, answer: &Answer<'_>, seeds: u64, manner: &Manner) -> Result<Distribution> {
    let (design, outcome) = (answer.asked.design, &answer.outcome);
    // Long enough for the longest span that is asked about to begin late.
    let longest = outcome.within.filter(|within| !within.is_never()).unwrap_or_default();
    let lasting = lasting(app, design, &outcome.ledger, None)?.plus(longest.times(2));
    // Half of the runs come near the ends of windows, half draw all moments alike.
    let options = Options { draw: Draw::Swarm, ..Options::lasting(lasting) };
    let plan = Plan { seeds: 0..seeds, options, effort: 0, why: 0, meter: manner.options.meter.clone() };
    // Without its bound: a run that violates it is a span as any other.
    let question = Question { property: outcome.property.clone(), ledger: outcome.ledger.clone(), within: None };
    let simulated = app.protocol_of(design)?.simulate(design, &outcome.ledger, &[question], &plan)?;
    Ok(simulated.shown.into_iter().next().map(|shown| shown.findings.spans).unwrap_or_default())
}
