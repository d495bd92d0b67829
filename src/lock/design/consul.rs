//! The tables of a lock in Consul.

use serde::Deserialize;

use super::{Parts, require};
use crate::{
    lock::{
        contender::{
            self,
            consul::{self as client, CleanStop, Lockless, OnDoubt, OnRenewFailure, SessionLoss},
        },
        store,
    },
    spec::DesignError,
    store::{
        Key,
        consul::{self, Behavior, OldLeader, Reads, Returning, Terms, Version},
    },
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    #[serde(default = "oldest")]
    pub version: Version,
    /// What clients ask for. The store waits `ttl_multiplier` times as long.
    pub session_ttl: Duration,
    /// What the servers refuse to go below.
    #[serde(default = "ten_seconds")]
    pub session_ttl_min: Duration,
    pub ttl_multiplier: u8,
    pub lock_delay: Duration,
    pub behavior: Behavior,
    /// How long a new leader answers as if there were nothing; not at all, if absent.
    pub lag: Option<Window>,
    /// Whether a leader that is lost wakes later and does not know that there is another; it does not, if absent.
    pub old_leader: Option<OldLeader>,
    #[serde(default)]
    pub reads: Reads,
    /// Whether the server that was lost with the leader comes back and costs another; it does not, if absent.
    pub returning: Option<Returning>,
}

/// See [`client::Config`] for what the keys mean.
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
    #[serde(default)]
    pub monitor_retries: u8,
    #[serde(default = "one_second")]
    pub monitor_retry: Duration,
    #[serde(default)]
    pub rereads: bool,
    pub refused_retry: Duration,
    pub error_retry: Duration,
    pub on_doubt: OnDoubt,
    pub clean_stop: CleanStop,
    #[serde(default)]
    pub cleans_up: bool,
    #[serde(default)]
    pub forgives_breaks: bool,
    #[serde(default)]
    pub session_loss: SessionLoss,
    pub lockless: Option<Lockless>,
    pub request_timeout: Option<Duration>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RenewFailure {
    Stop,
    Retry,
    RetryUntilGone,
}

impl Client {
    pub(crate) fn parts(&self, store: &Store, key: Key) -> Result<Parts, DesignError> {
        require(store.ttl_multiplier > 0, "store.ttl_multiplier", "at least 1", || "0".into())?;
        let expected = format!("at least {}, or a lower `session_ttl_min` of the servers", store.session_ttl_min);
        let allowed = store.session_ttl >= store.session_ttl_min;
        require(allowed, "store.session_ttl", &expected, || store.session_ttl.to_string())?;
        let expected = format!("at most the session's {}", store.session_ttl);
        let in_time = self.renew_every <= store.session_ttl;
        require(in_time, "client.renew_every", &expected, || self.renew_every.to_string())?;
        let Store { version, ttl_multiplier, lag, old_leader, reads, returning, .. } = *store;
        let config = consul::Config { version, ttl_multiplier, lag, old_leader, reads, returning };
        let ends = self.session_loss == SessionLoss::EndsAttempt;
        let expected = "\"ends-attempt\", or a `wait` after which an attempt ends";
        require(ends || self.wait.is_some(), "client.session_loss", expected, || "no `wait`".into())?;
        if let Some(Lockless { enter_after, leave_after, .. }) = self.lockless {
            let looks = |looks: u8, key: &str| require(looks > 0, key, "at least 1", || looks.to_string());
            looks(enter_after, "client.lockless.enter_after")?;
            looks(leave_after, "client.lockless.leave_after")?;
        }
        Ok(Parts {
            store: store::Config::Consul(config),
            contender: contender::Config::Consul(self.config(store, key)),
            longest_period: self.longest_period(),
        })
    }

    fn config(&self, store: &Store, key: Key) -> client::Config {
        let Store { session_ttl, lock_delay, behavior, .. } = *store;
        let retry = |hears_gone| OnRenewFailure::Retry {
            every: self.renew_retry,
            left: session_ttl.minus(self.renew_every),
            hears_gone,
        };
        client::Config {
            key,
            terms: Terms { ttl: Some(session_ttl), lock_delay, behavior },
            renew_every: self.renew_every,
            on_renew_failure: match self.on_renew_failure {
                RenewFailure::Stop => OnRenewFailure::Stop,
                RenewFailure::Retry => retry(false),
                RenewFailure::RetryUntilGone => retry(true),
            },
            wait: self.wait,
            monitor_wait: self.monitor_wait,
            monitor_retries: self.monitor_retries,
            monitor_retry: self.monitor_retry,
            rereads: self.rereads,
            refused_retry: self.refused_retry,
            error_retry: self.error_retry,
            on_doubt: self.on_doubt,
            clean_stop: self.clean_stop,
            cleans_up: self.cleans_up,
            forgives_breaks: self.forgives_breaks,
            session_loss: self.session_loss,
            lockless: self.lockless,
            request_timeout: self.request_timeout,
        }
    }

    fn longest_period(&self) -> Duration {
        let wait = self.wait.map_or(Duration::ZERO, Window::lo);
        let poll = self.lockless.map_or(Duration::ZERO, |lockless| lockless.poll);
        self.renew_every.max(self.refused_retry).max(self.error_retry).max(wait).max(poll)
    }
}

const fn oldest() -> Version {
    Version::V0_5
}

const fn one_second() -> Duration {
    Duration::from_secs(1)
}

const fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}
