//! Unbounded worst cases: a cycle of steps that can be repeated for ever while a stopwatch runs.
//!
//! Let `F(X)` be what a cycle of steps makes of a zone `X` when it takes some time. If a part `Y` of a reachable zone
//! lies within `F(Y)`, each of its points has another of its points one turn before it, and so on backward: any number
//! of turns starts in `Y`. The greatest such part comes from `X := X and F(X)`, again and again until nothing changes.

use rustc_hash::FxHashMap;
use std::collections::VecDeque;

use super::{
    bounds::components,
    budget::{Halt, Meter},
    exact::{Reached, explore},
    hull::Hull,
    net::Net,
    zone::Zone,
};
use crate::world::space::{Cap, Edge, Origin, PathStep, StateId};

/// Steps that can be repeated for ever while a stopwatch runs.
pub struct Cycle {
    pub stem: Vec<PathStep>,
    /// One turn as it follows the stem.
    pub turn: Vec<PathStep>,
    /// The renaming before the first step of every further turn.
    again: Option<u16>,
    /// The time that a turn takes, in microseconds; `i64::MAX` if there is no most.
    pub least: i64,
    pub greatest: i64,
}

impl Cycle {
    /// The stem and so many turns.
    #[must_use]
    pub fn turns(&self, turns: usize) -> Vec<PathStep> {
        let mut steps = self.stem.clone();
        for turn in 0..turns {
            let start = steps.len();
            steps.extend_from_slice(&self.turn);
            if turn > 0 {
                steps[start].automorphism = self.again;
            }
        }
        steps
    }
}

/// Looks for a cycle, at most so many zones in all.
///
/// # Errors
/// When a limit is reached.
pub fn find(net: &mut Net<'_>, meter: &mut Meter<'_>) -> Result<Option<Cycle>, Halt> {
    let hull = Hull::explore(net, 0, meter)?;
    let places = running_cycles(net, &hull)?;
    if places.iter().all(Option::is_none) {
        return Ok(None);
    }
    let wanted: Vec<bool> = places.iter().map(Option::is_some).collect();
    let reached = explore(net, &hull, &wanted, MOST_REACHED, meter)?;
    meter.phase = "cycle";
    let mut spent = 0;
    for effort in EFFORTS {
        for start in &reached {
            if spent >= MOST_ZONES {
                return Ok(None);
            }
            let mut hunt = Hunt { hull: &hull, places: &places, start, effort, spent: &mut spent };
            if let Some(cycle) = hunt.run(net, meter)? {
                return Ok(Some(cycle));
            }
        }
    }
    Ok(None)
}

const MOST_REACHED: usize = 100_000;
const MOST_ZONES: usize = 1_000_000;
/// Zones for each start, in turn: the short cycles of every start come before the long ones of the first.
const EFFORTS: [usize; 3] = [300, 5_000, 100_000];
const MOST_CANDIDATES: usize = 64;
const MOST_ROUNDS: usize = 1_000;

/// For each node of the hull, the component of steps that keep one stopwatch running, if it has a cycle.
fn running_cycles(net: &mut Net<'_>, hull: &Hull) -> Result<Vec<Option<usize>>, Cap> {
    let mut kept: Vec<Vec<usize>> = Vec::with_capacity(hull.nodes.len());
    for node in &hull.nodes {
        let edges = net.edges(node.state)?;
        let outs = node.outs.iter().filter(|out| keeps(net, node.state, &edges[out.edge as usize]));
        kept.push(outs.map(|out| out.target as usize).collect());
    }
    let mut places = vec![None; hull.nodes.len()];
    for (number, component) in components(kept.len(), |node| kept[node].iter().copied()).iter().enumerate() {
        if component.len() > 1 || kept[component[0]].contains(&component[0]) {
            component.iter().for_each(|&node| places[node] = Some(number));
        }
    }
    Ok(places)
}

/// Whether the source's stopwatch runs on in the target.
fn keeps(net: &mut Net<'_>, state: StateId, edge: &Edge) -> bool {
    match (net.rows(state).stopwatch, net.rows(edge.target).stopwatch) {
        (Some(before), Some(after)) => edge.origins[after - 1] == Origin::Kept(before as u16 - 1),
        _ => false,
    }
}

/// A search for a way from a reached zone back to its discrete state.
struct Hunt<'a> {
    hull: &'a Hull,
    places: &'a [Option<usize>],
    start: &'a Reached,
    effort: usize,
    spent: &'a mut usize,
}

struct Node {
    state: StateId,
    zone: Zone,
    automorphism: Option<u16>,
    parent: usize,
    edge: u32,
}

impl Hunt<'_> {
    fn run(&mut self, net: &mut Net<'_>, meter: &mut Meter<'_>) -> Result<Option<Cycle>, Halt> {
        let place = self.place(self.start.state);
        let mut zone = self.start.zone.clone();
        zone.reset(net.rows(self.start.state).stopwatch.expect("a stopwatch runs there"));
        let mut nodes = vec![Node { state: self.start.state, zone, automorphism: None, parent: 0, edge: 0 }];
        let mut chains: FxHashMap<(StateId, bool), Vec<usize>> = FxHashMap::default();
        let mut queue = VecDeque::from([0]);
        let (mut candidates, mut after) = (0, Zone::default());
        while let Some(number) = queue.pop_front() {
            let (state, source) = (nodes[number].state, nodes[number].zone.clone());
            let (rows, edges) = (net.rows(state), net.edges(state)?);
            for (index, edge) in edges.iter().enumerate() {
                if self.place(edge.target) != place || !keeps(net, state, edge) {
                    continue;
                }
                meter.step()?;
                // A turn takes time: whether it has is all that the fresh stopwatch must tell.
                let Some(landing) = net.step(&source, &rows, edge, 1, &mut after) else { continue };
                let node = Node {
                    state: edge.target,
                    zone: after.clone(),
                    automorphism: landing.automorphism,
                    parent: number,
                    edge: index as u32,
                };
                if edge.target == self.start.state && candidates < MOST_CANDIDATES {
                    candidates += 1;
                    if let Some(cycle) = self.sustained(net, &nodes, &node)? {
                        return Ok(Some(cycle));
                    }
                }
                let chain = chains.entry((edge.target, landing.past)).or_default();
                if nodes.len() < self.effort && !chain.iter().any(|&other| nodes[other].zone.includes(&after)) {
                    chain.push(nodes.len());
                    queue.push_back(nodes.len());
                    nodes.push(node);
                    *self.spent += 1;
                }
            }
        }
        Ok(None)
    }

    fn place(&self, state: StateId) -> Option<usize> {
        self.hull.number(state, true).and_then(|number| self.places[number as usize])
    }

    /// The way to a node as a cycle, if it can be repeated for ever.
    fn sustained(&self, net: &mut Net<'_>, nodes: &[Node], last: &Node) -> Result<Option<Cycle>, Cap> {
        let mut turn = Vec::new();
        let mut node = last;
        loop {
            let parent = &nodes[node.parent];
            turn.push(PathStep { automorphism: parent.automorphism, edge: node.edge });
            if node.parent == 0 {
                break;
            }
            node = parent;
        }
        turn.reverse();
        let state = self.start.state;
        let turner = Turner { state, turn: &turn, again: last.automorphism };
        let Some((least, greatest)) = turner.fixpoint(net, &self.start.zone)? else { return Ok(None) };
        turn[0].automorphism = self.start.automorphism;
        Ok(Some(Cycle { stem: self.start.path.clone(), turn, again: last.automorphism, least, greatest }))
    }
}

/// One turn of a candidate, from a zone that was renamed already.
struct Turner<'a> {
    state: StateId,
    turn: &'a [PathStep],
    again: Option<u16>,
}

impl Turner<'_> {
    /// The least and the greatest time of a turn within the greatest part of the zone that sustains itself.
    fn fixpoint(&self, net: &mut Net<'_>, reached: &Zone) -> Result<Option<(i64, i64)>, Cap> {
        let stopwatch = net.rows(self.state).stopwatch.expect("a stopwatch runs there");
        let mut part = reached.clone();
        part.forget(stopwatch);
        for _ in 0..MOST_ROUNDS {
            let Some(mut turned) = self.turn(net, &part, stopwatch)? else { return Ok(None) };
            if !turned.intersect(&part) {
                return Ok(None);
            }
            let (least, greatest) = (-turned.get(stopwatch, 0), turned.get(0, stopwatch));
            turned.forget(stopwatch);
            if turned == part {
                return Ok(Some((least, greatest)));
            }
            part = turned;
        }
        Ok(None)
    }

    /// What one turn of at least a microsecond makes of a zone; the stopwatch shows how long it took.
    fn turn(&self, net: &mut Net<'_>, part: &Zone, stopwatch: usize) -> Result<Option<Zone>, Cap> {
        let (mut state, mut zone) = (self.state, part.clone());
        zone.reset(stopwatch);
        for &step in self.turn {
            let Some(followed) = net.follow(state, &zone, step)? else { return Ok(None) };
            (state, zone) = (followed.state, followed.zone);
        }
        zone = net.rename(state, &zone, self.again);
        Ok(zone.restrict(stopwatch, 0, -1).then_some(zone))
    }
}
