//! The auctioneer: it looks for a place for each start of a batch.
//!
//! It asks for the cells, asks each what it has, gives each start to the cell that has least, and forgets the batch.
//! Cells with as much as each other are taken in the order in which they answered, which is anybody's guess.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use serde::Deserialize;

use super::{Message, Purpose, REGISTRY, Work, host::Io};
use crate::{
    process::{Names, NodeId},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whether it asks for the cells itself, or uses the list of whoever asks for starts.
    pub lists: bool,
    /// Whether it uses the last list that it saw while the registry has no leader.
    pub remembers: bool,
    /// How long it waits for the cells' answers.
    pub look: Duration,
    /// How often it asks all cells anew when none has answered, before the starts have no place.
    #[serde(default = "once")]
    pub rounds: u8,
    /// How long it waits for a cell to accept.
    pub perform: Duration,
    /// Whether a start that a cell did not answer is tried again, or left to convergence.
    pub repeats: bool,
    /// How long after a batch without a place the starts are tried again; if absent they have failed.
    pub again: Option<Duration>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Names)]
pub struct Auctioneer {
    batch: BTreeSet<Work>,
    phase: Phase,
    /// The last list that it saw.
    known: BTreeSet<NodeId>,
    /// What cells were told to start and did not answer yet.
    performing: BTreeMap<NodeId, Vec<Work>>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Names)]
pub enum Phase {
    #[default]
    Idle,
    Listing,
    /// `loads` in the order of the answers.
    Looking {
        asked: BTreeSet<NodeId>,
        loads: Vec<(NodeId, u16)>,
        /// Whom it asks anew if none answers, and how many rounds are left; nobody, after the last.
        left: Option<(BTreeSet<NodeId>, u8)>,
    },
    /// Until it tries again.
    Resting,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    Look,
    Perform(NodeId),
    Again,
}

impl Auctioneer {
    /// It ends: another sells.
    pub(super) fn stop(&self, io: &mut Io<'_, '_>) {
        io.disarm(Timer::Look);
        io.disarm(Timer::Again);
        for cell in self.performing.keys() {
            io.disarm(Timer::Perform(*cell));
        }
    }

    pub(super) fn asked(
        &mut self,
        config: &Config,
        works: Vec<Work>,
        present: Option<BTreeSet<NodeId>>,
        io: &mut Io<'_, '_>,
    ) {
        // What a cell was told to start, and has not answered yet, needs no other place.
        let performing: BTreeSet<&Work> = self.performing.values().flatten().collect();
        self.batch.extend(works.into_iter().filter(|work| !performing.contains(work)));
        match self.phase {
            Phase::Resting => {
                io.disarm(Timer::Again);
                self.begin(config, present, io);
            }
            Phase::Idle => self.begin(config, present, io),
            // The batch is drained after the cells have answered.
            Phase::Listing | Phase::Looking { .. } => {}
        }
    }

    fn begin(&mut self, config: &Config, present: Option<BTreeSet<NodeId>>, io: &mut Io<'_, '_>) {
        self.phase = Phase::Idle;
        if self.batch.is_empty() {
            return;
        }
        match present {
            Some(present) if !config.lists && !present.is_empty() => self.look(config, present, io),
            _ => {
                self.phase = Phase::Listing;
                io.send(REGISTRY, Message::List(Purpose::Auction));
            }
        }
    }

    pub(super) fn listed(&mut self, config: &Config, present: BTreeSet<NodeId>, io: &mut Io<'_, '_>) {
        if self.phase == Phase::Listing {
            self.look(config, present, io);
        }
    }

    pub(super) fn unlisted(&mut self, config: &Config, io: &mut Io<'_, '_>) {
        if self.phase == Phase::Listing {
            self.look(config, self.known.clone(), io);
        }
    }

    fn look(&mut self, config: &Config, present: BTreeSet<NodeId>, io: &mut Io<'_, '_>) {
        if present.is_empty() {
            self.without_a_place(config, io);
            return;
        }
        if config.remembers {
            self.known.clone_from(&present);
        }
        self.ask_all(config, present, config.rounds.saturating_sub(1), io);
    }

    fn ask_all(&mut self, config: &Config, cells: BTreeSet<NodeId>, left: u8, io: &mut Io<'_, '_>) {
        for cell in &cells {
            io.send(*cell, Message::Look);
        }
        let left = (left > 0).then(|| (cells.clone(), left));
        self.phase = Phase::Looking { asked: cells, loads: Vec::new(), left };
        io.arm(Timer::Look, Window::exactly(config.look));
    }

    pub(super) fn told(
        &mut self,
        config: &Config,
        from: NodeId,
        containers: u16,
        evacuating: bool,
        io: &mut Io<'_, '_>,
    ) {
        let Phase::Looking { asked, loads, .. } = &mut self.phase else { return };
        if asked.remove(&from) && !evacuating {
            loads.push((from, containers));
        }
        if asked.is_empty() {
            self.sell(config, io);
        }
    }

    /// The connection to a cell is gone, with what was asked and told.
    pub(super) fn closed(&mut self, config: &Config, cell: NodeId, io: &mut Io<'_, '_>) {
        if let Phase::Looking { asked, .. } = &mut self.phase
            && asked.remove(&cell)
            && asked.is_empty()
        {
            self.sell(config, io);
        }
        self.unanswered(config, cell, io);
    }

    pub(super) fn fire(&mut self, config: &Config, timer: Timer, io: &mut Io<'_, '_>) {
        match (timer, &self.phase) {
            (Timer::Look, Phase::Looking { .. }) => self.sell(config, io),
            (Timer::Again, Phase::Resting) => self.begin(config, None, io),
            (Timer::Perform(cell), _) => self.unanswered(config, cell, io),
            // Disarmed when the phase was left.
            (Timer::Look, Phase::Idle | Phase::Listing | Phase::Resting)
            | (Timer::Again, Phase::Idle | Phase::Listing | Phase::Looking { .. }) => {}
        }
    }

    /// Gives each start of the batch to the cell that has least.
    fn sell(&mut self, config: &Config, io: &mut Io<'_, '_>) {
        io.disarm(Timer::Look);
        let Phase::Looking { loads, left, .. } = &mut self.phase else { return };
        let (loads, left) = (std::mem::take(loads), left.take());
        if let (true, Some((cells, left))) = (loads.is_empty(), left) {
            self.ask_all(config, cells, left - 1, io);
            return;
        }
        if loads.is_empty() {
            self.without_a_place(config, io);
            return;
        }
        self.phase = Phase::Idle;
        // Of those that have as little, the first that answered.
        let mut cells: BinaryHeap<Reverse<(u16, usize)>> =
            loads.iter().enumerate().map(|(place, (_, load))| Reverse((*load, place))).collect();
        let mut sold: BTreeMap<NodeId, Vec<Work>> = BTreeMap::new();
        for work in std::mem::take(&mut self.batch) {
            let mut least = cells.peek_mut().expect("a cell answered");
            let Reverse((load, place)) = &mut *least;
            *load += 1;
            sold.entry(loads[*place].0).or_default().push(work);
        }
        for (cell, works) in sold {
            io.send(cell, Message::Perform(works.clone()));
            self.performing.entry(cell).or_default().extend(works);
            io.arm(Timer::Perform(cell), Window::exactly(config.perform));
        }
    }

    pub(super) fn performed(&mut self, config: &Config, cell: NodeId, refused: Vec<Work>, io: &mut Io<'_, '_>) {
        self.performing.remove(&cell);
        io.disarm(Timer::Perform(cell));
        if refused.is_empty() {
            return;
        }
        match config.again {
            Some(_) => self.asked(config, refused, None, io),
            None => io.tell_data(Message::Unplaced(refused)),
        }
    }

    /// Whether the cell accepted is not known.
    fn unanswered(&mut self, config: &Config, cell: NodeId, io: &mut Io<'_, '_>) {
        let Some(works) = self.performing.remove(&cell) else { return };
        io.disarm(Timer::Perform(cell));
        if config.repeats {
            self.asked(config, works, None, io);
        }
    }

    fn without_a_place(&mut self, config: &Config, io: &mut Io<'_, '_>) {
        match config.again {
            Some(again) => {
                self.phase = Phase::Resting;
                io.arm(Timer::Again, Window::exactly(again));
            }
            None => {
                self.phase = Phase::Idle;
                let works = std::mem::take(&mut self.batch);
                io.tell_data(Message::Unplaced(works.into_iter().collect()));
            }
        }
    }
}

const fn once() -> u8 {
    1
}
