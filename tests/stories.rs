//! How two machines come to work at once with the Consul lock of April 2015: the shortest run by each of three faults.
//!
//! What the checker finds is run again by the event loop, and what a reader must see in it is named.

use std::collections::BTreeSet;

use tenure::{
    design::{Resolved, Shelf},
    lock::{Memory, Site},
    process::{Names, NodeId},
    simulate,
    spec::{Form, Happening, Property, Protocol, Setup, Signals},
    timed::{self, Limits, Reach, Switches},
    trace::{Claim, FORMAT, Step, Subject, Trace},
    world::{Focus, Reductions, World, space::Marks},
};

#[test]
fn a_machine_that_stands_still_within_a_step_begins_when_its_session_is_gone() {
    let story = shortest("pause");
    // It was told that it has the key, and stands still before it acts on that.
    let paused = story.iter().position(|step| step.choices.cut.is_some()).expect("a step is cut");
    assert!(sees(&story[paused..=paused], &["deliver Consul(Answer", "pause A"]));
    let begun = "emit Work(Began)";
    assert!(sees(&story[paused..], &["emit Store(Expired { owner: n1 })", "resume", begun, begun]));
    assert!(!sees(&story, &["emit Contender(Doubted)"]));
}

#[test]
fn a_machine_that_doubts_gives_its_session_up_before_its_work_has_stopped() {
    let story = shortest("slow-stop");
    assert!(sees(
        &story,
        &["emit Work(Began)", "closed S", "emit Contender(Doubted)", "DestroySession", "emit Work(Began)"]
    ));
    assert!(!sees(&story, &["emit Work(Ended)"]) && !sees(&story, &["emit Store(Expired"]));
}

#[test]
fn a_renewal_that_hangs_behind_a_cut_outlives_its_session() {
    let story = shortest("hung-renew");
    assert!(sees(&story, &["emit Work(Began)", "cut", "emit Store(Expired { owner: n1 })", "emit Work(Began)"]));
    assert!(sees(&story, &["emit Work(Began)", "Renew { session", "emit Store(Expired"]));
    assert!(!sees(&story, &["emit Contender(Doubted)"]), "nobody told it");
}

/// The steps of a run with the fewest in which a second machine begins to work, after the event loop has run them too.
fn shortest(ledger: &str) -> Vec<Step> {
    let setup = april(ledger);
    let property = second_begins();
    let mut world = World::new(setup.clone(), property.clone(), Focus::Check, Reductions::ALL);
    let (reach, _) = timed::reach(&mut world, Marks::VIOLATED, &Limits::default(), &Switches::default());
    let Reach::Reached(path) = reach else { panic!("under {ledger}: {reach:?}") };
    let steps = world.tell(&path).expect("the path is one of its world");
    let nodes = setup.nodes.iter().map(|node| node.name.clone()).collect();
    let subject = Subject {
        design: String::new(),
        hash: String::new(),
        file: FILE.into(),
        protocol: "lock".into(),
        property: property.id.into(),
        ledger: ledger.into(),
    };
    let trace = Trace { tenure_trace: FORMAT, tool: "test".into(), subject, claim: Claim::Violation, nodes, steps };
    let replayed = simulate::replay(&setup, &property, &trace).expect("the event loop runs it too");
    assert_eq!(replayed.seen.violated, Some(replayed.steps.len() - 1), "its last step is the first violation");
    replayed.steps
}

fn april(ledger: &str) -> Setup<Site> {
    let protocol = tenure::lock::protocol();
    let design = Resolved::load(Shelf::Disk, FILE).expect("the design can be read");
    let builder = design.builder(ledger, &protocol.ledger_keys()).expect("the ledger can be read");
    protocol.build(&design.design().expect("it is a lock's"), builder).expect("it can be built")
}

const FILE: &str = "models/lock/consul-2015-04.toml";

/// Who works, as `at-most-one-acts` understands it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
struct Working {
    rest: Memory,
    machines: BTreeSet<NodeId>,
}

/// The moment at which `at-most-one-acts` begins to be broken. That property is about how long it is; this one is about
/// how soon it comes, in steps.
fn second_begins() -> Property<Site, Working> {
    let Property { id, sentence, requirements, memory, .. } = at_most_one_acts();
    let memory = Working { rest: memory, machines: BTreeSet::new() };
    Property { id, sentence, requirements, form: Form::Never, memory, watch: watch_second }
}

fn watch_second(working: &mut Working, seen: &Happening<'_, Site>, signals: &mut Signals) {
    let mut inner = Signals::default();
    (at_most_one_acts().watch)(&mut working.rest, seen, &mut inner);
    for node in inner.end {
        working.machines.remove(&node);
    }
    for node in inner.begin {
        signals.violated |= !working.machines.is_empty();
        working.machines.insert(node);
    }
}

fn at_most_one_acts() -> Property<Site, Memory> {
    let properties = tenure::lock::protocol().properties();
    properties.into_iter().find(|property| property.id == "at-most-one-acts").expect("it is one of the lock's")
}

/// Whether these texts are in what the steps did, in this order.
fn sees(steps: &[Step], texts: &[&str]) -> bool {
    let mut did = steps.iter().flat_map(|step| &step.did);
    texts.iter().all(|text| did.any(|did| did.contains(text)))
}
