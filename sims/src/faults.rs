//! What the adversary does: as planned, or at random moments, between steps and within them.

use tenure::{
    process::{NodeId, Process},
    spec::FaultKind,
    time::{Duration, Window},
    trace::{Choices, Occurrence, Target},
};

use crate::{
    network::Fate,
    stage::{Command, Event, Pause, Stage},
    tasks::Defect,
};

/// One in two.
const HALF: u32 = 500_000;

impl<P: Process> Stage<P> {
    /// When each fault class strikes first: as planned, or at random moments.
    pub(crate) fn plan_strikes(&mut self, swarm: bool) {
        let (setup, options) = (self.setup.clone(), self.options.clone());
        for strike in &options.plan {
            self.schedule(Event::Strike(strike.fault), strike.at.micros());
        }
        for (index, _) in setup.faults.iter().enumerate() {
            let planned = options.plan.iter().any(|strike| strike.fault == index);
            if !planned && (!swarm || self.faults.chance(HALF)) {
                self.schedule_attempt(index);
            }
        }
    }

    fn schedule_attempt(&mut self, fault: usize) {
        let every = self.options.strikes.every(&self.setup.faults[fault], self.options.horizon);
        if let Some(every) = every {
            let at =
                self.draw_fault(Window::new(Duration::from_micros(1), every.times(2).plus(Duration::from_micros(1))));
            self.schedule(Event::Attempt(fault), at);
        }
    }

    pub(crate) fn strike_as_planned(&mut self, fault: usize) {
        match self.target(fault).filter(|_| self.tokens[fault] > 0) {
            Some(target) => self.strike_now(fault, target),
            None => self.missed += 1,
        }
    }

    /// A class strikes now, or aims at one of the next sends or steps.
    pub(crate) fn attempt(&mut self, fault: usize) {
        let setup = self.setup.clone();
        let class = &setup.faults[fault];
        let spent = self.tokens[fault] == 0;
        if !spent || class.tokens.within.is_some() {
            self.schedule_attempt(fault);
        }
        if spent {
            return;
        }
        let aims = match class.kind {
            FaultKind::Loss { .. } | FaultKind::Duplicate { .. } => true,
            FaultKind::Crash { .. }
            | FaultKind::Wipe { .. }
            | FaultKind::Death { .. }
            | FaultKind::Pause { .. }
            | FaultKind::Suspend { .. } => self.faults.chance(HALF),
            FaultKind::Cut { .. } | FaultKind::Request { .. } => false,
        };
        if aims {
            self.aimed.insert(fault);
        } else if let Some(target) = self.target(fault) {
            // The checkers' world lets no cut begin again before it has healed.
            let again = |cut| self.cuts.contains(&(fault, cut, true));
            if !matches!(target, Target::Cut { cut, .. } if again(cut)) {
                self.strike_now(fault, target);
            }
        }
    }

    /// Whom a class hits now, between two steps.
    fn target(&mut self, fault: usize) -> Option<Target> {
        let setup = self.setup.clone();
        match &setup.faults[fault].kind {
            FaultKind::Crash { nodes, .. } | FaultKind::Wipe { nodes, .. } => {
                let up: Vec<NodeId> = nodes.iter().copied().filter(|node| self.is_up(*node)).collect();
                self.faults.pick(&up).copied().map(Target::Node)
            }
            FaultKind::Pause { nodes, .. } | FaultKind::Suspend { nodes, .. } | FaultKind::Request { nodes, .. } => {
                let running: Vec<NodeId> = nodes.iter().copied().filter(|node| self.is_running(*node)).collect();
                self.faults.pick(&running).copied().map(Target::Node)
            }
            FaultKind::Death { machines, .. } => self.faults.pick(machines).copied().map(Target::Machine),
            FaultKind::Cut { cuts, .. } if !cuts.is_empty() => {
                let cut = self.faults.below(cuts.len() as u64) as usize;
                Some(self.draw_cut(&cuts[cut], cut))
            }
            FaultKind::Cut { .. } | FaultKind::Loss { .. } | FaultKind::Duplicate { .. } => None,
        }
    }

    /// Any subset of the datagrams in flight, and of each lane everything from some message on, or nothing.
    fn draw_cut(&mut self, ways: &[(NodeId, NodeId)], cut: usize) -> Target {
        let (mut lost, mut held) = (Vec::new(), Vec::new());
        for &(from, to) in ways {
            let way = self.ways.way(from, to);
            let stream = way.is_stream();
            let in_flight = way.items.iter().filter(|item| item.in_flight());
            let flying: Vec<_> =
                in_flight.filter_map(|item| item.message().map(|(number, copy)| (item.lane, number, copy))).collect();
            let mut decided = Vec::new();
            for (lane, number, copy) in flying {
                if stream && decided.contains(&lane) || !self.faults.chance(HALF) {
                    continue;
                }
                if stream {
                    decided.push(lane);
                    held.push((from, to, number));
                } else {
                    lost.push((from, to, number, copy));
                }
            }
        }
        Target::Cut { cut, lost, held }
    }

    /// A fault between two steps. What is asked of a process, its task asks.
    fn strike_now(&mut self, fault: usize, target: Target) {
        if let (FaultKind::Request { .. }, Target::Node(node)) = (&self.setup.faults[fault].kind, &target) {
            let node = *node;
            return self.post(node, Event::Ask { node, fault });
        }
        self.write(Occurrence::Fault { fault, target: target.clone() }, Choices::default());
        self.strike(fault, &target);
        self.see_to_mailboxes();
    }

    /// Does what a fault does. `target` is a node where it cuts a step.
    pub(crate) fn strike(&mut self, fault: usize, target: &Target) {
        let setup = self.setup.clone();
        self.take_token(fault);
        match (&setup.faults[fault].kind, target) {
            (FaultKind::Crash { restart, .. }, Target::Node(node)) => {
                if self.defect == Defect::Undead {
                    return;
                }
                self.kill(*node, *restart);
            }
            (FaultKind::Wipe { restart, .. }, Target::Node(node)) => {
                self.nodes[node.index()].durable = P::Durable::default();
                self.kill(*node, *restart);
            }
            (FaultKind::Death { restart, .. }, Target::Machine(machine)) => self.kill_machine(*machine, *restart),
            (FaultKind::Death { restart, .. }, Target::Node(node)) => {
                self.kill_machine(setup.node(*node).machine, *restart);
            }
            (FaultKind::Pause { span, .. }, Target::Node(node)) => self.pause(*node, *span, false),
            (FaultKind::Suspend { span, .. }, Target::Node(node)) => self.pause(*node, *span, true),
            (FaultKind::Cut { .. }, Target::Cut { cut, lost, held }) => self.cut(fault, *cut, lost, held),
            (kind, target) => unreachable!("{kind:?} does not hit {target:?}"),
        }
    }

    /// One of a bucket comes back.
    pub(crate) fn take_token(&mut self, fault: usize) {
        self.tokens[fault] -= 1;
        self.use_fault(fault);
        if let Some(span) = self.setup.faults[fault].tokens.within {
            self.schedule(Event::Refill(fault), self.now.saturating_add(span.micros()));
        }
    }

    fn kill(&mut self, node: NodeId, restart: Option<Window>) {
        self.end_process(node, true);
        self.command(Command::Kill(node));
        restart.iter().for_each(|window| self.schedule_start(node, *window));
    }

    fn kill_machine(&mut self, machine: u16, restart: Option<Window>) {
        self.dead.insert(machine);
        let setup = self.setup.clone();
        for node in setup.ids().filter(|node| setup.node(*node).machine == machine) {
            if self.is_up(node) {
                self.end_process(node, false);
            }
            self.nodes[node.index()].starting = false;
            self.nodes[node.index()].start = 0;
            self.command(Command::Kill(node));
        }
        for node in setup.ids().filter(|node| setup.node(*node).machine == machine) {
            restart.iter().for_each(|window| self.schedule_start(node, *window));
        }
    }

    /// Volatile state, timers, the inbox and a pending resume are gone. Peers are told of it unless the machine died.
    pub(crate) fn end_process(&mut self, node: NodeId, told: bool) {
        let this = &mut self.nodes[node.index()];
        this.up = false;
        this.host = None;
        this.pause = None;
        this.inbox.clear();
        self.stopped.push(node);
        self.hang_up(node, told);
    }

    /// A process stands still; its clock too, if it is suspended.
    fn pause(&mut self, node: NodeId, span: Window, suspended: bool) {
        let resumes = self.draw_fault(span);
        let serial = self.schedule(Event::Resume(node), resumes);
        let this = &mut self.nodes[node.index()];
        this.pause = Some(Pause { serial, over: false });
        if suspended {
            this.clock.stood += resumes.min(self.options.horizon.micros()) - self.now;
        }
        self.stopped.push(node);
        self.command(Command::Pause(node));
        let host = self.nodes[node.index()].host.as_ref().expect("it is up");
        // They are delivered in due order, whatever their reactions: the first moment is that of the first due.
        let timers = host.timers();
        let mut moments: Vec<i64> = timers.iter().map(|timer| self.delivery(node, *timer)).collect();
        moments.sort_unstable();
        for ((number, _), at) in timers.into_iter().zip(moments).filter(|(_, at)| *at <= resumes) {
            let event = Event::Oversleep { node, number };
            // One that a pause kept waiting waits on.
            if !self.nodes[node.index()].inbox.contains(&event) {
                self.schedule(event, at.max(self.now));
            }
        }
    }

    /// What becomes of a message between these nodes.
    pub(crate) fn fate(&mut self, ends: (NodeId, NodeId)) -> Fate {
        if self.aimed.is_empty() {
            return Fate::Sent;
        }
        let setup = self.setup.clone();
        for fault in self.aimed.clone() {
            let fate = match &setup.faults[fault].kind {
                FaultKind::Loss { links } if links.contains(&ends) => Fate::Lost(fault),
                FaultKind::Duplicate { links } if links.contains(&ends) => Fate::Duplicated(fault),
                _ => continue,
            };
            if self.tokens[fault] > 0 && self.faults.chance(HALF) {
                self.aimed.remove(&fault);
                self.take_token(fault);
                return fate;
            }
        }
        Fate::Sent
    }

    /// The fault class that stops a node before its next effect, if one does.
    pub(crate) fn cut_of_step(&mut self, node: NodeId) -> Option<usize> {
        if self.aimed.is_empty() {
            return None;
        }
        let setup = self.setup.clone();
        let hits = |fault: &usize| match &setup.faults[*fault].kind {
            FaultKind::Crash { nodes, .. }
            | FaultKind::Wipe { nodes, .. }
            | FaultKind::Pause { nodes, .. }
            | FaultKind::Suspend { nodes, .. } => nodes.contains(&node),
            FaultKind::Death { machines, .. } => machines.contains(&setup.node(node).machine),
            _ => false,
        };
        let fault = self.aimed.iter().copied().find(hits).filter(|fault| self.tokens[*fault] > 0)?;
        if !self.faults.chance(HALF) {
            return None;
        }
        self.aimed.remove(&fault);
        Some(fault)
    }
}
