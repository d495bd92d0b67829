//! The work of a machine: it begins when the machine holds the lock, and ends in good order, which takes time.

use crate::{
    process::{Effects, Input, Me, Names, NodeId, Process, Rank},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Work {
    Idle,
    /// Prepares. `Start` is armed.
    Starting {
        token: Option<Rank>,
    },
    /// Acts, and may write.
    Acting {
        token: Option<Rank>,
    },
    /// Was told to stop, and may still act until it has. `Stop` is armed.
    Stopping {
        token: Option<Rank>,
    },
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub start: Window,
    pub stop: Window,
    pub write: Option<Write>,
}

/// Writes, to a resource, again and again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Write {
    pub to: NodeId,
    pub every: Duration,
}

/// What a resource is told.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Written {
    pub token: Rank,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    /// When it is prepared.
    Start,
    /// When everything has stopped.
    Stop,
    /// When it writes.
    Write,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Request {
    Start { token: Rank },
    Stop,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Event {
    Began,
    Acted,
    Ended,
}

impl Process for Work {
    type Config = Config;
    type Message = Written;
    type Timer = Timer;
    type Request = Request;
    type Event = Event;
    type Durable = ();

    fn start(_: &Me<'_, Self>, (): (), _: &mut Effects<Self>) -> Self {
        Work::Idle
    }

    fn step(&mut self, me: &Me<'_, Self>, input: Input<Self>, fx: &mut Effects<Self>) {
        use Work::{Acting, Idle, Starting, Stopping};
        let config = me.config;
        match (&*self, input) {
            (Idle, Input::Request(Request::Start { token })) => {
                // Who writes nothing needs no token.
                let token = config.write.map(|_| token);
                if config.start == Window::ZERO {
                    self.begin(config, token, fx);
                } else {
                    *self = Starting { token };
                    fx.arm(Timer::Start, config.start);
                }
            }
            (Starting { token }, Input::Timer(Timer::Start)) => {
                let token = *token;
                self.begin(config, token, fx);
            }
            (Starting { .. }, Input::Request(Request::Stop)) => {
                *self = Idle;
                fx.disarm(Timer::Start);
            }
            (Acting { token }, Input::Request(Request::Stop)) => {
                let token = *token;
                if config.stop == Window::ZERO {
                    self.end(config, fx);
                } else {
                    *self = Stopping { token };
                    fx.arm(Timer::Stop, config.stop);
                }
            }
            (Stopping { .. }, Input::Timer(Timer::Stop)) => self.end(config, fx),
            (Acting { token } | Stopping { token }, Input::Timer(Timer::Write)) => write(config, *token, fx),
            // It is running, or stopping, already.
            (Starting { .. } | Acting { .. } | Stopping { .. }, Input::Request(Request::Start { .. }))
            | (Idle | Stopping { .. }, Input::Request(Request::Stop)) => {}
            // Disarmed when the state that armed them was left.
            (Idle, Input::Timer(_))
            | (Starting { .. }, Input::Timer(Timer::Stop | Timer::Write))
            | (Acting { .. }, Input::Timer(Timer::Start | Timer::Stop))
            | (Stopping { .. }, Input::Timer(Timer::Start)) => {}
            // A resource does not answer, and what is lost is lost.
            (_, Input::Message { .. } | Input::Closed { .. }) => {}
        }
    }
}

impl Work {
    fn begin(&mut self, config: &Config, token: Option<Rank>, fx: &mut Effects<Self>) {
        *self = Work::Acting { token };
        fx.emit(Event::Began);
        if let Some(Write { every, .. }) = config.write {
            fx.arm(Timer::Write, Window::exactly(every));
        }
    }

    fn end(&mut self, config: &Config, fx: &mut Effects<Self>) {
        *self = Work::Idle;
        if config.write.is_some() {
            fx.disarm(Timer::Write);
        }
        fx.emit(Event::Ended);
    }
}

fn write(config: &Config, token: Option<Rank>, fx: &mut Effects<Work>) {
    if let (Some(Write { to, every }), Some(token)) = (config.write, token) {
        fx.emit(Event::Acted);
        fx.send(to, Written { token });
        fx.arm(Timer::Write, Window::exactly(every));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{process::fixture::Fixture, store::TOKENS};

    const R: NodeId = NodeId(4);

    fn work(write: bool) -> Fixture<Work> {
        let (start, stop) = (Window::up_to(Duration::from_secs(1)), Window::up_to(Duration::from_secs(2)));
        let write = write.then_some(Write { to: R, every: Duration::from_secs(3) });
        Fixture::start(NodeId(1), Config { start, stop, write })
    }

    fn start(work: &mut Fixture<Work>) -> Vec<String> {
        let token = work.fresh_rank(TOKENS);
        work.request(Request::Start { token })
    }

    #[test]
    fn work_begins_after_its_preparation_and_ends_after_its_stop() {
        let mut work = work(false);
        assert_eq!(start(&mut work), ["arm Start 0s..1s"]);
        assert_eq!(work.timer(Timer::Start), ["emit Began"]);
        assert_eq!(work.request(Request::Stop), ["arm Stop 0s..2s"]);
        assert_eq!(work.timer(Timer::Stop), ["emit Ended"]);
    }

    #[test]
    fn a_stop_before_the_work_begins_ends_it_at_once() {
        let mut work = work(false);
        start(&mut work);
        assert_eq!(work.request(Request::Stop), ["disarm Start"]);
        assert_eq!(*work.process(), Work::Idle);
    }

    #[test]
    fn work_that_stops_still_writes() {
        let mut work = work(true);
        start(&mut work);
        assert_eq!(work.timer(Timer::Start), ["emit Began", "arm Write 3s"]);
        let write = ["emit Acted", "send n4 Written { token: 1 }", "arm Write 3s"];
        assert_eq!(work.timer(Timer::Write), write);
        work.request(Request::Stop);
        assert_eq!(work.timer(Timer::Write), write);
        assert_eq!(work.timer(Timer::Stop), ["disarm Write", "emit Ended"]);
        assert!(work.timer(Timer::Write).is_empty());
    }
}
