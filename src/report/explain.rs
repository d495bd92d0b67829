//! What a run shows, in plain sentences, for people who do not read state machines.

use std::collections::BTreeMap;

use super::{
    scene::{Scene, TimerEnd, kind},
    seconds,
    timeline::words,
};
use crate::{
    simulate::Hold,
    spec::Form,
    trace::{Claim, Trace},
};

/// A timer is named if it ran for at least one part in so many of what was measured.
const TELLING: i64 = 20;

/// The sentences, in the order of what happened.
pub(crate) fn explain(trace: &Trace, form: Form, holds: &[Hold]) -> Vec<String> {
    let scene = Scene::of(trace);
    let mut sentences = Vec::new();
    match form {
        Form::Apart | Form::Never => sentences.extend(overlap(trace, holds, &scene)),
        Form::Within(_) | Form::Reachable => {}
    }
    if let Some((from, to)) = measured(trace) {
        let trigger = trace.steps.iter().find(|step| step.choices.measured);
        if let Some(step) = trigger {
            sentences.push(format!("At {} the clock starts: {}.", seconds(step.at), short(&words(trace, step))));
        }
        sentences.extend(waits(trace, &scene, from, to));
    }
    sentences.extend(ending(trace));
    sentences
}

/// Who holds what when the run ends, or held it last.
fn overlap(trace: &Trace, holds: &[Hold], scene: &Scene) -> Vec<String> {
    let of_property: Vec<_> = holds.iter().filter(|hold| hold.property == trace.subject.property).collect();
    let last = of_property.iter().filter(|hold| hold.to == scene.end || overlaps(hold, &of_property));
    let mut last: Vec<_> = last.collect();
    last.sort_by_key(|hold| (hold.from, hold.node));
    let name = |hold: &Hold| trace.nodes[hold.node.index()].as_str();
    let told = last.iter().map(|hold| {
        let until =
            if hold.to == scene.end { "and still at the end".into() } else { format!("until {}", seconds(hold.to)) };
        format!("{} holds its interval from {} on, {until}.", name(hold), seconds(hold.from))
    });
    let mut sentences: Vec<String> = told.collect();
    for (index, one) in last.iter().enumerate() {
        for other in &last[index + 1..] {
            let both = one.to.min(other.to) - one.from.max(other.from);
            if one.node != other.node && both > 0 {
                sentences.push(format!("For {} both {} and {} do.", seconds(both), name(one), name(other)));
            }
        }
    }
    sentences
}

fn overlaps(hold: &Hold, all: &[&Hold]) -> bool {
    all.iter().any(|other| other.node != hold.node && hold.from < other.to && other.from < hold.to)
}

/// The interval that the run's stopwatch measures.
fn measured(trace: &Trace) -> Option<(i64, i64)> {
    let from = trace.steps.iter().find(|step| step.choices.measured)?.at;
    Some((from, trace.steps.last()?.at))
}

/// Which timers filled the time: those that ran to their end in it.
fn waits(trace: &Trace, scene: &Scene, from: i64, to: i64) -> Vec<String> {
    let mut waits: BTreeMap<(i64, usize, &str), (u32, i64)> = BTreeMap::new();
    for timer in &scene.timers {
        let share = timer.within(from, to);
        if timer.end == TimerEnd::Fired && share > 0 && share * TELLING >= to - from {
            let (times, most) = waits.entry((timer.from.max(from), timer.node, kind(&timer.name))).or_default();
            *times += 1;
            *most = (*most).max(timer.to - timer.from);
        }
    }
    // The same wait again and again is one sentence.
    let mut told: Vec<(usize, &str, i64, u32, i64)> = Vec::new();
    for ((begin, node, name), (times, span)) in waits {
        match told.iter_mut().find(|(other, called, length, ..)| (*other, *called, *length) == (node, name, span)) {
            Some((.., count, _)) => *count += times,
            None => told.push((node, name, span, times, begin)),
        }
    }
    told.sort_by_key(|(node, .., begin)| (*begin, *node));
    let sentence = |(node, name, span, times, begin): &(usize, &str, i64, u32, i64)| {
        let times = if *times == 1 { String::new() } else { format!(", {times} times") };
        format!("From {} on {} waits for {name}: {}{times}.", seconds(*begin), trace.nodes[*node], seconds(*span))
    };
    told.iter().map(sentence).collect()
}

fn ending(trace: &Trace) -> Option<String> {
    let last = trace.steps.last()?;
    let what = short(&words(trace, last));
    Some(match trace.claim {
        Claim::Elapsed { micros } | Claim::AtLeast { micros } => {
            format!("At {} {} have gone by: {what}.", seconds(last.at), seconds(micros))
        }
        Claim::Never => format!("After {} nothing that must happen is left, and the clock runs on.", seconds(last.at)),
        Claim::Cycle { from, turns } => {
            let begin = trace.steps.get(from).map_or(0, |step| step.at);
            format!("From {} on the same steps repeat, as often as one likes; {turns} turns are shown.", seconds(begin))
        }
        Claim::ProtocolError => format!("At {} a process breaks its contract: {what}.", seconds(last.at)),
        Claim::TimeStuck => format!("After {} no time can pass.", seconds(last.at)),
        Claim::Violation | Claim::Witness | Claim::Run => format!("At {}: {what}.", seconds(last.at)),
    })
}

fn short(text: &str) -> String {
    super::timeline::fit(text.into(), 120)
}
