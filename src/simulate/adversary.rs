//! How the simulator places faults: at random moments, between steps, within them, and at sends.
//!
//! Each class has a moment at which it next tries to strike. It strikes there, or it *aims*: a loss at one of the next
//! sends, a crash or a pause at one of the next steps of a node, between two of its effects.

use super::{
    effects::Fate,
    machine::Turn,
    random::{Draw, Random},
    run::{Driver, Strikes},
};
use crate::{
    process::{Data, Effect, NodeId, Process},
    spec::{Fault, FaultKind},
    time::Duration,
    trace::{Choices, EffectCut, Target},
};

/// What one fault class is about to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    /// When it tries to strike next; `i64::MAX` for never.
    pub(super) at: i64,
    /// The mean span between two attempts.
    every: Duration,
    /// It strikes at one of the next sends or steps that it may hit, or right after the next step.
    aimed: bool,
    /// It waits for a step in which a process says something: more hangs on these than on others.
    patient: bool,
}

impl<P: Process, M: Data> Driver<'_, P, M> {
    /// When each fault class first tries to strike.
    pub(super) fn plan_attempts(&mut self) {
        let storm = if self.parts < i64::MAX { Some(self.storm_at_parting()) } else { self.draw_storm() };
        for (index, fault) in self.machine.setup.faults.iter().enumerate() {
            let planned = self.options.plan.iter().any(|strike| strike.fault == index);
            let on = !self.swarm || self.faults.chance(HALF);
            let every = self.options.strikes.every(fault, self.options.horizon).filter(|_| on && !planned);
            let (begin, every) = match storm {
                Some((begin, length)) => {
                    let part = Duration::from_micros(length / i64::from(fault.tokens.at_most).max(1) / 2);
                    (begin, every.map(|every| every.min(part)))
                }
                None => (0, every),
            };
            let at = every.map_or(i64::MAX, |every| begin + span_of(&mut self.faults, every));
            // A class that finds nobody to strike tries again, and not at every microsecond of what is left.
            let least =
                Duration::from_micros(if self.parts < i64::MAX { self.options.horizon.micros() / 1_000 } else { 0 });
            let every = every.map_or(Duration::NEVER, |every| every.max(least));
            self.attempts.push(Attempt { at, every, aimed: false, patient: false });
        }
    }

    /// In half of the runs that look for worst cases, all faults come close together: when that begins, and how long it
    /// takes.
    fn draw_storm(&mut self) -> Option<(i64, i64)> {
        if self.draw != Draw::Corner || self.options.strikes != Strikes::Spread || !self.faults.chance(HALF) {
            return None;
        }
        let horizon = self.options.horizon.micros();
        let length = horizon >> (1 + self.faults.below(STORMS));
        let begin = self.faults.below((horizon / 3 * 2).max(1).cast_unsigned()).cast_signed();
        Some((begin, length))
    }

    /// What is left of the tokens is used between the parting and what it is to put off.
    fn storm_at_parting(&self) -> (i64, i64) {
        (self.parts, self.puts_off.saturating_sub(self.parts).max(1))
    }

    /// The next moment at which a fault class tries to strike.
    pub(super) fn next_attempt(&self) -> Option<(i64, usize)> {
        let attempts = self.attempts.iter().enumerate().map(|(fault, attempt)| (attempt.at, fault));
        attempts.min().filter(|(at, _)| *at < i64::MAX)
    }

    /// The moment of an attempt comes. Returns whom the class strikes now, if it does not aim.
    pub(super) fn attempt(&mut self, fault: usize) -> Option<Target> {
        let class = &self.machine.setup.faults[fault];
        let spent = self.machine.tokens[fault] == 0;
        let attempt = &mut self.attempts[fault];
        let next = attempt.at.saturating_add(span_of(&mut self.faults, attempt.every));
        attempt.at = if spent && class.tokens.within.is_none() { i64::MAX } else { next };
        if spent {
            return None;
        }
        let aims = match class.kind {
            FaultKind::Loss { .. } | FaultKind::Duplicate { .. } => true,
            // At a moment at which something happens.
            _ if self.draw == Draw::Corner => true,
            FaultKind::Crash { .. }
            | FaultKind::Wipe { .. }
            | FaultKind::Death { .. }
            | FaultKind::Pause { .. }
            | FaultKind::Suspend { .. } => self.faults.chance(HALF),
            FaultKind::Cut { .. } | FaultKind::Request { .. } => false,
        };
        if aims {
            let patient = self.draw == Draw::Corner && self.faults.chance(HALF);
            let attempt = &mut self.attempts[fault];
            (attempt.aimed, attempt.patient) = (true, patient);
            self.aimed = true;
            return None;
        }
        self.target(fault)
    }

    /// A class that strikes right after the step that was just taken, and whom.
    pub(super) fn strikes_after_step(&mut self) -> Option<(usize, Target)> {
        if !self.aimed {
            return None;
        }
        for fault in 0..self.attempts.len() {
            let kind = &self.machine.setup.faults[fault].kind;
            let between_steps = matches!(kind, FaultKind::Cut { .. } | FaultKind::Request { .. });
            if self.attempts[fault].aimed && between_steps && (self.spoke || !self.attempts[fault].patient) {
                self.attempts[fault].aimed = false;
                if let Some(target) = self.target(fault).filter(|_| self.machine.tokens[fault] > 0) {
                    return Some((fault, target));
                }
            }
        }
        self.aimed = self.attempts.iter().any(|attempt| attempt.aimed);
        None
    }

    /// Whom a fault class strikes now, between two steps; `None` if it cannot.
    pub(super) fn target(&mut self, fault: usize) -> Option<Target> {
        let setup = self.machine.setup;
        match &setup.faults[fault].kind {
            FaultKind::Crash { nodes, .. } | FaultKind::Wipe { nodes, .. } => {
                let up: Vec<NodeId> = nodes.iter().copied().filter(|node| self.machine.is_up(*node)).collect();
                self.faults.pick(&up).copied().map(Target::Node)
            }
            FaultKind::Pause { nodes, .. } | FaultKind::Suspend { nodes, .. } | FaultKind::Request { nodes, .. } => {
                let running = nodes.iter().copied().filter(|node| self.machine.is_running(*node));
                let running: Vec<NodeId> = running.collect();
                self.faults.pick(&running).copied().map(Target::Node)
            }
            FaultKind::Death { machines, .. } => self.faults.pick(machines).copied().map(Target::Machine),
            FaultKind::Cut { cuts, .. } if !cuts.is_empty() => {
                let cut = self.faults.below(cuts.len() as u64) as usize;
                Some(self.draw_cut(cuts, cut))
            }
            FaultKind::Cut { .. } | FaultKind::Loss { .. } | FaultKind::Duplicate { .. } => None,
        }
    }

    /// Of what a cut took in another run, what is in flight now.
    pub(super) fn still_in_flight(&self, target: &Target) -> Target {
        let Target::Cut { cut, lost, held } = target else { return target.clone() };
        let flies = |from, to, number, copy| {
            self.machine.ways.in_flight(from, to).any(|(_, other, copied)| (other, copied) == (number, copy))
        };
        let lost = lost.iter().copied().filter(|&(from, to, number, copy)| flies(from, to, number, copy)).collect();
        let held = held.iter().copied().filter(|&(from, to, number)| flies(from, to, number, 0)).collect();
        Target::Cut { cut: *cut, lost, held }
    }

    /// Any subset of the datagrams in flight, and of each lane everything from some message on, or nothing.
    fn draw_cut(&mut self, cuts: &[Vec<(NodeId, NodeId)>], cut: usize) -> Target {
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
        Target::Cut { cut, lost, held }
    }

    /// What befalls the effects of a step.
    pub(super) fn choose(&mut self, turn: &Turn<P>) -> Choices {
        let mut choices = Choices::default();
        self.spoke = turn.effects.iter().any(|effect| matches!(effect, Effect::Emit(_)));
        if !self.aimed {
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
                let may = self.attempts[fault].aimed && *tokens > 0 && self.machine.can_befall(ends, fault, fate);
                if may && self.faults.chance(HALF) {
                    *tokens -= 1;
                    self.attempts[fault].aimed = false;
                    let chosen = if fate == Fate::Lost { &mut choices.lost } else { &mut choices.duplicated };
                    return chosen.push((index, fault));
                }
            }
        }
    }

    fn choose_cut(&mut self, turn: &Turn<P>, executed: usize, tokens: &[u8], choices: &mut Choices) {
        for (fault, tokens) in tokens.iter().enumerate() {
            let may = self.attempts[fault].aimed && *tokens > 0 && self.machine.can_cut(turn.node, fault);
            let now = if self.attempts[fault].patient { self.spoke } else { may && self.faults.chance(HALF) };
            if may && now {
                self.attempts[fault].aimed = false;
                let before = self.faults.below(executed as u64 + 1) as u16;
                choices.cut = Some(EffectCut { before, fault });
                choices.lost.retain(|(index, _)| *index < before);
                choices.duplicated.retain(|(index, _)| *index < before);
                return;
            }
        }
    }
}

impl Strikes {
    /// The mean span between two attempts of a class, in a run of this length.
    #[must_use]
    pub fn every<R>(self, fault: &Fault<R>, horizon: Duration) -> Option<Duration> {
        let tokens = i64::from(fault.tokens.at_most);
        match self {
            Strikes::Never => None,
            Strikes::Every(every) => Some(every),
            Strikes::Spread => Some(Duration::from_micros(match fault.tokens.within {
                // The first of one token is anywhere in two thirds of the run, so that something may follow.
                None => horizon.micros() / (3 * tokens).max(3),
                Some(span) => span.micros() / tokens.max(1),
            })),
        }
    }
}

/// Up to twice the mean span, at least one microsecond.
fn span_of(random: &mut Random, every: Duration) -> i64 {
    let most = every.times(2).micros().max(1);
    1 + random.below(most.cast_unsigned()).cast_signed()
}

const HALF: u32 = 500_000;

/// Storms take a half, a quarter and so on of a run: of a minute down to an eighth of a second.
const STORMS: u64 = 9;
