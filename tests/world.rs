//! The world against itself: names do not matter, and a path over numbered states is a run with real names.

mod support;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use support::{puppet::Design, random::Random};
use tenure::{
    design::{Resolved, Shelf},
    lock,
    spec::Protocol,
    world::{
        Focus, Reductions, World,
        space::{PathStep, Space, StateId, TimedPath},
    },
};

const DESIGNS: u64 = 300;

#[test]
fn a_path_of_numbered_states_is_a_run_with_real_names() {
    let mut steps = 0;
    for seed in 0..DESIGNS {
        for symmetry in [false, true] {
            let design = Design::random(seed);
            let mut world = World::new(
                design.setup,
                design.property,
                Focus::Check,
                Reductions { symmetry, ending: symmetry, branches: symmetry },
            );
            let mut random = Random::new(seed);
            for _ in 0..3 {
                let path = walk(&mut world, &mut random, 30);
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
    let mut told = 0;
    for (design, ledger) in LOCKS {
        let mut world = lock_world(design, ledger);
        // Where one message of several is lost, there are three possibilities at least.
        for (least, most) in [(1, 300), (2, 600)] {
            for (number, path) in paths_to_choices(&mut world, 6_000, least, most).into_iter().enumerate() {
                let steps = world.tell(&path).unwrap_or_else(|mismatch| panic!("{ledger} {number}: {mismatch}"));
                assert_eq!(steps.len(), path.steps.len());
                told += 1;
            }
        }
    }
    assert!(told > 1_000, "there were too few choices to mean anything: {told}");
}

fn lock_world(design: &str, ledger: &str) -> World<lock::Site, lock::Memory> {
    let mut design = Resolved::load(Shelf::Disk, design).expect("it is in the catalogue");
    design.set("design.contenders=3").expect("locks have contenders");
    let protocol = lock::protocol();
    let builder = design.builder(ledger, &protocol.ledger_keys()).expect("it has the ledger");
    let setup = protocol.build(&design.design().expect("it is a lock"), builder).expect("it can be built");
    let property = protocol.properties().into_iter().find(|property| property.id == "healthy-worker-keeps-lock");
    World::new(setup, property.expect("it is a property of locks"), Focus::Check, Reductions::ALL)
}

/// Shortest paths to steps of which `least` others are possible by the same cause, such as one message of many that is
/// lost: at most so many of those that the first `states` states have, evenly.
fn paths_to_choices(world: &mut dyn Space, states: usize, least: u32, most: usize) -> Vec<TimedPath> {
    let (initial, _) = world.initial();
    let mut came: BTreeMap<StateId, Option<(StateId, u32)>> = BTreeMap::from([(initial, None)]);
    let mut open = VecDeque::from([initial]);
    let mut choices = Vec::new();
    while let Some(state) = open.pop_front() {
        let edges = world.edges(state).expect("no cap is met");
        for (number, edge) in (0..).zip(edges.iter()) {
            // The lower half of a label numbers what is possible by its cause.
            if edge.label & 0xffff >= least {
                choices.push((state, number));
            }
            if came.len() < states && !came.contains_key(&edge.target) {
                came.insert(edge.target, Some((state, number)));
                open.push_back(edge.target);
            }
        }
    }
    let every = choices.len().div_ceil(most).max(1);
    let path_to = |&(state, last): &(StateId, u32)| {
        let mut edges = vec![last];
        let mut at = state;
        while let Some((before, edge)) = came[&at] {
            edges.push(edge);
            at = before;
        }
        let steps = edges.into_iter().rev().map(|edge| PathStep { automorphism: None, edge });
        let steps: Vec<PathStep> = steps.collect();
        TimedPath { times: vec![0; steps.len()], steps }
    };
    choices.iter().step_by(every).map(path_to).collect()
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
                World::new(design.setup, design.property, Focus::Check, Reductions { symmetry, ..Reductions::PLAIN });
            explore(&mut world, 3_000)
        });
        let [Some((all, marks)), Some((fewer, same_marks))] = reached else { continue };
        assert!(fewer <= all, "seed {seed}: {fewer} states instead of {all}");
        assert_eq!(marks, same_marks, "seed {seed}: other marks are reachable");
        saved += u32::from(fewer < all);
    }
    assert!(saved >= 10, "only {saved} designs had anything to save");
}

/// A path of the discrete graph; times do not matter here.
fn walk(world: &mut dyn Space, random: &mut Random, most: usize) -> TimedPath {
    let (mut state, _) = world.initial();
    let mut path = TimedPath::default();
    for _ in 0..most {
        let automorphisms = world.automorphisms(state).len();
        let automorphism = (automorphisms > 0 && random.chance(50)).then(|| random.below(automorphisms as u64) as u16);
        let Ok(edges) = world.edges(state) else { break };
        if edges.is_empty() {
            break;
        }
        let edge = random.below(edges.len() as u64) as usize;
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
