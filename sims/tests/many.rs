//! Two hundred machines contend for a lock, and the machine that works is killed: exactly one takes over, in time.

mod story;

use story::{Story, at, story};
use tenure::{
    design::{Expectation, Resolved},
    time::Duration,
};
use tenure_sims::scenario::{self, BOTH, Simulator};

const SEEDS: u64 = 2;
const ACQUIRED: &str = "Contender(Acquired)";

/// When the worker is killed, and how long a run goes on after.
const KILLED: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(60);

/// A design of the catalogue with so many contenders, one of which is killed for good.
fn design(file: &str, killed: &str) -> Resolved {
    let mut design = scenario::load(&format!("models/lock/{file}"));
    design.set("design.contenders=200").expect("it is a number of contenders");
    let kill = format!("[ledger.kill]\nschedule = [{{ at = \"{KILLED}\", kill = \"{killed}\" }}]\n");
    Resolved::from_text(file, &(design.text() + &kill)).unwrap_or_else(|bad| panic!("{}", bad.render(false, 120)))
}

/// The worst case that is proved of two or three contenders in which the worker and nothing else is killed.
fn proved(file: &str, ledger: &str) -> i64 {
    let design = scenario::load(&format!("models/lock/{file}"));
    let asked = |one: &&Expectation| one.property == "hard-death-takeover" && one.under == ledger;
    let worst = design.expectations.iter().find(asked).and_then(|one| one.worst);
    worst.expect("the file says how long it takes").micros()
}

/// A run in which the worker is killed. What comes before is the same as where another is.
fn worker_killed(file: &str, simulator: Simulator, seed: u64) -> (usize, Story) {
    let before = story(&design(file, "A"), "kill", KILLED, simulator, seed);
    let (_, worker) = *at(&before, ACQUIRED).last().expect("somebody has the lock within a minute");
    let setup = scenario::setup(&tenure::lock::protocol(), &design(file, "A"), "kill");
    let name = &setup.nodes[worker.index()].name;
    let story = story(&design(file, name), "kill", KILLED.plus(LONGEST), simulator, seed);
    let acquired = at(&story, ACQUIRED).into_iter().filter(|(at, _)| *at <= KILLED.micros());
    assert_eq!(acquired.collect::<Vec<_>>(), at(&before, ACQUIRED), "{file} on {simulator:?}, seed {seed}");
    (worker.index(), story)
}

fn one_of_two_hundred_takes_over(file: &str, ledger: &str) {
    let longest = proved(file, ledger);
    for simulator in BOTH {
        for seed in 0..SEEDS {
            let (worker, story) = worker_killed(file, simulator, seed);
            let place = format!("{file} on {simulator:?}, seed {seed}");
            let next: Vec<_> = at(&story, ACQUIRED).into_iter().filter(|(at, _)| *at > KILLED.micros()).collect();
            let [(taken, successor)] = next[..] else { panic!("{place}: {} take over", next.len()) };
            assert_ne!(successor.index(), worker, "{place}: it is dead");
            let took = taken - KILLED.micros();
            assert!(took <= longest, "{place}: after {took} us, longer than the proved {longest} us");
            assert_eq!(at(&story, "Contender(Doubted)"), [], "{place}");
        }
    }
}

#[test]
fn one_of_two_hundred_takes_the_recommended_lock_over() {
    one_of_two_hundred_takes_over("recommended.toml", "one-fault");
}

#[test]
fn one_of_two_hundred_takes_the_consul_lock_of_2016_over() {
    one_of_two_hundred_takes_over("consul-2016-10.toml", "one-crash");
}
