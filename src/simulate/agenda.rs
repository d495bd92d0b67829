//! What is pending: events with the window in which each may happen.

use rustc_hash::FxHashMap;

use crate::{
    process::{Lane, NodeId, Reason},
    time::Window,
    trace::Occurrence,
};

/// The identity of a pending event: an [`Occurrence`] that is no fault, in twelve bytes, as it is copied all the time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
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
        fault: u16,
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
            Event::Refill { fault, .. } => Occurrence::Refill { fault: fault.into() },
        }
    }
}

impl Event {
    /// Another number for each event: the high halves of nodes' numbers are a word of their own.
    pub(super) fn code(self) -> (u64, u64) {
        let pack = |kind: u8, a: u16, b: u16, c: u8, number: u32| {
            let low = |node: u16| u64::from(node & 0xff);
            let low = u64::from(kind) << 56 | low(a) << 48 | low(b) << 40 | u64::from(c) << 32 | u64::from(number);
            (low, u64::from(a >> 8) << 8 | u64::from(b >> 8))
        };
        match self {
            Event::Start(node) => pack(0, node.0, 0, 0, 0),
            Event::Deliver { from, to, number, copy } => pack(1, from.0, to.0, copy, number),
            Event::Fire { node, number } => pack(2, node.0, 0, 0, number),
            Event::Close { node, peer, lane, reason } => pack(3, node.0, peer.0, lane.0, reason as u32),
            Event::Resume(node) => pack(4, node.0, 0, 0, 0),
            Event::Heal(number) => pack(5, 0, 0, 0, number),
            Event::Refill { fault, number } => {
                let [high, low] = fault.to_be_bytes();
                pack(6, high.into(), low.into(), 0, number)
            }
        }
    }
}

/// A pending event's window, in microseconds since the beginning of the run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    pub(super) event: Event,
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
    pub(super) slot: Slot,
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

/// Where a pending event is kept. It is taken again when the event is gone.
pub(super) type Slot = u32;

/// Everything that is pending.
///
/// What happens all the time knows its slot. What is rare, and a replay, looks through all that is pending; where that
/// is much, there is an index.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    slots: Vec<Option<Pending>>,
    free: Vec<Slot>,
    serial: u64,
    scheduled: Vec<Scheduled>,
    /// Where each event is, once there were many.
    index: Option<FxHashMap<Event, Slot>>,
}

/// From so many slots on there is an index.
const MANY: usize = 512;

impl Agenda {
    pub(super) fn schedule(&mut self, event: Event, now: i64, window: Window, cause: Cause) -> Slot {
        debug_assert!(self.slot(event).is_none(), "{event:?} is pending once");
        let serial = self.next_serial();
        let pending = Pending {
            event,
            lo: now.saturating_add(window.lo().micros()),
            hi: now.saturating_add(window.hi().micros()),
            serial,
            place: Place::NOWHERE,
        };
        let slot = self.free.pop().unwrap_or(self.slots.len() as Slot);
        match self.slots.get_mut(slot as usize) {
            Some(free) => *free = Some(pending),
            None => self.slots.push(Some(pending)),
        }
        match &mut self.index {
            Some(index) => {
                index.insert(event, slot);
            }
            None if self.slots.len() > MANY => {
                let pending = self.slots.iter().zip(0..);
                self.index =
                    Some(pending.filter_map(|(pending, slot)| Some((pending.as_ref()?.event, slot))).collect());
            }
            None => {}
        }
        self.scheduled.push(Scheduled { event, slot, serial, cause });
        slot
    }

    /// Takes a pending event out: it happens, or never will.
    pub(super) fn remove(&mut self, event: Event) -> Option<Pending> {
        let slot = self.slot(event)?;
        self.take(slot, event)
    }

    /// The same, where its slot is known; `None` if the slot keeps something else by now.
    pub(super) fn take(&mut self, slot: Slot, event: Event) -> Option<Pending> {
        self.at(slot).filter(|pending| pending.event == event)?;
        self.free.push(slot);
        if let Some(index) = &mut self.index {
            index.remove(&event);
        }
        self.slots[slot as usize].take()
    }

    pub(super) fn get(&self, event: Event) -> Option<&Pending> {
        self.at(self.slot(event)?)
    }

    pub(super) fn get_mut(&mut self, event: Event) -> Option<&mut Pending> {
        let slot = self.slot(event)?;
        self.slots[slot as usize].as_mut()
    }

    /// What a slot keeps now.
    pub(super) fn at(&self, slot: Slot) -> Option<&Pending> {
        self.slots[slot as usize].as_ref()
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
                let all = self.all().map(|pending| pending.event);
                return all
                    .filter(|event| matches!(event, Event::Refill { fault: of, .. } if usize::from(*of) == fault))
                    .min();
            }
            Occurrence::Fault { .. } => return None,
        };
        self.get(event).map(|pending| pending.event)
    }

    /// An event whose latest moment is before `at`.
    pub(super) fn overdue(&self, at: i64) -> Option<&Pending> {
        self.all().filter(|pending| pending.hi < at).min_by_key(|pending| pending.event)
    }

    /// An event that must happen at some time.
    pub(super) fn urgent(&self) -> Option<Event> {
        self.all().filter(|pending| pending.hi < i64::MAX).map(|pending| pending.event).min()
    }

    /// Whether something must happen before any time passes.
    pub(super) fn holds_time(&self, now: i64) -> bool {
        self.all().any(|pending| pending.hi <= now)
    }

    /// What was scheduled since the last step began; some of it may have been cancelled since.
    pub(super) fn scheduled(&self) -> &[Scheduled] {
        &self.scheduled
    }

    pub(super) fn begin_step(&mut self) {
        self.scheduled.clear();
    }

    /// Places what a slot keeps. Returns its serial, and what it is: entries made for an earlier place are stale from here on.
    pub(super) fn place(&mut self, slot: Slot, place: Place) -> (u64, Event) {
        let serial = self.next_serial();
        let pending = self.slots[slot as usize].as_mut().expect("only what is pending is placed");
        pending.place = place;
        pending.serial = serial;
        (serial, pending.event)
    }

    pub(super) fn slot(&self, event: Event) -> Option<Slot> {
        if let Some(index) = &self.index {
            return index.get(&event).copied();
        }
        let slot = self.slots.iter().position(|slot| slot.as_ref().is_some_and(|pending| pending.event == event));
        slot.map(|slot| slot as Slot)
    }

    fn all(&self) -> impl Iterator<Item = &Pending> {
        self.slots.iter().flatten()
    }

    fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }
}
