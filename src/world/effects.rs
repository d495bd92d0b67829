//! Executing a list of effects, with everything that the adversary may do between two of them.

use std::sync::Arc;

use super::{
    draft::{Draft, Made},
    kept::Kept,
    laws::Laws,
    space::Marks,
    state::{Item, NodeState, Place, Told, What, hash_of},
    table::Table,
};
use crate::{
    process::{Data, Effect, Effects, Fresh, Input, Lane, Me, NodeId, Process, Rank, Reason, Sort},
    spec::{Carriage, FaultKind, Happening, Link},
    time::Window,
    trace::{Choices, EffectCut},
};

/// What processes answer to what they are told, where they draw no fresh names: by the number of the process, the
/// number of what it is told, which says to which node, and its incarnation.
#[derive(Debug)]
pub(super) struct Answers<P: Process> {
    known: Table<(Question, Answer<P>)>,
}

impl<P: Process> Default for Answers<P> {
    fn default() -> Answers<P> {
        Answers { known: Table::default() }
    }
}

impl<P: Process> Answers<P> {
    fn of(&self, question: &Question) -> Option<Answer<P>> {
        self.known.find(hash_of(question), |(known, answer)| (known == question).then(|| answer.clone()))
    }

    fn put(&self, question: Question, answer: Answer<P>) {
        let known = |known: &(Question, _)| (known.0 == question).then_some(());
        self.known.find_or_put(hash_of(&question), known, || (question, answer));
    }
}

type Question = (u32, u32, Rank);

#[derive(Clone, Debug)]
struct Answer<P: Process> {
    hosted: Arc<Kept<P>>,
    effects: Arc<[Effect<P>]>,
}

/// What a node is about to do.
pub(super) struct Doing<'a, P: Process> {
    pub(super) effects: &'a [Effect<P>],
    /// Whether more has happened than the process being told: observers saw it asked, started or resumed, or a connection
    /// has lost its end and what that held back.
    pub(super) told: bool,
}

/// A way that a step can go, with the choices that lead there.
pub(super) type Branch<P, M> = (Draft<P, M>, Choices);

impl<P: Process, M: Data> Laws<P, M> {
    /// Starts the process of a node that is down.
    pub(super) fn start(&self, mut draft: Draft<P, M>, node: NodeId) -> Vec<Branch<P, M>> {
        let config = &self.setup.node(node).config;
        let incarnation = draft.fresh.rank(Sort::incarnation(node));
        let durable = draft.state.nodes[node.index()].durable().clone();
        let mut fx = Effects::new(std::mem::take(&mut draft.fresh));
        let process = P::start(&Me { id: node, config, incarnation }, durable.clone(), &mut fx);
        self.bring_up(&mut draft, node, process, durable, incarnation);
        let (effects, fresh) = fx.into_parts();
        draft.fresh = fresh;
        let drafts = self.happen(draft, &Happening::Started(node));
        self.execute_all(drafts, node, &Doing { effects: &effects, told: true })
    }

    fn bring_up(&self, draft: &mut Draft<P, M>, node: NodeId, process: P, durable: P::Durable, incarnation: Rank) {
        let machine = self.setup.node(node).machine;
        for (other, state) in self.setup.nodes.iter().zip(&mut draft.state.nodes) {
            if let NodeState::Down { dead, .. } = state
                && other.machine == machine
            {
                *dead = false;
            }
        }
        let hosted = self.processes.keep(&process);
        draft.state.nodes[node.index()] = NodeState::Up { hosted, durable, incarnation, paused: None };
    }

    /// Tells a running process that a connection is gone, and executes what it answers.
    pub(super) fn close(
        &self,
        draft: Draft<P, M>,
        node: NodeId,
        (peer, lane): (NodeId, Lane),
        reason: Reason,
    ) -> Vec<Branch<P, M>> {
        let (draft, effects) = self.answer(draft, node, Input::Closed { peer, lane, reason });
        self.execute_all(vec![draft], node, &Doing { effects: &effects, told: true })
    }

    /// Gives what comes to a running process and executes what it answers.
    pub(super) fn take_in(&self, mut draft: Draft<P, M>, node: NodeId, told: &Told<P>) -> Vec<Branch<P, M>> {
        let NodeState::Up { hosted, incarnation, .. } = &draft.state.nodes[node.index()] else {
            unreachable!("only a running node takes a step");
        };
        let question = match told {
            Told::Kept(kept) => Some((hosted.number, kept.number, *incarnation)),
            Told::New(_) => None,
        };
        let known = question.and_then(|question| self.answers.of(&question));
        let closes = matches!(told.what(), What::Closed { .. });
        if let Some(Answer { hosted, effects }) = known {
            draft.host(node, hosted);
            return self.execute_all(vec![draft], node, &Doing { effects: &effects, told: closes });
        }
        let input = match told.what().clone() {
            What::Timer { timer, .. } => Input::Timer(timer),
            What::Message { from, message, .. } => Input::Message { from, message },
            What::Closed { peer, lane, reason, .. } => Input::Closed { peer, lane, reason },
            what => unreachable!("{what:?} is nothing that a process is told"),
        };
        let before = draft.fresh.clone();
        let (draft, effects) = self.answer(draft, node, input);
        let effects: Arc<[Effect<P>]> = effects.into();
        // Fresh names hang on the state, not on the process.
        if draft.fresh == before
            && let Some(question) = question
            && let NodeState::Up { hosted, .. } = &draft.state.nodes[node.index()]
        {
            let answer = Answer { hosted: hosted.clone(), effects: effects.clone() };
            self.answers.put(question, answer);
        }
        self.execute_all(vec![draft], node, &Doing { effects: &effects, told: closes })
    }

    fn answer(&self, mut draft: Draft<P, M>, node: NodeId, input: Input<P>) -> (Draft<P, M>, Vec<Effect<P>>) {
        let NodeState::Up { hosted, incarnation, .. } = &draft.state.nodes[node.index()] else {
            unreachable!("only a running node takes a step");
        };
        let me = Me { id: node, config: &self.setup.node(node).config, incarnation: *incarnation };
        let mut process = hosted.value.clone();
        let mut fx = Effects::new(std::mem::take(&mut draft.fresh));
        process.step(&me, input, &mut fx);
        let (effects, fresh) = fx.into_parts();
        draft.fresh = fresh;
        draft.host(node, self.processes.keep(&process));
        (draft, effects)
    }

    /// Like [`Laws::take_in`], for what the environment asks: observers see the request first.
    pub(super) fn request(&self, draft: Draft<P, M>, node: NodeId, request: &P::Request) -> Vec<Branch<P, M>> {
        let drafts = self.happen(draft, &Happening::Requested(node, request));
        let answered = |draft| {
            let (draft, effects) = self.answer(draft, node, Input::Request(request.clone()));
            self.execute_all(vec![draft], node, &Doing { effects: &effects, told: true })
        };
        drafts.into_iter().flat_map(answered).collect()
    }

    pub(super) fn execute_all(
        &self,
        drafts: Vec<Draft<P, M>>,
        node: NodeId,
        doing: &Doing<'_, P>,
    ) -> Vec<Branch<P, M>> {
        let mut done = Vec::new();
        let mut open: Vec<(Branch<P, M>, usize)> =
            drafts.into_iter().rev().map(|draft| ((draft, Choices::default()), 0)).collect();
        while let Some((branch, index)) = open.pop() {
            self.execute_one(branch, node, doing, index, &mut open, &mut done);
        }
        for (draft, choices) in &mut done {
            choices.measured = draft.measured;
        }
        done
    }

    /// Executes the effect at `index` in every way, after every cut that may come before it.
    fn execute_one(
        &self,
        (draft, choices): Branch<P, M>,
        node: NodeId,
        doing: &Doing<'_, P>,
        index: usize,
        open: &mut Vec<(Branch<P, M>, usize)>,
        done: &mut Vec<Branch<P, M>>,
    ) {
        let Some(effect) = doing.effects.get(index) else {
            if self.thorough {
                self.cuts_before(&draft, &choices, node, doing, index, done);
            }
            done.push((draft, choices));
            return;
        };
        self.cuts_before(&draft, &choices, node, doing, index, done);
        match effect {
            Effect::Send { to, message } => {
                for (draft, choices) in self.send(draft, choices, node, *to, message, index) {
                    open.push(((draft, choices), index + 1));
                }
            }
            Effect::Emit(event) => {
                for draft in self.happen(draft, &Happening::Emitted(node, event)) {
                    open.push(((draft, choices.clone()), index + 1));
                }
            }
            Effect::Exit => {
                for draft in self.exit(draft, node) {
                    done.push((draft, choices.clone()));
                }
            }
            Effect::Arm { timer, after } => {
                let mut draft = draft;
                self.arm(&mut draft, node, timer, *after);
                open.push(((draft, choices), index + 1));
            }
            Effect::Disarm(timer) => {
                let mut draft = draft;
                disarm(&mut draft, node, timer);
                open.push(((draft, choices), index + 1));
            }
            Effect::Rename { from, to } => {
                let mut draft = draft;
                if rename(&mut draft, node, from, to) {
                    open.push(((draft, choices), index + 1));
                } else {
                    draft.marks = draft.marks.with(Marks::PROTOCOL_ERROR);
                    done.push((draft, choices));
                }
            }
            Effect::Persist(new) => {
                let mut draft = draft;
                if let NodeState::Up { durable, .. } = &mut draft.state.nodes[node.index()] {
                    *durable = new.clone();
                }
                open.push(((draft, choices), index + 1));
            }
        }
    }

    /// Crashes and pauses between two effects.
    ///
    /// A crash between two effects that nobody outside sees is the crash before both, or after; so is a crash after the
    /// last, and one before the first where nobody has seen the step begin: the input is lost with the process. Where
    /// more has happened, no crash before the step is the same: a node that is down is asked nothing, starts nothing, and
    /// ends no connection. Likewise a pause before an effect that only takes timers away: a timer that is due meanwhile
    /// waits in the inbox, where it is still found. Nothing follows a rename that breaks the contract, so all that may
    /// come before it is made.
    fn cuts_before(
        &self,
        draft: &Draft<P, M>,
        choices: &Choices,
        node: NodeId,
        Doing { effects, told }: &Doing<'_, P>,
        index: usize,
        done: &mut Vec<Branch<P, M>>,
    ) {
        let seen_before = if index == 0 { *told } else { seen_outside(&effects[index - 1]) };
        let last_chance = self.thorough || breaks_contract(draft, node, &effects[index]);
        let crash_differs = last_chance || seen_before && effects[index..].iter().any(seen_outside);
        let pause_differs = last_chance || !matches!(effects[index], Effect::Disarm(_) | Effect::Rename { .. });
        for (fault, class) in self.setup.faults.iter().enumerate() {
            if draft.state.tokens[fault] == 0 {
                continue;
            }
            let drafts = match &class.kind {
                FaultKind::Crash { nodes, restart } if crash_differs && nodes.contains(&node) => {
                    self.crash(self.take(draft.clone(), fault), node, *restart)
                }
                FaultKind::Wipe { nodes, restart } if crash_differs && nodes.contains(&node) => {
                    self.wipe(self.take(draft.clone(), fault), node, *restart)
                }
                FaultKind::Death { machines, restart }
                    if crash_differs && machines.contains(&self.setup.node(node).machine) =>
                {
                    self.death(self.take(draft.clone(), fault), self.setup.node(node).machine, *restart)
                }
                FaultKind::Pause { nodes, span } if pause_differs && nodes.contains(&node) => {
                    self.pause(self.take(draft.clone(), fault), node, *span, None, effects[index..].to_vec())
                }
                FaultKind::Suspend { nodes, span } if pause_differs && nodes.contains(&node) => {
                    let by = span.hi().micros();
                    self.pause(self.take(draft.clone(), fault), node, *span, Some(by), effects[index..].to_vec())
                }
                _ => continue,
            };
            for draft in drafts {
                let cut = Some(EffectCut { before: index as u16, fault });
                done.push((draft, Choices { cut, ..choices.clone() }));
            }
        }
    }

    fn arm(&self, draft: &mut Draft<P, M>, node: NodeId, timer: &P::Timer, after: Window) {
        disarm(draft, node, timer);
        let window = self.setup.node(node).clock.window(after);
        let new = draft.add(What::Timer { node, timer: timer.clone() }, Place::Due, window);
        // One clock counts for both, and due timers are delivered in due order.
        for &(earlier, other) in &draft.armed {
            if other.hi() <= after.lo() {
                draft.ordered.push((earlier, new));
            } else if after.hi() <= other.lo() {
                draft.ordered.push((new, earlier));
            }
        }
        draft.armed.push((new, after));
        draft.log.push(Made::Armed { node, timer: new });
    }

    /// Every way that a send can go: as it should, lost, or doubled.
    fn send(
        &self,
        draft: Draft<P, M>,
        choices: Choices,
        from: NodeId,
        to: NodeId,
        message: &P::Message,
        index: usize,
    ) -> Vec<Branch<P, M>> {
        let link = self.setup.links.get(from, to);
        let link = link.unwrap_or_else(|| {
            panic!("{} sends to {}, but no link connects them", self.setup.node(from).name, self.setup.node(to).name)
        });
        let mut branches = Vec::new();
        for (fault, class) in self.setup.faults.iter().enumerate() {
            if draft.state.tokens[fault] == 0 {
                continue;
            }
            match &class.kind {
                FaultKind::Loss { links }
                    if links.contains(&(from, to)) && self.loss_differs(&draft, link, from, to) =>
                {
                    let mut lost = self.take(draft.clone(), fault);
                    self.lose(&mut lost, link, from, to, message);
                    let mut choices = choices.clone();
                    choices.lost.push((index as u16, fault));
                    branches.push((lost, choices));
                }
                FaultKind::Duplicate { links }
                    if links.contains(&(from, to))
                        && link.carriage == Carriage::Datagram
                        && (self.thorough || !self.blocked(&draft, from, to)) =>
                {
                    let mut doubled = self.take(draft.clone(), fault);
                    self.transmit(&mut doubled, link, from, to, message, 2);
                    let mut choices = choices.clone();
                    choices.duplicated.push((index as u16, fault));
                    branches.push((doubled, choices));
                }
                _ => {}
            }
        }
        let mut draft = draft;
        self.transmit(&mut draft, link, from, to, message, 1);
        branches.push((draft, choices));
        branches
    }

    /// On a datagram link that is blocked the message vanishes anyway.
    fn loss_differs(&self, draft: &Draft<P, M>, link: &Link, from: NodeId, to: NodeId) -> bool {
        self.thorough || link.carriage != Carriage::Datagram || !self.blocked(draft, from, to)
    }

    fn transmit(
        &self,
        draft: &mut Draft<P, M>,
        link: &Link,
        from: NodeId,
        to: NodeId,
        message: &P::Message,
        copies: usize,
    ) {
        let (message, copy) = match link.carriage {
            Carriage::Datagram if self.blocked(draft, from, to) => (None, None),
            Carriage::Datagram => {
                let what = What::Message { from, to, message: message.clone(), lane: None, opening: false };
                let copy = what.clone();
                let first = draft.add(what, Place::Due, link.delay);
                (Some(first), (copies > 1).then(|| draft.add(copy, Place::Due, link.delay)))
            }
            Carriage::Stream { .. } => (self.transmit_on_lane(draft, link, from, to, message), None),
        };
        draft.log.push(Made::Sent { from, to, message, copy });
    }

    /// Whether the node's machine is up is asked of the state; see `Links` for each rule.
    pub(super) fn exit(&self, mut draft: Draft<P, M>, node: NodeId) -> Vec<Draft<P, M>> {
        self.end_process(&mut draft, node, true);
        if let Some(window) = self.setup.node(node).restart_after_exit {
            draft.add(What::Start { node }, Place::Due, window);
        }
        self.happen(draft, &Happening::Exited(node))
    }

    /// The fresh names above all those of a state.
    pub(super) fn fresh(&self, state: &super::state::State<P, M>) -> Fresh {
        let mut above = super::draft::Above::default();
        super::renumber::each_name(state, |name| above.name(name));
        above.fresh()
    }
}

/// A rename of a timer that is not armed ends the run.
fn breaks_contract<P: Process, M: Data>(draft: &Draft<P, M>, node: NodeId, effect: &Effect<P>) -> bool {
    let Effect::Rename { from, .. } = effect else { return false };
    !draft.state.items.iter().any(|item| is_timer(item, node, from))
}

/// Who has exited is not the same as who crashed: observers hear of it, and it restarts as its set-up says.
fn seen_outside<P: Process>(effect: &Effect<P>) -> bool {
    matches!(effect, Effect::Send { .. } | Effect::Persist(_) | Effect::Emit(_) | Effect::Exit)
}

fn is_timer<P: Process>(item: &Item<P>, of: NodeId, key: &P::Timer) -> bool {
    matches!(item.what(), What::Timer { node, timer } if *node == of && timer == key)
}

fn disarm<P: Process, M: Data>(draft: &mut Draft<P, M>, node: NodeId, timer: &P::Timer) {
    draft.retain(|item| !is_timer(item, node, timer));
}

/// False if there is no such timer.
fn rename<P: Process, M: Data>(draft: &mut Draft<P, M>, node: NodeId, from: &P::Timer, to: &P::Timer) -> bool {
    let Some(uid) = draft.state.items.iter().position(|item| is_timer(item, node, from)) else {
        return false;
    };
    if from != to {
        let uid = draft.sources[uid].uid;
        disarm(draft, node, to);
        let index = draft.index_of(uid).expect("another timer was disarmed");
        draft.change(index, |what| *what = What::Timer { node, timer: to.clone() });
    }
    true
}
