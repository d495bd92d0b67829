//! Crashes, deaths, pauses, requests, exits and tokens.

use expect_test::expect;

use super::puppet::{
    A, B, IDLE, Puppet, Strings, datagram, deliver, fire, hit, once, puppets, start, step, transcript, us, window,
};
use crate::{
    process::{Effects, Input},
    spec::{Fault, FaultKind, Setup, Tokens},
    time::Window,
    trace::{Occurrence, Target},
};

/// Keeps a 7 and says so, with a timer at 10 us.
const KEEPER: Strings = Strings {
    start: |durable, fx| {
        fx.emit(if durable == 7 { "kept" } else { "new" });
        fx.arm("t", window(10, 10));
        fx.persist(7);
        fx.emit("saved");
    },
    step: |_, fx| fx.emit("told"),
};

fn crash(restart: Option<Window>) -> FaultKind<&'static str> {
    FaultKind::Crash { nodes: vec![A], restart }
}

fn keeper(kind: FaultKind<&'static str>) -> Setup<Puppet> {
    let mut setup = puppets(&[KEEPER]);
    setup.faults.push(once(kind));
    setup
}

#[test]
fn a_crash_leaves_only_what_was_persisted() {
    let setup = keeper(crash(Some(window(5, 5))));
    let restarted = |cut| {
        let text = transcript(&setup, vec![step(0, start(A)).cut(cut, 0), step(5, start(A)), step(15, fire(A, 1))]);
        assert!(text.contains("fire"), "the new life has a timer of its own: {text}");
        text.contains("kept")
    };
    assert!(!restarted(2), "the crash came before the persist");
    assert!(restarted(3), "the crash came after the persist");
    expect!["step 2: expected a pending event, got timer 0 of A\n"]
        .assert_eq(&transcript(&setup, vec![step(0, start(A)), step(6, hit(A)), step(10, fire(A, 0))]));
}

#[test]
fn a_wipe_leaves_nothing() {
    let setup = keeper(FaultKind::Wipe { nodes: vec![A], restart: Some(window(5, 5)) });
    let steps = vec![step(0, start(A)), step(3, hit(A)), step(8, start(A)), step(18, fire(A, 1))];
    let text = transcript(&setup, steps);
    assert!(text.contains("lose the disk; crash") && text.contains("fire") && !text.contains("kept"), "{text}");
}

#[test]
fn a_restart_comes_within_its_window_after_the_fault() {
    let setup = keeper(crash(Some(window(5, 6))));
    let at = |moment| transcript(&setup, vec![step(0, start(A)), step(3, hit(A)), step(moment, start(A))]);
    assert!(at(7).contains("from 8 us on"));
    assert!(at(9).contains("start; emit \"kept\""));
    assert!(at(10).contains("by 9 us"));
}

#[test]
fn only_a_started_node_crashes_and_only_as_often_as_there_are_tokens() {
    let setup = keeper(crash(Some(window(0, 0))));
    expect!["step 0: expected whom \"fault\" may hit now, got Node(n0)\n"]
        .assert_eq(&transcript(&setup, vec![step(0, hit(A))]));
    let twice = vec![step(0, start(A)), step(1, hit(A)), step(1, start(A)), step(2, hit(A))];
    expect!["step 3: expected at most 1 of \"fault\", got one more\n"].assert_eq(&transcript(&setup, twice));
}

#[test]
fn a_token_of_a_bucket_comes_back_after_exactly_its_span() {
    let mut setup = keeper(crash(Some(window(0, 0))));
    setup.faults[0].tokens = Tokens { at_most: 1, within: Some(us(4)) };
    let back = |moment| {
        let refill = step(moment, Occurrence::Refill { fault: 0 });
        transcript(
            &setup,
            vec![step(0, start(A)), step(1, hit(A)), step(1, start(A)), refill, step(5, hit(A)), step(5, start(A))],
        )
    };
    assert!(back(5).lines().count() == 6, "the second crash has a token");
    assert!(back(4).contains("from 5 us on"));
    assert!(back(6).contains("by 5 us"));
}

#[test]
fn a_pause_between_check_and_act_lets_the_act_come_late() {
    let strings = Strings {
        start: |_, fx| fx.arm("check", window(1, 1)),
        step: |input, fx| {
            if let Input::Timer(_) = input {
                fx.emit("checked");
                fx.emit("acted");
            }
        },
    };
    let mut setup = puppets(&[strings]);
    setup.faults.push(once(FaultKind::Pause { nodes: vec![A], span: window(1, 9) }));
    let steps = vec![step(0, start(A)), step(1, fire(A, 0)).cut(1, 0), step(10, Occurrence::Resume { node: A })];
    expect![[r#"
        0    A    start; arm "check" 1us
        1    A    fire "check"; emit "checked"; pause A
        10   A    resume; emit "acted"
    "#]]
    .assert_eq(&transcript(&setup, steps));
}

#[test]
fn the_rest_of_a_paused_step_can_be_cut_again() {
    let mut setup = keeper(FaultKind::Pause { nodes: vec![A], span: window(1, 1) });
    setup.faults.push(Fault { name: "crash".into(), ..once(crash(None)) });
    let steps = vec![step(0, start(A)).cut(1, 0), step(1, Occurrence::Resume { node: A }).cut(2, 1)];
    expect![[r#"
        0    A    start; emit "new"; pause A
        1    A    resume; arm "t" 10us; persist 7; crash A
    "#]]
    .assert_eq(&transcript(&setup, steps));
}

/// A tells B something at once; B is hit by fault 0.
fn told(kind: FaultKind<&'static str>) -> Setup<Puppet> {
    let mut setup = puppets(&[
        Strings { start: |_, fx| fx.send(B, "hello"), ..IDLE },
        Strings { step: |_, fx| fx.emit("told"), ..IDLE },
    ]);
    setup.links.connect(A, B, datagram(5, 5));
    setup.nodes[1].clock.reaction = us(3);
    setup.faults.push(once(kind));
    setup
}

#[test]
fn what_comes_during_a_pause_is_delivered_within_the_reaction_after_it() {
    let setup = told(FaultKind::Pause { nodes: vec![B], span: window(8, 8) });
    let at = |moment| {
        let steps = vec![
            step(0, start(A)),
            step(0, start(B)),
            step(1, hit(B)),
            step(5, deliver(A, B, 0)),
            step(9, Occurrence::Resume { node: B }),
            step(moment, deliver(A, B, 0)),
        ];
        transcript(&setup, steps)
    };
    expect![[r#"
        0    A    start; send B: "hello"
        0    B    start
        1    B    pause B
        5    A>B  wait in the inbox
        9    B    resume
        12   A>B  deliver "hello"; emit "told"
    "#]]
    .assert_eq(&at(12));
    assert!(at(13).contains("by 12 us"));
}

#[test]
fn a_crash_cancels_the_resume_and_empties_the_inbox() {
    let mut setup = told(FaultKind::Pause { nodes: vec![B], span: window(8, 8) });
    let restart = Some(window(1, 1));
    setup.faults.push(Fault { name: "crash".into(), ..once(FaultKind::Crash { nodes: vec![B], restart }) });
    let crashed = |then| {
        let crash = Occurrence::Fault { fault: 1, target: Target::Node(B) };
        let steps = vec![
            step(0, start(A)),
            step(0, start(B)),
            step(1, hit(B)),
            step(5, deliver(A, B, 0)),
            step(6, crash),
            step(7, start(B)),
            step(9, then),
        ];
        transcript(&setup, steps)
    };
    assert!(crashed(Occurrence::Resume { node: B }).contains("step 6: expected a pending event"));
    assert!(crashed(deliver(A, B, 0)).contains("step 6: expected a pending event"));
}

#[test]
fn a_datagram_may_reach_a_later_incarnation() {
    let setup = told(FaultKind::Crash { nodes: vec![B], restart: Some(window(1, 9)) });
    let restarted = |moment| {
        let mut steps = vec![step(0, start(A)), step(0, start(B)), step(1, hit(B)), step(moment, start(B))];
        steps.push(step(5, deliver(A, B, 0)));
        steps.sort_by_key(|step| step.at);
        transcript(&setup, steps)
    };
    assert!(restarted(2).contains("deliver \"hello\""));
    assert!(restarted(6).contains("vanish"));
}

#[test]
fn a_death_takes_every_node_of_the_machine_and_their_starts() {
    let mut setup = puppets(&[IDLE, IDLE]);
    setup.nodes[1].machine = 0;
    setup.nodes[1].start = window(9, 9);
    setup.faults.push(once(FaultKind::Death { machines: vec![0], restart: Some(window(2, 20)) }));
    let death = Occurrence::Fault { fault: 0, target: Target::Machine(0) };
    let steps = |second| vec![step(0, start(A)), step(1, death.clone()), step(3, start(A)), step(second, start(B))];
    expect![[r#"
        0    A    start
        1    -    crash A
        3    A    start
        21   B    start
    "#]]
    .assert_eq(&transcript(&setup, steps(21)));
    assert!(transcript(&setup, steps(22)).contains("by 21 us"));
}

#[test]
fn a_request_is_asked_of_running_nodes() {
    let mut setup = puppets(&[KEEPER]);
    setup.faults.push(once(FaultKind::Request { nodes: vec![A], request: "stop" }));
    expect![[r#"
        0    A    start; emit "new"; arm "t" 10us; persist 7; emit "saved"
        1    A    request "stop"; emit "told"
    "#]]
    .assert_eq(&transcript(&setup, vec![step(0, start(A)), step(1, hit(A))]));
    assert!(transcript(&setup, vec![step(0, hit(A))]).contains("a running node"));
}

#[test]
fn an_exit_drops_the_rest_of_the_step_and_is_restarted() {
    fn leave(durable: u32, fx: &mut Effects<Puppet>) {
        if durable == 0 {
            fx.persist(1);
            fx.exit();
        }
        fx.emit("here");
    }
    let mut setup = puppets(&[Strings { start: leave, ..IDLE }]);
    setup.nodes[0].restart_after_exit = Some(window(4, 4));
    expect![[r#"
        0    A    start; persist 1; exit
        4    A    start; emit "here"
    "#]]
    .assert_eq(&transcript(&setup, vec![step(0, start(A)), step(4, start(A))]));
}

#[test]
fn messages_are_lost_and_doubled_as_chosen() {
    let mut setup = told(FaultKind::Loss { links: vec![(A, B)] });
    setup.faults.push(Fault { name: "twice".into(), ..once(FaultKind::Duplicate { links: vec![(A, B)] }) });
    let then = |first, copy| {
        let second = Occurrence::Deliver { from: A, to: B, number: 0, copy };
        transcript(&setup, vec![step(0, start(B)), first, step(5, deliver(A, B, 0)), step(5, second)])
    };
    let sent = || step(0, start(A));
    assert!(then(sent().lost(0, 0), 0).contains("step 2: expected a pending event"));
    assert!(then(sent(), 1).contains("step 3: expected a pending event"));
    expect![[r#"
        0    B    start
        0    A    start; send B: "hello", twice
        5    A>B  deliver "hello"; emit "told"
        5    A>B  deliver "hello"; emit "told"
    "#]]
    .assert_eq(&then(sent().duplicated(0, 1), 1));
    assert!(then(sent().lost(0, 1), 0).contains("expected a fault by which that send is Lost, got fault 1"));
    assert!(then(sent().lost(1, 0), 0).contains("expected a send among the first 1 effects, got effect 1"));
}
