//! The test of a catalogue: a folder of designs that says of each property where it holds, and what it hangs on.

pub(crate) mod failures;

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{
    App, Options, Question,
    review::{Answer, Asked, answer, questions},
};
use crate::{
    design::{Base, Expectation, Formula, Resolved, Shelf, fnv},
    time::{Duration, Window},
    verdict::{Figure, Status, Verdict},
};

/// At so many other points of its parameters a formula is tried.
const POINTS: usize = 5;

/// For one check: a test that waits for longer is not run.
const BUDGET: std::time::Duration = std::time::Duration::from_secs(120);

/// The body of a test over a folder of designs.
///
/// Each file meets its expectations. One that extends another overrides exactly one key and so flips a verdict: if it
/// repairs nothing it is a *weakening*, and all that it expects to be violated holds in its base. A known failure, in a
/// folder `known`, has a repaired twin beside it, which holds all that the failure breaks. Every property of the
/// protocols in use has a file that holds, and a weakening. Each `because` gives the pinned figure, and
/// gives the right one at five other points too, all spans within 20 % of the file's.
///
/// # Panics
/// With a line for everything that is not so.
pub fn run(path: &str, app: &App) {
    let problems = problems(path, app);
    assert!(problems.is_empty(), "the catalogue {path} is not in order:\n{}", problems.join("\n"));
}

fn problems(path: &str, app: &App) -> Vec<String> {
    let designs = match load(path, app) {
        Ok(designs) => designs,
        Err(problems) => return problems,
    };
    let options = Options { budget: Some(BUDGET), ..Options::default() };
    let mut problems = Vec::new();
    let mut files = Vec::new();
    for (design, answers) in designs.par_iter().map(|design| (design, own(app, design, &options))).collect::<Vec<_>>() {
        match answers {
            Ok(answers) => files.push(File { design, answers }),
            Err(problem) => problems.push(problem),
        }
    }
    // Of a base only the verdict counts, and of a point near a design only the figures.
    let options = Options { brief: true, ..options };
    let bases = Bases::ask(app, &files, &options);
    let mut uses: BTreeMap<Key, Uses> = BTreeMap::new();
    for file in &files {
        problems.extend(file.answers.iter().flat_map(complaints));
        let flips = file.flips(&bases, &mut problems);
        for (answer, flip) in file.answers.iter().zip(&flips) {
            let used = uses.entry((file.design.protocol.clone(), answer.outcome.property.clone())).or_default();
            used.holds |= holds(&answer.outcome.finding.verdict);
            used.weakened |= *flip == Some(Flip::Weakened);
        }
    }
    let met = files.iter().flat_map(|file| &file.answers).filter(|answer| answer.status == Status::AsExpected);
    problems.extend(
        met.collect::<Vec<_>>().into_par_iter().flat_map(|met| recheck(app, met, &options)).collect::<Vec<_>>(),
    );
    problems.extend(failures::problems(&designs));
    problems.extend(unused(app, &designs, &uses));
    problems
}

/// Every design of a folder, or what is wrong with them.
fn load(path: &str, app: &App) -> Result<Vec<Resolved>, Vec<String>> {
    let files = Shelf::Disk.designs(path).map_err(|refusal| vec![refusal.render(false, 120)])?;
    if files.is_empty() {
        return Err(vec![format!("{path} has no design")]);
    }
    let mut designs = Vec::new();
    let mut problems = Vec::new();
    for file in &files {
        match app.load(Shelf::Disk, file, &[]) {
            Ok(design) => designs.push(design),
            Err(refusal) => problems.push(refusal.render(false, 120)),
        }
    }
    if problems.is_empty() { Ok(designs) } else { Err(problems) }
}

/// The answers to what a file expects.
fn own<'a>(app: &App, design: &'a Resolved, options: &Options) -> Result<Vec<Answer<'a>>, String> {
    if design.expectations.is_empty() {
        return Err(format!("{} expects nothing", design.file));
    }
    let protocol = app.protocol_of(design).expect("the design was loaded");
    answer(app, questions(design, protocol, None), options).map_err(|refusal| refusal.render(false, 120))
}

/// A file, and the answers to what it expects.
struct File<'a> {
    design: &'a Resolved,
    answers: Vec<Answer<'a>>,
}

/// What the files say of one property of one protocol.
#[derive(Clone, Copy, Default)]
struct Uses {
    holds: bool,
    weakened: bool,
}

/// Protocol and property.
type Key = (String, String);

fn complaints(answer: &Answer<'_>) -> Vec<String> {
    let Question { property, ledger, .. } = &answer.asked.question;
    let why = answer.outcome.finding.verdict.why().map_or(String::new(), |why| format!(" ({why})"));
    let told =
        |complaint: &String| format!("{}: {property} under {ledger}: {complaint}{why}", answer.asked.design.file);
    answer.complaints.iter().map(told).collect()
}

fn holds(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Holds { vacuity_unknown: false, .. })
}

/// What an override does to a verdict.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flip {
    Weakened,
    Repaired,
}

/// A question about a design, whatever file that is in.
type Asking = (String, Question);

fn asking(design: &Resolved, answer: &Answer<'_>) -> Asking {
    (design.hash(), answer.asked.question.clone())
}

/// The verdicts of the designs that others extend, to the questions that those are asked.
struct Bases(BTreeMap<Asking, Result<Verdict, String>>);

impl Bases {
    /// Asks them what they were not asked yet, each once.
    fn ask(app: &App, files: &[File<'_>], options: &Options) -> Bases {
        let mut known = BTreeMap::new();
        for file in files {
            let verdict =
                |answer: &Answer<'_>| (asking(file.design, answer), Ok(answer.outcome.finding.verdict.clone()));
            known.extend(file.answers.iter().map(verdict));
        }
        let mut open = BTreeMap::new();
        for file in files {
            let Some(base) = file.paired_base() else { continue };
            for answer in &file.answers {
                let key = asking(&base.design, answer);
                if !known.contains_key(&key) {
                    let question = answer.asked.question.clone();
                    open.insert(key, Asked { design: base.design.as_ref(), question, expectation: None });
                }
            }
        }
        let ask = |(key, asked): (Asking, Asked<'_>)| {
            let answers = answer(app, vec![asked], options);
            let verdict = answers.map(|mut answers| answers.remove(0).outcome.finding.verdict);
            (key, verdict.map_err(|refusal| refusal.message().to_string()))
        };
        let asked: Vec<_> = open.into_iter().collect();
        known.extend(asked.into_par_iter().map(ask).collect::<Vec<_>>());
        Bases(known)
    }

    fn verdict(&self, base: &Resolved, answer: &Answer<'_>) -> &Result<Verdict, String> {
        &self.0[&asking(base, answer)]
    }
}

impl File<'_> {
    /// What it extends, unless it is a known failure: that may be made of another design in any way, and what it is
    /// paired with is its twin.
    fn paired_base(&self) -> Option<&Base> {
        self.design.base.as_ref().filter(|_| !failures::is_failure(&self.design.file))
    }

    /// For each answer, if the file extends another, how its verdict differs from the base's.
    fn flips(&self, bases: &Bases, problems: &mut Vec<String>) -> Vec<Option<Flip>> {
        let none = vec![None; self.answers.len()];
        let Some(base) = self.paired_base() else { return none };
        let file = &self.design.file;
        if base.overridden.len() != 1 {
            let which = base.overridden.join(", ");
            problems.push(format!("{file} overrides {} keys instead of one: {which}", base.overridden.len()));
        }
        let mut flips = Vec::new();
        for answer in &self.answers {
            match bases.verdict(&base.design, answer) {
                Ok(theirs) => flips.push(flip(&answer.outcome.finding.verdict, theirs)),
                Err(why) => {
                    problems.push(format!("{file} asks its base what it cannot answer: {why}"));
                    return none;
                }
            }
        }
        if flips.iter().all(Option::is_none) {
            problems.push(format!("{file} changes no verdict of {}", base.design.file));
        }
        let repairs = flips.contains(&Some(Flip::Repaired));
        for (answer, flip) in self.answers.iter().zip(&flips) {
            let violated = answer.outcome.finding.verdict == Verdict::Violated;
            if violated && flip.is_none() && !repairs {
                let property = &answer.outcome.property;
                problems.push(format!("{file} violates {property}, but {} does not hold it either", base.design.file));
            }
        }
        flips
    }
}

fn flip(ours: &Verdict, theirs: &Verdict) -> Option<Flip> {
    match (ours, theirs) {
        (Verdict::Violated, theirs) if holds(theirs) => Some(Flip::Weakened),
        (ours, Verdict::Violated) if holds(ours) => Some(Flip::Repaired),
        _ => None,
    }
}

/// Properties of the protocols in use that no file proves, or that no weakening violates.
fn unused(app: &App, designs: &[Resolved], uses: &BTreeMap<Key, Uses>) -> Vec<String> {
    let mut problems = Vec::new();
    for protocol in app.protocols() {
        if !designs.iter().any(|design| design.protocol == protocol.name()) {
            continue;
        }
        for card in protocol.properties() {
            let key = (protocol.name().to_string(), card.id.to_string());
            let Uses { holds, weakened } = uses.get(&key).copied().unwrap_or_default();
            if !holds {
                problems.push(format!("no design of {} holds {}", protocol.name(), card.id));
            }
            if !weakened {
                problems.push(format!("no weakening of a design of {} violates {}", protocol.name(), card.id));
            }
        }
    }
    problems
}

/// Tries the formulas of an expectation at other points of the parameters.
fn recheck(app: &App, answer: &Answer<'_>, options: &Options) -> Vec<String> {
    let Some(expectation) = answer.asked.expectation else { return Vec::new() };
    let design = answer.asked.design;
    let formulas: Vec<_> = [("best", &expectation.because_best), ("worst", &expectation.because)]
        .into_iter()
        .filter_map(|(name, formula)| Some((name, formula.as_ref()?)))
        .collect();
    if formulas.is_empty() {
        return Vec::new();
    }
    let points: Vec<Resolved> = (0..POINTS as u64 * 10)
        .map(|round| varied(design, expectation, round))
        .filter(|point| app.protocol_of(point).and_then(|protocol| protocol.validate(point)).is_ok())
        .filter(|point| {
            // The condition was evaluated when the file was read, and a point has the same paths.
            expectation.given.as_ref().is_none_or(|given| given.is_met(point, &expectation.under).unwrap_or(true))
        })
        .take(POINTS)
        .collect();
    let place = format!("{}: {} under {}", design.file, expectation.property, expectation.under);
    if points.len() < POINTS {
        return vec![format!("{place}: fewer than {POINTS} of 50 points near the design can be built")];
    }
    let at = |point: &Resolved| -> Vec<String> {
        let asked = Asked { design: point, question: answer.asked.question.clone(), expectation: None };
        match super::review::answer(app, vec![asked], options) {
            Ok(answers) => {
                let wrong =
                    |(name, formula): &(&str, &Formula)| differs(point, expectation, name, formula, &answers[0]);
                formulas.iter().filter_map(wrong).map(|wrong| format!("{place}: {wrong}\n{}", point.text())).collect()
            }
            Err(refusal) => vec![format!("{place}: {}", refusal.message())],
        }
    };
    points.par_iter().flat_map(at).collect()
}

/// What a formula gives at a point and what is found there, if they differ.
fn differs(
    point: &Resolved,
    expectation: &Expectation,
    name: &str,
    formula: &Formula,
    answer: &Answer<'_>,
) -> Option<String> {
    let finding = &answer.outcome.finding;
    let found = if name == "best" { finding.best } else { finding.worst };
    let given = formula.evaluate(point, &expectation.under).map_err(|refusal| refusal.message().to_string());
    match (given, found) {
        (Ok(given), Some(Figure::Exact(found))) if given == found => None,
        (Ok(given), found) => {
            let found = found.map_or("none".into(), crate::report::figure);
            Some(format!("the {name} case is {found}, but `{}` gives {given}, in", formula.text()))
        }
        (Err(why), _) => Some(format!("{why}, in")),
    }
}

/// The design with every span that counts changed by up to a fifth; the same for the same round.
fn varied(design: &Resolved, expectation: &Expectation, round: u64) -> Resolved {
    let name = format!("{} {} {} {round}", design.file, expectation.property, expectation.under);
    let mut random = SplitMix(fnv(name.as_bytes()));
    let counts = |path: &str| match &expectation.vary {
        None => true,
        Some(paths) => paths.iter().any(|wanted| path == wanted || path.strip_prefix("design.") == Some(wanted)),
    };
    let mut point = design.clone();
    for (path, window) in design.spans(&expectation.under) {
        if counts(&path) {
            let percent = 80 + (random.next() % 41) as i64;
            let scaled = Window::new(scale(window.lo(), percent), scale(window.hi(), percent));
            point.replace_text(&path, scaled.to_string());
        }
    }
    point
}

/// So much of a span, in whole milliseconds where it was.
fn scale(span: Duration, percent: i64) -> Duration {
    if span.is_never() {
        return span;
    }
    let grain = if span.micros() % 1_000 == 0 { 1_000 } else { 1 };
    Duration::from_micros(span.micros() / grain * percent / 100 * grain)
}

/// A small generator whose numbers are the same everywhere.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
