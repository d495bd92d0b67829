//! Trace events: a track for each node, slices for leases, beliefs and timers, flows for messages.

use serde_json::{Value, json};

use super::about;
use crate::{
    process::NodeId,
    report::{
        scene::{Life, Scene, TimerEnd, kind, place},
        timeline::words,
    },
    simulate::Hold,
    trace::Trace,
};

/// All nodes are threads of one process.
const PROCESS: u32 = 1;

pub(super) fn chrome(trace: &Trace, holds: &[Hold]) -> Value {
    let scene = Scene::of(trace);
    let mut events = names(trace);
    events.extend(scene.spells.iter().filter(|spell| spell.life != Life::Down).map(|spell| {
        let name = if spell.life == Life::Up { "up" } else { "paused" };
        slice(name, "process", spell.node, (spell.from, spell.to))
    }));
    for hold in holds {
        events.extend(span("lease", hold.property, hold.property, hold.node.index(), (hold.from, hold.to)));
    }
    for timer in scene.timers.iter().filter(|timer| timer.end != TimerEnd::Dropped) {
        events.extend(span("timer", kind(&timer.name), &timer.name, timer.node, (timer.from, timer.to)));
    }
    for (number, message) in scene.messages.iter().enumerate() {
        let Some(came) = message.came else { continue };
        let name = kind(&message.text);
        let end = |phase: &str, node: usize, step: usize| {
            json!({
                "ph": phase, "cat": "message", "name": name, "id": number, "bp": "e",
                "pid": PROCESS, "tid": node, "ts": trace.steps[step].at, "args": { "message": message.text },
            })
        };
        events.push(end("s", message.from, message.sent));
        events.push(end("f", message.to, came));
    }
    for step in &trace.steps {
        let Some(node) = place(&step.what).map(NodeId::index) else { continue };
        events.push(json!({
            "ph": "i", "s": "t", "cat": "step", "name": words(trace, step), "pid": PROCESS, "tid": node, "ts": step.at,
        }));
    }
    json!({ "traceEvents": events, "displayTimeUnit": "ms", "otherData": about(trace) })
}

fn names(trace: &Trace) -> Vec<Value> {
    let mut events = vec![json!({
        "ph": "M", "name": "process_name", "pid": PROCESS, "tid": 0, "args": { "name": trace.subject.file },
    })];
    for (node, name) in trace.nodes.iter().enumerate() {
        events.push(json!({
            "ph": "M", "name": "thread_name", "pid": PROCESS, "tid": node, "args": { "name": name },
        }));
    }
    events
}

/// What may overlap others of its track: slices proper have to nest.
fn span(category: &str, name: &str, full: &str, node: usize, (from, to): (i64, i64)) -> [Value; 2] {
    let id = format!("{node} {full} {from}");
    [("b", from), ("e", to)].map(|(phase, at)| {
        json!({
            "ph": phase, "cat": category, "name": name, "id": id, "pid": PROCESS, "tid": node, "ts": at,
            "args": { "full": full },
        })
    })
}

fn slice(name: &str, category: &str, node: usize, (from, to): (i64, i64)) -> Value {
    json!({
        "ph": "X", "cat": category, "name": name, "pid": PROCESS, "tid": node, "ts": from, "dur": to - from,
    })
}
