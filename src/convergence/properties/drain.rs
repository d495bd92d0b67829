//! How the properties of drained cells, and of what the rows tell routers, take what happens.
//!
//! A router sends requests to every cell that a row of an LRP names: the ordinary one that says RUNNING, the evacuating
//! and the suspect one.

use super::{Memory, Slots, Stage};
use crate::{
    convergence::{Event, Request, Site, Work},
    process::NodeId,
    spec::{Happening, Signals},
};

type Seen<'a> = Happening<'a, Site>;

impl Slots {
    pub(super) fn follow(&mut self, seen: &Seen<'_>) {
        match seen {
            // As far as this says, it is claimed.
            Happening::Emitted(_, Event::Held { work: Work::Lrp(0), cell }) => {
                self.ordinary = Some(*cell);
                self.runs = false;
            }
            Happening::Emitted(_, Event::Running(0)) => self.runs = true,
            Happening::Emitted(_, Event::Vacated(Work::Lrp(0))) => {
                self.ordinary = None;
                self.runs = false;
            }
            Happening::Emitted(_, Event::Evacuee { lrp: 0, cell }) => self.evacuating = *cell,
            Happening::Emitted(_, Event::Suspected { lrp: 0, cell }) => self.suspect = *cell,
            _ => {}
        }
    }

    pub(super) fn name(&self, cell: NodeId) -> bool {
        [self.ordinary.filter(|_| self.runs), self.evacuating, self.suspect].contains(&Some(cell))
    }
}

pub(super) fn stays_up(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Drain { rows, running, stage } = memory else { unreachable!("it remembers who runs it") };
    if *stage == Stage::Over {
        return;
    }
    rows.follow(seen);
    match seen {
        Happening::Emitted(cell, Event::Began(Work::Lrp(0))) => {
            running.insert(*cell);
        }
        Happening::Emitted(cell, Event::Ended(Work::Lrp(0))) | Happening::Exited(cell) => {
            running.remove(cell);
        }
        Happening::Requested(_, Request::Evacuate) if *stage == Stage::Up => *stage = Stage::Drained,
        // What a BBS loses with its process is in the rows; what a cell loses is not the drain's doing.
        Happening::Crashed(cell) if running.contains(cell) || rows.name(*cell) => *stage = Stage::Over,
        Happening::Requested(_, Request::CrashContainer | Request::ScaleDown)
        // Whether its cell is rightly taken for missing others ask.
        | Happening::Emitted(_, Event::Rescheduled { work: Work::Lrp(0), .. }) => *stage = Stage::Over,
        _ => {}
    }
    let up = running.iter().any(|cell| rows.name(*cell));
    match stage {
        Stage::Starting if up => *stage = Stage::Up,
        Stage::Drained => {
            signals.witness = true;
            signals.violated = !up;
        }
        // Without a drain others than this property tell what may happen.
        Stage::Up if !up => *stage = Stage::Starting,
        Stage::Starting | Stage::Up => {}
        Stage::Over => *memory = Memory::Drain { rows: Slots::default(), running: [].into(), stage: Stage::Over },
    }
}

pub(super) fn leaves(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Drained(drained) = memory else { unreachable!("it remembers who is drained") };
    match seen {
        // Of two the first is measured.
        Happening::Requested(cell, Request::Evacuate) if drained.is_none() => {
            *drained = Some(*cell);
            signals.trigger = true;
        }
        Happening::Emitted(cell, Event::Left) if *drained == Some(*cell) => {
            *drained = None;
            signals.response = true;
        }
        Happening::Crashed(cell) if *drained == Some(*cell) => {
            *drained = None;
            signals.discharge = true;
        }
        _ => {}
    }
}

pub(super) fn loses_routes(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Routes { rows, dead } = memory else { unreachable!("it remembers rows") };
    let names = |rows: &Slots, dead: &std::collections::BTreeSet<NodeId>| dead.iter().any(|cell| rows.name(*cell));
    let before = names(rows, dead);
    rows.follow(seen);
    match seen {
        Happening::Crashed(cell) if rows.name(*cell) => {
            dead.insert(*cell);
            signals.trigger = !before;
        }
        // What it says from now on, a new life says.
        Happening::Started(cell) if dead.remove(cell) => signals.discharge = before && !names(rows, dead),
        _ => {}
    }
    if before && !signals.discharge && !names(rows, dead) {
        signals.response = true;
    }
    dead.retain(|cell| rows.name(*cell));
}
