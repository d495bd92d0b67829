//! Runs in which time stands still.
//!
//! A step that fires an event scheduled at exactly now takes no time. A cycle of such steps is an endless run that no
//! time can ever pass: the design is wrong. A cycle of steps that *may* take no time, each scheduled within the cycle
//! with a window that begins at zero, is an endless fast run that the answers leave out, which is worth a remark.

use std::{collections::VecDeque, sync::Arc};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Notes, Query, Stats, Switches,
    bounds::{NOTHING, Promises, components},
    budget::{Halt, Limits, Meter},
    concrete::{Aim, concretise},
    exact::Goal,
    hull::{Hull, Node},
    net::Net,
};
use crate::world::space::{Automorphism, Cap, Causes, Edge, Origin, PathStep, Space, StateId, TimedPath};

/// Whether time can be kept from passing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stuck {
    /// No run is forced to stand still. With `infinitely_fast`, some could take infinitely many steps in no time.
    No {
        infinitely_fast: bool,
    },
    /// The path ends with a cycle of steps that are forced to take no time.
    Yes(TimedPath),
    Unknown(String),
}

/// Is there a cycle of steps that are forced to take no time?
pub fn stuck(space: &mut dyn Space, limits: &Limits, switches: &Switches) -> (Stuck, Stats) {
    Notes::default().stuck(space, limits, switches)
}

impl Query<'_> {
    pub(super) fn stuck(&mut self) -> Result<Stuck, Halt> {
        let hull = self.any_hull()?;
        if !may_turn(&mut self.net, &hull)? {
            return Ok(Stuck::No { infinitely_fast: false });
        }
        let forced = Instants::explore(&mut self.net, &hull, Haste::Forced, &mut self.meter)?;
        if let Some(path) = self.stuck_path(&hull, &forced)? {
            return Ok(Stuck::Yes(path));
        }
        let possible = Instants::explore(&mut self.net, &hull, Haste::Possible, &mut self.meter)?;
        Ok(Stuck::No { infinitely_fast: possible.cyclic().iter().any(|cyclic| *cyclic) })
    }

    /// A run into a cycle of forced steps and once around it.
    fn stuck_path(&mut self, hull: &Hull, forced: &Instants) -> Result<Option<TimedPath>, Halt> {
        let cyclic = forced.cyclic();
        if !cyclic.contains(&true) {
            return Ok(None);
        }
        let leads = forced.leads_to(&cyclic);
        let enters = |edge: &Edge| {
            let entry = forced.numbers.get(&(edge.target, hasty(&edge.origins, &[], Haste::Forced)));
            if entry.is_some_and(|&entry| leads[entry]) { 1 } else { NOTHING }
        };
        let (first, origins) = self.net.initial();
        let at_once = forced.numbers.get(&(first, hasty(&origins, &[], Haste::Forced)));
        let stem = match at_once.filter(|&&entry| leads[entry]) {
            Some(&entry) => Some((Vec::new(), entry)),
            None => self.entered(hull, &enters, forced)?,
        };
        let Some((mut steps, entry)) = stem else { return Ok(None) };
        steps.extend(forced.lasso(entry, &cyclic));
        let path = concretise(&mut self.net, &steps, Aim::Any)?;
        Ok(Some(path.expect("events that are due fire in any order")))
    }

    /// An exact run whose last step enters the instant of a cycle.
    fn entered(
        &mut self,
        hull: &Hull,
        enters: &dyn Fn(&Edge) -> i64,
        forced: &Instants,
    ) -> Result<Option<(Vec<PathStep>, usize)>, Halt> {
        let mut edges = Vec::with_capacity(hull.nodes.len());
        for node in &hull.nodes {
            edges.push(self.net.edges(node.state)?);
        }
        let promises = Promises::of(hull, |node, out| {
            let number = hull.number(node.state, node.past).expect("a node has a number") as usize;
            out.map_or(NOTHING, |out| enters(&edges[number][out.edge as usize]))
        });
        let goal = Goal { promises: &promises, hurry: false, edge: &|edge, _| enters(edge), arrival: &|_, _| NOTHING };
        let found = self.search(hull, &goal, usize::MAX);
        let Some((_, steps)) = found.best else { return found.halt.map_or(Ok(None), Err) };
        let edge = self.last_edge(&steps)?;
        Ok(Some((steps, forced.numbers[&(edge.target, hasty(&edge.origins, &[], Haste::Forced))])))
    }

    fn last_edge(&mut self, steps: &[PathStep]) -> Result<Edge, Cap> {
        let (last, before) = steps.split_last().expect("the path ends with an edge");
        let mut state = self.net.initial().0;
        for step in before {
            state = self.net.edges(state)?[step.edge as usize].target;
        }
        Ok(self.net.edges(state)?[last.edge as usize].clone())
    }
}

/// Whether the hull has a cycle of steps that each fire what a step of that cycle may have scheduled at once, or are the
/// adversary's. Without one, no more than that can happen in an instant: a look that settles most designs.
fn may_turn(net: &mut Net<'_>, hull: &Hull) -> Result<bool, Halt> {
    let mut edges = Vec::with_capacity(hull.nodes.len());
    for node in &hull.nodes {
        edges.push(net.edges(node.state)?);
    }
    // Of each node the steps that may belong to such a cycle: fewer in each round.
    let outs = |node: &Node| node.outs.iter().map(|out| (out.edge as usize, out.target as usize)).collect();
    let mut turning: Vec<Vec<Turn>> = hull.nodes.iter().map(outs).collect();
    loop {
        let before: usize = turning.iter().map(Vec::len).sum();
        keep_cycles(&mut turning);
        let hasty = scheduled_at_once(net, hull, &edges, &turning);
        for (number, outs) in turning.iter_mut().enumerate() {
            let at_once = |variable| hasty[number].contains(Causes::variable(variable));
            outs.retain(|(edge, _)| edges[number][*edge].fires.is_none_or(at_once));
        }
        let left: usize = turning.iter().map(Vec::len).sum();
        if left == before || left == 0 {
            return Ok(left > 0);
        }
    }
}

/// A step of a node: its edge, and the node that it leads to.
type Turn = (usize, usize);

/// Drops the steps that lie on no cycle.
fn keep_cycles(turning: &mut [Vec<Turn>]) {
    let mut of = vec![0; turning.len()];
    let targets = |node: usize| turning[node].iter().map(|(_, target)| *target);
    for (number, component) in components(turning.len(), targets).iter().enumerate() {
        component.iter().for_each(|&node| of[node] = number);
    }
    for (node, outs) in turning.iter_mut().enumerate() {
        outs.retain(|(_, target)| of[node] == of[*target]);
    }
}

/// For each node, the variables that one of these steps may have scheduled at once.
fn scheduled_at_once(net: &mut Net<'_>, hull: &Hull, edges: &[Arc<[Edge]>], turning: &[Vec<Turn>]) -> Vec<Causes> {
    let mut hasty = vec![Causes::NONE; turning.len()];
    let mut queue: VecDeque<usize> = (0..turning.len()).filter(|node| !turning[*node].is_empty()).collect();
    let mut queued: Vec<bool> = turning.iter().map(|outs| !outs.is_empty()).collect();
    while let Some(number) = queue.pop_front() {
        queued[number] = false;
        for &(edge, target) in &turning[number] {
            let mut more = stays_hasty(&edges[number][edge].origins, hasty[number]);
            for automorphism in net.automorphisms(hull.nodes[target].state).iter() {
                more = more.with(renamed(more, automorphism));
            }
            if !hasty[target].contains(more) {
                hasty[target] = hasty[target].with(more);
                if !std::mem::replace(&mut queued[target], true) {
                    queue.push_back(target);
                }
            }
        }
    }
    hasty
}

/// What may have been scheduled at once after a step, if this was so before it.
fn stays_hasty(origins: &[Origin], before: Causes) -> Causes {
    (0..).zip(origins).fold(Causes::NONE, |all, (variable, origin)| {
        let at_once = match *origin {
            Origin::Kept(source) | Origin::Widened(source, _) => before.contains(Causes::variable(source)),
            Origin::Scheduled { lo, .. } => lo == 0,
        };
        if at_once { all.with(Causes::variable(variable)) } else { all }
    })
}

fn renamed(variables: Causes, automorphism: &Automorphism) -> Causes {
    let images = (0..).zip(&automorphism.variables).filter(|(_, old)| variables.contains(Causes::variable(**old)));
    images.fold(Causes::NONE, |all, (new, _)| all.with(Causes::variable(new)))
}

/// Which steps follow each other in one instant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Haste {
    /// They must: the event was scheduled at exactly now.
    Forced,
    /// They may: the event was scheduled from now on, or the adversary acts.
    Possible,
}

/// Discrete states with what was scheduled in the present instant and may or must still happen in it.
struct Instants {
    numbers: FxHashMap<(StateId, Hasty), usize>,
    /// Edge and target.
    outs: Vec<Vec<(u32, usize)>>,
}

/// Variables, ascending.
type Hasty = Box<[u16]>;

const MOST_INSTANTS: usize = 1 << 20;

impl Instants {
    /// What can happen within an instant, from wherever the hull is.
    fn explore(net: &mut Net<'_>, hull: &Hull, haste: Haste, meter: &mut Meter<'_>) -> Result<Instants, Halt> {
        meter.phase = "stuck";
        let mut instants = Instants { numbers: FxHashMap::default(), outs: Vec::new() };
        let mut queue = VecDeque::new();
        let (first, origins) = net.initial();
        instants.enter(first, hasty(&origins, &[], haste), &mut queue)?;
        let mut seen = FxHashSet::default();
        for node in &hull.nodes {
            let edges = net.edges(node.state)?;
            for out in node.outs.iter().filter(|out| seen.insert((node.state, out.edge))) {
                let edge = &edges[out.edge as usize];
                instants.enter(edge.target, hasty(&edge.origins, &[], haste), &mut queue)?;
            }
        }
        while let Some((number, state, pending)) = queue.pop_front() {
            let edges = net.edges(state)?;
            for (index, edge) in edges.iter().enumerate() {
                meter.step()?;
                let follows = edge.fires.map_or(haste == Haste::Possible, |event| pending.contains(&event));
                if follows {
                    let target = instants.enter(edge.target, hasty(&edge.origins, &pending, haste), &mut queue)?;
                    instants.outs[number].push((index as u32, target));
                }
            }
        }
        Ok(instants)
    }

    fn enter(
        &mut self,
        state: StateId,
        pending: Hasty,
        queue: &mut VecDeque<(usize, StateId, Hasty)>,
    ) -> Result<usize, Halt> {
        let next = self.outs.len();
        let number = *self.numbers.entry((state, pending.clone())).or_insert(next);
        if number == next {
            if next == MOST_INSTANTS {
                return Err(Halt::Zones("the search for steps within one instant", MOST_INSTANTS));
            }
            self.outs.push(Vec::new());
            queue.push_back((number, state, pending));
        }
        Ok(number)
    }

    fn targets(&self, number: usize) -> impl Iterator<Item = usize> {
        self.outs[number].iter().map(|(_, target)| *target)
    }

    /// Which nodes lie on a cycle.
    fn cyclic(&self) -> Vec<bool> {
        let mut cyclic = vec![false; self.outs.len()];
        for component in components(self.outs.len(), |number| self.targets(number)) {
            let is_cycle = component.len() > 1 || self.targets(component[0]).any(|target| target == component[0]);
            component.iter().for_each(|&number| cyclic[number] = is_cycle);
        }
        cyclic
    }

    /// Which nodes lead to a wanted one.
    fn leads_to(&self, wanted: &[bool]) -> Vec<bool> {
        let mut leads = wanted.to_vec();
        for component in components(self.outs.len(), |number| self.targets(number)) {
            let any = component.iter().any(|&number| leads[number] || self.targets(number).any(|next| leads[next]));
            component.iter().for_each(|&number| leads[number] = any);
        }
        leads
    }

    /// The shortest steps into a cycle and once around it.
    fn lasso(&self, entry: usize, cyclic: &[bool]) -> Vec<PathStep> {
        let (mut steps, place) = self.way(entry, |number| cyclic[number]);
        steps.extend(self.round(place));
        steps.into_iter().map(|edge| PathStep { automorphism: None, edge }).collect()
    }

    /// The shortest way from a node on a cycle back to it.
    fn round(&self, place: usize) -> Vec<u32> {
        let back = |&(edge, target): &(u32, usize)| {
            let (rest, _) = self.search(target, |number| number == place)?;
            Some([edge].into_iter().chain(rest).collect::<Vec<u32>>())
        };
        let rounds = self.outs[place].iter().filter_map(back);
        rounds.min_by_key(Vec::len).expect("the place lies on a cycle")
    }

    fn way(&self, from: usize, wanted: impl Fn(usize) -> bool) -> (Vec<u32>, usize) {
        self.search(from, wanted).expect("a way is asked for only where there is one")
    }

    /// The edges of a shortest way to a wanted node, and that node.
    fn search(&self, from: usize, wanted: impl Fn(usize) -> bool) -> Option<(Vec<u32>, usize)> {
        let mut before: FxHashMap<usize, (usize, u32)> = FxHashMap::default();
        let mut queue = VecDeque::from([from]);
        while let Some(number) = queue.pop_front() {
            if wanted(number) {
                let (mut edges, mut at) = (Vec::new(), number);
                while at != from {
                    let (parent, edge) = before[&at];
                    edges.push(edge);
                    at = parent;
                }
                edges.reverse();
                return Some((edges, number));
            }
            for &(edge, target) in &self.outs[number] {
                if target != from && !before.contains_key(&target) {
                    before.insert(target, (number, edge));
                    queue.push_back(target);
                }
            }
        }
        None
    }
}

/// Which variables can still happen in the instant of a step, after it; `before` it, these could.
fn hasty(origins: &[Origin], before: &[u16], haste: Haste) -> Hasty {
    let stays = |origin: &Origin| match *origin {
        Origin::Kept(source) => before.contains(&source),
        Origin::Widened(source, by) => before.contains(&source) && (haste == Haste::Possible || by == 0),
        Origin::Scheduled { lo, hi, .. } => match haste {
            Haste::Forced => hi == 0,
            Haste::Possible => lo == 0,
        },
    };
    (0..).zip(origins).filter_map(|(variable, origin)| stays(origin).then_some(variable)).collect()
}
