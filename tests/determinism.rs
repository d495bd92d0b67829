//! The same seed is the same run: on any number of threads, in any process, in any build.
//!
//! `digests.txt` holds what runs of the catalogue gave when they were last looked at. Where a protocol, a design or the
//! simulator changes on purpose, `UPDATE_EXPECT=1 cargo test --test determinism` writes them anew.

use std::{process::Command, sync::Arc};

use expect_test::expect_file;
use tenure::{
    App,
    app::{Erased, Meter, Plan, Question},
    design::{Resolved, Shelf},
    process::{Effects, Input, Me, Names, NodeId, Process},
    simulate::{Draw, Options, Strikes, run},
    spec::{Carriage, Clock, Form, Link, Links, Node, Property, Setup},
    time::{Duration, Window},
};

/// Design and ledger; each is run with two draws.
const NAMED: [(&str, &str); 10] = [
    ("models/lease/closed-form.toml", "one-crash"),
    ("models/lease/closed-form.toml", "crash-and-loss"),
    ("models/lease/recommended.toml", "cut"),
    ("models/lease/recommended.toml", "pause"),
    ("models/lock/consul-2015-03.toml", "one-crash"),
    ("models/lock/consul-2015-04.toml", "one-fault"),
    ("models/lock/consul-2015-04.toml", "stop-and-crash"),
    ("models/lock/consul-2015-04.toml", "pause"),
    ("models/lock/consul-2015-04.toml", "hung-renew"),
    ("models/lock/consul-2015-04.toml", "one-election"),
];
const SEEDS: u64 = 200;
/// No failing run is made small: only the digests count.
const EFFORT: u64 = 0;

fn app() -> App {
    tenure::own()
}

fn protocol<'a>(app: &'a App, design: &Resolved) -> &'a dyn Erased {
    app.protocol_of(design).expect("the program knows the catalogue's protocols")
}

/// The digest of 200 runs of a minute.
fn digest(app: &App, (file, ledger): (&str, &str), draw: Draw) -> u64 {
    let design = app.load(Shelf::Disk, file, &[]).unwrap_or_else(|refusal| panic!("{}", refusal.render(false, 120)));
    let options = Options { draw, ..Options::lasting(Duration::from_secs(60)) };
    let plan = Plan { seeds: 0..SEEDS, options, effort: EFFORT, why: 0, meter: Arc::new(Meter::default()) };
    let protocol = protocol(app, &design);
    let property = protocol.properties()[0].id;
    let question = Question { property: property.into(), ledger: ledger.into(), within: None };
    protocol.simulate(&design, ledger, &[question], &plan).expect("the ledger is there").survey.digest
}

fn digests() -> String {
    let app = app();
    let mut lines = String::new();
    for named in NAMED {
        for (draw, name) in [(Draw::Uniform, "uniform"), (Draw::Swarm, "swarm")] {
            lines.push_str(&format!("{:016x}  {} {} {name}\n", digest(&app, named, draw), named.0, named.1));
        }
    }
    lines
}

#[test]
fn twenty_digests_are_as_they_were_in_every_build() {
    expect_file!["determinism/digests.txt"].assert_eq(&digests());
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let app = app();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be started");
        pool.install(|| NAMED.map(|named| digest(&app, named, Draw::Swarm)))
    };
    let one = with(1);
    assert_eq!(with(2), one);
    assert_eq!(with(4), one);
}

#[test]
fn two_processes_print_the_same() {
    let print = || {
        let arguments = "sim models/lock/consul-2015-04.toml --seeds 50 --draw swarm --json";
        let output = Command::new(env!("CARGO_BIN_EXE_tenure"))
            .args(arguments.split(' '))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("it starts");
        String::from_utf8(output.stdout).expect("it prints UTF-8")
    };
    let first = print();
    assert!(first.contains("\"digest\""));
    assert_eq!(print(), first);
}

/// Greets everyone in the order of a collection that has none.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
struct Careless;

impl Process for Careless {
    type Config = ();
    type Message = ();
    type Timer = ();
    type Request = ();
    type Event = NodeId;
    type Durable = ();

    fn start(_: &Me<'_, Careless>, (): (), fx: &mut Effects<Careless>) -> Careless {
        let peers: std::collections::HashSet<u16> = (0..8).collect();
        peers.into_iter().for_each(|peer| fx.emit(NodeId(peer)));
        Careless
    }

    fn step(&mut self, _: &Me<'_, Careless>, _: Input<Careless>, _: &mut Effects<Careless>) {}
}

#[test]
fn a_planted_iteration_without_an_order_is_caught() {
    let node = Node {
        name: "A".into(),
        config: (),
        machine: 0,
        start: Window::ZERO,
        restart_after_exit: None,
        clock: Clock::default(),
        group: None,
    };
    let mut links = Links::none(1);
    links.connect(NodeId(0), NodeId(0), Link { carriage: Carriage::Datagram, delay: Window::ZERO, capacity: 1 });
    let setup = Setup { nodes: vec![node], links, faults: Vec::new() };
    let property: Property<Careless, ()> =
        Property { id: "any", sentence: "", requirements: &[], form: Form::Never, memory: (), watch: |_, _, _| {} };
    let options = Options { strikes: Strikes::Never, ..Options::lasting(Duration::from_secs(1)) };
    let digest = || run(&setup, std::slice::from_ref(&property), 0, &options).digest;
    let first = digest();
    assert!((0..20).any(|_| digest() != first), "some of 20 runs of one seed greet in another order");
}
