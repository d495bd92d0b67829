//! Streams: order, ends, breaks and cuts.

use expect_test::expect;

use super::puppet::{
    A, B, Puppet, Strings, close, datagram, deliver, fire, hit, once, puppets, start, step, stream, transcript, us,
    window,
};
use crate::{
    process::{Input, Reason},
    spec::{FaultKind, Setup},
    time::Window,
    trace::{Occurrence, Step, Target},
};

/// Says `one` and `two` at its start and `more` at 200 us, and what it is told.
const TALKER: Strings = Strings {
    start: |_, fx| {
        fx.send(B, "one");
        fx.send(B, "two");
        fx.arm("more", window(200, 200));
    },
    step: |input, fx| match input {
        Input::Timer(_) => fx.send(B, "more"),
        Input::Closed { .. } => fx.emit("closed"),
        Input::Message { .. } | Input::Request(_) => {}
    },
};

/// Says what it is told.
const LISTENER: Strings = Strings {
    start: |_, _| {},
    step: |input, fx| match input {
        Input::Message { .. } => fx.emit("told"),
        Input::Closed { .. } => fx.emit("closed"),
        Input::Timer(_) | Input::Request(_) => {}
    },
};

fn talk(kind: FaultKind<&'static str>) -> Setup<Puppet> {
    let mut setup = puppets(&[TALKER, LISTENER]);
    setup.links.connect(A, B, stream(5, 9));
    setup.faults.push(once(kind));
    setup
}

fn started() -> Vec<Step> {
    vec![step(0, start(B)), step(0, start(A))]
}

fn cut(held: Vec<u32>) -> Occurrence {
    let held = held.into_iter().map(|number| (A, B, number)).collect();
    Occurrence::Fault { fault: 0, target: Target::Cut { cut: 0, lost: Vec::new(), held } }
}

fn one_way(span: Window) -> FaultKind<&'static str> {
    FaultKind::Cut { cuts: vec![vec![(A, B)]], span }
}

fn then(setup: &Setup<Puppet>, steps: &[Step]) -> String {
    transcript(setup, started().into_iter().chain(steps.iter().cloned()).collect())
}

#[test]
fn a_message_whose_moment_comes_early_is_delivered_right_after_the_one_ahead() {
    let setup = talk(one_way(Window::ZERO));
    let steps = [step(6, deliver(A, B, 1)), step(8, deliver(A, B, 0)), step(8, deliver(A, B, 1))];
    expect![[r#"
        0    B    start
        0    A    start; send B: "one"; send B: "two"; arm "more" 200us
        6    A>B  wait for the one ahead
        8    A>B  deliver "one"; emit "told"
        8    A>B  deliver "two"; emit "told"
    "#]]
    .assert_eq(&then(&setup, &steps));
    let late = [step(6, deliver(A, B, 1)), step(8, deliver(A, B, 0)), step(9, deliver(A, B, 1))];
    assert!(then(&setup, &late).contains("by 8 us"));
}

#[test]
fn a_lost_message_breaks_both_ends_behind_what_was_sent_before() {
    let mut setup = talk(FaultKind::Loss { links: vec![(A, B)] });
    setup.nodes[1].config.start = |_, fx| fx.send(A, "hello");
    setup.nodes[1].config.step = |input, fx| {
        if let Input::Message { .. } = input {
            fx.send(A, "yes");
        }
    };
    let steps = [
        step(0, start(B)),
        step(0, start(A)).lost(1, 0),
        step(3, close(B, A, Reason::Timeout)),
        step(7, deliver(A, B, 0)),
        step(7, close(B, A, Reason::Timeout)),
        step(50, close(A, B, Reason::Timeout)),
    ];
    // What B had sent is lost with it, and what B answers on the broken connection is dropped.
    expect![[r#"
        0    B    start; send A: "hello"
        0    A    start; send B: "one"; send B: "two", lost; arm "more" 200us
        3    B    wait for the one ahead
        7    A>B  deliver "one"; send A: "yes"
        7    B    closed A Timeout
        50   A    closed B Timeout; emit "closed"
    "#]]
    .assert_eq(&transcript(&setup, steps.to_vec()));
}

#[test]
fn a_crash_resets_the_peer_behind_what_was_sent() {
    let setup = talk(FaultKind::Crash { nodes: vec![A], restart: None });
    let steps =
        [step(1, hit(A)), step(6, close(B, A, Reason::Reset)), step(8, deliver(A, B, 0)), step(9, deliver(A, B, 1))];
    let text = then(&setup, &[&steps[..], &[step(9, close(B, A, Reason::Reset))]].concat());
    expect![[r#"
        0    B    start
        0    A    start; send B: "one"; send B: "two"; arm "more" 200us
        1    A    crash A
        6    B    wait for the one ahead
        8    A>B  deliver "one"; emit "told"
        9    A>B  deliver "two"; emit "told"
        9    B    closed A Reset; emit "closed"
    "#]]
    .assert_eq(&text);
}

#[test]
fn nothing_sent_to_an_old_incarnation_reaches_a_new_one() {
    let setup = talk(FaultKind::Crash { nodes: vec![B], restart: Some(Window::ZERO) });
    let steps = [step(1, hit(B)), step(1, start(B)), step(5, deliver(A, B, 0))];
    assert!(then(&setup, &steps).contains("step 4: expected a pending event"));
    let steps = [step(1, hit(B)), step(1, start(B)), step(6, close(A, B, Reason::Reset))];
    assert!(then(&setup, &steps).contains("closed B Reset"));
}

#[test]
fn a_message_to_a_node_whose_process_is_down_is_refused() {
    let mut setup = talk(one_way(Window::ZERO));
    setup.nodes[1].start = window(300, 300);
    let steps = [
        step(0, start(A)),
        step(5, deliver(A, B, 0)),
        step(6, deliver(A, B, 1)),
        step(10, close(A, B, Reason::Refused)),
    ];
    expect![[r#"
        0    A    start; send B: "one"; send B: "two"; arm "more" 200us
        5    A>B  vanish: nobody is there
        6    A>B  vanish: nobody is there
        10   A    closed B Refused; emit "closed"
    "#]]
    .assert_eq(&transcript(&setup, steps.to_vec()));
}

#[test]
fn a_dead_machine_tells_nobody() {
    let setup = talk(FaultKind::Death { machines: vec![1], restart: None });
    let death = Occurrence::Fault { fault: 0, target: Target::Machine(1) };
    let steps = [step(1, death), step(200, fire(A, 0)), step(300, close(A, B, Reason::Timeout))];
    expect![[r#"
        0    B    start
        0    A    start; send B: "one"; send B: "two"; arm "more" 200us
        1    -    crash B
        200  A    fire "more"; send B: "more"
        300  A    closed B Timeout; emit "closed"
    "#]]
    .assert_eq(&then(&setup, &steps));
}

#[test]
fn who_talks_to_a_restarted_machine_is_reset() {
    let setup = talk(FaultKind::Death { machines: vec![1], restart: Some(us_window(2)) });
    let death = Occurrence::Fault { fault: 0, target: Target::Machine(1) };
    let told = |moment| {
        let steps = [
            step(1, death.clone()),
            step(3, start(B)),
            step(200, fire(A, 0)),
            step(moment, close(A, B, Reason::Reset)),
        ];
        then(&setup, &steps)
    };
    assert!(told(209).contains("from 210 us on"), "there and back");
    assert!(told(218).contains("closed B Reset"));
}

#[test]
fn an_opening_message_resets_an_end_that_knows_an_older_connection() {
    // A's machine dies and nobody tells B; the new life's first message does.
    let setup = talk(FaultKind::Death { machines: vec![0], restart: Some(us_window(20)) });
    let death = Occurrence::Fault { fault: 0, target: Target::Machine(0) };
    let steps = [
        step(5, deliver(A, B, 0)),
        step(5, deliver(A, B, 1)),
        step(6, death),
        step(26, start(A)),
        step(31, deliver(A, B, 2)),
        step(31, deliver(A, B, 2)),
        step(35, deliver(A, B, 3)),
    ];
    expect![[r#"
        0    B    start
        0    A    start; send B: "one"; send B: "two"; arm "more" 200us
        5    A>B  deliver "one"; emit "told"
        5    A>B  deliver "two"; emit "told"
        6    -    crash A
        26   A    start; send B: "one"; send B: "two"; arm "more" 200us
        31   A>B  closed A Reset; emit "closed"
        31   A>B  deliver "one"; emit "told"
        35   A>B  deliver "two"; emit "told"
    "#]]
    .assert_eq(&then(&setup, &steps));
}

#[test]
fn a_cut_holds_a_stream_from_the_chosen_message_until_it_heals() {
    let setup = talk(one_way(window(60, 60)));
    let steps = [
        step(1, cut(vec![1])),
        step(5, deliver(A, B, 0)),
        step(61, Occurrence::Heal { number: 0 }),
        step(111, deliver(A, B, 1)),
    ];
    expect![[r#"
        0    B    start
        0    A    start; send B: "one"; send B: "two"; arm "more" 200us
        1    -    cut A>B
        5    A>B  deliver "one"; emit "told"
        61   -    heal A>B
        111  A>B  deliver "two"; emit "told"
    "#]]
    .assert_eq(&then(&setup, &steps));
    assert!(then(&setup, &[step(1, cut(vec![1])), step(5, deliver(A, B, 1))]).contains("expected a pending event"));
    let late = [steps[0].clone(), steps[1].clone(), step(62, Occurrence::Heal { number: 0 })];
    assert!(then(&setup, &late).contains("by 61 us"));
}

#[test]
fn who_waits_longer_than_its_patience_drops_the_connection() {
    let setup = talk(one_way(window(150, 500)));
    let steps = [step(1, cut(vec![0])), step(101, close(A, B, Reason::Timeout)), step(150, deliver(A, B, 0))];
    expect![[r#"
        0    B    start
        0    A    start; send B: "one"; send B: "two"; arm "more" 200us
        1    -    cut A>B
        101  A    closed B Timeout; emit "closed"
    "#]]
    .assert_eq(&then(&setup, &steps[..2]));
    assert!(then(&setup, &steps).contains("step 4: expected a pending event"), "what was held is dropped");
    let healed = [step(1, cut(vec![0])), step(101, close(A, B, Reason::Reset))];
    assert!(then(&setup, &healed).contains("expected a pending event"));
}

#[test]
fn a_heal_in_time_ends_the_impatience() {
    let setup = talk(one_way(window(60, 60)));
    let steps = [
        step(1, cut(vec![0])),
        step(61, Occurrence::Heal { number: 0 }),
        step(70, deliver(A, B, 0)),
        step(101, close(A, B, Reason::Timeout)),
    ];
    assert!(then(&setup, &steps).contains("step 5: expected a pending event"), "nobody is told anything");
    assert!(!then(&setup, &steps[..3]).contains("expected"));
}

#[test]
fn a_cut_takes_datagrams_in_flight_and_what_is_sent_meanwhile() {
    let mut setup = talk(one_way(window(300, 300)));
    setup.links.connect(A, B, datagram(5, 9));
    let lost = vec![(A, B, 1, 0)];
    let cut = Occurrence::Fault { fault: 0, target: Target::Cut { cut: 0, lost, held: Vec::new() } };
    let steps = |last| vec![step(1, cut.clone()), step(9, deliver(A, B, 0)), last];
    assert!(then(&setup, &steps(step(14, deliver(A, B, 1)))).contains("step 4: expected a pending event"));
    let more = [steps(step(200, fire(A, 0))), vec![step(205, deliver(A, B, 2))]].concat();
    assert!(then(&setup, &more).contains("step 5: expected a pending event"));
}

fn us_window(span: i64) -> Window {
    Window::exactly(us(span))
}
