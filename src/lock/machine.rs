//! A machine: a contender and the work that it is for, as one process.
//!
//! The work runs only while the contender holds the lock, as far as the contender can tell. When it cannot, the work
//! is stopped in good order and then the machine ends; a supervisor starts it again as somebody new.

#[cfg(test)]
mod tests;

use super::{
    Request, STORE, Site,
    contender::{self, Contender, Standing},
    parts,
    work::{self, Work},
};
use crate::process::{Effects, Input, Me, Names};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Machine {
    contender: Contender,
    work: Work,
    /// An operator told it to stop, and its work has not ended yet.
    terminating: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub contender: contender::Config,
    pub work: work::Config,
}

impl Machine {
    pub(super) fn start(me: &Me<'_, Site>, config: &Config, fx: &mut Effects<Site>) -> Machine {
        let contender = Contender::start(me, &config.contender, fx);
        Machine { contender, work: parts::start(me, &config.work, fx), terminating: false }
    }

    pub(super) fn step(&mut self, me: &Me<'_, Site>, config: &Config, input: Input<Site>, fx: &mut Effects<Site>) {
        match input {
            Input::Request(Request::Terminate) => self.terminate(me, config, fx),
            // For stores.
            Input::Request(Request::LoseLeader { .. }) => {}
            Input::Closed { peer, .. } if peer != STORE => {
                parts::step(&mut self.work, me, &config.work, input, fx);
            }
            Input::Timer(super::Timer::Work(timer)) => self.work(me, config, Input::Timer(timer), fx),
            Input::Message { .. } | Input::Timer(_) | Input::Closed { .. } => self.contend(me, config, input, fx),
        }
    }

    fn terminate(&mut self, me: &Me<'_, Site>, config: &Config, fx: &mut Effects<Site>) {
        match (&self.work, self.contender.standing()) {
            (Work::Idle, Standing::Slumbering | Standing::Holding { .. }) => {
                self.contender.leave(me, &config.contender, fx);
            }
            (_, Standing::Slumbering | Standing::Holding { .. }) => {
                self.terminating = true;
                self.work(me, config, Input::Request(work::Request::Stop), fx);
            }
            // It stops already.
            (_, Standing::Doubting) => {}
        }
    }

    fn contend(&mut self, me: &Me<'_, Site>, config: &Config, input: Input<Site>, fx: &mut Effects<Site>) {
        let before = self.contender.standing();
        self.contender.step(me, &config.contender, input, fx);
        match (before, self.contender.standing()) {
            (Standing::Slumbering, Standing::Holding { token }) => {
                self.work(me, config, Input::Request(work::Request::Start { token }), fx);
            }
            (Standing::Holding { .. }, Standing::Doubting) => {
                self.work(me, config, Input::Request(work::Request::Stop), fx);
            }
            // Nothing that the work depends on.
            (Standing::Slumbering, Standing::Slumbering | Standing::Doubting)
            | (Standing::Holding { .. }, Standing::Holding { .. } | Standing::Slumbering)
            | (Standing::Doubting, _) => {}
        }
    }

    fn work(&mut self, me: &Me<'_, Site>, config: &Config, input: Input<Work>, fx: &mut Effects<Site>) {
        parts::tell(&mut self.work, me, &config.work, input, fx);
        match (&self.work, self.contender.standing()) {
            (Work::Idle, Standing::Doubting) => fx.exit(),
            // Nothing acts any more: the lock may go to another.
            (Work::Idle, Standing::Holding { .. }) if self.terminating => {
                self.contender.leave(me, &config.contender, fx);
            }
            (Work::Idle, Standing::Slumbering | Standing::Holding { .. })
            | (Work::Starting { .. } | Work::Acting { .. } | Work::Stopping { .. }, _) => {}
        }
    }
}
