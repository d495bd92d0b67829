//! A resource that workers write to, with or without looking at their fencing tokens.

use super::work::Written;
use crate::process::{Effects, Input, Me, Names, NodeId, Process, Rank};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Resource {
    /// The greatest token of a write, if it looks at tokens.
    greatest: Option<Rank>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    pub checks_token: bool,
}

/// A resource does nothing by itself.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Request {}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Event {
    /// It takes writes from now on.
    Opened,
    Accepted {
        writer: NodeId,
        token: Rank,
    },
    Rejected {
        writer: NodeId,
    },
}

impl Process for Resource {
    type Config = Config;
    type Message = Written;
    type Timer = Timer;
    type Request = Request;
    type Event = Event;
    type Durable = ();

    fn start(_: &Me<'_, Self>, (): (), fx: &mut Effects<Self>) -> Self {
        fx.emit(Event::Opened);
        Resource { greatest: None }
    }

    fn step(&mut self, me: &Me<'_, Self>, input: Input<Self>, fx: &mut Effects<Self>) {
        match input {
            // Whoever had the lock later has the greater token: an older one comes too late.
            Input::Message { from, message: Written { token } } if self.greatest > Some(token) => {
                fx.emit(Event::Rejected { writer: from });
            }
            Input::Message { from, message: Written { token } } => {
                if me.config.checks_token {
                    self.greatest = Some(token);
                }
                fx.emit(Event::Accepted { writer: from, token });
            }
            // It answers nobody.
            Input::Closed { .. } => {}
            Input::Timer(timer) => match timer {},
            Input::Request(request) => match request {},
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{process::fixture::Fixture, store::TOKENS};

    #[test]
    fn a_resource_that_looks_at_tokens_rejects_an_older_one() {
        for (checks_token, last) in
            [(true, "emit Rejected { writer: n1 }"), (false, "emit Accepted { writer: n1, token: 1 }")]
        {
            let mut resource = Fixture::<Resource>::start(NodeId(4), Config { checks_token });
            let (older, newer) = (resource.fresh_rank(TOKENS), resource.fresh_rank(TOKENS));
            resource.message(NodeId(1), Written { token: older });
            resource.message(NodeId(2), Written { token: newer });
            assert_eq!(resource.message(NodeId(1), Written { token: older }), [last]);
        }
    }
}
