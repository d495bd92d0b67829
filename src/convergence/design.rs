//! The `[design]` table of convergence, and the set-up that it describes.

use serde::Deserialize;

use super::{
    Config, REGISTRY, Request, Site, auctioneer, bulker, cell, converger, data, emitter,
    host::{self, Places},
    lrp, registry, resolver, source, subscription, watcher,
};
use crate::{
    lease,
    process::{MOST_NODES, NodeId},
    spec::{Builder, Carriage, Class, Clock, DesignError, Link, Links, Node, Reach, Setup},
    time::{Duration, Window},
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// How many cells there are.
    pub cells: u16,
    /// How many LRPs of one instance, and how many Tasks.
    pub lrps: u16,
    pub tasks: u16,
    pub registry: registry::Config,
    pub data: data::Config,
    pub converger: converger::Config,
    pub auctioneer: auctioneer::Config,
    pub resolver: resolver::Config,
    pub cell: cell::Config,
    /// Others that can call clients back, beside the BBS.
    #[serde(default)]
    pub receptors: u16,
    /// Whether the BBS calls clients back, or only receptors do, as in 2014.
    #[serde(default = "yes")]
    pub bbs_calls_back: bool,
    /// When the hosts start; with the registry, if absent. Later than the cells, the first auction finds them all.
    pub hosts_start: Option<Window>,
    /// Who learns from outside which LRPs are wanted; they are from the start, if absent.
    pub bulker: Option<Bulker>,
    /// Who gives notice of crashes, if anybody does.
    pub watcher: Option<Watcher>,
    /// Who tells routers what runs where, if anybody does.
    pub emitter: Option<Emitter>,
    /// The data, the BBS and the auctioneer as nodes of their own; one node, if absent.
    pub apart: Option<Apart>,
}

/// See [`bulker::Config`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bulker {
    pub interval: Duration,
    /// How long the domain is fresh after a sync.
    pub freshness: Duration,
    #[serde(default)]
    pub believes_silence: bool,
}

/// See [`watcher::Config`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watcher {
    /// How many there are.
    #[serde(default = "one")]
    pub many: u16,
    pub retry: Duration,
    #[serde(default)]
    pub catches_up: bool,
}

/// See [`emitter::Config`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Emitter {
    pub sync: Duration,
    pub retry: Duration,
    #[serde(default = "yes")]
    pub caches: bool,
    #[serde(default)]
    pub syncs_anew: bool,
}

/// The data, the BBS and the auctioneer are nodes of their own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Apart {
    pub bbs: u16,
    pub auctioneers: u16,
    /// The lock of each kind.
    pub lock: lease::Design,
}

impl Design {
    pub(super) fn build(&self, builder: &Builder) -> Result<Setup<Site>, DesignError> {
        self.check()?;
        let plan = Plan::of(self);
        let nodes = self.nodes(builder, &plan);
        let links = self.links(builder, &plan, nodes.len());
        let mut hit = plan.cells.clone();
        hit.extend(&plan.hosts);
        hit.extend(plan.bulker);
        hit.extend(plan.followers());
        let cut = plan.cells.iter().copied().chain(plan.followers()).collect();
        let reach = Reach { crash: hit.clone(), pause: hit, cut };
        let faults = builder.faults(&nodes, &links, &reach, |class| own(class, &plan))?;
        Ok(Setup { nodes, links, faults })
    }

    fn check(&self) -> Result<(), DesignError> {
        let refuse = |key: &str, expected: &str, got: String| {
            Err(DesignError { key: format!("design.{key}"), expected: expected.into(), got })
        };
        let hosts = self.apart.as_ref().map_or(1, |apart| 1 + apart.bbs + apart.auctioneers);
        let outside = 2 * u32::from(self.bulker.is_some());
        let followers = u32::from(self.watchers()) + u32::from(self.emitter.is_some());
        let nodes = u32::from(self.cells) + u32::from(hosts) + u32::from(self.receptors) + outside + followers + 1;
        if self.cells == 0 || nodes > MOST {
            return refuse(
                "cells",
                &format!("a number from 1, so that there are {MOST} nodes at most"),
                self.cells.to_string(),
            );
        }
        if self.registry.multiplier == 0 {
            return refuse("registry.multiplier", "a number from 1", "0".into());
        }
        if self.watcher.is_some_and(|watcher| watcher.many == 0) {
            return refuse("watcher.many", "a number from 1", "0".into());
        }
        match &self.apart {
            Some(apart) if apart.bbs == 0 => refuse("apart.bbs", "a number from 1", "0".into()),
            _ if !self.bbs_calls_back && self.receptors == 0 => {
                refuse("receptors", "a number from 1, as the BBS does not call back", "0".into())
            }
            Some(apart) if apart.auctioneers == 0 => refuse("apart.auctioneers", "a number from 1", "0".into()),
            Some(_) | None => Ok(()),
        }
    }

    fn watchers(&self) -> u16 {
        self.watcher.map_or(0, |watcher| watcher.many)
    }

    fn nodes(&self, builder: &Builder, plan: &Plan) -> Vec<Node<Site>> {
        let clock = Clock { drift: builder.drift, reaction: builder.reaction };
        let node = |name: String, id: NodeId, config: Config, start: Window| Node {
            name,
            config,
            machine: id.0,
            start,
            restart_after_exit: None,
            clock,
            group: None,
        };
        let mut nodes = vec![node("S".into(), REGISTRY, self.registry(), Window::ZERO)];
        for (id, name, config) in self.hosts(plan) {
            nodes.push(node(name, id, config.site(), self.hosts_start.unwrap_or(Window::ZERO)));
        }
        let phase = builder.phase_up_to(self.cell.heartbeat.unwrap_or(Duration::ZERO));
        let config = cell::Config { bbs: plan.places.bbs.clone(), ..self.cell.clone() };
        let is_symmetric = is_symmetric(builder, plan);
        for (index, id) in plan.cells.iter().enumerate() {
            let cell = node(format!("C{}", index + 1), *id, Config::Cell(Box::new(config.clone())), phase);
            let group = is_symmetric.then_some(0);
            nodes.push(Node { group, restart_after_exit: self.cell.restart, ..cell });
        }
        if let (Some(table), Some(id), Some(source)) = (&self.bulker, plan.bulker, plan.source) {
            let Bulker { interval, believes_silence, .. } = *table;
            let config = bulker::Config { interval, believes_silence, source, data: plan.places.data };
            nodes.push(node("N".into(), id, Config::Bulker(config), self.hosts_start.unwrap_or(Window::ZERO)));
            nodes.push(node("O".into(), source, Config::Source(source::Config { lrps: self.lrps }), Window::ZERO));
        }
        for (id, name, config) in self.followers(plan) {
            nodes.push(node(name, id, config, self.hosts_start.unwrap_or(Window::ZERO)));
        }
        nodes
    }

    /// Those who follow a BBS's events, in the order of their nodes.
    fn followers(&self, plan: &Plan) -> Vec<(NodeId, String, Config)> {
        let subscription = |retry| subscription::Config { retry, bbs: plan.places.bbs.clone() };
        let mut followers = Vec::new();
        if let Some(Watcher { retry, catches_up, .. }) = self.watcher {
            let config = watcher::Config { subscription: subscription(retry), catches_up };
            for (index, id) in plan.watchers.iter().enumerate() {
                followers.push((*id, format!("W{}", index + 1), Config::Watcher(config.clone())));
            }
        }
        if let (Some(Emitter { sync, retry, caches, syncs_anew }), Some(id)) = (self.emitter, plan.emitter) {
            let config = emitter::Config { subscription: subscription(retry), sync, caches, syncs_anew };
            followers.push((id, "E".into(), Config::Emitter(config)));
        }
        followers
    }

    fn registry(&self) -> Config {
        let lock = self.apart.iter().flat_map(|apart| [&apart.lock, &apart.lock]);
        let locks = lock.map(|lock| lease::Config::Store(lock.store.clone())).collect();
        Config::Registry(registry::Config { locks, ..self.registry.clone() })
    }

    /// Every host, in the order of its node.
    fn hosts(&self, plan: &Plan) -> Vec<(NodeId, String, host::Config)> {
        let nothing = host::Config {
            places: plan.places.clone(),
            data: None,
            converger: None,
            auctioneer: None,
            resolver: None,
            hub: false,
            lock: None,
        };
        let freshness = self.bulker.map(|bulker| bulker.freshness);
        let hub = plan.followers().next().is_some();
        let counts_every_crash = self.watcher.is_some_and(|watcher| watcher.catches_up);
        let data = data::Config {
            rules: lrp::Rules { counts_every_crash, ..self.data.rules.clone() },
            lrps: self.lrps,
            tasks: self.tasks,
            apart: self.apart.is_some(),
            freshness,
            publishes: hub,
            ..self.data.clone()
        };
        let (converger, auctioneer) = (Some(self.converger.clone()), Some(self.auctioneer.clone()));
        let called_by_receptors = Some(self.resolver.clone());
        let resolver = called_by_receptors.clone().filter(|_| self.bbs_calls_back);
        let data = host::Config { data: Some(data), ..nothing.clone() };
        let mut hosts = Vec::new();
        match &self.apart {
            None => {
                let all = host::Config { converger, auctioneer, resolver, hub, ..data };
                hosts.push((plan.places.data, "B".to_string(), all));
            }
            Some(apart) => {
                let lock = |number| Some((number, lease::Config::Contender(apart.lock.contender.clone())));
                hosts.push((plan.places.data, "D".into(), data));
                for (index, id) in plan.places.bbs.iter().enumerate() {
                    let (converger, resolver) = (converger.clone(), resolver.clone());
                    let bbs = host::Config { converger, resolver, hub, lock: lock(0), ..nothing.clone() };
                    hosts.push((*id, format!("B{}", index + 1), bbs));
                }
                for (index, id) in plan.places.auctioneers.iter().enumerate() {
                    let auctioneer = auctioneer.clone();
                    let config = host::Config { auctioneer, lock: lock(1), ..nothing.clone() };
                    hosts.push((*id, format!("U{}", index + 1), config));
                }
            }
        }
        for (index, id) in plan.receptors.iter().enumerate() {
            let config = host::Config { resolver: called_by_receptors.clone(), ..nothing.clone() };
            hosts.push((*id, format!("R{}", index + 1), config));
        }
        hosts
    }

    /// Everybody may talk to everybody, but cells not to each other.
    fn links(&self, builder: &Builder, plan: &Plan, nodes: usize) -> Links {
        let carriage = Carriage::Stream { rto: builder.rto, patience: builder.patience };
        let link = Link { carriage, delay: builder.delay, capacity: builder.capacity };
        let mut links = Links::none(nodes);
        let hosts = &plan.hosts;
        for (place, host) in hosts.iter().enumerate() {
            links.connect(REGISTRY, *host, link);
            for other in &hosts[place + 1..] {
                links.connect(*host, *other, link);
            }
            for cell in &plan.cells {
                links.connect(*host, *cell, link);
            }
        }
        for cell in &plan.cells {
            links.connect(REGISTRY, *cell, link);
        }
        if let (Some(bulker), Some(source)) = (plan.bulker, plan.source) {
            links.connect(bulker, source, link);
            links.connect(bulker, plan.places.data, link);
        }
        for follower in plan.followers() {
            for bbs in &plan.places.bbs {
                links.connect(follower, *bbs, link);
            }
        }
        links
    }
}

/// Which node is what.
struct Plan {
    places: Places,
    receptors: Vec<NodeId>,
    /// All but the registry and the cells.
    hosts: Vec<NodeId>,
    cells: Vec<NodeId>,
    bulker: Option<NodeId>,
    source: Option<NodeId>,
    watchers: Vec<NodeId>,
    emitter: Option<NodeId>,
}

impl Plan {
    fn of(design: &Design) -> Plan {
        let mut next = 0;
        let mut take = |many: u16| -> Vec<NodeId> {
            (0..many)
                .map(|_| {
                    next += 1;
                    NodeId(next)
                })
                .collect()
        };
        let data = take(1)[0];
        let (bbs, auctioneers) = match &design.apart {
            None => (vec![data], vec![data]),
            Some(apart) => (take(apart.bbs), take(apart.auctioneers)),
        };
        let receptors = take(design.receptors);
        let last = receptors.last().or(auctioneers.last()).copied().unwrap_or(data);
        let hosts = (data.0..=last.0).map(NodeId).collect();
        let callers = bbs.iter().filter(|_| design.bbs_calls_back);
        let resolvers = callers.chain(&receptors).copied().collect();
        let places = Places { data, bbs, auctioneers, resolvers };
        let cells = take(design.cells);
        let many = u16::from(design.bulker.is_some());
        let (bulker, source) = (take(many).pop(), take(many).pop());
        let watchers = take(design.watchers());
        let emitter = take(u16::from(design.emitter.is_some())).pop();
        Plan { places, receptors, hosts, cells, bulker, source, watchers, emitter }
    }

    /// Those who follow a BBS's events.
    fn followers(&self) -> impl Iterator<Item = NodeId> + use<'_> {
        self.watchers.iter().copied().chain(self.emitter)
    }
}

/// Whether cells are alike under a ledger: each class that names nodes names every cell or none.
fn is_symmetric(builder: &Builder, plan: &Plan) -> bool {
    let all = plan.cells.len();
    let cell = |name: &&String| name.starts_with('C');
    let alike = |names: &Vec<String>| [0, all].contains(&names.iter().filter(cell).count());
    builder.classes.iter().all(|class| class.nodes.as_ref().is_none_or(alike))
}

/// The fault classes of this protocol: whom they hit, and what they ask.
fn own(class: &Class, plan: &Plan) -> Result<Option<(Vec<NodeId>, Request)>, DesignError> {
    Ok(Some(match class.key.as_str() {
        "election" => (vec![REGISTRY], Request::LoseLeader { outage: class.lasts()? }),
        "agent" => (plan.cells.clone(), Request::LoseAgent { outage: class.lasts()? }),
        "evacuate" => (plan.cells.clone(), Request::Evacuate),
        "container" => (plan.cells.clone(), Request::CrashContainer),
        "scale-down" => (vec![plan.source.unwrap_or(plan.places.data)], Request::ScaleDown),
        "source" => (plan.source.into_iter().collect(), Request::LoseSource { outage: class.lasts()? }),
        _ => return Ok(None),
    }))
}

const MOST: u32 = MOST_NODES as u32;

const fn yes() -> bool {
    true
}

const fn one() -> u16 {
    1
}
