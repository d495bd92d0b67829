//! Time as every engine counts it: whole microseconds.
//!
//! A protocol never reads a clock. It names spans ([`Duration`]) and closed ranges of spans ([`Window`]).

use std::{fmt, str::FromStr};

/// A span of time in whole microseconds, never negative. [`Duration::NEVER`] is infinite and absorbs what is added.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(i64);

impl Duration {
    pub const ZERO: Duration = Duration(0);
    /// The end of a window that may never come: possible at any later moment, urgent at none.
    pub const NEVER: Duration = Duration(i64::MAX);

    /// # Panics
    /// If `micros` is negative.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Duration {
        assert!(micros >= 0, "a span of time is never negative");
        Duration(micros)
    }

    #[must_use]
    pub const fn from_millis(millis: i64) -> Duration {
        Duration::from_micros(millis.saturating_mul(1_000))
    }

    #[must_use]
    pub const fn from_secs(secs: i64) -> Duration {
        Duration::from_micros(secs.saturating_mul(1_000_000))
    }

    /// Microseconds; `i64::MAX` for [`Duration::NEVER`].
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    #[must_use]
    pub const fn is_never(self) -> bool {
        self.0 == i64::MAX
    }

    #[must_use]
    pub const fn plus(self, other: Duration) -> Duration {
        Duration(self.0.saturating_add(other.0))
    }

    /// This much less, at least zero. [`Duration::NEVER`] stays.
    #[must_use]
    pub const fn minus(self, other: Duration) -> Duration {
        if self.is_never() {
            return self;
        }
        let rest = self.0.saturating_sub(other.0);
        Duration(if rest < 0 { 0 } else { rest })
    }

    #[must_use]
    pub const fn times(self, factor: i64) -> Duration {
        Duration(self.0.saturating_mul(factor))
    }
}

/// A closed range of spans, `lo <= hi`. `hi` may be [`Duration::NEVER`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    lo: Duration,
    hi: Duration,
}

impl Window {
    pub const ZERO: Window = Window { lo: Duration::ZERO, hi: Duration::ZERO };
    /// Any later moment, or none.
    pub const ANY: Window = Window { lo: Duration::ZERO, hi: Duration::NEVER };

    /// # Panics
    /// If `lo > hi`, or `lo` is [`Duration::NEVER`].
    #[must_use]
    pub const fn new(lo: Duration, hi: Duration) -> Window {
        assert!(lo.0 <= hi.0, "a window begins before it ends");
        assert!(!lo.is_never(), "a window begins at a finite moment");
        Window { lo, hi }
    }

    #[must_use]
    pub const fn exactly(span: Duration) -> Window {
        Window::new(span, span)
    }

    /// `[0, hi]`
    #[must_use]
    pub const fn up_to(hi: Duration) -> Window {
        Window { lo: Duration::ZERO, hi }
    }

    #[must_use]
    pub const fn lo(self) -> Duration {
        self.lo
    }

    #[must_use]
    pub const fn hi(self) -> Duration {
        self.hi
    }

    /// Every sum of a span of this window and one of the other.
    #[must_use]
    pub const fn plus(self, other: Window) -> Window {
        Window { lo: self.lo.plus(other.lo), hi: self.hi.plus(other.hi) }
    }

    #[must_use]
    pub const fn contains(self, span: Duration) -> bool {
        self.lo.0 <= span.0 && span.0 <= self.hi.0
    }
}

/// How fast a clock may run: in parts per million, above minus one million, that it is faster than true time. With a
/// drift its rate lies in `[1 - drift, 1 + drift]`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Drift {
    slowest: i32,
    fastest: i32,
}

const MILLION: i128 = 1_000_000;

impl Drift {
    pub const NONE: Drift = Drift { slowest: 0, fastest: 0 };

    /// `None` from one million on: such a clock could stand still.
    #[must_use]
    pub const fn from_parts_per_million(parts_per_million: u32) -> Option<Drift> {
        if parts_per_million >= 1_000_000 {
            return None;
        }
        let most = parts_per_million as i32;
        Some(Drift { slowest: -most, fastest: most })
    }

    /// How far the rate may be off, either way.
    #[must_use]
    pub const fn parts_per_million(self) -> u32 {
        self.fastest.unsigned_abs()
    }

    /// The least and the greatest rate, in parts per million faster than true time.
    #[must_use]
    pub const fn rates(self) -> (i32, i32) {
        (self.slowest, self.fastest)
    }

    /// The slowest, the true and the fastest rate, each as that of a clock that keeps it.
    #[must_use]
    pub fn kept(self) -> [Drift; 3] {
        [self.slowest, 0, self.fastest].map(|rate| Drift { slowest: rate, fastest: rate })
    }

    /// True time that may pass while such a clock counts a span of `window`, rounded outward.
    ///
    /// A rate of `1 + drift` ends a span of `d` after `d / (1 + drift)`, a rate of `1 - drift` after `d / (1 - drift)`.
    #[must_use]
    pub fn widen(self, window: Window) -> Window {
        if self == Drift::NONE {
            return window;
        }
        let lo = i128::from(window.lo.0) * MILLION / (MILLION + i128::from(self.fastest));
        let hi = if window.hi.is_never() {
            Duration::NEVER
        } else {
            let slow = MILLION + i128::from(self.slowest);
            Duration(narrow((i128::from(window.hi.0) * MILLION + slow - 1) / slow))
        };
        Window { lo: Duration(narrow(lo)), hi }
    }
}

fn narrow(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

const UNITS: [(&str, i64); 5] =
    [("us", 1), ("ms", 1_000), ("s", 1_000_000), ("m", 60 * 1_000_000), ("h", 3_600 * 1_000_000)];

/// Why a text is not a span or a window.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ParseError {
    #[error("expected a whole number with a unit (us, ms, s, m, h), such as \"250ms\", or \"never\"; got {0:?}")]
    Span(String),
    #[error("unknown unit {unit:?}; the units are us, ms, s, m and h")]
    Unit { unit: String },
    #[error("the span {0:?} is too long: 100 years, \"876000h\", is the longest")]
    TooLong(String),
    #[error("the window begins at {lo} but ends at {hi}; write the smaller span first")]
    Reversed { lo: Duration, hi: Duration },
    #[error("a window begins at a finite moment; \"never\" may only end it")]
    BeginsNever,
    #[error("expected a span that ends, such as \"10s\"; got \"never\"")]
    Never,
}

impl FromStr for Duration {
    type Err = ParseError;

    /// A number and a unit, `"10s"`, `"1.5s"`, `"250ms"`; a bare `"0"`; or `"never"`.
    fn from_str(text: &str) -> Result<Duration, ParseError> {
        match text {
            "never" => return Ok(Duration::NEVER),
            "0" => return Ok(Duration::ZERO),
            _ => {}
        }
        let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or(ParseError::Span(text.into()))?;
        let (number, unit) = text.split_at(split);
        let factor = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(|| {
                if number.is_empty() { ParseError::Span(text.into()) } else { ParseError::Unit { unit: unit.into() } }
            })?
            .1;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = |digits: &str| digits.parse::<i64>().map_err(|_| ParseError::Span(text.into()));
        let mut micros = digits(whole)?.checked_mul(factor).ok_or(ParseError::TooLong(text.into()))?;
        if number.contains('.') {
            let scale = 10_i64
                .checked_pow(u32::try_from(fraction.len()).unwrap_or(u32::MAX))
                .ok_or(ParseError::Span(text.into()))?;
            let part = digits(fraction)?.checked_mul(factor).ok_or(ParseError::TooLong(text.into()))?;
            if part % scale != 0 {
                return Err(ParseError::Span(text.into()));
            }
            micros += part / scale;
        }
        // Sums of some of them are far from where whole numbers end.
        if micros > LONGEST { Err(ParseError::TooLong(text.into())) } else { Ok(Duration(micros)) }
    }
}

/// A hundred years.
const LONGEST: i64 = 876_000 * 3_600 * 1_000_000;

impl FromStr for Window {
    type Err = ParseError;

    /// `"lo..hi"`, or one span for exactly that.
    fn from_str(text: &str) -> Result<Window, ParseError> {
        let Some((lo, hi)) = text.split_once("..") else {
            let span: Duration = text.parse()?;
            return if span.is_never() { Err(ParseError::BeginsNever) } else { Ok(Window::exactly(span)) };
        };
        let (lo, hi): (Duration, Duration) = (lo.trim().parse()?, hi.trim().parse()?);
        if lo.is_never() {
            return Err(ParseError::BeginsNever);
        }
        if lo > hi { Err(ParseError::Reversed { lo, hi }) } else { Ok(Window { lo, hi }) }
    }
}

impl fmt::Display for Duration {
    /// The largest unit that needs no fraction, up to seconds: `"10s"`, `"250ms"`, `"never"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_never() {
            return f.pad("never");
        }
        let (unit, factor) =
            UNITS[..3].iter().rev().find(|(_, factor)| self.0 % factor == 0).expect("every span is whole microseconds");
        f.pad(&format!("{}{unit}", self.0 / factor))
    }
}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.lo == self.hi { write!(f, "{}", self.lo) } else { write!(f, "{}..{}", self.lo, self.hi) }
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Duration {
    /// Whole microseconds; `i64::MAX` for never.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Not "never": a protocol that waits for ever arms no timer. Where that can be meant, see [`unless_never`].
impl<'de> serde::Deserialize<'de> for Duration {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.parse() {
            Ok(Duration::NEVER) => Err(serde::de::Error::custom(ParseError::Never)),
            parsed => parsed.map_err(serde::de::Error::custom),
        }
    }
}

/// A span, or `None` where `"never"` is written: for `deserialize_with`, with a default.
///
/// # Errors
/// What is neither.
pub fn unless_never<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = <String as serde::Deserialize>::deserialize(deserializer)?;
    let span: Duration = text.parse().map_err(serde::de::Error::custom)?;
    Ok(Some(span).filter(|span| !span.is_never()))
}

impl serde::Serialize for Window {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Window {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Window, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_windows_are_read_and_written_alike() {
        for text in ["10s", "250ms", "1us", "never", "0s"] {
            assert_eq!(text.parse::<Duration>().expect("a span").to_string(), text);
        }
        assert_eq!("1.5s".parse::<Duration>(), Ok(Duration::from_millis(1_500)));
        assert_eq!("2m".parse::<Duration>(), Ok(Duration::from_secs(120)));
        assert_eq!("0ms..250ms".parse::<Window>(), Ok(Window::up_to(Duration::from_millis(250))));
    }

    #[test]
    fn a_bad_span_says_what_is_wrong() {
        assert_eq!("10".parse::<Duration>(), Err(ParseError::Span("10".into())));
        assert_eq!("10sec".parse::<Duration>(), Err(ParseError::Unit { unit: "sec".into() }));
        assert_eq!(
            "5s..2s".parse::<Window>(),
            Err(ParseError::Reversed { lo: Duration::from_secs(5), hi: Duration::from_secs(2) })
        );
    }

    #[test]
    fn drift_divides_and_rounds_outward() {
        let one_percent = Drift::from_parts_per_million(10_000).expect("below a million");
        let widened = one_percent.widen(Window::exactly(Duration::from_secs(10)));
        // 10 s / 1.01 = 9.900990.., 10 s / 0.99 = 10.101010..
        assert_eq!(widened, Window::new(Duration::from_micros(9_900_990), Duration::from_micros(10_101_011)));
        let kept = one_percent.kept().map(|rate| rate.widen(Window::exactly(Duration::from_secs(10))));
        let exactly = |lo, hi| Window::new(Duration::from_micros(lo), Duration::from_micros(hi));
        let [slow, fast] = [exactly(10_101_010, 10_101_011), exactly(9_900_990, 9_900_991)];
        assert_eq!(kept, [slow, Window::exactly(Duration::from_secs(10)), fast]);
    }
}
