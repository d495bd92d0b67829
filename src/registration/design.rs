//! The `[design]` table of a registration, and the set-up that it describes.

use serde::Deserialize;

use super::{AGENT, CATALOG, CLIENT, Config, Reads, Request, SERVICE, Site, agent, catalog, client, service};
use crate::{
    process::NodeId,
    spec::{Builder, Carriage, Class, Clock, DesignError, Link, Links, Node, Reach, Setup},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    #[serde(default)]
    pub catalog: Catalog,
    pub agent: Agent,
    pub service: Service,
    /// Who looks the service up, if anybody.
    pub client: Option<Client>,
}

/// See [`catalog::Config`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    pub lag: Option<Window>,
}

/// See [`agent::Config`] for what the keys mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    pub check_ttl: Duration,
    pub full_sync: Window,
    pub full_sync_tells: agent::Tells,
    pub sync_retry: Option<Duration>,
    /// How long a message within the machine takes.
    pub local_delay: Window,
}

/// See [`service::Config`] for what the keys mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    pub beat: Duration,
    pub retry: Duration,
    pub on_failed_beat: service::OnFailedBeat,
}

/// See [`client::Config`] for what the keys mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    pub every: Duration,
    pub reads: Reads,
}

impl Design {
    pub(super) fn build(&self, builder: &Builder) -> Result<Setup<Site>, DesignError> {
        let nodes = self.nodes(builder);
        let links = self.links(builder);
        let reach = Reach { crash: vec![AGENT, SERVICE], pause: vec![AGENT, SERVICE], cut: vec![AGENT] };
        let faults = builder.faults(&nodes, &links, &reach, own)?;
        Ok(Setup { nodes, links, faults })
    }

    fn nodes(&self, builder: &Builder) -> Vec<Node<Site>> {
        let Design { catalog, agent, service, client } = self;
        let node = |name: &str, machine, config, start| Node {
            name: name.into(),
            config,
            machine,
            start,
            restart_after_exit: None,
            clock: Clock { drift: builder.drift, reaction: builder.reaction },
            group: None,
        };
        let catalog = catalog::Config { lag: catalog.lag.unwrap_or(Window::ZERO) };
        let Agent { check_ttl, full_sync, full_sync_tells, sync_retry, .. } = *agent;
        let agent = agent::Config { check_ttl, full_sync, full_sync_tells, sync_retry };
        let Service { beat, retry, on_failed_beat } = *service;
        let service = service::Config { beat, retry, on_failed_beat };
        let phase = |period| builder.phase_up_to(period);
        let mut nodes = vec![
            node("S", 0, Config::Catalog(catalog), Window::ZERO),
            node("A", 1, Config::Agent(agent), phase(beat)),
            node("B", 1, Config::Service(service), phase(beat)),
        ];
        if let Some(Client { every, reads }) = *client {
            nodes.push(node("U", 2, Config::Client(client::Config { every, reads }), phase(every)));
        }
        nodes
    }

    fn links(&self, builder: &Builder) -> Links {
        let carriage = Carriage::Stream { rto: builder.rto, patience: builder.patience };
        let link = |delay| Link { carriage, delay, capacity: builder.capacity };
        let mut links = Links::none(3 + usize::from(self.client.is_some()));
        links.connect(AGENT, SERVICE, link(self.agent.local_delay));
        links.connect(CATALOG, AGENT, link(builder.delay));
        if self.client.is_some() {
            links.connect(CATALOG, CLIENT, link(builder.delay));
        }
        links
    }
}

/// The fault classes of this protocol: whom they hit, and what they ask.
fn own(class: &Class) -> Result<Option<(Vec<NodeId>, Request)>, DesignError> {
    match class.key.as_str() {
        "terminate" => Ok(Some((vec![SERVICE], Request::Terminate))),
        "election" => Ok(Some((vec![CATALOG], Request::LoseLeader { outage: class.lasts()? }))),
        "drop" => Ok(Some((vec![CATALOG], Request::Drop))),
        _ => Ok(None),
    }
}
