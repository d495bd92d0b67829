//! A run that was found where timers drift apart, tried again where the clock of each node keeps one rate.
//!
//! The checker gives each timer a rate of its own, though a node has one clock. Here the steps of one run are given
//! moments once more, for every choice of the slowest, the true and the fastest rate for each node; what is possible is
//! run again by the event loop, whose clocks keep these rates.

use crate::{
    process::{Data, NodeId, Process},
    simulate,
    spec::{Property, Setup},
    time::{Drift, Duration},
    timed::{self, Aim},
    trace::{Claim, Step, Trace},
    verdict::OneRate,
    world::{Focus, Reductions, World, space::Line},
};

/// Clocks beyond these are true.
const MOST_CLOCKS: u32 = 5;

/// Slowest, true, fastest.
const RATES: usize = 3;

/// How far a run comes with one rate per node. `None` if no clock drifts, or if the run only is an example.
///
/// # Panics
/// If the event loop refuses what the difference system allows: a defect of an engine.
pub(super) fn try_out<P: Process, M: Data>(
    setup: &Setup<P>,
    property: &Property<P, M>,
    trace: &Trace,
) -> Option<OneRate> {
    let drifting: Vec<NodeId> = setup.ids().filter(|node| setup.node(*node).clock.drift != Drift::NONE).collect();
    if drifting.is_empty() || matches!(trace.claim, Claim::Witness | Claim::Run | Claim::TimeStuck) {
        return None;
    }
    let told = Trace {
        steps: trace.steps.iter().map(|step| Step { did: Vec::new(), ..step.clone() }).collect(),
        ..trace.clone()
    };
    let lines: Vec<Line> = (0..RATES).map(|rate| line(&keeping(setup, |_| rate), property, &told)).collect();
    let choices = RATES.pow(MOST_CLOCKS.min(drifting.len() as u32));
    let rate_in = |choice: usize, node: NodeId| {
        let clock = drifting.iter().position(|other| *other == node);
        let clock = clock.filter(|clock| *clock < MOST_CLOCKS as usize);
        clock.map_or(1, |clock| choice / RATES.pow(clock as u32) % RATES)
    };
    let best = (0..choices)
        .filter_map(|choice| Some((most(&mut Line::mixed(&lines, |node| rate_in(choice, node)))?, choice)))
        // Of those that come as far, the first.
        .max_by_key(|&(micros, choice)| (micros, choices - choice));
    let Some((micros, choice)) = best else { return Some(OneRate::Impossible) };
    let mut line = Line::mixed(&lines, |node| rate_in(choice, node));
    let (aim, claim) = match trace.claim {
        Claim::Elapsed { .. } => (Aim::AtLeast(micros), Claim::Elapsed { micros }),
        Claim::Cycle { from, turns } => {
            let length = (trace.steps.len() - from) / turns;
            (Aim::Turns { from, length, least: 1, greatest: i64::MAX }, trace.claim.clone())
        }
        _ => (Aim::Any, trace.claim.clone()),
    };
    let steps = line.steps();
    let Some(moments) = timed::moments(&mut line, &steps, aim).expect("a run meets no cap") else {
        return Some(OneRate::Impossible);
    };
    let timed = told.steps.into_iter().zip(moments.times).map(|(step, at)| Step { at, ..step });
    let shown = Trace { steps: timed.collect(), claim, ..trace.clone() };
    if let Err(why) = simulate::replay(&keeping(setup, |node| rate_in(choice, node)), property, &shown) {
        panic!("{}: the event loop refuses a run with one rate per node: {why}\n{shown:#?}", property.id);
    }
    Some(match trace.claim {
        Claim::Elapsed { micros: wanted } if micros < wanted => OneRate::AtMost(Duration::from_micros(micros)),
        _ => OneRate::Alike,
    })
}

/// The set-up with clocks that keep a rate.
fn keeping<P: Process>(setup: &Setup<P>, rate: impl Fn(NodeId) -> usize) -> Setup<P> {
    let mut kept = setup.clone();
    for node in setup.ids() {
        let clock = &mut kept.nodes[node.index()].clock;
        clock.drift = clock.drift.kept()[rate(node)];
    }
    kept
}

fn line<P: Process, M: Data>(setup: &Setup<P>, property: &Property<P, M>, told: &Trace) -> Line {
    let mut world = World::new(setup.clone(), property.clone(), Focus::Check, Reductions::NONE);
    world.line(told).expect("windows do not change which steps a run has")
}

fn most(line: &mut Line) -> Option<i64> {
    let steps = line.steps();
    timed::most(line, &steps).expect("a run meets no cap")
}
