//! The engines agree: exact zones, unit ticks and the event loop answer alike on random small designs.

mod support;

use support::puppet::Design;
use tenure::world::{Focus, World, space::Space};

#[test]
fn worlds_are_finite() {
    for seed in 0..400 {
        let design = Design::random(seed);
        let mut world = World::new(design.setup, design.property, Focus::Check, false);
        let (initial, _) = world.initial();
        let mut open = vec![initial];
        let mut seen = std::collections::BTreeSet::from([initial]);
        while let Some(state) = open.pop() {
            if seen.len() > 20_000 {
                println!("seed {seed} big");
                break;
            }
            match world.edges(state) {
                Ok(edges) => {
                    for edge in edges.iter() {
                        if seen.insert(edge.target) {
                            open.push(edge.target);
                        }
                    }
                }
                Err(cap) => {
                    println!("seed {seed}: {cap}");
                    break;
                }
            }
        }
        println!("seed {seed}: {} states", seen.len());
    }
}
