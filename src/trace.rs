//! A trace: one run, wherever it comes from, as a list of steps with times and choices.
//!
//! It holds all that is needed to run it again: which pending event happened when, and what the adversary chose. What
//! a step *did* is printed beside it for people and compared at a replay.

use serde::{Deserialize, Serialize};

use crate::process::{Lane, NodeId, Reason};

/// The version of the format that this crate writes and the only one it reads.
pub const FORMAT: u32 = 1;

/// One run of one design, with what it shows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// [`FORMAT`].
    pub tenure_trace: u32,
    /// The version of the tool that wrote it.
    pub tool: String,
    pub subject: Subject,
    pub claim: Claim,
    /// The nodes' names, in order.
    pub nodes: Vec<String>,
    pub steps: Vec<Step>,
}

/// Which design, property and ledger a trace belongs to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The resolved design, as TOML: everything after `extends`, `[override]` and `--set`.
    pub design: String,
    /// A hash of `design`, to tell a trace of another design.
    pub hash: String,
    /// The file it was read from, for people.
    pub file: String,
    pub protocol: String,
    pub property: String,
    pub ledger: String,
}

/// What the run shows. A replay checks it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "shows", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Claim {
    /// A `never` is violated at the last step, or parties act within another's interval.
    Violation,
    /// The stopwatch that the marked step started reads this much at the last step, in microseconds.
    Elapsed { micros: i64 },
    /// It reads this much or more.
    AtLeast { micros: i64 },
    /// From the last step on nothing that must happen is pending while the stopwatch runs.
    Never,
    /// The steps from `from` on can be repeated for ever; they are listed for `turns` turns.
    Cycle { from: usize, turns: usize },
    /// The last step breaks the contract of processes.
    ProtocolError,
    /// No time can pass after the last step.
    TimeStuck,
    /// The run is an example: a trigger with its response, a situation that is reached.
    Witness,
    /// A simulated run, to its horizon.
    Run,
}

/// One step of a run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Microseconds since the beginning, never less than the step before. The order of equal times is part of the run.
    pub at: i64,
    pub what: Occurrence,
    #[serde(default, skip_serializing_if = "Choices::is_plain")]
    pub choices: Choices,
    /// What was delivered and what the process did, in words: `"deliver Renew { .. }"`, `"send .."`, `"emit .."`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub did: Vec<String>,
}

/// What happens in a step. Real numbers count from zero over the whole run.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Occurrence {
    /// A node starts, for the first time or again.
    Start { node: NodeId },
    /// The moment of a message comes. `number` counts the sends on the directed link, lost ones included; `copy` is 1
    /// for the second arrival of a duplicated one.
    Deliver { from: NodeId, to: NodeId, number: u32, copy: u8 },
    /// The moment of a timer comes. `number` counts what the node armed, in all its lives.
    Fire { node: NodeId, number: u32 },
    /// The moment comes at which a node is told of a connection's end.
    Close { node: NodeId, peer: NodeId, lane: Lane, reason: Reason },
    /// The process of a paused node goes on.
    Resume { node: NodeId },
    /// A cut heals. `number` counts the cuts.
    Heal { number: u32 },
    /// The token of a fault class that was taken first comes back.
    Refill { fault: usize },
    /// The adversary uses a fault class (an index of the set-up's faults).
    Fault { fault: usize, target: Target },
}

/// Whom a fault hits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Target {
    Node(NodeId),
    Machine(u16),
    /// An index of the fault's `cuts`, and what it takes from what is in flight.
    Cut {
        cut: usize,
        /// Messages on datagram links that vanish: directed link and number, copies apart.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lost: Vec<(NodeId, NodeId, u32, u8)>,
        /// The first message of a stream's lane that is held, for each lane of which something is.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        held: Vec<(NodeId, NodeId, u32)>,
    },
}

/// What the adversary and the observer chose within a step. Effects are counted from zero in the executed list.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choices {
    /// The list is cut before this effect by a fault: a crash (the rest is lost) or a pause (the rest waits).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<EffectCut>,
    /// Sends that are lost, with the fault class each token is taken from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<(u16, usize)>,
    /// Sends that are duplicated, likewise.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub duplicated: Vec<(u16, usize)>,
    /// The stopwatch that the claim speaks of starts here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub measured: bool,
}

/// A crash or a pause between two effects of a step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EffectCut {
    /// So many effects of the list are executed first.
    pub before: u16,
    pub fault: usize,
}

impl Choices {
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Choices::default()
    }
}
