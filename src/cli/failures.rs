//! The known failures: which there are, how each is found, and what becomes of its repaired twin.

use clap::Args;
use serde_json::json;

use super::{
    Manner, Output,
    commands::{files, pretty},
};
use crate::{
    app::{
        App, Question,
        catalogue::failures::{is_failure, twin_of},
        review::{Answer, Asked, answer},
    },
    design::{BadInput, Expectation, Resolved, Result},
    report::{grid, span, verdict},
    time::Duration,
    trace::Trace,
    verdict::{Status, Verdict},
};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Files and folders; the catalogue, if none is given. What is no known failure is passed over.
    paths: Vec<String>,
}

/// Finds each known failure, proves each repair, and says how.
pub(super) fn run(app: &App, arguments: &Arguments, manner: &Manner) -> Result<Output> {
    let (shelf, files) = files(app, &arguments.paths)?;
    let names: Vec<&String> = files.iter().filter(|file| is_failure(file)).collect();
    if names.is_empty() {
        let refusal = BadInput::without_place("no known failure was found");
        return Err(refusal.with_remedy("each is NAME.toml beside NAME-repaired.toml, in a folder `known`"));
    }
    let load = |name: &str| app.load(shelf, name, &[]);
    let failures = names.iter().map(|name| load(name)).collect::<Result<Vec<_>>>()?;
    let twins = names.iter().map(|name| load(&twin_of(name))).collect::<Result<Vec<_>>>()?;
    let (mut asked, mut asked_of_twins) = (Vec::new(), Vec::new());
    for (failure, twin) in failures.iter().zip(&twins) {
        for expectation in failure.expectations.iter().filter(|one| one.verdict.is_violation()) {
            let Expectation { property, under, within, .. } = expectation;
            let question = Question { property: property.clone(), ledger: under.clone(), within: *within };
            asked_of_twins.push(Asked { design: twin, question: question.clone(), expectation: None });
            asked.push(Asked { design: failure, question, expectation: Some(expectation) });
        }
    }
    let many = asked.len();
    let mut answers = answer(app, asked.into_iter().chain(asked_of_twins).collect(), &manner.options)?;
    let of_twins = answers.split_off(many);
    let pairs: Vec<Pair<'_>> = answers.iter().zip(&of_twins).map(|(failure, twin)| Pair { failure, twin }).collect();
    let status = pairs.iter().map(Pair::status).max().unwrap_or_default();
    let text = if manner.json {
        pretty(&json!({ "schema_version": 1, "failures": pairs.iter().map(Pair::as_json).collect::<Vec<_>>() }))
    } else {
        let rows = pairs.iter().map(Pair::as_row).collect();
        let tally = tally(&pairs, failures.len());
        format!("{}\n{tally}\n", grid(&HEAD, rows, manner.terminal, manner.look.width))
    };
    Ok(Output { text, status, ..Output::default() })
}

/// A failure, and the same question of its twin.
struct Pair<'a> {
    failure: &'a Answer<'a>,
    twin: &'a Answer<'a>,
}

const HEAD: [&str; 10] =
    ["failure", "what happens", "breaks", "under", "found by", "steps", "after", "states", "took", "its twin"];

impl Pair<'_> {
    /// Every violation that the checker tells of was found by a search that leaves nothing out.
    fn found_by(&self) -> &'static str {
        if self.failure.outcome.finding.verdict.has_story() { "exhaustive search" } else { "nothing" }
    }

    fn is_repaired(&self) -> bool {
        matches!(self.twin.outcome.finding.verdict, Verdict::Holds { vacuity_unknown: false, .. })
    }

    fn status(&self) -> Status {
        let repaired = if self.is_repaired() { Status::AsExpected } else { Status::NotAsExpected };
        self.failure.status.max(repaired)
    }

    fn as_row(&self) -> Vec<String> {
        let Answer { asked, outcome, .. } = self.failure;
        let finding = &outcome.finding;
        let story = finding.trace.as_ref();
        let after = |trace: &Trace| span(Duration::from_micros(end(trace)));
        vec![
            name(asked.design),
            asked.design.title.clone(),
            outcome.property.clone(),
            outcome.ledger.clone(),
            self.found_by().into(),
            story.map_or(String::new(), |trace| trace.steps.len().to_string()),
            story.map_or(String::new(), after),
            finding.stats.states.to_string(),
            format!("{} ms", finding.stats.elapsed.as_millis()),
            verdict(&self.twin.outcome.finding),
        ]
    }

    fn as_json(&self) -> serde_json::Value {
        let Answer { asked, outcome, .. } = self.failure;
        let story = outcome.finding.trace.as_ref();
        json!({
            "file": asked.design.file,
            "title": asked.design.title,
            "property": outcome.property,
            "under": outcome.ledger,
            "found_by": self.found_by(),
            "steps": story.map(|trace| trace.steps.len()),
            "after_micros": story.map(end),
            "discrete_states": outcome.finding.stats.states,
            "elapsed_micros": u64::try_from(outcome.finding.stats.elapsed.as_micros()).unwrap_or(u64::MAX),
            "twin": self.twin.asked.design.file,
            "twin_verdict": verdict(&self.twin.outcome.finding),
        })
    }
}

/// The moment of a story's last step, in microseconds.
fn end(trace: &Trace) -> i64 {
    trace.steps.last().map_or(0, |step| step.at)
}

/// Without its folder: all are in the same.
fn name(design: &Resolved) -> String {
    let file = std::path::Path::new(&design.file);
    file.file_stem().map_or(design.file.clone(), |stem| stem.to_string_lossy().into_owned())
}

fn tally(pairs: &[Pair<'_>], failures: usize) -> String {
    let found = pairs.iter().filter(|pair| pair.failure.outcome.finding.verdict.has_story()).count();
    let repaired = pairs.iter().filter(|pair| pair.is_repaired()).count();
    let asked = pairs.len();
    format!("{failures} failures: {found} of {asked} found by exhaustive search, {repaired} of {asked} repairs hold")
}
