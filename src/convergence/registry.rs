//! A registry of presences: a whole store seen from outside, as far as convergence can tell.
//!
//! A presence expires `ttl * multiplier` (and up to `lag` more) after its last heartbeat. Its parameters stand for the
//! stores of the time:
//!
//! | store | multiplier | lag | in an election | watch |
//! |---|---|---|---|---|
//! | etcd 2 (2014, 2015) | 1 | 500 ms, its clean-up | `overdue = "at-once"`: wall-clock expiry | `news`: what happens between two watches is missed |
//! | Consul (2015 to 2017) | 2 | 0 | `rearm`: every session lives anew; a fresh leader may list nothing, `stale_for` | `news`: a new watcher does not know whom it lost |
//! | SQL Locket (2017) | 1 | 5 s, its poll of the rows | `overdue = "at-once"` | `none` |
//! | a registry made for it, such as etcd 3 with a short lease after an election | 1 | 0 | `overdue = "grace"` | `state`: the answer to a watch is who is present |

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Event, Message, Purpose, Request, Site};
use crate::{
    lease,
    process::{Effects, Input, Me, Names, NodeId, Process},
    time::{Duration, Window, unless_never},
};

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The time to live of a presence, as its owner asks for it; if "never", it does not expire.
    #[serde(deserialize_with = "unless_never")]
    pub ttl: Option<Duration>,
    /// How many times that the store counts.
    pub multiplier: u8,
    /// How much later than that it may look.
    #[serde(default = "at_once")]
    pub lag: Duration,
    pub watch: Watch,
    pub overdue: Overdue,
    /// How long after an election a presence with `overdue = "grace"` lives, unless its owner is heard of.
    #[serde(default = "at_once")]
    pub grace: Duration,
    /// How long a new leader lists nobody.
    pub stale_for: Option<Window>,
    /// Whether a question without a leader is refused at once, or waits for the next leader.
    pub fails_fast: bool,
    /// The locks that it keeps beside, each by a store of its own.
    #[serde(skip)]
    pub locks: Vec<lease::Config>,
}

fn at_once() -> Duration {
    Duration::ZERO
}

/// What a watcher is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Watch {
    /// There is no watch.
    None,
    /// What happens from now on.
    News,
    /// Who is present now, and what happens from now on.
    State,
}

/// What becomes of presences whose time comes while there is no leader.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overdue {
    /// Every presence begins its time anew with a new leader.
    Rearm,
    /// They expire as soon as there is a leader.
    AtOnce,
    /// Every presence expires `grace` after there is a leader, unless its owner is heard of.
    Grace,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Registry {
    present: BTreeSet<NodeId>,
    /// Their time has come, and they did not expire yet.
    overdue: BTreeSet<NodeId>,
    watchers: BTreeSet<NodeId>,
    /// Questions that wait for a leader.
    waiting: Vec<(NodeId, Purpose)>,
    phase: Phase,
    locks: Vec<lease::Member>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub enum Phase {
    Leading,
    Leaderless,
    /// There is a leader that does not know of anybody yet.
    Behind,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    Expiry(NodeId),
    Elected,
    CaughtUp,
}

impl Registry {
    pub(super) fn start(config: &Config) -> Registry {
        Registry {
            present: BTreeSet::new(),
            overdue: BTreeSet::new(),
            watchers: BTreeSet::new(),
            waiting: Vec::new(),
            phase: Phase::Leading,
            locks: config.locks.iter().map(|_| lease::Member::Store(lease::Store::Free)).collect(),
        }
    }

    pub(super) fn step(&mut self, me: &Me<'_, Site>, config: &Config, input: Input<Site>, fx: &mut Effects<Site>) {
        match input {
            // Without a leader nothing is written.
            Input::Message { message: Message::Heartbeat | Message::Leave | Message::Lock(..), .. }
                if self.phase == Phase::Leaderless => {}
            Input::Message { from, message: Message::Heartbeat } => self.hear(from, config, fx),
            Input::Message { from, message: Message::Leave } => {
                fx.disarm(super::Timer::Registry(Timer::Expiry(from)));
                self.overdue.remove(&from);
                self.drop_presences(&BTreeSet::from([from]), fx);
            }
            Input::Message { from, message: Message::Watch } => {
                self.watchers.insert(from);
                if config.watch == Watch::State && self.phase != Phase::Leaderless {
                    fx.send(from, Message::Changed { present: self.listed() });
                }
            }
            Input::Message { from, message: Message::List(purpose) } => self.list(from, purpose, config, fx),
            Input::Message { from, message: Message::Lock(number, message) } => {
                self.tell_lock(me, config, number, Input::Message { from, message }, fx);
            }
            Input::Timer(super::Timer::Lock(number, timer)) => {
                self.tell_lock(me, config, number, Input::Timer(timer), fx);
            }
            Input::Timer(super::Timer::Registry(timer)) => self.fire(timer, config, fx),
            Input::Request(Request::LoseLeader { outage }) => self.lose_leader(outage, config, fx),
            // Cells beat again, hosts watch again.
            Input::Closed { .. } => {}
            // Not for a registry.
            Input::Message { .. } | Input::Timer(_) | Input::Request(_) => {}
        }
    }

    fn hear(&mut self, cell: NodeId, config: &Config, fx: &mut Effects<Site>) {
        self.overdue.remove(&cell);
        if self.present.insert(cell) {
            fx.emit(Event::Appeared(cell));
        }
        if let Some(lives) = config.lives() {
            fx.arm(super::Timer::Registry(Timer::Expiry(cell)), lives);
        }
    }

    fn list(&mut self, from: NodeId, purpose: Purpose, config: &Config, fx: &mut Effects<Site>) {
        match (self.phase, config.fails_fast) {
            (Phase::Leaderless, true) => fx.send(from, Message::NoLeader(purpose)),
            (Phase::Leaderless, false) => {
                // A client that asks again has given up the question before.
                self.waiting.retain(|other| *other != (from, purpose));
                self.waiting.push((from, purpose));
            }
            (Phase::Leading | Phase::Behind, _) => {
                fx.send(from, Message::Present { purpose, present: self.listed() });
            }
        }
    }

    fn fire(&mut self, timer: Timer, config: &Config, fx: &mut Effects<Site>) {
        match (timer, self.phase) {
            (Timer::Expiry(cell), Phase::Leading | Phase::Behind) => {
                self.drop_presences(&BTreeSet::from([cell]), fx);
            }
            (Timer::Expiry(cell), Phase::Leaderless) => {
                self.overdue.insert(cell);
            }
            (Timer::Elected, _) => self.elect(config, fx),
            (Timer::CaughtUp, _) => self.phase = Phase::Leading,
        }
    }

    fn lose_leader(&mut self, outage: Window, config: &Config, fx: &mut Effects<Site>) {
        // Another election while there is no leader changes nothing.
        if self.phase == Phase::Leaderless {
            return;
        }
        fx.disarm(super::Timer::Registry(Timer::CaughtUp));
        if config.overdue != Overdue::AtOnce {
            for cell in &self.present {
                fx.disarm(super::Timer::Registry(Timer::Expiry(*cell)));
            }
        }
        self.phase = Phase::Leaderless;
        fx.emit(Event::LeaderLost);
        fx.arm(super::Timer::Registry(Timer::Elected), outage);
    }

    fn elect(&mut self, config: &Config, fx: &mut Effects<Site>) {
        self.phase = Phase::Leading;
        fx.emit(Event::LeaderElected);
        match config.overdue {
            Overdue::Rearm | Overdue::Grace => {
                if let Some(lives) = config.lives_after_election() {
                    for cell in &self.present {
                        fx.arm(super::Timer::Registry(Timer::Expiry(*cell)), lives);
                    }
                }
            }
            Overdue::AtOnce => {
                let overdue = std::mem::take(&mut self.overdue);
                self.drop_presences(&overdue, fx);
            }
        }
        if let Some(behind) = config.stale_for {
            self.phase = Phase::Behind;
            fx.arm(super::Timer::Registry(Timer::CaughtUp), behind);
        }
        for (from, purpose) in std::mem::take(&mut self.waiting) {
            fx.send(from, Message::Present { purpose, present: self.listed() });
        }
    }

    /// What a reader is shown.
    fn listed(&self) -> BTreeSet<NodeId> {
        if self.phase == Phase::Behind { BTreeSet::new() } else { self.present.clone() }
    }

    fn drop_presences(&mut self, cells: &BTreeSet<NodeId>, fx: &mut Effects<Site>) {
        let before = self.present.len();
        for cell in cells {
            if self.present.remove(cell) {
                fx.emit(Event::Disappeared(*cell));
            }
        }
        if self.present.len() < before {
            for watcher in &self.watchers {
                fx.send(*watcher, Message::Changed { present: self.listed() });
            }
        }
    }

    fn tell_lock(
        &mut self,
        me: &Me<'_, Site>,
        config: &Config,
        number: u8,
        input: Input<lease::Member>,
        fx: &mut Effects<Site>,
    ) {
        let place = usize::from(number);
        let (Some(lock), Some(lock_config)) = (self.locks.get_mut(place), config.locks.get(place)) else { return };
        fx.nested(
            |message| Message::Lock(number, message),
            |timer| super::Timer::Lock(number, timer),
            |event| Event::Lock(number, super::Acquired(event == lease::Event::Acquired)),
            |fx| lock.step(&me.nested(lock_config), input, fx),
        );
    }
}

impl Config {
    fn lives_after_election(&self) -> Option<Window> {
        let lives = self.lives()?;
        Some(if self.overdue == Overdue::Grace { Window::exactly(self.grace) } else { lives })
    }

    fn lives(&self) -> Option<Window> {
        let lives = self.ttl?.times(i64::from(self.multiplier));
        Some(Window::new(lives, lives.plus(self.lag)))
    }
}
