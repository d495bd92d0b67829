//! One design and property, asked of every engine: what the exact zones say, ticks must say too, the hull must allow,
//! and the event loop must stay within.
//!
//! Zones, ticks and the hull share the world below them, the event loop shares nothing with it. Every run that the
//! zones find is run again by the event loop, and every run that the event loop draws is followed in the world.

use std::sync::{Arc, Mutex};

use tenure::{
    process::{Data, Process},
    simulate::{self, Draw, Strikes},
    spec::{Form, Property, Setup},
    ticks::{self, Survey},
    time::Duration,
    timed::{
        self, Longest, Reach, Shortest, Switches,
        testing::{Allowed, allowed_by_the_hull},
    },
    trace::{Claim, FORMAT, Subject, Trace},
    world::{
        Focus, Reductions, World,
        space::{Marks, TimedPath},
    },
};

/// What is compared, and how far each engine goes.
pub struct Case<P: Process, M: Data> {
    /// For people who look for what failed.
    pub name: String,
    pub setup: Setup<P>,
    pub property: Property<P, M>,
    pub scale: Scale,
}

#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Microseconds.
    pub tick: i64,
    /// Readings are exact up to here.
    pub cap: i64,
    /// So many situations are few enough for ticks.
    pub situations: usize,
    /// Of zones.
    pub memory: usize,
    pub seeds: u64,
    pub horizon: i64,
    pub strikes: i64,
}

impl Scale {
    /// How runs are drawn from a seed.
    pub fn options(&self, seed: u64) -> simulate::Options {
        simulate::Options {
            horizon: Duration::from_micros(self.horizon),
            most_steps: 200,
            draw: if seed.is_multiple_of(2) { Draw::Uniform } else { Draw::Corner },
            strikes: Strikes::Every(Duration::from_micros(self.strikes)),
            plan: Vec::new(),
            record: true,
        }
    }
}

/// What every run of a design shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts {
    pub violated: bool,
    pub protocol_error: bool,
    /// `i64::MAX` above the cap. Not known where a stopwatch may run for ever.
    pub longest: Option<i64>,
    pub never: bool,
    pub shortest: Option<i64>,
}

/// What one comparison showed.
#[derive(Clone, Debug)]
pub struct Compared {
    pub kind: &'static str,
    /// Runs of the checker that the event loop ran again.
    pub replayed: usize,
    /// Runs of the event loop that the world followed.
    pub followed: usize,
    /// Their readings that were within the bounds.
    pub read: usize,
    /// Questions to the hull, and to how many of them its answer is more than what happens.
    pub asked: usize,
    pub loose: usize,
}

impl<P: Process, M: Data> Case<P, M> {
    pub fn world(&self, reductions: Reductions) -> World<P, M> {
        World::new(self.setup.clone(), self.property.clone(), Focus::Check, reductions)
    }

    fn limits(&self) -> timed::Limits {
        timed::Limits { memory: self.scale.memory, ..timed::Limits::default() }
    }

    /// What ticks see, if the design is small enough for them.
    pub fn ticks(&self) -> Option<(Survey, bool)> {
        let shared: ticks::Shared = Arc::new(Mutex::new(self.world(Reductions::NONE)));
        let Scale { tick, cap, situations, .. } = self.scale;
        let answer = ticks::survey(&shared, tick, cap, ticks::Limits::states(situations));
        Some((answer.found.ok()?, answer.rounded))
    }

    /// What the zones say of worst and best case, with every count: to be the same on any number of threads.
    pub fn answer(&self) -> String {
        let (mut world, switches) = (self.world(Reductions::ALL), Switches::default());
        let longest = timed::longest(&mut world, None, &self.limits(), &switches);
        let shortest = timed::shortest(&mut world, &self.limits(), &switches);
        let violated = timed::reach(&mut world, Marks::VIOLATED, &self.limits(), &switches);
        format!("{longest:?} {shortest:?} {violated:?}")
    }

    /// `None` if the zones meet a cap.
    ///
    /// # Panics
    /// If two engines disagree.
    pub fn compare(&self, ticks: Option<&(Survey, bool)>) -> Option<(Facts, Compared)> {
        let mut one = Compared { kind: "", replayed: 0, followed: 0, read: 0, asked: 0, loose: 0 };
        let mut whole = self.world(Reductions { ending: false, ..Reductions::ALL });
        let mut world = self.world(Reductions::ALL);
        let protocol_error = self.reach(&mut whole, Marks::PROTOCOL_ERROR, Claim::ProtocolError, &mut one)?;
        let violated = self.reach(&mut whole, Marks::VIOLATED, Claim::Violation, &mut one)?;
        if protocol_error {
            // What is read after it means nothing.
            one.kind = "protocol error";
            let facts = Facts { violated, protocol_error, longest: None, never: false, shortest: None };
            self.compare_marks(facts, ticks);
            return Some((facts, one));
        }
        let (kind, longest, never) = self.longest(&mut world, &mut one)?;
        one.kind = if violated { "violated" } else { kind };
        let shortest = self.shortest(&mut world, &mut one)?;
        let facts = Facts { violated, protocol_error, longest, never, shortest };
        self.compare_marks(facts, ticks);
        self.compare_readings(facts, ticks);
        self.compare_hull(facts, &mut whole, &mut one)?;
        self.draw_runs(facts, &mut world, &mut one);
        Some((facts, one))
    }

    fn reach(&self, world: &mut World<P, M>, mark: Marks, claim: Claim, one: &mut Compared) -> Option<bool> {
        match timed::reach(world, mark, &self.limits(), &Switches::default()).0 {
            Reach::Reached(path) => {
                self.replay(world, &path, claim, one);
                Some(true)
            }
            Reach::Unreachable => Some(false),
            Reach::Unknown(_) => None,
        }
    }

    fn longest(&self, world: &mut World<P, M>, one: &mut Compared) -> Option<(&'static str, Option<i64>, bool)> {
        let (longest, _) = timed::longest(world, None, &self.limits(), &Switches::default());
        let (found, path, claim) = match longest {
            Longest::Untriggered => return Some(("untriggered", None, false)),
            Longest::Exact { micros, path } => {
                let shown = if micros > self.scale.cap { i64::MAX } else { micros };
                (("exact", Some(shown), false), path, Claim::Elapsed { micros })
            }
            Longest::Never { path } => (("never", None, true), path, Claim::Never),
            Longest::Unbounded { path, from, turns, .. } => {
                (("unbounded", Some(i64::MAX), false), path, Claim::Cycle { from, turns })
            }
            Longest::Exceeds { path, .. } => {
                self.replay(world, &path, Claim::Witness, one);
                return None;
            }
            Longest::Between { .. } | Longest::Unknown { .. } => return None,
        };
        self.replay(world, &path, claim, one);
        Some(found)
    }

    fn shortest(&self, world: &mut World<P, M>, one: &mut Compared) -> Option<Option<i64>> {
        match timed::shortest(world, &self.limits(), &Switches::default()).0 {
            Shortest::Uncompleted => Some(None),
            Shortest::Exact { micros, path } => {
                self.replay(world, &path, Claim::Elapsed { micros }, one);
                Some(Some(micros))
            }
            Shortest::Between { .. } | Shortest::Unknown { .. } => None,
        }
    }

    /// Windows that were rounded outward let ticks do more than happens, never less.
    fn compare_marks(&self, zones: Facts, ticks: Option<&(Survey, bool)>) {
        let Some((seen, rounded)) = ticks else { return };
        let name = &self.name;
        for (mark, reached) in [(Marks::VIOLATED, zones.violated), (Marks::PROTOCOL_ERROR, zones.protocol_error)] {
            let by_ticks = seen.marks.any(mark);
            assert!(by_ticks || !reached, "{name}: zones reach {mark:?}, ticks do not");
            assert!(reached || !by_ticks || *rounded, "{name}: ticks reach {mark:?}, zones do not");
        }
    }

    fn compare_readings(&self, zones: Facts, ticks: Option<&(Survey, bool)>) {
        let Some((seen, rounded)) = ticks else { return };
        let name = &self.name;
        let read = |reading| if let ticks::Reading::Is(micros) = reading { micros } else { i64::MAX };
        let (longest, shortest) = (seen.longest.map(read), seen.shortest.map(read));
        if *rounded {
            assert!(seen.never || !zones.never, "{name}: {zones:?}, ticks {seen:?}");
            assert!(longest >= zones.longest, "{name}: {zones:?}, ticks {seen:?}");
            assert!(zones.shortest.is_none_or(|zones| shortest.is_some_and(|ticks| ticks <= zones)), "{name}");
            return;
        }
        assert_eq!(seen.never, zones.never, "{name}: {zones:?}, ticks {seen:?}");
        assert!(zones.never || longest == zones.longest, "{name}: {zones:?}, ticks {seen:?}");
        assert_eq!(shortest, zones.shortest, "{name}");
    }

    /// `None` if the hull meets a cap.
    fn compare_hull(&self, facts: Facts, whole: &mut World<P, M>, one: &mut Compared) -> Option<()> {
        let allowed: Allowed = allowed_by_the_hull(whole, self.scale.cap + 1, &self.limits()).ok()?;
        let name = &self.name;
        let violated = allowed.marks.any(Marks::VIOLATED);
        assert!(violated || !facts.violated, "{name}: {facts:?}, the hull allows {allowed:?}");
        assert!(allowed.never || !facts.never, "{name}: {facts:?}, the hull allows {allowed:?}");
        assert!(allowed.longest >= facts.longest, "{name}: {facts:?}, the hull allows {allowed:?}");
        let as_soon = match (allowed.shortest, facts.shortest) {
            (Some(allowed), Some(shortest)) => allowed <= shortest,
            (None, Some(_)) => false,
            (_, None) => true,
        };
        assert!(as_soon, "{name}: {facts:?}, the hull allows {allowed:?}");
        let mut compare = |alike: bool| {
            one.asked += 1;
            one.loose += usize::from(!alike);
        };
        compare(violated == facts.violated);
        compare(allowed.never == facts.never && (facts.never || allowed.longest == facts.longest));
        compare(allowed.shortest == facts.shortest);
        Some(())
    }

    /// The event loop runs it too, and it shows what it claims.
    fn replay(&self, world: &mut World<P, M>, path: &TimedPath, claim: Claim, one: &mut Compared) {
        let name = &self.name;
        let steps = world.tell(path).unwrap_or_else(|mismatch| panic!("{name}: {mismatch}"));
        let nodes = self.setup.nodes.iter().map(|node| node.name.clone()).collect();
        let trace = Trace { tenure_trace: FORMAT, tool: "test".into(), subject: subject(), claim, nodes, steps };
        if let Err(error) = simulate::replay(&self.setup, &self.property, &trace) {
            panic!("{name}: {error}\n{:#?}\n{:#?}", trace.steps, self.setup);
        }
        if let Err(mismatch) = world.follow(&trace) {
            panic!("{name}: the world does not follow its own run: {mismatch}\n{:#?}", trace.steps);
        }
        one.replayed += 1;
    }

    /// Runs of the event loop are paths of the world, and stay within what was proved.
    fn draw_runs(&self, facts: Facts, world: &mut World<P, M>, one: &mut Compared) {
        let name = &self.name;
        for seed in 0..self.scale.seeds {
            let run = simulate::run(&self.setup, std::slice::from_ref(&self.property), seed, &self.scale.options(seed));
            let trace = run.trace(&self.setup, subject());
            if let Err(mismatch) = world.follow(&trace) {
                panic!("{name}, run {seed}: {mismatch}\n{:#?}\n{:#?}", trace.steps, self.setup);
            }
            one.followed += 1;
            let seen = &run.seen[0];
            assert!(seen.violated.is_none() || facts.violated, "{name}, run {seed}: violated");
            let mut read = |micros: i64, completed: bool| {
                let most = if facts.never { None } else { Some(facts.longest.expect("a stopwatch ran")) };
                assert!(most.is_none_or(|most| micros <= most), "{name}, run {seed}: {micros} of {most:?}");
                let least = facts.shortest;
                assert!(!completed || least.is_some_and(|least| micros >= least), "{name}, run {seed}: {micros}");
                one.read += 1;
            };
            if matches!(self.property.form, Form::Within(_)) {
                seen.readings.iter().for_each(|reading| read(reading.micros, reading.response().is_some()));
            }
            seen.overlaps.iter().for_each(|overlap| read(overlap.micros, false));
        }
    }
}

fn subject() -> Subject {
    Subject {
        design: String::new(),
        hash: String::new(),
        file: "random".into(),
        protocol: "random".into(),
        property: "random".into(),
        ledger: "random".into(),
    }
}
