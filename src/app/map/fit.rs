//! A formula for points of a line: few terms, round coefficients, exact arithmetic.
//!
//! Between two spans or numbers it is a straight line with a rational slope. Over the drift of clocks it is straight in
//! spans that are counted on the fastest, the slowest and a true clock: `d / (1 - r) = 15 s / (1 + r) - 250 ms`.

use crate::{design::Kind, report::seconds};

/// Where a property turns: at `at` between `lo` and `hi`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fact {
    pub(super) at: i64,
    pub(super) lo: i64,
    pub(super) hi: i64,
}

/// Where the property turns, as a function of the other parameter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Formula {
    /// `slope.0 / slope.1 * a + base`
    Straight { slope: (i64, i64), base: i64 },
    /// A span on the clock `left` is the sum of a span on the fastest, on the slowest and on a true clock.
    Clocks { left: Clock, spans: [i64; 3] },
}

/// Above and below its line; below is positive.
type Fraction = (i128, i128);

/// Whose rate a span is counted by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Clock {
    Fastest,
    Slowest,
    True,
}

const CLOCKS: [Clock; 3] = [Clock::Fastest, Clock::Slowest, Clock::True];

const MILLION: i128 = 1_000_000;

/// Windows are rounded outward, each by a microsecond at most; a run to the boundary has a few of them.
const ROUNDING: i64 = 8;

/// Coefficients are multiples of one of these, the first that does.
const GRAINS: [i64; 9] = [1_000_000, 500_000, 250_000, 100_000, 50_000, 25_000, 10_000, 5_000, 1_000];

/// No part of a slope is greater.
const SIMPLE: i64 = 1_000;

/// Fewer points than this are no line.
pub(super) const FEWEST: usize = 4;

impl Formula {
    /// Where the property turns at `a`; `None` beyond what can be counted.
    pub(crate) fn at(&self, a: i64) -> Option<i64> {
        let value = match self {
            Formula::Straight { slope: (rise, run), base } => {
                (i128::from(*rise) * i128::from(a)).div_euclid(i128::from(*run)) + i128::from(*base)
            }
            Formula::Clocks { left, spans } => {
                let (fast, slow) = (MILLION + i128::from(a), MILLION - i128::from(a));
                let [on_fast, on_slow, on_true] = spans.map(i128::from);
                let sum = on_fast * MILLION * slow + on_slow * MILLION * fast + on_true * fast * slow;
                let (times, over) = left.rate(a);
                (sum * times).div_euclid(fast * slow * over)
            }
        };
        i64::try_from(value).ok()
    }

    /// As an equation between the two parameters.
    pub(crate) fn text(&self, at: (&str, Kind), turns: (&str, Kind)) -> String {
        let value = |value: i64| if turns.1 == Kind::Span { seconds(value) } else { turns.1.write(value) };
        match self {
            Formula::Straight { slope: (rise, run), base } => {
                let factor = match (rise, run) {
                    (0, _) => return format!("{} = {}", turns.0, value(*base)),
                    _ if at.1 != turns.1 => format!("{} * ", value(*rise)),
                    (1, 1) => String::new(),
                    (-1, 1) => "-".into(),
                    (rise, 1) => format!("{rise} * "),
                    (rise, run) => format!("{rise}/{run} * "),
                };
                let sign = if *base < 0 { "-" } else { "+" };
                let base = if *base == 0 { String::new() } else { format!(" {sign} {}", value(base.abs())) };
                format!("{} = {factor}{}{base}", turns.0, at.0)
            }
            Formula::Clocks { left, spans } => {
                let mut sum = String::new();
                for (clock, span) in CLOCKS.iter().zip(spans).filter(|(_, span)| **span != 0) {
                    let sign = match (sum.is_empty(), *span < 0) {
                        (true, false) => "",
                        (true, true) => "-",
                        (false, false) => " + ",
                        (false, true) => " - ",
                    };
                    sum.push_str(&format!("{sign}{}{}", seconds(span.abs()), clock.over(at.0)));
                }
                format!("{}{} = {}", turns.0, left.over(at.0), if sum.is_empty() { "0 s" } else { &sum })
            }
        }
    }

    fn meets(&self, facts: &[Fact]) -> bool {
        let near = |fact: &Fact, value: i64| fact.lo - ROUNDING <= value && value <= fact.hi + ROUNDING;
        facts.iter().all(|fact| self.at(fact.at).is_some_and(|value| near(fact, value)))
    }
}

impl Clock {
    /// Its rate at a drift, as a fraction.
    fn rate(self, drift: i64) -> (i128, i128) {
        match self {
            Clock::Fastest => (MILLION + i128::from(drift), MILLION),
            Clock::Slowest => (MILLION - i128::from(drift), MILLION),
            Clock::True => (1, 1),
        }
    }

    fn over(self, drift: &str) -> String {
        match self {
            Clock::Fastest => format!(" / (1 + {drift})"),
            Clock::Slowest => format!(" / (1 - {drift})"),
            Clock::True => String::new(),
        }
    }
}

/// The simplest formula that meets every fact, if there is a simple one. The facts are in the order of `at`.
pub(super) fn fit(facts: &[Fact], at: Kind, turns: Kind) -> Option<Formula> {
    if facts.len() < FEWEST {
        return None;
    }
    if (at, turns) == (Kind::Rate, Kind::Span) { clocks(facts) } else { straight(facts, at == turns) }
}

fn straight(facts: &[Fact], alike: bool) -> Option<Formula> {
    let (mut least, mut most): (Option<Fraction>, Option<Fraction>) = (None, None);
    let greater = |a: Fraction, b: Fraction| a.0 * b.1 > b.0 * a.1;
    let slack = 2 * ROUNDING;
    for (index, first) in facts.iter().enumerate() {
        for second in &facts[index + 1..] {
            let run = i128::from(second.at - first.at);
            let low = (i128::from(second.lo - first.hi - slack), run);
            let high = (i128::from(second.hi - first.lo + slack), run);
            least = Some(least.filter(|least| greater(*least, low)).unwrap_or(low));
            most = Some(most.filter(|most| greater(high, *most)).unwrap_or(high));
        }
    }
    let (least, most) = (least?, most?);
    if greater(least, most) {
        return None;
    }
    let (rise, run) = simplest(least, most)?;
    if run > SIMPLE || (alike && rise.abs() > SIMPLE) || (!alike && run != 1) {
        return None;
    }
    let rest = |fact: &Fact| (i128::from(rise) * i128::from(fact.at)).div_euclid(i128::from(run)) as i64;
    let low = facts.iter().map(|fact| fact.lo - ROUNDING - rest(fact)).max()?;
    let high = facts.iter().map(|fact| fact.hi + ROUNDING - rest(fact)).min()?;
    let round = |grain: &i64| Some(high.div_euclid(*grain) * grain).filter(|base| *base >= low);
    let middle = i64::midpoint(low, high);
    let base = GRAINS.iter().find_map(round).unwrap_or(middle);
    Some(Formula::Straight { slope: (rise, run), base }).filter(|formula| formula.meets(facts))
}

/// The fraction with the smallest parts between two, either included.
fn simplest(least: Fraction, most: Fraction) -> Option<(i64, i64)> {
    if least.0 <= 0 && most.0 >= 0 {
        return Some((0, 1));
    }
    if most.0 < 0 {
        let (rise, run) = simplest((-most.0, most.1), (-least.0, least.1))?;
        return Some((-rise, run));
    }
    // The next whole number, or else what is between both without their common whole part, turned over.
    let whole = least.0.div_euclid(least.1);
    if whole * least.1 == least.0 {
        return Some((i64::try_from(whole).ok()?, 1));
    }
    if (whole + 1) * most.1 <= most.0 {
        return Some((i64::try_from(whole + 1).ok()?, 1));
    }
    let turned = simplest((most.1, most.0 - whole * most.1), (least.1, least.0 - whole * least.1))?;
    Some((i64::try_from(whole).ok()?.checked_mul(turned.0)?.checked_add(turned.1)?, turned.0))
}

/// With as few spans as possible, and of these the roundest.
fn clocks(facts: &[Fact]) -> Option<Formula> {
    let sets: [&[usize]; 7] = [&[0], &[1], &[2], &[0, 1], &[0, 2], &[1, 2], &[0, 1, 2]];
    [1, 2, 3].into_iter().find_map(|terms| {
        let sets: Vec<&[usize]> = sets.into_iter().filter(|set| set.len() == terms).collect();
        GRAINS.into_iter().find_map(|grain| {
            CLOCKS.into_iter().find_map(|left| sets.iter().find_map(|set| of_terms(facts, left, set, grain)))
        })
    })
}

/// Spans that are multiples of a grain, on the clocks of `set`.
fn of_terms(facts: &[Fact], left: Clock, set: &[usize], grain: i64) -> Option<Formula> {
    let first = facts.first()?;
    let middle = |fact: &Fact| i128::from(i64::midpoint(fact.lo, fact.hi));
    let given = |spans: [i64; 3]| Some(Formula::Clocks { left, spans }).filter(|formula| formula.meets(facts));
    let round = |span: i128| i64::try_from((span + i128::from(grain) / 2).div_euclid(i128::from(grain))).ok();
    match *set {
        [one] => {
            let span = middle(first) * SCALE / factor(left, one, first.at);
            let mut spans = [0; 3];
            spans[one] = round(span)? * grain;
            given(spans)
        }
        [one, other] => pair(facts, left, one, other, 0, grain).and_then(given),
        _ => {
            let most = 2 * facts.iter().map(|fact| fact.hi.abs()).max()? / grain;
            let towards = |steps: i64| [steps, -steps];
            let lasts = (1..=most).flat_map(towards).map(|steps| steps * grain);
            lasts.filter_map(|on_true| pair(facts, left, 0, 1, on_true, grain)).find_map(given)
        }
    }
}

/// Solves for two spans where the third is given, from the first and the last fact.
fn pair(facts: &[Fact], left: Clock, one: usize, other: usize, rest: i64, grain: i64) -> Option<[i64; 3]> {
    let (first, last) = (facts.first()?, facts.last()?);
    let value = |fact: &Fact| {
        let taken = i128::from(rest) * factor(left, 2, fact.at) / SCALE;
        i128::from(i64::midpoint(fact.lo, fact.hi)) - taken
    };
    let (a, b) = (factor(left, one, first.at), factor(left, other, first.at));
    let (c, d) = (factor(left, one, last.at), factor(left, other, last.at));
    let determinant = a * d - b * c;
    if determinant == 0 {
        return None;
    }
    let solved = |numerator: i128| {
        let span = numerator.checked_mul(SCALE)?.checked_div(determinant)?;
        let steps = (span + i128::from(grain) / 2).div_euclid(i128::from(grain));
        i64::try_from(steps).ok()?.checked_mul(grain)
    };
    let mut spans = [0, 0, rest];
    spans[one] = solved(value(first) * d - value(last) * b)?;
    spans[other] = solved(value(last) * a - value(first) * c)?;
    Some(spans)
}

const SCALE: i128 = 1_000_000_000_000;

/// How much a span on one of the clocks adds to the span on the left, scaled.
fn factor(left: Clock, clock: usize, drift: i64) -> i128 {
    let (times, over) = left.rate(drift);
    let (under, above) = CLOCKS[clock].rate(drift);
    SCALE * times * above / (over * under)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(ats: impl Iterator<Item = i64>, turns: impl Fn(i64) -> i64) -> Vec<Fact> {
        ats.map(|at| Fact { at, lo: turns(at), hi: turns(at) + 1 }).collect()
    }

    #[test]
    fn a_straight_line_is_found_with_its_slope() {
        let facts = facts((0..12).map(|step| 3_000_000 + step * 171_003), |at| (at * 101).div_euclid(99) + 1_500_000);
        let found = fit(&facts, Kind::Span, Kind::Span).expect("it is straight");
        assert_eq!(found, Formula::Straight { slope: (101, 99), base: 1_500_000 });
        assert_eq!(found.text(("lease", Kind::Span), ("ttl", Kind::Span)), "ttl = 101/99 * lease + 1.500 s");
        let bent = [&facts[..], &[Fact { at: 9_000_000, lo: 0, hi: 1 }]].concat();
        assert_eq!(fit(&bent, Kind::Span, Kind::Span), None);
    }

    #[test]
    fn a_fraction_is_as_simple_as_it_can_be() {
        assert_eq!(simplest((314, 100), (315, 100)), Some((22, 7)));
        assert_eq!(simplest((-315, 100), (-314, 100)), Some((-22, 7)));
        assert_eq!(simplest((3, 1), (4, 1)), Some((3, 1)));
        assert_eq!(simplest((-1, 3), (1, 5)), Some((0, 1)));
    }

    #[test]
    fn spans_on_drifting_clocks_are_found() {
        let turns = Formula::Clocks { left: Clock::Slowest, spans: [15_000_000, -2_000_000, -250_000] };
        let facts = facts((0..12).map(|step| 50_000 + step * 10_007), |at| turns.at(at).expect("it is small"));
        assert_eq!(fit(&facts, Kind::Rate, Kind::Span), Some(turns.clone()));
        let told = turns.text(("drift", Kind::Rate), ("deadline", Kind::Span));
        assert_eq!(told, "deadline / (1 - drift) = 15 s / (1 + drift) - 2 s / (1 - drift) - 0.250 s");
    }
}
