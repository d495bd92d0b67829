//! The holder: it renews, and stops when it has not succeeded for too long.

use super::{
    Client, Config, DeadlineFrom, Event, Fx, Last, Phase, Release, Renewal, Timer, ask, forget_deadline, limit, write,
};
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
        let Renewal::Resting { last } = *renewal else { unreachable!("it was matched") };
        if last == Last::Done && config.deadline_from == DeadlineFrom::Try {
            fx.arm(Timer::Lease, Window::exactly(config.renew_deadline));
        }
        // What was refused was not done. What was not answered may have been.
        if last != Last::Unknown {
            *renewal = Renewal::Writing { question: write(config, Some(*version), name, false, fx) };
        } else {
            *renewal = Renewal::Looking { question: look(config, fx) };
        }
    }

    pub(super) fn renewed(&mut self, config: &Config, answer: Option<Answer>, fx: &mut Fx) {
        let name = self.name;
        let Phase::Leading { version, renewal, .. } = &mut self.phase else { return };
        match (&*renewal, answer) {
            (Renewal::Writing { question }, Some(Answer::Replaced { version: new, .. })) => {
                let question = *question;
                *version = new;
                fx.disarm(Timer::Lease);
                if config.deadline_from == DeadlineFrom::Asked {
                    fx.rename(Timer::Deadline(question), Timer::Lease);
                }
                self.rest_after(config.renew_every, Last::Done, fx);
            }
            (Renewal::Looking { .. }, Some(Answer::Found(Some(record)))) if record.holder == Some(name) => {
                *version = record.version;
                *renewal = Renewal::Writing { question: write(config, Some(record.version), name, false, fx) };
            }
            // Somebody wrote in between: the holder itself, when an answer was lost, or it has lost the record.
            (Renewal::Writing { question }, Some(Answer::Conflict(record))) if config.watches => {
                let question = *question;
                match record.filter(|record| record.holder == Some(name)) {
                    Some(record) => {
                        forget_deadline(config, question, fx);
                        *version = record.version;
                        *renewal = Renewal::Writing { question: write(config, Some(record.version), name, false, fx) };
                    }
                    None => self.doubt(config, fx),
                }
            }
            (Renewal::Writing { question }, Some(Answer::Conflict(_))) => {
                let question = *question;
                *renewal = Renewal::Looking { question: look(config, fx) };
                forget_deadline(config, question, fx);
            }
            (Renewal::Writing { question }, answer) => {
                forget_deadline(config, *question, fx);
                self.rest_after(config.renew_retry, after_failure(config, answer.as_ref()), fx);
            }
            (Renewal::Looking { .. }, _) => self.rest_after(config.renew_retry, Last::Unknown, fx),
            (Renewal::Resting { .. }, _) => unreachable!("nothing is asked"),
        }
    }

    fn rest_after(&mut self, span: Duration, last: Last, fx: &mut Fx) {
        if let Phase::Leading { renewal, .. } = &mut self.phase {
            *renewal = Renewal::Resting { last };
            fx.arm(Timer::Renew, Window::exactly(span));
        }
    }

    /// The holder must not act any more.
    pub(super) fn doubt(&mut self, config: &Config, fx: &mut Fx) {
        let Phase::Leading { renewal, .. } = &self.phase else { return };
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
        self.phase = Phase::Doubting;
        fx.emit(Event::Doubted);
    }

    /// It is about to give the record back.
    pub(super) fn announce(&self, fx: &mut Fx) {
        if let Phase::Leading { .. } = &self.phase {
            let ask = Ask::Announce { key: LOCK, holder: self.name };
            fx.send(STORE, Message::Ask { question: None, ask });
        }
    }

    pub(super) fn leave(&self, config: &Config, fx: &mut Fx) {
        let by_name = Some(Ask::Release { key: LOCK, holder: self.name });
        let ask = match &self.phase {
            Phase::Leading { version, .. } => {
                fx.emit(Event::Released);
                match config.release {
                    Release::Never => None,
                    Release::ByVersion => Some(Ask::Replace {
                        key: LOCK,
                        seen: Some(*version),
                        holder: None,
                        or_own: false,
                        follow: false,
                    }),
                    Release::ByName => by_name,
                }
            }
            // The record may be its own already: the answer is under way, or was lost.
            _ if config.withdraws => by_name,
            _ => None,
        };
        if let Some(ask) = ask {
            fx.send(STORE, Message::Ask { question: None, ask });
        }
        fx.exit();
    }
}

/// What to remember of a renewal that was not done, or not answered.
fn after_failure(config: &Config, answer: Option<&Answer>) -> Last {
    // A holder that hears of the record when it has changed need not look first.
    let known = answer == Some(&Answer::Failed) || config.watches;
    match config.deadline_from {
        _ if !known => Last::Unknown,
        DeadlineFrom::Asked => Last::Done,
        DeadlineFrom::Try => Last::Failed,
    }
}

/// Asks for the record.
fn look(config: &Config, fx: &mut Fx) -> Id {
    limit(config, fx);
    ask(Ask::Get { key: LOCK }, fx)
}
