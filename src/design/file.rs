//! A design file, and what it says after `extends`, `[override]` and `--set`: a [`Resolved`] design.

use std::{fmt::Write, sync::Arc};

use super::{
    expect::Expectation,
    shelf::{Shelf, beside},
    source::{BadInput, Place, Result, Source},
    tree::{Entry, Node, Table, Value, key},
};

/// The only version of the file format.
const VERSION: i64 = 1;

const KEYS: [&str; 10] =
    ["tenure", "title", "about", "protocol", "extends", "override", "design", "network", "ledger", "expect"];

/// The tables that hold the design itself; everything else is about it.
const PARTS: [&str; 3] = ["design", "network", "ledger"];

/// A design after everything that changes it.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The file, as it was named.
    pub file: String,
    pub title: String,
    pub about: String,
    pub protocol: String,
    pub expectations: Vec<Expectation>,
    /// What it extends, and what it changes in it.
    pub base: Option<Base>,
    pub(super) protocol_place: Place,
    /// `design`, `network` and `ledger`, in this order.
    pub(super) parts: Table,
}

/// The design that a file extends.
#[derive(Clone, Debug)]
pub struct Base {
    pub design: Arc<Resolved>,
    /// The paths that `[override]` changes.
    pub overridden: Vec<String>,
}

impl Resolved {
    /// Reads a file and all that it extends.
    ///
    /// # Errors
    /// The first thing that is wrong, at its place.
    pub fn load(shelf: Shelf, path: &str) -> Result<Resolved> {
        load(shelf, shelf.read(path)?, &mut Vec::new())
    }

    /// Looks at the formulas of its expectations, and at what they vary, once its protocol has looked at its values: of
    /// a wrong value that is what has to be said first.
    ///
    /// # Errors
    /// The first that does not fit the design, at its place.
    pub fn check_formulas(&self) -> Result<()> {
        self.expectations.iter().try_for_each(|expectation| expectation.check(self))
    }

    /// Reads the text of a resolved design again, as a trace holds it.
    ///
    /// # Errors
    /// As for a file; such a text extends nothing.
    pub fn from_text(name: &str, text: &str) -> Result<Resolved> {
        let source = Source::new(name, text);
        let table = Table::parse(&source)?;
        table.only("the design of a trace", &["tenure", "protocol", "design", "network", "ledger"])?;
        read(Shelf::Disk, &source, &table, &mut Vec::new())
    }

    /// The whole design as TOML: equal designs have equal texts, and it can be read again.
    #[must_use]
    pub fn text(&self) -> String {
        let protocol = toml::Value::String(self.protocol.clone());
        let mut text = format!("tenure = {VERSION}\nprotocol = {protocol}\n");
        for part in &self.parts.entries {
            let table = part.node.table().expect("the parts are tables");
            if part.key == "ledger" {
                for ledger in &table.entries {
                    let lines = ledger.node.table().map(Table::lines).unwrap_or_default();
                    write!(text, "\n[ledger.{}]\n{lines}", key(&ledger.key)).expect("a text can be written to");
                }
            } else {
                write!(text, "\n[{}]\n{}", part.key, table.lines()).expect("a text can be written to");
            }
        }
        text
    }

    /// Tells designs apart: 64 bits of FNV-1a of the text.
    #[must_use]
    pub fn hash(&self) -> String {
        format!("{:016x}", fnv(self.text().as_bytes()))
    }

    /// Applies `--set PATH=VALUE`.
    ///
    /// # Errors
    /// A path that does not exist, with the nearest that does.
    pub fn set(&mut self, assignment: &str) -> Result<()> {
        let whole = Place::start_of(&Source::new("--set", assignment));
        let (path, value) = assignment.split_once('=').ok_or_else(|| {
            whole.refuse("expected PATH=VALUE").with_remedy("for example `--set network.delay=0ms..1s`")
        })?;
        let plain = format!("{} = {}", path.trim(), value.trim());
        let quoted = || {
            let value = toml::Value::String(value.trim().into());
            Table::parse(&Source::new("--set", format!("{} = {value}", path.trim())))
        };
        let change = Table::parse(&Source::new("--set", plain)).or_else(|_| quoted())?;
        if self.change(&change)?.is_empty() {
            let refusal = whole.refuse("an empty table changes nothing: tables are merged");
            return Err(refusal.with_remedy("name one of its keys, and a value"));
        }
        Ok(())
    }

    /// The names of the ledgers, in order.
    pub fn ledgers(&self) -> impl Iterator<Item = &str> {
        self.part("ledger").keys()
    }

    /// Where a path of the design was written, or the nearest place that encloses it.
    #[must_use]
    pub fn place(&self, path: &str) -> Place {
        let keys: Vec<&str> = path.split('.').collect();
        let found = (1..=keys.len()).rev().find_map(|count| self.parts.find(&keys[..count]));
        found.map_or_else(|| self.protocol_place.clone(), |node| node.place.clone())
    }

    pub(crate) fn protocol_place(&self) -> &Place {
        &self.protocol_place
    }

    pub(super) fn part(&self, name: &str) -> &Table {
        self.parts.get(name).and_then(Node::table).expect("the parts are tables")
    }

    fn part_mut(&mut self, name: &str) -> &mut Table {
        self.parts.find_mut(&[name]).and_then(Node::table_mut).expect("the parts are tables")
    }

    /// Changes values and says which.
    fn change(&mut self, change: &Table) -> Result<Vec<String>> {
        let known: Vec<String> = self.parts.leaves().into_iter().map(|(path, _)| path).collect();
        let mut changed = Vec::new();
        for entry in &change.entries {
            let (table, path) = if PARTS.contains(&entry.key.as_str()) {
                (&mut self.parts, String::new())
            } else {
                (self.part_mut("design"), "design.".to_string())
            };
            apply(table, entry, &path, &known, &mut changed)?;
        }
        Ok(changed)
    }

    /// The same design with a span or window in place of another, at a path that exists.
    pub(crate) fn replace_text(&mut self, path: &str, text: String) {
        let keys: Vec<&str> = path.split('.').collect();
        self.parts.find_mut(&keys).expect("the path exists").value = Value::Text(text);
    }
}

/// Puts a value into its table; tables are merged, everything else is replaced.
fn apply(target: &mut Table, change: &Entry, path: &str, known: &[String], changed: &mut Vec<String>) -> Result<()> {
    let path = format!("{path}{}", change.key);
    let Some(node) = target.find_mut(&[&change.key]) else {
        // A new key, for the schema to judge; a new table would be a path that leads nowhere.
        if change.node.table().is_some_and(|table| !is_value(table)) {
            let came = longest(&path, &change.node);
            let refusal = change.key_place.refuse(format!("the design has no `{came}`"));
            // As it may be written: `design.` is understood.
            let plain = |path: &'_ str| path.strip_prefix("design.").unwrap_or(path).to_string();
            let known: Vec<String> = known.iter().map(|path| plain(path)).collect();
            return Err(refusal.with_known(&plain(&came), known.iter().map(String::as_str)));
        }
        changed.push(path);
        target.entries.push(change.clone());
        return Ok(());
    };
    match (&mut node.value, &change.node.value) {
        (Value::Table(inner), Value::Table(changes)) => {
            changes.entries.iter().try_for_each(|entry| apply(inner, entry, &format!("{path}."), known, changed))
        }
        _ => {
            *node = change.node.clone();
            changed.push(path);
            Ok(())
        }
    }
}

/// A table written in braces is a value; one that dotted keys made is the way to one.
fn is_value(table: &Table) -> bool {
    let Some(first) = table.entries.first() else { return true };
    let source = &first.key_place.source.text;
    source[..first.key_place.range.start].trim_end().ends_with(['{', ','])
}

/// The path to the innermost key of a change.
fn longest(path: &str, node: &Node) -> String {
    match node.table().and_then(|table| table.entries.first()) {
        Some(entry) => longest(&format!("{path}.{}", entry.key), &entry.node),
        None => path.into(),
    }
}

fn load(shelf: Shelf, source: Arc<Source>, chain: &mut Vec<String>) -> Result<Resolved> {
    let table = Table::parse(&source)?;
    table.only("a design file", &KEYS)?;
    chain.push(source.name.clone());
    read(shelf, &source, &table, chain)
}

fn read(shelf: Shelf, source: &Arc<Source>, table: &Table, chain: &mut Vec<String>) -> Result<Resolved> {
    check_version(source, table)?;
    let text = |key: &str| match table.get(key) {
        Some(node) => node.expect_text(&format!("`{key}`")).map(str::to_string),
        None => Ok(String::new()),
    };
    let (title, about) = (text("title")?, text("about")?);
    let mut resolved = match table.get("extends") {
        Some(extends) => extended(shelf, source, table, extends, chain)?,
        None => plain(source, table)?,
    };
    (resolved.file, resolved.title, resolved.about) = (source.name.clone(), title, about);
    resolved.expectations = match table.get("expect").map(|node| (&node.value, node)) {
        None => Vec::new(),
        Some((Value::List(nodes), _)) => {
            nodes.iter().map(|node| Expectation::read(node, &resolved)).collect::<Result<_>>()?
        }
        Some((_, node)) => return Err(node.place.refuse("expectations are written as [[expect]]")),
    };
    Ok(resolved)
}

fn check_version(source: &Arc<Source>, table: &Table) -> Result<()> {
    match table.get("tenure") {
        None => Err(Place::start_of(source)
            .refuse("the key `tenure` is missing")
            .with_remedy(format!("a design file says `tenure = {VERSION}`"))),
        Some(Node { value: Value::Integer(VERSION), .. }) => Ok(()),
        Some(node) => Err(node
            .place
            .refuse(format!("expected `tenure = {VERSION}`, got {}", node.describe()))
            .with_remedy(format!("this program reads version {VERSION} of the format only"))),
    }
}

/// A file that stands alone.
fn plain(source: &Arc<Source>, table: &Table) -> Result<Resolved> {
    if let Some(entry) = table.entry("override") {
        let remedy = "say which with `extends = \"file.toml\"`, or change the values themselves";
        return Err(entry.key_place.refuse("`[override]` without a file to override").with_remedy(remedy));
    }
    let protocol = table.get("protocol").ok_or_else(|| {
        Place::start_of(source).refuse("the key `protocol` is missing").with_remedy("`tenure list` names the protocols")
    })?;
    let mut parts = Table::default();
    for part in PARTS {
        let entry = match table.entry(part) {
            Some(entry) => {
                entry.node.expect_table(&format!("`{part}`"))?;
                entry.clone()
            }
            None => {
                let place = Place::start_of(source);
                let node = Node { value: Value::Table(Table::default()), place: place.clone() };
                Entry { key: part.into(), key_place: place, node }
            }
        };
        parts.entries.push(entry);
    }
    Ok(Resolved {
        file: String::new(),
        title: String::new(),
        about: String::new(),
        protocol: protocol.expect_text("`protocol`")?.into(),
        expectations: Vec::new(),
        base: None,
        protocol_place: protocol.place.clone(),
        parts,
    })
}

/// A file that changes another.
fn extended(
    shelf: Shelf,
    source: &Arc<Source>,
    table: &Table,
    extends: &Node,
    chain: &mut Vec<String>,
) -> Result<Resolved> {
    for part in ["protocol", "design", "network"] {
        if let Some(entry) = table.entry(part) {
            let refusal = entry.key_place.refuse(format!("a file that extends another has no `{part}` of its own"));
            return Err(refusal.with_remedy("put what it changes into [override]"));
        }
    }
    let path = beside(&source.name, extends.expect_text("`extends`")?);
    if chain.contains(&path) {
        let refusal = format!("files extend each other in a circle: {} -> {path}", chain.join(" -> "));
        return Err(extends.place.refuse(refusal).with_remedy("one of them has to be whole, without `extends`"));
    }
    let base = shelf.read(&path).map_err(|refusal| extends.place.refuse(refusal.message()))?;
    let base = Arc::new(load(shelf, base, chain)?);
    let mut resolved = Resolved::clone(&base);
    let overridden = match table.get("override") {
        Some(change) => resolved.change(change.expect_table("`override`")?)?,
        None => Vec::new(),
    };
    if let Some(ledgers) = table.get("ledger") {
        add_ledgers(&mut resolved, ledgers.expect_table("`ledger`")?)?;
    }
    resolved.base = Some(Base { design: base, overridden });
    Ok(resolved)
}

/// Ledgers that a file adds to those of the file that it extends.
fn add_ledgers(resolved: &mut Resolved, ledgers: &Table) -> Result<()> {
    for ledger in &ledgers.entries {
        if resolved.part("ledger").get(&ledger.key).is_some() {
            let refusal = ledger.key_place.refuse(format!("the extended file has a ledger {:?} already", ledger.key));
            return Err(refusal.with_remedy(format!("change it in [override], or say `extends = {:?}`", ledger.key)));
        }
        resolved.part_mut("ledger").entries.push(ledger.clone());
    }
    Ok(())
}

pub(crate) fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Refuses a design whose protocol nobody knows.
pub(crate) fn unknown_protocol<'a>(design: &Resolved, known: impl IntoIterator<Item = &'a str>) -> Box<BadInput> {
    let refusal = design.protocol_place().refuse(format!("unknown protocol {:?}", design.protocol));
    refusal.with_known(&design.protocol, known)
}
