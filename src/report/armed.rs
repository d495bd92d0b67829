//! Which timers a run arms, when they come, and which still run at its end: read from what its steps did.

use std::collections::BTreeMap;

use super::{scene::parties, seconds};
use crate::{
    time::Window,
    trace::{Occurrence, Trace},
};

/// A timer that was armed in a run.
#[derive(Clone, Debug)]
struct Armed {
    step: usize,
    /// As the process said it, before what its clock and its reaction made of it.
    window: Option<Window>,
}

/// The timers of a run.
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// By the step in which it comes.
    coming: BTreeMap<usize, Armed>,
    /// Those that run at the end, the oldest first.
    running: Vec<Armed>,
}

impl Timers {
    pub(super) fn of(trace: &Trace) -> Timers {
        let mut timers = Timers::default();
        // Of each node: all that it armed, by number, and what runs, by name.
        let mut all: Vec<Vec<Armed>> = vec![Vec::new(); trace.nodes.len()];
        let mut running: Vec<BTreeMap<String, usize>> = vec![BTreeMap::new(); trace.nodes.len()];
        for (index, step) in trace.steps.iter().enumerate() {
            let Some(node) = parties(&step.what).0.map(|node| node.index()).filter(|node| *node < all.len()) else {
                continue;
            };
            if let Occurrence::Fire { number, .. } = step.what
                && let Some(armed) = all[node].get(number as usize)
            {
                timers.coming.insert(index, armed.clone());
                running[node].retain(|_, other| *other != number as usize);
            }
            for word in &step.did {
                match word.split_once(' ').unwrap_or((word, "")) {
                    ("arm", rest) => {
                        let (name, window) = rest.rsplit_once(' ').unwrap_or((rest, ""));
                        running[node].insert(name.into(), all[node].len());
                        all[node].push(Armed { step: index, window: window.parse().ok() });
                    }
                    ("disarm", name) => {
                        running[node].remove(name);
                    }
                    ("rename", rest) => {
                        if let Some((from, to)) = rest.split_once(" to ")
                            && let Some(number) = running[node].remove(from)
                        {
                            running[node].insert(to.into(), number);
                        }
                    }
                    ("crash" | "exit" | "die", _) => running[node].clear(),
                    _ => {}
                }
            }
        }
        let of_node = |(node, names): (usize, BTreeMap<String, usize>)| {
            names.into_values().map(|number| all[node][number].clone()).collect::<Vec<_>>()
        };
        timers.running = running.into_iter().enumerate().flat_map(of_node).collect();
        timers.running.sort_by_key(|armed| armed.step);
        timers
    }

    /// How long the timer that comes in this step took, if that is not what the process said.
    pub(super) fn took(&self, trace: &Trace, index: usize) -> Option<String> {
        let Armed { step, window } = self.coming.get(&index)?;
        let window = (*window)?;
        let taken = trace.steps[index].at - trace.steps[*step].at;
        let as_said = window.lo().micros() <= taken && taken <= window.hi().micros();
        (!as_said).then(|| format!("{window} took {}", seconds(taken)))
    }

    /// The steps in which the timers were armed that come last, and those that have run longest at the end: what the
    /// end of a run hangs on, however long before it began.
    pub(super) fn behind_the_end(&self, most: usize) -> Vec<usize> {
        let coming = self.coming.values().rev().map(|armed| armed.step).take(most);
        let running = self.running.iter().map(|armed| armed.step).take(most);
        coming.chain(running).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        process::NodeId,
        trace::{Choices, Claim, FORMAT, Step, Subject},
    };

    const A: NodeId = NodeId(0);

    fn run(steps: &[(i64, Occurrence, &[&str])]) -> Trace {
        let text = String::new;
        let (design, hash, file, protocol) = (text(), text(), text(), text());
        let subject = Subject { design, hash, file, protocol, property: text(), ledger: text() };
        let step = |(at, what, did): &(i64, Occurrence, &[&str])| Step {
            at: *at,
            what: what.clone(),
            choices: Choices::default(),
            did: did.iter().map(|word| (*word).into()).collect(),
        };
        let steps = steps.iter().map(step).collect();
        Trace { tenure_trace: FORMAT, tool: text(), subject, claim: Claim::Run, nodes: vec!["A".into()], steps }
    }

    fn fire(number: u32) -> Occurrence {
        Occurrence::Fire { node: A, number }
    }

    #[test]
    fn a_timer_is_known_by_its_number_whatever_it_is_called() {
        let start = Occurrence::Start { node: A };
        let trace = run(&[
            (0, start, &["start", "arm Ask(#1) 2us", "arm Lease 9us", "arm Free 0us..7us"]),
            (2, fire(0), &["fire Ask(#1)", "rename Lease to Last", "arm Ask(#2) 3us"]),
            (6, fire(3), &["fire Ask(#2)", "emit Done"]),
            (7, fire(2), &["fire Free"]),
        ]);
        let timers = Timers::of(&trace);
        assert_eq!(timers.took(&trace, 1), None);
        assert_eq!(timers.took(&trace, 2).as_deref(), Some("3us took 0.000004 s"));
        assert_eq!(timers.took(&trace, 3), None);
        // The last to come were armed in steps 0 and 1; Last, armed as Lease, still runs.
        assert_eq!(timers.behind_the_end(2), [0, 1, 0]);
    }

    #[test]
    fn nothing_runs_after_a_crash() {
        let start = || Occurrence::Start { node: A };
        let crash = Occurrence::Fault { fault: 0, target: crate::trace::Target::Node(A) };
        let trace = run(&[
            (0, start(), &["start", "arm Ask 9us"]),
            (1, crash, &["crash A"]),
            (3, start(), &["start", "arm Ask 9us"]),
        ]);
        assert_eq!(Timers::of(&trace).behind_the_end(5), [2]);
    }
}
