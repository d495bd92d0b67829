//! What cuts do to messages: what they took when they began, and what was sent into them.

use std::collections::BTreeMap;

use super::{Message, Number};
use crate::trace::{Occurrence, Target, Trace};

/// Marks the messages that cuts took, and those that they hold at the end.
pub(super) fn mark(trace: &Trace, numbers: &BTreeMap<Number, usize>, messages: &mut [Message]) {
    let healed = trace.steps.iter().enumerate().filter_map(|(index, step)| match step.what {
        Occurrence::Heal { number } => Some((number, index)),
        _ => None,
    });
    let healed: BTreeMap<u32, usize> = healed.collect();
    let loses = !has_streams(trace);
    let mut count = 0;
    for (begun, step) in trace.steps.iter().enumerate() {
        let Occurrence::Fault { target: Target::Cut { lost, held, .. }, .. } = &step.what else { continue };
        let end = healed.get(&count).copied();
        count += 1;
        for (from, to, number, _) in lost {
            if let Some(message) = numbers.get(&(from.index(), to.index(), *number)) {
                messages[*message].copies = messages[*message].copies.saturating_sub(1);
            }
        }
        for (from, to, number) in held {
            if let Some(message) = numbers.get(&(from.index(), to.index(), *number)) {
                messages[*message].held |= end.is_none();
            }
        }
        let blocked = Blocked::of(trace, &step.did);
        let into = |message: &&mut Message| {
            message.sent > begun && end.is_none_or(|end| message.sent < end) && blocked.has((message.from, message.to))
        };
        for message in messages.iter_mut().filter(into) {
            // Nothing of a stream is lost, and what it held is on its way again after the heal.
            message.lost |= loses;
            message.held |= !loses && end.is_none();
        }
    }
    for message in messages {
        message.lost = (message.lost || message.copies == 0) && message.came.is_none();
        message.held &= message.came.is_none() && !message.lost;
    }
}

/// All links of a design are alike. Only streams need to be told of an end, or how long one waits for it.
fn has_streams(trace: &Trace) -> bool {
    let design: toml::Table = toml::from_str(&trace.subject.design).unwrap_or_default();
    let network = design.get("network");
    ["rto", "patience"].iter().any(|key| network.is_some_and(|network| network.get(key).is_some()))
        || trace.steps.iter().any(|step| match &step.what {
            Occurrence::Close { .. } => true,
            Occurrence::Fault { target: Target::Cut { held, .. }, .. } => !held.is_empty(),
            _ => false,
        })
}

/// The directions that a cut blocks.
struct Blocked {
    directions: Vec<(usize, usize)>,
    /// The step does not name all of them. All are of one node: whether out of it and into it.
    around: Option<(usize, bool, bool)>,
}

impl Blocked {
    /// Reads `cut A-S A>B`, which may end with `3 more`.
    fn of(trace: &Trace, did: &[String]) -> Blocked {
        let node = |name: &str| trace.nodes.iter().position(|node| node == name);
        let said = did.iter().find_map(|word| word.strip_prefix("cut ")).unwrap_or_default();
        let mut directions = Vec::new();
        for way in said.split(' ') {
            // A name may have a dash in it.
            let both = way.match_indices('-').find_map(|(at, _)| Some((node(&way[..at])?, node(&way[at + 1..])?)));
            let one = way.split_once('>').and_then(|(from, to)| Some((node(from)?, node(to)?)));
            directions.extend(both.into_iter().flat_map(|(one, other)| [(one, other), (other, one)]).chain(one));
        }
        let of_all = |node: &usize| directions.iter().all(|(from, to)| from == node || to == node);
        let center = (0..trace.nodes.len()).find(of_all).filter(|_| said.ends_with(" more"));
        let around = center.map(|center| {
            let (out, into) = (|way: &(usize, usize)| way.0 == center, |way: &(usize, usize)| way.1 == center);
            (center, directions.iter().any(out), directions.iter().any(into))
        });
        Blocked { directions, around }
    }

    fn has(&self, (from, to): (usize, usize)) -> bool {
        let around = |(node, out, into)| (out && from == node) || (into && to == node);
        self.directions.contains(&(from, to)) || self.around.is_some_and(around)
    }
}
