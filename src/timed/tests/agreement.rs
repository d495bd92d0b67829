//! Zones and ticks agree on random nets: in verdict, worst and best case, and length of the shortest story.

use std::sync::LazyLock;

use super::ticks::{CAP, Facts, elapsed, facts, replay};
use crate::{
    timed::{
        Limits, Longest, Notes, Query, Reach, Shortest, Switches,
        bounds::{NOTHING, Promises},
        longest, reach, shortest,
        testing::{Net, TableSpace, Twins},
    },
    world::space::{Marks, TimedPath},
};

const NETS: u64 = 420;

/// Nets that are small enough for ticks, and what ticks say of them.
fn nets() -> impl Iterator<Item = (u64, TableSpace, &'static Facts)> {
    static FACTS: LazyLock<Vec<(u64, Facts)>> =
        LazyLock::new(|| (0..NETS).filter_map(|seed| Some((seed, facts(&Net::random(seed).space())?))).collect());
    FACTS.iter().map(|(seed, facts)| (*seed, Net::random(*seed).space(), facts))
}

#[test]
fn worst_cases_are_those_of_ticks() {
    let (mut compared, mut unbounded, mut exceeding) = (0, 0, Vec::new());
    for (seed, mut space, facts) in nets() {
        compared += 1;
        let (answer, _) = longest(&mut space, None, &Limits::default(), &Switches::default());
        match answer {
            Longest::Untriggered => assert!(!facts.triggered, "net {seed}"),
            Longest::Never { path } => {
                assert!(facts.never, "net {seed}");
                let last = replay(&space, &path);
                assert!(last.points.iter().any(|point| elapsed(point).is_some()), "net {seed}");
            }
            Longest::Exact { micros, path } => {
                assert!(!facts.never, "net {seed}");
                assert_eq!(Some(micros.min(CAP)), facts.longest, "net {seed}");
                assert!(replay(&space, &path).readings.contains(&micros.min(CAP)), "net {seed}");
            }
            Longest::Unbounded { path, from, turns, least, greatest } => {
                unbounded += 1;
                assert!(!facts.never && least >= 1 && least <= greatest, "net {seed}");
                assert_eq!(facts.longest, Some(CAP), "net {seed}");
                let length = (path.steps.len() - from) / turns;
                assert_eq!(from + turns * length, path.steps.len(), "net {seed}");
                replay(&space, &path);
                // Every turn takes time, within what one can take, and the stopwatch runs at its end.
                let end = |turn| if from + turn * length == 0 { 0 } else { path.times[from + turn * length - 1] };
                for turn in 1..=turns {
                    let spent = end(turn) - end(turn - 1);
                    assert!(least <= spent && spent <= greatest, "net {seed}");
                    let upto = from + turn * length;
                    let part = TimedPath { steps: path.steps[..upto].into(), times: path.times[..upto].into() };
                    assert!(replay(&space, &part).points.iter().any(|point| elapsed(point).is_some()), "net {seed}");
                }
            }
            Longest::Exceeds { cap, path } => {
                exceeding.push(seed);
                assert_eq!(facts.longest, Some(CAP), "net {seed}");
                assert!(!facts.never && replay(&space, &path).readings.contains(&cap.min(CAP)), "net {seed}");
            }
            Longest::Between { .. } | Longest::Unknown { .. } => panic!("net {seed}: {answer:?}"),
        }
    }
    println!("{compared} nets, {unbounded} unbounded, {exceeding:?} without a cycle");
    assert!(compared >= 300, "only {compared} nets are small enough");
    assert!(unbounded >= 10, "only {unbounded} nets are unbounded");
    assert_eq!(exceeding, [0; 0], "every net without a worst case has a cycle");
}

#[test]
fn best_cases_are_those_of_ticks() {
    let mut completed = 0;
    for (seed, mut space, facts) in nets() {
        let (answer, _) = shortest(&mut space, &Limits::default(), &Switches::default());
        match answer {
            Shortest::Uncompleted => assert_eq!(facts.shortest, None, "net {seed}"),
            Shortest::Exact { micros, path } => {
                completed += 1;
                assert_eq!(facts.shortest, Some(micros.min(CAP)), "net {seed}");
                assert!(replay(&space, &path).readings.contains(&micros.min(CAP)), "net {seed}");
            }
            Shortest::Between { .. } | Shortest::Unknown { .. } => panic!("net {seed}: {answer:?}"),
        }
    }
    assert!(completed >= 50, "only {completed} nets have a response");
}

#[test]
fn violations_are_those_of_ticks_and_their_stories_are_shortest() {
    let (mut reached, mut unreachable) = (0, 0);
    for (seed, mut space, facts) in nets() {
        let (answer, _) = reach(&mut space, Marks::VIOLATED, &Limits::default(), &Switches::default());
        match answer {
            Reach::Unreachable => {
                unreachable += 1;
                assert_eq!(facts.violated, None, "net {seed}");
            }
            Reach::Reached(path) => {
                reached += 1;
                assert_eq!(facts.violated, Some(path.steps.len()), "net {seed}");
                assert!(replay(&space, &path).marks.any(Marks::VIOLATED), "net {seed}");
            }
            Reach::Unknown(why) => panic!("net {seed}: {why}"),
        }
    }
    assert!(reached >= 30 && unreachable >= 30, "{reached} reached, {unreachable} not");
}

/// Searches from both ends take turns, and each goes on where it was.
#[test]
fn whoever_has_little_patience_sees_the_same() {
    let (mut reached, mut unreachable) = (0, 0);
    let (limits, switches) = (Limits::default(), Switches::default());
    for (seed, mut space, facts) in nets() {
        for patience in [1, 3, 8] {
            let ask = |query: &mut Query<'_>| query.reach(Marks::VIOLATED, patience);
            let (answer, _) = Notes::default().ask(&mut space, &limits, &switches, ask);
            let answer = answer.expect("a small net reaches no limit");
            assert_eq!(matches!(answer, Reach::Reached(_)), facts.violated.is_some(), "net {seed}, {patience}");
            if let Reach::Reached(path) = answer {
                reached += 1;
                assert!(replay(&space, &path).marks.any(Marks::VIOLATED), "net {seed}, {patience}");
            } else {
                unreachable += 1;
            }
        }
    }
    assert!(reached >= 90 && unreachable >= 90, "{reached} reached, {unreachable} not");
}

#[test]
fn the_hull_contains_what_ticks_see() {
    let (mut loose, mut compared) = (0, 0);
    for (seed, mut space, facts) in nets() {
        let limits = Limits::default();
        let mut net = crate::timed::net::Net::with(&mut space, true, Vec::new());
        let hull = crate::timed::hull::Hull::explore(&mut net, CAP, &mut crate::timed::budget::Meter::new(&limits))
            .expect("a small net has a small hull");
        let most = Promises::of(&hull, |_, out| out.and_then(|out| out.reading).map_or(NOTHING, |read| read.most));
        let least = Promises::of(&hull, |_, out| match out {
            Some(out) if out.reads => out.reading.map_or(NOTHING, |read| -read.least),
            _ => NOTHING,
        });
        let violated = Promises::of(&hull, |_, out| i64::from(out.is_some_and(|out| out.marks.any(Marks::VIOLATED))));
        assert!(most.most() >= facts.longest.unwrap_or(NOTHING), "net {seed}");
        assert!(least.most() >= facts.shortest.map_or(NOTHING, |shortest| -shortest), "net {seed}");
        assert!(violated.most() >= i64::from(facts.violated.is_some()), "net {seed}");
        compared += 1;
        loose += u32::from(
            most.most().min(CAP) > facts.longest.unwrap_or(NOTHING)
                || (violated.most() == 1) != facts.violated.is_some(),
        );
    }
    println!("the hull is loose on {loose} of {compared} nets");
    assert!(loose * 4 < compared, "the hull is loose on {loose} of {compared} nets");
}

#[test]
fn switches_change_no_answer() {
    let plain = Switches { symmetry: false, inclusion: false, pruning: false };
    for seed in 0..120 {
        let mut space = Net::random(seed).space();
        let limits = Limits { memory: 20 << 20, ..Limits::default() };
        let class = |answer: &Longest| match answer {
            Longest::Exact { micros, .. } => (1, *micros),
            Longest::Untriggered => (2, 0),
            Longest::Never { .. } => (3, 0),
            _ => (4, 0),
        };
        let (one, _) = longest(&mut space, None, &limits, &Switches::default());
        let (other, _) = longest(&mut space, None, &limits, &plain);
        if !matches!(other, Longest::Unknown { .. }) {
            assert_eq!(class(&one), class(&other), "net {seed}");
        }
        let (one, _) = reach(&mut space, Marks::VIOLATED, &limits, &Switches::default());
        let (other, _) = reach(&mut space, Marks::VIOLATED, &limits, &plain);
        let length = |answer: &Reach| if let Reach::Reached(path) = answer { Some(path.steps.len()) } else { None };
        assert_eq!(length(&one), length(&other), "net {seed}");
    }
}

#[test]
fn interchangeable_parts_are_searched_in_one_order_and_answers_stay() {
    let without = Switches { symmetry: false, ..Switches::default() };
    let (mut compared, mut renamed, mut zones) = (0, 0, [0, 0]);
    for seed in 0..300 {
        let mut space = Twins::random(seed).space();
        let Some(facts) = facts(&space) else { continue };
        compared += 1;
        for (index, switches) in [Switches::default(), without].iter().enumerate() {
            let (worst, stats) = longest(&mut space, None, &Limits::default(), switches);
            zones[index] += stats.zones;
            match worst {
                Longest::Untriggered => assert!(!facts.triggered, "twins {seed}"),
                Longest::Exact { micros, path } => {
                    assert_eq!(facts.longest, Some(micros.min(CAP)), "twins {seed}");
                    assert!(replay(&space, &path).readings.contains(&micros.min(CAP)), "twins {seed}");
                    renamed += renamings(&path);
                }
                Longest::Unbounded { path, .. } => {
                    assert_eq!(facts.longest, Some(CAP), "twins {seed}");
                    replay(&space, &path);
                    renamed += renamings(&path);
                }
                _ => panic!("twins {seed}: {worst:?}"),
            }
            let (violated, _) = reach(&mut space, Marks::VIOLATED, &Limits::default(), switches);
            let length = if let Reach::Reached(path) = violated {
                replay(&space, &path);
                renamed += renamings(&path);
                Some(path.steps.len())
            } else {
                None
            };
            assert_eq!(length, facts.violated, "twins {seed}");
        }
    }
    assert!(compared >= 100 && renamed >= 20, "{compared} twins, {renamed} steps renamed");
    assert!(zones[0] < zones[1], "{} zones with symmetry, {} without", zones[0], zones[1]);
}

fn renamings(path: &TimedPath) -> usize {
    path.steps.iter().filter(|step| step.automorphism.is_some()).count()
}
