//! `tune`: the largest or smallest value of a parameter for which a property holds.

use serde_json::json;

use super::{Manner, Output, commands::pretty};
use crate::{
    app::{
        App, Options,
        tune::{Goal, Tuned, default_step, others, tune},
        vary::{Range, Variants, question, ties},
    },
    design::{BadInput, Place, Result, Shelf, Source},
    report::{tuning, tuning_json},
    time::Duration,
    verdict::Status,
};

#[derive(clap::Args, Debug)]
pub(super) struct Arguments {
    file: String,
    #[arg(long, value_name = "ID")]
    property: String,
    /// The largest value of a parameter, in a range. May be given several times: each is looked for on its own.
    #[arg(long, value_name = "PATH=lo..hi")]
    largest: Vec<String>,
    /// The smallest value of a parameter, in a range.
    #[arg(long, value_name = "PATH=lo..hi")]
    smallest: Vec<String>,
    /// The bound, instead of the file's.
    #[arg(long, value_name = "TIME")]
    within: Option<Duration>,
    /// The ledger, if the file asks for the property under several.
    #[arg(long, value_name = "LEDGER")]
    under: Option<String>,
    /// The distance of two values; about a hundredth of the range if not given.
    #[arg(long, value_name = "STEP")]
    step: Option<String>,
    /// Change a value of the design first.
    #[arg(long = "set", value_name = "PATH=VALUE")]
    assignments: Vec<String>,
    /// Let a span follow others: it is computed anew for every value.
    #[arg(long = "tie", value_name = "PATH=FORMULA")]
    ties: Vec<String>,
    /// Try every value.
    #[arg(long)]
    every: bool,
}

/// Looks for each value that is asked for.
pub(super) fn run(app: &App, arguments: &Arguments, manner: &Manner) -> Result<Output> {
    let design = app.load(Shelf::Disk, &arguments.file, &arguments.assignments)?;
    let question = question(app, &design, &arguments.property, arguments.under.as_deref(), arguments.within)?;
    let goals = goals(&design, arguments)?;
    let ties = ties(&design, &arguments.ties, &question.ledger)?;
    let others = others(&design, &question);
    let options = Options { brief: true, ..manner.options.clone() };
    let variants = Variants { app, design: &design, ties, question: question.clone(), options };
    let mut status = Status::AsExpected;
    let mut all = Vec::new();
    for (goal, range, step) in goals {
        let tuned = tune(&variants, &others, goal, &range, step, arguments.every);
        status = status.max(judge(&tuned));
        all.push(tuned);
    }
    let text = if manner.json {
        let tuned: Vec<_> = all.iter().map(|tuned| tuning_json(&design, &question, tuned)).collect();
        pretty(&json!({ "schema_version": 1, "tuned": tuned }))
    } else {
        all.iter().map(|tuned| tuning(&design, &question, others.len(), tuned)).collect::<Vec<_>>().join("\n")
    };
    Ok(Output { text, aside: String::new(), status })
}

fn goals(design: &crate::design::Resolved, arguments: &Arguments) -> Result<Vec<(Goal, Range, i64)>> {
    let asked = |goal, option, texts: &[String]| -> Result<Vec<(Goal, Range, i64)>> {
        let range = |text: &String| {
            let range = Range::read(design, option, text)?;
            let step = step(arguments.step.as_deref(), &range)?;
            Ok((goal, range, step))
        };
        texts.iter().map(range).collect()
    };
    let goals = [
        asked(Goal::Largest, "--largest", &arguments.largest)?,
        asked(Goal::Smallest, "--smallest", &arguments.smallest)?,
    ]
    .concat();
    if goals.is_empty() {
        let refusal = BadInput::without_place("there is nothing to look for");
        return Err(refusal.with_remedy("say what with `--largest PATH=lo..hi` or `--smallest PATH=lo..hi`"));
    }
    Ok(goals)
}

fn step(asked: Option<&str>, range: &Range) -> Result<i64> {
    let Some(text) = asked else { return Ok(default_step(range)) };
    let place = Place::start_of(&Source::new("--step", text));
    let step = range.parameter.kind.parse(text).map_err(|why| place.refuse(why))?;
    let wide = range.hi - range.lo;
    if step == 0 || step > wide {
        let most = range.parameter.kind.write(wide);
        return Err(place.refuse(format!("expected a step above zero and at most {most}, got {text:?}")));
    }
    Ok(step)
}

fn judge(tuned: &Tuned) -> Status {
    let is_bad = |value: Option<i64>| value.is_none_or(|value| tuned.trials[&value].is_bad());
    match tuned.found {
        Some(_) if is_bad(tuned.next) => Status::AsExpected,
        None if tuned.trials.values().all(|trial| trial.is_bad()) => Status::NotAsExpected,
        _ => Status::Inconclusive,
    }
}
