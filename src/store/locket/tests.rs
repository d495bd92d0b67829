use super::*;
use crate::process::fixture::Fixture;

const A: NodeId = NodeId(1);
const B: NodeId = NodeId(2);
const LOCK: Key = Key("lock");
const TTL: Duration = Duration::from_secs(15);

impl Fixture<Locket> {
    fn serving() -> Fixture<Locket> {
        Fixture::start(NodeId(0), Config { look: Duration::from_secs(5) })
    }

    /// What is done, without the question.
    fn ask(&mut self, from: NodeId, ask: Ask) -> Vec<String> {
        let question = self.fresh_id();
        let noise = format!("question: {question:?}, ");
        let did = self.message(from, Message::Ask { question: Some(question), ask });
        did.iter().map(|line| line.replace(&noise, "")).collect()
    }

    fn lock(&mut self, from: NodeId) -> Vec<String> {
        self.ask(from, Ask::Lock { key: LOCK, ttl: TTL })
    }
}

#[test]
fn an_owner_renews_what_another_cannot_have() {
    let mut store = Fixture::serving();
    assert_eq!(store.lock(A), ["arm Expire(lock) 15s..20s", "send n1 Answer { answer: Locked { token: 1 } }"]);
    assert_eq!(store.lock(B), ["send n2 Answer { answer: Collision }"]);
    assert_eq!(store.lock(A)[0], "emit Renewed { owner: n1 }");
    assert_eq!(store.timer(Timer::Expire(LOCK)), ["emit Expired { owner: n1 }"]);
    assert!(store.lock(B)[1].contains("token: 2"));
}

#[test]
fn only_its_owner_releases_a_row() {
    let mut store = Fixture::serving();
    store.lock(A);
    assert_eq!(store.ask(B, Ask::Release { key: LOCK }), ["send n2 Answer { answer: Released }"]);
    assert_eq!(store.lock(B), ["send n2 Answer { answer: Collision }"]);
    assert_eq!(store.ask(A, Ask::Release { key: LOCK })[0], "disarm Expire(lock)");
    assert!(store.lock(B)[1].contains("Locked"));
}

#[test]
fn a_row_that_is_due_while_nothing_serves_goes_soon_after() {
    let mut store = Fixture::serving();
    store.lock(A);
    store.request(Request::LoseLeader { outage: Window::exactly(TTL) });
    assert_eq!(store.lock(A), ["send n1 Answer { answer: Failed }"]);
    assert!(store.timer(Timer::Expire(LOCK)).is_empty());
    assert_eq!(
        store.timer(Timer::Election),
        ["arm Expire(lock) 0s..20s", "emit LeaderElected { lock_is_free: false }"]
    );
}
