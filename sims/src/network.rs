//! The switch: what is under way between two nodes, and the connections that carry it, by the rules of
//! [`tenure::spec::Links`].
//!
//! A way is one direction between two nodes: what is under way, in the order of sending, and the sender's ends of the
//! connections.

use tenure::{
    process::{Input, Lane, NodeId, Process, Reason},
    spec::{Carriage, Link, Links},
    time::Window,
    trace::{Choices, Occurrence},
};

use crate::stage::{Event, Stage};

/// What becomes of a message at its send, and by which fault class.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    Sent,
    Lost(usize),
    Duplicated(usize),
}

/// Every direction between two nodes.
pub(crate) struct Ways<P: Process> {
    nodes: usize,
    table: Vec<Way<P>>,
}

/// One direction between two nodes.
pub(crate) struct Way<P: Process> {
    link: Option<Link>,
    /// How many messages were sent, lost ones included.
    sent: u32,
    /// How many cuts block it.
    pub(crate) blocks: u32,
    pub(crate) items: Vec<Item<P>>,
    /// The sender's ends, by lane.
    ends: Vec<End>,
}

/// Something under way.
pub(crate) struct Item<P: Process> {
    pub(crate) lane: Lane,
    pub(crate) place: Place,
    /// While it flies: its number on the agenda, and its moment.
    serial: u64,
    at: i64,
    what: What<P>,
}

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
pub(crate) enum Place {
    Flying,
    /// In the mailbox of a running process.
    Due,
    /// Its moment came, but one ahead of it is undelivered.
    Queued,
    /// A cut holds it.
    Held,
    /// Its moment came while the node was paused.
    Inbox,
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct End {
    pub(crate) state: EndState,
    /// Something is held, and the end waits only so long.
    pub(crate) patience: Option<Patience>,
}

/// A `Closed(timeout)` apart from the order of its lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub(crate) serial: u64,
    /// In the mailbox of a running process.
    pub(crate) due: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum EndState {
    #[default]
    Idle,
    Open,
    /// It will be told, unless its patience has no end.
    Broken,
}

impl<P: Process> Stage<P> {
    pub(crate) fn send(&mut self, from: NodeId, to: NodeId, message: P::Message, fate: Fate) {
        let way = self.ways.way_mut(from, to);
        let Some(link) = way.link else {
            panic!("{from:?} sends to {to:?}, where the set-up has no link: {message:?}")
        };
        let number = way.sent;
        way.sent += 1;
        match link.carriage {
            Carriage::Datagram => self.send_datagram(from, to, number, message, fate),
            Carriage::Stream { .. } => self.send_stream(from, to, number, message, fate),
        }
    }

    fn send_datagram(&mut self, from: NodeId, to: NodeId, number: u32, message: P::Message, fate: Fate) {
        if self.ways.way(from, to).blocks > 0 || matches!(fate, Fate::Lost(_)) {
            return;
        }
        if matches!(fate, Fate::Duplicated(_)) {
            let copy = What::Message { number, copy: 1, message: message.clone(), opening: false };
            self.fly(from, to, Lane(0), What::Message { number, copy: 0, message, opening: false });
            self.fly(from, to, Lane(0), copy);
        } else {
            self.fly(from, to, Lane(0), What::Message { number, copy: 0, message, opening: false });
        }
    }

    fn send_stream(&mut self, from: NodeId, to: NodeId, number: u32, message: P::Message, fate: Fate) {
        let lane = P::lane(&message);
        let dead = self.dead.contains(&self.setup.node(to).machine);
        let (own, peer) = (self.ways.end(from, to, lane).state, self.ways.end(to, from, lane).state);
        let opening = match (own, peer) {
            (EndState::Broken, _) => return,
            (EndState::Idle, _) | (EndState::Open, EndState::Idle) if dead => {
                let patience = self.ways.way(from, to).patience();
                if patience.is_none() {
                    // It waits for ever, unless the machine comes back and denies the connection.
                    self.ways.end(from, to, lane).state = EndState::Open;
                    return;
                }
                return self.break_end(from, to, lane, Reason::Timeout, patience);
            }
            (EndState::Open, EndState::Idle) => {
                let there_and_back = self.ways.way(from, to).delay().plus(self.ways.way(to, from).delay());
                return self.break_end(from, to, lane, Reason::Reset, Some(there_and_back));
            }
            (EndState::Idle, EndState::Idle) => {
                self.ways.end(to, from, lane).state = EndState::Open;
                false
            }
            (EndState::Idle, EndState::Open | EndState::Broken) => true,
            (EndState::Open, EndState::Open | EndState::Broken) => false,
        };
        self.ways.end(from, to, lane).state = EndState::Open;
        if matches!(fate, Fate::Lost(_)) {
            return self.lose(from, to, lane);
        }
        let what = What::Message { number, copy: 0, message, opening };
        if self.ways.way(from, to).blocks > 0 {
            let item = Item { lane, place: Place::Held, serial: 0, at: 0, what };
            self.ways.way_mut(from, to).items.push(item);
            self.grow_impatient(from, to, lane);
        } else {
            self.fly(from, to, lane, what);
        }
    }

    fn fly(&mut self, from: NodeId, to: NodeId, lane: Lane, what: What<P>) {
        let way = self.ways.way_mut(from, to);
        way.items.push(Item { lane, place: Place::Flying, serial: 0, at: 0, what });
        let (index, delay) = (way.items.len() - 1, way.delay());
        self.launch(from, to, index, delay);
    }

    /// The receiver will be told that its connection is gone.
    pub(crate) fn fly_closed(&mut self, from: NodeId, to: NodeId, lane: Lane, reason: Reason, after: Window) {
        let way = self.ways.way_mut(from, to);
        way.items.push(Item { lane, place: Place::Flying, serial: 0, at: 0, what: What::Closed(reason) });
        let index = way.items.len() - 1;
        self.launch(from, to, index, after);
    }

    /// Gives something under way a moment within a window from now; on a stream not before what is ahead of it, if the
    /// window lets it wait so long.
    pub(crate) fn launch(&mut self, from: NodeId, to: NodeId, index: usize, after: Window) {
        let event = self.ways.way(from, to).items[index].event(from, to);
        let drawn = match event {
            Event::Deliver { number, copy, .. } if after == self.ways.way(from, to).delay() => {
                self.draw_for_message((from, to), number, copy, after)
            }
            _ => self.draw_for(to, after),
        };
        let latest = self.now.saturating_add(after.hi().micros());
        let at = self
            .ways
            .way(from, to)
            .ahead(index)
            .filter(|ahead| *ahead <= latest)
            .map_or(drawn, |ahead| ahead.max(drawn));
        let serial = self.schedule(event, at);
        let item = &mut self.ways.way_mut(from, to).items[index];
        (item.place, item.serial, item.at) = (Place::Flying, serial, at);
    }

    /// What waited in an inbox is under way again.
    pub(crate) fn fly_again(&mut self, event: Event, after: Window) {
        if let Some((from, to, index)) = self.ways.find(event, Place::Inbox) {
            self.launch(from, to, index, after);
        } else if let Event::Close { node, peer, lane, .. } = event {
            // The news of lost patience.
            let at = self.draw_for(node, after);
            let serial = self.schedule(event, at);
            self.ways.end(node, peer, lane).patience = Some(Patience { serial, due: false });
        }
    }

    /// The moment of a message has come, and its receiver is as it is.
    pub(crate) fn arrive(&mut self, from: NodeId, to: NodeId, number: u32, copy: u8) {
        let event = Event::Deliver { from, to, number, copy };
        let (.., index) = self.ways.find_come(event).expect("what arrives was sent");
        let what = Occurrence::Deliver { from, to, number, copy };
        let way = self.ways.way_mut(from, to);
        if way.must_wait(index) {
            way.items[index].place = Place::Queued;
            return self.write(what, Choices::default());
        }
        if self.is_paused(to) {
            self.ways.way_mut(from, to).items[index].place = Place::Inbox;
            self.nodes[to.index()].inbox.push(event);
            return self.write(what, Choices::default());
        }
        if !self.is_up(to) {
            self.vanish(from, to, index);
            return self.write(what, Choices::default());
        }
        if self.open(from, to, index) {
            let lane = self.ways.way(from, to).items[index].lane;
            self.launch(from, to, index, Window::ZERO);
            return self.tell(to, Input::Closed { peer: from, lane, reason: Reason::Reset }, what);
        }
        let item = self.ways.way_mut(from, to).items.remove(index);
        self.advance(from, to, item.lane);
        let What::Message { message, .. } = item.what else { unreachable!("a message is delivered") };
        self.tell(to, Input::Message { from, message }, what);
    }

    /// A message reaches a node where no process runs.
    fn vanish(&mut self, from: NodeId, to: NodeId, index: usize) {
        let way = self.ways.way_mut(from, to);
        let lane = way.items.remove(index).lane;
        if !way.is_stream() {
            return;
        }
        self.ways.end(to, from, lane).state = EndState::Idle;
        let dead = self.dead.contains(&self.setup.node(to).machine);
        if !dead && self.ways.end(from, to, lane).state == EndState::Open {
            let back = self.ways.way(to, from).delay();
            self.break_end(from, to, lane, Reason::Refused, Some(back));
        }
        self.advance(from, to, lane);
    }

    /// Whether a message is the first of a new connection, and the end that it reaches belongs to an older one.
    fn open(&mut self, from: NodeId, to: NodeId, index: usize) -> bool {
        let way = self.ways.way_mut(from, to);
        let lane = way.items[index].lane;
        let What::Message { opening, .. } = &mut way.items[index].what else { return false };
        if !std::mem::take(opening) {
            return false;
        }
        let told_later = way.items.iter().any(|item| item.lane == lane && !item.is_message());
        let end = self.ways.end(to, from, lane);
        let before = std::mem::replace(&mut end.state, if told_later { EndState::Broken } else { EndState::Open });
        before != EndState::Idle
    }

    /// What is first on a lane and waited for its turn is delivered right after.
    pub(crate) fn advance(&mut self, from: NodeId, to: NodeId, lane: Lane) {
        let way = self.ways.way(from, to);
        if !way.is_stream() {
            return;
        }
        let first = way.items.iter().position(|item| item.lane == lane);
        if let Some(index) = first.filter(|index| way.items[*index].place == Place::Queued) {
            self.launch(from, to, index, Window::ZERO);
        }
    }
}

impl<P: Process> Ways<P> {
    pub(crate) fn new(links: &Links, nodes: usize) -> Ways<P> {
        let ids = || (0..nodes).map(|index| NodeId(index as u16));
        let way = |(from, to)| Way {
            link: links.get(from, to).copied(),
            sent: 0,
            blocks: 0,
            items: Vec::new(),
            ends: Vec::new(),
        };
        Ways { nodes, table: ids().flat_map(|from| ids().map(move |to| (from, to))).map(way).collect() }
    }

    pub(crate) fn way(&self, from: NodeId, to: NodeId) -> &Way<P> {
        &self.table[from.index() * self.nodes + to.index()]
    }

    pub(crate) fn way_mut(&mut self, from: NodeId, to: NodeId) -> &mut Way<P> {
        &mut self.table[from.index() * self.nodes + to.index()]
    }

    /// A node's end of a connection.
    pub(crate) fn end(&mut self, node: NodeId, peer: NodeId, lane: Lane) -> &mut End {
        let ends = &mut self.way_mut(node, peer).ends;
        let index = usize::from(lane.0);
        if ends.len() <= index {
            ends.resize(index + 1, End::default());
        }
        &mut ends[index]
    }

    fn known_end(&self, node: NodeId, peer: NodeId, lane: Lane) -> Option<&End> {
        self.way(node, peer).ends.get(usize::from(lane.0))
    }

    /// Where something under way is that an event names, if it is in that place.
    pub(crate) fn find(&self, event: Event, place: Place) -> Option<(NodeId, NodeId, usize)> {
        let (from, to) = match event {
            Event::Deliver { from, to, .. } => (from, to),
            Event::Close { node, peer, .. } => (peer, node),
            _ => return None,
        };
        let is_it = |item: &Item<P>| item.place == place && item.event(from, to) == event;
        self.way(from, to).items.iter().position(is_it).map(|index| (from, to, index))
    }

    /// Whether an event is still pending under that number.
    pub(crate) fn is_pending(&self, event: Event, serial: u64) -> bool {
        if let Some((from, to, index)) = self.find(event, Place::Flying)
            && self.way(from, to).items[index].serial == serial
        {
            return true;
        }
        match event {
            Event::Close { node, peer, lane, .. } => {
                let end = self.known_end(node, peer, lane);
                end.and_then(|end| end.patience).is_some_and(|patience| patience.serial == serial)
            }
            _ => false,
        }
    }

    /// It comes into a mailbox.
    pub(crate) fn set_due(&mut self, event: Event) {
        if let Some((from, to, index)) = self.find(event, Place::Flying) {
            self.way_mut(from, to).items[index].place = Place::Due;
        } else if let Event::Close { node, peer, lane, .. } = event
            && let Some(patience) = &mut self.end(node, peer, lane).patience
        {
            patience.due = true;
        }
    }

    /// Whether it is in a mailbox.
    pub(crate) fn is_due(&self, event: Event) -> bool {
        let impatient = match event {
            Event::Close { node, peer, lane, .. } => {
                self.known_end(node, peer, lane).and_then(|end| end.patience).is_some_and(|patience| patience.due)
            }
            _ => false,
        };
        impatient || self.find(event, Place::Due).is_some()
    }

    /// Where something is whose moment has come.
    pub(crate) fn find_come(&self, event: Event) -> Option<(NodeId, NodeId, usize)> {
        self.find(event, Place::Due).or_else(|| self.find(event, Place::Flying))
    }
}

impl<P: Process> Way<P> {
    pub(crate) fn is_stream(&self) -> bool {
        matches!(self.link, Some(Link { carriage: Carriage::Stream { .. }, .. }))
    }

    pub(crate) fn lanes(&self) -> impl Iterator<Item = Lane> + use<P> {
        (0..self.ends.len()).map(|index| Lane(index as u8))
    }

    /// Whether something ahead on the same lane is neither delivered nor in the inbox.
    pub(crate) fn must_wait(&self, index: usize) -> bool {
        let lane = self.items[index].lane;
        self.is_stream() && self.items[..index].iter().any(|item| item.lane == lane && item.place != Place::Inbox)
    }

    /// The moment of what is ahead on the same lane of a stream.
    fn ahead(&self, index: usize) -> Option<i64> {
        let lane = self.items[index].lane;
        let ahead = self.items[..index].iter().rev().find(|item| item.lane == lane);
        ahead.filter(|item| self.is_stream() && item.place == Place::Flying).map(|item| item.at)
    }

    pub(crate) fn delay(&self) -> Window {
        self.link.expect("only a link carries anything").delay
    }

    pub(crate) fn patience(&self) -> Option<Window> {
        match self.link?.carriage {
            Carriage::Stream { patience, .. } => patience,
            Carriage::Datagram => None,
        }
    }

    pub(crate) fn rto(&self) -> Window {
        match self.link.expect("only a link carries anything").carriage {
            Carriage::Stream { rto, .. } => Window::up_to(rto),
            Carriage::Datagram => Window::ZERO,
        }
    }
}

impl<P: Process> Item<P> {
    pub(crate) fn event(&self, from: NodeId, to: NodeId) -> Event {
        match self.what {
            What::Message { number, copy, .. } => Event::Deliver { from, to, number, copy },
            What::Closed(reason) => Event::Close { node: to, peer: from, lane: self.lane, reason },
        }
    }

    /// What a cut can take: a message by its number and copy.
    pub(crate) fn message(&self) -> Option<(u32, u8)> {
        match self.what {
            What::Message { number, copy, .. } => Some((number, copy)),
            What::Closed(_) => None,
        }
    }

    pub(crate) fn is_message(&self) -> bool {
        matches!(self.what, What::Message { .. })
    }

    pub(crate) fn in_flight(&self) -> bool {
        matches!(self.place, Place::Flying | Place::Due | Place::Queued)
    }
}
