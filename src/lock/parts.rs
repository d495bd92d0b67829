//! The parts of a site: processes that a store, a machine or a resource hosts, and how what they say is wrapped.
//!
//! Stores and contenders are parts of other protocols' nodes too: of any host that says how it wraps what they say.

use super::{Event, Message, Request, Site, Timer, contender, resource, resource::Resource, work, work::Work};
use crate::{
    process::{Effects, Input, Me, Process},
    store::{self, consul, etcd2, etcd3, locket, record},
};

/// A process that hosts parts, and what it makes of what they say.
pub(crate) trait Host: Process {
    fn wrap(message: Message) -> Self::Message;
    fn wrap_timer(timer: Timer) -> Self::Timer;
    fn wrap_event(event: Event) -> Self::Event;
    /// What may be for a part; nothing else is.
    fn unwrap(message: Self::Message) -> Option<Message>;
    fn unwrap_timer(timer: Self::Timer) -> Option<Timer>;
    fn unwrap_request(request: Self::Request) -> Option<Request>;
}

impl Host for Site {
    fn wrap(message: Message) -> Message {
        message
    }

    fn wrap_timer(timer: Timer) -> Timer {
        timer
    }

    fn wrap_event(event: Event) -> Event {
        event
    }

    fn unwrap(message: Message) -> Option<Message> {
        Some(message)
    }

    fn unwrap_timer(timer: Timer) -> Option<Timer> {
        Some(timer)
    }

    fn unwrap_request(request: Request) -> Option<Request> {
        Some(request)
    }
}

/// A process that a host hosts.
pub(crate) trait Part: Process<Durable = ()> {
    fn wrap(message: Self::Message) -> Message;
    fn wrap_timer(timer: Self::Timer) -> Timer;
    fn wrap_event(event: Self::Event) -> Event;
    /// What it understands; nothing else is for it.
    fn unwrap(message: Message) -> Option<Self::Message>;
    fn unwrap_timer(timer: Timer) -> Option<Self::Timer>;
    fn unwrap_request(request: Request) -> Option<Self::Request>;
}

pub(crate) fn start<C: Part, H: Host>(me: &Me<'_, H>, config: &C::Config, fx: &mut Effects<H>) -> C {
    fx.nested(
        |message| H::wrap(C::wrap(message)),
        |timer| H::wrap_timer(C::wrap_timer(timer)),
        |event| H::wrap_event(C::wrap_event(event)),
        |fx| C::start(&me.nested(config), (), fx),
    )
}

/// Hands an input to a part, if it is for it.
pub(crate) fn step<C: Part, H: Host>(
    part: &mut C,
    me: &Me<'_, H>,
    config: &C::Config,
    input: Input<H>,
    fx: &mut Effects<H>,
) {
    let input = match input {
        Input::Message { from, message } => {
            H::unwrap(message).and_then(C::unwrap).map(|message| Input::Message { from, message })
        }
        Input::Timer(timer) => H::unwrap_timer(timer).and_then(C::unwrap_timer).map(Input::Timer),
        Input::Request(request) => H::unwrap_request(request).and_then(C::unwrap_request).map(Input::Request),
        Input::Closed { peer, lane, reason } => Some(Input::Closed { peer, lane, reason }),
    };
    if let Some(input) = input {
        tell(part, me, config, input, fx);
    }
}

/// Hands a part what is its own.
pub(crate) fn tell<C: Part, H: Host>(
    part: &mut C,
    me: &Me<'_, H>,
    config: &C::Config,
    input: Input<C>,
    fx: &mut Effects<H>,
) {
    fx.nested(
        |message| H::wrap(C::wrap(message)),
        |timer| H::wrap_timer(C::wrap_timer(timer)),
        |event| H::wrap_event(C::wrap_event(event)),
        |fx| part.step(&me.nested(config), input, fx),
    );
}

/// Says for a kind of store how its parts on both sides are wrapped.
macro_rules! store_and_client {
    ($kind:ident, $store:ty, $client:ty) => {
        impl Part for $store {
            fn wrap(message: Self::Message) -> Message {
                Message::$kind(message)
            }

            fn wrap_timer(timer: Self::Timer) -> Timer {
                Timer::$kind(timer)
            }

            fn wrap_event(event: store::Event) -> Event {
                Event::Store(event)
            }

            fn unwrap(message: Message) -> Option<Self::Message> {
                if let Message::$kind(message) = message { Some(message) } else { None }
            }

            fn unwrap_timer(timer: Timer) -> Option<Self::Timer> {
                if let Timer::$kind(timer) = timer { Some(timer) } else { None }
            }

            fn unwrap_request(request: Request) -> Option<store::Request> {
                match request {
                    Request::LoseLeader { outage } => Some(store::Request::LoseLeader { outage }),
                    Request::Terminate | Request::Write => None,
                }
            }
        }

        impl Part for $client {
            fn wrap(message: Self::Message) -> Message {
                Message::$kind(message)
            }

            fn wrap_timer(timer: contender::Timer) -> Timer {
                Timer::Contender(timer)
            }

            fn wrap_event(event: contender::Event) -> Event {
                Event::Contender(event)
            }

            fn unwrap(message: Message) -> Option<Self::Message> {
                <$store>::unwrap(message)
            }

            fn unwrap_timer(timer: Timer) -> Option<contender::Timer> {
                if let Timer::Contender(timer) = timer { Some(timer) } else { None }
            }

            // What a machine is asked is the machine's to answer.
            fn unwrap_request(_: Request) -> Option<contender::Request> {
                None
            }
        }
    };
}

store_and_client!(Consul, consul::Consul, contender::consul::Client);
store_and_client!(Etcd2, etcd2::Etcd2, contender::etcd2::Client);
store_and_client!(Etcd3, etcd3::Etcd3, contender::etcd3::Client);
store_and_client!(Locket, locket::Locket, contender::locket::Client);
store_and_client!(Record, record::Records, contender::record::Client);

impl Part for Work {
    fn wrap(message: Self::Message) -> Message {
        Message::Write(message)
    }

    fn wrap_timer(timer: work::Timer) -> Timer {
        Timer::Work(timer)
    }

    fn wrap_event(event: work::Event) -> Event {
        Event::Work(event)
    }

    fn unwrap(message: Message) -> Option<Self::Message> {
        Resource::unwrap(message)
    }

    fn unwrap_timer(timer: Timer) -> Option<work::Timer> {
        if let Timer::Work(timer) = timer { Some(timer) } else { None }
    }

    // What a machine is asked is the machine's to answer.
    fn unwrap_request(_: Request) -> Option<work::Request> {
        None
    }
}

impl Part for Resource {
    fn wrap(message: Self::Message) -> Message {
        Message::Write(message)
    }

    fn wrap_timer(timer: resource::Timer) -> Timer {
        Timer::Resource(timer)
    }

    fn wrap_event(event: resource::Event) -> Event {
        Event::Resource(event)
    }

    fn unwrap(message: Message) -> Option<Self::Message> {
        if let Message::Write(message) = message { Some(message) } else { None }
    }

    fn unwrap_timer(timer: Timer) -> Option<resource::Timer> {
        if let Timer::Resource(timer) = timer { Some(timer) } else { None }
    }

    fn unwrap_request(_: Request) -> Option<resource::Request> {
        None
    }
}
