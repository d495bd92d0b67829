//! What an emitter does with events and rows, in each order in which they may come.

use expect_test::{Expect, expect};

use super::*;
use crate::{
    convergence::{Config as SiteConfig, Timer as SiteTimer},
    process::fixture::Fixture,
};

const E: NodeId = NodeId(3);
const B: NodeId = NodeId(1);
const C1: NodeId = NodeId(4);
const C2: NodeId = NodeId(5);

fn emitter(caches: bool, syncs_anew: bool) -> Fixture<Site> {
    let subscription = subscription::Config { retry: Duration::from_secs(1), bbs: vec![B] };
    let config = Config { subscription, sync: Duration::from_secs(60), caches, syncs_anew };
    Fixture::start(E, SiteConfig::Emitter(config))
}

fn runs(cells: &[NodeId]) -> Message {
    Message::Published(vec![Change::Routes { lrp: 0, cells: cells.iter().copied().collect() }])
}

fn rows(cells: &[NodeId]) -> Message {
    let row = Row { cells: cells.iter().copied().collect(), crashes: 0 };
    Message::Rows { rows: Some([(0, row)].into()) }
}

fn is(lines: &[String], expected: &Expect) {
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn it_subscribes_and_fetches_at_once() {
    is(
        &emitter(true, false).did(),
        &expect![[r#"
        send n1 Subscribe
        arm Emitter(Sync) 60s
        send n1 FetchRows"#]],
    );
}

#[test]
fn an_event_that_comes_during_a_sync_outlasts_older_rows() {
    let mut emitter = emitter(true, false);
    is(&emitter.message(B, runs(&[C1])), &expect![]);
    is(&emitter.message(B, rows(&[])), &expect!["emit Registered { lrp: 0, cell: n4 }"]);
}

#[test]
fn without_a_cache_older_rows_undo_what_an_event_told() {
    let mut emitter = emitter(false, false);
    is(&emitter.message(B, runs(&[C1])), &expect!["emit Registered { lrp: 0, cell: n4 }"]);
    is(&emitter.message(B, rows(&[])), &expect!["emit Unregistered { lrp: 0, cell: n4 }"]);
}

#[test]
fn a_sync_makes_good_what_was_missed() {
    let mut emitter = emitter(true, false);
    emitter.message(B, rows(&[C1]));
    is(
        &emitter.timer(SiteTimer::Emitter(Timer::Sync)),
        &expect![[r#"
        arm Emitter(Sync) 60s
        send n1 FetchRows"#]],
    );
    is(
        &emitter.message(B, rows(&[C2])),
        &expect![[r#"
        emit Registered { lrp: 0, cell: n5 }
        emit Unregistered { lrp: 0, cell: n4 }"#]],
    );
}

#[test]
fn what_was_cached_counts_though_the_sync_failed() {
    let mut emitter = emitter(true, false);
    emitter.message(B, runs(&[C1]));
    is(&emitter.closed(B, FETCHES), &expect!["emit Registered { lrp: 0, cell: n4 }"]);
}

#[test]
fn it_subscribes_again_after_the_end_of_its_connection() {
    let mut emitter = emitter(true, true);
    emitter.message(B, rows(&[C1]));
    is(&emitter.closed(B, Lane(0)), &expect!["arm Resubscribe 1s"]);
    assert!(emitter.closed(B, Lane(0)).is_empty(), "it is known");
    is(&emitter.timer(SiteTimer::Resubscribe), &expect!["send n1 Subscribe"]);
    is(&emitter.message(B, Message::Subscribed), &expect!["send n1 FetchRows"]);
}

#[test]
fn rows_that_were_asked_for_before_the_subscription_are_asked_for_again() {
    let mut emitter = emitter(true, true);
    assert!(emitter.message(B, Message::Subscribed).is_empty(), "one question at a time");
    is(
        &emitter.message(B, rows(&[C1])),
        &expect![[r#"
        emit Registered { lrp: 0, cell: n4 }
        send n1 FetchRows"#]],
    );
}
