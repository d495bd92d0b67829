//! Reports: verdicts as tables, violations as timelines, everything as JSON.
//!
//! Nothing here depends on a wall clock, and times are whole microseconds until they are printed.

mod armed;
mod block;
mod comparison;
mod explain;
mod format;
mod junit;
mod map;
mod page;
mod png;
mod scene;
mod simulation;
mod summary;
mod svg;
mod table;
mod timeline;
mod tuning;

pub use timeline::timeline;

pub(crate) use block::{Look, block, design_name, verdict};
pub(crate) use comparison::{Answer as ComparedAnswer, Style, Summary as ComparedSummary, comparison};
pub(crate) use format::Format;
pub(crate) use junit::junit;
pub(crate) use map::Drawn;
pub(crate) use page::{Told, anchor, page};
pub(crate) use png::png;
pub(crate) use simulation::{Answer as SimulatedAnswer, Simulation, simulation, simulations};
pub(crate) use summary::{figure as figure_json, summary};
pub(crate) use svg::{Medium, chart};
pub(crate) use table::{grid, table};
pub(crate) use tuning::{tuning, tuning_json};

use crate::{
    time::Duration,
    trace::{Claim, Trace},
    verdict::Figure,
};

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
        // No run was found.
        Figure::Between { seen: Duration::ZERO, proved } => format!("at most {}", span(proved)),
        Figure::Between { seen, proved } => format!("{} to {}", span(seen.min(proved)), span(seen.max(proved))),
        Figure::Never => "NEVER".into(),
        Figure::Unbounded { least, greatest } if least == greatest => format!("UNBOUNDED, {} a turn", span(least)),
        Figure::Unbounded { least, greatest } => {
            format!("UNBOUNDED, {} to {} a turn", span(least), span(greatest))
        }
        Figure::Exceeds(value) => format!("EXCEEDS {}", span(value)),
    }
}

/// What a trace shows, for people.
#[must_use]
pub fn claim(trace: &Trace) -> String {
    let end = trace.steps.last().map_or_else(String::new, |step| format!(" at {}", seconds(step.at)));
    match &trace.claim {
        Claim::Violation => format!("violated{end}"),
        Claim::Elapsed { micros } => format!("{} have gone by{end}", seconds(*micros)),
        Claim::AtLeast { micros } => format!("{} or more have gone by{end}", seconds(*micros)),
        Claim::Never => format!("nothing that must happen is left{end}, and the stopwatch runs"),
        Claim::Cycle { from, turns } => {
            format!("the steps from number {from} on repeat for ever, shown for {turns} turns")
        }
        Claim::ProtocolError => format!("a process breaks its contract{end}"),
        Claim::TimeStuck => format!("time cannot go on{end}"),
        Claim::Witness => format!("an example, complete{end}"),
        Claim::Run => format!("a run{end}"),
    }
}
