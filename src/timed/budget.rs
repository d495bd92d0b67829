//! What a search may spend, and what it has spent.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use super::crew::{Crew, Taken};
use crate::world::space::Cap;

/// What a search may spend. A search that ends by a limit says so; it never guesses.
#[derive(Clone)]
pub struct Limits {
    pub time: Option<Duration>,
    /// Bytes of zones.
    pub memory: usize,
    /// Set from outside to stop.
    pub cancel: Arc<AtomicBool>,
    pub progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
    /// Threads that may help. Whoever runs a search on a thread of the crew has taken that one.
    pub crew: Crew,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { time: None, memory: 1 << 30, cancel: Arc::default(), progress: None, crew: Crew::default() }
    }
}

/// How far a search is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// `"hull"`, `"exact"`, `"cycle"` or `"stuck"`.
    pub phase: &'static str,
    pub stats: Stats,
}

/// What a search has done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// Discrete states known.
    pub states: usize,
    /// Zones that were kept, in hulls and in exact searches.
    pub zones: usize,
    /// Steps of zones that were computed.
    pub steps: usize,
    /// How often hulls were made; each has a greater cap of the stopwatch.
    pub hull_rounds: usize,
}

/// Why a search ended without an answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Halt {
    #[error("the time budget is spent")]
    Time,
    #[error("the memory budget is spent")]
    Memory,
    #[error("interrupted")]
    Interrupted,
    #[error(transparent)]
    Cap(#[from] Cap),
    #[error("{0} has no end within {1} zones")]
    Zones(&'static str, usize),
}

/// Counts what is spent.
pub struct Meter<'a> {
    limits: &'a Limits,
    began: Instant,
    pub stats: Stats,
    bytes: usize,
    pub phase: &'static str,
}

/// So many steps pass between two looks at the clock.
const STEPS_BETWEEN_LOOKS: usize = 1024;

impl<'a> Meter<'a> {
    #[must_use]
    pub fn new(limits: &'a Limits) -> Meter<'a> {
        Meter { limits, began: Instant::now(), stats: Stats::default(), bytes: 0, phase: "hull" }
    }

    /// A zone is kept.
    ///
    /// # Errors
    /// When the memory is spent.
    pub fn keep(&mut self, bytes: usize) -> Result<(), Halt> {
        self.stats.zones += 1;
        self.bytes += bytes;
        if self.bytes > self.limits.memory { Err(Halt::Memory) } else { Ok(()) }
    }

    /// Zones are let go.
    pub fn release(&mut self, bytes: usize) {
        self.bytes -= bytes;
    }

    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Those who can help now.
    pub fn helpers(&self) -> Taken {
        self.limits.crew.take(usize::MAX)
    }

    /// A step is computed.
    ///
    /// # Errors
    /// When the time is spent or the search was interrupted.
    pub fn step(&mut self) -> Result<(), Halt> {
        self.stats.steps += 1;
        if self.stats.steps % STEPS_BETWEEN_LOOKS != 1 {
            return Ok(());
        }
        if self.limits.cancel.load(Ordering::Relaxed) {
            return Err(Halt::Interrupted);
        }
        if let Some(progress) = &self.limits.progress {
            progress(Progress { phase: self.phase, stats: self.stats });
        }
        if self.limits.time.is_some_and(|time| self.began.elapsed() > time) { Err(Halt::Time) } else { Ok(()) }
    }
}
