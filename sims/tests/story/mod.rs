//! What the processes of a lock tell in a run.

use tenure::{
    design::Resolved,
    process::NodeId,
    simulate::{Options, replay},
    spec::Protocol,
    time::Duration,
    trace::{Step, Subject},
};
use tenure_sims::scenario::{self, Simulator};

/// What was emitted, when and by whom.
pub type Story = Vec<(i64, NodeId, String)>;

/// A run of a seed for so long under a ledger of a lock's design.
pub fn story(design: &Resolved, ledger: &str, lasting: Duration, simulator: Simulator, seed: u64) -> Story {
    let protocol = tenure::lock::protocol();
    let setup = scenario::setup(&protocol, design, ledger);
    let options = Options { record: true, ..Options::lasting(lasting) };
    let options = scenario::scheduled(&protocol, design, ledger, &options);
    let property = protocol.properties().remove(0);
    let run = simulator.run(&setup, std::slice::from_ref(&property), seed, &options);
    let empty = String::new;
    let subject = Subject {
        design: empty(),
        hash: empty(),
        file: empty(),
        protocol: empty(),
        property: property.id.into(),
        ledger: empty(),
    };
    let steps = replay(&setup, &property, &run.trace(&setup, subject)).expect("it is a run of the event loop").steps;
    steps.iter().flat_map(emitted).collect()
}

fn emitted(step: &Step) -> Story {
    let node = actor(step);
    let events = step.did.iter().filter_map(|did| did.strip_prefix("emit "));
    events.map(|event| (step.at, node.expect("only a process emits"), event.to_owned())).collect()
}

fn actor(step: &Step) -> Option<NodeId> {
    use tenure::trace::{Occurrence, Target};
    match &step.what {
        Occurrence::Start { node }
        | Occurrence::Fire { node, .. }
        | Occurrence::Close { node, .. }
        | Occurrence::Resume { node }
        | Occurrence::Deliver { to: node, .. }
        | Occurrence::Fault { target: Target::Node(node), .. } => Some(*node),
        Occurrence::Heal { .. } | Occurrence::Refill { .. } | Occurrence::Fault { .. } => None,
    }
}

/// When and by whom this was said.
pub fn at(story: &Story, of: &str) -> Vec<(i64, NodeId)> {
    story.iter().filter(|(.., event)| event == of).map(|(at, node, _)| (*at, *node)).collect()
}
