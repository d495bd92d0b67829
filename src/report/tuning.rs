//! What tuning found, in words and for other programs.

use serde_json::{Value, json};

use super::{block::design_name, figure, map::told, span};
use crate::{
    app::{
        Question,
        tune::{Goal, Trial, Tuned},
        vary::{Point, Region},
    },
    design::Resolved,
};

/// What was asked, what was found, and what is on both sides of it.
pub(crate) fn tuning(design: &Resolved, question: &Question, others: usize, tuned: &Tuned) -> String {
    let parameter = &tuned.range.parameter;
    let value = |value: i64| told(parameter.kind, value);
    let (path, goal) = (&parameter.path, goal(tuned.goal));
    let file = design_name(&design.file);
    let mut lines = Vec::new();
    match tuned.found {
        Some(found) => {
            lines.push(format!("FOUND  {file}   {goal} {path}: {}", value(found)));
            let rest = if others == 0 {
                String::new()
            } else {
                format!(", and the {others} others that the file expects to hold")
            };
            lines.push(format!("  at {}: {}{rest}", value(found), told_of(question, &tuned.trials[&found].point)));
            lines.push(match tuned.next {
                Some(next) => format!("  at {}: {}", value(next), why_not(question, &tuned.trials[&next])),
                None => "  the range ends there: beyond it nothing is known".into(),
            });
        }
        None => {
            lines.push(format!("NOT FOUND  {file}   {goal} {path}"));
            if let Some((at, trial)) = tuned.trials.iter().next() {
                lines.push(format!("  at {}: {}", value(*at), why_not(question, trial)));
            }
        }
    }
    let range = format!("from {} to {}", value(tuned.range.lo), value(tuned.range.hi));
    lines.push(format!("  {} of {} values {range} were tried", tuned.trials.len(), tuned.values));
    let (beyond, tried) = tuned.beyond;
    if beyond > 0 {
        lines.push(match tried == beyond {
            true => format!("  beyond the next value none of the {beyond} is good: all were tried"),
            false => format!("  beyond the next value {tried} of {beyond} were tried and none is good; of the others nothing is known"),
        });
    }
    if tuned.holes {
        lines.push("  not monotone: some values before it are not good".into());
    }
    lines.join("\n") + "\n"
}

/// The same, for other programs.
pub(crate) fn tuning_json(design: &Resolved, question: &Question, tuned: &Tuned) -> Value {
    let parameter = &tuned.range.parameter;
    json!({
        "design": design_name(&design.file),
        "property": question.property,
        "ledger": question.ledger,
        "goal": goal(tuned.goal),
        "path": parameter.path,
        "unit": parameter.kind.unit(),
        "found": tuned.found,
        "next": tuned.next,
        "not_monotone": tuned.holes,
        "tried": tuned.trials.iter().map(|(value, trial)| json!({
            "value": value,
            "good": trial.is_good(),
            "told": if trial.is_good() { told_of(question, &trial.point) } else { why_not(question, trial) },
        })).collect::<Vec<_>>(),
    })
}

const fn goal(goal: Goal) -> &'static str {
    match goal {
        Goal::Largest => "largest",
        Goal::Smallest => "smallest",
    }
}

/// Why a value is not good.
fn why_not(question: &Question, trial: &Trial) -> String {
    match &trial.broken {
        Some((other, point)) => told_of(other, point),
        None => told_of(question, &trial.point),
    }
}

fn told_of(question: &Question, point: &Point) -> String {
    let verdict = match point.region {
        Region::Safe => "HOLDS".into(),
        Region::Unsafe => point.verdict.to_uppercase(),
        Region::Open => {
            format!("{}: {}", point.verdict.to_uppercase(), point.why.as_deref().unwrap_or("no reason is given"))
        }
    };
    let within = question.within.map_or(String::new(), |within| format!(" within {}", span(within)));
    let worst = point.worst.map_or(String::new(), |worst| format!(", worst case {}", figure(worst)));
    format!("{}{within}, under {}: {verdict}{worst}", question.property, question.ledger)
}
