//! Designs side by side: the story of a protocol's eras in one table.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{Told, anchor, class, designs::place};
use crate::{
    app::review::Answer,
    report::{block::design_name, figure},
    verdict::{Figure, Verdict},
};

/// A table for each protocol. Designs that only change another are left out: they stand below.
pub(super) fn matrix(told: &[Told<'_>]) -> Markup {
    let whole = told.iter().filter(|told| told.answer.asked.design.base.is_none());
    let mut protocols: BTreeMap<&str, Vec<&Answer<'_>>> = BTreeMap::new();
    for told in whole {
        protocols.entry(&told.answer.asked.design.protocol).or_default().push(told.answer);
    }
    html! { @for (protocol, answers) in protocols { (table(protocol, &answers)) } }
}

fn table(protocol: &str, answers: &[&Answer<'_>]) -> Markup {
    let mut designs: Vec<&str> = Vec::new();
    let mut properties: Vec<&str> = Vec::new();
    for answer in answers {
        let file = answer.asked.design.file.as_str();
        if !designs.contains(&file) {
            designs.push(file);
        }
        if !properties.contains(&answer.outcome.property.as_str()) {
            properties.push(&answer.outcome.property);
        }
    }
    let cell = |property: &str, design: &str| {
        let here = |answer: &&&Answer<'_>| answer.outcome.property == property && answer.asked.design.file == design;
        answers.iter().filter(here).copied().max_by_key(|answer| badness(answer))
    };
    html! {
        h3 { (protocol) }
        div.wide {
            table {
                thead { tr { th { "property" } @for design in &designs { th { a href=(format!("#{}", place(design))) { (short(design)) } } } } }
                tbody {
                    @for property in &properties {
                        tr {
                            td.name { (property) }
                            @for design in &designs {
                                td.word {
                                    @if let Some(answer) = cell(property, design) {
                                        a class=(class(answer)) href=(format!("#{}", anchor(answer)))
                                            title=(format!("under {}", answer.outcome.ledger)) { (told(answer)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The last part of a file's name.
fn short(file: &str) -> &str {
    let name = design_name(file);
    name.rsplit('/').next().unwrap_or(name)
}

fn told(answer: &Answer<'_>) -> String {
    let finding = &answer.outcome.finding;
    let mark = match finding.verdict {
        Verdict::Holds { .. } => "holds",
        Verdict::Violated => "violated",
        Verdict::ProtocolError { .. } => "error",
        Verdict::TimeStuck { .. } => "stuck",
        Verdict::Unknown { .. } => "unknown",
        Verdict::Vacuous { .. } => "vacuous",
    };
    finding.worst.map_or(mark.into(), |worst| format!("{mark}, {}", figure(worst)))
}

/// What a reader should see first, if a design has several answers about a property.
fn badness(answer: &Answer<'_>) -> (u8, i64) {
    let finding = &answer.outcome.finding;
    let kind = match finding.verdict {
        Verdict::Holds { .. } => 0,
        Verdict::Vacuous { .. } => 1,
        Verdict::Unknown { .. } => 2,
        Verdict::Violated | Verdict::TimeStuck { .. } | Verdict::ProtocolError { .. } => 3,
    };
    let span = match finding.worst {
        Some(Figure::Exact(span) | Figure::Exceeds(span) | Figure::Between { proved: span, .. }) => span.micros(),
        Some(Figure::Never | Figure::Unbounded { .. }) => i64::MAX,
        None => 0,
    };
    (kind, span)
}
