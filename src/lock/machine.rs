//! A machine: a contender and the work that it is for, as one process.
//!
//! The work runs only while the contender holds the lock, as far as the contender can tell. When it cannot, the work
//! is stopped in good order and then the machine ends; a supervisor starts it again as somebody new.

#[cfg(test)]
mod tests;

use super::{
    Event, Message, Site, Timer,
    contender::{self, Contender, Standing},
    work::{self, Work},
};
use crate::process::{Effects, Input, Me, Names, Process};

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

/// What an operator asks of a machine.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub struct Terminate;

/// What reaches a machine.
pub(super) enum Arrival {
    Contender(Input<Contender>),
    Work(Input<Work>),
    Terminate(Terminate),
}

impl Machine {
    pub(super) fn start(me: &Me<'_, Site>, config: &Config, fx: &mut Effects<Site>) -> Machine {
        let contender = fx.nested(Message::Store, Timer::Contender, Event::Contender, |fx| {
            Contender::start(&me.nested(&config.contender), (), fx)
        });
        let work =
            fx.nested(Message::Write, Timer::Work, Event::Work, |fx| Work::start(&me.nested(&config.work), (), fx));
        Machine { contender, work, terminating: false }
    }

    pub(super) fn step(&mut self, me: &Me<'_, Site>, config: &Config, arrival: Arrival, fx: &mut Effects<Site>) {
        match arrival {
            Arrival::Contender(input) => self.contend(me, config, input, fx),
            Arrival::Work(input) => self.work(me, config, input, fx),
            Arrival::Terminate(Terminate) => match (&self.work, self.contender.standing()) {
                (Work::Idle, Standing::Slumbering | Standing::Holding { .. }) => self.leave(me, config, fx),
                (_, Standing::Slumbering | Standing::Holding { .. }) => {
                    self.terminating = true;
                    self.work(me, config, Input::Request(work::Request::Stop), fx);
                }
                // It stops already.
                (_, Standing::Doubting) => {}
            },
        }
    }

    fn contend(&mut self, me: &Me<'_, Site>, config: &Config, input: Input<Contender>, fx: &mut Effects<Site>) {
        let before = self.contender.standing();
        fx.nested(Message::Store, Timer::Contender, Event::Contender, |fx| {
            self.contender.step(&me.nested(&config.contender), input, fx);
        });
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
        fx.nested(Message::Write, Timer::Work, Event::Work, |fx| {
            self.work.step(&me.nested(&config.work), input, fx);
        });
        match (&self.work, self.contender.standing()) {
            (Work::Idle, Standing::Doubting) => fx.exit(),
            (Work::Idle, Standing::Holding { .. }) if self.terminating => self.leave(me, config, fx),
            (Work::Idle, Standing::Slumbering | Standing::Holding { .. })
            | (Work::Starting { .. } | Work::Acting { .. } | Work::Stopping { .. }, _) => {}
        }
    }

    /// Nothing acts any more: the lock may go to another.
    fn leave(&mut self, me: &Me<'_, Site>, config: &Config, fx: &mut Effects<Site>) {
        fx.nested(Message::Store, Timer::Contender, Event::Contender, |fx| {
            self.contender.step(&me.nested(&config.contender), Input::Request(contender::Request::Leave), fx);
        });
    }
}
