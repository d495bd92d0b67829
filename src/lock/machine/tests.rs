use super::*;
use crate::{
    lock::{Config, Message, Request, STORE, Timer, design::Design},
    process::{Id, NodeId, fixture::Fixture},
    store::{
        INDICES, TOKENS,
        consul::{self, Answer},
    },
};

fn machine(on_doubt: &str, stop: &str) -> Fixture<Site> {
    made_of(
        on_doubt,
        "at-once",
        &format!(
            r#"start = "1s"
        stop = "{stop}""#
        ),
    )
}

fn made_of(on_doubt: &str, notices_loss: &str, work: &str) -> Fixture<Site> {
    let design = format!(
        r#"
        contenders = 3
        [store]
        kind = "consul"
        session_ttl = "10s"
        ttl_multiplier = 2
        lock_delay = "15s"
        behavior = "release"
        [client]
        kind = "consul"
        renew_every = "5s"
        on_renew_failure = "stop"
        refused_retry = "5s"
        error_retry = "5s"
        on_doubt = "{on_doubt}"
        clean_stop = "release-and-destroy"
        [machine]
        notices_loss = "{notices_loss}"
        [work]
        {work}
        "#
    );
    let design: Design = toml::from_str(&design).expect("a design");
    let parts = design.parts().expect("it can be built");
    Fixture::start(NodeId(1), Config::Machine(Box::new(design.machine(&parts, false))))
}

impl Fixture<Site> {
    /// The last question that is asked of the store.
    fn question(&self) -> Id {
        let question = |message: &Message| match message {
            Message::Consul(consul::Message::Ask { question, .. }) => *question,
            _ => None,
        };
        self.sent().filter_map(|(_, message)| question(message)).last().expect("it asked")
    }

    fn answer(&mut self, answer: Answer) -> Vec<String> {
        let question = self.question();
        self.message(STORE, Message::Consul(consul::Message::Answer { question, answer }))
    }

    fn holding(mut self) -> Fixture<Site> {
        let session = self.fresh_id();
        let answer = consul::SessionAnswer::Created { session };
        // The first question of all.
        let question = match self.sent().next() {
            Some((_, Message::Consul(consul::Message::AskSession { question, .. }))) => *question,
            other => panic!("it asks for a session, not {other:?}"),
        };
        self.message(STORE, Message::Consul(consul::Message::AnswerSession { question, answer }));
        let index = self.fresh_rank(INDICES);
        self.answer(Answer::Entries { entries: Vec::new(), index });
        let token = self.fresh_rank(TOKENS);
        self.answer(Answer::Acquired { token });
        self
    }

    fn working(self) -> Fixture<Site> {
        let mut machine = self.holding();
        machine.timer(Timer::Work(work::Timer::Start));
        machine
    }
}

#[test]
fn work_begins_some_time_after_the_lock_is_acquired() {
    let mut machine = machine("keep", "0s..2s").holding();
    let did = machine.did();
    assert_eq!(did[did.len() - 3], "emit Contender(Acquired)");
    assert_eq!(did[did.len() - 1], "arm Work(Start) 1s");
    assert_eq!(machine.timer(Timer::Work(work::Timer::Start)), ["emit Work(Began)"]);
}

#[test]
fn doubt_stops_the_work_and_then_the_machine() {
    let mut machine = machine("keep", "0s..2s").working();
    assert_eq!(machine.closed(STORE, consul::KEY_LANE), ["emit Contender(Doubted)", "arm Work(Stop) 0s..2s"]);
    assert_eq!(machine.timer(Timer::Work(work::Timer::Stop)), ["emit Work(Ended)", "exit"]);
}

#[test]
fn doubt_before_the_work_began_ends_the_machine_at_once() {
    let mut machine = machine("keep", "0s..2s").holding();
    assert_eq!(machine.closed(STORE, consul::KEY_LANE), ["emit Contender(Doubted)", "disarm Work(Start)", "exit"]);
}

#[test]
fn a_session_may_be_destroyed_while_the_work_still_stops() {
    let mut machine = machine("destroy", "0s..2s").working();
    assert_eq!(
        machine.closed(STORE, consul::KEY_LANE),
        [
            "emit Contender(Doubted)",
            "send n0 Consul(Ask { question: None, ask: DestroySession { session: #1 } })",
            "disarm Contender(Renew)",
            "arm Work(Stop) 0s..2s"
        ]
    );
}

#[test]
fn a_clean_stop_ends_the_work_before_it_gives_the_lock_back() {
    let mut machine = machine("keep", "0s..2s").working();
    assert_eq!(machine.request(Request::Terminate), ["arm Work(Stop) 0s..2s"]);
    assert_eq!(
        machine.timer(Timer::Work(work::Timer::Stop)),
        [
            "emit Work(Ended)",
            "emit Contender(Released)",
            "send n0 Consul(Ask { question: None, ask: Release { key: lock, session: #1, value: None } })",
            "send n0 Consul(Ask { question: None, ask: DestroySession { session: #1 } })",
            "exit"
        ]
    );
}

#[test]
fn a_slumberer_that_is_told_to_stop_leaves_at_once() {
    let mut machine = machine("keep", "0s");
    assert_eq!(machine.request(Request::Terminate), ["exit"]);
}

#[test]
fn a_stop_that_takes_no_time_is_over_in_the_step_that_begins_it() {
    let mut machine = machine("keep", "0s").working();
    assert_eq!(machine.closed(STORE, consul::KEY_LANE), ["emit Contender(Doubted)", "emit Work(Ended)", "exit"]);
}

/// A server, and a migration before it may serve.
const MIGRATION: &str = r#"
    [work.members.server]
    stop = "0s..2s"
    [work.members.migration]
    start = "0s..9s"
    stop = "0s..1s"
    acts = "while-starting"
"#;

#[test]
fn a_group_that_looks_at_all_its_members_ends_a_migration_when_the_lock_is_lost() {
    let mut machine = made_of("keep", "at-once", MIGRATION).holding();
    assert_eq!(
        machine.closed(STORE, consul::KEY_LANE),
        ["emit Contender(Doubted)", "disarm Work(Start)", "arm Work(Stop) 0s..1s"]
    );
    assert_eq!(machine.timer(Timer::Work(work::Timer::Stop)), ["emit Work(StartUpEnded)", "exit"]);
}

#[test]
fn a_group_that_waits_for_a_member_to_start_does_not_see_that_the_lock_is_lost() {
    let mut machine = made_of("keep", "when-all-up", MIGRATION).holding();
    assert_eq!(machine.closed(STORE, consul::KEY_LANE), ["emit Contender(Doubted)"]);
    assert_eq!(
        machine.timer(Timer::Work(work::Timer::Start)),
        ["emit Work(StartUpEnded)", "emit Work(Began)", "arm Work(Stop) 0s..2s"]
    );
    assert_eq!(machine.timer(Timer::Work(work::Timer::Stop)), ["emit Work(Ended)", "exit"]);
}

#[test]
fn a_group_that_waits_for_a_member_to_start_still_hears_its_operator() {
    let mut machine = made_of("keep", "when-all-up", MIGRATION).holding();
    machine.closed(STORE, consul::KEY_LANE);
    assert_eq!(machine.request(Request::Terminate), ["disarm Work(Start)", "arm Work(Stop) 0s..1s"]);
    assert_eq!(machine.timer(Timer::Work(work::Timer::Stop)), ["emit Work(StartUpEnded)", "exit"]);
}
