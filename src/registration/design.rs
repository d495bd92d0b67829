//! The `[design]` table of a registration, and the set-up that it describes.

use serde::Deserialize;

use super::{
    AGENT, CATALOG, CLIENT, Config, Reads, Request, SERVICE, SUCCESSOR, Site, agent, catalog, client, service,
    successor,
};
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
    /// Who takes over when the service has ended, if anybody.
    pub successor: Option<Successor>,
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

/// See [`successor::Config`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Successor {
    pub takes_over: Window,
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
        if let (Some(_), Some(Successor { takes_over })) = (&self.client, &self.successor) {
            return Err(DesignError {
                key: "design.successor".into(),
                expected: "none beside a client, which cannot tell whom it was sent to".into(),
                got: format!("one that takes over after {takes_over}"),
            });
        }
        let nodes = self.nodes(builder);
        let links = self.links(builder);
        // A service that starts anew works at once: it must not where another has taken over.
        let crash = if self.successor.is_some() { vec![AGENT] } else { vec![AGENT, SERVICE] };
        let reach = Reach { crash, pause: vec![AGENT, SERVICE], cut: vec![AGENT] };
        let faults = builder.faults(&nodes, &links, &reach, own)?;
        Ok(Setup { nodes, links, faults })
    }

    fn nodes(&self, builder: &Builder) -> Vec<Node<Site>> {
        let Design { catalog, agent, service, client, successor } = self;
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
        let service = service::Config { beat, retry, on_failed_beat, has_successor: successor.is_some() };
        let phase = |period| builder.phase_up_to(period);
        let mut nodes = vec![
            node("S", 0, Config::Catalog(catalog), Window::ZERO),
            node("A", 1, Config::Agent(agent), phase(beat)),
            node("B", 1, Config::Service(service), phase(beat)),
        ];
        if let Some(Client { every, reads }) = *client {
            nodes.push(node("U", 2, Config::Client(client::Config { every, reads }), phase(every)));
        }
        if let Some(Successor { takes_over }) = *successor {
            let config = Config::Successor(successor::Config { takes_over, retry });
            nodes.push(node("B2", 3, config, Window::ZERO));
        }
        nodes
    }

    fn links(&self, builder: &Builder) -> Links {
        let carriage = Carriage::Stream { rto: builder.rto, patience: builder.patience };
        let link = |delay| Link { carriage, delay, capacity: builder.capacity };
        let mut links = Links::none(3 + usize::from(self.client.is_some() || self.successor.is_some()));
        links.connect(AGENT, SERVICE, link(self.agent.local_delay));
        links.connect(CATALOG, AGENT, link(builder.delay));
        if self.client.is_some() {
            links.connect(CATALOG, CLIENT, link(builder.delay));
        }
        if self.successor.is_some() {
            links.connect(CATALOG, SUCCESSOR, link(builder.delay));
            links.connect(SERVICE, SUCCESSOR, link(builder.delay));
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
