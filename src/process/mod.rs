//! The process contract: a protocol is a set of state machines that are told what happened and answer with effects.
//!
//! A process reads no clock, draws no random number and does no input or output. Time reaches it only as a timer
//! that fires, and a timer's uncertainty is its [`Window`]. So the same code runs in the checkers, in the simulators
//! and on a real host, and time can be explored exactly.

mod effects;
pub mod fixture;
mod names;

use std::{fmt::Debug, hash::Hash};

pub use effects::{Effect, Effects, Fresh};
pub use names::{Id, MOST_NODES, Names, NodeId, Rank, Sort, Visitor};
pub use tenure_derive::Names;

#[cfg(doc)]
use crate::time::Window;

/// What every part of a process is: a value that can be copied, compared, hashed, shown and renamed.
pub trait Data: Clone + Debug + Eq + Hash + Names + Send + Sync + 'static {}

impl<T: Clone + Debug + Eq + Hash + Names + Send + Sync + 'static> Data for T {}

/// One state machine of a protocol.
///
/// Every input is legal in every state: `step` is total, and what is stale is ignored on purpose. Two calls with equal
/// arguments have equal results; nothing else may be read. Collections inside must be ordered.
pub trait Process: Data {
    /// What the node was given and never changes. Not part of the state.
    type Config: Clone + Debug + Send + Sync + 'static;
    type Message: Data;
    /// The key of a timer: arming a key that is armed replaces it.
    type Timer: Data;
    /// What the environment may ask: an operator's stop, an election. Its moment is the adversary's choice.
    type Request: Data;
    /// What a property may observe. Past tense.
    type Event: Data;
    /// What survives a crash. Nothing else does.
    type Durable: Data + Default;

    /// The first start and each restart.
    fn start(me: &Me<'_, Self>, durable: Self::Durable, fx: &mut Effects<Self>) -> Self;

    /// One input, handled in no time. Processing time belongs to the window of a message or a timer.
    fn step(&mut self, me: &Me<'_, Self>, input: Input<Self>, fx: &mut Effects<Self>);

    /// Which of the connections between two nodes carries a message, where their link is a stream. Messages of one
    /// lane stay in order and share one connection; a client with a connection per kind of request has a lane per kind.
    fn lane(_message: &Self::Message) -> Lane {
        Lane(0)
    }
}

/// One of the connections between two nodes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Lane(pub u8);

/// Who a process is: constants of its node, and which life this is.
#[derive(Debug)]
pub struct Me<'a, P: Process> {
    pub id: NodeId,
    pub config: &'a P::Config,
    /// Grows with each start of the node.
    pub incarnation: Rank,
}

impl<'a, P: Process> Me<'a, P> {
    /// The same node, as a process hosted by it sees itself.
    #[must_use]
    pub fn nested<C: Process>(&self, config: &'a C::Config) -> Me<'a, C> {
        Me { id: self.id, config, incarnation: self.incarnation }
    }
}

/// What can happen to a running process.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Input<P: Process> {
    Message {
        from: NodeId,
        message: P::Message,
    },
    Timer(P::Timer),
    Request(P::Request),
    /// A connection to a peer is gone; what was sent on it and not answered may or may not have arrived. The next
    /// message of that lane opens a new one.
    Closed {
        peer: NodeId,
        lane: Lane,
        reason: Reason,
    },
}

/// Why a connection is gone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Names, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The peer's machine is up, but no process of it takes the connection.
    Refused,
    /// The peer's end was closed, or does not know the connection.
    Reset,
    /// The path was broken for longer than the sender's patience.
    Timeout,
}
