//! What the adversary does, and what it may.

use std::hash::Hash;

use super::{
    agenda::{Cause, Event},
    machine::{Machine, Pause, Refusal, Turn, refuse},
    words,
};
use crate::{
    process::{Data, Effect, Input, NodeId, Process},
    spec::{FaultKind, Happening},
    time::Window,
    trace::Target,
};

impl<P: Process, M: Data> Machine<'_, P, M> {
    /// The adversary uses a fault class. A request makes a process run.
    pub(super) fn fault(&mut self, fault: usize, target: &Target) -> Result<Option<Turn<P>>, Refusal> {
        (FAULT, fault, target).hash(&mut self.digest);
        let setup = self.setup;
        let Some(class) = setup.faults.get(fault) else {
            return refuse(format!("one of {} fault classes", setup.faults.len()), format!("fault {fault}"));
        };
        match (&class.kind, target) {
            (FaultKind::Request { nodes, request }, Target::Node(node)) => {
                if !nodes.contains(node) || !self.is_running(*node) {
                    return refuse(format!("a running node that {:?} is asked of", class.name), format!("{target:?}"));
                }
                self.take_token(fault)?;
                self.say(|| format!("request {request:?}"));
                self.see(&Happening::Requested(*node, request));
                return Ok(Some(self.tell(*node, Input::Request(request.clone()))));
            }
            (FaultKind::Death { machines, .. }, Target::Machine(machine)) if machines.contains(machine) => {
                self.take_token(fault)?;
                self.kill_machine(fault, *machine);
            }
            (
                FaultKind::Crash { .. } | FaultKind::Wipe { .. } | FaultKind::Pause { .. } | FaultKind::Suspend { .. },
                Target::Node(node),
            ) if self.can_strike(*node, fault) => {
                self.take_token(fault)?;
                self.strike(*node, fault, Vec::new());
            }
            (FaultKind::Cut { cuts, span }, Target::Cut { cut, lost, held }) if *cut < cuts.len() => {
                self.take_token(fault)?;
                self.say(|| format!("cut {}", words::directions(setup, &cuts[*cut])));
                self.cut(&cuts[*cut], lost, held)?;
                let number = u32::try_from(self.cuts.len()).expect("few cuts");
                self.cuts.push(&cuts[*cut]);
                self.agenda.schedule(Event::Heal(number), self.now, *span, Cause::New);
            }
            _ => return refuse(format!("whom {:?} may hit now", class.name), format!("{target:?}")),
        }
        Ok(None)
    }

    /// Takes a token of a fault class. One of a bucket comes back.
    pub(super) fn take_token(&mut self, fault: usize) -> Result<(), Refusal> {
        let class = &self.setup.faults[fault];
        if self.tokens[fault] == 0 {
            return refuse(format!("at most {} of {:?}", class.tokens.at_most, class.name), "one more");
        }
        self.tokens[fault] -= 1;
        self.used.push(fault);
        if let Some(span) = class.tokens.within {
            let fault = u16::try_from(fault).expect("few fault classes");
            let event = Event::Refill { fault, number: self.refills };
            self.refills += 1;
            self.agenda.schedule(event, self.now, Window::exactly(span), Cause::New);
        }
        Ok(())
    }

    /// Whether a crash or a pause of a node may happen now, between two steps.
    fn can_strike(&self, node: NodeId, fault: usize) -> bool {
        let pauses = matches!(
            self.setup.faults.get(fault).map(|fault| &fault.kind),
            Some(FaultKind::Pause { .. } | FaultKind::Suspend { .. })
        );
        let possible = if pauses { self.is_running(node) } else { self.is_up(node) };
        possible && self.can_cut(node, fault)
    }

    /// Whether a crash, a death or a pause may cut a step of a node.
    pub(super) fn can_cut(&self, node: NodeId, fault: usize) -> bool {
        match self.setup.faults.get(fault).map(|fault| &fault.kind) {
            Some(
                FaultKind::Crash { nodes, .. }
                | FaultKind::Wipe { nodes, .. }
                | FaultKind::Pause { nodes, .. }
                | FaultKind::Suspend { nodes, .. },
            ) => nodes.contains(&node),
            Some(FaultKind::Death { machines, .. }) => machines.contains(&self.setup.node(node).machine),
            _ => false,
        }
    }

    /// A crash, a death or a pause of a node. `rest` is what is left of the step that it cuts.
    pub(super) fn strike(&mut self, node: NodeId, fault: usize, rest: Vec<Effect<P>>) {
        match &self.setup.faults[fault].kind {
            FaultKind::Crash { restart, .. } => {
                self.crash(node, true);
                self.restart(node, *restart);
            }
            FaultKind::Wipe { restart, .. } => {
                self.nodes[node.index()].durable = P::Durable::default();
                self.say(|| "lose the disk".into());
                self.crash(node, true);
                self.restart(node, *restart);
            }
            FaultKind::Death { .. } => self.kill_machine(fault, self.setup.node(node).machine),
            FaultKind::Pause { span, .. } => self.pause(node, rest, *span),
            FaultKind::Suspend { span, .. } => {
                self.pause(node, rest, *span);
                self.stop_clock(node, *span);
            }
            FaultKind::Loss { .. }
            | FaultKind::Duplicate { .. }
            | FaultKind::Cut { .. }
            | FaultKind::Request { .. } => unreachable!("the fault can strike a node"),
        }
    }

    fn kill_machine(&mut self, fault: usize, machine: u16) {
        let FaultKind::Death { restart, .. } = &self.setup.faults[fault].kind else {
            unreachable!("only a death kills a machine")
        };
        self.dead.insert(machine);
        let nodes: Vec<NodeId> = self.setup.ids().filter(|node| self.setup.node(*node).machine == machine).collect();
        for node in &nodes {
            if self.is_up(*node) {
                self.crash(*node, false);
            }
        }
        for node in nodes {
            self.agenda.remove(Event::Start(node));
            self.restart(node, *restart);
        }
    }

    fn crash(&mut self, node: NodeId, told: bool) {
        let name = self.name(node);
        self.say(|| format!("crash {name}"));
        self.end_process(node, told);
        self.see(&Happening::Crashed(node));
    }

    fn restart(&mut self, node: NodeId, after: Option<Window>) {
        if let Some(window) = after {
            self.agenda.schedule(Event::Start(node), self.now, window, Cause::New);
        }
    }

    /// Volatile state, timers, the inbox and a pending resume are gone. Peers are told of it unless the machine died.
    pub(super) fn end_process(&mut self, node: NodeId, told: bool) {
        let life = self.nodes[node.index()].life.take().expect("only a running process ends");
        for armed in life.timers.iter() {
            self.agenda.take(armed.slot, Event::Fire { node, number: armed.number });
        }
        self.agenda.remove(Event::Resume(node));
        self.hang_up(node, told);
    }

    fn pause(&mut self, node: NodeId, rest: Vec<Effect<P>>, span: Window) {
        let name = self.name(node);
        self.say(|| format!("pause {name}"));
        let life = self.nodes[node.index()].life.as_mut().expect("only a running process is paused");
        life.pause = Some(Pause { rest, inbox: Vec::new() });
        self.agenda.schedule(Event::Resume(node), self.now, span, Cause::New);
        self.see(&Happening::Paused(node));
    }

    /// Each timer may come later by up to the whole pause, on its own: their order is not promised any more.
    fn stop_clock(&mut self, node: NodeId, span: Window) {
        self.suspended = Some(node);
        let life = self.nodes[node.index()].life.as_mut().expect("paused a moment ago");
        life.timers.release_all();
        for armed in life.timers.iter() {
            // One that waits in the inbox is due already.
            if let Some(pending) = self.agenda.get_mut(Event::Fire { node, number: armed.number }) {
                pending.hi = pending.hi.saturating_add(span.hi().micros());
            }
        }
    }
}

/// Begins a fault in the digest: no pending event has this code.
const FAULT: u64 = u64::MAX;
