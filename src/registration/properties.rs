//! What is asked of a registration.

use super::{AGENT, Event, Request, SERVICE, Site, Status};
use crate::{
    process::Names,
    spec::{Form, Happening, Property, Signals, Trigger},
};

/// What a property remembers: no more than its own question needs, because it is part of the state.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Memory {
    /// The service is up and has been registered; nothing hit it or its agent.
    Well { ready: bool, hit: bool },
    /// The service is up and has been registered; the catalog has it as well; and whether something must follow.
    Due { ready: bool, passing: bool, due: bool },
    /// Whether clients are sent to the service, and to its successor.
    Found { service: bool, successor: bool },
}

pub(super) fn all() -> Vec<Property<Site, Memory>> {
    let due = || Memory::Due { ready: false, passing: false, due: false };
    let property = Property::<Site, Memory>::new;
    vec![
        property(
            "registration-outlasts-election",
            "the registration of a service that nothing hit stays in the catalog",
            &["registration-1"],
            Form::Never,
            Memory::Well { ready: false, hit: false },
            outlasts,
        ),
        property(
            "registration-is-seen-after-election",
            "after an election a service that the catalog has is found in time",
            &["registration-2"],
            Form::Within(Trigger::Anything),
            due(),
            is_seen_after,
        ),
        property(
            "registration-is-found-in-an-election",
            "after the store has lost its leader a service that the catalog has is found in time",
            &["registration-2"],
            Form::Within(Trigger::Anything),
            due(),
            is_found_in,
        ),
        property(
            "registration-is-put-right-after-election",
            "after an election at which the catalog does not have a service that is up, it has it in time",
            &["registration-2", "election-4"],
            Form::Within(Trigger::Anything),
            due(),
            is_put_right,
        ),
        property(
            "dropped-registration-returns",
            "after the catalog has lost the registration of a service, it has it again in time",
            &["registration-3"],
            Form::Within(Trigger::Anything),
            due(),
            returns,
        ),
        property(
            "stopped-service-is-not-found",
            "after a service is told to stop, a look-up does not find it, in time",
            &[],
            Form::Within(Trigger::Request),
            due(),
            is_not_found,
        ),
        property(
            "one-service-is-found",
            "when the catalog has two services of one name, it has one of them in time",
            &[],
            Form::Within(Trigger::Anything),
            Memory::Found { service: false, successor: false },
            is_one,
        ),
    ]
}

type Seen<'a> = Happening<'a, Site>;

fn outlasts(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Well { ready, hit } = memory else { unreachable!("it remembers whether the service is well") };
    match seen {
        Happening::Emitted(_, Event::Ready) => *ready = true,
        Happening::Crashed(SERVICE | AGENT)
        | Happening::Paused(SERVICE | AGENT)
        | Happening::Requested(_, Request::Terminate | Request::Drop) => *hit = true,
        Happening::Emitted(_, Event::LeaderElected) => signals.witness = *ready && !*hit,
        Happening::Emitted(_, Event::Catalogued { entry }) => {
            signals.violated = *ready && !*hit && *entry != Some(Status::Passing);
        }
        _ => {}
    }
}

fn is_seen_after(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Standing { passing, .. } = memory.follow(seen, signals);
    let elected = matches!(seen, Happening::Emitted(_, Event::LeaderElected));
    memory.measure(elected && passing, matches!(seen, Happening::Emitted(_, Event::Resolved)), signals);
}

fn is_found_in(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Standing { passing, .. } = memory.follow(seen, signals);
    let lost = matches!(seen, Happening::Emitted(_, Event::LeaderLost));
    memory.measure(lost && passing, matches!(seen, Happening::Emitted(_, Event::Resolved)), signals);
}

fn is_put_right(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Standing { ready, passing } = memory.follow(seen, signals);
    let elected = matches!(seen, Happening::Emitted(_, Event::LeaderElected));
    memory.measure(elected && ready && !passing, passing, signals);
}

fn returns(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Standing { ready, passing } = memory.follow(seen, signals);
    let dropped = matches!(seen, Happening::Emitted(_, Event::Catalogued { entry: None }));
    memory.measure(dropped && ready, passing, signals);
}

fn is_not_found(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Due { ready, due, .. } = memory else { unreachable!("it remembers whether something is due") };
    match seen {
        Happening::Emitted(_, Event::Resolved) => *ready = true,
        Happening::Requested(_, Request::Terminate) if *ready => {
            *due = true;
            signals.trigger = true;
        }
        Happening::Emitted(_, Event::Unresolved) if *due => {
            *due = false;
            signals.response = true;
        }
        _ => {}
    }
}

fn is_one(memory: &mut Memory, seen: &Seen<'_>, signals: &mut Signals) {
    let Memory::Found { service, successor } = memory else { unreachable!("it remembers who is found") };
    let before = *service && *successor;
    match seen {
        Happening::Emitted(_, Event::Catalogued { entry }) => *service = *entry == Some(Status::Passing),
        Happening::Emitted(_, Event::SuccessorCatalogued { entry }) => *successor = *entry == Some(Status::Passing),
        _ => {}
    }
    let both = *service && *successor;
    signals.trigger = both && !before;
    signals.response = before && !both;
}

/// How the service stands, as its agent and the catalog say.
#[derive(Clone, Copy)]
struct Standing {
    ready: bool,
    passing: bool,
}

impl Memory {
    /// Follows service and catalog; what was due of a service that is gone is not due any more.
    fn follow(&mut self, seen: &Seen<'_>, signals: &mut Signals) -> Standing {
        let Memory::Due { ready, passing, due } = self else { unreachable!("it remembers whether something is due") };
        match seen {
            Happening::Emitted(_, Event::Ready) => *ready = true,
            Happening::Emitted(_, Event::Catalogued { entry }) => *passing = *entry == Some(Status::Passing),
            Happening::Crashed(SERVICE) | Happening::Exited(SERVICE) | Happening::Requested(_, Request::Terminate) => {
                *ready = false;
                signals.discharge = *due;
                *due = false;
            }
            _ => {}
        }
        Standing { ready: *ready, passing: *passing && *ready }
    }

    /// From `begins` to `ends`.
    fn measure(&mut self, begins: bool, ends: bool, signals: &mut Signals) {
        let Memory::Due { due, .. } = self else { unreachable!("it remembers whether something is due") };
        if begins && !*due {
            *due = true;
            signals.trigger = true;
        } else if ends && *due {
            *due = false;
            signals.response = true;
        }
    }
}
