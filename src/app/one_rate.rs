//! What was found where timers drift apart, tried again where the clock of each node keeps one rate.
//!
//! The checker gives each timer a rate of its own, though a node has one clock. So the steps of the run that was found
//! are given moments once more, for every choice of the slowest, the true and the fastest rate for each node. Where that
//! does not come as far, designs whose clocks are as far apart as they may be are searched for another run. Whatever is
//! found, the event loop has run it again with clocks that keep these rates.

use super::judge::Case;
use crate::{
    process::{Data, NodeId, Process},
    simulate,
    spec::Setup,
    time::{Drift, Duration},
    timed::{self, Aim, Limits, Longest, Reach, Switches},
    trace::{Claim, Step, Trace},
    verdict::OneRate,
    world::{
        Focus, Reductions, World,
        space::{Line, Marks, TimedPath},
    },
};

/// Clocks beyond these are true.
const MOST_CLOCKS: usize = 5;

/// Which of a clock's rates.
const SLOWEST: usize = 0;
const TRUE: usize = 1;
const FASTEST: usize = 2;
const RATES: usize = 3;

/// Bytes of zones for each other design that is searched.
const MEMORY: usize = 64 << 20;

/// How far one comes with one rate per node. `None` if no clock drifts, or if the run only is an example.
///
/// # Panics
/// If the event loop refuses what another engine found: a defect.
pub(super) fn try_out<P: Process, M: Data>(case: &Case<'_, P, M>, trace: &Trace) -> Option<OneRate> {
    let nodes = case.setup.ids();
    let drifting: Vec<NodeId> = nodes.filter(|node| case.setup.node(*node).clock.drift != Drift::NONE).collect();
    if drifting.is_empty() || matches!(trace.claim, Claim::Witness | Claim::Run | Claim::TimeStuck) {
        return None;
    }
    let wanted = match trace.claim {
        Claim::Elapsed { micros } | Claim::AtLeast { micros } => micros,
        _ => 0,
    };
    let mut best = same_steps(case, trace, &drifting);
    for rates in apart(case.setup, &drifting) {
        if best >= Some(wanted) {
            return Some(OneRate::Alike);
        }
        best = best.max(search(case, trace, &rates));
    }
    Some(match best {
        Some(micros) if micros >= wanted => OneRate::Alike,
        Some(micros) => OneRate::Found(Duration::from_micros(micros)),
        None => OneRate::NotFound,
    })
}

/// For each node the rate that its clock keeps.
type Rates = Vec<usize>;

/// The most that the stopwatch shows at the end of the same steps; zero where none is read, `None` if no rates allow
/// them.
fn same_steps<P: Process, M: Data>(case: &Case<'_, P, M>, trace: &Trace, drifting: &[NodeId]) -> Option<i64> {
    let did_nothing = |step: &Step| Step { did: Vec::new(), ..step.clone() };
    let told = Trace { steps: trace.steps.iter().map(did_nothing).collect(), ..trace.clone() };
    let all = case.setup.nodes.len();
    let lines: Vec<Line> = (0..RATES).map(|rate| line(case, &told, &vec![rate; all])).collect();
    let varied = drifting.len().min(MOST_CLOCKS);
    let rates = |choice: usize| {
        let mut rates = vec![TRUE; all];
        for (clock, node) in drifting[..varied].iter().enumerate() {
            rates[node.index()] = choice / RATES.pow(clock as u32) % RATES;
        }
        rates
    };
    let mixed = |rates: &Rates| Line::mixed(&lines, |node| rates[node.index()]);
    let choices = RATES.pow(varied as u32);
    let possible = (0..choices).filter_map(|choice| Some((most(&mut mixed(&rates(choice)))?, choice)));
    // Of those that come as far, the first.
    let (micros, choice) = possible.max_by_key(|&(micros, choice)| (micros, choices - choice))?;
    let (aim, claim) = match trace.claim {
        Claim::Elapsed { .. } | Claim::AtLeast { .. } => (Aim::AtLeast(micros), Claim::Elapsed { micros }),
        Claim::Cycle { from, turns } => {
            let length = (trace.steps.len() - from) / turns;
            (Aim::Turns { from, length, least: 1, greatest: i64::MAX }, trace.claim.clone())
        }
        _ => (Aim::Any, trace.claim.clone()),
    };
    let mut line = mixed(&rates(choice));
    let steps = line.steps();
    let moments = timed::moments(&mut line, &steps, aim).expect("a run meets no cap")?;
    let steps = told.steps.into_iter().zip(moments.times).map(|(step, at)| Step { at, ..step }).collect();
    replay(case, &keeping(case.setup, &rates(choice)), &Trace { steps, claim, ..trace.clone() });
    Some(micros)
}

fn line<P: Process, M: Data>(case: &Case<'_, P, M>, told: &Trace, rates: &Rates) -> Line {
    let setup = keeping(case.setup, rates);
    let mut world = World::new(setup, case.property.clone(), Focus::Check, Reductions::PLAIN);
    world.line(told).expect("windows do not change which steps a run has")
}

fn most(line: &mut Line) -> Option<i64> {
    let steps = line.steps();
    timed::most(line, &steps).expect("a run meets no cap")
}

/// One clock against all others, either way, and all alike. Of nodes that are interchangeable, one is enough.
fn apart<P: Process>(setup: &Setup<P>, drifting: &[NodeId]) -> Vec<Rates> {
    let against = |one: Option<NodeId>, own: usize, others: usize| {
        setup.ids().map(|node| if one == Some(node) { own } else { others }).collect()
    };
    let group = |node: &NodeId| setup.exchanges_in(*node);
    let first = |node: &&NodeId| {
        let alike = |other: &NodeId| group(node).is_some() && group(other) == group(node);
        !drifting.iter().take_while(|other| other != node).any(alike)
    };
    let ones: Vec<NodeId> = drifting.iter().filter(first).take(MOST_CLOCKS).copied().collect();
    let one_way =
        |own: usize, others: usize| ones.iter().map(|node| against(Some(*node), own, others)).collect::<Vec<Rates>>();
    let alike = [SLOWEST, FASTEST].map(|rate| against(None, rate, rate));
    [one_way(FASTEST, SLOWEST), one_way(SLOWEST, FASTEST), alike.into()].concat()
}

/// As [`same_steps`], of any run with these rates.
fn search<P: Process, M: Data>(case: &Case<'_, P, M>, trace: &Trace, rates: &Rates) -> Option<i64> {
    let setup = keeping(case.setup, rates);
    let mut world = World::new(setup.clone(), case.property.clone(), Focus::Check, Reductions::ALL);
    let (time, cancel) = (case.options.budget, case.options.meter.cancel());
    let limits = Limits { time, memory: MEMORY, cancel, ..Limits::default() };
    let (micros, path, claim) = match trace.claim {
        Claim::Violation | Claim::ProtocolError => {
            let marks = if trace.claim == Claim::Violation { Marks::VIOLATED } else { Marks::PROTOCOL_ERROR };
            match timed::reach(&mut world, marks, &limits, &Switches::default()).0 {
                Reach::Reached(path) => (0, path, trace.claim.clone()),
                Reach::Unreachable | Reach::Unknown(_) => return None,
            }
        }
        _ => longest(&mut world, case.within, &limits)?,
    };
    let steps = world.tell(&path).unwrap_or_else(|mismatch| panic!("{}: {mismatch}", case.property.id));
    replay(case, &setup, &Trace { steps, claim, ..trace.clone() });
    let alike =
        matches!(trace.claim, Claim::Elapsed { .. } | Claim::AtLeast { .. } | Claim::Violation | Claim::ProtocolError);
    // Without a worst case, only another without one comes as far.
    (alike || micros == i64::MAX).then_some(micros)
}

/// The longest reading that was found, `i64::MAX` where there is none.
fn longest<P: Process, M: Data>(
    world: &mut World<P, M>,
    within: Option<Duration>,
    limits: &Limits,
) -> Option<(i64, TimedPath, Claim)> {
    match timed::longest(world, within.map(Duration::micros), limits, &Switches::default()).0 {
        Longest::Exact { micros, path }
        | Longest::Between { seen: Some((micros, path)), .. }
        | Longest::Unknown { seen: Some((micros, path)), .. } => Some((micros, path, Claim::Elapsed { micros })),
        Longest::Never { path } => Some((i64::MAX, path, Claim::Never)),
        Longest::Unbounded { path, from, turns, .. } => Some((i64::MAX, path, Claim::Cycle { from, turns })),
        Longest::Exceeds { cap, path } => Some((cap, path, Claim::AtLeast { micros: cap })),
        Longest::Untriggered | Longest::Between { seen: None, .. } | Longest::Unknown { seen: None, .. } => None,
    }
}

/// The set-up with clocks that keep a rate. Only nodes of one rate are interchangeable.
fn keeping<P: Process>(setup: &Setup<P>, rates: &Rates) -> Setup<P> {
    let mut kept = setup.clone();
    let groups = groups_of_one_rate(kept.nodes.iter().map(|node| node.group).zip(rates.iter().copied()));
    for ((node, &rate), group) in kept.nodes.iter_mut().zip(rates).zip(groups) {
        node.clock.drift = node.clock.drift.kept()[rate];
        node.group = group;
    }
    kept
}

/// Another group for each rate in each group.
fn groups_of_one_rate(nodes: impl Iterator<Item = (Option<u8>, usize)>) -> Vec<Option<u8>> {
    let mut pairs = Vec::new();
    let group = |(group, rate): (Option<u8>, usize)| {
        let pair = (group?, rate);
        let known = pairs.iter().position(|other| *other == pair);
        let place = known.unwrap_or_else(|| {
            pairs.push(pair);
            pairs.len() - 1
        });
        Some(u8::try_from(place).expect("a world has fewer nodes"))
    };
    nodes.map(group).collect()
}

fn replay<P: Process, M: Data>(case: &Case<'_, P, M>, setup: &Setup<P>, trace: &Trace) {
    if let Err(why) = simulate::replay(setup, case.property, trace) {
        panic!("{}: the event loop refuses a run with one rate per node: {why}\n{trace:#?}", case.property.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_of_two_rates_or_of_two_groups_are_not_exchanged() {
        let nodes =
            [(Some(0), TRUE), (Some(0), FASTEST), (Some(1), SLOWEST), (None, TRUE), (Some(0), TRUE), (Some(1), TRUE)];
        let groups = groups_of_one_rate(nodes.into_iter());
        assert_eq!(groups, [Some(0), Some(1), Some(2), None, Some(0), Some(3)]);
    }
}
