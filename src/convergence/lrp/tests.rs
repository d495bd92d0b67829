//! The table of every state and operation. Where notes and code disagree, the code counts.

use expect_test::expect;

use super::*;

fn instance(name: u64) -> Instance {
    Instance { guid: Id::new(name), cell: NodeId(name as u16) }
}

fn letter(instance: Instance) -> &'static str {
    ["a", "w", "e", "s"][instance.cell.index()]
}

fn told(lrp: &Lrp) -> String {
    let mut text = match lrp.ordinary {
        None => "-".to_string(),
        Some(State::Unclaimed { refused: false }) => "UNCLAIMED".into(),
        Some(State::Unclaimed { refused: true }) => "UNCLAIMED!".into(),
        Some(State::Claimed(one)) => format!("CLAIMED {}", letter(one)),
        Some(State::Running(one)) => format!("RUNNING {}", letter(one)),
        Some(State::Crashed) => "CRASHED".into(),
    };
    for (slot, name) in [(lrp.evacuating, "evacuating"), (lrp.suspect, "suspect")] {
        if let Some(one) = slot {
            text += &format!(" + {name} {}", letter(one));
        }
    }
    text
}

/// Every state with every operation of the instance that may have it (a) and of another (w).
fn table(beside: &Lrp, rules: &Rules) -> String {
    let (a, w) = (instance(0), instance(1));
    let states = [
        None,
        Some(UNCLAIMED),
        Some(State::Unclaimed { refused: true }),
        Some(State::Claimed(a)),
        Some(State::Running(a)),
        Some(State::Crashed),
    ];
    let of = |name: &str, op: fn(Instance) -> Op| [(format!("{name} a"), op(a)), (format!("{name} w"), op(w))];
    let ops = [
        of("claim", Op::Claim),
        of("start", Op::Start),
        of("crash", Op::Crash),
        of("remove", Op::Remove),
        of("evacuate running", Op::EvacuateRunning),
        of("evacuate claimed", Op::EvacuateClaimed),
        of("unclaim if", |one| Op::Unclaim(Some(one))),
        of("suspect", Op::Suspect),
        [("unclaim".into(), Op::Unclaim(None)), ("promote".into(), Op::Promote)],
    ];
    let mut text = String::new();
    for state in states {
        for (name, op) in ops.iter().flatten().chain(&[("fail".into(), Op::Fail)]) {
            let mut lrp = Lrp { ordinary: state, ..beside.clone() };
            let before = told(&lrp);
            let Outcome { reply, wants_start } = lrp.apply(*op, rules);
            let after = if told(&lrp) == before { String::new() } else { format!(" -> {}", told(&lrp)) };
            let auction = if wants_start { ", auction" } else { "" };
            text += &format!("{before}: {name}: {reply:?}{auction}{after}\n");
        }
    }
    text
}

// Where notes and code disagree, the code counts: a RUNNING container does not win back a CRASHED row ("start" of
// CRASHED is refused); a reservation without a row is left alone ("claim" of - is absent, not refused).
#[test]
fn every_state_has_an_answer_to_every_operation() {
    expect![[r#"
        -: claim a: Absent
        -: claim w: Absent
        -: start a: Done -> RUNNING a
        -: start w: Done -> RUNNING w
        -: crash a: Absent
        -: crash w: Absent
        -: remove a: Absent
        -: remove w: Absent
        -: evacuate running a: Refused
        -: evacuate running w: Refused
        -: evacuate claimed a: Absent
        -: evacuate claimed w: Absent
        -: unclaim if a: Absent
        -: unclaim if w: Absent
        -: suspect a: Refused
        -: suspect w: Refused
        -: unclaim: Absent
        -: promote: Absent
        -: fail: Absent
        UNCLAIMED: claim a: Done -> CLAIMED a
        UNCLAIMED: claim w: Done -> CLAIMED w
        UNCLAIMED: start a: Done -> RUNNING a
        UNCLAIMED: start w: Done -> RUNNING w
        UNCLAIMED: crash a: Refused
        UNCLAIMED: crash w: Refused
        UNCLAIMED: remove a: Refused
        UNCLAIMED: remove w: Refused
        UNCLAIMED: evacuate running a: Done -> UNCLAIMED + evacuating a
        UNCLAIMED: evacuate running w: Done -> UNCLAIMED + evacuating w
        UNCLAIMED: evacuate claimed a: Refused
        UNCLAIMED: evacuate claimed w: Refused
        UNCLAIMED: unclaim if a: Same
        UNCLAIMED: unclaim if w: Same
        UNCLAIMED: suspect a: Refused
        UNCLAIMED: suspect w: Refused
        UNCLAIMED: unclaim: Same
        UNCLAIMED: promote: Absent
        UNCLAIMED: fail: Done -> UNCLAIMED!
        UNCLAIMED!: claim a: Done -> CLAIMED a
        UNCLAIMED!: claim w: Done -> CLAIMED w
        UNCLAIMED!: start a: Done -> RUNNING a
        UNCLAIMED!: start w: Done -> RUNNING w
        UNCLAIMED!: crash a: Refused
        UNCLAIMED!: crash w: Refused
        UNCLAIMED!: remove a: Refused
        UNCLAIMED!: remove w: Refused
        UNCLAIMED!: evacuate running a: Done -> UNCLAIMED! + evacuating a
        UNCLAIMED!: evacuate running w: Done -> UNCLAIMED! + evacuating w
        UNCLAIMED!: evacuate claimed a: Refused
        UNCLAIMED!: evacuate claimed w: Refused
        UNCLAIMED!: unclaim if a: Same
        UNCLAIMED!: unclaim if w: Same
        UNCLAIMED!: suspect a: Refused
        UNCLAIMED!: suspect w: Refused
        UNCLAIMED!: unclaim: Same
        UNCLAIMED!: promote: Absent
        UNCLAIMED!: fail: Done
        CLAIMED a: claim a: Same
        CLAIMED a: claim w: Refused
        CLAIMED a: start a: Done -> RUNNING a
        CLAIMED a: start w: Done -> RUNNING w
        CLAIMED a: crash a: Done, auction -> UNCLAIMED
        CLAIMED a: crash w: Refused
        CLAIMED a: remove a: Done -> -
        CLAIMED a: remove w: Refused
        CLAIMED a: evacuate running a: Done, auction -> UNCLAIMED + evacuating a
        CLAIMED a: evacuate running w: Done -> CLAIMED a + evacuating w
        CLAIMED a: evacuate claimed a: Done, auction -> UNCLAIMED
        CLAIMED a: evacuate claimed w: Refused
        CLAIMED a: unclaim if a: Done -> UNCLAIMED
        CLAIMED a: unclaim if w: Refused
        CLAIMED a: suspect a: Done -> UNCLAIMED + suspect a
        CLAIMED a: suspect w: Refused
        CLAIMED a: unclaim: Done -> UNCLAIMED
        CLAIMED a: promote: Absent
        CLAIMED a: fail: Refused
        RUNNING a: claim a: Done -> CLAIMED a
        RUNNING a: claim w: Refused
        RUNNING a: start a: Same
        RUNNING a: start w: Refused
        RUNNING a: crash a: Done, auction -> UNCLAIMED
        RUNNING a: crash w: Refused
        RUNNING a: remove a: Done -> -
        RUNNING a: remove w: Refused
        RUNNING a: evacuate running a: Done, auction -> UNCLAIMED + evacuating a
        RUNNING a: evacuate running w: Refused
        RUNNING a: evacuate claimed a: Done, auction -> UNCLAIMED
        RUNNING a: evacuate claimed w: Refused
        RUNNING a: unclaim if a: Done -> UNCLAIMED
        RUNNING a: unclaim if w: Refused
        RUNNING a: suspect a: Done -> UNCLAIMED + suspect a
        RUNNING a: suspect w: Refused
        RUNNING a: unclaim: Done -> UNCLAIMED
        RUNNING a: promote: Absent
        RUNNING a: fail: Refused
        CRASHED: claim a: Refused
        CRASHED: claim w: Refused
        CRASHED: start a: Refused
        CRASHED: start w: Refused
        CRASHED: crash a: Refused
        CRASHED: crash w: Refused
        CRASHED: remove a: Refused
        CRASHED: remove w: Refused
        CRASHED: evacuate running a: Refused
        CRASHED: evacuate running w: Refused
        CRASHED: evacuate claimed a: Refused
        CRASHED: evacuate claimed w: Refused
        CRASHED: unclaim if a: Refused
        CRASHED: unclaim if w: Refused
        CRASHED: suspect a: Refused
        CRASHED: suspect w: Refused
        CRASHED: unclaim: Done -> UNCLAIMED
        CRASHED: promote: Absent
        CRASHED: fail: Refused
    "#]]
    .assert_eq(&table(&Lrp::default(), &Rules::default()));
}

#[test]
fn an_evacuating_row_of_a_third_keeps_others_out() {
    let beside = Lrp { evacuating: Some(instance(2)), ..Lrp::default() };
    let table = table(&beside, &Rules::default());
    let about: Vec<&str> =
        table.lines().filter(|line| line.contains("evacuate running") || line.contains(": start")).collect();
    expect![[r#"
        - + evacuating e: start a: Done -> RUNNING a
        - + evacuating e: start w: Done -> RUNNING w
        - + evacuating e: evacuate running a: Refused
        - + evacuating e: evacuate running w: Refused
        UNCLAIMED + evacuating e: start a: Done -> RUNNING a
        UNCLAIMED + evacuating e: start w: Done -> RUNNING w
        UNCLAIMED + evacuating e: evacuate running a: Refused
        UNCLAIMED + evacuating e: evacuate running w: Refused
        UNCLAIMED! + evacuating e: start a: Done -> RUNNING a
        UNCLAIMED! + evacuating e: start w: Done -> RUNNING w
        UNCLAIMED! + evacuating e: evacuate running a: Refused
        UNCLAIMED! + evacuating e: evacuate running w: Refused
        CLAIMED a + evacuating e: start a: Done -> RUNNING a
        CLAIMED a + evacuating e: start w: Done -> RUNNING w
        CLAIMED a + evacuating e: evacuate running a: Done, auction -> UNCLAIMED + evacuating a
        CLAIMED a + evacuating e: evacuate running w: Refused
        RUNNING a + evacuating e: start a: Same
        RUNNING a + evacuating e: start w: Refused
        RUNNING a + evacuating e: evacuate running a: Done, auction -> UNCLAIMED + evacuating a
        RUNNING a + evacuating e: evacuate running w: Refused
        CRASHED + evacuating e: start a: Refused
        CRASHED + evacuating e: start w: Refused
        CRASHED + evacuating e: evacuate running a: Refused
        CRASHED + evacuating e: evacuate running w: Refused"#]]
    .assert_eq(&about.join("\n"));
}

#[test]
fn a_suspect_instance_is_heard_and_not_obeyed() {
    let beside = Lrp { suspect: Some(instance(1)), ..Lrp::default() };
    let table = table(&beside, &Rules::default());
    let about: Vec<&str> = table
        .lines()
        .filter(|line| {
            [": claim w", ": start", ": crash w", ": evacuate running w", ": evacuate claimed w", ": promote"]
                .iter()
                .any(|op| line.contains(op))
        })
        .collect();
    expect![[r#"
        - + suspect w: claim w: Same
        - + suspect w: start a: Done -> RUNNING a
        - + suspect w: start w: Same
        - + suspect w: crash w: Done -> -
        - + suspect w: evacuate running w: Done -> - + evacuating w
        - + suspect w: evacuate claimed w: Done -> -
        - + suspect w: promote: Done -> RUNNING w
        UNCLAIMED + suspect w: claim w: Same
        UNCLAIMED + suspect w: start a: Done -> RUNNING a
        UNCLAIMED + suspect w: start w: Same
        UNCLAIMED + suspect w: crash w: Done -> UNCLAIMED
        UNCLAIMED + suspect w: evacuate running w: Done -> UNCLAIMED + evacuating w
        UNCLAIMED + suspect w: evacuate claimed w: Done -> UNCLAIMED
        UNCLAIMED + suspect w: promote: Done -> RUNNING w
        UNCLAIMED! + suspect w: claim w: Same
        UNCLAIMED! + suspect w: start a: Done -> RUNNING a
        UNCLAIMED! + suspect w: start w: Same
        UNCLAIMED! + suspect w: crash w: Done -> UNCLAIMED!
        UNCLAIMED! + suspect w: evacuate running w: Done -> UNCLAIMED! + evacuating w
        UNCLAIMED! + suspect w: evacuate claimed w: Done -> UNCLAIMED!
        UNCLAIMED! + suspect w: promote: Done -> RUNNING w
        CLAIMED a + suspect w: claim w: Same
        CLAIMED a + suspect w: start a: Done -> RUNNING a
        CLAIMED a + suspect w: start w: Same
        CLAIMED a + suspect w: crash w: Done -> CLAIMED a
        CLAIMED a + suspect w: evacuate running w: Done -> CLAIMED a + evacuating w
        CLAIMED a + suspect w: evacuate claimed w: Done -> CLAIMED a
        CLAIMED a + suspect w: promote: Done -> RUNNING w
        RUNNING a + suspect w: claim w: Same
        RUNNING a + suspect w: start a: Same
        RUNNING a + suspect w: start w: Same
        RUNNING a + suspect w: crash w: Done -> RUNNING a
        RUNNING a + suspect w: evacuate running w: Done -> RUNNING a + evacuating w
        RUNNING a + suspect w: evacuate claimed w: Done -> RUNNING a
        RUNNING a + suspect w: promote: Done -> RUNNING w
        CRASHED + suspect w: claim w: Same
        CRASHED + suspect w: start a: Refused
        CRASHED + suspect w: start w: Same
        CRASHED + suspect w: crash w: Done -> CRASHED
        CRASHED + suspect w: evacuate running w: Done -> CRASHED + evacuating w
        CRASHED + suspect w: evacuate claimed w: Done -> CRASHED
        CRASHED + suspect w: promote: Done -> RUNNING w"#]]
    .assert_eq(&about.join("\n"));
}

#[test]
fn until_2017_an_evacuee_without_another_place_was_told_to_go() {
    let rules = Rules { keeps_refused_evacuee: false, start_removes_evacuating: false, ..Rules::default() };
    let beside =
        Lrp { ordinary: Some(State::Unclaimed { refused: true }), evacuating: Some(instance(0)), ..Lrp::default() };
    let mut lrp = beside;
    assert_eq!(lrp.apply(Op::EvacuateRunning(instance(0)), &rules).reply, Reply::Refused);
    assert_eq!(told(&lrp), "UNCLAIMED!");
}

#[test]
fn the_third_crash_in_a_row_is_not_followed_by_a_start_at_once() {
    let mut lrp = Lrp::desired();
    let mut outcomes = Vec::new();
    for _ in 0..3 {
        lrp.apply(Op::Start(instance(0)), &Rules::default());
        outcomes.push(lrp.apply(Op::Crash(instance(0)), &Rules::default()).wants_start);
    }
    assert_eq!((outcomes, told(&lrp)), (vec![true, true, false], "CRASHED".to_string()));
}

#[test]
fn who_catches_up_is_told_of_every_crash() {
    let crashes = |rules: &Rules| {
        let mut lrp = Lrp::desired();
        for _ in 0..5 {
            lrp.ordinary = Some(State::Unclaimed { refused: false });
            lrp.apply(Op::Start(instance(0)), rules);
            lrp.apply(Op::Crash(instance(0)), rules);
        }
        lrp.crashes
    };
    assert_eq!(crashes(&Rules::default()), 3);
    assert_eq!(crashes(&Rules { counts_every_crash: true, ..Rules::default() }), 5);
}
