//! Exact search: reachable zones, one by one, where the hull still promises more than has been seen.
//!
//! Zones of one discrete state that another contains are left out. The most promising come first, then those whose
//! story is shortest, counting the steps that are still to come by the hull: the first story of a value is a shortest.

use std::{cmp::Reverse, collections::BinaryHeap};

use rustc_hash::FxHashMap;

use super::{
    bounds::{NOTHING, Promises},
    budget::{Halt, Meter},
    hull::Hull,
    net::{Landing, Net},
    zone::{Outline, Reading, Rows, Zone},
};
use crate::world::space::{Edge, PathStep, StateId};

/// What a search is after: the greatest value of a step or an arrival.
pub struct Goal<'a> {
    pub promises: &'a Promises,
    /// Any story of the greatest value will do: what is nearest to its end by the hull comes first, however long it
    /// was. Otherwise the first story of a value is a shortest.
    pub hurry: bool,
    /// The value of taking an edge.
    pub edge: &'a dyn Fn(&Edge, Option<Reading>) -> i64,
    /// The value of a zone that was reached.
    pub arrival: &'a dyn Fn(&Rows, &Zone) -> i64,
}

/// What a search found.
pub struct Found {
    /// The greatest value seen and the path to it.
    pub best: Option<(i64, Vec<PathStep>)>,
    /// No value is greater than this.
    pub at_most: i64,
    /// Why the search ended early.
    pub halt: Option<Halt>,
}

/// Searches for the greatest value. `inclusion` leaves out contained zones, not only equal ones.
pub fn search(
    net: &mut Net<'_>,
    hull: &Hull,
    goal: &Goal<'_>,
    inclusion: bool,
    most: usize,
    meter: &mut Meter<'_>,
) -> Found {
    let before = meter.bytes();
    let mut search = Search::new(hull, goal, inclusion);
    let halt = search.go_on(net, most, meter).err();
    let seen = search.seen();
    let open = search.queue.peek().map_or(NOTHING, |(promise, ..)| *promise);
    let at_most = if halt.is_some() { open.max(search.working).max(seen) } else { seen };
    let best = search.best();
    meter.release(meter.bytes() - before);
    Found { best, at_most, halt }
}

/// A zone that was reached.
pub struct Reached {
    pub state: StateId,
    pub zone: Zone,
    /// The renaming that was applied on arrival: that of the next step.
    pub automorphism: Option<u16>,
    pub path: Vec<PathStep>,
}

/// The reachable zones of some nodes of the hull, fewest steps first; at most `most` zones are looked at.
///
/// # Errors
/// When a limit is reached.
pub fn explore(
    net: &mut Net<'_>,
    hull: &Hull,
    wanted: &[bool],
    most: usize,
    meter: &mut Meter<'_>,
) -> Result<Vec<Reached>, Halt> {
    let before = meter.bytes();
    let leads = Promises::of(hull, |node, _| {
        let number = hull.number(node.state, node.past).expect("a node has a number");
        if wanted[number as usize] { 1 } else { NOTHING }
    });
    // Breadth first: all of the wanted ones are.
    let leads = Promises { steps: vec![0; leads.steps.len()], ..leads };
    let goal = Goal { promises: &leads, hurry: false, edge: &|_, _| NOTHING, arrival: &|_, _| NOTHING };
    let mut search = Search::new(hull, &goal, true);
    match search.go_on(net, most, meter) {
        Ok(()) | Err(Halt::Zones(..)) => {}
        Err(halt) => return Err(halt),
    }
    let mut reached = Vec::new();
    for (number, node) in search.nodes.iter().enumerate() {
        let in_hull = hull.number(node.state, net.rows(node.state).stopwatch.is_some());
        if let Some(zone) = &node.zone
            && in_hull.is_some_and(|number| wanted[number as usize])
        {
            let path = search.path(number as u32, None);
            reached.push(Reached { state: node.state, zone: zone.clone(), automorphism: node.automorphism, path });
        }
    }
    meter.release(meter.bytes() - before);
    Ok(reached)
}

/// A search under way: it ends early at a number of zones, and can go on from there.
pub struct Search<'a> {
    hull: &'a Hull,
    goal: &'a Goal<'a>,
    inclusion: bool,
    nodes: Vec<Node>,
    /// For each discrete state, and for when its stopwatch has run past the cap, zones of which none contains another.
    chains: FxHashMap<(StateId, bool), Vec<Link>>,
    /// Zones to expand: what is promised, the steps of the whole story, those so far, and the number.
    queue: BinaryHeap<(i64, Reverse<u32>, u32, Reverse<u32>)>,
    /// The promise of the zone that is being expanded.
    working: i64,
    /// The value, and the zone and edge that have it; without an edge, the arrival itself.
    best: Option<(i64, u32, Option<u32>)>,
}

/// A zone of a chain.
struct Link {
    outline: Outline,
    steps: u32,
    number: u32,
}

struct Node {
    state: StateId,
    /// The renaming that was applied on arrival.
    automorphism: Option<u16>,
    /// The node before and its edge; the first node is its own parent.
    parent: u32,
    edge: u32,
    steps: u32,
    expanded: bool,
    /// `None` once another zone contains it that makes it needless.
    zone: Option<Zone>,
}

impl<'a> Search<'a> {
    #[must_use]
    pub fn new(hull: &'a Hull, goal: &'a Goal<'a>, inclusion: bool) -> Search<'a> {
        Search {
            hull,
            goal,
            inclusion,
            nodes: Vec::new(),
            chains: FxHashMap::default(),
            queue: BinaryHeap::new(),
            working: goal.promises.most(),
            best: None,
        }
    }

    /// Looks at `most` zones at most, those of earlier calls among them.
    ///
    /// # Errors
    /// When that or another limit is reached.
    pub fn go_on(&mut self, net: &mut Net<'_>, most: usize, meter: &mut Meter<'_>) -> Result<(), Halt> {
        meter.phase = "exact";
        if self.nodes.is_empty() {
            let (state, zone, landing) = net.start(self.hull.cap);
            let root = Node { state, automorphism: landing.automorphism, ..Node::root() };
            self.arrive(net, root, &landing, &zone, meter)?;
        }
        while let Some(&(promise, ..)) = self.queue.peek()
            && promise > self.seen()
        {
            if self.nodes.len() >= most {
                return Err(Halt::Zones("an exact search", most));
            }
            self.working = promise;
            if let Some((.., Reverse(number))) = self.queue.pop() {
                self.expand(net, number, meter)?;
            }
        }
        self.queue.clear();
        Ok(())
    }

    /// The greatest value seen and the path to it.
    #[must_use]
    pub fn best(&self) -> Option<(i64, Vec<PathStep>)> {
        self.best.map(|(value, node, edge)| (value, self.path(node, edge)))
    }

    fn expand(&mut self, net: &mut Net<'_>, number: u32, meter: &mut Meter<'_>) -> Result<(), Halt> {
        let node = &mut self.nodes[number as usize];
        let Some(source) = node.zone.clone() else { return Ok(()) };
        node.expanded = true;
        let (state, steps) = (node.state, node.steps);
        let (rows, edges) = (net.rows(state), net.edges(state)?);
        let mut after = Zone::default();
        for (index, edge) in edges.iter().enumerate() {
            meter.step()?;
            let Some(landing) = net.step(&source, &rows, edge, self.hull.cap, &mut after) else { continue };
            self.improve((self.goal.edge)(edge, landing.reading), number, Some(index as u32));
            let next = Node {
                state: edge.target,
                automorphism: landing.automorphism,
                parent: number,
                edge: index as u32,
                steps: steps + 1,
                expanded: false,
                zone: None,
            };
            self.arrive(net, next, &landing, &after, meter)?;
        }
        Ok(())
    }

    fn arrive(
        &mut self,
        net: &mut Net<'_>,
        mut node: Node,
        landing: &Landing,
        zone: &Zone,
        meter: &mut Meter<'_>,
    ) -> Result<(), Halt> {
        let value = (self.goal.arrival)(&net.rows(node.state), zone);
        // The hull may hold a zone that has run past the cap together with others that have not.
        let in_hull = self.hull.number(node.state, landing.past).or_else(|| self.hull.number(node.state, false));
        let in_hull = in_hull.expect("the hull has every reachable zone") as usize;
        let promise = self.goal.promises.values[in_hull];
        if promise <= self.seen() || !self.admit(&node, landing.past, zone, meter) {
            return Ok(());
        }
        let number = self.nodes.len() as u32;
        let so_far = if self.goal.hurry { 0 } else { node.steps };
        let story = so_far + self.goal.promises.steps[in_hull];
        self.queue.push((promise, Reverse(story), node.steps, Reverse(number)));
        node.zone = Some(zone.clone());
        self.nodes.push(node);
        self.improve(value, number, None);
        meter.keep(zone.bytes() + size_of::<Node>())
    }

    /// Puts a zone that is about to get the next number into its chain, unless one there contains it after no more
    /// steps.
    fn admit(&mut self, arriving: &Node, past: bool, zone: &Zone, meter: &mut Meter<'_>) -> bool {
        let (nodes, inclusion, hurry) = (&mut self.nodes, self.inclusion, self.goal.hurry);
        let new = Link { outline: zone.outline(), steps: arriving.steps, number: nodes.len() as u32 };
        let chain = self.chains.entry((arriving.state, past)).or_default();
        let covers = |cover: &Zone, other: &Zone| if inclusion { cover.includes(other) } else { cover == other };
        let makes_needless = |link: &Link| {
            (hurry || link.steps <= new.steps)
                && link.outline.may_include(&new.outline)
                && covers(zone_of(nodes, link), zone)
        };
        if chain.iter().any(makes_needless) {
            return false;
        }
        chain.retain(|link| {
            let covered = new.outline.may_include(&link.outline)
                && (hurry || link.steps >= new.steps || nodes[link.number as usize].expanded)
                && covers(zone, zone_of(nodes, link));
            if covered {
                meter.release(nodes[link.number as usize].zone.take().map_or(0, |zone| zone.bytes()));
            }
            !covered
        });
        chain.push(new);
        true
    }

    fn seen(&self) -> i64 {
        self.best.map_or(NOTHING, |(value, ..)| value)
    }

    fn improve(&mut self, value: i64, node: u32, edge: Option<u32>) {
        if value > self.seen() {
            self.best = Some((value, node, edge));
        }
    }

    fn path(&self, node: u32, edge: Option<u32>) -> Vec<PathStep> {
        let mut steps = Vec::new();
        let step = |number: u32, edge| PathStep { automorphism: self.nodes[number as usize].automorphism, edge };
        steps.extend(edge.map(|edge| step(node, edge)));
        let mut number = node;
        while self.nodes[number as usize].steps > 0 {
            let Node { parent, edge, .. } = self.nodes[number as usize];
            steps.push(step(parent, edge));
            number = parent;
        }
        steps.reverse();
        steps
    }
}

fn zone_of<'a>(nodes: &'a [Node], link: &Link) -> &'a Zone {
    nodes[link.number as usize].zone.as_ref().expect("a zone is kept while its chain has it")
}

impl Node {
    fn root() -> Node {
        Node { state: 0, automorphism: None, parent: 0, edge: 0, steps: 0, expanded: false, zone: None }
    }
}
