//! A lock in a store, and the machines whose work it guards.
//!
//! A machine works while its contender holds the lock, as far as that can tell. A store, any number of machines, and
//! perhaps a resource that the workers write to; each is a process of its own, and all are one type here.

pub mod contender;
pub(crate) mod design;
mod machine;
pub(crate) mod parts;
mod properties;
mod resource;
pub(crate) mod store;
mod work;

pub use self::{
    design::Design,
    machine::Machine,
    properties::Memory,
    resource::Resource,
    store::Store,
    work::{Work, Written},
};
use crate::{
    process::{Effects, Input, Lane, Me, Names, NodeId, Process},
    spec::{Builder, DesignError, LedgerKey, Property, Protocol, Setup},
    store::{consul, etcd2, etcd3, locket, record},
    time::Window,
};

/// The protocol, for an application.
#[must_use]
pub fn protocol() -> Lock {
    Lock
}

/// See [`protocol`].
#[derive(Clone, Copy, Debug)]
pub struct Lock;

/// One process of the protocol: a type for each role.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Site {
    Store(Store),
    Machine(Machine),
    Resource(Resource),
}

/// Which role a node has, and its constants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Config {
    Store(store::Config),
    Machine(Box<machine::Config>),
    Resource(resource::Config),
}

/// Between a store and its clients, a kind for each store; and from a worker to the resource.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Message {
    Consul(consul::Message),
    Etcd2(etcd2::Message),
    Etcd3(etcd3::Message),
    Locket(locket::Message),
    Record(record::Message),
    Write(Written),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    Consul(consul::Timer),
    Etcd2(etcd2::Timer),
    Etcd3(etcd3::Timer),
    Locket(locket::Timer),
    Record(record::Timer),
    Contender(contender::Timer),
    /// When a machine that said that it is about to leave stops its work.
    Notice,
    Work(work::Timer),
    Resource(resource::Timer),
}

/// What the environment may ask.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Request {
    /// An operator tells a machine to stop.
    Terminate,
    /// Somebody wants a machine to write to the resource.
    Write,
    /// The store loses its leader, and has another after a span of `outage`.
    LoseLeader { outage: Window },
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Event {
    Store(crate::store::Event),
    Contender(contender::Event),
    Work(work::Event),
    Resource(resource::Event),
}

impl Process for Site {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Request = Request;
    type Event = Event;
    type Durable = ();

    fn start(me: &Me<'_, Self>, (): (), fx: &mut Effects<Self>) -> Self {
        match me.config {
            Config::Store(config) => Site::Store(Store::start(me, config, fx)),
            Config::Machine(config) => Site::Machine(Machine::start(me, config, fx)),
            Config::Resource(config) => Site::Resource(parts::start(me, config, fx)),
        }
    }

    fn step(&mut self, me: &Me<'_, Self>, input: Input<Self>, fx: &mut Effects<Self>) {
        match (self, me.config) {
            (Site::Store(store), Config::Store(config)) => store.step(me, config, input, fx),
            (Site::Machine(machine), Config::Machine(config)) => machine.step(me, config, input, fx),
            (Site::Resource(resource), Config::Resource(config)) => parts::step(resource, me, config, input, fx),
            (Site::Store(_) | Site::Machine(_) | Site::Resource(_), _) => unreachable!("a node keeps its role"),
        }
    }

    fn lane(message: &Message) -> Lane {
        match message {
            Message::Consul(message) => consul::Consul::lane(message),
            Message::Etcd2(message) => etcd2::Etcd2::lane(message),
            Message::Etcd3(message) => etcd3::Etcd3::lane(message),
            Message::Locket(message) => locket::Locket::lane(message),
            Message::Record(message) => record::Records::lane(message),
            Message::Write(message) => Work::lane(message),
        }
    }
}

impl Protocol for Lock {
    type Process = Site;
    type Memory = Memory;
    type Design = Design;

    fn name(&self) -> &'static str {
        "lock"
    }

    fn about(&self) -> &'static str {
        "a lock in a store, and the machines whose work it guards"
    }

    fn properties(&self) -> Vec<Property<Site, Memory>> {
        properties::all()
    }

    fn ledger_keys(&self) -> Vec<LedgerKey> {
        vec![
            LedgerKey { key: "terminate", about: "an operator tells a machine to stop", takes_span: false },
            LedgerKey {
                key: "write",
                about: "somebody asks a machine to write to the resource, which it does if it works",
                takes_span: false,
            },
            LedgerKey { key: "election", about: "the store is without a leader for a while", takes_span: true },
        ]
    }

    fn template(&self) -> Option<&'static str> {
        Some(include_str!("template.toml"))
    }

    fn build(&self, design: &Design, builder: Builder) -> Result<Setup<Site>, DesignError> {
        design.build(&builder)
    }
}

/// The store is the first node.
pub(crate) const STORE: NodeId = NodeId(0);

/// What the store calls the lock.
const LOCK: crate::store::Key = crate::store::Key("lock");
