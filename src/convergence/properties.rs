//! What is asked of convergence.
//!
//! Recovery ends when a live rep has accepted the start: how long a container takes to start is a window of its own.

mod drain;
mod followers;
mod wanted;
mod watch;

use std::collections::{BTreeMap, BTreeSet};

use super::{Site, Work};
use crate::{
    process::{Names, NodeId},
    spec::{Form, Property, Trigger},
};

/// What a property remembers: no more than its own question needs, because it is part of the state.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Memory {
    Nothing,
    /// Which cell each LRP's row names, which LRPs of dead cells nobody has accepted yet, and whether each cell is up
    /// that was ever present.
    Recovery {
        rows: BTreeMap<u16, NodeId>,
        waiting: BTreeSet<u16>,
        up: BTreeMap<NodeId, bool>,
    },
    /// Which LRPs' rows name a cell, which cells have accepted each of the others, which of these lost their last such
    /// cell, and whether each cell is up that was ever present.
    Starts {
        held: BTreeSet<u16>,
        accepted: BTreeMap<u16, BTreeSet<NodeId>>,
        waiting: BTreeSet<u16>,
        up: BTreeMap<NodeId, bool>,
    },
    /// Which cell each running Task's row names, and which are of dead cells.
    Tasks {
        rows: BTreeMap<u16, NodeId>,
        waiting: BTreeSet<u16>,
    },
    /// Cells that crashed, in any life.
    Crashed(BTreeSet<NodeId>),
    /// LRPs whose row does not say RUNNING.
    Waiting(BTreeSet<u16>),
    /// Work without a place, and cells that have appeared since it was last accepted.
    Placeless(BTreeSet<Work>),
    /// Tasks that have ended, and Tasks of which a container began to run.
    Ended {
        completed: BTreeSet<u16>,
        begun: BTreeSet<u16>,
    },
    /// Tasks whose client was called.
    Called(BTreeSet<u16>),
    /// Tasks that are there.
    Tasked(BTreeSet<u16>),
    /// Who can call clients back, and how often each completed Task was tried to be marked RESOLVING, and won.
    Resolving {
        stands: BTreeSet<NodeId>,
        tried: BTreeMap<u16, (u8, bool)>,
    },
    /// Which cell each row names, and how often the rows were looked at since that cell died.
    Looks {
        rows: BTreeMap<Work, NodeId>,
        dead: Option<NodeId>,
        often: u8,
    },
    /// Who has the first LRP, as its rows tell, which cells run it, and how far a drain has come.
    Drain {
        rows: Slots,
        running: BTreeSet<NodeId>,
        stage: Stage,
    },
    /// The cell that was told to go.
    Drained(Option<NodeId>),
    /// Who has the first LRP, as its rows tell, and which cells are dead.
    Routes {
        rows: Slots,
        dead: BTreeSet<NodeId>,
    },
    /// Whether the first LRP is wanted no more.
    Unwanted(bool),
    /// The first LRP is wanted no more: the cells that run it, and whether a row is left.
    Removal {
        asked: bool,
        row: bool,
        containers: BTreeSet<NodeId>,
    },
    /// Who runs which LRP, whose container crashed, and how many crashes nobody has given notice of.
    Crashes {
        running: BTreeSet<(NodeId, u16)>,
        of: BTreeSet<NodeId>,
        unnoticed: u8,
    },
    /// Who has the first LRP, as its rows tell, who runs it, and which routes to it who has registered.
    Table {
        rows: Slots,
        running: BTreeSet<NodeId>,
        table: BTreeSet<(NodeId, NodeId)>,
    },
}

/// The cells that the rows of an LRP name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Names)]
pub struct Slots {
    /// Of the ordinary row, and whether that says RUNNING.
    ordinary: Option<NodeId>,
    runs: bool,
    evacuating: Option<NodeId>,
    suspect: Option<NodeId>,
}

/// How far a drain has come.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Names)]
pub enum Stage {
    /// The LRP did not run yet.
    #[default]
    Starting,
    Up,
    /// It runs, and a cell was told to go.
    Drained,
    /// Something crashed, or nobody wants it: nothing is promised.
    Over,
}

pub(super) fn all() -> Vec<Property<Site, Memory>> {
    let property = Property::<Site, Memory>::new;
    let recovery = || Memory::Recovery { rows: BTreeMap::new(), waiting: BTreeSet::new(), up: BTreeMap::new() };
    let resolving = || Memory::Resolving { stands: BTreeSet::new(), tried: BTreeMap::new() };
    let crashes = || Memory::Crashes { running: BTreeSet::new(), of: BTreeSet::new(), unnoticed: 0 };
    let table = || Memory::Table { rows: Slots::default(), running: BTreeSet::new(), table: BTreeSet::new() };
    vec![
        property(
            "dead-cell-recovery",
            "after a cell dies, other cells have accepted its long-running processes in time",
            &["recovery-2", "recovery-3", "recovery-5", "recovery-6", "presence-4"],
            Form::Within(Trigger::Crash),
            recovery(),
            watch::recovers,
        ),
        property(
            "lost-start-is-repeated",
            "after a cell dies that accepted a start no row names yet, another has accepted it in time",
            &["recovery-2", "presence-4"],
            Form::Within(Trigger::Crash),
            Memory::Starts {
                held: BTreeSet::new(),
                accepted: BTreeMap::new(),
                waiting: BTreeSet::new(),
                up: BTreeMap::new(),
            },
            watch::starts_again,
        ),
        property(
            "dead-cell-fails-tasks",
            "after a cell dies, its Tasks are failed in time",
            &["recovery-2"],
            Form::Within(Trigger::Crash),
            Memory::Tasks { rows: BTreeMap::new(), waiting: BTreeSet::new() },
            watch::fails_tasks,
        ),
        property(
            "live-work-stays",
            "no work of a cell that never crashed is taken from it as missing",
            &["presence-4"],
            Form::Never,
            Memory::Crashed(BTreeSet::new()),
            watch::stays,
        ),
        property(
            "present-work-stays",
            "no work of a cell whose presence never lapsed is taken from it as missing",
            &["presence-4"],
            Form::Never,
            Memory::Crashed(BTreeSet::new()),
            watch::stays_present,
        ),
        property(
            "at-most-one-runs",
            "at most one cell runs the first long-running process",
            &[],
            Form::Apart,
            Memory::Nothing,
            watch::runs,
        ),
        property(
            "desired-lrp-runs",
            "what is desired and does not run, as far as the BBS knows, runs in time",
            &[],
            Form::Within(Trigger::Anything),
            Memory::Waiting(BTreeSet::new()),
            watch::converges,
        ),
        property(
            "lost-lrp-runs-again",
            "what ran and runs no more, as far as the BBS knows, runs again in time",
            &[],
            Form::Within(Trigger::Anything),
            Memory::Waiting(BTreeSet::new()),
            watch::runs_again,
        ),
        property(
            "present-cell-gets-work",
            "a cell that appears while work has no place is given it in time",
            &["presence-5"],
            Form::Within(Trigger::Anything),
            Memory::Placeless(BTreeSet::new()),
            watch::is_found,
        ),
        property(
            "task-ends-once",
            "a Task is run at most once, ends once, and is not done by a cell after it was failed",
            &[],
            Form::Never,
            Memory::Ended { completed: BTreeSet::new(), begun: BTreeSet::new() },
            watch::ends_once,
        ),
        property(
            "healthy-task-succeeds",
            "no Task fails while nothing has crashed",
            &[],
            Form::Never,
            Memory::Crashed(BTreeSet::new()),
            watch::succeeds,
        ),
        property(
            "task-is-called-back",
            "no Task is deleted before its client was called",
            &[],
            Form::Never,
            Memory::Called(BTreeSet::new()),
            watch::is_called,
        ),
        property(
            "task-is-done-with",
            "a Task is completed, its client called and its row deleted in time",
            &[],
            Form::Within(Trigger::Anything),
            Memory::Tasked(BTreeSet::new()),
            watch::is_done,
        ),
        property(
            "one-resolves",
            "of those who try to mark a completed Task RESOLVING at most one succeeds",
            &["recovery-9"],
            Form::Never,
            resolving(),
            watch::one_resolves,
        ),
        property(
            "client-called-once",
            "the client of a Task is not called twice",
            &[],
            Form::Never,
            Memory::Called(BTreeSet::new()),
            watch::is_called_once,
        ),
        property(
            "few-try-to-resolve",
            "no more try to mark a completed Task RESOLVING than there are who can",
            &["recovery-9"],
            Form::Never,
            resolving(),
            watch::few_try,
        ),
        property(
            "nobody-else-tries",
            "a completed Task brings one to the store, and not everyone",
            &["recovery-9"],
            Form::Never,
            resolving(),
            watch::one_tries,
        ),
        property(
            "removed-lrp-goes",
            "what an operator wants no more has no row and runs nowhere in time",
            &[],
            Form::Within(Trigger::Request),
            Memory::Removal { asked: false, row: true, containers: BTreeSet::new() },
            watch::goes,
        ),
        property(
            "wanted-lrp-is-not-stopped",
            "nothing is stopped that the outside wants, whatever the BBS knows of that",
            &[],
            Form::Never,
            Memory::Unwanted(false),
            wanted::is_not_stopped,
        ),
        property(
            "unwanted-lrp-goes",
            "what the outside wants no more has no row and runs nowhere in time",
            &[],
            Form::Within(Trigger::Anything),
            Memory::Removal { asked: false, row: false, containers: BTreeSet::new() },
            wanted::goes,
        ),
        property(
            "drained-work-stays-up",
            "while cells are drained, a cell runs the first long-running process, and a row tells of it",
            &[],
            Form::Never,
            Memory::Drain { rows: Slots::default(), running: BTreeSet::new(), stage: Stage::Starting },
            drain::stays_up,
        ),
        property(
            "drained-cell-leaves",
            "a cell that is drained has stopped in time",
            &[],
            Form::Within(Trigger::Request),
            Memory::Drained(None),
            drain::leaves,
        ),
        property(
            "dead-cell-loses-routes",
            "after a cell dies, no row tells in time that it runs the first long-running process",
            &[],
            Form::Within(Trigger::Crash),
            Memory::Routes { rows: Slots::default(), dead: BTreeSet::new() },
            drain::loses_routes,
        ),
        property(
            "crash-is-noticed",
            "after an instance of a long-running process crashes, notice of that is given in time",
            &[],
            Form::Within(Trigger::Request),
            crashes(),
            followers::is_noticed,
        ),
        property(
            "crash-is-noticed-once",
            "notice of crashes is not given more often than instances crash",
            &[],
            Form::Never,
            crashes(),
            followers::is_noticed_once,
        ),
        property(
            "running-lrp-is-routed",
            "once a row tells that a cell runs the first long-running process, requests are routed to it in time",
            &[],
            Form::Within(Trigger::Anything),
            table(),
            followers::is_routed,
        ),
        property(
            "ended-lrp-loses-its-route",
            "a route to a cell that does not run the first long-running process is withdrawn in time",
            &[],
            Form::Within(Trigger::Anything),
            table(),
            followers::loses_its_route,
        ),
        property(
            "loops-are-seldom",
            "between the death of a cell and the repair of its rows convergence looks at all rows three times at most",
            &["recovery-7"],
            Form::Never,
            Memory::Looks { rows: BTreeMap::new(), dead: None, often: 0 },
            watch::looks_seldom,
        ),
    ]
}
