//! The world against itself: names do not matter, and a path over numbered states is a run with real names.

mod support;

use std::collections::BTreeSet;

use support::{puppet::Design, random::Random};
use tenure::{
    design::{Resolved, Shelf},
    lock,
    spec::Protocol,
    world::{
        Focus, Reductions, World,
        space::{Marks, PathStep, Space, TimedPath},
    },
};

const DESIGNS: u64 = 300;

#[test]
fn a_path_of_numbered_states_is_a_run_with_real_names() {
    let mut steps = 0;
    for seed in 0..DESIGNS {
        for symmetry in [false, true] {
            let design = Design::random(seed);
            let mut world =
                World::new(design.setup, design.property, Focus::Check, Reductions { symmetry, ending: symmetry });
            let mut random = Random::new(seed);
            for _ in 0..3 {
                let path = walk(&mut world, &mut random, 30, 0);
                let told = world.tell(&path).unwrap_or_else(|mismatch| panic!("seed {seed}: {mismatch}"));
                assert_eq!(told.len(), path.steps.len());
                steps += told.len();
            }
        }
    }
    assert!(steps > 10_000, "the walks were too short to mean anything: {steps} steps");
}

/// A store that tells many at once does so in the order of their names, which a renaming changes. Then a loss befalls
/// another of its messages, by number, than in the run with real names.
#[test]
fn a_path_of_a_lock_is_a_run_with_real_names() {
    let mut steps = 0;
    for (design, ledger) in LOCKS {
        let mut design = Resolved::load(Shelf::Disk, design).expect("it is in the catalogue");
        design.set("design.contenders=3").expect("locks have contenders");
        let protocol = lock::protocol();
        let builder = design.builder(ledger, &protocol.ledger_keys()).expect("it has the ledger");
        let setup = protocol.build(&design.design().expect("it is a lock"), builder).expect("it can be built");
        let property = protocol.properties().into_iter().find(|property| property.id == "healthy-worker-keeps-lock");
        let property = property.expect("it is a property of locks");
        let mut world = World::new(setup, property, Focus::Check, Reductions::ALL);
        let mut random = Random::new(steps as u64);
        for walk_number in 0..100 {
            let path = walk(&mut world, &mut random, 60, 8);
            let told = world.tell(&path).unwrap_or_else(|mismatch| panic!("{ledger} {walk_number}: {mismatch}"));
            steps += told.len();
        }
    }
    assert!(steps > 10_000, "the walks were too short to mean anything: {steps} steps");
}

const LOCKS: [(&str, &str); 3] = [
    ("models/lock/recommended.toml", "no-pause"),
    ("models/lock/recommended.toml", "one-loss"),
    ("models/lock/consul-2015-04.toml", "one-fault"),
];

#[test]
fn interchangeable_nodes_only_save_states() {
    let mut saved = 0;
    for seed in 0..DESIGNS {
        let reached = [false, true].map(|symmetry| {
            let design = Design::random(seed);
            let mut world =
                World::new(design.setup, design.property, Focus::Check, Reductions { symmetry, ending: false });
            explore(&mut world, 3_000)
        });
        let [Some((all, marks)), Some((fewer, same_marks))] = reached else { continue };
        assert!(fewer <= all, "seed {seed}: {fewer} states instead of {all}");
        assert_eq!(marks, same_marks, "seed {seed}: other marks are reachable");
        saved += u32::from(fewer < all);
    }
    assert!(saved >= 10, "only {saved} designs had anything to save");
}

/// A path of the discrete graph; times do not matter here. Where a fault is drawn, it is drawn again up to `patience`
/// times, so that faults come late, when much is under way.
fn walk(world: &mut dyn Space, random: &mut Random, most: usize, patience: usize) -> TimedPath {
    let (mut state, _) = world.initial();
    let mut path = TimedPath::default();
    for _ in 0..most {
        let automorphisms = world.automorphisms(state).len();
        let automorphism = (automorphisms > 0 && random.chance(50)).then(|| random.below(automorphisms as u64) as u16);
        let Ok(edges) = world.edges(state) else { break };
        if edges.is_empty() {
            break;
        }
        let mut draws = (0..=patience).map(|_| random.below(edges.len() as u64) as usize);
        let calm = |edge: &usize| (0..4).all(|class| !edges[*edge].marks.any(Marks::fault(class)));
        let last = draws.next().expect("it draws at least once");
        let edge = if calm(&last) { last } else { draws.find(calm).unwrap_or(last) };
        path.steps.push(PathStep { automorphism, edge: edge as u32 });
        path.times.push(0);
        state = edges[edge].target;
    }
    path
}

/// How many states there are, and which marks their edges have; `None` if there are too many.
fn explore(world: &mut dyn Space, most: usize) -> Option<(usize, BTreeSet<u64>)> {
    let (initial, _) = world.initial();
    let mut open = vec![initial];
    let mut seen = BTreeSet::from([initial]);
    let mut marks = BTreeSet::new();
    while let Some(state) = open.pop() {
        for edge in world.edges(state).ok()?.iter() {
            marks.insert(edge.marks.0);
            if seen.insert(edge.target) {
                open.push(edge.target);
            }
        }
        if seen.len() > most {
            return None;
        }
    }
    Some((seen.len(), marks))
}
