//! How connections end, and cuts.

use super::{EndState, Item, Place, What};
use crate::{
    process::{Data, Input, Lane, NodeId, Process, Reason},
    simulate::{
        agenda::{Cause, Event},
        machine::{Machine, Refusal, Turn, refuse},
        words,
    },
    time::Window,
};

impl<P: Process, M: Data> Machine<'_, P, M> {
    /// A node's end of a connection breaks: it is told after a span of `after`, behind what is under way to it, or
    /// never. A node without a process has no end to break.
    pub(super) fn break_end(&mut self, node: NodeId, peer: NodeId, lane: Lane, reason: Reason, after: Option<Window>) {
        let up = self.is_up(node);
        let end = self.ways.way_mut(node, peer).end(lane);
        if end.state == EndState::Broken {
            return;
        }
        end.state = if up { EndState::Broken } else { EndState::Idle };
        self.calm(node, peer, lane);
        if let Some(window) = after.filter(|_| up) {
            let way = self.ways.way_mut(peer, node);
            let item = Item { lane, order: way.sent, place: Place::Flying, what: What::Closed(reason) };
            let event = item.event(peer, node);
            way.items.push_back(item);
            self.agenda.schedule(event, self.now, window, Cause::New);
        }
    }

    /// A message is lost with everything under way to its sender, and both ends break.
    pub(super) fn lose(&mut self, from: NodeId, to: NodeId, lane: Lane) {
        let rto = self.ways.way(from, to).rto();
        self.drop_messages(to, from, lane);
        self.break_end(from, to, lane, Reason::Timeout, Some(rto));
        self.break_end(to, from, lane, Reason::Timeout, Some(rto));
    }

    /// The moment comes at which a node is told of a connection's end.
    pub(in crate::simulate) fn close(
        &mut self,
        node: NodeId,
        peer: NodeId,
        lane: Lane,
        reason: Reason,
    ) -> Option<Turn<P>> {
        let event = Event::Close { node, peer, lane, reason };
        let way = self.ways.way_mut(peer, node);
        let index = way.find(peer, node, event);
        if let Some(index) = index.filter(|index| way.must_wait(*index)) {
            way.items[index].place = Place::Queued;
            self.say(|| "wait for the one ahead".into());
            return None;
        }
        if self.is_paused(node) {
            if let Some(index) = index {
                self.ways.way_mut(peer, node).items[index].place = Place::Inbox;
            }
            self.wait(node, event);
            return None;
        }
        self.ways.way_mut(node, peer).end(lane).state = EndState::Idle;
        if let Some(index) = index {
            self.ways.way_mut(peer, node).items.remove(index);
            self.advance(peer, node, lane);
        } else {
            // Lost patience: the other end is not told, and nothing under way is delivered.
            self.ways.way_mut(node, peer).end(lane).impatient = false;
            self.drop_messages(node, peer, lane);
            self.drop_messages(peer, node, lane);
        }
        let name = self.name(peer);
        self.say(|| format!("closed {name} {reason:?}"));
        Some(self.tell(node, Input::Closed { peer, lane, reason }))
    }

    /// The process of a node ended: its ends are idle, what was under way to it on a stream is gone, what it sent is
    /// not. `told`: its machine lives and tells the peers.
    pub(in crate::simulate) fn hang_up(&mut self, node: NodeId, told: bool) {
        for peer in self.setup.ids() {
            if !self.ways.joins(node, peer) {
                continue;
            }
            let way = self.ways.way_mut(peer, node);
            let stream = way.is_stream();
            let gone = way.extract(|item| stream || item.place == Place::Inbox);
            for item in gone.iter().filter(|item| item.place == Place::Flying) {
                self.agenda.remove(item.event(peer, node));
            }
            for lane in self.ways.way(node, peer).lanes() {
                self.calm(node, peer, lane);
                self.ways.way_mut(node, peer).end(lane).state = EndState::Idle;
            }
            for lane in self.ways.way(peer, node).lanes() {
                let open = self.ways.way_mut(peer, node).end(lane).state == EndState::Open;
                if open && (told || !self.is_up(peer)) {
                    let delay = self.ways.way(node, peer).delay();
                    self.break_end(peer, node, lane, Reason::Reset, Some(delay));
                }
            }
        }
    }

    /// Messages of a lane that are in flight or held vanish.
    fn drop_messages(&mut self, from: NodeId, to: NodeId, lane: Lane) {
        let way = self.ways.way_mut(from, to);
        let gone = way.extract(|item| item.lane == lane && item.is_message() && item.place != Place::Inbox);
        for item in gone.iter().filter(|item| item.place == Place::Flying) {
            self.agenda.remove(item.event(from, to));
        }
        self.advance(from, to, lane);
    }

    /// Directions are blocked, and of what is in flight there some vanishes or is held.
    pub(in crate::simulate) fn cut(
        &mut self,
        ways: &[(NodeId, NodeId)],
        lost: &[(NodeId, NodeId, u32, u8)],
        held: &[(NodeId, NodeId, u32)],
    ) -> Result<(), Refusal> {
        for (from, to) in ways {
            self.ways.way_mut(*from, *to).blocks += 1;
        }
        for &(from, to, number, copy) in lost {
            let event = Event::Deliver { from, to, number, copy };
            let index = self.cut_off(ways, event, false);
            let Some(index) = index else {
                return refuse("messages in flight on datagram links that are cut", format!("{event:?}"));
            };
            self.ways.way_mut(from, to).items.remove(index);
            self.agenda.remove(event);
        }
        for &(from, to, number) in held {
            let event = Event::Deliver { from, to, number, copy: 0 };
            let Some(index) = self.cut_off(ways, event, true) else {
                return refuse("messages in flight on streams that are cut", format!("{event:?}"));
            };
            self.hold_from(from, to, index);
        }
        Ok(())
    }

    /// Where a message is in flight on a link of that kind that is cut.
    fn cut_off(&self, ways: &[(NodeId, NodeId)], event: Event, stream: bool) -> Option<usize> {
        let Event::Deliver { from, to, .. } = event else { return None };
        if !ways.contains(&(from, to)) {
            return None;
        }
        let way = self.ways.way(from, to);
        let index = way.find(from, to, event)?;
        (way.is_stream() == stream && way.items[index].in_flight()).then_some(index)
    }

    fn hold_from(&mut self, from: NodeId, to: NodeId, index: usize) {
        let way = self.ways.way_mut(from, to);
        let lane = way.items[index].lane;
        for item in way.items.range_mut(index..).filter(|item| item.lane == lane && item.is_message()) {
            if item.place == Place::Flying {
                self.agenda.remove(item.event(from, to));
            }
            item.place = Place::Held;
        }
        self.grow_impatient(from, to, lane);
    }

    /// An open end that has something held waits only as long as its patience.
    pub(super) fn grow_impatient(&mut self, node: NodeId, peer: NodeId, lane: Lane) {
        let way = self.ways.way_mut(node, peer);
        let patience = way.patience();
        let end = way.end(lane);
        let Some(window) = patience.filter(|_| end.state == EndState::Open && !end.impatient) else { return };
        end.impatient = true;
        let event = Event::Close { node, peer, lane, reason: Reason::Timeout };
        self.agenda.schedule(event, self.now, window, Cause::New);
    }

    fn calm(&mut self, node: NodeId, peer: NodeId, lane: Lane) {
        let end = self.ways.way_mut(node, peer).end(lane);
        if std::mem::take(&mut end.impatient) {
            self.forget(node, Event::Close { node, peer, lane, reason: Reason::Timeout });
        }
    }

    /// A cut heals: what it held, and no other cut blocks, is scheduled in order.
    pub(in crate::simulate) fn heal(&mut self, number: u32) {
        let (setup, cut) = (self.setup, self.cuts[number as usize]);
        self.say(|| format!("heal {}", words::directions(setup, cut)));
        for &(from, to) in self.cuts[number as usize] {
            let way = self.ways.way_mut(from, to);
            way.blocks -= 1;
            if way.blocks > 0 {
                continue;
            }
            let rto = way.rto();
            for item in way.items.iter_mut().filter(|item| item.place == Place::Held) {
                item.place = Place::Flying;
                self.agenda.schedule(item.event(from, to), self.now, rto, Cause::New);
            }
            for lane in self.ways.way(from, to).lanes() {
                // News that waits in the inbox of a paused process came before the heal.
                let news = Event::Close { node: from, peer: to, lane, reason: Reason::Timeout };
                if self.agenda.get(news).is_some() {
                    self.calm(from, to, lane);
                }
            }
        }
    }
}
