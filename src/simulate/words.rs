//! What happens in a step, in the words of a refusal: with the names of nodes and faults instead of their numbers.

use crate::{
    process::{NodeId, Process},
    spec::Setup,
    trace::{Occurrence, Target},
};

/// The occurrence. A trace may name what the set-up does not have, which then keeps its number.
pub(super) fn occurrence<P: Process>(setup: &Setup<P>, what: &Occurrence) -> String {
    let node =
        |id: NodeId| setup.nodes.get(id.index()).map_or_else(|| format!("node {}", id.0), |node| node.name.clone());
    let class =
        |index: usize| setup.faults.get(index).map_or_else(|| format!("fault {index}"), |class| class.name.clone());
    match what {
        Occurrence::Start { node: who } => format!("the start of {}", node(*who)),
        Occurrence::Deliver { from, to, number, copy } => {
            let copy = if *copy == 0 { "" } else { ", the copy" };
            format!("message {number} from {} to {}{copy}", node(*from), node(*to))
        }
        Occurrence::Fire { node: who, number } => format!("timer {number} of {}", node(*who)),
        Occurrence::Close { node: who, peer, lane, reason } => {
            format!("the end ({reason:?}) of the connection {} of {} with {}", lane.0, node(*who), node(*peer))
        }
        Occurrence::Resume { node: who } => format!("the end of the pause of {}", node(*who)),
        Occurrence::Heal { number } => format!("the end of cut {number}"),
        Occurrence::Refill { fault } => format!("a token of `{}` that comes back", class(*fault)),
        Occurrence::Fault { fault, target } => match target {
            Target::Node(who) => format!("`{}` of {}", class(*fault), node(*who)),
            Target::Machine(machine) => format!("`{}` of machine {machine}", class(*fault)),
            Target::Cut { cut, .. } => format!("`{}`, cut {cut}", class(*fault)),
        },
    }
}

/// Which ways a cut blocks: `A-S` for both, `A>S` for one.
pub(super) fn directions<P: Process>(setup: &Setup<P>, cut: &[(NodeId, NodeId)]) -> String {
    const MOST: usize = 4;
    let name = |id: &NodeId| &setup.node(*id).name;
    let mut told = Vec::new();
    for (from, to) in cut {
        let both = cut.contains(&(*to, *from));
        if !both || from < to {
            told.push(format!("{}{}{}", name(from), if both { '-' } else { '>' }, name(to)));
        }
    }
    if told.len() > MOST {
        let more = told.len() - MOST;
        told.truncate(MOST);
        told.push(format!("{more} more"));
    }
    told.join(" ")
}
