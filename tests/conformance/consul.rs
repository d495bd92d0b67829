//! Consul: recorded operations as messages to our store, and its answers as the HTTP interface gives them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tenure::{
    process::{Id, NodeId, Rank},
    store::{
        INDICES, Key,
        consul::{
            Answer, Ask, Behavior, Check, Config, Consul, Entry, Get, Message, Session, SessionAnswer, SessionAsk,
            Terms, Version,
        },
    },
    time::{Duration, Window},
};

use crate::{
    bench::{Bench, Hurry},
    case::{Case, Step, index},
};

/// Runs a case; an operation that is not known is an error.
pub fn run(case: &Case, version: Version, hurry: Hurry) -> Result<Vec<Value>, String> {
    let bench = Bench::new(Config::new(version, 2), hurry);
    let mut run =
        Run { bench, ids: BTreeMap::new(), indices: BTreeMap::new(), tokens: BTreeMap::new(), watches: vec![] };
    case.steps.iter().map(|step| run.step(step)).collect()
}

struct Run {
    bench: Bench<Consul>,
    /// Sessions and values, by the names that the case has for them.
    ids: BTreeMap<String, Id>,
    indices: BTreeMap<String, Rank>,
    /// The tokens of each key since it was last without one: a lock index is a token's place among them.
    tokens: BTreeMap<Key, Vec<Rank>>,
    watches: Vec<Watch>,
}

struct Watch {
    name: String,
    client: NodeId,
    ends: Duration,
}

const CLIENT: NodeId = NodeId(1);

impl Run {
    fn step(&mut self, step: &Step) -> Result<Value, String> {
        Ok(match step.op.as_str() {
            "wait" => {
                self.bench.pass(step.millis("ms").expect("a wait has a span"));
                json!({})
            }
            "session.create" => self.create(step)?,
            "session.renew" => self.renew(step),
            "session.destroy" => {
                let session = self.id(step, "id");
                let done = self.ask(Ask::DestroySession { session }) == Answer::Destroyed;
                json!({ "status": 200, "body": done })
            }
            "session.info" => {
                let session = self.id(step, "id");
                json!({ "status": 200, "body": self.session(session).iter().map(|it| self.show(it)).collect::<Vec<_>>() })
            }
            "kv.put" => self.put(step),
            "kv.delete" if !step.is("recurse") => {
                let (key, check) = (key(step), self.check(step));
                let done = self.ask(Ask::Delete { key, check }) == Answer::Written;
                json!({ "status": 200, "body": done })
            }
            "kv.get" if !step.is("keys") => self.get(step),
            "watch.start" => self.watch(step),
            "watch.join" => self.join(step),
            other => return Err(format!("{other} is not known")),
        })
    }

    fn create(&mut self, step: &Step) -> Result<Value, String> {
        if step.args.contains_key("checks") {
            return Err("a session does not depend on checks".into());
        }
        let ttl = step.span("ttl");
        let lock_delay = step.span("lock_delay").unwrap_or(Duration::from_secs(15));
        let behavior = if step.text("behavior") == Some("delete") { Behavior::Delete } else { Behavior::Release };
        let question = self.bench.fresh_id();
        let ask = SessionAsk::Create { terms: Terms { ttl, lock_delay, behavior }, instead_of: None };
        match self.tend(question, ask) {
            SessionAnswer::Created { session } => {
                let name = step.name.clone().expect("a session has a name");
                self.ids.insert(name.clone(), session);
                Ok(json!({ "status": 200, "body": { "ID": name } }))
            }
            other => Err(format!("a session is created, not {other:?}")),
        }
    }

    fn renew(&mut self, step: &Step) -> Value {
        let (question, session) = (self.bench.fresh_id(), self.id(step, "id"));
        match (self.tend(question, SessionAsk::Renew { session }), self.session(session)) {
            (SessionAnswer::Renewed, Some(session)) => json!({ "status": 200, "body": self.show(&session) }),
            (SessionAnswer::Gone, None) => json!({ "status": 404 }),
            (answer, session) => panic!("{answer:?} of {session:?}"),
        }
    }

    fn put(&mut self, step: &Step) -> Value {
        let key = key(step);
        let value = Some(self.id(step, "value"));
        let answer = if step.args.contains_key("acquire") {
            let session = self.id(step, "acquire");
            self.ask(Ask::Acquire { key, session, value })
        } else if step.args.contains_key("release") {
            let session = self.id(step, "release");
            self.ask(Ask::Release { key, session, value })
        } else {
            let check = self.check(step);
            self.ask(Ask::Put { key, value, check })
        };
        match answer {
            Answer::Acquired { token } => {
                let tokens = self.tokens.entry(key).or_default();
                if !tokens.contains(&token) {
                    tokens.push(token);
                }
                json!({ "status": 200, "body": true })
            }
            Answer::Written | Answer::Released => json!({ "status": 200, "body": true }),
            Answer::Refused => json!({ "status": 200, "body": false }),
            Answer::Failed => json!({ "status": 500 }),
            other => panic!("{other:?} is no answer to a write"),
        }
    }

    fn get(&mut self, step: &Step) -> Value {
        let answer = self.ask(Ask::Get { get: get(step), seen: None, wait: None });
        if let Answer::Entries { entries, index } = &answer {
            self.save(step, "save_index", *index);
            if let Some((_, entry)) = entries.first() {
                self.save(step, "save_modify", entry.modified);
            }
        }
        self.entries(answer)
    }

    fn watch(&mut self, step: &Step) -> Value {
        let wait = step.span("wait").expect("a wait");
        let client = NodeId(10 + self.watches.len() as u16);
        let seen = match step.text("index").expect("an index").split_once('+') {
            None => self.indices[&step.text("index").expect("an index")[1..]],
            // Far above all that come.
            Some(_) => (0..1000).map(|_| self.bench.fresh_rank(INDICES)).last().expect("the last"),
        };
        let ask = Ask::Get { get: get(step), seen: Some(seen), wait: Some(Window::exactly(wait)) };
        let question = Some(self.bench.fresh_id());
        self.bench.send(client, Message::Ask { question, ask });
        let name = step.name.clone().expect("a watch has a name");
        self.watches.push(Watch { name, client, ends: self.bench.now().plus(wait) });
        json!({})
    }

    fn join(&mut self, step: &Step) -> Value {
        let Watch { client, ends, .. } =
            *self.watches.iter().find(|watch| Some(&*watch.name) == step.text("id")).expect("a watch");
        let Some(Message::Answer { answer, .. }) = self.bench.receive(client, Duration::from_secs(60)) else {
            panic!("a watch is answered")
        };
        let woken = self.bench.now() < ends;
        let mut shown = self.entries(answer);
        shown["woken_before_wait_end"] = json!(woken);
        shown
    }

    fn ask(&mut self, ask: Ask) -> Answer {
        let question = self.bench.fresh_id();
        self.bench.send(CLIENT, Message::Ask { question: Some(question), ask });
        match self.bench.receive(CLIENT, Duration::ZERO) {
            Some(Message::Answer { question: answered, answer }) if answered == question => answer,
            other => panic!("an answer, not {other:?}"),
        }
    }

    fn tend(&mut self, question: Id, ask: SessionAsk) -> SessionAnswer {
        self.bench.send(CLIENT, Message::AskSession { question, ask });
        match self.bench.receive(CLIENT, Duration::ZERO) {
            Some(Message::AnswerSession { question: answered, answer }) if answered == question => answer,
            other => panic!("an answer, not {other:?}"),
        }
    }

    fn session(&mut self, session: Id) -> Option<Session> {
        match self.ask(Ask::Session { session }) {
            Answer::Session(session) => session,
            other => panic!("a session, not {other:?}"),
        }
    }

    fn show(&self, session: &Session) -> Value {
        let Terms { ttl, lock_delay, behavior } = session.terms;
        json!({
            "ID": self.name(session.id),
            "TTL": ttl.map_or(String::new(), |ttl| ttl.to_string()),
            "Behavior": if behavior == Behavior::Delete { "delete" } else { "release" },
            "LockDelay": lock_delay.micros() * 1000,
        })
    }

    fn entries(&mut self, answer: Answer) -> Value {
        let Answer::Entries { entries, index: at } = answer else { panic!("{answer:?} is no answer to a read") };
        if entries.is_empty() {
            self.tokens.clear();
            return json!({ "status": 404, "index": index(at) });
        }
        let body: Vec<Value> = entries.iter().map(|(key, entry)| self.entry(*key, entry)).collect();
        json!({ "status": 200, "body": body, "index": index(at) })
    }

    fn entry(&mut self, key: Key, entry: &Entry) -> Value {
        let tokens = self.tokens.entry(key).or_default();
        if entry.token.is_none() {
            tokens.clear();
        }
        let lock_index = tokens.iter().take_while(|token| entry.token.is_some_and(|own| **token <= own)).count();
        json!({
            "Key": key.0,
            "Value": entry.value.map(|value| self.name(value)),
            "LockIndex": lock_index,
            "Session": entry.holder.map(|holder| self.name(holder)),
            "CreateIndex": index(entry.created),
            "ModifyIndex": index(entry.modified),
        })
    }

    fn check(&mut self, step: &Step) -> Check {
        match step.args.get("cas") {
            None => Check::Always,
            Some(Value::String(name)) => Check::Unchanged(self.indices[&name[1..]]),
            Some(_) => Check::Unchanged(self.bench.fresh_rank(INDICES)),
        }
    }

    fn save(&mut self, step: &Step, key: &str, index: Rank) {
        if let Some(name) = step.text(key) {
            self.indices.insert(name.into(), index);
        }
    }

    /// What a name or a text stands for, the same each time.
    fn id(&mut self, step: &Step, key: &str) -> Id {
        let text = step.text(key).expect("an argument");
        let name = text.strip_prefix('$').map_or_else(|| format!("text {text}"), String::from);
        *self.ids.entry(name).or_insert_with(|| self.bench.fresh_id())
    }

    fn name(&self, id: Id) -> &str {
        let (name, _) = self.ids.iter().find(|(_, known)| **known == id).expect("a name that the case gave");
        name.strip_prefix("text ").unwrap_or(name)
    }
}

fn key(step: &Step) -> Key {
    Key(String::leak(step.text("key").expect("a key").into()))
}

fn get(step: &Step) -> Get {
    if step.is("recurse") { Get::Under(key(step)) } else { Get::Key(key(step)) }
}
