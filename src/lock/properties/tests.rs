use super::*;
use crate::{
    lock::{Event, Request, contender, work},
    spec::{Happening, Signals},
    store,
};

const S: NodeId = NodeId(0);
const A: NodeId = NodeId(1);
const B: NodeId = NodeId(2);

const ACQUIRED: Event = Event::Contender(contender::Event::Acquired);
const DOUBTED: Event = Event::Contender(contender::Event::Doubted);
const BEGAN: Event = Event::Work(work::Event::Began);
const ENDED: Event = Event::Work(work::Event::Ended);
const RENEWED: Event = Event::Store(store::Event::Renewed { owner: A });
const ELECTED: Event = Event::Store(store::Event::LeaderElected { lock_is_free: true });

type Seen = Happening<'static, Site>;

fn emitted(node: NodeId, event: &'static Event) -> Seen {
    Happening::Emitted(node, event)
}

/// What the last of these means for a property.
fn last(id: &str, happenings: &[Seen]) -> Signals {
    let mut property = all().into_iter().find(|property| property.id == id).expect("a property");
    let mut signals = Signals::default();
    for happening in happenings {
        signals = Signals::default();
        (property.watch)(&mut property.memory, happening, &mut signals);
    }
    signals
}

fn working(node: NodeId) -> Vec<Seen> {
    vec![emitted(node, &ACQUIRED), emitted(node, &BEGAN)]
}

fn both_up() -> Vec<Seen> {
    vec![Happening::Started(S), Happening::Started(A), Happening::Started(B)]
}

#[test]
fn a_take_over_is_measured_from_the_death_of_the_only_worker() {
    let only = [both_up(), working(A)].concat();
    assert!(last("hard-death-takeover", &[only.clone(), vec![Happening::Crashed(A)]].concat()).trigger);
    assert!(!last("hard-death-takeover", &[only.clone(), vec![Happening::Crashed(B)]].concat()).trigger);
    let two = [only, working(B)].concat();
    assert!(!last("hard-death-takeover", &[two, vec![Happening::Crashed(A)]].concat()).trigger);
}

#[test]
fn a_take_over_is_not_expected_of_machines_that_are_all_down() {
    let deaths = vec![Happening::Crashed(A), Happening::Crashed(B)];
    assert!(last("hard-death-takeover", &[both_up(), working(A), deaths].concat()).discharge);
}

#[test]
fn a_hand_over_is_measured_from_the_stop_of_the_only_worker_while_it_is_sure() {
    let stop = vec![Happening::Requested(A, &Request::Terminate)];
    assert!(last("clean-handover", &[both_up(), working(A), stop.clone()].concat()).trigger);
    assert!(!last("clean-handover", &[both_up(), working(B), stop.clone()].concat()).trigger);
    let doubt = vec![emitted(A, &DOUBTED)];
    assert!(!last("clean-handover", &[both_up(), working(A), doubt.clone(), stop.clone()].concat()).trigger);
    assert!(last("clean-handover", &[both_up(), working(A), stop, doubt].concat()).discharge);
}

#[test]
fn a_lock_that_is_given_back_is_expected_to_be_taken_by_another_that_is_up() {
    const RELEASED: Event = Event::Contender(contender::Event::Released);
    let released = vec![emitted(A, &ENDED), emitted(A, &RELEASED)];
    assert!(last("handover-after-work", &[both_up(), working(A), released.clone()].concat()).trigger);
    let alone = vec![Happening::Started(S), Happening::Started(A)];
    assert!(!last("handover-after-work", &[alone, working(A), released].concat()).trigger);
}

#[test]
fn each_renewal_of_the_holder_takes_the_place_of_the_one_before() {
    assert_eq!(last("takeover-after-last-renewal", &[emitted(S, &RENEWED)]), Signals::default());
    let renewed = last("takeover-after-last-renewal", &[emitted(A, &ACQUIRED), emitted(S, &RENEWED)]);
    assert!(renewed.trigger && renewed.discharge);
    let late = [emitted(A, &ACQUIRED), Happening::Crashed(A), emitted(S, &RENEWED)];
    assert!(last("takeover-after-last-renewal", &late).trigger);
    let another_life = [emitted(A, &ACQUIRED), Happening::Crashed(A), Happening::Started(A), emitted(S, &RENEWED)];
    assert!(!last("takeover-after-last-renewal", &another_life).trigger);
}

#[test]
fn doubt_is_answered_by_the_end_of_ones_own_work() {
    let doubt = [working(A), working(B), vec![emitted(A, &DOUBTED)]].concat();
    assert!(last("doubt-stops-work", &doubt).trigger);
    assert!(!last("doubt-stops-work", &[doubt.clone(), vec![emitted(B, &ENDED)]].concat()).response);
    assert!(last("doubt-stops-work", &[doubt, vec![emitted(A, &ENDED)]].concat()).response);
}

#[test]
fn a_free_lock_is_expected_to_be_taken_if_somebody_waits() {
    let elected = vec![emitted(S, &ELECTED)];
    assert!(last("free-lock-is-taken", &[both_up(), working(A), elected.clone()].concat()).trigger);
    assert!(!last("free-lock-is-taken", &[both_up(), working(A), working(B), elected.clone()].concat()).trigger);
    assert!(!last("work-resumes-after-election", &[both_up(), working(A), elected].concat()).trigger);
}

#[test]
fn a_resource_is_no_machine_that_could_take_over() {
    let opened = Event::Resource(crate::lock::resource::Event::Opened);
    let mut memory = Memory::Takeover { workers: BTreeSet::new(), up: BTreeSet::new() };
    let mut signals = Signals::default();
    watch::takes_over(&mut memory, &Happening::Started(NodeId(3)), &mut signals);
    watch::takes_over(&mut memory, &Happening::Emitted(NodeId(3), &opened), &mut signals);
    assert_eq!(memory, Memory::Takeover { workers: BTreeSet::new(), up: BTreeSet::new() });
}

#[test]
fn a_healthy_holder_must_not_doubt() {
    assert!(last("healthy-worker-keeps-lock", &[emitted(A, &ACQUIRED), emitted(A, &DOUBTED)]).violated);
    let paused = [emitted(A, &ACQUIRED), Happening::Paused(A), emitted(A, &DOUBTED)];
    assert!(!last("healthy-worker-keeps-lock", &paused).violated);
}

const START_UP: Event = Event::Work(work::Event::StartUpBegan);
const WAIVED: Event = Event::Contender(contender::Event::Waived);

#[test]
fn a_migration_counts_as_work() {
    assert_eq!(last("at-most-one-acts", &[emitted(A, &START_UP)]).begin, [A]);
    assert_eq!(last("at-most-one-acts", &[emitted(A, &Event::Work(work::Event::StartUpEnded))]).end, [A]);
}

#[test]
fn work_without_the_lock_is_left_out_where_it_is_on_purpose() {
    let waived = [emitted(A, &WAIVED), emitted(A, &BEGAN)];
    assert!(last("at-most-one-acts-by-lock", &waived).begin.is_empty());
    assert_eq!(last("at-most-one-acts", &waived).begin, [A]);
    let another_life = [emitted(A, &WAIVED), Happening::Exited(A), emitted(A, &BEGAN)];
    assert_eq!(last("at-most-one-acts-by-lock", &another_life).begin, [A]);
}

#[test]
fn a_machine_acquires_again_only_what_it_lost() {
    assert!(last("acquires-once", &[emitted(A, &ACQUIRED), emitted(A, &ACQUIRED)]).violated);
    for between in [emitted(A, &DOUBTED), Happening::Exited(A)] {
        assert!(!last("acquires-once", &[emitted(A, &ACQUIRED), between, emitted(A, &ACQUIRED)]).violated);
    }
}

#[test]
fn a_start_up_without_the_lock_is_answered_by_the_machines_end_only() {
    let lost = vec![emitted(A, &ACQUIRED), emitted(A, &START_UP), emitted(A, &DOUBTED)];
    assert!(last("start-up-ends-on-loss", &lost).trigger);
    assert!(!last("start-up-ends-on-loss", &[lost.clone(), vec![emitted(A, &BEGAN)]].concat()).response);
    let ended = [lost.clone(), vec![emitted(A, &BEGAN), emitted(A, &ENDED), Happening::Exited(A)]].concat();
    assert!(last("start-up-ends-on-loss", &ended).response);
    assert!(last("start-up-ends-on-loss", &[lost, vec![Happening::Crashed(A)]].concat()).discharge);
    assert!(!last("start-up-ends-on-loss", &[working(A), vec![emitted(A, &DOUBTED)]].concat()).trigger);
}
