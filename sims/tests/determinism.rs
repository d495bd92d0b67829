//! The same seed is the same run of the madsim host: on any number of threads, in any process, in any build.
//!
//! `digests.txt` holds what runs gave when they were last looked at. Where a protocol, a design or the host changes on
//! purpose, `UPDATE_EXPECT=1 cargo test -p tenure-sims --test determinism` writes them anew.

use std::{
    collections::HashSet,
    hash::{Hash, Hasher},
    process::Command,
    sync::Arc,
};

use expect_test::expect_file;
use tenure::{
    process::{Effects, Input, Me, Names, NodeId, Process},
    simulate::{Digest, Draw, Options, Strikes},
    spec::{Carriage, Clock, Link, Links, Node, Setup},
    time::{Duration, Window},
};
use tenure_sims::{run, scenario};

/// Designs and ledgers, each of 200 seeds with faults.
const NAMED: [(&str, &str); 5] = [
    ("models/lease/closed-form.toml", "crash-and-loss"),
    ("models/lease/recommended.toml", "pause"),
    ("models/lock/consul-2015-04.toml", "one-fault"),
    ("models/lock/consul-2015-04.toml", "hung-renew"),
    ("models/lock/consul-2015-04.toml", "one-election"),
];
const SEEDS: u64 = 200;

/// The digests of 200 runs of half a minute, on so many threads, in the order of their seeds.
fn digest((file, ledger): (&str, &str), threads: u64) -> u64 {
    let (draw, lasting) = (Draw::Swarm, Duration::from_secs(30));
    let options = Options { draw, ..Options::lasting(lasting) };
    let of = |seeds| {
        let design = scenario::load(file);
        scenario::protocol_of(&design).digests(&design, ledger, seeds, &options)
    };
    let piece = SEEDS.div_ceil(threads);
    let digests = std::thread::scope(|scope| {
        let seeds = |thread: u64| thread * piece..((thread + 1) * piece).min(SEEDS);
        let of = &of;
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || of(seeds(thread)))).collect();
        running.into_iter().flat_map(|thread| thread.join().expect("it runs")).collect::<Vec<u64>>()
    });
    let mut all = Digest::new();
    digests.hash(&mut all);
    all.finish()
}

fn digests() -> String {
    let line = |named: (&str, &str)| format!("{:016x}  madsim {} {}\n", digest(named, 2), named.0, named.1);
    NAMED.map(line).concat()
}

#[test]
fn digests_are_as_they_were_in_every_build() {
    expect_file!["digests.txt"].assert_eq(&digests());
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let on = |threads| NAMED.map(|named| digest(named, threads));
    let one = on(1);
    assert_eq!(on(2), one);
    assert_eq!(on(4), one);
}

/// The other process is this test once more.
#[test]
fn two_processes_make_the_same_runs() {
    const CHILD: &str = "TENURE_PRINTS_A_DIGEST";
    let own = format!("{:016x}", digest(NAMED[2], 1));
    if std::env::var_os(CHILD).is_some() {
        println!("digest {own}");
        return;
    }
    let mut child = Command::new(std::env::current_exe().expect("this program runs"));
    child.args(["--exact", "two_processes_make_the_same_runs", "--nocapture"]).env(CHILD, "1");
    let output = child.output().expect("it starts");
    let printed = String::from_utf8(output.stdout).expect("it prints UTF-8");
    assert!(printed.contains(&format!("digest {own}")), "{printed}");
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
        let peers: HashSet<u16> = (0..8).collect();
        peers.into_iter().for_each(|peer| fx.emit(NodeId(peer)));
        Careless
    }

    fn step(&mut self, _: &Me<'_, Careless>, _: Input<Careless>, _: &mut Effects<Careless>) {}
}

#[test]
fn a_planted_iteration_without_an_order_is_caught() {
    let node: Node<Careless> = Node {
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
    let setup = Arc::new(Setup { nodes: vec![node], links, faults: Vec::new() });
    let options = Options { strikes: Strikes::Never, ..Options::lasting(Duration::from_secs(1)) };
    // One seed gives a hash map one order, as madsim answers the system call for its keys: the seeds' order must not
    // hang on it, and what is drawn outside of a run does.
    let digest = |seed| run(&setup, seed, &options).digest;
    let first = digest(0);
    assert!((1..20).any(|seed| digest(seed) != first), "some of 20 runs greet in another order");
}
