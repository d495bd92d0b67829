//! The work of a machine: the members of an ordered group. They start one after another when the machine holds the
//! lock, work when all are up, and stop one by one in reverse order, which takes time.

use crate::{
    process::{Effects, Input, Me, Names, NodeId, Process, Rank},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Work {
    Idle,
    /// This member starts. `Start` is armed.
    Starting {
        member: u8,
        token: Option<Rank>,
    },
    /// Acts, and may write.
    Acting {
        token: Option<Rank>,
    },
    /// This member was told to stop, and what is left of the group may still act. `Stop` is armed.
    Stopping {
        member: u8,
        token: Option<Rank>,
    },
    /// Was told to stop in the midst of a start-up that acts. `Stop` is armed.
    GivingUp,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// In the order in which they start; at least one acts when all are up.
    pub members: Vec<Member>,
    pub write: Option<Write>,
}

/// One process of the group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Member {
    /// How long until it is up.
    pub start: Window,
    /// How long it takes to stop while it has something to do: the longest of its runs that nothing interrupts.
    pub stop: Window,
    pub acts: Acts,
}

/// When a member acts, on what others may act on too.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Acts {
    /// From when all members are up until it has stopped.
    #[default]
    WhenAllUp,
    /// While it starts, as a migration does.
    WhileStarting,
    Never,
}

/// Writes to a resource: when it is asked to, and perhaps again and again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Write {
    pub to: NodeId,
    pub every: Option<Duration>,
}

/// What a resource is told.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Written {
    pub token: Rank,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    /// When the member that starts is up.
    Start,
    /// When the member that stops has stopped.
    Stop,
    /// When it writes.
    Write,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Request {
    /// Without a token, where the work does not depend on the lock.
    Start {
        token: Option<Rank>,
    },
    Stop,
    /// Somebody wants a write; only who works does it.
    Write,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Event {
    /// A member acts while it starts.
    StartUpBegan,
    StartUpEnded,
    /// All members are up.
    Began,
    Acted,
    /// The last member that acts has stopped.
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
        use Work::{Acting, GivingUp, Idle, Starting, Stopping};
        let config = me.config;
        match (&*self, input) {
            (Idle, Input::Request(Request::Start { token })) => {
                // Who writes nothing needs no token.
                self.start_from(config, 0, token.filter(|_| config.write.is_some()), fx);
            }
            (Starting { member, token }, Input::Timer(Timer::Start)) => {
                let (member, token) = (*member, *token);
                if config.member(member).acts == Acts::WhileStarting {
                    fx.emit(Event::StartUpEnded);
                }
                self.start_from(config, member + 1, token, fx);
            }
            (Starting { member, .. }, Input::Request(Request::Stop)) => {
                let member = config.member(*member);
                fx.disarm(Timer::Start);
                self.give_up(member, fx);
            }
            (GivingUp, Input::Timer(Timer::Stop)) => {
                *self = Idle;
                fx.emit(Event::StartUpEnded);
            }
            (Acting { token }, Input::Request(Request::Stop)) => {
                let token = *token;
                self.stop_below(config, config.members.len() as u8, token, fx);
            }
            (Stopping { member, token }, Input::Timer(Timer::Stop)) => {
                let (member, token) = (*member, *token);
                config.stopped(member, fx);
                self.stop_below(config, member, token, fx);
            }
            (Acting { token } | Stopping { token, .. }, Input::Request(Request::Write)) => write(config, *token, fx),
            (Acting { token } | Stopping { token, .. }, Input::Timer(Timer::Write)) => {
                write(config, *token, fx);
                write_again(config, fx);
            }
            // It is running, or stopping, already.
            (Starting { .. } | Acting { .. } | Stopping { .. } | GivingUp, Input::Request(Request::Start { .. }))
            | (Idle | Stopping { .. } | GivingUp, Input::Request(Request::Stop))
            // It does not work.
            | (Idle | Starting { .. } | GivingUp, Input::Request(Request::Write)) => {}
            // Disarmed when the state that armed them was left.
            (Idle, Input::Timer(_))
            | (Starting { .. }, Input::Timer(Timer::Stop | Timer::Write))
            | (Acting { .. }, Input::Timer(Timer::Start | Timer::Stop))
            | (Stopping { .. }, Input::Timer(Timer::Start))
            | (GivingUp, Input::Timer(Timer::Start | Timer::Write)) => {}
            // A resource does not answer, and what is lost is lost.
            (_, Input::Message { .. } | Input::Closed { .. }) => {}
        }
    }
}

impl Work {
    /// Starts the members from this one on; one that takes no time is up at once.
    fn start_from(&mut self, config: &Config, first: u8, token: Option<Rank>, fx: &mut Effects<Self>) {
        let slow = (first..config.members.len() as u8).find(|member| config.member(*member).start != Window::ZERO);
        if let Some(member) = slow {
            *self = Work::Starting { member, token };
            let Member { start, acts, .. } = config.member(member);
            if acts == Acts::WhileStarting {
                fx.emit(Event::StartUpBegan);
            }
            fx.arm(Timer::Start, start);
            return;
        }
        *self = Work::Acting { token };
        fx.emit(Event::Began);
        write_again(config, fx);
    }

    /// Stops before all members are up: only one that acts in its start-up has something to finish.
    fn give_up(&mut self, member: Member, fx: &mut Effects<Self>) {
        match member {
            Member { acts: Acts::WhileStarting, stop: Window::ZERO, .. } => {
                *self = Work::Idle;
                fx.emit(Event::StartUpEnded);
            }
            Member { acts: Acts::WhileStarting, stop, .. } => {
                *self = Work::GivingUp;
                fx.arm(Timer::Stop, stop);
            }
            Member { acts: Acts::WhenAllUp | Acts::Never, .. } => *self = Work::Idle,
        }
    }

    /// Stops the members before this one, the last first; one that takes no time has stopped at once.
    fn stop_below(&mut self, config: &Config, end: u8, token: Option<Rank>, fx: &mut Effects<Self>) {
        for member in (0..end).rev() {
            let Member { stop, acts, .. } = config.member(member);
            // What acts while it starts has done all that when it is up.
            if stop != Window::ZERO && acts != Acts::WhileStarting {
                *self = Work::Stopping { member, token };
                fx.arm(Timer::Stop, stop);
                return;
            }
            config.stopped(member, fx);
        }
        *self = Work::Idle;
    }
}

impl Config {
    fn member(&self, member: u8) -> Member {
        self.members[usize::from(member)]
    }

    /// A member has stopped: if it was the last that acts, the work has ended.
    fn stopped(&self, member: u8, fx: &mut Effects<Work>) {
        let acts = |member: u8| self.member(member).acts == Acts::WhenAllUp;
        if acts(member) && !(0..member).any(acts) {
            if self.write.is_some_and(|write| write.every.is_some()) {
                fx.disarm(Timer::Write);
            }
            fx.emit(Event::Ended);
        }
    }
}

fn write(config: &Config, token: Option<Rank>, fx: &mut Effects<Work>) {
    if let (Some(Write { to, .. }), Some(token)) = (config.write, token) {
        fx.emit(Event::Acted);
        fx.send(to, Written { token });
    }
}

fn write_again(config: &Config, fx: &mut Effects<Work>) {
    if let Some(every) = config.write.and_then(|write| write.every) {
        fx.arm(Timer::Write, Window::exactly(every));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{process::fixture::Fixture, store::TOKENS};

    const R: NodeId = NodeId(4);

    fn work(write: bool) -> Fixture<Work> {
        let write = write.then_some(Write { to: R, every: Some(Duration::from_secs(3)) });
        group(vec![member(1, 2, Acts::WhenAllUp)], write)
    }

    fn group(members: Vec<Member>, write: Option<Write>) -> Fixture<Work> {
        Fixture::start(NodeId(1), Config { members, write })
    }

    fn member(start: i64, stop: i64, acts: Acts) -> Member {
        let up_to = |seconds| Window::up_to(Duration::from_secs(seconds));
        Member { start: up_to(start), stop: up_to(stop), acts }
    }

    fn start(work: &mut Fixture<Work>) -> Vec<String> {
        let token = Some(work.fresh_rank(TOKENS));
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

    #[test]
    fn who_works_writes_when_it_is_asked_to() {
        let mut work = group(vec![member(1, 2, Acts::WhenAllUp)], Some(Write { to: R, every: None }));
        assert!(work.request(Request::Write).is_empty());
        start(&mut work);
        assert!(work.request(Request::Write).is_empty());
        assert_eq!(work.timer(Timer::Start), ["emit Began"]);
        let write = ["emit Acted", "send n4 Written { token: 1 }"];
        assert_eq!(work.request(Request::Write), write);
        work.request(Request::Stop);
        assert_eq!(work.request(Request::Write), write);
        assert_eq!(work.timer(Timer::Stop), ["emit Ended"]);
        assert!(work.request(Request::Write).is_empty());
    }

    #[test]
    fn members_start_in_order_and_stop_in_reverse() {
        let members = vec![
            member(0, 3, Acts::Never),
            member(1, 4, Acts::WhenAllUp),
            member(2, 0, Acts::WhenAllUp),
            member(0, 5, Acts::Never),
        ];
        let mut work = group(members, None);
        assert_eq!(start(&mut work), ["arm Start 0s..1s"]);
        assert_eq!(work.timer(Timer::Start), ["arm Start 0s..2s"]);
        assert_eq!(work.timer(Timer::Start), ["emit Began"]);
        assert_eq!(work.request(Request::Stop), ["arm Stop 0s..5s"]);
        // The one that stops at once is not the last that acts.
        assert_eq!(work.timer(Timer::Stop), ["arm Stop 0s..4s"]);
        assert_eq!(work.timer(Timer::Stop), ["emit Ended", "arm Stop 0s..3s"]);
        assert!(work.timer(Timer::Stop).is_empty());
        assert_eq!(*work.process(), Work::Idle);
    }

    #[test]
    fn a_migration_acts_before_the_work_begins() {
        let mut work = group(vec![member(0, 0, Acts::WhenAllUp), member(9, 1, Acts::WhileStarting)], None);
        assert_eq!(start(&mut work), ["emit StartUpBegan", "arm Start 0s..9s"]);
        assert_eq!(work.timer(Timer::Start), ["emit StartUpEnded", "emit Began"]);
        assert_eq!(work.request(Request::Stop), ["emit Ended"]);
    }

    #[test]
    fn a_migration_that_is_told_to_stop_finishes_what_it_is_at() {
        let mut work = group(vec![member(0, 7, Acts::WhenAllUp), member(9, 1, Acts::WhileStarting)], None);
        start(&mut work);
        assert_eq!(work.request(Request::Stop), ["disarm Start", "arm Stop 0s..1s"]);
        assert!(work.request(Request::Stop).is_empty());
        assert_eq!(work.timer(Timer::Stop), ["emit StartUpEnded"]);
        assert_eq!(*work.process(), Work::Idle);
    }
}
