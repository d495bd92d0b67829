use super::*;
use crate::{
    process::fixture::Fixture,
    time::{Duration, Window},
};

const A: NodeId = NodeId(1);
const B: NodeId = NodeId(2);
const LEADER: Key = Key("leader");

impl Fixture<Records> {
    fn answers(&mut self, from: NodeId, ask: Ask) -> Vec<(NodeId, Answer)> {
        let question = Some(self.fresh_id());
        let before = self.sent().count();
        self.message(from, Message::Ask { question, ask });
        self.sent()
            .skip(before)
            .map(|(to, message)| match message {
                Message::Answer { answer, .. } => (to, answer.clone()),
                Message::Ask { .. } => panic!("a store asks nothing"),
            })
            .collect()
    }

    fn replace(&mut self, by: (NodeId, Id), seen: Option<Id>) -> Vec<(NodeId, Answer)> {
        self.answers(by.0, Ask::Replace { key: LEADER, seen, holder: Some(by.1), or_own: false, follow: false })
    }

    /// A store, and two clients with the names that they gave themselves.
    fn serving() -> (Fixture<Records>, (NodeId, Id), (NodeId, Id)) {
        let mut store = Fixture::start(NodeId(0), ());
        let (a, b) = ((A, store.fresh_id()), (B, store.fresh_id()));
        (store, a, b)
    }
}

fn version(answers: &[(NodeId, Answer)]) -> Option<Id> {
    match answers.last() {
        Some((_, Answer::Replaced { version, .. })) => Some(*version),
        _ => None,
    }
}

fn conflicts(answers: &[(NodeId, Answer)]) -> bool {
    matches!(answers, [(B, Answer::Conflict(Some(_)))])
}

#[test]
fn a_record_is_replaced_only_by_who_saw_its_last_version() {
    let (mut store, a, b) = Fixture::<Records>::serving();
    let first = version(&store.replace(a, None));
    assert!(conflicts(&store.replace(b, None)));
    let second = version(&store.replace(a, first));
    assert_ne!(first, second);
    assert!(conflicts(&store.replace(b, first)));
    assert!(version(&store.replace(b, second)).is_some());
}

#[test]
fn the_token_is_another_for_another_holder() {
    let (mut store, a, b) = Fixture::<Records>::serving();
    let token = |answers: &[(NodeId, Answer)]| match answers {
        [.., (_, Answer::Replaced { token, .. })] => *token,
        other => panic!("it is replaced, not {other:?}"),
    };
    let first = store.replace(a, None);
    let renewed = store.replace(a, version(&first));
    assert_eq!(token(&first), token(&renewed));
    assert!(token(&store.replace(b, version(&renewed))) > token(&first));
}

#[test]
fn who_watches_is_told_of_every_version_until_it_asks_for_something_else() {
    let (mut store, a, b) = Fixture::<Records>::serving();
    let seen = version(&store.replace(a, None));
    assert_eq!(store.answers(B, Ask::Watch { key: LEADER, seen }), []);
    let told = store.replace(a, seen);
    assert!(matches!(told[0], (B, Answer::Found(Some(Record { holder: Some(name), .. }))) if name == a.1), "{told:?}");
    let again = store.replace(a, version(&told));
    assert_eq!(again.len(), 2);
    assert!(conflicts(&store.replace(b, seen)));
    assert_eq!(store.replace(a, version(&again)).len(), 1);
    assert_eq!(store.answers(B, Ask::Watch { key: LEADER, seen }).len(), 1);
}

#[test]
fn who_is_refused_may_be_told_from_then_on() {
    let (mut store, a, b) = Fixture::<Records>::serving();
    let seen = version(&store.replace(a, None));
    let ask = Ask::Replace { key: LEADER, seen: None, holder: Some(b.1), or_own: true, follow: true };
    let refused = store.answers(B, ask);
    assert!(conflicts(&refused));
    assert!(matches!(store.replace(a, seen)[..], [(B, Answer::Found(Some(_))), (A, Answer::Replaced { .. })]));
}

#[test]
fn a_holder_may_write_whatever_the_version() {
    let (mut store, a, b) = Fixture::<Records>::serving();
    let ask = |by: Id| Ask::Replace { key: LEADER, seen: None, holder: Some(by), or_own: true, follow: false };
    assert!(version(&store.answers(A, ask(a.1))).is_some());
    assert!(version(&store.answers(A, ask(a.1))).is_some());
    assert!(conflicts(&store.answers(B, ask(b.1))));
}

#[test]
fn only_its_holder_gives_a_record_back() {
    let (mut store, a, b) = Fixture::<Records>::serving();
    store.replace(a, None);
    assert!(conflicts(&store.answers(B, Ask::Release { key: LEADER, holder: b.1 })));
    let seen = version(&store.answers(A, Ask::Release { key: LEADER, holder: a.1 }));
    assert!(version(&store.replace(b, seen)).is_some());
}

#[test]
fn a_record_that_is_given_back_with_notice_goes_to_who_is_first_in_line() {
    let (mut store, a, b) = Fixture::<Records>::serving();
    let c = (NodeId(3), store.fresh_id());
    store.replace(a, None);
    store.answers(A, Ask::Announce { key: LEADER, holder: a.1 });
    for (client, name) in [c, b] {
        let ask = Ask::Replace { key: LEADER, seen: None, holder: Some(name), or_own: true, follow: true };
        let waits = store.answers(client, ask);
        assert!(matches!(waits[..], [(_, Answer::Found(Some(Record { leaving: true, .. })))]), "{waits:?}");
    }
    let told = store.answers(A, Ask::Release { key: LEADER, holder: a.1 });
    let [(B, Answer::Conflict(Some(record))), (NodeId(3), Answer::Replaced { .. }), (A, _)] = &told[..] else {
        panic!("{told:?}")
    };
    assert!(record.holder == Some(c.1) && !record.leaving);
}

#[test]
fn while_nothing_serves_every_request_fails_and_who_watches_goes_on_watching() {
    let (mut store, a, _) = Fixture::<Records>::serving();
    assert_eq!(store.answers(B, Ask::Watch { key: LEADER, seen: None }), [(B, Answer::Found(None))]);
    let outage = Window::exactly(Duration::from_secs(3));
    assert_eq!(store.request(Request::LoseLeader { outage }), ["arm Election 3s", "emit LeaderLost"]);
    assert_eq!(store.replace(a, None), [(A, Answer::Failed)]);
    assert_eq!(store.timer(Timer::Election), ["emit LeaderElected { lock_is_free: true }"]);
    assert!(matches!(store.replace(a, None)[..], [(B, Answer::Found(Some(_))), (A, Answer::Replaced { .. })]));
}
