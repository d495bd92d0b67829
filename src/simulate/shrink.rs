//! Makes a failing run small: fewer faults, fewer nodes, fewer steps, rounder spans, a sooner end.
//!
//! Each way to make a run simpler is tried by itself, until none is left that still fails: what remains is minimal one
//! by one. Every candidate is a run of its own, from a changed script, and possible; the property is judged anew.

use std::collections::BTreeSet;

use super::{
    run::{Options, Run, logged, scripted},
    script::{Decision, Key, Script},
    survey::{Failure, failure},
};
use crate::{
    process::{Data, NodeId, Process},
    spec::{Property, Setup},
    time::Duration,
    trace::{Choices, Occurrence, Step, Target},
};

/// A failing run that was made small.
#[derive(Clone, Debug)]
pub struct Shrunk {
    pub steps: Vec<Step>,
    pub failure: Failure,
    pub size: Size,
    /// How large it was.
    pub before: Size,
    /// Nothing is left to try: the run is minimal one by one. Otherwise the effort was spent.
    pub minimal: bool,
}

/// How large a run is. Less is simpler, what comes first counts most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Size {
    pub faults: usize,
    /// That take part.
    pub nodes: usize,
    pub steps: usize,
    /// Of all spans together: how far they are from the ends of their windows and from round numbers.
    pub roughness: u64,
    /// Microseconds.
    pub until: i64,
}

/// A run with the script that tells it.
struct Candidate {
    run: Run,
    script: Script,
    failure: Failure,
    size: Size,
}

/// One question about one set-up, and how much may still be tried.
struct Shrinker<'a, P: Process, M: Data> {
    setup: &'a Setup<P>,
    property: &'a Property<P, M>,
    bound: Option<i64>,
    options: Options,
    /// So many steps of candidates may still be taken.
    effort: u64,
}

/// Makes the failing run of a seed small, taking at most `effort` steps of other runs. `None` if its decisions do not
/// repeat it: a defect of this module.
#[must_use]
pub fn shrink<P: Process, M: Data>(
    setup: &Setup<P>,
    property: &Property<P, M>,
    bound: Option<i64>,
    seed: u64,
    options: &Options,
    effort: u64,
) -> Option<Shrunk> {
    let (mut shrinker, mut best) = Shrinker::begin(setup, property, bound, seed, options, effort)?;
    let before = best.size;
    let minimal = shrinker.descend(&mut best);
    best.run.steps.truncate(best.size.steps);
    Some(Shrunk { steps: best.run.steps, failure: best.failure, size: best.size, before, minimal })
}

impl<'a, P: Process, M: Data> Shrinker<'a, P, M> {
    /// With the run of the seed as it is.
    fn begin(
        setup: &'a Setup<P>,
        property: &'a Property<P, M>,
        bound: Option<i64>,
        seed: u64,
        options: &Options,
        effort: u64,
    ) -> Option<(Shrinker<'a, P, M>, Candidate)> {
        let options = Options { record: true, ..options.clone() };
        let (_, script) = logged(setup, std::slice::from_ref(property), seed, &options);
        let mut shrinker = Shrinker { setup, property, bound, options, effort };
        let horizon = shrinker.options.horizon.micros();
        let original = shrinker.try_script(&script, horizon)?;
        Some((shrinker, original))
    }

    /// Goes to a simpler run as long as there is one. Whether nothing is left to try.
    fn descend(&mut self, best: &mut Candidate) -> bool {
        loop {
            let mut better = false;
            for (pass, reach) in PASSES {
                let mut place = 0;
                while let Some(script) = pass(best, place) {
                    if self.effort == 0 {
                        return false;
                    }
                    match script.and_then(|script| self.simpler(best, &script, reach)) {
                        Some(candidate) => {
                            *best = candidate;
                            better = true;
                        }
                        None => place += 1,
                    }
                }
            }
            if !better {
                return true;
            }
        }
    }

    fn simpler(&mut self, best: &Candidate, script: &Script, reach: Reach) -> Option<Candidate> {
        let horizon = match reach {
            Reach::Horizon => self.options.horizon.micros(),
            // A run that never responds is one to the end.
            Reach::Failure if matches!(best.failure, Failure::Never { .. }) => self.options.horizon.micros(),
            Reach::Failure => best.size.until,
        };
        self.try_script(script, horizon).filter(|candidate| candidate.size < best.size)
    }

    /// Runs a script; `None` if it is not possible or does not fail.
    fn try_script(&mut self, script: &Script, horizon: i64) -> Option<Candidate> {
        let options = Options { horizon: Duration::from_micros(horizon), ..self.options.clone() };
        let (run, script) = scripted(self.setup, std::slice::from_ref(self.property), script, &options)?;
        self.effort = self.effort.saturating_sub(run.taken.max(1) as u64);
        let failure = failure(self.property.form, self.bound, &run.seen[0], &run)?;
        let size = size(&run, &script, failure);
        Some(Candidate { run, script, failure, size })
    }
}

fn size(run: &Run, script: &Script, failure: Failure) -> Size {
    let steps = failure.last_step().map_or(run.steps.len(), |last| last + 1);
    let shown = &run.steps[..steps];
    let nodes: BTreeSet<NodeId> = shown.iter().filter_map(|step| whose(&step.what)).collect();
    let until = shown.last().map_or(0, |step| step.at);
    let spans = script.decisions.values().map(Decision::roughness);
    let strikes = script.strikes.iter().map(|strike| roughness(strike.at));
    let rates = script.rates.iter().map(|rate| u64::from(*rate != 0));
    Size {
        faults: script.faults(),
        nodes: nodes.len(),
        steps,
        roughness: spans.chain(strikes).chain(rates).sum(),
        until,
    }
}

/// Which node a step is of.
fn whose(what: &Occurrence) -> Option<NodeId> {
    match what {
        Occurrence::Start { node }
        | Occurrence::Deliver { to: node, .. }
        | Occurrence::Fire { node, .. }
        | Occurrence::Close { node, .. }
        | Occurrence::Resume { node }
        | Occurrence::Fault { target: Target::Node(node), .. } => Some(*node),
        Occurrence::Heal { .. } | Occurrence::Refill { .. } | Occurrence::Fault { .. } => None,
    }
}

/// How long a candidate may run.
#[derive(Clone, Copy)]
enum Reach {
    /// With fewer faults it may fail later.
    Horizon,
    /// It fails no later than the best so far.
    Failure,
}

/// The script to try at a place: `None` beyond the last place, `Some(None)` if there is nothing to try.
type Pass = fn(&Candidate, usize) -> Option<Option<Script>>;

const PASSES: [(Pass, Reach); 10] = [
    (without_a_fault, Reach::Horizon),
    (earlier_strikes, Reach::Failure),
    (strikes_at_steps, Reach::Failure),
    (earlier_steps, Reach::Failure),
    (later, Reach::Failure),
    (sooner, Reach::Failure),
    (rounder, Reach::Failure),
    (in_time, Reach::Failure),
    (rounder_strikes, Reach::Failure),
    (true_clocks, Reach::Failure),
];

fn without_a_fault(best: &Candidate, place: usize) -> Option<Option<Script>> {
    let mut script = best.script.clone();
    if place < script.strikes.len() {
        script.strikes.remove(place);
        return Some(Some(script));
    }
    let mut left = place - script.strikes.len();
    let within = script.choices.values_mut().chain(script.strikes.iter_mut().map(|strike| &mut strike.choices));
    for choices in within {
        match take_fault(choices, left) {
            None => return Some(Some(script)),
            Some(rest) => left = rest,
        }
    }
    None
}

/// Takes the fault of that number away, or says which it is of the rest.
fn take_fault(choices: &mut Choices, number: usize) -> Option<usize> {
    let mut left = number;
    if choices.cut.is_some() {
        if left == 0 {
            choices.cut = None;
            return None;
        }
        left -= 1;
    }
    for fates in [&mut choices.lost, &mut choices.duplicated] {
        if left < fates.len() {
            fates.remove(left);
            return None;
        }
        left -= fates.len();
    }
    Some(left)
}

/// A strike and all that follow come sooner, by less and less: what led up to them falls away.
fn earlier_strikes(best: &Candidate, place: usize) -> Option<Option<Script>> {
    let (index, part) = (place / PARTS.len(), PARTS[place % PARTS.len()]);
    let strike = best.script.strikes.get(index)?;
    let since = if index == 0 { 0 } else { best.script.strikes[index - 1].at };
    let by = (strike.at - since) * part / PARTS[0];
    if by == 0 {
        return Some(None);
    }
    let mut script = best.script.clone();
    for strike in &mut script.strikes[index..] {
        strike.at -= by;
    }
    Some(Some(script))
}

/// A strike comes at the moment of one of the first steps, and all that follow sooner by as much.
fn strikes_at_steps(best: &Candidate, place: usize) -> Option<Option<Script>> {
    let (index, step) = (place / FIRST, place % FIRST);
    let strike = best.script.strikes.get(index)?;
    let moment = best.run.steps.get(step).map(|step| step.at).filter(|at| *at < strike.at);
    let Some(moment) = moment.filter(|at| index == 0 || *at >= best.script.strikes[index - 1].at) else {
        return Some(None);
    };
    let mut script = best.script.clone();
    let by = strike.at - moment;
    for strike in &mut script.strikes[index..] {
        strike.at -= by;
        strike.after = 1;
    }
    Some(Some(script))
}

/// What befalls a step befalls one of the first of its kind.
fn earlier_steps(best: &Candidate, place: usize) -> Option<Option<Script>> {
    let (key, choices) = best.script.choices.iter().nth(place / FIRST)?;
    let (number, first) = (u64::from(key.code.0 as u32), (place % FIRST) as u64);
    let sooner = Key { code: (key.code.0 - number + first, key.code.1), ..*key };
    if first >= number || best.script.choices.contains_key(&sooner) {
        return Some(None);
    }
    let mut script = best.script.clone();
    script.choices.remove(key);
    script.choices.insert(sooner, choices.clone());
    Some(Some(script))
}

/// As late as it may be, perhaps never: what it would cause is gone.
fn later(best: &Candidate, place: usize) -> Option<Option<Script>> {
    decide(best, place, |decision| Decision { span: decision.most, ..decision })
}

fn sooner(best: &Candidate, place: usize) -> Option<Option<Script>> {
    decide(best, place, |decision| Decision { span: decision.least, ..decision })
}

/// Whole seconds, or tenths of them, and so on.
fn rounder(best: &Candidate, place: usize) -> Option<Option<Script>> {
    let grid = GRIDS[place % GRIDS.len()];
    decide(best, place / GRIDS.len(), |decision| match rounded(decision.span, grid) {
        span if decision.least <= span && span <= decision.most => Decision { span, ..decision },
        _ => decision,
    })
}

/// Timers are delivered when they are due, or as late as they may be.
fn in_time(best: &Candidate, place: usize) -> Option<Option<Script>> {
    decide(best, place / 2, |decision| Decision {
        reaction: if place.is_multiple_of(2) { 0 } else { decision.slowest },
        ..decision
    })
}

fn decide(best: &Candidate, index: usize, change: impl FnOnce(Decision) -> Decision) -> Option<Option<Script>> {
    let (key, decision) = best.script.decisions.iter().nth(index)?;
    let changed = change(*decision);
    if changed == *decision {
        return Some(None);
    }
    let mut script = best.script.clone();
    script.decisions.insert(*key, changed);
    Some(Some(script))
}

fn rounder_strikes(best: &Candidate, place: usize) -> Option<Option<Script>> {
    let strike = best.script.strikes.get(place / GRIDS.len())?;
    let at = rounded(strike.at, GRIDS[place % GRIDS.len()]);
    if roughness(at) >= roughness(strike.at) {
        return Some(None);
    }
    let mut script = best.script.clone();
    script.strikes[place / GRIDS.len()].at = at;
    script.strikes.sort_by_key(|strike| strike.at);
    Some(Some(script))
}

fn true_clocks(best: &Candidate, place: usize) -> Option<Option<Script>> {
    let rate = best.script.rates.get(place)?;
    if *rate == 0 {
        return Some(None);
    }
    let mut script = best.script.clone();
    script.rates[place] = 0;
    Some(Some(script))
}

impl Decision {
    /// How far it is from being simple: nothing at an end of its window.
    fn roughness(&self) -> u64 {
        let end = |value: i64, least: i64, most: i64| value == least || value == most;
        let span = if end(self.span, self.least, self.most) { 0 } else { roughness(self.span) };
        span + u64::from(!end(self.reaction, 0, self.slowest))
    }
}

/// Parts of the first, in falling order.
const PARTS: [i64; 6] = [16, 15, 12, 8, 4, 1];

/// So many steps from the beginning are tried as moments for a fault.
const FIRST: usize = 64;

/// Round numbers of microseconds, the roundest first.
const GRIDS: [i64; 5] = [1_000_000, 100_000, 10_000, 1_000, 100];

fn roughness(micros: i64) -> u64 {
    GRIDS.iter().position(|grid| micros % grid == 0).unwrap_or(GRIDS.len()) as u64 + 1
}

fn rounded(micros: i64, grid: i64) -> i64 {
    micros.saturating_add(grid / 2) / grid * grid
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Shrinks, and then tries everything again: nothing simpler fails.
    pub(in crate::simulate) fn shrink_to_the_least<P: Process, M: Data>(
        setup: &Setup<P>,
        property: &Property<P, M>,
        bound: Option<i64>,
        seed: u64,
        options: &Options,
    ) -> Shrunk {
        let (mut shrinker, mut best) =
            Shrinker::begin(setup, property, bound, seed, options, u64::MAX).expect("the seed fails, and is repeated");
        let before = best.size;
        let minimal = shrinker.descend(&mut best);
        for (pass, reach) in PASSES {
            let mut place = 0;
            while let Some(script) = pass(&best, place) {
                let simpler = script.and_then(|script| shrinker.simpler(&best, &script, reach));
                assert!(simpler.is_none(), "place {place} of a pass is simpler and fails too");
                place += 1;
            }
        }
        best.run.steps.truncate(best.size.steps);
        Shrunk { steps: best.run.steps, failure: best.failure, size: best.size, before, minimal }
    }

    #[test]
    fn spans_are_rounder_the_fewer_digits_they_have() {
        assert_eq!([3_000_000, 300_000, 30_000, 3_000, 300, 3].map(roughness), [1, 2, 3, 4, 5, 6]);
        assert_eq!(rounded(1_499_999, 1_000_000), 1_000_000);
        assert_eq!(rounded(1_500_000, 1_000_000), 2_000_000);
    }
}
