//! A recorded case: operations on a real server, and what it answered.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};
use tenure::{process::Rank, time::Duration};

#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    pub name: String,
    #[serde(default)]
    pub api: String,
    pub steps: Vec<Step>,
    pub expected: Vec<Value>,
    #[serde(default)]
    pub variants: BTreeMap<String, Vec<Value>>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Step {
    pub op: String,
    pub args: Map<String, Value>,
    #[serde(rename = "as")]
    pub name: Option<String>,
}

/// A case that is not expected to agree, and why.
pub type Exception = (&'static str, &'static str);

impl Step {
    pub fn text(&self, key: &str) -> Option<&str> {
        self.args.get(key).and_then(Value::as_str)
    }

    pub fn number(&self, key: &str) -> Option<i64> {
        self.args.get(key).and_then(Value::as_i64)
    }

    pub fn is(&self, key: &str) -> bool {
        self.args.get(key).is_some_and(|value| *value == Value::Bool(true) || *value == "true")
    }

    pub fn millis(&self, key: &str) -> Option<Duration> {
        self.number(key).map(Duration::from_millis)
    }

    pub fn span(&self, key: &str) -> Option<Duration> {
        self.text(key).map(|text| text.parse().expect("a span"))
    }
}

/// An index as it stands in an answer until all answers are there; then it is its place among them.
pub fn index(rank: Rank) -> Value {
    Value::String(format!("index {rank:?}"))
}

/// How far a store's revision is from the first.
pub fn revision(rank: Rank) -> Value {
    Value::String(format!("r+{rank:?}"))
}

/// Indices become `i0` for the one before the case, and `i1`, `i2` in their order.
pub fn rank_indices(answers: &mut [Value]) {
    fn visit(value: &mut Value, see: &mut impl FnMut(u64) -> Option<String>) {
        match value {
            Value::String(text) => {
                let number = text.strip_prefix("index ").map(|number| number.parse().expect("a rank is a number"));
                if let Some(name) = number.and_then(see) {
                    *text = name;
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| visit(value, see)),
            Value::Object(entries) => entries.iter_mut().for_each(|(_, value)| visit(value, see)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut seen = BTreeSet::from([0]);
    let mut collect = |number| {
        seen.insert(number);
        None
    };
    answers.iter_mut().for_each(|answer| visit(answer, &mut collect));
    let mut name = |number| Some(format!("i{}", seen.range(..number).count()));
    answers.iter_mut().for_each(|answer| visit(answer, &mut name));
}

/// Runs every case, and says what does not agree; nothing else may be excepted.
///
/// # Panics
/// If a case that is not excepted differs, or one that is does not.
pub fn check(cases: &[Case], exceptions: &[Exception], run: impl Fn(&Case) -> Result<(), String>) {
    let mut complaints = Vec::new();
    for case in cases {
        let excepted = exceptions.iter().find(|(name, _)| *name == case.name);
        match (run(case), excepted) {
            (Ok(()), None) | (Err(_), Some(_)) => {}
            (Ok(()), Some((_, why))) => complaints.push(format!("{} agrees, though excepted: {why}", case.name)),
            (Err(difference), None) => complaints.push(format!("{}: {difference}", case.name)),
        }
    }
    for (name, _) in exceptions.iter().filter(|(name, _)| !cases.iter().any(|case| case.name == *name)) {
        complaints.push(format!("no case is called {name}"));
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// Compares the answers of a case with what was recorded. Of a refusal only the status counts: its words are Go's.
pub fn compare(expected: &[Value], mut answers: Vec<Value>, forget: &[&str]) -> Result<(), String> {
    rank_indices(&mut answers);
    for (place, (expected, answer)) in expected.iter().zip(&answers).enumerate() {
        let mut expected = expected.clone();
        drop_keys(&mut expected, forget);
        if expected["status"].as_i64().is_some_and(|status| status >= 400) {
            let entries = expected.as_object_mut().expect("an answer is an object");
            entries.retain(|key, _| !["body", "error", "code", "message"].contains(&key.as_str()));
        }
        if expected != *answer {
            return Err(format!("step {place}: recorded {expected}, answered {answer}"));
        }
    }
    Ok(())
}

fn drop_keys(value: &mut Value, keys: &[&str]) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| drop_keys(value, keys)),
        Value::Object(entries) => {
            entries.retain(|key, _| !keys.contains(&key.as_str()));
            entries.iter_mut().for_each(|(_, value)| drop_keys(value, keys));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
