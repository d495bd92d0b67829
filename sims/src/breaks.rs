//! How connections end, and cuts.

use tenure::{
    process::{Input, Lane, NodeId, Process, Reason},
    spec::FaultKind,
    time::Window,
    trace::{Choices, Occurrence},
};

use crate::{
    network::{EndState, Item, Patience, Place},
    stage::{Event, Stage},
    tasks::Defect,
};

impl<P: Process> Stage<P> {
    /// A node's end of a connection breaks: it is told after a span of `after`, behind what is under way to it, or
    /// never. A node without a process has no end to break.
    pub(crate) fn break_end(&mut self, node: NodeId, peer: NodeId, lane: Lane, reason: Reason, after: Option<Window>) {
        let up = self.is_up(node);
        let end = self.ways.end(node, peer, lane);
        if end.state == EndState::Broken {
            return;
        }
        end.state = if up { EndState::Broken } else { EndState::Idle };
        self.calm(node, peer, lane);
        if let Some(window) = after.filter(|_| up) {
            self.fly_closed(peer, node, lane, reason, window);
        }
    }

    /// A message is lost with everything under way to its sender, and both ends break.
    pub(crate) fn lose(&mut self, from: NodeId, to: NodeId, lane: Lane) {
        let rto = self.ways.way(from, to).rto();
        self.drop_messages(to, from, lane);
        self.break_end(from, to, lane, Reason::Timeout, Some(rto));
        self.break_end(to, from, lane, Reason::Timeout, Some(rto));
    }

    /// The moment has come at which a node is told of a connection's end.
    pub(crate) fn close(&mut self, node: NodeId, peer: NodeId, lane: Lane, reason: Reason) {
        let event = Event::Close { node, peer, lane, reason };
        let what = Occurrence::Close { node, peer, lane, reason };
        let item = self.ways.find_come(event).map(|(.., index)| index);
        if let Some(index) = item.filter(|index| self.ways.way(peer, node).must_wait(*index)) {
            self.ways.way_mut(peer, node).items[index].place = Place::Queued;
            return self.write(what, Choices::default());
        }
        if self.is_paused(node) {
            if let Some(index) = item {
                self.ways.way_mut(peer, node).items[index].place = Place::Inbox;
            }
            self.nodes[node.index()].inbox.push(event);
            return self.write(what, Choices::default());
        }
        self.ways.end(node, peer, lane).state = EndState::Idle;
        if let Some(index) = item {
            self.ways.way_mut(peer, node).items.remove(index);
            self.advance(peer, node, lane);
        } else {
            // Lost patience: the other end is not told, and nothing under way is delivered.
            self.ways.end(node, peer, lane).patience = None;
            self.drop_messages(node, peer, lane);
            self.drop_messages(peer, node, lane);
        }
        self.tell(node, Input::Closed { peer, lane, reason }, what);
    }

    /// The process of a node ended: its ends are idle, what was under way to it on a stream is gone, what it sent is
    /// not. `told`: its machine lives and tells the peers.
    pub(crate) fn hang_up(&mut self, node: NodeId, told: bool) {
        let setup = self.setup.clone();
        let leftovers = self.defect == Defect::Leftovers;
        for peer in setup.ids() {
            let way = self.ways.way_mut(peer, node);
            let gone = way.is_stream() && !leftovers;
            way.items.retain(|item| !gone && item.place != Place::Inbox);
            for lane in self.ways.way(node, peer).lanes() {
                self.calm(node, peer, lane);
                self.ways.end(node, peer, lane).state = EndState::Idle;
            }
            for lane in self.ways.way(peer, node).lanes() {
                let open = self.ways.end(peer, node, lane).state == EndState::Open;
                if open && (told || !self.is_up(peer)) {
                    let delay = self.ways.way(node, peer).delay();
                    self.break_end(peer, node, lane, Reason::Reset, Some(delay));
                }
            }
        }
    }

    /// Messages of a lane that are in flight or held vanish.
    fn drop_messages(&mut self, from: NodeId, to: NodeId, lane: Lane) {
        let gone = |item: &Item<P>| item.lane == lane && item.is_message() && item.place != Place::Inbox;
        self.ways.way_mut(from, to).items.retain(|item| !gone(item));
        self.advance(from, to, lane);
    }

    /// Directions are blocked, and of what is in flight there some vanishes or is held.
    pub(crate) fn cut(
        &mut self,
        fault: usize,
        cut: usize,
        lost: &[(NodeId, NodeId, u32, u8)],
        held: &[(NodeId, NodeId, u32)],
    ) {
        let setup = self.setup.clone();
        let FaultKind::Cut { cuts, span } = &setup.faults[fault].kind else { unreachable!("it is a cut") };
        for (from, to) in &cuts[cut] {
            self.ways.way_mut(*from, *to).blocks += 1;
        }
        for &(from, to, number, copy) in lost {
            self.ways.way_mut(from, to).items.retain(|item| item.message() != Some((number, copy)));
        }
        for &(from, to, number) in held {
            let way = self.ways.way_mut(from, to);
            let first = way.items.iter().position(|item| item.message() == Some((number, 0))).expect("it is in flight");
            let lane = way.items[first].lane;
            for item in way.items[first..].iter_mut().filter(|item| item.lane == lane && item.is_message()) {
                item.place = Place::Held;
            }
            self.grow_impatient(from, to, lane);
        }
        let number = u32::try_from(self.cuts.len()).expect("few cuts");
        self.cuts.push((fault, cut, true));
        let at = self.draw_fault(*span);
        self.schedule(Event::Heal(number), at);
    }

    /// An open end that has something held waits only as long as its patience.
    pub(crate) fn grow_impatient(&mut self, node: NodeId, peer: NodeId, lane: Lane) {
        let patience = self.ways.way(node, peer).patience();
        let end = self.ways.end(node, peer, lane);
        let Some(window) = patience.filter(|_| end.state == EndState::Open && end.patience.is_none()) else { return };
        let at = self.draw_for(node, window);
        let serial = self.schedule(Event::Close { node, peer, lane, reason: Reason::Timeout }, at);
        self.ways.end(node, peer, lane).patience = Some(Patience { serial, due: false });
    }

    fn calm(&mut self, node: NodeId, peer: NodeId, lane: Lane) {
        if self.ways.end(node, peer, lane).patience.take().is_some() {
            let news = Event::Close { node, peer, lane, reason: Reason::Timeout };
            self.nodes[node.index()].inbox.retain(|waiting| *waiting != news);
        }
    }

    /// A cut heals: what it held, and no other cut blocks, is under way again, in order.
    pub(crate) fn heal(&mut self, number: u32) {
        let setup = self.setup.clone();
        let (fault, cut, open) = &mut self.cuts[number as usize];
        *open = false;
        let (fault, cut) = (*fault, *cut);
        let FaultKind::Cut { cuts, .. } = &setup.faults[fault].kind else { unreachable!("it is a cut") };
        for &(from, to) in &cuts[cut] {
            let way = self.ways.way_mut(from, to);
            way.blocks -= 1;
            if way.blocks > 0 {
                continue;
            }
            let rto = way.rto();
            for index in 0..way.items.len() {
                if self.ways.way(from, to).items[index].place == Place::Held {
                    self.launch(from, to, index, rto);
                }
            }
            for lane in self.ways.way(from, to).lanes() {
                // News that waits in the inbox of a paused process came before the heal.
                let news = Event::Close { node: from, peer: to, lane, reason: Reason::Timeout };
                if !self.nodes[from.index()].inbox.contains(&news) {
                    self.calm(from, to, lane);
                }
            }
        }
    }
}
