//! etcd of version 3: recorded operations as messages to our store, and its answers as the gateway gives them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tenure::{
    process::{Id, NodeId, Rank},
    store::{
        Key,
        etcd3::{Answer, Ask, Attach, Change, Compare, Done, Entry, Etcd3, Message, Name, Op, Range, Test},
    },
    time::Duration,
};

use crate::{
    bench::{Bench, Hurry},
    case::{Case, Step, revision},
};

/// Runs a case; an operation that is not known is an error.
pub fn run(case: &Case, hurry: Hurry) -> Result<Vec<Value>, String> {
    let mut run = Run {
        bench: Bench::new((), hurry),
        ids: BTreeMap::new(),
        names: BTreeMap::new(),
        revisions: BTreeMap::new(),
        pending: BTreeMap::new(),
    };
    case.steps.iter().map(|step| run.step(step)).collect()
}

struct Run {
    bench: Bench<Etcd3>,
    /// Leases and values, by the names that the case has for them.
    ids: BTreeMap<String, Id>,
    /// Keys of locks.
    names: BTreeMap<String, Name>,
    revisions: BTreeMap<String, Rank>,
    /// Watches and locks that are waited for: each is a client of its own.
    pending: BTreeMap<String, NodeId>,
}

const CLIENT: NodeId = NodeId(1);

impl Run {
    fn step(&mut self, step: &Step) -> Result<Value, String> {
        Ok(match step.op.as_str() {
            "wait" => {
                self.bench.pass(step.millis("ms").expect("a wait has a span"));
                json!({})
            }
            "kv.put" | "kv.range" | "kv.delete" => {
                let op = self.op(&step.op, &step.args)?;
                let shown = self.ask_and_show(Ask::Do(op), step)?;
                if let Some(name) = step.text("save_rev") {
                    let at = self.revision();
                    self.revisions.insert(name.into(), at);
                }
                shown
            }
            "kv.txn" => {
                let ask = self.transaction(step)?;
                self.ask_and_show(ask, step)?
            }
            "lease.grant" => {
                let ttl = Duration::from_secs(step.number("ttl").expect("a time to live"));
                self.ask_and_show(Ask::Grant { ttl }, step)?
            }
            "lease.revoke" => {
                let lease = self.id(&step.args["id"]);
                self.ask_and_show(Ask::Revoke { lease }, step)?
            }
            "lease.timetolive" => {
                let lease = self.id(&step.args["id"]);
                self.ask_and_show(Ask::TimeToLive { lease }, step)?
            }
            "lease.keepalive" => self.keep_alive(step),
            "watch.start" if step.args.contains_key("start_rev") => return Err("there is no history".into()),
            "watch.start" => {
                let range = self.range(&step.args)?;
                self.begin(step, Ask::Watch { range })
            }
            "watch.collect" => self.collect(step),
            "lock.lock" => self.lock(step),
            "lock.start" => {
                let ask = self.lock_ask(step);
                self.begin(step, ask)
            }
            "lock.join" => {
                let client = self.pending[step.text("id").expect("a lock")];
                let mut shown = self.locked(client, step).expect("it is locked in time");
                shown["within_timeout"] = json!(true);
                shown
            }
            "lock.unlock" => {
                let name = self.names[&step.text("key").expect("a key")[1..]];
                let (answer, _) = self.ask(Ask::Unlock { name });
                assert_eq!(answer, Answer::Unlocked);
                json!({ "status": 200 })
            }
            other => return Err(format!("{other} is not known")),
        })
    }

    fn op(&mut self, op: &str, args: &Map<String, Value>) -> Result<Op, String> {
        Ok(match op {
            "kv.put" => Op::Put {
                name: key(args),
                value: Some(self.id_of_text(&args["value"])),
                attach: match args.get("lease") {
                    Some(lease) => Attach::To(self.id(lease)),
                    None if args.contains_key("ignore_lease") => Attach::Same,
                    None => Attach::Nothing,
                },
            },
            "kv.range" => Op::Range(self.range(args)?),
            "kv.delete" => Op::Delete(self.range(args)?),
            other => return Err(format!("{other} is not known")),
        })
    }

    fn range(&self, args: &Map<String, Value>) -> Result<Range, String> {
        if args.contains_key("revision") {
            return Err("there is no history".into());
        }
        let name = key(args);
        Ok(if args.contains_key("prefix") { Range::Under(name.path) } else { Range::Only(name) })
    }

    fn transaction(&mut self, step: &Step) -> Result<Ask, String> {
        let list = |key: &str| step.args[key].as_array().expect("a list").clone();
        let compare = list("compare").iter().map(|compare| self.compare(compare)).collect();
        let mut ops = |key: &str| -> Result<Vec<Op>, String> {
            let one =
                |op: &Value| self.op(op["op"].as_str().expect("an op"), op["args"].as_object().expect("arguments"));
            list(key).iter().map(one).collect()
        };
        Ok(Ask::Transaction { compare, then: ops("success")?, otherwise: ops("failure")? })
    }

    fn compare(&mut self, compare: &Value) -> Compare {
        let value = &compare["value"];
        let number = || u32::try_from(value.as_u64().expect("a number")).expect("a small one");
        let test = match (compare["target"].as_str(), compare["result"].as_str()) {
            (Some("VALUE"), Some("EQUAL")) => Test::Value(self.id_of_text(value)),
            (Some("VERSION"), Some("EQUAL")) => Test::Version(number()),
            (Some("VERSION"), Some("GREATER")) => Test::VersionAbove(number()),
            (Some("MOD"), Some("EQUAL")) => Test::Modified(self.revisions[&value.as_str().expect("a name")[1..]]),
            other => panic!("{other:?} is compared nowhere"),
        };
        Compare { name: key(compare.as_object().expect("a comparison")), test }
    }

    fn ask_and_show(&mut self, ask: Ask, step: &Step) -> Result<Value, String> {
        let (answer, at) = self.ask(ask);
        let at = revision(at);
        Ok(match answer {
            Answer::Done(Done::Put { previous: Some(previous) }) if step.is("prev_kv") => {
                json!({ "status": 200, "prev_kv": self.entry(&previous), "rev": at })
            }
            Answer::Done(Done::Deleted(gone)) if step.is("prev_kv") => {
                json!({ "status": 200, "deleted": gone.len(), "prev_kvs": self.entries(&gone), "rev": at })
            }
            Answer::Done(done) => {
                let mut shown = self.done(&done);
                shown["status"] = json!(200);
                shown["rev"] = at;
                shown
            }
            Answer::Transacted { succeeded, done } => {
                let responses: Vec<Value> = done.iter().map(|done| self.done(done)).collect();
                json!({ "status": 200, "succeeded": succeeded, "responses": responses, "rev": at })
            }
            Answer::Granted { lease, ttl } => {
                let name = step.name.clone().expect("a lease has a name");
                self.ids.insert(name.clone(), lease);
                json!({ "status": 200, "ID": name, "TTL": seconds(ttl), "rev": at })
            }
            Answer::Revoked => json!({ "status": 200, "rev": at }),
            Answer::TimeToLive { granted: None, .. } => json!({ "status": 200, "TTL": -1, "grantedTTL": 0 }),
            Answer::TimeToLive { granted: Some(ttl), names } => {
                let keys: Vec<String> = names.iter().map(|name| self.name(*name)).collect();
                json!({ "status": 200, "TTL": "0<ttl<=granted", "grantedTTL": seconds(ttl), "keys": keys })
            }
            Answer::NoLease => json!({ "status": 404 }),
            Answer::Invalid => json!({ "status": 400 }),
            other => return Err(format!("{other:?} is no such answer")),
        })
    }

    fn keep_alive(&mut self, step: &Step) -> Value {
        let (question, lease) = (self.bench.fresh_id(), self.id(&step.args["id"]));
        self.bench.send(CLIENT, Message::KeepAlive { question, lease });
        match self.bench.receive(CLIENT, Duration::ZERO) {
            Some(Message::KeptAlive { revision: at, ttl, .. }) => {
                let name = self.id_name(lease);
                json!({ "status": 200, "ID": name, "TTL": ttl.map_or(0, seconds), "rev": revision(at) })
            }
            other => panic!("a lease is kept alive, not {other:?}"),
        }
    }

    /// Asks as a client of its own, which waits.
    fn begin(&mut self, step: &Step, ask: Ask) -> Value {
        let client = NodeId(10 + self.pending.len() as u16);
        self.pending.insert(step.name.clone().expect("it has a name"), client);
        let question = Some(self.bench.fresh_id());
        self.bench.send(client, Message::Ask { question, ask });
        json!({})
    }

    fn collect(&mut self, step: &Step) -> Value {
        let client = self.pending[step.text("id").expect("a watch")];
        let wanted = usize::try_from(step.number("n").expect("a number")).expect("a small one");
        let ends = self.bench.now().plus(step.millis("timeout_ms").expect("a timeout"));
        let mut events = Vec::new();
        while events.len() < wanted
            && let Some(message) = self.bench.receive(client, ends.minus(self.bench.now()))
        {
            let Message::Answer { answer: Answer::Changed(changes), .. } = message else { panic!("{message:?}") };
            events.extend(changes.iter().map(|change| match change {
                Change::Put(entry) => {
                    json!({ "type": "PUT", "key": self.name(entry.name), "mod": revision(entry.modified) })
                }
                Change::Deleted { name, at } => {
                    json!({ "type": "DELETE", "key": self.name(*name), "mod": revision(*at) })
                }
            }));
        }
        json!({ "events": events })
    }

    /// Waits for a lock, and cancels after its timeout.
    fn lock(&mut self, step: &Step) -> Value {
        let ask = self.lock_ask(step);
        let question = self.bench.fresh_id();
        self.bench.send(CLIENT, Message::Ask { question: Some(question), ask });
        self.locked(CLIENT, step).unwrap_or_else(|| {
            self.bench.send(CLIENT, Message::Ask { question: None, ask: Ask::Cancel { question } });
            json!({ "blocked": true })
        })
    }

    fn lock_ask(&mut self, step: &Step) -> Ask {
        Ask::Lock { path: path(step.text("name").expect("a name")), lease: self.id(&step.args["lease"]) }
    }

    fn locked(&mut self, client: NodeId, step: &Step) -> Option<Value> {
        let within = step.millis("timeout_ms").unwrap_or(Duration::ZERO);
        match self.bench.receive(client, within)? {
            Message::Answer { answer: Answer::Locked { name, .. }, .. } => {
                if let Some(saved) = &step.name {
                    self.names.insert(saved.clone(), name);
                }
                Some(json!({ "status": 200, "key": self.name(name) }))
            }
            other => panic!("a lock, not {other:?}"),
        }
    }

    fn ask(&mut self, ask: Ask) -> (Answer, Rank) {
        let question = self.bench.fresh_id();
        self.bench.send(CLIENT, Message::Ask { question: Some(question), ask });
        match self.bench.receive(CLIENT, Duration::ZERO) {
            Some(Message::Answer { question: answered, revision, answer }) if answered == question => {
                (answer, revision)
            }
            other => panic!("an answer, not {other:?}"),
        }
    }

    fn revision(&mut self) -> Rank {
        self.ask(Ask::Do(Op::Range(Range::Under(path("none"))))).1
    }

    fn done(&self, done: &Done) -> Value {
        match done {
            Done::Put { .. } => json!({}),
            Done::Range(entries) => json!({ "kvs": self.entries(entries), "count": entries.len() }),
            Done::Deleted(gone) => json!({ "deleted": gone.len() }),
        }
    }

    fn entries(&self, entries: &[Entry]) -> Vec<Value> {
        entries.iter().map(|entry| self.entry(entry)).collect()
    }

    fn entry(&self, entry: &Entry) -> Value {
        let mut shown = json!({
            "key": self.name(entry.name),
            "value": entry.value.map_or("", |value| self.id_name(value)),
            "version": entry.version,
            "create": revision(entry.created),
            "mod": revision(entry.modified),
        });
        if let Some(lease) = entry.lease {
            shown["lease"] = json!(self.id_name(lease));
        }
        shown
    }

    fn name(&self, name: Name) -> String {
        match name.of {
            None => name.path.0.into(),
            Some(lease) => format!("{}/<{}>", name.path.0, self.id_name(lease)),
        }
    }

    /// What a name stands for, the same each time.
    fn id(&mut self, name: &Value) -> Id {
        let name = name.as_str().expect("a name");
        self.known(name.strip_prefix('$').unwrap_or(name).into())
    }

    fn id_of_text(&mut self, text: &Value) -> Id {
        self.known(format!("text {}", text.as_str().expect("a text")))
    }

    fn known(&mut self, name: String) -> Id {
        *self.ids.entry(name).or_insert_with(|| self.bench.fresh_id())
    }

    fn id_name(&self, id: Id) -> &str {
        let (name, _) = self.ids.iter().find(|(_, known)| **known == id).expect("a name that the case gave");
        name.strip_prefix("text ").unwrap_or(name)
    }
}

fn key(args: &Map<String, Value>) -> Name {
    Name { path: path(args["key"].as_str().expect("a key")), of: None }
}

fn path(text: &str) -> Key {
    Key(String::leak(text.into()))
}

fn seconds(span: Duration) -> i64 {
    span.micros() / 1_000_000
}
