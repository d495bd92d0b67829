//! What many seeds showed: a block for each question, or JSON for other programs.

use std::ops::Range;

use serde_json::{Value, json};

use super::{
    Look,
    block::{design_name, story, wrap},
    figure, seconds,
};
use crate::{
    app::{Shown, Simulated},
    simulate::{Distribution, End, Measurements},
    spec::Form,
    time::Duration,
    verdict::{Figure, Status},
};

/// The runs of one design under one ledger.
#[derive(Clone, Debug)]
pub(crate) struct Simulation {
    pub(crate) file: String,
    pub(crate) ledger: String,
    pub(crate) lasting: Duration,
    pub(crate) draw: &'static str,
    pub(crate) seeds: Range<u64>,
    pub(crate) simulated: Simulated,
    pub(crate) answers: Vec<Answer>,
}

/// What the runs say of one question.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) shown: Shown,
    /// Of the property, where it is known.
    pub(crate) worst: Option<Figure>,
    pub(crate) status: Status,
    pub(crate) complaints: Vec<String>,
    /// The file of the trace.
    pub(crate) saved: Option<String>,
    /// The file of the trace before it was made small.
    pub(crate) original: Option<String>,
    /// The command that shows the first failing seed again.
    pub(crate) again: Option<String>,
}

const QUANTILES: [(u64, &str); 3] = [(500, "p50"), (950, "p95"), (990, "p99")];
const BARS: usize = 10;
const BAR_WIDTH: u64 = 40;

/// Everything, for people.
pub(crate) fn simulation(all: &[Simulation], look: Look) -> String {
    let mut text = String::new();
    for one in all {
        for line in head(one).iter().flat_map(|line| wrap(line, look)) {
            text.push_str(&format!("{}\n", line.strip_prefix("  ").unwrap_or(&line)));
        }
        for line in measured(&one.simulated.survey.measured).iter().flat_map(|line| wrap(line, look)) {
            text.push_str(&format!("{}\n", line.strip_prefix("  ").unwrap_or(&line)));
        }
        for answer in &one.answers {
            text.push('\n');
            text.extend(block(one, answer, look).into_iter().map(|line| line + "\n"));
        }
        text.push('\n');
    }
    text
}

fn head(one: &Simulation) -> Vec<String> {
    let survey = &one.simulated.survey;
    let mut lines = vec![
        format!("{} under {}: {}", design_name(&one.file), one.ledger, one.simulated.ledger_lines.join("; ")),
        format!(
            "{} runs of {} (seeds {}..{}, draw {}), {} steps, digest {:016x}",
            survey.runs, one.lasting, one.seeds.start, one.seeds.end, one.draw, survey.steps, survey.digest
        ),
    ];
    if survey.missed > 0 {
        lines.push(format!("{} faults of the schedule found nobody whom they could hit", survey.missed));
    }
    lines.extend(survey.broken.map(|(seed, end)| match end {
        End::Stuck => format!("TIME STUCK: the run of seed {seed} does not get on in time"),
        End::Horizon | End::Quiet | End::MostSteps => format!("CUT: the run of seed {seed} takes too many steps"),
        End::ProtocolError => format!("PROTOCOL ERROR: in the run of seed {seed} a process breaks its contract"),
    }));
    lines
}

/// What was measured beside the properties, as far as there was any.
fn measured(measured: &Measurements) -> Vec<String> {
    let spans = measured.spans.iter().filter_map(|(name, spans)| {
        let longest = seconds(spans.greatest()?.0);
        Some(format!("{name}: {} times, {}, longest {longest}", spans.count(), quantiles(spans)))
    });
    let counts = measured.counts.iter().filter_map(|(topic, counts)| {
        let counts = counts.iter().filter(|(_, count)| *count > 0);
        let counts: Vec<String> = counts.map(|(name, count)| format!("{name} {count}")).collect();
        (!counts.is_empty()).then(|| format!("{topic}: {}", counts.join(", ")))
    });
    spans.chain(counts).collect()
}

fn quantiles(spans: &Distribution) -> String {
    let quantile = |(per_thousand, name): (u64, &str)| {
        spans.quantile(per_thousand).map(|micros| format!("{name} {}", seconds(micros)))
    };
    QUANTILES.into_iter().filter_map(quantile).collect::<Vec<String>>().join(", ")
}

fn block(one: &Simulation, answer: &Answer, look: Look) -> Vec<String> {
    let shown = &answer.shown;
    let head = format!(
        "{}  {}   {}   {}",
        paint(&verdict(one, answer), answer.status, look.color),
        design_name(&one.file),
        shown.sentence,
        shown.requirements.join(" ")
    );
    let mut lines = vec![head.trim_end().to_string()];
    lines.extend(facts(one, answer).iter().flat_map(|fact| wrap(fact, look)));
    lines.extend(histogram(&shown.findings.spans));
    if let Some(trace) = &shown.trace {
        let most = if look.full { trace.steps.len() } else { 12.min(trace.steps.len()) };
        lines.extend(story(trace, most, look));
    }
    lines.extend(answer.again.iter().map(|command| format!("  again   {command}")));
    lines.extend(answer.saved.iter().map(|path| format!("  replay  tenure replay {path}")));
    lines.extend(answer.original.iter().map(|path| format!("  before  tenure replay {path}")));
    lines
}

/// Never more than the runs can say.
fn verdict(one: &Simulation, answer: &Answer) -> String {
    let (runs, findings) = (one.simulated.survey.runs, &answer.shown.findings);
    match (answer.shown.form, findings.violations) {
        (Form::Reachable, _) if findings.counts.reached > 0 => {
            format!("REACHED IN {} OF {runs} SEEDS", findings.counts.reached)
        }
        (Form::Reachable, _) => format!("NOT REACHED IN {runs} SEEDS"),
        (_, 0) if answer.shown.is_silent() => format!("VACUOUS IN {runs} SEEDS"),
        (_, 0) => format!("HOLDS IN {runs} SEEDS"),
        (_, violations) => format!("VIOLATED IN {violations} OF {runs} SEEDS"),
    }
}

fn facts(one: &Simulation, answer: &Answer) -> Vec<String> {
    let shown = &answer.shown;
    let within = shown.question.within.map_or(String::new(), |within| format!(" within {}", seconds(within.micros())));
    let mut lines = vec![format!("{}{within}, under {}", shown.question.property, one.ledger)];
    let mark = if answer.status == Status::Inconclusive { "INCONCLUSIVE" } else { "NOT AS EXPECTED" };
    lines.extend(answer.complaints.iter().map(|complaint| format!("{mark}: {complaint}")));
    let spans = &shown.findings.spans;
    if let Some((longest, seed)) = spans.greatest() {
        let what = if shown.form == Form::Apart { "overlaps" } else { "measured" };
        let open = match shown.findings.open {
            0 => String::new(),
            open => format!("; {open} still ran at the end"),
        };
        let how_long = match spans.count() {
            0 => String::new(),
            _ => format!(" {},", quantiles(spans)),
        };
        lines.push(format!("{} {what}:{how_long} longest {} (seed {seed}){open}", spans.count(), seconds(longest)));
    }
    if matches!(shown.form, Form::Within(_)) {
        let unknown = || "the worst case is not pinned: `--prove` tries to prove it".into();
        lines.push(answer.worst.map_or_else(unknown, |worst| compare(worst, spans)));
    }
    lines.extend(shown.findings.first.map(|(seed, _)| format!("first failing seed {seed}")));
    lines.extend(coverage(one, shown));
    lines.extend(shown.notes.iter().cloned());
    lines.extend(shown.warnings.iter().map(|warning| format!("warning: {warning}")));
    lines
}

/// How near the runs come to the worst case.
fn compare(worst: Figure, spans: &Distribution) -> String {
    let near = match (worst, spans.greatest()) {
        (Figure::Exact(worst), Some((longest, _))) if !worst.is_never() && worst.micros() > 0 => {
            format!(": the longest is {} % of it", i128::from(longest) * 100 / i128::from(worst.micros()))
        }
        _ => String::new(),
    };
    format!("proved worst case {}{near}", figure(worst))
}

/// Which faults were used, and what the runs never had.
fn coverage(one: &Simulation, shown: &Shown) -> Vec<String> {
    let Simulated { faults, survey, .. } = &one.simulated;
    // A schedule has a class for each of its victims: of one name, the one that was used most often counts.
    let mut most: Vec<(&str, u64, u64)> = Vec::new();
    for ((name, used), mattered) in faults.iter().zip(&survey.used).zip(&shown.findings.mattered) {
        match most.iter_mut().find(|(other, ..)| other == name) {
            Some((_, most_used, most_mattered)) => {
                *most_used = (*most_used).max(*used);
                *most_mattered = (*most_mattered).max(*mattered);
            }
            None => most.push((name, *used, *mattered)),
        }
    }
    let told = |(name, used, mattered): &(&str, u64, u64)| {
        format!("{name} in {used} runs, while it could matter in {mattered}")
    };
    let used: Vec<String> = most.iter().map(told).collect();
    let never = shown.never_met();
    let mut lines = Vec::new();
    if !used.is_empty() {
        lines.push(used.join("; "));
    }
    let unused = most.iter().filter(|(.., mattered)| *mattered == 0);
    let unused = unused.map(|(name, ..)| format!("{name} while it could matter"));
    let never: Vec<String> = never.into_iter().map(String::from).chain(unused).collect();
    if !never.is_empty() {
        lines.push(format!("never reached: {}", never.join(", ")));
    }
    lines
}

fn histogram(spans: &Distribution) -> Vec<String> {
    let bars = spans.bars(BARS);
    let Some(highest) = bars.iter().map(|(_, count)| *count).max().filter(|_| bars.len() > 1) else {
        return Vec::new();
    };
    let line = |(from, count): (i64, u64)| {
        let bar = "#".repeat((count * BAR_WIDTH).div_ceil(highest) as usize);
        format!("  {:>12}  {bar:<width$}  {count}", seconds(from), width = BAR_WIDTH as usize)
    };
    bars.into_iter().map(line).collect()
}

impl Shown {
    /// Nothing that the property speaks of ever happened.
    pub(crate) fn is_silent(&self) -> bool {
        let counts = self.findings.counts;
        match self.form {
            Form::Never => counts.witness == 0,
            Form::Apart => counts.held == 0,
            Form::Within(_) => self.findings.spans.greatest().is_none(),
            Form::Reachable => counts.reached == 0,
        }
    }

    /// Situations of the property that no run had.
    fn never_met(&self) -> Vec<&'static str> {
        let counts = self.findings.counts;
        let named = match self.form {
            Form::Never => vec![("an event that it speaks of", counts.witness)],
            Form::Apart => vec![("a party that holds its interval", counts.held)],
            Form::Within(_) => vec![("a trigger", counts.trigger), ("a response to it", self.findings.spans.count())],
            Form::Reachable => vec![("the situation", counts.reached)],
        };
        named.into_iter().filter(|(_, count)| *count == 0).map(|(name, _)| name).collect()
    }
}

fn paint(text: &str, status: Status, color: bool) -> String {
    let code = match status {
        _ if !color => return text.into(),
        Status::AsExpected => 32,
        Status::Inconclusive => 33,
        Status::NotAsExpected | Status::BadInput | Status::InternalError => 31,
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

/// Everything, for other programs: ids, and integers with their unit in the key.
pub(crate) fn simulations(all: &[Simulation], status: Status) -> String {
    let value = json!({
        "schema_version": 1,
        "tool": concat!("tenure ", env!("CARGO_PKG_VERSION")),
        "status": status.id(),
        "exit_status": status.code(),
        "simulations": all.iter().map(of_ledger).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&value).expect("a value is JSON") + "\n"
}

fn of_ledger(one: &Simulation) -> Value {
    let Simulated { faults, survey, .. } = &one.simulated;
    json!({
        "design": design_name(&one.file),
        "ledger": one.ledger,
        "ledger_allows": one.simulated.ledger_lines,
        "first_seed": one.seeds.start,
        "end_seed": one.seeds.end,
        "runs": survey.runs,
        "steps": survey.steps,
        "run_micros": one.lasting.micros(),
        "draw": one.draw,
        "digest": format!("{:016x}", survey.digest),
        "missed_faults": survey.missed,
        "broken_seed": survey.broken.map(|(seed, _)| seed),
        "faults": faults.iter().zip(&survey.used).map(|(name, runs)| json!({ "name": name, "runs": runs })).collect::<Vec<_>>(),
        "measured_spans": survey.measured.spans.iter().map(|(name, spans)| span_of(name, spans)).collect::<Vec<_>>(),
        "measured_counts": survey.measured.counts.iter().flat_map(|(topic, counts)| {
            counts.iter().map(move |(name, count)| json!({ "topic": topic, "name": name, "count": count }))
        }).collect::<Vec<_>>(),
        "answers": one.answers.iter().map(|answer| of_question(faults, answer)).collect::<Vec<_>>(),
    })
}

fn span_of(name: &str, spans: &Distribution) -> Value {
    json!({
        "name": name,
        "measured": spans.count(),
        "p50_micros": spans.quantile(500),
        "p95_micros": spans.quantile(950),
        "p99_micros": spans.quantile(990),
        "longest_micros": spans.greatest().map(|(micros, _)| micros),
    })
}

fn of_question(faults: &[String], answer: &Answer) -> Value {
    let shown = &answer.shown;
    let findings = &shown.findings;
    let spans = &findings.spans;
    let micros = |figure: Option<Figure>| match figure {
        Some(Figure::Exact(span)) if !span.is_never() => Some(span.micros()),
        _ => None,
    };
    json!({
        "property": shown.question.property,
        "requirements": shown.requirements,
        "within_micros": shown.question.within.map(Duration::micros),
        "violations": findings.violations,
        "first_failing_seed": findings.first.map(|(seed, _)| seed),
        "measured": spans.count(),
        "still_running": findings.open,
        "least_micros": spans.least(),
        "p50_micros": spans.quantile(500),
        "p95_micros": spans.quantile(950),
        "p99_micros": spans.quantile(990),
        "longest_micros": spans.greatest().map(|(micros, _)| micros),
        "longest_seed": spans.greatest().map(|(_, seed)| seed),
        "proved_worst_micros": micros(answer.worst),
        "histogram": spans.bars(BARS).iter().map(|(from, count)| json!({ "from_micros": from, "count": count })).collect::<Vec<_>>(),
        "mattered": faults.iter().zip(&findings.mattered).map(|(name, runs)| json!({ "name": name, "runs": runs })).collect::<Vec<_>>(),
        "never_reached": shown.never_met(),
        "notes": shown.notes,
        "warnings": shown.warnings,
        "status": answer.status.id(),
        "complaints": answer.complaints,
        "again": answer.again,
        "trace": answer.saved,
        "original_trace": answer.original,
    })
}
