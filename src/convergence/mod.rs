//! Diego's convergence: cells run work, their presence says that they are there, and what a missing cell had is started
//! elsewhere.
//!
//! The parts: a *registry* of presences, the *data* (the rows of ActualLRPs and Tasks, each operation one transaction of
//! the BBS), the *converger* (the BBS's loop and its reaction to a missing cell), the *auctioneer*, and the *cells* with
//! their reps. A *host* is a process with any of the middle three: the smallest deployment has one host with all of
//! them, and what its parts tell each other takes no time; a full one has a database, two BBSes and two auctioneers, of
//! which those work that hold a lock, `crate::lease`.
//!
//! What is wanted is wanted from the start, or a *bulker* learns it from outside, again and again. Others may follow the
//! BBS's events: *watchers*, which give notice of crashes, and an *emitter*, which tells routers who runs what.
//!
//! The states of rows and their transitions are tables of their own, without time: `lrp` and `task`.
//!
//! Simplified: scoring (a cell with less work is better), rootfs and zones of placement, crash backoff (one span), and
//! what a rep asks for each container is one message with all of them.

mod auctioneer;
mod bulker;
mod cell;
mod converger;
mod data;
mod design;
mod emitter;
mod gauge;
mod host;
mod hub;
mod index;
pub mod lrp;
mod properties;
mod registry;
mod resolver;
mod source;
mod subscription;
pub mod task;
mod watcher;

use std::collections::{BTreeMap, BTreeSet};

pub use self::{
    bulker::Bulker,
    cell::Cell,
    data::Rows,
    design::Design,
    emitter::Emitter,
    host::Host,
    hub::{Change, Row},
    properties::Memory,
    registry::Registry,
    source::Source,
    watcher::Watcher,
};
use crate::{
    lease,
    process::{Effects, Id, Input, Lane, Me, Names, NodeId, Process},
    spec::{Builder, DesignError, Gauge, LedgerKey, Property, Protocol, Setup},
    time::Window,
};

/// The protocol, for an application.
#[must_use]
pub fn protocol() -> Convergence {
    Convergence
}

/// See [`protocol`].
#[derive(Clone, Copy, Debug)]
pub struct Convergence;

/// One process of the protocol: a type for each role.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Site {
    Registry(Registry),
    Host(Box<Host>),
    Cell(Cell),
    Bulker(Bulker),
    Source(Source),
    Watcher(Watcher),
    Emitter(Emitter),
}

/// Which role a node has, and its constants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Config {
    Registry(registry::Config),
    Host(Box<host::Config>),
    Cell(Box<cell::Config>),
    Bulker(bulker::Config),
    Source(source::Config),
    Watcher(watcher::Config),
    Emitter(emitter::Config),
}

/// A piece of work: an index of an LRP, or a Task.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Names)]
pub enum Work {
    Lrp(u16),
    Task(u16),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Message {
    /// Between a host and a lock of the registry, by the lock's number.
    Lock(u8, lease::Message),

    // A cell or a host to the registry, and back.
    /// A cell is there.
    Heartbeat,
    /// A cell stops in order.
    Leave,
    /// Tell me when a cell is not present any more.
    Watch,
    /// One is not.
    Changed {
        present: BTreeSet<NodeId>,
    },
    /// Who is present?
    List(Purpose),
    Present {
        purpose: Purpose,
        present: BTreeSet<NodeId>,
    },
    /// The registry has no leader.
    NoLeader(Purpose),

    // A cell to the data, and back; through a BBS where that is a node of its own.
    /// What a rep asks of the rows of its containers. `whole`: it has no other container.
    Ask {
        asks: Vec<Ask>,
        whole: bool,
    },
    Answer(Vec<Answer>),
    /// An operator does not want this instance: StopLRPInstance.
    Stop(Work),
    Relay {
        cell: NodeId,
        message: Box<Message>,
    },

    // The converger to the data, and back.
    /// What is to be repaired, given these cells? `None`: nobody knows which cells there are.
    Examine {
        scope: Purpose,
        present: Option<BTreeSet<NodeId>>,
    },
    Found {
        findings: Vec<Finding>,
        present: Option<BTreeSet<NodeId>>,
    },
    Repair {
        findings: Vec<Finding>,
        present: Option<BTreeSet<NodeId>>,
    },

    // The data to the auctioneers, and back.
    /// `present`: cells, if whoever asks knows them.
    Auction {
        works: Vec<Work>,
        present: Option<BTreeSet<NodeId>>,
    },
    /// No place was found.
    Unplaced(Vec<Work>),

    // An auctioneer to a cell, and back.
    /// How much do you have?
    Look,
    Load {
        containers: u16,
        evacuating: bool,
    },
    /// The cell's server does not accept connections yet.
    NotListening,
    Perform(Vec<Work>),
    Performed {
        refused: Vec<Work>,
    },

    // The data to those who call clients back, and back.
    Completed(u16),
    Resolve(u16),
    Resolved {
        task: u16,
        won: bool,
    },
    Delete(u16),

    // The bulker to the outside, and back.
    /// What is wanted?
    Fetch,
    /// `None`: it cannot be asked.
    Fetched {
        wanted: Option<BTreeSet<u16>>,
    },
    // The bulker to the data, and back.
    /// These LRPs are wanted, and no others.
    Sync {
        wanted: BTreeSet<u16>,
    },
    Synced,

    // Those who follow a BBS's events to the BBS, and back.
    Subscribe,
    Subscribed,
    /// From the data to the BBSes too.
    Published(Vec<Change>),
    /// Ask another, or later.
    NotServing,
    /// Who runs what?
    FetchRows,
    /// `None`: ask another, or later.
    Rows {
        rows: Option<BTreeMap<u16, Row>>,
    },
}

/// What a list of cells is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Names)]
pub enum Purpose {
    /// Convergence of ActualLRPs and Tasks, with one list.
    Both,
    Lrps,
    Tasks,
    Auction,
}

/// What a rep asks about one container.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub struct Ask {
    pub work: Work,
    pub container: Id,
    pub about: About,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub enum About {
    /// It is reserved, or prepared: may it run?
    Claim,
    /// It runs.
    Start,
    /// It ended by itself: a Task has a result, an LRP crashed.
    Ended,
    /// It is stopped, or gone.
    Gone,
    EvacuateRunning,
    EvacuateClaimed,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub struct Answer {
    pub work: Work,
    pub container: Id,
    pub verdict: Verdict,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub enum Verdict {
    /// Run it.
    Run,
    /// It is as it should be.
    Keep,
    /// Stop and delete it.
    Discard,
    /// Neither: a later poll may know more.
    Wait,
}

/// What convergence found to repair.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub enum Finding {
    /// An LRP's row or a running Task is of a cell that is missing.
    MissingCell(Work, NodeId, Option<Id>),
    /// An evacuating row is of a cell that is missing.
    MissingEvacuee(u16, Id),
    /// The cell of a suspect row is back.
    SuspectBack(u16),
    /// An LRP waits to be claimed for too long, a Task to be started.
    Stale(Work),
    /// An index has no row.
    Rowless(u16),
    /// An ordinary row of an index that nobody desires, and whether its cell is missing.
    Retired { lrp: u16, missing: bool },
    /// A suspect row of an index that nobody desires.
    OrphanSuspect(u16),
    /// A crashed LRP may start again.
    Restart(u16),
    /// Somebody was going to resolve it, too long ago.
    Unresolved(u16),
    /// It is completed, and nobody has called back for too long.
    Uncalled(u16),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    Lock(u8, lease::Timer),
    Registry(registry::Timer),
    Data(data::Timer),
    Converger(converger::Timer),
    Auctioneer(auctioneer::Timer),
    Resolver(resolver::Timer),
    Cell(cell::Timer),
    Bulker(bulker::Timer),
    Source(source::Timer),
    Emitter(emitter::Timer),
    /// When one who follows events subscribes again.
    Resubscribe,
}

/// What the environment may ask.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Request {
    /// The registry loses its leader, and has another after a span of `outage`.
    LoseLeader { outage: Window },
    /// A cell is drained: its work moves, and then it stops in order.
    Evacuate,
    /// The agent between a cell and the registry is down for a span of `outage`; the cell is well.
    LoseAgent { outage: Window },
    /// A container of a cell crashes: of its first LRP that runs.
    CrashContainer,
    /// An operator wants the first LRP no more.
    ScaleDown,
    /// The outside cannot be asked for a span of `outage`.
    LoseSource { outage: Window },
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub enum Event {
    // The registry.
    Appeared(NodeId),
    /// Its presence expired, or it left.
    Disappeared(NodeId),
    LeaderLost,
    LeaderElected,

    // The data.
    /// Somebody wants it, and it has no place yet.
    Desired(Work),
    /// The row is of that cell now.
    Held {
        work: Work,
        cell: NodeId,
    },
    /// An LRP's row says RUNNING.
    Running(u16),
    /// A row is not of that cell any more, because convergence takes it for missing.
    Rescheduled {
        work: Work,
        cell: NodeId,
    },
    /// A row is of no cell any more, for another reason.
    Vacated(Work),
    TaskCompleted {
        task: u16,
        failed: bool,
    },
    TaskDeleted(u16),
    /// Somebody tried to mark a Task RESOLVING.
    ResolveTried {
        task: u16,
        won: bool,
    },
    /// It is COMPLETED again: whoever was going to call back does not seem to.
    Demoted(u16),
    /// An operator wants an LRP no more, and no row is left.
    Removed(u16),
    /// The evacuating row of an LRP is of that cell now, or of none.
    Evacuee {
        lrp: u16,
        cell: Option<NodeId>,
    },
    /// The suspect row of an LRP is of that cell now, or of none.
    Suspected {
        lrp: u16,
        cell: Option<NodeId>,
    },
    /// Convergence looked at the rows.
    Converged,
    /// There are no rows, as nothing was desired yet, or they were lost: where there is a bulker.
    NoRows,
    /// A cell runs an LRP that nobody desires: it has a row again.
    Orphaned(u16),
    /// An LRP is to be stopped, as nobody desires it: where there is a bulker.
    Retired(u16),

    // The bulker.
    /// It could not ask the outside.
    Unanswered,

    // Those who follow events.
    /// An LRP has crashed, and notice is given of it.
    Noticed(u16),
    /// Routers are told that a cell runs an LRP.
    Registered {
        lrp: u16,
        cell: NodeId,
    },
    /// And that it does not any more.
    Unregistered {
        lrp: u16,
        cell: NodeId,
    },

    // Those who call clients back.
    Stands,
    CalledBack(u16),

    // A cell.
    /// It accepted a start.
    Accepted(Work),
    /// A container runs.
    Began(Work),
    /// It has done all it was to do.
    Finished(Work),
    /// It does not run any more.
    Ended(Work),
    /// A cell that is drained has stopped.
    Left,

    Lock(u8, Acquired),
}

/// What a lock's contender says, as far as anyone asks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub struct Acquired(pub bool);

impl Process for Site {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Request = Request;
    type Event = Event;
    type Durable = Rows;

    fn start(me: &Me<'_, Self>, durable: Rows, fx: &mut Effects<Self>) -> Self {
        match me.config {
            Config::Registry(config) => Site::Registry(Registry::start(config)),
            Config::Host(config) => Site::Host(Box::new(Host::start(me, config, durable, fx))),
            Config::Cell(config) => Site::Cell(Cell::start(config, fx)),
            Config::Bulker(config) => Site::Bulker(Bulker::start(config, fx)),
            Config::Source(config) => Site::Source(Source::start(*config)),
            Config::Watcher(config) => Site::Watcher(Watcher::start(config, fx)),
            Config::Emitter(config) => Site::Emitter(Emitter::start(config, fx)),
        }
    }

    fn step(&mut self, me: &Me<'_, Self>, input: Input<Self>, fx: &mut Effects<Self>) {
        match (self, me.config) {
            (Site::Registry(registry), Config::Registry(config)) => registry.step(me, config, input, fx),
            (Site::Host(host), Config::Host(config)) => host.step(me, config, input, fx),
            (Site::Cell(cell), Config::Cell(config)) => cell.step(config, input, fx),
            (Site::Bulker(bulker), Config::Bulker(config)) => bulker.step(config, input, fx),
            (Site::Source(source), Config::Source(_)) => source.step(input, fx),
            (Site::Watcher(watcher), Config::Watcher(config)) => watcher.step(config, input, fx),
            (Site::Emitter(emitter), Config::Emitter(config)) => emitter.step(config, input, fx),
            (
                Site::Registry(_)
                | Site::Host(_)
                | Site::Cell(_)
                | Site::Bulker(_)
                | Site::Source(_)
                | Site::Watcher(_)
                | Site::Emitter(_),
                _,
            ) => unreachable!("a node keeps its role"),
        }
    }

    fn lane(message: &Message) -> Lane {
        match message {
            Message::FetchRows | Message::Rows { .. } => FETCHES,
            Message::Relay { message, .. } => Site::lane(message),
            _ => Lane(0),
        }
    }
}

impl Protocol for Convergence {
    type Process = Site;
    type Memory = Memory;
    type Design = Design;

    fn name(&self) -> &'static str {
        "convergence"
    }

    fn about(&self) -> &'static str {
        "cells that run work, and a converger that starts a missing cell's work elsewhere"
    }

    fn properties(&self) -> Vec<Property<Site, Memory>> {
        properties::all()
    }

    fn ledger_keys(&self) -> Vec<LedgerKey> {
        let key = |key, about, takes_span| LedgerKey { key, about, takes_span };
        vec![
            key("election", "the registry is without a leader for a while", true),
            key("agent", "a cell cannot reach the registry for a while", true),
            key("evacuate", "an operator drains a cell", false),
            key("container", "a container of a cell crashes", false),
            key("scale-down", "an operator wants the first LRP no more", false),
            key("source", "the bulker cannot be told what is wanted for a while", true),
        ]
    }

    fn gauge(&self) -> Option<Box<dyn Gauge<Site>>> {
        Some(Box::<gauge::Load>::default())
    }

    fn template(&self) -> Option<&'static str> {
        Some(include_str!("template.toml"))
    }

    fn build(&self, design: &Design, builder: Builder) -> Result<Setup<Site>, DesignError> {
        design.build(&builder)
    }
}

/// Rows are fetched on a connection of their own, so that what is fetched and events have no common order.
const FETCHES: Lane = Lane(1);

/// The registry is the first node.
const REGISTRY: NodeId = NodeId(0);
