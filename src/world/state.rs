//! A discrete state: what every node knows, what is under way, and what the observer remembers. No time.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use rustc_hash::FxHasher;
use smallvec::SmallVec;

use super::kept::Kept;
use crate::process::{Data, Effect, Id, Lane, Names, NodeId, Process, Rank, Reason, Sort, Visitor};

/// A discrete state of the world.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct State<P: Process, M: Data> {
    pub(super) nodes: Vec<NodeState<P>>,
    /// What is under way, in canonical order. Those in [`Place::Due`] are the state's variables, in this order.
    pub(super) items: Vec<Item<P>>,
    /// The ends of stream connections that are not idle, sorted.
    pub(super) ends: Vec<End>,
    /// Tokens left of each fault class.
    pub(super) tokens: SmallVec<[u8; 8]>,
    pub(super) watch: Watching<M>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum NodeState<P: Process> {
    Down {
        durable: P::Durable,
        /// The whole machine is dead: nobody answers for it.
        dead: bool,
    },
    Up {
        hosted: Arc<Kept<P>>,
        durable: P::Durable,
        incarnation: Rank,
        /// The rest of a cut list of effects; `None` when the node is not paused.
        paused: Option<Vec<Effect<P>>>,
    },
}

impl<P: Process> NodeState<P> {
    pub(super) fn is_up(&self) -> bool {
        matches!(self, NodeState::Up { .. })
    }

    pub(super) fn is_paused(&self) -> bool {
        matches!(self, NodeState::Up { paused: Some(_), .. })
    }

    pub(super) fn is_dead(&self) -> bool {
        matches!(self, NodeState::Down { dead: true, .. })
    }

    pub(super) fn durable(&self) -> &P::Durable {
        match self {
            NodeState::Down { durable, .. } | NodeState::Up { durable, .. } => durable,
        }
    }
}

/// Something under way, and where it waits. States share what they have under way.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Item<P: Process> {
    pub(super) told: Told<P>,
    pub(super) place: Place,
}

impl<P: Process> Item<P> {
    pub(super) fn what(&self) -> &What<P> {
        self.told.what()
    }

    /// What is under way as its keeper knows it.
    pub(super) fn kept(&self) -> &Kept<What<P>> {
        match &self.told {
            Told::Kept(kept) => kept,
            Told::New(what) => unreachable!("{what:?} is kept before it is asked about"),
        }
    }
}

/// What is under way, and whether a step has just made it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Told<P: Process> {
    New(Arc<What<P>>),
    Kept(Arc<Kept<What<P>>>),
}

impl<P: Process> Told<P> {
    pub(super) fn what(&self) -> &What<P> {
        match self {
            Told::New(what) => what,
            Told::Kept(kept) => &kept.value,
        }
    }
}

/// What is under way. The order of the variants is the canonical order of the kinds.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum What<P: Process> {
    Start {
        node: NodeId,
    },
    Timer {
        node: NodeId,
        timer: P::Timer,
    },
    Resume {
        node: NodeId,
    },
    Message {
        from: NodeId,
        to: NodeId,
        message: P::Message,
        /// `None` on a datagram link.
        lane: Option<Lane>,
        /// The first of a new connection, whose receiver was not yet told of the old one's end.
        opening: bool,
    },
    /// `node` is to be told that its connection to `peer` is gone.
    Closed {
        node: NodeId,
        peer: NodeId,
        lane: Lane,
        reason: Reason,
    },
    /// `node` waits for the path to `peer`, where something of its is held.
    Patience {
        node: NodeId,
        peer: NodeId,
        lane: Lane,
    },
    /// The cut of that index in the fault class is open until it heals.
    Heal {
        fault: u8,
        cut: u8,
    },
    Refill {
        fault: u8,
    },
    Stopwatch,
}

impl<P: Process> What<P> {
    pub(super) fn kind(&self) -> u8 {
        match self {
            What::Start { .. } => 0,
            What::Timer { .. } => 1,
            What::Resume { .. } => 2,
            What::Message { lane: None, .. } => 3,
            // One order for all that travels on a lane.
            What::Message { .. } | What::Closed { .. } => 4,
            What::Patience { .. } => 5,
            What::Heal { .. } => 6,
            What::Refill { .. } => 7,
            What::Stopwatch => 8,
        }
    }

    /// The direction of a lane that it travels on, as `(from, to, lane)`.
    pub(super) fn direction(&self) -> Option<(NodeId, NodeId, Lane)> {
        match *self {
            What::Message { from, to, lane: Some(lane), .. } => Some((from, to, lane)),
            What::Closed { node, peer, lane, .. } => Some((peer, node, lane)),
            _ => None,
        }
    }

    /// What is seen of its content without names. Its kind and its ends are seen elsewhere.
    pub(super) fn look(&self) -> u64 {
        match self {
            What::Timer { timer, .. } => erased(timer.clone()),
            What::Message { message, .. } => erased(message.clone()),
            _ => 0,
        }
    }

    /// The node whose process it is for.
    pub(super) fn addressee(&self) -> Option<NodeId> {
        match *self {
            What::Timer { node, .. } | What::Closed { node, .. } | What::Patience { node, .. } => Some(node),
            What::Message { to, .. } => Some(to),
            _ => None,
        }
    }
}

impl<P: Process> Names for What<P> {
    fn visit(&mut self, visitor: &mut dyn Visitor) {
        match self {
            What::Start { node } | What::Resume { node } => visitor.node(node),
            What::Timer { node, timer } => {
                visitor.node(node);
                timer.visit(visitor);
            }
            What::Message { from, to, message, .. } => {
                visitor.node(from);
                visitor.node(to);
                message.visit(visitor);
            }
            What::Closed { node, peer, .. } | What::Patience { node, peer, .. } => {
                visitor.node(node);
                visitor.node(peer);
            }
            What::Heal { .. } | What::Refill { .. } | What::Stopwatch => {}
        }
    }
}

/// Where an item waits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Place {
    /// Its moment is a variable.
    Due,
    /// A cut holds it.
    Held,
    /// Its moment has come; it is delivered right after the one ahead of it.
    Queued,
    /// Its moment has come; its node is paused.
    Inbox,
}

/// One end of a stream connection that is not idle.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct End {
    pub(super) node: NodeId,
    pub(super) peer: NodeId,
    pub(super) lane: Lane,
    pub(super) broken: bool,
}

/// What the observer remembers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Watching<M> {
    pub(super) memory: Arc<Kept<M>>,
    /// Parties whose interval is open, sorted.
    pub(super) holders: Vec<NodeId>,
    /// The party whose interval was the last to end, where the question is about hand-overs.
    pub(super) last: Option<NodeId>,
}

/// An identity found inside a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Name {
    Node(NodeId),
    Id(Id),
    Rank(Rank),
}

impl Name {
    pub(super) fn id(self) -> Option<u64> {
        match self {
            Name::Id(id) => Some(id.value()),
            Name::Node(_) | Name::Rank(_) => None,
        }
    }

    /// A rank above the least of its sort.
    pub(super) fn rank(self) -> Option<(Sort, u64)> {
        match self {
            Name::Rank(rank) if rank.value() > 0 => Some((rank.sort(), rank.value())),
            Name::Node(_) | Name::Id(_) | Name::Rank(_) => None,
        }
    }

    /// The same name as one number.
    pub(super) fn packed(self) -> u64 {
        match self {
            Name::Node(node) => u64::from(node.0),
            Name::Id(id) => 1 << 62 | id.value(),
            Name::Rank(rank) => {
                let sort = u64::from(rank.sort().0) << 44;
                assert!(rank.value() < 1 << 44, "living ranks are renumbered from one");
                2 << 62 | sort | rank.value()
            }
        }
    }

    /// What a visitor makes of it.
    pub(super) fn renamed(self, visitor: &mut impl Visitor) -> Name {
        match self {
            Name::Node(mut node) => {
                visitor.node(&mut node);
                Name::Node(node)
            }
            Name::Id(mut id) => {
                visitor.id(&mut id);
                Name::Id(id)
            }
            Name::Rank(mut rank) => {
                visitor.rank(&mut rank);
                Name::Rank(rank)
            }
        }
    }
}

/// Lists the names in a value.
pub(super) struct List(pub(super) Vec<Name>);

impl Visitor for List {
    fn node(&mut self, node: &mut NodeId) {
        self.0.push(Name::Node(*node));
    }

    fn id(&mut self, id: &mut Id) {
        self.0.push(Name::Id(*id));
    }

    fn rank(&mut self, rank: &mut Rank) {
        self.0.push(Name::Rank(*rank));
    }
}

/// Makes every name of a kind the same.
struct Erase;

impl Visitor for Erase {
    fn node(&mut self, node: &mut NodeId) {
        *node = NodeId(0);
    }

    fn id(&mut self, id: &mut Id) {
        *id = Id::new(0);
    }

    fn rank(&mut self, rank: &mut Rank) {
        let sort = Sort(rank.sort().0.min(Sort::INCARNATIONS));
        *rank = Rank::least(sort);
    }
}

pub(super) fn erased<T: Names + Hash>(mut value: T) -> u64 {
    value.visit(&mut Erase);
    hash_of(&value)
}

pub(super) fn hash_of<T: Hash>(value: &T) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}
