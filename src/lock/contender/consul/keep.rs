//! How a contender keeps its session alive.

use super::{Client, Config, Keep, OnRenewFailure, Pursuit, SessionAnswer, SessionAsk, Timer, ask_session, get};
use crate::{
    process::{Effects, Id, Rank},
    time::Window,
};

impl Client {
    pub(super) fn renew(&mut self, config: &Config, fx: &mut Effects<Self>) {
        // Armed only while there is a session that is kept.
        let Client::Open { session, keep, .. } = self else { return };
        let overdue = match keep {
            Keep::Resting => {
                if let OnRenewFailure::Retry { left, .. } = config.on_renew_failure {
                    fx.arm(Timer::Overdue, Window::exactly(left));
                }
                false
            }
            Keep::Retrying { overdue } => *overdue,
            Keep::Renewing { .. } | Keep::Stopped => return,
        };
        let question = ask_session(config, SessionAsk::Renew { session: *session }, fx);
        *keep = Keep::Renewing { question, overdue };
    }

    /// The time to live is over since the last success. That is looked at only when a renewal has failed.
    pub(super) fn overdue(&mut self) {
        match self {
            Client::Open { keep: Keep::Renewing { overdue, .. } | Keep::Retrying { overdue }, .. } => {
                *overdue = true;
            }
            // Disarmed by a success, and at the end.
            Client::Open { keep: Keep::Resting | Keep::Stopped, .. }
            | Client::Looking { .. }
            | Client::Waived { .. }
            | Client::Opening { .. }
            | Client::Resting { .. }
            | Client::Abandoned => {}
        }
    }

    /// What was asked about the session.
    pub(super) const fn session_question(&self) -> Option<Id> {
        match self {
            Client::Opening { question, .. } | Client::Open { keep: Keep::Renewing { question, .. }, .. } => {
                Some(*question)
            }
            Client::Open { keep: Keep::Resting | Keep::Retrying { .. } | Keep::Stopped, .. }
            | Client::Looking { .. }
            | Client::Waived { .. }
            | Client::Resting { .. }
            | Client::Abandoned => None,
        }
    }

    /// An answer about the session, or the certainty that there will be none.
    pub(super) fn tended(
        &mut self,
        config: &Config,
        question: Id,
        answer: Option<SessionAnswer>,
        fx: &mut Effects<Self>,
    ) {
        if self.session_question() != Some(question) {
            // An answer that came too late.
            return;
        }
        if config.request_timeout.is_some() {
            fx.disarm(Timer::SessionAnswer);
        }
        if let Client::Opening { left, unwatched, .. } = *self {
            self.opened(config, left, unwatched, answer, fx);
        } else {
            self.renewed(config, answer, fx);
        }
    }

    fn opened(
        &mut self,
        config: &Config,
        left: Option<Id>,
        unwatched: Option<Rank>,
        answer: Option<SessionAnswer>,
        fx: &mut Effects<Self>,
    ) {
        if let Some(SessionAnswer::Created { session }) = answer {
            fx.arm(Timer::Renew, Window::exactly(config.renew_every));
            let question = get(config, None, config.wait, fx);
            let pursuit = Pursuit::Watching { question };
            *self = Client::Open { session, keep: Keep::Resting, pursuit, unwatched };
        } else {
            *self = Client::Resting { left, unwatched };
            fx.arm(Timer::Retry, Window::exactly(config.error_retry));
        }
    }

    fn renewed(&mut self, config: &Config, answer: Option<SessionAnswer>, fx: &mut Effects<Self>) {
        let Client::Open { keep, .. } = self else { return };
        let Keep::Renewing { overdue, .. } = *keep else { return };
        match (answer, config.on_renew_failure) {
            // The oldest client looks for an error only, and a session that is gone is none.
            (Some(SessionAnswer::Renewed | SessionAnswer::Created { .. }), _)
            | (Some(SessionAnswer::Gone), OnRenewFailure::Stop) => {
                *keep = Keep::Resting;
                if matches!(config.on_renew_failure, OnRenewFailure::Retry { .. }) {
                    fx.disarm(Timer::Overdue);
                }
                fx.arm(Timer::Renew, Window::exactly(config.renew_every));
            }
            (Some(SessionAnswer::Failed) | None, OnRenewFailure::Stop) => *keep = Keep::Stopped,
            (Some(SessionAnswer::Gone), OnRenewFailure::Retry { hears_gone: true, .. }) => {
                self.lose_session(config, fx);
            }
            (Some(SessionAnswer::Gone | SessionAnswer::Failed) | None, OnRenewFailure::Retry { every, .. }) => {
                if overdue {
                    self.lose_session(config, fx);
                } else {
                    *keep = Keep::Retrying { overdue };
                    fx.arm(Timer::Renew, Window::exactly(every));
                }
            }
        }
    }

    /// A renewal failed when the session was overdue.
    fn lose_session(&mut self, config: &Config, fx: &mut Effects<Self>) {
        match self {
            Client::Open { pursuit: Pursuit::Holding { .. } | Pursuit::Blind { .. }, .. } => self.doubt(config, fx),
            Client::Open { keep, pursuit: Pursuit::Doubting, .. } => *keep = Keep::Stopped,
            // It believes that this is the session of the lock that it holds.
            Client::Open { unwatched: Some(_), .. } => self.doubt(config, fx),
            Client::Open {
                pursuit:
                    Pursuit::Watching { .. } | Pursuit::Acquiring { .. } | Pursuit::Rereading { .. } | Pursuit::Refused,
                ..
            } => self.lose_attempt(config, fx),
            Client::Looking { .. }
            | Client::Waived { .. }
            | Client::Opening { .. }
            | Client::Resting { .. }
            | Client::Abandoned => {}
        }
    }

    /// Disarms what the keeping of a session and an open question have armed.
    pub(super) fn stop_keeping(&self, config: &Config, fx: &mut Effects<Self>) {
        let Client::Open { keep, .. } = self else { return };
        match keep {
            Keep::Resting | Keep::Retrying { .. } => fx.disarm(Timer::Renew),
            Keep::Renewing { .. } if config.request_timeout.is_some() => fx.disarm(Timer::SessionAnswer),
            Keep::Renewing { .. } | Keep::Stopped => {}
        }
        let counts = matches!(config.on_renew_failure, OnRenewFailure::Retry { .. });
        if counts && matches!(keep, Keep::Renewing { .. } | Keep::Retrying { .. }) {
            fx.disarm(Timer::Overdue);
        }
        if config.request_timeout.is_some() {
            fx.disarm(Timer::Answer);
        }
    }
}
