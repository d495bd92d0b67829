//! Traces on the disk: written whole or not at all, read only if they are whole.

use std::{fs, io, path::Path};

use crate::{
    app::App,
    design::{BadInput, Place, Resolved, Result, Shelf, Source},
    trace::{FORMAT, Trace},
};

/// Where traces go, below the folder in which the program runs.
const FOLDER: &str = "target/tenure";

/// Saves a trace under a name that tells its design and question.
pub(super) fn save(trace: &Trace, within: Option<crate::time::Duration>) -> io::Result<String> {
    save_as(trace, within, "")
}

/// The same, with something after the name.
pub(super) fn save_as(trace: &Trace, within: Option<crate::time::Duration>, suffix: &str) -> io::Result<String> {
    let subject = &trace.subject;
    let bound = within.map_or(String::new(), |within| format!("-{within}"));
    let file = subject.file.strip_suffix(".toml").unwrap_or(&subject.file);
    let hash = subject.hash.get(..8).unwrap_or(&subject.hash);
    let name: String = format!("{file}-{}-{}{bound}-{hash}{suffix}", subject.property, subject.ledger)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' })
        .collect();
    let path = format!("{FOLDER}/{}.json", name.trim_matches('-'));
    let mut text = serde_json::to_string_pretty(trace)?;
    text.push('\n');
    fs::create_dir_all(FOLDER)?;
    let unfinished = format!("{path}.{}.part", std::process::id());
    fs::write(&unfinished, text).and_then(|()| fs::rename(&unfinished, &path)).inspect_err(|_| {
        // Nothing half-written stays behind; that it may not be there is no other error.
        let _ = fs::remove_file(&unfinished);
    })?;
    Ok(path)
}

/// Writes files into their folders: all of them, or none.
pub(super) fn all(files: &[(String, Vec<u8>)]) -> io::Result<()> {
    let unfinished = |path: &str| format!("{path}.{}.part", std::process::id());
    let write = |(path, bytes): &(String, Vec<u8>)| {
        if let Some(folder) = Path::new(path).parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(unfinished(path), bytes)
    };
    let place = |(path, _): &(String, Vec<u8>)| fs::rename(unfinished(path), path);
    files.iter().try_for_each(write).and_then(|()| files.iter().try_for_each(place)).inspect_err(|_| {
        // Nothing half-written stays behind; that it may not be there is no other error.
        for (path, _) in files {
            let _ = fs::remove_file(unfinished(path));
        }
    })
}

/// Reads a trace and the design in it.
///
/// # Errors
/// A trace that is cut short, of another format, changed by hand, or of another design than the one named.
pub(super) fn open(app: &App, path: &str, design: Option<&str>) -> Result<(Trace, Resolved)> {
    let source = Shelf::Disk.read(path)?;
    let value: serde_json::Value = serde_json::from_str(&source.text).map_err(|error| {
        let refusal = at_line(&source, error.line()).refuse(format!("this is not a whole trace: {error}"));
        refusal.with_remedy("write it again with `check`")
    })?;
    match value.get("tenure_trace").and_then(serde_json::Value::as_u64) {
        Some(format) if format == u64::from(FORMAT) => {}
        Some(format) => {
            let refusal =
                find(&source, "\"tenure_trace\"").refuse(format!("expected a trace of format {FORMAT}, got {format}"));
            return Err(refusal.with_remedy("use the program that wrote it, or write it again with `check`"));
        }
        None => return Err(Place::start_of(&source).refuse("expected a trace, which begins with `tenure_trace`")),
    }
    let trace: Trace = serde_json::from_str(&source.text)
        .map_err(|error| at_line(&source, error.line()).refuse(format!("this is not a trace: {error}")))?;
    let mut embedded = Resolved::from_text(&format!("the design in {path}"), &trace.subject.design)?;
    let hash = embedded.hash();
    if hash != trace.subject.hash || embedded.text() != trace.subject.design {
        let refusal = find(&source, "\"hash\"").refuse(format!(
            "the trace says that its design has the hash {}, but it has {hash}: one of them was changed",
            trace.subject.hash
        ));
        return Err(refusal);
    }
    if let Some(design) = design {
        let named = app.load(Shelf::Disk, design, &[])?;
        if named.hash() != hash {
            let refusal = BadInput::without_place(format!("the trace is not of {design} but of another design"));
            return Err(refusal.with_remedy(format!(
                "it was written for {}; {}",
                trace.subject.file,
                differ(&named, &embedded)
            )));
        }
    }
    embedded.file.clone_from(&trace.subject.file);
    app.protocol_of(&embedded)?.validate(&embedded)?;
    Ok((trace, embedded))
}

/// The first line in which two designs differ.
fn differ(named: &Resolved, embedded: &Resolved) -> String {
    let (named, embedded) = (named.text(), embedded.text());
    let pair = named.lines().zip(embedded.lines()).find(|(ours, theirs)| ours != theirs);
    match pair {
        Some((ours, theirs)) => format!("there it is `{theirs}`, here `{ours}`"),
        None => "one is longer than the other".into(),
    }
}

pub(super) fn at_line(source: &std::sync::Arc<Source>, line: usize) -> Place {
    let start: usize = source.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let length = source.text[start..].find('\n').unwrap_or(source.text.len() - start);
    Place { source: source.clone(), range: start..start + length }
}

fn find(source: &std::sync::Arc<Source>, text: &str) -> Place {
    match source.text.find(text) {
        Some(start) => Place { source: source.clone(), range: start..start + text.len() },
        None => Place::start_of(source),
    }
}
