//! The host runs the same processes: on a clock of this test its runs are runs of the other engines, and on sockets a
//! lock is taken over.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::UdpSocket,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
};

use support::random::Random;
use tenure::{
    design::Resolved,
    host::{Host, Outlet, udp},
    lease::{Event, Lease, Member, Message},
    process::{Input, NodeId},
    simulate::replay,
    spec::{FaultKind, Protocol, Setup},
    time::{Duration, Window},
    trace::{Choices, Claim, FORMAT, Occurrence, Step, Subject, Target, Trace},
    world::{Focus, Reductions, World},
};

#[allow(dead_code, reason = "other tests use more of it")]
mod support {
    pub mod random;
}

const DESIGN: &str = r#"
tenure = 1
protocol = "lease"
[design]
contenders = 3
store = { ttl = "TTL" }
contender = { lease = "TTL", renew = "300ms", retry = "300ms", resend = "200ms" }
[network]
delay = "0ms..50ms"
[ledger.crash]
crash = { at_most = 1, restart = "1s..2s" }
"#;

fn setup() -> Setup<Member> {
    let design = Resolved::from_text("test", &DESIGN.replace("TTL", "900ms")).expect("it is TOML");
    let builder = design.builder("crash", &[]).expect("the ledger is right");
    Lease.build(&design.design().expect("the design is right"), builder).expect("it can be built")
}

/// How a driver may be wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Defect {
    None,
    /// Its clock runs at half speed: every timer is twice as late.
    LateTimers,
    /// A killed process goes on.
    Undead,
    /// A message overtakes a timer that is due.
    MessagesFirst,
}

/// Hosts on a clock and a network of this test.
struct Virtual<'a> {
    setup: &'a Setup<Member>,
    defect: Defect,
    draws: Random,
    now: i64,
    hosts: Vec<Option<Host<Member>>>,
    lives: Vec<(u32, u32)>,
    /// By moment and order of scheduling.
    coming: BTreeMap<(i64, u64), Coming>,
    scheduled: u64,
    sent: BTreeMap<(NodeId, NodeId), u32>,
    steps: Vec<Step>,
    events: Vec<(NodeId, Event)>,
}

enum Coming {
    Start(NodeId),
    Deliver { from: NodeId, to: NodeId, number: u32, message: Message },
    Crash(NodeId),
}

/// What one step of a host did.
struct Done<'a> {
    draws: &'a mut Random,
    sends: Vec<(NodeId, Message)>,
    events: Vec<Event>,
}

impl Outlet<Member> for Done<'_> {
    fn send(&mut self, to: NodeId, message: Message) {
        self.sends.push((to, message));
    }

    fn persist(&mut self, (): &()) {}

    fn emit(&mut self, event: Event) {
        self.events.push(event);
    }

    fn choose(&mut self, after: Window) -> Duration {
        Duration::from_micros(self.draws.within(after.lo().micros(), after.hi().micros()))
    }
}

impl<'a> Virtual<'a> {
    fn run(setup: &'a Setup<Member>, defect: Defect, seed: u64, until: i64) -> Virtual<'a> {
        let nodes = setup.nodes.len();
        let mut run = Virtual {
            setup,
            defect,
            draws: Random::new(seed),
            now: 0,
            hosts: (0..nodes).map(|_| None).collect(),
            lives: vec![(0, 0); nodes],
            coming: BTreeMap::new(),
            scheduled: 0,
            sent: BTreeMap::new(),
            steps: Vec::new(),
            events: Vec::new(),
        };
        for id in setup.ids() {
            let start = setup.node(id).start;
            let at = run.draws.within(start.lo().micros(), start.hi().micros());
            run.coming(at, Coming::Start(id));
        }
        let victim = NodeId(run.draws.within(1, nodes as i64 - 1) as u16);
        let at = run.draws.within(1, until);
        run.coming(at, Coming::Crash(victim));
        while run.step(until) {}
        run
    }

    fn coming(&mut self, at: i64, what: Coming) {
        self.scheduled += 1;
        self.coming.insert((at, self.scheduled), what);
    }

    /// The time that a host is told.
    fn told(&self) -> i64 {
        if self.defect == Defect::LateTimers { self.now / 2 } else { self.now }
    }

    fn true_due(&self, due: i64) -> i64 {
        if self.defect == Defect::LateTimers { due * 2 } else { due }
    }

    fn step(&mut self, until: i64) -> bool {
        let due = |(index, host): (usize, &Option<Host<Member>>)| {
            host.as_ref().and_then(Host::next_due).map(|due| (self.true_due(due), index))
        };
        let timer = self.hosts.iter().enumerate().filter_map(due).min();
        let coming = self.coming.first_key_value().map(|((at, _), _)| *at);
        let patience = if self.defect == Defect::MessagesFirst { 30_000 } else { 0 };
        match (timer, coming) {
            (Some((at, index)), next) if next.is_none_or(|next| at + patience <= next) => {
                self.now = self.now.max(at);
                self.now <= until && self.fire(NodeId(index as u16))
            }
            (_, Some(at)) => {
                self.now = self.now.max(at);
                self.now <= until && self.happen()
            }
            (_, None) => false,
        }
    }

    fn fire(&mut self, node: NodeId) -> bool {
        let now = self.told();
        let mut host = self.hosts[node.index()].take().expect("it has a timer");
        let number = self.with(node, |done| host.fire(now, done).expect("no contract is broken"));
        self.hosts[node.index()] = Some(host);
        self.write(Occurrence::Fire { node, number: number.expect("it is due") });
        true
    }

    fn happen(&mut self) -> bool {
        let (_, what) = self.coming.pop_first().expect("something comes");
        match what {
            Coming::Start(node) => {
                let (now, lives) = (self.told(), self.lives[node.index()]);
                let config = self.setup.node(node).config.clone();
                let host = self.with(node, |done| Host::start(node, config, (), lives, now, done));
                self.hosts[node.index()] = Some(host.expect("no contract is broken"));
                self.write(Occurrence::Start { node });
            }
            Coming::Deliver { from, to, number, message } => {
                let now = self.told();
                if let Some(mut host) = self.hosts[to.index()].take() {
                    let input = Input::Message { from, message };
                    self.with(to, |done| host.step(input, now, done)).expect("no contract is broken");
                    self.hosts[to.index()] = Some(host);
                }
                self.write(Occurrence::Deliver { from, to, number, copy: 0 });
            }
            Coming::Crash(node) => {
                let Some(host) = self.hosts[node.index()].take() else { return true };
                let (life, _) = self.lives[node.index()];
                self.lives[node.index()] = (life + 1, host.armed());
                if self.defect == Defect::Undead {
                    self.hosts[node.index()] = Some(host);
                } else {
                    let at = self.now + self.draws.within(1_000_000, 2_000_000);
                    self.coming(at, Coming::Start(node));
                }
                self.write(Occurrence::Fault { fault: 0, target: Target::Node(node) });
            }
        }
        true
    }

    /// Lets a host do something, and sends what it sends.
    fn with<T>(&mut self, node: NodeId, act: impl FnOnce(&mut Done<'_>) -> T) -> T {
        let mut done = Done { draws: &mut self.draws, sends: Vec::new(), events: Vec::new() };
        let result = act(&mut done);
        let Done { sends, events, .. } = done;
        self.events.extend(events.into_iter().map(|event| (node, event)));
        for (to, message) in sends {
            let link = self.setup.links.get(node, to).expect("there is a link");
            let at = self.now + self.draws.within(link.delay.lo().micros(), link.delay.hi().micros());
            let sent = self.sent.entry((node, to)).or_default();
            let number = *sent;
            *sent += 1;
            self.coming(at, Coming::Deliver { from: node, to, number, message });
        }
        result
    }

    fn write(&mut self, what: Occurrence) {
        self.steps.push(Step { at: self.now, what, choices: Choices::default(), did: Vec::new() });
    }

    /// Whether both engines accept the run, and saw the same events.
    fn conforms(self) -> Result<(), String> {
        let property = Lease.properties().remove(0);
        let empty = String::new;
        let subject = Subject {
            design: empty(),
            hash: empty(),
            file: empty(),
            protocol: "lease".into(),
            property: property.id.into(),
            ledger: "crash".into(),
        };
        let nodes = self.setup.nodes.iter().map(|node| node.name.clone()).collect();
        let trace =
            Trace { tenure_trace: FORMAT, tool: "test".into(), subject, claim: Claim::Run, nodes, steps: self.steps };
        let replayed = replay(self.setup, &property, &trace).map_err(|error| error.to_string())?;
        let emitted = replayed.steps.iter().flat_map(|step| &step.did).filter_map(|did| did.strip_prefix("emit "));
        let emitted: Vec<&str> = emitted.collect();
        let told: Vec<String> = self.events.iter().map(|(_, event)| format!("{event:?}")).collect();
        if emitted != told {
            return Err(format!("the event loop sees {emitted:?}, the host {told:?}"));
        }
        let mut world = World::new(self.setup.clone(), property, Focus::Check, Reductions::NONE);
        world.follow(&trace).map_err(|mismatch| mismatch.to_string())
    }
}

const UNTIL: i64 = 8_000_000;

#[test]
fn runs_of_the_host_are_runs_of_the_other_engines() {
    let setup = setup();
    assert!(matches!(setup.faults[0].kind, FaultKind::Crash { .. }));
    let mut seen = BTreeSet::new();
    for seed in 0..100 {
        let run = Virtual::run(&setup, Defect::None, seed, UNTIL);
        seen.extend(run.events.iter().map(|(_, event)| format!("{event:?}")));
        run.conforms().unwrap_or_else(|why| panic!("seed {seed}: {why}"));
    }
    // Nobody is cut off, so no holder loses the lock but by its death.
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["Acquired", "Expired", "Renewed"]);
}

#[test]
fn a_driver_that_is_wrong_is_caught() {
    let setup = setup();
    for defect in [Defect::LateTimers, Defect::Undead, Defect::MessagesFirst] {
        let caught = (0..20).filter(|seed| Virtual::run(&setup, defect, *seed, UNTIL).conforms().is_err()).count();
        assert!(caught >= 15, "{defect:?} is caught in {caught} of 20 runs");
    }
}

#[test]
fn on_sockets_another_takes_over_from_a_worker_that_is_killed() {
    let setup = setup();
    let sockets: Vec<UdpSocket> =
        setup.ids().map(|_| UdpSocket::bind("127.0.0.1:0").expect("a port is free")).collect();
    let peers: Vec<_> = sockets.iter().map(|socket| socket.local_addr().expect("it is bound")).collect();
    let stops: Vec<Arc<AtomicBool>> = setup.ids().map(|_| Arc::default()).collect();
    let (tell, told) = mpsc::channel();
    std::thread::scope(|scope| {
        for (id, socket) in setup.ids().zip(sockets) {
            let node: udp::Node<Member> = udp::Node::new(id, setup.node(id).config.clone(), socket, peers.clone(), 0);
            let (tell, stop) = (tell.clone(), stops[id.index()].clone());
            scope.spawn(move || {
                let result = node.run(|| stop.load(Ordering::Relaxed), |event| tell.send((id, event)).expect("heard"));
                result.expect("loopback works");
            });
        }
        let acquired = || loop {
            let (id, event) = told.recv_timeout(std::time::Duration::from_secs(30)).expect("somebody takes the lock");
            if event == Event::Acquired {
                return id;
            }
        };
        let worker = acquired();
        stops[worker.index()].store(true, Ordering::Relaxed);
        let successor = acquired();
        stops.iter().for_each(|stop| stop.store(true, Ordering::Relaxed));
        assert_ne!(successor, worker);
    });
}
