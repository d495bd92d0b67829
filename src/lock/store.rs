//! The store of a lock: one of several kinds.

use super::parts::{self, Host};
use crate::{
    process::{Effects, Input, Me, Names},
    store::{consul, etcd2, etcd3, locket, record},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Store {
    Consul(consul::Consul),
    Etcd2(etcd2::Etcd2),
    Etcd3(etcd3::Etcd3),
    Locket(locket::Locket),
    Record(record::Records),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Config {
    Consul(consul::Config),
    Etcd2,
    Etcd3,
    Locket(locket::Config),
    Record,
}

impl Store {
    pub(crate) fn start<H: Host>(me: &Me<'_, H>, config: &Config, fx: &mut Effects<H>) -> Store {
        match config {
            Config::Consul(config) => Store::Consul(parts::start(me, config, fx)),
            Config::Etcd2 => Store::Etcd2(parts::start(me, &(), fx)),
            Config::Etcd3 => Store::Etcd3(parts::start(me, &(), fx)),
            Config::Locket(config) => Store::Locket(parts::start(me, config, fx)),
            Config::Record => Store::Record(parts::start(me, &(), fx)),
        }
    }

    pub(crate) fn step<H: Host>(&mut self, me: &Me<'_, H>, config: &Config, input: Input<H>, fx: &mut Effects<H>) {
        match (self, config) {
            (Store::Consul(store), Config::Consul(config)) => parts::step(store, me, config, input, fx),
            (Store::Etcd2(store), Config::Etcd2) => parts::step(store, me, &(), input, fx),
            (Store::Etcd3(store), Config::Etcd3) => parts::step(store, me, &(), input, fx),
            (Store::Locket(store), Config::Locket(config)) => parts::step(store, me, config, input, fx),
            (Store::Record(store), Config::Record) => parts::step(store, me, &(), input, fx),
            (Store::Consul(_) | Store::Etcd2(_) | Store::Etcd3(_) | Store::Locket(_) | Store::Record(_), _) => {
                unreachable!("a store keeps its kind")
            }
        }
    }
}
