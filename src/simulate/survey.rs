//! Many seeds of one set-up, run side by side and summed up in their order.

use std::{
    ops::Range,
    sync::atomic::{AtomicBool, Ordering},
};

use rayon::prelude::*;

use super::{
    digest::Digest,
    distribution::Distribution,
    judge::{Ended, Seen, Signalled},
    run::{End, Options, Run, measured},
};
use crate::{
    process::{Data, Process},
    spec::{Form, Gauge, Measured, Property, Setup},
    time::Duration,
};

/// What the runs of some seeds showed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Survey {
    /// How many runs there were: fewer than asked for if it was stopped.
    pub runs: u64,
    pub steps: u64,
    /// Microseconds of all runs together.
    pub simulated: u128,
    /// One for each property.
    pub findings: Vec<Findings>,
    /// What the gauges read.
    pub measured: Measurements,
    /// In how many runs each fault class was used.
    pub used: Vec<u64>,
    /// How many faults of the plan found nobody whom they could hit.
    pub missed: u64,
    /// The first seed whose run broke the contract of processes, or did not get on in time.
    pub broken: Option<(u64, End)>,
    /// Of the digests of all runs, in the order of the seeds.
    pub digest: u64,
}

/// What the gauges of all runs read, together.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Measurements {
    pub spans: Vec<(&'static str, Distribution)>,
    /// By topic.
    pub counts: Vec<(&'static str, Vec<(&'static str, u64)>)>,
}

/// What the runs showed of one property.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Findings {
    /// The first seed with a violation.
    pub first: Option<(u64, Failure)>,
    pub violations: u64,
    /// From triggers to responses, or overlaps; the longest may be a wait without a response that was too long.
    pub spans: Distribution,
    /// Stopwatches that still ran at the end of a run, in no violation.
    pub open: u64,
    pub counts: Counts,
    /// In how many runs each fault class was used while it could matter.
    pub mattered: Vec<u64>,
}

/// In how many runs each was signalled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    pub witness: u64,
    pub reached: u64,
    pub trigger: u64,
    pub response: u64,
    pub discharge: u64,
    pub held: u64,
}

/// How a run violates a property.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// At this step.
    At(usize),
    /// The stopwatch that step `from` started reads `micros` at step `to`.
    Longer { from: usize, to: usize, micros: i64 },
    /// The stopwatch that step `from` started runs, and nothing is left that could stop it.
    Never { from: usize },
}

/// Runs every seed. `bounds` are those of the properties, in microseconds, where they have one.
///
/// The result depends on nothing but the arguments, unless `stop` is set meanwhile: then the seeds from some point on
/// are missing. `done` is told how many runs are.
#[must_use]
pub fn survey<P: Process, M: Data>(
    setup: &Setup<P>,
    properties: &[Property<P, M>],
    bounds: &[Option<i64>],
    seeds: Range<u64>,
    options: &Options,
    stop: &AtomicBool,
    done: impl Fn(u64) + Sync,
) -> Survey {
    survey_with(&|| None, setup, properties, bounds, seeds, options, stop, done)
}

/// The same with a gauge for each run.
#[must_use]
#[expect(clippy::too_many_arguments, reason = "those of a survey and one more")]
pub fn survey_with<P: Process, M: Data>(
    gauge: &(dyn Fn() -> Option<Box<dyn Gauge<P>>> + Sync),
    setup: &Setup<P>,
    properties: &[Property<P, M>],
    bounds: &[Option<i64>],
    seeds: Range<u64>,
    options: &Options,
    stop: &AtomicBool,
    done: impl Fn(u64) + Sync,
) -> Survey {
    let mut survey = Survey::new(setup, properties.len());
    let mut digest = Digest::new();
    let mut next = seeds.start;
    while next < seeds.end && !stop.load(Ordering::Relaxed) {
        let until = next.saturating_add(CHUNK).min(seeds.end);
        let runs: Vec<Run> = (next..until)
            .into_par_iter()
            .map(|seed| {
                let run = measured(setup, properties, seed, options, gauge());
                done(1);
                run
            })
            .collect();
        for run in runs {
            std::hash::Hasher::write_u64(&mut digest, run.digest);
            survey.add(properties, bounds, &run);
        }
        next = until;
    }
    survey.digest = std::hash::Hasher::finish(&digest);
    survey
}

/// So many runs are kept at a time.
const CHUNK: u64 = 256;

impl Survey {
    fn new<P: Process>(setup: &Setup<P>, properties: usize) -> Survey {
        let none = vec![0; setup.faults.len()];
        let findings = Findings { mattered: none.clone(), ..Findings::default() };
        Survey {
            runs: 0,
            steps: 0,
            simulated: 0,
            findings: vec![findings; properties],
            measured: Measurements::default(),
            used: none,
            missed: 0,
            broken: None,
            digest: 0,
        }
    }

    fn add<P: Process, M: Data>(&mut self, properties: &[Property<P, M>], bounds: &[Option<i64>], run: &Run) {
        self.runs += 1;
        self.steps += run.taken as u64;
        self.missed += run.missed as u64;
        self.simulated += run.until.unsigned_abs() as u128;
        self.measured.add(&run.measured, run.seed);
        run.used.iter().for_each(|fault| self.used[*fault] += 1);
        if run.is_broken() {
            self.broken.get_or_insert((run.seed, run.end));
        }
        for (((findings, property), bound), seen) in self.findings.iter_mut().zip(properties).zip(bounds).zip(&run.seen)
        {
            findings.add(property.form, *bound, seen, run);
        }
    }
}

impl Measurements {
    fn add(&mut self, measured: &Measured, seed: u64) {
        for (name, spans) in &measured.spans {
            let all = entry(&mut self.spans, name);
            spans.iter().for_each(|span| all.add(*span, seed));
        }
        for (topic, counts) in &measured.counts {
            let all = entry(&mut self.counts, topic);
            counts.iter().for_each(|(name, count)| *entry(all, name) += count);
        }
    }
}

/// What is kept under a name, in the order of the names' first mention.
fn entry<'a, V: Default>(all: &'a mut Vec<(&'static str, V)>, name: &'static str) -> &'a mut V {
    let index = all.iter().position(|(other, _)| *other == name).unwrap_or_else(|| {
        all.push((name, V::default()));
        all.len() - 1
    });
    &mut all[index].1
}

impl Findings {
    fn add(&mut self, form: Form, bound: Option<i64>, seen: &Seen, run: &Run) {
        self.counts.add(seen.signalled);
        seen.mattered.iter().for_each(|fault| self.mattered[*fault] += 1);
        if let Some(failure) = failure(form, bound, seen, run) {
            self.violations += 1;
            self.first.get_or_insert((run.seed, failure));
        }
        for overlap in &seen.overlaps {
            self.spans.add(overlap.micros, run.seed);
        }
        for reading in seen.readings.iter().filter(|_| matches!(form, Form::Within(_))) {
            let too_long = bound.is_some_and(|bound| reading.micros > bound);
            match reading.ended {
                Ended::Answered(_) => self.spans.add(reading.micros, run.seed),
                // How long it takes at least: that is no measurement, but may be too long already.
                Ended::Discharged(_) | Ended::Running if too_long => self.spans.add_at_least(reading.micros, run.seed),
                Ended::Discharged(_) => {}
                Ended::Running => self.open += 1,
            }
        }
    }
}

/// How a run violates a property, if it does.
#[must_use]
pub fn failure(form: Form, bound: Option<i64>, seen: &Seen, run: &Run) -> Option<Failure> {
    if let Some(step) = seen.violated {
        return Some(Failure::At(step));
    }
    let last = run.taken.saturating_sub(1);
    match form {
        Form::Never | Form::Reachable => None,
        Form::Apart => {
            let longest = seen.overlaps.iter().max_by_key(|overlap| (overlap.micros, std::cmp::Reverse(overlap.from)));
            let overlap = longest.filter(|overlap| overlap.micros > 0)?;
            Some(Failure::Longer { from: overlap.from, to: overlap.to.unwrap_or(last), micros: overlap.micros })
        }
        Form::Within(_) => {
            let longest = seen.readings.iter().max_by_key(|one| (one.micros, std::cmp::Reverse(one.trigger)));
            if let Some(reading) = longest.filter(|reading| bound.is_some_and(|bound| reading.micros > bound)) {
                let to = reading.end().unwrap_or(last);
                return Some(Failure::Longer { from: reading.trigger, to, micros: reading.micros });
            }
            let open = seen.readings.iter().find(|reading| reading.ended == Ended::Running);
            open.filter(|_| run.end == End::Quiet).map(|reading| Failure::Never { from: reading.trigger })
        }
    }
}

impl Counts {
    fn add(&mut self, signalled: Signalled) {
        self.witness += u64::from(signalled.witness);
        self.reached += u64::from(signalled.reached);
        self.trigger += u64::from(signalled.trigger);
        self.response += u64::from(signalled.response);
        self.discharge += u64::from(signalled.discharge);
        self.held += u64::from(signalled.held);
    }
}

impl Options {
    /// Runs of this length, with faults spread over them.
    #[must_use]
    pub fn lasting(horizon: Duration) -> Options {
        Options {
            horizon,
            most_steps: usize::MAX,
            draw: super::Draw::default(),
            strikes: super::Strikes::default(),
            plan: Vec::new(),
            record: false,
        }
    }
}
