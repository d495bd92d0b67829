//! A contender: a *slumberer* that wants the lock, the holder of it once its session acquired the key.
//!
//! It is the Go client for Consul's locks as of March and April 2015: a session of its own that it renews, a question
//! that waits for the key to be free, and, while it holds the key, one that waits for the key to change. Whatever it
//! is not sure of it takes for a loss.

mod keep;
#[cfg(test)]
mod tests;

use serde::Deserialize;

use crate::{
    process::{Effects, Id, Input, Lane, Me, Names, NodeId, Process, Rank},
    store::consul::{self, Answer, Ask, Message, SessionAnswer, SessionAsk},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Contender {
    /// Asked for a session, instead of the one of an earlier attempt if that may be left.
    Opening {
        question: Id,
        left: Option<Id>,
    },
    /// An attempt failed. `Retry` is armed.
    Resting {
        left: Option<Id>,
    },
    Open {
        session: Id,
        keep: Keep,
        pursuit: Pursuit,
    },
    /// Lost confidence and destroyed its session. It waits for the end of its machine.
    Abandoned,
}

/// How a session is kept alive.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Keep {
    /// `Renew` is armed for the next renewal.
    Resting,
    /// A renewal is under way. The session is overdue when its time to live is over since the last success.
    Renewing { question: Id, overdue: bool },
    /// A renewal failed. `Renew` is armed for another try.
    Retrying { overdue: bool },
    /// A renewal failed, and nobody was told.
    Stopped,
}

/// What is done with a session.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Pursuit {
    /// Asked for the key, to be answered when it changes.
    Watching { question: Id },
    /// The key was free: asked to acquire it.
    Acquiring { question: Id },
    /// Was refused. `Retry` is armed.
    Refused,
    /// Holds the key, and asked to be told when it changes.
    Holding { question: Id, token: Rank },
    /// Lost confidence, but keeps its session alive until its machine ends.
    Doubting,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub store: NodeId,
    /// How long after a success, or after the session was created, it is renewed.
    pub renew_every: Duration,
    pub on_renew_failure: OnRenewFailure,
    /// How long a question for the key waits for it to be free, with the server's own jitter.
    pub wait: Option<Window>,
    /// How long the holder's question waits for a change.
    pub monitor_wait: Option<Window>,
    /// How long it sleeps after it was refused.
    pub refused_retry: Duration,
    /// How long it sleeps after an error, before it tries again with another session.
    pub error_retry: Duration,
    pub on_doubt: OnDoubt,
    pub clean_stop: CleanStop,
    /// Whether it remembers the session of an attempt that failed, to destroy it when it creates another.
    pub cleans_up: bool,
    /// How long it waits for an answer that should come at once; for ever, if absent.
    pub request_timeout: Option<Duration>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnRenewFailure {
    /// Renewals end at the first failure, silently. An answer that the session is gone does not count as one.
    Stop,
    /// It tries again `every` so often; a failure once the session is overdue ends it. `left` is what is left of the
    /// time to live when a renewal begins.
    Retry { every: Duration, left: Duration },
}

/// What becomes of the session of a holder that lost confidence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnDoubt {
    /// It is left to expire after the machine's end.
    Keep,
    /// It is destroyed at once, while the work still stops.
    Destroy,
}

/// What a machine that is told to stop does with its session, after its work ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CleanStop {
    /// Gives the key back, then destroys the session.
    ReleaseAndDestroy,
    Destroy,
    /// Nothing.
    Leave,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    /// When the session is renewed.
    Renew,
    /// When the time to live is over since the last success; armed with the first renewal after it.
    Overdue,
    /// When to try again after a refusal or an error.
    Retry,
    /// When an answer about the key should have come.
    Answer,
    /// When an answer about the session should have come.
    SessionAnswer,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Request {
    /// To end the session as a clean stop does, and exit.
    Leave,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Event {
    Acquired,
    /// The holder is not sure any more that it is the only one.
    Doubted,
    /// The holder stopped holding on purpose.
    Released,
}

/// What a machine needs to know of its contender.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    Slumbering,
    Holding { token: Rank },
    Doubting,
}

impl Contender {
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self {
            Contender::Open { pursuit: Pursuit::Holding { token, .. }, .. } => Standing::Holding { token: *token },
            Contender::Open { pursuit: Pursuit::Doubting, .. } | Contender::Abandoned => Standing::Doubting,
            Contender::Opening { .. } | Contender::Resting { .. } | Contender::Open { .. } => Standing::Slumbering,
        }
    }
}

impl Process for Contender {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Request = Request;
    type Event = Event;
    type Durable = ();

    fn start(me: &Me<'_, Self>, (): (), fx: &mut Effects<Self>) -> Self {
        Contender::Opening { question: ask_session(me.config, SessionAsk::Create { instead_of: None }, fx), left: None }
    }

    fn step(&mut self, me: &Me<'_, Self>, input: Input<Self>, fx: &mut Effects<Self>) {
        let config = me.config;
        match input {
            Input::Message { message: Message::Answer { question, answer }, .. } => {
                self.answered(config, question, Some(answer), fx);
            }
            Input::Message { message: Message::AnswerSession { question, answer }, .. } => {
                self.tended(config, question, Some(answer), fx);
            }
            // What was asked on a connection that is gone, or for too long, is not answered any more.
            Input::Closed { lane: consul::KEY_LANE, .. } | Input::Timer(Timer::Answer) => {
                if let Some(question) = self.question() {
                    self.answered(config, question, None, fx);
                }
            }
            Input::Closed { lane: consul::SESSION_LANE, .. } | Input::Timer(Timer::SessionAnswer) => {
                if let Some(question) = self.session_question() {
                    self.tended(config, question, None, fx);
                }
            }
            Input::Timer(Timer::Renew) => self.renew(config, fx),
            Input::Timer(Timer::Overdue) => self.overdue(),
            Input::Timer(Timer::Retry) => self.retry(config, fx),
            Input::Request(Request::Leave) => self.leave(config, fx),
            // The store's side of the talk, and connections that a contender does not have.
            Input::Message { message: Message::Ask { .. } | Message::AskSession { .. }, .. } | Input::Closed { .. } => {
            }
        }
    }

    fn lane(message: &Message) -> Lane {
        consul::Consul::lane(message)
    }
}

impl Contender {
    /// What was asked about the key.
    const fn question(&self) -> Option<Id> {
        match self {
            Contender::Open {
                pursuit:
                    Pursuit::Watching { question } | Pursuit::Acquiring { question } | Pursuit::Holding { question, .. },
                ..
            } => Some(*question),
            Contender::Open { pursuit: Pursuit::Refused | Pursuit::Doubting, .. }
            | Contender::Opening { .. }
            | Contender::Resting { .. }
            | Contender::Abandoned => None,
        }
    }

    /// An answer about the key, or the certainty that there will be none.
    fn answered(&mut self, config: &Config, question: Id, answer: Option<Answer>, fx: &mut Effects<Self>) {
        if self.question() != Some(question) {
            // An answer to a question that is not asked any more.
            return;
        }
        if config.request_timeout.is_some() {
            fx.disarm(Timer::Answer);
        }
        let Contender::Open { session, pursuit, .. } = self else { unreachable!("it asked with a session") };
        match (&*pursuit, answer) {
            (Pursuit::Watching { .. }, Some(Answer::Entry { holder: None, .. })) => {
                *pursuit = Pursuit::Acquiring { question: ask(config, Ask::Acquire { session: *session }, fx) };
            }
            (Pursuit::Watching { .. }, Some(Answer::Entry { holder: Some(_), index })) => {
                *pursuit = Pursuit::Watching { question: get(config, Some(index), config.wait, fx) };
            }
            (Pursuit::Acquiring { .. }, Some(Answer::Acquired { token })) => {
                fx.emit(Event::Acquired);
                *pursuit = Pursuit::Holding { question: get(config, None, config.monitor_wait, fx), token };
            }
            (Pursuit::Acquiring { .. }, Some(Answer::Refused)) => {
                *pursuit = Pursuit::Refused;
                fx.arm(Timer::Retry, Window::exactly(config.refused_retry));
            }
            (Pursuit::Holding { token, .. }, Some(Answer::Entry { holder, index })) if holder == Some(*session) => {
                let token = *token;
                *pursuit = Pursuit::Holding { question: get(config, Some(index), config.monitor_wait, fx), token };
            }
            // Another holds the key, or nobody, or the holder cannot know.
            (Pursuit::Holding { .. }, _) => self.doubt(config, fx),
            (Pursuit::Watching { .. } | Pursuit::Acquiring { .. }, _) => self.fail(config, fx),
            (Pursuit::Refused | Pursuit::Doubting, _) => unreachable!("nothing is asked"),
        }
    }

    /// The sleep after a refusal or an error is over.
    fn retry(&mut self, config: &Config, fx: &mut Effects<Self>) {
        match self {
            Contender::Resting { left } => {
                let left = *left;
                let question = ask_session(config, SessionAsk::Create { instead_of: left }, fx);
                *self = Contender::Opening { question, left };
            }
            Contender::Open { pursuit: pursuit @ Pursuit::Refused, .. } => {
                *pursuit = Pursuit::Watching { question: get(config, None, config.wait, fx) };
            }
            // Armed only by a refusal or an error.
            Contender::Opening { .. } | Contender::Open { .. } | Contender::Abandoned => {}
        }
    }

    /// A slumberer's attempt failed: it gives up its session and tries with another.
    fn fail(&mut self, config: &Config, fx: &mut Effects<Self>) {
        self.end_session(config, fx);
        let left = match self {
            Contender::Open { session, .. } if config.cleans_up => Some(*session),
            _ => None,
        };
        *self = Contender::Resting { left };
        fx.arm(Timer::Retry, Window::exactly(config.error_retry));
    }

    /// The holder is not sure any more: from here on it must not believe.
    fn doubt(&mut self, config: &Config, fx: &mut Effects<Self>) {
        fx.emit(Event::Doubted);
        match (config.on_doubt, &mut *self) {
            (OnDoubt::Keep, Contender::Open { pursuit, .. }) => *pursuit = Pursuit::Doubting,
            (OnDoubt::Keep | OnDoubt::Destroy, _) => {
                self.end_session(config, fx);
                *self = Contender::Abandoned;
            }
        }
    }

    /// Destroys the session without waiting for the answer, and renews it no more.
    ///
    /// Whoever renews it destroys it: where renewals have stopped, the session is left to expire.
    fn end_session(&self, config: &Config, fx: &mut Effects<Self>) {
        let Contender::Open { session, keep, .. } = self else { return };
        if *keep != Keep::Stopped {
            tell(config, Ask::DestroySession { session: *session }, fx);
        }
        self.stop_keeping(config, fx);
    }

    fn leave(&self, config: &Config, fx: &mut Effects<Self>) {
        if let Contender::Open { session, pursuit, .. } = self {
            let session = *session;
            if matches!(pursuit, Pursuit::Holding { .. }) {
                fx.emit(Event::Released);
            }
            match config.clean_stop {
                CleanStop::ReleaseAndDestroy => {
                    tell(config, Ask::Release { session }, fx);
                    tell(config, Ask::DestroySession { session }, fx);
                }
                CleanStop::Destroy => tell(config, Ask::DestroySession { session }, fx),
                CleanStop::Leave => {}
            }
        }
        fx.exit();
    }
}

/// Asks what is answered at once.
fn ask(config: &Config, ask: Ask, fx: &mut Effects<Contender>) -> Id {
    let question = fx.fresh_id();
    if let Some(timeout) = config.request_timeout {
        fx.arm(Timer::Answer, Window::exactly(timeout));
    }
    fx.send(config.store, Message::Ask { question: Some(question), ask });
    question
}

/// Asks for a session, or renews it.
fn ask_session(config: &Config, ask: SessionAsk, fx: &mut Effects<Contender>) -> Id {
    let question = fx.fresh_id();
    if let Some(timeout) = config.request_timeout {
        fx.arm(Timer::SessionAnswer, Window::exactly(timeout));
    }
    fx.send(config.store, Message::AskSession { question, ask });
    question
}

/// Asks for the key: at once, or when it has changed since `seen`. Only the former is answered in time.
fn get(config: &Config, seen: Option<Rank>, wait: Option<Window>, fx: &mut Effects<Contender>) -> Id {
    if seen.is_none() {
        return ask(config, Ask::Get { seen, wait: None }, fx);
    }
    let question = fx.fresh_id();
    fx.send(config.store, Message::Ask { question: Some(question), ask: Ask::Get { seen, wait } });
    question
}

/// Asks without waiting for the answer.
fn tell(config: &Config, ask: Ask, fx: &mut Effects<Contender>) {
    fx.send(config.store, Message::Ask { question: None, ask });
}
