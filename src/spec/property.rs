//! Properties: what is asked of every run.
//!
//! A property watches what happens and says what it means for it ([`Signals`]). It never drives anything.

use super::FaultKind;
use crate::process::{Data, NodeId, Process};

/// Something that an observer sees.
#[derive(Clone, Debug)]
pub enum Happening<'a, P: Process> {
    Started(NodeId),
    Emitted(NodeId, &'a P::Event),
    /// Killed, or its machine died.
    Crashed(NodeId),
    /// Ended by itself.
    Exited(NodeId),
    Paused(NodeId),
    Resumed(NodeId),
    /// The environment asked, the process has not answered yet.
    Requested(NodeId, &'a P::Request),
}

/// A named property of one protocol.
#[derive(Clone, Debug)]
pub struct Property<P: Process, M: Data> {
    /// Stable: cited by designs, reports and tests.
    pub id: &'static str,
    /// One sentence, as a reader of a report wants it.
    pub sentence: &'static str,
    /// Ids of `docs/requirements.md`.
    pub requirements: &'static [&'static str],
    pub form: Form,
    /// What the property remembers when the run begins.
    pub memory: M,
    pub watch: Watch<P, M>,
}

/// Updates what the property remembers and says what a happening means.
pub type Watch<P, M> = fn(&mut M, &Happening<'_, P>, &mut Signals);

/// What kind of statement a property is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Form {
    /// `violated` is never signalled. `witness` marks the events that it speaks of: a run must have one, or the
    /// verdict is vacuous.
    Never,
    /// The parties' intervals (`begin` to `end`) never overlap for a span above zero, and no party acts (`act`) within
    /// another's interval, ends included.
    Apart,
    /// From each `trigger`, a `response` or a `discharge` comes within a bound that the expectation gives. A trigger
    /// that is answered within its own step never waits, and is not measured.
    Within(Trigger),
    /// Some run signals `reached`.
    Reachable,
}

/// At which happenings a trigger counts.
///
/// A run can only start a stopwatch while such a happening is still to come. Once a ledger's last crash is spent, a
/// checker need not follow what no stopwatch will ever measure.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Trigger {
    Anything,
    /// [`Happening::Crashed`] only.
    Crash,
    /// [`Happening::Requested`] only.
    Request,
}

impl Trigger {
    fn counts<P: Process>(self, happening: &Happening<'_, P>) -> bool {
        match self {
            Trigger::Anything => true,
            Trigger::Crash => matches!(happening, Happening::Crashed(_)),
            Trigger::Request => matches!(happening, Happening::Requested(..)),
        }
    }

    /// Whether a fault of that kind may be what it needs.
    #[must_use]
    pub const fn may_come_by<R>(self, kind: &FaultKind<R>) -> bool {
        match self {
            Trigger::Anything => true,
            Trigger::Crash => {
                matches!(kind, FaultKind::Crash { .. } | FaultKind::Wipe { .. } | FaultKind::Death { .. })
            }
            Trigger::Request => matches!(kind, FaultKind::Request { .. }),
        }
    }
}

impl<P: Process, M: Data> Property<P, M> {
    /// Its parts, in the order of the fields.
    #[must_use]
    pub const fn new(
        id: &'static str,
        sentence: &'static str,
        requirements: &'static [&'static str],
        form: Form,
        memory: M,
        watch: Watch<P, M>,
    ) -> Self {
        Self { id, sentence, requirements, form, memory, watch }
    }

    /// What a happening means, given what is remembered.
    pub fn observe(&self, memory: &mut M, happening: &Happening<'_, P>) -> Signals {
        let mut signals = Signals::default();
        (self.watch)(memory, happening, &mut signals);
        if let Form::Within(trigger) = self.form {
            signals.trigger &= trigger.counts(happening);
        }
        signals
    }
}

/// What a happening means for a property. Several may be said of one happening.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Signals {
    pub violated: bool,
    pub witness: bool,
    pub reached: bool,
    pub trigger: bool,
    pub response: bool,
    pub discharge: bool,
    /// Parties whose interval begins.
    pub begin: Vec<NodeId>,
    /// Parties whose interval ends.
    pub end: Vec<NodeId>,
    /// Parties that act at this moment.
    pub act: Vec<NodeId>,
}
