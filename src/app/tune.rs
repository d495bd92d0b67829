//! Tuning: the largest or smallest value of a parameter for which a property holds, and with it all that the design
//! expects to hold.
//!
//! Values are tried by steps, some over the whole range first, then between the outermost that is good and the next
//! that is not. So both sides of what is found are proved; nothing is taken for monotone, and values that were not
//! tried are told.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{
    Question,
    vary::{Point, Range, Region, Variants},
};
use crate::design::Resolved;

/// So many values are tried over the whole range.
const FIRST: usize = 16;

/// Steps of a range, where no step was asked for.
const STEPS: i64 = 100;

/// Which value is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Goal {
    Largest,
    Smallest,
}

/// What was tried and found.
pub(crate) struct Tuned {
    pub(crate) goal: Goal,
    pub(crate) range: Range,
    /// How many values the range has.
    pub(crate) values: usize,
    /// The best value, if one is good.
    pub(crate) found: Option<i64>,
    /// The next value beyond it, if the range has one.
    pub(crate) next: Option<i64>,
    /// Further values beyond: how many there are, and how many of them were tried.
    pub(crate) beyond: (usize, usize),
    /// Whether a worse value is not good though a better one is.
    pub(crate) holes: bool,
    pub(crate) trials: BTreeMap<i64, Trial>,
}

/// What is known at one value.
#[derive(Clone, Debug)]
pub(crate) struct Trial {
    /// What the property itself does.
    pub(crate) point: Point,
    /// The first other expectation that does not hold.
    pub(crate) broken: Option<(Question, Point)>,
}

impl Trial {
    pub(crate) fn is_good(&self) -> bool {
        self.point.region == Region::Safe && self.broken.is_none()
    }

    /// Whether it is proved that the value is not good.
    pub(crate) fn is_bad(&self) -> bool {
        let other = self.broken.as_ref().map(|(_, point)| point.region);
        self.point.region == Region::Unsafe || other == Some(Region::Unsafe)
    }
}

/// The other questions that the design expects to hold.
pub(crate) fn others(design: &Resolved, asked: &Question) -> Vec<Question> {
    use crate::verdict::Expected;
    let held = design.expectations.iter().filter(|one| matches!(one.verdict, Expected::Holds | Expected::Touches));
    held.map(|one| Question { property: one.property.clone(), ledger: one.under.clone(), within: one.within })
        .filter(|other| other.property != asked.property || other.ledger != asked.ledger)
        .collect()
}

/// A step that divides a range in about a hundred, a power of ten.
pub(crate) fn default_step(range: &Range) -> i64 {
    let mut step = 1;
    while (range.hi - range.lo) / (step * 10) >= STEPS {
        step *= 10;
    }
    step
}

/// Looks for the best value.
pub(crate) fn tune(
    variants: &Variants<'_>,
    others: &[Question],
    goal: Goal,
    range: &Range,
    step: i64,
    every: bool,
) -> Tuned {
    let count = ((range.hi - range.lo) / step) as usize + 1;
    // From the least to the most wanted.
    let value = |place: usize| {
        let place = if goal == Goal::Largest { place } else { count - 1 - place };
        range.lo + step * place as i64
    };
    let mut search = Search { variants, others, range, trials: BTreeMap::new() };
    let first = FIRST.min(count);
    let wanted: Vec<usize> = match every {
        true => (0..count).collect(),
        false => (0..first).map(|index| index * (count - 1) / (first - 1).max(1)).collect(),
    };
    search.all(wanted.iter().map(|place| value(*place)).collect());
    let best = wanted.iter().rposition(|place| search.is_good(value(*place)));
    let found = best.map(|index| {
        let (mut good, mut bad) = (wanted[index], wanted.get(index + 1).copied().unwrap_or(count));
        while bad - good > 1 {
            let middle = usize::midpoint(good, bad);
            search.all(vec![value(middle)]);
            if search.is_good(value(middle)) { good = middle } else { bad = middle }
        }
        good
    });
    let trials = search.trials;
    let tried = |places: std::ops::Range<usize>| places.filter(|place| trials.contains_key(&value(*place))).count();
    let beyond = found.map_or(0, |found| count.saturating_sub(found + 2));
    Tuned {
        goal,
        range: range.clone(),
        values: count,
        found: found.map(value),
        next: found.map(|found| found + 1).filter(|next| *next < count).map(value),
        beyond: (beyond, tried(count - beyond..count)),
        holes: found.is_some_and(|found| {
            (0..found).any(|place| trials.get(&value(place)).is_some_and(|trial| !trial.is_good()))
        }),
        trials,
    }
}

struct Search<'a> {
    variants: &'a Variants<'a>,
    others: &'a [Question],
    range: &'a Range,
    trials: BTreeMap<i64, Trial>,
}

impl Search<'_> {
    fn is_good(&self, value: i64) -> bool {
        self.trials.get(&value).is_some_and(Trial::is_good)
    }

    fn all(&mut self, values: Vec<i64>) {
        let trial = |value: i64| (value, self.trial(value));
        let found: Vec<_> = values.into_par_iter().with_max_len(1).map(trial).collect();
        self.trials.extend(found);
    }

    /// Asks for the property, and where it holds for all else that is to hold.
    fn trial(&self, value: i64) -> Trial {
        let values = [(&self.range.parameter, value)];
        let point = self.variants.at(&values);
        if point.region != Region::Safe {
            return Trial { point, broken: None };
        }
        let design = self.variants.with(&values).expect("it was just built");
        let broken = |other: &Question| {
            let point = self.variants.ask(&design, other);
            (point.region != Region::Safe).then(|| (other.clone(), point))
        };
        Trial { point, broken: self.others.par_iter().with_max_len(1).find_map_first(broken) }
    }
}
