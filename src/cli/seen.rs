//! What simulations showed of the bounds of a review.

use std::collections::BTreeMap;

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
    // The same runs show all bounds of a design under one ledger.
    let mut surveys: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (at, answer) in answers.iter().enumerate() {
        if seeds > 0 && answer.outcome.within.is_some() {
            surveys.entry((&answer.asked.design.file, &answer.outcome.ledger)).or_default().push(at);
        }
    }
    manner.options.meter.expect_runs(seeds.saturating_mul(surveys.len() as u64));
    let mut shown = vec![None; answers.len()];
    for bounds in surveys.into_values() {
        let of: Vec<&Answer<'_>> = bounds.iter().map(|at| &answers[*at]).collect();
        for (at, spans) in bounds.iter().zip(of_one_ledger(app, &of, seeds, manner)?) {
            shown[*at] = Some(spans);
        }
    }
    Ok(shown)
}

fn of_one_ledger(app: &App, answers: &[&Answer<'_>], seeds: u64, manner: &Manner) -> Result<Vec<Distribution>> {
    let (design, ledger) = (answers[0].asked.design, &answers[0].outcome.ledger);
    // Long enough for the longest span that is asked about to begin late.
    let bound = |answer: &&Answer<'_>| answer.outcome.within.filter(|within| !within.is_never());
    let longest = answers.iter().filter_map(bound).max().unwrap_or_default();
    let lasting = lasting(app, design, ledger, None)?.plus(longest.times(2));
    // Half of the runs come near the ends of windows, half draw all moments alike.
    let options = Options { draw: Draw::Swarm, ..Options::lasting(lasting) };
    let plan = Plan { seeds: 0..seeds, options, effort: 0, why: 0, meter: manner.options.meter.clone() };
    // Without its bound: a run that violates it is a span as any other.
    let asked = |answer: &&Answer<'_>| Question {
        property: answer.outcome.property.clone(),
        ledger: ledger.clone(),
        within: None,
    };
    let questions: Vec<Question> = answers.iter().map(asked).collect();
    let simulated = app.protocol_of(design)?.simulate(design, ledger, &questions, &plan)?;
    Ok(simulated.shown.into_iter().map(|shown| shown.findings.spans).collect())
}
