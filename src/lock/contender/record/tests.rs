use super::*;
use crate::{
    process::{NodeId, fixture::Fixture},
    store::TOKENS,
};

/// The elector of client-go, with its defaults.
fn client_go() -> Config {
    let seconds = Duration::from_secs;
    Config {
        lease: seconds(15),
        renew_deadline: seconds(10),
        deadline_from: DeadlineFrom::Try,
        renew_every: seconds(2),
        renew_retry: seconds(2),
        retry: Window::new(seconds(2), Duration::from_millis(4400)),
        watches: false,
        renew: Renew::ByVersion,
        release: Release::Never,
        withdraws: false,
        request_timeout: None,
    }
}

fn careful() -> Config {
    Config {
        deadline_from: DeadlineFrom::Asked,
        watches: true,
        renew: Renew::ByName,
        release: Release::ByName,
        withdraws: true,
        ..client_go()
    }
}

impl Fixture<Client> {
    fn answer(&mut self, answer: Answer) -> Vec<String> {
        let question = self.process().question().expect("it asked");
        self.message(STORE, Message::Answer { question, answer })
    }

    /// Another's record, newly written.
    fn of_another(&mut self) -> Record {
        let holder = Some(self.fresh_id());
        Record { holder, version: self.fresh_id(), token: self.fresh_rank(TOKENS), leaving: false }
    }

    fn replaced(&mut self) -> Vec<String> {
        let (version, token) = (self.fresh_id(), self.fresh_rank(TOKENS));
        self.answer(Answer::Replaced { version, token })
    }

    /// Another holds the record, and it is to be told of changes.
    fn watching() -> Fixture<Client> {
        let mut client = Fixture::start(NodeId(1), careful());
        let record = client.of_another();
        let refused = client.answer(Answer::Conflict(Some(record)));
        assert_eq!(refused, ["disarm Deadline(#1)", "arm Lease 15s"]);
        assert!(matches!(client.process().phase, Phase::Watching { .. }));
        client
    }

    fn leading(config: Config) -> Fixture<Client> {
        let mut client = Fixture::start(NodeId(1), config.clone());
        if !config.watches {
            client.answer(Answer::Found(None));
        }
        client.replaced();
        client
    }
}

#[test]
fn a_record_that_is_not_there_is_taken() {
    let mut client = Fixture::<Client>::start(NodeId(1), client_go());
    assert!(client.answer(Answer::Found(None))[0].contains("Replace { key: lock, seen: None, holder: Some(#0)"));
    assert_eq!(client.replaced(), ["emit Acquired", "arm Renew 2s"]);
}

#[test]
fn anothers_record_is_taken_when_it_has_not_changed_for_a_lease() {
    let mut client = Fixture::<Client>::start(NodeId(1), client_go());
    let record = client.of_another();
    assert_eq!(client.answer(Answer::Found(Some(record.clone()))), ["arm Lease 15s", "arm Retry 2s..4400ms"]);
    client.timer(Timer::Retry);
    assert_eq!(client.answer(Answer::Found(Some(record.clone()))), ["arm Retry 2s..4400ms"]);
    client.timer(Timer::Lease);
    client.timer(Timer::Retry);
    assert!(client.answer(Answer::Found(Some(record)))[0].contains("Replace"));
}

#[test]
fn a_change_begins_another_lease() {
    let mut client = Fixture::<Client>::start(NodeId(1), client_go());
    for begin in [&["arm Lease 15s"][..], &["disarm Lease", "arm Lease 15s"]] {
        let record = client.of_another();
        let seen = client.answer(Answer::Found(Some(record)));
        assert_eq!(seen[..begin.len()], *begin);
        client.timer(Timer::Retry);
    }
}

#[test]
fn who_watches_takes_the_record_when_the_lease_is_over() {
    let mut client = Fixture::<Client>::watching();
    let take = client.timer(Timer::Lease);
    assert_eq!(take[0], "arm Deadline(#4) 10s");
    assert!(take[1].contains("Replace"), "{take:?}");
}

#[test]
fn the_elector_of_client_go_counts_its_deadline_from_the_first_try() {
    let mut client = Fixture::<Client>::leading(client_go());
    assert_eq!(client.timer(Timer::Renew)[0], "arm Lease 10s");
    assert_eq!(client.answer(Answer::Failed), ["arm Renew 2s"]);
    assert!(client.timer(Timer::Renew)[0].contains("Replace"));
    assert_eq!(client.closed(STORE, crate::process::Lane(0)), ["arm Renew 2s"]);
    assert!(client.timer(Timer::Renew)[0].contains("Get"));
    let own = Record { holder: Some(client.process().name), ..client.of_another() };
    assert!(client.answer(Answer::Found(Some(own)))[0].contains("Replace"));
    assert_eq!(client.replaced(), ["disarm Lease", "arm Renew 2s"]);
    client.timer(Timer::Renew);
    assert_eq!(client.timer(Timer::Lease), ["disarm Lease", "emit Doubted"]);
}

#[test]
fn a_careful_holder_counts_its_deadline_from_when_it_asked() {
    let mut client = Fixture::<Client>::start(NodeId(1), careful());
    assert_eq!(client.replaced(), ["rename Deadline(#1) Lease", "emit Acquired", "arm Renew 2s"]);
    assert_eq!(client.timer(Timer::Renew)[0], "arm Deadline(#3) 10s");
    assert_eq!(client.replaced(), ["disarm Lease", "rename Deadline(#3) Lease", "arm Renew 2s"]);
}

#[test]
fn an_answer_after_the_deadline_of_its_question_is_void() {
    let mut client = Fixture::<Client>::start(NodeId(1), careful());
    let question = client.process().question().expect("it asked");
    assert_eq!(client.timer(Timer::Deadline(question)), ["arm Retry 2s..4400ms"]);
    let (version, token) = (client.fresh_id(), client.fresh_rank(TOKENS));
    assert!(
        client.message(STORE, Message::Answer { question, answer: Answer::Replaced { version, token } }).is_empty()
    );
}

#[test]
fn a_record_is_given_back_by_name_whatever_is_under_way() {
    let mut client = Fixture::<Client>::leading(careful());
    client.timer(Timer::Renew);
    let left = client.request(Request::Leave);
    let release = "send n0 Ask { question: None, ask: Release { key: lock, holder: #0 } }";
    assert_eq!(left, ["emit Released", release, "exit"]);
}

#[test]
fn who_leaves_before_it_is_the_holder_gives_back_what_it_asked_for() {
    let release = "send n0 Ask { question: None, ask: Release { key: lock, holder: #0 } }";
    let mut in_line = Fixture::watching();
    let leaving = Record { leaving: true, ..in_line.of_another() };
    in_line.answer(Answer::Found(Some(leaving)));
    assert_eq!(in_line.request(Request::Leave), [release, "exit"]);
    let mut resting = Fixture::<Client>::start(NodeId(1), careful());
    resting.closed(STORE, crate::process::Lane(0));
    assert_eq!(resting.request(Request::Leave), [release, "exit"], "the answer that it is the holder may be lost");
    let mut careless = Fixture::<Client>::start(NodeId(1), Config { withdraws: false, ..careful() });
    assert_eq!(careless.request(Request::Leave), ["exit"]);
}

#[test]
fn who_watches_is_told_again_and_again_and_takes_what_is_given_back() {
    let mut client = Fixture::<Client>::watching();
    let record = client.of_another();
    assert_eq!(client.answer(Answer::Found(Some(record))), ["disarm Lease", "arm Lease 15s"]);
    let free = Record { holder: None, ..client.of_another() };
    let took = client.answer(Answer::Found(Some(free)));
    assert_eq!(took[0], "disarm Lease");
    assert!(took[2].contains("Replace"), "{took:?}");
}

#[test]
fn a_change_that_was_under_way_when_it_asked_for_the_record_is_nothing_new() {
    let mut client = Fixture::<Client>::watching();
    let question = client.process().question().expect("it watches");
    client.timer(Timer::Lease);
    let record = client.of_another();
    assert!(client.message(STORE, Message::Answer { question, answer: Answer::Found(Some(record)) }).is_empty());
}

#[test]
fn who_is_told_that_the_record_is_free_when_it_is_refused_tries_again_at_once() {
    let mut client = Fixture::<Client>::start(NodeId(1), careful());
    let free = Record { holder: None, ..client.of_another() };
    let again = client.answer(Answer::Conflict(Some(free)));
    assert_eq!(again[0], "disarm Deadline(#1)");
    assert!(again[2].contains("Replace"), "{again:?}");
}

#[test]
fn who_hears_that_the_holder_is_about_to_leave_lines_up_and_takes_the_record_if_it_dies() {
    let mut client = Fixture::watching();
    let leaving = Record { leaving: true, ..client.of_another() };
    let did = client.answer(Answer::Found(Some(leaving.clone())));
    assert_eq!(did[..2], ["disarm Lease", "arm Lease 15s"]);
    assert!(did[2].starts_with("arm Deadline") && did[3].contains("seen: None"), "{did:?}");
    assert_eq!(client.answer(Answer::Found(Some(leaving))), [""; 0]);
    let did = client.timer(Timer::Lease);
    assert!(did[0].starts_with("disarm Deadline") && did[2].contains("seen: Some"), "{did:?}");
}

#[test]
fn a_claim_that_is_granted_counts_from_when_it_was_made() {
    let mut client = Fixture::watching();
    let leaving = Record { leaving: true, ..client.of_another() };
    client.answer(Answer::Found(Some(leaving)));
    let question = client.process().question().expect("it is in line");
    let did = client.replaced();
    assert_eq!(
        did,
        [
            "disarm Lease".to_string(),
            format!("rename Deadline({question:?}) Lease"),
            "emit Acquired".into(),
            "arm Renew 2s".into(),
        ]
    );
}
