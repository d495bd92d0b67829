//! The application: every command, for whichever protocols it is given.
//!
//! `tenure::App::new().protocol(my::protocol()).main()` is the whole of a program that checks, reviews and replays
//! designs of `my` protocol. Protocols of any type live side by side here; elsewhere each has its type.

pub mod catalogue;
pub(crate) mod detector;
mod erased;
mod judge;
mod last_safe;
pub(crate) mod map;
mod necessity;
mod one_rate;
pub(crate) mod review;
mod sim;
mod slack;
pub(crate) mod tune;
pub(crate) mod vary;

use std::{
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

pub use erased::{Card, Erased, Question};
use include_dir::Dir;
pub use sim::{Plan, Shown, Simulated};

use self::erased::Typed;
pub(crate) use self::erased::unknown_property;
use crate::{
    design::{Resolved, Result, Shelf, unknown_protocol},
    spec::Protocol,
    timed::Crew,
};

/// A set of protocols, with the commands that work on their designs.
#[derive(Default)]
pub struct App {
    protocols: Vec<Box<dyn Erased>>,
    embedded: Option<&'static Dir<'static>>,
}

/// How far a check may go.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Time for one check; `None` for no limit.
    pub budget: Option<std::time::Duration>,
    /// Bytes for one check.
    pub memory: Option<u64>,
    /// Look for what a violation needs and for what a proof rests on: that takes many checks.
    pub why: bool,
    /// The verdict and its figures only: no margin between intervals, no faults that no run uses, no other rates.
    pub brief: bool,
    pub meter: Arc<Meter>,
    /// The threads for all checks together. A check that runs alone is helped by the others.
    pub crew: Crew,
}

/// What a running search tells, and how it is told to stop.
#[derive(Debug, Default)]
pub struct Meter {
    stop: Arc<AtomicBool>,
    states: AtomicU64,
    zones: AtomicU64,
    runs: AtomicU64,
    expected_runs: AtomicU64,
    points: AtomicU64,
}

impl App {
    #[must_use]
    pub fn new() -> App {
        App::default()
    }

    /// Adds a protocol.
    #[must_use]
    pub fn protocol<T: Protocol>(mut self, protocol: T) -> App {
        self.protocols.push(Box::new(Typed(protocol)));
        self
    }

    /// The designs that are reviewed where there is no folder `models`.
    #[must_use]
    pub fn catalogue(mut self, designs: &'static Dir<'static>) -> App {
        self.embedded = Some(designs);
        self
    }

    /// Runs the command that the arguments of this process name.
    #[must_use]
    pub fn main(self) -> ExitCode {
        crate::cli::main(&self)
    }

    /// Every protocol, in the order in which they were added.
    pub fn protocols(&self) -> impl Iterator<Item = &dyn Erased> {
        self.protocols.iter().map(AsRef::as_ref)
    }

    pub(crate) fn embedded(&self) -> Option<Shelf> {
        self.embedded.map(Shelf::Embedded)
    }

    /// The protocol that a design names.
    ///
    /// # Errors
    /// A protocol that this program does not know.
    pub fn protocol_of(&self, design: &Resolved) -> Result<&dyn Erased> {
        self.protocols()
            .find(|protocol| protocol.name() == design.protocol)
            .ok_or_else(|| unknown_protocol(design, self.protocols().map(Erased::name)))
    }

    /// Reads a file, applies `--set`, and lets its protocol look at everything in it.
    ///
    /// # Errors
    /// The first thing that is wrong, at its place.
    pub fn load(&self, shelf: Shelf, path: &str, assignments: &[String]) -> Result<Resolved> {
        let written = Resolved::load(shelf, path)?;
        let mut design = written.clone();
        assignments.iter().try_for_each(|assignment| design.set(assignment))?;
        self.protocol_of(&design)?.validate(&design)?;
        // What the file expects, it expects of what is written in it.
        written.check_formulas()?;
        Ok(design)
    }
}

impl Meter {
    /// Asks every search that uses this meter to end with what it knows.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// What a search looks at to see whether it is to end.
    pub(crate) fn cancel(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }

    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Adds to what was seen, for progress on a terminal.
    pub fn count(&self, states: u64, zones: u64) {
        self.states.fetch_add(states, Ordering::Relaxed);
        self.zones.fetch_add(zones, Ordering::Relaxed);
    }

    /// Adds to the runs that were simulated.
    pub fn count_runs(&self, runs: u64) {
        self.runs.fetch_add(runs, Ordering::Relaxed);
    }

    /// Says how many runs more there will be.
    pub fn expect_runs(&self, runs: u64) {
        self.expected_runs.fetch_add(runs, Ordering::Relaxed);
    }

    /// How many there will be, as far as that was said.
    #[must_use]
    pub fn expected_runs(&self) -> u64 {
        self.expected_runs.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// Adds to the designs that were checked in place of one.
    pub fn count_point(&self) {
        self.points.fetch_add(1, Ordering::Relaxed);
    }

    #[must_use]
    pub fn points(&self) -> u64 {
        self.points.load(Ordering::Relaxed)
    }

    /// Discrete states and zones so far, of all searches.
    #[must_use]
    pub fn seen(&self) -> (u64, u64) {
        (self.states.load(Ordering::Relaxed), self.zones.load(Ordering::Relaxed))
    }
}
