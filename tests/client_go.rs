//! From which rate between two clocks on two may act in client-go's election, as a formula.
//!
//! A success may be heard of one delay late. The holder then rests, tries again, and gives up a deadline after that try,
//! all on its own clock; others wait for a lease on theirs, from when it was written at the earliest. So with clocks off
//! by a rate r two act once
//!
//!     delay + (renew_every + renew_deadline) / (1 - r)  >  lease / (1 + r)
//!
//! That is with one silent connection. With two, the answer itself may be held back for as long as a client waits: see the
//! ledger `two-cuts` of the design.
//!
//! The documented ratio, lease to renew_deadline, leaves out two terms: the rest between renewals, and the delay.

use tenure::{
    app::{Options, Question},
    design::Shelf,
    verdict::Verdict,
};

/// Parts in a million, and microseconds.
const MILLION: i128 = 1_000_000;

/// How far from the formula's lease a design is asked: far above the rounding of windows, far below every term.
const STEP_MILLIS: i128 = 1;

struct Point {
    delay: i128,
    renew_every: i128,
    renew_deadline: i128,
    /// In parts in a million.
    rate: i128,
}

#[test]
fn two_may_act_from_the_ratio_on_that_the_formula_gives() {
    let mut draw = Draw(2026);
    for _ in 0..8 {
        let renew_every = draw.between(500, 3_000);
        let point = Point {
            delay: draw.between(1, 400),
            renew_every,
            renew_deadline: renew_every + draw.between(1_000, 12_000),
            rate: draw.between(1_000, 150_000),
        };
        let lease = point.lease();
        assert_eq!(point.two_act(lease + STEP_MILLIS), Verdict::Holds { touches: false, vacuity_unknown: false });
        assert_eq!(point.two_act(lease - STEP_MILLIS), Verdict::Violated);
    }
}

/// 15 s against 10 s: the documented ratio would be 1.5, and clocks off by 20 %.
#[test]
fn with_the_usual_spans_the_ratio_is_less_than_lease_to_deadline() {
    let usual = |rate| Point { delay: 250, renew_every: 2_000, renew_deadline: 10_000, rate };
    assert!(usual(101_900).lease() <= 15_000 && usual(102_000).lease() > 15_000);
    assert!(Point { delay: 0, renew_every: 0, ..usual(200_000) }.lease() == 15_000);
}

impl Point {
    /// The lease at which it turns, in milliseconds, rounded up.
    fn lease(&self) -> i128 {
        let holder = self.delay * (MILLION - self.rate) + (self.renew_every + self.renew_deadline) * MILLION;
        let lease = holder * (MILLION + self.rate);
        let scale = (MILLION - self.rate) * MILLION;
        (lease + scale - 1) / scale
    }

    fn two_act(&self, lease: i128) -> Verdict {
        let Point { delay, renew_every, renew_deadline, rate } = self;
        let cut = renew_every + renew_deadline + 3_000;
        let changes = [
            format!("network.delay=0ms..{delay}ms"),
            format!("design.client.lease={lease}ms"),
            format!("design.client.renew_every={renew_every}ms"),
            format!("design.client.renew_retry={renew_every}ms"),
            format!("design.client.retry={renew_every}ms..{}ms", renew_every * 22 / 10),
            format!("design.client.renew_deadline={renew_deadline}ms"),
            format!("design.client.request_timeout={renew_deadline}ms"),
            format!("ledger.drift-below.drift={rate}ppm"),
            format!("ledger.drift-below.cut.for=0s..{cut}ms"),
        ];
        let app = tenure::own();
        let design = app.load(Shelf::Disk, "models/lock/client-go.toml", &changes).expect("it can be read");
        let protocol = app.protocol_of(&design).expect("it is a lock");
        let question = Question { property: "at-most-one-acts".into(), ledger: "drift-below".into(), within: None };
        protocol.check(&design, &question, &Options::default()).expect("it can be asked").finding.verdict
    }
}

/// Numbers that look random, the same in each run.
struct Draw(u64);

impl Draw {
    fn between(&mut self, least: i128, greatest: i128) -> i128 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        least + i128::from(self.0 >> 33) % (greatest - least + 1)
    }
}
