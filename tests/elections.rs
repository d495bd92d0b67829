//! Elections that come again and again: each new leader counts the session of a dead worker from the beginning.

use tenure::{
    App,
    app::{Options, Question},
    design::{Resolved, Shelf},
    time::Duration,
    trace::{Claim, Trace},
    verdict::{Figure, Verdict},
};

/// A session lives for 20 s, a leader here for 15 s.
#[test]
fn leaders_that_change_before_a_session_is_forgotten_keep_a_dead_workers_lock_for_ever() {
    let app = tenure::own();
    let design = app.load(Shelf::Disk, "models/lock/elections.toml", &["network.delay=0ms".into()]);
    let design = design.expect("it can be read");
    let protocol = app.protocol_of(&design).expect("it is a lock");
    let asked = Question {
        property: "hard-death-takeover".into(),
        ledger: "often".into(),
        within: Some(Duration::from_secs(60)),
    };
    let finding = protocol.check(&design, &asked, &Options::default()).expect("it can be asked").finding;
    assert_eq!(finding.verdict, Verdict::Violated);
    let turn = Duration::from_secs(15);
    let Some(Figure::Unbounded { least, greatest }) = finding.worst else { panic!("{:?}", finding.worst) };
    assert!(least >= turn && greatest >= least, "a token comes back once a turn: {least} to {greatest}");
    let trace = finding.trace.expect("the story is shown");
    assert_eq!(elections_a_turn(&trace), [1, 1, 1]);
    replays_only_whole_turns(&app, &design, &trace);
}

/// The elections in each of the three turns that the story shows.
fn elections_a_turn(trace: &Trace) -> Vec<usize> {
    let Claim::Cycle { from, turns: 3 } = trace.claim else { panic!("three turns are shown: {:?}", trace.claim) };
    let turns = trace.steps[from..].chunks_exact((trace.steps.len() - from) / 3);
    let lost = |did: &&String| did.starts_with("request LoseLeader");
    turns.map(|turn| turn.iter().flat_map(|step| &step.did).filter(lost).count()).collect()
}

/// The event loop follows the three turns, and refuses them when one is not whole.
fn replays_only_whole_turns(app: &App, design: &Resolved, trace: &Trace) {
    let protocol = app.protocol_of(design).expect("it is a lock");
    let again = protocol.replay(design, trace).expect("the event loop takes three turns");
    assert_eq!(again.steps, trace.steps);
    let mut cut = trace.clone();
    cut.steps.pop();
    assert!(protocol.replay(design, &cut).is_err());
}

/// Nothing is wrong with the cell, nor with its session.
#[test]
fn an_election_gives_the_work_of_a_healthy_cell_to_others() {
    let app = tenure::own();
    let design = app.load(Shelf::Disk, "models/known/presence-flap-in-election.toml", &[]).expect("it can be read");
    let protocol = app.protocol_of(&design).expect("it is of presences");
    let asked = Question { property: "live-cell-keeps-its-work".into(), ledger: "election".into(), within: None };
    let finding = protocol.check(&design, &asked, &Options::default()).expect("it can be asked").finding;
    let trace = finding.trace.expect("the story is shown");
    let mut did = trace.steps.iter().flat_map(|step| &step.did);
    for expected in ["LeaderLost", "emit Lock(Contender(Doubted))", "LeaderElected", "emit Rescheduled { cell: n1 }"] {
        assert!(did.any(|line| line.contains(expected)), "{expected} comes next");
    }
    let expired = |line: &String| line.contains("Expired");
    assert!(!trace.steps.iter().flat_map(|step| &step.did).any(expired), "its session lives until it destroys it");
}
