//! Windows, order, renaming and disarming of timers.

use expect_test::expect;

use super::puppet::{A, B, IDLE, Puppet, Strings, fire, hit, once, puppets, start, step, transcript, us, window};
use crate::{
    process::{Effects, Input},
    spec::{FaultKind, Setup},
    time::{Drift, Window},
    trace::{Occurrence, Step},
};

fn alone(start: fn(u32, &mut Effects<Puppet>)) -> Setup<Puppet> {
    puppets(&[Strings { start, ..IDLE }])
}

#[test]
fn a_timer_fires_within_its_window_only() {
    let setup = alone(|_, fx| fx.arm("t", window(10, 20)));
    let at = |moment| transcript(&setup, vec![step(0, start(A)), step(moment, fire(A, 0))]);
    expect![[r#"
        0    A    start; arm "t" 10us..20us
        20   A    fire "t"
    "#]]
    .assert_eq(&at(20));
    expect!["step 1: expected timer 0 of A from 10 us on, got 9 us\n"].assert_eq(&at(9));
    expect!["step 1: expected timer 0 of A by 20 us, got timer 0 of A at 21 us\n"].assert_eq(&at(21));
}

#[test]
fn drift_and_reaction_widen_a_timer() {
    let mut setup = alone(|_, fx| fx.arm("t", window(1_000, 1_000)));
    setup.nodes[0].clock.drift = Drift::from_parts_per_million(100_000).expect("below a million");
    setup.nodes[0].clock.reaction = us(5);
    let at = |moment| transcript(&setup, vec![step(0, start(A)), step(moment, fire(A, 0))]);
    // 1000 / 1.1 = 909.09.., 1000 / 0.9 + 5 = 1116.11..
    assert!(at(908).contains("from 909 us on"), "not before the fastest clock");
    assert!(at(909).contains("fire"));
    assert!(at(1_117).contains("fire"));
    assert!(at(1_118).contains("by 1117 us"), "not after the slowest clock");
}

#[test]
fn what_must_happen_is_not_passed_over() {
    let mut setup = puppets(&[IDLE, IDLE]);
    setup.nodes[1].start = window(5, 8);
    setup.nodes[0].start = window(0, 20);
    expect!["step 0: expected the start of B by 8 us, got the start of A at 9 us\n"]
        .assert_eq(&transcript(&setup, vec![step(9, start(A))]));
}

#[test]
fn moments_do_not_decrease() {
    let mut setup = puppets(&[IDLE, IDLE]);
    for node in &mut setup.nodes {
        node.start = window(0, 9);
    }
    expect!["step 1: expected a moment from 5 us on, got 4 us\n"]
        .assert_eq(&transcript(&setup, vec![step(5, start(A)), step(4, start(B))]));
}

#[test]
fn timers_of_one_step_come_in_due_order() {
    let mut setup = alone(|_, fx| {
        fx.arm("late", window(20, 30));
        fx.arm("early", window(10, 20));
    });
    setup.nodes[0].clock.reaction = us(15);
    let order = |moments: [i64; 2]| {
        transcript(&setup, vec![step(0, start(A)), step(moments[0], fire(A, 0)), step(moments[1], fire(A, 1))])
    };
    // At one moment any order is possible, as the moments are what is ordered.
    assert!(order([25, 25]).contains("fire \"early\""));
    expect!["step 2: expected timer 1 of A by 25 us, got timer 1 of A at 26 us\n"].assert_eq(&order([25, 26]));
}

#[test]
fn of_equal_timers_the_first_armed_comes_first() {
    let mut setup = alone(|_, fx| {
        fx.arm("one", window(10, 10));
        fx.arm("two", window(10, 10));
    });
    setup.nodes[0].clock.reaction = us(5);
    let order = |first, second| {
        transcript(&setup, vec![step(0, start(A)), step(11, fire(A, first)), step(12, fire(A, second))])
    };
    assert!(order(0, 1).contains("fire \"two\""));
    assert!(order(1, 0).contains("by 11 us"), "the second does not overtake the first");
}

#[test]
fn a_pause_between_two_timers_undoes_their_order() {
    let mut setup = alone(|_, fx| {
        fx.arm("one", window(10, 10));
        fx.arm("two", window(10, 10));
    });
    setup.nodes[0].clock.reaction = us(5);
    setup.faults.push(once(FaultKind::Pause { nodes: vec![A], span: window(0, 3) }));
    let steps = vec![
        step(0, start(A)).cut(1, 0),
        step(0, Occurrence::Resume { node: A }),
        step(11, fire(A, 1)),
        step(12, fire(A, 0)),
    ];
    expect![[r#"
        0    A    start; arm "one" 10us; pause A
        0    A    resume; arm "two" 10us
        11   A    fire "two"
        12   A    fire "one"
    "#]]
    .assert_eq(&transcript(&setup, steps));
}

#[test]
fn a_renamed_timer_keeps_its_moment_and_replaces_another() {
    let setup = alone(|_, fx| {
        fx.arm("asked", window(10, 10));
        fx.arm("deadline", window(5, 5));
        fx.rename("asked", "deadline");
    });
    expect![[r#"
        0    A    start; arm "asked" 10us; arm "deadline" 5us; rename "asked" to "deadline"
        10   A    fire "deadline"
    "#]]
    .assert_eq(&transcript(&setup, vec![step(0, start(A)), step(10, fire(A, 0))]));
    expect!["step 1: expected a pending event, got timer 1 of A\n"]
        .assert_eq(&transcript(&setup, vec![step(0, start(A)), step(5, fire(A, 1))]));
}

#[test]
fn a_disarmed_or_replaced_timer_never_fires() {
    let setup = alone(|_, fx| {
        fx.arm("gone", window(5, 5));
        fx.arm("again", window(5, 5));
        fx.arm("again", window(9, 9));
        fx.disarm("gone");
        fx.disarm("never armed");
    });
    let fires = |moment, number| transcript(&setup, vec![step(0, start(A)), step(moment, fire(A, number))]);
    assert!(fires(5, 0).contains("expected a pending event"));
    assert!(fires(5, 1).contains("expected a pending event"));
    assert!(fires(9, 2).contains("fire \"again\""));
}

/// Two timers that come due while A is paused from 4 us to 14 us; the second one's step acts on the first.
fn both_in_the_inbox(step: fn(&Input<Puppet>, &mut Effects<Puppet>)) -> Setup<Puppet> {
    let mut setup = alone(|_, fx| {
        fx.arm("one", window(5, 5));
        fx.arm("two", window(6, 6));
    });
    setup.nodes[0].config.step = step;
    setup.nodes[0].clock.reaction = us(2);
    setup.faults.push(once(FaultKind::Pause { nodes: vec![A], span: Window::exactly(us(10)) }));
    setup
}

fn until_two_is_delivered() -> Vec<Step> {
    vec![
        step(0, start(A)),
        step(4, hit(A)),
        step(5, fire(A, 0)),
        step(6, fire(A, 1)),
        step(14, Occurrence::Resume { node: A }),
        step(14, fire(A, 1)),
    ]
}

#[test]
fn a_timer_that_is_due_can_still_be_renamed() {
    let setup = both_in_the_inbox(|input, fx| {
        if let Input::Timer("two") = input {
            fx.rename("one", "new");
        }
    });
    let mut steps = until_two_is_delivered();
    steps.push(step(16, fire(A, 0)));
    expect![[r#"
        0    A    start; arm "one" 5us; arm "two" 6us
        4    A    pause A
        5    A    wait in the inbox
        6    A    wait in the inbox
        14   A    resume
        14   A    fire "two"; rename "one" to "new"
        16   A    fire "new"
    "#]]
    .assert_eq(&transcript(&setup, steps));
}

#[test]
fn a_timer_that_is_due_can_still_be_disarmed() {
    let setup = both_in_the_inbox(|input, fx| {
        if let Input::Timer("two") = input {
            fx.disarm("one");
        }
    });
    let mut steps = until_two_is_delivered();
    steps.push(step(14, fire(A, 0)));
    assert_eq!(transcript(&setup, steps), "step 6: expected a pending event, got timer 0 of A\n");
}

#[test]
fn the_rest_of_a_paused_step_disarms_what_waits_in_the_inbox() {
    let mut setup = alone(|_, fx| {
        fx.arm("one", window(5, 5));
        fx.disarm("one");
    });
    setup.faults.push(once(FaultKind::Pause { nodes: vec![A], span: Window::exactly(us(10)) }));
    let steps = vec![
        step(0, start(A)).cut(1, 0),
        step(5, fire(A, 0)),
        step(10, Occurrence::Resume { node: A }),
        step(10, fire(A, 0)),
    ];
    assert_eq!(transcript(&setup, steps), "step 3: expected a pending event, got timer 0 of A\n");
}

#[test]
fn a_suspend_makes_armed_timers_later_by_up_to_its_longest_span() {
    let mut setup = alone(|_, fx| fx.arm("t", window(20, 20)));
    setup.faults.push(once(FaultKind::Suspend { nodes: vec![A], span: window(3, 5) }));
    let at = |moment| {
        let resume = step(7, Occurrence::Resume { node: A });
        transcript(&setup, vec![step(0, start(A)), step(4, hit(A)), resume, step(moment, fire(A, 0))])
    };
    assert!(at(19).contains("from 20 us on"));
    assert!(at(25).contains("fire \"t\""));
    assert!(at(26).contains("by 25 us"));
}
