use super::*;
use crate::{
    lock::LOCK,
    process::{NodeId, fixture::Fixture},
    store::TOKENS,
};

impl Fixture<Client> {
    fn runner() -> Fixture<Client> {
        let seconds = Duration::from_secs;
        let config = Config { key: LOCK, ttl: seconds(15), retry: seconds(1), deadline: seconds(15), releases: true };
        Fixture::start(NodeId(1), config)
    }

    fn answer(&mut self, answer: Answer) -> Vec<String> {
        let question = self.process().question.expect("it asked");
        self.message(STORE, Message::Answer { question, answer })
    }

    fn locked(&mut self) -> Vec<String> {
        let token = self.fresh_rank(TOKENS);
        self.answer(Answer::Locked { token })
    }
}

#[test]
fn a_runner_asks_again_a_second_after_each_answer() {
    let mut client = Fixture::<Client>::runner();
    assert_eq!(client.answer(Answer::Collision), ["disarm Answer", "arm Retry 1s"]);
    assert_eq!(client.timer(Timer::Retry)[0], "arm Answer 15s");
    assert_eq!(client.locked(), ["disarm Answer", "emit Acquired", "arm Retry 1s"]);
    client.timer(Timer::Retry);
    assert_eq!(client.locked(), ["disarm Answer", "arm Retry 1s"]);
}

#[test]
fn the_first_failure_of_an_owner_ends_it() {
    for failure in [Some(Answer::Failed), Some(Answer::Collision), None] {
        let mut client = Fixture::<Client>::runner();
        client.locked();
        client.timer(Timer::Retry);
        let lost = match failure {
            Some(answer) => client.answer(answer),
            None => client.timer(Timer::Answer),
        };
        assert_eq!(lost, ["disarm Answer", "emit Doubted"]);
        assert_eq!(client.process().standing(), Standing::Doubting);
    }
}

#[test]
fn a_failure_of_one_that_owns_nothing_is_borne() {
    let mut client = Fixture::<Client>::runner();
    assert_eq!(client.closed(STORE, crate::process::Lane(0)), ["disarm Answer", "arm Retry 1s"]);
    assert_eq!(client.process().standing(), Standing::Slumbering);
}

#[test]
fn a_clean_stop_gives_the_row_back() {
    let mut client = Fixture::<Client>::runner();
    client.locked();
    let left = client.request(Request::Leave);
    assert_eq!(left, ["emit Released", "send n0 Ask { question: None, ask: Release { key: lock } }", "exit"]);
}
