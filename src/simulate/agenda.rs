//! What is pending: events with the window in which each may happen.

use std::collections::BTreeMap;

use crate::{
    process::{Lane, NodeId, Reason},
    time::Window,
    trace::Occurrence,
};

/// The identity of a pending event: an [`Occurrence`] that is no fault, small enough to be copied.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Event {
    Start(NodeId),
    Deliver {
        from: NodeId,
        to: NodeId,
        number: u32,
        copy: u8,
    },
    Fire {
        node: NodeId,
        number: u32,
    },
    Close {
        node: NodeId,
        peer: NodeId,
        lane: Lane,
        reason: Reason,
    },
    Resume(NodeId),
    Heal(u32),
    /// `number` counts the tokens taken: the occurrence names the least that is pending.
    Refill {
        fault: usize,
        number: u32,
    },
}

impl Event {
    pub(super) fn occurrence(self) -> Occurrence {
        match self {
            Event::Start(node) => Occurrence::Start { node },
            Event::Deliver { from, to, number, copy } => Occurrence::Deliver { from, to, number, copy },
            Event::Fire { node, number } => Occurrence::Fire { node, number },
            Event::Close { node, peer, lane, reason } => Occurrence::Close { node, peer, lane, reason },
            Event::Resume(node) => Occurrence::Resume { node },
            Event::Heal(number) => Occurrence::Heal { number },
            Event::Refill { fault, .. } => Occurrence::Refill { fault },
        }
    }
}

/// A pending event's window, in microseconds since the beginning of the run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    pub(super) lo: i64,
    /// `i64::MAX`: it may never happen.
    pub(super) hi: i64,
    /// Which scheduling this is: an event that is scheduled anew gets another one.
    pub(super) serial: u64,
    /// Where the simulator placed it. A replay ignores it.
    pub(super) place: Place,
}

/// A moment that the simulator drew for a pending event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) at: i64,
    /// Orders events of one moment.
    pub(super) tie: u32,
    /// Of a timer: when it is due by its node's clock, and what it was armed for. It is delivered later by the
    /// reaction, in this order.
    pub(super) due: (i64, Window),
}

impl Place {
    const NOWHERE: Place = Place { at: 0, tie: 0, due: (0, Window::ZERO) };
}

/// Something that was scheduled, for the simulator to place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scheduled {
    pub(super) event: Event,
    pub(super) serial: u64,
    pub(super) cause: Cause,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cause {
    /// It happens for the first time, somewhere in its window.
    New,
    /// A timer armed for so long by its node's clock.
    Timer(Window),
    /// Its moment came before, and it had to wait.
    Again,
}

/// Everything that is pending, ordered by identity.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    events: BTreeMap<Event, Pending>,
    serial: u64,
    scheduled: Vec<Scheduled>,
}

impl Agenda {
    pub(super) fn schedule(&mut self, event: Event, now: i64, window: Window, cause: Cause) {
        self.serial += 1;
        let pending = Pending {
            lo: now.saturating_add(window.lo().micros()),
            hi: now.saturating_add(window.hi().micros()),
            serial: self.serial,
            place: Place::NOWHERE,
        };
        let before = self.events.insert(event, pending);
        assert!(before.is_none(), "{event:?} is pending once");
        self.scheduled.push(Scheduled { event, serial: self.serial, cause });
    }

    /// Takes a pending event out: it happens, or never will.
    pub(super) fn remove(&mut self, event: Event) -> Option<Pending> {
        self.events.remove(&event)
    }

    pub(super) fn get(&self, event: Event) -> Option<&Pending> {
        self.events.get(&event)
    }

    pub(super) fn get_mut(&mut self, event: Event) -> Option<&mut Pending> {
        self.events.get_mut(&event)
    }

    /// The pending event that an occurrence names; `None` if there is none, or for a fault.
    pub(super) fn find(&self, what: &Occurrence) -> Option<Event> {
        let event = match *what {
            Occurrence::Start { node } => Event::Start(node),
            Occurrence::Deliver { from, to, number, copy } => Event::Deliver { from, to, number, copy },
            Occurrence::Fire { node, number } => Event::Fire { node, number },
            Occurrence::Close { node, peer, lane, reason } => Event::Close { node, peer, lane, reason },
            Occurrence::Resume { node } => Event::Resume(node),
            Occurrence::Heal { number } => Event::Heal(number),
            Occurrence::Refill { fault } => {
                let all = Event::Refill { fault, number: 0 }..=Event::Refill { fault, number: u32::MAX };
                return self.events.range(all).next().map(|(event, _)| *event);
            }
            Occurrence::Fault { .. } => return None,
        };
        self.events.contains_key(&event).then_some(event)
    }

    /// An event whose latest moment is before `at`.
    pub(super) fn overdue(&self, at: i64) -> Option<(Event, Pending)> {
        self.events.iter().find(|(_, pending)| pending.hi < at).map(|(event, pending)| (*event, *pending))
    }

    /// An event that must happen at some time.
    pub(super) fn urgent(&self) -> Option<Event> {
        self.events.iter().find(|(_, pending)| pending.hi < i64::MAX).map(|(event, _)| *event)
    }

    /// What was scheduled since the last step began; some of it may have been cancelled since.
    pub(super) fn scheduled(&self) -> &[Scheduled] {
        &self.scheduled
    }

    pub(super) fn begin_step(&mut self) {
        self.scheduled.clear();
    }

    /// Places a pending event. Returns its serial: entries made for an earlier place are stale from here on.
    pub(super) fn place(&mut self, event: Event, place: Place) -> u64 {
        self.serial += 1;
        let pending = self.events.get_mut(&event).expect("only what is pending is placed");
        pending.place = place;
        pending.serial = self.serial;
        self.serial
    }
}
