//! A TOML document as a tree in which every key and value knows where it was written.
//!
//! Order is kept: the fault classes of a ledger are numbered by it.

use std::{fmt::Write, sync::Arc};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::source::{Place, Result, Source};

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Node {
    pub value: Value,
    pub place: Place,
}

/// What a design file may hold. There are no fractions: spans have units, rates are texts.
#[derive(Clone, Debug)]
pub enum Value {
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<Node>),
    Table(Table),
}

/// Keys and values in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Table {
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub key: String,
    pub key_place: Place,
    pub node: Node,
}

impl Table {
    /// # Errors
    /// What is not TOML, or a number with a fraction, or a date.
    pub fn parse(source: &Arc<Source>) -> Result<Table> {
        let document = DeTable::parse(&source.text).map_err(|error| {
            let place = Place { source: source.clone(), range: error.span().unwrap_or(0..0) };
            place.refuse(format!("this is not TOML: {}", error.message()))
        })?;
        table(source, document.into_inner())
    }

    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.key.as_str())
    }

    /// The value at a path of keys.
    #[must_use]
    pub fn find(&self, path: &[&str]) -> Option<&Node> {
        let (first, rest) = path.split_first()?;
        let node = self.get(first)?;
        if rest.is_empty() { Some(node) } else { node.table()?.find(rest) }
    }

    pub fn find_mut(&mut self, path: &[&str]) -> Option<&mut Node> {
        let (first, rest) = path.split_first()?;
        let node = self.entries.iter_mut().find(|entry| entry.key == *first).map(|entry| &mut entry.node)?;
        if rest.is_empty() {
            return Some(node);
        }
        node.table_mut()?.find_mut(rest)
    }

    /// The dotted paths of all that is no table, in order.
    #[must_use]
    pub fn leaves(&self) -> Vec<(String, &Node)> {
        let mut found = Vec::new();
        for entry in &self.entries {
            match &entry.node.value {
                Value::Table(table) => {
                    let inner = table.leaves().into_iter();
                    found.extend(inner.map(|(path, node)| (format!("{}.{path}", entry.key), node)));
                }
                _ => found.push((entry.key.clone(), &entry.node)),
            }
        }
        found
    }

    /// Refuses the first key that is not known.
    ///
    /// # Errors
    /// With the nearest known key.
    pub fn only(&self, what: &str, known: &[&str]) -> Result<()> {
        match self.entries.iter().find(|entry| !known.contains(&entry.key.as_str())) {
            None => Ok(()),
            Some(entry) => Err(entry
                .key_place
                .refuse(format!("unknown key `{}` in {what}", entry.key))
                .with_known(&entry.key, known.iter().copied())),
        }
    }

    /// As TOML: a line for each key, tables in braces.
    #[must_use]
    pub fn lines(&self) -> String {
        let mut text = String::new();
        for entry in &self.entries {
            writeln!(text, "{} = {}", key(&entry.key), entry.node.inline()).expect("a text can be written to");
        }
        text
    }
}

impl Node {
    #[must_use]
    pub fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    pub fn table_mut(&mut self) -> Option<&mut Table> {
        match &mut self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, for a refusal.
    #[must_use]
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Text(text) => format!("{text:?}"),
            Value::Integer(number) => format!("the number {number}"),
            Value::Boolean(value) => value.to_string(),
            Value::List(_) => "a list".into(),
            Value::Table(_) => "a table".into(),
        }
    }

    /// The table that is expected here.
    ///
    /// # Errors
    /// When it is something else.
    pub fn expect_table(&self, what: &str) -> Result<&Table> {
        self.table().ok_or_else(|| self.place.refuse(format!("expected {what} to be a table, got {}", self.describe())))
    }

    /// The text that is expected here.
    ///
    /// # Errors
    /// When it is something else.
    pub fn expect_text(&self, what: &str) -> Result<&str> {
        self.text().ok_or_else(|| self.place.refuse(format!("expected {what} to be a text, got {}", self.describe())))
    }

    fn inline(&self) -> String {
        match &self.value {
            Value::Text(text) => toml::Value::String(text.clone()).to_string(),
            Value::Integer(number) => number.to_string(),
            Value::Boolean(value) => value.to_string(),
            Value::List(nodes) => {
                let nodes: Vec<String> = nodes.iter().map(Node::inline).collect();
                format!("[{}]", nodes.join(", "))
            }
            Value::Table(table) => {
                let inside = |entry: &Entry| format!("{} = {}", key(&entry.key), entry.node.inline());
                let entries: Vec<String> = table.entries.iter().map(inside).collect();
                format!("{{ {} }}", entries.join(", "))
            }
        }
    }
}

/// A key as TOML wants it.
pub(crate) fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { name.into() } else { toml::Value::String(name.into()).to_string() }
}

fn table(source: &Arc<Source>, table: DeTable<'_>) -> Result<Table> {
    let mut entries = Vec::new();
    for (key, value) in table {
        let key_place = Place { source: source.clone(), range: key.span() };
        entries.push(Entry { key: key.into_inner().into_owned(), key_place, node: node(source, value)? });
    }
    entries.sort_by_key(|entry| entry.key_place.range.start);
    Ok(Table { entries })
}

fn node(source: &Arc<Source>, value: Spanned<DeValue<'_>>) -> Result<Node> {
    let place = Place { source: source.clone(), range: value.span() };
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => Value::Integer(
            i64::from_str_radix(number.as_str(), number.radix())
                .map_err(|_| place.refuse("this number is too large"))?,
        ),
        DeValue::Boolean(value) => Value::Boolean(value),
        DeValue::Array(values) => {
            Value::List(values.into_iter().map(|value| node(source, value)).collect::<Result<_>>()?)
        }
        DeValue::Table(inner) => Value::Table(table(source, inner)?),
        DeValue::Float(_) => {
            let remedy = "write a span with a unit, such as \"1.5s\", and a rate as \"1.5%\"";
            return Err(place.refuse("numbers with a fraction are not read").with_remedy(remedy));
        }
        DeValue::Datetime(_) => return Err(place.refuse("dates are not read")),
    };
    Ok(Node { value, place })
}
