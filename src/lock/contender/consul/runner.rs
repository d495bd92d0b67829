//! How locket's lock runner tries again when the session of a waiting contender is lost: two attempts may then be under
//! way, and the later session is made in the place of the earlier one, whatever that holds.

use super::{Client, Config, Event, Pursuit, SessionLoss, Timer, get};
use crate::{
    process::{Effects, Rank},
    time::{Duration, Window},
};

impl Client {
    pub(super) fn acquired(&mut self, config: &Config, token: Rank, fx: &mut Effects<Self>) {
        fx.emit(Event::Acquired);
        if self.is_unwatched() {
            // What may be said once only, that it is ready, is said twice: the process ends as it stands.
            fx.exit();
            return;
        }
        let Client::Open { pursuit, .. } = self else { unreachable!("it asked with a session") };
        let question = get(config, None, config.monitor_wait, fx);
        *pursuit = Pursuit::Holding { question, token, failures: 0 };
    }

    /// It holds the lock, as far as it knows, by a session that it has replaced.
    pub(super) const fn is_unwatched(&self) -> bool {
        matches!(
            self,
            Client::Opening { unwatched: Some(_), .. }
                | Client::Resting { unwatched: Some(_), .. }
                | Client::Open { unwatched: Some(_), .. }
        )
    }

    /// The session of one that waits is lost, and its attempt is still under way: its question hangs at the store, or
    /// it sleeps. An acquisition that is under way has failed: the session is destroyed right behind it.
    pub(super) fn lose_attempt(&mut self, config: &Config, fx: &mut Effects<Self>) {
        let Client::Open { pursuit, .. } = self else { unreachable!("it has a session") };
        let sleeps = *pursuit == Pursuit::Refused;
        let late = if sleeps { config.refused_retry } else { config.wait.map_or(Duration::NEVER, Window::hi) };
        match config.session_loss {
            SessionLoss::EndsAttempt => self.fail(config, fx),
            SessionLoss::RetriesBeside => {
                self.fail(config, fx);
                fx.arm(Timer::Late, Window::up_to(late));
            }
            SessionLoss::AwaitsAttempt => {
                if sleeps {
                    fx.disarm(Timer::Retry);
                }
                self.end_attempt(config, fx);
                fx.arm(Timer::Late, Window::up_to(late));
            }
        }
    }

    /// An attempt with a session that is lost has failed at last.
    pub(super) fn attempt_ended(&mut self, config: &Config, fx: &mut Effects<Self>) {
        let rest = Window::exactly(config.error_retry);
        match self {
            Client::Resting { .. } => fx.arm(Timer::Retry, rest),
            // Another attempt is under way, and this one's failure counts as its own.
            Client::Opening { .. } | Client::Open { .. } => fx.arm(Timer::Recreate, rest),
            Client::Looking { .. } | Client::Waived { .. } | Client::Abandoned => {}
        }
    }

    /// Makes a session in the place of its own.
    pub(super) fn recreate(&mut self, config: &Config, fx: &mut Effects<Self>) {
        match *self {
            Client::Open { pursuit: Pursuit::Doubting, .. } => {}
            Client::Open { session, ref pursuit, unwatched, .. } => {
                let unwatched = match *pursuit {
                    Pursuit::Holding { token, .. } | Pursuit::Blind { token, .. } => Some(token),
                    _ => unwatched,
                };
                if matches!(pursuit, Pursuit::Refused | Pursuit::Blind { .. }) {
                    fx.disarm(Timer::Retry);
                }
                self.stop_keeping(config, fx);
                *self = Client::opening(config, Some(session), unwatched, fx);
            }
            // It sees that only when it has been answered.
            Client::Opening { .. } => fx.arm(Timer::Recreate, Window::exactly(config.error_retry)),
            // It will, after its rest.
            Client::Resting { .. } | Client::Looking { .. } | Client::Waived { .. } | Client::Abandoned => {}
        }
    }
}
