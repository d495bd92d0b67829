//! What is measured of simulated runs: how long recovery takes, what convergence has to do, and what the stores are asked.
//!
//! It counts what nodes tell each other. Where the data, the BBS and the auctioneer share a host, what they tell each
//! other is no message, and is not counted.

use std::collections::{BTreeMap, BTreeSet};

use super::{About, Event, Finding, Message, Purpose, REGISTRY, Request, Site, Work};
use crate::{
    process::{Input, NodeId},
    spec::{Gauge, Happening, Measured},
};

#[derive(Debug, Default)]
pub(super) struct Load {
    rows: Rows,
    spans: Spans,
    counts: BTreeMap<Count, u64>,
    /// Each auctioneer is told of every start that is wanted, and each cell is asked once in an auction: of those that
    /// hear the same, one counts.
    wanted: BTreeMap<NodeId, (u64, u64)>,
    looks: BTreeMap<NodeId, u64>,
}

/// Where everything is.
#[derive(Debug, Default)]
struct Rows {
    lrps: BTreeSet<u16>,
    tasks: BTreeSet<u16>,
    /// The cell of each LRP's row, and the LRPs of each cell's rows.
    cell_of: BTreeMap<u16, NodeId>,
    of_cell: BTreeMap<NodeId, BTreeSet<u16>>,
    /// The LRPs of which each cell has a container that runs, and how many run of each.
    running: BTreeMap<NodeId, BTreeSet<u16>>,
    containers: BTreeMap<u16, u32>,
}

#[derive(Debug, Default)]
struct Spans {
    /// Since when nobody has accepted an LRP of a dead cell, an LRP of a drained cell runs nowhere else, and no
    /// container of an LRP runs.
    lost: BTreeMap<u16, i64>,
    drained: BTreeMap<u16, (NodeId, i64)>,
    down: BTreeMap<u16, i64>,
    accepted: Vec<i64>,
    moved: Vec<i64>,
    again: Vec<i64>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Count {
    Runs,
    Looked,
    Rescheduled,
    Repairs,
    StaleRepairs,
    Sold,
    Accepted,
    Refused,
    CellLooks,

    Heartbeats,
    Leaves,
    Watches,
    Lists,
    Locks,

    Claims,
    Starts,
    Ends,
    Removals,
    Evacuations,
    Polls,
    PolledRows,
    Examinations,
    Repair,
    Tasks,
    Written,
}

impl Gauge<Site> for Load {
    fn told(&mut self, node: NodeId, input: &Input<Site>) {
        let Input::Message { message, .. } = input else { return };
        match message {
            Message::Relay { message, .. } => self.asked(message),
            Message::Auction { works, .. } => {
                let (often, starts) = self.wanted.entry(node).or_default();
                *often += 1;
                *starts += works.len() as u64;
            }
            Message::Look => {
                *self.looks.entry(node).or_default() += 1;
                self.count(Count::CellLooks, 1);
            }
            Message::Perform(works) => self.count(Count::Sold, works.len()),
            Message::Performed { refused } => self.count(Count::Refused, refused.len()),
            _ if node == REGISTRY => self.registry(message),
            _ if node == DATA => self.asked(message),
            _ => {}
        }
    }

    fn seen(&mut self, at: i64, happening: &Happening<'_, Site>) {
        match happening {
            Happening::Emitted(node, event) => self.emitted(at, *node, **event),
            Happening::Crashed(node) | Happening::Exited(node) => self.stopped(at, *node),
            Happening::Requested(node, Request::Evacuate) => {
                let lrps = self.rows.of_cell.get(node).into_iter().flatten();
                self.spans.drained.extend(lrps.map(|lrp| (*lrp, (*node, at))));
            }
            Happening::Requested(..) | Happening::Started(_) | Happening::Paused(_) | Happening::Resumed(_) => {}
        }
    }

    fn read(self: Box<Self>) -> Measured {
        let of = |count: Count| self.counts.get(&count).copied().unwrap_or_default();
        let all = |counts: &[(&'static str, Count)]| counts.iter().map(|(name, count)| (*name, of(*count))).collect();
        let wanted = self.wanted.values().max().copied().unwrap_or_default();
        let auctions = self.looks.values().max().copied().unwrap_or_default();
        let mut convergence: Vec<(&'static str, u64)> = all(&CONVERGENCE);
        convergence.extend([("requests for starts", wanted.0), ("starts wanted", wanted.1), ("auctions", auctions)]);
        convergence.extend::<Vec<_>>(all(&AUCTIONS));
        let Spans { accepted, moved, again, .. } = self.spans;
        Measured {
            spans: vec![
                ("an LRP of a dead cell is accepted elsewhere", accepted),
                ("an LRP of a drained cell runs elsewhere", moved),
                ("an LRP of which no container runs has one again", again),
            ],
            counts: vec![
                ("convergence", convergence),
                ("registry", all(&REGISTRY_OPERATIONS)),
                ("database", all(&DATABASE_OPERATIONS)),
            ],
        }
    }
}

const CONVERGENCE: [(&str, Count); 5] = [
    ("runs", Count::Runs),
    ("rows looked at", Count::Looked),
    ("rows to repair", Count::Repairs),
    ("of them stale", Count::StaleRepairs),
    ("rows taken from missing cells", Count::Rescheduled),
];

const AUCTIONS: [(&str, Count); 4] = [
    ("cells asked what they have", Count::CellLooks),
    ("starts sold", Count::Sold),
    ("starts accepted", Count::Accepted),
    ("starts refused", Count::Refused),
];

const REGISTRY_OPERATIONS: [(&str, Count); 5] = [
    ("heartbeats", Count::Heartbeats),
    ("departures", Count::Leaves),
    ("lists", Count::Lists),
    ("watches", Count::Watches),
    ("lock operations", Count::Locks),
];

const DATABASE_OPERATIONS: [(&str, Count); 11] = [
    ("claims", Count::Claims),
    ("starts", Count::Starts),
    ("ends", Count::Ends),
    ("removals", Count::Removals),
    ("evacuations", Count::Evacuations),
    ("polls of a cell's rows", Count::Polls),
    ("rows compared in polls", Count::PolledRows),
    ("reads of all rows", Count::Examinations),
    ("repairs", Count::Repair),
    ("Task operations", Count::Tasks),
    ("rows that changed hands", Count::Written),
];

/// The data are on the first host.
const DATA: NodeId = NodeId(1);

impl Load {
    fn count(&mut self, count: Count, by: usize) {
        *self.counts.entry(count).or_default() += by as u64;
    }

    fn registry(&mut self, message: &Message) {
        let count = match message {
            Message::Heartbeat => Count::Heartbeats,
            Message::Leave => Count::Leaves,
            Message::Watch => Count::Watches,
            Message::List(Purpose::Both | Purpose::Lrps | Purpose::Tasks | Purpose::Auction) => Count::Lists,
            Message::Lock(..) => Count::Locks,
            _ => return,
        };
        self.count(count, 1);
    }

    /// What the data are asked.
    fn asked(&mut self, message: &Message) {
        match message {
            Message::Ask { asks, whole: true } => {
                self.count(Count::Polls, 1);
                self.count(Count::PolledRows, asks.len());
                // A drained cell asks about all that it has, each time.
                let leaves = |about| matches!(about, About::EvacuateRunning | About::EvacuateClaimed);
                self.count(Count::Evacuations, asks.iter().filter(|ask| leaves(ask.about)).count());
            }
            Message::Ask { asks, whole: false } => {
                for ask in asks {
                    let count = match (ask.work, ask.about) {
                        (Work::Task(_), _) => Count::Tasks,
                        (Work::Lrp(_), About::Claim) => Count::Claims,
                        (Work::Lrp(_), About::Start) => Count::Starts,
                        (Work::Lrp(_), About::Ended) => Count::Ends,
                        (Work::Lrp(_), About::Gone) => Count::Removals,
                        (Work::Lrp(_), About::EvacuateRunning | About::EvacuateClaimed) => Count::Evacuations,
                    };
                    self.count(count, 1);
                }
            }
            Message::Examine { .. } => self.count(Count::Examinations, 1),
            Message::Repair { findings, .. } => {
                self.count(Count::Repair, 1);
                self.count(Count::Repairs, findings.len());
                let stale = |finding: &&Finding| matches!(finding, Finding::Stale(_));
                self.count(Count::StaleRepairs, findings.iter().filter(stale).count());
            }
            Message::Resolve(_) | Message::Delete(_) => self.count(Count::Tasks, 1),
            _ => {}
        }
    }

    fn emitted(&mut self, at: i64, node: NodeId, event: Event) {
        match event {
            Event::Desired(Work::Lrp(lrp)) => {
                self.rows.lrps.insert(lrp);
            }
            Event::Desired(Work::Task(task)) => {
                self.rows.tasks.insert(task);
            }
            Event::Removed(lrp) => {
                self.rows.lrps.remove(&lrp);
            }
            Event::TaskDeleted(task) => {
                self.rows.tasks.remove(&task);
            }
            Event::Held { work, cell } => {
                self.count(Count::Written, 1);
                if let Work::Lrp(lrp) = work {
                    self.rows.hold(lrp, Some(cell));
                }
            }
            Event::Vacated(work) => {
                self.count(Count::Written, 1);
                if let Work::Lrp(lrp) = work {
                    self.rows.hold(lrp, None);
                }
            }
            Event::Rescheduled { .. } => self.count(Count::Rescheduled, 1),
            Event::Converged => {
                self.count(Count::Runs, 1);
                self.count(Count::Looked, self.rows.lrps.len() + self.rows.tasks.len());
            }
            Event::Accepted(work) => {
                self.count(Count::Accepted, 1);
                if let Work::Lrp(lrp) = work
                    && let Some(since) = self.spans.lost.remove(&lrp)
                {
                    self.spans.accepted.push(at - since);
                }
            }
            Event::Running(lrp) => {
                let elsewhere = |(from, _): &(NodeId, i64)| self.rows.cell_of.get(&lrp) != Some(from);
                if let Some((_, since)) = self.spans.drained.get(&lrp).copied().filter(elsewhere) {
                    self.spans.drained.remove(&lrp);
                    self.spans.moved.push(at - since);
                }
            }
            Event::Began(Work::Lrp(lrp)) => {
                self.rows.running.entry(node).or_default().insert(lrp);
                *self.rows.containers.entry(lrp).or_default() += 1;
                if let Some(since) = self.spans.down.remove(&lrp) {
                    self.spans.again.push(at - since);
                }
            }
            Event::Ended(Work::Lrp(lrp)) => self.ended(at, node, lrp),
            _ => {}
        }
    }

    /// A container runs no more.
    fn ended(&mut self, at: i64, node: NodeId, lrp: u16) {
        self.rows.running.entry(node).or_default().remove(&lrp);
        let left = self.rows.containers.entry(lrp).or_default();
        *left = left.saturating_sub(1);
        if *left == 0 && self.rows.lrps.contains(&lrp) {
            self.spans.down.entry(lrp).or_insert(at);
        }
    }

    /// A process has ended, and with it all that it had.
    fn stopped(&mut self, at: i64, node: NodeId) {
        for lrp in self.rows.running.remove(&node).unwrap_or_default() {
            self.ended(at, node, lrp);
        }
        for lrp in self.rows.of_cell.get(&node).into_iter().flatten() {
            self.spans.lost.entry(*lrp).or_insert(at);
        }
    }
}

impl Rows {
    fn hold(&mut self, lrp: u16, cell: Option<NodeId>) {
        let before = match cell {
            Some(cell) => self.cell_of.insert(lrp, cell),
            None => self.cell_of.remove(&lrp),
        };
        if let Some(before) = before {
            self.of_cell.entry(before).or_default().remove(&lrp);
        }
        if let Some(cell) = cell {
            self.of_cell.entry(cell).or_default().insert(lrp);
        }
    }
}
