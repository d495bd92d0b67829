//! The engines agree on random small designs without sense: exact zones, the hull, unit ticks and the event loop.

#[path = "support/compare.rs"]
mod compare;
mod support;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use compare::{Case, Compared, Scale};
use rayon::prelude::*;
use support::puppet::{Design, Puppet};
use tenure::{
    simulate,
    spec::Form,
    ticks,
    timed::{self, Longest, Reach, Switches},
    trace::{Choices, Occurrence},
    world::{World, space::Marks},
};

const SEEDS: u64 = 900;
/// Of them, at least so many are small enough to be explored tick by tick.
const COMPARED: usize = 300;
/// Windows are a few microseconds.
const SCALE: Scale =
    Scale { tick: 1, cap: 60, situations: 12_000, memory: 1 << 30, seeds: 12, horizon: 60, strikes: 8 };

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
    let (asked, loose) = (total(|one| one.asked), total(|one| one.loose));
    println!("the hull contains what happens in all of them, and is loose in {loose} of {asked} questions");
    assert!(compared.len() >= COMPARED, "only {} of {SEEDS} designs were small enough", compared.len());
    assert!(kinds.values().all(|count| *count >= 5) && kinds.len() >= 6, "every kind of answer is tried: {kinds:?}");
    assert!(replayed > COMPARED && followed > 5 * COMPARED && read > COMPARED);
    assert!(asked > 2 * COMPARED && loose * 4 < asked, "the hull is loose in {loose} of {asked} questions");
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
        let run = simulate::run(&setup, std::slice::from_ref(&property), run_seed, &SCALE.options(run_seed));
        let count = run.steps.iter().take_while(|step| step.at <= 25).count() * (run_seed as usize + 1) / 4;
        let since = || World::since(setup.clone(), property.clone(), &run.steps[..count]);
        let (ours, mut world) = match (since(), since()) {
            (Ok(ours), Ok(world)) => (ours, world),
            (Err(mismatch), _) | (_, Err(mismatch)) if mismatch.why.contains("reached its cap") => continue,
            (Err(mismatch), _) | (_, Err(mismatch)) => panic!("design {seed}, run {run_seed}: {mismatch}"),
        };
        let shared: ticks::Shared = Arc::new(Mutex::new(ours));
        let Ok(seen) = ticks::survey(&shared, SCALE.tick, SCALE.cap, ticks::Limits::states(SCALE.situations)).found
        else {
            continue;
        };
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
        let spans = shown.readings.iter().filter(|one| one.end().is_none_or(|end| end >= count));
        let spans = spans.map(|one| one.micros).filter(|_| matches!(property.form, Form::Within(_)));
        let overlaps = shown.overlaps.iter().filter(|one| one.to.is_none_or(|to| to >= count)).map(|one| one.micros);
        for micros in spans.chain(overlaps) {
            assert!(most.is_none_or(|most| micros <= most), "design {seed}, run {run_seed}: {micros} of {most:?}");
        }
        assert!(violated || shown.violated.is_none_or(|step| step < count), "design {seed}, run {run_seed}");
    }
    (moments, rests)
}

fn case(seed: u64) -> Case<Puppet, ()> {
    let Design { setup, property } = Design::random(seed);
    Case { name: format!("design {seed}"), setup, property, scale: SCALE }
}

/// `None` if the design is too large for ticks, or reaches a cap.
fn compare(seed: u64) -> Option<Compared> {
    let case = case(seed);
    let ticks = case.ticks()?;
    Some(case.compare(Some(&ticks))?.1)
}

fn answer(seed: u64) -> String {
    let case = case(seed);
    Case { scale: Scale { memory: 8 << 20, ..SCALE }, ..case }.answer()
}
