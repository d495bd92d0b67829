//! A distribution of spans in bounded memory: exact ends, and counts in classes of less than one percent.

use std::collections::BTreeMap;

/// How often each span was seen, in microseconds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Distribution {
    classes: BTreeMap<i64, u64>,
    count: u64,
    sum: u128,
    squares: u128,
    least: Option<i64>,
    /// And the seed that showed it, the least of several.
    greatest: Option<(i64, u64)>,
}

impl Distribution {
    pub fn add(&mut self, micros: i64, seed: u64) {
        *self.classes.entry(class(micros)).or_default() += 1;
        self.count += 1;
        let span = u128::from(micros.unsigned_abs());
        self.sum += span;
        self.squares += span * span;
        self.least = Some(self.least.map_or(micros, |least| least.min(micros)));
        self.add_at_least(micros, seed);
    }

    /// A span that did not come to its end: it may be the longest, and counts for nothing else.
    pub fn add_at_least(&mut self, micros: i64, seed: u64) {
        if self.greatest.is_none_or(|(greatest, at)| micros > greatest || (micros == greatest && seed < at)) {
            self.greatest = Some((micros, seed));
        }
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Of all spans together.
    #[must_use]
    pub fn sum(&self) -> u128 {
        self.sum
    }

    /// Of the squares of all spans.
    #[must_use]
    pub fn squares(&self) -> u128 {
        self.squares
    }

    #[must_use]
    pub fn least(&self) -> Option<i64> {
        self.least
    }

    /// With the first seed that showed it.
    #[must_use]
    pub fn greatest(&self) -> Option<(i64, u64)> {
        self.greatest
    }

    /// At most so many of a thousand are longer. Less than one percent above the true value.
    #[must_use]
    pub fn quantile(&self, per_thousand: u64) -> Option<i64> {
        let rank = (self.count * per_thousand).div_ceil(1_000).max(1);
        let mut seen = 0;
        for (upper, count) in &self.classes {
            seen += count;
            if seen >= rank {
                return self.greatest.map(|(greatest, _)| greatest.min(*upper));
            }
        }
        None
    }

    /// How many lie in each of `bars` equally wide parts of the range from the least to the greatest.
    #[must_use]
    pub fn bars(&self, bars: usize) -> Vec<(i64, u64)> {
        let (Some(least), Some((greatest, _))) = (self.least, self.greatest) else { return Vec::new() };
        let width = ((greatest - least) / bars as i64 + 1).max(1);
        let mut heights = vec![0; ((greatest - least) / width + 1) as usize];
        for (upper, count) in &self.classes {
            heights[((upper.clamp(&least, &greatest) - least) / width) as usize] += count;
        }
        heights.into_iter().enumerate().map(|(index, count)| (least + width * index as i64, count)).collect()
    }
}

/// The greatest span of a class: the same seven leading bits.
fn class(micros: i64) -> i64 {
    let spare = (i64::BITS - micros.leading_zeros()).saturating_sub(BITS);
    micros | ((1 << spare) - 1)
}

const BITS: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(spans: impl Iterator<Item = i64>) -> Distribution {
        let mut distribution = Distribution::default();
        spans.zip(0..).for_each(|(span, seed)| distribution.add(span, seed));
        distribution
    }

    #[test]
    fn quantiles_are_less_than_one_percent_above_the_true_ones() {
        let spans = || (1..=100_000).map(|span| span * 37);
        let distribution = of(spans());
        for per_thousand in [1, 500, 950, 990, 999] {
            let exact = per_thousand as i64 * 100 * 37;
            let found = distribution.quantile(per_thousand).expect("there are many");
            assert!(exact <= found && found - exact <= exact / 100, "{per_thousand}: {exact}, {found}");
        }
    }

    #[test]
    fn the_ends_are_exact_and_name_the_first_seed() {
        let distribution = of([20_999_999, 3, 20_999_999].into_iter());
        assert_eq!((distribution.least(), distribution.greatest()), (Some(3), Some((20_999_999, 0))));
        assert_eq!(distribution.quantile(1_000), Some(20_999_999));
    }

    #[test]
    fn what_did_not_end_may_be_the_longest_and_is_nothing_else() {
        let mut distribution = of([1_000, 2_000].into_iter());
        distribution.add_at_least(500, 7);
        assert_eq!(distribution, of([1_000, 2_000].into_iter()));
        distribution.add_at_least(9_000, 7);
        assert_eq!((distribution.count(), distribution.least(), distribution.sum()), (2, Some(1_000), 3_000));
        assert_eq!((distribution.quantile(1_000), distribution.greatest()), (Some(2_007), Some((9_000, 7))));
    }

    #[test]
    fn memory_does_not_grow_with_what_is_added() {
        let distribution = of((0..1_000_000).map(|step| step * 977 % 60_000_000));
        assert!(distribution.classes.len() < 8 * 26 * 16, "{}", distribution.classes.len());
        assert_eq!(distribution.bars(10).iter().map(|(_, count)| count).sum::<u64>(), 1_000_000);
    }

    #[test]
    fn nothing_has_no_quantile() {
        let nothing = Distribution::default();
        assert_eq!((nothing.quantile(500), nothing.least(), nothing.bars(3)), (None, None, Vec::new()));
    }
}
