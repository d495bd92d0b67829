//! The engines agree: exact zones, unit ticks and the event loop answer alike on random small designs.
//!
//! Zones and ticks share the world below them, the event loop shares nothing with it. Every run that the zones find is
//! run again by the event loop, and every run that the event loop draws is followed in the world.

mod support;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use rayon::prelude::*;
use support::puppet::Design;
use tenure::{
    simulate::{self, Draw, Strikes},
    spec::Form,
    ticks::{self, Survey},
    time::Duration,
    timed::{self, Longest, Reach, Shortest, Switches},
    trace::{Choices, Claim, FORMAT, Occurrence, Subject, Trace},
    world::{
        Focus, Reductions, World,
        space::{Marks, TimedPath},
    },
};

const SEEDS: u64 = 1_000;
/// Of them, at least so many are small enough to be explored tick by tick.
const COMPARED: usize = 300;
const CAP: i64 = 60;
const SITUATIONS: usize = 12_000;

#[test]
fn zones_ticks_and_the_event_loop_agree_on_random_designs() {
    let compared: Vec<Compared> = (0..SEEDS).into_par_iter().filter_map(compare).collect();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for one in &compared {
        *kinds.entry(one.kind).or_default() += 1;
    }
    let total = |count: fn(&Compared) -> usize| compared.iter().map(count).sum::<usize>();
    let (replayed, followed, read) = (total(|one| one.replayed), total(|one| one.followed), total(|one| one.read));
    println!(
        "{} designs compared: {kinds:?}; {replayed} runs of the checker replayed, {followed} runs of the event loop \
         followed, {read} of their readings within the bounds",
        compared.len()
    );
    assert!(compared.len() >= COMPARED, "only {} of {SEEDS} designs were small enough", compared.len());
    assert!(kinds.values().all(|count| *count >= 5) && kinds.len() >= 6, "every kind of answer is tried: {kinds:?}");
    assert!(replayed > COMPARED && followed > 5 * COMPARED && read > COMPARED);
}

#[test]
fn answers_do_not_depend_on_the_number_of_threads() {
    let answers = [1, 2, 4].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be started");
        pool.install(|| (0..60_u64).into_par_iter().map(answer).collect::<Vec<_>>())
    });
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}

#[test]
fn what_may_follow_a_moment_of_a_run_is_the_same_for_zones_and_ticks_and_has_the_rest_of_the_run() {
    let compared: Vec<(usize, usize)> = (0..400_u64).into_par_iter().map(compare_what_follows).collect();
    let total = |count: fn(&(usize, usize)) -> usize| compared.iter().map(count).sum::<usize>();
    let (moments, rests) = (total(|one| one.0), total(|one| one.1));
    println!("{moments} moments compared, {rests} rests of runs without a fault");
    assert!(moments > 300 && rests > 200, "{moments} {rests}");
}

/// How many moments of runs were compared, and from how many of them the run went on without a fault.
fn compare_what_follows(seed: u64) -> (usize, usize) {
    let (mut moments, mut rests) = (0, 0);
    let Design { setup, property } = Design::random(seed);
    for run_seed in 0..4 {
        let run = simulate::run(&setup, std::slice::from_ref(&property), run_seed, &run_options(run_seed));
        let count = run.steps.iter().take_while(|step| step.at <= 25).count() * (run_seed as usize + 1) / 4;
        let since = || World::since(setup.clone(), property.clone(), &run.steps[..count]);
        let (ours, mut world) = match (since(), since()) {
            (Ok(ours), Ok(world)) => (ours, world),
            (Err(mismatch), _) | (_, Err(mismatch)) if mismatch.why.contains("reached its cap") => continue,
            (Err(mismatch), _) | (_, Err(mismatch)) => panic!("design {seed}, run {run_seed}: {mismatch}"),
        };
        let shared: ticks::Shared = Arc::new(Mutex::new(ours));
        let Ok(seen) = ticks::survey(&shared, 1, CAP, ticks::Limits::states(SITUATIONS)).found else { continue };
        let limits = timed::Limits::default();
        let violated = match timed::reach(&mut world, Marks::VIOLATED, &limits, &Switches::default()).0 {
            Reach::Reached(_) => true,
            Reach::Unreachable => false,
            Reach::Unknown(_) => continue,
        };
        assert_eq!(violated, seen.marks.any(Marks::VIOLATED), "design {seed}, run {run_seed} after {count} steps");
        if seen.marks.any(Marks::PROTOCOL_ERROR) {
            continue;
        }
        moments += 1;
        let most = match timed::longest(&mut world, None, &limits, &Switches::default()).0 {
            Longest::Untriggered => Some(0),
            Longest::Exact { micros, .. } => Some(micros),
            _ => None,
        };
        let by_ticks = match seen.longest {
            _ if seen.never => None,
            None => Some(0),
            Some(ticks::Reading::Is(micros)) => Some(micros),
            Some(ticks::Reading::Above(_)) => None,
        };
        assert_eq!(most, by_ticks, "design {seed}, run {run_seed} after {count} steps");
        if run.steps[count..].iter().any(|step| {
            let Choices { cut, lost, duplicated, .. } = &step.choices;
            let befallen = cut.is_some() || !lost.is_empty() || !duplicated.is_empty();
            befallen || matches!(step.what, Occurrence::Fault { .. })
        }) {
            continue;
        }
        rests += 1;
        let shown = &run.seen[0];
        let spans = shown.readings.iter().filter(|one| one.response.is_none_or(|response| response >= count));
        let spans = spans.map(|one| one.micros).filter(|_| matches!(property.form, Form::Within(_)));
        let overlaps = shown.overlaps.iter().filter(|one| one.to.is_none_or(|to| to >= count)).map(|one| one.micros);
        for micros in spans.chain(overlaps) {
            assert!(most.is_none_or(|most| micros <= most), "design {seed}, run {run_seed}: {micros} of {most:?}");
        }
        assert!(violated || shown.violated.is_none_or(|step| step < count), "design {seed}, run {run_seed}");
    }
    (moments, rests)
}

fn run_options(run_seed: u64) -> simulate::Options {
    simulate::Options {
        horizon: Duration::from_micros(60),
        most_steps: 200,
        draw: if run_seed % 2 == 0 { Draw::Uniform } else { Draw::Corner },
        strikes: Strikes::Every(Duration::from_micros(8)),
        plan: Vec::new(),
        record: true,
    }
}

/// What one design showed.
struct Compared {
    kind: &'static str,
    replayed: usize,
    followed: usize,
    read: usize,
}

fn world(seed: u64, reductions: Reductions) -> World<support::puppet::Puppet, ()> {
    let design = Design::random(seed);
    World::new(design.setup, design.property, Focus::Check, reductions)
}

fn answer(seed: u64) -> (String, timed::Stats, String) {
    let mut world = world(seed, Reductions::ALL);
    let limits = timed::Limits { memory: 8 << 20, ..timed::Limits::default() };
    let (longest, stats) = timed::longest(&mut world, None, &limits, &Switches::default());
    let (shortest, _) = timed::shortest(&mut world, &limits, &Switches::default());
    (format!("{longest:?}"), stats, format!("{shortest:?}"))
}

/// `None` if the design is too large for ticks, or reaches a cap.
fn compare(seed: u64) -> Option<Compared> {
    let shared: ticks::Shared = Arc::new(Mutex::new(world(seed, Reductions::NONE)));
    let seen = ticks::survey(&shared, 1, CAP, ticks::Limits::states(SITUATIONS)).found.ok()?;
    let mut whole = world(seed, Reductions { ending: false, ..Reductions::ALL });
    let mut world = world(seed, Reductions::ALL);
    let limits = timed::Limits::default();
    let mut one = Compared { kind: "untriggered", replayed: 0, followed: 0, read: 0 };
    for (mark, claim) in [(Marks::VIOLATED, Claim::Violation), (Marks::PROTOCOL_ERROR, Claim::ProtocolError)] {
        match timed::reach(&mut whole, mark, &limits, &Switches::default()).0 {
            Reach::Reached(path) => {
                assert!(seen.marks.any(mark), "design {seed}: zones reach {mark:?}, ticks do not");
                replay(seed, &mut whole, &path, claim);
                one.replayed += 1;
                one.kind = if mark == Marks::VIOLATED { "violated" } else { "protocol error" };
            }
            Reach::Unreachable => assert!(!seen.marks.any(mark), "design {seed}: ticks reach {mark:?}, zones do not"),
            // The hull is wider than the ticks, and met a cap.
            Reach::Unknown(_) => return None,
        }
    }
    if seen.marks.any(Marks::PROTOCOL_ERROR) {
        // What is read after it means nothing.
        return Some(one);
    }
    let bounds = compare_readings(seed, &mut world, &seen, &mut one);
    draw_runs(seed, &mut world, &seen, bounds, &mut one);
    Some(one)
}

/// The shortest and the longest reading, where they are finite.
type Bounds = (Option<i64>, Option<i64>);

fn compare_readings(
    seed: u64,
    world: &mut World<support::puppet::Puppet, ()>,
    seen: &Survey,
    one: &mut Compared,
) -> Bounds {
    let limits = timed::Limits::default();
    let (longest, _) = timed::longest(world, None, &limits, &Switches::default());
    let (kind, most, shown) = match longest {
        Longest::Untriggered => {
            assert_eq!((seen.longest, seen.never), (None, false), "design {seed}");
            (one.kind, None, None)
        }
        Longest::Exact { micros, path } => {
            assert_eq!((seen.longest, seen.never), (Some(ticks::Reading::Is(micros)), false), "design {seed}");
            ("exact", Some(micros), Some((path, Claim::Elapsed { micros })))
        }
        Longest::Never { path } => {
            assert!(seen.never, "design {seed}: zones say never");
            ("never", None, Some((path, Claim::Never)))
        }
        Longest::Unbounded { path, from, turns, .. } => {
            assert_eq!((seen.longest, seen.never), (Some(ticks::Reading::Above(CAP)), false), "design {seed}");
            ("unbounded", None, Some((path, Claim::Cycle { from, turns })))
        }
        other => panic!("design {seed}: {other:?}, ticks {seen:?}"),
    };
    one.kind = if one.kind == "untriggered" { kind } else { one.kind };
    if let Some((path, claim)) = shown {
        replay(seed, world, &path, claim);
        one.replayed += 1;
    }
    let (shortest, _) = timed::shortest(world, &limits, &Switches::default());
    let least = match shortest {
        Shortest::Uncompleted => {
            assert_eq!(seen.shortest, None, "design {seed}");
            None
        }
        Shortest::Exact { micros, path } => {
            assert_eq!(seen.shortest, Some(ticks::Reading::Is(micros)), "design {seed}");
            replay(seed, world, &path, Claim::Elapsed { micros });
            one.replayed += 1;
            Some(micros)
        }
        other => panic!("design {seed}: {other:?}, ticks {:?}", seen.shortest),
    };
    (least, most)
}

/// The event loop runs it too, and it shows what it claims.
fn replay(seed: u64, world: &mut World<support::puppet::Puppet, ()>, path: &TimedPath, claim: Claim) {
    let Design { setup, property } = Design::random(seed);
    let steps = world.tell(path).unwrap_or_else(|mismatch| panic!("design {seed}: {mismatch}"));
    let nodes = setup.nodes.iter().map(|node| node.name.clone()).collect();
    let trace = Trace { tenure_trace: FORMAT, tool: "test".into(), subject: subject(), claim, nodes, steps };
    if let Err(error) = simulate::replay(&setup, &property, &trace) {
        panic!("design {seed}: {error}\n{:#?}\n{setup:#?}", trace.steps);
    }
    if let Err(mismatch) = world.follow(&trace) {
        panic!("design {seed}: the world does not follow its own run: {mismatch}\n{:#?}", trace.steps);
    }
}

/// Runs of the event loop are paths of the world, and stay within what was proved.
fn draw_runs(
    seed: u64,
    world: &mut World<support::puppet::Puppet, ()>,
    ticks: &Survey,
    (least, most): Bounds,
    one: &mut Compared,
) {
    let Design { setup, property } = Design::random(seed);
    for run_seed in 0..12 {
        let run = simulate::run(&setup, std::slice::from_ref(&property), run_seed, &run_options(run_seed));
        let trace = run.trace(&setup, subject());
        if let Err(mismatch) = world.follow(&trace) {
            panic!("design {seed}, run {run_seed}: {mismatch}\n{:#?}\n{setup:#?}", trace.steps);
        }
        one.followed += 1;
        let seen = &run.seen[0];
        assert!(seen.violated.is_none() || ticks.marks.any(Marks::VIOLATED), "design {seed}, run {run_seed}: violated");
        let read = |micros: i64, completed: bool| {
            assert!(most.is_none_or(|most| micros <= most), "design {seed}, run {run_seed}: {micros} of {most:?}");
            if completed {
                assert!(
                    least.is_some_and(|least| micros >= least),
                    "design {seed}, run {run_seed}: {micros}, {least:?}"
                );
            }
        };
        if matches!(property.form, Form::Within(_)) {
            for reading in &seen.readings {
                read(reading.micros, reading.response.is_some());
                one.read += 1;
            }
        }
        for overlap in &seen.overlaps {
            read(overlap.micros, false);
            one.read += 1;
        }
    }
}

fn subject() -> Subject {
    Subject {
        design: String::new(),
        hash: String::new(),
        file: "random".into(),
        protocol: "puppet".into(),
        property: "random".into(),
        ledger: "random".into(),
    }
}
