//! A step against its direction: from which points of a zone does an edge lead where it should?

use super::zone::{FAR, INF, Rows, Zone, far, plus, row_of, source};
use crate::world::space::{Edge, Origin};

/// A zone together with the moment of the next step, of which more and more is demanded: a step against its direction.
///
/// The last row is the moment of the step.
pub struct Ahead {
    size: usize,
    bounds: Vec<i64>,
}

impl Ahead {
    /// Every moment at which a zone can take an edge.
    #[must_use]
    pub fn of(zone: &Zone, rows: &Rows, edge: &Edge) -> Ahead {
        let moment = zone.size();
        let size = moment + 1;
        let mut ahead = Ahead { size, bounds: vec![INF; size * size] };
        for i in 0..moment {
            ahead.bounds[i * size..i * size + moment].copy_from_slice(zone.row(i));
        }
        ahead.demand(moment, moment, 0);
        ahead.demand(0, moment, 0);
        for &event in &rows.events {
            ahead.demand(moment, event, 0);
        }
        if let Some(variable) = edge.fires {
            ahead.demand(row_of(variable), moment, 0);
        }
        ahead
    }

    /// Demands `x_i - x_j <= bound`.
    fn demand(&mut self, i: usize, j: usize, bound: i64) {
        let own = &mut self.bounds[i * self.size + j];
        *own = (*own).min(bound);
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
        if (0..size).any(|i| (0..i).any(|j| plus(self.bounds[i * size + j], self.bounds[j * size + i]) < 0)) {
            return None;
        }
        for via in 0..size {
            for i in 0..size {
                let to = self.bounds[i * size + via];
                if to == INF || i == via {
                    continue;
                }
                for j in 0..size {
                    let along = plus(to, self.bounds[via * size + j]);
                    let own = &mut self.bounds[i * size + j];
                    *own = (*own).min(along);
                }
            }
        }
        if (0..size).any(|i| self.bounds[i * size + i] < 0) {
            return None;
        }
        let kept = size - 1;
        let bounds = (0..kept).flat_map(|i| self.bounds[i * size..i * size + kept].iter().copied()).collect();
        Some(Zone::by_bounds(kept, bounds))
    }
}
