//! A contender for a lease lock: it asks until it is granted, and holds until the lease it counts on is over.

use serde::Deserialize;

use super::{Event, Member, Message, STORE, Timer};
use crate::{
    process::{Effects, Id, Input, Names},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How long a grant lasts for the holder.
    pub lease: Duration,
    /// The moment from which the holder counts.
    #[serde(default)]
    pub lease_from: LeaseFrom,
    /// How long after a grant the holder asks again.
    pub renew: Duration,
    /// How long after a refusal a contender asks again.
    pub retry: Duration,
    /// How long after a question that is not answered it is asked again.
    pub resend: Duration,
    /// How often a holder does what only a holder may do; never, if absent.
    pub act: Option<Duration>,
}

/// The moment from which a holder counts its lease.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeaseFrom {
    /// From its question.
    #[default]
    Ask,
    /// From the store's answer. Wrong by the time that the question took.
    Answer,
    /// It does not count: it holds until it is refused.
    Never,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Contender {
    /// Does not hold the lock. `asked` is the question whose answer would still count. `Ask` is armed.
    Slumbering { asked: Option<Id> },
    /// Holds the lock until `Lease`. `Ask` is armed.
    Holding { asked: Option<Id> },
}

impl Contender {
    pub(super) fn start(config: &Config, fx: &mut Effects<Member>) -> Contender {
        Contender::Slumbering { asked: Some(ask(None, config, fx)) }
    }

    pub(super) fn step(&mut self, config: &Config, input: Input<Member>, fx: &mut Effects<Member>) {
        use Contender::{Holding, Slumbering};
        match (&*self, input) {
            (Slumbering { asked }, Input::Timer(Timer::Ask)) => {
                *self = Slumbering { asked: Some(ask(*asked, config, fx)) };
            }
            (Holding { asked }, Input::Timer(Timer::Ask)) => {
                *self = Holding { asked: Some(ask(*asked, config, fx)) };
            }
            (Slumbering { asked }, Input::Message { message: Message::Granted { question }, .. })
                if *asked == Some(question) =>
            {
                *self = Holding { asked: None };
                count_on(question, config, fx);
                if let Some(every) = config.act {
                    fx.arm(Timer::Act, Window::exactly(every));
                }
                fx.emit(Event::Acquired);
            }
            (Holding { asked }, Input::Message { message: Message::Granted { question }, .. })
                if *asked == Some(question) =>
            {
                *self = Holding { asked: None };
                count_on(question, config, fx);
                fx.emit(Event::Renewed);
            }
            (Slumbering { asked }, Input::Message { message: Message::Refused { question }, .. })
                if *asked == Some(question) =>
            {
                *self = Slumbering { asked: None };
                rest(question, config, fx);
            }
            (Holding { asked }, Input::Message { message: Message::Refused { question }, .. })
                if *asked == Some(question) =>
            {
                *self = Slumbering { asked: None };
                fx.emit(Event::Lost);
                fx.disarm(Timer::Act);
                fx.disarm(Timer::Lease);
                rest(question, config, fx);
            }
            (Holding { asked }, Input::Timer(Timer::Lease)) => {
                *self = Slumbering { asked: *asked };
                fx.emit(Event::Lost);
                fx.disarm(Timer::Act);
            }
            // The lease that the answer would bring is over: the answer does not count any more.
            (Slumbering { asked }, Input::Timer(Timer::Deadline(question))) if *asked == Some(question) => {
                *self = Slumbering { asked: None };
            }
            (Holding { asked }, Input::Timer(Timer::Deadline(question))) if *asked == Some(question) => {
                *self = Holding { asked: None };
            }
            (Holding { .. }, Input::Timer(Timer::Act)) => {
                fx.emit(Event::Acted);
                if let Some(every) = config.act {
                    fx.arm(Timer::Act, Window::exactly(every));
                }
            }
            // Answers to questions that were asked again since.
            (_, Input::Message { message: Message::Granted { .. } | Message::Refused { .. }, .. }) => {}
            // Disarmed when their reason went.
            (_, Input::Timer(Timer::Deadline(_))) | (Slumbering { .. }, Input::Timer(Timer::Lease | Timer::Act)) => {}
            // Questions and expiries are for the store.
            (_, Input::Message { message: Message::Ask { .. }, .. }) | (_, Input::Timer(Timer::Expiry)) => {}
            // Datagrams have no connections.
            (_, Input::Closed { .. }) => {}
            (_, Input::Request(request)) => match request {},
        }
    }
}

/// Asks the store, in place of what was asked before.
fn ask(before: Option<Id>, config: &Config, fx: &mut Effects<Member>) -> Id {
    if let Some(question) = before {
        forget(question, config, fx);
    }
    let question = fx.fresh_id();
    fx.arm(Timer::Ask, Window::exactly(config.resend));
    // Before the question is sent: if the process stands still in between, the lease is shorter, never longer.
    if config.lease_from == LeaseFrom::Ask {
        fx.arm(Timer::Deadline(question), Window::exactly(config.lease));
    }
    fx.send(STORE, Message::Ask { question });
    question
}

/// The store granted what was asked.
fn count_on(question: Id, config: &Config, fx: &mut Effects<Member>) {
    match config.lease_from {
        // The holder stops at asked + lease; the store frees at heard + ttl >= asked + lease.
        LeaseFrom::Ask => fx.rename(Timer::Deadline(question), Timer::Lease),
        LeaseFrom::Answer => fx.arm(Timer::Lease, Window::exactly(config.lease)),
        LeaseFrom::Never => {}
    }
    fx.arm(Timer::Ask, Window::exactly(config.renew));
}

/// The store refused what was asked.
fn rest(question: Id, config: &Config, fx: &mut Effects<Member>) {
    forget(question, config, fx);
    fx.arm(Timer::Ask, Window::exactly(config.retry));
}

fn forget(question: Id, config: &Config, fx: &mut Effects<Member>) {
    if config.lease_from == LeaseFrom::Ask {
        fx.disarm(Timer::Deadline(question));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        lease::{self, seconds},
        process::{NodeId, fixture::Fixture},
    };

    fn contender(change: impl FnOnce(&mut Config)) -> Fixture<Member> {
        let mut config = Config {
            lease: seconds(15),
            lease_from: LeaseFrom::Ask,
            renew: seconds(5),
            retry: seconds(5),
            resend: Duration::from_millis(600),
            act: None,
        };
        change(&mut config);
        Fixture::start(NodeId(1), lease::Config::Contender(config))
    }

    fn granted(contender: &mut Fixture<Member>) -> Vec<String> {
        let question = contender.asked();
        contender.message(STORE, Message::Granted { question })
    }

    impl Fixture<Member> {
        /// The question of the last `Ask` that was sent.
        fn asked(&self) -> Id {
            let ask = |message: &Message| match message {
                Message::Ask { question } => Some(*question),
                Message::Granted { .. } | Message::Refused { .. } => None,
            };
            self.sent().filter_map(|(_, message)| ask(message)).last().expect("it asked")
        }
    }

    #[test]
    fn the_deadline_is_armed_before_the_question_is_sent() {
        let contender = contender(|_| {});
        assert_eq!(contender.did(), ["arm Ask 600ms", "arm Deadline(#0) 15s", "send n0 Ask { question: #0 }"]);
    }

    #[test]
    fn the_lease_counts_from_the_question_that_was_answered() {
        let mut contender = contender(|_| {});
        assert_eq!(granted(&mut contender), ["rename Deadline(#0) Lease", "arm Ask 5s", "emit Acquired"]);
        contender.timer(Timer::Ask);
        assert_eq!(granted(&mut contender), ["rename Deadline(#1) Lease", "arm Ask 5s", "emit Renewed"]);
        assert_eq!(contender.timer(Timer::Lease), ["emit Lost", "disarm Act"]);
    }

    #[test]
    fn a_question_asked_again_makes_the_older_answer_void() {
        let mut contender = contender(|_| {});
        let first = contender.asked();
        assert_eq!(
            contender.timer(Timer::Ask),
            ["disarm Deadline(#0)", "arm Ask 600ms", "arm Deadline(#1) 15s", "send n0 Ask { question: #1 }"]
        );
        assert!(contender.message(STORE, Message::Granted { question: first }).is_empty());
    }

    #[test]
    fn an_answer_after_its_own_deadline_is_void() {
        let mut contender = contender(|_| {});
        let question = contender.asked();
        contender.timer(Timer::Deadline(question));
        assert!(granted(&mut contender).is_empty());
    }

    #[test]
    fn a_refused_contender_rests_and_a_refused_holder_stops_first() {
        let mut contender = contender(|_| {});
        let question = contender.asked();
        let refused = contender.message(STORE, Message::Refused { question });
        assert_eq!(refused, ["disarm Deadline(#0)", "arm Ask 5s"]);
        contender.timer(Timer::Ask);
        granted(&mut contender);
        contender.timer(Timer::Ask);
        let question = contender.asked();
        let refused = contender.message(STORE, Message::Refused { question });
        assert_eq!(refused, ["emit Lost", "disarm Act", "disarm Lease", "disarm Deadline(#2)", "arm Ask 5s"]);
    }

    #[test]
    fn a_holder_acts_until_it_is_not_sure() {
        let mut contender = contender(|config| config.act = Some(seconds(1)));
        assert!(granted(&mut contender).contains(&"arm Act 1s".to_string()));
        assert_eq!(contender.timer(Timer::Act), ["emit Acted", "arm Act 1s"]);
        contender.timer(Timer::Lease);
        assert!(contender.timer(Timer::Act).is_empty());
    }

    #[test]
    fn a_holder_that_does_not_count_has_no_deadline() {
        let mut contender = contender(|config| config.lease_from = LeaseFrom::Never);
        assert_eq!(contender.did(), ["arm Ask 600ms", "send n0 Ask { question: #0 }"]);
        assert_eq!(granted(&mut contender), ["arm Ask 5s", "emit Acquired"]);
    }
}
