//! Presence: cells that say in a store that they are there, and who depends on it.
//!
//! A cell keeps a key of its own in the store for as long as it is up. The converger has work on every cell that it
//! finds present, and gives the work of one that is missing to others: in its loop, and at once if a watch tells it. The
//! auctioneer talks to the cells that it finds. A store, any number of cells, a converger, perhaps an auctioneer; each
//! is a process of its own, and all are one type here.

mod auctioneer;
mod cell;
mod converger;
mod design;
mod lease;
mod load;
mod properties;
pub mod registry;
#[cfg(test)]
mod tests;
pub mod watcher;

use std::collections::BTreeSet;

pub use self::{
    auctioneer::Auctioneer, cell::Cell, converger::Converger, design::Design, lease::Lease, load::BusyStore,
    properties::Memory,
};
use crate::{
    lock::{self, Request, parts::Host},
    process::{Effects, Id, Input, Lane, Me, Names, NodeId, Process},
    spec::{Builder, DesignError, Detector, LedgerKey, Property, Protocol, Setup},
};

/// The protocol, for an application.
#[must_use]
pub fn protocol() -> Presence {
    Presence
}

/// See [`protocol`].
#[derive(Clone, Copy, Debug)]
pub struct Presence;

/// One process of the protocol: a type for each role.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Site {
    Store(lock::Store),
    BusyStore(BusyStore),
    Cell(Cell),
    Converger(Converger),
    Auctioneer(Auctioneer),
}

/// Which role a node has, and its constants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Config {
    Store(lock::store::Config),
    BusyStore(load::Config),
    Cell(Box<cell::Config>),
    Converger(converger::Config),
    Auctioneer(auctioneer::Config),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    /// Of the store, or of what keeps a cell's key.
    Lock(lock::Timer),
    /// When a store that others use as well has served all of them that came before a question.
    Turn(Id),
    /// When a cell that lost its presence tries again.
    Again,
    /// Of the converger's watch.
    Watcher(watcher::Timer),
    /// When the converger looks at all cells.
    Loop,
    /// When the auctioneer has work to place.
    Schedule,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Event {
    /// Of the store, or of what keeps a cell's key: it has it, is not sure any more, has given it back.
    Lock(lock::Event),
    /// A cell has started.
    Began,
    /// It says that it is ready for work.
    Ready,
    /// The converger's watch tells it that a cell disappeared.
    Told { cell: NodeId },
    /// The converger asks which cells are present.
    Converging,
    /// It was answered, and does what follows from that.
    Converged { present: BTreeSet<NodeId> },
    /// The work of a cell that is not present is given to others.
    Rescheduled { cell: NodeId },
    /// The auctioneer asks which cells are present.
    Scheduling,
    /// It was answered, and talks to them.
    Scheduled { present: BTreeSet<NodeId> },
}

/// What the converger's database knows: which cells have work.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Names)]
pub struct Work(pub BTreeSet<NodeId>);

impl Process for Site {
    type Config = Config;
    type Message = lock::Message;
    type Timer = Timer;
    type Request = Request;
    type Event = Event;
    type Durable = Work;

    fn start(me: &Me<'_, Self>, work: Work, fx: &mut Effects<Self>) -> Self {
        match me.config {
            Config::Store(config) => Site::Store(lock::Store::start(me, config, fx)),
            Config::BusyStore(config) => Site::BusyStore(BusyStore::start(me, config, fx)),
            Config::Cell(config) => Site::Cell(Cell::start(me, config, fx)),
            Config::Converger(config) => Site::Converger(Converger::start(config, work, fx)),
            Config::Auctioneer(config) => Site::Auctioneer(Auctioneer::start(config, fx)),
        }
    }

    fn step(&mut self, me: &Me<'_, Self>, input: Input<Self>, fx: &mut Effects<Self>) {
        match (self, me.config) {
            (Site::Store(store), Config::Store(config)) => store.step(me, config, input, fx),
            (Site::BusyStore(store), Config::BusyStore(config)) => store.step(me, config, input, fx),
            (Site::Cell(cell), Config::Cell(config)) => cell.step(me, config, input, fx),
            (Site::Converger(converger), Config::Converger(config)) => converger.step(config, input, fx),
            (Site::Auctioneer(auctioneer), Config::Auctioneer(config)) => auctioneer.step(config, input, fx),
            (Site::Store(_) | Site::BusyStore(_) | Site::Cell(_) | Site::Converger(_) | Site::Auctioneer(_), _) => {
                unreachable!("a node keeps its role")
            }
        }
    }

    fn lane(message: &lock::Message) -> Lane {
        lock::Site::lane(message)
    }
}

impl Host for Site {
    fn wrap(message: lock::Message) -> lock::Message {
        message
    }

    fn wrap_timer(timer: lock::Timer) -> Timer {
        Timer::Lock(timer)
    }

    fn wrap_event(event: lock::Event) -> Event {
        Event::Lock(event)
    }

    fn unwrap(message: lock::Message) -> Option<lock::Message> {
        Some(message)
    }

    fn unwrap_timer(timer: Timer) -> Option<lock::Timer> {
        if let Timer::Lock(timer) = timer { Some(timer) } else { None }
    }

    fn unwrap_request(request: Request) -> Option<Request> {
        Some(request)
    }
}

impl Protocol for Presence {
    type Process = Site;
    type Memory = Memory;
    type Design = Design;

    fn name(&self) -> &'static str {
        "presence"
    }

    fn about(&self) -> &'static str {
        "cells that keep their presence in a store, and those who act when one is missing"
    }

    fn properties(&self) -> Vec<Property<Site, Memory>> {
        properties::all()
    }

    fn ledger_keys(&self) -> Vec<LedgerKey> {
        vec![
            LedgerKey { key: "terminate", about: "an operator tells a cell to stop", takes_span: false },
            LedgerKey { key: "election", about: "the store is without a leader for a while", takes_span: true },
        ]
    }

    fn detector(&self) -> Option<Detector> {
        Some(Detector { detection: "dead-cell-is-rescheduled", mistake: "mistaken-cell-returns" })
    }

    fn template(&self) -> Option<&'static str> {
        Some(include_str!("template.toml"))
    }

    fn build(&self, design: &Design, builder: Builder) -> Result<Setup<Site>, DesignError> {
        design.build(&builder)
    }
}
