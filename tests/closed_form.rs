//! The lease lock's worst take-over: a formula, derived by hand in `models/lease/closed-form.toml`, against zones and
//! against ticks, which share nothing above the world.

use std::sync::{Arc, Mutex};

use tenure::{
    design::{Resolved, Shelf},
    lease,
    spec::Protocol,
    ticks,
    timed::{self, Crew, Limits, Longest, Switches},
    world::{Focus, Reductions, World},
};

/// Half a second.
const TICK: i64 = 500_000;

/// In ticks; a delay is up to one.
struct Spans {
    ttl: i64,
    retry: i64,
    resend: i64,
}

fn world(contenders: u8, ledger: &str, spans: &Spans, reductions: Reductions) -> World<lease::Member, lease::Memory> {
    let mut design = Resolved::load(Shelf::Disk, "models/lease/closed-form.toml").expect("it is a design");
    let ms = |ticks: i64| format!("{}ms", ticks * TICK / 1_000);
    for (path, value) in [
        ("design.contenders", contenders.to_string()),
        ("design.store.ttl", ms(spans.ttl)),
        ("design.contender.lease", ms(spans.ttl)),
        ("design.contender.renew", ms(spans.retry)),
        ("design.contender.retry", ms(spans.retry)),
        ("design.contender.resend", ms(spans.resend)),
        ("network.delay", "0ms..500ms".to_owned()),
    ] {
        design.set(&format!("{path}={value}")).expect("the file has it");
    }
    let protocol = lease::protocol();
    let builder = design.builder(ledger, &protocol.ledger_keys()).expect("the file has the ledger");
    let setup = protocol.build(&design.design().expect("it is a lease lock"), builder).expect("it is possible");
    let property = protocol.properties().into_iter().find(|property| property.id == "hard-death-takeover");
    World::new(setup, property.expect("it is known"), Focus::Check, reductions)
}

#[test]
fn the_closed_form_is_what_zones_and_ticks_find() {
    let spans = [Spans { ttl: 12, retry: 4, resend: 3 }, Spans { ttl: 10, retry: 5, resend: 3 }];
    for Spans { ttl, retry, resend } in spans {
        for (ledger, losses) in [("one-crash", 0), ("crash-and-loss", 1), ("crash-and-two-losses", 2)] {
            let spans = Spans { ttl, retry, resend };
            let derived = (ttl + 4 + retry + losses * resend) * TICK;
            let mut zones = world(2, ledger, &spans, Reductions::ALL);
            let (longest, _) = timed::longest(&mut zones, None, &Limits::default(), &Switches::default());
            let Longest::Exact { micros, .. } = longest else { panic!("{ledger}: {longest:?}") };
            assert_eq!(micros, derived, "{ledger}, zones");
            let shared: ticks::Shared = Arc::new(Mutex::new(world(2, ledger, &spans, Reductions::NONE)));
            let seen = ticks::survey(&shared, TICK, derived + 4 * TICK, ticks::Limits::states(4_000_000)).found;
            let seen = seen.expect("it is small enough for ticks");
            assert_eq!(seen.longest, Some(ticks::Reading::Is(derived)), "{ledger}, ticks");
            assert!(!seen.never, "{ledger}, ticks");
        }
    }
}

/// Threads that work ahead change nothing: neither an answer, nor its story, nor what was looked at.
#[test]
fn an_answer_is_the_same_with_any_number_of_helpers() {
    let answer = |helpers| {
        let spans = Spans { ttl: 12, retry: 4, resend: 3 };
        let mut zones = world(3, "two-crashes-two-losses", &spans, Reductions::ALL);
        let limits = Limits { crew: Crew::of(helpers), ..Limits::default() };
        timed::longest(&mut zones, None, &limits, &Switches::default())
    };
    let alone = answer(0);
    assert!(matches!(alone.0, Longest::Exact { .. }), "{:?}", alone.0);
    for helpers in [1, 3] {
        assert_eq!(answer(helpers), alone, "{helpers} helpers");
    }
}
