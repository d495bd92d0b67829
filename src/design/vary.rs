//! Values of a design that may be varied: a span, an end of a window, a rate or a number, by its path.

use super::{
    file::Resolved,
    formula::Formula,
    ledger::rate,
    source::{BadInput, Place, Result, Source},
    tree::{Node, Value},
};
use crate::time::{Duration, Window};

/// A value that may be varied, counted in whole units of its kind.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// As it is written from the root: `design.`, `network.` or `ledger.` first.
    pub path: String,
    pub kind: Kind,
    /// What the design says now.
    pub now: i64,
    keys: Vec<String>,
    end: Option<End>,
}

/// What a value counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Microseconds.
    Span,
    /// Parts in a million.
    Rate,
    Number,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Lo,
    Hi,
}

/// A value that follows others: a formula gives it anew whenever they change.
#[derive(Clone, Debug)]
pub struct Tie {
    parameter: Parameter,
    formula: Formula,
}

impl Kind {
    /// Reads a value.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(self, text: &str) -> std::result::Result<i64, String> {
        let expected = |what: &str| format!("expected {what}, got {text:?}");
        match self {
            Kind::Span => {
                let span: Duration = text.parse().map_err(|error| format!("{error}"))?;
                if span.is_never() { Err(expected("a span that ends")) } else { Ok(span.micros()) }
            }
            Kind::Rate => rate(text)
                .map(|drift| i64::from(drift.parts_per_million()))
                .ok_or_else(|| expected("a rate below 100%, such as \"1%\" or \"200ppm\"")),
            Kind::Number => {
                text.parse().ok().filter(|number| *number >= 0).ok_or_else(|| expected("a whole number, not negative"))
            }
        }
    }

    /// As a design says it.
    #[must_use]
    pub fn write(self, value: i64) -> String {
        match self {
            Kind::Span => Duration::from_micros(value).to_string(),
            Kind::Rate if value % 100 == 0 => {
                let fraction = format!("{:04}", value % 10_000);
                let fraction = fraction.trim_end_matches('0');
                let point = if fraction.is_empty() { "" } else { "." };
                format!("{}{point}{fraction}%", value / 10_000)
            }
            Kind::Rate => format!("{value}ppm"),
            Kind::Number => value.to_string(),
        }
    }

    /// The unit that values are counted in.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Kind::Span => "us",
            Kind::Rate => "ppm",
            Kind::Number => "1",
        }
    }
}

impl Parameter {
    /// Finds a value that can be varied. `place` is where its path was written.
    ///
    /// # Errors
    /// A path that leads nowhere, or to something else.
    pub fn find(design: &Resolved, path: &str, place: &Place) -> Result<Parameter> {
        let rooted = ["design", "network", "ledger"].contains(&path.split('.').next().unwrap_or_default());
        let path = if rooted { path.to_string() } else { format!("design.{path}") };
        let keys: Vec<String> = path.split('.').map(Into::into).collect();
        let (keys, end, node) = match design.found(&keys)? {
            Some(node) => (keys, None, node),
            None => {
                let (last, rest) = keys.split_last().expect("a path has a key");
                let end = match last.as_str() {
                    "lo" => Some(End::Lo),
                    "hi" => Some(End::Hi),
                    _ => None,
                };
                let node = if end.is_some() { design.found(rest)? } else { None };
                let Some(node) = node else { return Err(unknown(design, &path, place)) };
                (rest.to_vec(), end, node)
            }
        };
        let (kind, now) = read(&node, end).map_err(|why| place.refuse(format!("`{path}` {why}")))?;
        Ok(Parameter { path, kind, now, keys, end })
    }

    /// Its last two keys, which are telling enough beside the others.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit_once('.').map_or(&self.path, |(rest, last)| match last {
            "lo" | "hi" => &self.path[rest.rfind('.').map_or(0, |dot| dot + 1)..],
            _ => last,
        })
    }
}

impl Tie {
    /// Reads `PATH=FORMULA` as it was given to an option.
    ///
    /// # Errors
    /// A path that leads to no span, or what is no formula of this design.
    pub fn read(design: &Resolved, option: &str, text: &str, ledger: &str) -> Result<Tie> {
        let (place, path, rest) = assignment(option, text, "PATH=FORMULA")?;
        let parameter = Parameter::find(design, path, &place)?;
        if parameter.kind != Kind::Span {
            return Err(place.refuse(format!("`{path}` is no span, and a formula gives a span")));
        }
        let formula = Formula::parse(&Node { value: Value::Text(rest.into()), place })?;
        formula.evaluate(design, ledger)?;
        Ok(Tie { parameter, formula })
    }
}

impl Resolved {
    /// Puts in another value.
    ///
    /// # Errors
    /// A window that would begin after its end.
    pub fn put(&mut self, parameter: &Parameter, value: i64) -> std::result::Result<(), String> {
        self.inherit(&parameter.keys);
        let keys: Vec<&str> = parameter.keys.iter().map(String::as_str).collect();
        let node = self.parts.find_mut(&keys).expect("the parameter was found");
        node.value = match (parameter.kind, parameter.end) {
            (Kind::Number, _) => Value::Integer(value),
            (kind, None) => Value::Text(kind.write(value)),
            (_, Some(end)) => {
                let window: Window = node.text().and_then(|text| text.parse().ok()).expect("it was read as a window");
                let value = Duration::from_micros(value);
                let (lo, hi) = if end == End::Lo { (value, window.hi()) } else { (window.lo(), value) };
                if lo > hi {
                    return Err(format!("`{}` would begin at {lo} and end at {hi}", parameter.keys.join(".")));
                }
                Value::Text(Window::new(lo, hi).to_string())
            }
        };
        Ok(())
    }

    /// Computes what hangs on other values.
    ///
    /// # Errors
    /// A formula that gives no span here.
    pub fn tie(&mut self, tie: &Tie, ledger: &str) -> std::result::Result<(), String> {
        let span = tie.formula.evaluate(self, ledger).map_err(|refusal| refusal.message().to_string())?;
        self.put(&tie.parameter, span.micros())
    }

    /// The value at a path, also one that a ledger has from another.
    fn found(&self, keys: &[String]) -> Result<Option<Node>> {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        if let Some(node) = self.parts.find(&keys) {
            return Ok(Some(node.clone()));
        }
        match keys.as_slice() {
            ["ledger", name, rest @ ..] if self.ledgers().any(|ledger| ledger == *name) => {
                Ok(self.ledger(name)?.find(rest).cloned())
            }
            _ => Ok(None),
        }
    }

    /// Copies what a ledger has from another, so that it can be changed in this one only.
    fn inherit(&mut self, keys: &[String]) {
        let [first, name, key, ..] = keys else { return };
        let here: Vec<&str> = keys.iter().map(String::as_str).collect();
        if first != "ledger" || self.parts.find(&here).is_some() {
            return;
        }
        let inherited = self.ledger(name).ok().and_then(|table| table.entry(key).cloned());
        let own = self.parts.find_mut(&["ledger", name]).and_then(Node::table_mut);
        if let (Some(entry), Some(own)) = (inherited, own) {
            own.entries.retain(|entry| entry.key != *key);
            own.entries.push(entry);
        }
    }
}

/// Splits `PATH=VALUE` of an option.
///
/// # Errors
/// Where there is no `=`.
pub fn assignment<'a>(option: &str, text: &'a str, form: &str) -> Result<(Place, &'a str, &'a str)> {
    let place = Place::start_of(&Source::new(option, text));
    match text.split_once('=') {
        Some((path, value)) => Ok((place, path.trim(), value.trim())),
        None => Err(place.refuse(format!("expected {form}"))),
    }
}

fn read(node: &Node, end: Option<End>) -> std::result::Result<(Kind, i64), String> {
    let none = || Err(format!("is {}, which is no span, rate or number", node.describe()));
    let text = match &node.value {
        Value::Integer(number) if end.is_none() => return Ok((Kind::Number, *number)),
        Value::Text(text) => text,
        Value::Table(table) if end.is_none() => {
            let keys: Vec<&str> = table.keys().collect();
            return Err(format!("is a table; say which of its keys: {}", keys.join(", ")));
        }
        _ => return none(),
    };
    match (text.parse::<Window>(), end) {
        (Ok(window), Some(End::Lo)) => Ok((Kind::Span, window.lo().micros())),
        (Ok(window), Some(End::Hi)) => Ok((Kind::Span, window.hi().micros())),
        (Ok(window), None) if text.contains("..") => {
            Err(format!("is the window {window}; say which end, with `.lo` or `.hi`"))
        }
        (Ok(window), None) => Ok((Kind::Span, window.lo().micros())),
        (Err(_), None) => match (text.parse::<Duration>(), rate(text)) {
            (Ok(span), _) => Ok((Kind::Span, span.micros())),
            (_, Some(drift)) => Ok((Kind::Rate, drift.parts_per_million().into())),
            _ => none(),
        },
        (Err(_), Some(_)) => none(),
    }
}

fn unknown(design: &Resolved, path: &str, place: &Place) -> Box<BadInput> {
    let known: Vec<String> = design.parts.leaves().into_iter().map(|(path, _)| path).collect();
    place.refuse(format!("the design has no `{path}`")).with_known(path, known.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESIGN: &str = "tenure = 1\nprotocol = \"lease\"\n[design]\ncontenders = 2\nkind = \"a\"\nttl = \"4s\"\n\
        [network]\ndelay = \"0ms..250ms\"\n[ledger.base]\ndrift = \"1%\"\npause = { at_most = 1, for = \"0s..10s\" }\n\
        [ledger.more]\nextends = \"base\"\ncrash = 1\n";

    fn design() -> Resolved {
        Resolved::from_text("test", DESIGN).expect("it can be read")
    }

    fn find(path: &str) -> std::result::Result<Parameter, String> {
        let place = Place::start_of(&Source::new("--x", path));
        Parameter::find(&design(), path, &place).map_err(|refusal| refusal.message().to_string())
    }

    #[test]
    fn values_are_found_by_their_paths() {
        let found = |path| find(path).map(|parameter| (parameter.kind, parameter.now));
        assert_eq!(found("ttl"), Ok((Kind::Span, 4_000_000)));
        assert_eq!(found("design.ttl.hi"), Ok((Kind::Span, 4_000_000)));
        assert_eq!(found("contenders"), Ok((Kind::Number, 2)));
        assert_eq!(found("network.delay.hi"), Ok((Kind::Span, 250_000)));
        assert_eq!(found("ledger.base.drift"), Ok((Kind::Rate, 10_000)));
        assert_eq!(found("ledger.more.drift"), Ok((Kind::Rate, 10_000)));
        assert_eq!(found("ledger.more.pause.for.hi"), Ok((Kind::Span, 10_000_000)));
        for (path, why) in [
            ("network.delay", "`network.delay` is the window 0s..250ms; say which end, with `.lo` or `.hi`"),
            ("kind", "`design.kind` is \"a\", which is no span, rate or number"),
            ("ledger.base.pause", "`ledger.base.pause` is a table; say which of its keys: at_most, for"),
            ("tll", "the design has no `design.tll`"),
        ] {
            assert_eq!(found(path), Err(why.into()));
        }
    }

    #[test]
    fn another_value_changes_nothing_else() {
        let mut changed = design();
        let hi = find("ledger.more.pause.for.hi").expect("it is there");
        changed.put(&hi, 3_000_000).expect("it is a window");
        assert!(changed.text().contains("pause = { at_most = 1, for = \"0s..3s\" }"), "{}", changed.text());
        assert!(changed.text().contains("for = \"0s..10s\""), "the other ledger keeps its own");
        let lo = find("network.delay.lo").expect("it is there");
        assert!(changed.put(&lo, 300_000).is_err());
    }

    #[test]
    fn values_are_written_as_they_are_read() {
        for (kind, text, value) in
            [(Kind::Rate, "1.25%", 12_500), (Kind::Rate, "101ppm", 101), (Kind::Span, "1500ms", 1_500_000)]
        {
            assert_eq!(kind.parse(text), Ok(value));
            assert_eq!(kind.write(value), text);
        }
        assert!(Kind::Number.parse("-1").is_err() && Kind::Rate.parse("100%").is_err());
        assert!(Kind::Span.parse("never").is_err());
    }
}
