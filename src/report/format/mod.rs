//! A run in the formats of other tools.
//!
//! All are written from the same trace, so they tell the same run. Moments are microseconds where a format has
//! numbers, seconds where it has words.

mod chrome;
mod itf;
mod sequence;
mod shiviz;

use serde_json::{Value, json};

use super::{claim, svg::lanes_alone, timeline};
use crate::{simulate::Hold, trace::Trace};

/// A format for a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Format {
    /// A line for each step, a column for each node.
    Text,
    /// A sequence diagram of Mermaid.
    Mermaid,
    /// A sequence diagram of PlantUML.
    Plantuml,
    /// Informal Trace Format, for readers of TLA+ and Quint.
    Itf,
    /// A log with vector clocks for ShiViz, its expression in the first line.
    Shiviz,
    /// Trace events for Perfetto and chrome://tracing: tracks are nodes, slices are leases and timers, flows messages.
    Chrome,
    /// One JSON object a line: what the run is of, then its steps.
    Ndjson,
    /// A picture on a real time axis: a lane for each node, leases and timers as bars, messages as arrows.
    Svg,
}

impl Format {
    pub(crate) const ALL: [Format; 8] = [
        Format::Text,
        Format::Mermaid,
        Format::Plantuml,
        Format::Itf,
        Format::Shiviz,
        Format::Chrome,
        Format::Ndjson,
        Format::Svg,
    ];

    /// A file of it is called `trace.ENDING`.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Format::Text => "txt",
            Format::Mermaid => "mmd",
            Format::Plantuml => "puml",
            Format::Itf => "itf.json",
            Format::Shiviz => "shiviz.log",
            Format::Chrome => "chrome.json",
            Format::Ndjson => "ndjson",
            Format::Svg => "svg",
        }
    }

    /// The run in this format. `holds` are the intervals that parties held, as properties see them.
    pub(crate) fn write(self, trace: &Trace, holds: &[Hold]) -> String {
        match self {
            Format::Text => text(trace),
            Format::Mermaid => sequence::mermaid(trace),
            Format::Plantuml => sequence::plantuml(trace),
            Format::Itf => pretty(&itf::itf(trace)),
            Format::Shiviz => shiviz::shiviz(trace),
            Format::Chrome => pretty(&chrome::chrome(trace, holds)),
            Format::Ndjson => ndjson(trace),
            Format::Svg => lanes_alone(trace, holds),
        }
    }
}

/// Every step, however long its line gets.
fn text(trace: &Trace) -> String {
    let head = format!("{}\n", title(trace));
    timeline(trace, trace.steps.len(), usize::MAX).into_iter().fold(head, |text, line| text + &line + "\n")
}

fn ndjson(trace: &Trace) -> String {
    let mut head = serde_json::to_value(trace).expect("a trace is JSON");
    let steps = head.as_object_mut().and_then(|head| head.remove("steps"));
    let steps = steps.and_then(|steps| steps.as_array().cloned()).expect("a trace has steps");
    std::iter::once(head).chain(steps).fold(String::new(), |text, line| text + &line.to_string() + "\n")
}

/// One line that says what a run is of.
pub(in crate::report) fn title(trace: &Trace) -> String {
    let subject = &trace.subject;
    format!("{}: {} under {}, {}", subject.file, subject.property, subject.ledger, claim(trace))
}

/// What a run is of, for formats with a place for it.
fn about(trace: &Trace) -> Value {
    let subject = &trace.subject;
    json!({
        "design": subject.file,
        "design_hash": subject.hash,
        "property": subject.property,
        "ledger": subject.ledger,
        "shows": claim(trace),
        "tool": trace.tool,
    })
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("a value is JSON") + "\n"
}
