//! Links: how a message travels from one node to another.
//!
//! **Datagram.** Each message takes a span of `delay` on its own: messages overtake each other. One that arrives at a
//! node that is down vanishes; one that was sent to an earlier incarnation may reach a later one.
//!
//! **Stream.** One connection for each lane of a pair of nodes, both directions. Each end is *idle*, *open*, or
//! *broken* (it will be told by `Closed` at a scheduled moment; when told it is idle). An end that breaks while its
//! process is down is idle at once.
//! - *Send.* A broken end's message is dropped. An idle end opens: if the peer's end is idle too, both are open;
//!   else (the peer was not yet told of an older connection's end) the message is *opening*: when its moment comes, the
//!   peer is told `Closed(reset)`, its end opens, and the message is delivered right after. An open end whose peer's end
//!   is idle talks to nobody: its message is dropped and it breaks, with `Closed(reset)` after `delay` there and back;
//!   if the peer's machine is dead, instead with `Closed(timeout)` after `patience`, and without a patience not at all.
//! - *Order.* A message is delivered at the later of its own moment and its predecessor's delivery: when its moment
//!   comes while one ahead of it is undelivered (in flight, held, or in an inbox), it is delivered right after that one.
//!   Messages and `Closed` of one direction of one lane share this order.
//! - *Loss of a message*: it is dropped with everything in flight or held in the other direction; what was sent before
//!   it is still delivered. Both ends break with `Closed(timeout)` in `[0, rto]`, the receiver's behind what is still
//!   delivered to it.
//! - *The process of a node ends* (crash, exit): its ends become idle, what was in flight or held to it is dropped, what
//!   it sent stays in flight. Each peer's open end breaks with `Closed(reset)` after the span of `delay` from the node,
//!   behind what is in flight to that peer.
//! - *A machine dies*: as before, but nobody is told: the peers' ends stay open.
//! - *A message arrives at a node whose process is down*: dropped; if its machine is up the sender's end breaks with
//!   `Closed(refused)` after `delay` back. (To a dead machine an idle end's message opens its own end only, is dropped,
//!   and the end breaks with `Closed(timeout)` after `patience`, and without a patience not at all.)
//!
//! "Right after" is: in a window `[0, 0]` from that delivery.
//!
//! **Cuts** block directions until they heal. On a datagram link, what is sent meanwhile vanishes, and when the cut
//! begins any subset of what is in flight vanishes. On a stream, what is sent meanwhile is *held*, and when the cut
//! begins all that is in flight from some message of the lane on is held, the adversary says from which (perhaps none).
//! `Closed` is never held. An end that has something held, and whose link has a `patience`, is told `Closed(timeout)`
//! after a span of it, counted from when it first had, unless the cut heals first: then everything in flight or held on
//! the lane, both directions, is dropped, the end is idle, and the other end stays open. At the heal, what is held
//! is scheduled in `[0, rto]`, in order. A direction blocked by two cuts is open again when both have healed.

use crate::{
    process::NodeId,
    time::{Duration, Window},
};

/// Every link of a set-up. Links are directed; a stream needs both directions, alike but for the delay.
#[derive(Clone, Debug)]
pub struct Links {
    nodes: usize,
    /// The place of each direction's link, or [`NONE`]: of many nodes, most have none to most others.
    table: Vec<u32>,
    links: Vec<Link>,
}

/// How messages travel from one node to another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Link {
    pub carriage: Carriage,
    pub delay: Window,
    /// At most this many messages are in flight at once. Reaching it ends an exhaustive check with UNKNOWN: nothing
    /// is cut silently.
    pub capacity: u8,
}

/// What a link promises.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Carriage {
    Datagram,
    Stream {
        /// How long the ends may take to notice a break, and how long what a cut held may take after the heal.
        rto: Duration,
        /// How long a sender waits for a path or a machine that does not answer; `None` for ever.
        patience: Option<Window>,
    },
}

impl Links {
    #[must_use]
    pub fn none(nodes: usize) -> Links {
        Links { nodes, table: vec![NONE; nodes * nodes], links: Vec::new() }
    }

    /// The same link in both directions.
    pub fn connect(&mut self, a: NodeId, b: NodeId, link: Link) {
        self.connect_one_way(a, b, link);
        self.connect_one_way(b, a, link);
    }

    pub fn connect_one_way(&mut self, from: NodeId, to: NodeId, link: Link) {
        let place = &mut self.table[from.index() * self.nodes + to.index()];
        if *place == NONE {
            *place = u32::try_from(self.links.len()).expect("fewer links than that");
            self.links.push(link);
        } else {
            self.links[*place as usize] = link;
        }
    }

    #[must_use]
    pub fn get(&self, from: NodeId, to: NodeId) -> Option<&Link> {
        self.links.get(self.table[from.index() * self.nodes + to.index()] as usize)
    }

    /// Every directed link, ordered by its ends.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, NodeId, &Link)> {
        self.table.iter().enumerate().filter_map(|(index, place)| {
            let (from, to) = (index / self.nodes, index % self.nodes);
            let link = self.links.get(*place as usize)?;
            Some((NodeId(from as u16), NodeId(to as u16), link))
        })
    }
}

const NONE: u32 = u32::MAX;
