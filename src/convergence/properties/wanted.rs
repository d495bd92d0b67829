//! How the properties of what the outside wants take what happens.

use super::Memory;
use crate::{
    convergence::{Event, Request, Site, Work},
    spec::{Happening, Signals},
};

type Seen<'a> = Happening<'a, Site>;

pub(super) fn is_not_stopped(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Unwanted(unwanted) = memory else { unreachable!("it remembers what is wanted") };
    match seen {
        Happening::Requested(_, Request::ScaleDown) => *unwanted = true,
        Happening::Emitted(_, Event::Retired(lrp)) => {
            signals.witness = true;
            signals.violated = *lrp != 0 || !*unwanted;
        }
        // Now something might be stopped for the wrong reason.
        Happening::Emitted(_, Event::Orphaned(_) | Event::Unanswered) => signals.witness = true,
        _ => {}
    }
}

pub(super) fn goes(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Removal { asked, row, containers } = memory else { unreachable!("it remembers what is left") };
    let before = *asked && (*row || !containers.is_empty());
    match seen {
        Happening::Requested(_, Request::ScaleDown) => *asked = true,
        Happening::Emitted(_, Event::Desired(Work::Lrp(0)) | Event::Orphaned(0)) => *row = true,
        Happening::Emitted(_, Event::Removed(0) | Event::NoRows) => *row = false,
        Happening::Emitted(node, Event::Began(Work::Lrp(0))) => {
            containers.insert(*node);
        }
        Happening::Emitted(node, Event::Ended(Work::Lrp(0))) | Happening::Crashed(node) | Happening::Exited(node) => {
            containers.remove(node);
        }
        _ => {}
    }
    let left = *asked && (*row || !containers.is_empty());
    signals.trigger = left && !before;
    signals.response = before && !left;
}
