//! A run on a real time axis: a lane for each node, with what lasts as bars and what travels as arrows.

use maud::{Markup, PreEscaped, html};

use super::{COLORS, PICTURE, figure, label, marks};
use crate::{
    process::NodeId,
    report::{
        format::title,
        scene::{Life, Scene, Timer, TimerEnd, kind, place},
        seconds,
    },
    simulate::Hold,
    trace::{Occurrence, Trace},
};

const WIDTH: i64 = 960;
const LEFT: i64 = 72;
const RIGHT: i64 = 24;
const TOP: i64 = 30;
const ROW: i64 = 18;
/// Between two lanes, so that arrows can be told apart.
const GAP: i64 = 26;

/// A timer is drawn if it runs for at least this part of the picture.
const TELLING: i64 = 25;

/// A bar of a lane.
struct Bar<'a> {
    class: &'static str,
    text: String,
    about: &'a str,
    from: i64,
    to: i64,
}

/// The part of the run that matters: all of it, or from shortly before the stopwatch starts.
struct Axis {
    from: i64,
    to: i64,
}

impl Axis {
    fn x(&self, at: i64) -> i64 {
        let span = (self.to - self.from).max(1);
        LEFT + (WIDTH - LEFT - RIGHT) * (at.clamp(self.from, self.to) - self.from) / span
    }

    fn shows(&self, from: i64, to: i64) -> bool {
        from <= self.to && to >= self.from
    }
}

/// The picture of a run, on a page that has the colours.
pub(crate) fn lanes(trace: &Trace, holds: &[Hold]) -> Markup {
    picture(trace, holds, &html! {})
}

/// The picture of a run, as a file of its own.
pub(crate) fn lanes_alone(trace: &Trace, holds: &[Hold]) -> String {
    let ground = html! {
        style { (PreEscaped(COLORS)) (PreEscaped(PICTURE)) }
        rect.paper width="100%" height="100%" {}
    };
    picture(trace, holds, &ground).into_string() + "\n"
}

fn picture(trace: &Trace, holds: &[Hold], ground: &Markup) -> Markup {
    let scene = Scene::of(trace);
    let axis = Axis { from: 0, to: scene.end.max(1) };
    let rows: Vec<Vec<Vec<Bar<'_>>>> =
        (0..trace.nodes.len()).map(|node| stack(bars(&scene, holds, node, &axis))).collect();
    // A lane has a line for its process, and below it rows of bars.
    let mut tops = Vec::new();
    let mut height = TOP;
    for rows in &rows {
        tops.push(height);
        height += ROW + ROW * rows.len() as i64 + GAP;
    }
    let line = |node: usize| tops[node] + ROW / 2;
    let content = html! {
        (ground)
        (ticks(&axis, height))
        @for (node, name) in trace.nodes.iter().enumerate() {
            text.name x="8" y=(line(node) + 5) { (label(name, LEFT - 12)) }
            @for spell in scene.spells.iter().filter(|spell| spell.node == node && spell.life != Life::Down) {
                rect class=(if spell.life == Life::Up { "up" } else { "paused" }) x=(axis.x(spell.from))
                    y=(line(node) - 3) width=((axis.x(spell.to) - axis.x(spell.from)).max(1)) height="6" {
                    title { (name) " is " (if spell.life == Life::Up { "up" } else { "paused" }) " from "
                        (seconds(spell.from)) " to " (seconds(spell.to)) }
                }
            }
            @for (row, bars) in rows[node].iter().enumerate() {
                @for bar in bars {
                    (draw(bar, tops[node] + ROW + ROW * row as i64, &axis))
                }
            }
        }
        (arrows(trace, &scene, &axis, &line))
        (signs(trace, &axis, &line, height))
    };
    let what = title(trace);
    let description = format!(
        "A lane for each of the nodes {}, over {}: bars are what parties believe and which timers run, arrows are messages.",
        trace.nodes.join(", "),
        seconds(scene.end)
    );
    figure(WIDTH, height, &what, &description, &content)
}

fn ticks(axis: &Axis, height: i64) -> Markup {
    html! {
        @for mark in marks(axis.to, 10).into_iter().filter(|mark| *mark >= axis.from) {
            line.grid x1=(axis.x(mark)) x2=(axis.x(mark)) y1=(TOP - 8) y2=(height - GAP / 2) {}
            text.tick x=(axis.x(mark)) y="14" text-anchor="middle" { (seconds(mark)) }
        }
    }
}

/// What lasts in a lane: intervals first, then the timers that ran their course or still run.
fn bars<'a>(scene: &'a Scene, holds: &'a [Hold], node: usize, axis: &Axis) -> Vec<Bar<'a>> {
    let span = axis.to - axis.from;
    let held = holds.iter().filter(|hold| hold.node.index() == node && axis.shows(hold.from, hold.to)).map(|hold| {
        Bar { class: "hold", text: believed(hold.property).into(), about: hold.property, from: hold.from, to: hold.to }
    });
    let telling = |timer: &&Timer| {
        timer.node == node && timer.end != TimerEnd::Dropped && timer.within(axis.from, axis.to) * TELLING >= span
    };
    let timers = scene.timers.iter().filter(telling).map(|timer| Bar {
        class: if timer.end == TimerEnd::Fired { "timer" } else { "running" },
        text: format!("{} {}", kind(&timer.name), seconds(timer.to - timer.from)),
        about: &timer.name,
        from: timer.from,
        to: timer.to,
    });
    held.chain(timers).collect()
}

/// `believes` of `at-most-one-believes`.
fn believed(property: &str) -> &str {
    property.rsplit('-').next().unwrap_or(property)
}

/// Bars in as few rows as they need, in their order.
fn stack(bars: Vec<Bar<'_>>) -> Vec<Vec<Bar<'_>>> {
    let mut rows: Vec<Vec<Bar<'_>>> = Vec::new();
    for bar in bars {
        let row = rows.iter_mut().find(|row| row.iter().all(|other| other.to <= bar.from || bar.to <= other.from));
        match row {
            Some(row) => row.push(bar),
            None => rows.push(vec![bar]),
        }
    }
    rows
}

fn draw(bar: &Bar<'_>, top: i64, axis: &Axis) -> Markup {
    let (from, to) = (axis.x(bar.from), axis.x(bar.to));
    let width = (to - from).max(2);
    html! {
        g class=(bar.class) {
            rect x=(from) y=(top + 1) width=(width) height=(ROW - 3) rx="2" {
                title { (bar.about) ": " (seconds(bar.from)) " to " (seconds(bar.to)) }
            }
            text x=(from + 4) y=(top + 13) { (label(&bar.text, width - 8)) }
        }
    }
}

fn arrows(trace: &Trace, scene: &Scene, axis: &Axis, line: &dyn Fn(usize) -> i64) -> Markup {
    html! {
        @for message in &scene.messages {
            @let sent = trace.steps[message.sent].at;
            @let came = message.came.map_or(sent, |step| trace.steps[step].at);
            @if axis.shows(sent, came) {
                line class=(if message.lost || (message.came.is_some() && !message.taken) { "gone" } else { "message" })
                    x1=(axis.x(sent)) y1=(line(message.from)) x2=(axis.x(came))
                    y2=(if message.came.is_some() { line(message.to) } else { (line(message.from) + line(message.to)) / 2 }) {
                    title { (trace.nodes[message.from]) " to " (trace.nodes[message.to]) ", " (seconds(sent)) " to "
                        (seconds(came)) ": " (message.text) }
                }
            }
        }
    }
}

/// Faults, what broke, and the last moment.
fn signs(trace: &Trace, axis: &Axis, line: &dyn Fn(usize) -> i64, height: i64) -> Markup {
    let last = trace.steps.len().saturating_sub(1);
    html! {
        @for (index, step) in trace.steps.iter().enumerate() {
            @let x = axis.x(step.at);
            @let is_fault = matches!(step.what, Occurrence::Fault { .. }) || step.choices.cut.is_some();
            @if step.choices.measured {
                line.start x1=(x) x2=(x) y1=(TOP - 8) y2=(height - GAP / 2) {
                    title { "the stopwatch starts at " (seconds(step.at)) }
                }
            }
            @if is_fault {
                @let y = place(&step.what).map_or(TOP - 8, |node: NodeId| line(node.index()));
                path.fault d=(format!("M{} {}l10 10m0 -10l-10 10", x - 5, y - 5)) {
                    title { (seconds(step.at)) ": " (step.did.join("; ")) }
                }
            }
            @if index == last {
                line.end x1=(x) x2=(x) y1=(TOP - 8) y2=(height - GAP / 2) {
                    title { (seconds(step.at)) ": " (step.did.join("; ")) }
                }
            }
        }
    }
}
