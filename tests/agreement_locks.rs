//! The engines agree on random locks: any store and its client, with parameters, faults and clocks at random.
//!
//! `TENURE_LOCKS=1000 cargo test --release --test agreement_locks` tries so many, and `TENURE_LOCKS_FROM=1` others of
//! them. Spans are whole half seconds, so that ticks of half a second are exact where clocks do not drift.

#[path = "support/compare.rs"]
mod compare;

use std::{
    cell::RefCell,
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use compare::{Case, Compared, Facts, Scale};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use rayon::prelude::*;
use tenure::{
    app::{Options, Question},
    design::Resolved,
    lock::{self, Memory, Site},
    spec::{Form, Protocol},
    time::Duration,
    verdict::{Figure, Verdict},
};

const HALF_SECOND: i64 = 500_000;
const SCALE: Scale = Scale {
    tick: HALF_SECOND,
    cap: 60 * 2 * HALF_SECOND,
    situations: 20_000,
    memory: 16 << 20,
    seeds: 4,
    horizon: 60 * 2 * HALF_SECOND,
    strikes: 8 * 2 * HALF_SECOND,
};
/// Designs that are tried where nothing else is asked for.
const LOCKS: u32 = 24;

/// A lock and what is asked of it.
#[derive(Clone, Debug)]
struct Lock {
    store: &'static str,
    design: String,
    property: &'static str,
    within: i64,
}

#[test]
fn engines_agree_on_random_locks() {
    let locks = asked_for("TENURE_LOCKS").unwrap_or(LOCKS);
    let seen: RefCell<Vec<(&str, Option<bool>, Compared)>> = RefCell::default();
    let config = Config { cases: locks, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new_with_rng(config, rng()).run(&lock(), |lock| {
        let Some((ticks, one)) = compare(&lock) else { return Ok(()) };
        seen.borrow_mut().push((lock.store, ticks, one));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let seen = seen.into_inner();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut stores: BTreeMap<&str, usize> = BTreeMap::new();
    for (store, _, one) in &seen {
        *kinds.entry(one.kind).or_default() += 1;
        *stores.entry(store).or_default() += 1;
    }
    let total = |count: fn(&Compared) -> usize| seen.iter().map(|(.., one)| count(one)).sum::<usize>();
    let ticks = |rounded: bool| seen.iter().filter(|(_, ticks, _)| *ticks == Some(rounded)).count();
    println!(
        "{} of {locks} locks compared: {stores:?}, {kinds:?}; {} with ticks, {} with rounded ones; {} runs of the checker \
         replayed, {} of the event loop followed, {} readings; the hull is loose in {} of {} questions",
        seen.len(),
        ticks(false),
        ticks(true),
        total(|one| one.replayed),
        total(|one| one.followed),
        total(|one| one.read),
        total(|one| one.loose),
        total(|one| one.asked),
    );
    let (most, compared) = (locks as usize, seen.len());
    assert!(compared * 2 >= most && stores.len() == 5, "{compared} of {locks} locks: {stores:?}");
    assert!(ticks(false) * 5 >= most, "{} of {locks} locks are small enough for ticks", ticks(false));
}

/// 2026-11-26: each turn of a cycle exchanged the two machines, and the event loop refused the second one.
#[test]
fn a_turn_of_a_cycle_may_exchange_interchangeable_machines() {
    let design = "tenure = 1\nprotocol = \"lock\"\n[design]\ncontenders = 2\n[design.store]\nkind = \"locket\"\nlook = \
                  \"500ms\"\n[design.client]\nkind = \"locket\"\nttl = \"3s\"\nretry = \"1500ms\"\ndeadline = \
                  \"1500ms\"\nreleases = false\n[design.machine]\n[design.work]\nstart = \"0s\"\nstop = \"0s\"\n\
                  [network]\ndelay = \"500ms..1000ms\"\nrto = \"0ms\"\ncapacity = 12\n[ledger.l]\nphase = \"0s\"\n\
                  election = { at_most = 1, for = \"0s\" }\n";
    let lock = Lock { store: "locket", design: design.into(), property: "free-lock-is-taken", within: 1 };
    let (_, one) = compare(&lock).expect("no cap is met");
    assert_eq!(one.kind, "unbounded");
}

#[test]
fn answers_about_locks_do_not_depend_on_the_number_of_threads() {
    let mut runner = TestRunner::new_with_rng(Config::default(), rng());
    let locks: Vec<Lock> =
        (0..6).map(|_| lock().new_tree(&mut runner).expect("nothing is filtered").current()).collect();
    let answers = [1, 2, 4].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be started");
        pool.install(|| locks.par_iter().map(answer).collect::<Vec<_>>())
    });
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}

fn asked_for(variable: &str) -> Option<u32> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

/// Which locks are tried depends on a number only.
fn rng() -> TestRng {
    let from = asked_for("TENURE_LOCKS_FROM").unwrap_or(0).to_le_bytes();
    TestRng::from_seed(RngAlgorithm::ChaCha, &[from; 8].concat())
}

fn answer(lock: &Lock) -> String {
    let case = case(lock);
    Case { scale: Scale { memory: 2 << 20, ..SCALE }, ..case }.answer()
}

/// `None` if a cap is met; otherwise whether ticks were rounded, if the design was small enough for them.
fn compare(lock: &Lock) -> Option<(Option<bool>, Compared)> {
    let case = case(lock);
    let ticks = case.ticks();
    let (facts, one) = case.compare(ticks.as_ref())?;
    judged_alike(lock, case.property.form, facts);
    Some((ticks.map(|(_, rounded)| rounded), one))
}

fn resolved(lock: &Lock) -> Resolved {
    Resolved::from_text("random", &lock.design).unwrap_or_else(|bad| panic!("{bad:?}\n{}", lock.design))
}

fn case(lock: &Lock) -> Case<Site, Memory> {
    let (protocol, design) = (lock::protocol(), resolved(lock));
    let builder = design.builder("l", &protocol.ledger_keys()).expect("the ledger is right");
    let typed = design.design().expect("the design is right");
    let setup = protocol.build(&typed, builder).unwrap_or_else(|error| panic!("{error}\n{}", lock.design));
    let property = protocol.properties().into_iter().find(|property| property.id == lock.property);
    let property = property.expect("the property exists");
    Case { name: format!("{}\n{}", lock.property, lock.design), setup, property, scale: SCALE }
}

/// What the application says is what the engines said. It replays every run that it found itself.
fn judged_alike(lock: &Lock, form: Form, facts: Facts) {
    let app = tenure::own();
    let design = resolved(lock);
    let within = matches!(form, Form::Within(_)).then(|| Duration::from_secs(lock.within));
    let asked = Question { property: lock.property.into(), ledger: "l".into(), within };
    let protocol = app.protocol_of(&design).expect("it is a lock");
    let options = Options { memory: Some(SCALE.memory as u64), ..Options::default() };
    let judged = catch_unwind(AssertUnwindSafe(|| protocol.check(&design, &asked, &options)));
    let judged = judged.unwrap_or_else(|_| panic!("a defect\n{}\n{}", lock.property, lock.design));
    let finding = judged.expect("it can be asked").finding;
    let name = format!("{}\n{}\n{facts:?}\n{:?} {:?}", lock.property, lock.design, finding.verdict, finding.worst);
    let most = within.map_or(0, Duration::micros);
    let bad = match form {
        Form::Never => facts.violated,
        Form::Apart => facts.violated || facts.never || facts.longest > Some(0),
        Form::Within(_) => facts.never || facts.longest > Some(most),
        Form::Reachable => unreachable!("no property of a lock asks for that"),
    };
    match finding.verdict {
        Verdict::ProtocolError { .. } => assert!(facts.protocol_error, "{name}"),
        Verdict::Holds { .. } | Verdict::Vacuous { .. } => assert!(!bad, "{name}"),
        Verdict::Violated => assert!(bad, "{name}"),
        Verdict::TimeStuck { .. } | Verdict::Unknown { .. } => {}
    }
    if let (Some(Figure::Exact(worst)), Some(longest)) = (finding.worst, facts.longest) {
        assert_eq!(worst.micros().min(SCALE.cap), longest.min(SCALE.cap), "{name}");
    }
    if let (Some(Figure::Exact(best)), Some(shortest)) = (finding.best, facts.shortest) {
        assert_eq!(best.micros(), shortest, "{name}");
    }
}

/// Half seconds, written out.
fn span(halves: std::ops::RangeInclusive<i64>) -> impl Strategy<Value = i64> {
    halves
}

fn text(halves: i64) -> String {
    format!("\"{}ms\"", halves * 500)
}

fn window(lo: std::ops::RangeInclusive<i64>, more: std::ops::RangeInclusive<i64>) -> impl Strategy<Value = String> {
    (lo, more).prop_map(|(lo, more)| format!("\"{}ms..{}ms\"", lo * 500, (lo + more) * 500))
}

fn lock() -> impl Strategy<Value = Lock> {
    let contenders = prop_oneof![19 => Just(2), 1 => Just(3)];
    let restart = prop_oneof![Just(String::new()), window(0..=2, 0..=2).prop_map(|span| format!("restart = {span}"))];
    let notices = prop_oneof![3 => Just("at-once"), 1 => Just("when-all-up")];
    let notice =
        prop_oneof![1 => Just(String::new()), 1 => span(0..=3).prop_map(|span| format!("notice = {}", text(span)))];
    let network = (window(0..=1, 0..=1), span(0..=2));
    (store(), contenders, (restart, notices, notice), work(), network, asked(), 1..=30_i64).prop_map(
        |((store, parts), contenders, (restart, notices, notice), work, (delay, rto), (property, ledger), within)| {
            let writes = property == "no-stale-write";
            let (every, resource) = match writes {
                true => ("write_every = \"1s\"", "[design.resource]\nchecks_token = false"),
                false => ("", ""),
            };
            // Nobody lines up at another store.
            let notice = if store == "record" { notice } else { String::new() };
            // There is no token without the lock.
            let parts: String = parts
                .lines()
                .filter(|line| !(writes && line.starts_with("lockless")))
                .map(|line| format!("{line}\n"))
                .collect();
            let design = format!(
                "tenure = 1\nprotocol = \"lock\"\n[design]\ncontenders = {contenders}\n{parts}[design.machine]\n\
                 {restart}\nnotices_loss = \"{notices}\"\n{notice}\n[design.work]\n{every}\n{work}\n{resource}\n[network]\ndelay \
                 = {delay}\nrto = {}\ncapacity = 12\n[ledger.l]\n{ledger}\n",
                text(rto)
            );
            Lock { store, design, property, within }
        },
    )
}

/// One piece of work, or a group of two members in order.
fn work() -> impl Strategy<Value = String> {
    let spans = || (window(0..=0, 0..=1), window(0..=1, 0..=2));
    let first = prop_oneof![Just("never"), Just("while-starting"), Just("when-all-up")];
    prop_oneof![
        3 => spans().prop_map(|(start, stop)| format!("start = {start}\nstop = {stop}")),
        1 => (spans(), first, spans()).prop_map(|((start, stop), acts, (start_2, stop_2))| {
            format!(
                "[design.work.members.one]\nstart = {start}\nstop = {stop}\nacts = \"{acts}\"\n\
                 [design.work.members.two]\nstart = {start_2}\nstop = {stop_2}"
            )
        }),
    ]
}

/// A property, and a ledger in which it has something to say.
fn asked() -> impl Strategy<Value = (&'static str, String)> {
    let asked = prop_oneof![
        3 => (Just("at-most-one-believes"), hit()),
        3 => (Just("at-most-one-acts"), hit()),
        1 => (Just("at-most-one-acts-by-lock"), hit()),
        1 => (Just("acquires-once"), hit()),
        1 => (Just("start-up-ends-on-loss"), hit()),
        1 => (Just("no-stale-write"), hit()),
        2 => (Just("healthy-worker-keeps-lock"), hit()),
        1 => (Just("doubt-stops-work"), hit()),
        2 => (Just("clean-handover"), terminate()),
        1 => (Just("handover-after-work"), terminate()),
        4 => (Just("hard-death-takeover"), crash()),
        1 => (Just("takeover-after-last-renewal"), crash()),
        1 => (Just("free-lock-is-taken"), election()),
        1 => (Just("work-resumes-after-election"), election()),
    ];
    let more = prop_oneof![4 => Just(None), 1 => hit().prop_map(Some)];
    let clocks = (
        prop_oneof![5 => Just(""), 1 => Just("drift = \"10%\"")],
        prop_oneof![4 => Just(0_i64), 1 => Just(1)],
        0..=2_i64,
    );
    (asked, more, clocks).prop_map(|((property, first), second, (drift, reaction, phase))| {
        let lines: BTreeMap<&str, String> = second.into_iter().chain([first]).collect();
        let lines: Vec<String> = lines.into_iter().map(|(class, table)| format!("{class} = {{ {table} }}")).collect();
        let phase = phase * 500;
        let clocks = format!("{drift}\nreaction = {}\nphase = \"0s..{phase}ms\"", text(reaction));
        (property, format!("{clocks}\n{}", lines.join("\n")))
    })
}

type Hit = (&'static str, String);

fn hit() -> BoxedStrategy<Hit> {
    prop_oneof![
        3 => crash(),
        1 => tokens().prop_map(|tokens| ("death", tokens)),
        3 => tokens().prop_map(|tokens| ("loss", tokens)),
        2 => lasting("pause", 6),
        1 => lasting("suspend", 4),
        2 => lasting("cut", 8),
        2 => terminate(),
        2 => election(),
    ]
    .boxed()
}

fn crash() -> BoxedStrategy<Hit> {
    let restart = prop_oneof![Just("\"never\"".to_string()), window(0..=1, 0..=2)];
    (tokens(), restart).prop_map(|(tokens, restart)| ("crash", format!("{tokens}, restart = {restart}"))).boxed()
}

fn terminate() -> BoxedStrategy<Hit> {
    tokens().prop_map(|tokens| ("terminate", tokens)).boxed()
}

fn election() -> BoxedStrategy<Hit> {
    lasting("election", 4)
}

fn lasting(class: &'static str, most: i64) -> BoxedStrategy<Hit> {
    (tokens(), window(0..=1, 0..=most))
        .prop_map(move |(tokens, span)| (class, format!("{tokens}, for = {span}")))
        .boxed()
}

fn tokens() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => Just("at_most = 1".to_string()),
        1 => Just("at_most = 2".to_string()),
        1 => span(8..=16).prop_map(|span| format!("at_most = 1, within = {}", text(span))),
    ]
}

/// A store and its client.
fn store() -> impl Strategy<Value = (&'static str, String)> {
    prop_oneof![
        consul().prop_map(|parts| ("consul", parts)),
        etcd2().prop_map(|parts| ("etcd2", parts)),
        etcd3().prop_map(|parts| ("etcd3", parts)),
        locket().prop_map(|parts| ("locket", parts)),
        record().prop_map(|parts| ("record", parts)),
    ]
}

fn consul() -> impl Strategy<Value = String> {
    let store = (span(2..=6), 1..=2_u8, span(0..=6), prop_oneof![Just("release"), Just("delete")], any::<bool>());
    let keeping = (
        0..=3_i64,
        prop_oneof![Just("stop"), Just("retry"), Just("retry-until-gone")],
        span(1..=3),
        prop_oneof![Just(String::new()), window(4..=8, 0..=2).prop_map(|wait| format!("wait = {wait}"))],
    );
    let rest = (
        span(1..=6),
        span(1..=6),
        prop_oneof![Just("destroy"), Just("keep")],
        prop_oneof![Just("destroy"), Just("release-and-destroy"), Just("leave")],
        any::<bool>(),
        prop_oneof![Just(String::new()), span(2..=8).prop_map(|limit| format!("request_timeout = {}", text(limit)))],
    );
    let lost = prop_oneof![2 => Just("ends-attempt"), 1 => Just("awaits-attempt"), 1 => Just("retries-beside")];
    let looks = (span(2..=4), 1..=2_u8, 1..=2_u8).prop_map(|(poll, enter, leave)| {
        format!("lockless = {{ poll = {}, enter_after = {enter}, leave_after = {leave} }}", text(poll))
    });
    let eras = (lost, prop_oneof![3 => Just(String::new()), 1 => looks]);
    let parts = (store, keeping, rest, eras);
    parts.prop_map(|((ttl, times, delay, behavior, newer), (sooner, failure, again, wait), rest, (lost, lockless))| {
        let (refused, error, doubt, stop, rereads, timeout) = rest;
        // Only an attempt that waits at the store can outlive its session.
        let lost = if wait.is_empty() { "ends-attempt" } else { lost };
        let version = if newer { "0.6" } else { "0.5" };
        format!(
            "[design.store]\nkind = \"consul\"\nversion = \"{version}\"\nsession_ttl = {}\n\
             session_ttl_min = \"0s\"\nttl_multiplier = {times}\nlock_delay = {}\nbehavior = \"{behavior}\"\n[design.client]\nkind = \"consul\"\nrenew_every \
                 = {}\non_renew_failure = \"{failure}\"\nrenew_retry = {}\n{wait}\nrefused_retry = {}\nerror_retry = \
                 {}\non_doubt = \"{doubt}\"\nclean_stop = \"{stop}\"\nrereads = {rereads}\nsession_loss = \
                 \"{lost}\"\n{lockless}\n{timeout}",
            text(ttl),
            text(delay),
            text((ttl - sooner).max(1)),
            text(again),
            text(refused),
            text(error),
        )
    })
}

fn etcd2() -> impl Strategy<Value = String> {
    let timeout =
        prop_oneof![Just(String::new()), span(2..=8).prop_map(|limit| format!("request_timeout = {}", text(limit)))];
    (span(1..=4), span(1..=4), timeout).prop_map(|(every, more, timeout)| {
        format!(
            "[design.store]\nkind = \"etcd2\"\n[design.client]\nkind = \"etcd2\"\nevery = {}\nttl = {}\n{timeout}",
            text(every),
            text(every + more)
        )
    })
}

fn etcd3() -> impl Strategy<Value = String> {
    let from = prop_oneof![Just("asked"), Just("answer")];
    (span(1..=3), span(1..=3), -2..=4_i64, from, span(1..=3), any::<bool>()).prop_map(
        |(renew, more, longer, from, retry, revokes)| {
            format!(
                "[design.store]\nkind = \"etcd3\"\n[design.client]\nkind = \"etcd3\"\nttl = {}\nlease = {}\nlease_from \
                 = \"{from}\"\nrenew_every = {}\nretry = {}\nrevokes = {revokes}",
                text((renew + more + longer).max(1)),
                text(renew + more),
                text(renew),
                text(retry),
            )
        },
    )
}

fn locket() -> impl Strategy<Value = String> {
    (span(1..=4), span(1..=3), span(1..=4), span(1..=8), any::<bool>()).prop_map(
        |(look, retry, more, deadline, releases)| {
            format!(
                "[design.store]\nkind = \"locket\"\nlook = {}\n[design.client]\nkind = \"locket\"\nttl = {}\nretry = \
                 {}\ndeadline = {}\nreleases = {releases}",
                text(look),
                text(retry + more),
                text(retry),
                text(deadline),
            )
        },
    )
}

fn record() -> impl Strategy<Value = String> {
    let from = prop_oneof![Just("asked"), Just("try")];
    let release = prop_oneof![Just("never"), Just("by-version"), Just("by-name")];
    let timeout =
        prop_oneof![Just(String::new()), span(2..=8).prop_map(|limit| format!("request_timeout = {}", text(limit)))];
    let spans = (span(1..=2), span(1..=3), -2..=4_i64, span(1..=2), window(1..=2, 0..=2));
    (spans, from, any::<bool>(), release, timeout).prop_map(
        |((renew, more, longer, again, retry), from, watches, release, timeout)| {
            format!(
                "[design.store]\nkind = \"record\"\n[design.client]\nkind = \"record\"\nlease = {}\nrenew_deadline = \
                 {}\ndeadline_from = \"{from}\"\nrenew_every = {}\nrenew_retry = {}\nretry = {retry}\nwatches = \
                 {watches}\nrelease = \"{release}\"\n{timeout}",
                text((renew + more + longer).max(1)),
                text(renew + more),
                text(renew),
                text(again),
            )
        },
    )
}
