//! How the simulator places pending events within their windows.

use std::{cmp::Reverse, mem};

use super::{
    agenda::{Cause, Event, Place, Scheduled, Slot},
    random::{Draw, Lean, Random, Source, Stream, message_key},
    run::{Driver, Entry},
    script::Decision,
};
use crate::{
    process::{Data, NodeId, Process},
    spec::Setup,
    time::Window,
};

/// A node's clock in one run.
pub(super) struct Clock {
    /// Parts per million that it runs faster than true time.
    pub(super) faster: i64,
    /// For its timers, by their numbers.
    source: Source,
    /// For what has no number of its own.
    random: Random,
}

impl Clock {
    pub(super) fn new<P: Process>(setup: &Setup<P>, node: NodeId, seed: u64, draw: Draw) -> Clock {
        let source = Source::new(seed, Stream::Node(node.0));
        let mut random = source.of(u64::MAX);
        let (slowest, fastest) = setup.node(node).clock.drift.rates();
        Clock { faster: random.between(slowest.into(), fastest.into(), draw, 0), source, random }
    }

    /// The true time, rounded down, in which this clock counts a span.
    fn true_span(&self, counted: i64) -> i64 {
        if self.faster == 0 || counted == i64::MAX {
            return counted;
        }
        let span = i128::from(counted) * MILLION / (MILLION + i128::from(self.faster));
        i64::try_from(span).unwrap_or(i64::MAX)
    }
}

const MILLION: i128 = 1_000_000;

impl<P: Process, M: Data> Driver<'_, P, M> {
    /// Places what the last step scheduled.
    pub(super) fn place_scheduled(&mut self) {
        let mut scheduled = mem::take(&mut self.scheduled);
        scheduled.clear();
        scheduled.extend_from_slice(self.machine.agenda.scheduled());
        for scheduled in &scheduled {
            let pending = self.machine.agenda.at(scheduled.slot);
            // Some of it was cancelled in the same step.
            let Some(pending) = pending.filter(|pending| pending.serial == scheduled.serial) else { continue };
            let (lo, hi) = (pending.lo, pending.hi);
            let decision = if self.script.is_some() || self.log.is_some() {
                self.decide_and_log(scheduled, lo, hi)
            } else {
                self.draw(scheduled, lo, hi)
            };
            let place = self.place(scheduled, decision, lo, hi);
            let place = self.in_stream_order(scheduled, hi, place);
            self.put(scheduled.slot, place);
        }
        self.scheduled = scheduled;
    }

    /// A clock stood still until its node resumes: what its timers still had to wait, they wait from then on.
    pub(super) fn stop_clock(&mut self, node: NodeId) {
        let resume = self.machine.agenda.get(Event::Resume(node)).expect("a suspended node resumes");
        let stood = resume.place.at.saturating_sub(self.machine.now);
        let timers: Vec<(Slot, Place, i64)> =
            self.machine.timers(node).map(|(slot, pending)| (slot, pending.place, pending.hi)).collect();
        for (slot, mut place, hi) in timers {
            place.at = place.at.saturating_add(stood).min(hi);
            place.due.0 = place.due.0.saturating_add(stood);
            self.put(slot, place);
        }
    }

    fn put(&mut self, slot: Slot, place: Place) {
        let (serial, event) = self.machine.agenda.place(slot, place);
        if let Event::Fire { node, number } = event {
            let life = self.machine.nodes[node.index()].life.as_mut().expect("a timer ends with its process");
            life.timers.place(number, place.due);
        }
        if place.at < i64::MAX {
            self.heap.push(Reverse(Entry::new(place, slot, serial)));
        }
    }

    /// As the script says, or else as the seed does; and written down.
    fn decide_and_log(&mut self, scheduled: &Scheduled, lo: i64, hi: i64) -> Decision {
        let key = self.schedulings.next(scheduled.event);
        let drawn = self.draw(scheduled, lo, hi);
        let decision = match self.said() {
            None => drawn,
            Some(script) => {
                let soonest = Decision { span: drawn.least, reaction: 0, ..drawn };
                script.decisions.get(&key).map_or(soonest, |said| Decision {
                    span: said.span.clamp(drawn.least, drawn.most),
                    reaction: said.reaction.min(drawn.slowest),
                    tie: said.tie,
                    ..drawn
                })
            }
        };
        if let Some(log) = &mut self.log {
            log.decisions.insert(key, decision);
        }
        decision
    }

    fn draw(&mut self, scheduled: &Scheduled, lo: i64, hi: i64) -> Decision {
        match (scheduled.event, scheduled.cause) {
            (Event::Fire { node, number }, Cause::Timer(after)) => self.draw_timer(node, number, after),
            _ => self.draw_moment(scheduled, lo, hi),
        }
    }

    fn draw_timer(&self, node: NodeId, number: u32, after: Window) -> Decision {
        let mut random = self.clocks[node.index()].source.of(number.into());
        let (least, most) = (after.lo().micros(), after.hi().micros());
        let slowest = self.machine.setup.node(node).clock.reaction.micros();
        let (span, reaction) = match self.lean_of(node, node) {
            Some(lean) if most < i64::MAX => (random.leaning(least, most, lean), random.leaning(0, slowest, lean)),
            _ => (random.between(least, most, self.draw, self.rest_of_run()), random.between(0, slowest, self.draw, 0)),
        };
        Decision { span, reaction, tie: random.tie(), least, most, slowest }
    }

    fn draw_moment(&mut self, scheduled: &Scheduled, lo: i64, hi: i64) -> Decision {
        let (mut draw, far) = (self.draw, self.rest_of_run());
        let lean = match scheduled.event {
            Event::Deliver { from, to, .. } => self.lean_of(from, to),
            Event::Close { node, .. } => self.lean_of(node, node),
            Event::Start(node) => self.leans.map(|leans| leans.lean(u64::from(node.0) << 32)),
            Event::Fire { .. } | Event::Resume(_) | Event::Heal(_) | Event::Refill { .. } => None,
        };
        if matches!((scheduled.event, lean), (Event::Start(_), Some(Lean::Neither))) {
            // How the paces of two nodes meet is decided here, and seldom at the ends.
            draw = Draw::Uniform;
        }
        let mut own;
        let random = match (scheduled.event, scheduled.cause) {
            (Event::Deliver { from, to, number, copy }, Cause::New) => {
                own = self.network.of(message_key(from, to, number, copy));
                &mut own
            }
            (Event::Resume(_) | Event::Heal(_) | Event::Refill { .. }, _) => &mut self.faults,
            (
                Event::Start(node)
                | Event::Deliver { to: node, .. }
                | Event::Fire { node, .. }
                | Event::Close { node, .. },
                _,
            ) => &mut self.clocks[node.index()].random,
        };
        let now = self.machine.now;
        // What never happens is infinitely far from any moment.
        let most = if hi == i64::MAX { hi } else { hi - now };
        let at = match lean {
            Some(lean) if hi < i64::MAX && draw == Draw::Corner => random.leaning(lo, hi, lean),
            _ => random.between(lo, hi, draw, far),
        };
        let span = if at == i64::MAX { at } else { at - now };
        Decision { span, reaction: 0, tie: random.tie(), least: lo - now, most, slowest: 0 }
    }

    /// To which end of its windows a link, or a node, leans since the last fault, in a run that leans at all: in half of
    /// the cases all lean alike.
    fn lean_of(&self, from: NodeId, to: NodeId) -> Option<Lean> {
        let leans = self.leans?;
        match leans.lean(u64::from(self.struck) << 40) {
            Lean::Neither => {
                let ([far, from], [high, to]) = (from.0.to_be_bytes(), to.0.to_be_bytes());
                Some(leans.lean(u64::from_be_bytes([0, 0, far, high, 1, self.struck, from, to])))
            }
            all => Some(all),
        }
    }

    /// A timer is due when its node's clock has counted its span, and delivered within the reaction.
    fn place(&self, scheduled: &Scheduled, decision: Decision, lo: i64, hi: i64) -> Place {
        let now = self.machine.now;
        let Decision { span, reaction, tie, .. } = decision;
        match (scheduled.event, scheduled.cause) {
            (Event::Fire { node, .. }, Cause::Timer(after)) => {
                let due = now.saturating_add(self.clocks[node.index()].true_span(span));
                let at = due.saturating_add(reaction);
                debug_assert!(lo <= at && at <= hi, "the clock keeps to its drift");
                Place { at, tie, due: (due, after) }
            }
            _ => Place { at: now.saturating_add(span), tie, due: (lo, Window::ZERO) },
        }
    }

    fn rest_of_run(&self) -> i64 {
        self.options.horizon.micros().saturating_sub(self.machine.now).max(0)
    }

    /// Not before what is ahead of it on its connection, if its window lets it wait so long. What was read from an
    /// inbox comes together with what is ahead of it.
    fn in_stream_order(&self, scheduled: &Scheduled, hi: i64, place: Place) -> Place {
        let ahead = self.machine.ways.ahead(scheduled.event);
        let Some(ahead) = ahead.and_then(|ahead| self.machine.agenda.get(ahead)) else { return place };
        let first = (ahead.place.at, ahead.place.tie);
        if first.0 <= hi && (scheduled.cause == Cause::Again || first > (place.at, place.tie)) {
            Place { at: first.0, tie: first.1, ..place }
        } else {
            place
        }
    }
}
