//! `check --watch`: checks a design again whenever it, or a file that it extends, is saved.

use std::{fs, io::Write, thread::sleep, time::Duration};

use super::{Manner, Output};
use crate::{
    design::{Resolved, Result, Shelf},
    verdict::Status,
};

/// How often files are looked at.
const PAUSE: Duration = Duration::from_millis(150);

/// A file and what it held.
type Seen = (String, Option<Vec<u8>>);

/// Checks now and after each change, until Ctrl-C. What cannot be read is told, and waited for.
pub(super) fn watch(file: &str, manner: &Manner, check: impl Fn() -> Result<Output>) -> Output {
    loop {
        let seen = seen(file);
        let output = check().unwrap_or_else(|refusal| Output {
            aside: refusal.render(manner.look.color, manner.look.width),
            status: Status::BadInput,
            ..Output::default()
        });
        let aside = format!("{}watching {}: Ctrl-C ends\n", output.aside, names(&seen));
        // Whoever closed the pipe does not want the rest.
        let told = std::io::stdout().write_all(output.text.as_bytes()).and_then(|()| std::io::stdout().flush());
        let _ = std::io::stderr().write_all(aside.as_bytes());
        if told.is_err() || !changes(&seen, manner) {
            return Output { status: output.status, ..Output::default() };
        }
    }
}

/// Waits for a change; no, if there will be none.
fn changes(seen: &[Seen], manner: &Manner) -> bool {
    let is_new = |(file, held): &Seen| {
        let now = fs::read(file).ok();
        now.is_some() && now != *held
    };
    while !manner.options.meter.is_stopped() {
        sleep(PAUSE);
        if seen.iter().any(is_new) {
            // Whoever saves may not have written all of it yet.
            sleep(PAUSE);
            return true;
        }
    }
    false
}

/// The file and all that it extends, as they are now.
fn seen(file: &str) -> Vec<Seen> {
    let mut files = vec![file.to_string()];
    let mut design = Resolved::load(Shelf::Disk, file).ok();
    while let Some(base) = design.and_then(|design| design.base) {
        files.push(base.design.file.clone());
        design = Some(Resolved::clone(&base.design));
    }
    files.into_iter().map(|file| (file.clone(), fs::read(&file).ok())).collect()
}

fn names(seen: &[Seen]) -> String {
    seen.iter().map(|(file, _)| file.as_str()).collect::<Vec<_>>().join(", ")
}
