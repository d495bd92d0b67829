//! Which LRPs are wanted, as an operator or the bulker says, and what becomes of those that nobody wants.

use std::collections::BTreeSet;

use super::{Config, Data, Timer};
use crate::{
    convergence::{
        Event, Message, Request, Work,
        host::Io,
        lrp::{Lrp, State},
    },
    process::NodeId,
    time::Window,
};

impl Data {
    /// The bulker says what is wanted, and with that the domain is fresh.
    pub(in crate::convergence) fn sync(
        &mut self,
        config: &Config,
        from: NodeId,
        wanted: &BTreeSet<u16>,
        io: &mut Io<'_, '_>,
    ) {
        let starts: Vec<Work> = wanted.iter().filter_map(|lrp| self.desire(config, *lrp, io)).collect();
        let known: Vec<u16> = self.rows.lrps.keys().copied().collect();
        for lrp in known {
            if !wanted.contains(&lrp) && self.rows.undesired.insert(lrp) {
                self.retire(config, lrp, false, io);
            }
        }
        if let Some(freshness) = config.freshness {
            self.fresh = true;
            io.arm(Timer::Freshness, Window::exactly(freshness));
        }
        self.persist(config, io);
        io.send(from, Message::Synced);
        io.auction(starts, None);
    }

    /// What is to be started.
    fn desire(&mut self, config: &Config, lrp: u16, io: &mut Io<'_, '_>) -> Option<Work> {
        let was_undesired = self.rows.undesired.remove(&lrp);
        if self.rows.lrps.contains_key(&lrp) && !was_undesired {
            return None;
        }
        let rows = self.rows.lrps.entry(lrp).or_default();
        // A cell that had it when the rows were lost has told of it.
        if rows.ordinary.is_some() {
            return None;
        }
        rows.ordinary = Lrp::desired().ordinary;
        let work = Work::Lrp(lrp);
        io.fx.emit(Event::Desired(work));
        self.age(work, config, io);
        Some(work)
    }

    /// A cell runs what nobody desires, as far as the rows tell. They may have been lost.
    pub(super) fn adopt(&mut self, config: &Config, lrp: u16, io: &mut Io<'_, '_>) {
        if config.freshness.is_some() && !self.rows.lrps.contains_key(&lrp) {
            self.rows.lrps.insert(lrp, Lrp::default());
            self.rows.undesired.insert(lrp);
            io.fx.emit(Event::Orphaned(lrp));
        }
    }

    /// Whether convergence may stop what nobody desires.
    pub(super) const fn may_retire(&self, config: &Config) -> bool {
        config.freshness.is_none() || self.fresh || !config.heeds_freshness
    }

    pub(in crate::convergence) fn ask(&mut self, config: &Config, request: &Request, io: &mut Io<'_, '_>) {
        let Request::ScaleDown = request else { return };
        if self.rows.lrps.contains_key(&0) {
            self.rows.undesired.insert(0);
            self.retire(config, 0, false, io);
            self.persist(config, io);
        }
    }

    /// Nobody desires it: a row without a cell goes, and so does one whose cell is missing; else its cell is told.
    pub(super) fn retire(&mut self, config: &Config, lrp: u16, missing: bool, io: &mut Io<'_, '_>) {
        let Some(rows) = self.rows.lrps.get_mut(&lrp) else { return };
        if config.freshness.is_some() {
            io.fx.emit(Event::Retired(lrp));
        }
        match rows.ordinary {
            Some(State::Claimed(one) | State::Running(one)) if !missing || !config.retires_of_missing => {
                io.tell_cell(one.cell, Message::Stop(Work::Lrp(lrp)));
            }
            Some(_) | None => {
                rows.ordinary = None;
                self.age(Work::Lrp(lrp), config, io);
            }
        }
        self.forget_removed(lrp, io);
    }

    pub(super) fn forget_removed(&mut self, lrp: u16, io: &mut Io<'_, '_>) {
        let empty = |rows: &Lrp| rows.ordinary.is_none() && rows.evacuating.is_none() && rows.suspect.is_none();
        if self.rows.undesired.contains(&lrp) && self.rows.lrps.get(&lrp).is_some_and(empty) {
            self.rows.lrps.remove(&lrp);
            io.disarm(Timer::Old(Work::Lrp(lrp)));
            self.old.remove(&Work::Lrp(lrp));
            io.fx.emit(Event::Removed(lrp));
        }
    }
}
