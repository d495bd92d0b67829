//! The `[design]` table of presences, and the set-up that it describes.

use serde::Deserialize;

use super::{
    Config, Site, auctioneer,
    cell::{self, KeeperConfig, OnLoss, Ready},
    converger::{self, Begins},
    lease,
    load::{self, Load},
    registry::{self, Counts, Kind, Registry, Tells},
    watcher::{self, By},
};
use crate::{
    lock::{
        Request, STORE,
        contender::consul::OnDoubt,
        design::{self as lock, Parts, Store, require},
        store,
    },
    process::NodeId,
    spec::{Builder, Carriage, Class, Clock, DesignError, Link, Links, Node, Reach, Setup},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// How many cells there are: 1 to 8.
    pub cells: u8,
    pub store: Store,
    /// Who else uses the store, and what that costs it; without it the store answers at once.
    pub load: Option<Load>,
    pub client: Client,
    pub cell: Cell,
    #[serde(default)]
    pub readers: Readers,
    pub converger: Option<Converger>,
    pub auctioneer: Option<Auctioneer>,
}

/// What each cell keeps its presence with, by the kind of the store that it talks to.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Client {
    Consul(lock::consul::Client),
    Etcd2(lock::etcd2::Client),
    Etcd3(Lease),
    Locket(lock::locket::Client),
}

/// See [`lease::Config`] for what the keys mean.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    pub ttl: Duration,
    pub renew_every: Duration,
    pub retry: Duration,
    #[serde(default = "yes")]
    pub attaches: bool,
    #[serde(default = "yes")]
    pub replaces: bool,
    pub clean_stop: lease::CleanStop,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    pub ready: Ready,
    pub on_loss: Loss,
    /// How long after a loss its client starts again, where it goes on and the client does not by itself.
    pub retry: Option<Duration>,
    /// How long until a supervisor starts a cell again that ended by itself; never, if absent.
    pub restart: Option<Window>,
}

/// See [`OnLoss`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    Exits,
    Retries,
}

/// What those who read presences make of the answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Readers {
    pub counts: Counts,
    pub tells: Tells,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Converger {
    pub interval: Duration,
    /// How soon it tries again when it could not learn who is present; after `interval`, if absent.
    pub after_failure: Option<Duration>,
    #[serde(default)]
    pub watch: Watch,
    /// How long its question waits for a difference, with the server's own jitter.
    pub wait: Option<Window>,
    /// How long the watch rests after a failure.
    #[serde(default = "one_second")]
    pub retry: Duration,
    #[serde(default)]
    pub begins: Begins,
}

/// See [`By`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Watch {
    #[default]
    Nothing,
    Difference,
    NextChange,
    AllChanges,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auctioneer {
    /// When it has work to place again.
    pub every: Window,
}

impl Design {
    pub(super) fn build(&self, builder: &Builder) -> Result<Setup<Site>, DesignError> {
        let expected = format!("a number from 1 to {}", registry::MOST);
        require((1..=registry::MOST).contains(&self.cells), "cells", &expected, || self.cells.to_string())?;
        let cells: Vec<NodeId> = (1..=self.cells).map(|index| NodeId(index.into())).collect();
        let nodes = self.nodes(builder, &cells)?;
        let readers = cells.len() + 1..nodes.len();
        let links = links(builder, nodes.len());
        let mut anyone = cells.clone();
        anyone.extend(readers.map(|index| NodeId(index as u16)));
        let reach = Reach { crash: anyone.clone(), pause: anyone.clone(), cut: anyone };
        let faults = builder.faults(&nodes, &links, &reach, |class| own(class, &cells))?;
        Ok(Setup { nodes, links, faults })
    }

    fn nodes(&self, builder: &Builder, cells: &[NodeId]) -> Result<Vec<Node<Site>>, DesignError> {
        let clock = Clock { drift: builder.drift, reaction: builder.reaction };
        let node = |name: String, machine: usize, config, start, restart_after_exit| Node {
            name,
            config,
            machine: machine as u16,
            start,
            restart_after_exit,
            clock,
            group: None,
        };
        let (store, period) = self.store(cells[0])?;
        let store = match self.load {
            None => Config::Store(store),
            Some(load) => {
                load.check()?;
                Config::BusyStore(load::Config { store, load })
            }
        };
        let mut nodes = vec![node("S".into(), 0, store, Window::ZERO, None)];
        let phase = builder.phase_up_to(period);
        for &cell in cells {
            let config = Config::Cell(Box::new(self.cell(cell)?));
            nodes.push(node(name(cell), cell.index(), config, phase, self.cell.restart));
        }
        if let Some(converger) = &self.converger {
            let config = Config::Converger(converger.config(self.registry())?);
            nodes.push(node("C".into(), nodes.len(), config, builder.phase_up_to(converger.interval), None));
        }
        if let Some(Auctioneer { every }) = self.auctioneer {
            let phase = builder.phase_up_to(every.hi());
            let config = auctioneer::Config { registry: self.registry(), every };
            nodes.push(node("U".into(), nodes.len(), Config::Auctioneer(config), phase, None));
        }
        Ok(nodes)
    }

    /// The store, and the longest period of a cell's client.
    fn store(&self, cell: NodeId) -> Result<(store::Config, Duration), DesignError> {
        match &self.client {
            Client::Etcd3(lease) => Ok((store::Config::Etcd3, lease.renew_every.max(lease.retry))),
            Client::Consul(_) | Client::Etcd2(_) | Client::Locket(_) => {
                let parts = self.parts(cell)?;
                Ok((parts.store, parts.longest_period))
            }
        }
    }

    /// What the store's and the client's tables say, if they are made for each other.
    fn parts(&self, cell: NodeId) -> Result<Parts, DesignError> {
        let key = registry::key(cell);
        match (&self.store, &self.client) {
            (Store::Consul(store), Client::Consul(client)) => client.parts(store, key),
            (Store::Etcd2(_), Client::Etcd2(client)) => client.parts(key),
            (Store::Locket(store), Client::Locket(client)) => client.parts(store, key),
            (store, client) => {
                let got = match client {
                    Client::Consul(_) => "consul",
                    Client::Etcd2(_) => "etcd2",
                    Client::Etcd3(_) => "etcd3",
                    Client::Locket(_) => "locket",
                };
                let expected = format!("{:?}, like the store", store.kind());
                Err(DesignError { key: "design.client.kind".into(), expected, got: format!("{got:?}") })
            }
        }
    }

    fn cell(&self, cell: NodeId) -> Result<cell::Config, DesignError> {
        let keeper = match (&self.store, &self.client) {
            (Store::Etcd3(_), Client::Etcd3(lease)) => {
                let expected = format!("less than the time to live, {}", lease.ttl);
                let in_time = lease.renew_every < lease.ttl;
                require(in_time, "client.renew_every", &expected, || lease.renew_every.to_string())?;
                let Lease { ttl, renew_every, retry, attaches, replaces, clean_stop } = *lease;
                let key = registry::key(cell);
                KeeperConfig::Lease(lease::Config { key, ttl, renew_every, retry, attaches, replaces, clean_stop })
            }
            _ => KeeperConfig::Lock(self.parts(cell)?.contender),
        };
        let by_itself = match &self.client {
            Client::Consul(client) => client.on_doubt == OnDoubt::Recreate,
            Client::Etcd3(_) => true,
            Client::Etcd2(_) | Client::Locket(_) => false,
        };
        let on_loss = match (self.cell.on_loss, self.cell.retry) {
            (Loss::Exits, _) => OnLoss::Exits,
            (Loss::Retries, Some(after)) => OnLoss::Retries { after },
            (Loss::Retries, None) => {
                require(by_itself, "cell.retry", "a span, as its client does not try again", || "nothing".into())?;
                OnLoss::Retries { after: Duration::NEVER }
            }
        };
        Ok(cell::Config { keeper, ready: self.cell.ready, on_loss })
    }

    fn registry(&self) -> Registry {
        let kind = match &self.client {
            Client::Consul(_) => Kind::Consul,
            Client::Etcd2(_) => Kind::Etcd2,
            Client::Etcd3(_) => Kind::Etcd3,
            Client::Locket(_) => Kind::Locket,
        };
        Registry { kind, counts: self.readers.counts, tells: self.readers.tells }
    }
}

impl Converger {
    fn config(&self, registry: Registry) -> Result<converger::Config, DesignError> {
        let Converger { interval, after_failure, watch, wait, retry, begins } = *self;
        let needs = |kinds: &[Kind], expected: &str| {
            require(kinds.contains(&registry.kind), "converger.watch", expected, || format!("{watch:?}"))
        };
        let by = match (watch, wait) {
            (Watch::Nothing, _) => By::Nothing,
            (Watch::Difference, Some(wait)) => {
                needs(&[Kind::Consul], "a watch that this store knows; differences are Consul's")?;
                By::Difference { wait }
            }
            (Watch::Difference, None) => {
                return require(false, "converger.wait", "a span, with a watch of differences", || "nothing".into())
                    .map(|()| unreachable!("it is refused"));
            }
            (Watch::NextChange, _) => {
                needs(&[Kind::Etcd2], "a watch that this store knows; the next change is etcd 2's")?;
                By::Next
            }
            (Watch::AllChanges, _) => {
                needs(&[Kind::Etcd3], "a watch that this store knows; all changes are etcd 3's")?;
                By::All
            }
        };
        let watcher = watcher::Config { registry, by, retry };
        let after_failure = after_failure.unwrap_or(interval);
        Ok(converger::Config { registry, watcher, interval, after_failure, begins })
    }
}

/// Everyone talks to the store, and to nobody else.
fn links(builder: &Builder, nodes: usize) -> Links {
    let carriage = Carriage::Stream { rto: builder.rto, patience: builder.patience };
    let link = Link { carriage, delay: builder.delay, capacity: builder.capacity };
    let mut links = Links::none(nodes);
    for node in 1..nodes {
        links.connect(STORE, NodeId(node as u16), link);
    }
    links
}

/// The fault classes of this protocol: whom they hit, and what they ask.
fn own(class: &Class, cells: &[NodeId]) -> Result<Option<(Vec<NodeId>, Request)>, DesignError> {
    match class.key.as_str() {
        "terminate" => Ok(Some((cells.to_vec(), Request::Terminate))),
        "election" => Ok(Some((vec![STORE], Request::LoseLeader { outage: class.lasts()? }))),
        _ => Ok(None),
    }
}

/// C is the converger.
fn name(cell: NodeId) -> String {
    const LETTERS: [char; registry::MOST as usize] = ['A', 'B', 'D', 'E', 'F', 'G', 'H', 'I'];
    LETTERS[cell.index() - 1].to_string()
}

const fn yes() -> bool {
    true
}

const fn one_second() -> Duration {
    Duration::from_secs(1)
}
