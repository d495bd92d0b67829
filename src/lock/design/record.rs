//! The tables of a lock that is a record which contenders look at.

use serde::Deserialize;

use super::{Parts, require};
use crate::{
    lock::{
        contender::{
            self,
            record::{Config, DeadlineFrom, Release, Renew},
        },
        store,
    },
    spec::DesignError,
    time::{Duration, Window},
};

/// See [`Config`] for what the keys mean.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    pub lease: Duration,
    pub renew_deadline: Duration,
    pub deadline_from: DeadlineFrom,
    pub renew_every: Duration,
    pub renew_retry: Duration,
    pub retry: Window,
    pub watches: bool,
    /// By version, if absent.
    #[serde(default)]
    pub renew: Renew,
    pub release: Release,
    /// No, if absent.
    #[serde(default)]
    pub withdraws: bool,
    pub request_timeout: Option<Duration>,
}

impl Client {
    pub(super) fn parts(&self) -> Result<Parts, DesignError> {
        let expected = format!("less than the deadline, {}", self.renew_deadline);
        let in_time = self.renew_every < self.renew_deadline;
        require(in_time, "client.renew_every", &expected, || self.renew_every.to_string())?;
        let contender = contender::Config::Record(Config {
            lease: self.lease,
            renew_deadline: self.renew_deadline,
            deadline_from: self.deadline_from,
            renew_every: self.renew_every,
            renew_retry: self.renew_retry,
            retry: self.retry,
            watches: self.watches,
            renew: self.renew,
            release: self.release,
            withdraws: self.withdraws,
            request_timeout: self.request_timeout,
        });
        Ok(Parts { store: store::Config::Record, contender, longest_period: self.renew_every.max(self.retry.hi()) })
    }
}
