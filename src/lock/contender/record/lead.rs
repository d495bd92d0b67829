//! The holder: it renews, and stops when it has not succeeded for too long.

use super::{Client, Config, DeadlineFrom, Event, Fx, Phase, Release, Renewal, Timer, forget_deadline, look, write};
use crate::{
    lock::{LOCK, STORE},
    process::Id,
    store::record::{Answer, Ask, Message},
    time::{Duration, Window},
};

impl Client {
    pub(super) fn renew(&mut self, config: &Config, fx: &mut Fx) {
        let name = self.name;
        let Phase::Leading { version, renewal: renewal @ Renewal::Resting { .. }, .. } = &mut self.phase else {
            return;
        };
        if *renewal == (Renewal::Resting { sure: true }) {
            if config.deadline_from == DeadlineFrom::Try {
                fx.arm(Timer::Lease, Window::exactly(config.renew_deadline));
            }
            *renewal = Renewal::Writing { question: write(config, Some(*version), name, fx) };
        } else {
            *renewal = Renewal::Looking { question: look(config, fx) };
        }
    }

    pub(super) fn renewed(&mut self, config: &Config, answer: Option<Answer>, fx: &mut Fx) {
        let name = self.name;
        let Phase::Leading { version, renewal, leaving, .. } = &mut self.phase else { return };
        let leaving = *leaving;
        match (&*renewal, answer) {
            (Renewal::Writing { question }, Some(Answer::Replaced { version: new, .. })) => {
                let question = *question;
                *version = new;
                fx.disarm(Timer::Lease);
                if config.deadline_from == DeadlineFrom::Asked {
                    fx.rename(Timer::Deadline(question), Timer::Lease);
                }
                self.rest_after(config.renew_every, true, fx);
            }
            (Renewal::Looking { .. }, Some(Answer::Found(Some(record)))) if record.holder == Some(name) => {
                *version = record.version;
                *renewal = Renewal::Writing { question: write(config, Some(record.version), name, fx) };
                return;
            }
            // Another holds the record. Only a careful holder takes that for the end.
            (Renewal::Looking { .. }, Some(Answer::Found(_))) if config.deadline_from == DeadlineFrom::Asked => {
                self.doubt(config, fx);
                return;
            }
            // Somebody wrote in between; it may have been the holder itself, when an answer was lost.
            (Renewal::Writing { question }, Some(Answer::Conflict)) => {
                let question = *question;
                *renewal = Renewal::Looking { question: look(config, fx) };
                forget_deadline(config, question, fx);
                return;
            }
            (Renewal::Writing { question }, _) => {
                forget_deadline(config, *question, fx);
                self.rest_after(config.renew_retry, false, fx);
            }
            (Renewal::Looking { .. }, _) => self.rest_after(config.renew_retry, false, fx),
            (Renewal::Resting { .. }, _) => unreachable!("nothing is asked"),
        }
        if leaving {
            self.release(config, fx);
        }
    }

    fn rest_after(&mut self, span: Duration, success: bool, fx: &mut Fx) {
        if let Phase::Leading { renewal, .. } = &mut self.phase {
            *renewal = Renewal::Resting { sure: success };
            fx.arm(Timer::Renew, Window::exactly(span));
        }
    }

    /// The holder must not act any more.
    pub(super) fn doubt(&mut self, config: &Config, fx: &mut Fx) {
        let Phase::Leading { renewal, leaving, .. } = &self.phase else { return };
        match renewal {
            Renewal::Resting { .. } => fx.disarm(Timer::Renew),
            Renewal::Writing { question } => {
                let question: Id = *question;
                forget_deadline(config, question, fx);
            }
            Renewal::Looking { .. } => {}
        }
        if config.request_timeout.is_some() && !matches!(renewal, Renewal::Resting { .. }) {
            fx.disarm(Timer::Answer);
        }
        // The deadline is what brought it here, or is not needed any more.
        fx.disarm(Timer::Lease);
        let leaving = *leaving;
        self.phase = Phase::Doubting;
        if leaving { fx.exit() } else { fx.emit(Event::Doubted) }
    }

    pub(super) fn leave(&mut self, config: &Config, fx: &mut Fx) {
        let Phase::Leading { renewal, leaving, .. } = &mut self.phase else {
            fx.exit();
            return;
        };
        fx.emit(Event::Released);
        let under_way = !matches!(renewal, Renewal::Resting { .. });
        if under_way && config.release == Release::InOrder {
            *leaving = true;
        } else {
            self.release(config, fx);
        }
    }

    /// Says that nobody holds the record, if it is still as this holder knows it.
    fn release(&mut self, config: &Config, fx: &mut Fx) {
        if let (Phase::Leading { version, .. }, true) = (&self.phase, config.release != Release::Never) {
            let ask = Ask::Replace { key: LOCK, seen: Some(*version), holder: None };
            fx.send(STORE, Message::Ask { question: None, ask });
        }
        fx.exit();
    }
}
