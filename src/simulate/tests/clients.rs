//! Clients that ask a server again and again, under every fault: what runs have in common.

use std::sync::atomic::AtomicBool;

use crate::{
    process::{Effects, Id, Input, Lane, Me, NodeId, Process, Rank, Sort},
    simulate::{
        Draw, End, Options, Run, Strike, Strikes, failure, replay, run, shrink::tests::shrink_to_the_least, survey,
        told,
    },
    spec::{
        Carriage, Clock, Fault, FaultKind, Form, Happening, Link, Links, Node, Property, Setup, Signals, Tokens,
        Trigger,
    },
    time::{Drift, Duration, Window},
    trace::{Occurrence, Subject, Trace},
};

/// Asks with a new question each time; the answer is given up when the deadline of its question passes.
#[derive(Clone, PartialEq, Eq, Hash, Debug, tenure_derive::Names)]
enum Party {
    Client { question: Option<Id>, granted: bool },
    Server { last: Rank },
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, tenure_derive::Names)]
enum Talk {
    Question(Id),
    Answer(Id, Rank),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, tenure_derive::Names)]
enum Timer {
    /// When to ask again.
    Again,
    /// When the question is given up; becomes `Until` with its answer.
    GiveUp(Id),
    /// When the grant ends, counted from the question.
    Until,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, tenure_derive::Names)]
enum Event {
    Asked,
    Granted(Rank),
    Ended,
}

impl Process for Party {
    type Config = Option<NodeId>;
    type Message = Talk;
    type Timer = Timer;
    type Request = ();
    type Event = Event;
    type Durable = u32;

    fn start(me: &Me<'_, Party>, lives: u32, fx: &mut Effects<Party>) -> Party {
        fx.persist(lives + 1);
        match me.config {
            Some(server) => {
                let mut client = Party::Client { question: None, granted: false };
                client.ask(*server, fx);
                client
            }
            None => Party::Server { last: Rank::least(GRANTS) },
        }
    }

    fn step(&mut self, me: &Me<'_, Party>, input: Input<Party>, fx: &mut Effects<Party>) {
        match (&mut *self, input) {
            (Party::Client { .. }, Input::Timer(Timer::Again) | Input::Closed { .. }) => {
                self.ask(me.config.expect("a client has a server"), fx);
            }
            (Party::Client { question, granted }, Input::Message { message: Talk::Answer(id, rank), .. })
                if *question == Some(id) =>
            {
                *question = None;
                *granted = true;
                fx.rename(Timer::GiveUp(id), Timer::Until);
                fx.emit(Event::Granted(rank));
            }
            (Party::Client { granted, .. }, Input::Timer(Timer::Until)) => {
                *granted = false;
                fx.emit(Event::Ended);
            }
            (Party::Client { question, .. }, Input::Timer(Timer::GiveUp(_))) => *question = None,
            (Party::Client { granted: true, .. }, Input::Request(())) => fx.exit(),
            (Party::Server { last }, Input::Message { from, message: Talk::Question(id) }) => {
                *last = fx.fresh_rank(GRANTS);
                fx.send(from, Talk::Answer(id, *last));
            }
            // Answers to old questions, and what is not meant for this role.
            (_, Input::Message { .. } | Input::Request(()) | Input::Timer(_) | Input::Closed { .. }) => {}
        }
    }

    fn lane(message: &Talk) -> Lane {
        match message {
            Talk::Question(_) | Talk::Answer(..) => Lane(0),
        }
    }
}

impl Party {
    fn ask(&mut self, server: NodeId, fx: &mut Effects<Party>) {
        let Party::Client { question, .. } = self else { return };
        if let Some(old) = question.take() {
            fx.disarm(Timer::GiveUp(old));
        }
        let id = fx.fresh_id();
        *question = Some(id);
        fx.emit(Event::Asked);
        fx.arm(Timer::GiveUp(id), ms(60, 60));
        fx.arm(Timer::Again, ms(70, 90));
        fx.send(server, Talk::Question(id));
    }
}

const GRANTS: Sort = Sort(0);
const SERVER: NodeId = NodeId(0);

fn ms(lo: i64, hi: i64) -> Window {
    Window::new(Duration::from_millis(lo), Duration::from_millis(hi))
}

fn answered() -> Property<Party, ()> {
    let watch = |_: &mut (), happening: &Happening<'_, Party>, signals: &mut Signals| match happening {
        Happening::Emitted(_, Event::Asked) => signals.trigger = true,
        Happening::Emitted(node, Event::Granted(_)) => {
            signals.response = true;
            signals.begin.push(*node);
        }
        Happening::Emitted(node, Event::Ended) | Happening::Crashed(node) | Happening::Exited(node) => {
            signals.end.push(*node);
        }
        Happening::Started(_) | Happening::Paused(_) | Happening::Resumed(_) | Happening::Requested(..) => {}
    };
    Property {
        id: "answered",
        sentence: "",
        requirements: &[],
        form: Form::Within(Trigger::Anything),
        memory: (),
        watch,
    }
}

fn setup(carriage: Carriage) -> Setup<Party> {
    let node = |index: u16| Node {
        name: format!("n{index}"),
        config: (index > 0).then_some(SERVER),
        machine: index / 2,
        start: ms(0, 100),
        restart_after_exit: Some(ms(1, 30)),
        clock: Clock {
            drift: Drift::from_parts_per_million(20_000).expect("below a million"),
            reaction: Duration::from_millis(3),
        },
        group: None,
    };
    let mut links = Links::none(4);
    for client in 1..4 {
        links.connect(SERVER, NodeId(client), Link { carriage, delay: ms(1, 20), capacity: 9 });
    }
    Setup { nodes: (0..4).map(node).collect(), links, faults: Vec::new() }
}

fn stream() -> Carriage {
    Carriage::Stream { rto: Duration::from_millis(15), patience: Some(ms(40, 50)) }
}

/// Every fault class, in buckets.
fn everything(carriage: Carriage) -> Setup<Party> {
    let mut setup = setup(carriage);
    let nodes: Vec<NodeId> = setup.ids().collect();
    let links: Vec<(NodeId, NodeId)> = setup.links.iter().map(|(from, to, _)| (from, to)).collect();
    let (some, span) = (NodeId(2), ms(5, 80));
    let mut kinds = vec![
        FaultKind::Crash { nodes: nodes.clone(), restart: Some(ms(0, 40)) },
        FaultKind::Death { machines: vec![0, 1], restart: Some(ms(0, 60)) },
        FaultKind::Pause { nodes: nodes.clone(), span },
        FaultKind::Suspend { nodes: nodes.clone(), span },
        FaultKind::Loss { links: links.clone() },
        FaultKind::Cut { cuts: vec![links.clone(), vec![(some, SERVER)], vec![(SERVER, some)]], span },
        FaultKind::Request { nodes, request: () },
    ];
    if carriage == Carriage::Datagram {
        kinds.push(FaultKind::Duplicate { links });
    }
    let tokens = Tokens { at_most: 2, within: Some(Duration::from_millis(150)) };
    let fault = |(index, kind)| Fault { name: format!("fault-{index}"), tokens, kind };
    setup.faults = kinds.into_iter().enumerate().map(fault).collect();
    setup
}

fn options(draw: Draw, milli: i64) -> Options {
    Options {
        horizon: Duration::from_millis(milli),
        most_steps: 1_000_000,
        draw,
        strikes: Strikes::Every(Duration::from_millis(30)),
        plan: Vec::new(),
        record: true,
    }
}

fn trace(setup: &Setup<Party>, run: &Run) -> Trace {
    let subject = Subject {
        design: String::new(),
        hash: String::new(),
        file: String::new(),
        protocol: "clients".into(),
        property: "answered".into(),
        ledger: "everything".into(),
    };
    run.trace(setup, subject)
}

#[test]
fn every_run_is_accepted_by_the_replay() {
    for carriage in [Carriage::Datagram, stream()] {
        let setup = everything(carriage);
        for (draw, seeds) in [(Draw::Uniform, 400), (Draw::Corner, 400), (Draw::Climb, 4)] {
            for seed in 0..seeds {
                let run = run(&setup, &[answered()], seed, &options(draw, 1_000));
                let text = serde_json::to_string(&trace(&setup, &run)).expect("a trace is plain data");
                let trace: Trace = serde_json::from_str(&text).expect("written a moment ago");
                assert_eq!(trace.steps, run.steps);
                let replayed = replay(&setup, &answered(), &trace)
                    .unwrap_or_else(|error| panic!("{carriage:?} {draw:?} seed {seed}: {error}"));
                assert_eq!(replayed.digest, run.digest);
                assert_eq!([replayed.seen], *run.seen);
            }
        }
    }
}

/// What it goes on from is never given up for less.
#[test]
fn a_climb_waits_longer_than_draws_that_know_nothing_of_each_other() {
    let setup = everything(Carriage::Datagram);
    let longest = |draw, seeds: std::ops::Range<u64>| {
        let runs = seeds.map(|seed| run(&setup, &[answered()], seed, &options(draw, 300)));
        let waits = |run: Run| run.seen[0].readings.iter().filter_map(|one| one.response().map(|_| one.micros)).max();
        runs.filter_map(waits).max().expect("some wait is answered")
    };
    let draws = longest(Draw::Corner, 0..4 * super::super::RUNS_OF_A_CLIMB);
    let climbs = longest(Draw::Climb, 0..4);
    assert!(climbs > draws, "{climbs} us by as many runs that climb, {draws} us by others");
    assert_eq!(climbs, longest(Draw::Climb, 0..4));
}

#[test]
fn runs_meet_every_kind_of_step_and_choice() {
    let mut met = std::collections::BTreeMap::<String, u32>::new();
    for (carriage, seed) in
        [Carriage::Datagram, stream()].into_iter().flat_map(|carriage| (0..60).map(move |seed| (carriage, seed)))
    {
        let setup = everything(carriage);
        let run = run(&setup, &[answered()], seed, &options(Draw::Uniform, 1_000));
        let replayed = replay(&setup, &answered(), &trace(&setup, &run)).expect("possible");
        for did in replayed.steps.iter().flat_map(|step| &step.did) {
            *met.entry(did.split([' ', ':']).next().expect("a word").into()).or_default() += 1;
        }
        for choices in run.steps.iter().map(|step| &step.choices) {
            *met.entry("cut short".into()).or_default() += u32::from(choices.cut.is_some());
            *met.entry("lost".into()).or_default() += choices.lost.len() as u32;
            *met.entry("twice".into()).or_default() += choices.duplicated.len() as u32;
        }
    }
    let words = [
        "arm",
        "closed",
        "crash",
        "cut",
        "cut short",
        "deliver",
        "disarm",
        "emit",
        "exit",
        "fire",
        "heal",
        "lost",
        "pause",
        "persist",
        "refill",
        "rename",
        "request",
        "resume",
        "send",
        "start",
        "twice",
        "vanish",
        "wait",
    ];
    assert_eq!(met.keys().collect::<Vec<_>>(), words);
    assert!(met.values().all(|times| *times >= 20), "{met:?}");
}

#[test]
fn the_same_seed_gives_the_same_run_everywhere() {
    let digests = [Carriage::Datagram, stream()].map(|carriage| {
        let setup = everything(carriage);
        let digest = |seed| run(&setup, &[answered()], seed, &options(Draw::Uniform, 5_000)).digest;
        assert_eq!(digest(1), digest(1));
        [digest(1), digest(2)]
    });
    assert_eq!(digests, [[10499101302027111395, 8326854468730526833], [11421062926659215076, 8467771885437283373]]);
}

#[test]
fn a_run_without_a_record_is_the_same_run() {
    let setup = everything(stream());
    let options = options(Draw::Uniform, 1_000);
    let kept = run(&setup, &[answered()], 3, &options);
    let lean = run(&setup, &[answered()], 3, &Options { record: false, ..options });
    assert_eq!((lean.digest, lean.taken), (kept.digest, kept.taken));
    assert!(lean.steps.is_empty());
}

#[test]
fn corners_reach_the_worst_case_and_nothing_is_beyond_it() {
    let mut setup = setup(Carriage::Datagram);
    setup.nodes.truncate(2);
    setup.nodes[0].start = Window::ZERO;
    setup.nodes[1].start = ms(1, 100);
    let mut links = Links::none(2);
    links.connect(SERVER, NodeId(1), *setup.links.get(SERVER, NodeId(1)).expect("linked above"));
    setup.links = links;
    let calm = Options { strikes: Strikes::Never, ..options(Draw::Corner, 2_000) };
    let runs: Vec<Run> = (0..50).map(|seed| run(&setup, &[answered()], seed, &calm)).collect();
    assert!(runs.iter().all(|run| run.end == End::Horizon && run.seen[0].readings.len() > 15));
    let readings = || runs.iter().flat_map(|run| &run.seen[0].readings).filter(|reading| reading.response().is_some());
    // There and back.
    assert_eq!(readings().map(|reading| reading.micros).min(), Some(2_000));
    assert_eq!(readings().map(|reading| reading.micros).max(), Some(40_000));
}

#[test]
fn what_is_discharged_too_late_is_a_violation_and_no_measurement() {
    let watch = |(): &mut (), happening: &Happening<'_, Party>, signals: &mut Signals| match happening {
        Happening::Emitted(_, Event::Asked) => signals.trigger = true,
        Happening::Emitted(_, Event::Granted(_)) => signals.discharge = true,
        _ => {}
    };
    let discharged = [Property { watch, ..answered() }];
    let calm = Options { strikes: Strikes::Never, ..options(Draw::Corner, 2_000) };
    let findings = |bound| {
        let bounds = [Some(bound)];
        let stop = AtomicBool::new(false);
        let all = survey(&setup(Carriage::Datagram), &discharged, &bounds, 0..50, &calm, &stop, |_| ());
        all.findings.into_iter().next().expect("one for the property")
    };
    // There and back takes up to 40 ms, and no wait is as long as a run.
    let (late, in_time) = (findings(39_000), findings(2_000_000));
    assert!(late.violations > 0 && late.spans.greatest().is_some_and(|(longest, _)| longest > 39_000));
    assert_eq!((late.spans.count(), in_time.violations, in_time.spans.greatest()), (0, 0, None));
}

#[test]
fn a_fault_of_one_client_changes_nothing_for_the_others() {
    let calm = setup(Carriage::Datagram);
    let last = NodeId(3);
    let mut wild = calm.clone();
    let kind = FaultKind::Crash { nodes: vec![last], restart: Some(ms(0, 40)) };
    wild.faults.push(Fault { name: "crash".into(), tokens: Tokens::budget(3), kind });
    let elsewhere = |setup: &Setup<Party>, seed| {
        let run = run(setup, &[answered()], seed, &options(Draw::Uniform, 1_000));
        let crashes = run.used.len();
        let others = run.steps.iter().filter(|step| !format!("{:?}", step.what).contains("n3"));
        (crashes, others.map(|step| (step.at, step.what.clone())).collect::<Vec<_>>())
    };
    for seed in 0..20 {
        let ((none, calm), (some, wild)) = (elsewhere(&calm, seed), elsewhere(&wild, seed));
        assert!(none == 0 && some > 0, "only one run has crashes");
        assert_eq!(calm, wild);
    }
}

#[test]
fn a_plan_strikes_at_its_moments_and_nowhere_else() {
    let mut setup = setup(Carriage::Datagram);
    let restart = Some(Window::exactly(Duration::from_millis(50)));
    let crash = FaultKind::Crash { nodes: vec![NodeId(1)], restart };
    setup.faults.push(Fault { name: "crash".into(), tokens: Tokens::budget(3), kind: crash });
    let strike = |milli| Strike { at: Duration::from_millis(milli), fault: 0 };
    let options = Options { plan: vec![strike(300), strike(320), strike(500)], ..options(Draw::Uniform, 1_000) };
    for seed in 0..20 {
        let run = run(&setup, &[answered()], seed, &options);
        let crashes = run.steps.iter().filter(|step| matches!(step.what, Occurrence::Fault { .. }));
        assert_eq!(crashes.map(|step| step.at).collect::<Vec<_>>(), [300_000, 500_000]);
        assert_eq!(run.missed, 1, "at 320 ms the node is down");
        assert!(run.steps.iter().all(|step| step.choices.is_plain()));
    }
}

#[test]
fn a_failure_of_a_minute_with_eight_faults_shrinks_to_the_least() {
    let mut setup = everything(Carriage::Datagram);
    setup.faults.iter_mut().for_each(|fault| fault.tokens = Tokens::budget(1));
    // The server is there before anybody asks: without a fault an answer takes 40 ms at most.
    setup.nodes.iter_mut().for_each(|node| node.start = ms(1, 5));
    setup.nodes[0].start = Window::ZERO;
    let options = Options { strikes: Strikes::Spread, ..options(Draw::Uniform, 60_000) };
    let (property, bound) = (answered(), Some(130_000));
    let fails = |seed: &u64| {
        let run = run(&setup, std::slice::from_ref(&property), *seed, &options);
        run.used.len() == 8 && failure(property.form, bound, &run.seen[0], &run).is_some()
    };
    let seed = (0..1_000).find(fails).expect("some run fails with all eight faults");
    let began = std::time::Instant::now();
    let shrunk = shrink_to_the_least(&setup, &property, bound, seed, &options);

    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    println!("seed {seed}: {:?} -> {:?} in {:?}", shrunk.before, shrunk.size, began.elapsed());
    assert!(shrunk.minimal && shrunk.before.faults == 8 && (1..4).contains(&shrunk.size.faults), "{shrunk:#?}");
    assert!(shrunk.size.steps < 200 && shrunk.before.steps > 1_000, "{shrunk:#?}");
    let subject = trace(&setup, &run(&setup, &[answered()], seed, &options)).subject;
    let told = told(&setup, &property, subject, shrunk.steps, shrunk.failure).expect("it replays without the seed");
    assert_eq!(told.steps.len(), shrunk.size.steps);
}
