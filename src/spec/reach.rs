//! From the fault classes of a ledger to the faults of a set-up.

use std::collections::BTreeSet;

use super::{Builder, Carriage, Class, DesignError, Direction, Fault, FaultKind, Links, Node};
use crate::{
    process::{NodeId, Process},
    time::{Duration, Window},
};

/// Whom a protocol lets the general fault classes hit, where a ledger names nobody.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reach {
    /// `crash` and `death`.
    pub crash: Vec<NodeId>,
    /// `pause` and `suspend`.
    pub pause: Vec<NodeId>,
    /// `cut`: each is cut off from everyone else.
    pub cut: Vec<NodeId>,
}

/// The general fault classes, as a ledger writes them.
pub const GENERAL_CLASSES: [&str; 8] = ["crash", "wipe", "death", "pause", "suspend", "loss", "duplicate", "cut"];

impl Builder {
    /// Whether every class may hit everyone that the protocol allows. Otherwise nodes are not interchangeable.
    #[must_use]
    pub fn is_symmetric(&self) -> bool {
        self.classes.iter().all(|class| class.nodes.is_none())
    }

    /// The window of first starts: the ledger's, or by default up to the longest period of the design. By default
    /// nobody starts at the very first moment, at which the stores do.
    #[must_use]
    pub fn phase_up_to(&self, longest: Duration) -> Window {
        let tick = Duration::from_micros(1);
        self.phase.unwrap_or(Window::new(tick, longest.max(tick)))
    }

    /// The faults of this ledger, in its order. A class that is not general is asked of `own`: whom it may hit, and
    /// what it requests.
    ///
    /// # Errors
    /// Names the key of a class that is not known, lacks its `for`, or names a node that it cannot hit.
    pub fn faults<P: Process>(
        &self,
        nodes: &[Node<P>],
        links: &Links,
        reach: &Reach,
        own: impl Fn(&Class) -> Result<Option<(Vec<NodeId>, P::Request)>, DesignError>,
    ) -> Result<Vec<Fault<P::Request>>, DesignError> {
        let everyone: Vec<NodeId> = (0..nodes.len()).map(|index| NodeId(index as u16)).collect();
        let hit = |class: &Class, allowed: &[NodeId]| class.hits(nodes, allowed);
        self.classes
            .iter()
            .map(|class| {
                let kind = match class.key.as_str() {
                    "crash" => FaultKind::Crash { nodes: hit(class, &reach.crash)?, restart: class.restart },
                    // Any disk may fail, also one whose process no crash is allowed to hit.
                    "wipe" => FaultKind::Wipe { nodes: hit(class, &everyone)?, restart: class.restart },
                    "death" => {
                        let hit = hit(class, &reach.crash)?;
                        let machines: BTreeSet<u16> = hit.iter().map(|node| nodes[node.index()].machine).collect();
                        FaultKind::Death { machines: machines.into_iter().collect(), restart: class.restart }
                    }
                    "pause" => FaultKind::Pause { nodes: hit(class, &reach.pause)?, span: class.lasts()? },
                    "suspend" => FaultKind::Suspend { nodes: hit(class, &reach.pause)?, span: class.lasts()? },
                    "loss" => FaultKind::Loss { links: class.links(links, &hit(class, &everyone)?, false) },
                    "duplicate" => FaultKind::Duplicate { links: class.links(links, &hit(class, &everyone)?, true) },
                    "cut" => {
                        let around = hit(class, &reach.cut)?;
                        let cuts = around.iter().map(|node| class.links(links, &[*node], false)).collect();
                        FaultKind::Cut { cuts, span: class.lasts()? }
                    }
                    _ => {
                        let (allowed, request) = own(class)?.ok_or_else(|| class.unknown())?;
                        FaultKind::Request { nodes: hit(class, &allowed)?, request }
                    }
                };
                Ok(Fault { name: class.key.clone(), tokens: class.tokens, kind })
            })
            .collect()
    }
}

impl Class {
    /// The class's `for`.
    ///
    /// # Errors
    /// If the ledger does not give it.
    pub fn lasts(&self) -> Result<Window, DesignError> {
        self.span.ok_or_else(|| self.error("for", "how long it lasts, such as \"0s..30s\"", "nothing"))
    }

    fn hits<P: Process>(&self, nodes: &[Node<P>], allowed: &[NodeId]) -> Result<Vec<NodeId>, DesignError> {
        let Some(names) = &self.nodes else { return Ok(allowed.to_vec()) };
        let find = |name: &String| {
            let named = |node: &&NodeId| nodes[node.index()].name == *name;
            allowed.iter().find(named).copied().ok_or_else(|| {
                let known: Vec<&str> = allowed.iter().map(|node| nodes[node.index()].name.as_str()).collect();
                self.error("nodes", &format!("some of {}", known.join(", ")), &format!("{name:?}"))
            })
        };
        names.iter().map(find).collect()
    }

    /// The links of these nodes in the class's direction, seen from them.
    fn links(&self, links: &Links, around: &[NodeId], datagrams_only: bool) -> Vec<(NodeId, NodeId)> {
        let wanted = |from: &NodeId, to: &NodeId| match self.direction {
            Direction::Both => around.contains(from) || around.contains(to),
            Direction::To => around.contains(to),
            Direction::From => around.contains(from),
        };
        links
            .iter()
            .filter(|(from, to, link)| {
                wanted(from, to) && !(datagrams_only && matches!(link.carriage, Carriage::Stream { .. }))
            })
            .map(|(from, to, _)| (from, to))
            .collect()
    }

    fn unknown(&self) -> DesignError {
        DesignError {
            key: format!("ledger.{}", self.key),
            expected: format!("one of {}, or a class of this protocol", GENERAL_CLASSES.join(", ")),
            got: format!("{:?}", self.key),
        }
    }

    fn error(&self, key: &str, expected: &str, got: &str) -> DesignError {
        DesignError { key: format!("ledger.{}.{key}", self.key), expected: expected.into(), got: got.into() }
    }
}
