//! `detector`: designs as failure detectors, a row for each ledger.

use std::{num::NonZeroUsize, ops::Range};

use serde_json::json;

use super::{Manner, Output, args::at_least_one, commands::pretty, sim::seeds};
use crate::{
    app::{
        App, Options, Plan,
        detector::{Estimate, Measured, WHOLE, mean, measure},
    },
    design::{BadInput, Resolved, Result, Shelf},
    report::{design_name, figure, figure_json, grid, span},
    simulate,
    time::Duration,
};

#[derive(clap::Args, Debug)]
pub(super) struct Arguments {
    #[arg(required = true)]
    files: Vec<String>,
    /// Only this ledger.
    #[arg(long, value_name = "LEDGER")]
    under: Option<String>,
    /// So many seeds from 0 on, or those from A to before B.
    #[arg(long, value_name = "N|A..B", default_value = "1000", value_parser = seeds)]
    seeds: Range<u64>,
    /// How many runs go side by side; as many as there are processors if not given.
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    jobs: Option<NonZeroUsize>,
    /// How long each run lasts.
    #[arg(long = "for", value_name = "TIME", default_value = "10m")]
    lasting: Duration,
    /// Leave out the proved worst case.
    #[arg(long)]
    no_proof: bool,
}

const ABOUT: &str = "detection: from a death to its detection, mean (95 %), p99 and longest, and the longest possible, proved\n\
    mistakes: how often a living node is taken for dead, in a thousand hours (95 %)\n\
    duration: how long a mistake lasts, mean (95 %); accuracy: the share of time without one (95 %)\n";

/// Measures every design.
pub(super) fn run(app: &App, arguments: &Arguments, manner: &Manner) -> Result<Output> {
    let designs = arguments.files.iter().map(|file| app.load(Shelf::Disk, file, &[])).collect::<Result<Vec<_>>>()?;
    let measure_all = || -> Result<Vec<(String, Measured)>> {
        let mut rows = Vec::new();
        for design in &designs {
            for measured in of_design(app, design, arguments, manner)? {
                rows.push((design_name(&design.file).to_string(), measured));
            }
        }
        Ok(rows)
    };
    let rows = match arguments.jobs {
        None => measure_all()?,
        Some(jobs) => {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs.into()).build();
            pool.expect("threads can be started").install(measure_all)?
        }
    };
    let text = if manner.json { json(&rows) } else { table(&rows, manner) };
    Ok(Output { text, ..Output::default() })
}

fn of_design(app: &App, design: &Resolved, arguments: &Arguments, manner: &Manner) -> Result<Vec<Measured>> {
    if let Some(ledger) = &arguments.under {
        design.ledger(ledger)?;
    }
    let wanted = |ledger: &&str| arguments.under.as_deref().is_none_or(|under| under == *ledger);
    let ledgers: Vec<&str> = design.ledgers().filter(wanted).collect();
    let seeds = arguments.seeds.clone();
    manner.options.meter.expect_runs((seeds.end - seeds.start).saturating_mul(ledgers.len() as u64));
    let options = simulate::Options::lasting(arguments.lasting);
    let plan = Plan { seeds, options, effort: 0, why: 0, meter: manner.options.meter.clone() };
    let proof = Options { brief: true, ..manner.options.clone() };
    let proof = (!arguments.no_proof).then_some(&proof);
    let measured = |ledger: &&str| measure(app, design, ledger, &plan, proof).transpose();
    let measured = ledgers.iter().filter_map(measured).collect::<Result<Vec<_>>>()?;
    if measured.is_empty() {
        let refusal = BadInput::without_place(format!("the protocol {:?} is no failure detector", design.protocol));
        return Err(
            refusal.with_remedy("name a design of a protocol that tells the dead from the living, such as presence")
        );
    }
    Ok(measured)
}

fn table(rows: &[(String, Measured)], manner: &Manner) -> String {
    let head = ["design, ledger", "detection", "p99, longest", "proved", "mistakes", "duration", "accuracy"];
    let micros = |value: u128| span(Duration::from_micros(i64::try_from(value).unwrap_or(i64::MAX)));
    let with_ends = |estimate: Option<Estimate>, write: &dyn Fn(u128) -> String| {
        estimate.map_or("-".into(), |Estimate { value, lo, hi }| {
            format!("{} ({} to {})", write(value), write(lo), write(hi))
        })
    };
    let row = |(design, measured): &(String, Measured)| {
        let ends = measured.detection.quantile(990).zip(measured.detection.greatest());
        let ends = ends.map_or("-".into(), |(p99, (longest, _))| {
            format!("{}, {}", micros(p99.unsigned_abs().into()), micros(longest.unsigned_abs().into()))
        });
        vec![
            format!("{design}, {}", measured.ledger),
            with_ends(mean(&measured.detection), &micros),
            ends,
            measured.proved.map_or("-".into(), figure),
            with_ends(measured.rate(), &|rate| rate.to_string()),
            with_ends(measured.duration(), &micros),
            with_ends(measured.accuracy(), &percent),
        ]
    };
    let mut text = grid(&head, rows.iter().map(row).collect(), manner.terminal, manner.look.width);
    text.push_str(ABOUT);
    for (design, measured) in rows {
        let (hours, runs) = (measured.simulated / 3_600_000_000, measured.runs);
        let lines = measured.ledger_lines.join("; ");
        text.push_str(&format!("  {design}, {}: {runs} runs, {hours} hours; {lines}\n", measured.ledger));
    }
    text
}

/// A part of [`WHOLE`].
fn percent(part: u128) -> String {
    let hundredth = WHOLE / 100;
    format!("{}.{:05} %", part / hundredth, part % hundredth / (hundredth / 100_000))
}

fn json(rows: &[(String, Measured)]) -> String {
    let estimate = |estimate: Option<Estimate>| {
        estimate.map(|Estimate { value, lo, hi }| json!({ "value": value as u64, "lo": lo as u64, "hi": hi as u64 }))
    };
    let row = |(design, measured): &(String, Measured)| {
        json!({
            "design": design,
            "ledger": measured.ledger,
            "runs": measured.runs,
            "simulated_micros": measured.simulated as u64,
            "detections": measured.detection.count(),
            "detection_micros": estimate(mean(&measured.detection)),
            "detection_longest_micros": measured.detection.greatest().map(|(longest, _)| longest),
            "detection_proved": figure_json(measured.proved),
            "mistakes": measured.mistakes.as_ref().map(simulate::Distribution::count),
            "mistakes_per_1000_hours": estimate(measured.rate()),
            "mistake_duration_micros": estimate(measured.duration()),
            "accuracy_ppb": estimate(measured.accuracy()),
        })
    };
    pretty(&json!({ "schema_version": 1, "detectors": rows.iter().map(row).collect::<Vec<_>>() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_written_in_percent() {
        assert_eq!(percent(WHOLE), "100.00000 %");
        assert_eq!(percent(WHOLE - 12_345), "99.99876 %");
        assert_eq!(percent(0), "0.00000 %");
    }
}
