//! Zones against unit ticks on random nets of events: what is reached, the longest and the shortest reading, and every
//! run that the zones tell.
//!
//! The two share the discrete edges of a net and nothing above them.

use std::sync::{Arc, Mutex};

use tenure::{
    ticks::{self, Reading, Shared, Survey, replay, survey},
    timed::{
        self, Longest, Reach, Shortest, Switches,
        testing::{Net, TableSpace},
    },
    world::space::Marks,
};

const NETS: u64 = 400;
/// Above every finite reading of these nets, whose windows end at 8 at most. Microseconds are ticks.
const CAP: i64 = 80;
const ENOUGH: ticks::Limits = ticks::Limits::states(100_000);

#[test]
fn zones_and_ticks_reach_the_same_edges() {
    let (mut reached, mut unreached) = (0, 0);
    for seed in 0..NETS {
        let (mut space, shared) = net(seed);
        let Some(seen) = seen(&shared) else { continue };
        for mark in [Marks::VIOLATED, Marks::RESPONSE, Marks::DISCHARGE] {
            let path = ticks::reach(&shared, mark, 1, ENOUGH).found.expect("fewer situations than were seen");
            assert_eq!(path.is_some(), seen.marks.any(mark), "net {seed}, {mark:?}");
            match (timed::reach(&mut space, mark, &timed::Limits::default(), &Switches::default()).0, path) {
                (Reach::Reached(zones), Some(_)) => {
                    let end = replay(&shared, &zones, 1).expect("what zones reach is a run");
                    assert!(end.marks.any(mark), "net {seed}, {mark:?}");
                    reached += 1;
                }
                (Reach::Unreachable, None) => unreached += 1,
                (zones, ticks) => panic!("net {seed}, {mark:?}: zones {zones:?}, ticks {ticks:?}"),
            }
        }
    }
    assert!(reached > 300 && unreached > 300, "{reached} reached, {unreached} not: both are tried");
}

#[test]
fn zones_and_ticks_read_the_same_worst_case() {
    let mut kinds = [0; 4];
    for seed in 0..NETS {
        let (mut space, shared) = net(seed);
        let Some(ticks) = seen(&shared) else { continue };
        let (zones, _) = timed::longest(&mut space, None, &timed::Limits::default(), &Switches::default());
        if let Longest::Exact { micros, path } = &zones {
            let end = replay(&shared, path, 1).expect("the longest reading has a run");
            assert_eq!(end.elapsed, Some(*micros), "net {seed}");
        }
        let kind = match (&zones, ticks.never, ticks.longest) {
            (Longest::Untriggered, false, None) => 0,
            (Longest::Exact { micros, .. }, false, Some(Reading::Is(longest))) if *micros == longest => 1,
            (Longest::Never { .. }, true, Some(_)) => 2,
            (Longest::Unbounded { .. } | Longest::Exceeds { .. }, false, Some(Reading::Above(CAP))) => 3,
            _ => panic!("net {seed}: zones {zones:?}, ticks {:?}, never: {}", ticks.longest, ticks.never),
        };
        kinds[kind] += 1;
    }
    assert!(kinds.iter().sum::<u64>() >= 300, "untriggered, exact, never, above the cap: {kinds:?}");
    assert!(kinds.iter().all(|kind| *kind >= 20), "every kind is tried: {kinds:?}");
}

#[test]
fn zones_and_ticks_read_the_same_best_case() {
    let mut kinds = [0; 2];
    for seed in 0..NETS {
        let (mut space, shared) = net(seed);
        let Some(ticks) = seen(&shared) else { continue };
        let (zones, _) = timed::shortest(&mut space, &timed::Limits::default(), &Switches::default());
        if let Shortest::Exact { micros, path } = &zones {
            let end = replay(&shared, path, 1).expect("the shortest reading has a run");
            assert_eq!((end.elapsed, end.reads), (Some(*micros), true), "net {seed}");
        }
        let kind = match (&zones, ticks.shortest) {
            (Shortest::Uncompleted, None) => 0,
            (Shortest::Exact { micros, .. }, Some(Reading::Is(shortest))) if *micros == shortest => 1,
            _ => panic!("net {seed}: zones {zones:?}, ticks {:?}", ticks.shortest),
        };
        kinds[kind] += 1;
    }
    assert!(kinds.iter().sum::<u64>() >= 300 && kinds.iter().all(|kind| *kind >= 50), "{kinds:?}");
}

/// A random net, once for the zones and once for the ticks. In every other one, whatever may be ordered is.
fn net(seed: u64) -> (TableSpace, Shared) {
    let mut net = Net::random(seed);
    let dense = seed % 2 == 1;
    for rule in net.rules.iter_mut().filter(|_| dense) {
        let (first, second) = *rule.ordered.get_or_insert((0, 1));
        rule.schedules.extend([first, second]);
        rule.schedules.sort_unstable();
        rule.schedules.dedup();
    }
    let space = net.space();
    (space.clone(), Arc::new(Mutex::new(space)))
}

/// `None` for a net that is too large for ticks, such as one in which an event is put off for ever.
fn seen(space: &Shared) -> Option<Survey> {
    survey(space, 1, CAP, ENOUGH).found.ok()
}
