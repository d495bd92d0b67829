//! `campaign`: every expectation of a folder of designs, from many seeds, as one table.
//!
//! A simulation proves nothing, but it may contradict: a run that violates what is expected to hold, or that takes
//! longer than the worst case that is pinned. And it says how near it comes.

use std::{collections::BTreeMap, fs, ops::Range, sync::Arc, time::Instant};

use super::{Manner, Output, commands::files, sim::lasting};
use crate::{
    app::{App, Plan, Question, Shown},
    design::{Expectation, Resolved, Result},
    report::{grid, seconds, span},
    simulate::{Draw, Options, RUNS_OF_A_CLIMB},
    time::Duration,
    verdict::{Figure, Status},
};

#[derive(clap::Args, Debug)]
pub(super) struct Arguments {
    /// Files and folders; `./models` if none is given, or else the designs inside this program.
    paths: Vec<String>,
    /// So many seeds for each ledger and each way to draw.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    seeds: u64,
    /// How long each run lasts; if not given, a minute more than a ledger's schedule and twice the longest bound or
    /// worst case.
    #[arg(long = "for", value_name = "TIME")]
    lasting: Option<Duration>,
}

/// What the seeds say of one expectation.
struct Row {
    design: String,
    expectation: Expectation,
    /// By the way of drawing, in the order of [`DRAWS`]; then climbs, where corner draws stay below the worst case.
    shown: Vec<Shown>,
    /// Of a bound: as the file pins it, or, in a full campaign, as it is proved.
    worst: Option<Duration>,
    full: bool,
    millis: u128,
}

const DRAWS: [(Draw, &str); 3] = [(Draw::Uniform, "uniform"), (Draw::Corner, "corner"), (Draw::Swarm, "swarm")];
const CORNER: usize = 1;

/// As many corner draws again, of which each goes on from the longest so far.
const CLIMB: (Draw, &str) = (Draw::Climb, "climb");
const HEAD: [&str; 9] = ["design", "property", "under", "expected", "seeds show", "longest", "worst", "near", "took"];

/// From so many seeds on a campaign is a full one: worst cases that no file pins are proved, and what it does not show
/// needs a reason.
const FULL: u64 = 10_000;

/// Corner draws come at least so near to a worst case, in percent.
const NEAR: i128 = 90;

/// Where the table is kept, as a page.
const PAGE: &str = "target/tenure/campaign.md";

pub(super) fn campaign(app: &App, arguments: &Arguments, manner: &Manner) -> Result<Output> {
    let began = Instant::now();
    let (shelf, files) = files(app, &arguments.paths)?;
    let mut rows = Vec::new();
    for file in files {
        let design = app.load(shelf, &file, &[])?;
        rows.extend(of_design(app, &design, arguments, manner)?);
    }
    let contradictions: Vec<String> = rows.iter().filter_map(Row::contradiction).collect();
    let shortfalls: Vec<String> = rows.iter().filter_map(Row::shortfall).collect();
    let reasons: Vec<String> = rows.iter().filter_map(Row::reason).collect();
    let found = rows.iter().filter(|row| row.is_violation_expected() && row.first().is_some()).count();
    let expected = rows.iter().filter(|row| row.is_violation_expected()).count();
    let near = rows.iter().filter(|row| row.nearest().is_some_and(|near| near >= NEAR)).count();
    let bounds = rows.iter().filter(|row| row.nearest().is_some()).count();
    let climbed = rows.iter().filter(|row| row.has_climbed() && row.nearest() >= Some(NEAR)).count();
    let tally = format!(
        "{} expectations, {} seeds for each way to draw ({}); {found} of {expected} violations found; corner draws come \
         within {} % of {near} of {bounds} worst cases, {climbed} of them by climbs; {}; {} s\n",
        rows.len(),
        arguments.seeds,
        DRAWS.map(|(_, name)| name).join(", "),
        100 - NEAR,
        match contradictions.len() {
            0 => "no contradiction".into(),
            many => format!("{many} contradictions"),
        },
        began.elapsed().as_secs(),
    );
    let cells: Vec<Vec<String>> = rows.iter().map(Row::cells).collect();
    let lines = |mark: &str, lines: &[String]| lines.iter().map(|line| format!("{mark}  {line}\n")).collect::<String>();
    let tally =
        [lines("CONTRADICTION", &contradictions), lines("NOT SHOWN", &shortfalls), lines("not shown", &reasons), tally]
            .concat();
    let mut aside = String::new();
    if let Err(error) = fs::create_dir_all("target/tenure").and_then(|()| fs::write(PAGE, page(&cells, &tally))) {
        aside = format!("the table was not saved: {error}\n");
    }
    let table = grid(&HEAD, cells, manner.terminal, manner.look.width);
    let good = contradictions.is_empty() && shortfalls.is_empty();
    let status = if good { Status::AsExpected } else { Status::NotAsExpected };
    Ok(Output { text: format!("{table}\n{tally}"), aside, status })
}

/// All expectations of one design; those under one ledger watch the same runs.
fn of_design(app: &App, design: &Resolved, arguments: &Arguments, manner: &Manner) -> Result<Vec<Row>> {
    let protocol = app.protocol_of(design)?;
    let mut ledgers: BTreeMap<&str, Vec<&Expectation>> = BTreeMap::new();
    for expectation in &design.expectations {
        ledgers.entry(&expectation.under).or_default().push(expectation);
    }
    let full = arguments.seeds >= FULL;
    let figures = design.expectations.iter().flat_map(|one| [one.within, one.worst]).flatten();
    // Long enough for the longest span that the design speaks of to begin late.
    let longest = figures.filter(|span| !span.is_never()).max().unwrap_or_default();
    let mut rows = Vec::new();
    for (ledger, expectations) in ledgers {
        let question =
            |one: &&Expectation| Question { property: one.property.clone(), ledger: ledger.into(), within: one.within };
        let questions: Vec<Question> = expectations.iter().map(question).collect();
        let mut worsts = Vec::new();
        for (expectation, question) in expectations.iter().zip(&questions) {
            let mut worst = expectation.worst;
            if full && worst.is_none() && expectation.within.is_some() {
                let figure = protocol.check(design, question, &manner.options)?.finding.worst;
                worst = figure.and_then(|figure| if let Figure::Exact(worst) = figure { Some(worst) } else { None });
            }
            worsts.push(worst.filter(|worst| !worst.is_never() && *worst > Duration::ZERO));
        }
        let longest = worsts.iter().flatten().fold(longest, |longest, worst| longest.max(*worst));
        let began = Instant::now();
        let lasting = match arguments.lasting {
            Some(lasting) => lasting,
            None => lasting(app, design, ledger, None)?.plus(longest.times(2)),
        };
        let mut by_draw = Vec::new();
        for (draw, _) in DRAWS {
            let plan = plan(0..arguments.seeds, draw, lasting, manner);
            by_draw.push(protocol.simulate(design, ledger, &questions, &plan)?.shown);
        }
        let first = rows.len();
        for (index, expectation) in expectations.iter().enumerate() {
            let mut row = Row {
                design: design.file.strip_suffix(".toml").unwrap_or(&design.file).into(),
                expectation: Expectation::clone(expectation),
                shown: by_draw.iter().map(|shown| shown[index].clone()).collect(),
                worst: worsts[index],
                full,
                millis: 0,
            };
            if row.stays_below() {
                let plan = plan(0..arguments.seeds.div_ceil(RUNS_OF_A_CLIMB), CLIMB.0, lasting, manner);
                row.shown.extend(protocol.simulate(design, ledger, &questions[index..=index], &plan)?.shown);
            }
            rows.push(row);
        }
        let millis = began.elapsed().as_millis();
        rows[first..].iter_mut().for_each(|row| row.millis = millis);
    }
    Ok(rows)
}

fn plan(seeds: Range<u64>, draw: Draw, lasting: Duration, manner: &Manner) -> Plan {
    let options = Options { draw, ..Options::lasting(lasting) };
    Plan { seeds, options, effort: 0, why: 0, meter: Arc::clone(&manner.options.meter) }
}

impl Row {
    fn is_violation_expected(&self) -> bool {
        self.expectation.verdict.is_violation()
    }

    /// The first failing seed, and how it was drawn; one of a climb, which is many runs, only where no other fails.
    fn first(&self) -> Option<(u64, &'static str)> {
        let first = |(shown, (_, name)): (&Shown, (Draw, &'static str))| Some((shown.findings.first?.0, name));
        let drawn = self.shown.iter().zip(DRAWS).filter_map(first).min();
        drawn.or_else(|| self.shown[DRAWS.len()..].iter().zip([CLIMB]).find_map(first))
    }

    /// The longest span of each way to draw.
    fn longest(&self) -> Vec<Option<i64>> {
        let longest = |shown: &Shown| shown.findings.spans.greatest().map(|(micros, _)| micros);
        self.shown.iter().map(longest).collect()
    }

    /// How near corner draws come to the worst case of a bound, in percent: those from seeds, or those that climb.
    fn nearest(&self) -> Option<i128> {
        let worst = self.worst.filter(|_| self.expectation.within.is_some())?;
        let longest = self.longest();
        let longest = [longest.get(CORNER), longest.get(DRAWS.len())].into_iter().flatten().flatten().max();
        Some(i128::from(longest.copied().unwrap_or(0)) * 100 / i128::from(worst.micros()))
    }

    /// Draws that know nothing of each other do not come near the worst case of a bound, or not beyond the bound.
    fn stays_below(&self) -> bool {
        let not_violated = self.is_violation_expected() && self.first().is_none();
        self.nearest().is_some_and(|near| near < NEAR || not_violated)
    }

    fn has_climbed(&self) -> bool {
        self.shown.len() > DRAWS.len()
    }

    fn what(&self) -> String {
        format!("{}: {} under {}", self.design, self.expectation.property, self.expectation.under)
    }

    fn contradiction(&self) -> Option<String> {
        let what = self.what();
        if let Some((seed, draw)) = self.first().filter(|_| !self.is_violation_expected()) {
            let expected = self.expectation.verdict.id();
            return Some(format!("{what} is expected {expected}, but seed {seed} ({draw}) violates it"));
        }
        let longest = self.longest().into_iter().flatten().max()?;
        let worst = self.worst.filter(|worst| longest > worst.micros())?;
        Some(format!("{what} took {}, longer than the worst case {}", seconds(longest), seconds(worst.micros())))
    }

    /// What a full campaign should have shown.
    fn missing(&self) -> Option<String> {
        if self.is_violation_expected() && self.first().is_none() {
            return Some("no run violates it".into());
        }
        let near = self.nearest().filter(|near| *near < NEAR)?;
        Some(format!("corner draws come to {near} % of the worst case"))
    }

    /// What was not shown without a reason for it, and a reason for what was.
    fn shortfall(&self) -> Option<String> {
        let what = self.what();
        match (self.missing(), &self.expectation.unseen) {
            _ if !self.full => None,
            (Some(missing), None) => Some(format!("{what}: {missing}, and the file has no reason (`unseen`) for it")),
            (None, Some(_)) => Some(format!("{what}: the file says why it is not seen (`unseen`), but it is")),
            (None, None) | (Some(_), Some(_)) => None,
        }
    }

    fn reason(&self) -> Option<String> {
        let reason = self.expectation.unseen.as_ref()?;
        Some(format!("{}: {}: {reason}", self.what(), self.missing()?))
    }

    fn cells(&self) -> Vec<String> {
        let Expectation { property, under, verdict, worst, .. } = &self.expectation;
        let violations: u64 = self.shown.iter().map(|shown| shown.findings.violations).sum();
        let shows = match self.first() {
            Some((seed, draw)) => format!("{violations} violations, first seed {seed} ({draw})"),
            None if self.is_violation_expected() => "not found".into(),
            None if self.shown.iter().all(Shown::is_silent) => "nothing to speak of".into(),
            None => "holds in all".into(),
        };
        let longest = self.longest().into_iter();
        let longest: Vec<String> = longest.map(|micros| micros.map_or("-".into(), seconds)).collect();
        let silent = self.longest().iter().all(Option::is_none);
        vec![
            self.design.clone(),
            property.clone(),
            under.clone(),
            verdict.id().into(),
            shows,
            if silent { String::new() } else { longest.join(" / ") },
            self.worst.or(*worst).map_or(String::new(), span),
            self.nearest()
                .map_or(String::new(), |near| format!("{near} %{}", if self.has_climbed() { ", climbed" } else { "" })),
            format!("{}.{:03} s", self.millis / 1_000, self.millis % 1_000),
        ]
    }
}

/// The table as Markdown.
fn page(cells: &[Vec<String>], tally: &str) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<String> = HEAD.map(String::from).to_vec();
    let rule = vec!["---".to_string(); head.len()];
    let rows: String = cells.iter().map(|row| line(row)).collect();
    format!("{}{}{rows}\n{tally}", line(&head), line(&rule))
}
