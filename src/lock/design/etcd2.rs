//! The tables of a lock in an etcd of version 2.

use serde::Deserialize;

use super::{Parts, require};
use crate::{
    lock::{
        contender::{self, etcd2::Config},
        store,
    },
    spec::DesignError,
    store::Key,
    time::Duration,
};

/// See [`Config`] for what the keys mean.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    pub every: Duration,
    pub ttl: Duration,
    pub request_timeout: Option<Duration>,
}

impl Client {
    pub(crate) fn parts(&self, key: Key) -> Result<Parts, DesignError> {
        let expected = format!("less than the time to live, {}", self.ttl);
        require(self.every < self.ttl, "client.every", &expected, || self.every.to_string())?;
        let config = Config { key, every: self.every, ttl: self.ttl, request_timeout: self.request_timeout };
        let contender = contender::Config::Etcd2(config);
        Ok(Parts { store: store::Config::Etcd2, contender, longest_period: self.every })
    }
}
