//! `keep`, and `replay` of a folder: stories that are kept as regressions, with the date and the reason.
//!
//! A folder of kept stories has a list, one line each: date, what is expected, the trace beside it, and why it is kept.
//! What is `violated` still has to be, by the same steps. What is `mended` must not be possible any more: a process
//! takes a step otherwise, or what came of it is no violation.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use super::{Manner, Output, save};
use crate::{
    app::App,
    design::{BadInput, Place, Result, Shelf},
    report::grid,
    verdict::Status,
};

#[derive(clap::Args, Debug)]
pub(super) struct Arguments {
    /// The story, as `check` or `sim` saved it.
    trace: String,
    /// Why it is kept: what went wrong, and where that was seen.
    reason: String,
    /// The folder of kept stories; it is made if there is none.
    #[arg(long = "in", value_name = "FOLDER", default_value = "sims/seeds")]
    folder: PathBuf,
    /// What it shows has been mended: from now on it must not be possible.
    #[arg(long)]
    mended: bool,
}

/// The list of a folder of kept stories.
const LIST: &str = "kept.txt";

const ABOUT: &str = "# Stories that are kept: date, what is expected of it, the trace, and why. `tenure keep` adds one, `tenure replay`\n\
                     # of this folder runs them all.\n";

/// Adds a story to a folder of kept ones.
pub(super) fn keep(app: &App, arguments: &Arguments) -> Result<Output> {
    let (trace, design) = save::open(app, &arguments.trace, None)?;
    let reason = arguments.reason.split_whitespace().collect::<Vec<_>>().join(" ");
    if reason.is_empty() {
        return Err(BadInput::without_place("a kept story needs a reason, got none")
            .with_remedy("say what went wrong, and where that was seen"));
    }
    let possible = app.protocol_of(&design)?.replay(&design, &trace);
    match (possible, arguments.mended) {
        (Err(refusal), false) => return Err(refusal),
        (Ok(_), true) => {
            return Err(BadInput::without_place("what is mended must not be possible any more, but this story is")
                .with_remedy("keep it without `--mended`"));
        }
        (Ok(_), false) | (Err(_), true) => {}
    }
    let name = Path::new(&arguments.trace).file_name().expect("a file was read").to_string_lossy();
    if name.contains(char::is_whitespace) {
        return Err(BadInput::without_place(format!("expected a file name without spaces, got {name:?}")));
    }
    let expected = if arguments.mended { "mended" } else { "violated" };
    let line = format!("{}  {expected}  {name}  {reason}\n", today());
    match add(&arguments.folder, &arguments.trace, &name, &line) {
        Ok(()) => Ok(Output { text: line, ..Output::default() }),
        Err(error) => Err(BadInput::without_place(format!("{} cannot be kept: {error}", arguments.folder.display()))),
    }
}

fn add(folder: &Path, trace: &str, name: &str, line: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let (list, target) = (folder.join(LIST), folder.join(name));
    if target.exists() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{name} is kept already")));
    }
    let before = if list.exists() { fs::read_to_string(&list)? } else { ABOUT.into() };
    fs::copy(trace, target)?;
    fs::write(list, before + line)
}

/// Runs every kept story of a folder, and says which are not as they were kept.
pub(super) fn replay_all(app: &App, folder: &str, manner: &Manner) -> Result<Output> {
    let source = Shelf::Disk.read(&format!("{folder}/{LIST}"))?;
    let mut rows = Vec::new();
    let mut status = Status::AsExpected;
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        let place = Place { source: source.clone(), range: start..start + line.trim_end().len() };
        start += line.len();
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let kept = Kept::read(line, &place)?;
        let (trace, design) = save::open(app, &format!("{folder}/{}", kept.trace), None)?;
        let shown = match (app.protocol_of(&design)?.replay(&design, &trace), kept.mended) {
            (Ok(_), false) => "as it was kept".to_string(),
            (Err(_), true) => "still mended".into(),
            (Ok(_), true) => {
                status = Status::NotAsExpected;
                "IT IS BACK".into()
            }
            (Err(why), false) => {
                status = Status::NotAsExpected;
                format!("NOT ANY MORE: {}", why.message())
            }
        };
        rows.push(vec![kept.date.into(), kept.trace.into(), kept.reason.into(), shown]);
    }
    let count = rows.len();
    let table = grid(&["kept", "story", "because", "now"], rows, manner.terminal, manner.look.width);
    Ok(Output { text: format!("{table}\n{count} kept stories\n"), aside: String::new(), status })
}

/// A line of the list.
struct Kept<'a> {
    date: &'a str,
    mended: bool,
    trace: &'a str,
    reason: &'a str,
}

impl<'a> Kept<'a> {
    fn read(line: &'a str, place: &Place) -> Result<Kept<'a>> {
        let mut rest = line.trim();
        let mut word = || {
            let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            rest = after.trim_start();
            word
        };
        let (date, expected, trace) = (word(), word(), word());
        let mended = match expected {
            "violated" => Some(false),
            "mended" => Some(true),
            _ => None,
        };
        match mended {
            Some(mended) if is_date(date) && !rest.is_empty() => Ok(Kept { date, mended, trace, reason: rest }),
            _ => {
                let expected = "expected a date, `violated` or `mended`, a trace and a reason";
                Err(place.refuse(format!("{expected}, got {:?}", line.trim())).with_remedy(EXAMPLE))
            }
        }
    }
}

const EXAMPLE: &str = "for example 2026-11-26  violated  lease-pause.json  a pause between the check and the act";

/// `2026-11-26`
fn is_date(text: &str) -> bool {
    let digits = |part: &str, count| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    matches!(parts[..], [year, month, day] if digits(year, 4) && digits(month, 2) && digits(day, 2))
}

/// Today, by the clock of this machine, at Greenwich. It is for people: no result depends on it.
fn today() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (year, month, day) = civil(since.as_secs() / 86_400);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The date so many days after the first of January 1970.
fn civil(mut days: u64) -> (u64, u64, u64) {
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_over_leap_years() {
        let dates = [(0, (1970, 1, 1)), (59, (1970, 3, 1)), (11_016, (2000, 2, 29)), (20_783, (2026, 11, 26))];
        for (days, date) in dates {
            assert_eq!(civil(days), date, "{days}");
        }
        assert!(is_date("2026-11-26") && !is_date("26-11-2026") && !is_date("2026-11-2x"));
    }
}
