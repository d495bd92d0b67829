//! What is asked of presences.
//!
//! A cell has *work* once the converger has found it present; that is what is lost with it, and has to go elsewhere.

mod watch;

use std::collections::BTreeSet;

use super::Site;
use crate::{
    process::{Names, NodeId},
    spec::{Form, Property, Trigger},
};

/// What a property remembers: no more than its own question needs, because it is part of the state.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Memory {
    /// Cells with some mark.
    Cells(BTreeSet<NodeId>),
    /// Which cells have work, and of whose end something must follow.
    Ended { work: BTreeSet<NodeId>, ended: Option<NodeId> },
    /// Which cells are dead, for whom of them the store has counted to the end, and for whom it had when the reader asked.
    Over { dead: BTreeSet<NodeId>, over: BTreeSet<NodeId>, asked: BTreeSet<NodeId> },
    /// Which cells are up, and which of them are present as far as they know.
    Up { up: BTreeSet<NodeId>, present: BTreeSet<NodeId> },
    /// Which cells are up, and which of them is taken for dead: the first, if there are several.
    Mistaken { up: BTreeSet<NodeId>, mistaken: Option<NodeId> },
    /// A cell that started and is not present yet.
    Starting(Option<NodeId>),
    /// Which cells ended or doubted once, which of the others count on their presence, and whose next renewal must follow.
    Lives { ended: BTreeSet<NodeId>, present: BTreeSet<NodeId>, renewed: Option<NodeId> },
}

pub(super) fn all() -> Vec<Property<Site, Memory>> {
    let nobody = BTreeSet::new;
    let ended = || Memory::Ended { work: nobody(), ended: None };
    let over = || Memory::Over { dead: nobody(), over: nobody(), asked: nobody() };
    let lives = || Memory::Lives { ended: nobody(), present: nobody(), renewed: None };
    let property = Property::<Site, Memory>::new;
    vec![
        property(
            "dead-cell-is-told",
            "after a cell with work dies, the converger's watch tells it in time, unless its loop was faster",
            &["presence-1a", "presence-6", "recovery-4"],
            Form::Within(Trigger::Crash),
            ended(),
            watch::is_told,
        ),
        property(
            "dead-cell-is-rescheduled",
            "after a cell with work dies, its work is given to others in time",
            &["presence-1a", "presence-4", "choice-1", "recovery-3", "recovery-5", "recovery-6"],
            Form::Within(Trigger::Crash),
            ended(),
            watch::is_rescheduled,
        ),
        property(
            "no-dead-cell-converged",
            "once the presence of a dead cell is over, no convergence run finds it",
            &["presence-1b", "presence-6", "recovery-1"],
            Form::Never,
            over(),
            watch::is_not_converged,
        ),
        property(
            "no-dead-cell-scheduled",
            "once the presence of a dead cell is over, no auction talks to it",
            &["presence-1c", "presence-5", "presence-6"],
            Form::Never,
            over(),
            watch::is_not_scheduled,
        ),
        property(
            "clean-stop-tells-nobody",
            "of a cell that was told to stop the converger's watch tells nothing",
            &["presence-2a"],
            Form::Never,
            Memory::Cells(nobody()),
            watch::tells_nobody,
        ),
        property(
            "stopped-cell-leaves-the-loop",
            "after a cell with work is told to stop, a convergence run does not find it, in time",
            &["presence-2b"],
            Form::Within(Trigger::Request),
            ended(),
            watch::leaves_the_loop,
        ),
        property(
            "stopped-cell-leaves-the-auctions",
            "after a cell that the auctioneer knows is told to stop, an auction does not talk to it, in time",
            &["presence-2c", "presence-5"],
            Form::Within(Trigger::Request),
            ended(),
            watch::leaves_the_auctions,
        ),
        property(
            "starting-cell-is-present",
            "after a cell starts, its presence is set in time",
            &["presence-3"],
            Form::Within(Trigger::Anything),
            Memory::Starting(None),
            watch::becomes_present,
        ),
        property(
            "ready-means-present",
            "a cell that has not set its presence does not say that it is ready",
            &["presence-7"],
            Form::Never,
            Memory::Cells(nobody()),
            watch::is_ready,
        ),
        property(
            "one-presence",
            "a cell does not set its presence while it has one",
            &["presence-8"],
            Form::Never,
            Memory::Cells(nobody()),
            watch::sets_once,
        ),
        property(
            "live-cell-keeps-its-work",
            "the work of a cell that nothing hit is not given to others",
            &["presence-4", "election-3"],
            Form::Never,
            Memory::Cells(nobody()),
            watch::keeps_work,
        ),
        property(
            "cell-stays-present",
            "a cell that nothing hit keeps its presence",
            &["election-3"],
            Form::Never,
            Memory::Cells(nobody()),
            watch::stays_present,
        ),
        property(
            "presence-returns-after-election",
            "after an election at which a cell is up and not present, a cell sets its presence in time",
            &["election-3", "election-4"],
            Form::Within(Trigger::Anything),
            Memory::Up { up: nobody(), present: nobody() },
            watch::returns,
        ),
        property(
            "mistaken-cell-returns",
            "after the presence of a living cell ends at the store, it is set again in time",
            &["presence-3", "presence-4"],
            Form::Within(Trigger::Anything),
            Memory::Mistaken { up: nobody(), mistaken: None },
            watch::is_no_longer_mistaken,
        ),
        property(
            "live-cell-is-not-forgotten",
            "the store does not end a presence while its cell, which never ended nor doubted, counts on it",
            &["recovery-8"],
            Form::Never,
            lives(),
            watch::is_not_forgotten,
        ),
        property(
            "presence-is-renewed",
            "after the store has renewed a presence, it renews it again in time, while its cell, which never ended nor doubted, counts on it",
            &["recovery-8"],
            Form::Within(Trigger::Anything),
            lives(),
            watch::is_renewed,
        ),
    ]
}
