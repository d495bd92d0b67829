//! States and steps in words.

use super::{
    World,
    expand::Act,
    laws::cause_of,
    space::{Cap, Edge, StateId, Told},
    state::NodeState,
};
use crate::process::{Data, NodeId, Process};

impl<P: Process, M: Data> World<P, M> {
    /// A state in words, for those who look for what makes a design large.
    #[doc(hidden)]
    #[must_use]
    pub fn describe(&self, state: StateId) -> String {
        let state = &self.states[state as usize];
        let mut text = String::new();
        for (node, spec) in state.nodes.iter().zip(&self.laws.setup.nodes) {
            text += &match node {
                NodeState::Down { durable, dead } => format!("{} down {durable:?} {dead}\n", spec.name),
                NodeState::Up { hosted, paused, .. } => format!("{} {:?} {paused:?}\n", spec.name, hosted.value),
            };
        }
        for item in &state.items {
            text += &format!("  {:?} {:?}\n", item.place, item.what());
        }
        text + &format!("  {:?} {:?} {:?}\n", state.ends, state.tokens, state.watch.memory.value)
    }

    fn name(&self, node: NodeId) -> &str {
        &self.laws.setup.node(node).name
    }
}

impl<P: Process, M: Data> Told for World<P, M> {
    fn state_words(&self, state: StateId) -> String {
        self.describe(state)
    }

    fn step_words(&self, state: StateId, edge: &Edge) -> Result<String, Cap> {
        let source = &self.states[state as usize];
        let mut found = self.laws.expand(source, &self.laws.fresh(source), cause_of(edge.label))?;
        let (label, _) = found.swap_remove((edge.label & 0xffff) as usize);
        let fault = |fault: usize| self.laws.setup.faults[fault].name.as_str();
        let mut words = match &label.act {
            Act::Item(index) => format!("{:?}", source.items[usize::from(*index)].what()),
            Act::Node { fault: of, node } => format!("{} of {}", fault(*of), self.name(*node)),
            Act::Machine { fault: of, machine } => format!("{} of machine {machine}", fault(*of)),
            Act::Cut { fault: of, cut, .. } => format!("{} number {cut}", fault(*of)),
        };
        let choices = &label.choices;
        if let Some(cut) = &choices.cut {
            words += &format!(", cut before effect {}", cut.before);
        }
        for (what, sends) in [("lost", &choices.lost), ("doubled", &choices.duplicated)] {
            words.extend(sends.iter().map(|(send, _)| format!(", effect {send} {what}")));
        }
        Ok(if choices.measured { words + ", the stopwatch starts" } else { words })
    }
}
