//! The store of a lock: one of several kinds.

use super::{Site, parts};
use crate::{
    process::{Effects, Input, Me, Names},
    store::consul,
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Store {
    Consul(consul::Consul),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Config {
    Consul(consul::Config),
}

impl Store {
    pub(super) fn start(me: &Me<'_, Site>, config: &Config, fx: &mut Effects<Site>) -> Store {
        match config {
            Config::Consul(config) => Store::Consul(parts::start(me, config, fx)),
        }
    }

    pub(super) fn step(&mut self, me: &Me<'_, Site>, config: &Config, input: Input<Site>, fx: &mut Effects<Site>) {
        match (self, config) {
            (Store::Consul(store), Config::Consul(config)) => parts::step(store, me, config, input, fx),
        }
    }
}
