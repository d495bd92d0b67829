//! Rules of the world, one by one: designs so small that their answers are worked out by hand. Microseconds.

use tenure::{
    process::{Effects, Input, Me, Names, NodeId, Process, Rank, Sort},
    simulate,
    spec::{
        Carriage, Clock, Fault, FaultKind, Form, Happening, Link, Links, Node, Property, Setup, Signals, Tokens,
        Trigger, Watch,
    },
    time::{Duration, Window},
    timed::{Limits, Longest, Reach, Shortest, Switches, longest, reach, shortest},
    trace::{Claim, FORMAT, Step, Subject, Trace},
    world::{Focus, Reductions, World, space::Marks},
};

const A: NodeId = NodeId(0);
const B: NodeId = NodeId(1);

/// Does what its node's functions say, and keeps the two ranks that it drew last.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
struct Puppet {
    older: Option<Rank>,
    newer: Option<Rank>,
}

#[derive(Clone, Copy, Debug)]
struct Strings {
    start: fn(u8, &mut Effects<Puppet>),
    step: fn(&mut Puppet, &Input<Puppet>, &mut Effects<Puppet>),
}

impl Process for Puppet {
    type Config = Strings;
    type Message = &'static str;
    type Timer = &'static str;
    type Request = &'static str;
    type Event = &'static str;
    type Durable = u8;

    fn start(me: &Me<'_, Puppet>, durable: u8, fx: &mut Effects<Puppet>) -> Puppet {
        (me.config.start)(durable, fx);
        Puppet { older: None, newer: None }
    }

    fn step(&mut self, me: &Me<'_, Puppet>, input: Input<Puppet>, fx: &mut Effects<Puppet>) {
        (me.config.step)(self, &input, fx);
    }
}

fn exactly(micros: i64) -> Window {
    Window::exactly(Duration::from_micros(micros))
}

fn within(lo: i64, hi: i64) -> Window {
    Window::new(Duration::from_micros(lo), Duration::from_micros(hi))
}

/// Nodes A, B, .. on machines of their own, all started at zero.
fn puppets(strings: &[Strings], faults: &[(Tokens, FaultKind<&'static str>)]) -> Setup<Puppet> {
    let node = |(index, strings): (usize, &Strings)| Node {
        name: ["A", "B"][index].into(),
        config: *strings,
        machine: index as u16,
        start: Window::ZERO,
        restart_after_exit: None,
        clock: Clock::default(),
        group: None,
    };
    let fault = |(tokens, kind): &(Tokens, FaultKind<&'static str>)| Fault {
        name: "fault".into(),
        tokens: *tokens,
        kind: kind.clone(),
    };
    Setup {
        nodes: strings.iter().enumerate().map(node).collect(),
        links: Links::none(strings.len()),
        faults: faults.iter().map(fault).collect(),
    }
}

fn world(setup: &Setup<Puppet>, form: Form, watch: Watch<Puppet, u8>) -> World<Puppet, u8> {
    let property = Property { id: "rule", sentence: "a rule", requirements: &[], form, memory: 0, watch };
    World::new(setup.clone(), property, Focus::Check, Reductions::PLAIN)
}

/// Whether some run has the mark.
fn is_possible(setup: &Setup<Puppet>, watch: Watch<Puppet, u8>, mark: Marks) -> bool {
    match reach(&mut world(setup, Form::Never, watch), mark, &Limits::default(), &Switches::default()).0 {
        Reach::Reached(_) => true,
        Reach::Unreachable => false,
        Reach::Unknown(why) => panic!("{why}"),
    }
}

/// The best and the worst case, from what happens at `trigger` to `response`.
fn span(setup: &Setup<Puppet>) -> (Shortest, Longest) {
    let ask = || world(setup, Form::Within(Trigger::Anything), measure);
    let limits = Limits::default();
    (shortest(&mut ask(), &limits, &Switches::default()).0, longest(&mut ask(), None, &limits, &Switches::default()).0)
}

fn measure(_: &mut u8, happening: &Happening<'_, Puppet>, signals: &mut Signals) {
    match *happening {
        Happening::Emitted(_, &"trigger") => signals.trigger = true,
        Happening::Emitted(_, &"response") => signals.response = true,
        Happening::Emitted(_, &"discharge") => signals.discharge = true,
        Happening::Emitted(_, &"again") => (signals.trigger, signals.response) = (true, true),
        _ => {}
    }
}

fn best(found: &Shortest) -> Option<i64> {
    if let Shortest::Exact { micros, .. } = found { Some(*micros) } else { None }
}

fn worst(found: &Longest) -> Option<i64> {
    if let Longest::Exact { micros, .. } = found { Some(*micros) } else { None }
}

/// After 3 from its start it responds.
const PROMPT: Strings = Strings {
    start: |_, fx| {
        fx.emit("trigger");
        fx.arm("due", exactly(3));
    },
    step: |_, input, fx| {
        if *input == Input::Timer("due") {
            fx.emit("response");
        }
    },
};

#[test]
fn what_is_due_at_a_paused_node_waits_for_its_resume() {
    let pause = FaultKind::Pause { nodes: vec![A], span: exactly(10) };
    let setup = puppets(&[PROMPT], &[(Tokens::budget(1), pause)]);
    let (soonest, latest) = span(&setup);
    assert_eq!((best(&soonest), worst(&latest)), (Some(3), Some(13)));
}

#[test]
fn a_paused_node_does_nothing() {
    let pause = FaultKind::Pause { nodes: vec![A], span: exactly(10) };
    let setup = puppets(&[PROMPT], &[(Tokens::budget(1), pause)]);
    let watch: Watch<Puppet, u8> = |paused, happening, signals| match *happening {
        Happening::Paused(_) => *paused = 1,
        Happening::Resumed(_) => (*paused, signals.reached) = (0, true),
        Happening::Emitted(..) => signals.violated = *paused == 1,
        _ => {}
    };
    assert!(is_possible(&setup, watch, Marks::REACHED));
    assert!(!is_possible(&setup, watch, Marks::VIOLATED));
}

#[test]
fn a_renamed_timer_keeps_its_moment() {
    let adopting = Strings {
        start: |_, fx| {
            fx.emit("trigger");
            fx.arm("asked", exactly(10));
            fx.arm("answer", exactly(4));
        },
        step: |_, input, fx| match input {
            Input::Timer("answer") => fx.rename("asked", "lease"),
            Input::Timer("lease") => fx.emit("response"),
            _ => {}
        },
    };
    let (soonest, latest) = span(&puppets(&[adopting], &[]));
    assert_eq!((best(&soonest), worst(&latest)), (Some(10), Some(10)));
}

#[test]
fn a_crash_takes_the_timers_with_it() {
    // No life after one that said so arms a timer.
    let short_lived = Strings {
        start: |durable, fx| {
            if durable == 0 {
                fx.persist(1);
                fx.arm("old", exactly(5));
                fx.emit("armed");
            }
        },
        step: |_, _, fx| fx.emit("fired"),
    };
    let crash = FaultKind::Crash { nodes: vec![A], restart: Some(exactly(1)) };
    let setup = puppets(&[short_lived], &[(Tokens::budget(1), crash)]);
    let watch: Watch<Puppet, u8> = |lives, happening, signals| match *happening {
        Happening::Emitted(_, &"armed") => *lives = 1,
        Happening::Crashed(_) if *lives == 1 => *lives = 2,
        Happening::Started(_) => signals.reached = *lives == 2,
        Happening::Emitted(..) => signals.violated = *lives == 2,
        _ => {}
    };
    assert!(is_possible(&setup, watch, Marks::REACHED));
    assert!(!is_possible(&setup, watch, Marks::VIOLATED));
}

#[test]
fn a_wipe_is_a_crash_that_takes_the_disk_along() {
    let keeper = Strings {
        start: |durable, fx| {
            fx.emit(if durable == 1 { "kept" } else { "new" });
            fx.persist(1);
            fx.emit("saved");
        },
        step: |_, _, _| {},
    };
    let watch: Watch<Puppet, u8> = |saved, happening, signals| match *happening {
        Happening::Emitted(_, &"saved") => *saved = 1,
        Happening::Emitted(_, &"kept") => signals.reached = true,
        Happening::Emitted(_, &"new") => signals.violated = *saved == 1,
        _ => {}
    };
    let once = |kind| puppets(&[keeper], &[(Tokens::budget(1), kind)]);
    let crash = once(FaultKind::Crash { nodes: vec![A], restart: Some(exactly(1)) });
    let wipe = once(FaultKind::Wipe { nodes: vec![A], restart: Some(exactly(1)) });
    assert!(is_possible(&crash, watch, Marks::REACHED) && !is_possible(&crash, watch, Marks::VIOLATED));
    assert!(!is_possible(&wipe, watch, Marks::REACHED) && is_possible(&wipe, watch, Marks::VIOLATED));
}

#[test]
fn a_crash_can_come_between_two_effects() {
    let careless = Strings {
        start: |durable, fx| {
            if durable == 0 {
                fx.persist(1);
                fx.emit("said");
            } else {
                fx.emit("came back");
            }
        },
        step: |_, _, _| {},
    };
    let watch: Watch<Puppet, u8> = |said, happening, signals| match *happening {
        Happening::Emitted(_, &"said") => *said = 1,
        Happening::Emitted(_, &"came back") => (signals.reached, signals.violated) = (true, *said == 0),
        _ => {}
    };
    let crash = FaultKind::Crash { nodes: vec![A], restart: Some(exactly(1)) };
    let setup = puppets(&[careless], &[(Tokens::budget(1), crash)]);
    assert!(is_possible(&setup, watch, Marks::REACHED));
    assert!(is_possible(&setup, watch, Marks::VIOLATED), "it persisted and said nothing");
}

/// A node that is down is asked nothing, so no crash before the step is the same.
#[test]
fn who_was_asked_can_crash_before_it_does_anything() {
    let obedient = Strings { start: |_, _| {}, step: |_, _, fx| fx.emit("done") };
    let watch: Watch<Puppet, u8> = |asked, happening, signals| match *happening {
        Happening::Requested(..) => *asked = 1,
        Happening::Emitted(..) => *asked = 0,
        Happening::Crashed(_) => signals.violated = *asked == 1,
        _ => {}
    };
    let crash = FaultKind::Crash { nodes: vec![A], restart: None };
    let request = FaultKind::Request { nodes: vec![A], request: "do" };
    let setup = puppets(&[obedient], &[(Tokens::budget(1), request), (Tokens::budget(1), crash)]);
    assert!(is_possible(&setup, watch, Marks::VIOLATED));
}

/// It comes back, and dies before anybody has heard of it.
#[test]
fn who_started_can_crash_before_it_does_anything() {
    let chatty = Strings { start: |_, fx| fx.emit("here"), step: |_, _, _| {} };
    let watch: Watch<Puppet, u8> = |silent, happening, signals| match *happening {
        Happening::Started(_) => *silent = 1,
        Happening::Emitted(..) => *silent = 0,
        Happening::Crashed(_) => signals.violated = *silent == 1,
        _ => {}
    };
    let crash = FaultKind::Crash { nodes: vec![A], restart: Some(exactly(1)) };
    let setup = puppets(&[chatty], &[(Tokens::budget(1), crash)]);
    assert!(is_possible(&setup, watch, Marks::VIOLATED));
}

/// Exiting is an end of its own, and a restart may follow the one and not the other.
#[test]
fn who_is_about_to_exit_can_crash_instead() {
    let leaving = Strings {
        start: |_, fx| {
            fx.emit("leaving");
            fx.exit();
        },
        step: |_, _, _| {},
    };
    let watch: Watch<Puppet, u8> = |leaving, happening, signals| match *happening {
        Happening::Emitted(..) => *leaving = 1,
        Happening::Crashed(_) => signals.violated = *leaving == 1,
        _ => {}
    };
    let crash = FaultKind::Crash { nodes: vec![A], restart: None };
    let setup = puppets(&[leaving], &[(Tokens::budget(1), crash)]);
    assert!(is_possible(&setup, watch, Marks::VIOLATED));
}

#[test]
fn a_disarmed_timer_is_not_delivered_though_it_was_due() {
    let hesitant = Strings {
        start: |_, fx| {
            fx.arm("work", exactly(2));
            fx.arm("alarm", within(1, 4));
        },
        step: |_, input, fx| match input {
            Input::Timer("work") => {
                fx.emit("began");
                fx.disarm("alarm");
                fx.emit("disarmed");
            }
            _ => fx.emit("fired"),
        },
    };
    let watch: Watch<Puppet, u8> = |disarmed, happening, signals| match *happening {
        Happening::Emitted(_, &"disarmed") => *disarmed = 1,
        Happening::Emitted(_, &"fired") => (signals.reached, signals.violated) = (true, *disarmed == 1),
        _ => {}
    };
    let pause = FaultKind::Pause { nodes: vec![A], span: exactly(5) };
    let setup = puppets(&[hesitant], &[(Tokens::budget(1), pause)]);
    assert!(is_possible(&setup, watch, Marks::REACHED), "it may be due before it is disarmed");
    assert!(!is_possible(&setup, watch, Marks::VIOLATED));
}

#[test]
fn a_token_comes_back_after_exactly_its_span() {
    let obedient = Strings { start: |_, _| {}, step: |_, _, fx| fx.emit("again") };
    let request = || FaultKind::Request { nodes: vec![A], request: "go" };
    let apart = |tokens: Tokens| best(&span(&puppets(&[obedient], &[(tokens, request())])).0);
    assert_eq!(apart(Tokens { at_most: 1, within: Some(Duration::from_micros(7)) }), Some(7));
    assert_eq!(apart(Tokens { at_most: 2, within: Some(Duration::from_micros(7)) }), Some(0));
    assert_eq!(apart(Tokens::budget(1)), None);
}

#[test]
fn a_stream_keeps_the_order_of_what_was_sent() {
    let talker = Strings {
        start: |_, fx| {
            fx.send(B, "first");
            fx.send(B, "second");
        },
        step: |_, _, _| {},
    };
    let listener = Strings {
        start: |_, _| {},
        step: |_, input, fx| {
            if let Input::Message { message, .. } = input {
                fx.emit(message);
            }
        },
    };
    let watch: Watch<Puppet, u8> = |first, happening, signals| match *happening {
        Happening::Emitted(_, &"first") => *first = 1,
        Happening::Emitted(_, &"second") => (signals.reached, signals.violated) = (true, *first == 0),
        _ => {}
    };
    let over = |carriage| {
        let mut setup = puppets(&[talker, listener], &[]);
        setup.links.connect(A, B, Link { carriage, delay: within(1, 5), capacity: 2 });
        [Marks::REACHED, Marks::VIOLATED].map(|mark| is_possible(&setup, watch, mark))
    };
    assert_eq!(over(Carriage::Stream { rto: Duration::ZERO, patience: None }), [true, false]);
    assert_eq!(over(Carriage::Datagram), [true, true]);
}

#[test]
fn a_later_rank_stays_above_an_earlier_one() {
    let drawing = Strings {
        start: |_, fx| fx.arm("draw", exactly(1)),
        step: |own, _, fx| {
            if own.older.is_some() {
                fx.emit(if own.older < own.newer { "ascending" } else { "descending" });
            }
            (own.older, own.newer) = (own.newer, Some(fx.fresh_rank(Sort(0))));
            fx.arm("draw", exactly(1));
        },
    };
    let watch: Watch<Puppet, u8> = |_, happening, signals| match *happening {
        Happening::Emitted(_, &"ascending") => signals.reached = true,
        Happening::Emitted(_, &"descending") => signals.violated = true,
        _ => {}
    };
    let setup = puppets(&[drawing], &[]);
    assert!(is_possible(&setup, watch, Marks::REACHED));
    assert!(!is_possible(&setup, watch, Marks::VIOLATED));
}

#[test]
fn an_interval_that_ends_in_the_step_in_which_it_began_measures_nothing() {
    let holder = Strings {
        start: |_, fx| {
            fx.emit("begin");
            fx.arm("end", exactly(9));
        },
        step: |_, _, fx| fx.emit("end"),
    };
    let brief = Strings {
        start: |_, fx| {
            fx.arm("brief", exactly(3));
            fx.arm("late", exactly(4));
        },
        step: |_, input, fx| {
            fx.emit("begin");
            if *input == Input::Timer("brief") {
                fx.emit("end");
            }
        },
    };
    let watch: Watch<Puppet, u8> = |_, happening, signals| match *happening {
        Happening::Emitted(node, &"begin") => signals.begin.push(node),
        Happening::Emitted(node, &"end") => signals.end.push(node),
        _ => {}
    };
    let setup = puppets(&[holder, brief], &[]);
    let mut world = world(&setup, Form::Apart, watch);
    let (found, _) = longest(&mut world, None, &Limits::default(), &Switches::default());
    let Longest::Exact { micros: 5, path } = found else { panic!("from 4 to 9: {found:?}") };
    assert_eq!(replayed(&setup, Form::Apart, watch, 5, world.tell(&path)), Ok(Some(5)));
}

/// What the event loop reads at the end of the same steps.
fn replayed(
    setup: &Setup<Puppet>,
    form: Form,
    watch: Watch<Puppet, u8>,
    micros: i64,
    steps: Result<Vec<Step>, impl std::fmt::Debug>,
) -> Result<Option<i64>, simulate::ReplayError> {
    let steps = steps.expect("the path is one of its world");
    let text = String::new;
    let (design, hash, file, protocol) = (text(), text(), text(), text());
    let subject = Subject { design, hash, file, protocol, property: "rule".into(), ledger: text() };
    let nodes = setup.nodes.iter().map(|node| node.name.clone()).collect();
    let claim = Claim::Elapsed { micros };
    let trace = Trace { tenure_trace: FORMAT, tool: "test".into(), subject, claim, nodes, steps };
    let property = Property { id: "rule", sentence: "a rule", requirements: &[], form, memory: 0, watch };
    simulate::replay(setup, &property, &trace).map(|replayed| replayed.elapsed)
}

/// What is discharged and begins anew in one step was read before it was discharged.
#[test]
fn a_stopwatch_that_ends_in_the_step_that_starts_it_again_is_read_there() {
    let idle = Strings { start: |_, _| {}, step: |_, _, _| {} };
    let watch: Watch<Puppet, u8> = |_, happening, signals| match *happening {
        Happening::Started(_) => signals.discharge = true,
        Happening::Crashed(_) => signals.trigger = true,
        _ => {}
    };
    let crash = |after| FaultKind::Crash { nodes: vec![A], restart: Some(exactly(after)) };
    let setup = puppets(&[idle], &[(Tokens::budget(1), crash(7)), (Tokens::budget(1), crash(0))]);
    let mut world = world(&setup, Form::Within(Trigger::Anything), watch);
    let (found, _) = longest(&mut world, None, &Limits::default(), &Switches::default());
    let Longest::Exact { micros: 7, path } = found else { panic!("from the first crash to the start: {found:?}") };
    assert_eq!(replayed(&setup, Form::Within(Trigger::Anything), watch, 7, world.tell(&path)), Ok(Some(7)));
}

/// A machine on which nothing runs dies too, and what was on it starts when it comes back.
#[test]
fn a_death_brings_back_what_had_ended() {
    let brief = Strings { start: |_, fx| fx.exit(), step: |_, _, _| {} };
    let watch: Watch<Puppet, u8> = |ended, happening, signals| match happening {
        Happening::Exited(_) => *ended = 1,
        Happening::Crashed(_) => *ended = 0,
        Happening::Started(_) => signals.violated = *ended == 1,
        _ => {}
    };
    let death = |restart| FaultKind::Death { machines: vec![0], restart };
    let possible = |restart| {
        let setup = puppets(&[brief], &[(Tokens::budget(1), death(restart))]);
        is_possible(&setup, watch, Marks::VIOLATED)
    };
    assert!(possible(Some(exactly(3))));
    assert!(!possible(None));
}

#[test]
fn a_discharge_is_no_response() {
    let excused = Strings {
        start: |_, fx| {
            fx.emit("trigger");
            fx.arm("excuse", within(1, 9));
            fx.arm("answer", exactly(5));
        },
        step: |_, input, fx| {
            fx.emit(if *input == Input::Timer("excuse") { "discharge" } else { "response" });
        },
    };
    let (soonest, latest) = span(&puppets(&[excused], &[]));
    assert_eq!((best(&soonest), worst(&latest)), (Some(5), Some(5)));
}
