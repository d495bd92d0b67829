//! The world against itself: names do not matter, and a path over numbered states is a run with real names.

mod support;

use std::collections::BTreeSet;

use support::{puppet::Design, random::Random};
use tenure::world::{
    Focus, Reductions, World,
    space::{PathStep, Space, TimedPath},
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
                let path = walk(&mut world, &mut random, 30);
                let told = world.tell(&path).unwrap_or_else(|mismatch| panic!("seed {seed}: {mismatch}"));
                assert_eq!(told.len(), path.steps.len());
                steps += told.len();
            }
        }
    }
    assert!(steps > 10_000, "the walks were too short to mean anything: {steps} steps");
}

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
