//! The untimed checker: windows count for nothing, distances and limits for everything.

use tenure::{
    ticks,
    untimed::{Limits, Stats, Untimed, check},
    world::space::{Marks, PathStep},
};

use crate::hand::{EVENT, GOAL, Hand, act, fire, kept, within};

const ENOUGH: Limits = Limits::states(1_000);

fn path(edges: &[u32]) -> Untimed {
    Untimed::Reached(edges.iter().map(|&edge| PathStep { automorphism: None, edge }).collect())
}

#[test]
fn an_order_that_only_windows_forbid_is_reached_without_time() {
    // The first event is over at 3, the second comes at 4.
    let late = || {
        Hand::new(&[within(1, 3), within(4, 4)])
            .place(&[EVENT, EVENT], [fire(0, 1, &[kept(1)]), fire(1, 2, &[kept(0)]).marked(GOAL)])
            .place(&[EVENT], [])
            .place(&[EVENT], [])
            .share()
    };
    assert_eq!(check(&late(), GOAL, ENOUGH).0, path(&[1]));
    assert_eq!(ticks::reach(&late(), GOAL, 1, ENOUGH).found, Ok(None));
}

#[test]
fn the_shortest_path_is_told_though_longer_ones_are_tried_first() {
    // A detour of three steps is listed first everywhere; the goal is also two steps away.
    let space = Hand::new(&[])
        .place(&[], [act(1, &[]), act(2, &[])])
        .place(&[], [act(3, &[])])
        .place(&[], [act(3, &[]), act(0, &[]).marked(GOAL)])
        .place(&[], [act(0, &[]).marked(GOAL), act(3, &[]).marked(GOAL)])
        .share();
    assert_eq!(check(&space, GOAL, ENOUGH).0, path(&[1, 1]));
}

#[test]
fn safe_means_that_every_state_was_expanded() {
    let space = Hand::new(&[])
        .place(&[], [act(1, &[]), act(2, &[])])
        .place(&[], [act(2, &[])])
        .place(&[], [act(0, &[]).marked(Marks::WITNESS)]);
    assert_eq!(check(&space.share(), GOAL, ENOUGH), (Untimed::Safe, Stats { distinct: 3, generated: 5 }));
}

fn line() -> Hand {
    Hand::new(&[])
        .place(&[], [act(1, &[])])
        .place(&[], [act(2, &[])])
        .place(&[], [act(3, &[]).marked(GOAL)])
        .place(&[], [])
}

#[test]
fn a_cut_search_is_unknown_and_says_why() {
    assert_eq!(check(&line().share(), GOAL, Limits::states(2)).0, Untimed::Unknown("more than 2 states".into()));
    assert_eq!(check(&line().share(), GOAL, Limits::states(3)).0, path(&[0, 0, 0]));

    let over = Limits { states: 1_000, deadline: Some(std::time::Instant::now()) };
    let (untimed, stats) = check(&line().share(), GOAL, over);
    assert_eq!(untimed, Untimed::Unknown("the time for the search was over".into()));
    assert_eq!(stats.distinct, 1);
}

#[test]
fn a_cap_of_the_world_is_unknown_and_named() {
    let space = Hand::new(&[]).place(&[], [act(1, &[])]).capped("messages in flight from A to B", 4).share();
    let why = "messages in flight from A to B reached its cap of 4";
    assert_eq!(check(&space, GOAL, ENOUGH).0, Untimed::Unknown(why.into()));
}

#[test]
fn what_was_already_reached_when_the_search_was_cut_is_told() {
    // The cap is met first, the goal was generated before it.
    let space = Hand::new(&[]).place(&[], [act(1, &[]), act(0, &[]).marked(GOAL)]).capped("nodes", 1).share();
    assert_eq!(check(&space, GOAL, ENOUGH).0, path(&[1]));
}

#[test]
fn the_chance_of_a_missed_state_is_stated() {
    let stats = Stats { distinct: 100_000_000, generated: 100_000_000 };
    assert_eq!(
        stats.caveat(),
        "states are told apart by 64-bit fingerprints: among 100000000 the chance that two share one, so that a state \
         is missed, is about 1 in 3689"
    );
}
