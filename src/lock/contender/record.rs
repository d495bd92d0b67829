//! An elector: everyone looks at one record that its holder writes again and again, and takes it when it has not
//! changed for a lease, counted by his own clock from when he saw the last change.
//!
//! Safety rests on one inequality: the holder stops before anyone can have seen its last write for a whole lease.

mod lead;
#[cfg(test)]
mod tests;

use serde::Deserialize;

use super::{Event, Request, Standing, Timer};
use crate::{
    lock::{LOCK, STORE},
    process::{Effects, Id, Input, Me, Names, Process, Rank},
    store::record::{Answer, Ask, Message, Record},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Client {
    /// What it writes as the holder's name: another in each life.
    name: Id,
    /// The record when it was last seen, if there was one.
    seen: Option<Seen>,
    phase: Phase,
}

/// `Lease` is armed while somebody else holds the record and its lease is not over.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
struct Seen {
    version: Id,
    /// By another.
    held: bool,
    over: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
enum Phase {
    /// `Retry` is armed.
    Resting,
    /// Asked for the record. Whether the lease was over when it asked.
    Looking {
        question: Id,
        over: bool,
    },
    /// Asked to be told when the record changes, or was refused it and is told since.
    Watching {
        question: Id,
    },
    /// Asked to be the holder: it is not told of changes in answer to an earlier question any more.
    Taking {
        question: Id,
    },
    Leading {
        version: Id,
        token: Rank,
        renewal: Renewal,
    },
    Doubting,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
enum Renewal {
    /// `Renew` is armed.
    Resting {
        last: Last,
    },
    Looking {
        question: Id,
    },
    Writing {
        question: Id,
    },
}

/// What became of the last renewal, as far as it matters to the next: a failure is remembered where the deadline counts
/// from the first, and that its outcome is unknown where the holder must look before it writes again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
enum Last {
    Done,
    Failed,
    Unknown,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// How long others leave an unchanged record alone.
    pub lease: Duration,
    /// How long the holder goes on without a success.
    pub renew_deadline: Duration,
    pub deadline_from: DeadlineFrom,
    /// From a success to the next renewal.
    pub renew_every: Duration,
    /// From a failed renewal to the next.
    pub renew_retry: Duration,
    /// Between two looks of those who wait.
    pub retry: Window,
    /// Whether those who wait are told of changes, instead of looking now and then.
    pub watches: bool,
    pub renew: Renew,
    pub release: Release,
    /// Whether a contender that is told to stop before it is the holder gives back what it may have been granted, and
    /// its place in line.
    pub withdraws: bool,
    /// How long it waits for an answer that should come at once; for ever, if absent.
    pub request_timeout: Option<Duration>,
}

/// From when the holder's deadline counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeadlineFrom {
    /// From the first try after a success.
    Try,
    /// From when it asked for what succeeded.
    Asked,
}

/// What a contender writes over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Renew {
    /// The version that it knows: not what it wrote itself when it did not hear of it.
    #[default]
    ByVersion,
    /// That version, or whatever it wrote itself.
    ByName,
}

/// How the holder gives the record back in a clean stop.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Release {
    Never,
    /// If it is still at the version that the holder knows: not if a renewal is under way.
    ByVersion,
    /// If it is still the holder.
    ByName,
}

type Fx = Effects<Client>;

impl Process for Client {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Request = Request;
    type Event = Event;
    type Durable = ();

    fn start(me: &Me<'_, Self>, (): (), fx: &mut Fx) -> Self {
        let mut client = Client { name: fx.fresh_id(), seen: None, phase: Phase::Resting };
        client.look(me.config, fx);
        client
    }

    fn step(&mut self, me: &Me<'_, Self>, input: Input<Self>, fx: &mut Fx) {
        match input {
            Input::Message { message: Message::Answer { question, answer }, .. } => {
                // Otherwise it has asked something else since: what it asks now is compared with the record as it is.
                if self.question() == Some(question) {
                    self.answered(me.config, Some(answer), fx);
                }
            }
            // What was asked on a connection that is gone, or for too long, is not answered any more.
            Input::Closed { .. } | Input::Timer(Timer::Answer) => {
                if self.question().is_some() {
                    self.answered(me.config, None, fx);
                }
            }
            Input::Timer(Timer::Retry) => {
                if self.phase == Phase::Resting {
                    self.look(me.config, fx);
                }
            }
            Input::Timer(Timer::Renew) => self.renew(me.config, fx),
            Input::Timer(Timer::Lease) => self.lease_is_over(me.config, fx),
            Input::Timer(Timer::Deadline(question)) => self.came_too_late(me.config, question, fx),
            Input::Request(Request::Leave) => self.leave(me.config, fx),
            Input::Request(Request::Announce) => self.announce(fx),
            // The store's side of the talk, and timers of other kinds.
            Input::Message { message: Message::Ask { .. }, .. }
            | Input::Timer(Timer::Overdue | Timer::Late | Timer::Recreate | Timer::SessionAnswer) => {}
        }
    }
}

impl Client {
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self.phase {
            Phase::Leading { token, .. } => Standing::Holding { token },
            Phase::Doubting => Standing::Doubting,
            Phase::Resting | Phase::Looking { .. } | Phase::Watching { .. } | Phase::Taking { .. } => {
                Standing::Slumbering
            }
        }
    }

    const fn question(&self) -> Option<Id> {
        match self.phase {
            Phase::Looking { question, .. }
            | Phase::Watching { question }
            | Phase::Taking { question }
            | Phase::Leading { renewal: Renewal::Looking { question } | Renewal::Writing { question }, .. } => {
                Some(question)
            }
            Phase::Resting | Phase::Leading { renewal: Renewal::Resting { .. }, .. } | Phase::Doubting => None,
        }
    }

    /// An answer to what was asked last, or the certainty that there will be none.
    fn answered(&mut self, config: &Config, answer: Option<Answer>, fx: &mut Fx) {
        if config.request_timeout.is_some() && !matches!(self.phase, Phase::Watching { .. }) {
            fx.disarm(Timer::Answer);
        }
        match (&self.phase, answer) {
            (Phase::Looking { over, .. }, Some(Answer::Found(record))) => {
                let over = *over && self.version() == record.as_ref().map(|record| record.version);
                self.see(config, record.as_ref(), fx);
                if over || !self.is_held() { self.take(config, fx) } else { self.rest(config, fx) }
            }
            (Phase::Watching { .. }, Some(Answer::Found(record))) => {
                self.see(config, record.as_ref(), fx);
                if !self.is_held() {
                    self.take(config, fx);
                } else if record.is_some_and(|record| record.leaving) {
                    self.claim(config, fx);
                }
            }
            // It waits for the holder to give the record back.
            (Phase::Taking { .. }, Some(Answer::Found(record))) => self.see(config, record.as_ref(), fx),
            (Phase::Taking { question }, Some(Answer::Replaced { version, token })) => {
                let question = *question;
                self.took(config, question, version, token, fx);
            }
            // Another was faster; or the contender itself was, when an answer was lost.
            (Phase::Taking { question }, Some(Answer::Conflict(record))) if config.watches => {
                let question = *question;
                forget_deadline(config, question, fx);
                self.see(config, record.as_ref(), fx);
                if self.is_held() { self.phase = Phase::Watching { question } } else { self.take(config, fx) }
            }
            (Phase::Taking { question }, _) => {
                forget_deadline(config, *question, fx);
                self.rest(config, fx);
            }
            (Phase::Looking { .. } | Phase::Watching { .. }, _) => self.rest(config, fx),
            (Phase::Leading { .. }, answer) => self.renewed(config, answer, fx),
            (Phase::Resting | Phase::Doubting, _) => unreachable!("nothing is asked"),
        }
    }

    /// If it is not what was seen before, its lease begins now.
    fn see(&mut self, config: &Config, record: Option<&Record>, fx: &mut Fx) {
        if self.version() == record.map(|record| record.version) {
            return;
        }
        self.stop_counting(fx);
        let held = |record: &Record| record.holder.is_some_and(|holder| holder != self.name);
        self.seen = record.map(|record| Seen { version: record.version, held: held(record), over: false });
        if self.is_held() {
            fx.arm(Timer::Lease, Window::exactly(config.lease));
        }
    }

    fn stop_counting(&self, fx: &mut Fx) {
        if self.seen.as_ref().is_some_and(|seen| seen.held && !seen.over) {
            fx.disarm(Timer::Lease);
        }
    }

    /// Asks to be the holder when the present one gives the record back, and not before.
    fn claim(&mut self, config: &Config, fx: &mut Fx) {
        self.phase = Phase::Taking { question: write(config, None, self.name, true, fx) };
    }

    fn take(&mut self, config: &Config, fx: &mut Fx) {
        let follow = config.watches;
        self.phase = Phase::Taking { question: write(config, self.version(), self.name, follow, fx) };
    }

    fn took(&mut self, config: &Config, question: Id, version: Id, token: Rank, fx: &mut Fx) {
        self.stop_counting(fx);
        self.seen = None;
        if config.deadline_from == DeadlineFrom::Asked {
            fx.rename(Timer::Deadline(question), Timer::Lease);
        }
        fx.emit(Event::Acquired);
        fx.arm(Timer::Renew, Window::exactly(config.renew_every));
        self.phase = Phase::Leading { version, token, renewal: Renewal::Resting { last: Last::Done } };
    }

    /// Asks for the record, or to be told when it changes if what it knows leaves nothing to ask for: another holds it,
    /// and its lease is not over.
    fn look(&mut self, config: &Config, fx: &mut Fx) {
        if !config.watches {
            limit(config, fx);
            self.phase = Phase::Looking { question: ask(Ask::Get { key: LOCK }, fx), over: self.is_over() };
        } else if self.is_held() && !self.is_over() {
            self.phase = Phase::Watching { question: ask(Ask::Watch { key: LOCK, seen: self.version() }, fx) };
        } else {
            self.take(config, fx);
        }
    }

    fn rest(&mut self, config: &Config, fx: &mut Fx) {
        self.phase = Phase::Resting;
        fx.arm(Timer::Retry, config.retry);
    }

    /// What was seen has not changed for a lease; or the holder has not succeeded for too long.
    fn lease_is_over(&mut self, config: &Config, fx: &mut Fx) {
        if let Phase::Leading { .. } = self.phase {
            self.doubt(config, fx);
            return;
        }
        if let Some(seen) = &mut self.seen {
            seen.over = true;
        }
        match self.phase {
            Phase::Watching { .. } => self.take(config, fx),
            // The holder was about to give the record back, and did not.
            Phase::Taking { question } => {
                forget_deadline(config, question, fx);
                self.take(config, fx);
            }
            Phase::Resting | Phase::Looking { .. } | Phase::Leading { .. } | Phase::Doubting => {}
        }
    }

    /// No answer to this question is a reason to believe any more.
    fn came_too_late(&mut self, config: &Config, question: Id, fx: &mut Fx) {
        match &self.phase {
            Phase::Taking { question: asked } if *asked == question => {
                if config.request_timeout.is_some() {
                    fx.disarm(Timer::Answer);
                }
                self.rest(config, fx);
            }
            Phase::Leading { .. } => self.doubt(config, fx),
            Phase::Resting
            | Phase::Looking { .. }
            | Phase::Watching { .. }
            | Phase::Taking { .. }
            | Phase::Doubting => {}
        }
    }

    fn is_held(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.held)
    }

    fn is_over(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.over)
    }

    fn version(&self) -> Option<Id> {
        self.seen.as_ref().map(|seen| seen.version)
    }
}

/// Asks to be the holder, if the record is still as it was seen; otherwise perhaps to be told of each change.
fn write(config: &Config, seen: Option<Id>, name: Id, follow: bool, fx: &mut Fx) -> Id {
    limit(config, fx);
    let question = fx.fresh_id();
    if config.deadline_from == DeadlineFrom::Asked {
        // Others see this write after now, and leave it alone for a lease: the holder's own deadline is shorter.
        fx.arm(Timer::Deadline(question), Window::exactly(config.renew_deadline));
    }
    let or_own = config.renew == Renew::ByName;
    let ask = Ask::Replace { key: LOCK, seen, holder: Some(name), or_own, follow };
    fx.send(STORE, Message::Ask { question: Some(question), ask });
    question
}

/// A question that failed has no deadline.
fn forget_deadline(config: &Config, question: Id, fx: &mut Fx) {
    if config.deadline_from == DeadlineFrom::Asked {
        fx.disarm(Timer::Deadline(question));
    }
}

fn limit(config: &Config, fx: &mut Fx) {
    if let Some(timeout) = config.request_timeout {
        fx.arm(Timer::Answer, Window::exactly(timeout));
    }
}

fn ask(ask: Ask, fx: &mut Fx) -> Id {
    let question = fx.fresh_id();
    fx.send(STORE, Message::Ask { question: Some(question), ask });
    question
}
