//! Informal Trace Format: a state for each step, with the variables that a reader of TLA+ expects.

use serde_json::{Value, json};

use super::about;
use crate::{
    process::NodeId,
    report::scene::{Life, place, turn},
    trace::{Claim, Trace},
};

pub(super) fn itf(trace: &Trace) -> Value {
    let mut lives = vec![Life::Down; trace.nodes.len()];
    let mut states = Vec::new();
    for (index, step) in trace.steps.iter().enumerate() {
        let here = place(&step.what).map(NodeId::index);
        for word in &step.did {
            if let Some((node, life)) = turn(trace, here, word) {
                lives[node] = life;
            }
        }
        let life = |(name, life): (&String, &Life)| {
            let life = match life {
                Life::Down => "down",
                Life::Up => "up",
                Life::Paused => "paused",
            };
            json!([name, life])
        };
        states.push(json!({
            "#meta": { "index": index },
            "at": { "#bigint": step.at.to_string() },
            "node": here.map_or("", |node| trace.nodes[node].as_str()),
            "lives": { "#map": trace.nodes.iter().zip(&lives).map(life).collect::<Vec<_>>() },
            "did": step.did,
        }));
    }
    let mut value = json!({
        "#meta": about(trace),
        "vars": ["at", "node", "lives", "did"],
        "states": states,
    });
    if let Claim::Cycle { from, .. } = trace.claim {
        value["loop"] = json!(from);
    }
    value
}
