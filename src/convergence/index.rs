//! An index of the rows of LRPs by the cells that have them, for data with many: a rep asks about its own all the time.

use std::collections::{BTreeMap, BTreeSet};

use super::lrp::Lrp;
use crate::process::{Names, NodeId};

/// Of each cell the LRPs that may have a row of it: at least those that have.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Index {
    of_cell: BTreeMap<NodeId, BTreeSet<u16>>,
}

/// With fewer LRPs an index would only make states larger.
const MANY: usize = 64;

impl Index {
    pub(super) fn of(rows: &BTreeMap<u16, Lrp>) -> Option<Index> {
        let mut index = Index { of_cell: BTreeMap::new() };
        for (lrp, rows) in rows {
            rows.instances().for_each(|instance| index.enter(instance.cell, *lrp));
        }
        (rows.len() >= MANY).then_some(index)
    }

    pub(super) fn enter(&mut self, cell: NodeId, lrp: u16) {
        self.of_cell.entry(cell).or_default().insert(lrp);
    }

    /// The LRPs of which a cell has a row, in their order.
    pub(super) fn lrps_of<'a>(&mut self, cell: NodeId, rows: &'a BTreeMap<u16, Lrp>) -> Vec<(&'a u16, &'a Lrp)> {
        let lrps = self.of_cell.entry(cell).or_default();
        let has = |rows: &Lrp| rows.instances().any(|instance| instance.cell == cell);
        lrps.retain(|lrp| rows.get(lrp).is_some_and(has));
        debug_assert!(rows.iter().filter(|(_, rows)| has(rows)).map(|(lrp, _)| lrp).eq(&*lrps), "the index has all");
        lrps.iter().filter_map(|lrp| rows.get_key_value(lrp)).collect()
    }
}
