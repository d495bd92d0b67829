//! A node's task: it fires what is due, and then handles what has come.

use std::task::Waker;

use tenure::{
    host::{BrokenContract, Host, Outlet},
    process::{Input, NodeId, Process},
    simulate::End,
    spec::FaultKind,
    time::{Duration, Window},
    trace::{Choices, EffectCut, Occurrence, Target},
};

use crate::{
    network::Fate,
    stage::{Event, Next, Stage},
    tasks::Defect,
};

/// By so much a message may overtake a timer, with that defect.
const PATIENCE: i64 = 30_000;

impl<P: Process> Stage<P> {
    /// Does all that a node can do now, and says when its task has to look again.
    pub(crate) fn turn(&mut self, node: NodeId, now: i64, waker: &Waker) -> Next {
        self.now = now;
        loop {
            let this = &self.nodes[node.index()];
            if self.is_over() {
                return self.wait(node, waker, i64::MAX);
            }
            if this.starting {
                self.start(node);
            } else if !this.up {
                return Next::Ended;
            } else if let Some(pause) = &this.pause {
                if !pause.over {
                    return self.wait(node, waker, i64::MAX);
                }
                self.resume(node);
            } else if self.defect == Defect::MessagesFirst && self.next_message(node) || self.fire(node) {
            } else if !self.next_message(node) {
                let at = self.next_wake(node);
                return self.wait(node, waker, at);
            }
        }
    }

    fn next_message(&mut self, node: NodeId) -> bool {
        let Some(event) = self.nodes[node.index()].mailbox.pop_front() else { return false };
        self.open_letter(event);
        true
    }

    /// Delivers the timer that was due first, if one is due.
    fn fire(&mut self, node: NodeId) -> bool {
        let host = self.nodes[node.index()].host.as_ref().expect("it is up");
        let patience = if self.defect == Defect::MessagesFirst { PATIENCE } else { 0 };
        let due = host.next_due().is_some_and(|due| self.true_moment(node, due).saturating_add(patience) <= self.now);
        if !due {
            return false;
        }
        self.act(
            node,
            |host, now, outlet| host.fire(now, outlet),
            |number| Occurrence::Fire { node, number: number.expect("one is due") },
        );
        true
    }

    fn start(&mut self, node: NodeId) {
        let (setup, now) = (self.setup.clone(), self.local(node));
        let machine = setup.node(node).machine;
        let this = &mut self.nodes[node.index()];
        this.starting = false;
        this.up = true;
        let lives = (this.lives, this.armed);
        this.lives += 1;
        let (config, durable) = (setup.node(node).config.clone(), this.durable.clone());
        self.dead.remove(&machine);
        let mut outlet = Outside::new(self, node);
        let started = Host::start(node, config, durable, lives, now, &mut outlet);
        let choices = outlet.choices;
        match started {
            Ok(host) => self.nodes[node.index()].host = Some(Box::new(host)),
            Err(BrokenContract) => self.end(End::ProtocolError),
        }
        self.done(node, Occurrence::Start { node }, choices);
    }

    fn resume(&mut self, node: NodeId) {
        self.nodes[node.index()].pause = None;
        // It does the rest of its step, and then reads what came.
        self.act(node, |host, now, outlet| host.resume(now, outlet), |()| Occurrence::Resume { node });
        if !self.is_running(node) {
            return;
        }
        let reaction = Window::up_to(self.setup.node(node).clock.reaction);
        for event in std::mem::take(&mut self.nodes[node.index()].inbox) {
            self.fly_again(event, reaction);
        }
    }

    /// Gives a process an input, as the step `what`.
    pub(crate) fn tell(&mut self, node: NodeId, input: Input<P>, what: Occurrence) {
        self.act(node, |host, now, outlet| host.step(input, now, outlet), |()| what);
    }

    fn act<R>(
        &mut self,
        node: NodeId,
        act: impl FnOnce(&mut Host<P>, i64, &mut Outside<'_, P>) -> Result<R, BrokenContract>,
        what: impl FnOnce(R) -> Occurrence,
    ) {
        let now = self.local(node);
        let mut host = self.nodes[node.index()].host.take().expect("a running process has a memory");
        let mut outlet = Outside::new(self, node);
        let result = act(&mut host, now, &mut outlet);
        let choices = outlet.choices;
        self.nodes[node.index()].host = Some(host);
        match result {
            Ok(result) => self.done(node, what(result), choices),
            Err(BrokenContract) => self.end(End::ProtocolError),
        }
    }

    /// A step is over: it is written down, and then a fault cuts it, or the process ends.
    fn done(&mut self, node: NodeId, what: Occurrence, choices: Choices) {
        let cut = choices.cut;
        self.write(what, choices);
        if let Some(cut) = cut {
            self.strike(cut.fault, &Target::Node(node));
        } else if self.nodes[node.index()].host.as_ref().is_some_and(|host| host.has_ended()) {
            self.end_process(node, true);
            if let Some(window) = self.setup.node(node).restart_after_exit {
                self.schedule_start(node, window);
            }
        }
        self.see_to_mailboxes();
    }

    /// The environment asks something of a running process.
    pub(crate) fn ask(&mut self, node: NodeId, fault: usize) {
        let setup = self.setup.clone();
        let FaultKind::Request { request, .. } = &setup.faults[fault].kind else {
            unreachable!("only a request is asked")
        };
        if !self.is_running(node) || self.tokens[fault] == 0 {
            self.missed += 1;
            return;
        }
        self.take_token(fault);
        let what = Occurrence::Fault { fault, target: Target::Node(node) };
        self.tell(node, Input::Request(request.clone()), what);
    }

    /// The next moment at which a timer is delivered.
    fn next_wake(&self, node: NodeId) -> i64 {
        let host = self.nodes[node.index()].host.as_ref().expect("it is up");
        let patience = if self.defect == Defect::MessagesFirst { PATIENCE } else { 0 };
        let first = if self.setup.node(node).clock.reaction == Duration::default() {
            host.next_due().map(|due| self.true_moment(node, due))
        } else {
            host.timers().into_iter().map(|timer| self.delivery(node, timer)).min()
        };
        first.map_or(i64::MAX, |at| at.saturating_add(patience))
    }

    /// When a timer is delivered that has this number and is due then.
    pub(crate) fn delivery(&self, node: NodeId, (number, due): (u32, i64)) -> i64 {
        self.true_moment(node, due).saturating_add(self.draw_reaction(node, number))
    }

    /// What a host is told of the time.
    fn local(&self, node: NodeId) -> i64 {
        let counted = self.now - self.nodes[node.index()].clock.stood;
        if self.defect == Defect::LateTimers { counted / 2 } else { counted }
    }

    fn true_moment(&self, node: NodeId, local: i64) -> i64 {
        let counted = if self.defect == Defect::LateTimers { local.saturating_mul(2) } else { local };
        counted.saturating_add(self.nodes[node.index()].clock.stood)
    }
}

/// What a host does is done to the stage.
struct Outside<'a, P: Process> {
    stage: &'a mut Stage<P>,
    node: NodeId,
    effect: u16,
    choices: Choices,
}

impl<'a, P: Process> Outside<'a, P> {
    fn new(stage: &'a mut Stage<P>, node: NodeId) -> Outside<'a, P> {
        Outside { stage, node, effect: 0, choices: Choices::default() }
    }
}

impl<P: Process> Outlet<P> for Outside<'_, P> {
    fn goes_on(&mut self, effect: usize) -> bool {
        self.effect = u16::try_from(effect).expect("few effects in a step");
        let cut = self.stage.cut_of_step(self.node);
        self.choices.cut = cut.map(|fault| EffectCut { before: self.effect, fault });
        cut.is_none()
    }

    fn send(&mut self, to: NodeId, message: P::Message) {
        let fate = self.stage.fate((self.node, to));
        match fate {
            Fate::Sent => {}
            Fate::Lost(fault) => self.choices.lost.push((self.effect, fault)),
            Fate::Duplicated(fault) => self.choices.duplicated.push((self.effect, fault)),
        }
        self.stage.send(self.node, to, message, fate);
    }

    fn persist(&mut self, durable: &P::Durable) {
        self.stage.nodes[self.node.index()].durable = durable.clone();
    }

    fn emit(&mut self, event: P::Event) {
        self.stage.emit(self.node, &event);
    }

    fn choose(&mut self, after: Window) -> Duration {
        self.stage.draw_timer(self.node, after)
    }
}

impl<P: Process> Stage<P> {
    /// Lets an event happen that needs no running process, or whose process handles it now.
    pub(crate) fn happen(&mut self, event: Event) {
        match event {
            Event::Deliver { from, to, number, copy } => self.arrive(from, to, number, copy),
            Event::Close { node, peer, lane, reason } => self.close(node, peer, lane, reason),
            Event::Oversleep { node, number } => {
                self.nodes[node.index()].inbox.push(event);
                self.write(Occurrence::Fire { node, number }, Choices::default());
            }
            Event::Heal(number) => {
                self.heal(number);
                self.write(Occurrence::Heal { number }, Choices::default());
            }
            Event::Refill(fault) => {
                self.tokens[fault] += 1;
                self.write(Occurrence::Refill { fault }, Choices::default());
            }
            Event::Ask { node, fault } => self.ask(node, fault),
            Event::Strike(fault) => self.strike_as_planned(fault),
            Event::Attempt(fault) => self.attempt(fault),
            Event::Start(_) | Event::Resume(_) => unreachable!("a node's task does it"),
        }
    }

    /// What waits in the mailbox of a process that ended or stands still happens to it as it is now.
    pub(crate) fn see_to_mailboxes(&mut self) {
        while let Some(node) = self.stopped.pop() {
            while let Some(event) = self.nodes[node.index()].mailbox.pop_front() {
                self.open_letter(event);
            }
        }
    }

    fn open_letter(&mut self, event: Event) {
        // Since it came it may have been lost with its connection, or held by a cut.
        let gone = matches!(event, Event::Deliver { .. } | Event::Close { .. }) && !self.ways.is_due(event);
        if !gone {
            self.happen(event);
        }
    }
}
