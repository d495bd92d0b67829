//! The benchmark's protocol: a leader and two followers, and clients that renew.
//!
//! The leader sends a heartbeat every 100 ms, and each follower answers it. Each client renews every 2 s; the leader
//! has a renewal stored by the followers and answers when a majority has it. With 20 clients that is about 120 events
//! in a second.

use tenure::{
    process::{Effects, Id, Input, Me, Names, NodeId, Process},
    spec::{Carriage, Clock, Form, Happening, Link, Links, Node, Property, Setup, Signals},
    time::{Duration, Window},
};

const LEADER: NodeId = NodeId(0);
const FOLLOWERS: [NodeId; 2] = [NodeId(1), NodeId(2)];
const BEAT: Window = Window::exactly(Duration::from_millis(100));
const RENEW: Window = Window::exactly(Duration::from_secs(2));

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Part {
    Leader {
        /// Renewals that no follower has stored yet.
        asked: Vec<(Id, NodeId)>,
    },
    Follower,
    Client {
        asked: Option<Id>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Leader,
    Follower,
    Client,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Message {
    Beat,
    Alive,
    Renew { question: Id },
    Store { question: Id },
    Stored { question: Id },
    Renewed { question: Id },
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    Beat,
    Renew,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Event {
    Asked,
    Renewed,
}

impl Process for Part {
    type Config = Role;
    type Message = Message;
    type Timer = Timer;
    type Request = ();
    type Event = Event;
    type Durable = ();

    fn start(me: &Me<'_, Part>, (): (), fx: &mut Effects<Part>) -> Part {
        match me.config {
            Role::Leader => {
                fx.arm(Timer::Beat, BEAT);
                Part::Leader { asked: Vec::new() }
            }
            Role::Follower => Part::Follower,
            Role::Client => {
                fx.arm(Timer::Renew, RENEW);
                Part::Client { asked: None }
            }
        }
    }

    fn step(&mut self, _: &Me<'_, Part>, input: Input<Part>, fx: &mut Effects<Part>) {
        match (self, input) {
            (Part::Leader { .. }, Input::Timer(Timer::Beat)) => {
                FOLLOWERS.into_iter().for_each(|follower| fx.send(follower, Message::Beat));
                fx.arm(Timer::Beat, BEAT);
            }
            (Part::Leader { asked }, Input::Message { from, message: Message::Renew { question } }) => {
                asked.push((question, from));
                FOLLOWERS.into_iter().for_each(|follower| fx.send(follower, Message::Store { question }));
            }
            // With the leader's own copy that is a majority. The other follower's answer finds nothing.
            (Part::Leader { asked }, Input::Message { message: Message::Stored { question }, .. }) => {
                if let Some(index) = asked.iter().position(|(other, _)| *other == question) {
                    let (_, client) = asked.remove(index);
                    fx.send(client, Message::Renewed { question });
                }
            }
            (Part::Follower, Input::Message { from, message: Message::Beat }) => fx.send(from, Message::Alive),
            (Part::Follower, Input::Message { from, message: Message::Store { question } }) => {
                fx.send(from, Message::Stored { question });
            }
            (Part::Client { asked }, Input::Timer(Timer::Renew)) => {
                let question = fx.fresh_id();
                *asked = Some(question);
                fx.send(LEADER, Message::Renew { question });
                fx.arm(Timer::Renew, RENEW);
                fx.emit(Event::Asked);
            }
            (Part::Client { asked }, Input::Message { message: Message::Renewed { question }, .. })
                if *asked == Some(question) =>
            {
                *asked = None;
                fx.emit(Event::Renewed);
            }
            // Answers that are not asked for, and what is another part's.
            (Part::Leader { .. } | Part::Follower | Part::Client { .. }, _) => {}
        }
    }
}

/// With so many clients, at most 200.
pub fn setup(clients: u8) -> Setup<Part> {
    let ms = |lo, hi| Window::new(Duration::from_millis(lo), Duration::from_millis(hi));
    let node = |index: u8| Node {
        name: format!("n{index}"),
        config: match index {
            0 => Role::Leader,
            1 | 2 => Role::Follower,
            _ => Role::Client,
        },
        machine: index,
        start: ms(0, 2_000),
        restart_after_exit: None,
        clock: Clock::default(),
        group: None,
    };
    let nodes: Vec<_> = (0..clients + 3).map(node).collect();
    let link = Link { carriage: Carriage::Datagram, delay: ms(1, 10), capacity: 8 };
    let mut links = Links::none(nodes.len());
    (1..clients + 3).for_each(|other| links.connect(LEADER, NodeId(other), link));
    Setup { nodes, links, faults: Vec::new() }
}

/// A renewal is answered.
pub fn answered() -> Property<Part, ()> {
    let watch = |_: &mut (), happening: &Happening<'_, Part>, signals: &mut Signals| match happening {
        Happening::Emitted(_, Event::Asked) => signals.witness = true,
        Happening::Emitted(_, Event::Renewed) => signals.reached = true,
        _ => {}
    };
    Property {
        id: "answered",
        sentence: "renewals are answered",
        requirements: &[],
        form: Form::Never,
        memory: (),
        watch,
    }
}
