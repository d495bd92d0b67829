//! What it takes to be late: for each node of the hull, how late its pending events must be for a stopwatch to show a
//! wanted span in the end.
//!
//! The hull promises a worst case to every story that passes through the right states. Going backward from the steps
//! that show the wanted span, this finds what such a story needs: a step at which it is shown is not after any pending
//! event, so all of them are late enough; an event that is late enough at a target was so at the source, or was
//! scheduled late enough. A zone without it cannot show the span, and an exact search need not look at it first.

use std::collections::VecDeque;

use super::{
    budget::Halt,
    hull::{Hull, Out},
    net::Net,
    zone::{INF, Rows, Zone, row_of},
};
use crate::world::space::{Edge, Origin};

/// What a story needs at each node of the hull.
pub struct Needs {
    /// A reading of at least this is wanted.
    wanted: i64,
    /// For each node, for each row, the least span from the stopwatch's start (from now, where none runs) to that
    /// event; `None` where no story can show what is wanted.
    spans: Vec<Option<Box<[i64]>>>,
    /// The least number of steps to where it is shown.
    steps: Vec<u32>,
}

/// After so many looks at a node it is taken to need nothing: a need must not shrink by tiny spans for ever.
const MOST_LOOKS: u32 = 100;

impl Needs {
    /// # Errors
    /// When a declared cap was reached.
    pub fn of(net: &mut Net<'_>, hull: &Hull, wanted: i64) -> Result<Needs, Halt> {
        let count = hull.nodes.len();
        let mut links = Vec::with_capacity(count);
        for node in &hull.nodes {
            let (edges, rows) = (net.edges(node.state)?, net.rows(node.state));
            for out in &node.outs {
                let edge = edges[out.edge as usize].clone();
                let keeps = match (rows.stopwatch, net.rows(edge.target).stopwatch) {
                    (Some(before), Some(after)) => edge.origins[after - 1] == Origin::Kept(before as u16 - 1),
                    _ => false,
                };
                links.push(Link { out, rows: rows.clone(), edge, keeps });
            }
        }
        let mut needs = Needs { wanted, spans: vec![None; count], steps: vec![u32::MAX; count] };
        let graph = Graph::of(hull, links);
        needs.settle(&graph);
        needs.count_steps(&graph);
        Ok(needs)
    }

    /// What a zone of a node can show at most if it has not what it needs; `None` if it has.
    #[must_use]
    pub fn shortfall(&self, node: usize, rows: &Rows, zone: &Zone) -> Option<i64> {
        let has = self.spans[node].as_ref().is_some_and(|spans| has(spans, rows, zone));
        (!has).then_some(self.wanted - 1)
    }

    /// The least number of steps from a node to where the wanted span is shown, by the hull.
    #[must_use]
    pub fn steps(&self, node: usize) -> u32 {
        self.steps[node]
    }

    fn settle(&mut self, graph: &Graph<'_>) {
        let mut looks = vec![0_u32; self.spans.len()];
        let mut queue: VecDeque<usize> = (0..self.spans.len()).collect();
        let mut queued = vec![true; self.spans.len()];
        while let Some(node) = queue.pop_front() {
            queued[node] = false;
            looks[node] += 1;
            let mut spans = self.spans[node].clone();
            for link in graph.outs(node) {
                let Some(needed) = self.along(graph, node, link) else { continue };
                match &mut spans {
                    None => spans = Some(needed),
                    Some(spans) => spans.iter_mut().zip(&needed).for_each(|(span, other)| *span = (*span).min(*other)),
                }
            }
            if looks[node] > MOST_LOOKS {
                spans = spans.map(|spans| vec![0; spans.len()].into());
            }
            if spans != self.spans[node] {
                self.spans[node] = spans;
                for &before in &graph.before[node] {
                    if !std::mem::replace(&mut queued[before], true) {
                        queue.push_back(before);
                    }
                }
            }
        }
    }

    /// What a story needs that takes a link next; `None` if no zone of the node has it.
    fn along(&self, graph: &Graph<'_>, node: usize, link: &Link<'_>) -> Option<Box<[i64]>> {
        let shown = link.out.reading.is_some_and(|reading| reading.most >= self.wanted);
        let needed = if shown {
            Some(vec![self.wanted; link.edge_rows()].into())
        } else {
            self.spans[link.out.target as usize].as_ref().and_then(|after| link.needed(after))
        };
        needed.filter(|needed| has(needed, &link.rows, &graph.hull.nodes[node].zone))
    }

    fn count_steps(&mut self, graph: &Graph<'_>) {
        let mut level: Vec<usize> = (0..self.spans.len()).filter(|&node| self.shows(graph, node)).collect();
        let mut distance = 0;
        while !level.is_empty() {
            distance += 1;
            let mut next = Vec::new();
            for &node in &level {
                if self.steps[node] == u32::MAX {
                    self.steps[node] = distance;
                    let leads = |&before: &usize| {
                        let mut links = graph.outs(before).iter();
                        links.any(|link| link.out.target as usize == node && self.along(graph, before, link).is_some())
                    };
                    next.extend(graph.before[node].iter().copied().filter(leads));
                }
            }
            level = next;
        }
    }

    fn shows(&self, graph: &Graph<'_>, node: usize) -> bool {
        graph.outs(node).iter().any(|link| {
            link.out.reading.is_some_and(|reading| reading.most >= self.wanted)
                && self.along(graph, node, link).is_some()
        })
    }
}

/// A step of the hull.
struct Link<'a> {
    out: &'a Out,
    rows: std::sync::Arc<Rows>,
    edge: Edge,
    /// The stopwatch runs on.
    keeps: bool,
}

impl Link<'_> {
    fn edge_rows(&self) -> usize {
        self.rows.events.len() + usize::from(self.rows.stopwatch.is_some())
    }

    /// What the source's events need, given what the target's need. A need of zero is always met.
    fn needed(&self, after: &[i64]) -> Option<Box<[i64]>> {
        let mut needed: Box<[i64]> = vec![0; self.edge_rows()].into();
        // How long the stopwatch must have run at the step.
        let mut run = 0;
        for (origin, &span) in self.edge.origins.iter().zip(after) {
            match *origin {
                Origin::Kept(source) => {
                    let needed = &mut needed[row_of(source) - 1];
                    *needed = span.max(*needed);
                }
                Origin::Widened(source, by) => {
                    let needed = &mut needed[row_of(source) - 1];
                    *needed = span.saturating_sub(by).max(*needed);
                }
                Origin::Scheduled { hi, .. } => run = span.saturating_sub(hi).max(run),
            }
        }
        if run > 0 && !self.keeps {
            return None;
        }
        // The step is not after any pending event.
        self.rows.events.iter().for_each(|&row| needed[row - 1] = needed[row - 1].max(run));
        Some(needed)
    }
}

struct Graph<'a> {
    hull: &'a Hull,
    links: Vec<Link<'a>>,
    /// For each node, where its links begin; one more at the end.
    starts: Vec<usize>,
    before: Vec<Vec<usize>>,
}

impl<'a> Graph<'a> {
    fn of(hull: &'a Hull, links: Vec<Link<'a>>) -> Graph<'a> {
        let mut starts = vec![0];
        let mut before = vec![Vec::new(); hull.nodes.len()];
        for (number, node) in hull.nodes.iter().enumerate() {
            starts.push(starts[number] + node.outs.len());
            for out in &node.outs {
                if before[out.target as usize].last() != Some(&number) {
                    before[out.target as usize].push(number);
                }
            }
        }
        Graph { hull, links, starts, before }
    }

    fn outs(&self, node: usize) -> &[Link<'a>] {
        &self.links[self.starts[node]..self.starts[node + 1]]
    }
}

/// Whether some point of a zone may have events as late as needed.
fn has(needed: &[i64], rows: &Rows, zone: &Zone) -> bool {
    let from = rows.stopwatch.unwrap_or(0);
    let late = |&row: &usize| zone.get(row, from) == INF || zone.get(row, from) >= needed[row - 1];
    rows.events.iter().all(late)
}
