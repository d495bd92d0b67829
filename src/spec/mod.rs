//! What a protocol hands to the engines: nodes, links, faults and properties, as plain data.
//!
//! A [`Setup`] fixes one run's world up to the adversary's choices. Both the checkers' world and the simulator are
//! built from it, separately.

mod faults;
mod gauge;
mod links;
mod property;
mod protocol;
mod reach;

pub use faults::{Fault, FaultKind, Tokens};
pub use gauge::{Gauge, Measured};
pub use links::{Carriage, Link, Links};
pub use property::{Form, Happening, Property, Signals, Trigger, Watch};
pub use protocol::{Builder, Class, DesignError, Detector, Direction, LedgerKey, Protocol};
pub use reach::{GENERAL_CLASSES, Reach};

use crate::{
    process::{NodeId, Process},
    time::{Drift, Duration, Window},
};

/// One run's world, up to the adversary's choices.
#[derive(Clone, Debug)]
pub struct Setup<P: Process> {
    pub nodes: Vec<Node<P>>,
    pub links: Links,
    pub faults: Vec<Fault<P::Request>>,
}

/// A place where a process runs.
#[derive(Clone, Debug)]
pub struct Node<P: Process> {
    /// A role letter or a short word; unique, and what traces print.
    pub name: String,
    pub config: P::Config,
    /// Nodes with the same machine die together.
    pub machine: u16,
    /// When the first start happens, counted from the beginning of the run. Phases matter: a node that always starts
    /// at zero hides the worst case.
    pub start: Window,
    /// When a supervisor starts the process again after it ended by itself; `None` for never.
    pub restart_after_exit: Option<Window>,
    pub clock: Clock,
    /// Nodes of one group are interchangeable: equal configs but for the nodes they name, equal links and faults, and
    /// no process compares their ids by order. The checkers may then treat permuted situations as one.
    pub group: Option<u8>,
}

/// How far a node's timers may be off.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Clock {
    pub drift: Drift,
    /// A due timer is delivered at most this much later.
    pub reaction: Duration,
}

impl Clock {
    /// The true span after which a timer armed for `after` is delivered.
    #[must_use]
    pub fn window(self, after: Window) -> Window {
        self.drift.widen(after).plus(Window::up_to(self.reaction))
    }
}

impl<P: Process> Setup<P> {
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node<P> {
        &self.nodes[id.index()]
    }

    #[must_use]
    pub fn named(&self, name: &str) -> Option<NodeId> {
        self.nodes.iter().position(|node| node.name == name).map(|index| NodeId(index as u16))
    }

    /// The group in which a node can be exchanged for another. Nodes that share a machine die together, which an
    /// exchange of one of them would not keep.
    pub(crate) fn exchanges_in(&self, id: NodeId) -> Option<u8> {
        let machine = self.node(id).machine;
        let alone = self.nodes.iter().filter(|other| other.machine == machine).count() == 1;
        self.node(id).group.filter(|_| alone)
    }

    /// Every node, in order.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> + use<P> {
        (0..self.nodes.len()).map(|index| NodeId(index as u16))
    }
}
