//! A lock in a Consul-like store, and the machines whose work it guards.
//!
//! It rests on the store's sessions: a machine works while its session holds the key. A store, any number of machines,
//! and perhaps a resource that the workers write to; each is a process of its own, and all are one type here.

mod contender;
mod design;
mod machine;
mod properties;
mod resource;
mod work;

use self::machine::Arrival;
pub use self::{
    contender::{CleanStop, Contender, OnDoubt, OnRenewFailure, Standing},
    design::Design,
    machine::{Machine, Terminate},
    properties::Memory,
    resource::Resource,
    work::{Work, Written},
};
use crate::{
    process::{Effects, Input, Lane, Me, Names, NodeId, Process},
    spec::{Builder, DesignError, LedgerKey, Property, Protocol, Setup},
    store::consul::{self, Consul},
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
    Store(Consul),
    Machine(Machine),
    Resource(Resource),
}

/// Which role a node has, and its constants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Config {
    Store(consul::Config),
    Machine(machine::Config),
    Resource(resource::Config),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Message {
    Store(consul::Message),
    Write(Written),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    Store(consul::Timer),
    Contender(contender::Timer),
    Work(work::Timer),
    Resource(resource::Timer),
}

/// What the environment may ask.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Request {
    /// An operator tells a machine to stop.
    Terminate,
    /// The store loses its leader, and has another after a span of `outage`.
    LoseLeader { outage: Window },
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Event {
    Store(consul::Event),
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
            Config::Store(config) => Site::Store(
                fx.nested(Message::Store, Timer::Store, Event::Store, |fx| Consul::start(&me.nested(config), (), fx)),
            ),
            Config::Machine(config) => Site::Machine(Machine::start(me, config, fx)),
            Config::Resource(config) => {
                Site::Resource(fx.nested(Message::Write, Timer::Resource, Event::Resource, |fx| {
                    Resource::start(&me.nested(config), (), fx)
                }))
            }
        }
    }

    fn step(&mut self, me: &Me<'_, Self>, input: Input<Self>, fx: &mut Effects<Self>) {
        match (self, me.config) {
            (Site::Store(store), Config::Store(config)) => {
                if let Some(input) = for_store(input) {
                    fx.nested(Message::Store, Timer::Store, Event::Store, |fx| {
                        store.step(&me.nested(config), input, fx);
                    });
                }
            }
            (Site::Machine(machine), Config::Machine(config)) => {
                if let Some(arrival) = for_machine(config, input) {
                    machine.step(me, config, arrival, fx);
                }
            }
            (Site::Resource(resource), Config::Resource(config)) => {
                if let Some(input) = for_resource(input) {
                    fx.nested(Message::Write, Timer::Resource, Event::Resource, |fx| {
                        resource.step(&me.nested(config), input, fx);
                    });
                }
            }
            (Site::Store(_) | Site::Machine(_) | Site::Resource(_), _) => unreachable!("a node keeps its role"),
        }
    }

    fn lane(message: &Message) -> Lane {
        match message {
            Message::Store(message) => Consul::lane(message),
            Message::Write(message) => Work::lane(message),
        }
    }
}

/// What a store understands.
fn for_store(input: Input<Site>) -> Option<Input<Consul>> {
    match input {
        Input::Message { from, message: Message::Store(message) } => Some(Input::Message { from, message }),
        Input::Timer(Timer::Store(timer)) => Some(Input::Timer(timer)),
        Input::Request(Request::LoseLeader { outage }) => Some(Input::Request(consul::Request::LoseLeader { outage })),
        Input::Closed { peer, lane, reason } => Some(Input::Closed { peer, lane, reason }),
        Input::Message { message: Message::Write(_), .. }
        | Input::Timer(Timer::Contender(_) | Timer::Work(_) | Timer::Resource(_))
        | Input::Request(Request::Terminate) => None,
    }
}

/// What a machine understands, and which part of it.
fn for_machine(config: &machine::Config, input: Input<Site>) -> Option<Arrival> {
    match input {
        Input::Message { from, message: Message::Store(message) } => {
            Some(Arrival::Contender(Input::Message { from, message }))
        }
        Input::Timer(Timer::Contender(timer)) => Some(Arrival::Contender(Input::Timer(timer))),
        Input::Timer(Timer::Work(timer)) => Some(Arrival::Work(Input::Timer(timer))),
        Input::Closed { peer, lane, reason } if peer == config.contender.store => {
            Some(Arrival::Contender(Input::Closed { peer, lane, reason }))
        }
        Input::Closed { peer, lane, reason } => Some(Arrival::Work(Input::Closed { peer, lane, reason })),
        Input::Request(Request::Terminate) => Some(Arrival::Terminate(Terminate)),
        Input::Message { message: Message::Write(_), .. }
        | Input::Timer(Timer::Store(_) | Timer::Resource(_))
        | Input::Request(Request::LoseLeader { .. }) => None,
    }
}

/// What a resource understands.
fn for_resource(input: Input<Site>) -> Option<Input<Resource>> {
    match input {
        Input::Message { from, message: Message::Write(message) } => Some(Input::Message { from, message }),
        Input::Timer(Timer::Resource(timer)) => Some(Input::Timer(timer)),
        Input::Closed { peer, lane, reason } => Some(Input::Closed { peer, lane, reason }),
        Input::Message { message: Message::Store(_), .. }
        | Input::Timer(Timer::Store(_) | Timer::Contender(_) | Timer::Work(_))
        | Input::Request(_) => None,
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
        "a lock in a Consul-like store, and the machines whose work it guards"
    }

    fn properties(&self) -> Vec<Property<Site, Memory>> {
        properties::all()
    }

    fn ledger_keys(&self) -> Vec<LedgerKey> {
        vec![
            LedgerKey { key: "terminate", about: "an operator tells a machine to stop", takes_span: false },
            LedgerKey { key: "election", about: "the store is without a leader for a while", takes_span: true },
        ]
    }

    fn build(&self, design: &Design, builder: Builder) -> Result<Setup<Site>, DesignError> {
        design.build(&builder)
    }
}

/// The store is the first node.
const STORE: NodeId = NodeId(0);
