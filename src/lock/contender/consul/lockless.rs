//! How a contender does without the lock while the store has no leader.
//!
//! Nothing keeps two of them from working at once then. That is meant for work that may be done twice, and must not be
//! left undone.

use super::{Client, Config, Event, Lockless, Timer, get};
use crate::{process::Effects, time::Window};

impl Client {
    /// Looks again. Any answer about a key needs a leader.
    pub(super) fn look(&mut self, config: &Config, fx: &mut Effects<Self>) {
        let asked = Some(get(config, None, None, fx));
        match self {
            Client::Looking { question, .. } | Client::Waived { question, .. } => *question = asked,
            Client::Opening { .. } | Client::Resting { .. } | Client::Open { .. } | Client::Abandoned => {
                unreachable!("it does not look")
            }
        }
    }

    /// It saw a leader, or not.
    pub(super) fn looked(&mut self, config: &Config, led: bool, fx: &mut Effects<Self>) {
        let Some(Lockless { poll, enter_after, leave_after }) = config.lockless else {
            unreachable!("it looks only if it can do without")
        };
        *self = match *self {
            Client::Looking { .. } if led => {
                *self = Client::opening(config, None, None, fx);
                return;
            }
            Client::Looking { failures, .. } if failures + 1 < enter_after => {
                Client::Looking { question: None, failures: failures + 1 }
            }
            Client::Looking { .. } => {
                fx.emit(Event::Waived);
                Client::Waived { question: None, sightings: 0 }
            }
            Client::Waived { sightings, .. } if led && sightings + 1 >= leave_after => {
                *self = Client::Abandoned;
                return;
            }
            Client::Waived { sightings, .. } => {
                Client::Waived { question: None, sightings: if led { sightings + 1 } else { 0 } }
            }
            Client::Opening { .. } | Client::Resting { .. } | Client::Open { .. } | Client::Abandoned => {
                unreachable!("it does not look")
            }
        };
        fx.arm(Timer::Retry, Window::exactly(poll));
    }
}
