//! From a path over numbered states to a run with real names, and back: is a run a path of this world?
//!
//! States are renamed at every step, so a path's names mean something only within one step. The run beside it keeps
//! the real names, and its items in the order of the canonical state's, so that item `i` is item `i` in both.

use std::collections::BTreeMap;

use super::{
    World,
    draft::{Draft, Made, Uid},
    expand::{Act, Label},
    laws::{cause_of, variable},
    space::{Edge, Line, Origin, Space, StateId, TimedPath},
    state::{Place, State, What},
    variable_kind,
};
use crate::{
    process::{Data, Fresh, NodeId, Process, Reason},
    trace::{Occurrence, Step, Target, Trace},
};

/// Why a run is not a path of the world, or a path not a run.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("step {step}: {why}")]
pub struct Mismatch {
    pub step: usize,
    pub why: String,
}

/// What a trace calls an item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tag {
    None,
    Message { number: u32, copy: u8 },
    Timer { number: u32 },
    Cut { number: u32 },
}

/// A run with real names.
pub(super) struct Run<P: Process, M: Data> {
    pub(super) state: State<P, M>,
    tags: Vec<Tag>,
    /// The items' names in the step that led here.
    uids: Vec<Uid>,
    /// For each item that is due, its earliest and latest moment.
    pub(super) windows: Vec<(i64, i64)>,
    /// Pairs of items by index: the first happens no later than the second.
    pub(super) ordered: Vec<(usize, usize)>,
    pub(super) fresh: Fresh,
    sent: BTreeMap<(NodeId, NodeId), u32>,
    armed: BTreeMap<NodeId, u32>,
    cuts: u32,
    pub(super) now: i64,
}

impl<P: Process, M: Data> World<P, M> {
    /// Tells a path with real names and times. What each step did is left to the replay.
    ///
    /// # Errors
    /// When the path is not one of this world: a defect of the engine that found it.
    pub fn tell(&mut self, path: &TimedPath) -> Result<Vec<Step>, Mismatch> {
        let (mut current, _) = self.initial();
        let mut names = self.laws.identity();
        let first = self.laws.canonical(self.laws.first_starts());
        let mut run = Run::begin(self.laws.first_starts());
        names = first.nodes.iter().map(|&node| names[usize::from(node)]).collect();
        run.reorder_taken(&first.uids);
        let mut steps = Vec::new();
        for (index, (step, &at)) in path.steps.iter().zip(&path.times).enumerate() {
            let wrong = |why: &str| Mismatch { step: index, why: why.into() };
            if let Some(automorphism) = step.automorphism {
                let nodes = self.automorphisms(current)[usize::from(automorphism)].nodes.clone();
                let state = self.states[current as usize].clone();
                let source = Draft::of(&state, Fresh::default());
                run.reorder(&self.laws.renamed(source.state, &source.sources, nodes.to_vec()).uids);
                names = nodes.iter().map(|&node| names[usize::from(node)]).collect();
            }
            let edges = self.edges(current).map_err(|cap| wrong(&cap.to_string()))?;
            let edge = edges.get(step.edge as usize).ok_or_else(|| wrong("there is no such edge"))?;
            let source = self.states[current as usize].clone();
            let cause = cause_of(edge.label);
            let mut found =
                self.laws.expand(&source, &self.laws.fresh(&source), cause).map_err(|cap| wrong(&cap.to_string()))?;
            let (label, draft) = found.swap_remove((edge.label & 0xffff) as usize);
            let canonical = self.laws.canonical(draft);
            let label = self.translate(&label, &names);
            let what = run.occurrence(&label.act);
            let next = self.laws.expand(&run.state, &run.fresh, cause).map_err(|cap| wrong(&cap.to_string()))?;
            names = canonical.nodes.iter().map(|&node| names[usize::from(node)]).collect();
            // What a process does to many it may do in the order of their names, and these are others here. Then the
            // choice that befell one of them has another place in the list, and where it leads shows which it is.
            let mut ways: Vec<_> = next.into_iter().filter(|(other, _)| other.act == label.act).collect();
            ways.sort_by_key(|(other, _)| *other != label);
            if ways.is_empty() {
                return Err(wrong("the step is not possible with real names"));
            }
            let image_of = |(label, draft): (Label, Draft<P, M>)| {
                let image = self.laws.renamed(draft.state.clone(), &draft.sources, names.clone());
                let same = image.state == canonical.state && same_windows(&image.origins, &canonical.origins);
                same.then_some((label, draft, image))
            };
            let way = ways.into_iter().find_map(image_of);
            let (label, draft, image) = way.ok_or_else(|| wrong("the step leads elsewhere with real names"))?;
            run.take(draft, at);
            run.reorder_taken(&image.uids);
            steps.push(Step { at, what, choices: label.choices, did: Vec::new() });
            current = edge.target;
        }
        Ok(steps)
    }

    /// Calls nodes in a label by their real names; items keep their places.
    fn translate(&self, label: &Label, names: &[u8]) -> Label {
        let real = |node: NodeId| NodeId(names[node.index()].into());
        let act = match &label.act {
            Act::Item(_) => label.act.clone(),
            Act::Machine { fault, machine } => {
                let on_it = self.laws.setup.ids().find(|id| self.laws.setup.node(*id).machine == *machine);
                let real = real(on_it.expect("a machine has a node"));
                Act::Machine { fault: *fault, machine: self.laws.setup.node(real).machine }
            }
            Act::Node { fault, node } => Act::Node { fault: *fault, node: real(*node) },
            Act::Cut { fault, cut, lost, held } => {
                let names: Vec<NodeId> = names.iter().map(|&name| NodeId(name.into())).collect();
                let cut = usize::from(self.laws.renamed_cut(*fault as u8, *cut as u8, &names));
                Act::Cut { fault: *fault, cut, lost: lost.clone(), held: held.clone() }
            }
        };
        Label { act, choices: label.choices.clone() }
    }

    /// Whether a run, with its times, is a path of this world.
    ///
    /// # Errors
    /// Names the first step that is not possible, and why.
    pub fn follow(&mut self, trace: &Trace) -> Result<(), Mismatch> {
        self.set_thorough(true);
        let followed = self.follow_every_branch(trace);
        self.set_thorough(false);
        followed
    }

    fn follow_every_branch(&self, trace: &Trace) -> Result<(), Mismatch> {
        self.run_of(&trace.steps, |step| step.choices.measured).map(|_| ())
    }

    /// Takes the steps of a run. Where a trigger may be measured, `measured` says whether it is.
    pub(super) fn run_of(&self, steps: &[Step], measured: impl Fn(&Step) -> bool) -> Result<Run<P, M>, Mismatch> {
        let mut run = Run::begin(self.laws.first_starts());
        for (index, step) in steps.iter().enumerate() {
            let wrong = |why: String| Mismatch { step: index, why };
            let act = run.act(&step.what).ok_or_else(|| wrong(format!("{:?} is not under way", step.what)))?;
            run.check_time(&act, step.at).map_err(wrong)?;
            let draft = self.draft_of(&run, &act, step, measured(step)).map_err(wrong)?;
            run.take(draft, step.at);
        }
        Ok(run)
    }

    /// The steps of a run, with the windows that this world has for them.
    ///
    /// # Errors
    /// As [`World::follow`], but its times do not matter.
    pub fn line(&mut self, trace: &Trace) -> Result<Line, Mismatch> {
        self.set_thorough(true);
        let line = self.line_of_every_branch(trace);
        self.set_thorough(false);
        line
    }

    fn line_of_every_branch(&self, trace: &Trace) -> Result<Line, Mismatch> {
        let beginning = self.laws.first_starts();
        let mut line = Line { start: due(&beginning).map(|(_, origin)| origin).collect(), ..Line::default() };
        let mut run = Run::begin(beginning);
        line.push_state(&run.state);
        for (index, step) in trace.steps.iter().enumerate() {
            let wrong = |why: String| Mismatch { step: index, why };
            let act = run.act(&step.what).ok_or_else(|| wrong(format!("{:?} is not under way", step.what)))?;
            let draft = self.draft_of(&run, &act, step, step.choices.measured).map_err(wrong)?;
            let uids: Vec<Uid> = due(&draft).map(|(uid, _)| uid).collect();
            let variable_of = |uid| uids.iter().position(|other| *other == uid).map(|variable| variable as u16);
            let ordered = draft.ordered.iter();
            line.edges.push(Edge {
                fires: if let Act::Item(item) = act { Some(variable(&run.state, usize::from(item))) } else { None },
                target: index as StateId + 1,
                origins: due(&draft).map(|(_, origin)| origin).collect(),
                ordered: ordered.filter_map(|&(a, b)| Some((variable_of(a)?, variable_of(b)?))).collect(),
                marks: draft.marks,
                reads: draft.reads,
                label: 0,
            });
            run.take(draft, step.at);
            line.push_state(&run.state);
        }
        Ok(line)
    }

    /// What a step of a run makes of it.
    fn draft_of(&self, run: &Run<P, M>, act: &Act, step: &Step, measured: bool) -> Result<Draft<P, M>, String> {
        let next = self.laws.expand(&run.state, &run.fresh, act.cause()).map_err(|cap| cap.to_string())?;
        let mut fitting: Vec<_> = next
            .into_iter()
            .filter(|(label, _)| {
                let (mut ours, mut theirs) = (label.choices.clone(), step.choices.clone());
                (ours.measured, theirs.measured) = (false, false);
                label.act == *act && ours == theirs
            })
            .collect();
        let exact = fitting.iter().position(|(label, _)| label.choices.measured == measured);
        if fitting.is_empty() {
            return Err(format!("{:?} with {:?} is not possible", step.what, step.choices));
        }
        Ok(fitting.swap_remove(exact.unwrap_or(0)).1)
    }
}

impl<P: Process, M: Data> Run<P, M> {
    fn begin(beginning: Draft<P, M>) -> Run<P, M> {
        let empty = State { items: Vec::new(), ..beginning.state.clone() };
        let mut run = Run {
            state: empty,
            tags: Vec::new(),
            uids: Vec::new(),
            windows: Vec::new(),
            ordered: Vec::new(),
            fresh: Fresh::default(),
            sent: BTreeMap::new(),
            armed: BTreeMap::new(),
            cuts: 0,
            now: 0,
        };
        run.take(beginning, 0);
        run
    }

    /// Goes on to the successor, at a moment; items in the order of the draft.
    fn take(&mut self, draft: Draft<P, M>, at: i64) {
        let before = self.tags.len();
        let mut made: BTreeMap<Uid, Tag> = BTreeMap::new();
        for entry in &draft.log {
            match *entry {
                Made::Sent { from, to, message, copy } => {
                    let number = post_increment(self.sent.entry((from, to)).or_default());
                    made.extend(message.map(|uid| (uid, Tag::Message { number, copy: 0 })));
                    made.extend(copy.map(|uid| (uid, Tag::Message { number, copy: 1 })));
                }
                Made::Armed { node, timer } => {
                    let number = post_increment(self.armed.entry(node).or_default());
                    made.insert(timer, Tag::Timer { number });
                }
                Made::Cut { heal } => {
                    made.insert(heal, Tag::Cut { number: post_increment(&mut self.cuts) });
                }
            }
        }
        let old_of = |uid: Uid| (usize::from(uid) < before).then_some(usize::from(uid));
        let variables = variables_before(&self.state);
        let tags = draft.sources.iter().map(|source| match old_of(source.uid) {
            Some(old) => self.tags[old],
            None => made.get(&source.uid).copied().unwrap_or(Tag::None),
        });
        let tags = tags.collect();
        let windows = draft.sources.iter().map(|source| match source.origin {
            Origin::Kept(variable) => *variables.get(usize::from(variable)).map_or(&(0, 0), |old| &self.windows[*old]),
            Origin::Widened(variable, by) => {
                let (lo, hi) = self.windows[variables[usize::from(variable)]];
                (lo, hi.saturating_add(by))
            }
            Origin::Scheduled { lo, hi, .. } => (at.saturating_add(lo), at.saturating_add(hi)),
        });
        let windows = windows.collect();
        let kept = self.ordered.iter().map(|&(first, second)| (first as Uid, second as Uid));
        let index_of = |uid: Uid| draft.index_of(uid).filter(|index| draft.state.items[*index].place == Place::Due);
        let ordered = kept.chain(draft.ordered.iter().copied());
        let ordered = ordered.filter_map(|(first, second)| Some((index_of(first)?, index_of(second)?))).collect();
        (self.tags, self.windows, self.ordered) = (tags, windows, ordered);
        self.uids = draft.sources.iter().map(|source| source.uid).collect();
        self.state = draft.state;
        self.fresh = draft.fresh;
        self.now = at;
    }

    /// Puts items into the given order of old indices.
    fn reorder(&mut self, uids: &[Uid]) {
        let order: Vec<usize> = uids.iter().map(|&uid| usize::from(uid)).collect();
        self.state.items = order.iter().map(|&old| self.state.items[old].clone()).collect();
        self.tags = order.iter().map(|&old| self.tags[old]).collect();
        self.windows = order.iter().map(|&old| self.windows[old]).collect();
        let new_of = |old: usize| order.iter().position(|other| *other == old).expect("the order has every item");
        self.ordered = self.ordered.iter().map(|&(first, second)| (new_of(first), new_of(second))).collect();
    }

    fn occurrence(&self, act: &Act) -> Occurrence {
        match act {
            Act::Item(index) => self.item_occurrence(usize::from(*index)),
            Act::Node { fault, node } => Occurrence::Fault { fault: *fault, target: Target::Node(*node) },
            Act::Machine { fault, machine } => Occurrence::Fault { fault: *fault, target: Target::Machine(*machine) },
            Act::Cut { fault, cut, lost, held } => {
                let numbered = |uid: &Uid| {
                    let index = usize::from(*uid);
                    match (self.state.items[index].what(), self.tags[index]) {
                        (What::Message { from, to, .. }, Tag::Message { number, copy }) => (*from, *to, number, copy),
                        _ => unreachable!("a cut takes messages"),
                    }
                };
                let mut lost: Vec<_> = lost.iter().map(numbered).collect();
                let mut held: Vec<_> =
                    held.iter().map(numbered).map(|(from, to, number, _)| (from, to, number)).collect();
                lost.sort_unstable();
                held.sort_unstable();
                Occurrence::Fault { fault: *fault, target: Target::Cut { cut: *cut, lost, held } }
            }
        }
    }

    fn item_occurrence(&self, index: usize) -> Occurrence {
        match (self.state.items[index].what(), self.tags[index]) {
            (What::Start { node }, _) => Occurrence::Start { node: *node },
            (What::Timer { node, .. }, Tag::Timer { number }) => Occurrence::Fire { node: *node, number },
            (What::Message { from, to, .. }, Tag::Message { number, copy }) => {
                Occurrence::Deliver { from: *from, to: *to, number, copy }
            }
            (What::Closed { node, peer, lane, reason }, _) => {
                Occurrence::Close { node: *node, peer: *peer, lane: *lane, reason: *reason }
            }
            (What::Patience { node, peer, lane }, _) => {
                Occurrence::Close { node: *node, peer: *peer, lane: *lane, reason: Reason::Timeout }
            }
            (What::Resume { node }, _) => Occurrence::Resume { node: *node },
            (What::Heal { .. }, Tag::Cut { number }) => Occurrence::Heal { number },
            (What::Refill { fault }, _) => Occurrence::Refill { fault: usize::from(*fault) },
            (what, tag) => unreachable!("{what:?} is not tagged {tag:?}"),
        }
    }

    /// The step of this state that a trace calls so.
    fn act(&self, occurrence: &Occurrence) -> Option<Act> {
        match occurrence {
            Occurrence::Fault { fault, target: Target::Node(node) } => Some(Act::Node { fault: *fault, node: *node }),
            Occurrence::Fault { fault, target: Target::Machine(machine) } => {
                Some(Act::Machine { fault: *fault, machine: *machine })
            }
            Occurrence::Fault { fault, target: Target::Cut { cut, lost, held } } => {
                let find = |from, to, number, copy| {
                    let wanted = Occurrence::Deliver { from, to, number, copy };
                    self.pending().find(|&index| self.item_occurrence(index) == wanted).map(|index| index as Uid)
                };
                let mut lost_items: Vec<Uid> =
                    lost.iter().map(|&(from, to, number, copy)| find(from, to, number, copy)).collect::<Option<_>>()?;
                let mut held_items: Vec<Uid> =
                    held.iter().map(|&(from, to, number)| find(from, to, number, 0)).collect::<Option<_>>()?;
                lost_items.sort_unstable();
                held_items.sort_unstable();
                Some(Act::Cut { fault: *fault, cut: *cut, lost: lost_items, held: held_items })
            }
            _ => self
                .pending()
                .find(|&index| self.item_occurrence(index) == *occurrence)
                .map(|index| Act::Item(index as Uid)),
        }
    }

    /// Items whose moment is to come.
    fn pending(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.state.items.len()).filter(|&index| {
            self.state.items[index].place == Place::Due && *self.state.items[index].what() != What::Stopwatch
        })
    }

    /// Whether a step may happen at the moment: within its window, nothing else overdue, timers in their order.
    fn check_time(&mut self, act: &Act, at: i64) -> Result<(), String> {
        if at < self.now {
            return Err(format!("at {at} us, after a step at {} us", self.now));
        }
        if let Act::Item(index) = act {
            let index = usize::from(*index);
            let (lo, hi) = self.windows[index];
            if at < lo || at > hi {
                return Err(format!("at {at} us, but its window is {lo}..{hi} us"));
            }
            let firsts: Vec<usize> = self.ordered.iter().filter(|pair| pair.1 == index).map(|pair| pair.0).collect();
            for first in firsts {
                let (lo, hi) = self.windows[first];
                if lo > at {
                    return Err(format!("at {at} us, but a timer that is due no later may not fire before {lo} us"));
                }
                // It is due no later than this one, so now at the latest.
                self.windows[first] = (lo, hi.min(at));
            }
        }
        match self.pending().find(|&index| self.windows[index].1 < at) {
            Some(index) => Err(format!(
                "at {at} us, but {:?} had to happen by {} us",
                self.item_occurrence(index),
                self.windows[index].1
            )),
            None => Ok(()),
        }
    }

    /// Puts items into the order of their names in the step just taken.
    fn reorder_taken(&mut self, uids: &[Uid]) {
        let index_of = |uid: &Uid| self.uids.iter().position(|other| other == uid).expect("the step has this item");
        let order: Vec<Uid> = uids.iter().map(|uid| index_of(uid) as Uid).collect();
        self.reorder(&order);
    }
}

impl Line {
    fn push_state<P: Process, M: Data>(&mut self, state: &State<P, M>) {
        let due = || state.items.iter().filter(|item| item.place == Place::Due);
        let clock = |what: &What<P>| if let What::Timer { node, .. } = *what { Some(node) } else { None };
        self.clocks.push(due().map(|item| clock(item.what())).collect());
        self.variables.push(due().map(|item| variable_kind(item.what())).collect());
    }
}

/// The items of a draft that are due: its variables.
fn due<P: Process, M: Data>(draft: &Draft<P, M>) -> impl Iterator<Item = (Uid, Origin)> + '_ {
    let items = draft.state.items.iter().zip(&draft.sources);
    items.filter(|(item, _)| item.place == Place::Due).map(|(_, source)| (source.uid, source.origin))
}

/// Whether each variable comes from the same, or is scheduled alike; in which order does not matter.
fn same_windows(some: &[Origin], others: &[Origin]) -> bool {
    let alike = |(one, other): (&Origin, &Origin)| match (*one, *other) {
        (Origin::Scheduled { lo, hi, .. }, Origin::Scheduled { lo: least, hi: most, .. }) => (lo, hi) == (least, most),
        (one, other) => one == other,
    };
    some.len() == others.len() && some.iter().zip(others).all(alike)
}

/// For each variable of the state, the index of its item.
fn variables_before<P: Process, M: Data>(state: &State<P, M>) -> Vec<usize> {
    (0..state.items.len()).filter(|&index| state.items[index].place == Place::Due).collect()
}

fn post_increment(count: &mut u32) -> u32 {
    *count += 1;
    *count - 1
}
