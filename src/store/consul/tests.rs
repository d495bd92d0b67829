use super::*;
use crate::process::fixture::Fixture;

const LOCK: Key = Key("lock");

const A: NodeId = NodeId(1);
const B: NodeId = NodeId(2);

/// A store whose sessions, in these tests, all have the same terms.
struct Store {
    fixture: Fixture<Consul>,
    terms: Terms,
}

fn store(lock_delay: i64, behavior: Behavior) -> Store {
    let lock_delay = Duration::from_secs(lock_delay);
    let terms = Terms { ttl: Some(Duration::from_secs(10)), lock_delay, behavior };
    Store { fixture: Fixture::start(NodeId(0), Config::new(Version::V0_5, 2)), terms }
}

impl std::ops::Deref for Store {
    type Target = Fixture<Consul>;

    fn deref(&self) -> &Fixture<Consul> {
        &self.fixture
    }
}

impl std::ops::DerefMut for Store {
    fn deref_mut(&mut self) -> &mut Fixture<Consul> {
        &mut self.fixture
    }
}

const fn acquire(session: Id) -> Ask {
    Ask::Acquire { key: LOCK, session, value: None }
}

const fn release(session: Id) -> Ask {
    Ask::Release { key: LOCK, session, value: None }
}

const fn get(seen: Option<Rank>, wait: Option<Window>) -> Ask {
    Ask::Get { get: Get::Key(LOCK), seen, wait }
}

impl Store {
    fn ask(&mut self, from: NodeId, ask: Ask) -> Vec<String> {
        let question = Some(self.fresh_id());
        let mut did = self.message(from, Message::Ask { question, ask });
        // The names of questions are noise here.
        did.iter_mut().for_each(|line| *line = without_question(line));
        did
    }

    fn session(&mut self, of: NodeId) -> Id {
        let (question, terms) = (self.fresh_id(), self.terms);
        self.message(of, Message::AskSession { question, ask: SessionAsk::Create { terms, instead_of: None } });
        match self.sent().last() {
            Some((_, Message::AnswerSession { answer: SessionAnswer::Created { session }, .. })) => *session,
            other => panic!("a session is created, not {other:?}"),
        }
    }

    fn get_change(&mut self, from: NodeId, wait: Option<Window>) -> Vec<String> {
        let seen = Some(self.process().index);
        self.ask(from, get(seen, wait))
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
    store.ask(A, acquire(a));
    assert_eq!(store.ask(B, acquire(b)), ["send n2 Answer { answer: Refused }"]);
    assert_eq!(store.timer(Timer::Expire(a)), ["emit Expired { owner: n1 }", "arm LockDelay(lock) 15s"]);
    assert_eq!(store.ask(B, acquire(b)), ["send n2 Answer { answer: Refused }"]);
    assert_eq!(store.timer(Timer::LockDelay(LOCK)), ["emit LockDelayEnded"]);
    assert_eq!(store.ask(B, acquire(b)), ["send n2 Answer { answer: Acquired { token: 2 } }"]);
}

#[test]
fn a_release_has_no_lock_delay_and_a_destroyed_session_has() {
    let mut store = store(15, Behavior::Release);
    let a = store.session(A);
    store.ask(A, acquire(a));
    assert_eq!(store.ask(A, release(a)), ["send n1 Answer { answer: Released }"]);
    assert_eq!(
        store.ask(A, Ask::DestroySession { session: a }),
        ["disarm Expire(#1)", "send n1 Answer { answer: Destroyed }"]
    );
    let a = store.session(A);
    store.ask(A, acquire(a));
    assert_eq!(
        store.ask(A, Ask::DestroySession { session: a }),
        ["disarm Expire(#6)", "arm LockDelay(lock) 15s", "send n1 Answer { answer: Destroyed }"]
    );
}

#[test]
fn the_key_of_an_ended_session_stays_or_goes_as_its_behavior_says() {
    for (behavior, exists) in [(Behavior::Release, true), (Behavior::Delete, false)] {
        let mut store = store(0, behavior);
        let a = store.session(A);
        store.ask(A, acquire(a));
        store.timer(Timer::Expire(a));
        assert_eq!(store.process().keys.contains_key(&LOCK), exists);
    }
}

#[test]
fn who_waits_for_a_change_is_told_of_it_or_of_none_when_the_wait_ends() {
    let mut store = store(0, Behavior::Release);
    let a = store.session(A);
    let wait = Some(Window::exactly(Duration::from_secs(15)));
    assert_eq!(store.get_change(B, wait), ["arm Wait(n2) 15s"]);
    let told = store.ask(A, acquire(a));
    assert_eq!(told[0], "disarm Wait(n2)");
    assert!(told[1].contains("holder: Some(#1)"), "{}", told[1]);
    store.get_change(B, wait);
    let told = store.timer(Timer::Wait(B));
    assert!(told[0].contains("holder: Some(#1)"), "{}", told[0]);
}

#[test]
fn who_has_not_seen_the_last_change_is_told_at_once() {
    let mut store = store(0, Behavior::Release);
    let a = store.session(A);
    let seen = Some(store.process().index);
    store.ask(A, acquire(a));
    assert_eq!(store.ask(B, get(seen, None)).len(), 1);
    assert_eq!(store.ask(B, get(None, None)).len(), 1);
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
        ["arm Expire(#1) 20s", "emit Renewed { owner: n1 }", "send n1 AnswerSession { question: #2, answer: Renewed }"]
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
    store.ask(A, acquire(a));
    store.get_change(B, None);
    let lost = store.request(LOSE);
    assert_eq!(
        lost.iter().map(|line| without_question(line)).collect::<Vec<_>>(),
        ["disarm Expire(#1)", "send n2 Answer { answer: Failed }", "arm Election 2s..5s", "emit LeaderLost"]
    );
    assert_eq!(store.ask(B, get(None, None)), ["send n2 Answer { answer: Failed }"]);
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
fn from_0_7_on_a_request_is_held_until_there_is_a_leader_or_too_long() {
    let mut store = Fixture::<Consul>::start(NodeId(0), Config::new(Version::V0_7, 2));
    store.request(LOSE);
    let question = store.fresh_id();
    let ask = || Message::Ask { question: Some(question), ask: get(None, None) };
    assert_eq!(store.message(A, ask()), ["arm Held(#1) 7s..7437ms"]);
    assert_eq!(
        store.timer(Timer::Held(store.process().held[0].id)),
        ["send n1 Answer { question: #0, answer: Failed }"]
    );
    store.message(A, ask());
    assert_eq!(store.timer(Timer::Election)[0], "arm Held(#2) 0s..437ms");
    let served = store.timer(Timer::Held(store.process().held[0].id));
    assert_eq!(served, ["send n1 Answer { question: #0, answer: Entries { entries: [], index: 0 } }"]);
}

#[test]
fn a_session_may_take_the_place_of_another() {
    let mut store = store(0, Behavior::Release);
    let a = store.session(A);
    let (question, terms) = (store.fresh_id(), store.terms);
    let did =
        store.message(A, Message::AskSession { question, ask: SessionAsk::Create { terms, instead_of: Some(a) } });
    assert_eq!(did[..2], ["disarm Expire(#1)", "arm Expire(#3) 20s"]);
    assert_eq!(store.ask(A, acquire(a)), ["send n1 Answer { answer: Failed }"]);
}

#[test]
fn a_session_that_is_not_known_acquires_nothing() {
    let mut store = store(0, Behavior::Release);
    let a = store.session(A);
    store.timer(Timer::Expire(a));
    assert_eq!(store.ask(A, acquire(a)), ["send n1 Answer { answer: Failed }"]);
}

const LOSE: Request = Request::LoseLeader { outage: Window::new(Duration::from_secs(2), Duration::from_secs(5)) };

#[test]
fn a_leader_of_before_tells_what_it_knew_until_it_notices_unless_it_is_to_make_sure() {
    for (reads, told) in [(Reads::Default, "(lock, Entry"), (Reads::Consistent, "answer: Failed")] {
        let old_leader = Some(OldLeader { wakes: Window::ZERO, notices: Window::ZERO });
        let config = Config { old_leader, reads, ..Config::new(Version::V0_5, 2) };
        let mut store = Fixture::<Consul>::start(NodeId(0), config);
        let question = Some(store.fresh_id());
        let ask = |ask| Message::Ask { question, ask };
        store.message(A, ask(Ask::Put { key: LOCK, value: None, check: Check::Always }));
        store.request(LOSE);
        store.timer(Timer::Election);
        store.message(A, ask(Ask::Delete { key: LOCK, check: Check::Always }));
        let read = |store: &mut Fixture<Consul>| store.message(A, ask(get(None, None))).join("; ");
        let (asleep, woken) = (read(&mut store), (store.timer(Timer::Wakes), read(&mut store)).1);
        let noticed = (store.timer(Timer::Notices), read(&mut store)).1;
        assert!(asleep.contains("entries: []"), "it sleeps: {asleep}");
        assert!(woken.contains(told), "it answers: {woken}");
        assert!(noticed.contains("entries: []"), "it noticed: {noticed}");
    }
}

#[test]
fn a_server_that_comes_back_deposes_one_leader_unless_it_asks_first() {
    for (asks_first, returns) in [(false, true), (true, false)] {
        let returning = Some(Returning { after: Window::ZERO, outage: Window::ZERO, asks_first });
        let config = Config { returning, ..Config::new(Version::V0_5, 2) };
        let mut store = Fixture::<Consul>::start(NodeId(0), config);
        let elected = |store: &mut Fixture<Consul>| store.timer(Timer::Election).join("; ").contains("arm Returns");
        store.request(LOSE);
        assert_eq!(elected(&mut store), returns, "after the first");
        if returns {
            assert!(store.timer(Timer::Returns).contains(&"emit LeaderLost".to_string()));
            assert!(!elected(&mut store), "nobody is left to come back");
            store.request(LOSE);
            assert!(elected(&mut store), "another one is gone");
        }
    }
}
