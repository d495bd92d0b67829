//! A service of the same name on another machine: it takes over when the first has ended.
//!
//! The connection between the two stands for the lock that only one of them has: when it is gone the successor works,
//! after as long as the lock takes. Its own agent is not in doubt: the catalog is told until it has it, and has it for
//! good.

use super::{CATALOG, Event, Fx, Message, SERVICE, Site, Status, Timer};
use crate::{
    process::{Id, Input, Names},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Successor {
    /// Another works. `TakeOver` is armed when that one is gone.
    Waiting,
    Registering {
        question: Id,
    },
    /// There is no leader. `RegisterAgain` is armed.
    Resting,
    Registered,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// How long after the first has ended it takes over.
    pub takes_over: Window,
    /// How long after a failure it registers again.
    pub retry: Duration,
}

impl Successor {
    pub(super) fn step(&mut self, config: &Config, input: Input<Site>, fx: &mut Fx) {
        match (&self, input) {
            (Successor::Waiting, Input::Closed { peer: SERVICE, .. }) => fx.arm(Timer::TakeOver, config.takes_over),
            (Successor::Waiting, Input::Timer(Timer::TakeOver)) => {
                fx.emit(Event::TookOver);
                *self = register(fx);
            }
            (
                Successor::Registering { question },
                Input::Message { message: Message::Synced { question: to, done }, .. },
            ) if *question == to => {
                *self = if done { Successor::Registered } else { Successor::rests(config, fx) };
            }
            (Successor::Registering { .. }, Input::Closed { peer: CATALOG, .. }) => {
                *self = Successor::rests(config, fx);
            }
            (Successor::Resting, Input::Timer(Timer::RegisterAgain)) => *self = register(fx),
            // That the first works, answers to what is not asked any more, and what is for others.
            (_, Input::Message { .. } | Input::Closed { .. } | Input::Timer(_) | Input::Request(_)) => {}
        }
    }

    fn rests(config: &Config, fx: &mut Fx) -> Successor {
        fx.arm(Timer::RegisterAgain, Window::exactly(config.retry));
        Successor::Resting
    }
}

fn register(fx: &mut Fx) -> Successor {
    let question = fx.fresh_id();
    fx.send(CATALOG, Message::Sync { question, entry: Some(Status::Passing) });
    Successor::Registering { question }
}
