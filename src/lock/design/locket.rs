//! The tables of a lock in an SQL Locket.

use serde::Deserialize;

use super::{Parts, require};
use crate::{
    lock::{
        contender::{self, locket::Config},
        store,
    },
    spec::DesignError,
    store::{Key, locket},
    time::Duration,
};

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// How often a server looks at all rows.
    pub look: Duration,
}

/// See [`Config`] for what the keys mean.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    pub ttl: Duration,
    pub retry: Duration,
    pub deadline: Duration,
    pub releases: bool,
}

impl Client {
    pub(crate) fn parts(&self, store: &Store, key: Key) -> Result<Parts, DesignError> {
        let expected = format!("less than the time to live, {}", self.ttl);
        require(self.retry < self.ttl, "client.retry", &expected, || self.retry.to_string())?;
        let Client { ttl, retry, deadline, releases } = *self;
        Ok(Parts {
            store: store::Config::Locket(locket::Config { look: store.look }),
            contender: contender::Config::Locket(Config { key, ttl, retry, deadline, releases }),
            longest_period: retry,
        })
    }
}
