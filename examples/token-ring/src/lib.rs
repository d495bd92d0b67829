//! A token ring: whoever has the token may work, and passes it on after a while.
//!
//! Messages may be lost, and the token with them. One node, the *monitor*, makes a new token when the old one has not
//! come back in time. Safety rests on one inequality: the monitor's patience is longer than the longest way round,
//! `(nodes - 1) * hold.hi + nodes * delay.hi`, so that what it replaces is surely lost.

mod properties;

use serde::Deserialize;
use tenure::{
    process::{Effects, Input, Me, Names, NodeId, Process},
    spec::{Builder, Carriage, Clock, DesignError, Link, Links, Node, Property, Protocol, Reach, Setup},
    time::{Duration, Window},
};

/// The protocol, for an application.
#[must_use]
pub fn protocol() -> Ring {
    Ring
}

/// See [`protocol`].
#[derive(Clone, Copy, Debug)]
pub struct Ring;

/// The `[design]` table.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// How many nodes there are: 2 to 10.
    pub nodes: u16,
    /// How long a node keeps the token.
    pub hold: Window,
    /// How long the monitor waits for the token before it makes a new one.
    pub patience: Duration,
}

/// What a node knows of the ring.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    next: NodeId,
    hold: Window,
    /// Of the monitor only.
    patience: Option<Duration>,
}

/// A node of the ring.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Member {
    Waiting,
    Holding,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Message {
    Token,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    /// When the holder passes the token on.
    Pass,
    /// When the monitor takes the token for lost.
    Missing,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Event {
    /// The token came, or was made.
    Got,
    Passed,
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
        // After a restart there may be a token on its way.
        await_token(me.config, fx);
        Member::Waiting
    }

    fn step(&mut self, me: &Me<'_, Self>, input: Input<Self>, fx: &mut Effects<Self>) {
        match (&self, input) {
            (Member::Waiting, Input::Message { message: Message::Token, .. } | Input::Timer(Timer::Missing)) => {
                fx.disarm(Timer::Missing);
                fx.arm(Timer::Pass, me.config.hold);
                fx.emit(Event::Got);
                *self = Member::Holding;
            }
            (Member::Holding, Input::Timer(Timer::Pass)) => {
                fx.emit(Event::Passed);
                fx.send(me.config.next, Message::Token);
                await_token(me.config, fx);
                *self = Member::Waiting;
            }
            // A second token: one is enough.
            (Member::Holding, Input::Message { message: Message::Token, .. }) => {}
            // Each timer is armed in the other state only.
            (Member::Waiting, Input::Timer(Timer::Pass)) | (Member::Holding, Input::Timer(Timer::Missing)) => {}
            // Datagrams have no connections.
            (Member::Waiting | Member::Holding, Input::Closed { .. }) => {}
            (Member::Waiting | Member::Holding, Input::Request(request)) => match request {},
        }
    }
}

/// The monitor counts from when it passed the token on: it was on its way since then.
fn await_token(config: &Config, fx: &mut Effects<Member>) {
    if let Some(patience) = config.patience {
        fx.arm(Timer::Missing, Window::exactly(patience));
    }
}

impl Protocol for Ring {
    type Process = Member;
    type Memory = ();
    type Design = Design;

    fn name(&self) -> &'static str {
        "token-ring"
    }

    fn about(&self) -> &'static str {
        "a token that travels a ring, and is made again when it is lost"
    }

    fn properties(&self) -> Vec<Property<Member, ()>> {
        properties::all()
    }

    fn build(&self, design: &Design, builder: Builder) -> Result<Setup<Member>, DesignError> {
        if !(2..=10).contains(&design.nodes) {
            return Err(DesignError {
                key: "design.nodes".into(),
                expected: "a number from 2 to 10".into(),
                got: design.nodes.to_string(),
            });
        }
        let next = |index: u16| NodeId((index + 1) % design.nodes);
        let node = |index: u16| Node {
            name: char::from(b'A' + index as u8).to_string(),
            config: Config {
                next: next(index),
                hold: design.hold,
                patience: (NodeId(index) == MONITOR).then_some(design.patience),
            },
            machine: index,
            start: builder.phase.unwrap_or(Window::ZERO),
            restart_after_exit: None,
            clock: Clock { drift: builder.drift, reaction: builder.reaction },
            group: None,
        };
        let nodes: Vec<_> = (0..design.nodes).map(node).collect();
        let mut links = Links::none(nodes.len());
        let link = Link { carriage: Carriage::Datagram, delay: builder.delay, capacity: builder.capacity };
        for index in 0..design.nodes {
            links.connect_one_way(NodeId(index), next(index), link);
        }
        let everyone: Vec<NodeId> = (0..design.nodes).map(NodeId).collect();
        let reach = Reach { crash: everyone.clone(), pause: everyone.clone(), cut: everyone };
        let faults = builder.faults(&nodes, &links, &reach, |_| Ok(None))?;
        Ok(Setup { nodes, links, faults })
    }
}

/// The node that makes the tokens.
const MONITOR: NodeId = NodeId(0);
