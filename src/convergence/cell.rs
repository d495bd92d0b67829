//! A cell: its rep keeps its presence, accepts starts, and keeps its containers and their rows in harmony.
//!
//! A rep that cannot keep its presence goes on as before: its containers run, and it accepts starts. What it asks about
//! its containers goes to every BBS; the one that works answers.

use serde::Deserialize;

use super::{About, Answer, Ask, Event, Message, REGISTRY, Request, Site, Verdict, Work};
use crate::{
    process::{Effects, Id, Input, Names, NodeId},
    time::{Duration, Window, unless_never},
};

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How long after one heartbeat the next is; if "never", there is one only.
    #[serde(deserialize_with = "unless_never")]
    pub heartbeat: Option<Duration>,
    /// How often a rep asks about all of its containers; if absent or "never", only on occasion.
    #[serde(default, deserialize_with = "unless_never")]
    pub poll: Option<Duration>,
    /// The same while the cell is drained.
    pub evacuation_poll: Duration,
    /// After how long a drained cell stops, whatever it still has; never, if absent or "never".
    #[serde(default, deserialize_with = "unless_never")]
    pub evacuation_timeout: Option<Duration>,
    /// How long after a drained cell has stopped it starts again; never, if absent.
    pub restart: Option<Window>,
    /// Whether a rep asks about all containers as soon as a connection to a BBS is gone.
    pub asks_again: bool,
    /// How long after its presence its server accepts connections; with it, if absent.
    pub listens_after: Option<Window>,
    /// How long a container takes to start.
    pub start: Window,
    /// How long a Task runs.
    pub run: Window,
    /// How long a reservation that nobody runs is kept; for ever, if absent.
    pub reservation: Option<Window>,
    /// How long after the last heartbeat that it could send a rep stops its containers; if absent, or "never", it goes on.
    #[serde(default, deserialize_with = "unless_never")]
    pub fences_after: Option<Duration>,
    /// Whom it asks.
    #[serde(skip)]
    pub bbs: Vec<NodeId>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Cell {
    containers: Vec<Container>,
    evacuating: bool,
    /// Whether the registry can be reached, as far as the cell's machine goes.
    agent: bool,
    /// Its presence may be over: it has nothing and takes nothing.
    fenced: bool,
    /// Its server accepts connections.
    listens: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub struct Container {
    work: Work,
    id: Id,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub enum Stage {
    Reserved,
    Starting,
    Running,
    /// It ended by itself, and the BBS does not know yet.
    Ended,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    Heartbeat,
    Poll,
    /// A container is started.
    Start(Id),
    /// A Task's container has done its work.
    Run(Id),
    /// A reservation is given up.
    Reap(Id),
    Agent,
    /// The server accepts connections.
    Listen,
    /// The presence may be over.
    Fence,
    /// A drained cell has waited long enough.
    Drained,
}

impl Cell {
    pub(super) fn start(config: &Config, fx: &mut Effects<Site>) -> Cell {
        let mut cell = Cell { containers: Vec::new(), evacuating: false, agent: true, fenced: false, listens: true };
        cell.beat(config, fx);
        if let Some(after) = config.listens_after.filter(|after| *after != Window::ZERO) {
            cell.listens = false;
            fx.arm(super::Timer::Cell(Timer::Listen), after);
        }
        if config.poll.is_some() {
            // What its predecessor had is gone.
            cell.ask_all(config, fx);
            cell.arm_poll(config, fx);
        }
        cell
    }

    pub(super) fn step(&mut self, config: &Config, input: Input<Site>, fx: &mut Effects<Site>) {
        match input {
            Input::Timer(super::Timer::Cell(timer)) => self.fire(timer, config, fx),
            Input::Message { from, message: Message::Look | Message::Perform(_) } if !self.listens => {
                fx.send(from, Message::NotListening);
            }
            Input::Message { from, message: Message::Look } => {
                fx.send(
                    from,
                    Message::Load { containers: self.containers.len() as u16, evacuating: self.takes_nothing() },
                );
            }
            Input::Message { from, message: Message::Perform(works) } => self.perform(from, works, config, fx),
            Input::Message { message: Message::Answer(answers), .. } => {
                for answer in answers {
                    self.obey(answer, config, fx);
                }
                self.leave_if_drained(fx);
            }
            Input::Message { message: Message::Stop(work), .. } => {
                let gone = self.stop_all(|container| container.work == work, fx);
                self.ask(gone, false, config, fx);
            }
            Input::Request(Request::Evacuate) if !self.evacuating => {
                self.evacuating = true;
                if let Some(timeout) = config.evacuation_timeout {
                    fx.arm(super::Timer::Cell(Timer::Drained), Window::exactly(timeout));
                }
                self.ask_all(config, fx);
                self.arm_poll(config, fx);
                self.leave_if_drained(fx);
            }
            Input::Request(Request::LoseAgent { outage }) => {
                self.agent = false;
                fx.arm(super::Timer::Cell(Timer::Agent), outage);
            }
            Input::Request(Request::CrashContainer) => self.crash_container(config, fx),
            Input::Closed { peer, .. } if peer == REGISTRY => self.beat(config, fx),
            Input::Closed { peer, .. } if config.asks_again && config.bbs.contains(&peer) => {
                self.ask_all(config, fx);
            }
            // A poll will find out what was lost.
            Input::Closed { .. } => {}
            // Not for a cell, or nothing new.
            Input::Message { .. } | Input::Timer(_) | Input::Request(_) => {}
        }
    }

    fn fire(&mut self, timer: Timer, config: &Config, fx: &mut Effects<Site>) {
        match timer {
            Timer::Heartbeat => self.beat(config, fx),
            Timer::Poll => {
                self.ask_all(config, fx);
                self.arm_poll(config, fx);
            }
            Timer::Start(id) => {
                if let Some(container) = self.container(id) {
                    container.stage = Stage::Running;
                    let work = container.work;
                    fx.emit(Event::Began(work));
                    match work {
                        Work::Lrp(_) => self.ask_about(id, config, fx),
                        Work::Task(_) => fx.arm(super::Timer::Cell(Timer::Run(id)), config.run),
                    }
                }
            }
            Timer::Run(id) => {
                if let Some(container) = self.container(id) {
                    container.stage = Stage::Ended;
                    let work = container.work;
                    fx.emit(Event::Finished(work));
                    fx.emit(Event::Ended(work));
                    self.ask_about(id, config, fx);
                }
            }
            Timer::Reap(id) => {
                let gone = self.stop_all(|container| container.id == id, fx);
                self.ask(gone, false, config, fx);
                self.leave_if_drained(fx);
            }
            Timer::Agent => {
                self.agent = true;
                self.beat(config, fx);
            }
            Timer::Listen => self.listens = true,
            Timer::Fence => {
                self.fenced = true;
                let gone = self.stop_all(|_| true, fx);
                self.ask(gone, false, config, fx);
            }
            Timer::Drained => {
                self.stop_all(|_| true, fx);
                self.leave_if_drained(fx);
            }
        }
    }

    fn beat(&mut self, config: &Config, fx: &mut Effects<Site>) {
        if let Some(heartbeat) = config.heartbeat {
            fx.arm(super::Timer::Cell(Timer::Heartbeat), Window::exactly(heartbeat));
        }
        if self.agent {
            self.fenced = false;
            if let Some(after) = config.fences_after {
                fx.arm(super::Timer::Cell(Timer::Fence), Window::exactly(after));
            }
            fx.send(REGISTRY, Message::Heartbeat);
        }
    }

    fn perform(&mut self, from: NodeId, works: Vec<Work>, config: &Config, fx: &mut Effects<Site>) {
        if self.takes_nothing() {
            fx.send(from, Message::Performed { refused: works });
            return;
        }
        let mut reserved = Vec::new();
        for work in works {
            let id = fx.fresh_id();
            self.containers.push(Container { work, id, stage: Stage::Reserved });
            fx.emit(Event::Accepted(work));
            if let Some(reservation) = config.reservation {
                fx.arm(super::Timer::Cell(Timer::Reap(id)), reservation);
            }
            reserved.push(Ask { work, container: id, about: About::Claim });
        }
        fx.send(from, Message::Performed { refused: Vec::new() });
        self.ask(reserved, false, config, fx);
    }

    fn obey(&mut self, Answer { container: id, verdict, .. }: Answer, config: &Config, fx: &mut Effects<Site>) {
        match verdict {
            Verdict::Run => {
                if let Some(container) = self.container(id).filter(|container| container.stage == Stage::Reserved) {
                    container.stage = Stage::Starting;
                    if config.reservation.is_some() {
                        fx.disarm(super::Timer::Cell(Timer::Reap(id)));
                    }
                    fx.arm(super::Timer::Cell(Timer::Start(id)), config.start);
                }
            }
            Verdict::Discard => {
                self.stop_all(|container| container.id == id, fx);
            }
            Verdict::Keep | Verdict::Wait => {}
        }
    }

    /// Stops and deletes containers; what is to be said of them.
    fn stop_all(&mut self, which: impl Fn(&Container) -> bool, fx: &mut Effects<Site>) -> Vec<Ask> {
        let (gone, kept): (Vec<Container>, Vec<Container>) = self.containers.iter().copied().partition(which);
        self.containers = kept;
        let mut asks = Vec::new();
        for Container { work, id, stage } in gone {
            match stage {
                Stage::Reserved => fx.disarm(super::Timer::Cell(Timer::Reap(id))),
                Stage::Starting => fx.disarm(super::Timer::Cell(Timer::Start(id))),
                Stage::Running => {
                    fx.disarm(super::Timer::Cell(Timer::Run(id)));
                    fx.emit(Event::Ended(work));
                }
                Stage::Ended => {}
            }
            asks.push(Ask { work, container: id, about: About::Gone });
        }
        asks
    }

    fn crash_container(&mut self, config: &Config, fx: &mut Effects<Site>) {
        let runs =
            |container: &&mut Container| container.stage == Stage::Running && matches!(container.work, Work::Lrp(_));
        if let Some(container) = self.containers.iter_mut().find(runs) {
            container.stage = Stage::Ended;
            let (id, work) = (container.id, container.work);
            fx.emit(Event::Ended(work));
            self.ask_about(id, config, fx);
        }
    }

    fn leave_if_drained(&self, fx: &mut Effects<Site>) {
        if self.evacuating && self.containers.is_empty() {
            fx.send(REGISTRY, Message::Leave);
            fx.emit(Event::Left);
            fx.exit();
        }
    }

    fn ask_all(&self, config: &Config, fx: &mut Effects<Site>) {
        let asks = self.containers.iter().map(|container| self.about(container)).collect();
        self.ask(asks, true, config, fx);
    }

    fn ask_about(&self, id: Id, config: &Config, fx: &mut Effects<Site>) {
        let asks = self.containers.iter().filter(|container| container.id == id);
        self.ask(asks.map(|container| self.about(container)).collect(), false, config, fx);
    }

    fn ask(&self, asks: Vec<Ask>, whole: bool, config: &Config, fx: &mut Effects<Site>) {
        if asks.is_empty() && !whole {
            return;
        }
        for bbs in &config.bbs {
            fx.send(*bbs, Message::Ask { asks: asks.clone(), whole });
        }
    }

    fn about(&self, container: &Container) -> Ask {
        let about = match (container.stage, container.work) {
            (Stage::Ended, _) => About::Ended,
            (Stage::Running, Work::Lrp(_)) if self.evacuating => About::EvacuateRunning,
            (Stage::Reserved | Stage::Starting, Work::Lrp(_)) if self.evacuating => About::EvacuateClaimed,
            (Stage::Running, _) => About::Start,
            (Stage::Reserved | Stage::Starting, _) => About::Claim,
        };
        Ask { work: container.work, container: container.id, about }
    }

    fn container(&mut self, id: Id) -> Option<&mut Container> {
        self.containers.iter_mut().find(|container| container.id == id)
    }

    const fn takes_nothing(&self) -> bool {
        self.evacuating || self.fenced
    }

    fn arm_poll(&self, config: &Config, fx: &mut Effects<Site>) {
        let every = if self.evacuating { Some(config.evacuation_poll) } else { config.poll };
        if let Some(every) = every {
            fx.arm(super::Timer::Cell(Timer::Poll), Window::exactly(every));
        }
    }
}
