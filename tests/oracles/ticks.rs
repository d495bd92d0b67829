//! The tick oracle: small nets of events whose every run can be listed by hand. Microseconds are ticks unless said.

use tenure::{
    ticks::{Answer, Limits, Reading, Refusal, Survey, reach, replay, survey},
    world::space::{Marks, Origin, PathStep, TimedPath},
};

use crate::hand::{EVENT, GOAL, Hand, NEVER, STARTED, STOPWATCH, act, fire, kept, within};

const ENOUGH: Limits = Limits::states(10_000);
const CAP: i64 = 100;

fn all(hand: Hand) -> Survey {
    survey(&hand.share(), 1, CAP, ENOUGH).found.expect("the space is small")
}

fn is_reached(hand: Hand) -> bool {
    reach(&hand.share(), GOAL, 1, ENOUGH).found.expect("the space is small").is_some()
}

/// A running stopwatch and an event; the event is the response.
fn measured(lo: i64, hi: i64) -> Hand {
    Hand::new(&[within(lo, hi), STARTED]).place(&[EVENT, STOPWATCH], [fire(0, 1, &[]).reads()]).place(&[], [])
}

/// Two events from the beginning; the goal is that the second happens first.
fn race(first: Origin, second: Origin) -> Hand {
    Hand::new(&[first, second])
        .place(&[EVENT, EVENT], [fire(0, 1, &[kept(1)]), fire(1, 2, &[kept(0)]).marked(GOAL)])
        .place(&[EVENT], [fire(0, 3, &[])])
        .place(&[EVENT], [fire(0, 3, &[])])
        .place(&[], [])
}

#[test]
fn readings_are_the_ends_of_the_window() {
    let all = all(measured(2, 5));
    assert_eq!((all.shortest, all.longest, all.never), (Some(Reading::Is(2)), Some(Reading::Is(5)), false));
}

#[test]
fn an_event_whose_time_is_over_does_not_wait_for_another() {
    assert!(!is_reached(race(within(1, 3), within(4, 9))));
    assert!(is_reached(race(within(1, 5), within(4, 9))));
}

#[test]
fn events_of_one_instant_happen_in_either_order() {
    assert!(is_reached(race(within(4, 4), within(4, 4))));
    assert!(is_reached(race(within(1, 4), within(4, 9))));
}

#[test]
fn a_path_is_told_with_its_moments() {
    let space = race(within(3, 7), within(5, 9)).share();
    let path = reach(&space, GOAL, 1, ENOUGH).found.expect("the space is small").expect("5 <= 7");
    assert_eq!((path.steps[0].edge, path.times), (1, vec![5]));
}

#[test]
fn the_adversary_acts_at_any_moment() {
    // It starts the stopwatch while an event waits for the moment 10, or at that moment just before it.
    let all = all(Hand::new(&[within(10, 10)])
        .place(&[EVENT], [fire(0, 2, &[]), act(1, &[kept(0), STARTED])])
        .place(&[EVENT, STOPWATCH], [fire(0, 2, &[]).reads()])
        .place(&[], []));
    assert_eq!((all.shortest, all.longest), (Some(Reading::Is(0)), Some(Reading::Is(10))));
}

#[test]
fn a_running_stopwatch_is_read_also_where_no_response_comes() {
    // The response is possible until 3 only; afterwards the stopwatch runs on until 8.
    let all = all(Hand::new(&[within(1, 3), within(8, 8), STARTED])
        .place(&[EVENT, EVENT, STOPWATCH], [fire(0, 1, &[]).reads(), fire(0, 2, &[kept(1), kept(2)])])
        .place(&[], [])
        .place(&[EVENT, STOPWATCH], [fire(0, 1, &[])]));
    assert_eq!((all.shortest, all.longest), (Some(Reading::Is(1)), Some(Reading::Is(8))));
}

#[test]
fn an_event_that_may_never_happen_can_be_waited_for_in_vain() {
    let all = all(measured(2, NEVER));
    assert_eq!((all.shortest, all.longest, all.never), (Some(Reading::Is(2)), Some(Reading::Above(CAP)), true));
}

#[test]
fn a_reading_above_the_cap_is_said_to_be_above_it() {
    assert_eq!(all(measured(CAP, CAP)).longest, Some(Reading::Is(CAP)));
    let all = all(measured(CAP + 1, CAP + 1));
    assert_eq!((all.shortest, all.longest), (Some(Reading::Above(CAP)), Some(Reading::Above(CAP))));
    assert!(!all.never);
}

#[test]
fn a_periodic_event_is_progress_though_nothing_ever_responds() {
    let all =
        all(Hand::new(&[within(7, 7), STARTED]).place(&[EVENT, STOPWATCH], [fire(0, 0, &[within(7, 7), kept(1)])]));
    assert_eq!((all.shortest, all.longest, all.never), (None, Some(Reading::Above(CAP)), false));
}

#[test]
fn a_rescheduled_event_counts_from_now() {
    let all = all(Hand::new(&[within(3, 4), STARTED])
        .place(&[EVENT, STOPWATCH], [fire(0, 1, &[kept(1), within(10, 20)])])
        .place(&[STOPWATCH, EVENT], [fire(1, 2, &[]).reads()])
        .place(&[], []));
    assert_eq!((all.shortest, all.longest), (Some(Reading::Is(13)), Some(Reading::Is(24))));
}

/// At zero, events in `[0, 10]` and at 3 are scheduled, the first no later than the second, and a stopwatch starts.
/// It stops at the first event; `more` follows in the place 1, whose variables are (first, second, stopwatch).
fn ordered<const N: usize>(more: [crate::hand::Step; N]) -> Hand {
    Hand::new(&[])
        .place(&[], [act(1, &[within(0, 10), within(3, 3), STARTED]).ordered(&[(0, 1)])])
        .place(&[EVENT, EVENT, STOPWATCH], more)
        .place(&[], [])
        .place(&[EVENT, STOPWATCH], [fire(0, 2, &[]).reads().marked(GOAL)])
}

#[test]
fn the_first_of_an_ordered_pair_comes_no_later_than_the_second() {
    let pair = || ordered([fire(0, 2, &[]).reads(), fire(1, 3, &[kept(0), kept(2)])]);
    assert_eq!(all(pair()).longest, Some(Reading::Is(3)));
    assert!(is_reached(pair()), "at the same instant the second may be delivered before the first");
}

#[test]
fn the_second_of_an_ordered_pair_waits_for_the_first() {
    // It could come at 1 by itself, the first one not before 4.
    let pair = Hand::new(&[])
        .place(&[], [act(1, &[within(4, 9), within(1, 12), STARTED]).ordered(&[(0, 1)])])
        .place(&[EVENT, EVENT, STOPWATCH], [fire(0, 2, &[kept(1)]), fire(1, 3, &[kept(0)]).reads()])
        .place(&[EVENT], [])
        .place(&[EVENT], [fire(0, 4, &[])])
        .place(&[], []);
    let all = all(pair);
    assert_eq!((all.shortest, all.longest), (Some(Reading::Is(4)), Some(Reading::Is(9))));
}

#[test]
fn what_follows_of_an_ordered_pair_stays_when_the_second_is_cancelled() {
    let cancelled = ordered([act(3, &[kept(0), kept(2)])]);
    assert_eq!(all(cancelled).longest, Some(Reading::Is(3)));
}

#[test]
fn what_follows_of_an_ordered_pair_stays_when_the_first_is_cancelled() {
    // The second was scheduled in [0, 9], but no earlier than the first, which is cancelled at once: 5.
    let all = all(Hand::new(&[])
        .place(&[], [act(1, &[within(5, 8), within(0, 9), STARTED]).ordered(&[(0, 1)])])
        .place(&[EVENT, EVENT, STOPWATCH], [act(2, &[kept(1), kept(2)])])
        .place(&[EVENT, STOPWATCH], [fire(0, 3, &[]).reads()])
        .place(&[], []));
    assert_eq!((all.shortest, all.longest), (Some(Reading::Is(5)), Some(Reading::Is(9))));
}

#[test]
fn orders_chain_over_an_event_that_is_cancelled() {
    // first <= middle <= last, the middle one goes; the last one comes when it likes from 2 on, and drags the first.
    let all = all(Hand::new(&[])
        .place(&[], [act(1, &[within(0, 20), within(0, 20), within(2, 20)]).ordered(&[(0, 1), (1, 2)])])
        .place(&[EVENT, EVENT, EVENT], [act(2, &[kept(0), kept(2)])])
        .place(&[EVENT, EVENT], [fire(1, 3, &[kept(0), STARTED])])
        .place(&[EVENT, STOPWATCH], [fire(0, 4, &[]).reads()])
        .place(&[], []));
    assert_eq!((all.shortest, all.longest), (Some(Reading::Is(0)), Some(Reading::Is(0))));
}

#[test]
fn a_widened_event_may_come_that_much_later() {
    let all = all(Hand::new(&[within(2, 5), STARTED])
        .place(&[EVENT, STOPWATCH], [act(1, &[Origin::Widened(0, 4), kept(1)])])
        .place(&[EVENT, STOPWATCH], [fire(0, 2, &[]).reads()])
        .place(&[], []));
    assert_eq!((all.shortest, all.longest), (Some(Reading::Is(2)), Some(Reading::Is(9))));
}

#[test]
fn a_widened_event_may_come_that_much_after_the_one_it_preceded() {
    // Both within 3, at once the first later by up to 4. The second starts the stopwatch.
    let pair = Hand::new(&[])
        .place(&[], [act(1, &[within(0, 3), within(0, 3), within(0, 0)]).ordered(&[(0, 1)])])
        .place(&[EVENT, EVENT, EVENT], [fire(2, 2, &[Origin::Widened(0, 4), kept(1)])])
        .place(&[EVENT, EVENT], [fire(1, 3, &[kept(0), STARTED])])
        .place(&[EVENT, STOPWATCH], [fire(0, 4, &[]).reads()])
        .place(&[], []);
    let all = all(pair);
    assert_eq!((all.shortest, all.longest), (Some(Reading::Is(0)), Some(Reading::Is(4))));
}

#[test]
fn marks_and_states_are_those_of_edges_that_can_be_taken() {
    let all = all(race(within(1, 3), within(4, 9)));
    assert_eq!((all.marks, all.states), (Marks::NONE, [0, 1, 3].into()));
}

#[test]
fn a_tick_that_does_not_divide_a_window_rounds_outward_and_says_so() {
    let exact = survey(&measured(1_500, 2_500).share(), 500, 10_000, ENOUGH);
    let all = exact.found.expect("the space is small");
    assert_eq!((exact.rounded, all.shortest, all.longest), (false, Some(Reading::Is(1_500)), Some(Reading::Is(2_500))));

    let rounded = survey(&measured(1_500, 2_500).share(), 1_000, 10_000, ENOUGH);
    let all = rounded.found.expect("the space is small");
    assert_eq!(
        (rounded.rounded, all.shortest, all.longest),
        (true, Some(Reading::Is(1_000)), Some(Reading::Is(3_000)))
    );
}

#[test]
fn a_rounded_tick_reaches_more_and_says_so() {
    // 2,500 is before 2,700, but both lie within the tick that ends at 3,000.
    let space = race(within(0, 2_500), within(2_700, 2_700)).share();
    let answer = reach(&space, GOAL, 100, ENOUGH);
    assert_eq!((answer.found, answer.rounded), (Ok(None), false));
    let answer = reach(&space, GOAL, 1_000, ENOUGH);
    assert!(answer.found.is_ok_and(|path| path.is_some()) && answer.rounded);
}

#[test]
fn a_cut_search_is_unknown_and_says_why() {
    let Answer { found, stats, .. } = survey(&measured(2, 50).share(), 1, CAP, Limits::states(10));
    assert_eq!(found, Err("more than 10 states".into()));
    assert_eq!(stats.distinct, 11, "expanded: nine distances and the end; waiting: the tenth distance");
}

#[test]
fn a_cap_of_the_world_is_unknown_and_named() {
    let space = Hand::new(&[]).place(&[], [act(1, &[])]).capped("messages in flight", 4).share();
    assert_eq!(reach(&space, GOAL, 1, ENOUGH).found, Err("messages in flight reached its cap of 4".into()));
}

#[test]
fn situations_are_counted_once_each() {
    // Nine distances of the event with its stopwatch (0 to 8), and the end: 8 ticks, 6 firings, the end's own tick.
    let answer = survey(&measured(3, 8).share(), 1, CAP, ENOUGH);
    assert_eq!((answer.stats.distinct, answer.stats.generated), (10, 1 + 8 + 6 + 1));
}

/// Steps as edges and moments.
fn run(steps: &[(u32, i64)]) -> TimedPath {
    let edges = steps.iter().map(|&(edge, _)| PathStep { automorphism: None, edge });
    TimedPath { steps: edges.collect(), times: steps.iter().map(|&(_, moment)| moment).collect() }
}

#[test]
fn a_run_is_taken_again_at_its_moments() {
    let space = race(within(3, 7), within(5, 9)).share();
    let end = replay(&space, &run(&[(1, 6)]), 1).expect("5 <= 6 <= 7");
    assert!(end.marks.any(GOAL));
    let space = measured(2_000, 5_000).share();
    let end = replay(&space, &run(&[(0, 4_000)]), 1_000).expect("2 <= 4 <= 5");
    assert_eq!((end.elapsed, end.reads), (Some(4_000), true));
}

#[test]
fn what_is_no_run_is_refused_at_the_step_that_is_wrong() {
    let refused = |steps: &[(u32, i64)]| replay(&race(within(3, 7), within(5, 9)).share(), &run(steps), 1).unwrap_err();
    assert_eq!(refused(&[]), Refusal::Empty);
    assert_eq!(refused(&[(1, 4)]), Refusal::Step(0), "too early");
    assert_eq!(refused(&[(1, 8)]), Refusal::Overdue(0), "too late for the other event");
    assert_eq!(refused(&[(0, 5), (0, 4)]), Refusal::Moment(1), "back in time");
    assert_eq!(refused(&[(0, 5), (1, 6)]), Refusal::Step(1), "no such edge");
    assert_eq!(replay(&measured(0, 9).share(), &run(&[(0, 5)]), 2), Err(Refusal::Moment(0)), "between two ticks");
}
