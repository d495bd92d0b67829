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
    agenda::{Event, Pending, Place, Scheduled, Slot},
    judge::{Judge, Seen},
    machine::{Machine, Turn},
    placing::Clock,
    random::{Draw, Random, Source, Stream},
};
use crate::{
    process::{Data, Process},
    spec::{Property, Setup},
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
    let mut driver = Driver::new(setup, properties, seed, options);
    let end = driver.drive();
    Run {
        seed,
        steps: driver.steps,
        taken: driver.taken,
        until: driver.machine.now,
        end,
        used: driver.used,
        missed: driver.missed,
        digest: driver.machine.digest.finish(),
        seen: driver.machine.judges.into_iter().map(Judge::into_seen).collect(),
    }
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
    /// Some attempt aims.
    pub(super) aimed: bool,
    used: BTreeSet<usize>,
    /// How much of the plan is done, and how much of it hit nobody.
    planned: usize,
    missed: usize,
    /// How moments are drawn in this run, and whether it does without some fault classes.
    pub(super) draw: Draw,
    pub(super) swarm: bool,
    pub(super) network: Source,
    pub(super) clocks: Vec<Clock>,
    pub(super) heap: BinaryHeap<Reverse<Entry>>,
    pub(super) scheduled: Vec<Scheduled>,
    steps: Vec<Step>,
    taken: usize,
    /// How many steps took no time, up to now.
    at_once: u32,
}

impl<'a, P: Process, M: Data> Driver<'a, P, M> {
    fn new(setup: &'a Setup<P>, properties: &'a [Property<P, M>], seed: u64, options: &'a Options) -> Driver<'a, P, M> {
        let swarm = options.draw == Draw::Swarm;
        let draw = match options.draw {
            Draw::Swarm if Random::new(seed, Stream::Swarm, 0).chance(500_000) => Draw::Corner,
            Draw::Swarm => Draw::Uniform,
            draw => draw,
        };
        let mut driver = Driver {
            machine: Machine::new(setup, properties),
            options,
            faults: Random::new(seed, Stream::Faults, 0),
            attempts: Vec::new(),
            aimed: false,
            used: BTreeSet::new(),
            planned: 0,
            missed: 0,
            draw,
            swarm,
            network: Source::new(seed, Stream::Network),
            clocks: setup.ids().map(|node| Clock::new(setup, node, seed, draw)).collect(),
            heap: BinaryHeap::new(),
            scheduled: Vec::new(),
            steps: Vec::new(),
            taken: 0,
            at_once: 0,
        };
        driver.plan_attempts();
        driver.place_scheduled();
        driver
    }

    fn drive(&mut self) -> End {
        let horizon = self.options.horizon.micros();
        loop {
            if self.machine.broken_contract {
                return End::ProtocolError;
            }
            if self.taken >= self.options.most_steps {
                return End::MostSteps;
            }
            let next = self.next_entry();
            let attempt = self.next_attempt();
            let strike = self.options.plan.get(self.planned).copied();
            let at = next.map_or(i64::MAX, |(at, ..)| at).min(attempt.map_or(i64::MAX, |(at, _)| at));
            let at = at.min(strike.map_or(i64::MAX, |strike| strike.at.micros()));
            if at == i64::MAX {
                return End::Quiet;
            }
            if at > horizon {
                return End::Horizon;
            }
            self.at_once = if at == self.machine.now { self.at_once + 1 } else { 0 };
            if self.at_once > MOST_AT_ONCE {
                return End::Stuck;
            }
            if let Some(strike) = strike.filter(|strike| strike.at.micros() == at) {
                self.planned += 1;
                match self.target(strike.fault) {
                    Some(target) => self.strike(at, strike.fault, target),
                    None => self.missed += 1,
                }
                continue;
            }
            match (attempt, next) {
                (Some((moment, fault)), _) if moment == at => {
                    if let Some(target) = self.attempt(fault) {
                        self.strike(at, fault, target);
                    }
                }
                (_, Some((_, slot, event))) => {
                    let (slot, event) = self.in_due_order(slot, event);
                    self.happen(at, event, slot);
                    while let Some((fault, target)) = self.strikes_after_step() {
                        self.strike(at, fault, target);
                    }
                }
                (_, None) => unreachable!("one of them has the next moment"),
            }
        }
    }

    fn happen(&mut self, at: i64, event: Event, slot: Slot) {
        self.machine.step(self.taken, at, false);
        let turn = self.machine.happen(event, slot).expect(POSSIBLE);
        let choices = turn.map_or_else(Choices::default, |turn| self.finish(turn));
        self.end_step(at, || event.occurrence(), choices);
    }

    fn strike(&mut self, at: i64, fault: usize, target: Target) {
        self.machine.step(self.taken, at, false);
        let turn = self.machine.fault(fault, &target).expect(POSSIBLE);
        let choices = turn.map_or_else(Choices::default, |turn| self.finish(turn));
        self.end_step(at, || Occurrence::Fault { fault, target }, choices);
    }

    fn end_step(&mut self, at: i64, what: impl FnOnce() -> Occurrence, choices: Choices) {
        if !self.machine.used.is_empty() {
            self.used.extend(&self.machine.used);
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

    fn finish(&mut self, turn: Turn<P>) -> Choices {
        let choices = self.choose(&turn);
        self.machine.finish(turn, &choices).expect(POSSIBLE);
        choices
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
        let due = |(slot, pending): (Slot, &Pending)| (pending.place.due, pending.event, slot);
        let first = self.machine.timers(node).map(due).min();
        first.map_or((slot, next), |(_, event, slot)| (slot, event))
    }
}

const MOST_AT_ONCE: u32 = 1_000_000;

const POSSIBLE: &str = "the simulator draws only what is possible";
