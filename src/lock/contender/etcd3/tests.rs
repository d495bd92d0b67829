use super::*;
use crate::{
    process::{NodeId, fixture::Fixture},
    store::{INDICES, Key, etcd3::Name},
};

impl Fixture<Client> {
    fn client(lease_from: LeaseFrom) -> Fixture<Client> {
        let seconds = Duration::from_secs;
        let (ttl, lease, renew_every, retry) = (seconds(60), seconds(60), seconds(20), seconds(1));
        Fixture::start(NodeId(1), Config { ttl, lease, lease_from, renew_every, retry, revokes: true })
    }

    fn answer(&mut self, answer: Answer) -> Vec<String> {
        let question = self.process().question().expect("it asked");
        self.message(STORE, Message::Answer { question, revision: Rank::least(INDICES), answer })
    }

    fn granted(&mut self) -> Vec<String> {
        let (lease, ttl) = (self.fresh_id(), Duration::from_secs(60));
        self.answer(Answer::Granted { lease, ttl })
    }

    fn locked(&mut self) -> Vec<String> {
        let (of, token) = (Some(self.fresh_id()), self.fresh_rank(INDICES));
        self.answer(Answer::Locked { name: Name { path: Key("lock"), of }, token })
    }

    fn kept(&mut self, alive: bool) -> Vec<String> {
        let question = self.process().keeping().expect("it asked");
        let ttl = alive.then_some(Duration::from_secs(60));
        self.message(STORE, Message::KeptAlive { question, revision: Rank::least(INDICES), ttl })
    }

    fn holding(lease_from: LeaseFrom) -> Fixture<Client> {
        let mut client = Fixture::client(lease_from);
        client.granted();
        client.locked();
        client
    }
}

#[test]
fn a_client_takes_a_lease_and_then_the_lock() {
    let mut client = Fixture::<Client>::client(LeaseFrom::Answer);
    let waits = client.granted();
    assert_eq!(waits[..2], ["arm Lease 60s", "arm Renew 20s"]);
    assert!(waits[2].contains("Lock { path: lock, lease: #1 }"), "{}", waits[2]);
    assert_eq!(client.locked(), ["emit Acquired"]);
}

#[test]
fn a_lease_is_counted_from_the_answer_or_from_when_it_was_asked_for() {
    let mut client = Fixture::<Client>::holding(LeaseFrom::Answer);
    client.timer(Timer::Renew);
    assert_eq!(client.kept(true), ["disarm Lease", "arm Lease 60s", "arm Renew 20s"]);
    let mut client = Fixture::<Client>::holding(LeaseFrom::Asked);
    assert_eq!(client.timer(Timer::Renew)[0], "arm Deadline(#4) 60s");
    assert_eq!(client.kept(true), ["disarm Lease", "rename Deadline(#4) Lease", "arm Renew 20s"]);
}

#[test]
fn a_holder_whose_lease_is_over_doubts() {
    let mut client = Fixture::<Client>::holding(LeaseFrom::Answer);
    client.timer(Timer::Renew);
    assert_eq!(client.kept(false), ["disarm Lease", "emit Doubted"]);
    let mut client = Fixture::<Client>::holding(LeaseFrom::Answer);
    assert_eq!(client.timer(Timer::Lease), ["disarm Lease", "disarm Renew", "emit Doubted"]);
}

#[test]
fn a_slumberer_whose_connection_is_gone_asks_again() {
    let mut client = Fixture::<Client>::client(LeaseFrom::Answer);
    client.granted();
    assert_eq!(client.closed(STORE, KEY_LANE), ["arm Retry 1s"]);
    assert!(client.timer(Timer::Retry)[0].contains("Lock"));
}

#[test]
fn a_clean_stop_revokes_the_lease() {
    let mut client = Fixture::<Client>::holding(LeaseFrom::Answer);
    let left = client.request(Request::Leave);
    assert_eq!(left, ["emit Released", "send n0 Ask { question: None, ask: Revoke { lease: #1 } }", "exit"]);
}
