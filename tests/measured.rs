//! The model of the store agrees with measurements of the real one: Consul 0.6.4 and 1.10.12, one server on one host,
//! five crashes of the holder each, counted from the last renewal that was answered to the next holder.
//!
//! The model's best and worst cases enclose what was measured, and are no wider than what messages can explain.

use tenure::{
    app::{Options, Question},
    design::Shelf,
    time::Duration,
    verdict::Figure,
};

/// Measurements were noted to so much.
const NOTED: i64 = 10_000;

/// A waiter needs at most so many messages, each of up to 2 ms, to learn that the key is free and to acquire it.
const MESSAGES: i64 = 10 * 2_000;

#[test]
fn with_the_default_lock_delay_another_holds_the_key_after_35_seconds() {
    agrees("measured", &[], 35_000, 35_040);
}

#[test]
fn a_lock_delay_of_a_second_is_a_second() {
    agrees("measured", &["design.store.lock_delay=1s"], 21_010, 21_050);
}

#[test]
fn without_a_lock_delay_another_holds_the_key_after_20_seconds() {
    agrees("measured-no-lock-delay", &[], 20_000, 20_010);
}

#[test]
fn a_session_of_15_seconds_is_forgotten_after_30() {
    agrees("measured-no-lock-delay", &["design.store.session_ttl=15s"], 30_000, 30_000);
}

/// The least and the greatest that were measured, in milliseconds, are those of the design.
fn agrees(design: &str, changes: &[&str], least: i64, greatest: i64) {
    let app = tenure::own();
    let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
    let design = app.load(Shelf::Disk, &format!("models/lock/{design}.toml"), &changes).expect("it can be read");
    let property = "takeover-after-last-renewal".into();
    let question = Question { property, ledger: "one-crash".into(), within: Some(Duration::from_secs(60)) };
    let protocol = app.protocol_of(&design).expect("it is a lock");
    let outcome = protocol.check(&design, &question, &Options::default()).expect("it can be asked");
    let (Some(Figure::Exact(best)), Some(Figure::Exact(worst))) = (outcome.finding.best, outcome.finding.worst) else {
        panic!("{:?}", outcome.finding);
    };
    let (best, worst, least, greatest) = (best.micros(), worst.micros(), least * 1_000, greatest * 1_000);
    assert!(best <= least + NOTED / 2, "{best} is the best case, {least} was measured");
    assert!(worst >= greatest - NOTED / 2, "{worst} is the worst case, {greatest} was measured");
    assert!(least - best <= MESSAGES && worst - greatest <= MESSAGES, "{best} to {worst} is too wide");
}
