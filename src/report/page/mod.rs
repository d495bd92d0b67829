//! The review as one page: verdicts, designs side by side, and for each violation its story.
//!
//! It is one file that needs no network. The pictures have their colours from the page, light or dark.

mod designs;
mod matrix;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    block::{design_name, verdict},
    explain::explain,
    figure, span, svg, timeline,
};
use crate::{
    app::review::Answer,
    simulate::{Distribution, Hold},
    spec::Form,
    time::Duration,
    verdict::{Status, Verdict},
};

/// An answer with what its picture needs.
pub(crate) struct Told<'a> {
    pub(crate) answer: &'a Answer<'a>,
    pub(crate) form: Form,
    /// The intervals that parties hold in its story.
    pub(crate) holds: Vec<Hold>,
    /// The folder of its story, beside the page.
    pub(crate) folder: Option<String>,
    /// How long it took in simulations, if there were any.
    pub(crate) seen: Option<&'a Distribution>,
}

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Steps that a story shows as text; the folder beside the page has all of them.
const STEPS: usize = 24;

/// What the marks in a node's column of the steps mean.
const STEP_LEGEND: &str =
    "* it happens here, o it was sent from here; | runs, : stands still, blank is down; = is paused, X ends.";

/// The page. `tally` says how many are as expected.
pub(crate) fn page(told: &[Told<'_>], tally: &str) -> String {
    let stories = told.iter().filter(|told| told.answer.outcome.finding.verdict.has_story());
    let proofs = told.iter().filter(|told| matches!(told.answer.outcome.finding.verdict, Verdict::Holds { .. }));
    let content = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Tenure: a review" }
                // An icon inside the page, so that a browser asks nobody for one.
                link rel="icon" href="data:,";
                style { (PreEscaped(svg::COLORS)) (PreEscaped(STYLE)) (PreEscaped(svg::PICTURE)) }
            }
            body {
                h1 { "A review of coordination protocols" }
                p { (tally.trim()) ". Written by tenure " (env!("CARGO_PKG_VERSION")) "." }
                p { label { "Show only what has these words: " input type="search" placeholder="consul takeover"; } }
                h2 { "Designs side by side" }
                p.soft { "A row is a property, a column a design. A cell has the worst verdict under any ledger, and the longest worst case." }
                (matrix::matrix(told))
                h2 { "Verdicts" }
                (verdicts(told))
                h2 { "The designs" }
                (designs::designs(told))
                h2 { "What is violated, and how" }
                @for told in stories { (story(told)) }
                h2 { "What is proved, and for which runs" }
                @for told in proofs { (proof(told)) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    content.into_string()
}

fn verdicts(told: &[Told<'_>]) -> Markup {
    let simulated = told.iter().any(|told| told.seen.is_some());
    html! {
        div.wide {
            table {
                thead {
                    tr {
                        th { "requirement" } th { "property" } th { "design" } th { "under" } th { "verdict" }
                        th { "best" } th { "worst" } th { "bound" } th { "best to worst, and the bound" }
                        @if simulated { th { "from seeds: p50, p95, p99, longest" } }
                        th {}
                    }
                }
                tbody { @for told in told { (row(told, simulated)) } }
            }
        }
    }
}

fn row(told: &Told<'_>, simulated: bool) -> Markup {
    let answer = told.answer;
    let outcome = &answer.outcome;
    let finding = &outcome.finding;
    html! {
        tr data-text=(words(answer)) {
            td.word { (outcome.requirements.join(" ")) }
            td.name { a href=(format!("#{}", anchor(answer))) { (outcome.property) } }
            td.name { (design_name(&answer.asked.design.file)) }
            td.word { (outcome.ledger) }
            td.word { span class=(class(answer)) { (verdict(finding)) } }
            td.word { @if let Some(best) = finding.best { (figure(best)) } }
            td.word { @if let Some(worst) = finding.worst { (figure(worst)) } }
            td.word { @if let Some(within) = outcome.within { (span(within)) } }
            td { @if let Some(bar) = svg::bounds(finding.best, finding.worst, outcome.within, told.seen) { (bar) } }
            @if simulated { td.word { (told.seen.map_or(String::new(), spans)) } }
            td.word { (expected(answer)) }
        }
    }
}

fn spans(seen: &Distribution) -> String {
    let quantiles = [500, 950, 990].map(|per_thousand| seen.quantile(per_thousand));
    let longest = seen.greatest().map(|(longest, _)| longest);
    let told = quantiles.into_iter().chain([longest]).flatten().map(|micros| span(Duration::from_micros(micros)));
    told.collect::<Vec<_>>().join(", ")
}

fn expected(answer: &Answer<'_>) -> &'static str {
    match answer.status {
        _ if answer.asked.expectation.is_none() => "",
        Status::AsExpected => "as expected",
        Status::Inconclusive => "inconclusive",
        Status::NotAsExpected | Status::BadInput | Status::InternalError => "not as expected",
    }
}

/// A violation: what happened, as sentences, as a picture and step by step.
fn story(told: &Told<'_>) -> Markup {
    let answer = told.answer;
    let outcome = &answer.outcome;
    let Some(trace) = &outcome.finding.trace else { return html! {} };
    html! {
        section.answer id=(anchor(answer)) data-text=(words(answer)) {
            (head(answer))
            @for sentence in explain(trace, told.form, &outcome.sentence, &told.holds) { p { (sentence) } }
            figure {
                div.wide { (svg::lanes(trace, &told.holds)) }
                figcaption {
                    "Each lane is a node. Blue: what it believes or does; pale: a timer that fired, outlined: one that still runs. "
                    "Lines are messages: dashed ones were lost or nobody took them, half a line is still under way or held by a cut. "
                    "A cross is a fault; the red line is the end, a red shade where several do what one may."
                }
            }
            (facts(answer))
            details {
                summary { "The steps" }
                p.soft { (STEP_LEGEND) }
                pre { (timeline(trace, STEPS, 160).join("\n")) }
            }
            @if let Some(folder) = &told.folder {
                p.soft { "All steps, in the formats of other tools: " a href=(folder) { (folder) } }
            }
        }
    }
}

/// A proof: its scope, and that it is not empty.
fn proof(told: &Told<'_>) -> Markup {
    let answer = told.answer;
    html! {
        section.answer id=(anchor(answer)) data-text=(words(answer)) {
            (head(answer))
            details { summary { "For which runs" } (facts(answer)) }
        }
    }
}

fn head(answer: &Answer<'_>) -> Markup {
    let outcome = &answer.outcome;
    let finding = &outcome.finding;
    let figures = [
        outcome.within.map(|within| format!("asked: within {}", span(within))),
        finding.best.map(|best| format!("best case {}", figure(best))),
        finding.worst.map(|worst| format!("worst case {}", figure(worst))),
        finding.margin.map(|margin| format!("margin {}", span(margin))),
    ];
    html! {
        h3 { span class=(class(answer)) { (verdict(finding)) } " " (outcome.sentence) " " span.soft { (outcome.requirements.join(" ")) } }
        p.soft { (designs::link(answer.asked.design)) ", under " (outcome.ledger) ": " (outcome.ledger_lines.join("; ")) }
        p { (figures.into_iter().flatten().collect::<Vec<_>>().join(", ")) }
        @for complaint in &answer.complaints { p.violated { (complaint) } }
    }
}

fn facts(answer: &Answer<'_>) -> Markup {
    let finding = &answer.outcome.finding;
    let because = answer.asked.expectation.and_then(|expectation| expectation.because.as_ref());
    html! {
        @if let Some(because) = because { p { "worst case = " code { (because.text()) } } }
        @if let Some(why) = finding.verdict.why() { p { (why) } }
        @if !finding.scope.is_empty() { p { (finding.scope) } }
        @if !finding.notes.is_empty() { ul { @for note in &finding.notes { li { (note) } } } }
        @for warning in &finding.warnings { p { "warning: " (warning) } }
        p.soft { (finding.stats.states) " discrete states, " (finding.stats.zones) " zones" }
    }
}

/// Green for a proof, red for a story, yellow for neither.
fn class(answer: &Answer<'_>) -> &'static str {
    match answer.outcome.finding.verdict {
        Verdict::Holds { vacuity_unknown: false, .. } => "verdict holds",
        Verdict::Violated | Verdict::ProtocolError { .. } | Verdict::TimeStuck { .. } => "verdict violated",
        Verdict::Holds { .. } | Verdict::Unknown { .. } | Verdict::Vacuous { .. } => "verdict open",
    }
}

/// The name of an answer's place on the page, and of its folder.
pub(crate) fn anchor(answer: &Answer<'_>) -> String {
    let outcome = &answer.outcome;
    let bound = outcome.within.map_or(String::new(), |within| format!("-{within}"));
    id(&format!("{}-{}-{}{bound}", design_name(&answer.asked.design.file), outcome.property, outcome.ledger))
}

/// A name as the id of a place on the page.
fn id(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

/// What the search box looks at.
fn words(answer: &Answer<'_>) -> String {
    let outcome = &answer.outcome;
    let parts = [
        design_name(&answer.asked.design.file),
        &outcome.property,
        &outcome.ledger,
        &outcome.sentence,
        &verdict(&outcome.finding),
        &outcome.requirements.join(" "),
    ];
    parts.join(" ").to_lowercase()
}
