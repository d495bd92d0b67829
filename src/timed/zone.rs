//! Zones: sets of moments that differ by bounded spans, as difference-bound matrices over event times.
//!
//! Row 0 is now, the moment of the last step; row `1 + v` is variable `v` of the discrete state. `bounds[i][j]` is the
//! largest `x_i - x_j` of any point, so the matrix is canonical: no sum of entries along a way from `i` to `j` is less.
//! Every operation keeps it so in time quadratic in the number of rows.

use smallvec::SmallVec;

use crate::world::space::{Origin, Variable};

/// No bound. It absorbs what is added to it.
pub const INF: i64 = i64::MAX;

/// From here on a window's end counts as infinite, which only adds runs; sums of finite bounds cannot overflow.
pub(super) const FAR: i64 = 1 << 56;

/// The sum of two bounds.
#[inline]
#[must_use]
pub const fn plus(a: i64, b: i64) -> i64 {
    if a == INF || b == INF { INF } else { a + b }
}

/// Where the variables of a discrete state stand in its zones.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rows {
    /// The rows of pending events: no step happens after any of them.
    pub events: Box<[usize]>,
    /// The row of the running stopwatch.
    pub stopwatch: Option<usize>,
}

impl Rows {
    #[must_use]
    pub fn of(variables: &[Variable]) -> Rows {
        let rows = |kind| move |(index, variable): (usize, &Variable)| (*variable == kind).then_some(index + 1);
        Rows {
            events: variables.iter().enumerate().filter_map(rows(Variable::Event)).collect(),
            stopwatch: variables.iter().enumerate().find_map(rows(Variable::Stopwatch)),
        }
    }
}

/// How long a stopwatch can have run at the moment of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    pub least: i64,
    /// [`INF`] if there is no greatest span.
    pub most: i64,
}

/// The moment of a step, in terms of the zone before it: what is needed to carry the other variables over.
#[derive(Clone, Debug, Default)]
pub struct Moment {
    /// For each row `x` of the zone before, the largest difference from `x` to the moment of the step.
    row: Vec<i64>,
    /// The row that bounds the moment from below: the event that fires, or the last step.
    column: usize,
}

/// A non-empty set of moments.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Zone {
    size: usize,
    bounds: Vec<i64>,
}

impl Moment {
    /// For each row, the largest difference from it to the moment.
    pub(super) fn row(&self) -> &[i64] {
        &self.row
    }

    /// The row whose bounds bound the moment from below.
    pub(super) fn column(&self) -> usize {
        self.column
    }
}

impl Zone {
    /// Time zero, with the first state's variables.
    #[must_use]
    pub fn start(origins: &[Origin]) -> Zone {
        let nothing = Zone { size: 1, bounds: vec![0] };
        let mut zone = Zone::default();
        nothing.carry(&Moment { row: vec![0], column: 0 }, origins, &mut zone);
        zone
    }

    /// A zone by its bounds, which must be canonical, row by row.
    pub(super) fn by_bounds(size: usize, bounds: Vec<i64>) -> Zone {
        let zone = Zone { size, bounds };
        debug_assert!(zone.is_canonical(), "a zone is closed before it is used");
        zone
    }

    /// The number of rows.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The largest `x_i - x_j`.
    #[inline]
    #[must_use]
    pub fn get(&self, i: usize, j: usize) -> i64 {
        self.bounds[i * self.size + j]
    }

    #[inline]
    fn set(&mut self, i: usize, j: usize, bound: i64) {
        self.bounds[i * self.size + j] = bound;
    }

    /// Bytes in memory, roughly.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bounds.len() * size_of::<i64>() + size_of::<Zone>()
    }

    /// Whether nothing must ever happen: no pending event has a latest moment.
    #[must_use]
    pub fn may_wait_for_ever(&self, rows: &Rows) -> bool {
        rows.events.iter().all(|&event| self.get(event, 0) == INF)
    }

    /// Whether an event can fire: not after any other.
    #[must_use]
    pub fn may_fire(&self, rows: &Rows, event: usize) -> bool {
        rows.events.iter().all(|&other| self.get(other, event) >= 0)
    }

    /// The moments at which an event fires, or, if `None`, the adversary acts: not after any pending event. `false` if
    /// there are none.
    pub fn fire(&self, rows: &Rows, fires: Option<usize>, moment: &mut Moment) -> bool {
        moment.row.clear();
        moment.column = fires.unwrap_or(0);
        match fires {
            Some(event) => {
                if !self.may_fire(rows, event) {
                    return false;
                }
                moment.row.extend_from_slice(self.row(event));
            }
            None => moment.row.resize(self.size, INF),
        }
        for &event in &rows.events {
            for (bound, other) in moment.row.iter_mut().zip(self.row(event)) {
                *bound = (*bound).min(*other);
            }
        }
        moment.row[moment.column] = 0;
        true
    }

    /// What the running stopwatch shows at the moment of a step.
    #[must_use]
    pub fn reading(&self, stopwatch: usize, moment: &Moment) -> Reading {
        let behind = self.get(stopwatch, moment.column);
        // A stopwatch that was let go of has no bounds; it has run for a span above every cap.
        Reading { least: if behind == INF { INF } else { -behind }, most: moment.row[stopwatch] }
    }

    /// The zone after a step: the target's variables are kept, widened or scheduled from its moment.
    pub fn carry(&self, moment: &Moment, origins: &[Origin], after: &mut Zone) {
        after.size = origins.len() + 1;
        after.bounds.clear();
        after.bounds.resize(after.size * after.size, 0);
        for (index, origin) in origins.iter().enumerate() {
            let (late, early) = match *origin {
                Origin::Kept(variable) => self.since_moment(moment, row_of(variable), 0),
                Origin::Widened(variable, by) => self.since_moment(moment, row_of(variable), by),
                Origin::Scheduled { lo, hi, .. } => (far(hi), -lo.min(FAR)),
            };
            after.set(index + 1, 0, late);
            after.set(0, index + 1, early);
        }
        let size = after.size;
        let (first, rest) = after.bounds.split_at_mut(size);
        // The row that each variable had, if any.
        let before: SmallVec<[usize; 32]> = origins.iter().map(|it| source(it).map_or(0, |(row, _)| row)).collect();
        for (i, (one, row)) in origins.iter().zip(rest.chunks_exact_mut(size)).enumerate() {
            let late = row[0];
            let kept = source(one).map(|(a, by)| (self.row(a), self.get(a, moment.column), by));
            let bounds = row[1..].iter_mut().zip(&first[1..]).zip(&before);
            match kept {
                Some((own, column, by)) => {
                    for ((bound, early), &b) in bounds {
                        *bound = match b {
                            0 => plus(late, *early),
                            _ => plus(own[b].min(plus(column, moment.row[b])), by),
                        };
                    }
                }
                None => bounds.for_each(|((bound, early), _)| *bound = plus(late, *early)),
            }
            row[i + 1] = 0;
        }
        debug_assert!(after.is_canonical(), "carrying keeps a zone canonical");
    }

    fn since_moment(&self, moment: &Moment, row: usize, by: i64) -> (i64, i64) {
        (plus(self.get(row, moment.column), far(by)), moment.row[row])
    }

    /// Keeps the points with `x_i - x_j <= bound`. `false`, and no longer a zone, if there are none.
    #[must_use]
    pub fn restrict(&mut self, i: usize, j: usize, bound: i64) -> bool {
        if self.get(i, j) <= bound {
            return true;
        }
        if plus(self.get(j, i), bound) < 0 {
            return false;
        }
        for a in 0..self.size {
            let to = plus(self.get(a, i), bound);
            if to == INF {
                continue;
            }
            for b in 0..self.size {
                let along = plus(to, self.get(j, b));
                if along < self.get(a, b) {
                    self.set(a, b, along);
                }
            }
        }
        debug_assert!(self.is_canonical(), "a restriction keeps a zone canonical");
        true
    }

    /// Keeps the points of another zone. `false`, and no longer a zone, if there are none.
    #[must_use]
    pub fn intersect(&mut self, other: &Zone) -> bool {
        (0..self.size).all(|i| (0..self.size).all(|j| self.restrict(i, j, other.get(i, j))))
    }

    /// Forgets all about a row.
    pub fn forget(&mut self, row: usize) {
        for other in (0..self.size).filter(|other| *other != row) {
            self.set(row, other, INF);
            self.set(other, row, INF);
        }
    }

    /// Makes a row the present moment, whatever it was.
    pub fn reset(&mut self, row: usize) {
        for other in (0..self.size).filter(|other| *other != row) {
            self.set(row, other, self.get(0, other));
            self.set(other, row, self.get(other, 0));
        }
        self.set(row, 0, 0);
        self.set(0, row, 0);
    }

    /// Keeps the running stopwatch exact up to `cap` only, so that there are finitely many zones. `true` if it has
    /// surely run that long: then it is forgotten.
    pub fn saturate(&mut self, rows: &Rows, cap: i64) -> bool {
        let Some(stopwatch) = rows.stopwatch else { return false };
        let behind = self.get(stopwatch, 0);
        if behind == INF || -behind >= cap {
            self.forget(stopwatch);
            return true;
        }
        // An upper bound beyond every pending event's latest moment after `cap` cuts off only what has run longer.
        let pending = rows.events.iter().map(|&event| self.get(event, 0)).filter(|&latest| latest < INF);
        if self.get(0, stopwatch) > plus(cap, pending.max().unwrap_or(0)) {
            for other in (0..self.size).filter(|other| *other != stopwatch) {
                self.set(other, stopwatch, INF);
            }
            debug_assert!(self.is_canonical(), "saturation keeps a zone canonical");
        }
        false
    }

    /// Whether every point of the other zone is in this one.
    #[must_use]
    pub fn includes(&self, other: &Zone) -> bool {
        debug_assert_eq!(self.size, other.size, "zones of one discrete state have the same rows");
        self.bounds.iter().zip(&other.bounds).all(|(own, others)| own >= others)
    }

    /// Sums over parts of the bounds. A zone that contains another has no lesser sum, which is seen at a glance.
    #[must_use]
    pub fn outline(&self) -> Outline {
        let mut sums = [0; 4];
        for i in 0..self.size {
            for (j, bound) in self.row(i).iter().enumerate() {
                let part = if i == 0 { 0 } else { 1 + usize::from(j > 0) + usize::from(j > i) };
                sums[part] += bound.min(&FAR_IN_OUTLINE);
            }
        }
        Outline(sums)
    }

    /// Grows to the least zone with the points of both. `true` if it grew.
    pub fn join(&mut self, other: &Zone) -> bool {
        let mut grew = false;
        for (own, others) in self.bounds.iter_mut().zip(&other.bounds) {
            if others > own {
                *own = *others;
                grew = true;
            }
        }
        grew
    }

    /// The zone with variables renamed: `variables[i]` becomes variable `i`.
    #[must_use]
    pub fn renamed(&self, variables: &[u16]) -> Zone {
        let from = |row: usize| if row == 0 { 0 } else { row_of(variables[row - 1]) };
        let bounds = (0..self.size).flat_map(|i| (0..self.size).map(move |j| self.get(from(i), from(j))));
        Zone { size: self.size, bounds: bounds.collect() }
    }

    /// How the zone by one renaming compares with the zone by another; `None` renames nothing.
    #[must_use]
    pub fn compare_renamed(&self, one: &[u16], other: Option<&[u16]>) -> std::cmp::Ordering {
        let entry = |variables: Option<&[u16]>, i: usize, j: usize| {
            let from = |row: usize| match variables {
                Some(variables) if row > 0 => row_of(variables[row - 1]),
                _ => row,
            };
            self.get(from(i), from(j))
        };
        let entries = (0..self.size).flat_map(|i| (0..self.size).map(move |j| (i, j)));
        let mut orders = entries.map(|(i, j)| entry(Some(one), i, j).cmp(&entry(other, i, j)));
        orders.find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    }

    pub(super) fn row(&self, row: usize) -> &[i64] {
        &self.bounds[row * self.size..(row + 1) * self.size]
    }

    /// Non-empty, and every bound is the least that the others imply.
    #[must_use]
    pub fn is_canonical(&self) -> bool {
        let row = |i: usize| &self.bounds[i * self.size..(i + 1) * self.size];
        (0..self.size).all(|i| {
            // Row by row, as bounds lie in memory.
            let by = |k: usize, to: i64| row(i).iter().zip(row(k)).all(|(&own, &on)| own <= plus(to, on));
            row(i)[i] == 0 && row(i).iter().enumerate().all(|(k, &to)| to == INF || by(k, to))
        })
    }
}

/// What [`Zone::outline`] sees of a zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outline([i64; 4]);

impl Outline {
    /// `false` if the zone of this outline surely does not contain one of the other.
    #[inline]
    #[must_use]
    pub fn may_include(&self, other: &Outline) -> bool {
        self.0.iter().zip(&other.0).all(|(own, others)| own >= others)
    }
}

/// Bounds count as this at most, so that their sum fits.
const FAR_IN_OUTLINE: i64 = 1 << 46;

/// The row of a variable.
#[must_use]
pub fn row_of(variable: u16) -> usize {
    usize::from(variable) + 1
}

pub(super) fn source(origin: &Origin) -> Option<(usize, i64)> {
    match *origin {
        Origin::Kept(variable) => Some((row_of(variable), 0)),
        Origin::Widened(variable, by) => Some((row_of(variable), far(by))),
        Origin::Scheduled { .. } => None,
    }
}

pub(super) fn far(bound: i64) -> i64 {
    if bound >= FAR { INF } else { bound }
}
