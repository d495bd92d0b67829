//! The engines agree on designs of the catalogue whose states are too many or too odd to be drawn at random: presences,
//! registrations and a convergence.
//!
//! Each is compared twice: with machines that may be exchanged told alike, and told apart.

#[allow(dead_code, reason = "other tests use more of it")]
#[path = "support/compare.rs"]
mod compare;

use compare::{Case, Compared, Scale};
use tenure::{
    convergence,
    design::{Resolved, Shelf},
    presence, registration,
    spec::{Form, Protocol},
};

const SCALE: Scale = Scale {
    tick: 250_000,
    cap: 200_000_000,
    situations: 100_000,
    memory: 48 << 20,
    seeds: 6,
    horizon: 90_000_000,
    strikes: 10_000_000,
};

/// How many of the questions that designs are asked in the catalogue were compared.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    asked: usize,
    compared: usize,
    with_ticks: usize,
    replayed: usize,
    followed: usize,
    read: usize,
    /// The same answer came of machines told apart.
    apart: usize,
}

#[test]
fn engines_agree_on_presences() {
    let designs = ["recommended", "etcd-2015", "weak-no-watch", "weak-late-notice"];
    let seen = tally(&presence::protocol(), "presence", &designs, SCALE.situations);
    assert!(seen.compared * 10 >= seen.asked * 9 && seen.with_ticks >= 1 && seen.apart >= 10, "{seen:?}");
}

#[test]
fn engines_agree_on_registrations() {
    let designs = ["recommended", "consul-2016-05", "weak-slow-sync"];
    let seen = tally(&registration::protocol(), "registration", &designs, SCALE.situations);
    assert!(seen.compared * 10 >= seen.asked * 9 && seen.apart >= 5, "{seen:?}");
}

/// Ticks are out of reach: three million situations are not enough.
#[test]
fn engines_agree_on_convergences() {
    let seen = tally(&convergence::protocol(), "convergence", &["recommended", "smallest"], 0);
    assert!(seen.compared * 10 >= seen.asked * 7 && seen.apart >= 10, "{seen:?}");
}

fn tally<T: Protocol>(protocol: &T, folder: &str, designs: &[&str], situations: usize) -> Tally {
    let mut seen = Tally::default();
    for name in designs {
        let path = format!("models/{folder}/{name}.toml");
        let design = Resolved::load(Shelf::Disk, &path).unwrap_or_else(|error| panic!("{error:?}"));
        for expected in &design.expectations {
            seen.asked += 1;
            let case = case(protocol, &design, &expected.property, &expected.under, situations);
            let ticks = if situations > 0 { case.ticks() } else { None };
            let Some((facts, one)) = case.compare(ticks.as_ref()) else { continue };
            seen.compared += 1;
            seen.with_ticks += usize::from(ticks.is_some());
            count(&mut seen, &one);
            // Symmetry is a reduction: it changes how much is searched, not what is found.
            let mut apart = case;
            apart.setup.nodes.iter_mut().for_each(|node| node.group = None);
            apart.name += ", told apart";
            if let Some((told_apart, one)) = apart.compare(None) {
                assert_eq!(facts, told_apart, "{}", apart.name);
                seen.apart += 1;
                count(&mut seen, &one);
            }
        }
    }
    println!("{folder}: {seen:?}");
    seen
}

fn count(seen: &mut Tally, one: &Compared) {
    seen.replayed += one.replayed;
    seen.followed += one.followed;
    seen.read += one.read;
}

fn case<T: Protocol>(
    protocol: &T,
    design: &Resolved,
    property: &str,
    ledger: &str,
    situations: usize,
) -> Case<T::Process, T::Memory> {
    let builder = design.builder(ledger, &protocol.ledger_keys()).unwrap_or_else(|error| panic!("{error:?}"));
    let typed = design.design().unwrap_or_else(|error| panic!("{error:?}"));
    let setup = protocol.build(&typed, builder).unwrap_or_else(|error| panic!("{error:?}"));
    let property = protocol.properties().into_iter().find(|known| known.id == property).expect("it is known");
    assert!(property.form != Form::Reachable, "what is reachable is no question of engines");
    let name = format!("{} under {ledger}: {}", design.file, property.id);
    Case { name, setup, property, scale: Scale { situations, ..SCALE } }
}
