//! Simulations: many seeds of one design under one ledger, and the story of the first that violates a property.

use std::ops::Range;

use super::{
    Meter, Question,
    last_safe::last_safe,
    necessity::{Answer, necessity},
};
use crate::{
    process::{Data, Process},
    simulate::{self, Findings, Survey},
    spec::{Class, Form, Gauge, Property, Setup},
    time::Duration,
    timed::Limits,
    trace::{Subject, Trace},
    world::{Focus, Reductions, World},
};

/// Which runs are drawn.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seeds: Range<u64>,
    pub options: simulate::Options,
    /// How many steps of other runs may be taken to make a failing run small; none to leave it as it is.
    pub effort: u64,
    /// Look for the faults that a violation needs, in so many of the seeds.
    pub why: u64,
    pub meter: std::sync::Arc<Meter>,
}

/// What the runs of one design under one ledger showed.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// What the ledger allows, in words.
    pub ledger_lines: Vec<String>,
    /// The names of the fault classes.
    pub faults: Vec<String>,
    pub survey: Survey,
    /// One for each question.
    pub shown: Vec<Shown>,
}

/// What the runs showed of one question.
#[derive(Clone, Debug)]
pub struct Shown {
    pub question: Question,
    pub sentence: &'static str,
    pub requirements: &'static [&'static str],
    pub form: Form,
    pub findings: Findings,
    /// The first violation, made small and replayed.
    pub trace: Option<Trace>,
    /// The same as the seed gave it, if it was made small.
    pub original: Option<Trace>,
    /// What was done to make it small.
    pub notes: Vec<String>,
    pub warnings: Vec<String>,
}

/// Questions about one set-up.
pub(super) struct Case<'a, P: Process, M: Data> {
    pub(super) setup: &'a Setup<P>,
    pub(super) properties: &'a [Property<P, M>],
    /// One for each property.
    pub(super) asked: &'a [Question],
    pub(super) subject: Subject,
    pub(super) plan: &'a Plan,
    /// The ledger's.
    pub(super) classes: &'a [Class],
    /// Measures a run.
    pub(super) gauge: &'a (dyn Fn() -> Option<Box<dyn Gauge<P>>> + Sync),
    /// Makes the set-up with other classes.
    pub(super) build: &'a dyn Fn(&[Class]) -> Option<Setup<P>>,
}

/// Bytes of zones for the proof of a last safe moment.
const MEMORY: usize = 256 << 20;

/// Up to so many nodes, a run that is shown is followed in the checkers' world too.
const FOLLOWED: usize = 6;

pub(super) fn simulate<P: Process, M: Data>(case: &Case<'_, P, M>) -> Simulated {
    let Case { setup, properties, asked, plan, .. } = case;
    let bounds: Vec<Option<i64>> = asked.iter().map(|question| question.within.map(Duration::micros)).collect();
    let meter = &plan.meter;
    let (seeds, cancel) = (plan.seeds.clone(), meter.cancel());
    let done = |runs| meter.count_runs(runs);
    let survey = simulate::survey_with(case.gauge, setup, properties, &bounds, seeds, &plan.options, &cancel, done);
    let shown = asked.iter().zip(*properties).zip(&survey.findings);
    let shown = shown.map(|((question, property), findings)| show(case, question, property, findings)).collect();
    let faults = setup.faults.iter().map(|fault| fault.name.clone()).collect();
    Simulated { ledger_lines: Vec::new(), faults, survey, shown }
}

fn show<P: Process, M: Data>(
    case: &Case<'_, P, M>,
    question: &Question,
    property: &Property<P, M>,
    findings: &Findings,
) -> Shown {
    let (mut warnings, mut notes) = (Vec::new(), Vec::new());
    let original = findings.first.map(|first| {
        let subject = Subject { property: property.id.into(), ..case.subject.clone() };
        let trace = simulate::story(case.setup, property, subject, first, &case.plan.options)
            .unwrap_or_else(|why| panic!("{}: the replay refuses the run of seed {}: {why}", property.id, first.0));
        warnings.extend(follow(case.setup, property, &trace).err());
        trace
    });
    let small = original.as_ref().filter(|_| case.plan.effort > 0).map(|original| {
        let trace = smaller(case, question, property, original, findings, &mut notes);
        warnings.extend(follow(case.setup, property, &trace).err());
        trace
    });
    if findings.first.is_some() && case.plan.why > 0 {
        let shown = small.as_ref().or(original.as_ref()).filter(|_| case.setup.nodes.len() <= FOLLOWED);
        let limits = Limits { memory: MEMORY, cancel: case.plan.meter.cancel(), ..Limits::default() };
        let moment = |trace| last_safe(case.setup, property, question.within, trace, &limits);
        notes.extend(shown.and_then(moment));
        notes.extend(needs(case, question, property));
    }
    let (trace, original) = if small.is_some() { (small, original) } else { (original, None) };
    Shown {
        question: question.clone(),
        sentence: property.sentence,
        requirements: property.requirements,
        form: property.form,
        findings: findings.clone(),
        trace,
        original,
        notes,
        warnings,
    }
}

/// The first violation with nothing in it that it could do without.
fn smaller<P: Process, M: Data>(
    case: &Case<'_, P, M>,
    question: &Question,
    property: &Property<P, M>,
    original: &Trace,
    findings: &Findings,
    notes: &mut Vec<String>,
) -> Trace {
    let Plan { options, effort, .. } = case.plan;
    let (seed, _) = findings.first.expect("there is a violation");
    let bound = question.within.map(Duration::micros);
    let shrunk = simulate::shrink(case.setup, property, bound, seed, options, *effort)
        .unwrap_or_else(|| panic!("{}: the decisions of seed {seed} do not repeat its run", property.id));
    let (before, size) = (shrunk.before, shrunk.size);
    let how = if shrunk.minimal { "nothing in it can go" } else { "perhaps not the least" };
    notes.push(format!(
        "shrunk from {} faults, {} nodes and {} steps to {}, {} and {}: {how}",
        before.faults, before.nodes, before.steps, size.faults, size.nodes, size.steps
    ));
    simulate::told(case.setup, property, original.subject.clone(), shrunk.steps, shrunk.failure)
        .unwrap_or_else(|why| panic!("{}: the replay refuses the shrunk run of seed {seed}: {why}", property.id))
}

/// What a violation needs, as far as the seeds tell.
fn needs<P: Process, M: Data>(case: &Case<'_, P, M>, question: &Question, property: &Property<P, M>) -> Vec<String> {
    let Plan { seeds, options, meter, why, .. } = case.plan;
    let seeds = seeds.start..seeds.end.min(seeds.start.saturating_add(*why));
    let bound = [question.within.map(Duration::micros)];
    let safe = format!("not in the {} seeds tried", seeds.end - seeds.start);
    necessity(case.classes, &safe, |classes| {
        let Some(setup) = (case.build)(classes) else { return Answer::Unknown };
        let properties = std::slice::from_ref(property);
        let survey = simulate::survey(&setup, properties, &bound, seeds.clone(), options, &meter.cancel(), |_| {});
        if survey.findings[0].violations > 0 { Answer::Fails } else { Answer::Safe }
    })
}

/// A run of few nodes is a path of the checkers' world, or it is said why not.
fn follow<P: Process, M: Data>(setup: &Setup<P>, property: &Property<P, M>, trace: &Trace) -> Result<(), String> {
    if setup.nodes.len() > FOLLOWED {
        return Ok(());
    }
    let mut world = World::new(setup.clone(), property.clone(), Focus::Check, Reductions::PLAIN);
    world.follow(trace).map_err(|mismatch| format!("the checker does not follow this run: {mismatch}"))
}
