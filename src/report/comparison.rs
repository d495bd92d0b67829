//! Two sets of answers side by side: what became worse, what better, what is asked no longer.
//!
//! Answers are read as `docs/summary.schema.json` describes them, wherever they come from.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{figure, span};
use crate::{time::Duration, verdict};

/// A summary, as far as it is compared.
#[derive(Deserialize)]
pub(crate) struct Summary {
    pub(crate) schema_version: u32,
    pub(crate) answers: Vec<Answer>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Answer {
    pub(crate) design: String,
    pub(crate) property: String,
    pub(crate) ledger: String,
    within_micros: Option<i64>,
    verdict: String,
    #[serde(default)]
    touches: bool,
    best: Option<Figure>,
    worst: Option<Figure>,
    margin_micros: Option<i64>,
    status: String,
    /// Where it is asked, if that is a design at hand: the file and the line.
    #[serde(skip)]
    pub(crate) place: Option<(String, usize)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Figure {
    Exact { micros: i64 },
    Between { seen_micros: i64, proved_micros: i64 },
    Never,
    Unbounded { turn_least_micros: i64, turn_greatest_micros: i64 },
    Exceeds { micros: i64 },
}

/// How a difference is to be taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Effect {
    Worse,
    Better,
    Other,
}

/// What became of one question.
pub(crate) struct Change {
    pub(crate) effect: Effect,
    design: String,
    /// `hard-death-takeover within 10 s, under one-crash`
    question: String,
    /// What differs: its name, before and after.
    differences: Vec<(&'static str, String, String)>,
    place: Option<(String, usize)>,
}

/// All that differs, what is worse first.
pub(crate) struct Comparison {
    pub(crate) changes: Vec<Change>,
    unchanged: usize,
}

/// How a comparison is written.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Style {
    /// For a terminal.
    Text,
    /// A table, for a comment on a pull request.
    Markdown,
    /// Annotations, as a step of a GitHub workflow prints them.
    Github,
}

/// Compares two sets of answers, question by question.
pub(crate) fn comparison(before: &[Answer], after: &[Answer]) -> Comparison {
    let one = |answers: &[Answer]| answers.iter().all(|answer| answer.design == answers[0].design);
    // Two designs are compared whatever they are called.
    let by_name = !(one(before) && one(after));
    let key = |answer: &Answer| {
        let design = if by_name { answer.design.clone() } else { String::new() };
        (design, answer.property.clone(), answer.ledger.clone())
    };
    let mut rest: BTreeMap<_, Vec<&Answer>> = BTreeMap::new();
    for answer in after {
        rest.entry(key(answer)).or_default().push(answer);
    }
    let mut changes = Vec::new();
    let mut unchanged = 0;
    let mut left = Vec::new();
    let mut compared = |old: &Answer, new: &Answer| match change(old, new) {
        Some(change) => changes.push(change),
        None => unchanged += 1,
    };
    // Where a question is asked with several bounds, those with the same bound belong together.
    for old in before {
        let asked = rest.entry(key(old)).or_default();
        match asked.iter().position(|new| new.within_micros == old.within_micros) {
            Some(index) => compared(old, asked.remove(index)),
            None => left.push(old),
        }
    }
    let mut gone = Vec::new();
    for old in left {
        let asked = rest.get_mut(&key(old)).expect("it was just entered");
        if asked.is_empty() { gone.push(old) } else { compared(old, asked.remove(0)) }
    }
    changes.extend(gone.into_iter().map(no_longer));
    changes.extend(rest.into_values().flatten().map(newly));
    changes.sort_by(|a, b| (a.effect, &a.design, &a.question).cmp(&(b.effect, &b.design, &b.question)));
    Comparison { changes, unchanged }
}

/// What differs between two answers to one question.
fn change(old: &Answer, new: &Answer) -> Option<Change> {
    let mut effects = Vec::new();
    let mut differences = Vec::new();
    let mut differ = |what, before: String, after: String, effect| {
        differences.push((what, before, after));
        effects.push(effect);
    };
    let by = |order: std::cmp::Ordering| match order {
        std::cmp::Ordering::Less => Effect::Better,
        std::cmp::Ordering::Equal => Effect::Other,
        std::cmp::Ordering::Greater => Effect::Worse,
    };
    if (old.told(), old.rank()) != (new.told(), new.rank()) {
        differ("verdict", old.told(), new.told(), by(new.rank().cmp(&old.rank())));
    }
    if old.within_micros != new.within_micros {
        // A bound that is looser promises less.
        let looser = micros(new.within_micros).cmp(&micros(old.within_micros));
        differ("bound", told(old.within_micros), told(new.within_micros), by(looser));
    }
    if old.worst != new.worst {
        let order = match (old.worst, new.worst) {
            (Some(old), Some(new)) => by(new.rank().cmp(&old.rank())),
            _ => Effect::Other,
        };
        differ("worst case", shown(old.worst), shown(new.worst), order);
    }
    if old.best != new.best {
        differ("best case", shown(old.best), shown(new.best), Effect::Other);
    }
    // Of a bound the margin follows from the worst case.
    if old.margin_micros != new.margin_micros && old.within_micros.is_none() {
        differ("margin", told(old.margin_micros), told(new.margin_micros), Effect::Other);
    }
    if old.status != new.status {
        let met = |answer: &Answer| answer.status == "as-expected";
        differ("as expected", old.status.clone(), new.status.clone(), by(met(old).cmp(&met(new))));
    }
    let effect = effects.into_iter().min()?;
    Some(Change { effect, differences, ..Change::of(new) })
}

/// A proof that nobody asks for any more is a loss.
fn no_longer(old: &Answer) -> Change {
    let effect = if old.rank() == 0 { Effect::Worse } else { Effect::Other };
    Change { effect, differences: vec![("asked", old.told(), "no longer".into())], place: None, ..Change::of(old) }
}

fn newly(new: &Answer) -> Change {
    let effect = if new.status == "as-expected" { Effect::Other } else { Effect::Worse };
    Change { effect, differences: vec![("asked", "not yet".into(), new.told())], ..Change::of(new) }
}

impl Answer {
    /// The less, the better.
    fn rank(&self) -> u8 {
        match self.verdict.as_str() {
            "holds" => 0,
            "unknown" | "vacuous" => 1,
            _ => 2,
        }
    }

    fn told(&self) -> String {
        let mark = if self.touches { " (touches)" } else { "" };
        format!("{}{mark}", self.verdict.to_uppercase())
    }
}

impl Figure {
    /// The less, the better.
    fn rank(self) -> (u8, i64) {
        match self {
            Figure::Exact { micros: -1 } | Figure::Never => (3, 0),
            Figure::Exact { micros } => (0, micros),
            Figure::Between { seen_micros, proved_micros } => (0, seen_micros.max(proved_micros)),
            Figure::Exceeds { micros } => (1, micros),
            Figure::Unbounded { .. } => (2, 0),
        }
    }

    fn figure(self) -> verdict::Figure {
        match self {
            Figure::Exact { micros: span } => verdict::Figure::Exact(micros(Some(span))),
            Figure::Between { seen_micros, proved_micros } => {
                verdict::Figure::Between { seen: micros(Some(seen_micros)), proved: micros(Some(proved_micros)) }
            }
            Figure::Never => verdict::Figure::Never,
            Figure::Unbounded { turn_least_micros, turn_greatest_micros } => verdict::Figure::Unbounded {
                least: micros(Some(turn_least_micros)),
                greatest: micros(Some(turn_greatest_micros)),
            },
            Figure::Exceeds { micros: span } => verdict::Figure::Exceeds(micros(Some(span))),
        }
    }
}

/// None and what is negative never comes.
fn micros(span: Option<i64>) -> Duration {
    span.filter(|span| *span >= 0).map_or(Duration::NEVER, Duration::from_micros)
}

fn told(span_micros: Option<i64>) -> String {
    span_micros.map_or("none".into(), |_| span(micros(span_micros)))
}

fn shown(case: Option<Figure>) -> String {
    case.map_or("none".into(), |case| figure(case.figure()))
}

impl Change {
    fn of(answer: &Answer) -> Change {
        let within = answer.within_micros.map_or(String::new(), |_| format!(" within {}", told(answer.within_micros)));
        Change {
            effect: Effect::Other,
            design: answer.design.clone(),
            question: format!("{}{within}, under {}", answer.property, answer.ledger),
            differences: Vec::new(),
            place: answer.place.clone(),
        }
    }

    fn differences(&self) -> String {
        let told = |(what, before, after): &(&str, String, String)| format!("{what} {before} -> {after}");
        self.differences.iter().map(told).collect::<Vec<_>>().join("; ")
    }
}

impl Comparison {
    pub(crate) fn is_worse(&self) -> bool {
        self.changes.iter().any(|change| change.effect == Effect::Worse)
    }

    pub(crate) fn write(&self, style: Style) -> String {
        let mut lines: Vec<String> = match style {
            Style::Text => self.changes.iter().map(text).collect(),
            Style::Markdown => self.markdown(),
            Style::Github => self.changes.iter().map(annotation).collect(),
        };
        lines.push(self.tally());
        lines.join("\n") + "\n"
    }

    fn markdown(&self) -> Vec<String> {
        if self.changes.is_empty() {
            return Vec::new();
        }
        let cell = |text: &str| text.replace('|', "\\|");
        let mut lines = vec![
            "| | design | question | what | before | after |".to_string(),
            "|---|---|---|---|---|---|".to_string(),
        ];
        for change in &self.changes {
            for (what, before, after) in &change.differences {
                let cells = [change.effect.word(), &change.design, &change.question, what, before, after].map(cell);
                lines.push(format!("| {} |", cells.join(" | ")));
            }
        }
        lines.push(String::new());
        lines
    }

    fn tally(&self) -> String {
        let count = |effect| self.changes.iter().filter(|change| change.effect == effect).count();
        format!(
            "{} worse, {} better, {} changed otherwise, {} unchanged",
            count(Effect::Worse),
            count(Effect::Better),
            count(Effect::Other),
            self.unchanged
        )
    }

    /// The same, for other programs.
    pub(crate) fn json(&self) -> Value {
        let difference =
            |(what, before, after): &(&str, String, String)| json!({ "what": what, "before": before, "after": after });
        json!({
            "schema_version": 1,
            "worse": self.is_worse(),
            "unchanged": self.unchanged,
            "changes": self.changes.iter().map(|change| json!({
                "effect": change.effect.word(),
                "design": change.design,
                "question": change.question,
                "differences": change.differences.iter().map(difference).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
        })
    }
}

impl Effect {
    const fn word(self) -> &'static str {
        match self {
            Effect::Worse => "worse",
            Effect::Better => "better",
            Effect::Other => "changed",
        }
    }
}

fn text(change: &Change) -> String {
    let word = if change.effect == Effect::Worse { "WORSE" } else { change.effect.word() };
    format!("{word:<8} {}   {}: {}", change.design, change.question, change.differences())
}

/// A workflow command: what is worse is an error, everything else a notice.
fn annotation(change: &Change) -> String {
    let command = if change.effect == Effect::Worse { "error" } else { "notice" };
    let escaped = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| escaped(text).replace(':', "%3A").replace(',', "%2C");
    let place = match &change.place {
        Some((file, line)) => format!("file={},line={line},", property(file)),
        None => String::new(),
    };
    let title = property(&format!("{} ({})", change.question, change.design));
    format!("::{command} {place}title={title}::{}", escaped(&change.differences()))
}
