//! Every run of a [`TableSpace`] in unit steps: each event has a moment from the start, and time passes only when
//! nothing is due.

use std::collections::{BTreeSet, VecDeque};

use crate::{
    timed::testing::TableSpace,
    world::space::{Edge, Marks, Origin, StateId, TimedPath, Variable},
};

/// When something happens, counted from now.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Cell {
    At(i64),
    /// From then on, or never.
    After(i64),
    /// A stopwatch shows this.
    Started(i64),
}

pub(super) type Point = (StateId, Vec<Cell>);

/// What all runs of a space show.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Facts {
    pub(super) triggered: bool,
    /// The greatest and the least reading; at the cap or above they are the cap.
    pub(super) longest: Option<i64>,
    pub(super) shortest: Option<i64>,
    pub(super) never: bool,
    /// Steps of the shortest run to a violation.
    pub(super) violated: Option<usize>,
}

pub(super) const CAP: i64 = 40;
const MOST_POINTS: usize = 150_000;

/// `None` if there are too many points.
pub(super) fn facts(space: &TableSpace) -> Option<Facts> {
    let mut facts = Facts::default();
    let mut queue: VecDeque<(usize, Point)> = beginning(space).into_iter().map(|point| (0, point)).collect();
    let mut seen: BTreeSet<Point> = BTreeSet::new();
    while let Some((steps, point)) = queue.pop_front() {
        if !seen.insert(point.clone()) {
            continue;
        }
        if seen.len() > MOST_POINTS {
            return None;
        }
        let elapsed = elapsed(&point);
        facts.triggered |= elapsed.is_some();
        facts.never |= elapsed.is_some() && !point.1.iter().any(|cell| matches!(cell, Cell::At(_)));
        for edge in &space.states[point.0 as usize].edges {
            let next = take(space, &point, edge);
            if !next.is_empty() {
                facts.note(edge, elapsed, steps + 1);
            }
            queue.extend(next.into_iter().map(|next| (steps + 1, next)));
        }
        if let Some(later) = tick(&point) {
            queue.push_front((steps, later));
        }
    }
    Some(facts)
}

impl Facts {
    fn note(&mut self, edge: &Edge, elapsed: Option<i64>, steps: usize) {
        self.longest = self.longest.max(elapsed);
        if let Some(elapsed) = elapsed
            && edge.reads
        {
            self.shortest = Some(self.shortest.map_or(elapsed, |shortest| shortest.min(elapsed)));
        }
        if edge.marks.any(Marks::VIOLATED) {
            self.violated = Some(self.violated.map_or(steps, |violated| violated.min(steps)));
        }
    }
}

/// Runs a path again, and says what its steps showed.
pub(super) fn replay(space: &TableSpace, path: &TimedPath) -> Replayed {
    let mut points: BTreeSet<Point> = beginning(space).into_iter().collect();
    let (mut now, mut last) = (0, Replayed::default());
    assert_eq!(path.steps.len(), path.times.len(), "each step has a moment");
    for (step, &at) in path.steps.iter().zip(&path.times) {
        while now < at {
            points = points.iter().filter_map(tick).collect();
            now += 1;
        }
        assert_eq!(now, at, "moments do not go back");
        let mut after = BTreeSet::new();
        last.readings = BTreeSet::new();
        for point in &points {
            let mut point = point.clone();
            if let Some(index) = step.automorphism {
                let automorphism = &space.states[point.0 as usize].automorphisms[usize::from(index)];
                point.1 = automorphism.variables.iter().map(|&variable| point.1[usize::from(variable)]).collect();
            }
            let edge = &space.states[point.0 as usize].edges[step.edge as usize];
            last.marks = edge.marks;
            let next = take(space, &point, edge);
            if !next.is_empty() {
                last.readings.extend(elapsed(&point));
            }
            after.extend(next);
        }
        points = after;
        assert!(!points.is_empty(), "a step of the path is possible at its moment: {step:?} at {at}");
    }
    last.points = points;
    last
}

/// What the last step of a path showed.
#[derive(Default)]
pub(super) struct Replayed {
    pub(super) readings: BTreeSet<i64>,
    pub(super) marks: Marks,
    pub(super) points: BTreeSet<Point>,
}

pub(super) fn elapsed(point: &Point) -> Option<i64> {
    point.1.iter().find_map(|cell| if let Cell::Started(elapsed) = cell { Some(*elapsed) } else { None })
}

fn beginning(space: &TableSpace) -> Vec<Point> {
    spread(space, 0, &[], &space.start, &[])
}

/// What an edge makes of a point, for every choice of moments; nothing if it is not possible now.
fn take(space: &TableSpace, point: &Point, edge: &Edge) -> Vec<Point> {
    let due = |event: u16| matches!(point.1[usize::from(event)], Cell::At(0) | Cell::After(0));
    if edge.fires.is_some_and(|event| !due(event)) {
        return Vec::new();
    }
    spread(space, edge.target, &point.1, &edge.origins, &edge.ordered)
}

fn spread(
    space: &TableSpace,
    state: StateId,
    before: &[Cell],
    origins: &[Origin],
    ordered: &[(u16, u16)],
) -> Vec<Point> {
    let variables = &space.states[state as usize].variables;
    let mut all: Vec<Vec<Cell>> = vec![Vec::new()];
    for (origin, variable) in origins.iter().zip(variables) {
        let choices: Vec<Cell> = match (*origin, variable) {
            (Origin::Scheduled { .. }, Variable::Stopwatch) => vec![Cell::Started(0)],
            (Origin::Scheduled { lo, hi: i64::MAX, .. }, _) => vec![Cell::After(lo)],
            (Origin::Scheduled { lo, hi, .. }, _) => (lo..=hi).map(Cell::At).collect(),
            (Origin::Kept(source), _) => vec![before[usize::from(source)]],
            (Origin::Widened(source, by), _) => match before[usize::from(source)] {
                Cell::At(rest) => (rest..=rest + by).map(Cell::At).collect(),
                other => vec![other],
            },
        };
        all = all
            .iter()
            .flat_map(|cells| choices.iter().map(|choice| cells.iter().copied().chain([*choice]).collect()))
            .collect();
    }
    all.retain(|cells| {
        ordered.iter().all(|&(first, second)| match (cells[usize::from(first)], cells[usize::from(second)]) {
            (Cell::At(first), Cell::At(second)) => first <= second,
            _ => panic!("only events with latest moments are ordered in these nets"),
        })
    });
    all.into_iter().map(|cells| (state, cells)).collect()
}

/// One unit of time passes, unless something is due.
fn tick(point: &Point) -> Option<Point> {
    let later = |cell: &Cell| match *cell {
        Cell::At(rest) => (rest > 0).then(|| Cell::At(rest - 1)),
        Cell::After(rest) => Some(Cell::After((rest - 1).max(0))),
        Cell::Started(elapsed) => Some(Cell::Started((elapsed + 1).min(CAP))),
    };
    Some((point.0, point.1.iter().map(later).collect::<Option<Vec<Cell>>>()?))
}
