//! One question about many designs that differ in a few values.

use super::{App, Card, Erased, Options, Question, unknown_property};
use crate::{
    design::{BadInput, Parameter, Place, Resolved, Result, Tie, assignment},
    spec::Form,
    time::Duration,
    verdict::{Figure, Finding, Verdict},
};

/// A value of a design and the range in which it is varied.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    pub(crate) parameter: Parameter,
    pub(crate) lo: i64,
    pub(crate) hi: i64,
    /// Where it was asked for.
    pub(crate) place: Place,
}

/// A design, what of it follows the varied values, and what is asked of each variant.
pub(crate) struct Variants<'a> {
    pub(crate) app: &'a App,
    pub(crate) design: &'a Resolved,
    pub(crate) ties: Vec<Tie>,
    pub(crate) question: Question,
    pub(crate) options: Options,
}

/// What is known of one variant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Point {
    pub(crate) region: Region,
    /// The verdict as a file writes it, or `refused`.
    pub(crate) verdict: &'static str,
    pub(crate) worst: Option<Figure>,
    /// Why it is neither proved nor violated.
    pub(crate) why: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Region {
    /// Proved to hold.
    Safe,
    /// A run breaks it, which was replayed.
    Unsafe,
    /// Neither: a search that ended early, a property with nothing to speak of, or no design at all.
    Open,
}

impl Range {
    /// Reads `PATH=lo..hi` as it was given to an option.
    ///
    /// # Errors
    /// What cannot be varied, or a range that is none.
    pub(crate) fn read(design: &Resolved, option: &str, text: &str) -> Result<Range> {
        let form = "PATH=lo..hi, such as design.store.ttl=5s..15s";
        let (place, path, range) = assignment(option, text, form)?;
        let parameter = Parameter::find(design, path, &place)?;
        let Some((lo, hi)) = range.split_once("..") else {
            return Err(place.refuse(format!("expected {form}")));
        };
        let end = |text: &str| parameter.kind.parse(text.trim()).map_err(|why| place.refuse(why));
        let (lo, hi) = (end(lo)?, end(hi)?);
        if lo >= hi {
            let refusal = place.refuse(format!(
                "the range begins at {} and ends at {}",
                parameter.kind.write(lo),
                parameter.kind.write(hi)
            ));
            return Err(refusal.with_remedy("write the smaller end first; a range has more than one value"));
        }
        Ok(Range { parameter, lo, hi, place })
    }
}

impl Variants<'_> {
    /// The design with these values, and all that follows them.
    ///
    /// # Errors
    /// Why there is no such design.
    pub(crate) fn with(&self, values: &[(&Parameter, i64)]) -> std::result::Result<Resolved, String> {
        let mut design = self.design.clone();
        for (parameter, value) in values {
            design.put(parameter, *value)?;
        }
        self.ties.iter().try_for_each(|tie| design.tie(tie, &self.question.ledger))?;
        Ok(design)
    }

    /// What is known of the design with these values.
    pub(crate) fn at(&self, values: &[(&Parameter, i64)]) -> Point {
        let point = match self.with(values) {
            Ok(design) => self.ask(&design, &self.question),
            Err(why) => Point::refused(why),
        };
        self.options.meter.count_point();
        point
    }

    /// What is known of one question about one design.
    pub(crate) fn ask(&self, design: &Resolved, question: &Question) -> Point {
        let checked = self.app.protocol_of(design).and_then(|protocol| protocol.check(design, question, &self.options));
        match checked {
            Ok(outcome) => Point::of(&outcome.finding),
            Err(refusal) => Point::refused(refusal.message().into()),
        }
    }
}

impl Point {
    fn of(finding: &Finding) -> Point {
        let region = match finding.verdict {
            Verdict::Holds { .. } => Region::Safe,
            Verdict::Violated | Verdict::ProtocolError { .. } | Verdict::TimeStuck { .. } => Region::Unsafe,
            Verdict::Unknown { .. } | Verdict::Vacuous { .. } => Region::Open,
        };
        let why = finding.verdict.why().map(Into::into);
        Point { region, verdict: finding.verdict.id(finding.worst), worst: finding.worst, why }
    }

    fn refused(why: String) -> Point {
        Point { region: Region::Open, verdict: "refused", worst: None, why: Some(why) }
    }

    /// The worst case, where it is one span.
    pub(crate) fn span(&self) -> Option<i64> {
        match self.worst {
            Some(Figure::Exact(span)) if !span.is_never() => Some(span.micros()),
            _ => None,
        }
    }
}

/// The question that options ask: one property, under one ledger, perhaps with a bound.
///
/// # Errors
/// A property, ledger or bound that does not fit, or several ledgers to choose from.
pub(crate) fn question(
    app: &App,
    design: &Resolved,
    property: &str,
    under: Option<&str>,
    within: Option<Duration>,
) -> Result<Question> {
    let card = card(app.protocol_of(design)?, property)?;
    let expected = || design.expectations.iter().filter(|one| one.property == property);
    let ledger = match under {
        Some(ledger) => {
            design.ledger(ledger)?;
            ledger.to_string()
        }
        None => {
            let mut known: Vec<&str> = expected().map(|one| one.under.as_str()).collect();
            if known.is_empty() {
                known = design.ledgers().collect();
            }
            known.dedup();
            match known.as_slice() {
                [ledger] => (*ledger).to_string(),
                _ => {
                    let refusal = BadInput::without_place(format!("{property:?} is asked under several ledgers"));
                    return Err(refusal.with_remedy(format!("say which with `--under`: {}", known.join(", "))));
                }
            }
        }
    };
    let within = match (card.form, within) {
        (Form::Within(_), None) => expected().filter(|one| one.under == ledger).find_map(|one| one.within),
        (Form::Within(_), Some(within)) => Some(within),
        (_, None) => None,
        (_, Some(_)) => {
            let refusal = BadInput::without_place(format!("{property:?} takes no `--within`: it is no bound"));
            return Err(refusal.with_remedy("leave it out"));
        }
    };
    Ok(Question { property: property.into(), ledger, within })
}

fn card(protocol: &dyn Erased, property: &str) -> Result<Card> {
    let known = protocol.properties();
    let found = known.iter().find(|card| card.id == property).copied();
    found.ok_or_else(|| unknown_property(property, &known))
}

/// The ties that options ask for.
///
/// # Errors
/// The first that is none.
pub(crate) fn ties(design: &Resolved, texts: &[String], ledger: &str) -> Result<Vec<Tie>> {
    texts.iter().map(|text| Tie::read(design, "--tie", text, ledger)).collect()
}
