//! How the properties of those who follow the BBS's events take what happens.

use std::collections::BTreeSet;

use super::{Memory, Slots};
use crate::{
    convergence::{Event, Request, Site, Work},
    process::NodeId,
    spec::{Happening, Signals},
};

type Seen<'a> = Happening<'a, Site>;

/// From the crash itself: that the BBS does not hear of it at once is no excuse.
pub(super) fn is_noticed(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Crashes { running, of, unnoticed } = memory else { unreachable!("it remembers crashes") };
    let before = *unnoticed;
    follow_crashes(running, unnoticed, seen);
    match seen {
        Happening::Requested(cell, _) if *unnoticed > before => {
            of.insert(*cell);
        }
        Happening::Emitted(_, Event::Noticed(_)) => *unnoticed = before.saturating_sub(1),
        // It may not have told anyone: now it is a dead cell's.
        Happening::Crashed(cell) | Happening::Exited(cell) if of.contains(cell) => {
            *unnoticed = 0;
            signals.discharge = true;
        }
        _ => {}
    }
    if *unnoticed == 0 {
        of.clear();
    }
    signals.trigger = before == 0 && *unnoticed > 0;
    signals.response = before > 0 && *unnoticed == 0 && !signals.discharge;
}

pub(super) fn is_noticed_once(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Crashes { running, unnoticed, .. } = memory else { unreachable!("it remembers crashes") };
    follow_crashes(running, unnoticed, seen);
    if let Happening::Emitted(_, Event::Noticed(_)) = seen {
        signals.witness = true;
        signals.violated = *unnoticed == 0;
        *unnoticed = unnoticed.saturating_sub(1);
    }
}

fn follow_crashes(running: &mut Running, unnoticed: &mut u8, seen: &Seen<'_>) {
    match seen {
        Happening::Emitted(cell, Event::Began(Work::Lrp(lrp))) => {
            running.insert((*cell, *lrp));
        }
        Happening::Emitted(cell, Event::Ended(Work::Lrp(lrp))) => {
            running.remove(&(*cell, *lrp));
        }
        Happening::Crashed(cell) | Happening::Exited(cell) => running.retain(|(at, _)| at != cell),
        Happening::Requested(cell, Request::CrashContainer) if running.iter().any(|(at, _)| at == cell) => {
            *unnoticed = unnoticed.saturating_add(1);
        }
        _ => {}
    }
}

pub(super) fn is_routed(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Table { rows, running, table } = memory else { unreachable!("it remembers routes") };
    let unrouted = |rows: &Slots, running: &BTreeSet<NodeId>, table: &Table| {
        running.iter().any(|cell| rows.name(*cell) && !table.iter().any(|(_, to)| to == cell))
    };
    let before = unrouted(rows, running, table);
    rows.follow(seen);
    if let Happening::Emitted(_, Event::Removed(0)) = seen {
        *rows = Slots::default();
    }
    follow_routes(running, table, seen);
    let after = unrouted(rows, running, table);
    signals.trigger = after && !before;
    signals.response = before && !after && matches!(seen, Happening::Emitted(_, Event::Registered { .. }));
    signals.discharge = before && !after && !signals.response;
}

pub(super) fn loses_its_route(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Table { running, table, .. } = memory else { unreachable!("it remembers routes") };
    let astray = |running: &BTreeSet<NodeId>, table: &Table| table.iter().any(|(_, to)| !running.contains(to));
    let before = astray(running, table);
    follow_routes(running, table, seen);
    let after = astray(running, table);
    signals.trigger = after && !before;
    signals.response = before && !after && matches!(seen, Happening::Emitted(_, Event::Unregistered { .. }));
    // It runs again where it ran, or nobody emits the route any more.
    signals.discharge = before && !after && !signals.response;
}

/// Which cells run the first LRP, and which routes to it an emitter that is up has registered.
fn follow_routes(running: &mut BTreeSet<NodeId>, table: &mut Table, seen: &Seen<'_>) {
    match seen {
        Happening::Emitted(cell, Event::Began(Work::Lrp(0))) => {
            running.insert(*cell);
        }
        Happening::Emitted(cell, Event::Ended(Work::Lrp(0))) => {
            running.remove(cell);
        }
        Happening::Emitted(emitter, Event::Registered { lrp: 0, cell }) => {
            table.insert((*emitter, *cell));
        }
        Happening::Emitted(emitter, Event::Unregistered { lrp: 0, cell }) => {
            table.remove(&(*emitter, *cell));
        }
        Happening::Crashed(node) | Happening::Exited(node) => {
            running.remove(node);
            table.retain(|(emitter, _)| emitter != node);
        }
        _ => {}
    }
}

type Running = BTreeSet<(NodeId, u16)>;

/// Who registered a route, and to which cell.
type Table = BTreeSet<(NodeId, NodeId)>;
