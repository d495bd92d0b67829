//! Answers as JSON, for other programs: ids, and integers with their unit in the key. `docs/summary.schema.json`
//! describes it.

use serde_json::{Value, json};

use super::block::design_name;
use crate::{
    app::review::Answer,
    time::Duration,
    verdict::{Figure, OneRate, Status, Verdict},
};

/// Grows when a reader of an older one would misread this one.
const SCHEMA_VERSION: u32 = 1;

/// All answers of one command; each beside the file that its trace was saved in.
pub(crate) fn summary(answers: &[(Answer<'_>, Option<String>)], status: Status) -> Value {
    json!({
        "schema_version": SCHEMA_VERSION,
        "tool": concat!("tenure ", env!("CARGO_PKG_VERSION")),
        "status": status.id(),
        "exit_status": status.code(),
        "answers": answers.iter().map(|(answer, saved)| one(answer, saved.as_deref())).collect::<Vec<_>>(),
    })
}

fn one(answer: &Answer<'_>, saved: Option<&str>) -> Value {
    let outcome = &answer.outcome;
    let finding = &outcome.finding;
    let design = answer.asked.design;
    let (touches, vacuity_unknown) = match finding.verdict {
        Verdict::Holds { touches, vacuity_unknown } => (touches, vacuity_unknown),
        _ => (false, false),
    };
    json!({
        "design": design_name(&design.file),
        "design_hash": design.hash(),
        "protocol": design.protocol,
        "property": outcome.property,
        "requirements": outcome.requirements,
        "ledger": outcome.ledger,
        "ledger_allows": outcome.ledger_lines,
        "within_micros": micros(outcome.within),
        "verdict": verdict_id(&finding.verdict),
        "touches": touches,
        "vacuity_unknown": vacuity_unknown,
        "why": finding.verdict.why(),
        "best": figure(finding.best),
        "worst": figure(finding.worst),
        "margin_micros": micros(finding.margin),
        "one_rate": one_rate(finding.one_rate),
        "scope": finding.scope,
        "notes": finding.notes,
        "warnings": finding.warnings,
        "discrete_states": finding.stats.states,
        "zones": finding.stats.zones,
        "status": answer.status.id(),
        "complaints": answer.complaints,
        "trace": saved,
    })
}

/// The kind of a verdict; the kind of a violation is told by its worst case.
fn verdict_id(verdict: &Verdict) -> &'static str {
    if matches!(verdict, Verdict::Holds { .. }) { "holds" } else { verdict.id(None) }
}

/// `null` for none; [`Duration::NEVER`] is `-1`.
fn micros(span: Option<Duration>) -> Option<i64> {
    span.map(|span| if span.is_never() { -1 } else { span.micros() })
}

fn one_rate(one_rate: Option<OneRate>) -> Value {
    match one_rate {
        None => Value::Null,
        Some(OneRate::Alike) => json!({ "kind": "alike" }),
        Some(OneRate::Found(most)) => json!({ "kind": "found", "micros": micros(Some(most)) }),
        Some(OneRate::NotFound) => json!({ "kind": "not-found" }),
    }
}

/// As the published schemas have it.
pub(crate) fn figure(figure: Option<Figure>) -> Value {
    match figure {
        None => Value::Null,
        Some(Figure::Exact(value)) => json!({ "kind": "exact", "micros": micros(Some(value)) }),
        Some(Figure::Between { seen, proved }) => {
            json!({ "kind": "between", "seen_micros": micros(Some(seen)), "proved_micros": micros(Some(proved)) })
        }
        Some(Figure::Never) => json!({ "kind": "never" }),
        Some(Figure::Unbounded { least, greatest }) => json!({
            "kind": "unbounded",
            "turn_least_micros": micros(Some(least)),
            "turn_greatest_micros": micros(Some(greatest)),
        }),
        Some(Figure::Exceeds(value)) => json!({ "kind": "exceeds", "micros": micros(Some(value)) }),
    }
}
