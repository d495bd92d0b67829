//! One answer in full: the verdict, what it is worth, and the story if there is one. At most 25 lines.

use super::{figure, span, timeline, timeline::fit};
use crate::{
    app::review::Answer,
    trace::Trace,
    verdict::{Finding, OneRate, Status, Verdict},
};

/// A screen's worth.
const LINES: usize = 25;

/// How a block is to look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) color: bool,
    pub(crate) width: usize,
    /// Every step of a story, and every line of the ledger.
    pub(crate) full: bool,
}

/// The lines of one answer; `saved` is the file that its trace was written to.
pub(crate) fn block(answer: &Answer<'_>, saved: Option<&str>, look: Look) -> Vec<String> {
    let mut lines = vec![head(answer, look)];
    lines.extend(facts(answer).iter().flat_map(|fact| wrap(fact, look)));
    let replay = saved.map(|path| format!("  replay  tenure replay {path}"));
    let finding = &answer.outcome.finding;
    if let Some(trace) = finding.trace.as_ref().filter(|_| finding.verdict.has_story()) {
        let taken = lines.len() + 1 + usize::from(replay.is_some());
        let most = if look.full { usize::MAX } else { LINES.saturating_sub(taken).max(3) };
        lines.extend(story(trace, most.min(trace.steps.len()), look));
    }
    lines.extend(replay);
    lines
}

/// A fact in at most three lines, or as many as it takes if everything is wanted.
pub(super) fn wrap(fact: &str, look: Look) -> Vec<String> {
    let mut lines = vec![" ".to_string()];
    for word in fact.split(' ') {
        let line = lines.last_mut().expect("there is a line");
        if line.chars().count() + 1 + word.chars().count() <= look.width {
            *line = format!("{line} {word}");
        } else {
            lines.push(format!("    {word}"));
        }
    }
    if !look.full && lines.len() > 3 {
        lines.truncate(3);
        lines[2] = fit(format!("{} ...", lines[2]), look.width);
    }
    lines
}

pub(super) fn story(trace: &Trace, most: usize, look: Look) -> impl Iterator<Item = String> {
    // Who asks for every step wants all of it.
    let width = if look.full { usize::MAX } else { look.width.saturating_sub(2) };
    timeline(trace, most, width).into_iter().map(|line| format!("  {line}"))
}

/// `VIOLATED  models/lock/consul-2015-03   at most one worker acts   lock-1`
fn head(answer: &Answer<'_>, look: Look) -> String {
    let outcome = &answer.outcome;
    let file = design_name(&answer.asked.design.file);
    let verdict = verdict(&outcome.finding);
    let rest = format!("  {file}   {}   {}", outcome.sentence, outcome.requirements.join(" "));
    let rest = fit(rest, look.width.saturating_sub(verdict.chars().count()).max(20));
    format!("{}{rest}", paint(&verdict, &outcome.finding.verdict, look.color))
}

/// What is to be said beside the verdict, most important first.
fn facts(answer: &Answer<'_>) -> Vec<String> {
    let outcome = &answer.outcome;
    let finding = &outcome.finding;
    let bound = outcome.within.map_or(String::new(), |within| format!(" within {}", span(within)));
    let mut lines =
        vec![format!("{}{bound}, under {}: {}", outcome.property, outcome.ledger, outcome.ledger_lines.join("; "))];
    lines.extend(finding.verdict.why().map(str::to_string));
    let mark = if answer.status == Status::Inconclusive { "INCONCLUSIVE" } else { "NOT AS EXPECTED" };
    lines.extend(answer.complaints.iter().map(|complaint| format!("{mark}: {complaint}")));
    let is_expected = answer.asked.expectation.is_some() && answer.status == Status::AsExpected;
    if is_expected && !matches!(finding.verdict, Verdict::Holds { .. }) {
        lines.push("as expected".into());
    }
    let figures = [
        finding.best.map(|best| format!("best case {}", figure(best))),
        finding.worst.map(|worst| format!("worst case {}", figure(worst))),
        finding.margin.map(|margin| format!("margin {}", span(margin))),
    ];
    let figures: Vec<String> = figures.into_iter().flatten().collect();
    if !figures.is_empty() {
        lines.push(figures.join(", "));
    }
    lines.extend(one_rate(finding));
    if !finding.scope.is_empty() && matches!(finding.verdict, Verdict::Holds { .. }) {
        lines.push(finding.scope.clone());
    }
    // A story follows, a proof has the room.
    let notes = if matches!(finding.verdict, Verdict::Holds { .. }) { usize::MAX } else { 4 };
    lines.extend(finding.notes.iter().take(notes).cloned());
    lines.extend(finding.warnings.iter().take(4).map(|warning| format!("warning: {warning}")));
    if finding.stats.states > 0 {
        lines.push(format!("{} discrete states, {} zones", finding.stats.states, finding.stats.zones));
    }
    lines
}

/// What hangs on timers of one node that drift apart.
fn one_rate(finding: &Finding) -> Option<String> {
    let needs = "needs timers of one node to drift apart";
    match (finding.one_rate?, finding.worst) {
        (OneRate::Alike, _) => None,
        (OneRate::Found(most), Some(worst)) => {
            Some(format!("{} {needs}; with one rate per node {} was found", figure(worst), span(most)))
        }
        (OneRate::Found(_) | OneRate::NotFound, _) => {
            Some(format!("{needs}: with one rate per node no such run was found"))
        }
    }
}

/// A verdict with its marks, as people read it.
pub(crate) fn verdict(finding: &Finding) -> String {
    match &finding.verdict {
        Verdict::Holds { touches, vacuity_unknown } => match (touches, vacuity_unknown) {
            (false, false) => "HOLDS".into(),
            (true, false) => "HOLDS (touches)".into(),
            (false, true) => "HOLDS (vacuity unknown)".into(),
            (true, true) => "HOLDS (touches, vacuity unknown)".into(),
        },
        Verdict::Violated => "VIOLATED".into(),
        Verdict::ProtocolError { .. } => "PROTOCOL ERROR".into(),
        Verdict::TimeStuck { .. } => "TIME STUCK".into(),
        Verdict::Unknown { .. } => "UNKNOWN".into(),
        Verdict::Vacuous { .. } => "VACUOUS".into(),
    }
}

/// Green for a proof, red for a story, yellow for neither.
pub(crate) fn paint(text: &str, verdict: &Verdict, color: bool) -> String {
    let code = match verdict {
        _ if !color => return text.into(),
        Verdict::Holds { vacuity_unknown: false, .. } => 32,
        Verdict::Violated | Verdict::ProtocolError { .. } | Verdict::TimeStuck { .. } => 31,
        Verdict::Holds { .. } | Verdict::Unknown { .. } | Verdict::Vacuous { .. } => 33,
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

/// A file without its ending.
pub(crate) fn design_name(file: &str) -> &str {
    file.strip_suffix(".toml").unwrap_or(file)
}
