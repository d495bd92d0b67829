//! The run directory of a review: the page, the summaries, and a folder for each story. Written whole or not at all.

use std::{fs, io, path::Path};

use crate::{
    app::{App, review::Answer},
    design::{BadInput, Result},
    report::{Format, Told, anchor, junit, page},
    simulate::Distribution,
    trace::Trace,
};

/// Where a review goes, below the folder in which the program runs.
pub(super) const DEFAULT: &str = "target/tenure/review";

/// By this file a folder is known for one that a review wrote.
const PAGE: &str = "report.html";

/// A path below the run directory, and what the file holds.
type File = (String, String);

/// All that a review writes. `seen` has what simulations showed of each answer.
///
/// # Errors
/// A story that another engine does not confirm.
pub(super) fn files(
    app: &App,
    answers: &[Answer<'_>],
    seen: &[Option<Distribution>],
    summary: String,
    tally: &str,
) -> Result<Vec<File>> {
    let mut files = vec![("summary.json".into(), summary), ("junit.xml".into(), junit(answers.iter()))];
    let mut told = Vec::new();
    for (answer, seen) in answers.iter().zip(seen) {
        let design = answer.asked.design;
        let protocol = app.protocol_of(design)?;
        let card = protocol.properties().into_iter().find(|card| card.id == answer.outcome.property);
        let form = card.expect("the question was answered").form;
        let finding = &answer.outcome.finding;
        let story = finding.trace.as_ref().filter(|_| finding.verdict.has_story());
        let holds = story.map(|trace| protocol.holds(design, trace)).transpose()?.unwrap_or_default();
        let folder = story.map(|_| format!("stories/{}", anchor(answer)));
        if let (Some(trace), Some(folder)) = (story, &folder) {
            files.push((format!("{folder}/trace.json"), as_json(trace)));
            files.extend(
                Format::ALL.map(|format| (format!("{folder}/trace.{}", format.ending()), format.write(trace, &holds))),
            );
        }
        told.push(Told { answer, form, holds, folder, seen: seen.as_ref() });
    }
    files.push((PAGE.into(), page(&told, tally)));
    Ok(files)
}

fn as_json(trace: &Trace) -> String {
    serde_json::to_string_pretty(trace).expect("a trace is JSON") + "\n"
}

/// Refuses a folder that holds something else, before anything is computed.
///
/// # Errors
/// When it exists, is not empty, and no review wrote it.
pub(super) fn check(out: &str) -> Result<()> {
    let path = Path::new(out);
    let is_ours = path.join(PAGE).is_file();
    let is_empty = fs::read_dir(path).map(|mut entries| entries.next().is_none());
    match is_empty {
        Ok(empty) if empty || is_ours => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(_) => {
            let refusal = BadInput::without_place(format!("expected an empty folder or an earlier review, got {out}"));
            Err(refusal.with_remedy("name another folder with `--out`"))
        }
        Err(error) => Err(BadInput::without_place(format!("expected a folder to write to, got {out}: {error}"))),
    }
}

/// Puts the files in place of what was there.
pub(super) fn write(out: &str, files: &[File]) -> io::Result<()> {
    let (fresh, stale) = (format!("{out}.{}.part", std::process::id()), format!("{out}.{}.old", std::process::id()));
    let filled = files.iter().try_for_each(|(name, text)| {
        let path = Path::new(&fresh).join(name);
        fs::create_dir_all(path.parent().expect("it is below the folder"))?;
        fs::write(path, text)
    });
    let placed = filled.and_then(|()| {
        match fs::rename(out, &stale) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::rename(&fresh, out)
    });
    // Nothing half-written stays behind; that it may not be there is no other error.
    let _ = fs::remove_dir_all(&fresh);
    let _ = fs::remove_dir_all(&stale);
    placed
}
