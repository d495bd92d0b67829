//! The host: one process on a real clock, as a state machine that does no input or output of its own.
//!
//! A driver tells it the time and what arrives, and does what it asks for through an [`Outlet`]. So one host serves
//! sockets ([`udp`]) and tests with a clock of their own. It keeps the contract that the other engines explore: timers
//! are delivered in the order in which they are due, effects are executed in order, and a timer that was disarmed or
//! armed anew never fires.
//!
//! What a driver owes: [`Host::fire`] until nothing is due, before it delivers a message; and a life number that grows
//! with each start of the node, from which identities are made. Ranks of one sort must be drawn by one node only, as
//! no host knows what another drew.

pub mod udp;

use std::collections::BTreeMap;

use crate::{
    process::{Effect, Effects, Fresh, Input, Me, NodeId, Process, Rank, Sort},
    time::{Duration, Window},
};

/// A running process.
#[derive(Debug)]
pub struct Host<P: Process> {
    id: NodeId,
    config: P::Config,
    incarnation: Rank,
    process: P,
    fresh: Fresh,
    timers: Vec<Armed<P>>,
    armed: u32,
    /// What is left of a step that was stopped.
    rest: Vec<Effect<P>>,
    ended: bool,
}

#[derive(Debug)]
struct Armed<P: Process> {
    timer: P::Timer,
    /// Counts what this node armed.
    number: u32,
    /// Of timers that are due together, the one with the earlier window comes first.
    after: Window,
    due: i64,
}

/// What a host asks its driver for.
pub trait Outlet<P: Process> {
    /// Asked before each effect of a step, counted from zero: whether the process still runs. A process may be stopped
    /// between any two; what is left waits for [`Host::resume`].
    fn goes_on(&mut self, _effect: usize) -> bool {
        true
    }

    fn send(&mut self, to: NodeId, message: P::Message);

    /// Returns when it is safe.
    fn persist(&mut self, durable: &P::Durable);

    fn emit(&mut self, event: P::Event);

    /// How long a timer takes, on the driver's clock, that is armed for a window: anything that the node's own clock
    /// may count within it.
    fn choose(&mut self, after: Window) -> Duration;
}

/// A process broke its contract: it renamed a timer that was not armed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a timer is renamed that is not armed")]
pub struct BrokenContract;

impl<P: Process> Host<P> {
    /// Starts a process at a moment, in microseconds of the driver's clock. `armed` counts the timers of its lives
    /// before, as traces do; `life` is greater than in each of them.
    ///
    /// # Errors
    /// If the process breaks its contract.
    pub fn start(
        id: NodeId,
        config: P::Config,
        durable: P::Durable,
        (life, armed): (u32, u32),
        now: i64,
        outlet: &mut impl Outlet<P>,
    ) -> Result<Host<P>, BrokenContract> {
        let first = u64::from(life) << 24;
        // No two nodes and no two lives of one make the same identity.
        let [high, low] = id.0.to_be_bytes();
        assert!(high == 0 || life < 1 << 24, "a node of more than 256 has had fewer than 2^24 lives");
        let fresh = Fresh::above(u64::from(low) << 56 | u64::from(high) << 48 | first, every_sort(first));
        let incarnation = Rank::new(Sort::incarnation(id), u64::from(life) + 1);
        let mut fx = Effects::new(fresh);
        let process = P::start(&Me { id, config: &config, incarnation }, durable, &mut fx);
        let (effects, fresh) = fx.into_parts();
        let mut host =
            Host { id, config, incarnation, process, fresh, timers: Vec::new(), armed, rest: Vec::new(), ended: false };
        host.execute(effects, now, outlet)?;
        Ok(host)
    }

    /// The moment at which the next timer is due.
    #[must_use]
    pub fn next_due(&self) -> Option<i64> {
        self.timers.iter().map(|armed| armed.due).min()
    }

    /// The number of each armed timer and when it is due, in the order in which they are delivered.
    #[must_use]
    pub fn timers(&self) -> Vec<(u32, i64)> {
        let mut timers: Vec<&Armed<P>> = self.timers.iter().collect();
        timers.sort_by_key(|armed| armed.order());
        timers.into_iter().map(|armed| (armed.number, armed.due)).collect()
    }

    /// How many timers it has armed, those of its lives before included.
    #[must_use]
    pub fn armed(&self) -> u32 {
        self.armed
    }

    /// The process ended by itself.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    #[must_use]
    pub fn process(&self) -> &P {
        &self.process
    }

    /// Delivers the timer that was due first, if one is due by now, and returns its number.
    ///
    /// # Errors
    /// If the process breaks its contract.
    pub fn fire(&mut self, now: i64, outlet: &mut impl Outlet<P>) -> Result<Option<u32>, BrokenContract> {
        let first = self.timers.iter().enumerate().min_by_key(|(_, armed)| armed.order());
        let Some((index, _)) = first.filter(|(_, armed)| armed.due <= now) else { return Ok(None) };
        let Armed { timer, number, .. } = self.timers.remove(index);
        self.step(Input::Timer(timer), now, outlet)?;
        Ok(Some(number))
    }

    /// Gives the process a message, a request, or the news of a connection's end.
    ///
    /// # Errors
    /// If the process breaks its contract.
    pub fn step(&mut self, input: Input<P>, now: i64, outlet: &mut impl Outlet<P>) -> Result<(), BrokenContract> {
        if self.ended {
            return Ok(());
        }
        let mut fx = Effects::new(std::mem::take(&mut self.fresh));
        let me = Me { id: self.id, config: &self.config, incarnation: self.incarnation };
        self.process.step(&me, input, &mut fx);
        let (effects, fresh) = fx.into_parts();
        self.fresh = fresh;
        self.execute(effects, now, outlet)
    }

    /// Does what is left of a step that was stopped.
    ///
    /// # Errors
    /// If the process breaks its contract.
    pub fn resume(&mut self, now: i64, outlet: &mut impl Outlet<P>) -> Result<(), BrokenContract> {
        let rest = std::mem::take(&mut self.rest);
        self.execute(rest, now, outlet)
    }

    fn execute(
        &mut self,
        effects: Vec<Effect<P>>,
        now: i64,
        outlet: &mut impl Outlet<P>,
    ) -> Result<(), BrokenContract> {
        let mut effects = effects.into_iter();
        let mut index = 0;
        while !effects.as_slice().is_empty() {
            if !outlet.goes_on(index) {
                self.rest = effects.collect();
                return Ok(());
            }
            index += 1;
            let effect = effects.next().expect("it is not empty");
            match effect {
                Effect::Send { to, message } => outlet.send(to, message),
                Effect::Arm { timer, after } => {
                    self.timers.retain(|armed| armed.timer != timer);
                    let span = outlet.choose(after);
                    let due = now.saturating_add(span.micros());
                    self.timers.push(Armed { timer, number: self.armed, after, due });
                    self.armed += 1;
                }
                Effect::Disarm(timer) => self.timers.retain(|armed| armed.timer != timer),
                Effect::Rename { from, to } => self.rename(&from, to)?,
                Effect::Persist(durable) => outlet.persist(&durable),
                Effect::Emit(event) => outlet.emit(event),
                Effect::Exit => {
                    self.timers.clear();
                    self.ended = true;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn rename(&mut self, from: &P::Timer, to: P::Timer) -> Result<(), BrokenContract> {
        if *from != to && self.timers.iter().any(|armed| armed.timer == *from) {
            self.timers.retain(|armed| armed.timer != to);
        }
        let armed = self.timers.iter_mut().find(|armed| armed.timer == *from).ok_or(BrokenContract)?;
        armed.timer = to;
        Ok(())
    }
}

impl<P: Process> Armed<P> {
    fn order(&self) -> (i64, Window, u32) {
        (self.due, self.after, self.number)
    }
}

/// Ranks of a later life are above those of an earlier one.
fn every_sort(first: u64) -> BTreeMap<Sort, u64> {
    (0..Sort::INCARNATIONS).map(|sort| (Sort(sort), first + 1)).collect()
}
