//! How each property takes what happens.

use std::collections::BTreeSet;

use super::Memory;
use crate::{
    lock::{self, Request, contender},
    presence::{Event, Site},
    process::NodeId,
    spec::{Happening, Signals},
    store,
};

type Seen<'a> = Happening<'a, Site>;

pub(super) fn is_told(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let (work, ended) = memory.ended();
    follow_death(work, ended, seen, signals);
    match seen {
        Happening::Emitted(_, Event::Told { cell }) => answer(ended, *cell, signals),
        // The loop was faster.
        Happening::Emitted(_, Event::Rescheduled { cell }) if *ended == Some(*cell) => {
            *ended = None;
            signals.discharge = true;
        }
        _ => {}
    }
}

pub(super) fn is_rescheduled(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let (work, ended) = memory.ended();
    follow_death(work, ended, seen, signals);
    if let Happening::Emitted(_, Event::Rescheduled { cell }) = seen {
        answer(ended, *cell, signals);
    }
}

/// A cell with work dies. Of two the first is measured: how long one takes does not depend on the other.
fn follow_death(work: &mut BTreeSet<NodeId>, ended: &mut Option<NodeId>, seen: &Seen<'_>, signals: &mut Signals) {
    follow_work(work, seen);
    match seen {
        Happening::Crashed(node) if ended.is_none() && work.contains(node) => {
            *ended = Some(*node);
            signals.trigger = true;
        }
        // It is there again before anyone noticed, and says itself what it has lost.
        Happening::Started(node) if *ended == Some(*node) => {
            *ended = None;
            signals.discharge = true;
        }
        _ => {}
    }
}

fn follow_work(work: &mut BTreeSet<NodeId>, seen: &Seen<'_>) {
    match seen {
        Happening::Emitted(_, Event::Converged { present }) => work.extend(present),
        Happening::Emitted(_, Event::Rescheduled { cell }) => _ = work.remove(cell),
        _ => {}
    }
}

fn answer(ended: &mut Option<NodeId>, cell: NodeId, signals: &mut Signals) {
    if *ended == Some(cell) {
        *ended = None;
        signals.response = true;
    }
}

pub(super) fn is_not_converged(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let (over, asked) = memory.follow_over(seen);
    match seen {
        Happening::Emitted(_, Event::Converging) => asked.clone_from(over),
        Happening::Emitted(_, Event::Converged { present }) => find(asked, present, signals),
        _ => {}
    }
}

pub(super) fn is_not_scheduled(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let (over, asked) = memory.follow_over(seen);
    match seen {
        Happening::Emitted(_, Event::Scheduling) => asked.clone_from(over),
        Happening::Emitted(_, Event::Scheduled { present }) => find(asked, present, signals),
        _ => {}
    }
}

/// Someone who asked when these were over was answered.
fn find(asked: &mut BTreeSet<NodeId>, present: &BTreeSet<NodeId>, signals: &mut Signals) {
    signals.witness = !asked.is_empty();
    signals.violated = !asked.is_disjoint(present);
    asked.clear();
}

pub(super) fn tells_nobody(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let stopped = memory.cells();
    match seen {
        Happening::Requested(node, Request::Terminate) => {
            stopped.insert(*node);
        }
        Happening::Exited(node) => signals.witness = stopped.contains(node),
        Happening::Started(node) | Happening::Crashed(node) => {
            stopped.remove(node);
        }
        Happening::Emitted(_, Event::Told { cell }) => signals.violated = stopped.contains(cell),
        _ => {}
    }
}

pub(super) fn leaves_the_loop(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let (work, ended) = memory.ended();
    match seen {
        Happening::Emitted(_, Event::Converged { present }) => find_stopped(work, ended, present, signals),
        _ => follow_stop(work, ended, seen, signals),
    }
}

pub(super) fn leaves_the_auctions(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let (known, ended) = memory.ended();
    match seen {
        Happening::Emitted(_, Event::Scheduled { present }) => find_stopped(known, ended, present, signals),
        _ => follow_stop(known, ended, seen, signals),
    }
}

fn find_stopped(
    known: &mut BTreeSet<NodeId>,
    ended: &mut Option<NodeId>,
    present: &BTreeSet<NodeId>,
    signals: &mut Signals,
) {
    if ended.is_some_and(|cell| !present.contains(&cell)) {
        *ended = None;
        signals.response = true;
    }
    known.clone_from(present);
}

fn follow_stop(known: &BTreeSet<NodeId>, ended: &mut Option<NodeId>, seen: &Seen<'_>, signals: &mut Signals) {
    match seen {
        Happening::Requested(node, Request::Terminate) if ended.is_none() && known.contains(node) => {
            *ended = Some(*node);
            signals.trigger = true;
        }
        Happening::Started(node) if *ended == Some(*node) => {
            *ended = None;
            signals.discharge = true;
        }
        _ => {}
    }
}

/// Of two that start, the first is measured.
pub(super) fn becomes_present(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Starting(starting) = memory else { unreachable!("it remembers who starts") };
    match seen {
        Happening::Emitted(node, Event::Lock(lock::Event::Contender(contender::Event::Acquired)))
            if *starting == Some(*node) =>
        {
            *starting = None;
            signals.response = true;
        }
        Happening::Emitted(node, Event::Began) if starting.is_none() => {
            *starting = Some(*node);
            signals.trigger = true;
        }
        Happening::Crashed(node) | Happening::Exited(node) if *starting == Some(*node) => {
            *starting = None;
            signals.discharge = true;
        }
        _ => {}
    }
}

pub(super) fn is_ready(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let present = memory.cells();
    match seen {
        Happening::Emitted(node, Event::Lock(lock::Event::Contender(contender::Event::Acquired))) => {
            present.insert(*node);
        }
        Happening::Emitted(node, Event::Ready) => {
            signals.witness = true;
            signals.violated = !present.contains(node);
        }
        Happening::Crashed(node) | Happening::Exited(node) => {
            present.remove(node);
        }
        _ => {}
    }
}

pub(super) fn sets_once(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let present = memory.cells();
    match seen {
        Happening::Emitted(node, Event::Lock(lock::Event::Contender(contender::Event::Acquired))) => {
            signals.witness = true;
            signals.violated = !present.insert(*node);
        }
        Happening::Emitted(
            node,
            Event::Lock(lock::Event::Contender(contender::Event::Doubted | contender::Event::Released)),
        )
        | Happening::Crashed(node)
        | Happening::Exited(node) => {
            present.remove(node);
        }
        _ => {}
    }
}

/// A fault or an operator hit it: its work may go to others from then on.
fn follow_hits(hit: &mut BTreeSet<NodeId>, seen: &Seen<'_>) {
    if let Happening::Crashed(node) | Happening::Paused(node) | Happening::Requested(node, Request::Terminate) = seen {
        hit.insert(*node);
    }
}

pub(super) fn keeps_work(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let hit = memory.cells();
    follow_hits(hit, seen);
    match seen {
        Happening::Emitted(_, Event::Converged { .. }) => signals.witness = true,
        Happening::Emitted(_, Event::Rescheduled { cell }) => signals.violated = !hit.contains(cell),
        _ => {}
    }
}

pub(super) fn stays_present(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let hit = memory.cells();
    follow_hits(hit, seen);
    match seen {
        Happening::Emitted(_, Event::Lock(lock::Event::Contender(contender::Event::Acquired))) => {
            signals.witness = true;
        }
        Happening::Emitted(node, Event::Lock(lock::Event::Contender(contender::Event::Doubted))) => {
            signals.violated = !hit.contains(node);
        }
        _ => {}
    }
}

pub(super) fn is_not_forgotten(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let (present, _) = memory.follow_lives(seen);
    match seen {
        Happening::Emitted(_, Event::Lock(lock::Event::Store(store::Event::Renewed { owner }))) => {
            signals.witness = present.contains(owner);
        }
        Happening::Emitted(_, Event::Lock(lock::Event::Store(store::Event::Expired { owner }))) => {
            signals.violated = present.contains(owner);
        }
        _ => {}
    }
}

/// Of several cells the one that was renewed first is measured, again and again: how long one waits does not depend on
/// which it is.
pub(super) fn is_renewed(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let (present, renewed) = memory.follow_lives(seen);
    match seen {
        Happening::Emitted(_, Event::Lock(lock::Event::Store(store::Event::Renewed { owner })))
            if present.contains(owner) && renewed.is_none_or(|cell| cell == *owner) =>
        {
            signals.response = renewed.replace(*owner).is_some();
            signals.trigger = true;
        }
        _ => signals.discharge = renewed.take_if(|cell| !present.contains(cell)).is_some(),
    }
}

pub(super) fn returns(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Up { up, present } = memory else { unreachable!("it remembers who is up and who is present") };
    match seen {
        Happening::Emitted(node, Event::Began) => {
            up.insert(*node);
        }
        Happening::Crashed(node) | Happening::Exited(node) => {
            up.remove(node);
            present.remove(node);
        }
        Happening::Emitted(node, Event::Lock(lock::Event::Contender(event))) => match event {
            contender::Event::Acquired => {
                present.insert(*node);
                signals.response = true;
            }
            contender::Event::Doubted | contender::Event::Released => {
                present.remove(node);
            }
            contender::Event::Waived => {}
        },
        Happening::Emitted(_, Event::Lock(lock::Event::Store(store::Event::LeaderElected { .. }))) => {
            signals.trigger = !up.is_subset(present);
        }
        _ => {}
    }
    signals.discharge = up.is_empty();
}

pub(super) fn is_no_longer_mistaken(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Mistaken { up, mistaken } = memory else { unreachable!("it remembers who is mistaken for dead") };
    match seen {
        Happening::Emitted(node, Event::Began) => {
            up.insert(*node);
        }
        Happening::Crashed(node) | Happening::Exited(node) | Happening::Requested(node, Request::Terminate) => {
            up.remove(node);
            signals.discharge = mistaken.take_if(|mistaken| *mistaken == *node).is_some();
        }
        Happening::Emitted(_, Event::Lock(lock::Event::Store(store::Event::Expired { owner })))
            if mistaken.is_none() && up.contains(owner) =>
        {
            *mistaken = Some(*owner);
            signals.trigger = true;
        }
        Happening::Emitted(node, Event::Lock(lock::Event::Contender(contender::Event::Acquired))) => {
            signals.response = mistaken.take_if(|mistaken| *mistaken == *node).is_some();
        }
        _ => {}
    }
}

impl Memory {
    fn cells(&mut self) -> &mut BTreeSet<NodeId> {
        match self {
            Memory::Cells(cells) => cells,
            _ => unreachable!("it remembers cells"),
        }
    }

    fn ended(&mut self) -> (&mut BTreeSet<NodeId>, &mut Option<NodeId>) {
        match self {
            Memory::Ended { work, ended } => (work, ended),
            _ => unreachable!("it remembers who has work and who ended"),
        }
    }

    /// A cell counts on its presence from the answer that it has it until it is not sure any more, gives it back or
    /// ends. What it had until then may be left at the store and end there too, some time: no cell that began anew is
    /// looked at.
    fn follow_lives(&mut self, seen: &Seen<'_>) -> (&BTreeSet<NodeId>, &mut Option<NodeId>) {
        let Memory::Lives { ended, present, renewed } = self else { unreachable!("it remembers who lives") };
        let ends = match seen {
            Happening::Emitted(node, Event::Lock(lock::Event::Contender(event))) => {
                if *event == contender::Event::Acquired && !ended.contains(node) {
                    present.insert(*node);
                }
                matches!(event, contender::Event::Doubted | contender::Event::Released).then_some(*node)
            }
            Happening::Crashed(node) | Happening::Exited(node) => Some(*node),
            _ => None,
        };
        if let Some(node) = ends {
            ended.insert(node);
            present.remove(&node);
        }
        (present, renewed)
    }

    fn follow_over(&mut self, seen: &Seen<'_>) -> (&BTreeSet<NodeId>, &mut BTreeSet<NodeId>) {
        let Memory::Over { dead, over, asked } = self else { unreachable!("it remembers whose presence is over") };
        match seen {
            Happening::Crashed(node) => {
                dead.insert(*node);
            }
            Happening::Emitted(_, Event::Lock(lock::Event::Store(store::Event::Expired { owner })))
                if dead.contains(owner) =>
            {
                over.insert(*owner);
            }
            Happening::Started(node) => {
                dead.remove(node);
                over.remove(node);
                asked.remove(node);
            }
            _ => {}
        }
        (over, asked)
    }
}
