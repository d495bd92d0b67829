//! The picture of a map: two parameters, where a property holds, and where it turns.
//!
//! One drawing, two media: for a browser with text and colours that follow the reader's light or dark, for PNG with
//! letters as strokes and the light colours written out, as no font and no style sheet's variables are needed then.

use std::fmt::Write;

use maud::{Markup, PreEscaped, html};

use super::{figure, letters::strokes, marks};
use crate::{
    app::{
        map::{Boundary, Map},
        vary::{Range, Region},
    },
    design::Kind,
    report::seconds,
};

/// What the picture is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Medium {
    Browser,
    Png,
}

/// What is written around the picture.
pub(crate) struct Words {
    pub(crate) title: String,
    pub(crate) description: String,
    /// Whether worst cases are drawn.
    pub(crate) contours: bool,
    /// Below the picture: what is proved, what turns where.
    pub(crate) lines: Vec<String>,
}

const WIDTH: i64 = 760;
const LEFT: i64 = 96;
const TOP: i64 = 64;
const ACROSS: i64 = 620;
const DOWN: i64 = 460;
const LINE: i64 = 18;

/// At most so many contours.
const CONTOURS: i64 = 8;

/// Names of the colours, light and dark.
const COLORS: [(&str, &str, &str); 8] = [
    ("paper", "#ffffff", "#15191d"),
    ("ink", "#1c2126", "#e8ebee"),
    ("soft", "#57606a", "#a9b3bd"),
    ("good", "#176639", "#6bd596"),
    ("bad", "#b3261e", "#ff8f87"),
    ("safe", "#d9efe1", "#1b3626"),
    ("unsafe", "#f8dcd9", "#472320"),
    ("open", "#e6e9ec", "#2c333a"),
];

const RULES: &str = "\
.paper { fill: var(--paper); } .frame { fill: none; stroke: var(--soft); }
.safe { fill: var(--safe); } .unsafe { fill: var(--unsafe); } .open { fill: var(--open); } .turn { fill: var(--paper); }
.held { fill: var(--good); } .broken { stroke: var(--bad); stroke-width: 1.4; fill: none; } .doubt { fill: var(--soft); }
.line { fill: none; stroke: var(--ink); stroke-width: 2; } .contour { fill: none; stroke: var(--soft); stroke-width: 1.2; }
.letters { fill: none; stroke: var(--ink); stroke-width: 11; stroke-linecap: round; stroke-linejoin: round; }
text { font: 12px system-ui, sans-serif; fill: var(--ink); }
";

/// The whole picture, as a file of its own.
pub(crate) fn chart(map: &Map, boundary: &Boundary, words: &Words, medium: Medium) -> String {
    let chart = Chart { map, medium };
    let legend = TOP + DOWN + 58;
    let height = legend + LINE * (words.lines.len() as i64 + 1);
    let content = html! {
        style { (PreEscaped(style(medium))) }
        rect.paper width=(WIDTH) height=(height) {}
        (chart.text(16, 24, Anchor::Start, &words.title))
        (chart.regions())
        @if words.contours { (chart.contours()) }
        (chart.points())
        (chart.lines(boundary))
        rect.frame x=(LEFT) y=(TOP) width=(ACROSS) height=(DOWN) {}
        (chart.scales())
        @for (row, line) in words.lines.iter().enumerate() {
            (chart.text(16, legend + LINE * row as i64, Anchor::Start, line))
        }
    };
    figure(WIDTH, height, &words.title, &words.description, &content).into_string()
}

fn style(medium: Medium) -> String {
    match medium {
        Medium::Browser => {
            let colors = |pick: fn(&(&str, &str, &str)) -> String| COLORS.iter().map(pick).collect::<String>();
            let light = colors(|(name, light, _)| format!(" --{name}: {light};"));
            let dark = colors(|(name, _, dark)| format!(" --{name}: {dark};"));
            format!("svg {{{light} }}\n@media (prefers-color-scheme: dark) {{ svg {{{dark} }} }}\n{RULES}")
        }
        Medium::Png => COLORS
            .iter()
            .fold(RULES.to_string(), |rules, (name, light, _)| rules.replace(&format!("var(--{name})"), light)),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Anchor {
    Start,
    Middle,
    End,
}

struct Chart<'a> {
    map: &'a Map,
    medium: Medium,
}

/// A point of the picture, in tenths of a pixel.
type Place = (i64, i64);

impl Chart<'_> {
    fn text(&self, x: i64, y: i64, anchor: Anchor, text: &str) -> Markup {
        if self.medium == Medium::Browser {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            return html! { text x=(x) y=(y) text-anchor=(anchor) { (text) } };
        }
        let (path, wide) = strokes(text);
        let left = match anchor {
            Anchor::Start => x * 10,
            Anchor::Middle => x * 10 - wide / 2,
            Anchor::End => x * 10 - wide,
        };
        html! { path.letters transform=(format!("translate({} {y}) scale(0.1)", tenths(left))) d=(path) {} }
    }

    fn x(&self, value: i64) -> i64 {
        let range = &self.map.x;
        10 * LEFT + along(value, range, 10 * ACROSS)
    }

    fn y(&self, value: i64) -> i64 {
        let range = &self.map.y;
        10 * (TOP + DOWN) - along(value, range, 10 * DOWN)
    }

    fn place(&self, (x, y): (usize, usize)) -> Place {
        (self.x(self.map.xs[x]), self.y(self.map.ys[y]))
    }

    /// Cells whose checked points agree are tinted; the others stay blank, and the turn lies in them.
    fn regions(&self) -> Markup {
        html! {
            @for cell in &self.map.cells {
                @let (left, bottom) = self.place(cell.corners()[0]);
                @let (right, top) = self.place(cell.corners()[2]);
                rect class=(self.map.region(cell).map_or("turn", tint)) x=(tenths(left)) y=(tenths(top))
                    width=(tenths(right - left)) height=(tenths(bottom - top)) {}
            }
        }
    }

    /// A square where it holds, a cross where it is violated, a bar where it is open.
    fn points(&self) -> Markup {
        let mut paths = [String::new(), String::new(), String::new()];
        for y in 0..self.map.ys.len() {
            for x in 0..self.map.xs.len() {
                let Some(point) = self.map.point(x, y) else { continue };
                let (left, top) = self.place((x, y));
                let mark = |dx: i64, dy: i64| format!("M{} {}", tenths(left + dx), tenths(top + dy));
                match point.region {
                    Region::Safe => write!(paths[0], "{}h4v4h-4z", mark(-20, -20)),
                    Region::Unsafe => write!(paths[1], "{}l5 5{}l5 -5", mark(-25, -25), mark(-25, 25)),
                    Region::Open => write!(paths[2], "{}h6v2h-6z", mark(-30, -10)),
                }
                .expect("a text can be written to");
            }
        }
        html! {
            @for (class, path) in ["held", "broken", "doubt"].iter().zip(&paths) {
                @if !path.is_empty() { path class=(class) d=(path) {} }
            }
        }
    }

    /// The formulas, over the part that each is for.
    fn lines(&self, boundary: &Boundary) -> Markup {
        const STEPS: i64 = 60;
        let path = |piece: &crate::app::map::Piece| {
            let mut path = String::new();
            for step in 0..=STEPS {
                let at = piece.from + (i128::from(piece.to - piece.from) * i128::from(step) / i128::from(STEPS)) as i64;
                let Some(turns) = piece.formula.at(at) else { continue };
                let (x, y) = if piece.gives_y { (at, turns) } else { (turns, at) };
                if x < self.map.x.lo || x > self.map.x.hi || y < self.map.y.lo || y > self.map.y.hi {
                    continue;
                }
                let command = if path.is_empty() { 'M' } else { 'L' };
                write!(path, "{command}{} {}", tenths(self.x(x)), tenths(self.y(y))).expect("a text can be written to");
            }
            path
        };
        html! { @for piece in boundary.pieces.iter().filter(|piece| piece.is_confirmed()) { path.line d=(path(piece)) {} } }
    }

    /// Lines of equal worst cases, straight between checked points.
    fn contours(&self) -> Markup {
        let triangles: Vec<[(Place, i64); 3]> = self.triangles();
        let spans = || triangles.iter().flatten().map(|(_, span)| *span);
        let (Some(least), Some(most)) = (spans().min(), spans().max()) else { return html! {} };
        let levels = marks(most - least, CONTOURS);
        let step = levels.get(1).copied().unwrap_or(1);
        let first = (least / step + 1) * step;
        let levels: Vec<i64> =
            (0..CONTOURS + 2).map(|index| first + index * step).filter(|level| *level < most).collect();
        html! {
            @for level in levels {
                @let segments: Vec<(Place, Place)> = triangles.iter().filter_map(|corners| crossing(corners, level)).collect();
                @if let Some((at, _)) = segments.get(segments.len() / 2) {
                    path.contour d=(segments.iter().map(|(from, to)| {
                        format!("M{} {}L{} {}", tenths(from.0), tenths(from.1), tenths(to.0), tenths(to.1))
                    }).collect::<String>()) { title { "worst case " (seconds(level)) } }
                    (self.text(at.0 / 10 + 4, at.1 / 10 - 4, Anchor::Start, &seconds(level)))
                }
            }
        }
    }

    /// Every cell in triangles whose corners have a worst case.
    fn triangles(&self) -> Vec<[(Place, i64); 3]> {
        let value = |at: (usize, usize)| Some((self.place(at), self.map.point(at.0, at.1)?.span()?));
        let mut triangles = Vec::new();
        for cell in &self.map.cells {
            let corners = cell.corners();
            let middle = cell.middle();
            for (index, corner) in corners.iter().enumerate() {
                let next = corners[(index + 1) % corners.len()];
                let third = if middle == corners[0] { corners[0] } else { middle };
                if *corner == third || next == third {
                    continue;
                }
                triangles.extend((|| Some([value(*corner)?, value(next)?, value(third)?]))());
            }
        }
        triangles
    }

    fn scales(&self) -> Markup {
        let (x, y) = (&self.map.x, &self.map.y);
        let bottom = TOP + DOWN;
        html! {
            @for value in ticks(x) {
                @let at = self.x(value);
                path.frame d=(format!("M{} {bottom}v5", tenths(at))) {}
                (self.text(at / 10, bottom + 20, Anchor::Middle, &told(x.parameter.kind, value)))
            }
            @for value in ticks(y) {
                @let at = self.y(value);
                path.frame d=(format!("M{LEFT} {}h-5", tenths(at))) {}
                (self.text(LEFT - 9, at / 10 + 4, Anchor::End, &told(y.parameter.kind, value)))
            }
            (self.text(LEFT + ACROSS, bottom + 38, Anchor::End, &format!("{} ->", x.parameter.path)))
            (self.text(16, TOP - 12, Anchor::Start, &format!("^ {}", y.parameter.path)))
        }
    }
}

const fn tint(region: Region) -> &'static str {
    match region {
        Region::Safe => "safe",
        Region::Unsafe => "unsafe",
        Region::Open => "open",
    }
}

/// How far along its range a value lies, of so much.
fn along(value: i64, range: &Range, length: i64) -> i64 {
    (i128::from(value - range.lo) * i128::from(length) / i128::from(range.hi - range.lo)) as i64
}

/// Round values within a range.
fn ticks(range: &Range) -> Vec<i64> {
    let step = marks(range.hi - range.lo, 8).get(1).copied().unwrap_or(1);
    let first = range.lo.div_euclid(step) + i64::from(range.lo.rem_euclid(step) != 0);
    (first..=range.hi.div_euclid(step)).map(|count| count * step).collect()
}

fn told(kind: Kind, value: i64) -> String {
    if kind == Kind::Span { seconds(value) } else { kind.write(value) }
}

/// Where a level crosses a triangle.
fn crossing(corners: &[(Place, i64); 3], level: i64) -> Option<(Place, Place)> {
    let mut ends = Vec::new();
    for (index, (from, low)) in corners.iter().enumerate() {
        let (to, high) = corners[(index + 1) % 3];
        if (*low < level) != (high < level) {
            let part = |from: i64, to: i64| {
                from + (i128::from(to - from) * i128::from(level - low) / i128::from(high - low)) as i64
            };
            ends.push((part(from.0, to.0), part(from.1, to.1)));
        }
    }
    (ends.len() == 2).then(|| (ends[0], ends[1]))
}

/// Tenths of a pixel, as a number with a fraction.
fn tenths(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}.{}", value.abs() / 10, value.abs() % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_crosses_a_triangle_between_its_corners() {
        let corners = [((0, 0), 10), ((100, 0), 20), ((0, 100), 10)];
        assert_eq!(crossing(&corners, 15), Some(((50, 0), (50, 50))));
        assert_eq!(crossing(&corners, 25), None);
    }

    #[test]
    fn the_light_colours_are_written_out_for_png() {
        assert!(!style(Medium::Png).contains("var("));
        assert!(style(Medium::Browser).contains("prefers-color-scheme: dark"));
        assert!(COLORS.iter().all(|(name, ..)| RULES.contains(&format!("var(--{name})"))));
    }

    #[test]
    fn tenths_keep_their_sign() {
        assert_eq!(["12.5", "-0.3"], [tenths(125), tenths(-3)]);
    }
}
