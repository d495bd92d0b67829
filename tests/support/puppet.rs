//! A protocol without sense: random tables of what each state answers to each input, over random links, with random
//! faults and properties. It reaches every corner of the kernel that sensible protocols avoid.

use std::sync::Arc;

use tenure::{
    process::{Effects, Id, Input, Lane, Me, Names, NodeId, Process, Rank, Sort},
    spec::{
        Carriage, Clock, Fault, FaultKind, Form, Happening, Link, Links, Node, Property, Setup, Signals, Tokens,
        Trigger,
    },
    time::{Drift, Duration, Window},
};

use super::random::Random;

const STATES: u64 = 3;
const TOKENS: Sort = Sort(0);

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Puppet {
    state: u8,
    /// The identity of the last question, to tell its answer from older ones.
    asked: Option<Id>,
    token: Option<Rank>,
    /// Which timers it knows to be armed.
    armed: Vec<u8>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names, serde::Serialize, serde::Deserialize)]
pub struct Kind(pub u8);

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Note {
    kind: u8,
    question: Option<Id>,
    token: Option<Rank>,
}

#[derive(Clone, Debug)]
pub enum Action {
    /// To a node, or back to the sender of what is being answered.
    Send {
        to: Option<NodeId>,
        kind: u8,
        ask: bool,
    },
    Arm {
        timer: u8,
        after: Window,
    },
    Disarm(u8),
    Rename {
        from: u8,
        to: u8,
        careful: bool,
    },
    Persist,
    Emit(u8),
    Exit,
    NewToken,
}

#[derive(Clone, Debug)]
pub struct Row {
    next: u8,
    actions: Vec<Action>,
}

/// What a puppet answers: on its start, and to each input in each state.
#[derive(Clone, Debug)]
pub struct Table {
    start: Row,
    rows: Vec<Vec<Row>>,
}

const INPUTS: usize = 2 + 2 + 1 + 1;

impl Process for Puppet {
    type Config = Arc<Table>;
    type Message = Note;
    type Timer = u8;
    type Request = Kind;
    type Event = Kind;
    type Durable = u8;

    fn start(me: &Me<'_, Self>, durable: u8, fx: &mut Effects<Self>) -> Self {
        let mut puppet = Puppet { state: durable, asked: None, token: None, armed: Vec::new() };
        puppet.play(&me.config.start.clone(), None, None, fx);
        puppet
    }

    fn step(&mut self, me: &Me<'_, Self>, input: Input<Self>, fx: &mut Effects<Self>) {
        let (column, question, sender) = match input {
            Input::Message { from, message } => {
                if message.question.is_some() && message.kind == 1 && message.question != self.asked {
                    // An answer to an older question.
                    return;
                }
                if let (Some(own), Some(theirs)) = (self.token, message.token)
                    && theirs < own
                {
                    return;
                }
                self.token = message.token.or(self.token);
                (usize::from(message.kind), message.question, Some(from))
            }
            Input::Timer(timer) => {
                self.armed.retain(|other| *other != timer);
                (2 + usize::from(timer), None, None)
            }
            Input::Request(_) => (4, None, None),
            Input::Closed { peer, .. } => (5, None, Some(peer)),
        };
        let row = me.config.rows[usize::from(self.state)][column].clone();
        self.play(&row, question, sender, fx);
    }

    fn lane(message: &Note) -> Lane {
        Lane(u8::from(message.token.is_some()))
    }
}

impl Puppet {
    fn play(&mut self, row: &Row, question: Option<Id>, sender: Option<NodeId>, fx: &mut Effects<Self>) {
        self.state = row.next;
        for action in &row.actions {
            match *action {
                Action::Send { to, kind, ask } => {
                    let question = if ask {
                        self.asked = Some(fx.fresh_id());
                        self.asked
                    } else {
                        question
                    };
                    if let Some(to) = to.or(sender) {
                        fx.send(to, Note { kind, question, token: self.token });
                    }
                }
                Action::Arm { timer, after } => {
                    fx.arm(timer, after);
                    self.armed.retain(|other| *other != timer);
                    self.armed.push(timer);
                    self.armed.sort_unstable();
                }
                Action::Disarm(timer) => {
                    fx.disarm(timer);
                    self.armed.retain(|other| *other != timer);
                }
                Action::Rename { from, to, careful } => {
                    if !careful || self.armed.contains(&from) {
                        fx.rename(from, to);
                        self.armed.retain(|other| *other != from && *other != to);
                        self.armed.push(to);
                        self.armed.sort_unstable();
                    }
                }
                Action::Persist => fx.persist(self.state),
                Action::Emit(kind) => fx.emit(Kind(kind)),
                Action::Exit => {
                    fx.exit();
                    return;
                }
                Action::NewToken => self.token = Some(fx.fresh_rank(TOKENS)),
            }
        }
    }
}

/// One random design, small enough to be explored tick by tick.
pub struct Design {
    pub setup: Setup<Puppet>,
    pub property: Property<Puppet, ()>,
}

/// The events: 0 triggers, 1 responds, 2 discharges, 3 is bad, 4 begins and 5 ends an interval, 6 acts.
fn watch(_: &mut (), happening: &Happening<'_, Puppet>, signals: &mut Signals) {
    match *happening {
        Happening::Emitted(_, Kind(0)) => signals.trigger = true,
        Happening::Emitted(_, Kind(1)) => signals.response = true,
        Happening::Emitted(_, Kind(2)) => signals.discharge = true,
        Happening::Emitted(_, Kind(3)) => signals.violated = true,
        Happening::Emitted(node, Kind(4)) => signals.begin = vec![node],
        Happening::Emitted(node, Kind(5)) => signals.end = vec![node],
        Happening::Emitted(node, Kind(6)) => signals.act = vec![node],
        Happening::Crashed(node) => {
            signals.end = vec![node];
            signals.trigger = true;
        }
        Happening::Exited(node) => signals.end = vec![node],
        // In one step with what it answers to being started, or with the crash that cuts it.
        Happening::Started(node) => signals.discharge = node == NodeId(0),
        Happening::Emitted(..) | Happening::Paused(_) | Happening::Resumed(_) => {}
        Happening::Requested(..) => signals.trigger = true,
    }
}

impl Design {
    pub fn random(seed: u64) -> Design {
        let mut random = Random::new(seed);
        let nodes = 2 + usize::from(random.chance(30));
        let form = *random.pick(&[
            Form::Within(Trigger::Anything),
            Form::Within(Trigger::Anything),
            Form::Within(Trigger::Crash),
            Form::Within(Trigger::Request),
            Form::Apart,
            Form::Never,
        ]);
        let alike = random.chance(25);
        let shared = Table::random(&mut random, &[NodeId(0)], form);
        let clock = clock(&mut random);
        let own_phase = window(&mut random, 2);
        let restart_after_exit = random.chance(50).then(|| Window::exactly(Duration::from_micros(2)));
        let setup = Setup {
            nodes: (0..nodes)
                .map(|index| {
                    // Interchangeable nodes talk to the first one only, which talks back to whoever asked.
                    let others: Vec<NodeId> =
                        (0..nodes as u16).filter(|other| usize::from(*other) != index).map(NodeId).collect();
                    let table = match (alike, index) {
                        (true, 0) => Table::random(&mut random, &[], form),
                        (true, _) => shared.clone(),
                        (false, _) => Table::random(&mut random, &others, form),
                    };
                    Node {
                        name: ["A", "B", "C"][index].into(),
                        config: Arc::new(table),
                        machine: index as u16,
                        start: if alike && index > 0 { own_phase } else { window(&mut random, 2) },
                        restart_after_exit,
                        clock: if alike { clock } else { self::clock(&mut random) },
                        group: (alike && index > 0).then_some(0),
                    }
                })
                .collect(),
            links: links(&mut random, nodes, alike),
            faults: Vec::new(),
        };
        let setup = Setup { faults: faults(&mut random, &setup.links, nodes), ..setup };
        let property =
            Property { id: "random", sentence: "a random property", requirements: &[], form, memory: (), watch };
        Design { setup, property }
    }
}

fn window(random: &mut Random, most: i64) -> Window {
    let lo = random.within(0, most);
    let hi = random.within(lo, most);
    Window::new(Duration::from_micros(lo), Duration::from_micros(hi))
}

fn clock(random: &mut Random) -> Clock {
    let drift = if random.chance(15) { Drift::from_parts_per_million(250_000) } else { None };
    let reaction = Duration::from_micros(i64::from(random.chance(20)));
    Clock { drift: drift.unwrap_or_default(), reaction }
}

fn links(random: &mut Random, nodes: usize, alike: bool) -> Links {
    let mut links = Links::none(nodes);
    let link = |random: &mut Random| {
        let carriage = if random.chance(50) {
            Carriage::Datagram
        } else {
            let patience = random.chance(50).then(|| window(random, 3));
            Carriage::Stream { rto: Duration::from_micros(random.within(0, 2)), patience }
        };
        Link { carriage, delay: window(random, 2), capacity: 4 }
    };
    let common = link(random);
    for a in 0..nodes {
        for b in a + 1..nodes {
            let link = if alike { common } else { link(random) };
            links.connect(NodeId(a as u16), NodeId(b as u16), link);
        }
    }
    links
}

fn faults(random: &mut Random, links: &Links, nodes: usize) -> Vec<Fault<Kind>> {
    let datagrams = links.iter().filter(|(_, _, link)| link.carriage == Carriage::Datagram);
    let datagrams: Vec<(NodeId, NodeId)> = datagrams.map(|(from, to, _)| (from, to)).collect();
    let everyone: Vec<NodeId> = (0..nodes as u16).map(NodeId).collect();
    let pairs: Vec<(NodeId, NodeId)> =
        everyone.iter().flat_map(|a| everyone.iter().filter(move |b| *b != a).map(|b| (*a, *b))).collect();
    let restart = random.chance(60).then(|| window(random, 3));
    let reborn = random.chance(60).then(|| window(random, 3));
    let span = window(random, 3);
    let cut_of = |node: NodeId, both: bool| {
        pairs.iter().copied().filter(|(from, to)| *from == node || (both && *to == node)).collect::<Vec<_>>()
    };
    let both = random.chance(50);
    let kinds = [
        ("crash", FaultKind::Crash { nodes: everyone.clone(), restart }),
        ("death", FaultKind::Death { machines: (0..nodes as u16).collect(), restart: reborn }),
        ("pause", FaultKind::Pause { nodes: everyone.clone(), span }),
        ("suspend", FaultKind::Suspend { nodes: everyone.clone(), span }),
        ("loss", FaultKind::Loss { links: pairs.clone() }),
        ("duplicate", FaultKind::Duplicate { links: datagrams }),
        ("cut", FaultKind::Cut { cuts: everyone.iter().map(|node| cut_of(*node, both)).collect(), span }),
        ("wipe", FaultKind::Wipe { nodes: everyone.clone(), restart }),
        ("request", FaultKind::Request { nodes: everyone.clone(), request: Kind(0) }),
    ];
    let mut faults = Vec::new();
    for (name, kind) in kinds {
        if random.chance(28) {
            let within = random.chance(20).then(|| Duration::from_micros(random.within(3, 6)));
            faults.push(Fault { name: name.into(), tokens: Tokens { at_most: 1, within }, kind });
        }
    }
    faults.truncate(3);
    faults
}

impl Table {
    /// A table of a node that may talk to the others, or only back.
    fn random(random: &mut Random, others: &[NodeId], form: Form) -> Table {
        let start = Row::random(random, others, form, true);
        let rows =
            (0..STATES).map(|_| (0..INPUTS).map(|_| Row::random(random, others, form, false)).collect()).collect();
        Table { start, rows }
    }
}

impl Row {
    fn random(random: &mut Random, others: &[NodeId], form: Form, start: bool) -> Row {
        let next = random.below(STATES) as u8;
        let mut actions = Vec::new();
        if start || random.chance(35) {
            actions.push(Action::Arm { timer: random.below(2) as u8, after: late(random) });
        }
        if random.chance(if start { 60 } else { 27 }) {
            let to = (!others.is_empty() && random.chance(80)).then(|| *random.pick(others));
            actions.push(Action::Send { to, kind: random.below(2) as u8, ask: random.chance(40) });
        }
        if random.chance(40) {
            actions.push(Action::Emit(event(random, form)));
        }
        for (percent, action) in [
            (8, Action::Disarm(random.below(2) as u8)),
            (10, Action::Rename { from: 0, to: 1, careful: !random.chance(4) }),
            (10, Action::Persist),
            (4, Action::Exit),
            (8, Action::NewToken),
            (15, Action::Arm { timer: 1, after: late(random) }),
        ] {
            if random.chance(percent) && !(start && matches!(action, Action::Exit)) {
                actions.insert(random.below(actions.len() as u64 + 1) as usize, action);
            }
        }
        Row { next, actions }
    }
}

/// A timer takes a while, so that runs are not infinitely fast.
fn late(random: &mut Random) -> Window {
    let lo = random.within(1, 4);
    Window::new(Duration::from_micros(lo), Duration::from_micros(lo + random.within(0, 2)))
}

fn event(random: &mut Random, form: Form) -> u8 {
    match form {
        Form::Within(_) => *random.pick(&[0, 0, 1, 1, 1, 2]),
        Form::Apart => *random.pick(&[4, 4, 5, 5, 5, 6]),
        Form::Never | Form::Reachable => *random.pick(&[3, 7, 7]),
    }
}
