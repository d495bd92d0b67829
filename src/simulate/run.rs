//! Draws one run from a seed.
//!
//! Every pending event is placed within its window when it is scheduled; a binary heap gives the next. Each node has
//! one clock with one rate, and its due timers are delivered in due order.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
    hash::Hasher,
};

use super::{
    adversary::Attempt,
    agenda::{Event, Place, Scheduled, Slot},
    climb::climb,
    judge::{Judge, Seen},
    machine::{Machine, Refusal, Turn},
    placing::Clock,
    random::{Draw, Random, Source, Stream},
    script::{Counts, Script, ScriptedStrike},
};
use crate::{
    process::{Data, Process},
    spec::{Gauge, Measured, Property, Setup},
    time::Duration,
    trace::{Choices, Claim, FORMAT, Occurrence, Step, Subject, Target, Trace},
};

/// What a run is like, beside its seed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// The run ends before the first event after this moment.
    pub horizon: Duration,
    /// It ends after so many steps in any case.
    pub most_steps: usize,
    pub draw: Draw,
    pub strikes: Strikes,
    /// Faults at fixed moments, in their order. These classes strike at no other.
    pub plan: Vec<Strike>,
    /// Keep every step, for a trace. Long runs do without.
    pub record: bool,
}

/// A fault class strikes one of those that it may hit, if there is one then.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Strike {
    pub at: Duration,
    pub fault: usize,
}

/// When faults try to strike, within the tokens of their classes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Strikes {
    Never,
    /// Each class at random moments, this far apart on average.
    Every(Duration),
    /// Each class as often as it has tokens, most of it in the first two thirds of the run.
    #[default]
    Spread,
}

/// One run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    pub seed: u64,
    /// Every step, if they were recorded. Without words of what was done: a replay adds them.
    pub steps: Vec<Step>,
    /// How many steps there were.
    pub taken: usize,
    /// The moment of the last step, in microseconds.
    pub until: i64,
    pub end: End,
    /// What each property made of it.
    pub seen: Vec<Seen>,
    /// What its gauge read, if it had one.
    pub measured: Measured,
    /// The fault classes that were used.
    pub used: BTreeSet<usize>,
    /// How many faults of the plan found nobody whom they could hit.
    pub missed: usize,
    /// 64 bits over the steps and the events that processes emitted, in order.
    pub digest: u64,
}

/// Why a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    Horizon,
    /// Nothing more happens.
    Quiet,
    /// The last step broke the contract of processes.
    ProtocolError,
    MostSteps,
    /// So many steps took no time that it will not go on.
    Stuck,
}

impl Run {
    /// It broke the contract of processes, or did not get on in time.
    #[must_use]
    pub const fn is_broken(&self) -> bool {
        matches!(self.end, End::ProtocolError | End::MostSteps | End::Stuck)
    }

    /// The run as a trace of `setup`.
    #[must_use]
    pub fn trace<P: Process>(&self, setup: &Setup<P>, subject: Subject) -> Trace {
        Trace {
            tenure_trace: FORMAT,
            tool: env!("CARGO_PKG_VERSION").into(),
            subject,
            claim: Claim::Run,
            nodes: setup.nodes.iter().map(|node| node.name.clone()).collect(),
            steps: self.steps.clone(),
        }
    }
}

/// Draws the run of a seed. The properties watch it and change nothing.
#[must_use]
pub fn run<P: Process, M: Data>(setup: &Setup<P>, properties: &[Property<P, M>], seed: u64, options: &Options) -> Run {
    measured(setup, properties, seed, options, None)
}

/// The same with a gauge, if there is one.
#[must_use]
pub fn measured<P: Process, M: Data>(
    setup: &Setup<P>,
    properties: &[Property<P, M>],
    seed: u64,
    options: &Options,
    gauge: Option<Box<dyn Gauge<P>>>,
) -> Run {
    let script = climbed(setup, properties, seed, options);
    let mut driver = Driver::new(setup, properties, seed, options);
    driver.machine.gauge = gauge;
    driver.script = script.as_ref();
    driver.begin();
    let end = driver.drive().expect(POSSIBLE);
    driver.into_run(seed, end)
}

/// The decisions of a run that is not drawn at once.
fn climbed<P: Process, M: Data>(
    setup: &Setup<P>,
    properties: &[Property<P, M>],
    seed: u64,
    options: &Options,
) -> Option<Script> {
    (options.draw == Draw::Climb).then(|| climb(setup, properties, seed, options))
}

/// Draws the run of a seed, and writes its decisions down.
pub(super) fn logged<P: Process, M: Data>(
    setup: &Setup<P>,
    properties: &[Property<P, M>],
    seed: u64,
    options: &Options,
) -> (Run, Script) {
    let script = climbed(setup, properties, seed, options);
    let mut driver = Driver::new(setup, properties, seed, options);
    driver.script = script.as_ref();
    let (end, script) = driver.drive_logged().expect(POSSIBLE);
    (driver.into_run(seed, end), script)
}

/// The run that follows a script before a moment, and whose seed draws what comes then, with the faults that are left
/// before another moment; with all its decisions.
pub(super) fn parted<P: Process, M: Data>(
    setup: &Setup<P>,
    properties: &[Property<P, M>],
    script: &Script,
    (at, puts_off): (i64, i64),
    seed: u64,
    options: &Options,
) -> (Run, Script) {
    let mut driver = Driver::new(setup, properties, seed, options);
    (driver.script, driver.parts, driver.puts_off) = (Some(script), at, puts_off);
    let (end, script) = driver.drive_logged().expect(POSSIBLE);
    (driver.into_run(seed, end), script)
}

/// The run that a script tells, with its decisions as they turned out; `None` if it is not possible.
pub(super) fn scripted<P: Process, M: Data>(
    setup: &Setup<P>,
    properties: &[Property<P, M>],
    script: &Script,
    options: &Options,
) -> Option<(Run, Script)> {
    let mut driver = Driver::new(setup, properties, 0, options);
    driver.script = Some(script);
    let (end, script) = driver.drive_logged().ok()?;
    Some((driver.into_run(0, end), script))
}

/// What happens next, unless it was cancelled or placed anew meanwhile.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Entry {
    at: i64,
    /// The tie, then the slot: one number compares faster than two.
    order: u64,
    serial: u64,
}

impl Entry {
    pub(super) fn new(place: Place, slot: Slot, serial: u64) -> Entry {
        Entry { at: place.at, order: u64::from(place.tie) << 32 | u64::from(slot), serial }
    }

    fn slot(self) -> Slot {
        self.order as Slot
    }
}

/// One run under way.
pub(super) struct Driver<'a, P: Process, M: Data> {
    pub(super) machine: Machine<'a, P, M>,
    pub(super) options: &'a Options,
    pub(super) faults: Random,
    pub(super) attempts: Vec<Attempt>,
    /// The next of them.
    soonest: Option<(i64, usize)>,
    /// Some attempt aims.
    pub(super) aimed: bool,
    /// A process said something in the last step that one took.
    pub(super) spoke: bool,
    used: BTreeSet<usize>,
    /// How much of the plan is done, and how much of it hit nobody.
    planned: usize,
    missed: usize,
    /// How moments are drawn in this run, and whether it does without some fault classes.
    pub(super) draw: Draw,
    pub(super) swarm: bool,
    /// Of a run whose corners are not all drawn with a fair coin: what leans to which.
    pub(super) leans: Option<Source>,
    /// How many steps had a fault, as far as that is counted.
    pub(super) struck: u8,
    pub(super) network: Source,
    pub(super) clocks: Vec<Clock>,
    pub(super) heap: BinaryHeap<Reverse<Entry>>,
    pub(super) scheduled: Vec<Scheduled>,
    steps: Vec<Step>,
    taken: usize,
    /// How many steps there were at the present moment.
    at_once: u32,
    /// What is decided otherwise than by the seed.
    pub(super) script: Option<&'a Script>,
    /// From this moment on the seed decides, and its faults are to come before another.
    pub(super) parts: i64,
    pub(super) puts_off: i64,
    /// What was decided.
    pub(super) log: Option<Script>,
    pub(super) schedulings: Counts,
    happenings: Counts,
}

impl<'a, P: Process, M: Data> Driver<'a, P, M> {
    fn new(setup: &'a Setup<P>, properties: &'a [Property<P, M>], seed: u64, options: &'a Options) -> Driver<'a, P, M> {
        let swarm = options.draw == Draw::Swarm;
        let draw = match options.draw {
            Draw::Swarm if Random::new(seed, Stream::Swarm, 0).chance(500_000) => Draw::Corner,
            Draw::Swarm => Draw::Uniform,
            Draw::Climb => Draw::Corner,
            draw @ (Draw::Uniform | Draw::Corner) => draw,
        };
        let leans = draw == Draw::Corner && Random::new(seed, Stream::Lean, u64::MAX).chance(500_000);
        Driver {
            machine: Machine::new(setup, properties),
            options,
            faults: Random::new(seed, Stream::Faults, 0),
            attempts: Vec::new(),
            soonest: None,
            aimed: false,
            spoke: false,
            used: BTreeSet::new(),
            planned: 0,
            missed: 0,
            draw,
            swarm,
            struck: 0,
            leans: leans.then(|| Source::new(seed, Stream::Lean)),
            network: Source::new(seed, Stream::Network),
            clocks: setup.ids().map(|node| Clock::new(setup, node, seed, draw)).collect(),
            heap: BinaryHeap::new(),
            scheduled: Vec::new(),
            steps: Vec::new(),
            taken: 0,
            at_once: 0,
            script: None,
            parts: i64::MAX,
            puts_off: i64::MAX,
            log: None,
            schedulings: Counts::default(),
            happenings: Counts::default(),
        }
    }

    /// Places the first starts.
    fn begin(&mut self) {
        if let Some(script) = self.script {
            for (clock, rate) in self.clocks.iter_mut().zip(&script.rates) {
                clock.faster = *rate;
            }
        }
        if self.script.is_none() || self.parts < i64::MAX {
            self.plan_attempts();
            self.soonest = self.next_attempt();
        }
        self.place_scheduled();
    }

    /// The whole run, and what was decided in it.
    fn drive_logged(&mut self) -> Result<(End, Script), Refusal> {
        self.log = Some(Script::default());
        self.begin();
        let end = self.drive()?;
        Ok((end, self.take_log()))
    }

    /// The script, as long as it decides.
    pub(super) fn said(&self) -> Option<&'a Script> {
        self.script.filter(|_| self.machine.now < self.parts)
    }

    fn drive(&mut self) -> Result<End, Refusal> {
        let horizon = self.options.horizon.micros();
        loop {
            if self.machine.broken_contract {
                return Ok(End::ProtocolError);
            }
            if self.taken >= self.options.most_steps {
                return Ok(End::MostSteps);
            }
            let next = self.next_entry();
            let attempt = self.soonest;
            let strike = self.next_strike(next.map(|(at, ..)| at));
            let at = next.map_or(i64::MAX, |(at, ..)| at).min(attempt.map_or(i64::MAX, |(at, _)| at));
            let at = at.min(strike.unwrap_or(i64::MAX));
            if at == i64::MAX {
                return Ok(End::Quiet);
            }
            if at > horizon {
                return Ok(End::Horizon);
            }
            if self.at_once > MOST_AT_ONCE {
                return Ok(End::Stuck);
            }
            match (attempt, next) {
                _ if strike == Some(at) => self.strike_as_planned(at)?,
                (Some((moment, fault)), _) if moment == at => {
                    let target = self.attempt(fault);
                    self.soonest = self.next_attempt();
                    if let Some(target) = target {
                        self.strike(at, fault, target)?;
                    }
                }
                (_, Some((_, slot, event))) => {
                    let (slot, event) = self.in_due_order(slot, event);
                    self.happen(at, event, slot)?;
                    // What a process that broke its contract does next means nothing.
                    while !self.machine.broken_contract
                        && let Some((fault, target)) = self.strikes_after_step()
                    {
                        self.strike(at, fault, target)?;
                    }
                }
                (_, None) => unreachable!("one of them has the next moment"),
            }
        }
    }

    /// The moment of the next fault of the script or the plan, if it comes before the next event.
    fn next_strike(&self, next: Option<i64>) -> Option<i64> {
        let Some(script) = self.script else {
            return self.options.plan.get(self.planned).map(|strike| strike.at.micros());
        };
        let strike = script.strikes.get(self.planned).filter(|strike| strike.at < self.parts)?;
        // What the changed run has passed already comes at once.
        let at = strike.at.max(self.machine.now);
        let steps = if at == self.machine.now { self.at_once } else { 0 };
        let later = next == Some(at) && at == strike.at && steps < strike.after;
        (!later).then_some(at)
    }

    fn strike_as_planned(&mut self, at: i64) -> Result<(), Refusal> {
        self.planned += 1;
        if let Some(script) = self.script {
            let ScriptedStrike { fault, target, choices, .. } = &script.strikes[self.planned - 1];
            let target = self.still_in_flight(target);
            return self.strike_with(at, *fault, target, Some(choices));
        }
        let fault = self.options.plan[self.planned - 1].fault;
        // Where a ledger with fewer faults is asked about, some of a schedule have no token.
        match self.target(fault).filter(|_| self.machine.tokens[fault] > 0) {
            Some(target) => self.strike(at, fault, target),
            None => {
                self.missed += 1;
                Ok(())
            }
        }
    }

    fn happen(&mut self, at: i64, event: Event, slot: Slot) -> Result<(), Refusal> {
        self.begin_step(at);
        let turn = self.machine.happen(event, slot)?;
        let key = (self.script.is_some() || self.log.is_some()).then(|| self.happenings.next(event));
        let said = self.said().map(|script| key.and_then(|key| script.choices.get(&key)));
        let choices = match turn {
            Some(turn) => self.finish(turn, said.map(|said| said.cloned().unwrap_or_default()))?,
            None => Choices::default(),
        };
        if let (Some(log), Some(key)) = (&mut self.log, key)
            && !choices.is_plain()
        {
            log.choices.insert(key, choices.clone());
        }
        self.end_step(at, || event.occurrence(), choices);
        Ok(())
    }

    fn strike(&mut self, at: i64, fault: usize, target: Target) -> Result<(), Refusal> {
        self.strike_with(at, fault, target, None)
    }

    fn strike_with(&mut self, at: i64, fault: usize, target: Target, said: Option<&Choices>) -> Result<(), Refusal> {
        let after = if at == self.machine.now { self.at_once } else { 0 };
        self.begin_step(at);
        let choices = match self.machine.fault(fault, &target)? {
            Some(turn) => self.finish(turn, said.cloned())?,
            None => Choices::default(),
        };
        if let Some(log) = &mut self.log {
            let (target, choices) = (target.clone(), choices.clone());
            log.strikes.push(ScriptedStrike { at, after, fault, target, choices });
        }
        self.end_step(at, || Occurrence::Fault { fault, target }, choices);
        Ok(())
    }

    fn begin_step(&mut self, at: i64) {
        self.at_once = if at == self.machine.now { self.at_once + 1 } else { 1 };
        self.machine.step(self.taken, at, false);
    }

    fn end_step(&mut self, at: i64, what: impl FnOnce() -> Occurrence, choices: Choices) {
        if !self.machine.used.is_empty() {
            self.used.extend(&self.machine.used);
            self.struck = self.struck.saturating_add(1);
        }
        self.machine.end_step();
        self.place_scheduled();
        if let Some(node) = self.machine.suspended {
            self.stop_clock(node);
        }
        if self.options.record {
            self.steps.push(Step { at, what: what(), choices, did: Vec::new() });
        }
        self.taken += 1;
    }

    /// What befalls a step's effects is said, or drawn.
    fn finish(&mut self, turn: Turn<P>, said: Option<Choices>) -> Result<Choices, Refusal> {
        let choices = said.unwrap_or_else(|| self.choose(&turn));
        self.machine.finish(turn, &choices)?;
        Ok(choices)
    }

    fn take_log(&mut self) -> Script {
        let mut log = self.log.take().expect("it was asked for");
        log.rates = self.clocks.iter().map(|clock| clock.faster).collect();
        log
    }

    fn into_run(self, seed: u64, end: End) -> Run {
        Run {
            seed,
            steps: self.steps,
            taken: self.taken,
            until: self.machine.now,
            end,
            used: self.used,
            missed: self.missed,
            digest: self.machine.digest.finish(),
            measured: self.machine.gauge.map(Gauge::read).unwrap_or_default(),
            seen: self.machine.judges.into_iter().map(Judge::into_seen).collect(),
        }
    }

    /// The next event that is still pending as it was placed.
    fn next_entry(&mut self) -> Option<(i64, Slot, Event)> {
        while let Some(Reverse(entry)) = self.heap.peek() {
            let pending = self.machine.agenda.at(entry.slot()).filter(|pending| pending.serial == entry.serial);
            if let Some(pending) = pending {
                return Some((entry.at, entry.slot(), pending.event));
            }
            self.heap.pop();
        }
        None
    }

    /// Of a node's timers that are due, the one that was due first comes first.
    fn in_due_order(&self, slot: Slot, next: Event) -> (Slot, Event) {
        let Event::Fire { node, .. } = next else { return (slot, next) };
        let life = self.machine.nodes[node.index()].life.as_ref();
        let first = life.and_then(|life| life.timers.first_due());
        first.map_or((slot, next), |(number, slot)| (slot, Event::Fire { node, number }))
    }
}

const MOST_AT_ONCE: u32 = 1_000_000;

const POSSIBLE: &str = "the simulator draws only what is possible";
