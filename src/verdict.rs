//! Verdicts: what is known of a property, never a bare OK.

use serde::Deserialize;

use crate::{time::Duration, trace::Trace};

/// What was found out about one property of one design under one ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Proved for every run of the scope.
    Holds {
        /// Over intervals: the longest overlap is zero, so one moment may belong to two parties.
        touches: bool,
        /// Proved, but no run was found in which the property has something to say.
        vacuity_unknown: bool,
    },
    /// Some run breaks it, replayed. What its worst case is like stands in [`Finding::worst`].
    Violated,
    /// A process broke the contract: the step and the reason.
    ProtocolError { why: String },
    /// Some run cannot go on in time.
    TimeStuck { why: String },
    /// The search ended before an answer: a budget, a cap, Ctrl-C.
    Unknown { why: String },
    /// Nothing that the property speaks of ever happens.
    Vacuous { why: String },
}

/// A best or worst case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Figure {
    /// Proved as a bound and seen in a replayed run.
    Exact(Duration),
    /// Seen in a replayed run, and proved as a bound.
    Between { seen: Duration, proved: Duration },
    /// Some run never responds: nothing that must happen could help.
    Never,
    /// A cycle of steps can be repeated for ever, each turn taking at least and at most so long.
    Unbounded { least: Duration, greatest: Duration },
    /// Longer than this, and not known to be bounded.
    Exceeds(Duration),
}

/// How far one comes where the clock of each node keeps one rate, so that the timers of a node do not drift apart, as far
/// as was tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OneRate {
    /// As far.
    Alike,
    /// A stopwatch shows this, and not as much as with drift.
    Found(Duration),
    /// No such run was found.
    NotFound,
}

/// What the search cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// Discrete states.
    pub states: u64,
    pub zones: u64,
    /// Time of the search. In no verdict, hash or comparison.
    pub elapsed: std::time::Duration,
}

/// What a checker says of one question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    pub verdict: Verdict,
    pub best: Option<Figure>,
    pub worst: Option<Figure>,
    /// How far the property is from being violated: for intervals the least span between two, for a bound what is
    /// left of it.
    pub margin: Option<Duration>,
    /// For which runs it was proved.
    pub scope: String,
    /// What the verdict hangs on, a sentence each: "needs: one pause of A longer than 9.6 s".
    pub notes: Vec<String>,
    pub warnings: Vec<String>,
    pub stats: Stats,
    /// Where clocks drift: how far one comes with one rate for each.
    pub one_rate: Option<OneRate>,
    /// The run that shows the verdict or the worst case.
    pub trace: Option<Trace>,
    /// The run that shows the best case.
    pub best_trace: Option<Trace>,
}

/// A finding, with the question it answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    pub property: String,
    pub sentence: String,
    /// Ids of the requirements that the property stands for.
    pub requirements: Vec<String>,
    pub ledger: String,
    /// What the ledger allows, in words.
    pub ledger_lines: Vec<String>,
    pub within: Option<Duration>,
    pub finding: Finding,
}

/// A verdict as a design file expects it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// Marked or not.
    Holds,
    /// Holds, with margin zero.
    Touches,
    /// Of any kind.
    Violated,
    Never,
    Unbounded,
    Exceeds,
    TimeStuck,
    ProtocolError,
    Vacuous,
}

/// How a run of the program ends. Of several the worst counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Status {
    #[default]
    AsExpected,
    /// Unknown, vacuous, or interrupted.
    Inconclusive,
    NotAsExpected,
    BadInput,
    InternalError,
}

impl Status {
    /// The exit status of the process.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Status::AsExpected => 0,
            Status::NotAsExpected => 1,
            Status::Inconclusive => 2,
            Status::BadInput => 3,
            Status::InternalError => 4,
        }
    }

    /// As a summary writes it.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Status::AsExpected => "as-expected",
            Status::Inconclusive => "inconclusive",
            Status::NotAsExpected => "not-as-expected",
            Status::BadInput => "bad-input",
            Status::InternalError => "internal-error",
        }
    }
}

impl Verdict {
    /// Proved, without a mark.
    pub const HOLDS: Verdict = Verdict::Holds { touches: false, vacuity_unknown: false };

    /// As a file writes it, with the kind of violation where that is known.
    #[must_use]
    pub fn id(&self, worst: Option<Figure>) -> &'static str {
        match self {
            Verdict::Holds { touches: true, .. } => "touches",
            Verdict::Holds { .. } => "holds",
            Verdict::Violated => match worst {
                Some(Figure::Never) => "never",
                Some(Figure::Unbounded { .. }) => "unbounded",
                Some(Figure::Exceeds(_)) => "exceeds",
                Some(Figure::Exact(_) | Figure::Between { .. }) | None => "violated",
            },
            Verdict::ProtocolError { .. } => "protocol-error",
            Verdict::TimeStuck { .. } => "time-stuck",
            Verdict::Unknown { .. } => "unknown",
            Verdict::Vacuous { .. } => "vacuous",
        }
    }

    /// Whether a run shows it.
    #[must_use]
    pub fn has_story(&self) -> bool {
        matches!(self, Verdict::Violated | Verdict::ProtocolError { .. } | Verdict::TimeStuck { .. })
    }

    /// Why, where a verdict has a reason.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match self {
            Verdict::ProtocolError { why }
            | Verdict::TimeStuck { why }
            | Verdict::Unknown { why }
            | Verdict::Vacuous { why } => Some(why),
            Verdict::Holds { .. } | Verdict::Violated => None,
        }
    }
}

impl Finding {
    /// Nothing is known, for this reason.
    #[must_use]
    pub fn unknown(why: impl Into<String>) -> Finding {
        Finding {
            verdict: Verdict::Unknown { why: why.into() },
            best: None,
            worst: None,
            margin: None,
            scope: String::new(),
            notes: Vec::new(),
            warnings: Vec::new(),
            stats: Stats::default(),
            one_rate: None,
            trace: None,
            best_trace: None,
        }
    }

    /// Proved, but perhaps of nothing.
    #[must_use]
    pub fn is_vacuity_unknown(&self) -> bool {
        matches!(self.verdict, Verdict::Holds { vacuity_unknown: true, .. })
    }

    /// The status where nothing particular is expected.
    #[must_use]
    pub fn status(&self) -> Status {
        match self.verdict {
            Verdict::Holds { vacuity_unknown: true, .. } | Verdict::Unknown { .. } | Verdict::Vacuous { .. } => {
                Status::Inconclusive
            }
            Verdict::Holds { .. } => Status::AsExpected,
            Verdict::Violated | Verdict::TimeStuck { .. } | Verdict::ProtocolError { .. } => Status::NotAsExpected,
        }
    }
}

impl Expected {
    pub const ALL: [(Expected, &'static str); 9] = [
        (Expected::Holds, "holds"),
        (Expected::Touches, "touches"),
        (Expected::Violated, "violated"),
        (Expected::Never, "never"),
        (Expected::Unbounded, "unbounded"),
        (Expected::Exceeds, "exceeds"),
        (Expected::TimeStuck, "time-stuck"),
        (Expected::ProtocolError, "protocol-error"),
        (Expected::Vacuous, "vacuous"),
    ];

    #[must_use]
    pub fn id(self) -> &'static str {
        let (_, id) =
            Expected::ALL.into_iter().find(|(expected, _)| *expected == self).expect("every variant is listed");
        id
    }

    /// Any kind of violation.
    #[must_use]
    pub fn is_violation(self) -> bool {
        matches!(self, Expected::Violated | Expected::Never | Expected::Unbounded | Expected::Exceeds)
    }

    /// Whether a finding's verdict is the expected one. `violated` is any kind of violation, `holds` any kind of proof.
    #[must_use]
    pub fn is_met_by(self, finding: &Finding) -> bool {
        match (self, &finding.verdict) {
            (Expected::Holds, Verdict::Holds { .. })
            | (Expected::Violated, Verdict::Violated)
            | (Expected::TimeStuck, Verdict::TimeStuck { .. })
            | (Expected::ProtocolError, Verdict::ProtocolError { .. })
            | (Expected::Vacuous, Verdict::Vacuous { .. }) => true,
            (Expected::Touches, Verdict::Holds { touches, .. }) => *touches,
            (Expected::Never | Expected::Unbounded | Expected::Exceeds, Verdict::Violated) => {
                finding.verdict.id(finding.worst) == self.id()
            }
            _ => false,
        }
    }
}

/// How a figure compares with the pinned one.
#[must_use]
pub fn compare(figure: Option<Figure>, pinned: Duration) -> Status {
    match figure {
        Some(Figure::Exact(found)) if found == pinned => Status::AsExpected,
        Some(Figure::Never) if pinned.is_never() => Status::AsExpected,
        Some(Figure::Between { seen, proved }) if seen.min(proved) <= pinned && pinned <= seen.max(proved) => {
            Status::Inconclusive
        }
        _ => Status::NotAsExpected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn finding(verdict: Verdict, worst: Option<Figure>) -> Finding {
        Finding { verdict, worst, ..Finding::unknown("") }
    }

    #[test]
    fn violated_is_met_by_every_kind_of_violation_and_a_kind_only_by_itself() {
        let unbounded = Figure::Unbounded { least: SECOND, greatest: SECOND };
        let kinds = [
            (Some(Figure::Never), Expected::Never),
            (Some(unbounded), Expected::Unbounded),
            (Some(Figure::Exceeds(SECOND)), Expected::Exceeds),
        ];
        for (worst, kind) in kinds {
            let found = finding(Verdict::Violated, worst);
            let met = Expected::ALL.into_iter().filter(|(expected, _)| expected.is_met_by(&found));
            assert_eq!(met.map(|(expected, _)| expected).collect::<Vec<_>>(), [Expected::Violated, kind]);
        }
        assert!(Expected::Violated.is_met_by(&finding(Verdict::Violated, Some(Figure::Exact(SECOND)))));
    }

    #[test]
    fn touches_is_a_mark_on_holds() {
        let touching = finding(Verdict::Holds { touches: true, vacuity_unknown: false }, None);
        assert!(Expected::Holds.is_met_by(&touching) && Expected::Touches.is_met_by(&touching));
        assert!(!Expected::Touches.is_met_by(&finding(Verdict::HOLDS, None)));
    }

    #[test]
    fn without_expectations_the_verdict_is_the_status() {
        let why = || "for a reason".to_string();
        for (verdict, code) in [
            (Verdict::HOLDS, 0),
            (Verdict::Holds { touches: true, vacuity_unknown: false }, 0),
            (Verdict::Holds { touches: false, vacuity_unknown: true }, 2),
            (Verdict::Violated, 1),
            (Verdict::ProtocolError { why: why() }, 1),
            (Verdict::TimeStuck { why: why() }, 1),
            (Verdict::Unknown { why: why() }, 2),
            (Verdict::Vacuous { why: why() }, 2),
        ] {
            assert_eq!(finding(verdict.clone(), None).status().code(), code, "{verdict:?}");
        }
    }

    #[test]
    fn a_pinned_figure_is_exact_or_not_known() {
        let half = Duration::from_millis(500);
        for (figure, status) in [
            (Some(Figure::Exact(SECOND)), Status::AsExpected),
            (Some(Figure::Exact(half)), Status::NotAsExpected),
            (Some(Figure::Between { seen: half, proved: SECOND }), Status::Inconclusive),
            (Some(Figure::Between { seen: half, proved: half }), Status::NotAsExpected),
            (Some(Figure::Never), Status::NotAsExpected),
            (None, Status::NotAsExpected),
        ] {
            assert_eq!(compare(figure, SECOND), status, "{figure:?}");
        }
        assert_eq!(compare(Some(Figure::Never), Duration::NEVER), Status::AsExpected);
    }
}
