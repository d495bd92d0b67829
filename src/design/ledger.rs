//! `[network]` and `[ledger.NAME]`, typed: what a protocol builds its set-up from.

use serde::Deserialize;

use super::{
    file::Resolved,
    read::read,
    schedule::schedule,
    source::{BadInput, Place, Result},
    tree::{Entry, Node, Table, Value},
};
use crate::{
    spec::{Builder, Class, Direction, LedgerKey, Tokens},
    time::{Drift, Duration, Window},
};

/// What a ledger says beside its fault classes.
const SETTINGS: [&str; 5] = ["extends", "drift", "reaction", "phase", "schedule"];

/// The fault classes that every protocol has, with the keys that each takes beside `at_most` and `within`.
pub(super) const GENERAL: [(&str, &[&str]); 8] = [
    ("crash", &["restart", "nodes"]),
    ("wipe", &["restart", "nodes"]),
    ("death", &["restart", "nodes"]),
    ("pause", &["for", "nodes"]),
    ("suspend", &["for", "nodes"]),
    ("loss", &["nodes", "direction"]),
    ("duplicate", &["nodes", "direction"]),
    ("cut", &["for", "nodes", "direction"]),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Network {
    delay: Window,
    #[serde(default)]
    rto: Duration,
    patience: Option<Window>,
    #[serde(default = "capacity")]
    capacity: u8,
}

/// Enough for a request, its repetition and their replies, with room.
fn capacity() -> u8 {
    8
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassTable {
    at_most: u8,
    within: Option<Duration>,
    #[serde(rename = "for")]
    span: Option<Window>,
    restart: Option<Restart>,
    nodes: Option<Vec<String>>,
    #[serde(default)]
    direction: Direction,
}

/// `restart = "5s..10s"` or `"never"`.
struct Restart(Option<Window>);

impl<'de> Deserialize<'de> for Restart {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Restart, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "never" {
            return Ok(Restart(None));
        }
        text.parse().map(|window| Restart(Some(window))).map_err(serde::de::Error::custom)
    }
}

impl Resolved {
    /// The network and one ledger, typed. `own` are the protocol's own fault classes.
    ///
    /// # Errors
    /// What cannot be read, at its place.
    pub fn builder(&self, ledger: &str, own: &[LedgerKey]) -> Result<Builder> {
        let network: Network = read(self.parts.get("network").expect("a resolved design has its parts"))?;
        let table = self.ledger(ledger)?;
        let known: Vec<&str> =
            SETTINGS.into_iter().chain(GENERAL.map(|class| class.0)).chain(own.iter().map(|key| key.key)).collect();
        table.only(&format!("the ledger {ledger:?}"), &known)?;
        let mut classes = Vec::new();
        for entry in table.entries.iter().filter(|entry| !SETTINGS.contains(&entry.key.as_str())) {
            classes.extend(class(entry, own)?);
        }
        classes.extend(schedule(&table, own)?.classes);
        Ok(Builder {
            delay: network.delay,
            rto: network.rto,
            patience: network.patience,
            capacity: network.capacity,
            drift: table.get("drift").map_or(Ok(Drift::NONE), drift)?,
            reaction: table.get("reaction").map_or(Ok(Duration::ZERO), read)?,
            phase: table.get("phase").map(read).transpose()?,
            classes,
        })
    }

    /// A ledger with everything it inherits from others of this design.
    ///
    /// # Errors
    /// A name that is not there, or ledgers that extend each other in a circle.
    pub fn ledger(&self, name: &str) -> Result<Table> {
        self.ledger_below(name, self.protocol_place(), &mut Vec::new())
    }

    pub(super) fn ledger_below(&self, name: &str, asked: &Place, chain: &mut Vec<String>) -> Result<Table> {
        let ledgers = self.part("ledger");
        let Some(node) = ledgers.get(name) else {
            return Err(asked.refuse(format!("unknown ledger {name:?}")).with_known(name, ledgers.keys()));
        };
        if chain.iter().any(|other| other == name) {
            let refusal = format!("ledgers extend each other in a circle: {} -> {name}", chain.join(" -> "));
            return Err(asked.refuse(refusal).with_remedy("one of them has to be whole, without `extends`"));
        }
        chain.push(name.into());
        let own = node.expect_table("a ledger")?;
        let Some(extends) = own.get("extends") else { return Ok(own.clone()) };
        let base = extends.expect_text("`extends`")?;
        let mut table = self.ledger_below(base, &extends.place, chain)?;
        for entry in own.entries.iter().filter(|entry| entry.key != "extends") {
            match table.entries.iter_mut().find(|other| other.key == entry.key) {
                Some(other) => *other = entry.clone(),
                None => table.entries.push(entry.clone()),
            }
        }
        Ok(table)
    }
}

/// `None` for a class of which nothing may happen.
fn class(entry: &Entry, own: &[LedgerKey]) -> Result<Option<Class>> {
    let own_keys = own.iter().find(|key| key.key == entry.key);
    let takes: Vec<&str> = match (GENERAL.iter().find(|class| class.0 == entry.key), own_keys) {
        (Some((_, takes)), _) => takes.to_vec(),
        (None, Some(LedgerKey { takes_span: true, .. })) => vec!["for", "nodes"],
        (None, _) => vec!["nodes"],
    };
    let class = match &entry.node.value {
        Value::Integer(_) => ClassTable {
            at_most: read(&entry.node).map_err(|_| too_many(&entry.node))?,
            within: None,
            span: None,
            restart: None,
            nodes: None,
            direction: Direction::Both,
        },
        Value::Table(table) => {
            let known: Vec<&str> = ["at_most", "within"].into_iter().chain(takes.iter().copied()).collect();
            table.only(&format!("`{}`", entry.key), &known)?;
            read(&entry.node)?
        }
        _ => {
            let expected = format!("expected a number, or a table with `at_most`, got {}", entry.node.describe());
            return Err(entry.node.place.refuse(expected));
        }
    };
    if class.at_most > 250 {
        return Err(too_many(&entry.node));
    }
    if class.within.is_some_and(|span| span == Duration::ZERO || span.is_never()) {
        let refusal = entry.node.place.refuse("`within` is a span above zero");
        return Err(refusal.with_remedy("leave it out for a budget in the whole run"));
    }
    if class.span.is_none() && GENERAL.iter().any(|(key, takes)| *key == entry.key && takes.contains(&"for")) {
        return Err(entry
            .node
            .place
            .refuse(format!("`{}` needs a `for`: how long it lasts", entry.key))
            .with_remedy(format!("for example {} = {{ at_most = 1, for = \"0s..30s\" }}", entry.key)));
    }
    Ok((class.at_most > 0).then(|| Class {
        key: entry.key.clone(),
        tokens: Tokens { at_most: class.at_most, within: class.within },
        span: class.span,
        restart: class.restart.and_then(|restart| restart.0),
        nodes: class.nodes,
        direction: class.direction,
    }))
}

fn too_many(node: &Node) -> Box<BadInput> {
    let node = node.table().and_then(|table| table.get("at_most")).unwrap_or(node);
    node.place.refuse(format!("expected 0 to 250, got {}", node.describe()))
}

fn drift(node: &Node) -> Result<Drift> {
    node.text().and_then(rate).ok_or_else(|| {
        let expected = format!("expected a rate below 100%, such as \"1%\" or \"200ppm\", got {}", node.describe());
        node.place.refuse(expected)
    })
}

/// `"1%"`, `"0.5%"` or `"100ppm"`.
pub(super) fn rate(text: &str) -> Option<Drift> {
    let (number, parts) = match text.strip_suffix("ppm") {
        Some(number) => (number, 0),
        None => (text.strip_suffix('%')?, 4),
    };
    let (whole, fraction) = number.trim().split_once('.').unwrap_or((number.trim(), ""));
    let digits = format!("{whole}{fraction:0<parts$}");
    let fits = fraction.len() <= parts && !whole.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    fits.then_some(digits)?.parse().ok().and_then(Drift::from_parts_per_million)
}

/// As a file may say it: in percent, where that has two digits after the point at most.
fn rate_in_words(drift: Drift) -> String {
    let parts = drift.parts_per_million();
    match (parts / 10_000, parts % 10_000 / 100) {
        _ if !parts.is_multiple_of(100) => format!("{parts}ppm"),
        (whole, 0) => format!("{whole}%"),
        (whole, hundredths) => format!("{whole}.{}%", format!("{hundredths:02}").trim_end_matches('0')),
    }
}

/// What a ledger allows, in words, a line for each.
#[must_use]
pub fn ledger_lines(builder: &Builder) -> Vec<String> {
    let mut lines = vec![format!("delay {}", builder.delay)];
    if builder.drift != Drift::NONE {
        lines.push(format!("drift up to {}", rate_in_words(builder.drift)));
    }
    if builder.reaction != Duration::ZERO {
        lines.push(format!("reaction up to {}", builder.reaction));
    }
    if let Some(phase) = builder.phase {
        lines.push(format!("first starts in {phase}"));
    }
    // A schedule has a class for each of its victims.
    let alike = |one: &Class, other: &Class| Class { nodes: other.nodes.clone(), ..one.clone() } == *other;
    for classes in builder.classes.chunk_by(alike) {
        match classes {
            [first, .., last] if classes.len() > FEW && first.nodes.is_some() => {
                let name = |class: &Class| class.nodes.as_ref().map_or(String::new(), |nodes| nodes.join(" "));
                let nodes = Some(vec![format!("each of {} from {} to {}", classes.len(), name(first), name(last))]);
                lines.push(class_line(&Class { nodes, ..first.clone() }));
            }
            _ => lines.extend(classes.iter().map(class_line)),
        }
    }
    lines
}

/// So many victims are named one by one.
const FEW: usize = 8;

fn class_line(class: &Class) -> String {
    let mut line = format!("{} at most {}", class.key, class.tokens.at_most);
    match class.tokens.within {
        Some(span) => line.push_str(&format!(" in any {span}")),
        None => line.push_str(" in all"),
    }
    if let Some(span) = class.span {
        line.push_str(&format!(", for {span}"));
    }
    match class.restart {
        Some(restart) => line.push_str(&format!(", restart after {restart}")),
        None if matches!(class.key.as_str(), "crash" | "wipe" | "death") => line.push_str(", no restart"),
        None => {}
    }
    if let Some(nodes) = &class.nodes {
        line.push_str(&format!(", of {}", nodes.join(" ")));
    }
    match class.direction {
        Direction::Both => {}
        Direction::To => line.push_str(", towards it only"),
        Direction::From => line.push_str(", from it only"),
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_told_as_a_file_may_say_it() {
        for parts in [1, 99, 100, 101, 1_250, 5_000, 10_000, 10_100, 12_500, 101_000, 102_000, 999_999] {
            let drift = Drift::from_parts_per_million(parts).expect("below a million");
            assert_eq!(rate(&rate_in_words(drift)), Some(drift), "{}", rate_in_words(drift));
        }
        let told = |text| rate(text).map(rate_in_words);
        assert_eq!(
            ["1%", "0.5%", "1.25%", "10.1%", "101ppm"].map(told),
            ["1%", "0.5%", "1.25%", "10.1%", "101ppm"].map(|it| Some(it.into()))
        );
    }
}
