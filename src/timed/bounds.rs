//! What the hull allows from each of its nodes on: bounds that cut an exact search.

use super::hull::{Hull, Node, Out};

/// Nothing that counts can happen any more.
pub const NOTHING: i64 = i64::MIN;

/// What each node of the hull promises.
pub struct Promises {
    /// The greatest value that the node itself or a step has that is reachable from it.
    pub values: Vec<i64>,
    /// The least number of steps to where this value is.
    pub steps: Vec<u32>,
}

impl Promises {
    #[must_use]
    pub fn of(hull: &Hull, value: impl Fn(&Node, Option<&Out>) -> i64) -> Promises {
        let values = potentials(hull, &value);
        let mut steps = vec![u32::MAX; values.len()];
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); values.len()];
        let (mut level, mut next) = (Vec::new(), Vec::new());
        for (number, node) in hull.nodes.iter().enumerate() {
            if value(node, None) == values[number] {
                level.push(number);
            }
            for out in &node.outs {
                let target = out.target as usize;
                if value(node, Some(out)) == values[number] {
                    next.push(number);
                } else if values[target] == values[number] {
                    before[target].push(number);
                }
            }
        }
        let mut distance = 0;
        while !level.is_empty() || distance == 0 {
            for number in level.drain(..) {
                if steps[number] == u32::MAX {
                    steps[number] = distance;
                    next.extend(&before[number]);
                }
            }
            std::mem::swap(&mut level, &mut next);
            distance += 1;
        }
        Promises { values, steps }
    }

    /// The same from everywhere, as far as is known.
    #[must_use]
    pub fn alike(value: i64, nodes: usize) -> Promises {
        Promises { values: vec![value; nodes], steps: vec![0; nodes] }
    }

    /// The greatest value at all.
    #[must_use]
    pub fn most(&self) -> i64 {
        self.values[0]
    }
}

fn potentials(hull: &Hull, value: &impl Fn(&Node, Option<&Out>) -> i64) -> Vec<i64> {
    let mut best: Vec<i64> = hull
        .nodes
        .iter()
        .map(|node| node.outs.iter().map(|out| value(node, Some(out))).fold(value(node, None), i64::max))
        .collect();
    let successors = |node: usize| hull.nodes[node].outs.iter().map(|out| out.target as usize);
    // Components come targets first: within one, all nodes reach the same.
    for component in components(hull.nodes.len(), successors) {
        let reached = component.iter().flat_map(|&node| successors(node).chain([node])).map(|node| best[node]).max();
        for &node in &component {
            best[node] = reached.unwrap_or(NOTHING);
        }
    }
    best
}

/// The strongly connected components of a graph, each after those that it leads to. Within one, nodes are ascending.
#[must_use]
pub fn components<I: Iterator<Item = usize>>(nodes: usize, successors: impl Fn(usize) -> I) -> Vec<Vec<usize>> {
    const NEW: usize = usize::MAX;
    let (mut low, mut done) = (vec![NEW; nodes], vec![false; nodes]);
    let (mut found, mut stack, mut count) = (Vec::new(), Vec::new(), 0);
    for root in 0..nodes {
        if low[root] != NEW {
            continue;
        }
        let mut calls = vec![(root, count, successors(root))];
        low[root] = count;
        count += 1;
        stack.push(root);
        while let Some((node, order, rest)) = calls.last_mut() {
            let (node, order) = (*node, *order);
            if let Some(next) = rest.next() {
                if low[next] == NEW {
                    low[next] = count;
                    stack.push(next);
                    calls.push((next, count, successors(next)));
                    count += 1;
                } else if !done[next] {
                    low[node] = low[node].min(low[next]);
                }
                continue;
            }
            calls.pop();
            if let Some((caller, ..)) = calls.last() {
                low[*caller] = low[*caller].min(low[node]);
            }
            if low[node] == order {
                let start = stack.iter().rposition(|&other| other == node).expect("an open node is on the stack");
                let mut component = stack.split_off(start);
                component.iter().for_each(|&member| done[member] = true);
                component.sort_unstable();
                found.push(component);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::components;

    #[test]
    fn components_come_after_what_they_lead_to() {
        // 0 -> 1 <-> 2 -> 3, 4 -> 4
        let edges: [&[usize]; 5] = [&[1], &[2], &[1, 3], &[], &[4]];
        let found = components(5, |node| edges[node].iter().copied());
        assert_eq!(found, [vec![3], vec![1, 2], vec![0], vec![4]]);
    }
}
