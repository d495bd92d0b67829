//! The store of a lease lock: it grants the lock to whoever asks while it is free, and frees it when its holder has
//! not asked again for a while.

use serde::Deserialize;

use super::{Event, Member, Message, Timer};
use crate::{
    process::{Effects, Input, Names, NodeId},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How long a grant lasts, from the receipt of the question.
    pub ttl: Duration,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Store {
    Free,
    Held { by: NodeId },
}

impl Store {
    pub(super) fn start() -> Store {
        Store::Free
    }

    pub(super) fn step(&mut self, config: &Config, input: Input<Member>, fx: &mut Effects<Member>) {
        match (&*self, input) {
            (Store::Free, Input::Message { from, message: Message::Ask { question } }) => {
                *self = Store::Held { by: from };
                fx.arm(Timer::Expiry, Window::exactly(config.ttl));
                fx.send(from, Message::Granted { question });
            }
            (Store::Held { by }, Input::Message { from, message: Message::Ask { question } }) if *by == from => {
                // The holder counts from when it asked, which is not later than now.
                fx.arm(Timer::Expiry, Window::exactly(config.ttl));
                fx.send(from, Message::Granted { question });
            }
            (Store::Held { .. }, Input::Message { from, message: Message::Ask { question } }) => {
                fx.send(from, Message::Refused { question });
            }
            (Store::Held { .. }, Input::Timer(Timer::Expiry)) => {
                *self = Store::Free;
                fx.emit(Event::Expired);
            }
            // Armed only while the lock is held, and nobody gives it back.
            (Store::Free, Input::Timer(Timer::Expiry)) => {}
            // Answers are for contenders, and so are their timers.
            (_, Input::Message { message: Message::Granted { .. } | Message::Refused { .. }, .. })
            | (_, Input::Timer(Timer::Ask | Timer::Deadline(_) | Timer::Lease | Timer::Act)) => {}
            // Datagrams have no connections.
            (_, Input::Closed { .. }) => {}
            (_, Input::Request(request)) => match request {},
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        lease::{self, seconds},
        process::fixture::Fixture,
    };

    const A: NodeId = NodeId(1);
    const B: NodeId = NodeId(2);

    fn store() -> Fixture<Member> {
        Fixture::start(NodeId(0), lease::Config::Store(Config { ttl: seconds(15) }))
    }

    #[test]
    fn a_held_lock_is_refused_until_its_while_is_over() {
        let mut store = store();
        let question = store.fresh_id();
        assert_eq!(store.message(A, Message::Ask { question }), ["arm Expiry 15s", "send n1 Granted { question: #0 }"]);
        assert_eq!(store.message(B, Message::Ask { question }), ["send n2 Refused { question: #0 }"]);
        assert_eq!(store.timer(Timer::Expiry), ["emit Expired"]);
        assert_eq!(store.message(B, Message::Ask { question }), ["arm Expiry 15s", "send n2 Granted { question: #0 }"]);
    }

    #[test]
    fn a_holder_that_asks_again_is_granted_a_whole_while_again() {
        let mut store = store();
        let question = store.fresh_id();
        store.message(A, Message::Ask { question });
        assert_eq!(store.message(A, Message::Ask { question }), ["arm Expiry 15s", "send n1 Granted { question: #0 }"]);
    }
}
