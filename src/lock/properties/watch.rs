//! How each property takes what happens.

use std::collections::BTreeSet;

use super::Memory;
use crate::{
    lock::{Event, Request, STORE, Site, contender, resource, work},
    process::NodeId,
    spec::{Happening, Signals},
    store,
};

type Seen<'a> = Happening<'a, Site>;

pub(super) fn believes(_: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    match seen {
        Happening::Emitted(node, Event::Contender(contender::Event::Acquired)) => signals.begin.push(*node),
        Happening::Emitted(node, Event::Contender(contender::Event::Doubted | contender::Event::Released))
        | Happening::Crashed(node)
        | Happening::Exited(node) => signals.end.push(*node),
        _ => {}
    }
}

pub(super) fn acts(_: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    match seen {
        Happening::Emitted(node, Event::Work(work::Event::StartUpBegan | work::Event::Began)) => {
            signals.begin.push(*node);
        }
        Happening::Emitted(node, Event::Work(work::Event::Acted)) => signals.act.push(*node),
        Happening::Emitted(node, Event::Work(work::Event::StartUpEnded | work::Event::Ended))
        | Happening::Crashed(node)
        | Happening::Exited(node) => signals.end.push(*node),
        _ => {}
    }
}

pub(super) fn acts_by_lock(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Waived(waived) = memory else { unreachable!("it remembers who does without the lock") };
    acts(&mut Memory::Nothing, seen, signals);
    signals.begin.retain(|node| !waived.contains(node));
    signals.act.retain(|node| !waived.contains(node));
    match seen {
        Happening::Emitted(node, Event::Contender(contender::Event::Waived)) => {
            waived.insert(*node);
        }
        // It begins anew in another life.
        Happening::Crashed(node) | Happening::Exited(node) => {
            waived.remove(node);
        }
        _ => {}
    }
}

pub(super) fn acquires(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Believing(believing) = memory else { unreachable!("it remembers who believes") };
    match seen {
        Happening::Emitted(node, Event::Contender(contender::Event::Acquired)) => {
            signals.witness = true;
            signals.violated = !believing.insert(*node);
        }
        Happening::Emitted(node, Event::Contender(contender::Event::Doubted | contender::Event::Released))
        | Happening::Crashed(node)
        | Happening::Exited(node) => {
            believing.remove(node);
        }
        _ => {}
    }
}

pub(super) fn writes(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Greatest(greatest) = memory else { unreachable!("it remembers a token") };
    if let Happening::Emitted(_, Event::Resource(resource::Event::Accepted { token, .. })) = seen {
        signals.witness = true;
        signals.violated = *greatest > Some(*token);
        *greatest = (*greatest).max(Some(*token));
    }
}

pub(super) fn hands_over(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Handover { workers, up, leaving } = memory else { unreachable!("it remembers who is leaving") };
    follow(workers, seen);
    follow_up(up, seen);
    match seen {
        Happening::Requested(node, Request::Terminate)
            if leaving.is_none() && workers.len() == 1 && workers.contains(node) =>
        {
            *leaving = Some(*node);
            signals.trigger = true;
        }
        Happening::Emitted(_, Event::Work(work::Event::Began)) => {
            // Only a slumberer begins to work, so it is another, or the same in another life.
            *leaving = None;
            signals.response = true;
        }
        // It ends in another way than in good order.
        Happening::Emitted(node, Event::Contender(contender::Event::Doubted)) => {
            workers.remove(node);
            signals.discharge = *leaving == Some(*node);
        }
        Happening::Crashed(node) => signals.discharge = *leaving == Some(*node),
        _ => {}
    }
    if signals.discharge {
        *leaving = None;
    }
    if up.is_empty() {
        *leaving = None;
        signals.discharge = true;
    }
}

/// The lock alone: how long works take to end and to begin is left out.
pub(super) fn hands_over_after_work(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let (workers, up) = memory.takeover();
    follow(workers, seen);
    follow_up(up, seen);
    match seen {
        Happening::Emitted(node, Event::Contender(contender::Event::Released)) => {
            signals.trigger = workers.iter().all(|worker| worker == node) && up.iter().any(|other| other != node);
        }
        Happening::Emitted(_, Event::Contender(contender::Event::Acquired)) => signals.response = true,
        _ => {}
    }
    signals.discharge = up.is_empty();
}

pub(super) fn takes_over(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let (workers, up) = memory.takeover();
    let worked = follow(workers, seen);
    follow_up(up, seen);
    match seen {
        Happening::Crashed(_) => signals.trigger = worked && workers.is_empty() && !up.is_empty(),
        Happening::Emitted(_, Event::Work(work::Event::Began)) => signals.response = true,
        _ => {}
    }
    signals.discharge = up.is_empty();
}

/// Each renewal of a holder may be its last: the stopwatch of the one before is discharged. It is counted at the
/// store, because only there it has an effect, and there a renewal may arrive after the death of its sender.
pub(super) fn takes_over_since_renewal(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Holder(holder) = memory else { unreachable!("it remembers the holder") };
    match seen {
        Happening::Emitted(_, Event::Store(store::Event::Renewed { owner })) if *holder == Some(*owner) => {
            signals.discharge = true;
            signals.trigger = true;
        }
        Happening::Emitted(node, Event::Contender(contender::Event::Acquired)) => {
            *holder = Some(*node);
            signals.response = true;
        }
        // It ends in another way than by its death.
        Happening::Emitted(node, Event::Contender(contender::Event::Doubted | contender::Event::Released))
            if *holder == Some(*node) =>
        {
            *holder = None;
            signals.discharge = true;
        }
        // It has another session in another life.
        Happening::Started(node) if *holder == Some(*node) => *holder = None,
        _ => {}
    }
}

/// Of two that doubt at once the first is measured: how long one takes does not depend on the other.
pub(super) fn stops(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Doubting(doubting) = memory else { unreachable!("it remembers who doubts") };
    match seen {
        Happening::Emitted(node, Event::Contender(contender::Event::Doubted)) if doubting.is_none() => {
            *doubting = Some(*node);
            signals.trigger = true;
        }
        Happening::Emitted(node, Event::Work(work::Event::Ended)) | Happening::Exited(node)
            if *doubting == Some(*node) =>
        {
            *doubting = None;
            signals.response = true;
        }
        Happening::Crashed(node) if *doubting == Some(*node) => {
            *doubting = None;
            signals.discharge = true;
        }
        _ => {}
    }
}

/// Of two that lose the lock at once the first is measured, as above.
pub(super) fn gives_up(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::StartingUp { starting, lost } = memory else { unreachable!("it remembers who starts") };
    match seen {
        Happening::Emitted(node, Event::Contender(contender::Event::Acquired)) => {
            starting.insert(*node);
        }
        Happening::Emitted(node, Event::Contender(contender::Event::Doubted))
            if lost.is_none() && starting.contains(node) =>
        {
            *lost = Some(*node);
            signals.trigger = true;
        }
        // One that has lost the lock is not excused by beginning its work.
        Happening::Emitted(node, Event::Work(work::Event::Began)) if *lost != Some(*node) => {
            starting.remove(node);
        }
        Happening::Exited(node) | Happening::Crashed(node) => {
            starting.remove(node);
            if *lost == Some(*node) {
                *lost = None;
                signals.response = matches!(seen, Happening::Exited(_));
                signals.discharge = !signals.response;
            }
        }
        _ => {}
    }
}

pub(super) fn is_taken(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let (workers, up) = memory.takeover();
    follow(workers, seen);
    follow_up(up, seen);
    match seen {
        Happening::Emitted(_, Event::Store(store::Event::LeaderElected { lock_is_free })) => {
            signals.trigger = *lock_is_free && up.difference(workers).next().is_some();
        }
        Happening::Emitted(_, Event::Contender(contender::Event::Acquired)) => signals.response = true,
        _ => {}
    }
    signals.discharge = up.is_empty();
}

pub(super) fn resumes(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let (workers, up) = memory.takeover();
    follow(workers, seen);
    follow_up(up, seen);
    match seen {
        Happening::Emitted(_, Event::Store(store::Event::LeaderElected { .. })) => {
            signals.trigger = workers.is_empty() && !up.is_empty();
        }
        Happening::Emitted(_, Event::Work(work::Event::Began)) => signals.response = true,
        _ => {}
    }
    signals.discharge = up.is_empty();
}

pub(super) fn keeps(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Disturbed(disturbed) = memory else { unreachable!("it remembers whom a pause has hit") };
    match seen {
        Happening::Emitted(node, Event::Contender(contender::Event::Doubted)) => {
            signals.violated = !disturbed.contains(node);
        }
        Happening::Emitted(_, Event::Contender(contender::Event::Acquired)) => signals.witness = true,
        Happening::Paused(node) => {
            disturbed.insert(*node);
        }
        Happening::Crashed(node) | Happening::Exited(node) => {
            disturbed.remove(node);
        }
        _ => {}
    }
}

/// A bound on a whole connection is one on each minute of it.
pub(super) fn is_quiet(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Served { holding, often } = memory else { unreachable!("it remembers how often each was served") };
    match seen {
        Happening::Emitted(_, Event::Store(store::Event::Served { to })) if !holding.contains(to) => {
            let often = often.entry(*to).or_default();
            // Past the bound there is nothing left to count, and no more states to tell apart.
            *often = (*often + 1).min(MOST_SERVED + 1);
            signals.witness = true;
            signals.violated = *often > MOST_SERVED;
        }
        Happening::Emitted(_, Event::Store(store::Event::Disconnected { from })) => {
            often.remove(from);
        }
        Happening::Emitted(node, Event::Contender(contender::Event::Acquired)) => {
            holding.insert(*node);
            often.remove(node);
        }
        Happening::Crashed(node) | Happening::Exited(node) => {
            holding.remove(node);
            often.remove(node);
        }
        _ => {}
    }
}

/// Far less than a look every second makes in a minute.
const MOST_SERVED: u8 = 6;

impl Memory {
    fn takeover(&mut self) -> (&mut BTreeSet<NodeId>, &mut BTreeSet<NodeId>) {
        match self {
            Memory::Takeover { workers, up } => (workers, up),
            _ => unreachable!("it remembers who works and who is up"),
        }
    }
}

/// Who holds the lock or works: from the lock's acquisition, or from when it is done without, to the end of the work.
/// Whether somebody just ceased.
fn follow(workers: &mut BTreeSet<NodeId>, seen: &Seen<'_>) -> bool {
    match seen {
        Happening::Emitted(node, Event::Contender(contender::Event::Acquired | contender::Event::Waived)) => {
            workers.insert(*node);
            false
        }
        Happening::Emitted(node, Event::Work(work::Event::Ended))
        | Happening::Crashed(node)
        | Happening::Exited(node) => workers.remove(node),
        _ => false,
    }
}

/// Machines that are up.
fn follow_up(up: &mut BTreeSet<NodeId>, seen: &Seen<'_>) {
    match seen {
        Happening::Started(node) if *node != STORE => {
            up.insert(*node);
        }
        // It was no machine that started.
        Happening::Emitted(node, Event::Resource(resource::Event::Opened))
        | Happening::Crashed(node)
        | Happening::Exited(node) => {
            up.remove(node);
        }
        _ => {}
    }
}
