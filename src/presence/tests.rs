use super::{
    registry::{CELLS, Counts, Kind, Registry, Tells, key},
    watcher::{By, Watcher},
    *,
};
use crate::{
    lock::STORE as S,
    process::{Effect, Id, NodeId, fixture::Fixture},
    store::{INDICES, consul, etcd3},
    time::{Duration, Window},
};

const A: NodeId = NodeId(1);
const B: NodeId = NodeId(2);
const C: NodeId = NodeId(3);

fn registry(kind: Kind) -> Registry {
    Registry { kind, counts: Counts::Held, tells: Tells::Deaths }
}

fn watch(kind: Kind, by: By) -> watcher::Config {
    watcher::Config { registry: registry(kind), by, retry: Duration::from_secs(1) }
}

fn difference() -> By {
    By::Difference { wait: Window::exactly(Duration::from_secs(10)) }
}

/// The questions of all that was asked, in order.
fn asked<P: Process<Message = lock::Message>>(fixture: &Fixture<P>) -> Vec<Id> {
    let question = |message: &lock::Message| match message {
        lock::Message::Consul(consul::Message::Ask { question, .. }) => *question,
        lock::Message::Etcd3(etcd3::Message::Ask { question, .. }) => *question,
        _ => None,
    };
    fixture.sent().filter_map(|(_, message)| question(message)).collect()
}

fn last<P: Process<Message = lock::Message>>(fixture: &Fixture<P>) -> Id {
    *asked(fixture).last().expect("it asked")
}

/// A Consul's list of these cells' keys; those that no session holds too.
fn list<P: Process<Message = lock::Message>>(
    question: Id,
    fixture: &mut Fixture<P>,
    held: &[NodeId],
    released: &[NodeId],
) -> lock::Message {
    let (index, session) = (fixture.fresh_rank(INDICES), fixture.fresh_id());
    let entry = |cell: &NodeId, holder| {
        (key(*cell), consul::Entry { value: None, holder, token: None, created: index, modified: index })
    };
    let mut entries: Vec<_> = held.iter().map(|cell| entry(cell, Some(session))).collect();
    entries.extend(released.iter().map(|cell| entry(cell, None)));
    let answer = consul::Answer::Entries { entries, index };
    lock::Message::Consul(consul::Message::Answer { question, answer })
}

fn change(fixture: &mut Fixture<Watcher>, question: Id, change: etcd3::Change) -> lock::Message {
    let revision = fixture.fresh_rank(INDICES);
    let answer = etcd3::Answer::Changed(vec![change]);
    lock::Message::Etcd3(etcd3::Message::Answer { question, revision, answer })
}

/// What the watch says of a message.
fn learns(fixture: &mut Fixture<Watcher>, config: &watcher::Config, message: lock::Message) -> Vec<NodeId> {
    let mut watcher = fixture.process().clone();
    let mut fx = Effects::new(Default::default());
    let gone = watcher.learn(config, Input::Message { from: S, message: message.clone() }, &mut fx);
    fixture.message(S, message);
    gone
}

#[test]
fn who_is_not_in_the_next_list_is_gone() {
    let config = watch(Kind::Consul, difference());
    let mut watcher = Fixture::<Watcher>::start(C, config);
    let both = list(last(&watcher), &mut watcher, &[A, B], &[]);
    assert!(learns(&mut watcher, &config, both).is_empty());
    let released = list(last(&watcher), &mut watcher, &[B], &[A]);
    assert_eq!(learns(&mut watcher, &config, released), [A], "a key that no session holds is no cell");
}

#[test]
fn a_failure_forgets_nobody() {
    let config = watch(Kind::Consul, difference());
    let mut watcher = Fixture::<Watcher>::start(C, config);
    let both = list(last(&watcher), &mut watcher, &[A, B], &[]);
    watcher.message(S, both);
    let question = last(&watcher);
    let failed = lock::Message::Consul(consul::Message::Answer { question, answer: consul::Answer::Failed });
    assert_eq!(watcher.message(S, failed), ["arm Again 1s"]);
    watcher.timer(watcher::Timer::Again);
    let one = list(last(&watcher), &mut watcher, &[B], &[]);
    assert_eq!(learns(&mut watcher, &config, one), [A]);
}

#[test]
fn who_says_that_it_leaves_is_not_told_of() {
    let config = watch(Kind::Etcd3, By::All);
    let mut watcher = Fixture::<Watcher>::start(C, config);
    let questions = asked(&watcher);
    let (question, listing) = (questions[0], questions[1]);
    let revision = watcher.fresh_rank(INDICES);
    let answer = etcd3::Answer::Done(etcd3::Done::Range(Vec::new()));
    watcher.message(S, lock::Message::Etcd3(etcd3::Message::Answer { question: listing, revision, answer }));
    let name = |cell| etcd3::Name { path: key(cell), of: None };
    let value = Some(watcher.fresh_id());
    let leaves = etcd3::Entry { name: name(A), value, version: 2, created: revision, modified: revision, lease: None };
    let leaving = change(&mut watcher, question, etcd3::Change::Put(leaves));
    assert!(learns(&mut watcher, &config, leaving).is_empty());
    let gone = |cell| etcd3::Change::Deleted { name: name(cell), at: revision };
    let ended = change(&mut watcher, question, gone(A));
    assert!(learns(&mut watcher, &config, ended).is_empty());
    let died = change(&mut watcher, question, gone(B));
    assert_eq!(learns(&mut watcher, &config, died), [B], "it came before the watch began");
}

fn converger() -> Fixture<Site> {
    let config = converger::Config {
        registry: registry(Kind::Consul),
        watcher: watch(Kind::Consul, difference()),
        interval: Duration::from_secs(30),
        after_failure: Duration::from_secs(5),
        begins: converger::Begins::Empty,
    };
    Fixture::start(C, Config::Converger(config))
}

#[test]
fn a_converger_that_is_told_does_not_wait_for_its_loop() {
    let mut converger = converger();
    let present = list(last(&converger), &mut converger, &[A], &[]);
    converger.message(S, present);
    let watching = last(&converger);
    converger.timer(Timer::Loop);
    let present = list(last(&converger), &mut converger, &[A], &[]);
    assert_eq!(
        converger.message(S, present),
        ["persist Work({n1})", "emit Converged { present: {n1} }", "arm Loop 30s"]
    );
    let nobody = list(watching, &mut converger, &[], &[]);
    let did = converger.message(S, nobody);
    assert!(did.contains(&"emit Told { cell: n1 }".into()) && did.contains(&"emit Converging".into()), "{did:?}");
    let nobody = list(last(&converger), &mut converger, &[], &[]);
    let did = converger.message(S, nobody);
    assert_eq!(did[..2], ["emit Converged { present: {} }", "emit Rescheduled { cell: n1 }"]);
}

#[test]
fn a_converger_that_cannot_know_moves_nothing() {
    let mut converger = converger();
    converger.timer(Timer::Loop);
    let question = last(&converger);
    let failed = lock::Message::Consul(consul::Message::Answer { question, answer: consul::Answer::Failed });
    assert_eq!(converger.message(S, failed), ["arm Loop 5s"]);
}

#[test]
fn a_lease_that_is_gone_is_replaced_and_nobody_is_stopped() {
    let seconds = Duration::from_secs;
    let config = lease::Config {
        key: key(A),
        ttl: seconds(3),
        renew_every: seconds(1),
        retry: seconds(1),
        attaches: true,
        replaces: true,
        clean_stop: lease::CleanStop::SaysSo,
    };
    let mut cell = Fixture::<Lease>::start(A, config);
    let revision = cell.fresh_rank(INDICES);
    let answers = |cell: &mut Fixture<Lease>, answer| {
        let question = match cell.sent().last() {
            Some((_, etcd3::Message::Ask { question: Some(question), .. })) => *question,
            other => panic!("it asked: {other:?}"),
        };
        cell.message(S, etcd3::Message::Answer { question, revision, answer })
    };
    let lease = cell.fresh_id();
    answers(&mut cell, etcd3::Answer::Granted { lease, ttl: seconds(3) });
    let set = answers(&mut cell, etcd3::Answer::Transacted { succeeded: true, done: Vec::new() });
    assert_eq!(set, ["emit Acquired"]);
    let renewal = cell.step(Input::Timer(lock::contender::Timer::Renew));
    let [Effect::Send { message: etcd3::Message::KeepAlive { question, .. }, .. }] = &renewal[..] else {
        panic!("it renews: {renewal:?}")
    };
    let gone = etcd3::Message::KeptAlive { question: *question, revision, ttl: None };
    let did = cell.message(S, gone);
    assert!(did.contains(&"emit Doubted".into()) && did.last().is_some_and(|it| it.contains("Grant")), "{did:?}");
}

#[test]
fn keys_and_cells_name_each_other() {
    for cell in (1..=u16::from(registry::MOST)).map(NodeId) {
        assert!(key(cell).is_under(CELLS));
        assert_eq!(registry::cell(key(cell)), Some(cell));
    }
}

/// A store that works on each question for half a second, and has two others and ten rows.
fn busy_store() -> Fixture<Site> {
    let (request, row) = (Duration::from_millis(500), Duration::from_millis(200));
    let load = load::Load { others: 2, request, rows: 10, row };
    Fixture::start(S, Config::BusyStore(load::Config { store: lock::store::Config::Etcd3, load }))
}

fn turn(store: &mut Fixture<Site>, armed: usize) -> Vec<String> {
    let timers = store.armed().cloned().collect::<Vec<_>>();
    store.timer(timers[armed].clone())
}

#[test]
fn a_question_waits_for_one_of_each_other_and_all_rows_at_most_and_is_served_in_turn() {
    let mut store = busy_store();
    let (first, second) = (store.fresh_id(), store.fresh_id());
    let registry = registry(Kind::Etcd3);
    assert_eq!(store.message(A, registry.list(first)), ["arm Turn(#2) 500ms..3500ms"]);
    // Its own is besides before it.
    assert_eq!(store.message(C, registry.list(second)), ["arm Turn(#3) 500ms..4s"]);

    assert_eq!(turn(&mut store, 1), Vec::<String>::new(), "A came first");
    let [to_first, to_second] = &turn(&mut store, 0)[..] else { panic!("both are served") };
    assert!(to_first.starts_with("send n1 Etcd3(Answer { question: #0"), "{to_first}");
    assert!(to_second.starts_with("send n3 Etcd3(Answer { question: #1"), "{to_second}");
}

#[test]
fn what_a_client_asked_is_served_when_it_is_gone() {
    let mut store = busy_store();
    let question = store.fresh_id();
    store.message(A, registry(Kind::Etcd3).list(question));
    assert_eq!(store.closed(A, etcd3::KEY_LANE), Vec::<String>::new());
    assert_eq!(turn(&mut store, 0).len(), 1);
}

#[test]
fn a_load_that_takes_longer_than_an_hour_is_refused() {
    let load = |others, rows, request| load::Load { others, request, rows, row: Duration::from_millis(1) };
    let second = Duration::from_secs(1);
    assert!(load(3_599, 0, second).check().is_ok());
    let refused = [
        load(3_600, 0, second),
        load(3_599, 1, second),
        load(0, 0, Duration::from_secs(3_601)),
        load(1_000_000, 100_000_000, Duration::NEVER),
        load(0, 0, Duration::NEVER),
        load(0, 0, Duration::ZERO),
    ];
    refused.iter().for_each(|load| assert!(load.check().is_err(), "{load:?}"));
}
