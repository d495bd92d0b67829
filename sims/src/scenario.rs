//! Scenarios: designs whose ledgers may fix what goes wrong and when, run on both simulators and judged alike.
//!
//! The event loop and the madsim host share a set-up, a seed and a schedule, and nothing of how a run is made. What a
//! run of the host shows is read by letting the event loop follow its steps: so each is also a run of the event loop.

use std::{ops::Range, sync::Arc};

use tenure::{
    design::{Expectation, Resolved, Shelf},
    process::{Data, Process},
    simulate::{self, Distribution, Observer, Options, Run, Strike, failure},
    spec::{Property, Protocol, Setup},
    time::Duration,
};

/// What runs processes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Simulator {
    EventLoop,
    Madsim,
}

pub const BOTH: [Simulator; 2] = [Simulator::EventLoop, Simulator::Madsim];

/// What the seeds showed of one property.
#[derive(Clone, Debug)]
pub struct Tally {
    pub seeds: u64,
    /// The seeds that violate it.
    pub violations: Vec<u64>,
    /// From triggers to responses, or overlaps.
    pub spans: Distribution,
    /// In how many seeds it had something to say.
    pub spoke: u64,
    /// How many faults of the schedule found nobody whom they could hit.
    pub missed: usize,
}

impl Simulator {
    /// The run of a seed, with what each property made of it.
    ///
    /// # Panics
    /// If the event loop does not accept a run of the host.
    #[must_use]
    pub fn run<P: Process, M: Data>(
        self,
        setup: &Arc<Setup<P>>,
        properties: &[Property<P, M>],
        seed: u64,
        options: &Options,
    ) -> Run {
        match self {
            Simulator::EventLoop => simulate::run(setup, properties, seed, options),
            Simulator::Madsim => {
                let mut observer = Observer::new(setup, properties);
                let (mut steps, mut refused) = (Vec::new(), None);
                let run = crate::run_told(setup, seed, options, |step| {
                    if refused.is_none() {
                        refused = observer.follow(&step).err();
                    }
                    if options.record {
                        steps.push(step);
                    }
                });
                if let Some(why) = refused {
                    panic!("seed {seed}: the event loop refuses the run: {why}");
                }
                Run { seen: observer.finish().seen, steps, ..run }
            }
        }
    }
}

/// A protocol with its types hidden.
pub trait Stageable {
    fn name(&self) -> &'static str;

    /// What the seeds show of some expectations under one ledger.
    fn play(
        &self,
        design: &Resolved,
        ledger: &str,
        asked: &[&Expectation],
        simulator: Simulator,
        seeds: Range<u64>,
        options: &Options,
    ) -> Vec<Tally>;

    /// How long runs under a ledger last: a minute more than its schedule.
    fn lasting(&self, design: &Resolved, ledger: &str) -> Duration;

    /// How many nodes there are.
    fn nodes(&self, design: &Resolved, ledger: &str) -> usize;

    /// The digest of each seed's run.
    fn digests(&self, design: &Resolved, ledger: &str, seeds: Range<u64>, options: &Options) -> Vec<u64>;
}

/// The protocols that scenarios are of.
#[must_use]
pub fn protocols() -> Vec<Box<dyn Stageable>> {
    vec![
        Box::new(tenure::lease::protocol()),
        Box::new(tenure::lock::protocol()),
        Box::new(tenure::presence::protocol()),
        Box::new(tenure::convergence::protocol()),
    ]
}

/// The protocol of a design.
///
/// # Panics
/// If it is none of [`protocols`].
#[must_use]
pub fn protocol_of(design: &Resolved) -> Box<dyn Stageable> {
    let known = protocols().into_iter().find(|protocol| protocol.name() == design.protocol);
    known.unwrap_or_else(|| panic!("{}: no protocol {:?}", design.file, design.protocol))
}

/// Reads a design, its path counted from the repository's root.
///
/// # Panics
/// With what is wrong with it.
#[must_use]
pub fn load(path: &str) -> Resolved {
    let path = format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"));
    Resolved::load(Shelf::Disk, &path).unwrap_or_else(|refusal| panic!("{}", refusal.render(false, 120)))
}

/// A set-up of a design under a ledger.
///
/// # Panics
/// With what is wrong with the design.
pub fn setup<T: Protocol>(protocol: &T, design: &Resolved, ledger: &str) -> Arc<Setup<T::Process>> {
    let refused = |refusal: Box<tenure::design::BadInput>| -> ! { panic!("{}", refusal.render(false, 120)) };
    let builder = design.builder(ledger, &protocol.ledger_keys()).unwrap_or_else(|refusal| refused(refusal));
    let design = design.design().unwrap_or_else(|refusal| refused(refusal));
    Arc::new(protocol.build(&design, builder).unwrap_or_else(|error| panic!("{error}")))
}

/// The options with the schedule of a ledger.
///
/// # Panics
/// With what is wrong with the schedule.
pub fn scheduled<T: Protocol>(protocol: &T, design: &Resolved, ledger: &str, options: &Options) -> Options {
    let planned = design.planned(ledger, &protocol.ledger_keys());
    let planned = planned.unwrap_or_else(|refusal| panic!("{}", refusal.render(false, 120)));
    let strikes = planned.into_iter().map(|planned| Strike { at: planned.at, fault: planned.class });
    Options { plan: strikes.collect(), ..options.clone() }
}

impl<T: Protocol> Stageable for T {
    fn name(&self) -> &'static str {
        Protocol::name(self)
    }

    fn play(
        &self,
        design: &Resolved,
        ledger: &str,
        asked: &[&Expectation],
        simulator: Simulator,
        seeds: Range<u64>,
        options: &Options,
    ) -> Vec<Tally> {
        let setup = setup(self, design, ledger);
        let options = scheduled(self, design, ledger, options);
        let property = |one: &&Expectation| {
            let known = self.properties().into_iter().find(|property| property.id == one.property);
            known.unwrap_or_else(|| panic!("{}: no property {:?}", design.file, one.property))
        };
        let properties: Vec<_> = asked.iter().map(property).collect();
        let none = Tally { seeds: 0, violations: Vec::new(), spans: Distribution::default(), spoke: 0, missed: 0 };
        let mut tallies = vec![none; asked.len()];
        for seed in seeds {
            let run = simulator.run(&setup, &properties, seed, &options);
            assert!(!run.is_broken(), "{}, seed {seed}: the run ends with {:?}", design.file, run.end);
            for (((tally, property), expectation), seen) in
                tallies.iter_mut().zip(&properties).zip(asked).zip(&run.seen)
            {
                tally.seeds += 1;
                tally.missed += run.missed;
                let within = expectation.within.map(Duration::micros);
                if failure(property.form, within, seen, &run).is_some() {
                    tally.violations.push(seed);
                }
                let said = seen.signalled;
                tally.spoke += u64::from(said.witness || said.trigger || said.held || said.reached);
                seen.overlaps.iter().for_each(|overlap| tally.spans.add(overlap.micros, seed));
                let answered = seen.readings.iter().filter(|reading| reading.response().is_some());
                answered.for_each(|reading| tally.spans.add(reading.micros, seed));
            }
        }
        tallies
    }

    fn lasting(&self, design: &Resolved, ledger: &str) -> Duration {
        let options = scheduled(self, design, ledger, &Options::lasting(Duration::default()));
        let last = options.plan.last().map_or(Duration::default(), |strike| strike.at);
        last.plus(Duration::from_secs(60))
    }

    fn nodes(&self, design: &Resolved, ledger: &str) -> usize {
        setup(self, design, ledger).nodes.len()
    }

    fn digests(&self, design: &Resolved, ledger: &str, seeds: Range<u64>, options: &Options) -> Vec<u64> {
        let setup = setup(self, design, ledger);
        let options = scheduled(self, design, ledger, options);
        seeds.map(|seed| crate::run(&setup, seed, &options).digest).collect()
    }
}
