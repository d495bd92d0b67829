//! How the simulator places faults: at random moments, and within steps.

use super::{effects::Fate, machine::Turn, random::Random, run::Driver};
use crate::{
    process::{Data, Effect, NodeId, Process},
    spec::FaultKind,
    time::Duration,
    trace::{Choices, EffectCut, Target},
};

impl<P: Process, M: Data> Driver<'_, P, M> {
    /// When each fault class first tries to strike.
    pub(super) fn plan_attempts(&mut self) {
        for fault in &self.machine.setup.faults {
            let at_sends = matches!(fault.kind, FaultKind::Loss { .. } | FaultKind::Duplicate { .. });
            let every = self.options.chances.every.filter(|_| !at_sends);
            let first = every.map_or(i64::MAX, |every| span_of(&mut self.faults, every));
            self.attempts.push(first);
        }
    }

    /// The next moment at which a fault class tries to strike.
    pub(super) fn next_attempt(&self) -> Option<(i64, usize)> {
        let attempts = self.attempts.iter().enumerate().map(|(fault, at)| (*at, fault));
        attempts.min().filter(|(at, _)| *at < i64::MAX)
    }

    /// Whom a fault class strikes now; `None` if it cannot.
    pub(super) fn attempt(&mut self, fault: usize) -> Option<Target> {
        let class = &self.machine.setup.faults[fault];
        let every = self.options.chances.every.expect("attempts are planned only with a span");
        let spent = self.machine.tokens[fault] == 0;
        let next = self.attempts[fault].saturating_add(span_of(&mut self.faults, every));
        self.attempts[fault] = if spent && class.tokens.within.is_none() { i64::MAX } else { next };
        if spent {
            return None;
        }
        match &class.kind {
            FaultKind::Crash { nodes, .. } => {
                let up: Vec<NodeId> = nodes.iter().copied().filter(|node| self.machine.is_up(*node)).collect();
                self.faults.pick(&up).copied().map(Target::Node)
            }
            FaultKind::Pause { nodes, .. } | FaultKind::Suspend { nodes, .. } | FaultKind::Request { nodes, .. } => {
                let running = nodes.iter().copied().filter(|node| self.machine.is_running(*node));
                let running: Vec<NodeId> = running.collect();
                self.faults.pick(&running).copied().map(Target::Node)
            }
            FaultKind::Death { machines, .. } => self.faults.pick(machines).copied().map(Target::Machine),
            FaultKind::Cut { cuts, .. } => self.draw_cut(cuts),
            FaultKind::Loss { .. } | FaultKind::Duplicate { .. } => None,
        }
    }

    /// Any subset of the datagrams in flight, and of each lane everything from some message on, or nothing.
    fn draw_cut(&mut self, cuts: &[Vec<(NodeId, NodeId)>]) -> Option<Target> {
        if cuts.is_empty() {
            return None;
        }
        let cut = self.faults.below(cuts.len() as u64) as usize;
        let (mut lost, mut held) = (Vec::new(), Vec::new());
        for &(from, to) in &cuts[cut] {
            let mut decided = Vec::new();
            for (lane, number, copy) in self.machine.ways.in_flight(from, to) {
                if lane.is_some_and(|lane| decided.contains(&lane)) || !self.faults.chance(HALF) {
                    continue;
                }
                match lane {
                    Some(lane) => {
                        decided.push(lane);
                        held.push((from, to, number));
                    }
                    None => lost.push((from, to, number, copy)),
                }
            }
        }
        Some(Target::Cut { cut, lost, held })
    }

    /// What befalls the effects of a step.
    pub(super) fn choose(&mut self, turn: &Turn<P>) -> Choices {
        let mut choices = Choices::default();
        let chances = self.options.chances;
        if chances.per_step == 0 && chances.per_send == 0 {
            return choices;
        }
        let mut tokens = self.machine.tokens.clone();
        let executed = turn.effects.iter().position(|effect| matches!(effect, Effect::Exit));
        let executed = executed.unwrap_or(turn.effects.len()).min(usize::from(u16::MAX));
        for (index, effect) in turn.effects[..executed].iter().enumerate() {
            if let Effect::Send { to, .. } = effect {
                self.choose_fate((turn.node, *to), index as u16, &mut tokens, &mut choices);
            }
        }
        self.choose_cut(turn, executed, &tokens, &mut choices);
        choices
    }

    fn choose_fate(&mut self, ends: (NodeId, NodeId), index: u16, tokens: &mut [u8], choices: &mut Choices) {
        for (fault, tokens) in tokens.iter_mut().enumerate() {
            for fate in [Fate::Lost, Fate::Duplicated] {
                let may = *tokens > 0 && self.machine.can_befall(ends, fault, fate);
                if may && self.faults.chance(self.options.chances.per_send) {
                    *tokens -= 1;
                    let chosen = if fate == Fate::Lost { &mut choices.lost } else { &mut choices.duplicated };
                    return chosen.push((index, fault));
                }
            }
        }
    }

    fn choose_cut(&mut self, turn: &Turn<P>, executed: usize, tokens: &[u8], choices: &mut Choices) {
        for (fault, tokens) in tokens.iter().enumerate() {
            let may = *tokens > 0 && self.machine.can_cut(turn.node, fault);
            if may && self.faults.chance(self.options.chances.per_step) {
                let before = self.faults.below(executed as u64 + 1) as u16;
                choices.cut = Some(EffectCut { before, fault });
                choices.lost.retain(|(index, _)| *index < before);
                choices.duplicated.retain(|(index, _)| *index < before);
                return;
            }
        }
    }
}

/// Up to twice the mean span, at least one microsecond.
fn span_of(random: &mut Random, every: Duration) -> i64 {
    let most = every.times(2).micros().max(1);
    1 + random.below(most.cast_unsigned()).cast_signed()
}

const HALF: u32 = 500_000;
