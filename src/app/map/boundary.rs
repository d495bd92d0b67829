//! The line at which a property turns: found to the last unit on some lines of the grid, fitted by a formula, and tried
//! at further points.

use rayon::prelude::*;

use super::{
    Map,
    fit::{FEWEST, Fact, Formula, fit},
};
use crate::{
    app::vary::{Region, Variants},
    design::{Kind, fnv},
};

/// On so many lines of the grid the turn is found to the last unit.
const LINES: usize = 12;

/// At so many further points a formula is tried, on both sides.
const FURTHER: usize = 20;

/// What is known of the line at which the property turns.
#[derive(Default)]
pub(crate) struct Boundary {
    /// Formulas, each for a part of the line.
    pub(crate) pieces: Vec<Piece>,
    /// On so many lines of the grid the turn is known to the last unit.
    pub(crate) facts: usize,
    /// Lines of the grid on which the property turns more than once.
    pub(crate) repeated: usize,
}

/// A part of the line that has a formula.
pub(crate) struct Piece {
    pub(crate) formula: Formula,
    /// Whether the formula gives a value of `y` for one of `x`, or the other way round.
    pub(crate) gives_y: bool,
    /// The first and the last value that it was fitted to.
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) facts: usize,
    /// Whether it holds below what the formula gives.
    pub(crate) safe_below: bool,
    /// How many further points were tried, how far from the line on either side, and at how many both were right.
    pub(crate) tried: usize,
    pub(crate) agree: usize,
    pub(crate) beside: i64,
    /// Of the checked points of the grid within the part, how many there are, and how many the formula tells right.
    pub(crate) points: usize,
    pub(crate) right: usize,
}

impl Piece {
    /// Nothing that was checked contradicts it.
    pub(crate) fn is_confirmed(&self) -> bool {
        self.agree == self.tried && self.right == self.points && self.tried > 0
    }
}

/// A turn between two neighbours on a line of the grid: the place of the line, and both values beside it.
#[derive(Clone, Copy)]
struct Turn {
    line: usize,
    between: (i64, i64),
    /// What the first of both is.
    first: Region,
}

/// Looks for the line at which the property turns.
pub(crate) fn boundary(variants: &Variants<'_>, map: &Map) -> Boundary {
    let (columns, many) = turns(map, true);
    let (rows, more) = turns(map, false);
    // A span is known to a microsecond, a rate to a millionth: so spans are halved if possible.
    let spans = |by_column: bool| if by_column { map.y.parameter.kind } else { map.x.parameter.kind } == Kind::Span;
    let rank = |by_column: bool, lines: usize| (lines >= FEWEST, spans(by_column), lines);
    let by_column = rank(true, columns.len()) >= rank(false, rows.len());
    let (turns, repeated) = if by_column { (columns, many) } else { (rows, more) };
    let picked: Vec<Turn> = spread(&turns, LINES);
    let found: Vec<Option<Fact>> =
        picked.into_par_iter().with_max_len(1).map(|turn| halve(variants, map, by_column, turn)).collect();
    let facts: Vec<Fact> = found.into_iter().flatten().collect();
    let (facts, gives_y) = oriented(map, facts, by_column);
    let pieces = pieces(map, &facts, gives_y);
    let pieces = pieces.into_iter().map(|piece| tried(variants, map, piece)).collect();
    Boundary { pieces, facts: facts.len(), repeated }
}

/// The lines on which the property turns once, and how many there are on which it turns more often.
fn turns(map: &Map, by_column: bool) -> (Vec<Turn>, usize) {
    let (lines, places) = if by_column { (map.xs.len(), &map.ys) } else { (map.ys.len(), &map.xs) };
    let mut repeated = 0;
    let mut once = Vec::new();
    for line in 0..lines {
        let at = |place| if by_column { map.point(line, place) } else { map.point(place, line) };
        let known: Vec<(i64, Region)> =
            (0..places.len()).filter_map(|place| Some((places[place], at(place)?.region))).collect();
        let turning: Vec<_> = known.windows(2).filter(|pair| pair[0].1 != pair[1].1).collect();
        match turning.as_slice() {
            [] => {}
            [pair] if pair.iter().all(|(_, region)| *region != Region::Open) => {
                once.push(Turn { line, between: (pair[0].0, pair[1].0), first: pair[0].1 });
            }
            _ => repeated += 1,
        }
    }
    (once, repeated)
}

/// At most so many of them, evenly spread, the first and the last among them.
fn spread(turns: &[Turn], most: usize) -> Vec<Turn> {
    let count = turns.len().min(most);
    (0..count).map(|index| turns[index * (turns.len() - 1) / (count - 1).max(1)]).collect()
}

/// Halves the span between two neighbours until they are one unit apart.
fn halve(variants: &Variants<'_>, map: &Map, by_column: bool, turn: Turn) -> Option<Fact> {
    let at = if by_column { map.xs[turn.line] } else { map.ys[turn.line] };
    let (mut lo, mut hi) = turn.between;
    while hi - lo > 1 {
        let middle = i64::midpoint(lo, hi);
        let (x, y) = if by_column { (at, middle) } else { (middle, at) };
        match region(variants, map, x, y) {
            Region::Open => return None,
            found if found == turn.first => lo = middle,
            _ => hi = middle,
        }
    }
    Some(Fact { at, lo, hi })
}

fn region(variants: &Variants<'_>, map: &Map, x: i64, y: i64) -> Region {
    if variants.options.meter.is_stopped() {
        return Region::Open;
    }
    variants.at(&[(&map.x.parameter, x), (&map.y.parameter, y)]).region
}

/// The facts as a formula wants them: a span is given for a rate, never a rate for a span.
fn oriented(map: &Map, facts: Vec<Fact>, by_column: bool) -> (Vec<Fact>, bool) {
    let (at, turns) = kinds(map, by_column);
    let mut facts = facts;
    let turned = (at, turns) == (Kind::Span, Kind::Rate);
    if turned {
        // Within one unit of the rate the span moves by so much.
        let moves = |span: i64| span / 250_000 + 1;
        facts = facts
            .iter()
            .map(|fact| Fact { at: fact.lo, lo: fact.at - moves(fact.at), hi: fact.at + moves(fact.at) })
            .collect();
    }
    facts.sort_unstable_by_key(|fact| fact.at);
    facts.dedup_by_key(|fact| fact.at);
    (facts, by_column != turned)
}

/// The kinds of what is given to a formula and of what it gives.
fn kinds(map: &Map, gives_y: bool) -> (Kind, Kind) {
    let (x, y) = (map.x.parameter.kind, map.y.parameter.kind);
    if gives_y { (x, y) } else { (y, x) }
}

/// Formulas for as long runs of facts as possible.
fn pieces(map: &Map, facts: &[Fact], gives_y: bool) -> Vec<Piece> {
    let (at, turns) = kinds(map, gives_y);
    let mut pieces = Vec::new();
    let mut from = 0;
    while from + FEWEST <= facts.len() {
        let fits = |to: usize| Some((to, fit(&facts[from..to], at, turns)?));
        match (from + FEWEST..=facts.len()).rev().find_map(fits) {
            None => from += 1,
            Some((to, formula)) => {
                pieces.push(Piece {
                    formula,
                    gives_y,
                    from: facts[from].at,
                    to: facts[to - 1].at,
                    facts: to - from,
                    safe_below: false,
                    tried: 0,
                    agree: 0,
                    beside: 0,
                    points: 0,
                    right: 0,
                });
                from = to;
            }
        }
    }
    pieces
}

/// Compares a formula with what is known already, and with further points close to the line.
fn tried(variants: &Variants<'_>, map: &Map, mut piece: Piece) -> Piece {
    let known = known(map, &piece);
    let below = known.iter().filter(|(region, is_below)| (*region == Region::Safe) == *is_below).count();
    piece.safe_below = 2 * below >= known.len();
    piece.points = known.len();
    piece.right = if piece.safe_below { below } else { known.len() - below };
    let range = if piece.gives_y { &map.y } else { &map.x };
    // Far above the rounding of windows, far below a step of the grid.
    piece.beside = ((range.hi - range.lo) / 10_000).max(if range.parameter.kind == Kind::Number { 1 } else { 20 });
    let further: Vec<i64> = further(&piece).collect();
    let both = |a: &i64| {
        let turns = piece.formula.at(*a)?;
        let right = |value: i64, is_below: bool| {
            let (x, y) = if piece.gives_y { (*a, value) } else { (value, *a) };
            let wanted = if is_below == piece.safe_below { Region::Safe } else { Region::Unsafe };
            value >= 0 && region(variants, map, x, y) == wanted
        };
        Some(right(turns - piece.beside, true) && right(turns + piece.beside, false))
    };
    let told: Vec<bool> = further.par_iter().with_max_len(1).map(|a| both(a).unwrap_or(false)).collect();
    piece.tried = told.len();
    piece.agree = told.into_iter().filter(|agrees| *agrees).count();
    piece
}

/// The checked points of the grid within a part, and whether each lies below the line; those beside it are left out.
fn known(map: &Map, piece: &Piece) -> Vec<(Region, bool)> {
    let mut known = Vec::new();
    for (column, x) in map.xs.iter().enumerate() {
        for (row, y) in map.ys.iter().enumerate() {
            let (a, value) = if piece.gives_y { (*x, *y) } else { (*y, *x) };
            let Some(point) = map.point(column, row) else { continue };
            let Some(turns) = piece.formula.at(a).filter(|_| piece.from <= a && a <= piece.to) else { continue };
            if point.region != Region::Open && (value - turns).abs() > 20 {
                known.push((point.region, value < turns));
            }
        }
    }
    known
}

/// Values within a part that look random, the same in each run.
fn further(piece: &Piece) -> impl Iterator<Item = i64> {
    let (from, wide) = (piece.from, (piece.to - piece.from).max(1));
    let name = format!("{:?} {from} {wide}", piece.formula);
    let mixed = |hash: u64| (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd) >> 16;
    (0..FURTHER).map(move |round| from + (mixed(fnv(format!("{name} {round}").as_bytes())) % wide as u64) as i64)
}
