//! The tables of a lock in an etcd of version 3.

use serde::Deserialize;

use super::{Parts, require};
use crate::{
    lock::{
        contender::{
            self,
            etcd3::{Config, LeaseFrom},
        },
        store,
    },
    spec::DesignError,
    time::Duration,
};

/// See [`Config`] for what the keys mean.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    pub ttl: Duration,
    pub lease: Duration,
    pub lease_from: LeaseFrom,
    pub renew_every: Duration,
    pub retry: Duration,
    pub revokes: bool,
}

impl Client {
    pub(super) fn parts(&self) -> Result<Parts, DesignError> {
        let expected = format!("less than the lease, {}", self.lease);
        require(self.renew_every < self.lease, "client.renew_every", &expected, || self.renew_every.to_string())?;
        let Client { ttl, lease, lease_from, renew_every, retry, revokes } = *self;
        let contender = contender::Config::Etcd3(Config { ttl, lease, lease_from, renew_every, retry, revokes });
        Ok(Parts { store: store::Config::Etcd3, contender, longest_period: renew_every.max(retry) })
    }
}
