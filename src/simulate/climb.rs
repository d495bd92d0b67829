//! The longest of many corner draws that go on from the longest one.
//!
//! A worst case often needs several unlikely things one after the other: a retry that just misses an expiry, a loss of
//! the very message that would have ended the wait, and the same miss again. Draws that know nothing of each other
//! meet all of them in one of millions of runs. So here each run goes on from the longest one before it: it repeats its
//! decisions up to some moment and draws the others anew. Every one of them is a run that a corner draw may have.

use std::cmp::Reverse;

use super::{
    random::{Draw, Random, Stream},
    run::{Options, Run, logged, parted},
    script::Script,
};
use crate::{
    process::{Data, Process},
    spec::{Property, Setup},
};

/// So many runs a climb has.
pub const RUNS: u64 = 250;

/// So many of them, the first, know nothing of each other.
const FRESH: u64 = 25;

/// So many in a million of the others differ from before the wait on.
const EARLY: u32 = 125_000;

/// A run, when its longest wait began and ended, and its decisions.
struct Best {
    trigger: i64,
    response: i64,
    /// The moments of the steps up to the response.
    moments: Vec<i64>,
    script: Script,
}

/// The decisions of the run in which the first property waited longest for its response. The same arguments give the
/// same run.
pub(super) fn climb<P: Process, M: Data>(
    setup: &Setup<P>,
    properties: &[Property<P, M>],
    seed: u64,
    options: &Options,
) -> Script {
    let watched = &properties[..1];
    let options = Options { draw: Draw::Corner, record: true, ..options.clone() };
    let mut random = Random::new(seed, Stream::Climb, 0);
    let mut best: Option<Best> = None;
    let mut last = None;
    for number in 0..RUNS {
        let seed = random.next();
        let (run, script) = match &best {
            Some(best) if number >= FRESH => {
                let at = best.draw_parting(&mut random);
                parted(setup, watched, &best.script, (at, best.response), seed, &options)
            }
            _ => logged(setup, watched, seed, &options),
        };
        match Best::of(&run) {
            // An equal one is taken: others may be reached from it.
            Some(found) if best.as_ref().is_none_or(|best| found.waited() >= best.waited()) => {
                best = Some(Best { script, ..found });
            }
            _ => last = Some(script),
        }
    }
    let script = best.map(|best| best.script).or(last);
    script.expect("at least one run was drawn")
}

impl Best {
    /// Without decisions; `None` if no wait was answered.
    fn of(run: &Run) -> Option<Best> {
        let answered = run.seen[0].readings.iter().filter(|reading| reading.response().is_some());
        let longest = answered.max_by_key(|reading| (reading.micros, Reverse(reading.trigger)))?;
        let moments: Vec<i64> = run.steps[..=longest.response()?].iter().map(|step| step.at).collect();
        let trigger = moments[longest.trigger];
        Some(Best { trigger, response: trigger + longest.micros, moments, script: Script::default() })
    }

    fn waited(&self) -> i64 {
        self.response - self.trigger
    }

    /// The moment from which another run differs: of a step in the wait, or sometimes before.
    fn draw_parting(&self, random: &mut Random) -> i64 {
        let first = self.moments.partition_point(|at| *at < self.trigger);
        let from = if random.chance(EARLY) { 0 } else { first };
        let steps = &self.moments[from..];
        1 + random.pick(steps).copied().unwrap_or_default()
    }
}
