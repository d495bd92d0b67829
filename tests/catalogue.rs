//! The designs in `models/` are as they say.

use std::collections::BTreeSet;

use tenure::design::{Resolved, Shelf};

#[test]
fn every_design_is_as_it_expects_and_every_property_holds_somewhere_and_hangs_on_something() {
    let app = tenure::own();
    tenure::catalogue::run("models", &app);
}

/// What keeps the recommended lock right: each is changed, and nothing else, by a design that extends it.
const SAFEGUARDS: [&str; 13] = [
    "client.deadline_from",
    "client.lease",
    "client.release",
    "client.renew",
    "client.renew_deadline",
    "client.renew_every",
    "client.renew_retry",
    "client.retry",
    "client.watches",
    "client.withdraws",
    "machine.notice",
    "resource.checks_token",
    "work.stop",
];

#[test]
fn every_safeguard_of_the_recommended_lock_has_a_weakening() {
    let mut changed = BTreeSet::new();
    for design in locks() {
        let Some(base) = &design.base else { continue };
        if name(&base.design).starts_with("recommended") && name(&design).starts_with("weak-") {
            changed.extend(base.overridden.iter().map(|path| path.trim_start_matches("design.").to_string()));
        }
    }
    let bare: Vec<_> = SAFEGUARDS.iter().filter(|key| !changed.contains(**key)).collect();
    assert!(bare.is_empty(), "no weakening of the recommended lock changes {bare:?} alone, only {changed:?}");
}

#[test]
fn every_client_key_of_the_recommended_lock_is_a_safeguard() {
    let recommended = locks().into_iter().find(|design| name(design) == "recommended.toml").expect("there is one");
    let text = recommended.text();
    let client = text.lines().find_map(|line| line.strip_prefix("client = { ")).expect("it has a client");
    let keys = client.split(", ").filter_map(|pair| pair.split(" = ").next()).filter(|key| *key != "kind");
    let keys: BTreeSet<String> = keys.map(|key| format!("client.{key}")).collect();
    assert!(keys.len() > 8, "{text}");
    let others: Vec<_> = keys.iter().filter(|key| !SAFEGUARDS.contains(&key.as_str())).collect();
    assert!(others.is_empty(), "not among the safeguards: {others:?}");
}

#[test]
fn every_ledger_of_a_lock_is_asked_about_by_its_file_or_by_one_that_extends_it() {
    let designs = locks();
    let mut idle = Vec::new();
    for design in designs.iter().filter(|design| design.base.is_none()) {
        for ledger in design.ledgers() {
            let asks = |other: &&Resolved| other.expectations.iter().any(|expectation| expectation.under == ledger);
            if !designs.iter().filter(|other| is_or_extends(other, &name(design))).any(|other| asks(&other)) {
                idle.push(format!("{}: {ledger}", name(design)));
            }
        }
    }
    assert!(idle.is_empty(), "nobody asks about {idle:?}");
}

#[test]
fn a_session_of_consul_is_no_shorter_than_its_servers_allow() {
    let load = |ttl: &str| {
        let shorter = [format!("design.store.session_ttl={ttl}")];
        tenure::own().load(Shelf::Disk, "models/lock/consul-2015-04.toml", &shorter)
    };
    assert!(load("10s").is_ok());
    let refusal = load("9999ms").expect_err("the servers refuse it").render(false, 120);
    assert!(refusal.contains("session_ttl_min"), "{refusal}");
}

fn locks() -> Vec<Resolved> {
    let app = tenure::own();
    let files = Shelf::Disk.designs("models/lock").expect("the folder can be read");
    files.iter().map(|file| app.load(Shelf::Disk, file, &[]).expect("it is a design")).collect()
}

fn is_or_extends(design: &Resolved, wanted: &str) -> bool {
    name(design) == wanted || design.base.as_ref().is_some_and(|base| is_or_extends(&base.design, wanted))
}

fn name(design: &Resolved) -> String {
    let path = std::path::Path::new(&design.file);
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
