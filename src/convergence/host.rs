//! A host: a process with the data, a BBS, an auctioneer, or several of them.
//!
//! What parts of one host tell each other takes no time and is not lost. Where there are two of a kind, the one that
//! holds a lock works; who does not hold it ignores what comes.

use std::collections::{BTreeSet, VecDeque};

use super::{
    Acquired, Change, Config as SiteConfig, Event, FETCHES, Message, Purpose, REGISTRY, Site, Work,
    auctioneer::{self, Auctioneer},
    converger::{self, Converger},
    data::{self, Data, Rows},
    hub::Hub,
    resolver::{self, Resolver},
};
use crate::{
    lease,
    process::{Effects, Input, Me, Names, NodeId, Process},
    time::Window,
};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub places: Places,
    pub data: Option<data::Config>,
    pub converger: Option<converger::Config>,
    pub auctioneer: Option<auctioneer::Config>,
    pub resolver: Option<resolver::Config>,
    /// Whether it has an event stream, as some follow it.
    pub hub: bool,
    /// The lock without which the other parts do not work, by its number.
    pub lock: Option<(u8, lease::Config)>,
}

/// Where the parts are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Places {
    pub data: NodeId,
    pub bbs: Vec<NodeId>,
    pub auctioneers: Vec<NodeId>,
    pub resolvers: Vec<NodeId>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Host {
    data: Option<Data>,
    converger: Option<Converger>,
    auctioneer: Option<Auctioneer>,
    resolver: Option<Resolver>,
    hub: Option<Hub>,
    lock: Option<lease::Member>,
}

/// What a part may do: as the host, with messages to parts of the same host kept back until the part has ended its step.
pub(super) struct Io<'a, 'b> {
    me: NodeId,
    places: &'a Places,
    pub(super) fx: &'a mut Effects<Site>,
    local: &'b mut VecDeque<Message>,
}

impl Io<'_, '_> {
    pub(super) fn send(&mut self, to: NodeId, message: Message) {
        if to == self.me {
            self.local.push_back(message);
        } else {
            self.fx.send(to, message);
        }
    }

    pub(super) fn tell_data(&mut self, message: Message) {
        self.send(self.places.data, message);
    }

    pub(super) fn auction(&mut self, works: Vec<Work>, present: Option<BTreeSet<NodeId>>) {
        if works.is_empty() {
            return;
        }
        for auctioneer in &self.places.auctioneers {
            self.send(*auctioneer, Message::Auction { works: works.clone(), present: present.clone() });
        }
    }

    pub(super) fn tell_resolvers(&mut self, task: u16, all: bool) {
        let many = if all { self.places.resolvers.len() } else { self.places.bbs.len().max(1) };
        for resolver in self.places.resolvers.iter().take(many) {
            self.send(*resolver, Message::Completed(task));
        }
    }

    pub(super) fn tell_cell(&mut self, cell: NodeId, message: Message) {
        for bbs in &self.places.bbs {
            self.send(*bbs, Message::Relay { cell, message: Box::new(message.clone()) });
        }
    }

    pub(super) fn tell_hubs(&mut self, changes: &[Change]) {
        for bbs in &self.places.bbs {
            self.send(*bbs, Message::Published(changes.to_vec()));
        }
    }

    pub(super) fn arm(&mut self, timer: impl Into<super::Timer>, after: Window) {
        self.fx.arm(timer.into(), after);
    }

    pub(super) fn disarm(&mut self, timer: impl Into<super::Timer>) {
        self.fx.disarm(timer.into());
    }
}

impl Host {
    pub(super) fn start(me: &Me<'_, Site>, config: &Config, rows: Rows, fx: &mut Effects<Site>) -> Host {
        let mut host = Host { data: None, converger: None, auctioneer: None, resolver: None, hub: None, lock: None };
        let mut local = VecDeque::new();
        // Those who wait for a lock do not work yet.
        match &config.lock {
            Some((number, lock)) => {
                host.lock = Some(nest(*number, fx, |fx| lease::Member::start(&me.nested(lock), (), fx)));
            }
            None => host.begin(config, &mut io(me, config, fx, &mut local)),
        }
        if let Some(data) = &config.data {
            host.data = Some(Data::start(data, rows, &mut io(me, config, fx, &mut local)));
        }
        host.settle(me, config, fx, &mut local);
        host
    }

    pub(super) fn step(&mut self, me: &Me<'_, Site>, config: &Config, input: Input<Site>, fx: &mut Effects<Site>) {
        let mut local = VecDeque::new();
        match input {
            Input::Message { from, message: Message::Lock(number, message) } => {
                self.contend(me, config, number, Input::Message { from, message }, fx, &mut local);
            }
            Input::Timer(super::Timer::Lock(number, timer)) => {
                self.contend(me, config, number, Input::Timer(timer), fx, &mut local);
            }
            Input::Message { from, message } => {
                self.hear(from, message, config, &mut io(me, config, fx, &mut local));
            }
            Input::Timer(timer) => self.fire(timer, config, &mut io(me, config, fx, &mut local)),
            Input::Request(request) => {
                if let (Some(data), Some(config_of_data)) = (&mut self.data, &config.data) {
                    data.ask(config_of_data, &request, &mut io(me, config, fx, &mut local));
                }
            }
            // Who fetched asks again.
            Input::Closed { lane: FETCHES, .. } => {}
            Input::Closed { peer, .. } => self.closed(peer, config, &mut io(me, config, fx, &mut local)),
        }
        self.settle(me, config, fx, &mut local);
    }

    /// Hands out what parts told each other, until nothing is left.
    fn settle(&mut self, me: &Me<'_, Site>, config: &Config, fx: &mut Effects<Site>, local: &mut VecDeque<Message>) {
        while let Some(message) = local.pop_front() {
            self.hear(me.id, message, config, &mut io(me, config, fx, local));
        }
    }

    fn begin(&mut self, config: &Config, io: &mut Io<'_, '_>) {
        self.converger = config.converger.as_ref().map(|config| Converger::start(config, io));
        self.auctioneer = config.auctioneer.as_ref().map(|_| Auctioneer::default());
        self.resolver = config.resolver.as_ref().map(|_| Resolver::start(io));
        self.hub = config.hub.then(Hub::default);
    }

    fn end(&mut self, io: &mut Io<'_, '_>) {
        if self.converger.take().is_some() {
            Converger::stop(io);
        }
        if let Some(auctioneer) = self.auctioneer.take() {
            auctioneer.stop(io);
        }
        if let Some(resolver) = self.resolver.take() {
            resolver.stop(io);
        }
        if let Some(hub) = self.hub.take() {
            hub.stop(io);
        }
    }

    fn contend(
        &mut self,
        me: &Me<'_, Site>,
        config: &Config,
        number: u8,
        input: Input<lease::Member>,
        fx: &mut Effects<Site>,
        local: &mut VecDeque<Message>,
    ) {
        let (Some(lock), Some((_, lock_config))) = (&mut self.lock, &config.lock) else { return };
        let before = holds(lock);
        nest(number, fx, |fx| lock.step(&me.nested(lock_config), input, fx));
        let after = holds(lock);
        match (before, after) {
            (false, true) => self.begin(config, &mut io(me, config, fx, local)),
            (true, false) => self.end(&mut io(me, config, fx, local)),
            (false, false) | (true, true) => {}
        }
    }

    fn hear(&mut self, from: NodeId, message: Message, config: &Config, io: &mut Io<'_, '_>) {
        match message {
            Message::Ask { asks, whole } => match (&mut self.data, &config.data) {
                (Some(data), Some(config)) => {
                    let answers = data.asked(config, from, &asks, whole, io);
                    io.send(from, Message::Answer(answers));
                }
                _ if self.converger.is_some() => {
                    let message = Box::new(Message::Ask { asks, whole });
                    io.tell_data(Message::Relay { cell: from, message });
                }
                // Who does not hold the lock answers nobody.
                _ => {}
            },
            Message::Relay { cell, message } => self.relay(from, cell, *message, config, io),
            Message::Examine { .. }
            | Message::Repair { .. }
            | Message::Unplaced(_)
            | Message::Resolve(_)
            | Message::Delete(_)
            | Message::Sync { .. } => self.hear_as_data(from, message, config, io),
            Message::Changed { .. } | Message::Found { .. } => self.hear_as_converger(message, config, io),
            Message::Present { purpose, .. } | Message::NoLeader(purpose) if purpose != Purpose::Auction => {
                self.hear_as_converger(message, config, io);
            }
            Message::Present { .. }
            | Message::NoLeader(_)
            | Message::Auction { .. }
            | Message::Load { .. }
            | Message::NotListening
            | Message::Performed { .. } => self.hear_as_auctioneer(from, message, config, io),
            Message::Completed(_) | Message::Resolved { .. } => self.hear_as_resolver(message, config, io),
            Message::Subscribe | Message::Published(_) | Message::FetchRows => self.hear_as_hub(from, message, io),
            // For registries, cells, the bulker and whom it asks, and those who follow events.
            Message::Lock(..)
            | Message::Heartbeat
            | Message::Leave
            | Message::Watch
            | Message::List(_)
            | Message::Answer(_)
            | Message::Stop(_)
            | Message::Look
            | Message::Perform(_)
            | Message::Fetch
            | Message::Fetched { .. }
            | Message::Synced
            | Message::Subscribed
            | Message::NotServing
            | Message::Rows { .. } => {}
        }
    }

    /// A BBS in front of data that is elsewhere passes on what is asked and answered.
    fn relay(&mut self, from: NodeId, cell: NodeId, message: Message, config: &Config, io: &mut Io<'_, '_>) {
        match (message, &mut self.data, &config.data) {
            (Message::Ask { asks, whole }, Some(data), Some(config)) => {
                let answers = data.asked(config, cell, &asks, whole, io);
                io.send(from, Message::Relay { cell, message: Box::new(Message::Answer(answers)) });
            }
            (Message::FetchRows, Some(data), _) => {
                io.send(from, Message::Relay { cell, message: Box::new(data.rows()) });
            }
            (message, _, _) => io.send(cell, message),
        }
    }

    fn hear_as_data(&mut self, from: NodeId, message: Message, config: &Config, io: &mut Io<'_, '_>) {
        let (Some(data), Some(config)) = (&mut self.data, &config.data) else { return };
        match message {
            Message::Examine { scope, present } => {
                let findings = data.examine(config, scope, present.as_ref(), io);
                io.send(from, Message::Found { findings, present });
            }
            Message::Repair { findings, present } => data.repair(config, &findings, present, io),
            Message::Unplaced(works) => data.unplaced(config, &works, io),
            Message::Resolve(task) => data.resolve(config, from, task, io),
            Message::Delete(task) => data.delete(config, task, io),
            Message::Sync { wanted } => data.sync(config, from, &wanted, io),
            _ => unreachable!("it is sorted"),
        }
    }

    fn hear_as_hub(&mut self, from: NodeId, message: Message, io: &mut Io<'_, '_>) {
        match (message, &mut self.hub) {
            (Message::Subscribe, Some(hub)) => hub.subscribe(from, io),
            (Message::Subscribe, None) => io.send(from, Message::NotServing),
            (Message::Published(changes), Some(hub)) => hub.publish(&changes, io),
            // It has no lock, so nobody follows it.
            (Message::Published(_), None) => {}
            (Message::FetchRows, Some(_)) => match &self.data {
                Some(data) => io.send(from, data.rows()),
                None => io.tell_data(Message::Relay { cell: from, message: Box::new(Message::FetchRows) }),
            },
            (Message::FetchRows, None) => io.send(from, Message::Rows { rows: None }),
            _ => unreachable!("it is sorted"),
        }
    }

    fn hear_as_converger(&mut self, message: Message, config: &Config, io: &mut Io<'_, '_>) {
        let (Some(converger), Some(config)) = (&mut self.converger, &config.converger) else { return };
        match message {
            Message::Changed { present } => converger.changed(config, present, io),
            Message::Present { purpose, present } => converger.listed(config, purpose, present, io),
            Message::NoLeader(purpose) => converger.unlisted(config, purpose, io),
            Message::Found { findings, present } => converger.found(config, findings, present, io),
            _ => unreachable!("it is sorted"),
        }
    }

    fn hear_as_auctioneer(&mut self, from: NodeId, message: Message, config: &Config, io: &mut Io<'_, '_>) {
        let (Some(auctioneer), Some(config)) = (&mut self.auctioneer, &config.auctioneer) else { return };
        match message {
            Message::Auction { works, present } => auctioneer.asked(config, works, present, io),
            Message::Present { present, .. } => auctioneer.listed(config, present, io),
            Message::NoLeader(_) => auctioneer.unlisted(config, io),
            Message::Load { containers, evacuating } => auctioneer.told(config, from, containers, evacuating, io),
            Message::NotListening => auctioneer.closed(config, from, io),
            Message::Performed { refused } => auctioneer.performed(config, from, refused, io),
            _ => unreachable!("it is sorted"),
        }
    }

    fn hear_as_resolver(&mut self, message: Message, config: &Config, io: &mut Io<'_, '_>) {
        let (Some(resolver), Some(config)) = (&mut self.resolver, &config.resolver) else { return };
        match message {
            Message::Completed(task) => Resolver::completed(task, io),
            Message::Resolved { task, won } => resolver.resolved(config, task, won, io),
            _ => unreachable!("it is sorted"),
        }
    }

    fn fire(&mut self, timer: super::Timer, config: &Config, io: &mut Io<'_, '_>) {
        match timer {
            super::Timer::Data(timer) => {
                if let (Some(data), Some(config)) = (&mut self.data, &config.data) {
                    data.fire(config, timer, io);
                }
            }
            super::Timer::Converger(timer) => {
                if let (Some(converger), Some(config)) = (&mut self.converger, &config.converger) {
                    converger.fire(config, timer, io);
                }
            }
            super::Timer::Auctioneer(timer) => {
                if let (Some(auctioneer), Some(config)) = (&mut self.auctioneer, &config.auctioneer) {
                    auctioneer.fire(config, timer, io);
                }
            }
            super::Timer::Resolver(timer) => {
                if let (Some(resolver), Some(config)) = (&mut self.resolver, &config.resolver) {
                    resolver.fire(config, timer, io);
                }
            }
            // A lock's timers are the contender's, the others are not a host's.
            super::Timer::Lock(..)
            | super::Timer::Registry(_)
            | super::Timer::Cell(_)
            | super::Timer::Bulker(_)
            | super::Timer::Source(_)
            | super::Timer::Emitter(_)
            | super::Timer::Resubscribe => {}
        }
    }

    fn closed(&mut self, peer: NodeId, config: &Config, io: &mut Io<'_, '_>) {
        if let Some(hub) = &mut self.hub {
            hub.closed(peer);
        }
        if peer == REGISTRY {
            if let (Some(converger), Some(config)) = (&mut self.converger, &config.converger) {
                converger.closed(config, io);
            }
            if let (Some(auctioneer), Some(config)) = (&mut self.auctioneer, &config.auctioneer) {
                auctioneer.unlisted(config, io);
            }
        } else if let (Some(auctioneer), Some(config)) = (&mut self.auctioneer, &config.auctioneer) {
            auctioneer.closed(config, peer, io);
        }
        if peer == config.places.data
            && let (Some(converger), Some(config)) = (&mut self.converger, &config.converger)
        {
            converger.lost_data(config, io);
        }
    }
}

fn io<'a, 'b>(
    me: &Me<'_, Site>,
    config: &'a Config,
    fx: &'a mut Effects<Site>,
    local: &'b mut VecDeque<Message>,
) -> Io<'a, 'b> {
    Io { me: me.id, places: &config.places, fx, local }
}

fn nest<R>(number: u8, fx: &mut Effects<Site>, run: impl FnOnce(&mut Effects<lease::Member>) -> R) -> R {
    fx.nested(
        |message| Message::Lock(number, message),
        |timer| super::Timer::Lock(number, timer),
        |event| Event::Lock(number, Acquired(event == lease::Event::Acquired)),
        run,
    )
}

fn holds(lock: &lease::Member) -> bool {
    matches!(lock, lease::Member::Contender(lease::Contender::Holding { .. }))
}

macro_rules! timers_of_parts {
    ($($part:ident $timer:ty),* $(,)?) => {
        $(impl From<$timer> for super::Timer {
            fn from(timer: $timer) -> super::Timer {
                super::Timer::$part(timer)
            }
        })*
    };
}

timers_of_parts!(
    Data data::Timer,
    Converger converger::Timer,
    Auctioneer auctioneer::Timer,
    Resolver resolver::Timer,
);

impl Config {
    /// As a site's.
    pub(super) fn site(self) -> SiteConfig {
        SiteConfig::Host(Box::new(self))
    }
}
