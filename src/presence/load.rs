//! A store that many others use as well, and that takes its time: it serves one question after another.
//!
//! The others are one crowd. Each of them has one question under way at most, as a client does that waits for an
//! answer before it asks again: whenever a question comes, no more than one of each waits before it, and no order of
//! their coming makes it wait longer than a crowd that comes at once, at the worst time. So the crowd comes whole, and
//! at any time after it was served. In the same way the question for all rows of the data waits once.

use serde::Deserialize;

use super::{Event, Site, Timer};
use crate::{
    lock::{self, design::require},
    process::{Effects, Input, Me, Names, NodeId},
    spec::DesignError,
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct BusyStore {
    store: lock::Store,
    /// `Served` is armed for the first.
    waiting: Vec<Waiting>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
enum Waiting {
    Question {
        from: NodeId,
        message: lock::Message,
    },
    /// One of each other.
    Crowd,
    /// For all rows of the data.
    AllRows,
}

/// The `[design.load]` table: who else uses the store, and what a question costs it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Others that use the store, each with one question under way: up to 1,000,000. A cell that beats is one, and if its
    /// rep writes data to the same store it is two.
    pub others: u32,
    /// How long the store works on one question.
    pub request: Duration,
    /// Rows of data in the same store: up to 100,000,000.
    #[serde(default)]
    pub rows: u32,
    /// How long it works on each row when a convergence reads them all.
    #[serde(default)]
    pub row: Duration,
    /// How long after it has read them all a convergence does so again.
    #[serde(default)]
    pub read_every: Duration,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub store: lock::store::Config,
    pub load: Load,
    /// How many of the nodes after the store are cells.
    pub cells: u8,
    /// How long after they were served the others ask again, at the latest.
    pub period: Duration,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum LoadTimer {
    /// When the first that waits is served.
    Served,
    /// When the others ask.
    Crowd,
    /// When a convergence reads all data.
    AllRows,
}

type Fx = Effects<Site>;

impl Load {
    /// # Errors
    /// The first value that no store could bear.
    pub(super) fn check(&self) -> Result<(), DesignError> {
        let Load { others, request, rows, row, read_every } = *self;
        let most = |most: u32| format!("a number up to {most}");
        let some = "more than 0 s: the store works on it";
        require(others <= MOST_OTHERS, "load.others", &most(MOST_OTHERS), || others.to_string())?;
        require(rows <= MOST_ROWS, "load.rows", &most(MOST_ROWS), || rows.to_string())?;
        require(request > Duration::ZERO, "load.request", some, || request.to_string())?;
        if rows > 0 {
            let now_and_then = "more than 0 s, as there are rows";
            require(row > Duration::ZERO, "load.row", some, || row.to_string())?;
            require(read_every > Duration::ZERO, "load.read_every", now_and_then, || read_every.to_string())?;
        }
        Ok(())
    }
}

const MOST_OTHERS: u32 = 1_000_000;
const MOST_ROWS: u32 = 100_000_000;

impl BusyStore {
    pub(super) fn start(me: &Me<'_, Site>, config: &Config, fx: &mut Fx) -> BusyStore {
        let store = lock::Store::start(me, &config.store, fx);
        if config.load.others > 0 {
            arm(LoadTimer::Crowd, Window::up_to(config.period), fx);
        }
        if config.load.rows > 0 {
            arm(LoadTimer::AllRows, Window::up_to(config.load.read_every), fx);
        }
        BusyStore { store, waiting: Vec::new() }
    }

    pub(super) fn step(&mut self, me: &Me<'_, Site>, config: &Config, input: Input<Site>, fx: &mut Fx) {
        match input {
            Input::Message { from, message } => {
                if config.is_cell(from) {
                    fx.emit(Event::Waits { cell: from });
                }
                self.wait(config, Waiting::Question { from, message }, fx);
            }
            Input::Timer(Timer::Load(LoadTimer::Crowd)) => self.wait(config, Waiting::Crowd, fx),
            Input::Timer(Timer::Load(LoadTimer::AllRows)) => self.wait(config, Waiting::AllRows, fx),
            Input::Timer(Timer::Load(LoadTimer::Served)) => self.serve(me, config, fx),
            // What it counts by itself, and that a client is gone, waits for nobody. A question of that client is
            // served all the same.
            Input::Timer(_) | Input::Request(_) | Input::Closed { .. } => {
                self.store.step(me, &config.store, input, fx);
            }
        }
    }

    fn wait(&mut self, config: &Config, waiting: Waiting, fx: &mut Fx) {
        self.waiting.push(waiting);
        if let [only] = self.waiting.as_slice() {
            arm(LoadTimer::Served, Window::exactly(config.takes(only)), fx);
        }
    }

    fn serve(&mut self, me: &Me<'_, Site>, config: &Config, fx: &mut Fx) {
        match self.waiting.remove(0) {
            Waiting::Question { from, message } => {
                if config.is_cell(from) {
                    fx.emit(Event::IsServed { cell: from });
                }
                self.store.step(me, &config.store, Input::Message { from, message }, fx);
            }
            Waiting::Crowd => arm(LoadTimer::Crowd, Window::up_to(config.period), fx),
            Waiting::AllRows => arm(LoadTimer::AllRows, Window::exactly(config.load.read_every), fx),
        }
        if let Some(next) = self.waiting.first() {
            arm(LoadTimer::Served, Window::exactly(config.takes(next)), fx);
        }
    }
}

impl Config {
    /// How long the store works on one that waits.
    fn takes(&self, waiting: &Waiting) -> Duration {
        let Load { others, request, rows, row, .. } = self.load;
        match waiting {
            Waiting::Question { .. } => request,
            Waiting::Crowd => request.times(others.into()),
            Waiting::AllRows => row.times(rows.into()),
        }
    }

    fn is_cell(&self, node: NodeId) -> bool {
        (1..=usize::from(self.cells)).contains(&node.index())
    }
}

fn arm(timer: LoadTimer, after: Window, fx: &mut Fx) {
    fx.arm(Timer::Load(timer), after);
}
