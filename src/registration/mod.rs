//! Service registration: a service that others find by its name, the agent on its machine, and the catalog of the
//! store.
//!
//! The agent's word counts: it checks that the service beats, tells the catalog of each change, and makes the catalog
//! right again from time to time. Who looks a name up asks the catalog. Each is a process of its own, and all are one
//! type here.

mod agent;
mod catalog;
mod client;
mod design;
mod properties;
mod service;
mod successor;

pub use self::{
    agent::Agent, catalog::Catalog, client::Client, design::Design, properties::Memory, service::Service,
    successor::Successor,
};
use crate::{
    process::{Effects, Id, Input, Me, Names, NodeId, Process},
    spec::{Builder, DesignError, LedgerKey, Property, Protocol, Setup},
    time::Window,
};

/// The protocol, for an application.
#[must_use]
pub fn protocol() -> Registration {
    Registration
}

/// See [`protocol`].
#[derive(Clone, Copy, Debug)]
pub struct Registration;

/// One process of the protocol: a type for each role.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Site {
    Catalog(Catalog),
    Agent(Agent),
    Service(Service),
    Client(Client),
    Successor(Successor),
}

/// Which role a node has, and its constants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Config {
    Catalog(catalog::Config),
    Agent(agent::Config),
    Service(service::Config),
    Client(client::Config),
    Successor(successor::Config),
}

/// How a service is, as its agent says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub enum Status {
    Passing,
    /// It has not beaten for the time of its check: nobody is sent to it.
    Critical,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Message {
    /// The service registers with the agent, and says that it is well.
    Register {
        question: Id,
    },
    Registered {
        question: Id,
    },
    /// A beat.
    Pass {
        question: Id,
    },
    /// Whether the agent knows the service.
    Passed {
        question: Id,
        known: bool,
    },
    Deregister,
    /// The agent says what the catalog should have.
    Sync {
        question: Id,
        entry: Option<Status>,
    },
    /// Whether the catalog has it now: it needs a leader.
    Synced {
        question: Id,
        done: bool,
    },
    /// A client looks the service up.
    Look {
        question: Id,
        reads: Reads,
    },
    Found {
        question: Id,
        entry: Option<Status>,
    },
    /// There is no leader.
    Failed {
        question: Id,
    },
    /// The service works, and whoever waits for it to end can tell when it has.
    Works,
}

/// What a look-up asks of the store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reads {
    /// The leader answers, from what it knows; or, asked to be consistent, after it made sure that it leads.
    Default,
    /// Any server answers, as far as it knows.
    Stale,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    /// When there is a leader again.
    Election,
    /// When all servers know of the last change.
    Replicated,
    /// When the agent takes a service that has not beaten for ill.
    Check,
    /// When the agent makes the catalog right, whether it knows of a difference or not.
    FullSync,
    /// When the agent tells the catalog again what it could not tell.
    SyncAgain,
    /// When the service beats.
    Beat,
    /// When the service registers again after a failure.
    RegisterAgain,
    /// When a client looks the service up.
    Look,
    /// When the successor has what the service had.
    TakeOver,
}

/// What the environment may ask.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Request {
    /// An operator tells the service to stop.
    Terminate,
    /// The store loses its leader, and has another after a span of `outage`.
    LoseLeader { outage: Window },
    /// The store loses the registration.
    Drop,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Event {
    LeaderLost,
    LeaderElected,
    /// The catalog has another entry for the service, or none.
    Catalogued {
        entry: Option<Status>,
    },
    /// The same for its successor.
    SuccessorCatalogued {
        entry: Option<Status>,
    },
    /// The service is registered for the first time in its life.
    Ready,
    /// The successor works in its place.
    TookOver,
    /// A client was sent to the service.
    Resolved,
    /// A client was told that there is no such service, or that it is ill.
    Unresolved,
    /// A client was told nothing.
    Unanswered,
}

/// What an agent writes to its disk: whether a service is registered with it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Names)]
pub struct Saved {
    registered: bool,
}

type Fx = Effects<Site>;

impl Process for Site {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Request = Request;
    type Event = Event;
    type Durable = Saved;

    fn start(me: &Me<'_, Self>, saved: Saved, fx: &mut Fx) -> Self {
        match me.config {
            Config::Catalog(_) => Site::Catalog(Catalog::start()),
            Config::Agent(config) => Site::Agent(Agent::start(config, &saved, fx)),
            Config::Service(config) => Site::Service(Service::start(config, fx)),
            Config::Client(config) => Site::Client(Client::start(config, fx)),
            Config::Successor(_) => Site::Successor(Successor::Waiting),
        }
    }

    fn step(&mut self, me: &Me<'_, Self>, input: Input<Self>, fx: &mut Fx) {
        match (self, me.config) {
            (Site::Catalog(catalog), Config::Catalog(config)) => catalog.step(config, input, fx),
            (Site::Agent(agent), Config::Agent(config)) => agent.step(config, input, fx),
            (Site::Service(service), Config::Service(config)) => service.step(config, input, fx),
            (Site::Client(client), Config::Client(config)) => client.step(config, input, fx),
            (Site::Successor(successor), Config::Successor(config)) => successor.step(config, input, fx),
            (Site::Catalog(_) | Site::Agent(_) | Site::Service(_) | Site::Client(_) | Site::Successor(_), _) => {
                unreachable!("a node keeps its role")
            }
        }
    }
}

impl Protocol for Registration {
    type Process = Site;
    type Memory = Memory;
    type Design = Design;

    fn name(&self) -> &'static str {
        "registration"
    }

    fn about(&self) -> &'static str {
        "a service in the catalog of a store, kept there by the agent on its machine"
    }

    fn properties(&self) -> Vec<Property<Site, Memory>> {
        properties::all()
    }

    fn ledger_keys(&self) -> Vec<LedgerKey> {
        vec![
            LedgerKey { key: "terminate", about: "an operator tells the service to stop", takes_span: false },
            LedgerKey { key: "election", about: "the store is without a leader for a while", takes_span: true },
            LedgerKey { key: "drop", about: "the store loses the registration", takes_span: false },
        ]
    }

    fn template(&self) -> Option<&'static str> {
        Some(include_str!("template.toml"))
    }

    fn build(&self, design: &Design, builder: Builder) -> Result<Setup<Site>, DesignError> {
        design.build(&builder)
    }
}

const CATALOG: NodeId = NodeId(0);
const AGENT: NodeId = NodeId(1);
const SERVICE: NodeId = NodeId(2);
const CLIENT: NodeId = NodeId(3);
/// Where there is a successor there is no client.
const SUCCESSOR: NodeId = NodeId(3);
