//! The operations of zones against all integer points: a difference-bound matrix of integers is what its points are.

use std::collections::BTreeSet;

use crate::{
    timed::{
        ahead::Ahead,
        testing::{Dice, Net, TableSpace},
        zone::{INF, Moment, Rows, Zone, row_of},
    },
    world::space::{Edge, Origin, Variable},
};

/// Moments of the variables, counted from now.
type Point = Vec<i64>;

/// Every point of a bounded zone.
fn points(zone: &Zone) -> BTreeSet<Point> {
    let mut all: BTreeSet<Point> = BTreeSet::from([vec![]]);
    for row in 1..zone.size() {
        let range = -zone.get(0, row)..=zone.get(row, 0);
        all = all.iter().flat_map(|point| range.clone().map(|x| extended(point, x))).collect();
        all.retain(|point| is_in(zone, point));
    }
    all
}

fn extended(point: &[i64], x: i64) -> Point {
    point.iter().copied().chain([x]).collect()
}

/// Whether the first variables keep the bounds among them.
fn is_in(zone: &Zone, point: &[i64]) -> bool {
    let at = |row: usize| if row == 0 { 0 } else { point[row - 1] };
    let rows = 0..=point.len();
    rows.clone().all(|i| rows.clone().all(|j| zone.get(i, j) == INF || at(i) - at(j) <= zone.get(i, j)))
}

/// What a step makes of a point, for every choice of moments.
fn step(point: &[i64], rows: &Rows, edge: &Edge) -> BTreeSet<Point> {
    let earliest = rows.events.iter().map(|row| point[row - 1]).min().expect("some event is pending");
    let moments = match edge.fires {
        Some(event) if point[usize::from(event)] > earliest => return BTreeSet::new(),
        Some(_) => earliest..=earliest,
        None => 0..=earliest,
    };
    let mut after = BTreeSet::new();
    for now in moments {
        let mut all: Vec<Point> = vec![vec![]];
        for origin in edge.origins.iter() {
            let choices = match *origin {
                Origin::Kept(source) => point[usize::from(source)] - now..=point[usize::from(source)] - now,
                Origin::Widened(source, by) => point[usize::from(source)] - now..=point[usize::from(source)] - now + by,
                Origin::Scheduled { lo, hi, .. } => lo..=hi,
            };
            all = all.iter().flat_map(|point| choices.clone().map(|x| extended(point, x))).collect();
        }
        let keeps = |point: &Point| edge.ordered.iter().all(|&(a, b)| point[usize::from(a)] <= point[usize::from(b)]);
        after.extend(all.into_iter().filter(keeps));
    }
    after
}

/// A net whose windows all end.
fn bounded(seed: u64) -> TableSpace {
    let mut net = Net::random(seed);
    for (lo, hi) in &mut net.windows {
        *hi = Some(hi.unwrap_or(*lo + 2));
    }
    net.space()
}

/// The zones along random walks, each with the points that brute force finds.
fn walks(seeds: u64, mut visit: impl FnMut(&mut Dice, &Rows, &Zone, &BTreeSet<Point>)) {
    for seed in 0..seeds {
        walk(&bounded(seed), seed, |dice, _, rows, zone, known| visit(dice, rows, zone, known));
    }
}

fn walk(space: &TableSpace, seed: u64, mut visit: impl FnMut(&mut Dice, usize, &Rows, &Zone, &BTreeSet<Point>)) {
    let mut dice = Dice::new(seed);
    let (mut state, mut zone) = (0, Zone::start(&space.start));
    let mut known = points(&zone);
    for _ in 0..8 {
        let table = &space.states[state];
        let rows = Rows::of(&table.variables);
        if rows.events.is_empty() || table.variables.len() > 4 || known.len() > 3_000 {
            break;
        }
        visit(&mut dice, state, &rows, &zone, &known);
        let edge = &table.edges[dice.below(table.edges.len() as u64) as usize];
        let after = known.iter().flat_map(|point| step(point, &rows, edge)).collect::<BTreeSet<Point>>();
        let Some(next) = zone_step(&zone, &rows, edge) else {
            assert!(after.is_empty(), "net {seed}: the step is possible");
            continue;
        };
        // A stopwatch that runs on is in the past.
        assert_eq!(points(&next), after, "net {seed}");
        (state, zone, known) = (edge.target as usize, next, after);
    }
}

fn zone_step(zone: &Zone, rows: &Rows, edge: &Edge) -> Option<Zone> {
    let (mut moment, mut after) = (Moment::default(), Zone::default());
    let fires = zone.fire(rows, edge.fires.map(row_of), &mut moment);
    if !fires {
        return None;
    }
    zone.carry(&moment, &edge.origins, &mut after);
    edge.ordered.iter().all(|&(a, b)| after.restrict(row_of(a), row_of(b), 0)).then_some(after)
}

#[test]
fn steps_lead_to_the_points_that_brute_force_finds() {
    let mut most = 0;
    walks(400, |_, _, _, points| most = most.max(points.len()));
    assert!(most > 100, "no zone has more than {most} points");
}

#[test]
fn readings_are_the_least_and_the_greatest_over_all_points() {
    let mut compared = 0;
    walks(400, |_, rows, zone, points| {
        let Some(stopwatch) = rows.stopwatch else { return };
        for &event in &rows.events {
            let mut moment = Moment::default();
            let first = |point: &&Point| rows.events.iter().all(|row| point[row - 1] >= point[event - 1]);
            let shown: BTreeSet<i64> =
                points.iter().filter(first).map(|point| point[event - 1] - point[stopwatch - 1]).collect();
            if zone.fire(rows, Some(event), &mut moment) {
                let reading = zone.reading(stopwatch, &moment);
                assert_eq!((Some(&reading.least), Some(&reading.most)), (shown.first(), shown.last()));
                compared += 1;
            } else {
                assert!(shown.is_empty());
            }
        }
    });
    assert!(compared > 100, "only {compared} readings");
}

#[test]
fn a_restriction_keeps_the_points_that_obey_it() {
    walks(300, |dice, _, zone, known| {
        let row = |dice: &mut Dice| dice.below(zone.size() as u64) as usize;
        let (i, j, bound) = (row(dice), row(dice), dice.below(9) as i64 - 4);
        if i == j {
            return;
        }
        let at = |point: &Point, row: usize| if row == 0 { 0 } else { point[row - 1] };
        let obey: BTreeSet<Point> =
            known.iter().filter(|point| at(point, i) - at(point, j) <= bound).cloned().collect();
        let mut restricted = zone.clone();
        if restricted.restrict(i, j, bound) {
            assert!(restricted.is_canonical());
            assert_eq!(points(&restricted), obey);
            assert!(zone.includes(&restricted));
            assert_eq!(restricted.includes(zone), obey.len() == known.len());
        } else {
            assert!(obey.is_empty());
        }
    });
}

#[test]
fn a_join_has_the_least_bounds_of_both_and_an_intersection_what_is_in_both() {
    walks(300, |dice, _, zone, known| {
        let row = |dice: &mut Dice| dice.below(zone.size() as u64) as usize;
        let (i, j) = (row(dice), row(dice));
        let (mut low, mut high) = (zone.clone(), zone.clone());
        let bound = dice.below(9) as i64 - 4;
        if i == j || !low.restrict(i, j, bound) || !high.restrict(j, i, -bound) {
            return;
        }
        let mut joined = low.clone();
        joined.join(&high);
        assert!(joined.is_canonical() && joined.includes(&low) && joined.includes(&high));
        for a in 0..zone.size() {
            for b in 0..zone.size() {
                assert_eq!(joined.get(a, b), low.get(a, b).max(high.get(a, b)));
            }
        }
        // Together the two halves are the whole, so nothing was added.
        assert_eq!(points(&joined), *known);
        let both: BTreeSet<Point> = points(&low).intersection(&points(&high)).cloned().collect();
        let nonempty = low.intersect(&high);
        assert_eq!(nonempty, !both.is_empty());
        assert!(!nonempty || points(&low) == both);
    });
}

#[test]
fn saturation_keeps_what_has_run_for_less_than_the_cap() {
    let (mut past, mut loosened) = (0, 0);
    walks(2_500, |dice, rows, zone, points| {
        let Some(stopwatch) = rows.stopwatch else { return };
        let cap = 1 + dice.below(4) as i64;
        let mut saturated = zone.clone();
        if saturated.saturate(rows, cap) {
            past += 1;
            assert!(points.iter().all(|point| -point[stopwatch - 1] >= cap));
        } else {
            loosened += u32::from(saturated != *zone);
            // Around the points: nothing that has run for less than the cap was added, and nothing was lost.
            let reach = points.iter().flatten().map(|x| x.abs()).max().unwrap_or(0) + 2;
            let mut near = saturated.clone();
            assert!((1..zone.size()).all(|row| near.restrict(row, 0, reach) && near.restrict(0, row, reach)));
            let near = self::points(&near);
            assert!(near.is_superset(points));
            assert!(near.difference(points).all(|point| -point[stopwatch - 1] > cap));
        }
    });
    assert!(past > 10 && loosened > 10, "{past} past the cap, {loosened} loosened");
}

#[test]
fn renaming_reset_and_forgetting_move_points() {
    walks(200, |dice, rows, zone, known| {
        let variables: Vec<u16> = {
            let shift = dice.below(zone.size() as u64 - 1) as u16;
            (0..zone.size() as u16 - 1).map(|index| (index + shift) % (zone.size() as u16 - 1)).collect()
        };
        let renamed = zone.renamed(&variables);
        let moved: BTreeSet<Point> = known
            .iter()
            .map(|point| variables.iter().map(|variable| point[usize::from(*variable)]).collect())
            .collect();
        assert_eq!(points(&renamed), moved);
        assert_eq!(zone.compare_renamed(&variables, None), renamed.cmp(zone));
        let reversed: Vec<u16> = variables.iter().rev().copied().collect();
        assert_eq!(zone.compare_renamed(&variables, Some(&reversed)), renamed.cmp(&zone.renamed(&reversed)));
        if let Some(stopwatch) = rows.stopwatch {
            let mut reset = zone.clone();
            reset.reset(stopwatch);
            let restarted: BTreeSet<Point> = known.iter().map(|point| with(point, stopwatch - 1, 0)).collect();
            assert!(reset.is_canonical());
            assert_eq!(points(&reset), restarted);
            let mut forgotten = zone.clone();
            forgotten.forget(stopwatch);
            assert!(forgotten.is_canonical() && forgotten.includes(zone) && forgotten.includes(&reset));
        }
    });
}

#[test]
fn a_step_against_its_direction_leads_to_the_points_that_brute_force_finds() {
    let (mut led, mut in_vain, mut between) = (0, 0, 0);
    for seed in 0..400 {
        let space = bounded(seed);
        walk(&space, seed, |dice, state, rows, zone, known| {
            for edge in &space.states[state].edges {
                // A part of where the edge leads, so that some points lead there and others do not.
                let Some(mut part) = zone_step(zone, rows, edge) else { continue };
                for _ in 0..2 {
                    let (i, j) = (dice.below(part.size() as u64) as usize, dice.below(part.size() as u64) as usize);
                    let mut less = part.clone();
                    if i != j && less.restrict(i, j, dice.below(7) as i64 - 3) {
                        part = less;
                    }
                }
                let leads = |point: &&Point| step(point, rows, edge).iter().any(|after| is_in(&part, after));
                let expected: BTreeSet<Point> = known.iter().filter(leads).cloned().collect();
                let mut ahead = Ahead::of(zone, rows, edge);
                let back = if ahead.lead_to(edge, &part) { ahead.now() } else { None };
                assert_eq!(back.as_ref().map(points).unwrap_or_default(), expected, "net {seed}");
                led += u32::from(!expected.is_empty());
                between += u32::from(!expected.is_empty() && expected.len() < known.len());
                in_vain += u32::from(expected.is_empty());
            }
        });
    }
    assert!(led > 500 && between > 200, "{led} parts are led to, {between} of them by some points only, {in_vain} not");
}

fn with(point: &Point, index: usize, x: i64) -> Point {
    let mut point = point.clone();
    point[index] = x;
    point
}

#[test]
fn an_event_that_may_never_happen_is_urgent_never() {
    let variables = [Variable::Event, Variable::Event];
    let rows = Rows::of(&variables);
    let never = Zone::start(&[
        Origin::Scheduled { lo: 2, hi: i64::MAX, number: 0 },
        Origin::Scheduled { lo: 0, hi: i64::MAX, number: 1 },
    ]);
    assert!(never.may_wait_for_ever(&rows));
    let some = Zone::start(&[
        Origin::Scheduled { lo: 2, hi: i64::MAX, number: 0 },
        Origin::Scheduled { lo: 0, hi: 5, number: 1 },
    ]);
    assert!(!some.may_wait_for_ever(&rows));
}
