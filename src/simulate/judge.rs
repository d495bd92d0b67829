//! What a property makes of a run: violations, stopwatches and overlaps, read from what it signals.

use std::collections::BTreeSet;

use crate::{
    process::{Data, NodeId, Process},
    spec::{Form, Happening, Property, Signals},
};

/// From a trigger to what ended the wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    /// The step of the trigger.
    pub trigger: usize,
    pub ended: Ended,
    /// From the trigger to its end, or to the last step.
    pub micros: i64,
}

/// At which step a wait ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    Answered(usize),
    /// Nothing need follow any more.
    Discharged(usize),
    /// It ran at the last step.
    Running,
}

impl Reading {
    /// The step of the response or the discharge.
    #[must_use]
    pub fn end(&self) -> Option<usize> {
        match self.ended {
            Ended::Answered(step) | Ended::Discharged(step) => Some(step),
            Ended::Running => None,
        }
    }

    #[must_use]
    pub fn response(&self) -> Option<usize> {
        if let Ended::Answered(step) = self.ended { Some(step) } else { None }
    }
}

/// A time in which at least two parties held their intervals.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Overlap {
    /// The step that began it.
    pub from: usize,
    /// The step that ended it; `None` if it lasted to the last step.
    pub to: Option<usize>,
    /// Zero if the intervals only touch.
    pub micros: i64,
}

/// A running stopwatch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Since {
    pub(super) step: usize,
    pub(super) at: i64,
}

/// What was signalled anywhere in the run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Signalled {
    pub witness: bool,
    pub reached: bool,
    pub trigger: bool,
    pub response: bool,
    pub discharge: bool,
    /// Some party held its interval.
    pub held: bool,
}

/// What one property made of a whole run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    pub readings: Vec<Reading>,
    pub overlaps: Vec<Overlap>,
    pub signalled: Signalled,
    /// The first step with a violation.
    pub violated: Option<usize>,
    /// The fault classes that were used while they could matter to it.
    pub mattered: BTreeSet<usize>,
}

/// Watches one run for one property.
#[derive(Debug)]
pub(super) struct Judge<'a, P: Process, M: Data> {
    property: &'a Property<P, M>,
    memory: M,
    now: Since,
    holding: BTreeSet<NodeId>,
    overlap: Option<Since>,
    pub(super) overlaps: Vec<Overlap>,
    awaited: Vec<Since>,
    pub(super) readings: Vec<Reading>,
    /// The next trigger starts the stopwatch of the claim.
    measuring: bool,
    stopwatch: Option<Since>,
    /// The stopwatch of the claim, or of the overlap, as it was read at this step.
    pub(super) elapsed: Option<i64>,
    pub(super) first_violation: Option<usize>,
    pub(super) last_violation: Option<usize>,
    pub(super) signalled: Signalled,
    /// What happens in this step could matter, by what was so before it.
    matters: bool,
    mattered: BTreeSet<usize>,
}

impl<'a, P: Process, M: Data> Judge<'a, P, M> {
    pub(super) fn new(property: &'a Property<P, M>) -> Judge<'a, P, M> {
        Judge {
            property,
            memory: property.memory.clone(),
            now: Since { step: 0, at: 0 },
            holding: BTreeSet::new(),
            overlap: None,
            overlaps: Vec::new(),
            awaited: Vec::new(),
            readings: Vec::new(),
            measuring: false,
            stopwatch: None,
            elapsed: None,
            first_violation: None,
            last_violation: None,
            signalled: Signalled::default(),
            matters: false,
            mattered: BTreeSet::new(),
        }
    }

    pub(super) fn form(&self) -> Form {
        self.property.form
    }

    /// The stopwatch that a claim speaks of: of the measured trigger, or of the overlap.
    pub(super) fn stopwatch(&self) -> Option<Since> {
        if self.property.form == Form::Apart { self.overlap } else { self.stopwatch }
    }

    /// The parties whose interval is open.
    pub(super) fn holding(&self) -> &BTreeSet<NodeId> {
        &self.holding
    }

    /// A step begins: a running stopwatch is read, whatever the step does to it.
    pub(super) fn step(&mut self, step: usize, at: i64, measured: bool) {
        self.now = Since { step, at };
        self.measuring = measured;
        self.elapsed = self.stopwatch().map(|since| at - since.at);
        self.matters = self.could_matter();
    }

    /// A step is over, in which these fault classes were used.
    pub(super) fn faults(&mut self, used: &[usize]) {
        if self.matters || self.could_matter() {
            self.mattered.extend(used);
        }
    }

    /// Whether a stopwatch runs or an interval is open; always, where neither exists.
    fn could_matter(&self) -> bool {
        match self.property.form {
            Form::Within(_) => !self.awaited.is_empty(),
            Form::Apart => !self.holding.is_empty(),
            Form::Never | Form::Reachable => true,
        }
    }

    pub(super) fn see(&mut self, happening: &Happening<'_, P>) {
        let signals = self.property.observe(&mut self.memory, happening);
        if signals == Signals::default() {
            return;
        }
        self.signalled.witness |= signals.witness;
        self.signalled.reached |= signals.reached;
        self.signalled.trigger |= signals.trigger;
        self.signalled.response |= signals.response;
        self.signalled.discharge |= signals.discharge;
        self.signalled.held |= !signals.begin.is_empty();
        self.answer(&signals);
        // Both ends of an interval belong to it: it begins before anyone acts, and ends after.
        self.holding.extend(&signals.begin);
        let within = |party: &NodeId| self.holding.iter().any(|holder| holder != party);
        if signals.violated || signals.act.iter().any(within) {
            self.first_violation.get_or_insert(self.now.step);
            self.last_violation = Some(self.now.step);
        }
        self.time_overlap();
        self.holding.retain(|party| !signals.end.contains(party));
        self.time_overlap();
    }

    /// The run is over: what is still running at the last step becomes a reading.
    pub(super) fn into_seen(mut self) -> Seen {
        self.close();
        Seen {
            readings: self.readings,
            overlaps: self.overlaps,
            signalled: self.signalled,
            violated: self.first_violation,
            mattered: self.mattered,
        }
    }

    fn close(&mut self) {
        let at = self.now.at;
        let open = |since: &Since| Reading { trigger: since.step, ended: Ended::Running, micros: at - since.at };
        self.readings.extend(self.awaited.iter().map(open));
        self.awaited.clear();
        if let Some(since) = self.overlap.take() {
            self.overlaps.push(Overlap { from: since.step, to: None, micros: at - since.at });
        }
    }

    /// A response answers every trigger before it; a trigger of the same happening is a new one. One that is answered
    /// within its own step never waited: it is not measured.
    fn answer(&mut self, signals: &Signals) {
        let now = self.now;
        if signals.response || signals.discharge {
            let ended = if signals.response { Ended::Answered(now.step) } else { Ended::Discharged(now.step) };
            let waited = self.awaited.drain(..).filter(|since| since.step != now.step);
            let reading = |since: Since| Reading { trigger: since.step, ended, micros: now.at - since.at };
            self.readings.extend(waited.map(reading));
            if self.stopwatch.take().is_some_and(|since| since.step == now.step) {
                self.measuring = true;
                self.elapsed = None;
            }
        }
        if signals.trigger {
            self.awaited.push(now);
            if self.measuring {
                self.measuring = false;
                self.stopwatch = Some(now);
                // One that ran until now was read before this step did anything.
                self.elapsed.get_or_insert(0);
            }
        }
    }

    fn time_overlap(&mut self) {
        match (self.holding.len() >= 2, self.overlap) {
            (true, None) => {
                self.overlap = Some(self.now);
                self.elapsed.get_or_insert(0);
            }
            (false, Some(since)) => {
                self.overlap = None;
                let micros = self.now.at - since.at;
                self.overlaps.push(Overlap { from: since.step, to: Some(self.now.step), micros });
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
}
