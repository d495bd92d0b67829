//! The service: it registers with the agent on its machine, beats, and takes its registration back when it is told to
//! stop.

use serde::Deserialize;

use super::{AGENT, Event, Fx, Message, Request, SUCCESSOR, Site, Timer};
use crate::{
    process::{Id, Input, Names},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Service {
    ready: bool,
    stage: Stage,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
enum Stage {
    /// Asked to be registered.
    Registering { question: Id },
    /// That failed. `RegisterAgain` is armed.
    Resting,
    /// `Beat` is armed. A beat may be under way.
    Registered { beat: Option<Id> },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    pub beat: Duration,
    /// How long after a failure it registers again.
    pub retry: Duration,
    pub on_failed_beat: OnFailedBeat,
    /// Whether another waits for its end.
    pub has_successor: bool,
}

/// What it does when the agent does not know it, or does not answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailedBeat {
    /// It beats on.
    Ignores,
    Registers,
}

impl Service {
    pub(super) fn start(config: &Config, fx: &mut Fx) -> Service {
        if config.has_successor {
            fx.send(SUCCESSOR, Message::Works);
        }
        Service { ready: false, stage: register(fx) }
    }

    pub(super) fn step(&mut self, config: &Config, input: Input<Site>, fx: &mut Fx) {
        match (&self.stage, input) {
            (Stage::Registering { question }, Input::Message { message: Message::Registered { question: to }, .. })
                if *question == to =>
            {
                if !self.ready {
                    self.ready = true;
                    fx.emit(Event::Ready);
                }
                fx.arm(Timer::Beat, Window::exactly(config.beat));
                self.stage = Stage::Registered { beat: None };
            }
            (Stage::Registering { .. }, Input::Closed { peer: AGENT, .. }) => {
                self.stage = Stage::Resting;
                fx.arm(Timer::RegisterAgain, Window::exactly(config.retry));
            }
            (Stage::Resting, Input::Timer(Timer::RegisterAgain)) => self.stage = register(fx),
            (Stage::Registered { .. }, Input::Timer(Timer::Beat)) => {
                let question = fx.fresh_id();
                fx.send(AGENT, Message::Pass { question });
                fx.arm(Timer::Beat, Window::exactly(config.beat));
                self.stage = Stage::Registered { beat: Some(question) };
            }
            (Stage::Registered { beat }, Input::Message { message: Message::Passed { question, known }, .. })
                if *beat == Some(question) =>
            {
                if known {
                    self.stage = Stage::Registered { beat: None };
                } else {
                    self.failed(config, fx);
                }
            }
            (Stage::Registered { beat: Some(_) }, Input::Closed { peer: AGENT, .. }) => self.failed(config, fx),
            (_, Input::Request(Request::Terminate)) => {
                fx.send(AGENT, Message::Deregister);
                fx.exit();
            }
            // Answers to what is not asked any more, connections that nothing was asked on, and what is for others.
            (_, Input::Message { .. } | Input::Closed { .. } | Input::Timer(_) | Input::Request(_)) => {}
        }
    }

    fn failed(&mut self, config: &Config, fx: &mut Fx) {
        self.stage = match config.on_failed_beat {
            OnFailedBeat::Ignores => Stage::Registered { beat: None },
            OnFailedBeat::Registers => {
                fx.disarm(Timer::Beat);
                register(fx)
            }
        };
    }
}

fn register(fx: &mut Fx) -> Stage {
    let question = fx.fresh_id();
    fx.send(AGENT, Message::Register { question });
    Stage::Registering { question }
}
