//! `campaign`: every expectation of a folder of designs, from many seeds, as one table.
//!
//! A simulation proves nothing, but it may contradict: a run that violates what is expected to hold, or that takes
//! longer than the worst case that is pinned. And it says how near it comes.

use std::{collections::BTreeMap, fs, ops::Range, sync::Arc, time::Instant};

use super::{Manner, Output, commands::files, sim::lasting};
use crate::{
    app::{App, Plan, Question, Shown},
    design::{Expectation, Resolved, Result},
    report::{grid, seconds},
    simulate::{Draw, Options},
    time::Duration,
    verdict::Status,
};

#[derive(clap::Args, Debug)]
pub(super) struct Arguments {
    /// Files and folders; `./models` if none is given, or else the designs inside this program.
    paths: Vec<String>,
    /// So many seeds for each ledger and each way to draw.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    seeds: u64,
    /// How long each run lasts: 60s, or a minute more than a ledger's schedule, if not given.
    #[arg(long = "for", value_name = "TIME")]
    lasting: Option<Duration>,
}

/// What the seeds say of one expectation.
struct Row {
    design: String,
    expectation: Expectation,
    /// By the way of drawing, in the order of [`DRAWS`].
    shown: Vec<Shown>,
    millis: u128,
}

const DRAWS: [(Draw, &str); 3] = [(Draw::Uniform, "uniform"), (Draw::Corner, "corner"), (Draw::Swarm, "swarm")];
const HEAD: [&str; 9] = ["design", "property", "under", "expected", "seeds show", "longest", "worst", "near", "took"];

/// Where the table is kept, as a page.
const PAGE: &str = "target/tenure/campaign.md";

pub(super) fn campaign(app: &App, arguments: &Arguments, manner: &Manner) -> Result<Output> {
    let (shelf, files) = files(app, &arguments.paths)?;
    let mut rows = Vec::new();
    for file in files {
        let design = app.load(shelf, &file, &[])?;
        rows.extend(of_design(app, &design, arguments, manner)?);
    }
    let contradictions: Vec<String> = rows.iter().filter_map(Row::contradiction).collect();
    let found = rows.iter().filter(|row| row.is_violation_expected() && row.first().is_some()).count();
    let expected = rows.iter().filter(|row| row.is_violation_expected()).count();
    let tally = format!(
        "{} expectations, {} seeds for each way to draw ({}); {found} of {expected} violations found; {}\n",
        rows.len(),
        arguments.seeds,
        DRAWS.map(|(_, name)| name).join(", "),
        match contradictions.len() {
            0 => "no contradiction".into(),
            many => format!("{many} contradictions"),
        }
    );
    let cells: Vec<Vec<String>> = rows.iter().map(Row::cells).collect();
    let mut aside = String::new();
    if let Err(error) = fs::create_dir_all("target/tenure").and_then(|()| fs::write(PAGE, page(&cells, &tally))) {
        aside = format!("the table was not saved: {error}\n");
    }
    let table = grid(&HEAD, cells, manner.terminal, manner.look.width);
    let lines: String = contradictions.iter().map(|line| format!("CONTRADICTION  {line}\n")).collect();
    let status = if contradictions.is_empty() { Status::AsExpected } else { Status::NotAsExpected };
    Ok(Output { text: format!("{table}\n{lines}{tally}"), aside, status })
}

/// All expectations of one design; those under one ledger watch the same runs.
fn of_design(app: &App, design: &Resolved, arguments: &Arguments, manner: &Manner) -> Result<Vec<Row>> {
    let protocol = app.protocol_of(design)?;
    let mut ledgers: BTreeMap<&str, Vec<&Expectation>> = BTreeMap::new();
    for expectation in &design.expectations {
        ledgers.entry(&expectation.under).or_default().push(expectation);
    }
    let mut rows = Vec::new();
    for (ledger, expectations) in ledgers {
        let question =
            |one: &&Expectation| Question { property: one.property.clone(), ledger: ledger.into(), within: one.within };
        let questions: Vec<Question> = expectations.iter().map(question).collect();
        let began = Instant::now();
        let lasting = lasting(app, design, ledger, arguments.lasting)?;
        let mut by_draw = Vec::new();
        for (draw, _) in DRAWS {
            let plan = plan(0..arguments.seeds, draw, lasting, manner);
            by_draw.push(protocol.simulate(design, ledger, &questions, &plan)?.shown);
        }
        let millis = began.elapsed().as_millis();
        rows.extend(expectations.iter().enumerate().map(|(index, expectation)| Row {
            design: design.file.strip_suffix(".toml").unwrap_or(&design.file).into(),
            expectation: Expectation::clone(expectation),
            shown: by_draw.iter().map(|shown| shown[index].clone()).collect(),
            millis,
        }));
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

    /// The first failing seed, and how it was drawn.
    fn first(&self) -> Option<(u64, &'static str)> {
        let first = |(shown, (_, name)): (&Shown, (Draw, &'static str))| Some((shown.findings.first?.0, name));
        self.shown.iter().zip(DRAWS).filter_map(first).min()
    }

    /// The longest span of each way to draw.
    fn longest(&self) -> Vec<Option<i64>> {
        let longest = |shown: &Shown| shown.findings.spans.greatest().map(|(micros, _)| micros);
        self.shown.iter().map(longest).collect()
    }

    fn contradiction(&self) -> Option<String> {
        let Expectation { property, under, verdict, worst, .. } = &self.expectation;
        let what = format!("{}: {property} under {under}", self.design);
        if let Some((seed, draw)) = self.first().filter(|_| !self.is_violation_expected()) {
            return Some(format!("{what} is expected {}, but seed {seed} ({draw}) violates it", verdict.id()));
        }
        let longest = self.longest().into_iter().flatten().max()?;
        let worst = worst.filter(|worst| !worst.is_never() && longest > worst.micros())?;
        Some(format!("{what} took {}, longer than the worst case {}", seconds(longest), seconds(worst.micros())))
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
        let greatest = self.longest().into_iter().flatten().max();
        let near = match (worst, greatest) {
            (Some(worst), Some(greatest)) if !worst.is_never() && worst.micros() > 0 => {
                format!("{} %", i128::from(greatest) * 100 / i128::from(worst.micros()))
            }
            _ => String::new(),
        };
        vec![
            self.design.clone(),
            property.clone(),
            under.clone(),
            verdict.id().into(),
            shows,
            if greatest.is_some() { longest.join(" / ") } else { String::new() },
            worst.map_or(String::new(), |worst| seconds(worst.micros())),
            near,
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
