//! What convergence finds in the rows, and how it repairs them.

use std::collections::BTreeSet;

use super::{Config, Data, Evacuees};
use crate::{
    convergence::{
        Event, Finding, Purpose, Work,
        host::Io,
        lrp::{self, Instance, Lrp, Reply, State},
        task::{self, Task},
    },
    process::NodeId,
};

impl Data {
    /// What convergence has to repair.
    pub(in crate::convergence) fn examine(
        &self,
        config: &Config,
        scope: Purpose,
        present: Option<&BTreeSet<NodeId>>,
        io: &mut Io<'_, '_>,
    ) -> Vec<Finding> {
        io.fx.emit(Event::Converged);
        let missing = |cell: NodeId| match present {
            None => false,
            Some(present) if present.is_empty() => config.believes_empty,
            Some(present) => !present.contains(&cell),
        };
        let mut findings = Vec::new();
        if scope != Purpose::Tasks {
            for (lrp, rows) in &self.rows.lrps {
                self.examine_lrp(config, *lrp, rows, present, &missing, &mut findings);
            }
        }
        if scope != Purpose::Lrps {
            for (task, row) in &self.rows.tasks {
                let old = self.old.contains(&Work::Task(*task));
                findings.extend(match row {
                    Task::Pending if old => Some(Finding::Stale(Work::Task(*task))),
                    Task::Running(cell) if missing(*cell) => Some(Finding::MissingCell(Work::Task(*task), *cell, None)),
                    Task::Resolving { .. } if old => Some(Finding::Unresolved(*task)),
                    Task::Completed { .. } if old => Some(Finding::Uncalled(*task)),
                    Task::Pending | Task::Running(_) | Task::Resolving { .. } | Task::Completed { .. } => None,
                });
            }
        }
        findings
    }

    fn examine_lrp(
        &self,
        config: &Config,
        lrp: u16,
        rows: &Lrp,
        present: Option<&BTreeSet<NodeId>>,
        missing: &impl Fn(NodeId) -> bool,
        findings: &mut Vec<Finding>,
    ) {
        let desired = !self.rows.undesired.contains(&lrp);
        let old = self.old.contains(&Work::Lrp(lrp));
        let replaced = matches!(rows.ordinary, Some(State::Running(_)));
        let goes = match config.evacuees {
            Evacuees::Kept => false,
            Evacuees::Pruned => true,
            Evacuees::UntilReplaced => replaced || !desired,
        };
        if let Some(evacuating) = rows.evacuating.filter(|one| goes && missing(one.cell)) {
            findings.push(Finding::MissingEvacuee(lrp, evacuating.guid));
        }
        match rows.suspect {
            // Before 2023 the step ended at the ordinary row that was not there, and came no further.
            Some(_) if !desired && config.removes_orphan_suspects && self.may_retire(config) => {
                findings.push(Finding::OrphanSuspect(lrp));
            }
            Some(suspect) if desired && present.is_some_and(|present| present.contains(&suspect.cell)) => {
                findings.push(Finding::SuspectBack(lrp));
                return;
            }
            Some(_) | None => {}
        }
        match rows.ordinary {
            Some(_) if !desired && !self.may_retire(config) => {}
            Some(state) if !desired => {
                let missing = state.instance().is_none_or(|one| missing(one.cell));
                findings.push(Finding::Retired { lrp, missing });
            }
            Some(State::Claimed(one) | State::Running(one)) if missing(one.cell) => {
                findings.push(Finding::MissingCell(Work::Lrp(lrp), one.cell, Some(one.guid)));
            }
            Some(State::Unclaimed { .. }) if old => findings.push(Finding::Stale(Work::Lrp(lrp))),
            Some(State::Crashed) if old => findings.push(Finding::Restart(lrp)),
            None if desired => findings.push(Finding::Rowless(lrp)),
            None | Some(_) => {}
        }
    }

    /// Repairs what was found, as far as it is still so.
    pub(in crate::convergence) fn repair(
        &mut self,
        config: &Config,
        findings: &[Finding],
        present: Option<BTreeSet<NodeId>>,
        io: &mut Io<'_, '_>,
    ) {
        let mut starts = Vec::new();
        for finding in findings {
            match *finding {
                Finding::MissingCell(Work::Lrp(lrp), cell, guid) => {
                    let instance = guid.map(|guid| Instance { guid, cell });
                    let op = match instance {
                        Some(instance) if config.suspects => lrp::Op::Suspect(instance),
                        _ => lrp::Op::Unclaim(instance.filter(|_| config.compares)),
                    };
                    self.take_from_missing(config, lrp, op, &mut starts, io);
                }
                Finding::MissingCell(Work::Task(task), cell, _) => {
                    let had = self.rows.tasks.get(&task).copied();
                    let expected = config.compares.then_some(cell);
                    if let (task::Reply::Done, Some(Task::Running(cell))) =
                        (self.task(config, task, task::Op::Fail(expected), io), had)
                    {
                        io.fx.emit(Event::Rescheduled { work: Work::Task(task), cell });
                    }
                }
                Finding::MissingEvacuee(lrp, guid) => {
                    let rows = self.rows.lrps.get_mut(&lrp);
                    if let Some(rows) = rows.filter(|rows| rows.evacuating.is_some_and(|one| one.guid == guid)) {
                        rows.evacuating = None;
                        io.fx.emit(Event::Evacuee { lrp, cell: None });
                    }
                }
                Finding::SuspectBack(lrp) => {
                    self.lrp(config, lrp, lrp::Op::Promote, &mut starts, io);
                }
                Finding::Stale(work) => self.start_stale(config, work, &mut starts, io),
                Finding::Rowless(lrp) => {
                    if let Some(rows) = self.rows.lrps.get_mut(&lrp).filter(|rows| rows.ordinary.is_none()) {
                        rows.ordinary = Some(State::Unclaimed { refused: false });
                        self.age(Work::Lrp(lrp), config, io);
                        starts.push(Work::Lrp(lrp));
                    }
                }
                Finding::Retired { lrp, missing } => self.retire(config, lrp, missing, io),
                Finding::OrphanSuspect(lrp) => {
                    if let Some(rows) = self.rows.lrps.get_mut(&lrp) {
                        rows.suspect = None;
                        io.fx.emit(Event::Suspected { lrp, cell: None });
                    }
                    self.forget_removed(lrp, io);
                }
                Finding::Restart(lrp) => {
                    let op = lrp::Op::Unclaim(None);
                    if self.rows.lrps.get(&lrp).is_some_and(|rows| rows.ordinary == Some(State::Crashed)) {
                        self.lrp(config, lrp, op, &mut starts, io);
                        starts.push(Work::Lrp(lrp));
                    }
                }
                Finding::Unresolved(task) => {
                    if self.task(config, task, task::Op::Demote, io) == task::Reply::Done {
                        io.fx.emit(Event::Demoted(task));
                        io.tell_resolvers(task, config.tells_all);
                    }
                }
                Finding::Uncalled(task) => {
                    if matches!(self.rows.tasks.get(&task), Some(Task::Completed { .. })) {
                        self.age(Work::Task(task), config, io);
                        io.tell_resolvers(task, config.tells_all);
                    }
                }
            }
        }
        self.persist(config, io);
        io.auction(starts, present);
    }

    fn take_from_missing(
        &mut self,
        config: &Config,
        lrp: u16,
        op: lrp::Op,
        starts: &mut Vec<Work>,
        io: &mut Io<'_, '_>,
    ) {
        let had = self.rows.lrps.get(&lrp).and_then(|rows| rows.ordinary).and_then(State::instance);
        let reply = self.lrp(config, lrp, op, starts, io);
        if reply == Reply::Done {
            if let Some(Instance { cell, .. }) = had {
                io.fx.emit(Event::Rescheduled { work: Work::Lrp(lrp), cell });
            }
            starts.push(Work::Lrp(lrp));
        }
    }
}
