//! Everything that can happen in a state.

use super::{
    draft::{Draft, Uid},
    effects::{Branch, Doing},
    laws::Laws,
    space::{Cap, Marks},
    state::{NodeState, Place, State, Told, What},
};
use crate::{
    process::{Data, Effect, Fresh, NodeId, Process, Reason},
    spec::{FaultKind, Form, Happening, Trigger},
    time::{Duration, Window},
    trace::Choices,
};

/// What a step is, in terms of its source: an item whose moment comes, or a fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Label {
    pub(super) act: Act,
    pub(super) choices: Choices,
}

/// A step, and where it leads.
type Expanded<P, M> = (Label, Draft<P, M>);

/// What a step is taken by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cause {
    /// The moment of the item of that index comes.
    Item(usize),
    Adversary,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Act {
    /// The moment of an item comes, named by its index.
    Item(Uid),
    Node {
        fault: usize,
        node: NodeId,
    },
    Machine {
        fault: usize,
        machine: u16,
    },
    Cut {
        fault: usize,
        cut: usize,
        lost: Vec<Uid>,
        held: Vec<Uid>,
    },
}

impl Act {
    pub(super) fn cause(&self) -> Cause {
        match self {
            Act::Item(index) => Cause::Item(usize::from(*index)),
            Act::Node { .. } | Act::Machine { .. } | Act::Cut { .. } => Cause::Adversary,
        }
    }
}

impl<P: Process, M: Data> Laws<P, M> {
    /// Every step by one cause.
    ///
    /// # Errors
    /// When a link's capacity is exceeded.
    pub(super) fn expand(&self, state: &State<P, M>, fresh: &Fresh, cause: Cause) -> Result<Vec<Expanded<P, M>>, Cap> {
        let mut found = Vec::new();
        let source = Draft::of(state, fresh.clone());
        let mattered = self.matters(&source);
        match cause {
            Cause::Item(index) => {
                let act = Act::Item(index as Uid);
                for (draft, choices) in self.occur(source, index) {
                    found.push((Label { act: act.clone(), choices }, draft));
                }
            }
            Cause::Adversary => {
                for fault in 0..self.setup.faults.len() {
                    if state.tokens[fault] > 0 {
                        self.strike(&source, fault, &mut found);
                    }
                }
            }
        }
        for (_, draft) in &mut found {
            settle(draft);
            if draft.marks.any(Marks::PROTOCOL_ERROR) {
                // What a process that broke its contract does next means nothing.
                draft.retain(|_| false);
                draft.state.tokens.fill(0);
            }
            if mattered || self.matters(draft) {
                draft.marks = draft.taken.iter().fold(draft.marks, |marks, fault| marks.with(Marks::fault(*fault)));
            }
            draft.check_capacity(&self.setup)?;
            if self.is_over(draft) {
                self.end(draft);
            }
        }
        Ok(found)
    }

    /// Whether nothing that follows can be measured: no stopwatch runs, and no fault is left that could start one.
    fn is_over(&self, draft: &Draft<P, M>) -> bool {
        let Form::Within(trigger) = self.property.form else { return false };
        if !self.reductions.ending || self.thorough || draft.position(|what| *what == What::Stopwatch).is_some() {
            return false;
        }
        let comes_back = |fault: usize| draft.position(|what| *what == What::Refill { fault: fault as u8 }).is_some();
        let classes = self.setup.faults.iter().enumerate().filter(|(_, class)| trigger.may_come_by(&class.kind));
        trigger != Trigger::Anything
            && !classes.map(|(fault, _)| fault).any(|fault| draft.state.tokens[fault] > 0 || comes_back(fault))
    }

    /// All that is over is one state, in which nothing happens.
    fn end(&self, draft: &mut Draft<P, M>) {
        draft.retain(|_| false);
        draft.state.ends.clear();
        draft.state.tokens.fill(0);
        draft.state.watch.memory = self.memories.keep(&self.property.memory);
        for node in &mut draft.state.nodes {
            *node = NodeState::Down { durable: P::Durable::default(), dead: false };
        }
    }

    /// The moment of an item comes.
    fn occur(&self, mut draft: Draft<P, M>, index: usize) -> Vec<Branch<P, M>> {
        if self.waits(&mut draft, index) {
            return plain(vec![draft]);
        }
        match *draft.state.items[index].what() {
            What::Message { from, to, .. } if !draft.state.nodes[to.index()].is_up() => {
                plain(vec![self.refuse(draft, index, from, to)])
            }
            What::Message { from, to, lane: Some(lane), opening: true, .. } if draft.end(to, from, lane).is_some() => {
                self.reopen(&mut draft, index, from, to, lane);
                self.close(draft, to, (from, lane), Reason::Reset)
            }
            _ => {
                let told = draft.remove(index);
                self.happens(draft, &told)
            }
        }
    }

    fn happens(&self, mut draft: Draft<P, M>, told: &Told<P>) -> Vec<Branch<P, M>> {
        match *told.what() {
            What::Start { node } => self.start(draft, node),
            What::Timer { node, .. } => self.take_in(draft, node, told),
            What::Message { from, to, lane, opening, .. } => {
                if let Some(lane) = lane.filter(|_| opening) {
                    draft.set_end(to, from, lane, Some(false));
                }
                self.take_in(draft, to, told)
            }
            What::Closed { node, peer, lane, .. } => {
                draft.set_end(node, peer, lane, None);
                self.take_in(draft, node, told)
            }
            What::Patience { node, peer, lane } => {
                self.give_up(&mut draft, node, peer, lane);
                self.close(draft, node, (peer, lane), Reason::Timeout)
            }
            What::Resume { node } => self.resume(draft, node),
            What::Heal { fault, cut } => {
                self.heal(&mut draft, fault, cut);
                plain(vec![draft])
            }
            What::Refill { fault } => {
                draft.state.tokens[usize::from(fault)] += 1;
                plain(vec![draft])
            }
            What::Stopwatch => unreachable!("a stopwatch is no event"),
        }
    }

    /// An item whose moment comes while it cannot be delivered: behind another of its lane, or to a paused node.
    fn waits(&self, draft: &mut Draft<P, M>, index: usize) -> bool {
        let item = &draft.state.items[index];
        if let Some(direction) = item.what().direction()
            && draft.state.items[..index].iter().any(|ahead| ahead.what().direction() == Some(direction))
        {
            draft.state.items[index].place = Place::Queued;
            return true;
        }
        if let Some(node) = item.what().addressee()
            && draft.state.nodes[node.index()].is_paused()
        {
            draft.state.items[index].place = Place::Inbox;
            return true;
        }
        false
    }

    /// A message that reaches a node whose process is down.
    fn refuse(&self, mut draft: Draft<P, M>, index: usize, from: NodeId, to: NodeId) -> Draft<P, M> {
        let What::Message { lane, .. } = *draft.remove(index).what() else { unreachable!("only messages are refused") };
        if let Some(lane) = lane {
            draft.set_end(to, from, lane, None);
            if !draft.state.nodes[to.index()].is_dead() {
                let back = self.delay(to, from);
                draft.break_end(from, to, lane, Reason::Refused, back);
            }
        }
        draft
    }

    /// The first message of a new connection tells its receiver that the old one is gone.
    fn reopen(&self, draft: &mut Draft<P, M>, index: usize, from: NodeId, to: NodeId, lane: crate::process::Lane) {
        let uid = draft.sources[index].uid;
        draft.change(index, |what| {
            if let What::Message { opening, .. } = what {
                *opening = false;
            }
        });
        draft.make_due(index, Window::ZERO);
        draft.drop_patience(to, from, lane);
        // A notice that is still to come is behind the message: it is about the new connection.
        let notice = |what: &What<P>| matches!(*what, What::Closed { node, peer, lane: l, .. } if (node, peer, l) == (to, from, lane));
        let broken = draft.position(notice).is_some();
        draft.set_end(to, from, lane, Some(broken));
        debug_assert!(draft.index_of(uid).is_some(), "only the notice of the old end was dropped");
    }

    fn resume(&self, mut draft: Draft<P, M>, node: NodeId) -> Vec<Branch<P, M>> {
        let NodeState::Up { paused, .. } = &mut draft.state.nodes[node.index()] else {
            unreachable!("a crash takes the resume away");
        };
        let rest: Vec<Effect<P>> = paused.take().expect("only a paused node resumes");
        let drafts = self.happen(draft, &Happening::Resumed(node));
        let mut branches = self.execute_all(drafts, node, &Doing { effects: &rest, told: true });
        for (draft, _) in &mut branches {
            self.open_inbox(draft, node);
        }
        branches
    }

    fn open_inbox(&self, draft: &mut Draft<P, M>, node: NodeId) {
        if !draft.state.nodes[node.index()].is_up() || draft.state.nodes[node.index()].is_paused() {
            return;
        }
        let window = Window::up_to(self.setup.node(node).clock.reaction);
        for index in 0..draft.state.items.len() {
            let item = &draft.state.items[index];
            if item.place == Place::Inbox && item.what().addressee() == Some(node) {
                draft.make_due(index, window);
            }
        }
    }

    /// Every way to use a fault class now.
    fn strike(&self, source: &Draft<P, M>, fault: usize, found: &mut Vec<Expanded<P, M>>) {
        let nodes = &source.state.nodes;
        let ready = |node: &&NodeId| nodes[node.index()].is_up() && !nodes[node.index()].is_paused();
        let mut on_node = |node: NodeId, branches: Vec<Branch<P, M>>| {
            let act = Act::Node { fault, node };
            found.extend(branches.into_iter().map(|(draft, choices)| (Label { act: act.clone(), choices }, draft)));
        };
        match &self.setup.faults[fault].kind {
            FaultKind::Crash { nodes: hit, restart } => {
                for &node in hit.iter().filter(|node| nodes[node.index()].is_up()) {
                    on_node(node, plain(self.crash(self.take(source.clone(), fault), node, *restart)));
                }
            }
            FaultKind::Wipe { nodes: hit, restart } => {
                for &node in hit.iter().filter(|node| nodes[node.index()].is_up()) {
                    on_node(node, plain(self.wipe(self.take(source.clone(), fault), node, *restart)));
                }
            }
            FaultKind::Pause { nodes: hit, span } => {
                for &node in hit.iter().filter(ready) {
                    on_node(node, plain(self.pause(self.take(source.clone(), fault), node, *span, None, Vec::new())));
                }
            }
            FaultKind::Suspend { nodes: hit, span } => {
                for &node in hit.iter().filter(ready) {
                    let by = Some(span.hi().micros());
                    on_node(node, plain(self.pause(self.take(source.clone(), fault), node, *span, by, Vec::new())));
                }
            }
            FaultKind::Request { nodes: hit, request } => {
                for &node in hit.iter().filter(ready) {
                    on_node(node, self.request(self.take(source.clone(), fault), node, request));
                }
            }
            FaultKind::Death { machines, restart } => {
                for &machine in machines {
                    // A machine that is dead already, and stays so, cannot die.
                    let dead = |id: &NodeId| nodes[id.index()].is_dead();
                    let starts = |id: &NodeId| source.position(|what| *what == What::Start { node: *id }).is_some();
                    let mut on_it = self.setup.ids().filter(|id| self.setup.node(*id).machine == machine);
                    if self.thorough || restart.is_some() || on_it.any(|id| !dead(&id) || starts(&id)) {
                        for draft in self.death(self.take(source.clone(), fault), machine, *restart) {
                            let choices = measured(&draft);
                            found.push((Label { act: Act::Machine { fault, machine }, choices }, draft));
                        }
                    }
                }
            }
            FaultKind::Cut { cuts, span } => {
                for cut in 0..cuts.len() {
                    let active = What::Heal { fault: fault as u8, cut: cut as u8 };
                    if source.position(|what| *what == active).is_none() {
                        let draft = self.take(source.clone(), fault);
                        for (draft, lost, held) in self.begin_cut(draft, fault, cut, *span) {
                            let act = Act::Cut { fault, cut, lost, held };
                            found.push((Label { act, choices: Choices::default() }, draft));
                        }
                    }
                }
            }
            // They happen at a send.
            FaultKind::Loss { .. } | FaultKind::Duplicate { .. } => {}
        }
    }

    /// Takes a token of the class.
    pub(super) fn take(&self, mut draft: Draft<P, M>, fault: usize) -> Draft<P, M> {
        draft.state.tokens[fault] -= 1;
        if let Some(span) = self.setup.faults[fault].tokens.within {
            draft.add(What::Refill { fault: fault as u8 }, Place::Due, Window::exactly(span));
        }
        draft.taken.push(fault);
        draft
    }

    pub(super) fn crash(&self, mut draft: Draft<P, M>, node: NodeId, restart: Option<Window>) -> Vec<Draft<P, M>> {
        self.end_process(&mut draft, node, true);
        if let Some(window) = restart {
            draft.add(What::Start { node }, Place::Due, window);
        }
        self.happen(draft, &Happening::Crashed(node))
    }

    /// A crash after which the disk is empty.
    pub(super) fn wipe(&self, mut draft: Draft<P, M>, node: NodeId, restart: Option<Window>) -> Vec<Draft<P, M>> {
        if let NodeState::Up { durable, .. } = &mut draft.state.nodes[node.index()] {
            *durable = P::Durable::default();
        }
        self.crash(draft, node, restart)
    }

    pub(super) fn death(&self, mut draft: Draft<P, M>, machine: u16, restart: Option<Window>) -> Vec<Draft<P, M>> {
        let on_it: Vec<NodeId> = self.setup.ids().filter(|id| self.setup.node(*id).machine == machine).collect();
        let were_up: Vec<NodeId> =
            on_it.iter().copied().filter(|node| draft.state.nodes[node.index()].is_up()).collect();
        for &node in &on_it {
            draft.retain(|item| *item.what() != What::Start { node });
            if were_up.contains(&node) {
                self.end_process(&mut draft, node, false);
            }
            if let Some(window) = restart {
                draft.add(What::Start { node }, Place::Due, window);
            }
        }
        for &node in &on_it {
            if let NodeState::Down { dead, .. } = &mut draft.state.nodes[node.index()] {
                *dead = true;
            }
        }
        let mut drafts = vec![draft];
        for node in were_up {
            drafts = drafts.into_iter().flat_map(|draft| self.happen(draft, &Happening::Crashed(node))).collect();
        }
        drafts
    }

    /// The process stands still; with `suspended`, its timers may come later by so much.
    pub(super) fn pause(
        &self,
        mut draft: Draft<P, M>,
        node: NodeId,
        span: Window,
        suspended: Option<i64>,
        rest: Vec<Effect<P>>,
    ) -> Vec<Draft<P, M>> {
        if let NodeState::Up { paused, .. } = &mut draft.state.nodes[node.index()] {
            *paused = Some(rest);
        }
        draft.armed.clear();
        if let Some(by) = suspended {
            for index in 0..draft.state.items.len() {
                let item = &draft.state.items[index];
                if item.place == Place::Due && matches!(item.what(), What::Timer { node: of, .. } if *of == node) {
                    draft.widen(index, by);
                }
            }
        }
        draft.add(What::Resume { node }, Place::Due, span);
        self.happen(draft, &Happening::Paused(node))
    }
}

fn plain<P: Process, M: Data>(drafts: Vec<Draft<P, M>>) -> Vec<Branch<P, M>> {
    drafts
        .into_iter()
        .map(|draft| {
            let choices = measured(&draft);
            (draft, choices)
        })
        .collect()
}

fn measured<P: Process, M: Data>(draft: &Draft<P, M>) -> Choices {
    Choices { measured: draft.measured, ..Choices::default() }
}

/// What waited behind others of its lane and is now the first is delivered at this instant.
fn settle<P: Process, M: Data>(draft: &mut Draft<P, M>) {
    for index in 0..draft.state.items.len() {
        let item = &draft.state.items[index];
        if item.place == Place::Queued {
            let direction = item.what().direction();
            if draft.state.items[..index].iter().all(|ahead| ahead.what().direction() != direction) {
                draft.make_due(index, Window::up_to(Duration::ZERO));
            }
        }
    }
}
