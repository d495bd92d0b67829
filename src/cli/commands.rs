//! The commands, each from its arguments to what it has to say.

use std::path::Path;

use serde_json::json;

use super::{Manner, Output, args::Review, folder, keep, learn::by_requirement, save, seen::seen};
use crate::{
    app::{
        App, Card, Erased,
        review::{Answer, Asked, answer, questions},
        unknown_property,
    },
    design::{BadInput, Resolved, Result, Shelf},
    report::{Format, Look, block, grid, summary, table, timeline},
    verdict::Status,
};

/// Reviews files and folders: is everything as they expect? Writes the run directory.
pub(super) fn review(app: &App, arguments: &Review, manner: &Manner) -> Result<Output> {
    let Review { paths, out, seeds, .. } = arguments;
    folder::check(out)?;
    let (shelf, files) = files(app, paths)?;
    let designs = match load_all(app, shelf, &files, manner.look) {
        Ok(designs) => designs,
        Err(aside) => return Ok(Output { aside, status: Status::BadInput, ..Output::default() }),
    };
    let mut asked = Vec::new();
    for design in &designs {
        asked.extend(questions(design, app.protocol_of(design)?, None));
    }
    let answers = answer(app, asked, &manner.options)?;
    let shown = |answer: &Answer<'_>| manner.verbose || answer.status > Status::Inconclusive;
    let (answers, mut aside) = with_traces(answers, shown);
    let status = worst(&answers);
    let summary = pretty(&summary(&answers, status));
    let tally = tally(&answers, designs.len());
    let plain: Vec<Answer<'_>> = answers.iter().map(|(answer, _)| answer.clone()).collect();
    let seen = seen(app, &plain, *seeds, manner)?;
    aside.push_str(&match folder::write(out, &folder::files(app, &plain, &seen, summary.clone(), &tally)?) {
        Ok(()) => format!("report  {out}/report.html\n"),
        Err(error) => format!("the report was not written to {out}: {error}\n"),
    });
    let text = if manner.json {
        summary
    } else {
        let mut text = table(answers.iter().map(|(answer, _)| answer), manner.terminal, manner.verbose, manner.look);
        for (answer, saved) in
            answers.iter().filter(|(answer, _)| manner.verbose || answer.status != Status::AsExpected)
        {
            text.push('\n');
            text.extend(block(answer, saved.as_deref(), manner.look).into_iter().map(|line| line + "\n"));
        }
        text + "\n" + &tally
    };
    Ok(Output { text, aside, status })
}

/// Answers what one file asks, in full.
pub(super) fn check(
    app: &App,
    file: &str,
    assignments: &[String],
    property: Option<&str>,
    full: bool,
    manner: &Manner,
) -> Result<Output> {
    let design = app.load(Shelf::Disk, file, assignments)?;
    let protocol = app.protocol_of(&design)?;
    let known = protocol.properties();
    if let Some(property) = property.filter(|id| known.iter().all(|card| card.id != *id)) {
        return Err(unknown_property(property, &known));
    }
    let mut asked = questions(&design, protocol, property);
    if !assignments.is_empty() {
        // What a file expects, it expects of what is written in it.
        asked = asked.into_iter().map(|asked| Asked { expectation: None, ..asked }).collect();
    }
    let (answers, aside) = with_traces(answer(app, asked, &manner.options)?, |_| true);
    let status = worst(&answers);
    let text = if manner.json {
        pretty(&summary(&answers, status))
    } else {
        let look = Look { full, ..manner.look };
        let blocks = answers.iter().map(|(answer, saved)| block(answer, saved.as_deref(), look).join("\n") + "\n");
        let blocks = blocks.collect::<Vec<_>>().join("\n");
        format!("{blocks}{}", met(answers.iter().map(|(answer, _)| answer)))
    };
    Ok(Output { text, aside, status })
}

/// Of several answers that a file has expectations of, how many are as it expects.
fn met<'a>(answers: impl Iterator<Item = &'a Answer<'a>>) -> String {
    let compared: Vec<_> = answers.filter(|answer| answer.asked.expectation.is_some()).collect();
    let met = compared.iter().filter(|answer| answer.status == Status::AsExpected).count();
    if compared.len() < 2 { String::new() } else { format!("\n{met} of {} as expected\n", compared.len()) }
}

/// Runs a saved trace again and shows it.
pub(super) fn replay(
    app: &App,
    path: &str,
    design: Option<&str>,
    full: bool,
    format: Option<Format>,
    manner: &Manner,
) -> Result<Output> {
    if design.is_none() && Path::new(path).is_dir() {
        return keep::replay_all(app, path, manner);
    }
    let (trace, design) = save::open(app, path, design)?;
    let protocol = app.protocol_of(&design)?;
    let trace = protocol.replay(&design, &trace)?;
    if let Some(format) = format {
        let text = format.write(&trace, &protocol.holds(&design, &trace)?);
        return Ok(Output { text, ..Output::default() });
    }
    if manner.json {
        let text = pretty(&serde_json::to_value(&trace).expect("a trace is JSON"));
        return Ok(Output { text, ..Output::default() });
    }
    let subject = &trace.subject;
    let mut text = format!("REPLAYED  {}   {} under {}\n", subject.file, subject.property, subject.ledger);
    text.push_str(&format!("  confirmed: {}\n", crate::report::claim(&trace)));
    let most = if full { trace.steps.len() } else { trace.steps.len().min(21) };
    let width = if full { usize::MAX } else { manner.look.width.saturating_sub(2) };
    text.extend(timeline(&trace, most, width).into_iter().map(|line| format!("  {line}\n")));
    Ok(Output { text, ..Output::default() })
}

/// Names the protocols and their properties.
pub(super) fn list(app: &App, requirements: bool, manner: &Manner) -> Result<Output> {
    if manner.json {
        let text =
            pretty(&json!({ "schema_version": 1, "protocols": app.protocols().map(describe).collect::<Vec<_>>() }));
        return Ok(Output { text, ..Output::default() });
    }
    let text = if requirements { by_requirement(app, manner)? } else { by_protocol(app, manner) };
    Ok(Output { text, ..Output::default() })
}

fn by_protocol(app: &App, manner: &Manner) -> String {
    let mut text = String::new();
    for protocol in app.protocols() {
        text.push_str(&format!("{}: {}\n", protocol.name(), protocol.about()));
        let row = |card: Card| vec![format!("  {}", card.id), card.sentence.into(), card.requirements.join(" ")];
        let rows = protocol.properties().into_iter().map(row).collect();
        text.push_str(&grid(&["  property", "says", "requirements"], rows, manner.terminal, manner.look.width));
        for key in protocol.ledger_keys() {
            text.push_str(&format!("  a ledger may say `{}`: {}\n", key.key, key.about));
        }
        text.push('\n');
    }
    text
}

fn describe(protocol: &dyn Erased) -> serde_json::Value {
    let property = |card: Card| json!({ "id": card.id, "sentence": card.sentence, "requirements": card.requirements });
    json!({
        "name": protocol.name(),
        "about": protocol.about(),
        "properties": protocol.properties().into_iter().map(property).collect::<Vec<_>>(),
        "ledger_keys": protocol.ledger_keys().iter().map(|key| json!({ "key": key.key, "about": key.about })).collect::<Vec<_>>(),
    })
}

/// The files to review, and where they are.
pub(super) fn files(app: &App, paths: &[String]) -> Result<(Shelf, Vec<String>)> {
    let (shelf, files) = match (paths, app.embedded()) {
        ([], _) if Path::new("models").is_dir() => (Shelf::Disk, Shelf::Disk.designs("models")?),
        ([], Some(shelf)) => (shelf, shelf.designs("")?),
        ([], None) => {
            let refusal = BadInput::without_place("there is no folder `models` here, and nothing else was named");
            return Err(refusal.with_remedy("name files or folders: `review PATH`"));
        }
        (paths, _) => {
            let mut files = Vec::new();
            for path in paths {
                files.extend(Shelf::Disk.designs(path)?);
            }
            (Shelf::Disk, files)
        }
    };
    if files.is_empty() {
        return Err(BadInput::without_place("no design was found: no file that ends in .toml"));
    }
    Ok((shelf, files))
}

/// Every design, or everything that is wrong with any.
fn load_all(app: &App, shelf: Shelf, files: &[String], look: Look) -> std::result::Result<Vec<Resolved>, String> {
    let mut designs = Vec::new();
    let mut refusals = String::new();
    for file in files {
        match app.load(shelf, file, &[]) {
            Ok(design) => designs.push(design),
            Err(refusal) => refusals.push_str(&refusal.render(look.color, look.width)),
        }
    }
    if refusals.is_empty() { Ok(designs) } else { Err(refusals) }
}

/// Saves the stories of the answers that are shown, and says what could not be saved.
fn with_traces<'a>(
    answers: Vec<Answer<'a>>,
    shown: impl Fn(&Answer<'_>) -> bool,
) -> (Vec<(Answer<'a>, Option<String>)>, String) {
    let mut aside = String::new();
    let saved = answers.into_iter().map(|answer| {
        let finding = &answer.outcome.finding;
        let trace = finding.trace.as_ref().filter(|_| finding.verdict.has_story() && shown(&answer));
        let path = trace.and_then(|trace| match save::save(trace, answer.outcome.within) {
            Ok(path) => Some(path),
            Err(error) => {
                aside.push_str(&format!("the trace of {} was not saved: {error}\n", answer.outcome.property));
                None
            }
        });
        (answer, path)
    });
    let saved = saved.collect();
    (saved, aside)
}

fn worst(answers: &[(Answer<'_>, Option<String>)]) -> Status {
    answers.iter().map(|(answer, _)| answer.status).max().unwrap_or_default()
}

fn tally(answers: &[(Answer<'_>, Option<String>)], designs: usize) -> String {
    let count = |status| answers.iter().filter(|(answer, _)| answer.status == status).count();
    let mut text = format!("{designs} designs, {} of {} as expected", count(Status::AsExpected), answers.len());
    for (status, words) in [(Status::NotAsExpected, "not as expected"), (Status::Inconclusive, "inconclusive")] {
        if count(status) > 0 {
            text.push_str(&format!(", {} {words}", count(status)));
        }
    }
    text + "\n"
}

pub(super) fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).expect("a value is JSON") + "\n"
}
