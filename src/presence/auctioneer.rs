//! The auctioneer: whenever it has work to place, it talks to every cell that it finds present.

use super::{
    Event, Site, Timer,
    registry::{Registry, Said},
};
use crate::{
    lock::STORE,
    process::{Effects, Id, Input, Names},
    time::Window,
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Auctioneer {
    /// Asks who is present; otherwise `Schedule` is armed.
    question: Option<Id>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub registry: Registry,
    /// When it has work to place again.
    pub every: Window,
}

impl Auctioneer {
    pub(super) fn start(config: &Config, fx: &mut Effects<Site>) -> Auctioneer {
        fx.arm(Timer::Schedule, config.every);
        Auctioneer { question: None }
    }

    pub(super) fn step(&mut self, config: &Config, input: Input<Site>, fx: &mut Effects<Site>) {
        match input {
            Input::Timer(Timer::Schedule) => {
                let question = fx.fresh_id();
                fx.emit(Event::Scheduling);
                fx.send(STORE, config.registry.list(question));
                self.question = Some(question);
            }
            Input::Message { message, .. } => {
                if let Some((question, said)) = config.registry.said(message)
                    && self.question == Some(question)
                {
                    if let Said::Present { cells, .. } = said {
                        fx.emit(Event::Scheduled { present: cells });
                    }
                    self.rest(config, fx);
                }
            }
            // What was asked on a connection that is gone is not answered any more.
            Input::Closed { .. } => {
                if self.question.is_some() {
                    self.rest(config, fx);
                }
            }
            // Others' timers; nobody asks anything of an auctioneer.
            Input::Timer(Timer::Lock(_) | Timer::Turn(_) | Timer::Again | Timer::Watcher(_) | Timer::Loop)
            | Input::Request(_) => {}
        }
    }

    fn rest(&mut self, config: &Config, fx: &mut Effects<Site>) {
        self.question = None;
        fx.arm(Timer::Schedule, config.every);
    }
}
