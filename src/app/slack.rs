//! What a proof rests on: which bounds of the network and the ledger matter, and how far each could move.
//!
//! More faults and wider windows only add runs, so what fails with one bound fails with every wider one. Both sides of
//! where it turns are answers of the checker.

use super::necessity::Answer;
use crate::{
    spec::Builder,
    time::{Drift, Duration, Window},
};

/// Spans are told to the millisecond, rates to 100 parts in a million.
const STEP: i64 = 1_000;
const RATE_STEP: i64 = 100;

/// A bound that holds so many times as wide is not one that a proof rests on.
const MOST: i64 = 16;

/// Drift is below one.
const FASTEST: i64 = 500_000;

/// A bound that a set-up assumes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Bound {
    Delay,
    /// After what time a broken connection is noticed.
    Notice,
    Drift,
    Reaction,
    /// How many faults of a class.
    Count(usize),
    /// How long a fault of a class lasts.
    Span(usize),
}

/// Where a bound turns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Turn {
    /// Up to the first it holds, up to the second it does not.
    At(i64, i64),
    /// It holds up to here, and nothing wider was tried.
    Beyond(i64),
    /// Up to the first it holds, and the second is not known.
    Unknown(i64, i64),
}

/// What a proof under these assumptions rests on, a sentence for each that it is to be asked about.
pub(super) fn slack(assumed: &Builder, mut ask: impl FnMut(&Builder) -> Answer) -> Vec<String> {
    let mut bounds = vec![Bound::Delay, Bound::Notice, Bound::Drift, Bound::Reaction];
    for class in 0..assumed.classes.len() {
        bounds.extend([Bound::Count(class), Bound::Span(class)]);
    }
    let told = bounds.into_iter().filter_map(|bound| {
        let now = bound.now(assumed)?;
        let turn = turn(bound.tries(now), bound.step(), now, |value| ask(&bound.put(assumed, value)));
        Some(bound.tell(assumed, now, turn))
    });
    told.collect()
}

/// Looks for the first of some values at which it does not hold, then between it and the one before.
fn turn(tries: Vec<i64>, step: i64, now: i64, mut ask: impl FnMut(i64) -> Answer) -> Turn {
    let mut good = now;
    let mut bad = None;
    for value in tries {
        let answer = ask(value);
        if answer != Answer::Safe {
            bad = Some((value, answer));
            break;
        }
        good = value;
    }
    let Some((mut bad, mut answer)) = bad else { return Turn::Beyond(good) };
    while bad - good > step {
        let between = good + (bad - good) / 2 / step * step;
        let between = if between == good { good + step } else { between };
        match ask(between) {
            Answer::Safe => good = between,
            other => (bad, answer) = (between, other),
        }
    }
    if answer == Answer::Fails { Turn::At(good, bad) } else { Turn::Unknown(good, bad) }
}

impl Bound {
    /// What is assumed; `None` if there is nothing to widen.
    fn now(self, assumed: &Builder) -> Option<i64> {
        let span = |span: Duration| (!span.is_never()).then(|| span.micros());
        match self {
            Bound::Delay => span(assumed.delay.hi()),
            Bound::Notice => span(assumed.rto).filter(|rto| *rto > 0),
            Bound::Drift => Some(i64::from(assumed.drift.parts_per_million())),
            Bound::Reaction => span(assumed.reaction),
            Bound::Count(class) => Some(i64::from(assumed.classes[class].tokens.at_most)).filter(|count| *count > 0),
            Bound::Span(class) => {
                let class = &assumed.classes[class];
                class.span.filter(|_| class.tokens.at_most > 0).and_then(|window| span(window.hi()))
            }
        }
    }

    fn step(self) -> i64 {
        match self {
            Bound::Delay | Bound::Notice | Bound::Reaction | Bound::Span(_) => STEP,
            Bound::Drift => RATE_STEP,
            Bound::Count(_) => 1,
        }
    }

    /// The wider values that are tried until one fails.
    fn tries(self, now: i64) -> Vec<i64> {
        match self {
            Bound::Count(_) => vec![now + 1],
            _ => {
                // What is not there at all begins with ten steps.
                let base = if now == 0 { self.step() * 10 } else { now };
                let doubled = std::iter::successors(Some(base), |value| Some(value * 2));
                let least = if self == Bound::Drift { FASTEST } else { i64::MAX };
                let tries = doubled.take_while(|value| *value <= base * MOST).map(|value| value.min(least));
                tries.filter(|value| *value > now).collect()
            }
        }
    }

    fn put(self, assumed: &Builder, value: i64) -> Builder {
        let mut wider = assumed.clone();
        let up_to = |window: Window| Window::new(window.lo(), Duration::from_micros(value));
        match self {
            Bound::Delay => wider.delay = up_to(wider.delay),
            Bound::Notice => wider.rto = Duration::from_micros(value),
            Bound::Drift => {
                let rate = u32::try_from(value).ok().and_then(Drift::from_parts_per_million);
                wider.drift = rate.expect("no rate above a half is tried");
            }
            Bound::Reaction => wider.reaction = Duration::from_micros(value),
            Bound::Count(class) => wider.classes[class].tokens.at_most = value.try_into().unwrap_or(u8::MAX),
            Bound::Span(class) => {
                let span = &mut wider.classes[class].span;
                *span = span.map(up_to);
            }
        }
        wider
    }

    fn tell(self, assumed: &Builder, now: i64, turn: Turn) -> String {
        let write = |value: i64| match self {
            Bound::Count(_) => value.to_string(),
            Bound::Drift => format!("{value} ppm"),
            _ => Duration::from_micros(value).to_string(),
        };
        let key = |class: usize| assumed.classes[class].key.as_str();
        let (what, up_to) = match self {
            Bound::Delay => ("delay up to".into(), "up to "),
            Bound::Notice => ("a break noticed within".into(), "within "),
            Bound::Drift => ("drift up to".into(), "up to "),
            Bound::Reaction => ("reaction up to".into(), "up to "),
            Bound::Count(class) => (format!("{} at most", key(class)), "with "),
            Bound::Span(class) => (format!("{} for up to", key(class)), "up to "),
        };
        let now = write(now);
        match turn {
            Turn::At(good, bad) if write(good) == now => {
                format!("rests on {what} {now}: {up_to}{} it fails", write(bad))
            }
            Turn::At(good, bad) => {
                format!("rests on {what} {now}: {up_to}{} it holds, {up_to}{} it fails", write(good), write(bad))
            }
            Turn::Beyond(good) => format!("does not rest on {what} {now}: {up_to}{} it holds", write(good)),
            Turn::Unknown(good, next) => {
                format!("{what} {now}: {up_to}{} it holds, {up_to}{} is not known", write(good), write(next))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Class, Direction, Tokens};

    fn assumed() -> Builder {
        let crash = Class {
            key: "crash".into(),
            tokens: Tokens { at_most: 1, within: None },
            span: None,
            restart: None,
            nodes: None,
            direction: Direction::default(),
        };
        let pause = Class { key: "pause".into(), span: Some(Window::up_to(Duration::from_secs(2))), ..crash.clone() };
        Builder {
            delay: Window::up_to(Duration::from_millis(250)),
            rto: Duration::ZERO,
            patience: None,
            capacity: 8,
            drift: Drift::NONE,
            reaction: Duration::ZERO,
            phase: None,
            classes: vec![crash, pause],
        }
    }

    #[test]
    fn each_bound_is_told_with_where_it_turns() {
        let told = slack(&assumed(), |wider| {
            let fails = wider.delay.hi() > Duration::from_millis(312)
                || wider.classes[0].tokens.at_most > 1
                || wider.drift.parts_per_million() > 1_234;
            if fails {
                Answer::Fails
            } else if wider.classes[1].tokens.at_most > 1 {
                Answer::Unknown
            } else {
                Answer::Safe
            }
        });
        assert_eq!(
            told,
            [
                "rests on delay up to 250ms: up to 312ms it holds, up to 313ms it fails",
                "rests on drift up to 0 ppm: up to 1200 ppm it holds, up to 1300 ppm it fails",
                "does not rest on reaction up to 0s: up to 160ms it holds",
                "rests on crash at most 1: with 2 it fails",
                "pause at most 1: with 1 it holds, with 2 is not known",
                "does not rest on pause for up to 2s: up to 32s it holds",
            ]
        );
    }

    #[test]
    fn where_it_turns_within_a_step_both_sides_are_told() {
        let turn =
            turn(vec![2_500, 5_000], 1_000, 1_250, |value| if value > 1_300 { Answer::Fails } else { Answer::Safe });
        assert_eq!(turn, Turn::At(1_250, 2_250));
    }
}
