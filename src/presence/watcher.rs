//! A watch on presences: it tells that a cell disappeared, as far as its kind of store lets it know.

use std::collections::BTreeSet;

use super::registry::{News, Registry, Said};
use crate::{
    lock::{self, STORE},
    process::{Effects, Id, Input, Me, Names, NodeId, Process, Rank},
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Watcher {
    /// Who was present when it last knew.
    known: BTreeSet<NodeId>,
    /// Who said that they leave, and are not gone yet.
    leaving: BTreeSet<NodeId>,
    watch: Watch,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
enum Watch {
    /// There is none.
    Off,
    /// Asked to be told.
    Asking { question: Id },
    /// Is told of all changes; asked who is present, to know what it missed.
    Listing { question: Id, list: Id },
    /// A question failed. `Again` is armed.
    Resting,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    pub registry: Registry,
    pub by: By,
    /// How long it rests after a failure.
    pub retry: Duration,
}

/// How it learns of changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// Not at all.
    Nothing,
    /// It asks who is present when that has changed, or after `wait`, and compares with what it knew.
    Difference { wait: Window },
    /// It asks for the next change, each time anew: what changes in between it never hears of.
    Next,
    /// It is told of all changes, and asks who is present first and after each break.
    All,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    Again,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Request {}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Event {}

type Fx = Effects<Watcher>;

impl Process for Watcher {
    type Config = Config;
    type Message = lock::Message;
    type Timer = Timer;
    type Request = Request;
    type Event = Event;
    type Durable = ();

    fn start(me: &Me<'_, Self>, (): (), fx: &mut Fx) -> Self {
        Watcher::knowing(me.config, BTreeSet::new(), fx)
    }

    fn step(&mut self, me: &Me<'_, Self>, input: Input<Self>, fx: &mut Fx) {
        self.learn(me.config, input, fx);
    }
}

impl Watcher {
    /// A watch that begins with these cells as present: it tells of those who are not any more.
    #[must_use]
    pub fn knowing(config: &Config, known: BTreeSet<NodeId>, fx: &mut Fx) -> Watcher {
        let mut watcher = Watcher { known, leaving: BTreeSet::new(), watch: Watch::Off };
        watcher.ask(config, None, fx);
        watcher
    }

    /// Takes an input, and says who disappeared.
    pub fn learn(&mut self, config: &Config, input: Input<Self>, fx: &mut Fx) -> Vec<NodeId> {
        match input {
            Input::Message { message, .. } => match config.registry.said(message) {
                Some((question, said)) if self.asked(question) => self.heard(config, said, fx),
                // Answers to what its host asked.
                Some(_) | None => Vec::new(),
            },
            // What was asked on a connection that is gone is not answered any more. The other connections of a client
            // are those of sessions and leases, which a reader has not.
            Input::Closed { .. } => {
                if !matches!(self.watch, Watch::Off | Watch::Resting) {
                    self.rest(config, fx);
                }
                Vec::new()
            }
            Input::Timer(Timer::Again) => {
                self.ask(config, None, fx);
                Vec::new()
            }
            Input::Request(request) => match request {},
        }
    }

    fn asked(&self, question: Id) -> bool {
        match self.watch {
            Watch::Asking { question: asked } => asked == question,
            Watch::Listing { question: asked, list } => asked == question || list == question,
            Watch::Off | Watch::Resting => false,
        }
    }

    fn heard(&mut self, config: &Config, said: Said, fx: &mut Fx) -> Vec<NodeId> {
        match (config.by, said) {
            (By::Difference { .. }, Said::Present { cells, index, .. }) => {
                let gone = self.compare(cells);
                self.ask(config, index, fx);
                gone
            }
            (By::All, Said::Present { cells, leaving, .. }) => {
                let mut gone = self.compare(cells);
                // Who says that they leave have not disappeared.
                gone.retain(|cell| !leaving.contains(cell));
                self.leaving = leaving;
                if let Watch::Listing { question, .. } = self.watch {
                    self.watch = Watch::Asking { question };
                }
                gone
            }
            (By::All, Said::Changed(news)) => news.into_iter().filter_map(|news| self.take(news)).collect(),
            // It does not compare: whoever goes is gone, whether it was known or not.
            (By::Next, Said::Changed(news)) => {
                self.ask(config, None, fx);
                let gone = |news: News| if let News::Gone(cell) = news { Some(cell) } else { None };
                news.into_iter().filter_map(gone).collect()
            }
            // It failed, or is no answer to what was asked.
            (By::Nothing, _)
            | (By::Difference { .. }, Said::Changed(_) | Said::Failed)
            | (By::Next, Said::Present { .. } | Said::Failed)
            | (By::All, Said::Failed) => {
                self.rest(config, fx);
                Vec::new()
            }
        }
    }

    /// Who is not there any more.
    fn compare(&mut self, cells: BTreeSet<NodeId>) -> Vec<NodeId> {
        let gone = self.known.difference(&cells).copied().collect();
        self.known = cells;
        gone
    }

    fn take(&mut self, news: News) -> Option<NodeId> {
        match news {
            News::Here(cell) => {
                self.known.insert(cell);
                self.leaving.remove(&cell);
                None
            }
            News::Left(cell) => {
                self.known.remove(&cell);
                self.leaving.insert(cell);
                None
            }
            News::Gone(cell) => {
                let known = self.known.remove(&cell);
                // Also a cell that it did not know: it may have come just before the watch began. Of who was there
                // before, the list tells.
                let counts = known || !matches!(self.watch, Watch::Listing { .. });
                (!self.leaving.remove(&cell) && counts).then_some(cell)
            }
        }
    }

    fn ask(&mut self, config: &Config, seen: Option<Rank>, fx: &mut Fx) {
        let registry = config.registry;
        self.watch = match config.by {
            By::Nothing => Watch::Off,
            By::Difference { wait } => {
                let question = fx.fresh_id();
                fx.send(STORE, registry.list_since(question, seen, wait));
                Watch::Asking { question }
            }
            By::Next => Watch::Asking { question: watch(registry, fx) },
            By::All => {
                let question = watch(registry, fx);
                let list = fx.fresh_id();
                fx.send(STORE, registry.list(list));
                Watch::Listing { question, list }
            }
        };
    }

    fn rest(&mut self, config: &Config, fx: &mut Fx) {
        self.watch = Watch::Resting;
        fx.arm(Timer::Again, Window::exactly(config.retry));
    }
}

fn watch(registry: Registry, fx: &mut Fx) -> Id {
    let question = fx.fresh_id();
    if let Some(message) = registry.watch(question) {
        fx.send(STORE, message);
    }
    question
}
