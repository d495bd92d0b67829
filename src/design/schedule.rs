//! `schedule` of a ledger: faults at moments that the file fixes, for simulations.
//!
//! Each action is a fault class of its own, of which one node is the only victim; actions that do the same to the same
//! node share one. A ledger's other classes strike at random beside it.

use super::{
    file::Resolved,
    ledger::GENERAL,
    read::read,
    source::{Place, Result},
    tree::{Entry, Node, Table, Value},
};
use crate::{
    spec::{Class, Direction, LedgerKey, Tokens},
    time::{Duration, Window},
};

/// A fault at a fixed moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Planned {
    pub at: Duration,
    /// An index of the ledger's classes.
    pub class: usize,
}

/// What a schedule adds to its ledger.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// After the classes that the ledger has itself.
    pub(super) classes: Vec<Class>,
    /// In the order of their moments; classes are counted from the first of the schedule.
    pub(super) planned: Vec<Planned>,
}

/// One thing to do to one node, once.
struct Action {
    at: Duration,
    what: What,
    node: String,
    place: Place,
}

enum What {
    Strike(Class),
    Heal,
}

/// Everything in a step that is no verb.
const SETTINGS: [&str; 8] = ["at", "every", "times", "leave", "down", "for", "restart", "direction"];

/// Verbs that are no fault classes.
const VERBS: [&str; 3] = ["kill", "heal", "roll"];

impl Resolved {
    /// The faults of a ledger that have fixed moments, in their order.
    ///
    /// # Errors
    /// What cannot be read, at its place.
    pub fn planned(&self, ledger: &str, own: &[LedgerKey]) -> Result<Vec<Planned>> {
        let classes = self.builder(ledger, own)?.classes.len();
        let schedule = schedule(&self.ledger(ledger)?, own)?;
        let first = classes - schedule.classes.len();
        Ok(schedule.planned.iter().map(|planned| Planned { class: first + planned.class, ..*planned }).collect())
    }

    /// Where a node of a schedule is named, for a refusal by the protocol.
    pub(super) fn scheduled_place(&self, ledger: &str, name: &str) -> Option<Place> {
        let table = self.ledger(ledger).ok()?;
        let Value::List(steps) = &table.get("schedule")?.value else { return None };
        let named = |node: &&Node| names(node).is_ok_and(|names| names.iter().any(|other| other == name));
        let nodes = steps.iter().filter_map(Node::table).flat_map(|step| &step.entries);
        let nodes = nodes.flat_map(|entry| match &entry.node.value {
            Value::List(nodes) => nodes.iter().collect(),
            _ => vec![&entry.node],
        });
        nodes.into_iter().find(named).map(|node| node.place.clone())
    }
}

/// Reads the schedule of a ledger.
pub(super) fn schedule(ledger: &Table, own: &[LedgerKey]) -> Result<Schedule> {
    let Some(node) = ledger.get("schedule") else { return Ok(Schedule::default()) };
    let Value::List(steps) = &node.value else {
        let refusal = node.place.refuse(format!("expected a list of steps, got {}", node.describe()));
        return Err(refusal.with_remedy("for example schedule = [{ at = \"10s\", crash = \"A\" }]"));
    };
    let mut actions = Vec::new();
    for step in steps {
        actions.extend(read_step(step, own)?);
    }
    // Stable: what the file lists first comes first.
    actions.sort_by_key(|action| action.at);
    heal_cuts(&mut actions)?;
    collect(actions)
}

fn read_step(node: &Node, own: &[LedgerKey]) -> Result<Vec<Action>> {
    let step = node.expect_table("a step of a schedule")?;
    let general = GENERAL.map(|class| class.0).into_iter().filter(|key| !matches!(*key, "loss" | "duplicate"));
    let verbs: Vec<&str> = VERBS.into_iter().chain(general).chain(own.iter().map(|key| key.key)).collect();
    let known: Vec<&str> = SETTINGS.into_iter().chain(verbs.iter().copied()).collect();
    step.only("a step of a schedule", &known)?;
    let at: Duration = match step.get("at") {
        Some(at) => read(at)?,
        None => return Err(node.place.refuse("a step of a schedule needs its moment: `at = \"10s\"`")),
    };
    let mut written = step.entries.iter().filter(|entry| verbs.contains(&entry.key.as_str()));
    let (Some(verb), None) = (written.next(), written.next()) else {
        return Err(node.place.refuse(format!("expected exactly one of {}", verbs.join(", "))));
    };
    let every: Option<Duration> = step.get("every").map(read).transpose()?;
    let nodes = names(&verb.node)?;
    if verb.key == "roll" {
        return roll(step, verb, at, every, &nodes, own);
    }
    let times: u8 = step.get("times").map_or(Ok(1), read)?;
    if let Some(place) = step.get("times").filter(|_| every.is_none()).map(|node| &node.place) {
        return Err(place.refuse("`times` without `every`: how far apart?"));
    }
    let span = every.unwrap_or_default();
    let mut actions = Vec::new();
    for time in 0..i64::from(times.max(1)) {
        for name in &nodes {
            let what = strike(step, verb, name, own)?;
            let at = at.plus(span.times(time));
            actions.push(Action { at, what, node: name.clone(), place: verb.node.place.clone() });
        }
    }
    Ok(actions)
}

/// One node after the other: crashed and started again, or told to leave.
fn roll(
    step: &Table,
    verb: &Entry,
    at: Duration,
    every: Option<Duration>,
    nodes: &[String],
    own: &[LedgerKey],
) -> Result<Vec<Action>> {
    let Some(every) = every else {
        return Err(verb.key_place.refuse("`roll` needs an `every`: how long from one node to the next"));
    };
    let (leave, down) = (step.get("leave"), step.get("down"));
    let class = |name: &str| match (leave, down) {
        (Some(leave), None) => {
            let key = leave.expect_text("`leave`")?;
            if own.iter().all(|known| known.key != key) {
                let refusal = leave.place.refuse(format!("unknown request {key:?}"));
                return Err(refusal.with_known(key, own.iter().map(|known| known.key)));
            }
            Ok(of(key, name))
        }
        (None, Some(down)) => Ok(Class { restart: Some(read(down)?), ..of("crash", name) }),
        (None, None) | (Some(_), Some(_)) => Err(verb
            .key_place
            .refuse("`roll` needs either `down`, how long a killed node is down, or `leave`, how it is told to stop")),
    };
    let mut actions = Vec::new();
    for (name, turn) in nodes.iter().zip(0..) {
        let at = at.plus(every.times(turn));
        let place = verb.node.place.clone();
        actions.push(Action { at, what: What::Strike(class(name)?), node: name.clone(), place });
    }
    Ok(actions)
}

fn strike(step: &Table, verb: &Entry, name: &str, own: &[LedgerKey]) -> Result<What> {
    let key = match verb.key.as_str() {
        "heal" => return Ok(What::Heal),
        "kill" => "crash",
        key => key,
    };
    let span: Option<Window> = step.get("for").map(read).transpose()?;
    let takes_span = own.iter().any(|known| known.key == key && known.takes_span);
    if span.is_none() && (matches!(key, "pause" | "suspend") || takes_span) {
        return Err(verb.key_place.refuse(format!("`{key}` needs a `for`: how long it lasts")));
    }
    let restart = step.get("restart").map(read).transpose()?;
    let direction = step.get("direction").map_or(Ok(Direction::Both), read)?;
    Ok(What::Strike(Class { span, restart, direction, ..of(key, name) }))
}

fn of(key: &str, name: &str) -> Class {
    Class {
        key: key.into(),
        tokens: Tokens::budget(1),
        span: None,
        restart: None,
        nodes: Some(vec![name.into()]),
        direction: Direction::Both,
    }
}

/// A cut without a `for` lasts until its node is healed.
fn heal_cuts(actions: &mut Vec<Action>) -> Result<()> {
    let mut open: Vec<usize> = Vec::new();
    for index in 0..actions.len() {
        let Action { at, node, place, .. } = &actions[index];
        match &actions[index].what {
            What::Heal => {
                let Some(cut) = open.iter().position(|cut| actions[*cut].node == *node) else {
                    let refusal = place.refuse(format!("{node:?} is healed, but at {at} no cut of it is open"));
                    return Err(refusal.with_remedy("cut it first, without a `for`"));
                };
                let (cut, at) = (open.remove(cut), *at);
                let since = actions[cut].at;
                if let What::Strike(class) = &mut actions[cut].what {
                    class.span = Some(Window::exactly(at.minus(since)));
                }
            }
            What::Strike(class) if class.key == "cut" && class.span.is_none() => open.push(index),
            What::Strike(_) => {}
        }
    }
    if let Some(cut) = open.first() {
        let refusal = actions[*cut].place.refuse("this cut is never healed");
        return Err(refusal.with_remedy("give it a `for`, or a `heal` later"));
    }
    actions.retain(|action| matches!(action.what, What::Strike(_)));
    Ok(())
}

/// Actions that do the same to the same node are one class, as often as they happen.
fn collect(actions: Vec<Action>) -> Result<Schedule> {
    let mut schedule = Schedule::default();
    for action in actions {
        let What::Strike(class) = action.what else { continue };
        let same = |other: &&mut Class| {
            let Class { key, tokens: _, span, restart, nodes, direction } = other;
            *nodes == class.nodes
                && *key == class.key
                && (*span, *restart, *direction) == (class.span, class.restart, class.direction)
        };
        let known = schedule.classes.iter_mut().enumerate().find(|(_, other)| same(other));
        let index = match known {
            Some((index, other)) => {
                if other.tokens.at_most == 250 {
                    return Err(action.place.refuse("this happens more than 250 times"));
                }
                other.tokens.at_most += 1;
                index
            }
            None => {
                schedule.classes.push(class);
                schedule.classes.len() - 1
            }
        };
        schedule.planned.push(Planned { at: action.at, class: index });
    }
    Ok(schedule)
}

/// One name or a row of them, or a list of such.
fn names(node: &Node) -> Result<Vec<String>> {
    let row = |node: &Node| {
        let name = node.expect_text("a node's name")?;
        let refusal = || node.place.refuse(format!("expected a row of nodes as in \"C1..C9\", got {name:?}"));
        match name.contains("..") {
            true => row_of(name).ok_or_else(refusal),
            false => Ok(vec![name.to_string()]),
        }
    };
    match &node.value {
        Value::Text(_) => row(node),
        Value::List(nodes) if !nodes.is_empty() => Ok(nodes.iter().map(row).collect::<Result<Vec<_>>>()?.concat()),
        _ => Err(node.place.refuse(format!("expected the name of a node, got {}", node.describe()))),
    }
}

/// The nodes that `C1..C9` stands for: from the first to the last, both among them.
fn row_of(name: &str) -> Option<Vec<String>> {
    let (first, last) = name.split_once("..")?;
    let split = |name: &str| {
        let letters = name.trim_end_matches(|letter: char| letter.is_ascii_digit()).to_string();
        let number: u16 = name[letters.len()..].parse().ok()?;
        Some((letters, number))
    };
    let ((letters, first), (same, last)) = (split(first)?, split(last)?);
    (letters == same && first <= last).then(|| (first..=last).map(|number| format!("{letters}{number}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: [LedgerKey; 2] = [
        LedgerKey { key: "terminate", about: "", takes_span: false },
        LedgerKey { key: "election", about: "", takes_span: true },
    ];

    /// What a schedule does, a line for each, or why it is refused.
    fn told(steps: &str) -> Vec<String> {
        let head = "tenure = 1\nprotocol = \"lock\"\n[design]\n[network]\ndelay = \"0s..1s\"\n[ledger.l]\nloss = 1\n";
        let design = Resolved::from_text("test", &format!("{head}schedule = [{steps}]\n")).expect("it is TOML");
        let read = design.builder("l", &OWN).and_then(|builder| Ok((builder, design.planned("l", &OWN)?)));
        match read {
            Err(refusal) => vec![refusal.message().to_string()],
            Ok((builder, planned)) => {
                let line = |planned: &Planned| {
                    let class = &builder.classes[planned.class];
                    let node = class.nodes.as_ref().map_or("-".into(), |nodes| nodes.join(" "));
                    let span = class.span.or(class.restart).map_or(String::new(), |span| format!(" {span}"));
                    let direction = if class.direction == Direction::Both { "" } else { " one way" };
                    let most = class.tokens.at_most;
                    format!("{} {} {node}{span}{direction} ({} of {most})", planned.at, class.key, planned.class)
                };
                planned.iter().map(line).collect()
            }
        }
    }

    #[test]
    fn a_step_is_one_fault_or_a_row_of_them() {
        assert_eq!(told(r#"{ at = "10s", kill = "A", restart = "5s" }"#), ["10s crash A 5s (1 of 1)"]);
        assert_eq!(
            told(r#"{ at = "10s", every = "20s", times = 2, pause = ["A", "B"], for = "1s..2s" }"#),
            [
                "10s pause A 1s..2s (1 of 2)",
                "10s pause B 1s..2s (2 of 2)",
                "30s pause A 1s..2s (1 of 2)",
                "30s pause B 1s..2s (2 of 2)"
            ]
        );
        assert_eq!(told(r#"{ at = "1s", crash = "C9..C11" }"#), told(r#"{ at = "1s", crash = ["C9", "C10", "C11"] }"#));
        assert_eq!(told(r#"{ at = "1s", wipe = "S", restart = "3s" }"#), ["1s wipe S 3s (1 of 1)"]);
        assert_eq!(told(r#"{ at = "1s", election = "S", for = "3s" }"#), ["1s election S 3s (1 of 1)"]);
    }

    #[test]
    fn a_group_is_restarted_one_after_the_other() {
        assert_eq!(
            told(r#"{ at = "10s", roll = ["A", "B"], every = "30s", down = "5s" }"#),
            ["10s crash A 5s (1 of 1)", "40s crash B 5s (2 of 1)"]
        );
        assert_eq!(
            told(r#"{ at = "10s", roll = ["A", "B"], every = "30s", leave = "terminate" }"#),
            ["10s terminate A (1 of 1)", "40s terminate B (2 of 1)"]
        );
    }

    #[test]
    fn a_cut_lasts_until_it_is_healed() {
        assert_eq!(
            told(r#"{ at = "9s", heal = "A" }, { at = "2s", cut = "A", direction = "from" }"#),
            ["2s cut A 7s one way (1 of 1)"]
        );
        assert_eq!(told(r#"{ at = "2s", cut = "A", for = "3s" }"#), ["2s cut A 3s (1 of 1)"]);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (steps, why) in [
            (r#"{ at = "9s", heal = "A" }"#, "\"A\" is healed, but at 9s no cut of it is open"),
            (
                r#"{ at = "1s", cut = "A" }, { at = "9s", heal = "B" }"#,
                "\"B\" is healed, but at 9s no cut of it is open",
            ),
            (r#"{ at = "1s", cut = "A" }"#, "this cut is never healed"),
            (r#"{ at = "1s", pause = "A" }"#, "`pause` needs a `for`: how long it lasts"),
            (r#"{ kill = "A" }"#, "a step of a schedule needs its moment: `at = \"10s\"`"),
            (r#"{ at = "1s", kil = "A" }"#, "unknown key `kil` in a step of a schedule"),
            (r#"{ at = "1s", kill = 3 }"#, "expected the name of a node, got the number 3"),
            (r#"{ at = "1s", kill = "C2..C1" }"#, "expected a row of nodes as in \"C1..C9\", got \"C2..C1\""),
            (r#"{ at = "1s", kill = "C1..D2" }"#, "expected a row of nodes as in \"C1..C9\", got \"C1..D2\""),
            (r#"{ at = "1s", kill = "A", times = 3 }"#, "`times` without `every`: how far apart?"),
            (
                r#"{ at = "1s", roll = ["A"], down = "1s" }"#,
                "`roll` needs an `every`: how long from one node to the next",
            ),
            (r#"{ at = "1s", roll = ["A"], every = "1s", leave = "go" }"#, "unknown request \"go\""),
        ] {
            assert_eq!(told(steps), [why], "{steps}");
        }
        assert!(told(r#"{ at = "1s" }"#)[0].starts_with("expected exactly one of kill, heal, roll, crash"));
        assert!(told(r#"{ at = "1s", kill = "A", heal = "A" }"#)[0].starts_with("expected exactly one of"));
    }
}
