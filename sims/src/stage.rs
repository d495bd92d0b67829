//! Everything that the tasks of a run share: nodes, what is under way, and the steps taken so far.
//!
//! The supervisor lets pending events happen when their moment comes. What happens to a running process waits in its
//! node's mailbox until the node's task looks, and is a step only then.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap, VecDeque},
    hash::{Hash, Hasher},
    mem,
    sync::{Arc, mpsc::SyncSender},
    task::Waker,
};

use tenure::{
    host::Host,
    process::{Lane, NodeId, Process, Reason},
    simulate::{Digest, Draw, End, Options, Random, Run, Source, Stream, message_key},
    spec::{Measured, Setup},
    time::{Duration, Window},
    trace::{Choices, Occurrence, Step},
};

use crate::{network::Ways, tasks::Defect};

pub(crate) struct Stage<P: Process> {
    pub(crate) setup: Arc<Setup<P>>,
    pub(crate) options: Arc<Options>,
    pub(crate) defect: Defect,
    pub(crate) now: i64,
    pub(crate) nodes: Vec<Node<P>>,
    pub(crate) ways: Ways<P>,
    /// Machines that died and of which nothing has started again.
    pub(crate) dead: BTreeSet<u16>,
    /// How many tokens each fault class has.
    pub(crate) tokens: Vec<u8>,
    /// Fault classes that strike at one of the next sends or steps.
    pub(crate) aimed: BTreeSet<usize>,
    /// The fault class and the cut of each cut of the run, and whether it is open.
    pub(crate) cuts: Vec<(usize, usize, bool)>,
    pub(crate) faults: Random,
    network: Source,
    draw: Draw,
    agenda: BinaryHeap<Reverse<(i64, u64, Event)>>,
    serial: u64,
    commands: Vec<Command>,
    /// Nodes that ended or were stopped in this step: what waits in their mailboxes is seen to when it is over.
    pub(crate) stopped: Vec<NodeId>,
    supervisor: Option<Waker>,
    /// The moment at which the supervisor looks next by itself.
    alarm: i64,
    end: Option<End>,
    /// Steps that were not told yet, if anyone is to be told.
    steps: Vec<Step>,
    told: Option<SyncSender<Vec<Step>>>,
    /// What processes emitted, in words, if that is asked for.
    pub(crate) emitted: Option<Vec<String>>,
    taken: usize,
    at_once: u32,
    last: i64,
    used: BTreeSet<usize>,
    pub(crate) missed: usize,
    digest: Digest,
}

pub(crate) struct Node<P: Process> {
    /// Its disk.
    pub(crate) durable: P::Durable,
    /// How often it started.
    pub(crate) lives: u32,
    /// How many timers it armed, in all its lives.
    pub(crate) armed: u32,
    pub(crate) up: bool,
    /// Its task is being started.
    pub(crate) starting: bool,
    /// The start that is pending.
    pub(crate) start: u64,
    /// The memory of its process, unless it is taking a step.
    pub(crate) host: Option<Box<Host<P>>>,
    pub(crate) pause: Option<Pause>,
    /// What came while it was paused, in order.
    pub(crate) inbox: Vec<Event>,
    pub(crate) mailbox: VecDeque<Event>,
    waker: Option<Waker>,
    pub(crate) clock: Clock,
}

/// A process that stands still.
pub(crate) struct Pause {
    /// Of the resume, and of the timers whose moments come before it.
    pub(crate) serial: u64,
    /// It was told to go on.
    pub(crate) over: bool,
}

/// A node's clock.
pub(crate) struct Clock {
    /// Parts per million that it runs faster than true time.
    faster: i64,
    /// How long it has stood still.
    pub(crate) stood: i64,
    /// For its timers, by their numbers.
    source: Source,
    /// For what has no number of its own.
    random: Random,
}

/// Something that will happen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Event {
    Start(NodeId),
    Deliver {
        from: NodeId,
        to: NodeId,
        number: u32,
        copy: u8,
    },
    Close {
        node: NodeId,
        peer: NodeId,
        lane: Lane,
        reason: Reason,
    },
    Resume(NodeId),
    /// The moment of a timer comes while its node is paused.
    Oversleep {
        node: NodeId,
        number: u32,
    },
    Heal(u32),
    Refill(usize),
    /// The environment asks something of a node.
    Ask {
        node: NodeId,
        fault: usize,
    },
    /// A fault class strikes as it was planned.
    Strike(usize),
    /// A fault class tries to strike.
    Attempt(usize),
}

/// What only madsim can do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Command {
    Start(NodeId),
    Kill(NodeId),
    Pause(NodeId),
    Resume(NodeId),
}

/// When a task has to look again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Next {
    At(i64),
    Ended,
}

impl<P: Process> Stage<P> {
    pub(crate) fn new(setup: Arc<Setup<P>>, seed: u64, options: Options, defect: Defect) -> Stage<P> {
        let swarm = options.draw == Draw::Swarm;
        let draw = match options.draw {
            Draw::Swarm if Random::new(seed, Stream::Swarm, 0).chance(500_000) => Draw::Corner,
            Draw::Swarm => Draw::Uniform,
            draw => draw,
        };
        let node = |id: NodeId| Node {
            durable: P::Durable::default(),
            lives: 0,
            armed: 0,
            up: false,
            starting: false,
            start: 0,
            host: None,
            pause: None,
            inbox: Vec::new(),
            mailbox: VecDeque::new(),
            waker: None,
            clock: Clock::new(&setup, id, seed, draw),
        };
        let mut stage = Stage {
            nodes: setup.ids().map(node).collect(),
            ways: Ways::new(&setup.links, setup.nodes.len()),
            dead: BTreeSet::new(),
            tokens: setup.faults.iter().map(|fault| fault.tokens.at_most).collect(),
            aimed: BTreeSet::new(),
            cuts: Vec::new(),
            faults: Random::new(seed, Stream::Faults, 0),
            network: Source::new(seed, Stream::Network),
            draw,
            agenda: BinaryHeap::new(),
            serial: 0,
            commands: Vec::new(),
            stopped: Vec::new(),
            supervisor: None,
            alarm: i64::MAX,
            end: None,
            steps: Vec::new(),
            told: None,
            emitted: None,
            taken: 0,
            at_once: 0,
            last: 0,
            used: BTreeSet::new(),
            missed: 0,
            digest: Digest::new(),
            now: 0,
            options: Arc::new(options),
            defect,
            setup,
        };
        let setup = stage.setup.clone();
        for id in setup.ids() {
            stage.schedule_start(id, setup.node(id).start);
        }
        stage.plan_strikes(swarm);
        stage
    }

    /// Lets everything happen whose moment has come, and says when the supervisor has to look again.
    pub(crate) fn supervise(&mut self, now: i64, waker: &Waker) -> Next {
        self.now = now;
        register(&mut self.supervisor, waker);
        loop {
            let next = self.agenda.peek().map_or(i64::MAX, |Reverse((at, ..))| *at);
            let horizon = self.options.horizon.micros();
            if now > horizon || self.end.is_some() {
                self.end.get_or_insert(End::Horizon);
                return Next::Ended;
            }
            if next > now {
                self.alarm = next.min(horizon + 1);
                return Next::At(self.alarm);
            }
            let Reverse((_, serial, event)) = self.agenda.pop().expect("it was looked at");
            if self.is_pending(event, serial) {
                self.come(event);
            }
        }
    }

    /// The moment of an event comes. A running process takes its own steps.
    fn come(&mut self, event: Event) {
        match event {
            Event::Start(node) => {
                self.nodes[node.index()].starting = true;
                self.command(Command::Start(node));
            }
            Event::Deliver { to: node, .. } | Event::Close { node, .. } if self.is_running(node) => {
                self.ways.set_due(event);
                self.post(node, event);
            }
            Event::Resume(node) => {
                let pause = self.nodes[node.index()].pause.as_mut();
                pause.expect("a crash cancels the resume").over = true;
                self.command(Command::Resume(node));
                self.wake(node);
            }
            _ => self.happen(event),
        }
    }

    /// Something for a running process.
    pub(crate) fn post(&mut self, node: NodeId, event: Event) {
        self.nodes[node.index()].mailbox.push_back(event);
        self.wake(node);
    }

    fn wake(&mut self, node: NodeId) {
        if let Some(waker) = &self.nodes[node.index()].waker {
            waker.wake_by_ref();
        }
    }

    /// A node's task waits.
    pub(crate) fn wait(&mut self, node: NodeId, waker: &Waker, at: i64) -> Next {
        register(&mut self.nodes[node.index()].waker, waker);
        Next::At(if self.is_over() { i64::MAX } else { at })
    }

    pub(crate) fn is_over(&self) -> bool {
        self.end.is_some() || self.now > self.options.horizon.micros()
    }

    pub(crate) fn end(&mut self, end: End) {
        self.end.get_or_insert(end);
        self.alarm_supervisor();
    }

    fn alarm_supervisor(&mut self) {
        if let Some(supervisor) = &self.supervisor {
            supervisor.wake_by_ref();
        }
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.commands.push(command);
        self.alarm_supervisor();
    }

    pub(crate) fn commands(&mut self) -> Vec<Command> {
        mem::take(&mut self.commands)
    }

    /// Lets an event happen at a moment. Its number tells it from one that was cancelled.
    pub(crate) fn schedule(&mut self, event: Event, at: i64) -> u64 {
        self.serial += 1;
        if at < i64::MAX {
            self.agenda.push(Reverse((at, self.serial, event)));
            if at < self.alarm {
                self.alarm_supervisor();
            }
        }
        self.serial
    }

    pub(crate) fn schedule_start(&mut self, node: NodeId, after: Window) {
        let at = self.draw_for(node, after);
        self.nodes[node.index()].start = self.schedule(Event::Start(node), at);
    }

    /// Whether it was neither cancelled nor placed anew.
    fn is_pending(&self, event: Event, serial: u64) -> bool {
        match event {
            Event::Start(node) => self.nodes[node.index()].start == serial,
            Event::Resume(node) => self.nodes[node.index()].pause.as_ref().is_some_and(|pause| pause.serial == serial),
            Event::Oversleep { node, .. } => {
                // The timers of a pause are numbered after its resume, and before that of the next.
                self.nodes[node.index()].pause.as_ref().is_some_and(|pause| pause.serial < serial)
            }
            Event::Deliver { .. } | Event::Close { .. } => self.ways.is_pending(event, serial),
            Event::Heal(_) | Event::Refill(_) | Event::Ask { .. } | Event::Strike(_) | Event::Attempt(_) => true,
        }
    }

    /// A moment within a window from now, for a message by its number.
    pub(crate) fn draw_for_message(&self, (from, to): (NodeId, NodeId), number: u32, copy: u8, after: Window) -> i64 {
        let key = message_key(from, to, number, copy);
        self.draw(&mut self.network.of(key), after)
    }

    /// The same for what befalls a node.
    pub(crate) fn draw_for(&mut self, node: NodeId, after: Window) -> i64 {
        let mut random = self.nodes[node.index()].clock.random.clone();
        let at = self.draw(&mut random, after);
        self.nodes[node.index()].clock.random = random;
        at
    }

    /// The same for what the adversary does.
    pub(crate) fn draw_fault(&mut self, after: Window) -> i64 {
        let mut random = self.faults.clone();
        let at = self.draw(&mut random, after);
        self.faults = random;
        at
    }

    fn draw(&self, random: &mut Random, after: Window) -> i64 {
        let (lo, hi) = (self.now.saturating_add(after.lo().micros()), self.now.saturating_add(after.hi().micros()));
        random.between(lo, hi, self.draw, self.rest_of_run())
    }

    /// How long the timer that a node arms next takes.
    pub(crate) fn draw_timer(&mut self, node: NodeId, after: Window) -> Duration {
        let rest = self.rest_of_run();
        let draw = self.draw;
        let node = &mut self.nodes[node.index()];
        let mut random = node.clock.source.of(node.armed.into());
        node.armed += 1;
        let counted = random.between(after.lo().micros(), after.hi().micros(), draw, rest);
        Duration::from_micros(node.clock.true_span(counted))
    }

    /// How late a timer is delivered that is due.
    pub(crate) fn draw_reaction(&self, node: NodeId, number: u32) -> i64 {
        let slowest = self.setup.node(node).clock.reaction.micros();
        if slowest == 0 {
            return 0;
        }
        let random = &mut self.nodes[node.index()].clock.source.of(u64::from(number) | 1 << 32);
        random.between(0, slowest, self.draw, 0)
    }

    fn rest_of_run(&self) -> i64 {
        self.options.horizon.micros().saturating_sub(self.now).max(0)
    }

    pub(crate) fn is_up(&self, node: NodeId) -> bool {
        self.nodes[node.index()].up
    }

    /// Up and not paused.
    pub(crate) fn is_running(&self, node: NodeId) -> bool {
        self.is_up(node) && !self.is_paused(node)
    }

    pub(crate) fn is_paused(&self, node: NodeId) -> bool {
        self.nodes[node.index()].pause.is_some()
    }

    pub(crate) fn emit(&mut self, node: NodeId, event: &P::Event) {
        (node, event).hash(&mut self.digest);
        if let Some(emitted) = &mut self.emitted {
            emitted.push(format!("{event:?}"));
        }
    }

    pub(crate) fn use_fault(&mut self, fault: usize) {
        self.used.insert(fault);
    }

    /// A step was taken.
    pub(crate) fn write(&mut self, what: Occurrence, choices: Choices) {
        let at = self.now;
        (at, &what).hash(&mut self.digest);
        if !choices.is_plain() {
            choices.hash(&mut self.digest);
        }
        self.at_once = if at == self.last { self.at_once + 1 } else { 1 };
        self.last = at;
        self.taken += 1;
        if self.told.is_some() {
            self.steps.push(Step { at, what, choices, did: Vec::new() });
            if self.steps.len() == TOLD_AT_ONCE {
                self.tell_steps();
            }
        }
        if self.taken >= self.options.most_steps {
            self.end(End::MostSteps);
        } else if self.at_once > MOST_AT_ONCE {
            self.end(End::Stuck);
        }
    }

    /// From here on every step is told.
    pub(crate) fn tell_each_step_to(&mut self, told: SyncSender<Vec<Step>>) {
        self.told = Some(told);
    }

    fn tell_steps(&mut self) {
        let steps = mem::take(&mut self.steps);
        if let Some(told) = &self.told {
            // Who hears no more knows why.
            let _ = told.send(steps);
        }
    }

    pub(crate) fn into_run(mut self) -> (Run, Vec<String>) {
        self.tell_steps();
        let timers = |node: &Node<P>| node.host.as_ref().and_then(|host| host.next_due()).is_some();
        let quiet = self.agenda.is_empty() && !self.nodes.iter().any(timers);
        let end = self.end.expect("the supervisor ended");
        let run = Run {
            seed: 0,
            taken: self.taken,
            until: self.last,
            end: if quiet && end == End::Horizon { End::Quiet } else { end },
            seen: Vec::new(),
            measured: Measured::default(),
            used: self.used,
            missed: self.missed,
            digest: self.digest.finish(),
            steps: Vec::new(),
        };
        (run, self.emitted.unwrap_or_default())
    }
}

const TOLD_AT_ONCE: usize = 1_024;

/// More steps that take no time, and a run will not go on.
const MOST_AT_ONCE: u32 = 100_000;

impl Clock {
    fn new<P: Process>(setup: &Setup<P>, node: NodeId, seed: u64, draw: Draw) -> Clock {
        let source = Source::new(seed, Stream::Node(node.0));
        let mut random = source.of(u64::MAX);
        let drift = i64::from(setup.node(node).clock.drift.parts_per_million());
        Clock { faster: random.between(-drift, drift, draw, 0), stood: 0, source, random }
    }

    /// The true time, rounded down, in which this clock counts a span.
    fn true_span(&self, counted: i64) -> i64 {
        if self.faster == 0 || counted == i64::MAX {
            return counted;
        }
        let span = i128::from(counted) * 1_000_000 / (1_000_000 + i128::from(self.faster));
        i64::try_from(span).unwrap_or(i64::MAX)
    }
}

fn register(slot: &mut Option<Waker>, waker: &Waker) {
    match slot {
        Some(known) if known.will_wake(waker) => {}
        _ => *slot = Some(waker.clone()),
    }
}
