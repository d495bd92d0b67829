//! A cell: what keeps its presence, and when it says that it is ready for work.

use serde::Deserialize;

use super::{
    Event, Site, Timer,
    lease::{self, Lease},
};
use crate::{
    lock::{
        Request,
        contender::{self, Contender, Standing},
        parts,
    },
    process::{Effects, Input, Me, Names},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Cell {
    keeper: Keeper,
    /// It has said that it is ready.
    ready: bool,
}

/// What keeps the key: a client of a lock that nobody else wants, or one that keeps no more than a presence.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Keeper {
    Lock(Contender),
    Lease(Lease),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeeperConfig {
    Lock(contender::Config),
    Lease(lease::Config),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub keeper: KeeperConfig,
    pub ready: Ready,
    pub on_loss: OnLoss,
}

/// When a cell says that it is ready.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ready {
    AtStart,
    WhenPresent,
}

/// What a cell does that is not sure any more that it is present.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnLoss {
    /// It ends, with all that runs on it; a supervisor starts it again.
    Exits,
    /// It goes on, and its keeper starts again after this, if that does not try again by itself.
    Retries { after: Duration },
}

type Fx = Effects<Site>;

impl Cell {
    pub(super) fn start(me: &Me<'_, Site>, config: &Config, fx: &mut Fx) -> Cell {
        fx.emit(Event::Began);
        let ready = config.ready == Ready::AtStart;
        if ready {
            fx.emit(Event::Ready);
        }
        Cell { keeper: Keeper::start(me, &config.keeper, fx), ready }
    }

    pub(super) fn step(&mut self, me: &Me<'_, Site>, config: &Config, input: Input<Site>, fx: &mut Fx) {
        match input {
            Input::Request(Request::Terminate) => self.keeper.leave(me, &config.keeper, fx),
            Input::Timer(Timer::Again) => self.keeper = Keeper::start(me, &config.keeper, fx),
            Input::Message { .. } | Input::Timer(_) | Input::Closed { .. } => self.keep(me, config, input, fx),
            // For stores, and for work.
            Input::Request(Request::LoseLeader { .. } | Request::Write) => {}
        }
    }

    fn keep(&mut self, me: &Me<'_, Site>, config: &Config, input: Input<Site>, fx: &mut Fx) {
        let before = self.keeper.standing();
        self.keeper.step(me, &config.keeper, input, fx);
        match (before, self.keeper.standing(), config.on_loss) {
            (Standing::Slumbering, Standing::Holding { .. }, _) if !self.ready => {
                self.ready = true;
                fx.emit(Event::Ready);
            }
            (Standing::Holding { .. }, Standing::Doubting, OnLoss::Exits) => fx.exit(),
            (Standing::Holding { .. }, Standing::Doubting, OnLoss::Retries { after }) => {
                fx.arm(Timer::Again, Window::exactly(after));
            }
            // It stands as before, or its keeper tries again by itself.
            _ => {}
        }
    }
}

impl Keeper {
    fn start(me: &Me<'_, Site>, config: &KeeperConfig, fx: &mut Fx) -> Keeper {
        match config {
            KeeperConfig::Lock(config) => Keeper::Lock(Contender::start(me, config, fx)),
            KeeperConfig::Lease(config) => Keeper::Lease(parts::start(me, config, fx)),
        }
    }

    fn step(&mut self, me: &Me<'_, Site>, config: &KeeperConfig, input: Input<Site>, fx: &mut Fx) {
        match (self, config) {
            (Keeper::Lock(contender), KeeperConfig::Lock(config)) => contender.step(me, config, input, fx),
            (Keeper::Lease(lease), KeeperConfig::Lease(config)) => parts::step(lease, me, config, input, fx),
            (Keeper::Lock(_) | Keeper::Lease(_), _) => unreachable!("a keeper keeps its kind"),
        }
    }

    fn leave(&mut self, me: &Me<'_, Site>, config: &KeeperConfig, fx: &mut Fx) {
        match (self, config) {
            (Keeper::Lock(contender), KeeperConfig::Lock(config)) => contender.leave(me, config, fx),
            (Keeper::Lease(lease), KeeperConfig::Lease(config)) => {
                parts::tell(lease, me, config, Input::Request(contender::Request::Leave), fx);
            }
            (Keeper::Lock(_) | Keeper::Lease(_), _) => unreachable!("a keeper keeps its kind"),
        }
    }

    fn standing(&self) -> Standing {
        match self {
            Keeper::Lock(contender) => contender.standing(),
            Keeper::Lease(lease) => lease.standing(),
        }
    }
}
