//! From a tree to a typed value, by serde, with every error at its place.

use serde::{
    de::{self, DeserializeOwned, IntoDeserializer, Unexpected, Visitor},
    forward_to_deserialize_any,
};

use super::{
    source::{Place, Result, suggestion},
    tree::{Entry, Node, Table, Value},
};
use crate::time::{Duration, ParseError, Window};

/// Reads a typed value.
///
/// # Errors
/// At the innermost place that is known.
pub(super) fn read<T: DeserializeOwned>(node: &Node) -> Result<T> {
    T::deserialize(Reader(node)).map_err(|failure| {
        let place = failure.place.unwrap_or_else(|| node.place.clone());
        let refusal = place.refuse(failure.message);
        match failure.remedy {
            Some(remedy) => refusal.with_remedy(remedy),
            None => refusal,
        }
    })
}

/// What serde says is wrong, and where as soon as that is known.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Failure {
    message: String,
    remedy: Option<String>,
    /// The key that is not known, until it is found.
    unknown: Option<String>,
    place: Option<Place>,
}

impl Failure {
    fn new(message: String) -> Failure {
        Failure { message, remedy: None, unknown: None, place: None }
    }

    fn at(mut self, place: &Place) -> Failure {
        self.place.get_or_insert_with(|| place.clone());
        self
    }

    /// Serde reads tagged tables from a copy without places: what it complains of is looked for in the table.
    fn within(self, node: &Node) -> Failure {
        let suspect = match (&self.place, node.table()) {
            (None, Some(table)) => self.suspect(table),
            _ => None,
        };
        let place = suspect.unwrap_or_else(|| node.place.clone());
        self.at(&place)
    }

    fn suspect(&self, table: &Table) -> Option<Place> {
        if let Some(key) = &self.unknown {
            return find_key(table, key);
        }
        let complains = |node: &Node| {
            let text = node.text()?;
            let span = text.parse::<Duration>().err().map(|error| error.to_string());
            let window = text.parse::<Window>().err().map(|error| error.to_string());
            let never = (text == "never").then(|| ParseError::Never.to_string());
            [span, window, never]
                .into_iter()
                .flatten()
                .any(|message| message == self.message)
                .then(|| node.place.clone())
        };
        table.leaves().into_iter().find_map(|(_, node)| complains(node))
    }
}

fn find_key(table: &Table, key: &str) -> Option<Place> {
    let here = table.entry(key).map(|entry| entry.key_place.clone());
    here.or_else(|| table.entries.iter().find_map(|entry| find_key(entry.node.table()?, key)))
}

impl de::Error for Failure {
    fn custom<T: std::fmt::Display>(message: T) -> Failure {
        Failure::new(message.to_string())
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn de::Expected) -> Failure {
        let number = matches!(unexpected, Unexpected::Signed(_) | Unexpected::Unsigned(_));
        let expected = wanted(expected);
        let remedy =
            (number && expected.contains("a text")).then(|| "a span is a text with a unit, such as \"10s\"".into());
        Failure { remedy, ..Failure::new(format!("expected {expected}, got {}", describe(unexpected))) }
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn de::Expected) -> Failure {
        Failure::new(format!("expected {}, got {}", wanted(expected), describe(unexpected)))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Failure {
        Failure {
            remedy: suggestion(field, expected.iter().copied()),
            unknown: Some(field.into()),
            ..Failure::new(format!("unknown key `{field}`"))
        }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Failure {
        let quoted: Vec<String> = expected.iter().map(|known| format!("{known:?}")).collect();
        // All of them are in the message, so only a near one is worth a word more.
        let near = suggestion(variant, expected.iter().copied()).filter(|remedy| remedy.starts_with("did"));
        Failure { remedy: near, ..Failure::new(format!("expected one of {}, got {variant:?}", quoted.join(", "))) }
    }

    fn missing_field(field: &'static str) -> Failure {
        Failure::new(format!("the key `{field}` is missing"))
    }
}

/// What serde expects, in the words of a design file instead of those of Rust.
fn wanted(expected: &dyn de::Expected) -> String {
    let expected = expected.to_string();
    match expected.as_str() {
        "u8" => format!("a whole number from 0 to {}", u8::MAX),
        "u16" => format!("a whole number from 0 to {}", u16::MAX),
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        "u64" | "usize" => "a whole number that is not negative".into(),
        "i64" => "a whole number".into(),
        "a boolean" => "true or false".into(),
        _ if expected.starts_with("struct ") || expected == "a map" => "a table".into(),
        _ if expected.starts_with("tuple ") || expected == "a sequence" => "a list".into(),
        _ => expected.replace("a string", "a text"),
    }
}

fn describe(unexpected: Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Signed(number) => format!("the number {number}"),
        Unexpected::Unsigned(number) => format!("the number {number}"),
        Unexpected::Str(text) => format!("{text:?}"),
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Map => "a table".into(),
        Unexpected::Seq => "a list".into(),
        other => other.to_string(),
    }
}

/// A value, for serde to read.
#[derive(Clone, Copy)]
struct Reader<'a>(&'a Node);

impl<'de> de::Deserializer<'de> for Reader<'_> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Failure> {
        let result = match &self.0.value {
            Value::Text(text) => visitor.visit_str(text),
            Value::Integer(number) => visitor.visit_i64(*number),
            Value::Boolean(value) => visitor.visit_bool(*value),
            Value::List(nodes) => visitor.visit_seq(de::value::SeqDeserializer::new(nodes.iter().map(Reader))),
            Value::Table(table) => visitor.visit_map(Entries { rest: table.entries.iter(), value: None }),
        };
        result.map_err(|failure| failure.within(self.0))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> std::result::Result<V::Value, Failure> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> std::result::Result<V::Value, Failure> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> std::result::Result<V::Value, Failure> {
        let result = match &self.0.value {
            Value::Text(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            Value::Table(table) => visitor
                .visit_enum(de::value::MapAccessDeserializer::new(Entries { rest: table.entries.iter(), value: None })),
            _ => Err(Failure::new(format!("expected a text or a table, got {}", self.0.describe()))),
        };
        result.map_err(|failure| failure.within(self.0))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, Failure> for Reader<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The entries of a table, for serde.
struct Entries<'a> {
    rest: std::slice::Iter<'a, Entry>,
    value: Option<&'a Node>,
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = Failure;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> std::result::Result<Option<K::Value>, Failure> {
        let Some(entry) = self.rest.next() else { return Ok(None) };
        self.value = Some(&entry.node);
        let key = entry.key.as_str().into_deserializer();
        seed.deserialize(key).map(Some).map_err(|failure: Failure| failure.at(&entry.key_place))
    }

    fn next_value_seed<V: de::DeserializeSeed<'de>>(&mut self, seed: V) -> std::result::Result<V::Value, Failure> {
        let node = self.value.take().expect("serde asks for a key first");
        seed.deserialize(Reader(node)).map_err(|failure| failure.at(&node.place))
    }
}
