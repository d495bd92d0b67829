//! The Go client for Consul's locks: a session of its own that it renews, a question that waits for the key to be free,
//! and, while it holds the key, one that waits for the key to change. Whatever it is not sure of it takes for a loss.

mod keep;
mod lockless;
mod runner;
#[cfg(test)]
mod tests;

use serde::Deserialize;

use super::{Event, Request, Standing, Timer};
use crate::{
    lock::STORE,
    process::{Effects, Id, Input, Lane, Me, Names, Process, Rank},
    store::{
        Key,
        consul::{self, Answer, Ask, Check, Entry, Get, Message, SessionAnswer, SessionAsk, Terms},
    },
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Client {
    /// Looks whether the store has a leader, before it asks for anything; so many looks in a row have failed. `Retry` is
    /// armed while it does not ask.
    Looking { question: Option<Id>, failures: u8 },
    /// Found no leader, and does without the lock until it has seen one so many times. `Retry` is armed while it does
    /// not ask.
    Waived { question: Option<Id>, sightings: u8 },
    /// Asked for a session, instead of the one of an earlier attempt if that may be left.
    Opening { question: Id, left: Option<Id>, unwatched: Option<Rank> },
    /// An attempt failed. `Retry` is armed, or `Late` if it waits for the end of the attempt.
    Resting { left: Option<Id>, unwatched: Option<Rank> },
    Open {
        session: Id,
        keep: Keep,
        pursuit: Pursuit,
        /// The token of a lock that it acquired and believes to hold, by a session that it has replaced since.
        unwatched: Option<Rank>,
    },
    /// Lost confidence and destroyed its session, or is done. It waits for the end of its machine.
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
    /// Was refused, and looks again to see whether somebody holds the key.
    Rereading { question: Id },
    /// Was refused. `Retry` is armed.
    Refused,
    /// Holds the key, and asked to be told when it changes. So many questions have failed in a row.
    Holding { question: Id, token: Rank, failures: u8 },
    /// Holds the key, as far as it knows: its question failed. `Retry` is armed.
    Blind { token: Rank, failures: u8 },
    /// Lost confidence, but keeps its session alive until its machine ends.
    Doubting,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// What it wants to hold.
    pub key: Key,
    /// What it asks of a session.
    pub terms: Terms,
    /// How long after a success, or after the session was created, it is renewed.
    pub renew_every: Duration,
    pub on_renew_failure: OnRenewFailure,
    /// How long a question for the key waits for it to be free, with the server's own jitter.
    pub wait: Option<Window>,
    /// How long the holder's question waits for a change.
    pub monitor_wait: Option<Window>,
    /// How often in a row the holder's question may fail, because the store could not answer, and be asked again.
    pub monitor_retries: u8,
    /// How long it sleeps before it asks again.
    pub monitor_retry: Duration,
    /// Whether it looks again after it was refused, and sleeps only if nobody holds the key.
    pub rereads: bool,
    /// How long it sleeps after it was refused.
    pub refused_retry: Duration,
    /// How long it sleeps after an error, before it tries again with another session.
    pub error_retry: Duration,
    pub on_doubt: OnDoubt,
    pub clean_stop: CleanStop,
    /// Whether it remembers the session of an attempt that failed, to destroy it when it creates another.
    pub cleans_up: bool,
    /// Whether a connection that ends under the holder's question counts as an answer that the store could not answer.
    pub forgives_breaks: bool,
    pub session_loss: SessionLoss,
    pub lockless: Option<Lockless>,
    /// How long it waits for an answer that should come at once; for ever, if absent.
    pub request_timeout: Option<Duration>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnRenewFailure {
    /// Renewals end at the first failure, silently. An answer that the session is gone does not count as one.
    Stop,
    /// It tries again `every` so often; a failure once the session is overdue ends it. `left` is what is left of the
    /// time to live when a renewal begins. An answer that the session is gone ends it at once if it `hears_gone`, and
    /// is a failure like another if not.
    Retry { every: Duration, left: Duration, hears_gone: bool },
}

/// What becomes of the session of a holder that lost confidence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnDoubt {
    /// It is left to expire after the machine's end.
    Keep,
    /// It is destroyed at once, while the work still stops.
    Destroy,
    /// It is destroyed at once, and another takes its place after a rest. For keys that no work depends on.
    Recreate,
}

/// What one that waits for the lock does when its session is lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionLoss {
    /// It gives its attempt up, and tries again after a rest.
    #[default]
    EndsAttempt,
    /// It tries again after a rest, and after another when its first attempt has ended too.
    RetriesBeside,
    /// It only tries again when its attempt has ended.
    AwaitsAttempt,
}

/// How it does without the lock when the store has no leader.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lockless {
    /// From a look to the next.
    pub poll: Duration,
    /// Looks without a leader, in a row, until it does without.
    pub enter_after: u8,
    /// Looks with a leader, in a row, until it ends, to start again with the lock.
    pub leave_after: u8,
}

/// What a machine that is told to stop does with its session, after its work ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CleanStop {
    /// Gives the key back, then destroys the session.
    ReleaseAndDestroy,
    Destroy,
    /// Gives the key back, deletes it, then destroys the session.
    ReleaseAndDelete,
    /// Nothing.
    Leave,
}

impl Client {
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self {
            Client::Open { pursuit: Pursuit::Holding { token, .. } | Pursuit::Blind { token, .. }, .. } => {
                Standing::Holding { token: *token }
            }
            Client::Open { pursuit: Pursuit::Doubting, .. } | Client::Abandoned => Standing::Doubting,
            Client::Opening { unwatched: Some(token), .. }
            | Client::Resting { unwatched: Some(token), .. }
            | Client::Open { unwatched: Some(token), .. } => Standing::Holding { token: *token },
            Client::Waived { .. } => Standing::Waived,
            Client::Looking { .. } | Client::Opening { .. } | Client::Resting { .. } | Client::Open { .. } => {
                Standing::Slumbering
            }
        }
    }
}

impl Process for Client {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Request = Request;
    type Event = Event;
    type Durable = ();

    fn start(me: &Me<'_, Self>, (): (), fx: &mut Effects<Self>) -> Self {
        if me.config.lockless.is_some() {
            return Client::Looking { question: Some(get(me.config, None, None, fx)), failures: 0 };
        }
        Client::opening(me.config, None, None, fx)
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
            Input::Timer(Timer::Late) => self.attempt_ended(config, fx),
            Input::Timer(Timer::Recreate) => self.recreate(config, fx),
            // Of other kinds.
            Input::Timer(Timer::Lease | Timer::Deadline(_)) => {}
            Input::Request(Request::Leave) => self.leave(config, fx),
            // Its store has nobody wait for a holder that is about to leave.
            Input::Request(Request::Announce) => {}
            // The store's side of the talk, and connections that a contender does not have.
            Input::Message { message: Message::Ask { .. } | Message::AskSession { .. }, .. } | Input::Closed { .. } => {
            }
        }
    }

    fn lane(message: &Message) -> Lane {
        consul::Consul::lane(message)
    }
}

impl Client {
    fn opening(config: &Config, left: Option<Id>, unwatched: Option<Rank>, fx: &mut Effects<Self>) -> Client {
        Client::Opening { question: open(config, left, fx), left, unwatched }
    }

    /// What was asked about the key.
    const fn question(&self) -> Option<Id> {
        match self {
            Client::Looking { question, .. } | Client::Waived { question, .. } => *question,
            Client::Open {
                pursuit:
                    Pursuit::Watching { question }
                    | Pursuit::Acquiring { question }
                    | Pursuit::Rereading { question }
                    | Pursuit::Holding { question, .. },
                ..
            } => Some(*question),
            Client::Open { pursuit: Pursuit::Refused | Pursuit::Blind { .. } | Pursuit::Doubting, .. }
            | Client::Opening { .. }
            | Client::Resting { .. }
            | Client::Abandoned => None,
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
        let answered = answer.is_some();
        let Client::Open { session, pursuit, .. } = self else {
            self.looked(config, matches!(answer, Some(Answer::Entries { .. })), fx);
            return;
        };
        match (&*pursuit, answer) {
            (Pursuit::Watching { .. }, Some(Answer::Entries { entries, index })) => {
                *pursuit = if holder(&entries).is_some() {
                    Pursuit::Watching { question: get(config, Some(index), config.wait, fx) }
                } else {
                    let acquire = Ask::Acquire { key: config.key, session: *session, value: None };
                    Pursuit::Acquiring { question: ask(config, acquire, fx) }
                };
            }
            (Pursuit::Acquiring { .. }, Some(Answer::Acquired { token })) => {
                self.acquired(config, token, fx);
            }
            (Pursuit::Acquiring { .. }, Some(Answer::Refused)) if config.rereads => {
                *pursuit = Pursuit::Rereading { question: get(config, None, config.wait, fx) };
            }
            (Pursuit::Rereading { .. }, Some(Answer::Entries { entries, index })) if holder(&entries).is_some() => {
                *pursuit = Pursuit::Watching { question: get(config, Some(index), config.wait, fx) };
            }
            (Pursuit::Acquiring { .. }, Some(Answer::Refused))
            | (Pursuit::Rereading { .. }, Some(Answer::Entries { .. })) => {
                *pursuit = Pursuit::Refused;
                fx.arm(Timer::Retry, Window::exactly(config.refused_retry));
            }
            (Pursuit::Holding { token, .. }, Some(Answer::Entries { entries, index }))
                if holder(&entries) == Some(*session) =>
            {
                let token = *token;
                let question = get(config, Some(index), config.monitor_wait, fx);
                *pursuit = Pursuit::Holding { question, token, failures: 0 };
            }
            // The store says that it cannot know. A connection that is gone is another matter.
            (Pursuit::Holding { token, failures, .. }, Some(Answer::Failed) | None)
                if *failures < config.monitor_retries && (answered || config.forgives_breaks) =>
            {
                *pursuit = Pursuit::Blind { token: *token, failures: failures + 1 };
                fx.arm(Timer::Retry, Window::exactly(config.monitor_retry));
            }
            // Another holds the key, or nobody, or the holder cannot know.
            (Pursuit::Holding { .. }, _) => self.doubt(config, fx),
            (Pursuit::Watching { .. } | Pursuit::Acquiring { .. } | Pursuit::Rereading { .. }, _) => {
                self.fail(config, fx);
            }
            (Pursuit::Refused | Pursuit::Blind { .. } | Pursuit::Doubting, _) => unreachable!("nothing is asked"),
        }
    }

    /// The sleep after a refusal or an error is over.
    fn retry(&mut self, config: &Config, fx: &mut Effects<Self>) {
        match self {
            Client::Looking { .. } | Client::Waived { .. } => self.look(config, fx),
            Client::Resting { left, unwatched } => *self = Client::opening(config, *left, *unwatched, fx),
            Client::Open { pursuit: pursuit @ Pursuit::Refused, .. } => {
                *pursuit = Pursuit::Watching { question: get(config, None, config.wait, fx) };
            }
            Client::Open { pursuit: pursuit @ Pursuit::Blind { .. }, .. } => {
                let Pursuit::Blind { token, failures } = *pursuit else { unreachable!("it was matched") };
                *pursuit = Pursuit::Holding { question: get(config, None, config.monitor_wait, fx), token, failures };
            }
            // Armed only by a refusal or an error.
            Client::Opening { .. } | Client::Open { .. } | Client::Abandoned => {}
        }
    }

    /// A slumberer's attempt failed: it gives up its session and tries with another.
    fn fail(&mut self, config: &Config, fx: &mut Effects<Self>) {
        self.end_attempt(config, fx);
        fx.arm(Timer::Retry, Window::exactly(config.error_retry));
    }

    fn end_attempt(&mut self, config: &Config, fx: &mut Effects<Self>) {
        let Client::Open { session, unwatched, .. } = *self else { unreachable!("an attempt has a session") };
        self.end_session(config, fx);
        *self = Client::Resting { left: config.cleans_up.then_some(session), unwatched };
    }

    /// The holder is not sure any more: from here on it must not believe.
    fn doubt(&mut self, config: &Config, fx: &mut Effects<Self>) {
        fx.emit(Event::Doubted);
        if matches!(self, Client::Open { pursuit: Pursuit::Blind { .. }, .. }) {
            fx.disarm(Timer::Retry);
        }
        match (config.on_doubt, &mut *self) {
            (OnDoubt::Keep, Client::Open { pursuit, .. }) => *pursuit = Pursuit::Doubting,
            (OnDoubt::Recreate, Client::Open { .. }) => self.fail(config, fx),
            (OnDoubt::Keep | OnDoubt::Destroy | OnDoubt::Recreate, _) => {
                self.end_session(config, fx);
                *self = Client::Abandoned;
            }
        }
    }

    /// Destroys the session without waiting for the answer, and renews it no more.
    ///
    /// Whoever renews it destroys it: where renewals have stopped, the session is left to expire.
    fn end_session(&self, config: &Config, fx: &mut Effects<Self>) {
        let Client::Open { session, keep, .. } = self else { return };
        if *keep != Keep::Stopped {
            tell(Ask::DestroySession { session: *session }, fx);
        }
        self.stop_keeping(config, fx);
    }

    fn leave(&self, config: &Config, fx: &mut Effects<Self>) {
        if let Client::Open { session, pursuit, .. } = self {
            let session = *session;
            if matches!(pursuit, Pursuit::Holding { .. } | Pursuit::Blind { .. }) || self.is_unwatched() {
                fx.emit(Event::Released);
            }
            match config.clean_stop {
                CleanStop::ReleaseAndDestroy => {
                    tell(Ask::Release { key: config.key, session, value: None }, fx);
                    tell(Ask::DestroySession { session }, fx);
                }
                CleanStop::ReleaseAndDelete => {
                    tell(Ask::Release { key: config.key, session, value: None }, fx);
                    tell(Ask::Delete { key: config.key, check: Check::Always }, fx);
                    tell(Ask::DestroySession { session }, fx);
                }
                CleanStop::Destroy => tell(Ask::DestroySession { session }, fx),
                CleanStop::Leave => {}
            }
        }
        fx.exit();
    }
}

/// Asks what is answered at once.
fn ask(config: &Config, ask: Ask, fx: &mut Effects<Client>) -> Id {
    let question = fx.fresh_id();
    if let Some(timeout) = config.request_timeout {
        fx.arm(Timer::Answer, Window::exactly(timeout));
    }
    fx.send(STORE, Message::Ask { question: Some(question), ask });
    question
}

/// Asks for a session.
fn open(config: &Config, instead_of: Option<Id>, fx: &mut Effects<Client>) -> Id {
    ask_session(config, SessionAsk::Create { terms: config.terms, instead_of }, fx)
}

/// Asks for a session, or renews it.
fn ask_session(config: &Config, ask: SessionAsk, fx: &mut Effects<Client>) -> Id {
    let question = fx.fresh_id();
    if let Some(timeout) = config.request_timeout {
        fx.arm(Timer::SessionAnswer, Window::exactly(timeout));
    }
    fx.send(STORE, Message::AskSession { question, ask });
    question
}

/// Asks for the key: at once, or when it has changed since `seen`. Only the former is answered in time.
fn get(config: &Config, seen: Option<Rank>, wait: Option<Window>, fx: &mut Effects<Client>) -> Id {
    let get = Get::Key(config.key);
    if seen.is_none() {
        return ask(config, Ask::Get { get, seen, wait: None }, fx);
    }
    let question = fx.fresh_id();
    fx.send(STORE, Message::Ask { question: Some(question), ask: Ask::Get { get, seen, wait } });
    question
}

/// Who holds the only key that was asked for.
fn holder(entries: &[(Key, Entry)]) -> Option<Id> {
    entries.first().and_then(|(_, entry)| entry.holder)
}

/// Asks without waiting for the answer.
fn tell(ask: Ask, fx: &mut Effects<Client>) {
    fx.send(STORE, Message::Ask { question: None, ask });
}
