//! A store that many others use as well, and that takes its time: it serves one question after another.
//!
//! The others are not there one by one. Each has one question under way at most, as a client does that waits for an
//! answer before it asks again, so that whenever a question comes, no more than one of each is before it, and one
//! reading of all rows. Who of them really is may change from one question to the next: each waits for some span up to
//! that, whatever the last one waited. So a hold is right for all clients of this kind, whenever they ask; a violation
//! may need more of them at once than those that keep a period ever are.

use serde::Deserialize;

use super::{Site, Timer};
use crate::{
    lock::{self, design::require},
    process::{Effects, Id, Input, Me, Names, NodeId},
    spec::DesignError,
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct BusyStore {
    store: lock::Store,
    /// In the order of coming.
    waiting: Vec<Waiting>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
struct Waiting {
    id: Id,
    from: NodeId,
    message: lock::Message,
    /// The others before it are served; else `Turn` is armed.
    turn: bool,
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
    /// Rows of data in the same store, all of which a convergence reads at once: up to 100,000,000.
    #[serde(default)]
    pub rows: u32,
    /// How long it works on each of them.
    #[serde(default)]
    pub row: Duration,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub store: lock::store::Config,
    pub load: Load,
}

type Fx = Effects<Site>;

impl BusyStore {
    pub(super) fn start(me: &Me<'_, Site>, config: &Config, fx: &mut Fx) -> BusyStore {
        BusyStore { store: lock::Store::start(me, &config.store, fx), waiting: Vec::new() }
    }

    pub(super) fn step(&mut self, me: &Me<'_, Site>, config: &Config, input: Input<Site>, fx: &mut Fx) {
        match input {
            Input::Message { from, message } => {
                let id = fx.fresh_id();
                fx.arm(Timer::Turn(id), config.load.wait(self.waiting.len()));
                self.waiting.push(Waiting { id, from, message, turn: false });
            }
            Input::Timer(Timer::Turn(id)) => {
                self.waiting.iter_mut().filter(|it| it.id == id).for_each(|it| it.turn = true);
                self.serve(me, config, fx);
            }
            // What it counts by itself, and that a client is gone, waits for nobody. A question of that client is
            // served all the same.
            Input::Timer(_) | Input::Request(_) | Input::Closed { .. } => {
                self.store.step(me, &config.store, input, fx);
            }
        }
    }

    /// Nobody is served before who came first.
    fn serve(&mut self, me: &Me<'_, Site>, config: &Config, fx: &mut Fx) {
        while self.waiting.first().is_some_and(|first| first.turn) {
            let Waiting { from, message, .. } = self.waiting.remove(0);
            self.store.step(me, &config.store, Input::Message { from, message }, fx);
        }
    }
}

impl Load {
    /// # Errors
    /// The first value that no store could bear.
    pub(super) fn check(&self) -> Result<(), DesignError> {
        let Load { others, request, rows, row } = *self;
        let most = |most: u32| format!("a number up to {most}");
        let some = "more than 0 s: the store works on it";
        require(others <= MOST_OTHERS, "load.others", &most(MOST_OTHERS), || others.to_string())?;
        require(rows <= MOST_ROWS, "load.rows", &most(MOST_ROWS), || rows.to_string())?;
        require(request > Duration::ZERO, "load.request", some, || request.to_string())?;
        require(rows == 0 || row > Duration::ZERO, "load.row", some, || row.to_string())?;
        let all = request.times(i64::from(others) + 1).plus(row.times(rows.into()));
        let expected =
            format!("spans so that a question, one of each of the others, and all rows take {LONGEST} at most");
        require(all <= LONGEST, "load", &expected, || all.to_string())
    }

    /// How long a question waits until it is served, with so many of the design's own before it.
    fn wait(&self, before: usize) -> Window {
        let Load { others, request, rows, row } = *self;
        let own = request.times(before as i64 + 1);
        Window::new(request, request.times(others.into()).plus(row.times(rows.into())).plus(own))
    }
}

const MOST_OTHERS: u32 = 1_000_000;
const MOST_ROWS: u32 = 100_000_000;
const LONGEST: Duration = Duration::from_secs(3_600);
