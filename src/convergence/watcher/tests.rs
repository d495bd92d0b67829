//! What a watcher gives notice of, in each order in which events and rows may come.

use expect_test::{Expect, expect};

use super::*;
use crate::{
    convergence::{Config as SiteConfig, Timer as SiteTimer},
    process::{NodeId, fixture::Fixture},
    time::Duration,
};

const W: NodeId = NodeId(3);
const B1: NodeId = NodeId(1);
const B2: NodeId = NodeId(2);

fn watcher(catches_up: bool) -> Fixture<Site> {
    let subscription = subscription::Config { retry: Duration::from_secs(1), bbs: vec![B1, B2] };
    Fixture::start(W, SiteConfig::Watcher(Config { subscription, catches_up }))
}

fn crashed(crashes: u8) -> Message {
    Message::Published(vec![Change::Crashed { lrp: 0, crashes }])
}

fn rows(crashes: u8) -> Message {
    Message::Rows { rows: Some([(0, Row { cells: [].into(), crashes })].into()) }
}

fn is(lines: &[String], expected: &Expect) {
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn each_event_is_a_notice() {
    let mut watcher = watcher(false);
    is(&watcher.message(B1, crashed(1)), &expect!["emit Noticed(0)"]);
    is(&watcher.message(B1, crashed(2)), &expect!["emit Noticed(0)"]);
    assert!(watcher.message(B1, Message::Subscribed).is_empty(), "it compares nothing");
}

#[test]
fn it_asks_the_next_bbs_when_one_does_not_work() {
    let mut watcher = watcher(false);
    is(&watcher.message(B1, Message::NotServing), &expect!["arm Resubscribe 1s"]);
    is(&watcher.timer(SiteTimer::Resubscribe), &expect!["send n2 Subscribe"]);
    assert!(watcher.closed(B1, Lane(0)).is_empty(), "it is subscribed elsewhere");
}

#[test]
fn what_crashed_before_its_life_is_noticed_too() {
    let mut watcher = watcher(true);
    is(&watcher.message(B1, Message::Subscribed), &expect!["send n1 FetchRows"]);
    is(
        &watcher.message(B1, rows(2)),
        &expect![[r#"
        emit Noticed(0)
        emit Noticed(0)"#]],
    );
}

#[test]
fn rows_that_are_older_than_an_event_change_nothing() {
    let mut watcher = watcher(true);
    watcher.message(B1, crashed(1));
    assert!(watcher.message(B1, rows(0)).is_empty());
    assert!(watcher.message(B1, rows(1)).is_empty(), "it is known");
}

#[test]
fn a_crash_of_which_no_event_told_is_noticed_by_comparing_and_once() {
    let mut watcher = watcher(true);
    watcher.message(B1, rows(0));
    is(&watcher.message(B1, rows(1)), &expect!["emit Noticed(0)"]);
    assert!(watcher.message(B1, crashed(1)).is_empty(), "its event comes after the rows");
}

#[test]
fn a_question_that_was_lost_is_asked_again_while_it_is_subscribed() {
    let mut watcher = watcher(true);
    watcher.message(B1, Message::Subscribed);
    is(&watcher.closed(B1, FETCHES), &expect!["send n1 FetchRows"]);
    watcher.closed(B1, Lane(0));
    assert!(watcher.closed(B1, FETCHES).is_empty(), "the next subscription asks");
}
