use super::*;
use crate::{
    lock::LOCK,
    process::{NodeId, fixture::Fixture},
    store::{INDICES, etcd2::Node},
};

impl Fixture<Client> {
    fn heartbeater() -> Fixture<Client> {
        let seconds = Duration::from_secs;
        Fixture::start(NodeId(1), Config { key: LOCK, every: seconds(30), ttl: seconds(60), request_timeout: None })
    }

    fn answer(&mut self, answer: Answer) -> Vec<String> {
        let question = self.process().question().expect("it asked");
        self.message(STORE, Message::Answer { question, answer })
    }

    fn done(&mut self, action: Action) -> Vec<String> {
        let index = self.fresh_rank(INDICES);
        let node = Node { value: None, owner: NodeId(1), limited: true, created: index, modified: index };
        self.answer(Answer::Done { action, node, previous: None })
    }

    fn holding() -> Fixture<Client> {
        let mut client = Fixture::heartbeater();
        client.done(Action::Create);
        client
    }
}

#[test]
fn a_heartbeater_makes_the_key_and_beats() {
    let mut client = Fixture::<Client>::heartbeater();
    assert_eq!(client.done(Action::Create), ["emit Acquired", "arm Renew 30s"]);
    let beat = client.timer(Timer::Renew);
    assert_eq!(beat[0], "arm Renew 30s");
    assert!(beat[1].contains("check: Value(#0)"), "{}", beat[1]);
    assert!(client.done(Action::CompareAndSwap).is_empty());
}

#[test]
fn it_tries_again_when_the_key_is_gone_or_after_an_interval() {
    let mut client = Fixture::<Client>::heartbeater();
    assert_eq!(client.answer(Answer::Exists)[1], "arm Retry 30s");
    assert_eq!(client.done(Action::CompareAndSwap).len(), 1);
    let again = client.done(Action::Expire);
    assert_eq!(again[0], "disarm Retry");
    assert!(again[1].contains("check: Absent"), "{}", again[1]);
    client.answer(Answer::Exists);
    assert!(client.timer(Timer::Retry)[0].contains("check: Absent"));
}

#[test]
fn a_lock_that_was_lost_is_taken_again_without_a_word() {
    let mut client = Fixture::<Client>::holding();
    client.timer(Timer::Renew);
    assert!(client.answer(Answer::NotFound)[0].contains("check: Absent"));
    assert!(client.done(Action::Create).is_empty());
    assert!(matches!(client.process().standing(), Standing::Holding { .. }));
}

#[test]
fn a_lock_that_another_has_is_lost() {
    let mut client = Fixture::<Client>::holding();
    client.timer(Timer::Renew);
    assert_eq!(client.answer(Answer::Different), ["disarm Renew", "emit Doubted"]);
}

#[test]
fn a_store_that_does_not_answer_is_borne_for_a_time_to_live() {
    let mut client = Fixture::<Client>::holding();
    client.timer(Timer::Renew);
    assert_eq!(client.answer(Answer::Failed), ["arm Lease 60s"]);
    client.timer(Timer::Renew);
    assert_eq!(client.done(Action::CompareAndSwap), ["disarm Lease"]);
    client.timer(Timer::Renew);
    client.answer(Answer::Failed);
    assert_eq!(client.timer(Timer::Lease), ["disarm Renew", "emit Doubted"]);
}
