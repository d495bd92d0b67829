//! Sending and arriving.

use std::mem;

use super::{EndState, Item, Place, What};
use crate::{
    process::{Data, Input, Lane, NodeId, Process, Reason},
    simulate::{
        agenda::{Cause, Event},
        effects::Fate,
        machine::{Machine, Turn},
    },
    spec::Carriage,
    time::Window,
};

impl<P: Process, M: Data> Machine<'_, P, M> {
    pub(in crate::simulate) fn send(&mut self, from: NodeId, to: NodeId, message: P::Message, fate: Fate) {
        let link = if to.index() < self.nodes.len() { self.setup.links.get(from, to) } else { None };
        let Some(link) = link else {
            panic!("{} sends to {to:?}, but the set-up has no link there: {message:?}", self.name(from))
        };
        let name = self.name(to);
        self.say(|| format!("send {name}: {message:?}{}", fate.suffix()));
        let way = self.ways.way_mut(from, to);
        let number = way.sent;
        way.sent += 1;
        match link.carriage {
            Carriage::Datagram => self.send_datagram(from, to, number, message, fate),
            Carriage::Stream { .. } => self.send_stream(from, to, number, message, fate),
        }
    }

    fn send_datagram(&mut self, from: NodeId, to: NodeId, number: u32, message: P::Message, fate: Fate) {
        if self.ways.way(from, to).blocks > 0 || fate == Fate::Lost {
            return;
        }
        let lane = Lane(0);
        if fate == Fate::Duplicated {
            self.fly(from, to, lane, What::Message { number, copy: 0, message: message.clone(), opening: false });
            self.fly(from, to, lane, What::Message { number, copy: 1, message, opening: false });
        } else {
            self.fly(from, to, lane, What::Message { number, copy: 0, message, opening: false });
        }
    }

    fn send_stream(&mut self, from: NodeId, to: NodeId, number: u32, message: P::Message, fate: Fate) {
        assert!(from != to, "a stream joins two nodes, not {} with itself", self.name(from));
        let lane = P::lane(&message);
        let dead = self.dead.contains(&self.setup.node(to).machine);
        let (own, peer) = (self.ways.way_mut(from, to).end(lane).state, self.ways.way_mut(to, from).end(lane).state);
        let opening = match (own, peer) {
            (EndState::Broken, _) => return,
            (EndState::Idle, _) | (EndState::Open, EndState::Idle) if dead => {
                let patience = self.ways.way(from, to).patience();
                if patience.is_none() {
                    // It waits for ever, unless the machine comes back and denies the connection.
                    self.ways.way_mut(from, to).end(lane).state = EndState::Open;
                    return;
                }
                return self.break_end(from, to, lane, Reason::Timeout, patience);
            }
            (EndState::Open, EndState::Idle) => {
                let there_and_back = self.ways.way(from, to).delay().plus(self.ways.way(to, from).delay());
                return self.break_end(from, to, lane, Reason::Reset, Some(there_and_back));
            }
            (EndState::Idle, EndState::Idle) => {
                self.ways.way_mut(to, from).end(lane).state = EndState::Open;
                false
            }
            (EndState::Idle, EndState::Open | EndState::Broken) => true,
            (EndState::Open, EndState::Open | EndState::Broken) => false,
        };
        self.ways.way_mut(from, to).end(lane).state = EndState::Open;
        if fate == Fate::Lost {
            return self.lose(from, to, lane);
        }
        let what = What::Message { number, copy: 0, message, opening };
        if self.ways.way(from, to).blocks > 0 {
            self.ways.way_mut(from, to).items.push_back(Item { lane, order: number, place: Place::Held, what });
            self.grow_impatient(from, to, lane);
        } else {
            self.fly(from, to, lane, what);
        }
    }

    fn fly(&mut self, from: NodeId, to: NodeId, lane: Lane, what: What<P>) {
        let order = match what {
            What::Message { number, .. } => number,
            What::Closed(_) => self.ways.way(from, to).sent,
        };
        let item = Item { lane, order, place: Place::Flying, what };
        let event = item.event(from, to);
        let way = self.ways.way_mut(from, to);
        way.items.push_back(item);
        self.agenda.schedule(event, self.now, way.delay(), Cause::New);
    }

    /// The moment of a message comes.
    pub(in crate::simulate) fn arrive(&mut self, from: NodeId, to: NodeId, number: u32, copy: u8) -> Option<Turn<P>> {
        let event = Event::Deliver { from, to, number, copy };
        let way = self.ways.way_mut(from, to);
        let index = way.find(from, to, event).expect("what arrives was sent");
        if way.must_wait(index) {
            way.items[index].place = Place::Queued;
            self.say(|| "wait for the one ahead".into());
            return None;
        }
        if self.is_paused(to) {
            self.ways.way_mut(from, to).items[index].place = Place::Inbox;
            self.wait(to, event);
            return None;
        }
        if !self.is_up(to) {
            self.vanish(from, to, index);
            return None;
        }
        if let Some(turn) = self.open(from, to, index) {
            return Some(turn);
        }
        let item = self.ways.way_mut(from, to).items.remove(index).expect("found a moment ago");
        self.advance(from, to, item.lane);
        let What::Message { message, .. } = item.what else { unreachable!("a message is delivered") };
        self.say(|| format!("deliver {message:?}"));
        Some(self.tell(to, Input::Message { from, message }))
    }

    /// A message reaches a node where no process runs.
    fn vanish(&mut self, from: NodeId, to: NodeId, index: usize) {
        self.say(|| "vanish: nobody is there".into());
        let way = self.ways.way_mut(from, to);
        let lane = way.items.remove(index).expect("it is under way").lane;
        if !way.is_stream() {
            return;
        }
        self.ways.way_mut(to, from).end(lane).state = EndState::Idle;
        if !self.dead.contains(&self.setup.node(to).machine)
            && self.ways.way_mut(from, to).end(lane).state == EndState::Open
        {
            let back = self.ways.way(to, from).delay();
            self.break_end(from, to, lane, Reason::Refused, Some(back));
        }
        self.advance(from, to, lane);
    }

    /// An opening message comes: an end that still belongs to an older connection is told first, the message is
    /// delivered right after.
    fn open(&mut self, from: NodeId, to: NodeId, index: usize) -> Option<Turn<P>> {
        let item = &mut self.ways.way_mut(from, to).items[index];
        let lane = item.lane;
        let event = item.event(from, to);
        match &mut item.what {
            What::Message { opening, .. } if *opening => *opening = false,
            _ => return None,
        }
        let closing = |item: &Item<P>| item.lane == lane && !item.is_message();
        let told_later = self.ways.way(from, to).items.iter().any(closing);
        let end = self.ways.way_mut(to, from).end(lane);
        let before = mem::replace(&mut end.state, if told_later { EndState::Broken } else { EndState::Open });
        if before == EndState::Idle {
            return None;
        }
        self.agenda.schedule(event, self.now, Window::ZERO, Cause::Again);
        let name = self.name(from);
        self.say(|| format!("closed {name} {:?}", Reason::Reset));
        Some(self.tell(to, Input::Closed { peer: from, lane, reason: Reason::Reset }))
    }

    /// What is first on a lane and waited for its turn is delivered right after.
    pub(super) fn advance(&mut self, from: NodeId, to: NodeId, lane: Lane) {
        let way = self.ways.way_mut(from, to);
        if !way.is_stream() {
            return;
        }
        let first = way.items.iter_mut().find(|item| item.lane == lane);
        let Some(item) = first.filter(|item| item.place == Place::Queued) else { return };
        item.place = Place::Flying;
        let event = item.event(from, to);
        self.agenda.schedule(event, self.now, Window::ZERO, Cause::Again);
    }
}
