//! Contenders: *slumberers* that want the lock, and the holder of it. One for each kind of store.
//!
//! Whatever they talk to, they tell the same: that they hold the lock, that they are not sure any more, that they gave
//! it back. A machine lets its work depend on no more than that.

pub mod consul;
pub mod etcd2;
pub mod etcd3;
pub mod locket;
pub mod record;

use super::parts::{self, Host, Part};
use crate::process::{Effects, Id, Input, Me, Names, Rank};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Contender {
    Consul(consul::Client),
    Etcd2(etcd2::Client),
    Etcd3(etcd3::Client),
    Locket(locket::Client),
    Record(record::Client),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Config {
    Consul(consul::Config),
    Etcd2(etcd2::Config),
    Etcd3(etcd3::Config),
    Locket(locket::Config),
    Record(record::Config),
}

/// Where a contender stands, as far as it can tell.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Standing {
    Slumbering,
    Holding {
        token: Rank,
    },
    /// It does without the lock, on purpose.
    Waived,
    /// It held the lock, and must not act as a holder any more.
    Doubting,
}

/// Timers of contenders; no kind has all of them.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    /// When what it holds is renewed.
    Renew,
    /// When the time to live is over since the last success; armed with the first renewal after it.
    Overdue,
    /// When to try again after a refusal or an error.
    Retry,
    /// When an attempt ends whose session was lost.
    Late,
    /// When another session takes the place of the present one.
    Recreate,
    /// When an answer about the lock should have come.
    Answer,
    /// When an answer about the session should have come.
    SessionAnswer,
    /// When the holder must be sure no longer.
    Lease,
    /// The same, if this question is answered well.
    Deadline(Id),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Request {
    /// To give up what it has as a clean stop does, and exit.
    Leave,
    /// To say that it will do so soon, where that can be said.
    Announce,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Event {
    /// It holds the lock.
    Acquired,
    /// It is not sure any more that it holds the lock.
    Doubted,
    /// It gave the lock back.
    Released,
    /// It does without the lock from now on.
    Waived,
}

impl Contender {
    pub(crate) fn start<H: Host>(me: &Me<'_, H>, config: &Config, fx: &mut Effects<H>) -> Contender {
        match config {
            Config::Consul(config) => Contender::Consul(parts::start(me, config, fx)),
            Config::Etcd2(config) => Contender::Etcd2(parts::start(me, config, fx)),
            Config::Etcd3(config) => Contender::Etcd3(parts::start(me, config, fx)),
            Config::Locket(config) => Contender::Locket(parts::start(me, config, fx)),
            Config::Record(config) => Contender::Record(parts::start(me, config, fx)),
        }
    }

    pub(crate) fn step<H: Host>(&mut self, me: &Me<'_, H>, config: &Config, input: Input<H>, fx: &mut Effects<H>) {
        match (self, config) {
            (Contender::Consul(client), Config::Consul(config)) => parts::step(client, me, config, input, fx),
            (Contender::Etcd2(client), Config::Etcd2(config)) => parts::step(client, me, config, input, fx),
            (Contender::Etcd3(client), Config::Etcd3(config)) => parts::step(client, me, config, input, fx),
            (Contender::Locket(client), Config::Locket(config)) => parts::step(client, me, config, input, fx),
            (Contender::Record(client), Config::Record(config)) => parts::step(client, me, config, input, fx),
            (
                Contender::Consul(_)
                | Contender::Etcd2(_)
                | Contender::Etcd3(_)
                | Contender::Locket(_)
                | Contender::Record(_),
                _,
            ) => unreachable!("a contender keeps its kind"),
        }
    }

    /// Gives the lock back, and wants it no more.
    pub(crate) fn leave<H: Host>(&mut self, me: &Me<'_, H>, config: &Config, fx: &mut Effects<H>) {
        self.ask(me, config, Request::Leave, fx);
    }

    pub(crate) fn ask<H: Host>(&mut self, me: &Me<'_, H>, config: &Config, request: Request, fx: &mut Effects<H>) {
        match (self, config) {
            (Contender::Consul(client), Config::Consul(config)) => ask(client, me, config, request, fx),
            (Contender::Etcd2(client), Config::Etcd2(config)) => ask(client, me, config, request, fx),
            (Contender::Etcd3(client), Config::Etcd3(config)) => ask(client, me, config, request, fx),
            (Contender::Locket(client), Config::Locket(config)) => ask(client, me, config, request, fx),
            (Contender::Record(client), Config::Record(config)) => ask(client, me, config, request, fx),
            (
                Contender::Consul(_)
                | Contender::Etcd2(_)
                | Contender::Etcd3(_)
                | Contender::Locket(_)
                | Contender::Record(_),
                _,
            ) => unreachable!("a contender keeps its kind"),
        }
    }

    pub(crate) fn standing(&self) -> Standing {
        match self {
            Contender::Consul(client) => client.standing(),
            Contender::Etcd2(client) => client.standing(),
            Contender::Etcd3(client) => client.standing(),
            Contender::Locket(client) => client.standing(),
            Contender::Record(client) => client.standing(),
        }
    }
}

fn ask<C: Part<Request = Request>, H: Host>(
    client: &mut C,
    me: &Me<'_, H>,
    config: &C::Config,
    request: Request,
    fx: &mut Effects<H>,
) {
    parts::tell(client, me, config, Input::Request(request), fx);
}
