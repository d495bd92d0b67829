//! The experiment of requirement document 000 with a lock: the servers of the store are taken down one by one, and in
//! the middle of an election the worker loses the lock. Nobody can acquire it meanwhile; contenders try again, and one
//! of them has it once there is a leader. With the client of October 2016, which forgives its monitor seven errors, the
//! worker keeps it.

mod story;

use story::{Story, at, story};
use tenure::{design::Resolved, time::Duration};
use tenure_sims::scenario::{self, BOTH, Simulator};

const SEEDS: u64 = 50;

/// Three servers are restarted; each was the leader.
const DEPLOY: &str = r#"
[ledger.deploy]
schedule = [{ at = "60s", every = "45s", times = 3, election = "S", for = "2s..5s" }]
"#;

/// A design of the catalogue with three contenders.
fn design(file: &str) -> Resolved {
    let mut design = scenario::load(&format!("models/lock/{file}"));
    design.set("design.contenders=3").expect("it is a number of contenders");
    let text = design.text() + DEPLOY;
    Resolved::from_text(file, &text).unwrap_or_else(|refusal| panic!("{}", refusal.render(false, 120)))
}

const LASTING: Duration = Duration::from_secs(240);

fn told(design: &Resolved, simulator: Simulator, seed: u64) -> Story {
    story(design, "deploy", LASTING, simulator, seed)
}

/// The elections of a story, from the loss of a leader to the next.
fn elections(story: &Story) -> Vec<(i64, i64)> {
    let moments = |of: &str| {
        let of = story.iter().filter(|(.., event)| event.starts_with(of)).map(|(at, ..)| *at);
        of.collect::<Vec<i64>>()
    };
    moments("Store(LeaderLost").into_iter().zip(moments("Store(LeaderElected")).collect()
}

#[test]
fn in_the_middle_of_an_election_the_worker_loses_the_lock_and_one_acquires_it_after() {
    let design = design("consul-2015-04.toml");
    for simulator in BOTH {
        let mut changed = 0;
        for seed in 0..SEEDS {
            let story = told(&design, simulator, seed);
            let place = format!("{simulator:?}, seed {seed}");
            let elections = elections(&story);
            assert_eq!(elections.len(), 3, "{place}");
            let (lost, elected) = elections[0];
            let acquired = at(&story, "Contender(Acquired)");
            let (_, worker) = *acquired.iter().rfind(|(at, _)| *at < lost).expect("somebody holds the lock");
            let doubted = at(&story, "Contender(Doubted)");
            let doubt = doubted.iter().find(|(at, node)| (lost..=elected).contains(at) && *node == worker);
            assert!(doubt.is_some(), "{place}: {worker:?} loses the lock between {lost} and {elected}");
            assert!(!acquired.iter().any(|(at, _)| (lost..elected).contains(at)), "{place}: nobody can acquire it");
            let next = acquired.iter().find(|(at, _)| *at >= elected).map(|(_, next)| *next);
            changed += usize::from(next.expect("one acquires it after the election") != worker);
        }
        assert!(changed > 0, "{simulator:?}: in some runs it is another");
    }
}

#[test]
fn with_seven_monitor_retries_the_worker_keeps_the_lock() {
    let design = design("consul-2016-10.toml");
    for simulator in BOTH {
        for seed in 0..SEEDS {
            let story = told(&design, simulator, seed);
            let place = format!("{simulator:?}, seed {seed}");
            let elections = elections(&story);
            assert_eq!(elections.len(), 3, "{place}");
            let acquired = at(&story, "Contender(Acquired)");
            assert!(acquired.iter().any(|(at, _)| *at < elections[0].0), "{place}: somebody works before the election");
            assert_eq!(acquired.len(), 1, "{place}: no other acquires it");
            assert_eq!(at(&story, "Contender(Doubted)"), [], "{place}");
        }
    }
}

/// Without the retries the same client loses it: they are what keeps it.
#[test]
fn with_no_monitor_retry_the_same_client_loses_the_lock() {
    let text = design("consul-2016-10.toml").text().replace("monitor_retries = 7", "monitor_retries = 0");
    let design = Resolved::from_text("no-retries", &text).expect("it is still a design");
    for simulator in BOTH {
        let losers = (0..10).filter(|seed| !at(&told(&design, simulator, *seed), "Contender(Doubted)").is_empty());
        assert_eq!(losers.count(), 10, "{simulator:?}");
    }
}
