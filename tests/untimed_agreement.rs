//! What unit ticks reach on random small designs is reached without time as well, in no more steps: a timed run is one
//! of the untimed ones.

mod support;

use std::sync::{Arc, Mutex};

use support::puppet::Design;
use tenure::{
    ticks,
    untimed::{self, Limits, Shared, Untimed},
    world::{Focus, Reductions, World, space::Marks},
};

const SMALL: Limits = Limits::states(5_000);
const LARGER: Limits = Limits::states(50_000);

#[test]
fn what_is_safe_without_time_is_safe_with_time() {
    let (mut reached, mut unreached) = (0, 0);
    for seed in 0..200 {
        let design = Design::random(seed);
        let world: Shared =
            Arc::new(Mutex::new(World::new(design.setup, design.property, Focus::Check, Reductions::NONE)));
        for mark in [Marks::VIOLATED, Marks::RESPONSE, Marks::WITNESS] {
            let Ok(timed) = ticks::reach(&world, mark, 1, SMALL).found else { continue };
            match (timed, untimed::check(&world, mark, LARGER).0) {
                (Some(timed), Untimed::Reached(untimed)) => {
                    assert!(untimed.len() <= timed.steps.len(), "design {seed}, {mark:?}");
                    reached += 1;
                }
                (Some(_), Untimed::Safe) => panic!("design {seed}: ticks reach {mark:?}, untimed steps do not"),
                (None, Untimed::Safe | Untimed::Reached(_)) => unreached += 1,
                (_, Untimed::Unknown(_)) => {}
            }
        }
    }
    assert!(reached > 50 && unreached > 50, "{reached} questions reached with time, {unreached} not: both are tried");
}
