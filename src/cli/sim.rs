//! `sim`: a design from many seeds.

use std::{collections::BTreeMap, num::NonZeroUsize, ops::Range};

use clap::ValueEnum;

use super::{Manner, Output, args::at_least_one, save};
use crate::{
    app::{
        App, Plan, Question, Shown,
        review::{Asked, questions},
        unknown_property,
    },
    design::{BadInput, Expectation, Resolved, Result, Shelf},
    report::{Look, Simulation, simulation, simulations},
    simulate::{Draw as SimulatedDraw, Options},
    spec::Form,
    time::Duration,
    trace::Trace,
    verdict::{Figure, Status},
};

#[derive(clap::Args, Debug)]
pub(super) struct Arguments {
    file: String,
    /// Change a value of the design first; its expectations are then not compared.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    assignments: Vec<String>,
    /// Only this property.
    #[arg(long, value_name = "ID")]
    property: Option<String>,
    /// Only this ledger.
    #[arg(long, value_name = "LEDGER")]
    under: Option<String>,
    /// So many seeds from 0 on, or those from A to before B.
    #[arg(long, value_name = "N|A..B", default_value = "1000", value_parser = seeds)]
    seeds: Range<u64>,
    /// How many runs go side by side; as many as there are processors if not given.
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    jobs: Option<NonZeroUsize>,
    /// How long each run lasts: 60s, or a minute more than the ledger's schedule, if not given.
    #[arg(long = "for", value_name = "TIME")]
    lasting: Option<Duration>,
    /// How moments are drawn from their windows.
    #[arg(long, value_enum, default_value_t = Draw::Uniform)]
    draw: Draw,
    /// Prove the worst case of each bound too, where the file does not pin it.
    #[arg(long)]
    prove: bool,
    /// Say which faults a violation needs, as far as the seeds tell.
    #[arg(long)]
    why: bool,
    /// Show a failing run as its seed gave it, not made small.
    #[arg(long)]
    no_shrink: bool,
    /// Show every step of a story.
    #[arg(long)]
    full: bool,
}

/// Steps of runs that are tried to make one small: some seconds.
const EFFORT: u64 = 10_000_000;

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Draw {
    /// Every moment alike.
    Uniform,
    /// The first or the last.
    Corner,
    /// Each run draws one or the other, and does without some fault classes.
    Swarm,
    /// Of 250 corner draws that go on from the longest one, the longest: for one property.
    Climb,
}

/// Runs one design from many seeds, ledger by ledger.
pub(super) fn sim(app: &App, arguments: &Arguments, manner: &Manner) -> Result<Output> {
    let design = app.load(Shelf::Disk, &arguments.file, &arguments.assignments)?;
    let asked = asked(app, &design, arguments)?;
    let seeds = arguments.seeds.end - arguments.seeds.start;
    manner.options.meter.expect_runs(seeds.saturating_mul(asked.len() as u64));
    let run = || -> Result<Output> {
        let mut status = Status::AsExpected;
        let mut aside = String::new();
        let mut shown = Vec::new();
        for (ledger, asked) in &asked {
            let simulation = of_ledger(app, &design, ledger, asked, arguments, manner, &mut aside)?;
            status = simulation.answers.iter().map(|answer| answer.status).fold(status, Status::max);
            shown.push(simulation);
        }
        let look = Look { full: arguments.full, ..manner.look };
        let text = if manner.json { simulations(&shown, status) } else { simulation(&shown, look) };
        Ok(Output { text, aside, status })
    };
    match arguments.jobs {
        None => run(),
        Some(jobs) => {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs.into()).build();
            pool.expect("threads can be started").install(run)
        }
    }
}

/// What is asked of each ledger. Situations to be reached are looked for under every ledger.
fn asked<'a>(app: &App, design: &'a Resolved, arguments: &Arguments) -> Result<BTreeMap<String, Vec<Asked<'a>>>> {
    let protocol = app.protocol_of(design)?;
    let known = protocol.properties();
    if let Some(property) = arguments.property.as_deref().filter(|id| known.iter().all(|card| card.id != *id)) {
        return Err(unknown_property(property, &known));
    }
    if let Some(ledger) = &arguments.under {
        design.ledger(ledger)?;
    }
    let mut all: BTreeMap<String, Vec<Asked<'a>>> = BTreeMap::new();
    let property = arguments.property.as_deref();
    if arguments.draw == Draw::Climb && property.is_none() {
        return Err(BadInput::without_place("a climb looks for the longest wait of one property")
            .with_remedy("say which: `--draw climb --property ID`"));
    }
    let mut questions = questions(design, protocol, property);
    if !arguments.assignments.is_empty() {
        // What a file expects, it expects of what is written in it.
        questions = questions.into_iter().map(|asked| Asked { expectation: None, ..asked }).collect();
    }
    for asked in questions {
        if arguments.under.as_ref().is_none_or(|under| *under == asked.question.ledger) {
            all.entry(asked.question.ledger.clone()).or_default().push(asked);
        }
    }
    // A ledger of which the file expects nothing, but that was asked for.
    if let Some(ledger) = arguments.under.as_ref().filter(|ledger| !all.contains_key(*ledger)) {
        let cards = known.iter().filter(|card| property.is_none_or(|property| property == card.id));
        let question = |id: &str| Question { property: id.into(), ledger: ledger.clone(), within: None };
        let asked = cards.map(|card| Asked { design, question: question(card.id), expectation: None });
        all.insert(ledger.clone(), asked.collect());
    }
    for (ledger, asked) in &mut all {
        for card in known.iter().filter(|card| card.form == Form::Reachable && property.is_none()) {
            if asked.iter().all(|asked| asked.question.property != card.id) {
                let question = Question { property: card.id.into(), ledger: ledger.clone(), within: None };
                asked.push(Asked { design, question, expectation: None });
            }
        }
    }
    Ok(all)
}

fn of_ledger(
    app: &App,
    design: &Resolved,
    ledger: &str,
    asked: &[Asked<'_>],
    arguments: &Arguments,
    manner: &Manner,
    aside: &mut String,
) -> Result<Simulation> {
    let protocol = app.protocol_of(design)?;
    let lasting = lasting(app, design, ledger, arguments.lasting)?;
    let options = Options { draw: arguments.draw.into(), ..Options::lasting(lasting) };
    let effort = if arguments.no_shrink { 0 } else { EFFORT };
    let why = if arguments.why { u64::MAX } else { 0 };
    let plan = Plan { seeds: arguments.seeds.clone(), options, effort, why, meter: manner.options.meter.clone() };
    let questions: Vec<Question> = asked.iter().map(|asked| asked.question.clone()).collect();
    let simulated = protocol.simulate(design, ledger, &questions, &plan)?;
    let mut answers = Vec::new();
    for (asked, shown) in asked.iter().zip(&simulated.shown) {
        let worst = worst(app, asked, arguments, manner)?;
        let (status, complaints) = judge(asked.expectation, shown, worst, simulated.survey.broken.is_some());
        let mut save = |trace: &Trace, suffix| match save::save_as(trace, shown.question.within, suffix) {
            Ok(path) => Some(path),
            Err(error) => {
                aside.push_str(&format!("the trace of {} was not saved: {error}\n", shown.question.property));
                None
            }
        };
        let saved = shown.trace.as_ref().and_then(|trace| save(trace, "-seed"));
        let original = shown.original.as_ref().and_then(|trace| save(trace, "-seed-original"));
        let again = shown.findings.first.map(|(seed, _)| again(arguments, shown, lasting, seed));
        answers.push(crate::report::SimulatedAnswer {
            shown: shown.clone(),
            worst,
            status,
            complaints,
            saved,
            original,
            again,
        });
    }
    Ok(Simulation {
        file: design.file.clone(),
        ledger: ledger.into(),
        lasting,
        draw: draw_name(arguments.draw),
        seeds: arguments.seeds.clone(),
        simulated,
        answers,
    })
}

/// How long runs last: as was asked for, or long enough for what the schedule does.
pub(super) fn lasting(app: &App, design: &Resolved, ledger: &str, asked: Option<Duration>) -> Result<Duration> {
    let minute = Duration::from_secs(60);
    if asked == Some(Duration::NEVER) {
        return Err(BadInput::without_place("a run of `--for never` has no end").with_remedy("for example `--for 1h`"));
    }
    let planned = design.planned(ledger, &app.protocol_of(design)?.ledger_keys())?;
    let last = planned.last().map(|planned| planned.at);
    Ok(asked.unwrap_or(last.unwrap_or_default().plus(minute)))
}

/// The worst case of a bound: as the file pins it, or as it is proved if that was asked for.
fn worst(app: &App, asked: &Asked<'_>, arguments: &Arguments, manner: &Manner) -> Result<Option<Figure>> {
    let Question { property, ledger, .. } = &asked.question;
    let pinned = asked.design.expectations.iter().filter(|_| arguments.assignments.is_empty());
    let pinned = pinned.filter(|one| one.property == *property && one.under == *ledger).find_map(|one| one.worst);
    if let Some(worst) = pinned {
        return Ok(Some(Figure::Exact(worst)));
    }
    let protocol = app.protocol_of(asked.design)?;
    let is_bound = protocol.properties().iter().any(|card| card.id == property && matches!(card.form, Form::Within(_)));
    if !arguments.prove || !is_bound {
        return Ok(None);
    }
    Ok(protocol.check(asked.design, &asked.question, &manner.options)?.finding.worst)
}

/// Compares what the runs showed with what the file expects, and with what is proved.
fn judge(
    expectation: Option<&Expectation>,
    shown: &Shown,
    worst: Option<Figure>,
    broken: bool,
) -> (Status, Vec<String>) {
    let mut complaints = Vec::new();
    let mut status = if broken { Status::NotAsExpected } else { Status::AsExpected };
    let expected = expectation.map(|expectation| expectation.verdict);
    let violation_expected = expected.is_some_and(|expected| expected.is_violation());
    if shown.findings.first.is_some() && !violation_expected {
        status = Status::NotAsExpected;
        complaints.extend(expected.map(|expected| format!("expected {}", expected.id())));
    } else if shown.findings.first.is_none() && violation_expected {
        status = status.max(Status::Inconclusive);
        complaints.push("expected a violation: no run of these seeds shows one".into());
    } else if shown.findings.first.is_none() && shown.is_silent() {
        status = status.max(Status::Inconclusive);
        complaints.push("no run of these seeds has anything that the property speaks of".into());
    }
    if let (Some(Figure::Exact(worst)), Some((longest, seed))) = (worst, shown.findings.spans.greatest())
        && longest > worst.micros()
    {
        status = Status::NotAsExpected;
        complaints.push(format!("seed {seed} takes longer than the worst case"));
    }
    (status, complaints)
}

/// The command that shows one seed again.
fn again(arguments: &Arguments, shown: &Shown, lasting: Duration, seed: u64) -> String {
    let Question { property, ledger, .. } = &shown.question;
    let sets: String = arguments.assignments.iter().map(|set| format!(" --set '{set}'")).collect();
    format!(
        "tenure sim {}{sets} --property {property} --under {ledger} --seeds {seed}..{} --for {} --draw {}",
        arguments.file,
        seed + 1,
        lasting,
        draw_name(arguments.draw)
    )
}

fn draw_name(draw: Draw) -> &'static str {
    match draw {
        Draw::Uniform => "uniform",
        Draw::Corner => "corner",
        Draw::Swarm => "swarm",
        Draw::Climb => "climb",
    }
}

impl From<Draw> for SimulatedDraw {
    fn from(draw: Draw) -> SimulatedDraw {
        match draw {
            Draw::Uniform => SimulatedDraw::Uniform,
            Draw::Corner => SimulatedDraw::Corner,
            Draw::Swarm => SimulatedDraw::Swarm,
            Draw::Climb => SimulatedDraw::Climb,
        }
    }
}

/// `1000`, or `5..10` for 5 to 9.
pub(super) fn seeds(text: &str) -> std::result::Result<Range<u64>, String> {
    let number = |text: &str| {
        text.trim().parse::<u64>().map_err(|_| format!("expected a number, or two as in 5..10, got {text:?}"))
    };
    let range = match text.split_once("..") {
        None => 0..number(text)?,
        Some((first, end)) => number(first)?..number(end)?,
    };
    if range.start > range.end {
        return Err(format!(
            "the seeds begin at {} but end before {}: write the smaller first",
            range.start, range.end
        ));
    }
    if range.is_empty() { Err("there is no seed in it".into()) } else { Ok(range) }
}

#[cfg(test)]
mod tests {
    use super::seeds;

    #[test]
    fn seeds_are_a_number_or_a_range() {
        assert_eq!(seeds("3"), Ok(0..3));
        assert_eq!(seeds("5..7"), Ok(5..7));
        assert_eq!(seeds("5..2"), Err("the seeds begin at 5 but end before 2: write the smaller first".into()));
        assert_eq!(seeds("5..5"), Err("there is no seed in it".into()));
        assert_eq!(seeds("five"), Err("expected a number, or two as in 5..10, got \"five\"".into()));
    }
}
