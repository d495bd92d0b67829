//! Reports: verdicts as tables, violations as timelines, everything as JSON.
//!
//! Nothing here depends on a wall clock, and times are whole microseconds until they are printed.

use crate::{time::Duration, verdict::Figure};

/// Microseconds as seconds, with as many digits as are needed, at least to the millisecond if any.
#[must_use]
pub fn seconds(micros: i64) -> String {
    let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
    match rest {
        0 => format!("{whole} s"),
        _ if rest % 1_000 == 0 => format!("{whole}.{:03} s", rest / 1_000),
        _ => format!("{whole}.{rest:06} s"),
    }
}

/// A span, for people.
#[must_use]
pub fn span(span: Duration) -> String {
    if span.is_never() { "never".into() } else { seconds(span.micros()) }
}

/// A best or worst case, for people.
#[must_use]
pub fn figure(figure: Figure) -> String {
    match figure {
        Figure::Exact(value) => span(value),
        Figure::Between { seen, proved } => format!("{} to {}", span(seen.min(proved)), span(seen.max(proved))),
        Figure::Never => "NEVER".into(),
        Figure::Unbounded { least, greatest } if least == greatest => format!("UNBOUNDED, {} a turn", span(least)),
        Figure::Unbounded { least, greatest } => {
            format!("UNBOUNDED, {} to {} a turn", span(least), span(greatest))
        }
        Figure::Exceeds(value) => format!("EXCEEDS {}", span(value)),
    }
}
