//! A run on a real time axis: a lane for each node, with what lasts as bars and what travels as arrows.

use std::collections::BTreeMap;

use maud::{Markup, PreEscaped, html};

use super::{COLORS, PICTURE, figure, label, marks};
use crate::{
    process::NodeId,
    report::{
        format::title,
        scene::{Life, Message, Scene, Timer, TimerEnd, kind, place},
        seconds,
        timeline::fit,
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

/// An overlap is drawn at least this wide.
const OVERLAP: i64 = 3;

/// So many letters of a message are shown; the steps have all of them.
const LONGEST: usize = 80;

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
        (shades(trace, holds, &axis, height))
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

/// Moments at which several parties do what only one may, over all lanes: they may be too short for the eye.
fn shades(trace: &Trace, holds: &[Hold], axis: &Axis, height: i64) -> Markup {
    let of_property: Vec<_> = holds.iter().filter(|hold| hold.property == trace.subject.property).collect();
    let pairs = of_property.iter().enumerate().flat_map(|(index, one)| {
        of_property[index + 1..].iter().filter(|other| other.node != one.node).map(move |other| (one, other))
    });
    let both = pairs.map(|(one, other)| (one.from.max(other.from), one.to.min(other.to)));
    let mut both: Vec<(i64, i64)> = both.filter(|(from, to)| from < to).collect();
    both.sort_unstable();
    both.dedup();
    html! {
        @for (from, to) in both {
            @let width = (axis.x(to) - axis.x(from)).max(OVERLAP);
            rect.overlap x=(axis.x(to) - width) y=(TOP - 8) width=(width) height=(height - GAP / 2 - TOP + 8) {
                title { "several at once for " (seconds(to - from)) ", from " (seconds(from)) " to " (seconds(to)) }
            }
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

/// The messages that came or may come, and over them those that did not. A page has many thousands of them, so what
/// they share is said once.
fn arrows(trace: &Trace, scene: &Scene, axis: &Axis, line: &dyn Fn(usize) -> i64) -> Markup {
    let sent = |message: &Message| trace.steps[message.sent].at;
    let came = |message: &Message| message.came.map_or(sent(message), |step| trace.steps[step].at);
    let shown = |message: &&Message| axis.shows(sent(message), came(message));
    let (gone, going): (Vec<_>, Vec<_>) = scene.messages.iter().filter(shown).partition(|message| is_gone(message));
    let path = |message: &Message| {
        let (from, to) = (line(message.from), line(message.to));
        let to = if message.came.is_some() { to } else { (from + to) / 2 };
        format!("M{} {from}L{} {to}", axis.x(sent(message)), axis.x(came(message)))
    };
    html! {
        @for (class, messages) in [("message", going), ("gone", gone)] {
            @if !messages.is_empty() {
                g class=(class) {
                    @for (path, message, more) in places(messages, path) {
                        path d=(path) {
                            title {
                                (trace.nodes[message.from]) " to " (trace.nodes[message.to]) ", " (seconds(sent(message)))
                                @if message.came.is_some() { " to " (seconds(came(message))) }
                                ": " (fit(message.text.clone(), LONGEST)) (fate(message))
                                @if more > 0 { ", and " (more) " more" }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Where messages are drawn, the first of each place, and how many more are there.
fn places(messages: Vec<&Message>, path: impl Fn(&Message) -> String) -> Vec<(String, &Message, usize)> {
    let mut places: Vec<(String, &Message, usize)> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for message in messages {
        let path = path(message);
        if let Some(&place) = known.get(&path) {
            places[place].2 += 1;
        } else {
            known.insert(path.clone(), places.len());
            places.push((path, message, 0));
        }
    }
    places
}

fn is_gone(message: &Message) -> bool {
    message.lost || (message.came.is_some() && !message.taken && !message.waits)
}

/// How a message ended, where that is not by being taken.
fn fate(message: &Message) -> &'static str {
    match message.came {
        _ if message.lost => ", lost",
        Some(_) if message.taken => "",
        Some(_) if message.waits => ", waits to be taken",
        Some(_) => ", taken by nobody",
        None if message.held => ", held by a cut",
        None => ", still under way",
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Choices, Claim, FORMAT, Step, Subject, Target};

    fn story(steps: Vec<(i64, Occurrence, &str)>) -> Trace {
        let step = |(at, what, did): (i64, Occurrence, &str)| Step {
            at,
            what,
            choices: Choices::default(),
            did: did.split("; ").map(Into::into).collect(),
        };
        Trace {
            tenure_trace: FORMAT,
            tool: String::new(),
            subject: Subject {
                design: String::new(),
                hash: String::new(),
                file: String::new(),
                protocol: String::new(),
                property: "at-most-one-acts".into(),
                ledger: String::new(),
            },
            claim: Claim::Violation,
            nodes: ["A", "S"].map(Into::into).into(),
            steps: steps.into_iter().map(step).collect(),
        }
    }

    fn elements(picture: &str, class: &str) -> Vec<BTreeMap<String, String>> {
        let document = roxmltree::Document::parse(picture).expect("it is XML");
        let attributes = |node: roxmltree::Node<'_, '_>| {
            let title = node.children().find(|child| child.tag_name().name() == "title").and_then(|title| title.text());
            let named = node.attributes().map(|one| (one.name().to_string(), one.value().to_string()));
            named.chain(title.map(|title| ("title".into(), title.into()))).collect()
        };
        document.descendants().filter(|node| node.attribute("class") == Some(class)).map(attributes).collect()
    }

    #[test]
    fn a_message_that_a_cut_takes_is_drawn_as_lost_and_one_under_way_is_not() {
        let (a, s) = (NodeId(0), NodeId(1));
        let cut = Target::Cut { cut: 0, lost: vec![(a, s, 0, 0)], held: Vec::new() };
        let trace = story(vec![
            (0, Occurrence::Fire { node: a, number: 0 }, "send S: Renew"),
            (1, Occurrence::Fault { fault: 0, target: cut }, "cut A-S"),
            (2, Occurrence::Heal { number: 0 }, "heal"),
            (3, Occurrence::Fire { node: a, number: 1 }, "send S: Release"),
        ]);
        let picture = lanes_alone(&trace, &[]);
        let document = roxmltree::Document::parse(&picture).expect("it is XML");
        let titles = |class: &str| {
            let group = document.descendants().find(|node| node.attribute("class") == Some(class)).expect("a group");
            let texts =
                group.descendants().filter(|node| node.tag_name().name() == "title").filter_map(|title| title.text());
            texts.map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(titles("gone"), ["A to S, 0 s: Renew, lost"]);
        assert_eq!(titles("message"), ["A to S, 0.000003 s: Release, still under way"]);
    }

    #[test]
    fn messages_of_one_place_are_drawn_once() {
        let sends = |at| (at, Occurrence::Fire { node: NodeId(0), number: 0 }, "send S: Renew");
        let picture = lanes_alone(&story(vec![sends(0), sends(1), sends(2), sends(20_000_000)]), &[]);
        let document = roxmltree::Document::parse(&picture).expect("it is XML");
        let group = document.descendants().find(|node| node.attribute("class") == Some("message")).expect("a group");
        let titles = group.descendants().filter(|node| node.tag_name().name() == "title");
        let titles: Vec<_> = titles.filter_map(|title| title.text()).collect();
        assert_eq!(titles, ["A to S, 0 s: Renew, still under way, and 2 more", "A to S, 20 s: Renew, still under way"]);
    }

    #[test]
    fn an_overlap_is_shaded_however_short_it_is() {
        let trace = story(vec![(20_000_000, Occurrence::Heal { number: 0 }, "heal")]);
        let hold = |property, node, from, to| Hold { property, node: NodeId(node), from, to };
        let shades = |holds: &[Hold]| elements(&lanes_alone(&trace, holds), "overlap");
        let acts = "at-most-one-acts";
        let first = hold(acts, 0, 0, 20_000_000);
        let both = shades(&[first, hold(acts, 1, 19_999_000, 20_000_000)]);
        assert_eq!(both.len(), 1);
        assert_eq!((both[0]["width"].as_str(), both[0]["x"].as_str()), ("3", "933"), "it ends where the run does");
        assert!(both[0]["title"].contains("0.001 s, from 19.999 s to 20 s"), "{both:?}");
        let wide = shades(&[first, hold(acts, 1, 10_000_000, 20_000_000)]);
        assert_eq!(wide[0]["width"], "432", "half of the axis");
        assert!(shades(&[first, hold("at-most-one-believes", 1, 0, 20_000_000)]).is_empty(), "another property");
        assert!(shades(&[hold(acts, 0, 0, 5), hold(acts, 1, 5, 20_000_000)]).is_empty(), "one after the other");
        assert!(shades(&[first, hold(acts, 0, 1, 2)]).is_empty(), "one party");
    }
}
