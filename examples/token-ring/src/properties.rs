//! What is asked of the ring.

use tenure::{
    process::NodeId,
    spec::{Form, Happening, Property, Signals, Trigger},
};

use crate::{Event, Member};

pub(crate) fn all() -> Vec<Property<Member, ()>> {
    vec![
        Property {
            id: "one-token",
            sentence: "at most one node holds a token",
            requirements: &["ring-1"],
            form: Form::Apart,
            memory: (),
            watch: one_token,
        },
        Property {
            id: "token-comes-round",
            sentence: "a node that passed the token on gets it again in time",
            requirements: &["ring-2"],
            form: Form::Within(Trigger::Anything),
            memory: (),
            watch: token_comes_round,
        },
    ]
}

/// A node holds from when it got the token to when it passed it on or crashed.
fn one_token((): &mut (), happening: &Happening<'_, Member>, signals: &mut Signals) {
    match happening {
        Happening::Emitted(node, Event::Got) => signals.begin.push(*node),
        Happening::Emitted(node, Event::Passed) | Happening::Crashed(node) => signals.end.push(*node),
        _ => {}
    }
}

/// Of one node that is not the monitor: the others have the same way round.
fn token_comes_round((): &mut (), happening: &Happening<'_, Member>, signals: &mut Signals) {
    const WATCHED: NodeId = NodeId(1);
    match happening {
        Happening::Emitted(WATCHED, Event::Passed) => signals.trigger = true,
        Happening::Emitted(WATCHED, Event::Got) => signals.response = true,
        _ => {}
    }
}
