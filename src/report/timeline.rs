//! A run as a picture in text: a line for each step, a column for each node.
//!
//! In a node's column `|` is a running process, `:` a paused one, nothing one that is down. A step is marked `*` where
//! it happens and `o` where its message came from; `X` ends a process, `=` pauses it.

use std::{cmp::Reverse, collections::BTreeSet};

use super::{
    armed::Timers,
    scene::{Life, parties, turn},
    seconds,
};
use crate::{
    process::NodeId,
    trace::{Occurrence, Step, Trace},
};

/// The steps of a run, at most so many, each line at most so wide.
///
/// Where there are more, faults come first, with the steps that armed the timers on which the end hangs, then what the
/// processes told the world, then the last steps. A timer that took longer or less than its process said, as its clock
/// runs or as it was heard late, tells so.
#[must_use]
pub fn timeline(trace: &Trace, most: usize, width: usize) -> Vec<String> {
    let total = trace.steps.len();
    let timers = Timers::of(trace);
    let shown = most_telling(trace, &timers, most);
    let which = if shown.len() == total { format!("({total})") } else { format!("({} of {total})", shown.len()) };
    let times: Vec<String> = trace.steps.iter().map(|step| seconds(step.at)).collect();
    let time_width = shown.iter().map(|index| times[*index].len()).chain([4]).max().unwrap_or(4);
    let mut lives = vec![Life::Down; trace.nodes.len()];
    let cells: Vec<Vec<char>> = trace.steps.iter().map(|step| cells(trace, step, &mut lives)).collect();
    let columns = columns(trace, &shown, &cells, width);
    let row = |index: usize| {
        let cell = |(node, head): &(usize, String)| format!("{:<width$}", cells[index][*node], width = head.len());
        columns.iter().map(cell).collect::<Vec<_>>().join(" ")
    };
    let heads = columns.iter().map(|(_, head)| head.as_str()).collect::<Vec<_>>().join(" ");
    let head = format!("{:>time_width$}  {heads}  step {which}", "time");
    let line = |index: &usize| {
        let mut words = words(trace, &trace.steps[*index]);
        if let Some(took) = timers.took(trace, *index) {
            words.insert_str(words.find(';').unwrap_or(words.len()), &format!(" ({took})"));
        }
        format!("{:>time_width$}  {}  {words}", times[*index], row(*index))
    };
    std::iter::once(head).chain(shown.iter().map(line)).map(|line| fit(line, width)).collect()
}

/// Which nodes have a column, and its head: all, or where that would leave too little room, those to which something
/// happens.
fn columns(trace: &Trace, shown: &BTreeSet<usize>, cells: &[Vec<char>], width: usize) -> Vec<(usize, String)> {
    let all = trace.nodes.iter().map(|name| format!("{name:<2}")).enumerate();
    if trace.nodes.len() * 6 <= width {
        return all.collect();
    }
    let happens = |node: usize| shown.iter().any(|index| !QUIET.contains(&cells[*index][node]));
    all.filter(|(node, _)| happens(*node)).collect()
}

/// So many of the timers that came last, and of those that still run.
const BEHIND_THE_END: usize = 3;

/// A node to which nothing happens: it runs, is paused, or is down.
const QUIET: [char; 3] = ['|', ':', ' '];

/// The indices of the steps to show.
fn most_telling(trace: &Trace, timers: &Timers, most: usize) -> BTreeSet<usize> {
    let last = trace.steps.len().saturating_sub(1);
    let behind_the_end = timers.behind_the_end(BEHIND_THE_END);
    let rank = |index: &usize| {
        let step = &trace.steps[*index];
        let rank = match step.what {
            _ if *index == last => 0,
            Occurrence::Fault { .. } => 1,
            _ if !step.choices.is_plain() || behind_the_end.contains(index) => 1,
            _ if step.did.iter().any(|word| word.starts_with("emit") || word == "exit") => 2,
            _ => 3,
        };
        (rank, Reverse(*index))
    };
    let mut indices: Vec<usize> = (0..trace.steps.len()).collect();
    indices.sort_by_key(rank);
    indices.into_iter().take(most).collect()
}

/// What each column shows at a step. Who runs is read from what the step did.
fn cells(trace: &Trace, step: &Step, lives: &mut [Life]) -> Vec<char> {
    let mut marks: Vec<Option<char>> = vec![None; lives.len()];
    let (at, from) = parties(&step.what);
    if let Some(from) = from {
        marks[from.index()] = Some('o');
    }
    if let Some(at) = at {
        marks[at.index()] = Some('*');
    }
    for word in &step.did {
        let Some((node, life)) = turn(trace, at.map(NodeId::index), word) else { continue };
        lives[node] = life;
        marks[node] = Some(match life {
            Life::Up => '*',
            Life::Down => 'X',
            Life::Paused => '=',
        });
    }
    let shown = |(life, mark): (&Life, &Option<char>)| {
        mark.unwrap_or(match life {
            Life::Down => ' ',
            Life::Up => '|',
            Life::Paused => ':',
        })
    };
    lives.iter().zip(&marks).map(shown).collect()
}

/// A step in words: who, and what was done.
pub(super) fn words(trace: &Trace, step: &Step) -> String {
    let name = |node: NodeId| trace.nodes.get(node.index()).map_or("?", String::as_str);
    let who = match parties(&step.what) {
        (Some(at), Some(from)) => format!("{}>{}", name(from), name(at)),
        (Some(at), None) => name(at).into(),
        (None, _) => String::new(),
    };
    let what = if step.did.is_empty() { fallback(&step.what) } else { step.did.join("; ") };
    format!("{who} {what}").trim_start().into()
}

/// What a step is, when nobody said what it did.
fn fallback(what: &Occurrence) -> String {
    match what {
        Occurrence::Start { .. } => "start".into(),
        Occurrence::Deliver { number, copy: 0, .. } => format!("message {number} arrives"),
        Occurrence::Deliver { number, .. } => format!("the copy of message {number} arrives"),
        Occurrence::Fire { number, .. } => format!("timer {number} fires"),
        Occurrence::Close { reason, .. } => format!("a connection is gone: {reason:?}"),
        Occurrence::Resume { .. } => "resume".into(),
        Occurrence::Heal { number } => format!("cut {number} heals"),
        Occurrence::Refill { fault } => format!("a token of fault class {fault} comes back"),
        Occurrence::Fault { fault, .. } => format!("a fault of class {fault}"),
    }
}

/// Cuts a line at its width.
pub(super) fn fit(line: String, width: usize) -> String {
    let line = line.trim_end();
    if line.chars().count() <= width {
        return line.into();
    }
    format!("{}…", line.chars().take(width - 1).collect::<String>())
}
