//! The data: the rows of LRPs and Tasks, behind the BBS's operations. Each operation is one transaction.
//!
//! Convergence looks at the rows in one step (`Examine`) and repairs what it found in another (`Repair`): what changed
//! in between is seen only by a repair that compares.

mod publish;
mod repair;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{
    About, Answer, Ask, Event, Message, Verdict, Work,
    host::Io,
    index::Index,
    lrp::{self, Instance, Lrp, Reply, State},
    task::{self, Task},
};
use crate::{
    process::{Names, NodeId},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    #[serde(default)]
    pub rules: lrp::Rules,
    /// Whether a repair compares the row's instance with the one that was found missing.
    pub compares: bool,
    /// Whether an empty list of cells means that all cells are missing.
    pub believes_empty: bool,
    /// Whether a missing cell's row is kept as a suspect one beside its replacement.
    #[serde(default)]
    pub suspects: bool,
    /// Whether convergence removes suspect rows of what nobody desires.
    #[serde(default)]
    pub removes_orphan_suspects: bool,
    /// What becomes of an evacuating row whose cell is missing.
    #[serde(default)]
    pub evacuees: Evacuees,
    /// Whether an evacuation is several transactions: the evacuating row, then all else.
    #[serde(default)]
    pub evacuates_in_steps: bool,
    /// Whether a row that nobody desires goes when its cell is missing, or its cell is told to stop it, as any other.
    #[serde(default = "yes")]
    pub retires_of_missing: bool,
    /// Whether convergence stops what nobody desires only while its domain is fresh: where there is a bulker.
    #[serde(default = "yes")]
    pub heeds_freshness: bool,
    /// How long a row waits unclaimed, pending, resolving or completed until convergence sees to it.
    pub stale: Duration,
    /// Whether it is seen to then, and not only by the next convergence.
    pub stale_at_once: bool,
    /// How long after too many crashes an LRP may start again.
    pub backoff: Duration,
    /// How long a completed Task is kept, whether or not its client was called.
    pub keep_completed: Option<Duration>,
    /// Whether a start of a Task by the cell that has started it is granted again.
    pub start_again: bool,
    /// Whether marking a Task RESOLVING compares its state.
    pub resolve_compares: bool,
    /// Whether all who can call a client back are told of a completed Task, or one.
    pub tells_all: bool,
    /// The table of LRPs and of Tasks.
    #[serde(skip)]
    pub lrps: u16,
    #[serde(skip)]
    pub tasks: u16,
    /// Whether the rows are a database of their own machine, which no crash of this process touches.
    #[serde(skip)]
    pub apart: bool,
    /// How long a sync makes the domain fresh. Without a bulker nothing is asked of freshness.
    #[serde(skip)]
    pub freshness: Option<Duration>,
    /// Whether anybody follows what changes.
    #[serde(skip)]
    pub publishes: bool,
}

/// See [`Config::evacuees`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evacuees {
    /// It stays.
    Kept,
    /// Convergence removes it.
    #[default]
    Pruned,
    /// Convergence removes it once another instance runs: the cell may only be out of the registry's sight.
    UntilReplaced,
}

/// What survives a crash: the database.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Names)]
pub struct Rows {
    /// Nothing was desired yet.
    desired: bool,
    lrps: BTreeMap<u16, Lrp>,
    /// Indices that nobody desires any more, with rows.
    undesired: BTreeSet<u16>,
    tasks: BTreeMap<u16, Task>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Data {
    rows: Rows,
    /// Whose time is up: see [`Config::stale`] and [`Config::backoff`].
    old: BTreeSet<Work>,
    /// The bulker came by not too long ago. A BBS that starts anew does not know of it.
    fresh: bool,
    /// Where there are many LRPs.
    of_cell: Option<Index>,
    /// Who runs what, as those who follow were told, and what crashed since then, with its number.
    published: BTreeMap<u16, BTreeSet<NodeId>>,
    crashed: Vec<(u16, u8)>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    /// When a row has waited for too long.
    Old(Work),
    /// When a completed Task goes.
    Expire(u16),
    /// When the domain is not fresh any more.
    Freshness,
}

impl Data {
    pub(super) fn start(config: &Config, rows: Rows, io: &mut Io<'_, '_>) -> Data {
        let mut data = Data {
            rows,
            old: BTreeSet::new(),
            fresh: false,
            of_cell: None,
            published: BTreeMap::new(),
            crashed: Vec::new(),
        };
        if data.rows.desired {
            if config.publishes {
                data.published = data.routed();
            }
            data.of_cell = Index::of(&data.rows.lrps);
            let lrps: Vec<u16> = data.rows.lrps.keys().copied().collect();
            for lrp in lrps {
                data.age(Work::Lrp(lrp), config, io);
            }
            let tasks: Vec<u16> = data.rows.tasks.keys().copied().collect();
            for task in tasks {
                data.age(Work::Task(task), config, io);
            }
            return data;
        }
        // Where there is a bulker it says what is wanted.
        let mut lrps = config.lrps;
        if config.freshness.is_some() {
            lrps = 0;
            io.fx.emit(Event::NoRows);
        }
        data.rows = Rows {
            desired: true,
            lrps: (0..lrps).map(|lrp| (lrp, Lrp::desired())).collect(),
            undesired: BTreeSet::new(),
            tasks: (0..config.tasks).map(|task| (task, Task::Pending)).collect(),
        };
        data.of_cell = Index::of(&data.rows.lrps);
        data.persist(config, io);
        let works: Vec<Work> = (0..lrps).map(Work::Lrp).chain((0..config.tasks).map(Work::Task)).collect();
        for work in &works {
            io.fx.emit(Event::Desired(*work));
            data.age(*work, config, io);
        }
        io.auction(works, None);
        data
    }

    /// A rep asks about its containers.
    pub(super) fn asked(
        &mut self,
        config: &Config,
        cell: NodeId,
        asks: &[Ask],
        whole: bool,
        io: &mut Io<'_, '_>,
    ) -> Vec<Answer> {
        let mut starts = Vec::new();
        let answers = asks
            .iter()
            .map(|ask| {
                let verdict = match ask.work {
                    Work::Lrp(lrp) => {
                        let instance = Instance { guid: ask.container, cell };
                        self.lrp_asked(config, lrp, instance, ask.about, &mut starts, io)
                    }
                    Work::Task(task) => self.task_asked(config, task, cell, ask.about, io),
                };
                Answer { work: ask.work, container: ask.container, verdict }
            })
            .collect();
        if whole {
            self.drop_rows_without_container(config, cell, asks, &mut starts, io);
        }
        self.persist(config, io);
        io.auction(starts, None);
        answers
    }

    fn lrp_asked(
        &mut self,
        config: &Config,
        lrp: u16,
        instance: Instance,
        about: About,
        starts: &mut Vec<Work>,
        io: &mut Io<'_, '_>,
    ) -> Verdict {
        if about == About::EvacuateRunning && config.evacuates_in_steps {
            self.begin_evacuation(config, lrp, instance, io);
        }
        let op = match about {
            About::Claim => lrp::Op::Claim(instance),
            About::Start => lrp::Op::Start(instance),
            About::Ended => lrp::Op::Crash(instance),
            About::Gone => lrp::Op::Remove(instance),
            About::EvacuateRunning => lrp::Op::EvacuateRunning(instance),
            About::EvacuateClaimed => lrp::Op::EvacuateClaimed(instance),
        };
        if about == About::Start {
            self.adopt(config, lrp, io);
        }
        let reply = self.lrp(config, lrp, op, starts, io);
        match (about, reply) {
            (About::Claim, Reply::Done | Reply::Same) => Verdict::Run,
            // The container is left, and reaped when nobody runs it.
            (About::Claim, Reply::Absent) => Verdict::Wait,
            (About::Start | About::EvacuateRunning, Reply::Done | Reply::Same) => Verdict::Keep,
            (About::Start, Reply::Absent) => Verdict::Wait,
            (About::Claim | About::Start | About::EvacuateRunning, Reply::Refused | Reply::Absent)
            | (About::Ended | About::Gone | About::EvacuateClaimed, _) => Verdict::Discard,
        }
    }

    /// The evacuating row is written by itself, and the BBS may die right after.
    fn begin_evacuation(&mut self, config: &Config, lrp: u16, instance: Instance, io: &mut Io<'_, '_>) {
        let Some(rows) = self.rows.lrps.get_mut(&lrp) else { return };
        if rows.ordinary == Some(State::Running(instance)) && rows.evacuating != Some(instance) {
            rows.evacuating = Some(instance);
            io.fx.emit(Event::Evacuee { lrp, cell: Some(instance.cell) });
            self.persist(config, io);
        }
    }

    fn task_asked(&mut self, config: &Config, task: u16, cell: NodeId, about: About, io: &mut Io<'_, '_>) -> Verdict {
        let op = match about {
            About::Claim | About::Start | About::EvacuateRunning | About::EvacuateClaimed => task::Op::Start(cell),
            About::Ended => task::Op::Complete { cell, failed: false },
            About::Gone => task::Op::Complete { cell, failed: true },
        };
        let reply = self.task(config, task, op, io);
        match (about, reply) {
            (About::Claim | About::EvacuateClaimed, task::Reply::Done) => Verdict::Run,
            (About::Claim | About::EvacuateClaimed, task::Reply::Same) if config.start_again => Verdict::Run,
            (
                About::Claim | About::EvacuateClaimed | About::Start | About::EvacuateRunning,
                task::Reply::Same | task::Reply::Done,
            ) => Verdict::Wait,
            (
                About::Claim | About::EvacuateClaimed | About::Start | About::EvacuateRunning,
                task::Reply::Refused | task::Reply::Absent,
            )
            | (About::Ended | About::Gone, _) => Verdict::Discard,
        }
    }

    /// Rows of a cell that has no such container.
    fn drop_rows_without_container(
        &mut self,
        config: &Config,
        cell: NodeId,
        asks: &[Ask],
        starts: &mut Vec<Work>,
        io: &mut Io<'_, '_>,
    ) {
        let has = |guid| asks.iter().any(|ask| ask.container == guid);
        let is_gone = |one: &Instance| one.cell == cell && !has(one.guid);
        let rows = &self.rows.lrps;
        let of_it = match &mut self.of_cell {
            Some(index) => index.lrps_of(cell, rows),
            None => rows.iter().collect(),
        };
        let gone: Vec<(u16, Instance)> = of_it
            .into_iter()
            .flat_map(|(lrp, rows)| rows.instances().filter(is_gone).map(|instance| (*lrp, instance)))
            .collect();
        for (lrp, instance) in gone {
            self.lrp(config, lrp, lrp::Op::Remove(instance), starts, io);
        }
        let tasks: Vec<u16> =
            self.rows.tasks.iter().filter(|(_, row)| **row == Task::Running(cell)).map(|(task, _)| *task).collect();
        for task in tasks {
            if !asks.iter().any(|ask| ask.work == Work::Task(task)) {
                self.task(config, task, task::Op::Complete { cell, failed: true }, io);
            }
        }
    }

    fn start_stale(&mut self, config: &Config, work: Work, starts: &mut Vec<Work>, io: &mut Io<'_, '_>) {
        let waits = match work {
            Work::Lrp(lrp) => {
                let row = self.rows.lrps.get(&lrp).and_then(|rows| rows.ordinary);
                matches!(row, Some(State::Unclaimed { .. }))
            }
            Work::Task(task) => self.rows.tasks.get(&task) == Some(&Task::Pending),
        };
        if waits {
            self.age(work, config, io);
            starts.push(work);
        }
    }

    pub(super) fn unplaced(&mut self, config: &Config, works: &[Work], io: &mut Io<'_, '_>) {
        for work in works {
            match *work {
                Work::Lrp(lrp) => {
                    if self.lrp(config, lrp, lrp::Op::Fail, &mut Vec::new(), io) == Reply::Done {
                        // It refreshes the time since which the row waits.
                        self.age(*work, config, io);
                    }
                }
                // It stays pending, and is tried again.
                Work::Task(_) => {}
            }
        }
        self.persist(config, io);
    }

    pub(super) fn resolve(&mut self, config: &Config, from: NodeId, task: u16, io: &mut Io<'_, '_>) {
        let op = if config.resolve_compares { task::Op::Resolve } else { task::Op::ResolveAnyway };
        let won = self.task(config, task, op, io) == task::Reply::Done;
        io.fx.emit(Event::ResolveTried { task, won });
        self.persist(config, io);
        io.send(from, Message::Resolved { task, won });
    }

    pub(super) fn delete(&mut self, config: &Config, task: u16, io: &mut Io<'_, '_>) {
        self.task(config, task, task::Op::Delete, io);
        self.persist(config, io);
    }

    pub(super) fn fire(&mut self, config: &Config, timer: Timer, io: &mut Io<'_, '_>) {
        match timer {
            Timer::Old(work) if config.stale_at_once => {
                let mut starts = Vec::new();
                self.start_stale(config, work, &mut starts, io);
                if starts.is_empty() {
                    self.old.insert(work);
                }
                io.auction(starts, None);
            }
            Timer::Old(work) => {
                self.old.insert(work);
            }
            Timer::Freshness => self.fresh = false,
            Timer::Expire(task) => {
                self.task(config, task, task::Op::Expire, io);
                self.persist(config, io);
            }
        }
    }

    fn lrp(&mut self, config: &Config, lrp: u16, op: lrp::Op, starts: &mut Vec<Work>, io: &mut Io<'_, '_>) -> Reply {
        let desired = !self.rows.undesired.contains(&lrp);
        let Some(rows) = self.rows.lrps.get_mut(&lrp) else { return Reply::Absent };
        if let (Some(index), Some(instance)) = (&mut self.of_cell, op.instance()) {
            index.enter(instance.cell, lrp);
        }
        let (before, beside) = (rows.ordinary, (rows.evacuating, rows.suspect));
        let outcome = rows.apply(op, &config.rules);
        let (after, beside_now) = (rows.ordinary, (rows.evacuating, rows.suspect));
        if config.publishes && matches!(op, lrp::Op::Crash(_)) && before != after {
            self.crashed.push((lrp, rows.crashes));
        }
        // One transaction: whoever follows the rows hears of the row that an instance has now before the one that it had.
        tell_beside(lrp, beside, beside_now, true, io);
        if before != after {
            self.age(Work::Lrp(lrp), config, io);
            match after {
                Some(State::Claimed(one)) => io.fx.emit(Event::Held { work: Work::Lrp(lrp), cell: one.cell }),
                Some(State::Running(one)) => {
                    io.fx.emit(Event::Held { work: Work::Lrp(lrp), cell: one.cell });
                    io.fx.emit(Event::Running(lrp));
                }
                Some(State::Unclaimed { .. } | State::Crashed) | None => {
                    if before.and_then(State::instance).is_some() {
                        io.fx.emit(Event::Vacated(Work::Lrp(lrp)));
                    }
                }
            }
        }
        tell_beside(lrp, beside, beside_now, false, io);
        if outcome.wants_start && desired {
            starts.push(Work::Lrp(lrp));
        }
        self.forget_removed(lrp, io);
        outcome.reply
    }

    fn task(&mut self, config: &Config, task: u16, op: task::Op, io: &mut Io<'_, '_>) -> task::Reply {
        let mut row = self.rows.tasks.get(&task).copied();
        let before = row;
        let reply = task::apply(&mut row, op);
        if row == before {
            return reply;
        }
        match row {
            Some(row) => {
                self.rows.tasks.insert(task, row);
                self.age(Work::Task(task), config, io);
            }
            None => {
                self.rows.tasks.remove(&task);
                self.age(Work::Task(task), config, io);
                io.fx.emit(Event::TaskDeleted(task));
            }
        }
        match (before, row) {
            (_, Some(Task::Running(cell))) => io.fx.emit(Event::Held { work: Work::Task(task), cell }),
            (Some(Task::Pending | Task::Running(_)), Some(Task::Completed { failed })) => {
                io.fx.emit(Event::TaskCompleted { task, failed });
                if let Some(keep) = config.keep_completed {
                    io.arm(Timer::Expire(task), Window::exactly(keep));
                }
                io.tell_resolvers(task, config.tells_all);
            }
            _ => {}
        }
        reply
    }

    /// A row's time begins anew.
    fn age(&mut self, work: Work, config: &Config, io: &mut Io<'_, '_>) {
        self.old.remove(&work);
        let after = match work {
            Work::Lrp(lrp) => match self.rows.lrps.get(&lrp).and_then(|rows| rows.ordinary) {
                Some(State::Unclaimed { .. }) => Some(config.stale),
                Some(State::Crashed) => Some(config.backoff),
                Some(State::Claimed(_) | State::Running(_)) | None => None,
            },
            Work::Task(task) => match self.rows.tasks.get(&task) {
                Some(Task::Pending | Task::Completed { .. } | Task::Resolving { .. }) => Some(config.stale),
                Some(Task::Running(_)) | None => None,
            },
        };
        match after {
            Some(after) => io.arm(Timer::Old(work), Window::exactly(after)),
            None => io.disarm(Timer::Old(work)),
        }
        if let Work::Task(task) = work
            && !self.rows.tasks.contains_key(&task)
            && config.keep_completed.is_some()
        {
            io.disarm(Timer::Expire(task));
        }
    }

    fn persist(&mut self, config: &Config, io: &mut Io<'_, '_>) {
        if !config.apart {
            io.fx.persist(self.rows.clone());
        }
        self.publish(config, io);
    }
}

/// The evacuating and the suspect row, before and after, as far as one is of somebody now (`gains`) or of nobody.
fn tell_beside(lrp: u16, before: Beside, after: Beside, gains: bool, io: &mut Io<'_, '_>) {
    let cell = |one: Option<Instance>| one.map(|one| one.cell);
    if before.0 != after.0 && after.0.is_some() == gains {
        io.fx.emit(Event::Evacuee { lrp, cell: cell(after.0) });
    }
    if before.1 != after.1 && after.1.is_some() == gains {
        io.fx.emit(Event::Suspected { lrp, cell: cell(after.1) });
    }
}

/// The evacuating and the suspect row of an LRP.
type Beside = (Option<Instance>, Option<Instance>);

const fn yes() -> bool {
    true
}
