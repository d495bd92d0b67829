use super::*;
use crate::process::fixture::Fixture;

const A: NodeId = NodeId(1);
const B: NodeId = NodeId(2);
const LOCK: Key = Key("lock");
const LOSE: Request = Request::LoseLeader { outage: Window::exactly(Duration::from_secs(3)) };

impl Fixture<Etcd3> {
    fn ask(&mut self, from: NodeId, ask: Ask) -> Vec<String> {
        let question = Some(self.fresh_id());
        self.message(from, Message::Ask { question, ask })
    }

    /// The lease of a client, of 10 s.
    fn lease(&mut self, of: NodeId) -> Id {
        let granted = self.ask(of, Ask::Grant { ttl: Duration::from_secs(10) });
        assert!(granted[0].ends_with("10s..10500ms"), "{}", granted[0]);
        self.process().leases.last().expect("it is granted").id
    }
}

// Measured: 10.03 to 10.45 s after the last renewal, 10.97 to 11.33 s after a new leader.
#[test]
fn a_new_leader_counts_a_lease_anew_and_a_second_more() {
    let mut store = Fixture::<Etcd3>::start(NodeId(0), ());
    let lease = store.lease(A);
    assert_eq!(store.request(LOSE)[0], format!("disarm Expire({lease:?})"));
    assert_eq!(store.timer(Timer::Election)[0], format!("arm Expire({lease:?}) 11s..11500ms"));
}

#[test]
fn a_lease_that_ends_gives_the_lock_to_the_next() {
    let mut store = Fixture::<Etcd3>::start(NodeId(0), ());
    let (a, b) = (store.lease(A), store.lease(B));
    assert!(store.ask(A, Ask::Lock { path: LOCK, lease: a })[0].contains("Locked"));
    assert!(store.ask(B, Ask::Lock { path: LOCK, lease: b }).is_empty());
    let did = store.timer(Timer::Expire(a));
    assert_eq!(did[0], "emit Expired { owner: n1 }");
    assert!(did[1].contains("Locked") && did[1].starts_with("send n2"), "{}", did[1]);
}

#[test]
fn a_waiter_whose_own_lease_ended_hears_so_only_when_it_is_its_turn() {
    let mut store = Fixture::<Etcd3>::start(NodeId(0), ());
    let (a, b) = (store.lease(A), store.lease(B));
    store.ask(A, Ask::Lock { path: LOCK, lease: a });
    store.ask(B, Ask::Lock { path: LOCK, lease: b });
    assert_eq!(store.timer(Timer::Expire(b)), ["emit Expired { owner: n2 }"]);
    assert!(store.timer(Timer::Expire(a))[1].contains("NoLease"));
}

#[test]
fn who_does_not_wait_any_more_does_not_get_the_lock() {
    let mut store = Fixture::<Etcd3>::start(NodeId(0), ());
    let (a, b) = (store.lease(A), store.lease(B));
    store.ask(A, Ask::Lock { path: LOCK, lease: a });
    store.ask(B, Ask::Lock { path: LOCK, lease: b });
    assert!(store.closed(B, KEY_LANE).is_empty());
    assert_eq!(store.ask(A, Ask::Revoke { lease: a }).len(), 2);
    assert!(store.process().entries.is_empty());
}

#[test]
fn a_renewal_without_a_leader_is_late_but_no_error() {
    let mut store = Fixture::<Etcd3>::start(NodeId(0), ());
    let lease = store.lease(A);
    store.request(LOSE);
    let question = store.fresh_id();
    assert!(store.message(A, Message::KeepAlive { question, lease })[0].ends_with(" 7s"));
    let id = store.process().held[0].id;
    assert!(store.timer(Timer::Election).contains(&format!("arm Held({id:?}) 0s..1s")));
    assert!(store.timer(Timer::Held(id)).last().expect("an answer").contains("ttl: Some(10s)"));
}
