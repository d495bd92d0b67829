//! A step against its direction: from which points of a zone does an edge lead where it should?

use smallvec::SmallVec;

use super::zone::{FAR, INF, Moment, Rows, Zone, far, plus, row_of, source};
use crate::world::space::{Edge, Origin};

/// A zone together with the moment of the next step, of which more and more is demanded: a step against its direction.
///
/// The last row is the moment of the step.
pub struct Ahead {
    size: usize,
    bounds: Vec<i64>,
    /// The rows of which more was demanded than was known, ascending.
    changed: SmallVec<[usize; 16]>,
    /// No moment allows the step.
    never: bool,
}

impl Ahead {
    /// Every moment at which a zone can take an edge.
    #[must_use]
    pub fn of(zone: &Zone, rows: &Rows, edge: &Edge) -> Ahead {
        let mut moment = Moment::default();
        let never = !zone.fire(rows, edge.fires.map(row_of), &mut moment);
        let size = zone.size() + 1;
        let mut bounds = Vec::with_capacity(size * size);
        if !never {
            let mut row = moment.row().to_vec();
            if edge.fires.is_none() {
                // Seen from now, it may be as late as the earliest event.
                row[0] = rows.events.iter().map(|&event| zone.get(event, 0)).min().unwrap_or(INF);
            }
            for i in 0..zone.size() {
                let to = zone.get(i, moment.column());
                bounds.extend(zone.row(i).iter().zip(&row).map(|(own, from)| (*own).min(plus(to, *from))));
                bounds.push(to);
            }
            bounds.extend(row);
            bounds.push(0);
        }
        Ahead { size, bounds, changed: SmallVec::new(), never }
    }

    /// Demands `x_i - x_j <= bound`.
    fn demand(&mut self, i: usize, j: usize, bound: i64) {
        if self.never {
            return;
        }
        let own = &mut self.bounds[i * self.size + j];
        if bound < *own {
            *own = bound;
            for row in [i, j] {
                if let Err(place) = self.changed.binary_search(&row) {
                    self.changed.insert(place, row);
                }
            }
        }
    }

    /// Demands that a stopwatch shows that much at least.
    pub fn run_at_least(&mut self, stopwatch: usize, span: i64) {
        self.demand(stopwatch, self.size - 1, -span);
    }

    /// Demands that a stopwatch shows that much at most.
    pub fn run_at_most(&mut self, stopwatch: usize, span: i64) {
        self.demand(self.size - 1, stopwatch, span);
    }

    /// Demands that the edge leads into a zone. `false` if what the edge schedules never lies in it.
    #[must_use]
    pub fn lead_to(&mut self, edge: &Edge, target: &Zone) -> bool {
        let mut target = target.clone();
        for (index, origin) in edge.origins.iter().enumerate() {
            if let Origin::Scheduled { lo, hi, .. } = *origin
                && !(target.restrict(index + 1, 0, far(hi)) && target.restrict(0, index + 1, -lo.min(FAR)))
            {
                return false;
            }
        }
        if !edge.ordered.iter().all(|&(first, second)| target.restrict(row_of(first), row_of(second), 0)) {
            return false;
        }
        // Where each row of the target is known from, and by how much it may be later there than here.
        let moment = self.size - 1;
        let known = edge.origins.iter().enumerate().filter_map(|(index, origin)| Some((index + 1, source(origin)?)));
        let known: Vec<_> = std::iter::once((0, (moment, 0))).chain(known).collect();
        for &(i, (own, _)) in &known {
            for &(j, (other, later)) in known.iter().filter(|(j, _)| *j != i) {
                self.demand(own, other, plus(target.get(i, j), later));
            }
        }
        true
    }

    /// The points from which all demands can be met.
    #[must_use]
    pub fn now(mut self) -> Option<Zone> {
        let size = self.size;
        // Most demands contradict each other at once.
        if self.never || (0..size).any(|i| (0..i).any(|j| plus(self.get(i, j), self.get(j, i)) < 0)) {
            return None;
        }
        // Before the demands, no way was shorter than its ends were known to be apart. So a way that is shorter now
        // leads through rows of which something was demanded.
        let mut along: SmallVec<[i64; 32]> = SmallVec::new();
        for &via in &self.changed {
            along.clear();
            along.extend_from_slice(&self.bounds[via * size..(via + 1) * size]);
            for (i, row) in self.bounds.chunks_exact_mut(size).enumerate() {
                let to = row[via];
                if to == INF || i == via {
                    continue;
                }
                for (own, from) in row.iter_mut().zip(&along) {
                    *own = (*own).min(plus(to, *from));
                }
            }
        }
        if (0..size).any(|i| self.get(i, i) < 0) {
            return None;
        }
        let kept = size - 1;
        let bounds = (0..kept).flat_map(|i| self.bounds[i * size..i * size + kept].iter().copied()).collect();
        Some(Zone::by_bounds(kept, bounds))
    }

    fn get(&self, i: usize, j: usize) -> i64 {
        self.bounds[i * self.size + j]
    }
}
