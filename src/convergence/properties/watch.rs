//! How each property takes what happens.

use std::collections::{BTreeMap, BTreeSet};

use super::Memory;
use crate::{
    convergence::{Event, Request, Site, Work},
    process::NodeId,
    spec::{Happening, Signals},
};

type Seen<'a> = Happening<'a, Site>;

pub(super) fn recovers(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Recovery { rows, waiting, up } = memory else { unreachable!("it remembers rows") };
    follow_cells(up, seen);
    match seen {
        Happening::Emitted(_, Event::Held { work: Work::Lrp(lrp), cell }) => {
            rows.insert(*lrp, *cell);
        }
        Happening::Emitted(_, Event::Vacated(Work::Lrp(lrp))) => {
            rows.remove(lrp);
        }
        Happening::Emitted(_, Event::Accepted(Work::Lrp(lrp))) => {
            signals.response = waiting.remove(lrp) && waiting.is_empty();
        }
        Happening::Crashed(cell) => {
            let lost: Vec<u16> = rows.iter().filter(|(_, at)| *at == cell).map(|(lrp, _)| *lrp).collect();
            rows.retain(|_, at| at != cell);
            signals.trigger = !lost.is_empty();
            waiting.extend(lost);
        }
        _ => {}
    }
    give_up(waiting, up, signals);
}

/// Which cells are up, of those that were ever present.
fn follow_cells(up: &mut BTreeMap<NodeId, bool>, seen: &Seen<'_>) {
    match seen {
        Happening::Emitted(_, Event::Appeared(cell)) => {
            up.insert(*cell, true);
        }
        Happening::Started(node) => {
            up.entry(*node).and_modify(|up| *up = true);
        }
        Happening::Crashed(cell) | Happening::Exited(cell) => {
            up.entry(*cell).and_modify(|up| *up = false);
        }
        _ => {}
    }
}

/// Nobody is left who could accept anything.
fn give_up(waiting: &mut BTreeSet<u16>, up: &BTreeMap<NodeId, bool>, signals: &mut Signals) {
    if !up.values().any(|up| *up) && !waiting.is_empty() {
        waiting.clear();
        signals.trigger = false;
        signals.discharge = true;
    }
}

/// What a cell has accepted and no row names yet is missed by nobody who looks at rows.
pub(super) fn starts_again(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Starts { held, accepted, waiting, up } = memory else { unreachable!("it remembers starts") };
    follow_cells(up, seen);
    match seen {
        Happening::Emitted(_, Event::Held { work: Work::Lrp(lrp), .. }) => {
            held.insert(*lrp);
            accepted.remove(lrp);
        }
        Happening::Emitted(_, Event::Vacated(Work::Lrp(lrp))) => {
            held.remove(lrp);
        }
        Happening::Emitted(cell, Event::Accepted(Work::Lrp(lrp))) => {
            if !held.contains(lrp) {
                accepted.entry(*lrp).or_default().insert(*cell);
            }
            signals.response = waiting.remove(lrp) && waiting.is_empty();
        }
        Happening::Crashed(cell) | Happening::Exited(cell) => {
            for (lrp, cells) in accepted.iter_mut() {
                if cells.remove(cell) && cells.is_empty() {
                    waiting.insert(*lrp);
                    signals.trigger = true;
                }
            }
            accepted.retain(|_, cells| !cells.is_empty());
        }
        _ => {}
    }
    give_up(waiting, up, signals);
}

pub(super) fn fails_tasks(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Tasks { rows, waiting } = memory else { unreachable!("it remembers rows") };
    match seen {
        Happening::Emitted(_, Event::Held { work: Work::Task(task), cell }) => {
            rows.insert(*task, *cell);
        }
        Happening::Emitted(_, Event::TaskCompleted { task, .. }) => {
            rows.remove(task);
            signals.response = waiting.remove(task) && waiting.is_empty();
        }
        Happening::Crashed(cell) => {
            let lost: Vec<u16> = rows.iter().filter(|(_, at)| *at == cell).map(|(task, _)| *task).collect();
            signals.trigger = !lost.is_empty();
            waiting.extend(lost);
        }
        _ => {}
    }
}

pub(super) fn stays(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Crashed(crashed) = memory else { unreachable!("it remembers who crashed") };
    match seen {
        Happening::Emitted(_, Event::Rescheduled { cell, .. }) => {
            signals.violated = !crashed.contains(cell);
        }
        Happening::Emitted(_, Event::Held { .. }) => signals.witness = true,
        // What a cell that left in order had is nobody's.
        Happening::Crashed(cell) | Happening::Exited(cell) => {
            crashed.insert(*cell);
        }
        _ => {}
    }
}

pub(super) fn runs(_: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    match seen {
        Happening::Emitted(node, Event::Began(Work::Lrp(0))) => signals.begin.push(*node),
        Happening::Emitted(node, Event::Ended(Work::Lrp(0))) | Happening::Crashed(node) | Happening::Exited(node) => {
            signals.end.push(*node);
        }
        _ => {}
    }
}

/// One that waits is measured together with those that begin to wait before it runs.
pub(super) fn converges(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Waiting(waiting) = memory else { unreachable!("it remembers who waits") };
    match seen {
        Happening::Emitted(_, Event::Desired(Work::Lrp(lrp)) | Event::Vacated(Work::Lrp(lrp))) => {
            waiting.insert(*lrp);
            signals.trigger = true;
        }
        Happening::Emitted(_, Event::Running(lrp)) => {
            waiting.remove(lrp);
            signals.response = waiting.is_empty();
        }
        Happening::Emitted(_, Event::Removed(lrp)) => {
            waiting.remove(lrp);
            signals.discharge = waiting.is_empty();
        }
        _ => {}
    }
}

/// What it did before it ran for the first time is left out.
pub(super) fn runs_again(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    if !matches!(seen, Happening::Emitted(_, Event::Desired(_))) {
        converges(memory, seen, signals);
    }
}

pub(super) fn is_found(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Placeless(placeless) = memory else { unreachable!("it remembers work without a place") };
    match seen {
        Happening::Emitted(_, Event::Desired(work) | Event::Vacated(work)) => {
            placeless.insert(*work);
        }
        Happening::Emitted(_, Event::Accepted(work)) => {
            placeless.remove(work);
            signals.response = true;
        }
        Happening::Emitted(_, Event::Appeared(_)) => signals.trigger = !placeless.is_empty(),
        // It may be the one that appeared.
        Happening::Crashed(_) | Happening::Exited(_) => signals.discharge = true,
        _ => {}
    }
}

pub(super) fn ends_once(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Ended { completed, begun } = memory else { unreachable!("it remembers Tasks") };
    match seen {
        Happening::Emitted(_, Event::Began(Work::Task(task))) => {
            // One that is completed already runs for nobody.
            signals.violated = !begun.insert(*task) || completed.contains(task);
        }
        // Its work was done, though its client is told that it failed.
        Happening::Emitted(_, Event::Finished(Work::Task(task))) => signals.violated = completed.contains(task),
        Happening::Emitted(_, Event::TaskCompleted { task, .. }) => {
            signals.witness = true;
            signals.violated = !completed.insert(*task);
        }
        _ => {}
    }
}

pub(super) fn succeeds(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Crashed(crashed) = memory else { unreachable!("it remembers who crashed") };
    match seen {
        Happening::Emitted(_, Event::TaskCompleted { failed, .. }) => {
            signals.witness = true;
            signals.violated = *failed && crashed.is_empty();
        }
        Happening::Crashed(cell) => {
            crashed.insert(*cell);
        }
        _ => {}
    }
}

pub(super) fn stays_present(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Crashed(lapsed) = memory else { unreachable!("it remembers whose presence lapsed") };
    match seen {
        Happening::Emitted(_, Event::Rescheduled { cell, .. }) => signals.violated = !lapsed.contains(cell),
        Happening::Emitted(_, Event::Held { .. }) => signals.witness = true,
        Happening::Emitted(_, Event::Disappeared(cell)) | Happening::Crashed(cell) | Happening::Exited(cell) => {
            lapsed.insert(*cell);
        }
        _ => {}
    }
}

pub(super) fn is_called(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let called = called(memory);
    match seen {
        Happening::Emitted(_, Event::CalledBack(task)) => {
            called.insert(*task);
        }
        Happening::Emitted(_, Event::TaskDeleted(task)) => {
            signals.witness = true;
            signals.violated = !called.remove(task);
        }
        _ => {}
    }
}

pub(super) fn is_called_once(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    if let Happening::Emitted(_, Event::CalledBack(task)) = seen {
        signals.witness = true;
        signals.violated = !called(memory).insert(*task);
    }
}

pub(super) fn is_done(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Tasked(tasks) = memory else { unreachable!("it remembers Tasks") };
    match seen {
        Happening::Emitted(_, Event::Desired(Work::Task(task))) => {
            tasks.insert(*task);
            signals.trigger = true;
        }
        Happening::Emitted(_, Event::TaskDeleted(task)) => {
            tasks.remove(task);
            signals.response = tasks.is_empty();
        }
        _ => {}
    }
}

pub(super) fn one_resolves(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let (_, tried) = follow_resolving(memory, seen);
    if let Happening::Emitted(_, Event::ResolveTried { task, won: true }) = seen {
        let (_, won) = tried.entry(*task).or_default();
        signals.witness = true;
        signals.violated = *won;
        *won = true;
    }
}

pub(super) fn few_try(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    tries_at_most(None, memory, seen, signals);
}

pub(super) fn one_tries(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    tries_at_most(Some(1), memory, seen, signals);
}

fn tries_at_most(most: Option<u8>, memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let (stands, tried) = follow_resolving(memory, seen);
    let most = most.unwrap_or(stands);
    if let Happening::Emitted(_, Event::ResolveTried { task, .. }) = seen {
        let (often, _) = tried.entry(*task).or_default();
        *often = (*often + 1).min(most + 1);
        signals.witness = true;
        signals.violated = *often > most;
    }
}

pub(super) fn goes(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Removal { asked, row, containers } = memory else { unreachable!("it remembers what is left") };
    match seen {
        Happening::Requested(_, Request::ScaleDown) if !*asked => {
            *asked = true;
            signals.trigger = true;
        }
        Happening::Emitted(node, Event::Began(Work::Lrp(0))) => {
            containers.insert(*node);
        }
        Happening::Emitted(node, Event::Ended(Work::Lrp(0))) | Happening::Crashed(node) | Happening::Exited(node) => {
            containers.remove(node);
        }
        Happening::Emitted(_, Event::Removed(0)) => *row = false,
        _ => {}
    }
    signals.response = *asked && !*row && containers.is_empty();
}

/// What a Task's marks are counted from: it is completed, or demoted, which `CalledBack` or time brings about.
fn follow_resolving<'a>(memory: &'a mut Memory, seen: &Seen<'_>) -> (u8, &'a mut BTreeMap<u16, (u8, bool)>) {
    let Memory::Resolving { stands, tried } = memory else { unreachable!("it remembers who tried") };
    match seen {
        Happening::Emitted(node, Event::Stands) => {
            stands.insert(*node);
        }
        Happening::Crashed(node) => {
            stands.remove(node);
        }
        Happening::Emitted(_, Event::TaskCompleted { task, .. } | Event::Demoted(task)) => {
            tried.remove(task);
        }
        _ => {}
    }
    (stands.len() as u8, tried)
}

/// A loop is expensive: a short interval is no remedy.
pub(super) fn looks_seldom(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Looks { rows, dead, often } = memory else { unreachable!("it remembers how often") };
    match seen {
        Happening::Emitted(_, Event::Held { work, cell }) => {
            rows.insert(*work, *cell);
        }
        Happening::Emitted(_, Event::Vacated(work)) => {
            rows.remove(work);
        }
        Happening::Emitted(_, Event::TaskCompleted { task, .. }) => {
            rows.remove(&Work::Task(*task));
        }
        Happening::Emitted(_, Event::Converged) if dead.is_some() => {
            *often = (*often + 1).min(MOST_LOOKS + 1);
            signals.witness = true;
            signals.violated = *often > MOST_LOOKS;
        }
        Happening::Crashed(cell) if dead.is_none() => *dead = Some(*cell),
        _ => {}
    }
    if dead.is_some_and(|cell| !rows.values().any(|at| *at == cell)) {
        *dead = None;
        *often = 0;
    }
}

const MOST_LOOKS: u8 = 3;

fn called(memory: &mut Memory) -> &mut BTreeSet<u16> {
    match memory {
        Memory::Called(called) => called,
        _ => unreachable!("it remembers whose client was called"),
    }
}
