//! Small nets with answers that can be worked out by hand. Times are in seconds.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use crate::{
    timed::{
        Limits, Longest, Reach, Shortest, Stuck, Switches, longest, reach, shortest, stuck,
        testing::{Net, Rule, TableSpace},
    },
    world::space::{Automorphism, Cap, Edge, Marks, Origin, Space, StateId, Variable},
};

const S: i64 = 1_000_000;

fn net(windows: &[(i64, Option<i64>)], rules: &[Rule]) -> TableSpace {
    let micros = |(lo, hi): &(i64, Option<i64>)| (lo * S, hi.map(|hi| hi * S));
    Net { windows: windows.iter().map(micros).collect(), start: vec![0], rules: rules.to_vec(), budget: 1 }.space()
}

/// In a place an event happens and leads to a place, with new events.
fn on(place: u8, event: u8, target: u8, schedules: &[u8]) -> Rule {
    Rule { place, event: Some(event), target, schedules: schedules.to_vec(), ..Rule::default() }
}

/// In a place the adversary acts.
fn fault(place: u8, target: u8) -> Rule {
    Rule { place, target, ..Rule::default() }
}

impl Rule {
    fn marked(self, marks: Marks) -> Rule {
        Rule { marks, ..self }
    }
}

fn worst(space: &mut dyn Space, bound: Option<i64>) -> Longest {
    longest(space, bound, &Limits::default(), &Switches::default()).0
}

fn best(space: &mut dyn Space) -> Shortest {
    shortest(space, &Limits::default(), &Switches::default()).0
}

/// A period of 5 s; the next tick after a fault responds.
fn periodic() -> TableSpace {
    net(
        &[(0, Some(5)), (5, Some(5))],
        &[
            on(0, 0, 0, &[1]),
            on(0, 1, 0, &[1]),
            fault(0, 1).marked(Marks::TRIGGER),
            on(1, 0, 0, &[1]).marked(Marks::RESPONSE),
            on(1, 1, 0, &[1]).marked(Marks::RESPONSE),
        ],
    )
}

#[test]
fn a_fault_right_after_a_tick_waits_for_a_whole_period() {
    let Longest::Exact { micros, path } = worst(&mut periodic(), None) else { panic!("it is exact") };
    assert_eq!(micros, 5 * S);
    // The fault comes at once, the first tick as late as it can.
    assert_eq!(path.times, [0, 5 * S]);
    let Shortest::Exact { micros, path } = best(&mut periodic()) else { panic!("it is exact") };
    assert_eq!((micros, path.times.len()), (0, 2));
}

#[test]
fn a_worst_case_above_the_bound_is_still_exact() {
    for bound in [0, 1, 4 * S, 5 * S, 6 * S, 1_000 * S] {
        let Longest::Exact { micros, .. } = worst(&mut periodic(), Some(bound)) else { panic!("bound {bound}") };
        assert_eq!(micros, 5 * S);
    }
}

#[test]
fn a_stopwatch_is_read_at_every_step() {
    // After the trigger an event comes in 3 to 7 s, and no response ever; a discharge ends it.
    let mut space = net(
        &[(1, Some(1)), (3, Some(7)), (1, Some(2))],
        &[on(0, 0, 1, &[1]).marked(Marks::TRIGGER), on(1, 1, 2, &[2]), on(2, 2, 3, &[]).marked(Marks::DISCHARGE)],
    );
    assert!(matches!(worst(&mut space, None), Longest::Exact { micros, .. } if micros == 9 * S));
    assert_eq!(best(&mut space), Shortest::Uncompleted);
}

#[test]
fn without_a_trigger_there_is_no_worst_case() {
    let mut space = net(&[(1, Some(1))], &[on(0, 0, 0, &[0])]);
    assert_eq!(worst(&mut space, Some(S)), Longest::Untriggered);
}

#[test]
fn what_need_not_happen_is_no_end() {
    // After the trigger only an event without a latest moment is pending.
    let mut space = net(
        &[(1, Some(1)), (2, None)],
        &[on(0, 0, 1, &[1]).marked(Marks::TRIGGER), on(1, 1, 0, &[0]).marked(Marks::RESPONSE)],
    );
    let Longest::Never { path } = worst(&mut space, Some(S)) else { panic!("it never ends") };
    assert_eq!(path.times, [S]);
    assert!(matches!(best(&mut space), Shortest::Exact { micros, .. } if micros == 2 * S));
}

/// A lease of 10 s that the response waits for starts afresh with every election; elections come at least so far apart.
fn elections(apart: i64) -> TableSpace {
    net(
        &[(1, Some(1)), (10, Some(10)), (apart, None)],
        &[
            on(0, 0, 1, &[1, 2]).marked(Marks::TRIGGER),
            on(1, 2, 1, &[1, 2]),
            Rule { cancels: vec![2], ..on(1, 1, 2, &[]).marked(Marks::RESPONSE) },
        ],
    )
}

#[test]
fn elections_within_a_lease_keep_it_for_ever() {
    let Longest::Unbounded { path, from, turns, least, greatest } = worst(&mut elections(3), Some(20 * S)) else {
        panic!("each election starts the lease afresh")
    };
    assert_eq!((from, turns, least, greatest), (1, 3, 3 * S, 10 * S));
    // The trigger, then three elections, each as late as it may come.
    assert_eq!(path.times, [S, 11 * S, 21 * S, 31 * S]);
}

#[test]
fn turns_that_take_no_time_are_no_way_to_run_for_ever() {
    // Five deadlines, one after the other. During the first, something may happen again and again.
    let mut rules = vec![on(0, 0, 1, &[1, 2]).marked(Marks::TRIGGER), on(1, 2, 1, &[2])];
    rules.push(Rule { cancels: vec![2], ..on(1, 1, 2, &[1]) });
    rules.extend((2..5).map(|place| on(place, 1, place + 1, &[1])));
    rules.push(on(5, 1, 6, &[]).marked(Marks::RESPONSE));
    let windows = vec![(1, Some(1)), (10, Some(10)), (0, None)];
    let mut space = Net { windows, start: vec![0], rules, budget: 0 }.space();
    assert!(matches!(worst(&mut space, None), Longest::Exact { micros: 50, .. }));
}

#[test]
fn elections_further_apart_than_a_lease_do_not_matter() {
    assert!(matches!(worst(&mut elections(11), None), Longest::Exact { micros, .. } if micros == 10 * S));
}

#[test]
fn the_earlier_of_two_ordered_events_cannot_be_late() {
    // Two events within 10 s; from the second on, how long until the first?
    let space = |ordered| {
        net(
            &[(1, Some(1)), (0, Some(10)), (0, Some(10))],
            &[
                Rule { ordered, ..on(0, 0, 1, &[1, 2]) },
                on(1, 1, 3, &[]),
                on(1, 2, 2, &[]).marked(Marks::TRIGGER),
                on(2, 1, 3, &[]).marked(Marks::RESPONSE),
            ],
        )
    };
    assert!(matches!(worst(&mut space(None), None), Longest::Exact { micros, .. } if micros == 10 * S));
    assert!(matches!(worst(&mut space(Some((1, 2))), None), Longest::Exact { micros: 0, .. }));
}

#[test]
fn a_clock_that_stood_still_makes_an_event_late() {
    let mut space = net(
        &[(2, Some(2)), (10, Some(12))],
        &[
            on(0, 0, 1, &[1]).marked(Marks::TRIGGER),
            Rule { widens: Some((1, 4 * S)), ..fault(1, 1) },
            on(1, 1, 2, &[]).marked(Marks::RESPONSE),
        ],
    );
    assert!(matches!(worst(&mut space, None), Longest::Exact { micros, .. } if micros == 16 * S));
    assert!(matches!(best(&mut space), Shortest::Exact { micros, .. } if micros == 10 * S));
}

#[test]
fn a_violation_is_found_by_its_shortest_story() {
    // Two steps by the short way, three by the other; the short one needs the fault.
    let mut space = net(
        &[(1, Some(2)), (1, Some(3))],
        &[
            on(0, 0, 1, &[1]),
            on(1, 1, 2, &[1]),
            on(2, 1, 3, &[]).marked(Marks::VIOLATED),
            fault(0, 4),
            on(4, 0, 3, &[]).marked(Marks::VIOLATED),
        ],
    );
    let (answer, stats) = reach(&mut space, Marks::VIOLATED, &Limits::default(), &Switches::default());
    let Reach::Reached(path) = answer else { panic!("it is reachable") };
    assert_eq!(path.times, [0, S]);
    assert_eq!((stats.states, stats.hull_rounds), (6, 1));
    let (answer, _) = reach(&mut space, Marks::PROTOCOL_ERROR, &Limits::default(), &Switches::default());
    assert_eq!(answer, Reach::Unreachable);
}

#[test]
fn moments_are_as_round_as_they_can_be() {
    let mut space = TableSpace::default();
    let window = |lo, hi| Origin::Scheduled { lo, hi, number: 0 };
    let edge = |origins: &[Origin], target, marks| Edge {
        fires: Some(0),
        target,
        origins: origins.into(),
        ordered: Box::default(),
        marks,
        reads: false,
        label: 0,
    };
    let spans = [(1_200_000, 2_700_000), (210_000, 390_000), (1_234_000, 1_236_000), (7, 9)];
    space.start = vec![window(spans[0].0, spans[0].1)];
    for (number, (lo, hi)) in (1..).zip(&spans[1..]) {
        space.states.push(event_state(edge(&[window(*lo, *hi)], number, Marks::NONE)));
    }
    space.states.push(event_state(edge(&[], 4, Marks::REACHED)));
    space.states.push(Default::default());
    let (answer, _) = reach(&mut space, Marks::REACHED, &Limits::default(), &Switches::default());
    let Reach::Reached(path) = answer else { panic!("it is reachable") };
    assert_eq!(path.times, [2_000_000, 2_300_000, 3_534_000, 3_534_007]);
}

fn event_state(edge: Edge) -> crate::timed::testing::TableState {
    crate::timed::testing::TableState { variables: vec![Variable::Event], edges: vec![edge], automorphisms: vec![] }
}

#[test]
fn a_cycle_of_steps_at_one_instant_is_stuck() {
    let ask = |windows: &[(i64, Option<i64>)]| {
        let mut space = net(windows, &[on(0, 0, 1, &[1]), on(1, 1, 2, &[2]), on(2, 2, 1, &[1])]);
        stuck(&mut space, &Limits::default(), &Switches::default()).0
    };
    let Stuck::Yes(path) = ask(&[(1, Some(2)), (0, Some(0)), (0, Some(0))]) else { panic!("no time can pass") };
    assert_eq!(path.times, [S; 3]);
    assert_eq!(ask(&[(1, Some(2)), (0, Some(0)), (0, Some(1))]), Stuck::No { infinitely_fast: true });
    assert_eq!(ask(&[(1, Some(2)), (0, Some(0)), (1, Some(1))]), Stuck::No { infinitely_fast: false });
    assert_eq!(ask(&[(0, Some(0)), (0, Some(1)), (2, Some(3))]), Stuck::No { infinitely_fast: false });
}

#[test]
fn an_instant_that_no_run_reaches_is_not_stuck() {
    // The way into the cycle takes an event that another always precedes.
    let mut space = net(
        &[(1, Some(1)), (3, Some(4)), (5, Some(6)), (0, Some(0))],
        &[
            on(0, 0, 1, &[1, 2]),
            Rule { cancels: vec![2], ..on(1, 1, 0, &[0]) },
            Rule { cancels: vec![1], ..on(1, 2, 2, &[3]) },
            on(2, 3, 2, &[3]),
        ],
    );
    let (answer, _) = stuck(&mut space, &Limits::default(), &Switches::default());
    assert_eq!(answer, Stuck::No { infinitely_fast: false });
}

#[test]
fn an_end_by_a_limit_is_unknown_and_never_an_answer() {
    let cancel = Arc::new(AtomicBool::new(true));
    let canceled = Limits { cancel, ..Limits::default() };
    let memory = Limits { memory: 100, ..Limits::default() };
    let nothing = Limits { time: Some(std::time::Duration::ZERO), ..Limits::default() };
    for (limits, expected) in
        [(canceled, "interrupted"), (memory, "the memory budget is spent"), (nothing, "the time budget is spent")]
    {
        let (answer, _) = longest(&mut crowd(5), Some(S), &limits, &Switches::default());
        assert!(matches!(answer, Longest::Unknown { why, .. } if why == expected), "{expected}");
        let (answer, _) = reach(&mut crowd(5), Marks::VIOLATED, &limits, &Switches::default());
        assert_eq!(answer, Reach::Unknown(expected.into()));
    }
}

#[test]
fn a_declared_cap_that_is_reached_is_unknown() {
    let why = "messages in flight reached its cap of 4";
    let (answer, _) = reach(&mut Capped(periodic()), Marks::VIOLATED, &Limits::default(), &Switches::default());
    assert_eq!(answer, Reach::Unknown(why.into()));
    let (answer, _) = stuck(&mut Capped(periodic()), &Limits::default(), &Switches::default());
    assert_eq!(answer, Stuck::Unknown(why.into()));
}

/// A space of which one state cannot be expanded.
struct Capped(TableSpace);

impl Space for Capped {
    fn initial(&mut self) -> (StateId, Arc<[Origin]>) {
        self.0.initial()
    }

    fn edges(&mut self, state: StateId) -> Result<Arc<[Edge]>, Cap> {
        if state == 2 { Err(Cap { what: "messages in flight".into(), cap: 4 }) } else { self.0.edges(state) }
    }

    fn variables(&self, state: StateId) -> Arc<[Variable]> {
        self.0.variables(state)
    }

    fn automorphisms(&mut self, state: StateId) -> Arc<[Automorphism]> {
        self.0.automorphisms(state)
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// So many events that come again and again.
fn crowd(events: u8) -> TableSpace {
    let rules: Vec<Rule> = (0..events).map(|event| on(0, event, 0, &[event])).collect();
    let windows = (0..i64::from(events)).map(|event| (S + event, Some(2 * S + 3 * event))).collect();
    Net { windows, start: (0..events).collect(), rules, budget: 0 }.space()
}

#[test]
fn progress_is_told() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    let limits = Limits {
        progress: Some(Arc::new(move |progress| {
            assert!(progress.stats.steps > 0);
            counter.fetch_add(1, Ordering::Relaxed);
        })),
        ..Limits::default()
    };
    let (answer, stats) = reach(&mut crowd(5), Marks::VIOLATED, &limits, &Switches::default());
    assert_eq!(answer, Reach::Unreachable);
    assert_eq!(calls.load(Ordering::Relaxed), stats.steps.div_ceil(1024));
}
