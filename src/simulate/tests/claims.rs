//! What a replay confirms, and what it refuses.

use super::puppet::{A, B, IDLE, Puppet, Strings, fire, follow, hit, once, puppets, start, step, transcript, window};
use crate::{
    process::Effects,
    spec::{FaultKind, Form, Setup, Trigger},
    time::{Duration, Window},
    trace::{Claim, Occurrence, Step},
};

/// Asks at its start, answers at 10 us.
const ASKER: Strings = Strings {
    start: |_, fx| {
        fx.emit("ask");
        fx.arm("answer", window(10, 10));
    },
    step: |_, fx| fx.emit("answer"),
};

fn shows(setup: &Setup<Puppet>, form: Form, claim: Claim, steps: Vec<Step>) -> Result<Option<i64>, String> {
    follow(setup, form, claim, steps).map(|replayed| replayed.elapsed).map_err(|error| error.to_string())
}

#[test]
fn a_stopwatch_is_read_at_the_last_step_from_the_measured_one() {
    let setup = puppets(&[ASKER]);
    let steps = || vec![step(0, start(A)).measured(), step(10, fire(A, 0))];
    let read = |micros, steps| shows(&setup, Form::Within(Trigger::Anything), Claim::Elapsed { micros }, steps);
    assert_eq!(read(10, steps()), Ok(Some(10)));
    assert_eq!(read(11, steps()), Err("expected a stopwatch that reads 11 us at the last step, got 10 us".into()));
    let unmeasured = vec![step(0, start(A)), step(10, fire(A, 0))];
    assert_eq!(
        read(10, unmeasured),
        Err("expected a stopwatch that reads 10 us at the last step, got no stopwatch that runs".into())
    );
    let or_more = |micros| shows(&setup, Form::Within(Trigger::Anything), Claim::AtLeast { micros }, steps());
    assert_eq!(or_more(9), Ok(Some(10)));
    assert_eq!(or_more(10), Ok(Some(10)));
    let refusal = "expected a stopwatch that reads 11 us or more at the last step, got 10 us";
    assert_eq!(or_more(11), Err(refusal.into()));
    let elsewhere = vec![step(0, start(A)), step(10, fire(A, 0)).measured()];
    assert_eq!(read(10, elsewhere), Err("step 1: expected a stopwatch that this step starts, got none".into()));
}

#[test]
fn to_measure_does_not_change_the_digest() {
    let setup = puppets(&[ASKER]);
    let digest =
        |first| follow(&setup, Form::Within(Trigger::Anything), Claim::Run, vec![first]).expect("possible").digest;
    assert_eq!(digest(step(0, start(A)).measured()), digest(step(0, start(A))));
}

#[test]
fn a_stopwatch_is_read_at_steps_that_answer_nothing_too() {
    let mut setup = puppets(&[ASKER, IDLE]);
    setup.nodes[1].start = window(4, 4);
    let steps = vec![step(0, start(A)).measured(), step(4, start(B))];
    assert_eq!(shows(&setup, Form::Within(Trigger::Anything), Claim::Elapsed { micros: 4 }, steps), Ok(Some(4)));
}

#[test]
fn a_violation_is_at_the_last_step() {
    let mut setup = puppets(&[Strings { start: |_, fx| fx.emit("bad"), ..IDLE }, IDLE]);
    setup.nodes[1].start = window(4, 4);
    let shown = |steps| shows(&setup, Form::Never, Claim::Violation, steps).is_ok();
    assert!(shown(vec![step(0, start(A))]));
    assert!(!shown(vec![step(0, start(A)), step(4, start(B))]));
}

/// A holds from 0 to 10 us, B does what it is told at 4 us or later.
fn beside(b: fn(u32, &mut Effects<Puppet>), at: i64) -> Setup<Puppet> {
    let holder = Strings {
        start: |_, fx| {
            fx.emit("begin");
            fx.arm("end", window(10, 10));
        },
        step: |_, fx| fx.emit("end"),
    };
    let mut setup = puppets(&[holder, Strings { start: b, ..IDLE }]);
    setup.nodes[1].start = window(at, at);
    setup
}

#[test]
fn who_acts_within_another_interval_violates_its_ends_included() {
    let act = |at, first: Occurrence, second: Occurrence| {
        let setup = beside(|_, fx| fx.emit("act"), at);
        let steps = vec![step(0, start(A)), step(at.min(10), first), step(at.max(10), second)];
        follow(&setup, Form::Apart, Claim::Run, steps).expect("possible").seen.violated
    };
    assert_eq!(act(4, start(B), fire(A, 0)), Some(1));
    assert_eq!(act(11, fire(A, 0), start(B)), None);
}

#[test]
fn an_overlap_runs_while_two_parties_hold() {
    let setup = beside(|_, fx| fx.emit("begin"), 4);
    let steps = vec![step(0, start(A)), step(4, start(B)), step(10, fire(A, 0))];
    assert_eq!(shows(&setup, Form::Apart, Claim::Elapsed { micros: 6 }, steps), Ok(Some(6)));
}

#[test]
fn never_means_that_nothing_that_must_happen_is_left() {
    let silent = puppets(&[Strings { start: |_, fx| fx.emit("ask"), ..IDLE }]);
    let measured = || vec![step(0, start(A)).measured()];
    assert_eq!(shows(&silent, Form::Within(Trigger::Anything), Claim::Never, measured()), Ok(Some(0)));
    assert_eq!(
        shows(&puppets(&[ASKER]), Form::Within(Trigger::Anything), Claim::Never, measured()),
        Err("expected nothing that must happen after the last step, got timer 0 of A".into())
    );
    let mut hopeful = silent;
    hopeful.nodes[0].config.start = |_, fx| {
        fx.emit("ask");
        fx.arm("perhaps", Window::new(Duration::ZERO, Duration::NEVER));
    };
    assert_eq!(shows(&hopeful, Form::Within(Trigger::Anything), Claim::Never, measured()), Ok(Some(0)));
}

#[test]
fn a_cycle_is_so_many_equal_turns_while_the_stopwatch_runs() {
    let setup = puppets(&[Strings {
        start: |_, fx| {
            fx.emit("ask");
            fx.arm("again", window(3, 5));
        },
        step: |_, fx| fx.arm("again", window(3, 5)),
    }]);
    let steps = || vec![step(0, start(A)).measured(), step(3, fire(A, 0)), step(7, fire(A, 1)), step(12, fire(A, 2))];
    let cycle = |from, turns| shows(&setup, Form::Within(Trigger::Anything), Claim::Cycle { from, turns }, steps());
    assert_eq!(cycle(1, 3), Ok(Some(12)));
    assert_eq!(cycle(1, 2), Err("expected 2 turns of equally many steps, got 3 steps".into()));
    assert_eq!(cycle(0, 4), Err("expected the start of A in step 1 too, got timer 0 of A".into()));
    assert_eq!(cycle(9, 1), Err("expected 1 turns of equally many steps, got 0 steps".into()));
}

#[test]
fn renaming_a_timer_that_is_not_armed_breaks_the_contract() {
    let setup = puppets(&[Strings { start: |_, fx| fx.rename("none", "some"), ..IDLE }, IDLE]);
    let first = || vec![step(0, start(A))];
    assert!(shows(&setup, Form::Never, Claim::ProtocolError, first()).is_ok());
    assert_eq!(
        shows(&setup, Form::Never, Claim::Witness, first()),
        Err("expected Witness, got a rename of a timer that is not armed".into())
    );
    assert_eq!(
        shows(&setup, Form::Never, Claim::ProtocolError, vec![step(0, start(B))]),
        Err("expected ProtocolError, got no broken contract at the last step".into())
    );
    let on = vec![step(0, start(A)), step(0, start(B))];
    assert_eq!(
        shows(&setup, Form::Never, Claim::Run, on),
        Err("step 1: expected the end, as a process broke its contract, got another step".into())
    );
}

#[test]
fn time_is_stuck_only_if_the_last_steps_take_none() {
    let mut setup = puppets(&[IDLE, IDLE]);
    setup.nodes[1].start = window(0, 1);
    let starts = |at| shows(&setup, Form::Never, Claim::TimeStuck, vec![step(0, start(A)), step(at, start(B))]);
    assert!(starts(0).is_err(), "nothing is left that must happen at once");
    assert!(starts(1).is_err());
    let hasty = puppets(&[Strings {
        start: |_, fx| fx.arm("again", window(0, 0)),
        step: |_, fx| fx.arm("again", window(0, 0)),
    }]);
    let steps = vec![step(0, start(A)), step(0, fire(A, 0)), step(0, fire(A, 1))];
    assert_eq!(shows(&hasty, Form::Never, Claim::TimeStuck, steps), Ok(None));
}

#[test]
fn a_witness_shows_what_its_form_speaks_of() {
    let says = |event: fn(u32, &mut Effects<Puppet>), form| {
        let setup = puppets(&[Strings { start: event, ..IDLE }]);
        shows(&setup, form, Claim::Witness, vec![step(0, start(A))]).is_ok()
    };
    let all = [Form::Never, Form::Apart, Form::Within(Trigger::Anything), Form::Reachable];
    assert_eq!(all.map(|form| says(|_, fx| fx.emit("seen"), form)), [true, true, false, false]);
    assert_eq!(all.map(|form| says(|_, fx| fx.emit("begin"), form)), [false, true, false, false]);
    assert_eq!(all.map(|form| says(|_, fx| fx.emit("ask"), form)), [false, false, true, false]);
    assert_eq!(all.map(|form| says(|_, fx| fx.emit("goal"), form)), [false, false, false, true]);
}

#[test]
fn what_a_step_did_is_compared() {
    let setup = puppets(&[ASKER]);
    let mut told = step(0, start(A));
    told.did = vec!["start".into(), "emit \"ask\"".into(), "arm \"answer\" 10us".into()];
    assert!(!transcript(&setup, vec![told.clone()]).contains("expected"));
    told.did[1] = "emit \"answer\"".into();
    assert!(transcript(&setup, vec![told]).starts_with("step 0: expected [\"start\", \"emit \\\"answer\\\"\""));
}

#[test]
fn a_trace_of_other_nodes_or_another_format_or_without_steps_is_refused() {
    let setup = puppets(&[IDLE]);
    assert_eq!(transcript(&setup, Vec::new()), "expected at least one step, got none\n");
    let replayed = follow(&setup, Form::Never, Claim::Run, vec![step(0, start(A))]).expect("possible");
    assert_eq!(replayed.steps.len(), 1);
    assert_eq!(
        transcript(&setup, vec![step(0, start(B))]),
        "step 0: expected a pending event, got the start of node 1\n"
    );
}

#[test]
fn choices_need_a_step_of_a_process() {
    let mut setup = puppets(&[Strings { step: |_, fx| fx.emit("told"), ..IDLE }]);
    setup.faults.push(once(FaultKind::Pause { nodes: vec![A], span: window(5, 5) }));
    let steps = vec![step(0, start(A)), step(1, hit(A)).cut(0, 0)];
    assert!(transcript(&setup, steps).starts_with("step 1: expected no choices, as no process takes a step"));
}

#[test]
#[should_panic(expected = "A sends to n1, but the set-up has no link there: \"hello\"")]
fn a_send_without_a_link_is_an_error_of_the_set_up() {
    let setup = puppets(&[Strings { start: |_, fx| fx.send(B, "hello"), ..IDLE }, IDLE]);
    transcript(&setup, vec![step(0, start(A))]);
}
