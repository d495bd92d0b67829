//! Runs of the madsim host are runs of the event loop and of the checkers' world, with the same events; and a host that
//! is wrong is caught.

use std::{collections::BTreeSet, sync::Arc};

use tenure::{
    design::Resolved,
    process::Data,
    simulate::{Draw, Options, replay},
    spec::{Property, Protocol, Setup},
    time::Duration,
    trace::Subject,
    world::{Focus, Reductions, World},
};
use tenure_sims::{Defect, run_with, scenario};

const LEASE: &str = r#"
tenure = 1
protocol = "lease"
[design]
contenders = 3
store = { ttl = "3s" }
contender = { lease = "2500ms", renew = "700ms", retry = "700ms", resend = "300ms", act = "400ms" }
[network]
delay = "0ms..50ms"
[ledger.crash]
crash = { at_most = 3, restart = "0ms..2s" }
[ledger.death]
death = { at_most = 2, restart = "10ms..2s" }
wipe = { at_most = 2, restart = "0ms..2s" }
[ledger.pause]
reaction = "20ms"
drift = "1%"
pause = { at_most = 3, for = "0ms..4s" }
[ledger.suspend]
suspend = { at_most = 3, for = "0ms..4s" }
[ledger.network]
cut = { at_most = 2, for = "0ms..4s" }
loss = { at_most = 3, within = "2s" }
duplicate = 4
[ledger.everything]
reaction = "20ms"
drift = "0.5%"
crash = { at_most = 2, restart = "0ms..2s" }
pause = { at_most = 2, for = "0ms..4s" }
cut = { at_most = 2, for = "0ms..4s", direction = "from" }
loss = 2
duplicate = 2
"#;

const LOCK: &str = r#"
tenure = 1
protocol = "lock"
[design]
contenders = 3
store = { kind = "consul", version = "VERSION", session_ttl = "10s", ttl_multiplier = 2, lock_delay = "1s", behavior = "delete" }
machine = { restart = "0ms..2s" }
work = { start = "0s", stop = "0s..1s" }
[design.client]
kind = "consul"
renew_every = "5s"
on_renew_failure = "retry"
renew_retry = "1s"
wait = "15s..15937500us"
refused_retry = "5s"
error_retry = "5s"
on_doubt = "destroy"
clean_stop = "destroy"
[network]
delay = "0ms..250ms"
rto = "1s"
patience = "3s..9s"
[ledger.crash]
crash = { at_most = 4, restart = "0ms..2s" }
terminate = 2
[ledger.death]
death = { at_most = 3, restart = "10ms..9s" }
wipe = { at_most = 1, restart = "0ms..2s" }
[ledger.pause]
reaction = "50ms"
drift = "1%"
pause = { at_most = 3, for = "0s..20s" }
[ledger.suspend]
suspend = { at_most = 2, for = "0s..20s" }
[ledger.network]
cut = { at_most = 4, for = "0s..30s", direction = "to" }
loss = { at_most = 3, within = "10s" }
[ledger.everything]
reaction = "50ms"
drift = "0.5%"
crash = { at_most = 2, restart = "0ms..2s" }
death = { at_most = 1, restart = "0ms..9s" }
pause = { at_most = 2, for = "0s..20s" }
cut = { at_most = 2, within = "30s", for = "0s..30s" }
loss = 3
terminate = 1
election = { at_most = 1, within = "20s", for = "1s..6s" }
"#;

fn read(text: &str) -> Resolved {
    Resolved::from_text("test", text).unwrap_or_else(|refusal| panic!("{}", refusal.render(false, 120)))
}

/// Whether both engines accept a run, and see what the processes emitted.
fn conforms<T: Protocol>(
    setup: &Arc<Setup<T::Process>>,
    property: &Property<T::Process, T::Memory>,
    seed: u64,
    options: &Options,
    defect: Defect,
) -> Result<BTreeSet<String>, String>
where
    T::Memory: Data,
{
    let options = Options { record: true, ..options.clone() };
    let (run, emitted) = run_with(setup, seed, &options, defect);
    let empty = String::new;
    let subject = Subject {
        design: empty(),
        hash: empty(),
        file: empty(),
        protocol: empty(),
        property: property.id.into(),
        ledger: empty(),
    };
    let trace = run.trace(setup, subject);
    let replayed = replay(setup, property, &trace).map_err(|why| format!("the event loop refuses it: {why}"))?;
    let seen = replayed.steps.iter().flat_map(|step| &step.did).filter_map(|did| did.strip_prefix("emit "));
    let seen: Vec<String> = seen.map(nameless).collect();
    let emitted: Vec<String> = emitted.iter().map(|event| nameless(event)).collect();
    if seen != emitted {
        return Err(format!("the event loop sees {seen:?}, the host {emitted:?}"));
    }
    let mut world = World::new(Setup::clone(setup), property.clone(), Focus::Check, Reductions::NONE);
    world.follow(&trace).map_err(|mismatch| format!("the world refuses it: {mismatch}"))?;
    Ok(emitted.into_iter().collect())
}

/// Identities are made by each engine in its own way.
fn nameless(event: &str) -> String {
    event.chars().filter(|character| !character.is_ascii_digit()).collect()
}

/// Every event that runs under a ledger showed.
fn all_conform<T: Protocol>(protocol: &T, text: &str, ledger: &str, seeds: u64, lasting: i64) -> BTreeSet<String> {
    let design = read(text);
    let setup = scenario::setup(protocol, &design, ledger);
    let property = protocol.properties().remove(0);
    let mut seen = BTreeSet::new();
    for draw in [Draw::Uniform, Draw::Corner] {
        let options = Options { draw, ..Options::lasting(Duration::from_secs(lasting)) };
        for seed in 0..seeds {
            let run = conforms::<T>(&setup, &property, seed, &options, Defect::None);
            seen.extend(run.unwrap_or_else(|why| panic!("{ledger}, {draw:?}, seed {seed}: {why}")));
        }
    }
    seen
}

const LEDGERS: [&str; 6] = ["crash", "death", "pause", "suspend", "network", "everything"];

#[test]
fn runs_on_datagrams_are_runs_of_the_other_engines() {
    for ledger in LEDGERS {
        let seen = all_conform(&tenure::lease::protocol(), LEASE, ledger, 60, 12);
        assert!(seen.contains("Acquired") && seen.contains("Renewed"), "{ledger}: {seen:?}");
    }
}

#[test]
fn runs_on_streams_are_runs_of_the_other_engines() {
    for version in ["0.5", "0.7"] {
        for ledger in LEDGERS {
            let seen = all_conform(&tenure::lock::protocol(), &LOCK.replace("VERSION", version), ledger, 30, 90);
            assert!(seen.len() >= 4, "{ledger}: {seen:?}");
        }
    }
}

#[test]
fn a_host_that_is_wrong_is_caught() {
    let crash = "crash = { at_most = 3, restart = \"0ms..10ms\" }";
    let lease = read(&LEASE.replace("crash = { at_most = 3, restart = \"0ms..2s\" }", crash));
    let lock = read(&LOCK.replace("VERSION", "0.5").replace("crash = { at_most = 4, restart = \"0ms..2s\" }", crash));
    let options = Options::lasting(Duration::from_secs(12));
    let (leases, locks) = (tenure::lease::protocol(), tenure::lock::protocol());
    let setup = scenario::setup(&leases, &lease, "crash");
    let property = leases.properties().remove(0);
    for defect in [Defect::LateTimers, Defect::Undead, Defect::MessagesFirst] {
        let caught = (0..20)
            .filter(|seed| conforms::<tenure::lease::Lease>(&setup, &property, *seed, &options, defect).is_err());
        let caught = caught.count();
        assert!(caught >= 15, "{defect:?} is caught in {caught} of 20 runs");
    }
    let setup = scenario::setup(&locks, &lock, "crash");
    let property = locks.properties().remove(0);
    let caught = (0..40)
        .filter(|seed| conforms::<tenure::lock::Lock>(&setup, &property, *seed, &options, Defect::Leftovers).is_err());
    let caught = caught.count();
    assert!(caught >= 10, "{:?} is caught in {caught} of 40 runs", Defect::Leftovers);
}
