//! A protocol as a failure detector: how soon it detects a death, and how often, how long and how much it is mistaken
//! about the living.
//!
//! The measures are those of Chen, Toueg and Aguilera, "On the quality of service of failure detectors" (2002):
//! detection time, mistake rate, mistake duration and query accuracy. They come from seeds, with intervals that contain
//! the true value 95 times of 100; beside them stands what is proved. All arithmetic is in whole numbers.

use super::{App, Options, Plan, Question};
use crate::{
    design::{Resolved, Result},
    simulate::Distribution,
    verdict::Figure,
};

/// A design under one ledger, measured.
pub(crate) struct Measured {
    pub(crate) ledger: String,
    pub(crate) ledger_lines: Vec<String>,
    /// From a death to its detection.
    pub(crate) detection: Distribution,
    /// The longest that is possible, proved; `None` where the ledger lets nobody die, or no proof was asked for.
    pub(crate) proved: Option<Figure>,
    /// How long mistakes lasted; `None` where the ledger lets somebody die, and so the living are not all that is seen.
    pub(crate) mistakes: Option<Distribution>,
    /// Microseconds of all runs together.
    pub(crate) simulated: u128,
    pub(crate) runs: u64,
}

/// A value with the interval that contains the true one 95 times of 100.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Estimate {
    pub(crate) value: u128,
    pub(crate) lo: u128,
    pub(crate) hi: u128,
}

/// Of a rate, an hour; of an accuracy, a whole.
const HOUR: u128 = 3_600_000_000;
pub(crate) const WHOLE: u128 = 1_000_000_000;

/// 1.96, in hundredths.
const Z: u128 = 196;

/// Measures a design under one ledger.
///
/// # Errors
/// As [`super::Erased::simulate`]; `None` if its protocol is no failure detector.
pub(crate) fn measure(
    app: &App,
    design: &Resolved,
    ledger: &str,
    plan: &Plan,
    proof: Option<&Options>,
) -> Result<Option<Measured>> {
    let protocol = app.protocol_of(design)?;
    let Some(detector) = protocol.detector() else { return Ok(None) };
    let question = |id: &str| Question { property: id.into(), ledger: ledger.into(), within: None };
    let asked = [question(detector.detection), question(detector.mistake)];
    let simulated = protocol.simulate(design, ledger, &asked, plan)?;
    let [detection, mistake] = simulated.survey.findings.as_slice() else {
        unreachable!("two questions have two findings");
    };
    let dies = ["crash", "wipe", "death"].iter().any(|class| simulated.faults.iter().any(|fault| fault == class));
    let proved = match proof {
        Some(options) if dies => protocol.check(design, &asked[0], options)?.finding.worst,
        _ => None,
    };
    Ok(Some(Measured {
        ledger: ledger.into(),
        ledger_lines: simulated.ledger_lines,
        detection: detection.spans.clone(),
        proved,
        mistakes: (!dies).then(|| mistake.spans.clone()),
        simulated: simulated.survey.simulated,
        runs: simulated.survey.runs,
    }))
}

impl Measured {
    /// Mistakes in a thousand hours. They come one by one, so their number is Poisson's, and its interval that of Wilson.
    pub(crate) fn rate(&self) -> Option<Estimate> {
        let count = u128::from(self.mistakes.as_ref()?.count());
        // In hundredths: n + z^2 / 2, more or less z * sqrt(n + z^2 / 4).
        let middle = count * 100 + Z * Z / 200;
        let spread = (Z * Z * (count * 10_000 + Z * Z / 4)).isqrt() / 100;
        let (hours, simulated) = (10 * HOUR, self.simulated.max(1));
        let lo = middle.saturating_sub(spread + 1) * hours / simulated;
        // Outwards: one more than a root that was rounded down.
        let hi = ((middle + spread + 1) * hours).div_ceil(simulated);
        Some(Estimate { value: count * 100 * hours / simulated, lo, hi })
    }

    /// How long a mistake lasts on average, in microseconds.
    pub(crate) fn duration(&self) -> Option<Estimate> {
        self.mistakes.as_ref().and_then(mean)
    }

    /// How likely it is that at a random moment a living node is not mistaken for a dead one, of [`WHOLE`]: what mistakes
    /// leave of the time. The interval is that of the rate and the duration together, so it is wider than it must be.
    /// `None` where none was seen: how long one would last is not known then.
    pub(crate) fn accuracy(&self) -> Option<Estimate> {
        let (rate, duration) = (self.rate()?, self.duration()?);
        let left = |rate: u128, duration: u128| WHOLE.saturating_sub(rate * duration * (WHOLE / 1_000) / HOUR);
        Some(Estimate {
            value: left(rate.value, duration.value),
            lo: left(rate.hi, duration.hi),
            hi: left(rate.lo, duration.lo),
        })
    }
}

/// The mean, more or less 1.96 times its standard error.
pub(crate) fn mean(spans: &Distribution) -> Option<Estimate> {
    let count = u128::from(spans.count());
    if count == 0 {
        return None;
    }
    let value = spans.sum() / count;
    // The squares of the differences from the mean are n * sum(x^2) - sum(x)^2 over n.
    let differences = (count * spans.squares()).saturating_sub(spans.sum() * spans.sum());
    let error = if count > 1 { (differences / count / count / (count - 1)).isqrt() } else { value };
    let spread = error * Z / 100;
    Some(Estimate { value, lo: value.saturating_sub(spread), hi: value + spread })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(spans: impl IntoIterator<Item = i64>) -> Distribution {
        let mut distribution = Distribution::default();
        spans.into_iter().for_each(|span| distribution.add(span, 0));
        distribution
    }

    fn measured(mistakes: Distribution, hours: u128) -> Measured {
        Measured {
            ledger: String::new(),
            ledger_lines: Vec::new(),
            detection: Distribution::default(),
            proved: None,
            mistakes: Some(mistakes),
            simulated: hours * HOUR,
            runs: 1,
        }
    }

    #[test]
    fn a_mean_has_the_interval_that_is_worked_out_by_hand() {
        // 4, 6 and 8 s: the mean is 6 s, the variance 4 s^2, the standard error sqrt(4 / 3) s = 1.154700 s.
        let mean = mean(&spans([4_000_000, 6_000_000, 8_000_000])).expect("there are three");
        assert_eq!((mean.value, mean.hi - mean.value), (6_000_000, 2_263_212));
        assert_eq!(super::mean(&Distribution::default()), None);
    }

    #[test]
    fn a_rate_has_an_interval_even_where_nothing_was_seen() {
        // Of none in 1,000 hours: 0 to 3.84, the square of 1.96.
        let rate = measured(spans([]), 1_000).rate().expect("nobody dies");
        assert_eq!((rate.value, rate.lo, rate.hi), (0, 0, 4));
        // Of 100: 100 + 1.92, more or less 1.96 * sqrt(100.96) = 19.69.
        let rate = measured(spans([1; 100]), 1_000).rate().expect("nobody dies");
        assert_eq!((rate.value, rate.lo, rate.hi), (100, 82, 122));
    }

    #[test]
    fn accuracy_is_what_mistakes_leave_of_the_time() {
        // Ten mistakes of 36 s in 100 hours are a thousandth of the time.
        let accuracy = measured(spans([36_000_000; 10]), 100).accuracy().expect("nobody dies");
        assert_eq!(accuracy.value, WHOLE - WHOLE / 1_000);
        assert!(accuracy.lo < accuracy.value && accuracy.value < accuracy.hi);
        assert_eq!(measured(spans([]), 100).accuracy(), None);
    }

    #[test]
    fn the_living_are_not_measured_where_somebody_dies() {
        let measured = Measured { mistakes: None, ..measured(spans([]), 1) };
        assert_eq!((measured.rate(), measured.duration(), measured.accuracy()), (None, None, None));
    }
}
