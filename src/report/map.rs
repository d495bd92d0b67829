//! A map in words, as a table for other programs, and what is written around its picture.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{block::design_name, seconds, span, svg::Words};
use crate::{
    app::{
        Question,
        map::{Boundary, Map, Piece},
        vary::{Range, Region},
    },
    design::{Kind, Resolved},
};

/// A map with what it is of.
pub(crate) struct Drawn<'a> {
    pub(crate) design: &'a Resolved,
    pub(crate) question: &'a Question,
    pub(crate) map: &'a Map,
    pub(crate) boundary: &'a Boundary,
    /// Whether the property is a bound, so that its worst cases are drawn.
    pub(crate) is_bound: bool,
}

impl Drawn<'_> {
    /// What was asked, of what.
    pub(crate) fn title(&self) -> String {
        let Question { property, ledger, within } = self.question;
        let within = within.map_or(String::new(), |within| format!(" within {}", span(within)));
        format!("{property}{within}, under {ledger}, of {}", design_name(&self.design.file))
    }

    /// What was checked and what was found, a line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let map = self.map;
        let count = |region| map.count(Some(region));
        let (safe, broken, open) = (count(Region::Safe), count(Region::Unsafe), count(Region::Open));
        let unchecked = map.count(None);
        let mut lines = vec![format!(
            "{} of {} points checked: {safe} proved to hold, {broken} violated by a replayed run, {open} open",
            safe + broken + open,
            map.xs.len() * map.ys.len(),
        )];
        if unchecked > 0 {
            lines.push(format!("{unchecked} points not checked: those checked around them, and in the middle, agree"));
        }
        lines.extend(self.open());
        lines.extend(self.boundary.pieces.iter().flat_map(|piece| self.piece(piece)));
        let boundary = self.boundary;
        if boundary.repeated > 0 {
            lines.push(format!(
                "on {} lines of the grid it turns more than once, or next to an open point",
                boundary.repeated
            ));
        }
        if boundary.pieces.is_empty() && boundary.facts > 0 {
            let told = format!("the turn is known to the last unit on {} lines of the grid", boundary.facts);
            lines.push(format!("{told}; no simple formula meets them"));
        }
        lines
    }

    /// Why points are open: the first reason, and how many have another.
    fn open(&self) -> Option<String> {
        let map = self.map;
        let all = (0..map.ys.len()).flat_map(|y| (0..map.xs.len()).map(move |x| (x, y)));
        let open = all.filter_map(|(x, y)| map.point(x, y)).filter(|point| point.region == Region::Open);
        let mut told: Vec<String> = open
            .map(|point| format!("{}: {}", point.verdict, point.why.as_deref().unwrap_or("no reason is given")))
            .collect();
        told.sort();
        told.dedup();
        let more = told.len().saturating_sub(1);
        let more = if more > 0 { format!(" (and {more} other reasons)") } else { String::new() };
        told.first().map(|first| format!("open: {first}{more}"))
    }

    fn piece(&self, piece: &Piece) -> Vec<String> {
        let (x, y) = (&self.map.x, &self.map.y);
        let (at, turns) = if piece.gives_y { (x, y) } else { (y, x) };
        let kind = |range: &Range| range.parameter.kind;
        let names = names(x, y);
        let (at_name, turns_name) = if piece.gives_y { names } else { (names.1, names.0) };
        let formula = piece.formula.text((at_name, kind(at)), (turns_name, kind(turns)));
        let side = if piece.safe_below { "below" } else { "above" };
        let from = format!("{at_name} {} to {}", told(kind(at), piece.from), told(kind(at), piece.to));
        let beside = told(kind(turns), piece.beside);
        let state = if piece.is_confirmed() { "it holds" } else { "NOT CONFIRMED: it would hold" };
        vec![
            format!("{formula}: {state} {side}, for {from}"),
            format!(
                "  fitted to {} points; {} of {} further points agree, {beside} to either side; {} of {} checked before",
                piece.facts, piece.agree, piece.tried, piece.right, piece.points
            ),
        ]
    }

    pub(crate) fn words(&self) -> Words {
        let (x, y) = (&self.map.x, &self.map.y);
        let mut lines =
            vec!["square: holds, by proof.  cross: violated, replayed.  bar: open.  blank: where it turns".into()];
        if self.is_bound {
            lines.push("thin lines: equal worst cases, straight between checked points".into());
        }
        lines.extend(self.lines());
        Words {
            title: self.title(),
            description: format!("Across: {}. Upwards: {}. {}", axis(x), axis(y), self.lines().join(". ")),
            contours: self.is_bound,
            lines: lines.iter().flat_map(|line| folded(line)).collect(),
        }
    }

    /// Every point of the grid, the unchecked ones marked.
    pub(crate) fn csv(&self) -> String {
        let map = self.map;
        let head = |range: &Range| format!("{} [{}]", range.parameter.path, range.parameter.kind.unit());
        let mut text = format!("{},{},verdict,worst [us],why\n", head(&map.x), head(&map.y));
        for (row, y) in map.ys.iter().enumerate() {
            for (column, x) in map.xs.iter().enumerate() {
                let (verdict, worst, why) = match map.point(column, row) {
                    None => ("not checked", String::new(), ""),
                    Some(point) => (
                        point.verdict,
                        point.span().map_or(String::new(), |span| span.to_string()),
                        point.why.as_deref().unwrap_or_default(),
                    ),
                };
                writeln!(text, "{x},{y},{verdict},{worst},{}", quoted(why)).expect("a text can be written to");
            }
        }
        text
    }

    pub(crate) fn json(&self, files: &[String]) -> Value {
        let map = self.map;
        let axis = |range: &Range| {
            let Range { parameter, lo, hi, .. } = range;
            json!({ "path": parameter.path, "unit": parameter.kind.unit(), "lo": lo, "hi": hi })
        };
        let count = |region| map.count(region);
        json!({
            "schema_version": 1,
            "design": design_name(&self.design.file),
            "property": self.question.property,
            "ledger": self.question.ledger,
            "x": axis(&map.x),
            "y": axis(&map.y),
            "holds": count(Some(Region::Safe)),
            "violated": count(Some(Region::Unsafe)),
            "open": count(Some(Region::Open)),
            "not_checked": count(None),
            "formulas": self.boundary.pieces.iter().map(|piece| json!({
                "text": self.piece(piece)[0],
                "confirmed": piece.is_confirmed(),
                "fitted_to": piece.facts,
                "further_points": piece.tried,
                "agree": piece.agree,
            })).collect::<Vec<_>>(),
            "files": files,
        })
    }
}

/// As short as both can be told apart.
fn names<'a>(x: &'a Range, y: &'a Range) -> (&'a str, &'a str) {
    let (short, other) = (x.parameter.name(), y.parameter.name());
    if short == other { (&x.parameter.path, &y.parameter.path) } else { (short, other) }
}

fn axis(range: &Range) -> String {
    let kind = range.parameter.kind;
    format!("{} from {} to {}", range.parameter.path, told(kind, range.lo), told(kind, range.hi))
}

pub(super) fn told(kind: Kind, value: i64) -> String {
    if kind == Kind::Span { seconds(value) } else { kind.write(value) }
}

/// In lines that fit below the picture.
fn folded(text: &str) -> Vec<String> {
    const MOST: usize = 98;
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is a line");
        if line.chars().count() + word.chars().count() < MOST {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        } else {
            lines.push(format!("    {word}"));
        }
    }
    lines
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.into() }
}
