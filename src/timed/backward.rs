//! A run to what is wanted, found from its end.
//!
//! A worst case needs many things at once: three contenders all just miss the end of a delay, and how long before
//! their paces have to be chosen for that, a search from the beginning cannot know. From the end the wanted span says
//! what each event's moment must have been, and the beginning, where all paces are free, agrees with almost anything.
//! So this goes along the hull's edges against their direction, always from where the least time is left, with exact
//! zones: what it finds is a run, and when nothing is left to go back to there is none. The hull has every run, and
//! each point of a node's zone is led back through every edge and every renaming.

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc};

use super::{
    ahead::Ahead,
    budget::{Halt, Meter},
    hull::{Hull, Out},
    net::Net,
    zone::{Rows, Zone},
};
use crate::world::space::{Automorphism, Edge, PathStep};

/// What the stopwatch has to show at the last step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    Anything,
    AtLeast(i64),
    AtMost(i64),
}

/// What a hunt ends with.
pub enum Hunted {
    /// Its last step shows what is wanted.
    Run(Vec<PathStep>),
    /// No run shows it.
    Nothing,
    /// It took too long.
    Open,
}

/// Steps that have what is wanted as their value, and the stopwatch at them.
pub struct Prey<'a> {
    pub ends: &'a dyn Fn(&Out) -> bool,
    pub wanted: Wanted,
}

/// Looks for a run whose last step shows what is wanted, among `most` zones at most.
///
/// # Errors
/// When a limit is reached.
pub fn hunt(
    net: &mut Net<'_>,
    hull: &Hull,
    prey: &Prey<'_>,
    most: usize,
    meter: &mut Meter<'_>,
) -> Result<Hunted, Halt> {
    let before = meter.bytes();
    let mut hunt = Hunt::new(net, hull, prey)?;
    // Where one order of trying is led astray for long, another often is not.
    for (order, most) in (0..).zip(ATTEMPTS.into_iter().filter(|attempt| *attempt < most).chain([most])) {
        hunt.begin_anew(order);
        let hunted = hunt.go_on(net, most, meter)?;
        meter.release(meter.bytes() - before);
        if !matches!(hunted, Hunted::Open) {
            return Ok(hunted);
        }
    }
    Ok(Hunted::Open)
}

/// So many zones are looked at in one order before another is tried.
const ATTEMPTS: [usize; 12] = [2_000, 2_000, 2_000, 4_000, 4_000, 4_000, 8_000, 8_000, 8_000, 16_000, 16_000, 16_000];

/// A hunt under way: it ends early at a number of zones, and can go on from there.
pub struct Hunt<'a> {
    hull: &'a Hull,
    prey: &'a Prey<'a>,
    parts: Vec<Part>,
    found: Vec<Found>,
    /// For each node, what was found there: none contains another.
    chains: Vec<Vec<u32>>,
    /// The time that is left back to the stopwatch's start; then the longest story, or another order, or, where no
    /// stopwatch runs, the fewest steps that are left; then the number, and the image of its zone that comes next.
    queue: BinaryHeap<Reverse<(i64, i64, u32, usize)>>,
    /// The first order prefers the longest story; each other one is as good as random.
    order: u64,
    /// So many zones show what is wanted themselves; `None` before it has begun.
    ends: Option<usize>,
}

/// A node of the hull with what is fixed of its discrete state.
struct Part {
    rows: Arc<Rows>,
    edges: Arc<[Edge]>,
    automorphisms: Arc<[Automorphism]>,
    /// The edges that lead here: node and index of its outs.
    before: Vec<(u32, u32)>,
    /// The least number of steps from the beginning.
    distance: u32,
}

/// Points of a node from which a step leads to what is wanted, or to what was found before.
struct Found {
    node: u32,
    /// `None` once another contains it.
    zone: Option<Zone>,
    edge: u32,
    /// The steps to the end.
    steps: u32,
    /// What the step leads to and the renaming there.
    next: Option<(u32, Option<u16>)>,
}

impl<'a> Hunt<'a> {
    /// # Errors
    /// When a limit is reached.
    pub fn new(net: &mut Net<'_>, hull: &'a Hull, prey: &'a Prey<'a>) -> Result<Hunt<'a>, Halt> {
        let mut parts = Vec::with_capacity(hull.nodes.len());
        for node in &hull.nodes {
            let rows = net.rows(node.state);
            let edges = net.edges_from(node.state, &node.zone, &rows)?;
            let automorphisms = net.automorphisms(node.state);
            parts.push(Part { rows, edges, automorphisms, before: Vec::new(), distance: u32::MAX });
        }
        for (number, node) in hull.nodes.iter().enumerate() {
            for (index, out) in node.outs.iter().enumerate() {
                parts[out.target as usize].before.push((number as u32, index as u32));
            }
        }
        let (mut level, mut distance) = (vec![0], 0);
        while !level.is_empty() {
            let mut next = Vec::new();
            for node in level {
                let part: &mut Part = &mut parts[node];
                if part.distance == u32::MAX {
                    part.distance = distance;
                    next.extend(hull.nodes[node].outs.iter().map(|out| out.target as usize));
                }
            }
            level = next;
            distance += 1;
        }
        let chains = vec![Vec::new(); parts.len()];
        Ok(Hunt { hull, prey, parts, found: Vec::new(), chains, queue: BinaryHeap::new(), order: 0, ends: None })
    }

    fn begin_anew(&mut self, order: u64) {
        self.found.clear();
        self.chains.iter_mut().for_each(Vec::clear);
        self.queue.clear();
        self.ends = None;
        self.order = order;
    }

    /// Looks at `most` zones at most, those of earlier calls among them, beside those that show what is wanted.
    ///
    /// # Errors
    /// When a limit is reached.
    pub fn go_on(&mut self, net: &mut Net<'_>, most: usize, meter: &mut Meter<'_>) -> Result<Hunted, Halt> {
        meter.phase = "backward";
        let start = net.beginning();
        let ends = match self.ends {
            Some(ends) => ends,
            None => self.begin(meter)?,
        };
        while self.found.len() - ends <= most {
            let Some(Reverse((left, then, number, turn))) = self.queue.pop() else { return Ok(Hunted::Nothing) };
            let Found { node, zone: Some(zone), .. } = &self.found[number as usize] else { continue };
            let node = *node as usize;
            let automorphisms = &self.parts[node].automorphisms;
            let automorphism = turn.checked_sub(1);
            let image = automorphism.map_or_else(|| zone.clone(), |index| led_into(zone, &automorphisms[index]));
            if turn < automorphisms.len() {
                self.queue.push(Reverse((left, then, number, turn + 1)));
            }
            if automorphism.is_some() && image == *zone {
                continue;
            }
            let step = (number, automorphism.map(|index| index as u16));
            if node == 0 && start.clone().intersect(&image) {
                return Ok(Hunted::Run(self.path(step.0, step.1)));
            }
            self.expand(step, node, &image, meter)?;
        }
        Ok(Hunted::Open)
    }

    /// The steps that show what is wanted.
    fn begin(&mut self, meter: &mut Meter<'_>) -> Result<usize, Halt> {
        for (number, node) in self.hull.nodes.iter().enumerate() {
            let rows = self.parts[number].rows.clone();
            for out in node.outs.iter().filter(|out| (self.prey.ends)(out)) {
                let mut ahead = Ahead::of(&node.zone, &rows, &self.parts[number].edges[out.edge as usize]);
                match (self.prey.wanted, rows.stopwatch) {
                    (Wanted::Anything, _) => {}
                    (Wanted::AtLeast(span), Some(stopwatch)) => ahead.run_at_least(stopwatch, span),
                    (Wanted::AtMost(span), Some(stopwatch)) => ahead.run_at_most(stopwatch, span),
                    (Wanted::AtLeast(_) | Wanted::AtMost(_), None) => continue,
                }
                if let Some(zone) = ahead.now() {
                    self.arrive(number, zone, out.edge, None, meter)?;
                }
            }
        }
        Ok(*self.ends.insert(self.found.len()))
    }

    /// Every step that leads into an image of what was found.
    fn expand(
        &mut self,
        next: (u32, Option<u16>),
        node: usize,
        image: &Zone,
        meter: &mut Meter<'_>,
    ) -> Result<(), Halt> {
        for place in 0..self.parts[node].before.len() {
            meter.step()?;
            let (source, index) = self.parts[node].before[place];
            let part = &self.parts[source as usize];
            let Out { edge: label, .. } = self.hull.nodes[source as usize].outs[index as usize];
            let edge = &part.edges[label as usize];
            let mut ahead = Ahead::of(&self.hull.nodes[source as usize].zone, &part.rows, edge);
            if ahead.lead_to(edge, image)
                && let Some(zone) = ahead.now()
            {
                self.arrive(source as usize, zone, label, Some(next), meter)?;
            }
        }
        Ok(())
    }

    fn arrive(
        &mut self,
        node: usize,
        zone: Zone,
        edge: u32,
        next: Option<(u32, Option<u16>)>,
        meter: &mut Meter<'_>,
    ) -> Result<(), Halt> {
        let found = &mut self.found;
        let chain = &mut self.chains[node];
        let covers = |one: Option<&Zone>, other: Option<&Zone>| one.zip(other).is_some_and(|(a, b)| a.includes(b));
        if chain.iter().any(|&other| covers(found[other as usize].zone.as_ref(), Some(&zone))) {
            return Ok(());
        }
        chain.retain(|&other| {
            let covered = covers(Some(&zone), found[other as usize].zone.as_ref());
            if covered {
                meter.release(found[other as usize].zone.take().map_or(0, |zone| zone.bytes()));
            }
            !covered
        });
        let number = found.len() as u32;
        chain.push(number);
        let steps = next.map_or(1, |(next, _)| found[next as usize].steps + 1);
        let part = &self.parts[node];
        let (left, then) = match part.rows.stopwatch {
            Some(stopwatch) if self.order == 0 => (zone.get(0, stopwatch), -i64::from(steps)),
            Some(stopwatch) => (zone.get(0, stopwatch), scattered(number, self.order)),
            None => (-1, i64::from(part.distance)),
        };
        self.queue.push(Reverse((left, then, number, 0)));
        meter.keep(zone.bytes() + size_of::<Found>())?;
        found.push(Found { node: node as u32, zone: Some(zone), edge, steps, next });
        Ok(())
    }

    fn path(&self, first: u32, automorphism: Option<u16>) -> Vec<PathStep> {
        let mut steps = Vec::new();
        let mut here = Some((first, automorphism));
        while let Some((number, automorphism)) = here {
            let Found { edge, next, .. } = self.found[number as usize];
            steps.push(PathStep { automorphism, edge });
            here = next;
        }
        steps
    }
}

/// The points that a renaming leads into a zone.
fn led_into(zone: &Zone, automorphism: &Automorphism) -> Zone {
    let mut back = vec![0; automorphism.variables.len()];
    for (new, &old) in automorphism.variables.iter().enumerate() {
        back[usize::from(old)] = new as u16;
    }
    zone.renamed(&back)
}

/// A number that has nothing to do with another, for each order a different one.
fn scattered(number: u32, order: u64) -> i64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed = (u64::from(number) ^ order << 32).wrapping_mul(ODD);
    ((mixed ^ mixed >> 29).wrapping_mul(ODD) >> 1) as i64
}
