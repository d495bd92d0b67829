//! The `[design]` table of a lock, and the set-up that it describes.

pub(crate) mod consul;
pub(crate) mod etcd2;
mod etcd3;
pub(crate) mod locket;
mod record;
mod work;

use serde::Deserialize;

use self::work::Work;
use super::{
    Config, LOCK, Request, STORE, Site, contender, contender::consul::OnDoubt, machine, machine::NoticesLoss, resource,
    store,
};
use crate::{
    process::NodeId,
    spec::{Builder, Carriage, Class, Clock, DesignError, Link, Links, Node, Reach, Setup},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// How many machines contend: 1 to 250.
    pub contenders: u8,
    pub store: Store,
    pub client: Client,
    pub machine: Machine,
    pub work: Work,
    /// What the workers write to, if anything.
    pub resource: Option<Resource>,
}

/// The store, by its kind.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Store {
    Consul(consul::Store),
    Etcd2(Plain),
    Etcd3(Plain),
    Locket(locket::Store),
    Record(Plain),
}

/// A store without a choice.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plain {}

/// What each machine contends with, by the kind of the store that it talks to.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Client {
    Consul(consul::Client),
    Etcd2(etcd2::Client),
    Etcd3(etcd3::Client),
    Locket(locket::Client),
    Record(record::Client),
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// How long until a supervisor starts a machine again that ended by itself; never, if absent.
    pub restart: Option<Window>,
    #[serde(default)]
    pub notices_loss: NoticesLoss,
    /// See [`machine::Config::notice`].
    pub notice: Option<Duration>,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Whether it rejects a write whose fencing token is less than an earlier one's.
    pub checks_token: bool,
}

impl Design {
    pub(super) fn build(&self, builder: &Builder) -> Result<Setup<Site>, DesignError> {
        self.check()?;
        let parts = self.parts()?;
        let machines: Vec<NodeId> = (1..=self.contenders).map(|index| NodeId(index.into())).collect();
        let nodes = self.nodes(builder, &parts);
        let links = self.links(builder, &machines);
        let reach = Reach { crash: machines.clone(), pause: machines.clone(), cut: machines.clone() };
        let faults = builder.faults(&nodes, &links, &reach, |class| self.own(class, &machines))?;
        Ok(Setup { nodes, links, faults })
    }

    fn check(&self) -> Result<(), DesignError> {
        let expected = format!("a number from 1 to {MOST}");
        require((1..=MOST).contains(&self.contenders), "contenders", &expected, || self.contenders.to_string())?;
        self.work.group()?;
        let recreates = matches!(&self.client, Client::Consul(client) if client.on_doubt == OnDoubt::Recreate);
        let expected = "\"keep\" or \"destroy\": work depends on the lock";
        require(!recreates, "client.on_doubt", expected, || "\"recreate\"".into())?;
        let lockless = matches!(&self.client, Client::Consul(client) if client.lockless.is_some());
        let records = matches!(self.client, Client::Record(_));
        let notice = self.machine.notice;
        let expected = "none where the store is no record: nobody can line up behind a holder there";
        require(records || notice.is_none(), "machine.notice", expected, || {
            notice.map_or(String::new(), |notice| notice.to_string())
        })?;
        let writes = self.work.write_every.is_some();
        let expected = "none where machines write: there is no token without the lock";
        require(!(lockless && writes), "client.lockless", expected, || "a table".into())?;
        match (&self.resource, self.work.write_every) {
            (None, Some(every)) => {
                require(false, "work.write_every", "a [design.resource] to write to", || every.to_string())
            }
            (None, None) | (Some(_), _) => Ok(()),
        }
    }

    fn nodes(&self, builder: &Builder, parts: &Parts) -> Vec<Node<Site>> {
        let clock = Clock { drift: builder.drift, reaction: builder.reaction };
        let fixed = |name: &str, machine: u16, config: Config| Node {
            name: name.into(),
            config,
            machine,
            start: Window::ZERO,
            restart_after_exit: None,
            clock,
            group: None,
        };
        let phase = builder.phase_up_to(parts.longest_period);
        let machine = |index: u8| Node {
            name: name(index),
            config: Config::Machine(Box::new(self.machine(parts, is_asked_to_write(builder)))),
            machine: u16::from(index) + 1,
            start: phase,
            restart_after_exit: self.machine.restart,
            clock,
            group: builder.is_symmetric().then_some(0),
        };
        let store = fixed("S", 0, Config::Store(parts.store.clone()));
        let resource = self.resource.as_ref().map(|resource| {
            let config = resource::Config { checks_token: resource.checks_token };
            fixed("R", u16::from(self.contenders) + 1, Config::Resource(config))
        });
        std::iter::once(store).chain((0..self.contenders).map(machine)).chain(resource).collect()
    }

    /// What the store's and the client's tables say, if they are made for each other.
    pub(super) fn parts(&self) -> Result<Parts, DesignError> {
        match (&self.store, &self.client) {
            (Store::Consul(store), Client::Consul(client)) => client.parts(store, LOCK),
            (Store::Etcd2(_), Client::Etcd2(client)) => client.parts(LOCK),
            (Store::Etcd3(_), Client::Etcd3(client)) => client.parts(),
            (Store::Locket(store), Client::Locket(client)) => client.parts(store, LOCK),
            (Store::Record(_), Client::Record(client)) => client.parts(),
            (store, client) => {
                let expected = format!("{:?}, like the store", store.kind());
                Err(DesignError { key: "design.client.kind".into(), expected, got: format!("{:?}", client.kind()) })
            }
        }
    }

    /// `writes`: whether somebody may ask for a write. Who never writes keeps no token.
    pub(super) fn machine(&self, parts: &Parts, writes: bool) -> machine::Config {
        let every = self.work.write_every;
        let write = (writes || every.is_some()).then(|| super::work::Write { to: self.resource_id(), every });
        let members = self.work.group().expect("the work was checked");
        let work = super::work::Config { members, write };
        let Machine { notices_loss, notice, .. } = self.machine;
        machine::Config { contender: parts.contender.clone(), work, notices_loss, notice }
    }

    /// The resource is the last node.
    const fn resource_id(&self) -> NodeId {
        NodeId(self.contenders as u16 + 1)
    }

    fn links(&self, builder: &Builder, machines: &[NodeId]) -> Links {
        let carriage = Carriage::Stream { rto: builder.rto, patience: builder.patience };
        let link = Link { carriage, delay: builder.delay, capacity: builder.capacity };
        let mut links = Links::none(machines.len() + 1 + usize::from(self.resource.is_some()));
        for &machine in machines {
            links.connect(STORE, machine, link);
            if self.resource.is_some() {
                links.connect(machine, self.resource_id(), link);
            }
        }
        links
    }

    /// The fault classes of this protocol: whom they hit, and what they ask.
    fn own(&self, class: &Class, machines: &[NodeId]) -> Result<Option<(Vec<NodeId>, Request)>, DesignError> {
        match class.key.as_str() {
            "terminate" => Ok(Some((machines.to_vec(), Request::Terminate))),
            WRITE => {
                let expected = "a [design.resource] to write to";
                require(self.resource.is_some(), "resource", expected, || "none, and a ledger with `write`".into())?;
                Ok(Some((machines.to_vec(), Request::Write)))
            }
            "election" => Ok(Some((vec![STORE], Request::LoseLeader { outage: class.lasts()? }))),
            _ => Ok(None),
        }
    }
}

/// The ledger's key for a write that somebody asks for.
const WRITE: &str = "write";

fn is_asked_to_write(builder: &Builder) -> bool {
    builder.classes.iter().any(|class| class.key == WRITE)
}

impl Store {
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Store::Consul(_) => "consul",
            Store::Etcd2(_) => "etcd2",
            Store::Etcd3(_) => "etcd3",
            Store::Locket(_) => "locket",
            Store::Record(_) => "record",
        }
    }
}

impl Client {
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Client::Consul(_) => "consul",
            Client::Etcd2(_) => "etcd2",
            Client::Etcd3(_) => "etcd3",
            Client::Locket(_) => "locket",
            Client::Record(_) => "record",
        }
    }
}

/// The parts of a design that depend on the kind of its store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Parts {
    pub(crate) store: store::Config,
    pub(crate) contender: contender::Config,
    pub(crate) longest_period: Duration,
}

pub(crate) fn require(met: bool, key: &str, expected: &str, got: impl FnOnce() -> String) -> Result<(), DesignError> {
    if met {
        return Ok(());
    }
    Err(DesignError { key: format!("design.{key}"), expected: expected.into(), got: got() })
}

/// What the checkers take.
const MOST: u8 = 250;

/// The name of a machine: a letter, and from the 17th on a number. R is the resource and S the store.
fn name(index: u8) -> String {
    const LETTERS: [u8; 16] = *b"ABCDEFGHIJKLMNOP";
    match LETTERS.get(usize::from(index)) {
        Some(letter) => char::from(*letter).to_string(),
        None => format!("M{}", index + 1),
    }
}
