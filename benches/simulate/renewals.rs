//! The benchmark's protocol: a leader and two followers, and clients that renew.
//!
//! The leader sends a heartbeat every 100 ms, and each follower answers it. Each client renews every 2 s; the leader
//! has a renewal stored by the followers and answers when a majority has it. With 20 clients that is about 120 events
//! in a second. A set-up has at most 256 nodes, so that of a thousand clients several share a machine.

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
    Clients {
        asked: Vec<Option<Id>>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Leader,
    Follower,
    /// A machine with so many of them.
    Clients(u16),
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
    Renew { client: u16 },
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
            Role::Clients(clients) => {
                for client in 0..*clients {
                    // One that is alone begins when its machine does, several begin at moments of their own.
                    fx.arm(Timer::Renew { client }, if client == 0 { RENEW } else { Window::up_to(RENEW.hi()) });
                }
                Part::Clients { asked: vec![None; usize::from(*clients)] }
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
            (Part::Clients { asked }, Input::Timer(Timer::Renew { client })) => {
                let question = fx.fresh_id();
                asked[usize::from(client)] = Some(question);
                fx.send(LEADER, Message::Renew { question });
                fx.arm(Timer::Renew { client }, RENEW);
                fx.emit(Event::Asked);
            }
            (Part::Clients { asked }, Input::Message { message: Message::Renewed { question }, .. }) => {
                if let Some(answered) = asked.iter_mut().find(|asked| **asked == Some(question)) {
                    *answered = None;
                    fx.emit(Event::Renewed);
                }
            }
            // Answers that are not asked for, and what is another part's.
            (Part::Leader { .. } | Part::Follower | Part::Clients { .. }, _) => {}
        }
    }
}

/// With so many machines of clients, at most 200, and so many clients on each.
pub fn setup(machines: u16, clients: u16) -> Setup<Part> {
    let ms = |lo, hi| Window::new(Duration::from_millis(lo), Duration::from_millis(hi));
    let node = |index: u16| Node {
        name: format!("n{index}"),
        config: match index {
            0 => Role::Leader,
            1 | 2 => Role::Follower,
            _ => Role::Clients(clients),
        },
        machine: index,
        start: ms(0, 2_000),
        restart_after_exit: None,
        clock: Clock::default(),
        group: None,
    };
    let nodes: Vec<_> = (0..machines + 3).map(node).collect();
    let link = Link { carriage: Carriage::Datagram, delay: ms(1, 10), capacity: 8 };
    let mut links = Links::none(nodes.len());
    (1..machines + 3).for_each(|other| links.connect(LEADER, NodeId(other), link));
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
