//! The `[design]` table of a lock, and the set-up that it describes.

use serde::Deserialize;

use super::{
    Config, Request, STORE, Site, contender,
    contender::{CleanStop, OnDoubt, OnRenewFailure},
    machine, resource, work,
};
use crate::{
    process::NodeId,
    spec::{Builder, Carriage, Class, Clock, DesignError, Link, Links, Node, Reach, Setup},
    store::consul::{self, Behavior},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// How many machines contend: 1 to 16.
    pub contenders: u8,
    pub store: Store,
    pub client: Client,
    pub machine: Machine,
    pub work: Work,
    /// What the workers write to, if anything.
    pub resource: Option<Resource>,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    pub kind: StoreKind,
    /// What clients ask for. The store waits `ttl_multiplier` times as long.
    pub session_ttl: Duration,
    pub ttl_multiplier: u8,
    pub lock_delay: Duration,
    pub behavior: Behavior,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreKind {
    Consul,
}

/// See [`contender::Config`] for what the keys mean.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    pub renew_every: Duration,
    pub on_renew_failure: RenewFailure,
    /// How long after a failed renewal the next one comes, where there is one.
    #[serde(default = "one_second")]
    pub renew_retry: Duration,
    pub wait: Option<Window>,
    pub monitor_wait: Option<Window>,
    pub refused_retry: Duration,
    pub error_retry: Duration,
    pub on_doubt: OnDoubt,
    pub clean_stop: CleanStop,
    #[serde(default)]
    pub cleans_up: bool,
    pub request_timeout: Option<Duration>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RenewFailure {
    Stop,
    Retry,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// How long until a supervisor starts a machine again that ended by itself; never, if absent.
    pub restart: Option<Window>,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// How long the work takes to begin.
    pub start: Window,
    /// How long the work takes to end in good order. It may act meanwhile.
    pub stop: Window,
    /// How often a worker writes to the resource.
    pub write_every: Option<Duration>,
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
        let machines: Vec<NodeId> = (1..=self.contenders).map(NodeId).collect();
        let nodes = self.nodes(builder);
        let links = self.links(builder, &machines);
        let reach = Reach { crash: machines.clone(), pause: machines.clone(), cut: machines.clone() };
        let faults = builder.faults(&nodes, &links, &reach, |class| own(class, &machines))?;
        Ok(Setup { nodes, links, faults })
    }

    fn check(&self) -> Result<(), DesignError> {
        let refuse = |key: &str, expected: &str, got: String| {
            Err(DesignError { key: format!("design.{key}"), expected: expected.into(), got })
        };
        if !(1..=NAMES.len()).contains(&usize::from(self.contenders)) {
            return refuse("contenders", "a number from 1 to 16", self.contenders.to_string());
        }
        if self.store.ttl_multiplier == 0 {
            return refuse("store.ttl_multiplier", "at least 1", "0".into());
        }
        if self.client.renew_every > self.store.session_ttl {
            let expected = format!("at most the session's {}", self.store.session_ttl);
            return refuse("client.renew_every", &expected, self.client.renew_every.to_string());
        }
        match (&self.resource, self.work.write_every) {
            (None, Some(every)) => refuse("work.write_every", "a [design.resource] to write to", every.to_string()),
            (Some(_), None) => refuse("work", "a `write_every`, as there is a resource", "none".into()),
            (None, None) | (Some(_), Some(_)) => Ok(()),
        }
    }

    fn nodes(&self, builder: &Builder) -> Vec<Node<Site>> {
        let clock = Clock { drift: builder.drift, reaction: builder.reaction };
        let fixed = |name: &str, machine: u8, config: Config| Node {
            name: name.into(),
            config,
            machine,
            start: Window::ZERO,
            restart_after_exit: None,
            clock,
            group: None,
        };
        let phase = builder.phase_up_to(self.longest_period());
        let machine = |index: u8| Node {
            name: NAMES[usize::from(index)].into(),
            config: Config::Machine(self.machine()),
            machine: index + 1,
            start: phase,
            restart_after_exit: self.machine.restart,
            clock,
            group: builder.is_symmetric().then_some(0),
        };
        let store = fixed("S", 0, Config::Store(self.store()));
        let resource = self.resource.as_ref().map(|resource| {
            let config = resource::Config { checks_token: resource.checks_token };
            fixed("R", self.contenders + 1, Config::Resource(config))
        });
        std::iter::once(store).chain((0..self.contenders).map(machine)).chain(resource).collect()
    }

    fn longest_period(&self) -> Duration {
        let Client { renew_every, wait, refused_retry, error_retry, .. } = self.client;
        let wait = wait.map_or(Duration::ZERO, Window::lo);
        renew_every.max(refused_retry).max(error_retry).max(wait)
    }

    fn store(&self) -> consul::Config {
        let Store { session_ttl, ttl_multiplier, lock_delay, behavior, .. } = self.store;
        consul::Config { expiry: session_ttl.times(i64::from(ttl_multiplier)), lock_delay, behavior }
    }

    pub(super) fn machine(&self) -> machine::Config {
        let client = &self.client;
        let on_renew_failure = match client.on_renew_failure {
            RenewFailure::Stop => OnRenewFailure::Stop,
            RenewFailure::Retry => OnRenewFailure::Retry {
                every: client.renew_retry,
                left: self.store.session_ttl.minus(client.renew_every),
            },
        };
        let contender = contender::Config {
            store: STORE,
            renew_every: client.renew_every,
            on_renew_failure,
            wait: client.wait,
            monitor_wait: client.monitor_wait,
            refused_retry: client.refused_retry,
            error_retry: client.error_retry,
            on_doubt: client.on_doubt,
            clean_stop: client.clean_stop,
            cleans_up: client.cleans_up,
            request_timeout: client.request_timeout,
        };
        let write = self.work.write_every.map(|every| work::Write { to: self.resource_id(), every });
        let work = work::Config { start: self.work.start, stop: self.work.stop, write };
        machine::Config { contender, work }
    }

    /// The resource is the last node.
    const fn resource_id(&self) -> NodeId {
        NodeId(self.contenders + 1)
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
}

/// The fault classes of this protocol: whom they hit, and what they ask.
fn own(class: &Class, machines: &[NodeId]) -> Result<Option<(Vec<NodeId>, Request)>, DesignError> {
    match class.key.as_str() {
        "terminate" => Ok(Some((machines.to_vec(), Request::Terminate))),
        "election" => Ok(Some((vec![STORE], Request::LoseLeader { outage: class.lasts()? }))),
        _ => Ok(None),
    }
}

const fn one_second() -> Duration {
    Duration::from_secs(1)
}

/// Names of machines; R is the resource and S the store.
const NAMES: [&str; 16] = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O", "P"];
