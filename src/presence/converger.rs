//! The converger: it knows from its database which cells have work, and finds in the store which are present.
//!
//! It looks at both in a loop, and at once when its watch tells that a cell disappeared. The work of a cell that is
//! missing goes to others; where that is, and when it runs, is not of this protocol.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{
    Event, Site, Timer, Work,
    registry::{Registry, Said},
    watcher::{self, Watcher},
};
use crate::{
    lock::STORE,
    process::{Effects, Id, Input, Names, NodeId},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Converger {
    /// Cells that were present in its last run: they have work.
    work: BTreeSet<NodeId>,
    watcher: Watcher,
    run: Run,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
enum Run {
    /// `Loop` is armed for the next.
    Waiting,
    /// Asked who is present. Whether it was told of something since.
    Listing { question: Id, again: bool },
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub registry: Registry,
    pub watcher: watcher::Config,
    /// From the end of a run to the next, unless it is told of something.
    pub interval: Duration,
    /// The same after a run that could not learn who is present.
    pub after_failure: Duration,
    pub begins: Begins,
}

/// What the watch of a new converger begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Begins {
    /// Nobody: it never tells of who went before.
    #[default]
    Empty,
    /// Who has work.
    WithWork,
}

type Fx = Effects<Site>;

impl Converger {
    pub(super) fn start(config: &Config, Work(work): Work, fx: &mut Fx) -> Converger {
        let known = match config.begins {
            Begins::Empty => BTreeSet::new(),
            Begins::WithWork => work.clone(),
        };
        fx.arm(Timer::Loop, Window::exactly(config.interval));
        let watcher = nested(fx, |fx| Watcher::knowing(&config.watcher, known, fx));
        Converger { work, watcher, run: Run::Waiting }
    }

    pub(super) fn step(&mut self, config: &Config, input: Input<Site>, fx: &mut Fx) {
        match input {
            Input::Message { from, message } => match (&self.run, config.registry.said(message.clone())) {
                (Run::Listing { question, again }, Some((answered, said))) if *question == answered => {
                    let again = *again;
                    self.end_run(config, said, again, fx);
                }
                _ => self.watch(config, Input::Message { from, message }, fx),
            },
            Input::Closed { peer, lane, reason } => {
                // The run first: what is asked after it is asked on another connection.
                if let Run::Listing { again, .. } = self.run {
                    self.end_run(config, Said::Failed, again, fx);
                }
                self.watch(config, Input::Closed { peer, lane, reason }, fx);
            }
            Input::Timer(Timer::Watcher(timer)) => self.watch(config, Input::Timer(timer), fx),
            Input::Timer(Timer::Loop) => self.begin_run(config, fx),
            // Others' timers; nobody asks anything of a converger.
            Input::Timer(Timer::Lock(_) | Timer::Turn(_) | Timer::Again | Timer::Schedule) | Input::Request(_) => {}
        }
    }

    fn watch(&mut self, config: &Config, input: Input<Watcher>, fx: &mut Fx) {
        let gone = nested(fx, |fx| self.watcher.learn(&config.watcher, input, fx));
        if gone.is_empty() {
            return;
        }
        gone.into_iter().for_each(|cell| fx.emit(Event::Told { cell }));
        match &mut self.run {
            Run::Waiting => {
                fx.disarm(Timer::Loop);
                self.begin_run(config, fx);
            }
            Run::Listing { again, .. } => *again = true,
        }
    }

    fn begin_run(&mut self, config: &Config, fx: &mut Fx) {
        let question = fx.fresh_id();
        fx.emit(Event::Converging);
        fx.send(STORE, config.registry.list(question));
        self.run = Run::Listing { question, again: false };
    }

    fn end_run(&mut self, config: &Config, said: Said, again: bool, fx: &mut Fx) {
        let (known, next) = match said {
            Said::Present { cells, .. } => (Some(cells), config.interval),
            // Who does not know who is missing must not act.
            Said::Changed(_) | Said::Failed => (None, config.after_failure),
        };
        if let Some(present) = known {
            // Work is written down before it is placed, and struck out after it went elsewhere: a converger that ends in
            // between does the latter again.
            if !present.is_subset(&self.work) {
                fx.persist(Work(self.work.union(&present).copied().collect()));
            }
            fx.emit(Event::Converged { present: present.clone() });
            let missing: Vec<NodeId> = self.work.difference(&present).copied().collect();
            missing.iter().for_each(|cell| fx.emit(Event::Rescheduled { cell: *cell }));
            self.work = present;
            if !missing.is_empty() {
                fx.persist(Work(self.work.clone()));
            }
        }
        if again {
            self.begin_run(config, fx);
        } else {
            self.run = Run::Waiting;
            fx.arm(Timer::Loop, Window::exactly(next));
        }
    }
}

/// Runs the watch as a part of its converger.
fn nested<R>(fx: &mut Fx, run: impl FnOnce(&mut Effects<Watcher>) -> R) -> R {
    fx.nested(|message| message, Timer::Watcher, |event| match event {}, run)
}
