//! Messages under way, the connections that carry them, and cuts.
//!
//! A [`Way`] is one direction between two nodes: what is under way, in the order of sending, and the sender's ends of
//! the connections. On a stream the messages of a lane and the news of its end are delivered in that order.

mod breaks;
mod carry;

use std::collections::VecDeque;

use super::agenda::Event;
use crate::{
    process::{Lane, NodeId, Process, Reason},
    spec::{Carriage, Link, Links},
    time::Window,
};

/// Every direction between two nodes.
#[derive(Debug)]
pub(super) struct Ways<P: Process> {
    nodes: usize,
    /// The place of each direction, or [`NONE`]: of many nodes, most never talk to most others.
    table: Vec<u32>,
    ways: Vec<Way<P>>,
}

/// One direction between two nodes.
#[derive(Debug)]
pub(super) struct Way<P: Process> {
    link: Option<Link>,
    /// How many messages were sent, lost ones included.
    sent: u32,
    /// How many cuts block it.
    blocks: u32,
    /// In the order of sending.
    items: VecDeque<Item<P>>,
    /// The sender's ends, by lane.
    ends: Vec<End>,
}

const NONE: u32 = u32::MAX;

/// Something under way.
#[derive(Debug)]
struct Item<P: Process> {
    lane: Lane,
    /// The number of a message, or of the next that will be sent: it never falls from one item to the next.
    order: u32,
    place: Place,
    what: What<P>,
}

#[derive(Debug)]
enum What<P: Process> {
    Message {
        number: u32,
        copy: u8,
        message: P::Message,
        /// It opens a connection at an end that was not yet told of the end of an older one.
        opening: bool,
    },
    /// The receiver is told that the connection is gone.
    Closed(Reason),
}

/// Where something under way is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    /// Pending.
    Flying,
    /// Its moment came, but one ahead of it is undelivered.
    Queued,
    /// A cut holds it.
    Held,
    /// Its moment came while the node was paused.
    Inbox,
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, Default)]
struct End {
    state: EndState,
    /// Something is held, and the end waits only so long: its `Closed(timeout)` is pending, apart from the order.
    impatient: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum EndState {
    #[default]
    Idle,
    Open,
    /// It will be told, unless its patience has no end.
    Broken,
}

impl<P: Process> Ways<P> {
    pub(super) fn new(links: &Links, nodes: usize) -> Ways<P> {
        let mut ways = Ways { nodes, table: vec![NONE; nodes * nodes], ways: Vec::new() };
        for (from, to, _) in links.iter() {
            // A way back has the ends of what answers, also where no link is.
            ways.join(from, to, links);
            ways.join(to, from, links);
        }
        ways
    }

    fn join(&mut self, from: NodeId, to: NodeId, links: &Links) {
        let place = &mut self.table[from.index() * self.nodes + to.index()];
        if *place == NONE {
            *place = u32::try_from(self.ways.len()).expect("fewer ways than that");
            let link = links.get(from, to).copied();
            self.ways.push(Way { link, sent: 0, blocks: 0, items: VecDeque::new(), ends: Vec::new() });
        }
    }

    /// Whether two nodes have anything to do with each other.
    fn joins(&self, one: NodeId, other: NodeId) -> bool {
        self.table[one.index() * self.nodes + other.index()] != NONE
    }

    fn way(&self, from: NodeId, to: NodeId) -> &Way<P> {
        &self.ways[self.table[from.index() * self.nodes + to.index()] as usize]
    }

    fn way_mut(&mut self, from: NodeId, to: NodeId) -> &mut Way<P> {
        &mut self.ways[self.table[from.index() * self.nodes + to.index()] as usize]
    }

    /// What waited in an inbox is under way again.
    pub(super) fn fly_again(&mut self, event: Event) {
        let (from, to) = match event {
            Event::Deliver { from, to, .. } => (from, to),
            Event::Close { node, peer, .. } => (peer, node),
            _ => return,
        };
        let way = self.way_mut(from, to);
        // The news of lost patience is no item.
        if let Some(index) = way.find(from, to, event) {
            way.items[index].place = Place::Flying;
        }
    }

    /// What must be delivered before an event, on the same lane of a stream.
    pub(super) fn ahead(&self, event: Event) -> Option<Event> {
        let (from, to) = match event {
            Event::Deliver { from, to, .. } => (from, to),
            Event::Close { node, peer, .. } => (peer, node),
            _ => return None,
        };
        let way = self.way(from, to);
        if !way.is_stream() {
            return None;
        }
        let index = way.find(from, to, event)?;
        let lane = way.items[index].lane;
        way.items.range(..index).rev().find(|item| item.lane == lane).map(|item| item.event(from, to))
    }

    /// What a cut can take: messages in flight, in order, with their lane on a stream.
    pub(super) fn in_flight(&self, from: NodeId, to: NodeId) -> impl Iterator<Item = (Option<Lane>, u32, u8)> {
        let way = self.way(from, to);
        way.items.iter().filter(|item| item.in_flight()).filter_map(|item| match item.what {
            What::Message { number, copy, .. } => Some((way.is_stream().then_some(item.lane), number, copy)),
            What::Closed(_) => None,
        })
    }
}

impl<P: Process> Way<P> {
    fn is_stream(&self) -> bool {
        matches!(self.link, Some(Link { carriage: Carriage::Stream { .. }, .. }))
    }

    fn end(&mut self, lane: Lane) -> &mut End {
        let index = usize::from(lane.0);
        if self.ends.len() <= index {
            self.ends.resize(index + 1, End::default());
        }
        &mut self.ends[index]
    }

    fn lanes(&self) -> impl Iterator<Item = Lane> + use<P> {
        (0..self.ends.len()).map(|index| Lane(index as u8))
    }

    /// Where the item is whose event that is.
    fn find(&self, from: NodeId, to: NodeId, event: Event) -> Option<usize> {
        let first = match event {
            Event::Deliver { number, .. } => self.items.partition_point(|item| item.order < number),
            _ => 0,
        };
        self.items.range(first..).position(|item| item.event(from, to) == event).map(|index| first + index)
    }

    /// Takes out what a test is true of, in order.
    fn extract(&mut self, gone: impl Fn(&Item<P>) -> bool) -> VecDeque<Item<P>> {
        let (gone, kept) = std::mem::take(&mut self.items).into_iter().partition(gone);
        self.items = kept;
        gone
    }

    /// Whether something ahead on the same lane is undelivered: under way, held, or in the inbox of a paused node.
    fn must_wait(&self, index: usize) -> bool {
        let lane = self.items[index].lane;
        self.is_stream() && self.items.range(..index).any(|item| item.lane == lane)
    }

    fn delay(&self) -> Window {
        self.link.expect("only a link carries anything").delay
    }

    fn patience(&self) -> Option<Window> {
        match self.link?.carriage {
            Carriage::Stream { patience, .. } => patience,
            Carriage::Datagram => None,
        }
    }

    fn rto(&self) -> Window {
        match self.link.expect("only a link carries anything").carriage {
            Carriage::Stream { rto, .. } => Window::up_to(rto),
            Carriage::Datagram => Window::ZERO,
        }
    }
}

impl<P: Process> Item<P> {
    fn event(&self, from: NodeId, to: NodeId) -> Event {
        match self.what {
            What::Message { number, copy, .. } => Event::Deliver { from, to, number, copy },
            What::Closed(reason) => Event::Close { node: to, peer: from, lane: self.lane, reason },
        }
    }

    fn is_message(&self) -> bool {
        matches!(self.what, What::Message { .. })
    }

    fn in_flight(&self) -> bool {
        matches!(self.place, Place::Flying | Place::Queued)
    }
}
