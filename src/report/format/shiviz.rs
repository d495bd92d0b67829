//! A log with vector clocks, from which ShiViz draws what happened before what.

use std::collections::BTreeMap;

use serde_json::json;

use crate::{
    process::NodeId,
    report::{scene::Scene, seconds, timeline::words},
    trace::Trace,
};

/// How ShiViz finds the host, the clock and the event in each entry.
pub(super) const EXPRESSION: &str = r"(?<host>\S+) (?<clock>\{.*\})\n(?<event>.*)";

/// Whoever does what no node does.
const ENVIRONMENT: &str = "environment";

type Clock = BTreeMap<String, u32>;

pub(super) fn shiviz(trace: &Trace) -> String {
    let scene = Scene::of(trace);
    let mut clocks: BTreeMap<&str, Clock> = BTreeMap::new();
    let mut at_step: Vec<Clock> = Vec::new();
    let mut text = format!("{EXPRESSION}\n\n");
    for (index, step) in trace.steps.iter().enumerate() {
        let here = crate::report::scene::place(&step.what).map(NodeId::index);
        let host = here.map_or(ENVIRONMENT, |node| trace.nodes[node].as_str());
        let known = scene.delivered(index).filter(|message| message.taken).map(|message| at_step[message.sent].clone());
        let clock = clocks.entry(host).or_default();
        for (other, count) in known.into_iter().flatten() {
            let own = clock.entry(other).or_default();
            *own = (*own).max(count);
        }
        *clock.entry(host.to_string()).or_default() += 1;
        let event = format!("{} {}", seconds(step.at), words(trace, step)).replace('\n', " ");
        text.push_str(&format!("{host} {}\n{event}\n", json!(clock)));
        at_step.push(clock.clone());
    }
    text
}
