//! The rows of one ActualLRP, and what each operation makes of them: a table, without time and without messages.
//!
//! An index has an *ordinary* row, and beside it perhaps an *evacuating* one (its cell is being drained) and a
//! *suspect* one (its cell is missing, and its replacement does not run yet). Where the notes on the states and the
//! code disagree, the code counts; the test below names these places.

#[cfg(test)]
mod tests;

use serde::Deserialize;

use crate::process::{Id, Names, NodeId};

/// One life of an index: a container and the cell that has it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub struct Instance {
    pub guid: Id,
    pub cell: NodeId,
}

/// All rows of one index.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Names)]
pub struct Lrp {
    pub ordinary: Option<State>,
    pub evacuating: Option<Instance>,
    pub suspect: Option<Instance>,
    /// Crashes in a row, as far as they count: at most `immediate_restarts`, or all if somebody compares them.
    pub crashes: u8,
}

/// The state of the ordinary row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub enum State {
    /// Nobody has it. `refused`: the last auction found no place for it.
    Unclaimed {
        refused: bool,
    },
    /// A cell prepares it.
    Claimed(Instance),
    Running(Instance),
    /// It crashed too often to be started again at once.
    Crashed,
}

/// Choices that changed over the years.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// How many crashes in a row are followed by a start at once.
    pub immediate_restarts: u8,
    /// Whether the start of a replacement removes the evacuating row (since 2017).
    pub start_removes_evacuating: bool,
    /// Whether an evacuated instance is kept while no other cell has room for it (since 2017).
    pub keeps_refused_evacuee: bool,
    /// Whether somebody compares how often an LRP has crashed with what it heard of: then every crash is counted.
    #[serde(skip)]
    pub counts_every_crash: bool,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            immediate_restarts: 3,
            start_removes_evacuating: true,
            keeps_refused_evacuee: true,
            counts_every_crash: false,
        }
    }
}

/// What is asked of the rows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub enum Op {
    /// A rep has reserved a container.
    Claim(Instance),
    /// A rep's container runs.
    Start(Instance),
    /// A rep's container crashed.
    Crash(Instance),
    /// A rep's container has ended, or is not there.
    Remove(Instance),
    /// A rep that is drained has a running container.
    EvacuateRunning(Instance),
    /// A rep that is drained has a container that does not run yet.
    EvacuateClaimed(Instance),
    /// Convergence takes it from a missing cell; `None` from whomever has it.
    Unclaim(Option<Instance>),
    /// Convergence makes the ordinary row suspect, with a new one beside it.
    Suspect(Instance),
    /// The cell of the suspect row is back before a replacement runs.
    Promote,
    /// An auction found no place.
    Fail,
}

impl Op {
    /// Whose operation it is. No other instance comes into a row by it.
    pub(super) const fn instance(self) -> Option<Instance> {
        match self {
            Op::Claim(instance)
            | Op::Start(instance)
            | Op::Crash(instance)
            | Op::Remove(instance)
            | Op::EvacuateRunning(instance)
            | Op::EvacuateClaimed(instance)
            | Op::Suspect(instance) => Some(instance),
            Op::Unclaim(_) | Op::Promote | Op::Fail => None,
        }
    }
}

/// What came of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Outcome {
    pub reply: Reply,
    /// The operation itself asks for an auction.
    pub wants_start: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reply {
    Done,
    /// Nothing changed: it was so already, or it is ignored with success.
    Same,
    Refused,
    /// There is no row.
    Absent,
}

impl State {
    /// Who has it.
    #[must_use]
    pub const fn instance(self) -> Option<Instance> {
        match self {
            State::Claimed(instance) | State::Running(instance) => Some(instance),
            State::Unclaimed { .. } | State::Crashed => None,
        }
    }
}

impl Lrp {
    /// An index that was just desired.
    #[must_use]
    pub fn desired() -> Lrp {
        Lrp { ordinary: Some(UNCLAIMED), ..Lrp::default() }
    }

    /// Whoever has a row of it.
    pub(super) fn instances(&self) -> impl Iterator<Item = Instance> {
        [self.ordinary.and_then(State::instance), self.evacuating, self.suspect].into_iter().flatten()
    }

    /// Applies an operation, as one transaction.
    pub fn apply(&mut self, op: Op, rules: &Rules) -> Outcome {
        match op {
            // A suspect instance is heard and not obeyed.
            Op::Claim(instance) | Op::Start(instance) if self.suspect == Some(instance) => Reply::Same.only(),
            Op::Claim(instance) => self.claim(instance),
            Op::Start(instance) => self.start(instance, rules),
            Op::Crash(instance) => self.crash(instance, rules),
            Op::Remove(instance) => self.remove(instance),
            Op::EvacuateRunning(instance) => self.evacuate(instance, rules),
            Op::EvacuateClaimed(instance) => {
                let forgotten = self.forget(instance);
                if self.suspect == Some(instance) {
                    self.suspect = None;
                    return Reply::Done.only();
                }
                if self.held_by(instance) {
                    self.ordinary = Some(UNCLAIMED);
                    return Outcome { reply: Reply::Done, wants_start: true };
                }
                if forgotten { Reply::Done.only() } else { self.not_held() }
            }
            Op::Unclaim(expected) => self.unclaim(expected),
            Op::Suspect(instance) if self.held_by(instance) => {
                // A second suspect is not kept: the first one's cell is missing for longer.
                self.suspect = self.suspect.or(Some(instance));
                self.ordinary = Some(UNCLAIMED);
                Reply::Done.only()
            }
            Op::Suspect(_) => Reply::Refused.only(),
            Op::Promote => match (self.suspect, self.ordinary) {
                (None, _) => Reply::Absent.only(),
                (Some(suspect), _) => {
                    self.ordinary = Some(State::Running(suspect));
                    self.suspect = None;
                    Reply::Done.only()
                }
            },
            Op::Fail => match self.ordinary {
                Some(State::Unclaimed { .. }) => {
                    self.ordinary = Some(State::Unclaimed { refused: true });
                    Reply::Done.only()
                }
                Some(State::Claimed(_) | State::Running(_) | State::Crashed) => Reply::Refused.only(),
                None => Reply::Absent.only(),
            },
        }
    }

    fn claim(&mut self, instance: Instance) -> Outcome {
        match self.ordinary {
            None => Reply::Absent.only(),
            Some(State::Unclaimed { .. }) => self.become_of(State::Claimed(instance)),
            Some(State::Claimed(other)) if other == instance => Reply::Same.only(),
            // A step back that the code allows.
            Some(State::Running(other)) if other == instance => self.become_of(State::Claimed(instance)),
            Some(State::Claimed(_) | State::Running(_) | State::Crashed) => Reply::Refused.only(),
        }
    }

    fn start(&mut self, instance: Instance, rules: &Rules) -> Outcome {
        match self.ordinary {
            // Even if nobody desires it: the rows may have been lost.
            None | Some(State::Unclaimed { .. }) => {}
            // Whoever runs first has it, whoever claimed it.
            Some(State::Claimed(_)) => {}
            Some(State::Running(other)) if other == instance => return Reply::Same.only(),
            Some(State::Running(_) | State::Crashed) => return Reply::Refused.only(),
        }
        if rules.start_removes_evacuating || self.evacuating == Some(instance) {
            self.evacuating = None;
        }
        self.suspect = None;
        self.become_of(State::Running(instance))
    }

    fn crash(&mut self, instance: Instance, rules: &Rules) -> Outcome {
        if self.suspect == Some(instance) {
            self.suspect = None;
            return Reply::Done.only();
        }
        self.forget(instance);
        if !self.held_by(instance) {
            return self.not_held();
        }
        let most = if rules.counts_every_crash { u8::MAX } else { rules.immediate_restarts };
        self.crashes = self.crashes.saturating_add(1).min(most);
        let again = self.crashes < rules.immediate_restarts;
        self.ordinary = Some(if again { UNCLAIMED } else { State::Crashed });
        Outcome { reply: Reply::Done, wants_start: again }
    }

    fn remove(&mut self, instance: Instance) -> Outcome {
        let forgotten = self.forget(instance);
        if self.suspect == Some(instance) {
            self.suspect = None;
            return Reply::Done.only();
        }
        if self.held_by(instance) {
            self.ordinary = None;
            return Reply::Done.only();
        }
        if forgotten { Reply::Done.only() } else { self.not_held() }
    }

    fn evacuate(&mut self, instance: Instance, rules: &Rules) -> Outcome {
        if self.suspect == Some(instance) {
            self.suspect = None;
            return self.keep_evacuating(instance);
        }
        match self.ordinary {
            Some(State::Claimed(own) | State::Running(own)) if own == instance => {
                self.ordinary = Some(UNCLAIMED);
                // There is one evacuating row: who was in it before is told to go when it asks.
                self.evacuating = Some(instance);
                Outcome { reply: Reply::Done, wants_start: true }
            }
            Some(State::Unclaimed { refused: true }) if !rules.keeps_refused_evacuee => {
                self.forget(instance);
                Reply::Refused.only()
            }
            Some(State::Unclaimed { .. } | State::Claimed(_)) => self.keep_evacuating(instance),
            None | Some(State::Running(_) | State::Crashed) => {
                self.forget(instance);
                Reply::Refused.only()
            }
        }
    }

    /// There is one evacuating row: one more evacuee must go.
    fn keep_evacuating(&mut self, instance: Instance) -> Outcome {
        match self.evacuating {
            None => {
                self.evacuating = Some(instance);
                Reply::Done.only()
            }
            Some(other) if other == instance => Reply::Same.only(),
            Some(_) => Reply::Refused.only(),
        }
    }

    fn unclaim(&mut self, expected: Option<Instance>) -> Outcome {
        match (self.ordinary, expected) {
            (None, _) => Reply::Absent.only(),
            (Some(State::Unclaimed { .. }), _) => Reply::Same.only(),
            (Some(state), Some(_)) if state.instance() != expected => Reply::Refused.only(),
            (Some(_), _) => self.become_of(UNCLAIMED),
        }
    }

    fn become_of(&mut self, state: State) -> Outcome {
        self.ordinary = Some(state);
        Reply::Done.only()
    }

    fn held_by(&self, instance: Instance) -> bool {
        self.ordinary.and_then(State::instance) == Some(instance)
    }

    fn not_held(&self) -> Outcome {
        if self.ordinary.is_none() { Reply::Absent.only() } else { Reply::Refused.only() }
    }

    /// Whether the evacuating row was this instance's.
    fn forget(&mut self, instance: Instance) -> bool {
        let was = self.evacuating == Some(instance);
        if was {
            self.evacuating = None;
        }
        was
    }
}

impl Reply {
    const fn only(self) -> Outcome {
        Outcome { reply: self, wants_start: false }
    }
}

const UNCLAIMED: State = State::Unclaimed { refused: false };
