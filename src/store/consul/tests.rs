use super::*;
use crate::process::fixture::Fixture;

const A: NodeId = NodeId(1);
const B: NodeId = NodeId(2);

fn store(lock_delay: i64, behavior: Behavior) -> Fixture<Consul> {
    let config = Config { expiry: Duration::from_secs(20), lock_delay: Duration::from_secs(lock_delay), behavior };
    Fixture::start(NodeId(0), config)
}

impl Fixture<Consul> {
    fn ask(&mut self, from: NodeId, ask: Ask) -> Vec<String> {
        let question = Some(self.fresh_id());
        let mut did = self.message(from, Message::Ask { question, ask });
        // The names of questions are noise here.
        did.iter_mut().for_each(|line| *line = without_question(line));
        did
    }

    fn session(&mut self, of: NodeId) -> Id {
        let question = self.fresh_id();
        self.message(of, Message::AskSession { question, ask: SessionAsk::Create { instead_of: None } });
        match self.sent().last() {
            Some((_, Message::AnswerSession { answer: SessionAnswer::Created { session }, .. })) => *session,
            other => panic!("a session is created, not {other:?}"),
        }
    }

    fn get_change(&mut self, from: NodeId, wait: Option<Window>) -> Vec<String> {
        let seen = Some(self.process().key.index);
        self.ask(from, Ask::Get { seen, wait })
    }
}

fn without_question(line: &str) -> String {
    let Some((before, rest)) = line.split_once("question: ") else { return line.into() };
    let (_, after) = rest.split_once(", ").expect("an answer follows");
    format!("{before}{after}")
}

#[test]
fn a_session_expires_and_its_key_is_refused_until_the_lock_delay_ends() {
    let mut store = store(15, Behavior::Release);
    let (a, b) = (store.session(A), store.session(B));
    store.ask(A, Ask::Acquire { session: a });
    assert_eq!(store.ask(B, Ask::Acquire { session: b }), ["send n2 Answer { answer: Refused }"]);
    assert_eq!(store.timer(Timer::Expire(a)), ["emit SessionExpired { owner: n1 }", "arm LockDelay 15s"]);
    assert_eq!(store.ask(B, Ask::Acquire { session: b }), ["send n2 Answer { answer: Refused }"]);
    assert_eq!(store.timer(Timer::LockDelay), ["emit LockDelayEnded"]);
    assert_eq!(store.ask(B, Ask::Acquire { session: b }), ["send n2 Answer { answer: Acquired { token: 2 } }"]);
}

#[test]
fn a_release_has_no_lock_delay_and_a_destroyed_session_has() {
    let mut store = store(15, Behavior::Release);
    let a = store.session(A);
    store.ask(A, Ask::Acquire { session: a });
    assert_eq!(store.ask(A, Ask::Release { session: a }), ["send n1 Answer { answer: Released { held: true } }"]);
    assert_eq!(
        store.ask(A, Ask::DestroySession { session: a }),
        ["disarm Expire(#1)", "send n1 Answer { answer: Destroyed }"]
    );
    let a = store.session(A);
    store.ask(A, Ask::Acquire { session: a });
    assert_eq!(
        store.ask(A, Ask::DestroySession { session: a }),
        ["disarm Expire(#6)", "arm LockDelay 15s", "send n1 Answer { answer: Destroyed }"]
    );
}

#[test]
fn the_key_of_an_ended_session_stays_or_goes_as_its_behavior_says() {
    for (behavior, exists) in [(Behavior::Release, true), (Behavior::Delete, false)] {
        let mut store = store(0, behavior);
        let a = store.session(A);
        store.ask(A, Ask::Acquire { session: a });
        store.timer(Timer::Expire(a));
        assert_eq!(store.process().key.exists, exists);
    }
}

#[test]
fn who_waits_for_a_change_is_told_of_it_or_of_none_when_the_wait_ends() {
    let mut store = store(0, Behavior::Release);
    let a = store.session(A);
    let wait = Some(Window::exactly(Duration::from_secs(15)));
    assert_eq!(store.get_change(B, wait), ["arm Wait(n2) 15s"]);
    let told = store.ask(A, Ask::Acquire { session: a });
    assert_eq!(told[0], "disarm Wait(n2)");
    assert_eq!(without_question(&told[1]), "send n2 Answer { answer: Entry { holder: Some(#1), index: 1 } }");
    store.get_change(B, wait);
    let told = store.timer(Timer::Wait(B));
    assert_eq!(without_question(&told[0]), "send n2 Answer { answer: Entry { holder: Some(#1), index: 1 } }");
}

#[test]
fn who_has_not_seen_the_last_change_is_told_at_once() {
    let mut store = store(0, Behavior::Release);
    let a = store.session(A);
    let seen = Some(store.process().key.index);
    store.ask(A, Ask::Acquire { session: a });
    assert_eq!(store.ask(B, Ask::Get { seen, wait: None }).len(), 1);
    assert_eq!(store.ask(B, Ask::Get { seen: None, wait: None }).len(), 1);
    assert!(store.get_change(B, None).is_empty());
}

#[test]
fn a_renewal_of_a_session_that_is_gone_is_told_apart_from_a_failure() {
    let mut store = store(0, Behavior::Release);
    let session = store.session(A);
    let question = store.fresh_id();
    let renew = || Message::AskSession { question, ask: SessionAsk::Renew { session } };
    assert_eq!(
        store.message(A, renew()),
        [
            "arm Expire(#1) 20s",
            "emit SessionRenewed { owner: n1 }",
            "send n1 AnswerSession { question: #2, answer: Renewed }"
        ]
    );
    store.timer(Timer::Expire(session));
    assert_eq!(store.message(A, renew()), ["send n1 AnswerSession { question: #2, answer: Gone }"]);
    store.request(LOSE);
    assert_eq!(store.message(A, renew()), ["send n1 AnswerSession { question: #2, answer: Failed }"]);
}

#[test]
fn a_new_leader_counts_every_session_from_the_beginning() {
    let mut store = store(15, Behavior::Release);
    let a = store.session(A);
    store.ask(A, Ask::Acquire { session: a });
    store.get_change(B, None);
    let lost = store.request(LOSE);
    assert_eq!(
        lost.iter().map(|line| without_question(line)).collect::<Vec<_>>(),
        ["disarm Expire(#1)", "send n2 Answer { answer: Failed }", "arm Election 2s..5s", "emit LeaderLost"]
    );
    assert_eq!(store.ask(B, Ask::Get { seen: None, wait: None }), ["send n2 Answer { answer: Failed }"]);
    assert!(store.message(A, Message::Ask { question: None, ask: Ask::DestroySession { session: a } }).is_empty());
    assert_eq!(store.timer(Timer::Election), ["arm Expire(#1) 20s", "emit LeaderElected { lock_is_free: false }"]);
}

#[test]
fn a_client_whose_connection_is_gone_does_not_wait_any_more() {
    let mut store = store(0, Behavior::Release);
    store.get_change(B, Some(Window::exactly(Duration::from_secs(15))));
    assert!(store.closed(B, SESSION_LANE).is_empty());
    assert_eq!(store.closed(B, KEY_LANE), ["disarm Wait(n2)"]);
    assert!(store.timer(Timer::Wait(B)).is_empty());
}

#[test]
fn a_session_may_take_the_place_of_another() {
    let mut store = store(0, Behavior::Release);
    let a = store.session(A);
    let question = store.fresh_id();
    let did = store.message(A, Message::AskSession { question, ask: SessionAsk::Create { instead_of: Some(a) } });
    assert_eq!(did[..2], ["disarm Expire(#1)", "arm Expire(#3) 20s"]);
    assert_eq!(store.ask(A, Ask::Acquire { session: a }), ["send n1 Answer { answer: Failed }"]);
}

#[test]
fn a_session_that_is_not_known_acquires_nothing() {
    let mut store = store(0, Behavior::Release);
    let a = store.session(A);
    store.timer(Timer::Expire(a));
    assert_eq!(store.ask(A, Ask::Acquire { session: a }), ["send n1 Answer { answer: Failed }"]);
}

const LOSE: Request = Request::LoseLeader { outage: Window::new(Duration::from_secs(2), Duration::from_secs(5)) };
