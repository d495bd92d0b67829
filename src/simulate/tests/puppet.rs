//! A process that does what a test tells it, and words to write traces in.

use crate::{
    process::{Effects, Input, Lane, Me, NodeId, Process, Reason},
    simulate::{ReplayError, Replayed, replay},
    spec::{Carriage, Clock, Fault, FaultKind, Form, Happening, Link, Links, Node, Property, Setup, Signals, Tokens},
    time::{Duration, Window},
    trace::{Choices, Claim, EffectCut, FORMAT, Occurrence, Step, Subject, Target, Trace},
};

pub(super) const A: NodeId = NodeId(0);
pub(super) const B: NodeId = NodeId(1);

/// Keeps nothing but how often it was told something.
#[derive(Clone, PartialEq, Eq, Hash, Debug, tenure_derive::Names)]
pub(super) struct Puppet {
    inputs: u32,
}

/// What a puppet does, by its node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strings {
    pub(super) start: fn(u32, &mut Effects<Puppet>),
    pub(super) step: fn(&Input<Puppet>, &mut Effects<Puppet>),
}

impl Process for Puppet {
    type Config = Strings;
    type Message = &'static str;
    type Timer = &'static str;
    type Request = &'static str;
    type Event = &'static str;
    type Durable = u32;

    fn start(me: &Me<'_, Puppet>, durable: u32, fx: &mut Effects<Puppet>) -> Puppet {
        (me.config.start)(durable, fx);
        Puppet { inputs: 0 }
    }

    fn step(&mut self, me: &Me<'_, Puppet>, input: Input<Puppet>, fx: &mut Effects<Puppet>) {
        self.inputs += 1;
        (me.config.step)(&input, fx);
    }
}

/// Does nothing.
pub(super) const IDLE: Strings = Strings { start: |_, _| {}, step: |_, _| {} };

/// Nodes A, B, .. on machines of their own, all started at zero.
pub(super) fn puppets(strings: &[Strings]) -> Setup<Puppet> {
    let node = |(index, strings): (usize, &Strings)| Node {
        name: ["A", "B", "C"][index].into(),
        config: *strings,
        machine: index as u16,
        start: Window::ZERO,
        restart_after_exit: None,
        clock: Clock::default(),
        group: None,
    };
    let nodes: Vec<_> = strings.iter().enumerate().map(node).collect();
    Setup { links: Links::none(nodes.len()), nodes, faults: Vec::new() }
}

pub(super) fn us(span: i64) -> Duration {
    Duration::from_micros(span)
}

pub(super) fn window(lo: i64, hi: i64) -> Window {
    Window::new(us(lo), us(hi))
}

pub(super) fn datagram(lo: i64, hi: i64) -> Link {
    Link { carriage: Carriage::Datagram, delay: window(lo, hi), capacity: 8 }
}

/// A stream with an rto of 50 us and a patience of 100 us.
pub(super) fn stream(lo: i64, hi: i64) -> Link {
    let carriage = Carriage::Stream { rto: us(50), patience: Some(window(100, 100)) };
    Link { carriage, delay: window(lo, hi), capacity: 8 }
}

pub(super) fn once(kind: FaultKind<&'static str>) -> Fault<&'static str> {
    Fault { name: "fault".into(), tokens: Tokens::budget(1), kind }
}

/// Speaks of events by their names.
pub(super) fn property(form: Form) -> Property<Puppet, ()> {
    let watch = |_: &mut (), happening: &Happening<'_, Puppet>, signals: &mut Signals| {
        let Happening::Emitted(node, event) = happening else { return };
        match **event {
            "bad" => signals.violated = true,
            "seen" => signals.witness = true,
            "goal" => signals.reached = true,
            "ask" => signals.trigger = true,
            "answer" => signals.response = true,
            "begin" => signals.begin.push(*node),
            "end" => signals.end.push(*node),
            "act" => signals.act.push(*node),
            _ => {}
        }
    };
    Property { id: "test", sentence: "a test", requirements: &[], form, memory: (), watch }
}

pub(super) fn step(at: i64, what: Occurrence) -> Step {
    Step { at, what, choices: Choices::default(), did: Vec::new() }
}

impl Step {
    pub(super) fn cut(mut self, before: u16, fault: usize) -> Step {
        self.choices.cut = Some(EffectCut { before, fault });
        self
    }

    pub(super) fn lost(mut self, send: u16, fault: usize) -> Step {
        self.choices.lost.push((send, fault));
        self
    }

    pub(super) fn duplicated(mut self, send: u16, fault: usize) -> Step {
        self.choices.duplicated.push((send, fault));
        self
    }

    pub(super) fn measured(mut self) -> Step {
        self.choices.measured = true;
        self
    }
}

pub(super) fn start(node: NodeId) -> Occurrence {
    Occurrence::Start { node }
}

pub(super) fn deliver(from: NodeId, to: NodeId, number: u32) -> Occurrence {
    Occurrence::Deliver { from, to, number, copy: 0 }
}

pub(super) fn fire(node: NodeId, number: u32) -> Occurrence {
    Occurrence::Fire { node, number }
}

pub(super) fn close(node: NodeId, peer: NodeId, reason: Reason) -> Occurrence {
    Occurrence::Close { node, peer, lane: Lane(0), reason }
}

/// Fault class 0 hits a node.
pub(super) fn hit(node: NodeId) -> Occurrence {
    Occurrence::Fault { fault: 0, target: Target::Node(node) }
}

pub(super) fn follow(
    setup: &Setup<Puppet>,
    form: Form,
    claim: Claim,
    steps: Vec<Step>,
) -> Result<Replayed, ReplayError> {
    let trace = Trace {
        tenure_trace: FORMAT,
        tool: "test".into(),
        subject: Subject {
            design: String::new(),
            hash: String::new(),
            file: String::new(),
            protocol: "puppet".into(),
            property: "test".into(),
            ledger: String::new(),
        },
        claim,
        nodes: setup.nodes.iter().map(|node| node.name.clone()).collect(),
        steps,
    };
    replay(setup, &property(form), &trace)
}

/// What each step of a run did, or why it is not possible.
pub(super) fn transcript(setup: &Setup<Puppet>, steps: Vec<Step>) -> String {
    match follow(setup, Form::Never, Claim::Run, steps) {
        Ok(replayed) => {
            let line = |step: &Step| format!("{:<3}  {}  {}\n", step.at, whose(setup, &step.what), step.did.join("; "));
            replayed.steps.iter().map(line).collect()
        }
        Err(error) => format!("{error}\n"),
    }
}

/// The node or link of a step, `-` for the environment.
fn whose(setup: &Setup<Puppet>, what: &Occurrence) -> String {
    let name = |node: NodeId| &setup.node(node).name;
    match what {
        Occurrence::Start { node }
        | Occurrence::Fire { node, .. }
        | Occurrence::Close { node, .. }
        | Occurrence::Resume { node }
        | Occurrence::Fault { target: Target::Node(node), .. } => format!("{:3}", name(*node)),
        Occurrence::Deliver { from, to, .. } => format!("{}>{}", name(*from), name(*to)),
        Occurrence::Heal { .. } | Occurrence::Refill { .. } | Occurrence::Fault { .. } => "-  ".into(),
    }
}
