//! A map: for which values of two parameters a property holds.
//!
//! A coarse grid is checked first, and in the middle of each cell one point more. A cell whose points differ is divided,
//! down to the fine grid; nothing is taken for monotone. What lies within a cell whose points agree stays unchecked, and
//! is told as such.

mod boundary;
mod fit;

pub(crate) use boundary::{Boundary, Piece, boundary};

use rayon::prelude::*;

use super::vary::{Point, Range, Region, Variants};

/// So many cells the coarse grid has each way.
const COARSE: usize = 5;

/// A finished map.
pub(crate) struct Map {
    pub(crate) x: Range,
    pub(crate) y: Range,
    /// The values of the fine grid.
    pub(crate) xs: Vec<i64>,
    pub(crate) ys: Vec<i64>,
    /// By row from the least `y`; `None` where nothing was checked.
    points: Vec<Option<Point>>,
    /// What the grid is divided into.
    pub(crate) cells: Vec<Cell>,
}

/// A rectangle of the fine grid, its edges included, as places in `xs` and `ys`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Cell {
    pub(crate) x: (usize, usize),
    pub(crate) y: (usize, usize),
}

impl Map {
    pub(crate) fn point(&self, x: usize, y: usize) -> Option<&Point> {
        self.points[y * self.xs.len() + x].as_ref()
    }

    /// How many points of the grid are in a region, and how many were not checked.
    pub(crate) fn count(&self, region: Option<Region>) -> usize {
        self.points.iter().filter(|point| point.as_ref().map(|point| point.region) == region).count()
    }

    /// The region that all checked points of a cell are in.
    pub(crate) fn region(&self, cell: &Cell) -> Option<Region> {
        let mut regions = cell.places().filter_map(|(x, y)| self.point(x, y)).map(|point| point.region);
        let first = regions.next()?;
        regions.all(|region| region == first).then_some(first)
    }
}

impl Cell {
    fn places(self) -> impl Iterator<Item = (usize, usize)> {
        (self.y.0..=self.y.1).flat_map(move |y| (self.x.0..=self.x.1).map(move |x| (x, y)))
    }

    pub(crate) fn corners(&self) -> [(usize, usize); 4] {
        [(self.x.0, self.y.0), (self.x.1, self.y.0), (self.x.1, self.y.1), (self.x.0, self.y.1)]
    }

    pub(crate) const fn middle(&self) -> (usize, usize) {
        (usize::midpoint(self.x.0, self.x.1), usize::midpoint(self.y.0, self.y.1))
    }

    const fn is_smallest(&self) -> bool {
        self.x.1 - self.x.0 <= 1 && self.y.1 - self.y.0 <= 1
    }

    /// Two or four parts that share their edges.
    fn divided(self) -> Vec<Cell> {
        let halves = |(from, to): (usize, usize)| {
            let middle = usize::midpoint(from, to);
            if middle == from { vec![(from, to)] } else { vec![(from, middle), (middle, to)] }
        };
        halves(self.y).into_iter().flat_map(|y| halves(self.x).into_iter().map(move |x| Cell { x, y })).collect()
    }
}

/// Checks as many points of a grid as are needed to see where the property turns, or every one.
pub(crate) fn map(variants: &Variants<'_>, x: Range, y: Range, grid: (usize, usize), every: bool) -> Map {
    let (xs, ys) = (values(x.lo, x.hi, grid.0), values(y.lo, y.hi, grid.1));
    let points = vec![None; xs.len() * ys.len()];
    let across = spans(xs.len());
    let cells = spans(ys.len()).into_iter().flat_map(|y| across.iter().map(move |x| Cell { x: *x, y })).collect();
    let mut map = Map { x, y, xs, ys, points, cells };
    if every {
        map.check(variants, (0..map.ys.len()).flat_map(|y| (0..map.xs.len()).map(move |x| (x, y))).collect());
    }
    loop {
        let wanted = map.cells.iter().flat_map(|cell| cell.corners().into_iter().chain([cell.middle()])).collect();
        map.check(variants, wanted);
        let (mixed, cells): (Vec<Cell>, Vec<Cell>) =
            map.cells.iter().partition(|cell| map.region(cell).is_none() && !cell.is_smallest());
        if mixed.is_empty() || variants.options.meter.is_stopped() {
            return map;
        }
        map.cells = cells.into_iter().chain(mixed.into_iter().flat_map(Cell::divided)).collect();
    }
}

impl Map {
    /// Checks those of the points that were not checked before, side by side.
    fn check(&mut self, variants: &Variants<'_>, mut wanted: Vec<(usize, usize)>) {
        wanted.sort_unstable();
        wanted.dedup();
        wanted.retain(|(x, y)| self.point(*x, *y).is_none());
        let at = |(x, y): (usize, usize)| {
            let stopped = variants.options.meter.is_stopped();
            let values = [(&self.x.parameter, self.xs[x]), (&self.y.parameter, self.ys[y])];
            ((x, y), (!stopped).then(|| variants.at(&values)))
        };
        let found: Vec<_> = wanted.into_par_iter().with_max_len(1).map(at).collect();
        for ((x, y), point) in found {
            let place = y * self.xs.len() + x;
            self.points[place] = point;
        }
    }
}

/// The values of an axis, evenly spread, but for the last rounded down to a power of ten that is at most a tenth of a step.
fn values(lo: i64, hi: i64, count: usize) -> Vec<i64> {
    let steps = (count as i64 - 1).clamp(1, hi - lo);
    let step = (hi - lo) / steps;
    let mut grain = 1;
    while grain * 100 <= step {
        grain *= 10;
    }
    let even = |index: i64| lo + (i128::from(hi - lo) * i128::from(index) / i128::from(steps)) as i64;
    (0..=steps).map(|index| if index == steps { hi } else { lo + (even(index) - lo) / grain * grain }).collect()
}

/// A row of coarse cells over so many places.
fn spans(places: usize) -> Vec<(usize, usize)> {
    let wide = (places - 1).div_ceil(COARSE).max(1);
    (0..places - 1).step_by(wide).map(|from| (from, (from + wide).min(places - 1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_even_and_round() {
        assert_eq!(values(0, 10, 40), (0..=10).collect::<Vec<_>>());
        assert_eq!(values(8_000_000, 12_000_000, 5), [8_000_000, 9_000_000, 10_000_000, 11_000_000, 12_000_000]);
        let many = values(8_000_000, 12_000_000, 40);
        assert_eq!((many.len(), many[1], many[39]), (40, 8_100_000, 12_000_000));
    }

    #[test]
    fn cells_cover_the_grid_once() {
        for places in [2, 3, 6, 7, 40] {
            let spans = spans(places);
            assert_eq!((spans[0].0, spans[spans.len() - 1].1), (0, places - 1));
            assert!(spans.windows(2).all(|pair| pair[0].1 == pair[1].0), "{spans:?}");
        }
        let parts = Cell { x: (0, 5), y: (3, 4) }.divided();
        assert_eq!(parts, [Cell { x: (0, 2), y: (3, 4) }, Cell { x: (2, 5), y: (3, 4) }]);
    }
}
