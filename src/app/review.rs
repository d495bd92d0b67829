//! Questions of files, their answers, and how an answer compares with what the file expects.

use rayon::prelude::*;

use super::{App, Erased, Options, Question};
use crate::{
    design::{Expectation, Formula, Resolved, Result},
    report::{figure, span},
    time::Duration,
    verdict::{Outcome, Status, compare},
};

/// A question of a file, and what the file expects, if it says.
#[derive(Clone, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) design: &'a Resolved,
    pub(crate) question: Question,
    pub(crate) expectation: Option<&'a Expectation>,
}

/// A question with its answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) asked: Asked<'a>,
    pub(crate) outcome: Outcome,
    pub(crate) status: Status,
    /// What is not as expected, a sentence each.
    pub(crate) complaints: Vec<String>,
}

/// What a file asks: its expectations. A file without any asks for every property under every ledger.
pub(crate) fn questions<'a>(design: &'a Resolved, protocol: &dyn Erased, only: Option<&str>) -> Vec<Asked<'a>> {
    let wanted = |property: &str| only.is_none_or(|only| only == property);
    let of = |expectation: &'a Expectation| {
        let Expectation { property, under, within, .. } = expectation;
        let question = Question { property: property.clone(), ledger: under.clone(), within: *within };
        Asked { design, question, expectation: Some(expectation) }
    };
    let expected: Vec<_> = design.expectations.iter().filter(|one| wanted(&one.property)).map(of).collect();
    if !expected.is_empty() {
        return expected;
    }
    let properties = protocol.properties().into_iter().filter(|card| wanted(card.id));
    let under = |id: &'static str| {
        design.ledgers().map(move |ledger| {
            let question = Question { property: id.into(), ledger: ledger.into(), within: None };
            Asked { design, question, expectation: None }
        })
    };
    properties.flat_map(|card| under(card.id)).collect()
}

/// Answers questions side by side, in their order.
///
/// # Errors
/// A design that cannot be built.
pub(crate) fn answer<'a>(app: &App, asked: Vec<Asked<'a>>, options: &Options) -> Result<Vec<Answer<'a>>> {
    asked.into_par_iter().map(|asked| answer_one(app, asked, options)).collect()
}

fn answer_one<'a>(app: &App, asked: Asked<'a>, options: &Options) -> Result<Answer<'a>> {
    tracing::debug!("{}: {} under {}", asked.design.file, asked.question.property, asked.question.ledger);
    let _own = options.crew.take(1);
    let outcome = app.protocol_of(asked.design)?.check(asked.design, &asked.question, options)?;
    let (status, complaints) = match asked.expectation {
        None => (outcome.finding.status(), Vec::new()),
        Some(expectation) => judge(asked.design, expectation, &outcome),
    };
    Ok(Answer { asked, outcome, status, complaints })
}

/// Compares an outcome with an expectation, and the formulas of the expectation with its figures.
fn judge(design: &Resolved, expectation: &Expectation, outcome: &Outcome) -> (Status, Vec<String>) {
    let finding = &outcome.finding;
    let mut complaints = Vec::new();
    let mut status = Status::AsExpected;
    if !expectation.verdict.is_met_by(finding) {
        let came = finding.verdict.id(finding.worst);
        complaints.push(format!("expected {}, got {came}", expectation.verdict.id()));
        status = if finding.status() == Status::Inconclusive { Status::Inconclusive } else { Status::NotAsExpected };
    } else if finding.is_vacuity_unknown() {
        complaints.push("proved, but no run was found to which it applies".into());
        status = Status::Inconclusive;
    }
    for (name, pinned, found, formula) in [
        ("best", expectation.best, finding.best, &expectation.because_best),
        ("worst", expectation.worst, finding.worst, &expectation.because),
    ] {
        let Some(pinned) = pinned else { continue };
        let compared = if status == Status::Inconclusive { Status::AsExpected } else { compare(found, pinned) };
        if compared != Status::AsExpected {
            let came = found.map_or("none".into(), figure);
            complaints.push(format!("expected the {name} case {}, got {came}", span(pinned)));
        }
        let explained = formula
            .as_ref()
            .map_or(Status::AsExpected, |formula| explains(design, expectation, formula, pinned, &mut complaints));
        status = status.max(compared).max(explained);
    }
    (status, complaints)
}

/// Whether a formula gives the pinned figure.
fn explains(
    design: &Resolved,
    expectation: &Expectation,
    formula: &Formula,
    pinned: Duration,
    complaints: &mut Vec<String>,
) -> Status {
    match formula.evaluate(design, &expectation.under) {
        Ok(value) if value == pinned => return Status::AsExpected,
        Ok(value) => complaints.push(format!("`{}` gives {}, not {}", formula.text(), span(value), span(pinned))),
        Err(refusal) => complaints.push(refusal.message().into()),
    }
    Status::NotAsExpected
}
