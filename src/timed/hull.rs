//! The zone hull: for each discrete state one zone that contains every reachable one.
//!
//! It has runs that do not exist, so it proves what never happens, and bounds what does. Making it costs little: a
//! state is explored again only when its zone has grown.

use std::collections::BTreeSet;

use super::{
    budget::{Halt, Meter},
    net::{Landing, Net},
    zone::{Reading, Zone},
};
use crate::world::space::{Marks, Origin, StateId};

/// One zone for each discrete state, and another for when its stopwatch has run past the cap.
pub struct Hull {
    /// The first is the initial one.
    pub nodes: Vec<Node>,
    /// The stopwatch is exact up to here.
    pub cap: i64,
    /// The greatest finite end of a window that was met.
    pub longest_window: i64,
    /// The greatest span of which every end of a window is a multiple.
    pub unit: i64,
    numbers: Vec<[u32; 2]>,
}

/// A discrete state of the hull.
pub struct Node {
    pub state: StateId,
    /// The stopwatch has run past the cap.
    pub past: bool,
    pub running: bool,
    /// A stopwatch runs, and nothing need ever happen.
    pub waits: bool,
    pub zone: Zone,
    /// What is possible, in the order of edges.
    pub outs: Vec<Out>,
}

/// An edge that some zone of the hull can take.
#[derive(Clone, Copy, Debug)]
pub struct Out {
    pub edge: u32,
    /// An index of nodes.
    pub target: u32,
    pub reading: Option<Reading>,
    /// The reading is a completed one.
    pub reads: bool,
    pub marks: Marks,
}

const NONE: u32 = u32::MAX;

/// So many nodes are looked ahead for: enough that starting a thread costs little beside.
const AHEAD: usize = 256;

impl Hull {
    /// A hull whose stopwatch is exact up to `cap` at least, and up to four times the longest window.
    ///
    /// # Errors
    /// When a limit is reached.
    pub fn reading(net: &mut Net<'_>, cap: i64, meter: &mut Meter<'_>) -> Result<Hull, Halt> {
        let mut cap = cap;
        loop {
            match Hull::explore_while(net, cap, meter, |window| 4 * window <= cap)? {
                Ok(hull) => return Ok(hull),
                Err(window) => cap = 4 * window,
            }
        }
    }

    /// # Errors
    /// When a limit is reached.
    pub fn explore(net: &mut Net<'_>, cap: i64, meter: &mut Meter<'_>) -> Result<Hull, Halt> {
        let hull = Hull::explore_while(net, cap, meter, |_| true)?;
        Ok(hull.unwrap_or_else(|_| unreachable!("every window will do")))
    }

    /// Ends early at a window that will not do.
    fn explore_while(
        net: &mut Net<'_>,
        cap: i64,
        meter: &mut Meter<'_>,
        will_do: impl Fn(i64) -> bool,
    ) -> Result<Result<Hull, i64>, Halt> {
        meter.phase = "hull";
        let mut hull = Hull { nodes: Vec::new(), cap, longest_window: 0, unit: 0, numbers: Vec::new() };
        let (state, zone, landing) = net.start(cap);
        hull.note_windows(&net.initial().1);
        let (first, _) = hull.arrive(net, state, &landing, &zone, meter)?;
        let mut queue = BTreeSet::from([first]);
        let (mut source, mut after) = (Zone::default(), Zone::default());
        let mut helpers = meter.helpers();
        let mut until_look = 0;
        while let Some(number) = queue.pop_first() {
            if until_look == 0 {
                if helpers.count == 0 {
                    helpers = meter.helpers();
                }
                if helpers.count > 0 {
                    let next = queue.iter().take(AHEAD).map(|&number| &hull.nodes[number as usize]);
                    net.prepare(next.map(|node| (node.state, &node.zone)), helpers.count);
                }
                // Before what is made ready runs out.
                until_look = 1 + queue.len().min(AHEAD) / 2;
            }
            until_look -= 1;
            let node = &mut hull.nodes[number as usize];
            let state = node.state;
            source.clone_from(&node.zone);
            let mut outs = std::mem::take(&mut node.outs);
            outs.clear();
            let rows = net.rows(state);
            let edges = net.edges_from(state, &source, &rows)?;
            for edge in edges.iter() {
                hull.note_windows(&edge.origins);
            }
            if !will_do(hull.longest_window) {
                hull.nodes.iter().for_each(|node| meter.release(node.zone.bytes()));
                return Ok(Err(hull.longest_window));
            }
            for (index, edge) in edges.iter().enumerate() {
                meter.step()?;
                let Some(landing) = net.step(&source, &rows, edge, cap, &mut after) else { continue };
                let (target, grew) = hull.arrive(net, edge.target, &landing, &after, meter)?;
                outs.push(Out {
                    edge: index as u32,
                    target,
                    reading: landing.reading,
                    reads: edge.reads,
                    marks: edge.marks,
                });
                if grew {
                    queue.insert(target);
                }
            }
            let node = &mut hull.nodes[number as usize];
            node.outs = outs;
            node.waits = node.running && source.may_wait_for_ever(&rows);
        }
        hull.unit = hull.unit.max(1);
        meter.stats.hull_rounds += 1;
        meter.stats.states = net.states();
        Ok(Ok(hull))
    }

    /// The node of a discrete state, if the hull reaches it.
    #[must_use]
    pub fn number(&self, state: StateId, past: bool) -> Option<u32> {
        let number = self.numbers.get(state as usize)?[usize::from(past)];
        (number != NONE).then_some(number)
    }

    fn arrive(
        &mut self,
        net: &mut Net<'_>,
        state: StateId,
        landing: &Landing,
        zone: &Zone,
        meter: &mut Meter<'_>,
    ) -> Result<(u32, bool), Halt> {
        let index = state as usize;
        if index >= self.numbers.len() {
            self.numbers.resize(index + 1, [NONE; 2]);
        }
        let number = &mut self.numbers[index][usize::from(landing.past)];
        if *number != NONE {
            return Ok((*number, self.nodes[*number as usize].zone.join(zone)));
        }
        *number = self.nodes.len() as u32;
        let running = net.rows(state).stopwatch.is_some();
        let node = Node { state, past: landing.past, running, waits: false, zone: zone.clone(), outs: Vec::new() };
        meter.keep(zone.bytes())?;
        self.nodes.push(node);
        Ok((*number, true))
    }

    fn note_windows(&mut self, origins: &[Origin]) {
        for origin in origins {
            let (least, span) = match *origin {
                Origin::Scheduled { lo, hi, .. } => (lo, hi),
                Origin::Widened(_, by) => (0, by),
                Origin::Kept(_) => continue,
            };
            self.unit = common(self.unit, least);
            if span < i64::MAX {
                self.unit = common(self.unit, span);
                self.longest_window = self.longest_window.max(span);
            }
        }
    }
}

/// The greatest common divisor; that of nothing and a number is the number.
fn common(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { common(b, a % b) }
}
