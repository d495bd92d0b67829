//! A plain lease lock: the smallest complete protocol, and the one to copy when writing another.
//!
//! A store grants a lock for a while; contenders ask for it, renew it while they hold it, and stop by themselves when
//! the while is over. Three files: what the parties do (`contender`, `store`), what is asked of them (`properties`),
//! and this one: how a design becomes a set-up.
//!
//! Safety rests on one inequality. The holder counts the lease from the moment at which it *asked*, the store from the
//! moment at which it *heard*: `asked + lease <= heard + ttl` as long as `lease <= ttl`, whatever the network does.

mod contender;
mod properties;
mod store;

use serde::Deserialize;

pub use self::{
    contender::{Contender, LeaseFrom},
    properties::Memory,
    store::Store,
};
use crate::{
    process::{Effects, Id, Input, Me, Names, NodeId, Process},
    spec::{Builder, Carriage, Clock, DesignError, Link, Links, Node, Property, Protocol, Reach, Setup},
    time::{Duration, Window},
};

/// The protocol, for an application.
#[must_use]
pub fn protocol() -> Lease {
    Lease
}

/// See [`protocol`].
#[derive(Clone, Copy, Debug)]
pub struct Lease;

/// The `[design]` table.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// How many contenders there are: 1 to 250.
    pub contenders: u8,
    pub store: store::Config,
    pub contender: contender::Config,
}

/// One process of the protocol: a type for each role.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Member {
    Store(Store),
    Contender(Contender),
}

/// Which role a node has, and its constants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Config {
    Store(store::Config),
    Contender(contender::Config),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names, serde::Serialize, Deserialize)]
pub enum Message {
    /// May I hold the lock from now on? The answer names the question.
    Ask {
        question: Id,
    },
    Granted {
        question: Id,
    },
    Refused {
        question: Id,
    },
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    /// When a contender asks, asks again, or renews.
    Ask,
    /// When the lease would end that an answer to this question may bring.
    Deadline(Id),
    /// When the lease ends that the holder counts on.
    Lease,
    /// When a holder acts again.
    Act,
    /// When the store frees the lock.
    Expiry,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Event {
    /// A contender learned that it holds the lock.
    Acquired,
    /// A holder learned that it still does.
    Renewed,
    /// A holder is not sure any more.
    Lost,
    /// A holder did something that only a holder may do.
    Acted,
    /// The store freed the lock.
    Expired,
}

/// Nobody asks anything of this protocol from outside.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Request {}

impl Process for Member {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Request = Request;
    type Event = Event;
    type Durable = ();

    fn start(me: &Me<'_, Self>, (): (), fx: &mut Effects<Self>) -> Self {
        match me.config {
            Config::Store(_) => Member::Store(Store::start()),
            Config::Contender(config) => Member::Contender(Contender::start(config, fx)),
        }
    }

    fn step(&mut self, me: &Me<'_, Self>, input: Input<Self>, fx: &mut Effects<Self>) {
        match (self, me.config) {
            (Member::Store(store), Config::Store(config)) => store.step(config, input, fx),
            (Member::Contender(contender), Config::Contender(config)) => contender.step(config, input, fx),
            (Member::Store(_), Config::Contender(_)) | (Member::Contender(_), Config::Store(_)) => {
                unreachable!("a node keeps its role")
            }
        }
    }
}

impl Protocol for Lease {
    type Process = Member;
    type Memory = Memory;
    type Design = Design;

    fn name(&self) -> &'static str {
        "lease"
    }

    fn about(&self) -> &'static str {
        "a lock that a store grants for a while, over datagrams"
    }

    fn properties(&self) -> Vec<Property<Member, Memory>> {
        properties::all()
    }

    fn template(&self) -> Option<&'static str> {
        Some(include_str!("../../models/lease/recommended.toml"))
    }

    fn build(&self, design: &Design, builder: Builder) -> Result<Setup<Member>, DesignError> {
        check(design)?;
        let contenders: Vec<NodeId> = (1..=design.contenders).map(|index| NodeId(index.into())).collect();
        let nodes = nodes(design, &builder);
        let mut links = Links::none(nodes.len());
        let link = Link { carriage: Carriage::Datagram, delay: builder.delay, capacity: builder.capacity };
        for &contender in &contenders {
            links.connect(STORE, contender, link);
        }
        let reach = Reach { crash: contenders.clone(), pause: contenders.clone(), cut: contenders };
        let faults = builder.faults(&nodes, &links, &reach, |_| Ok(None))?;
        Ok(Setup { nodes, links, faults })
    }
}

fn check(design: &Design) -> Result<(), DesignError> {
    if !(1..=MOST).contains(&design.contenders) {
        return Err(DesignError {
            key: "design.contenders".into(),
            expected: format!("a number from 1 to {MOST}"),
            got: design.contenders.to_string(),
        });
    }
    let contender::Config { renew, retry, resend, act, .. } = &design.contender;
    let act = act.as_ref().unwrap_or(&Duration::NEVER);
    // With nothing between two of them, any number of them comes at one moment.
    let repeated = [("renew", renew), ("retry", retry), ("resend", resend), ("act", act)];
    match repeated.iter().find(|(_, span)| **span == Duration::ZERO) {
        None => Ok(()),
        Some((key, span)) => Err(DesignError {
            key: format!("design.contender.{key}"),
            expected: "a span that is longer than none".into(),
            got: span.to_string(),
        }),
    }
}

fn nodes(design: &Design, builder: &Builder) -> Vec<Node<Member>> {
    let clock = Clock { drift: builder.drift, reaction: builder.reaction };
    let store = Node {
        name: "S".into(),
        config: Config::Store(design.store.clone()),
        machine: 0,
        start: Window::ZERO,
        restart_after_exit: None,
        clock,
        group: None,
    };
    let phase = builder.phase_up_to(design.contender.renew.max(design.contender.retry));
    let contender = |index: u8| Node {
        name: name(index),
        config: Config::Contender(design.contender.clone()),
        machine: u16::from(index) + 1,
        start: phase,
        restart_after_exit: None,
        clock,
        group: builder.is_symmetric().then_some(0),
    };
    std::iter::once(store).chain((0..design.contenders).map(contender)).collect()
}

/// The store is the first node, so that a contender knows whom to ask.
const STORE: NodeId = NodeId(0);

/// A node's number is a byte.
const MOST: u8 = 250;

/// The name of a contender: a letter, and from the 21st on a number. The store is S.
fn name(index: u8) -> String {
    const LETTERS: [u8; 20] = *b"ABCDEFGHIJKLMNOPQRTU";
    match LETTERS.get(usize::from(index)) {
        Some(letter) => char::from(*letter).to_string(),
        None => format!("C{}", index + 1),
    }
}

#[cfg(test)]
fn seconds(seconds: i64) -> crate::time::Duration {
    crate::time::Duration::from_secs(seconds)
}
