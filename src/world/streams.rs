//! Stream connections and cuts, rule by rule as `spec::links` states them.

use super::{
    draft::{Draft, Made, Uid},
    laws::Laws,
    state::{NodeState, Place, What},
};
use crate::{
    process::{Data, Lane, NodeId, Process, Reason},
    spec::{Carriage, FaultKind, Link},
    time::{Duration, Window},
};

/// A way to begin a cut: what follows, which datagrams it lost, and from which messages on lanes are held.
type Way<P, M> = (Draft<P, M>, Vec<Uid>, Vec<Uid>);

/// A message that a cut may catch, and the direction of the lane that it travels on, if any.
type InFlight = (Uid, Option<(NodeId, NodeId, Lane)>);

impl<P: Process, M: Data> Laws<P, M> {
    /// Whether a cut blocks the direction.
    pub(super) fn blocked(&self, draft: &Draft<P, M>, from: NodeId, to: NodeId) -> bool {
        draft.state.items.iter().any(|item| match *item.what() {
            What::Heal { fault, cut } => self.cut_of(fault, cut).contains(&(from, to)),
            _ => false,
        })
    }

    pub(super) fn cut_of(&self, fault: u8, cut: u8) -> &[(NodeId, NodeId)] {
        match &self.setup.faults[usize::from(fault)].kind {
            FaultKind::Cut { cuts, .. } => &cuts[usize::from(cut)],
            _ => unreachable!("only a cut heals"),
        }
    }

    /// A message of a stream; its item, unless it is dropped.
    pub(super) fn transmit_on_lane(
        &self,
        draft: &mut Draft<P, M>,
        link: &Link,
        from: NodeId,
        to: NodeId,
        message: &P::Message,
    ) -> Option<Uid> {
        let lane = P::lane(message);
        let own = draft.end(from, to, lane);
        let other = draft.end(to, from, lane);
        let peer_dead = draft.state.nodes[to.index()].is_dead();
        let opening = match (own, other) {
            // It will be told; until then it talks into a broken connection.
            (Some(true), _) => return None,
            (Some(false), None) => {
                if peer_dead {
                    self.lose_patience(draft, from, to, lane);
                } else {
                    let back = self.delay(to, from);
                    draft.break_end(from, to, lane, Reason::Reset, link.delay.plus(back));
                }
                return None;
            }
            (Some(false), Some(_)) => false,
            (None, None) if peer_dead => {
                draft.set_end(from, to, lane, Some(false));
                self.lose_patience(draft, from, to, lane);
                return None;
            }
            (None, None) => {
                draft.set_end(from, to, lane, Some(false));
                draft.set_end(to, from, lane, Some(false));
                false
            }
            (None, Some(_)) => {
                draft.set_end(from, to, lane, Some(false));
                true
            }
        };
        let place = if self.blocked(draft, from, to) { Place::Held } else { Place::Due };
        let what = What::Message { from, to, message: message.clone(), lane: Some(lane), opening };
        let uid = draft.add(what, place, link.delay);
        if place == Place::Held {
            self.grow_patient(draft, from, to, lane);
        }
        Some(uid)
    }

    /// A message that is lost at its send.
    pub(super) fn lose(&self, draft: &mut Draft<P, M>, link: &Link, from: NodeId, to: NodeId, message: &P::Message) {
        if let Carriage::Stream { rto, .. } = link.carriage
            && let Some(uid) = self.transmit_on_lane(draft, link, from, to, message)
        {
            let lane = P::lane(message);
            let index = draft.index_of(uid).expect("it was just added");
            draft.remove(index);
            if !draft
                .state
                .items
                .iter()
                .any(|item| item.place == Place::Held && item.what().direction() == Some((from, to, lane)))
            {
                draft.drop_patience(from, to, lane);
            }
            drop_messages(draft, to, from, lane);
            draft.break_end(from, to, lane, Reason::Timeout, Window::up_to(rto));
            draft.break_end(to, from, lane, Reason::Timeout, Window::up_to(rto));
        }
        draft.log.push(Made::Sent { from, to, message: None, copy: None });
    }

    /// The sender waits for a machine that does not answer, for ever if its link has no patience.
    fn lose_patience(&self, draft: &mut Draft<P, M>, from: NodeId, to: NodeId, lane: Lane) {
        if let Some(patience) = self.patience(from, to) {
            draft.break_end(from, to, lane, Reason::Timeout, patience);
        }
    }

    /// Something of the sender's is held.
    fn grow_patient(&self, draft: &mut Draft<P, M>, from: NodeId, to: NodeId, lane: Lane) {
        let what = What::Patience { node: from, peer: to, lane };
        if let Some(patience) = self.patience(from, to)
            // A message from an earlier life may be held while its sender is down and its peer opens anew.
            && draft.state.nodes[from.index()].is_up()
            && draft.end(from, to, lane) == Some(false)
            && draft.position(|other| *other == what).is_none()
        {
            draft.add(what, Place::Due, patience);
        }
    }

    fn patience(&self, from: NodeId, to: NodeId) -> Option<Window> {
        match self.setup.links.get(from, to)?.carriage {
            Carriage::Stream { patience, .. } => patience,
            Carriage::Datagram => None,
        }
    }

    pub(super) fn delay(&self, from: NodeId, to: NodeId) -> Window {
        self.setup.links.get(from, to).expect("a stream has both directions").delay
    }

    pub(super) fn rto(&self, from: NodeId, to: NodeId) -> Duration {
        match self.setup.links.get(from, to).expect("something travels on it").carriage {
            Carriage::Stream { rto, .. } => rto,
            Carriage::Datagram => Duration::ZERO,
        }
    }

    /// The process of a node is gone; whether its peers are told.
    pub(super) fn end_process(&self, draft: &mut Draft<P, M>, node: NodeId, told: bool) {
        draft.retain(|item| match *item.what() {
            What::Timer { node: of, .. }
            | What::Resume { node: of }
            | What::Patience { node: of, .. }
            | What::Closed { node: of, .. } => of != node,
            What::Message { to, lane: Some(_), .. } => to != node,
            What::Message { to, lane: None, .. } => to != node || item.place != Place::Inbox,
            What::Start { .. } | What::Heal { .. } | What::Refill { .. } | What::Stopwatch => true,
        });
        draft.state.ends.retain(|end| end.node != node);
        let peers: Vec<_> = draft.state.ends.iter().filter(|end| end.peer == node).copied().collect();
        for end in peers {
            // Nothing of the peer's is held any more.
            draft.drop_patience(end.node, node, end.lane);
            if told || !draft.state.nodes[end.node.index()].is_up() {
                let window = self.delay(node, end.node);
                draft.break_end(end.node, node, end.lane, Reason::Reset, window);
            }
        }
        let durable = draft.state.nodes[node.index()].durable().clone();
        draft.state.nodes[node.index()] = NodeState::Down { durable, dead: false };
    }

    /// The moment has come at which a waiting sender gives up.
    pub(super) fn give_up(&self, draft: &mut Draft<P, M>, node: NodeId, peer: NodeId, lane: Lane) {
        drop_messages(draft, node, peer, lane);
        drop_messages(draft, peer, node, lane);
        draft.set_end(node, peer, lane, None);
    }

    /// Ways to begin a cut: which datagrams vanish, and from where on each lane is held.
    pub(super) fn begin_cut(&self, draft: Draft<P, M>, fault: usize, cut: usize, span: Window) -> Vec<Way<P, M>> {
        let directions = self.cut_of(fault as u8, cut as u8).to_vec();
        let mut ways = vec![(draft, Vec::new(), Vec::new())];
        for (uid, direction) in self.in_flight(&ways[0].0, &directions) {
            ways = ways.into_iter().flat_map(|way| self.split(way, uid, direction)).collect();
        }
        for (draft, _, _) in &mut ways {
            let heal = draft.add(What::Heal { fault: fault as u8, cut: cut as u8 }, Place::Due, span);
            draft.log.push(Made::Cut { heal });
        }
        ways
    }

    fn in_flight(&self, draft: &Draft<P, M>, directions: &[(NodeId, NodeId)]) -> Vec<InFlight> {
        let items = draft.state.items.iter().zip(&draft.sources);
        items
            .filter_map(|(item, source)| match *item.what() {
                What::Message { from, to, .. } if item.place == Place::Due && directions.contains(&(from, to)) => {
                    Some((source.uid, item.what().direction()))
                }
                _ => None,
            })
            .collect()
    }

    /// A message in flight when a cut begins: it goes on, or not. Behind a held one everything of its lane is held.
    fn split(
        &self,
        (draft, lost, held): Way<P, M>,
        uid: Uid,
        direction: Option<(NodeId, NodeId, Lane)>,
    ) -> Vec<Way<P, M>> {
        let index = draft.index_of(uid).expect("it is in flight");
        let Some((from, to, lane)) = direction else {
            let mut without = draft.clone();
            without.remove(index);
            let lost_too = lost.iter().copied().chain([uid]).collect();
            return vec![(without, lost_too, held.clone()), (draft, lost, held)];
        };
        let behind_held = draft.state.items[..index]
            .iter()
            .any(|item| item.place == Place::Held && item.what().direction() == Some((from, to, lane)));
        let mut holding = draft.clone();
        holding.state.items[index].place = Place::Held;
        self.grow_patient(&mut holding, from, to, lane);
        if behind_held {
            return vec![(holding, lost, held)];
        }
        let held_too = held.iter().copied().chain([uid]).collect();
        vec![(holding, lost.clone(), held_too), (draft, lost, held)]
    }

    /// What a healed cut held comes in order, unless another cut still blocks it.
    pub(super) fn heal(&self, draft: &mut Draft<P, M>, fault: u8, cut: u8) {
        for &(from, to) in &self.cut_of(fault, cut).to_vec() {
            if self.blocked(draft, from, to) {
                continue;
            }
            let window = Window::up_to(self.rto(from, to));
            for index in 0..draft.state.items.len() {
                let item = &draft.state.items[index];
                if item.place == Place::Held && item.what().direction().is_some_and(|(a, b, _)| (a, b) == (from, to)) {
                    draft.make_due(index, window);
                }
            }
            draft.retain(|item| match *item.what() {
                What::Patience { node, peer, .. } => (node, peer) != (from, to) || item.place != Place::Due,
                _ => true,
            });
        }
    }
}

/// Drops every message of one direction of a lane that has not reached its node.
fn drop_messages<P: Process, M: Data>(draft: &mut Draft<P, M>, from: NodeId, to: NodeId, lane: Lane) {
    draft.retain(|item| match *item.what() {
        What::Message { from: a, to: b, lane: Some(l), .. } => {
            (a, b, l) != (from, to, lane) || item.place == Place::Inbox
        }
        _ => true,
    });
}
