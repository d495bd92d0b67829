//! Faults: what the adversary may do, how often, and to whom.
//!
//! Faults of one ledger combine freely. Each happens at any moment; a crash and a pause also between two effects of a
//! step. A loss and a duplication happen at the moment of the send.

use crate::{
    process::NodeId,
    time::{Duration, Window},
};

/// One class of faults.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault<R> {
    /// The ledger's key: `"crash"`, `"loss"`, `"election"`.
    pub name: String,
    pub tokens: Tokens,
    pub kind: FaultKind<R>,
}

/// How often a fault may happen.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Tokens {
    /// 1 to 250.
    pub at_most: u8,
    /// `None`: in the whole run. `Some(span)`: each token comes back exactly `span` after it was taken, so fault
    /// `i + at_most` comes no earlier than fault `i` plus `span`.
    pub within: Option<Duration>,
}

/// What a fault does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FaultKind<R> {
    /// The process is killed: volatile state, timers, the inbox and the rest of a step's effects are gone. Its machine
    /// stays up. It restarts after a span of `restart`, or never.
    Crash { nodes: Vec<NodeId>, restart: Option<Window> },
    /// A crash, and the node's disk is lost: what starts again, if anything, has no durable data.
    Wipe { nodes: Vec<NodeId>, restart: Option<Window> },
    /// The machine is gone with every node on it, and nobody is told. All restart, each after a span of `restart`, or
    /// never.
    Death { machines: Vec<u16>, restart: Option<Window> },
    /// The process stands still for a span of `span` while its clock runs on: due timers and messages wait in its
    /// inbox, the rest of a step's effects waits too. After the resume each inbox entry is delivered within the node's
    /// reaction.
    Pause { nodes: Vec<NodeId>, span: Window },
    /// A pause in which the clock may stand still too: every timer of the node may come later by up to `span.hi`.
    /// An over-approximation.
    Suspend { nodes: Vec<NodeId>, span: Window },
    /// A message of one of these links is lost at its send.
    Loss { links: Vec<(NodeId, NodeId)> },
    /// A message of one of these datagram links arrives twice, each copy after a span of its own.
    Duplicate { links: Vec<(NodeId, NodeId)> },
    /// All directions of one of these sets are blocked until the cut heals, after a span of `span`.
    Cut { cuts: Vec<Vec<(NodeId, NodeId)>>, span: Window },
    /// The environment asks something of one running node, at any moment: an operator's stop, an election.
    Request { nodes: Vec<NodeId>, request: R },
}

impl Tokens {
    /// So many in the whole run.
    #[must_use]
    pub const fn budget(at_most: u8) -> Tokens {
        Tokens { at_most, within: None }
    }
}
