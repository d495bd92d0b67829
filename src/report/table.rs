//! Tables: with lines on a terminal, plain columns when piped.

use comfy_table::{ContentArrangement, Table, presets};

use super::{
    Look,
    block::{design_name, verdict},
    figure,
};
use crate::{app::review::Answer, verdict::Status};

/// One line for each answer.
pub(crate) fn table<'a>(
    answers: impl Iterator<Item = &'a Answer<'a>>,
    terminal: bool,
    timed: bool,
    look: Look,
) -> String {
    let mut head = vec!["design", "property", "under", "verdict", "best", "worst", "states", ""];
    let mut rows = Vec::new();
    for answer in answers {
        let mut row = row(answer);
        if timed {
            row.push(format!("{} ms", answer.outcome.finding.stats.elapsed.as_millis()));
        }
        rows.push(row);
    }
    if timed {
        head.push("took");
    }
    grid(&head, rows, terminal, look.width)
}

fn row(answer: &Answer<'_>) -> Vec<String> {
    let outcome = &answer.outcome;
    let finding = &outcome.finding;
    let shown = |value: Option<String>| value.unwrap_or_default();
    let status = match answer.status {
        Status::AsExpected if answer.asked.expectation.is_some() => "as expected",
        Status::AsExpected => "",
        Status::Inconclusive => "inconclusive",
        Status::NotAsExpected if answer.asked.expectation.is_some() => "NOT AS EXPECTED",
        Status::NotAsExpected | Status::BadInput | Status::InternalError => "",
    };
    vec![
        design_name(&answer.asked.design.file).into(),
        outcome.property.clone(),
        outcome.ledger.clone(),
        verdict(finding),
        shown(finding.best.map(figure)),
        shown(finding.worst.map(figure)),
        if finding.stats.states > 0 { finding.stats.states.to_string() } else { String::new() },
        status.into(),
    ]
}

/// Rows below a head.
pub(crate) fn grid(head: &[&str], rows: Vec<Vec<String>>, terminal: bool, width: usize) -> String {
    let mut table = Table::new();
    table.set_header(head.iter().copied()).add_rows(rows);
    if terminal {
        table.load_preset(presets::UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    } else {
        table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
    }
    table.lines().map(|line| line.trim_end().to_string() + "\n").collect()
}
