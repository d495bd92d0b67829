//! What the data tells of its rows: each change as it is committed, and all of them to whoever asks.

use std::collections::{BTreeMap, BTreeSet};

use super::{Config, Data};
use crate::{
    convergence::{
        Change, Message, Row,
        host::Io,
        lrp::{Instance, Lrp, State},
    },
    process::NodeId,
};

impl Data {
    /// Tells of what has changed. It is committed by now: whoever dies in between has it, and nobody was told.
    pub(super) fn publish(&mut self, config: &Config, io: &mut Io<'_, '_>) {
        if !config.publishes {
            return;
        }
        let routed = self.routed();
        let before = std::mem::replace(&mut self.published, routed);
        let mut changes = Vec::new();
        for (lrp, crashes) in std::mem::take(&mut self.crashed) {
            changes.push(Change::Crashed { lrp, crashes });
        }
        let known: BTreeSet<u16> = before.keys().chain(self.published.keys()).copied().collect();
        for lrp in known {
            let cells = self.published.get(&lrp).cloned().unwrap_or_default();
            if cells != before.get(&lrp).cloned().unwrap_or_default() {
                changes.push(Change::Routes { lrp, cells });
            }
        }
        if !changes.is_empty() {
            io.tell_hubs(&changes);
        }
    }

    /// The LRPs that run somewhere, as the rows tell.
    pub(super) fn routed(&self) -> BTreeMap<u16, BTreeSet<NodeId>> {
        let routed = self.rows.lrps.iter().map(|(lrp, rows)| (*lrp, rows.routed()));
        routed.filter(|(_, cells)| !cells.is_empty()).collect()
    }

    pub(in crate::convergence) fn rows(&self) -> Message {
        let row = |rows: &Lrp| Row { cells: rows.routed(), crashes: rows.crashes };
        Message::Rows { rows: Some(self.rows.lrps.iter().map(|(lrp, rows)| (*lrp, row(rows))).collect()) }
    }
}

impl Lrp {
    /// The cells to which requests for it may go.
    fn routed(&self) -> BTreeSet<NodeId> {
        let ordinary = match self.ordinary {
            Some(State::Running(instance)) => Some(instance),
            Some(State::Unclaimed { .. } | State::Claimed(_) | State::Crashed) | None => None,
        };
        [ordinary, self.evacuating, self.suspect].into_iter().flatten().map(|Instance { cell, .. }| cell).collect()
    }
}
