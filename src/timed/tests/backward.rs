//! Hunts from the end against unit ticks: every span is shown by a run or by none, and both say so alike.

use super::ticks::{CAP, facts, replay};
use crate::{
    timed::{
        Limits, MOST_HUNTED,
        backward::{Hunt, Hunted, Prey, Wanted, hunt},
        budget::Meter,
        concrete::{Aim, concretise},
        hull::{Hull, Out},
        net::Net as Explored,
        testing::{Net, TableSpace, Twins},
    },
    world::space::PathStep,
};

/// Above each span that is asked for; what has run for longer is one reading.
const SPANS: i64 = 12;

#[test]
fn a_hunt_finds_the_spans_that_ticks_show_and_no_other() {
    let mut tried = Tried::default();
    for seed in 0..100 {
        compare(&format!("net {seed}"), &Net::random(seed).space(), &mut tried);
    }
    assert!(tried.found > 200 && tried.none > 200, "{tried:?}");
}

#[test]
fn a_hunt_goes_back_through_renamings() {
    let mut tried = Tried::default();
    for seed in 0..100 {
        compare(&format!("twins {seed}"), &Twins::random(seed).space(), &mut tried);
    }
    assert!(tried.found > 200 && tried.none > 200 && tried.renamed > 50, "{tried:?}");
}

#[derive(Default, Debug)]
struct Tried {
    found: u32,
    none: u32,
    /// Steps with a renaming.
    renamed: usize,
}

/// Asks for every span up to a few, at least and at most.
fn compare(name: &str, space: &TableSpace, tried: &mut Tried) {
    let Some(facts) = facts(space) else { return };
    let (limits, mut explored) = (Limits::default(), space.clone());
    let (mut net, mut meter) = (Explored::with(&mut explored, true, Vec::new()), Meter::new(&limits));
    let hull = Hull::explore(&mut net, CAP, &mut meter).expect("a small net has a small hull");
    for span in 0..SPANS {
        let least = facts.longest.is_some_and(|longest| longest >= span);
        let most = facts.shortest.is_some_and(|shortest| shortest <= span);
        for (wanted, expected) in [(Wanted::AtLeast(span), least), (Wanted::AtMost(span), most)] {
            let ends = |out: &Out| out.reading.is_some() && (out.reads || matches!(wanted, Wanted::AtLeast(_)));
            let prey = Prey { ends: &ends, wanted };
            match hunt(&mut net, &hull, &prey, MOST_HUNTED, &mut meter).expect("no limit is reached") {
                Hunted::Run(steps) => {
                    assert!(expected, "{name}: no run shows {wanted:?}");
                    assert!(shows(space, &mut net, &steps, wanted), "{name}: {wanted:?}");
                    tried.found += 1;
                    tried.renamed += steps.iter().filter(|step| step.automorphism.is_some()).count();
                }
                Hunted::Nothing => {
                    assert!(!expected, "{name}: a run shows {wanted:?}");
                    tried.none += 1;
                }
                Hunted::Open => panic!("{name}: a small space is hunted through"),
            }
            let mut hunt = Hunt::new(&mut net, &hull, &prey).expect("no limit is reached");
            let mut ends = (0..).map(|most| hunt.go_on(&mut net, most, &mut meter).expect("no limit is reached"));
            let end = ends.find(|hunted| !matches!(hunted, Hunted::Open));
            assert_eq!(matches!(end, Some(Hunted::Run(_))), expected, "{name}: {wanted:?}, zone by zone");
        }
    }
}

/// Whether ticks read what is wanted at the last step, at the moments that are made for the steps.
fn shows(space: &TableSpace, net: &mut Explored<'_>, steps: &[PathStep], wanted: Wanted) -> bool {
    let (aim, span, at_least) = match wanted {
        Wanted::Anything => (Aim::Any, 0, true),
        Wanted::AtLeast(span) => (Aim::AtLeast(span), span, true),
        Wanted::AtMost(span) => (Aim::AtMost(span), span, false),
    };
    let path = concretise(net, steps, aim).expect("no cap is declared").expect("a hunt ends with a run");
    replay(space, &path).readings.iter().any(|shown| if at_least { *shown >= span } else { *shown <= span })
}
