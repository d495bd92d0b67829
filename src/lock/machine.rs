//! A machine: a contender and the work that it is for, as one process.
//!
//! The work runs only while the contender holds the lock, as far as the contender can tell, or has a reason to do
//! without. When it cannot, the work is stopped in good order and then the machine ends; a supervisor starts it again as
//! somebody new.

#[cfg(test)]
mod tests;

use super::{
    Request, STORE, Site, Timer,
    contender::{self, Contender, Standing},
    parts,
    work::{self, Work},
};
use crate::{
    process::{Effects, Input, Me, Names},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Machine {
    contender: Contender,
    work: Work,
    /// An operator told it to stop, and its work has not ended yet; with notice, it goes on until `Notice`.
    terminating: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub contender: contender::Config,
    pub work: work::Config,
    pub notices_loss: NoticesLoss,
    /// How long a worker that is told to stop works on after it said so, for others to line up.
    pub notice: Option<Duration>,
}

/// When a group of processes sees that one of them, the contender, has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticesLoss {
    #[default]
    AtOnce,
    /// Not while it waits for another to start.
    WhenAllUp,
}

impl Machine {
    pub(super) fn start(me: &Me<'_, Site>, config: &Config, fx: &mut Effects<Site>) -> Machine {
        let contender = Contender::start(me, &config.contender, fx);
        Machine { contender, work: parts::start(me, &config.work, fx), terminating: false }
    }

    pub(super) fn step(&mut self, me: &Me<'_, Site>, config: &Config, input: Input<Site>, fx: &mut Effects<Site>) {
        match input {
            Input::Request(Request::Terminate) => self.terminate(me, config, fx),
            Input::Request(Request::Write) => {
                parts::tell(&mut self.work, me, &config.work, Input::Request(work::Request::Write), fx);
            }
            // For stores.
            Input::Request(Request::LoseLeader { .. }) => {}
            Input::Closed { peer, .. } if peer != STORE => {
                parts::step(&mut self.work, me, &config.work, input, fx);
            }
            Input::Timer(Timer::Notice) => self.stop_after_notice(me, config, fx),
            Input::Timer(Timer::Work(timer)) => self.work(me, config, Input::Timer(timer), fx),
            Input::Message { .. } | Input::Timer(_) | Input::Closed { .. } => self.contend(me, config, input, fx),
        }
    }

    fn terminate(&mut self, me: &Me<'_, Site>, config: &Config, fx: &mut Effects<Site>) {
        match (&self.work, self.contender.standing()) {
            (Work::Idle, Standing::Slumbering | Standing::Holding { .. } | Standing::Waived) => {
                self.contender.ask(me, &config.contender, contender::Request::Leave, fx);
            }
            (_, Standing::Holding { .. }) if config.notice.is_some() && !self.terminating => {
                self.terminating = true;
                self.contender.ask(me, &config.contender, contender::Request::Announce, fx);
                fx.arm(Timer::Notice, config.notice.map_or(Window::ZERO, Window::exactly));
            }
            (_, Standing::Slumbering | Standing::Holding { .. } | Standing::Waived) => {
                self.terminating = true;
                self.work(me, config, Input::Request(work::Request::Stop), fx);
            }
            // It stops already, or has not noticed yet that it has to.
            (_, Standing::Doubting) => self.work(me, config, Input::Request(work::Request::Stop), fx),
        }
    }

    fn stop_after_notice(&mut self, me: &Me<'_, Site>, config: &Config, fx: &mut Effects<Site>) {
        match self.contender.standing() {
            Standing::Slumbering | Standing::Holding { .. } | Standing::Waived => {
                self.work(me, config, Input::Request(work::Request::Stop), fx);
            }
            // It stops already, or has not noticed yet that it has to.
            Standing::Doubting => {}
        }
    }

    fn contend(&mut self, me: &Me<'_, Site>, config: &Config, input: Input<Site>, fx: &mut Effects<Site>) {
        let before = self.contender.standing();
        self.contender.step(me, &config.contender, input, fx);
        match (before, self.contender.standing()) {
            (Standing::Slumbering, Standing::Holding { token }) => {
                self.work(me, config, Input::Request(work::Request::Start { token: Some(token) }), fx);
            }
            (Standing::Slumbering, Standing::Waived) => {
                self.work(me, config, Input::Request(work::Request::Start { token: None }), fx);
            }
            // It is told when all members are up.
            (Standing::Holding { .. }, Standing::Doubting) if self.is_starting() && !config.notices_at_once() => {}
            (Standing::Holding { .. } | Standing::Waived, Standing::Doubting) => {
                self.work(me, config, Input::Request(work::Request::Stop), fx);
            }
            // Nothing that the work depends on.
            (Standing::Slumbering, Standing::Slumbering | Standing::Doubting)
            | (Standing::Holding { .. }, Standing::Holding { .. } | Standing::Slumbering | Standing::Waived)
            | (Standing::Waived, Standing::Slumbering | Standing::Holding { .. } | Standing::Waived)
            | (Standing::Doubting, _) => {}
        }
    }

    fn work(&mut self, me: &Me<'_, Site>, config: &Config, input: Input<Work>, fx: &mut Effects<Site>) {
        parts::tell(&mut self.work, me, &config.work, input, fx);
        match (&self.work, self.contender.standing()) {
            (Work::Idle, Standing::Doubting) => fx.exit(),
            // Nothing acts any more: the lock may go to another.
            (Work::Idle, Standing::Holding { .. } | Standing::Waived) if self.terminating => {
                self.contender.ask(me, &config.contender, contender::Request::Leave, fx);
            }
            // All members are up, and only now it is seen that the contender is not.
            (Work::Acting { .. }, Standing::Doubting) => {
                self.work(me, config, Input::Request(work::Request::Stop), fx);
            }
            (Work::Idle, Standing::Slumbering | Standing::Holding { .. } | Standing::Waived)
            | (Work::Acting { .. }, Standing::Slumbering | Standing::Holding { .. } | Standing::Waived)
            | (Work::Starting { .. } | Work::Stopping { .. } | Work::GivingUp, _) => {}
        }
    }

    const fn is_starting(&self) -> bool {
        matches!(self.work, Work::Starting { .. })
    }
}

impl Config {
    fn notices_at_once(&self) -> bool {
        self.notices_loss == NoticesLoss::AtOnce
    }
}
