use super::*;
use crate::{
    lock::{LOCK, STORE as S},
    process::{NodeId, fixture::Fixture},
    store::{INDICES, TOKENS, consul::Behavior},
};

/// The client of March 2015.
fn march() -> Config {
    let seconds = Duration::from_secs;
    Config {
        key: LOCK,
        terms: Terms { ttl: Some(seconds(10)), lock_delay: seconds(15), behavior: Behavior::Release },
        renew_every: seconds(5),
        on_renew_failure: OnRenewFailure::Stop,
        wait: Some(Window::exactly(seconds(15))),
        monitor_wait: None,
        monitor_retries: 0,
        monitor_retry: seconds(2),
        rereads: false,
        refused_retry: seconds(5),
        error_retry: seconds(5),
        on_doubt: OnDoubt::Keep,
        clean_stop: CleanStop::ReleaseAndDestroy,
        cleans_up: false,
        forgives_breaks: false,
        session_loss: SessionLoss::EndsAttempt,
        lockless: None,
        request_timeout: None,
    }
}

/// The client of April 2015.
fn april() -> Config {
    let retry =
        OnRenewFailure::Retry { every: Duration::from_secs(1), left: Duration::from_secs(5), hears_gone: false };
    Config {
        on_renew_failure: retry,
        on_doubt: OnDoubt::Destroy,
        clean_stop: CleanStop::Destroy,
        cleans_up: true,
        ..march()
    }
}

/// Who holds the lock, as a store answers it.
fn held_by(holder: Option<Id>, index: Rank) -> Answer {
    let entry = Entry { value: None, holder, token: None, created: index, modified: index };
    Answer::Entries { entries: vec![(LOCK, entry)], index }
}

/// A request for a session, as a line.
fn create(question: &str, instead_of: &str) -> String {
    let terms = march().terms;
    format!(
        "send n0 AskSession {{ question: {question}, ask: Create {{ terms: {terms:?}, instead_of: {instead_of} }} }}"
    )
}

impl Fixture<Client> {
    /// Answers the last question; what the contender does then, without the names of questions.
    fn answer(&mut self, answer: Answer) -> Vec<String> {
        let question = self.process().question().expect("it asked");
        self.message(S, Message::Answer { question, answer })
    }

    fn tend(&mut self, answer: SessionAnswer) -> Vec<String> {
        let question = self.process().session_question().expect("it asked");
        self.message(S, Message::AnswerSession { question, answer })
    }

    fn watching(config: Config) -> Fixture<Client> {
        let mut contender = Fixture::start(NodeId(1), config);
        let session = contender.fresh_id();
        contender.tend(SessionAnswer::Created { session });
        contender
    }

    fn free(&mut self) -> Vec<String> {
        let index = self.fresh_rank(INDICES);
        self.answer(Answer::Entries { entries: Vec::new(), index })
    }

    fn acquired(&mut self) -> Vec<String> {
        let token = self.fresh_rank(TOKENS);
        self.answer(Answer::Acquired { token })
    }

    fn holding(config: Config) -> Fixture<Client> {
        let mut contender = Fixture::watching(config);
        contender.free();
        contender.acquired();
        contender
    }

    fn session(&self) -> Id {
        match self.process() {
            Client::Open { session, .. } => *session,
            other => panic!("it has a session, not {other:?}"),
        }
    }
}

#[test]
fn a_contender_opens_a_session_watches_the_key_and_acquires_it() {
    let mut contender = Fixture::start(NodeId(1), march());
    assert_eq!(contender.did(), [create("#0", "None")]);
    let session = contender.fresh_id();
    assert_eq!(
        contender.tend(SessionAnswer::Created { session }),
        ["arm Renew 5s", "send n0 Ask { question: Some(#2), ask: Get { get: Key(lock), seen: None, wait: None } }"]
    );
    assert_eq!(
        contender.free(),
        ["send n0 Ask { question: Some(#3), ask: Acquire { key: lock, session: #1, value: None } }"]
    );
    assert_eq!(
        contender.acquired(),
        ["emit Acquired", "send n0 Ask { question: Some(#4), ask: Get { get: Key(lock), seen: None, wait: None } }"]
    );
}

#[test]
fn a_held_key_is_watched_until_it_changes() {
    let mut contender = Fixture::<Client>::watching(march());
    let (holder, index) = (Some(contender.fresh_id()), contender.fresh_rank(INDICES));
    assert_eq!(
        contender.answer(held_by(holder, index)),
        ["send n0 Ask { question: Some(#4), ask: Get { get: Key(lock), seen: Some(1), wait: Some(15s) } }"]
    );
}

#[test]
fn a_refused_contender_sleeps_then_looks_again() {
    let mut contender = Fixture::<Client>::watching(march());
    contender.free();
    assert_eq!(contender.answer(Answer::Refused), ["arm Retry 5s"]);
    assert_eq!(
        contender.timer(Timer::Retry),
        ["send n0 Ask { question: Some(#4), ask: Get { get: Key(lock), seen: None, wait: None } }"]
    );
}

#[test]
fn an_error_while_slumbering_costs_the_session_and_a_rest() {
    let mut contender = Fixture::<Client>::watching(march());
    assert_eq!(
        contender.answer(Answer::Failed),
        ["send n0 Ask { question: None, ask: DestroySession { session: #1 } }", "disarm Renew", "arm Retry 5s"]
    );
    assert_eq!(contender.timer(Timer::Retry), [create("#3", "None")]);
}

#[test]
fn the_client_of_april_asks_for_another_session_instead_of_its_last() {
    let mut contender = Fixture::<Client>::watching(april());
    contender.answer(Answer::Failed);
    let again = [create("#3", "Some(#1)")];
    assert_eq!(contender.timer(Timer::Retry), again);
    assert_eq!(contender.tend(SessionAnswer::Failed), ["arm Retry 5s"]);
    assert_eq!(contender.timer(Timer::Retry), [again[0].replace("#3", "#4")]);
}

#[test]
fn the_client_of_march_stops_renewing_at_the_first_failure_without_a_word() {
    let mut contender = Fixture::<Client>::holding(march());
    contender.timer(Timer::Renew);
    assert!(contender.tend(SessionAnswer::Failed).is_empty());
    assert!(contender.timer(Timer::Renew).is_empty());
    assert!(matches!(contender.process().standing(), Standing::Holding { .. }));
}

#[test]
fn the_client_of_march_does_not_hear_that_its_session_is_gone() {
    let mut contender = Fixture::<Client>::holding(march());
    contender.timer(Timer::Renew);
    assert_eq!(contender.tend(SessionAnswer::Gone), ["arm Renew 5s"]);
}

#[test]
fn the_client_of_april_renews_again_until_its_session_is_overdue() {
    let mut contender = Fixture::<Client>::holding(april());
    let renew = contender.timer(Timer::Renew);
    assert_eq!(renew, ["arm Overdue 5s", "send n0 AskSession { question: #5, ask: Renew { session: #1 } }"]);
    assert_eq!(contender.tend(SessionAnswer::Failed), ["arm Renew 1s"]);
    assert!(contender.timer(Timer::Overdue).is_empty());
    assert_eq!(contender.timer(Timer::Renew), ["send n0 AskSession { question: #6, ask: Renew { session: #1 } }"]);
    let lost = contender.tend(SessionAnswer::Gone);
    let destroy = "send n0 Ask { question: None, ask: DestroySession { session: #1 } }";
    assert_eq!(lost, ["emit Doubted", destroy, "disarm Overdue"]);
    assert_eq!(contender.process().standing(), Standing::Doubting);
}

#[test]
fn a_late_success_makes_an_overdue_session_young_again() {
    let mut contender = Fixture::<Client>::holding(april());
    contender.timer(Timer::Renew);
    contender.timer(Timer::Overdue);
    assert_eq!(contender.tend(SessionAnswer::Renewed), ["disarm Overdue", "arm Renew 5s"]);
}

#[test]
fn a_holder_that_sees_another_doubts() {
    let mut contender = Fixture::<Client>::holding(march());
    let (holder, index) = (Some(contender.session()), contender.fresh_rank(INDICES));
    let again = contender.answer(held_by(holder, index));
    assert_eq!(again, ["send n0 Ask { question: Some(#5), ask: Get { get: Key(lock), seen: Some(2), wait: None } }"]);
    assert_eq!(contender.free(), ["emit Doubted"]);
    assert_eq!(contender.timer(Timer::Renew), ["send n0 AskSession { question: #6, ask: Renew { session: #1 } }"]);
}

#[test]
fn a_connection_that_ends_fails_what_was_asked_on_it() {
    let mut contender = Fixture::<Client>::holding(march());
    assert!(contender.closed(S, consul::SESSION_LANE).is_empty());
    assert_eq!(contender.closed(S, consul::KEY_LANE), ["emit Doubted"]);
    assert!(contender.closed(S, consul::KEY_LANE).is_empty());
}

#[test]
fn answers_to_older_questions_are_void() {
    let mut contender = Fixture::<Client>::watching(march());
    let question = contender.process().question().expect("it asked");
    contender.free();
    let index = contender.fresh_rank(INDICES);
    assert!(
        contender
            .message(S, Message::Answer { question, answer: Answer::Entries { entries: Vec::new(), index } })
            .is_empty()
    );
}

#[test]
fn a_clean_stop_gives_the_key_back_before_the_session() {
    let mut contender = Fixture::<Client>::holding(march());
    assert_eq!(
        contender.request(Request::Leave),
        [
            "emit Released",
            "send n0 Ask { question: None, ask: Release { key: lock, session: #1, value: None } }",
            "send n0 Ask { question: None, ask: DestroySession { session: #1 } }",
            "exit"
        ]
    );
}

#[test]
fn an_answer_that_takes_too_long_is_a_failure_if_there_is_a_limit() {
    let config = Config { request_timeout: Some(Duration::from_secs(3)), ..april() };
    let mut contender = Fixture::<Client>::holding(config);
    assert_eq!(
        contender.timer(Timer::Renew),
        ["arm Overdue 5s", "arm SessionAnswer 3s", "send n0 AskSession { question: #5, ask: Renew { session: #1 } }"]
    );
    assert_eq!(contender.timer(Timer::SessionAnswer), ["disarm SessionAnswer", "arm Renew 1s"]);
}

/// A lock runner whose session was lost while it waited, with that attempt still under way.
fn waits_on_a_lost_session(session_loss: SessionLoss) -> (Fixture<Client>, Vec<String>) {
    let config = Config { session_loss, ..april() };
    let mut contender = Fixture::<Client>::watching(config);
    contender.timer(Timer::Renew);
    contender.timer(Timer::Overdue);
    let lost = contender.tend(SessionAnswer::Gone);
    (contender, lost)
}

#[test]
fn two_attempts_are_under_way_when_a_retry_does_not_await_the_first() {
    let (mut contender, lost) = waits_on_a_lost_session(SessionLoss::RetriesBeside);
    let destroy = "send n0 Ask { question: None, ask: DestroySession { session: #1 } }";
    assert_eq!(lost, [destroy, "disarm Overdue", "arm Retry 5s", "arm Late 0s..15s"]);
    assert_eq!(contender.timer(Timer::Retry), [create("#4", "Some(#1)")]);
    let session = contender.fresh_id();
    contender.tend(SessionAnswer::Created { session });
    contender.free();
    contender.acquired();
    // The first attempt's failure is taken for the second's, whose session is replaced while it holds the lock.
    assert_eq!(contender.timer(Timer::Late), ["arm Recreate 5s"]);
    assert_eq!(contender.timer(Timer::Recreate), ["disarm Renew".to_string(), create("#9", "Some(#5)")]);
    assert!(matches!(contender.process().standing(), Standing::Holding { .. }), "nobody watches that session");
}

#[test]
fn who_acquires_what_it_believes_to_hold_ends_as_it_stands() {
    let (mut contender, _) = waits_on_a_lost_session(SessionLoss::RetriesBeside);
    contender.timer(Timer::Retry);
    let session = contender.fresh_id();
    contender.tend(SessionAnswer::Created { session });
    contender.free();
    contender.acquired();
    contender.timer(Timer::Late);
    contender.timer(Timer::Recreate);
    let session = contender.fresh_id();
    contender.tend(SessionAnswer::Created { session });
    contender.free();
    assert_eq!(contender.acquired(), ["emit Acquired", "exit"]);
}

#[test]
fn a_retry_that_awaits_the_first_attempt_is_the_only_one() {
    let (mut contender, lost) = waits_on_a_lost_session(SessionLoss::AwaitsAttempt);
    let destroy = "send n0 Ask { question: None, ask: DestroySession { session: #1 } }";
    assert_eq!(lost, [destroy, "disarm Overdue", "arm Late 0s..15s"]);
    assert_eq!(contender.timer(Timer::Late), ["arm Retry 5s"]);
    assert_eq!(contender.timer(Timer::Retry), [create("#4", "Some(#1)")]);
}

#[test]
fn a_sleeper_whose_session_is_lost_ends_its_attempt_when_it_wakes() {
    let config = Config { session_loss: SessionLoss::AwaitsAttempt, ..april() };
    let mut contender = Fixture::<Client>::watching(config);
    contender.free();
    contender.answer(Answer::Refused);
    contender.timer(Timer::Renew);
    contender.timer(Timer::Overdue);
    let lost = contender.tend(SessionAnswer::Gone);
    let destroy = "send n0 Ask { question: None, ask: DestroySession { session: #1 } }";
    assert_eq!(lost, ["disarm Retry", destroy, "disarm Overdue", "arm Late 0s..5s"]);
}

#[test]
fn a_broken_connection_is_forgiven_where_that_is_asked_for() {
    let config = Config { monitor_retries: 1, forgives_breaks: true, ..april() };
    let mut contender = Fixture::<Client>::holding(config);
    assert_eq!(contender.closed(S, consul::KEY_LANE), ["arm Retry 2s"]);
    let again = "send n0 Ask { question: Some(#5), ask: Get { get: Key(lock), seen: None, wait: None } }";
    assert_eq!(contender.timer(Timer::Retry), [again]);
    assert_eq!(contender.closed(S, consul::KEY_LANE)[0], "emit Doubted");
}

/// A client that does without the lock when it has not found a leader three times.
fn lockless() -> Config {
    let lockless = Lockless { poll: Duration::from_secs(5), enter_after: 3, leave_after: 3 };
    Config { lockless: Some(lockless), ..april() }
}

/// Looks `times` more, with one answer.
fn look(contender: &mut Fixture<Client>, times: usize, answer: &Answer) -> Vec<String> {
    for _ in 1..times {
        contender.answer(answer.clone());
        contender.timer(Timer::Retry);
    }
    contender.answer(answer.clone())
}

#[test]
fn a_contender_that_sees_a_leader_asks_for_the_lock() {
    let mut contender = Fixture::<Client>::start(NodeId(1), lockless());
    assert_eq!(look(&mut contender, 2, &Answer::Failed), ["arm Retry 5s"]);
    contender.timer(Timer::Retry);
    assert_eq!(contender.free(), [create("#3", "None")]);
    assert_eq!(contender.process().standing(), Standing::Slumbering);
}

#[test]
fn three_looks_without_a_leader_are_enough_to_do_without_the_lock() {
    let mut contender = Fixture::<Client>::start(NodeId(1), lockless());
    assert_eq!(look(&mut contender, 3, &Answer::Failed), ["emit Waived", "arm Retry 5s"]);
    assert_eq!(contender.process().standing(), Standing::Waived);
    assert_eq!(contender.request(Request::Leave), ["exit"]);
}

#[test]
fn three_looks_with_a_leader_in_a_row_end_it() {
    let mut contender = Fixture::<Client>::start(NodeId(1), lockless());
    look(&mut contender, 3, &Answer::Failed);
    contender.timer(Timer::Retry);
    let index = contender.fresh_rank(INDICES);
    let led = Answer::Entries { entries: Vec::new(), index };
    look(&mut contender, 2, &led);
    contender.timer(Timer::Retry);
    contender.answer(Answer::Failed);
    contender.timer(Timer::Retry);
    assert_eq!(look(&mut contender, 2, &led), ["arm Retry 5s"]);
    assert_eq!(contender.process().standing(), Standing::Waived);
    contender.timer(Timer::Retry);
    assert!(contender.answer(led).is_empty());
    assert_eq!(contender.process().standing(), Standing::Doubting);
}
