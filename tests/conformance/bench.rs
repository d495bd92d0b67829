//! A store alone in virtual time: what is sent to it is delivered at once, and its timers fire when they are due.

use std::collections::{BTreeMap, VecDeque};

use tenure::{
    process::{Effect, Id, Input, NodeId, Process, Rank, Sort, fixture::Fixture},
    time::{Duration, Window},
};

pub struct Bench<P: Process> {
    fixture: Fixture<P>,
    now: Duration,
    /// In the order in which they were armed.
    timers: Vec<(P::Timer, Duration)>,
    /// What each client was sent and has not taken.
    sent: BTreeMap<NodeId, VecDeque<P::Message>>,
    hurry: Hurry,
}

/// When a timer fires that has a choice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hurry {
    Early,
    Late,
}

impl<P: Process> Bench<P> {
    pub fn new(config: P::Config, hurry: Hurry) -> Bench<P> {
        let fixture = Fixture::start(NodeId(0), config);
        Bench { fixture, now: Duration::ZERO, timers: Vec::new(), sent: BTreeMap::new(), hurry }
    }

    pub fn fresh_id(&mut self) -> Id {
        self.fixture.fresh_id()
    }

    pub fn fresh_rank(&mut self, sort: Sort) -> Rank {
        self.fixture.fresh_rank(sort)
    }

    pub fn send(&mut self, from: NodeId, message: P::Message) {
        self.input(Input::Message { from, message });
    }

    pub fn request(&mut self, request: P::Request) {
        self.input(Input::Request(request));
    }

    /// Lets time pass; what is due at the end has fired.
    pub fn pass(&mut self, span: Duration) {
        let end = self.now.plus(span);
        while self.fire_before(end) {}
        self.now = end;
    }

    /// What a client is sent, at the latest after a span.
    pub fn receive(&mut self, client: NodeId, within: Duration) -> Option<P::Message> {
        let end = self.now.plus(within);
        loop {
            if let Some(message) = self.sent.get_mut(&client).and_then(VecDeque::pop_front) {
                return Some(message);
            }
            if !self.fire_before(end) {
                self.now = end;
                return None;
            }
        }
    }

    pub fn now(&self) -> Duration {
        self.now
    }

    /// Fires the next timer, if it is due by then.
    fn fire_before(&mut self, end: Duration) -> bool {
        let due = self.timers.iter().enumerate().filter(|(_, (_, at))| *at <= end);
        let Some((place, _)) = due.min_by_key(|(place, (_, at))| (*at, *place)) else { return false };
        let (timer, at) = self.timers.remove(place);
        self.now = at;
        self.input(Input::Timer(timer));
        true
    }

    fn input(&mut self, input: Input<P>) {
        for effect in self.fixture.step(input) {
            match effect {
                Effect::Send { to, message } => self.sent.entry(to).or_default().push_back(message),
                Effect::Arm { timer, after } => {
                    self.timers.retain(|(armed, _)| *armed != timer);
                    self.timers.push((timer, self.now.plus(self.hurry.of(after))));
                }
                Effect::Disarm(timer) => self.timers.retain(|(armed, _)| *armed != timer),
                Effect::Rename { from, to } => {
                    let timer = self.timers.iter_mut().find(|(armed, _)| *armed == from);
                    timer.expect("a timer that is armed").0 = to;
                }
                Effect::Emit(_) | Effect::Persist(_) => {}
                Effect::Exit => panic!("a store does not end"),
            }
        }
    }
}

impl Hurry {
    const fn of(self, window: Window) -> Duration {
        match self {
            Hurry::Early => window.lo(),
            Hurry::Late => window.hi(),
        }
    }
}
