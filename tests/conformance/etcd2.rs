//! etcd of version 2: recorded operations as messages to our store, and its answers as the HTTP interface gives them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tenure::{
    process::{Id, NodeId, Rank},
    store::{
        Key,
        etcd2::{Action, Answer, Ask, Check, Etcd2, Message, Node},
    },
    time::Duration,
};

use crate::{
    bench::{Bench, Hurry},
    case::{Case, Step, index},
};

/// Runs a case; an operation that is not known is an error.
pub fn run(case: &Case, hurry: Hurry) -> Result<Vec<Value>, String> {
    let bench = Bench::new((), hurry);
    let mut run = Run { bench, ids: BTreeMap::new(), indices: BTreeMap::new(), watches: BTreeMap::new() };
    case.steps.iter().map(|step| run.step(step)).collect()
}

struct Run {
    bench: Bench<Etcd2>,
    /// Values, by their texts.
    ids: BTreeMap<String, Id>,
    indices: BTreeMap<String, Rank>,
    /// Each is a client of its own, and watches a key.
    watches: BTreeMap<String, (NodeId, Key)>,
}

const CLIENT: NodeId = NodeId(1);

impl Run {
    fn step(&mut self, step: &Step) -> Result<Value, String> {
        if step.is("recursive") || step.text("key").is_some_and(|key| key.contains('/')) {
            return Err("there are no directories".into());
        }
        Ok(match step.op.as_str() {
            "wait" => {
                self.bench.pass(step.millis("ms").expect("a wait has a span"));
                json!({})
            }
            "v2.get" => self.ask(step, Ask::Get { key: key(step) }),
            "v2.set" if step.is("refresh") => {
                let ttl = ttl(step).expect("a time to live");
                self.ask(step, Ask::Refresh { key: key(step), ttl })
            }
            "v2.set" => {
                let value = step.text("value").map(|value| self.id(value));
                let ask = Ask::Set { key: key(step), value, ttl: ttl(step), check: self.check(step) };
                self.ask(step, ask)
            }
            "v2.delete" => {
                let check = self.check(step);
                self.ask(step, Ask::Delete { key: key(step), check })
            }
            "v2.watch.start" => {
                let client = NodeId(10 + self.watches.len() as u16);
                // To wait from the index after one is to have seen that one.
                let after = step.text("waitIndex").and_then(|text| text.strip_suffix("+1")).expect("an index");
                let ask = Ask::Watch { key: key(step), seen: Some(self.indices[&after[1..]]) };
                let question = Some(self.bench.fresh_id());
                self.bench.send(client, Message::Ask { question, ask });
                self.watches.insert(step.name.clone().expect("a watch has a name"), (client, key(step)));
                json!({})
            }
            "v2.watch.join" => {
                let (client, key) = self.watches[step.text("id").expect("a watch")];
                let within = step.millis("timeout_ms").expect("a timeout");
                match self.bench.receive(client, within) {
                    Some(Message::Answer { answer, .. }) => self.answer(key, &answer),
                    other => panic!("a change, not {other:?}"),
                }
            }
            other => return Err(format!("{other} is not known")),
        })
    }

    fn ask(&mut self, step: &Step, ask: Ask) -> Value {
        let question = self.bench.fresh_id();
        self.bench.send(CLIENT, Message::Ask { question: Some(question), ask });
        match self.bench.receive(CLIENT, Duration::ZERO) {
            Some(Message::Answer { question: answered, answer }) if answered == question => {
                if let (Some(name), Answer::Done { node, .. }) = (step.text("save_idx"), &answer) {
                    self.indices.insert(name.into(), node.modified);
                }
                self.answer(key(step), &answer)
            }
            other => panic!("an answer, not {other:?}"),
        }
    }

    fn answer(&self, key: Key, answer: &Answer) -> Value {
        match answer {
            Answer::Done { action, node, previous } => {
                let created = matches!(action, Action::Create | Action::Set) && previous.is_none();
                let mut shown = json!({
                    "status": if created { 201 } else { 200 },
                    "action": word(*action),
                    "node": self.node(key, node),
                });
                if let Some(previous) = previous {
                    shown["prevNode"] = self.node(key, previous);
                    // What is gone has no time left.
                    if *action == Action::Expire {
                        shown["prevNode"].as_object_mut().expect("a node").remove("ttl");
                    }
                }
                shown
            }
            Answer::NotFound => json!({ "status": 404, "errorCode": 100 }),
            Answer::Exists => json!({ "status": 412, "errorCode": 105 }),
            Answer::Different => json!({ "status": 412, "errorCode": 101 }),
            Answer::Listed(_) => unreachable!("no case lists keys"),
            Answer::Failed => json!({ "status": 500 }),
        }
    }

    fn node(&self, key: Key, node: &Node) -> Value {
        let mut shown = json!({
            "key": key.0,
            "createdIndex": index(node.created),
            "modifiedIndex": index(node.modified),
        });
        if let Some(value) = node.value {
            let (text, _) = self.ids.iter().find(|(_, known)| **known == value).expect("a value that the case gave");
            shown["value"] = json!(text);
        }
        if node.limited {
            shown["ttl"] = json!("0<ttl<=granted");
        }
        shown
    }

    fn check(&mut self, step: &Step) -> Check {
        if let Some(value) = step.text("prevValue") {
            return Check::Value(self.id(value));
        }
        if let Some(name) = step.text("prevIndex") {
            return Check::Index(self.indices[&name[1..]]);
        }
        match step.text("prevExist") {
            Some("false") => Check::Absent,
            Some(_) => Check::Present,
            None => Check::Always,
        }
    }

    /// What stands for a text, the same each time.
    fn id(&mut self, text: &str) -> Id {
        *self.ids.entry(text.into()).or_insert_with(|| self.bench.fresh_id())
    }
}

fn key(step: &Step) -> Key {
    Key(String::leak(step.text("key").expect("a key").into()))
}

fn ttl(step: &Step) -> Option<Duration> {
    step.number("ttl").map(Duration::from_secs)
}

const fn word(action: Action) -> &'static str {
    match action {
        Action::Get => "get",
        Action::Set => "set",
        Action::Create => "create",
        Action::Update => "update",
        Action::CompareAndSwap => "compareAndSwap",
        Action::Delete => "delete",
        Action::CompareAndDelete => "compareAndDelete",
        Action::Expire => "expire",
    }
}
