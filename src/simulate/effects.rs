//! The effects of a step, executed in order and cut short by a fault.

use std::hash::Hash;

use super::{
    agenda::{Cause, Event},
    machine::{Machine, Refusal, Turn, refuse},
    timers::Armed,
};
use crate::{
    process::{Data, Effect, NodeId, Process},
    spec::{FaultKind, Happening},
    time::Window,
    trace::Choices,
};

/// What becomes of a message at its send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    Sent,
    Lost,
    Duplicated,
}

impl Fate {
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Fate::Sent => "",
            Fate::Lost => ", lost",
            Fate::Duplicated => ", twice",
        }
    }
}

/// Whether the adversary leaves a step as it is.
pub(super) fn is_faultless(choices: &Choices) -> bool {
    choices.cut.is_none() && choices.lost.is_empty() && choices.duplicated.is_empty()
}

impl<P: Process, M: Data> Machine<'_, P, M> {
    /// Executes what the process wants to do, as far as the choices let it.
    pub(super) fn finish(&mut self, turn: Turn<P>, choices: &Choices) -> Result<(), Refusal> {
        let Turn { node, effects, resumed } = turn;
        if !is_faultless(choices) {
            self.check_choices(node, &effects, choices)?;
            (&choices.cut, &choices.lost, &choices.duplicated).hash(&mut self.digest);
        }
        let until = choices.cut.map_or(effects.len(), |cut| usize::from(cut.before));
        let mut effects = effects;
        self.pieces += 1;
        for (index, effect) in effects.drain(..until).enumerate() {
            let fate = self.fate(index, choices)?;
            self.execute(node, effect, fate);
            if self.broken_contract || !self.is_up(node) {
                return Ok(());
            }
        }
        // While the rest of a paused step runs, it may still disarm or rename what waits in the inbox.
        let life = self.nodes[node.index()].life.as_mut().expect("the process is up");
        let inbox = if resumed { life.pause.take().expect("resumed from a pause").inbox } else { Vec::new() };
        if let Some(cut) = choices.cut {
            self.take_token(cut.fault)?;
            self.strike(node, cut.fault, effects);
        } else {
            self.spare = effects;
        }
        // A crash empties the inbox, another pause keeps it.
        if let Some(life) = self.nodes[node.index()].life.as_mut() {
            match &mut life.pause {
                Some(pause) => pause.inbox = inbox,
                None => self.read_inbox(node, inbox),
            }
        }
        Ok(())
    }

    /// Choices name sends that are executed, and faults that can do this.
    fn check_choices(&self, node: NodeId, effects: &[Effect<P>], choices: &Choices) -> Result<(), Refusal> {
        let reached = effects.iter().position(|effect| matches!(effect, Effect::Exit)).unwrap_or(effects.len());
        let mut until = reached;
        if let Some(cut) = choices.cut {
            until = usize::from(cut.before);
            if until > reached {
                return refuse(format!("a cut before one of {reached} effects"), format!("before effect {until}"));
            }
            if !self.can_cut(node, cut.fault) {
                return refuse("a cut by a crash or pause that may hit the node", format!("fault {}", cut.fault));
            }
        }
        let fates = choices.lost.iter().map(|choice| (choice, Fate::Lost));
        let fates = fates.chain(choices.duplicated.iter().map(|choice| (choice, Fate::Duplicated)));
        let mut named = Vec::new();
        for (&(index, fault), fate) in fates {
            let Some(Effect::Send { to, .. }) = effects[..until].get(usize::from(index)) else {
                return refuse(format!("a send among the first {until} effects"), format!("effect {index}"));
            };
            if !self.can_befall((node, *to), fault, fate) {
                return refuse(format!("a fault by which that send is {fate:?}"), format!("fault {fault}"));
            }
            if named.contains(&index) {
                return refuse("each send named once", format!("effect {index} twice"));
            }
            named.push(index);
        }
        Ok(())
    }

    /// Whether a fault class lets a message between these nodes meet that fate.
    pub(super) fn can_befall(&self, ends: (NodeId, NodeId), fault: usize, fate: Fate) -> bool {
        match (self.setup.faults.get(fault).map(|fault| &fault.kind), fate) {
            (Some(FaultKind::Loss { links }), Fate::Lost)
            | (Some(FaultKind::Duplicate { links }), Fate::Duplicated) => links.contains(&ends),
            _ => false,
        }
    }

    fn fate(&mut self, index: usize, choices: &Choices) -> Result<Fate, Refusal> {
        let chosen = |choices: &[(u16, usize)]| {
            choices.iter().find(|(send, _)| usize::from(*send) == index).map(|(_, fault)| *fault)
        };
        if let Some(fault) = chosen(&choices.lost) {
            self.take_token(fault)?;
            return Ok(Fate::Lost);
        }
        if let Some(fault) = chosen(&choices.duplicated) {
            self.take_token(fault)?;
            return Ok(Fate::Duplicated);
        }
        Ok(Fate::Sent)
    }

    fn execute(&mut self, node: NodeId, effect: Effect<P>, fate: Fate) {
        match effect {
            Effect::Send { to, message } => self.send(node, to, message, fate),
            Effect::Arm { timer, after } => self.arm(node, timer, after),
            Effect::Disarm(timer) => {
                self.say(|| format!("disarm {timer:?}"));
                self.disarm(node, &timer);
            }
            Effect::Rename { from, to } => self.rename(node, &from, to),
            Effect::Persist(durable) => {
                self.say(|| format!("persist {durable:?}"));
                self.nodes[node.index()].durable = durable;
            }
            Effect::Emit(event) => {
                self.say(|| format!("emit {event:?}"));
                self.see(&Happening::Emitted(node, &event));
            }
            Effect::Exit => self.exit(node),
        }
    }

    fn arm(&mut self, node: NodeId, timer: P::Timer, after: Window) {
        self.disarm(node, &timer);
        self.say(|| format!("arm {timer:?} {after}"));
        let window = self.setup.node(node).clock.window(after);
        let state = &mut self.nodes[node.index()];
        let number = state.armed;
        state.armed += 1;
        let slot = self.agenda.schedule(Event::Fire { node, number }, self.now, window, Cause::Timer(after));
        let life = state.life.as_mut().expect("only a running process arms");
        life.timers.insert(Armed::new(timer, number, slot, self.pieces, after));
    }

    /// The timer never fires, not even if it was due. One that is not armed needs nothing.
    fn disarm(&mut self, node: NodeId, timer: &P::Timer) {
        let life = self.nodes[node.index()].life.as_mut().expect("only a running process disarms");
        let Some(armed) = life.timers.find(timer).and_then(|number| life.timers.remove(number)) else { return };
        let Armed { number, slot, .. } = armed;
        let event = Event::Fire { node, number };
        if self.agenda.take(slot, event).is_none() {
            self.forget(node, event);
        }
    }

    /// The timer keeps its number, its window and its order.
    fn rename(&mut self, node: NodeId, from: &P::Timer, to: P::Timer) {
        self.say(|| format!("rename {from:?} to {to:?}"));
        if from != &to && self.is_armed(node, from) {
            self.disarm(node, &to);
        }
        let life = self.nodes[node.index()].life.as_mut().expect("only a running process renames");
        match life.timers.find(from) {
            Some(number) => life.timers.rename(number, to),
            None => {
                self.broken_contract = true;
                self.say(|| "which is not armed".into());
            }
        }
    }

    fn is_armed(&self, node: NodeId, timer: &P::Timer) -> bool {
        let life = self.nodes[node.index()].life.as_ref();
        life.is_some_and(|life| life.timers.find(timer).is_some())
    }

    fn exit(&mut self, node: NodeId) {
        self.say(|| "exit".into());
        self.end_process(node, true);
        self.see(&Happening::Exited(node));
        if let Some(window) = self.setup.node(node).restart_after_exit {
            self.agenda.schedule(Event::Start(node), self.now, window, Cause::New);
        }
    }
}
