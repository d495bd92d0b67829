//! Sequence diagrams: who told whom what, steady exchanges elided.

use super::title;
use crate::{
    process::NodeId,
    report::{
        scene::{Message, Scene, kind, place, turn},
        seconds,
        timeline::fit,
    },
    trace::{Occurrence, Step, Trace},
};

/// A label is no longer than this.
const WIDTH: usize = 70;

/// The longest exchange that is looked for, in steps.
const LONGEST_TURN: usize = 16;

/// So many equal turns in a row are steady.
const STEADY: usize = 3;

/// A row of a diagram.
enum Row {
    Arrow {
        from: String,
        to: String,
        label: String,
        lost: bool,
    },
    Note {
        over: String,
        label: String,
    },
    /// So many turns of an exchange, until this moment.
    Elided {
        turns: usize,
        of: String,
        until: i64,
    },
}

pub(super) fn mermaid(trace: &Trace) -> String {
    let mut text = format!("%% {}\nsequenceDiagram\n", title(trace).replace('\n', " "));
    for node in &trace.nodes {
        text.push_str(&format!("    participant {node}\n"));
    }
    // A semicolon ends a statement and a hash begins an entity.
    let escaped = |label: &str| label.replace('#', "#35;").replace("; ", ", ").replace(';', ",");
    let (first, last) = ends(trace);
    for row in rows(trace) {
        text.push_str(&match row {
            Row::Arrow { from, to, label, lost } => {
                format!("    {from}{}{to}: {}\n", if lost { "-x" } else { "->>" }, escaped(&label))
            }
            Row::Note { over, label } => format!("    Note over {over}: {}\n", escaped(&label)),
            Row::Elided { turns, of, until } => {
                let label = elided(turns, &of, until);
                format!("    Note over {first},{last}: {}\n", escaped(&label))
            }
        });
    }
    text
}

pub(super) fn plantuml(trace: &Trace) -> String {
    let mut text = format!("@startuml\ntitle {}\n", title(trace).replace('\n', " "));
    for node in &trace.nodes {
        text.push_str(&format!("participant {node}\n"));
    }
    for row in rows(trace) {
        text.push_str(&match row {
            Row::Arrow { from, to, label, lost } => {
                format!("{from} {} {to} : {label}\n", if lost { "->x" } else { "->" })
            }
            Row::Note { over, label } => format!("note over {over} : {label}\n"),
            Row::Elided { turns, of, until } => format!("... {} ...\n", elided(turns, &of, until)),
        });
    }
    text + "@enduml\n"
}

fn elided(turns: usize, of: &str, until: i64) -> String {
    format!("{turns} more like this until {}: {of}", seconds(until))
}

fn ends(trace: &Trace) -> (&str, &str) {
    let first = trace.nodes.first().map_or("", String::as_str);
    (first, trace.nodes.last().map_or("", String::as_str))
}

fn rows(trace: &Trace) -> Vec<Row> {
    let scene = Scene::of(trace);
    let looks: Vec<Option<Look>> = trace.steps.iter().enumerate().map(|(at, step)| look(&scene, at, step)).collect();
    let mut rows = Vec::new();
    let mut index = 0;
    while index < trace.steps.len() {
        let (length, turns) = steady(&looks[index..]);
        let kept = if turns >= STEADY { length } else { 1 };
        (index..index + kept).for_each(|step| rows.extend(of_step(trace, &scene, step)));
        index += kept;
        if turns >= STEADY {
            let elided = (turns - 1) * length;
            let of = looks[index - length..index].iter().flatten().filter_map(|look| look.message).collect::<Vec<_>>();
            let until = trace.steps[index + elided - 1].at;
            rows.push(Row::Elided { turns: turns - 1, of: of.join(", "), until });
            index += elided;
        }
    }
    rows
}

/// What a step looks like to somebody who does not read numbers.
#[derive(Clone, PartialEq, Eq)]
struct Look<'a> {
    from: Option<NodeId>,
    at: Option<NodeId>,
    message: Option<&'a str>,
    told: Vec<&'a str>,
}

/// `None` for a step that a reader must not miss.
fn look<'a>(scene: &'a Scene, index: usize, step: &'a Step) -> Option<Look<'a>> {
    const STEADY: [&str; 7] = ["deliver ", "send ", "arm ", "disarm ", "fire ", "rename ", "emit "];
    let unsteady = |word: &String| !STEADY.iter().any(|verb| word.starts_with(verb));
    if !step.choices.is_plain() || step.did.iter().any(unsteady) {
        return None;
    }
    let told = step.did.iter().filter_map(|word| Some(kind(word.strip_prefix("emit ")?))).collect();
    let message = scene.delivered(index).map(|message| kind(&message.text));
    match step.what {
        Occurrence::Deliver { from, to, .. } => Some(Look { from: Some(from), at: Some(to), message, told }),
        Occurrence::Fire { node, .. } => Some(Look { from: None, at: Some(node), message, told }),
        _ => None,
    }
}

/// The exchange that begins here and covers the most steps: its length, and how many equal turns there are of it.
fn steady(looks: &[Option<Look<'_>>]) -> (usize, usize) {
    let quiet = looks.iter().take_while(|look| look.is_some()).count();
    let turns = |length: usize| {
        let first = &looks[..length];
        let turns = looks[..quiet].chunks_exact(length).take_while(|turn| *turn == first).count();
        (length, turns)
    };
    let all = (1..=LONGEST_TURN.min(quiet / STEADY)).map(turns).filter(|(_, turns)| *turns >= STEADY);
    // Of two that cover as much, the shorter one repeats more often.
    all.max_by_key(|(length, turns)| (length * turns, *turns)).unwrap_or((1, 1))
}

fn of_step(trace: &Trace, scene: &Scene, index: usize) -> Vec<Row> {
    let step = &trace.steps[index];
    let name = |node: usize| trace.nodes[node].clone();
    let at = seconds(step.at);
    let mut rows = Vec::new();
    if let Some(message) = scene.delivered(index) {
        rows.push(arrow(trace, message, format!("{at} {}", message.text)));
    }
    let here = place(&step.what).map(NodeId::index);
    for word in &step.did {
        let turned = turn(trace, here, word).map(|(node, _)| node);
        let told = ["emit ", "closed ", "request ", "vanish", "cut", "heal", "which is not"]
            .iter()
            .any(|verb| word.starts_with(verb));
        if turned.is_none() && !told {
            continue;
        }
        let label = fit(format!("{at} {word}"), WIDTH);
        let over = match turned.or(here) {
            Some(node) => name(node),
            None => {
                let (first, last) = ends(trace);
                format!("{first},{last}")
            }
        };
        rows.push(Row::Note { over, label });
    }
    let lost = scene.sent_by(index).filter(|message| message.lost);
    rows.extend(lost.map(|message| arrow(trace, message, format!("{at} lost: {}", message.text))));
    rows
}

fn arrow(trace: &Trace, message: &Message, label: String) -> Row {
    let (from, to) = (trace.nodes[message.from].clone(), trace.nodes[message.to].clone());
    Row::Arrow { from, to, label: fit(label, WIDTH), lost: message.lost || !message.taken }
}
