//! The machine: nodes, what is pending, and the one place where an occurrence becomes a step.
//!
//! It decides nothing. A driver names the next occurrence and its choices: a replay takes them from a trace, the
//! simulator draws them. What is not possible is refused.

use std::{collections::BTreeSet, hash::Hash, mem};

use super::{
    agenda::{Agenda, Cause, Event, Pending, Slot},
    connections::Ways,
    digest::Digest,
    judge::Judge,
    timers::Timers,
    words,
};
use crate::{
    process::{Data, Effect, Effects, Fresh, Input, Me, NodeId, Process, Rank, Sort},
    spec::{Gauge, Happening, Property, Setup},
    time::Window,
};

/// One run of a set-up under one property, as far as it has gone.
#[derive(Debug)]
pub(super) struct Machine<'a, P: Process, M: Data> {
    pub(super) setup: &'a Setup<P>,
    /// One for each property.
    pub(super) judges: Vec<Judge<'a, P, M>>,
    /// What measures the run, if anything does.
    pub(super) gauge: Option<Box<dyn Gauge<P>>>,
    pub(super) agenda: Agenda,
    pub(super) digest: Digest,
    pub(super) now: i64,
    pub(super) nodes: Vec<Node<P>>,
    pub(super) ways: Ways<P>,
    /// Machines that died and of which nothing has started again.
    pub(super) dead: BTreeSet<u16>,
    /// How many tokens each fault class has.
    pub(super) tokens: Vec<u8>,
    pub(super) refills: u32,
    /// The fault classes that this step used.
    pub(super) used: Vec<usize>,
    /// The directions that each cut of the run blocked.
    pub(super) cuts: Vec<&'a [(NodeId, NodeId)]>,
    fresh: Fresh,
    /// Room for effects, lent to one step after the other.
    pub(super) spare: Vec<Effect<P>>,
    /// How many pieces of effect lists were executed.
    pub(super) pieces: u64,
    /// A process renamed a timer that was not armed. The run ends there.
    pub(super) broken_contract: bool,
    /// The node whose clock stood still in this step.
    pub(super) suspended: Option<NodeId>,
    did: Option<Vec<String>>,
}

/// A node and what it keeps when its process ends.
#[derive(Debug)]
pub(super) struct Node<P: Process> {
    pub(super) durable: P::Durable,
    /// How many timers it armed, in all its lives.
    pub(super) armed: u32,
    /// `None` while no process runs.
    pub(super) life: Option<Life<P>>,
}

/// A running process.
#[derive(Debug)]
pub(super) struct Life<P: Process> {
    process: P,
    incarnation: Rank,
    pub(super) timers: Timers<P>,
    pub(super) pause: Option<Pause<P>>,
}

/// A process that stands still.
#[derive(Debug)]
pub(super) struct Pause<P: Process> {
    /// The rest of the step in which it was paused.
    pub(super) rest: Vec<Effect<P>>,
    /// What came meanwhile, in order.
    pub(super) inbox: Vec<Event>,
}

/// A step that waits for the driver's choices: what the process wants to do.
#[derive(Debug)]
pub(super) struct Turn<P: Process> {
    pub(super) node: NodeId,
    pub(super) effects: Vec<Effect<P>>,
    /// The node goes on after a pause: its inbox is read after these effects.
    pub(super) resumed: bool,
}

/// Why a step is not possible.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Refusal {
    pub(super) expected: String,
    pub(super) got: String,
}

pub(super) fn refuse<T>(expected: impl Into<String>, got: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { expected: expected.into(), got: got.into() })
}

impl<'a, P: Process, M: Data> Machine<'a, P, M> {
    pub(super) fn new(setup: &'a Setup<P>, properties: &'a [Property<P, M>]) -> Machine<'a, P, M> {
        let mut agenda = Agenda::default();
        for node in setup.ids() {
            agenda.schedule(Event::Start(node), 0, setup.node(node).start, Cause::New);
        }
        let node = |_| Node { durable: P::Durable::default(), armed: 0, life: None };
        Machine {
            setup,
            judges: properties.iter().map(Judge::new).collect(),
            gauge: None,
            agenda,
            digest: Digest::new(),
            now: 0,
            nodes: setup.ids().map(node).collect(),
            ways: Ways::new(&setup.links, setup.nodes.len()),
            dead: BTreeSet::new(),
            tokens: setup.faults.iter().map(|fault| fault.tokens.at_most).collect(),
            refills: 0,
            used: Vec::new(),
            cuts: Vec::new(),
            fresh: Fresh::default(),
            spare: Vec::new(),
            pieces: 0,
            broken_contract: false,
            suspended: None,
            did: None,
        }
    }

    /// Writes down from here on what each step does.
    pub(super) fn tell_what_is_done(&mut self) {
        self.did = Some(Vec::new());
    }

    /// What was done since the last call.
    pub(super) fn take_did(&mut self) -> Vec<String> {
        self.did.as_mut().map(mem::take).unwrap_or_default()
    }

    pub(super) fn say(&mut self, text: impl FnOnce() -> String) {
        if let Some(did) = &mut self.did {
            did.push(text());
        }
    }

    /// Time passes to the moment of a step.
    pub(super) fn step(&mut self, step: usize, at: i64, measured: bool) {
        self.now = at;
        self.suspended = None;
        self.agenda.begin_step();
        for judge in &mut self.judges {
            judge.step(step, at, measured);
        }
        self.digest.word(at.cast_unsigned());
    }

    /// A step is over.
    pub(super) fn end_step(&mut self) {
        if !self.used.is_empty() {
            self.judges.iter_mut().for_each(|judge| judge.faults(&self.used));
            self.used.clear();
        }
    }

    /// Lets a pending event happen. If a process runs, its effects wait for [`Machine::finish`].
    pub(super) fn happen(&mut self, event: Event, slot: Slot) -> Result<Option<Turn<P>>, Refusal> {
        self.agenda.take(slot, event).expect("only what is pending happens");
        let (code, high) = event.code();
        self.digest.word(code);
        if high > 0 {
            self.digest.word(high);
        }
        Ok(match event {
            Event::Start(node) => Some(self.start(node)),
            Event::Deliver { from, to, number, copy } => self.arrive(from, to, number, copy),
            Event::Fire { node, number } => self.fire(node, number)?,
            Event::Close { node, peer, lane, reason } => self.close(node, peer, lane, reason),
            Event::Resume(node) => Some(self.resume(node)),
            Event::Heal(number) => {
                self.heal(number);
                None
            }
            Event::Refill { fault, .. } => {
                self.tokens[usize::from(fault)] += 1;
                self.say(|| "refill".into());
                None
            }
        })
    }

    pub(super) fn see(&mut self, happening: &Happening<'_, P>) {
        if let Happening::Emitted(node, event) = happening {
            (node, event).hash(&mut self.digest);
        }
        for judge in &mut self.judges {
            judge.see(happening);
        }
        if let Some(gauge) = &mut self.gauge {
            gauge.seen(self.now, happening);
        }
    }

    /// Gives a running process an input.
    pub(super) fn tell(&mut self, node: NodeId, input: Input<P>) -> Turn<P> {
        if let Some(gauge) = &mut self.gauge {
            gauge.told(node, &input);
        }
        let config = &self.setup.node(node).config;
        let mut fx = Effects::reusing(mem::take(&mut self.spare), mem::take(&mut self.fresh));
        let life = self.nodes[node.index()].life.as_mut().expect("only a running process is told anything");
        let me = Me { id: node, config, incarnation: life.incarnation };
        life.process.step(&me, input, &mut fx);
        let (effects, fresh) = fx.into_parts();
        self.fresh = fresh;
        Turn { node, effects, resumed: false }
    }

    fn start(&mut self, node: NodeId) -> Turn<P> {
        let incarnation = self.fresh.rank(Sort::incarnation(node));
        let me = Me { id: node, config: &self.setup.node(node).config, incarnation };
        let mut fx = Effects::new(mem::take(&mut self.fresh));
        let process = P::start(&me, self.nodes[node.index()].durable.clone(), &mut fx);
        let (effects, fresh) = fx.into_parts();
        self.fresh = fresh;
        self.nodes[node.index()].life = Some(Life { process, incarnation, timers: Timers::default(), pause: None });
        self.dead.remove(&self.setup.node(node).machine);
        self.say(|| "start".into());
        self.see(&Happening::Started(node));
        Turn { node, effects, resumed: false }
    }

    /// The moment of a timer comes.
    fn fire(&mut self, node: NodeId, number: u32) -> Result<Option<Turn<P>>, Refusal> {
        let now = self.now;
        let life = self.nodes[node.index()].life.as_mut().expect("a timer ends with its process");
        for before in life.timers.not_before(number) {
            // Not later than now, and it has not come yet: it comes now.
            let before = Event::Fire { node, number: before };
            let pending = self.agenda.get_mut(before).expect("a timer that came holds no other back");
            if pending.lo > now {
                let before = words::occurrence(self.setup, &before.occurrence());
                return refuse(format!("{before} first, which is due no later"), format!("timer {number}"));
            }
            pending.hi = now;
        }
        life.timers.release(number);
        if life.pause.is_some() {
            self.wait(node, Event::Fire { node, number });
            return Ok(None);
        }
        let timer = life.timers.remove(number).expect("a pending timer is armed").timer;
        self.say(|| format!("fire {timer:?}"));
        Ok(Some(self.tell(node, Input::Timer(timer))))
    }

    fn resume(&mut self, node: NodeId) -> Turn<P> {
        let life = self.nodes[node.index()].life.as_mut().expect("a crash cancels the resume");
        let pause = life.pause.as_mut().expect("only a paused process resumes");
        let effects = mem::take(&mut pause.rest);
        self.say(|| "resume".into());
        self.see(&Happening::Resumed(node));
        Turn { node, effects, resumed: true }
    }

    /// Everything in the inbox is pending again.
    pub(super) fn read_inbox(&mut self, node: NodeId, inbox: Vec<Event>) {
        let window = Window::up_to(self.setup.node(node).clock.reaction);
        for event in inbox {
            self.ways.fly_again(event);
            let slot = self.agenda.schedule(event, self.now, window, Cause::Again);
            if let Event::Fire { number, .. } = event {
                let life = self.nodes[node.index()].life.as_mut().expect("a running process reads its inbox");
                life.timers.get_mut(number).expect("what is disarmed is forgotten").slot = slot;
            }
        }
    }

    /// An event's moment came while its node is paused.
    pub(super) fn wait(&mut self, node: NodeId, event: Event) {
        let pause = self.nodes[node.index()].life.as_mut().and_then(|life| life.pause.as_mut());
        pause.expect("only a paused node has an inbox").inbox.push(event);
        self.say(|| "wait in the inbox".into());
    }

    /// An event that is pending or in the inbox of `node` never happens.
    pub(super) fn forget(&mut self, node: NodeId, event: Event) {
        self.agenda.remove(event);
        if let Some(pause) = self.nodes[node.index()].life.as_mut().and_then(|life| life.pause.as_mut()) {
            pause.inbox.retain(|waiting| *waiting != event);
        }
    }

    pub(super) fn is_up(&self, node: NodeId) -> bool {
        self.nodes[node.index()].life.is_some()
    }

    /// Up and not paused.
    pub(super) fn is_running(&self, node: NodeId) -> bool {
        self.nodes[node.index()].life.as_ref().is_some_and(|life| life.pause.is_none())
    }

    pub(super) fn is_paused(&self, node: NodeId) -> bool {
        self.nodes[node.index()].life.as_ref().is_some_and(|life| life.pause.is_some())
    }

    /// A node's armed timers that do not wait in its inbox.
    pub(super) fn timers(&self, node: NodeId) -> impl Iterator<Item = (Slot, &Pending)> {
        let life = self.nodes[node.index()].life.as_ref();
        let timers = life.into_iter().flat_map(|life| life.timers.iter());
        timers.filter_map(move |armed| {
            let event = Event::Fire { node, number: armed.number };
            let pending = self.agenda.at(armed.slot).filter(|pending| pending.event == event)?;
            Some((armed.slot, pending))
        })
    }

    pub(super) fn name(&self, node: NodeId) -> &'a str {
        let setup = self.setup;
        &setup.node(node).name
    }
}
