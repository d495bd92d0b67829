//! Small spaces for tests: tables of states and edges, by hand or at random.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    bounds::{NOTHING, Promises},
    budget::{Halt, Limits, Meter},
    hull::Hull,
    net,
};
use crate::world::space::{Automorphism, Cap, Edge, Marks, Origin, Space, StateId, Variable};

/// What the hull of a space allows: never less than what happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Allowed {
    /// Of any edge.
    pub marks: Marks,
    /// The longest reading; `i64::MAX` from the cap on, `None` if no stopwatch runs.
    pub longest: Option<i64>,
    /// A stopwatch runs, and nothing need ever happen.
    pub never: bool,
    /// The shortest completed reading, likewise.
    pub shortest: Option<i64>,
}

/// Makes the hull of a space, with stopwatches that are exact below `cap`, and reads it.
///
/// # Errors
/// When a limit is reached.
pub fn allowed_by_the_hull(space: &mut dyn Space, cap: i64, limits: &Limits) -> Result<Allowed, Halt> {
    let mut net = net::Net::with(space, true, Vec::new());
    let hull = Hull::explore(&mut net, cap, &mut Meter::new(limits))?;
    let outs = || hull.nodes.iter().flat_map(|node| &node.outs);
    let marks = outs().fold(Marks::NONE, |marks, out| marks.with(out.marks));
    let most = Promises::of(&hull, |node, out| match out {
        Some(out) => out.reading.map_or(NOTHING, |reading| reading.most),
        None if node.running => 0,
        None => NOTHING,
    });
    let longest = (most.most() > NOTHING).then_some(most.most());
    let shortest = outs().filter(|out| out.reads).filter_map(|out| out.reading).map(|reading| reading.least).min();
    let below = |micros: i64| if micros >= cap { i64::MAX } else { micros };
    Ok(Allowed {
        marks,
        longest: longest.map(below),
        never: hull.nodes.iter().any(|node| node.waits),
        shortest: shortest.map(below),
    })
}

/// A space that is written out.
#[derive(Clone, Debug, Default)]
pub struct TableSpace {
    pub start: Vec<Origin>,
    pub states: Vec<TableState>,
}

/// A state of a [`TableSpace`].
#[derive(Clone, Debug, Default)]
pub struct TableState {
    pub variables: Vec<Variable>,
    pub edges: Vec<Edge>,
    pub automorphisms: Vec<Automorphism>,
}

impl Space for TableSpace {
    fn initial(&mut self) -> (StateId, Arc<[Origin]>) {
        (0, self.start.as_slice().into())
    }

    fn edges(&mut self, state: StateId) -> Result<Arc<[Edge]>, Cap> {
        Ok(self.states[state as usize].edges.as_slice().into())
    }

    fn variables(&self, state: StateId) -> Arc<[Variable]> {
        self.states[state as usize].variables.as_slice().into()
    }

    fn automorphisms(&mut self, state: StateId) -> Arc<[Automorphism]> {
        self.states[state as usize].automorphisms.as_slice().into()
    }

    fn len(&self) -> usize {
        self.states.len()
    }
}

/// A net: places, kinds of events with windows, and rules. Its states are spelled out by [`Net::space`].
#[derive(Clone, Debug, Default)]
pub struct Net {
    /// The window of each kind of event; `None` ends one that may never happen. At most one event of a kind is pending.
    pub windows: Vec<(i64, Option<i64>)>,
    /// Kinds that are pending at the beginning, in place 0.
    pub start: Vec<u8>,
    pub rules: Vec<Rule>,
    /// How often the adversary may act.
    pub budget: u8,
}

/// What can happen in a place.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    pub place: u8,
    /// The kind of event that happens; `None` for the adversary.
    pub event: Option<u8>,
    pub target: u8,
    /// Kinds that are scheduled, afresh if they were pending.
    pub schedules: Vec<u8>,
    pub cancels: Vec<u8>,
    /// A kind that comes later by up to so much.
    pub widens: Option<(u8, i64)>,
    /// Two kinds of which the first must not happen later, if both are pending and the windows allow it.
    pub ordered: Option<(u8, u8)>,
    pub marks: Marks,
}

/// A discrete state of a net.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Marking {
    place: u8,
    pending: BTreeSet<u8>,
    budget: u8,
    running: bool,
}

impl Net {
    /// Every state that the rules reach. A trigger starts the stopwatch or does not; a response or a discharge stops it.
    #[must_use]
    pub fn space(&self) -> TableSpace {
        let first =
            Marking { place: 0, pending: self.start.iter().copied().collect(), budget: self.budget, running: false };
        let start = first.pending.iter().map(|kind| self.schedule(*kind)).collect();
        let mut table = TableSpace { start, ..TableSpace::default() };
        let mut numbers = BTreeMap::from([(first.clone(), 0)]);
        let mut markings = vec![first];
        while table.states.len() < markings.len() {
            let marking = markings[table.states.len()].clone();
            let mut edges = Vec::new();
            for rule in self.rules.iter().filter(|rule| marking.allows(rule)) {
                for (target, mut edge) in self.apply(&marking, rule) {
                    let next = markings.len() as StateId;
                    edge.target = *numbers.entry(target.clone()).or_insert_with(|| {
                        markings.push(target);
                        next
                    });
                    edge.label = edges.len() as u32;
                    edges.push(edge);
                }
            }
            let events = marking.pending.iter().map(|_| Variable::Event);
            let variables = events.chain(marking.running.then_some(Variable::Stopwatch)).collect();
            table.states.push(TableState { variables, edges, automorphisms: Vec::new() });
        }
        table
    }

    fn schedule(&self, kind: u8) -> Origin {
        let (lo, hi) = self.windows[usize::from(kind)];
        Origin::Scheduled { lo, hi: hi.unwrap_or(i64::MAX), number: u16::from(kind) }
    }

    fn apply(&self, marking: &Marking, rule: &Rule) -> Vec<(Marking, Edge)> {
        let mut pending = marking.pending.clone();
        rule.event.iter().chain(&rule.cancels).for_each(|kind| {
            pending.remove(kind);
        });
        pending.extend(&rule.schedules);
        let stopped = marking.running && rule.marks.any(Marks::RESPONSE.with(Marks::DISCHARGE));
        let running = marking.running && !stopped;
        let choices: &[bool] = if rule.marks.any(Marks::TRIGGER) && !running { &[true, false] } else { &[false] };
        let budget = marking.budget - u8::from(rule.event.is_none());
        let results = choices.iter().map(|&starts| {
            let mut origins: Vec<Origin> = pending.iter().map(|kind| self.origin(marking, rule, *kind)).collect();
            if starts {
                origins.push(Origin::Scheduled { lo: 0, hi: 0, number: u16::MAX });
            } else if running {
                origins.push(Origin::Kept(marking.pending.len() as u16));
            }
            let edge = Edge {
                fires: rule.event.map(|kind| marking.variable(kind)),
                target: 0,
                ordered: self.order(rule, &pending, &origins),
                origins: origins.into(),
                marks: rule.marks,
                reads: stopped && rule.marks.any(Marks::RESPONSE),
                label: 0,
            };
            let running = running || starts;
            (Marking { place: rule.target, pending: pending.clone(), budget, running }, edge)
        });
        results.collect()
    }

    fn origin(&self, marking: &Marking, rule: &Rule, kind: u8) -> Origin {
        if rule.schedules.contains(&kind) {
            return self.schedule(kind);
        }
        match rule.widens {
            Some((widened, by)) if widened == kind => Origin::Widened(marking.variable(kind), by),
            _ => Origin::Kept(marking.variable(kind)),
        }
    }

    fn order(&self, rule: &Rule, pending: &BTreeSet<u8>, origins: &[Origin]) -> Box<[(u16, u16)]> {
        let place = |kind: u8| pending.iter().position(|other| *other == kind);
        let Some((first, second)) = rule.ordered else { return Box::default() };
        let (Some(a), Some(b)) = (place(first), place(second)) else { return Box::default() };
        // Two fresh events with finite windows: then the order never leaves the target without a moment.
        match (origins[a], origins[b]) {
            (Origin::Scheduled { lo, hi, .. }, Origin::Scheduled { hi: latest, .. })
                if a != b && lo <= latest && hi < i64::MAX && latest < i64::MAX =>
            {
                [(a as u16, b as u16)].into()
            }
            _ => Box::default(),
        }
    }

    /// A random net; equal seeds give equal nets.
    #[must_use]
    pub fn random(seed: u64) -> Net {
        let mut dice = Dice::new(seed);
        let kinds = 2 + dice.below(3) as u8;
        let places = 1 + dice.below(3) as u8;
        let windows = (0..kinds).map(|_| dice.window()).collect();
        let mut net = Net { windows, start: Vec::new(), rules: Vec::new(), budget: dice.below(3) as u8 };
        net.start = (0..kinds).filter(|_| dice.chance(60)).collect();
        for place in 0..places {
            for kind in 0..kinds {
                for _ in 0..1 + u8::from(dice.chance(15)) {
                    net.rules.push(dice.rule(place, Some(kind), kinds, places));
                }
            }
            if dice.chance(70) {
                net.rules.push(dice.rule(place, None, kinds, places));
            }
        }
        net
    }
}

impl Marking {
    fn allows(&self, rule: &Rule) -> bool {
        let possible = rule.event.map_or(self.budget > 0, |kind| self.pending.contains(&kind));
        rule.place == self.place && possible
    }

    fn variable(&self, kind: u8) -> u16 {
        self.pending.iter().position(|other| *other == kind).expect("the kind is pending") as u16
    }
}

/// Equal parts, each in a place with one event pending; what happens to one may startle others. Parts that are in the
/// same place are interchangeable.
#[derive(Clone, Debug)]
pub struct Twins {
    pub parts: usize,
    /// For each place, the window of its event and what the event does.
    pub places: Vec<((i64, i64), Move)>,
}

/// What the event of a part does.
#[derive(Clone, Debug)]
pub struct Move {
    pub target: u8,
    /// All other parts in the first place move to the second.
    pub startles: Option<(u8, u8)>,
    pub marks: Marks,
}

impl Twins {
    /// Random equal parts; equal seeds give equal ones.
    #[must_use]
    pub fn random(seed: u64) -> Twins {
        let mut dice = Dice::new(seed);
        let count = 2 + dice.below(2);
        let places = (0..count).map(|_| {
            let lo = dice.below(4) as i64;
            let hi = (lo + dice.below(3) as i64).max(1);
            let rule = dice.rule(0, None, count as u8, count as u8);
            let startled = (dice.below(count) as u8, dice.below(count) as u8);
            ((lo, hi), Move { target: rule.target, startles: dice.chance(50).then_some(startled), marks: rule.marks })
        });
        Twins { places: places.collect(), parts: 2 + dice.below(2) as usize }
    }

    /// Every state: the places of the parts, ascending, and whether the stopwatch runs.
    #[must_use]
    pub fn space(&self) -> TableSpace {
        let first = (vec![0_u8; self.parts], false);
        let mut table = TableSpace { start: vec![self.schedule(0); self.parts], ..TableSpace::default() };
        let mut numbers = BTreeMap::from([(first.clone(), 0)]);
        let mut found = vec![first];
        while table.states.len() < found.len() {
            let (parts, running) = found[table.states.len()].clone();
            let mut edges = Vec::new();
            for part in 0..self.parts {
                for (target, mut edge) in self.apply(&parts, running, part) {
                    let next = found.len() as StateId;
                    edge.target = *numbers.entry(target.clone()).or_insert_with(|| {
                        found.push(target);
                        next
                    });
                    edge.label = edges.len() as u32;
                    edges.push(edge);
                }
            }
            let events = parts.iter().map(|_| Variable::Event);
            let variables = events.chain(running.then_some(Variable::Stopwatch)).collect();
            table.states.push(TableState { variables, edges, automorphisms: swaps(&parts, running) });
        }
        table
    }

    fn schedule(&self, place: u8) -> Origin {
        let (lo, hi) = self.places[usize::from(place)].0;
        Origin::Scheduled { lo, hi, number: 0 }
    }

    fn apply(&self, parts: &[u8], running: bool, part: usize) -> Vec<((Vec<u8>, bool), Edge)> {
        let Move { target, startles, marks } = self.places[usize::from(parts[part])].1;
        let mut moved: Vec<(u8, usize, Origin)> = Vec::new();
        for (other, &place) in parts.iter().enumerate() {
            moved.push(match startles {
                _ if other == part => (target, other, self.schedule(target)),
                Some((from, to)) if place == from => (to, other, self.schedule(to)),
                _ => (place, other, Origin::Kept(other as u16)),
            });
        }
        moved.sort_unstable_by_key(|&(place, other, _)| (place, other));
        let stopped = running && marks.any(Marks::RESPONSE.with(Marks::DISCHARGE));
        let running = running && !stopped;
        let choices: &[bool] = if marks.any(Marks::TRIGGER) && !running { &[true, false] } else { &[false] };
        let results = choices.iter().map(|&starts| {
            let mut origins: Vec<Origin> = moved.iter().map(|(.., origin)| *origin).collect();
            if starts {
                origins.push(Origin::Scheduled { lo: 0, hi: 0, number: 1 });
            } else if running {
                origins.push(Origin::Kept(parts.len() as u16));
            }
            let edge = Edge {
                fires: Some(part as u16),
                target: 0,
                origins: origins.into(),
                ordered: Box::default(),
                marks,
                reads: stopped && marks.any(Marks::RESPONSE),
                label: 0,
            };
            ((moved.iter().map(|(place, ..)| *place).collect(), running || starts), edge)
        });
        results.collect()
    }
}

/// The exchanges of two parts in one place.
fn swaps(parts: &[u8], running: bool) -> Vec<Automorphism> {
    let mut found = Vec::new();
    for b in 0..parts.len() {
        for a in (0..b).filter(|&a| parts[a] == parts[b]) {
            let mut variables: Vec<u16> = (0..parts.len() as u16 + u16::from(running)).collect();
            variables.swap(a, b);
            let mut nodes: Vec<u8> = (0..parts.len() as u8).collect();
            nodes.swap(a, b);
            found.push(Automorphism { variables: variables.into(), nodes: nodes.into() });
        }
    }
    found
}

/// A small generator of numbers with a fixed sequence for each seed.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    #[must_use]
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn window(&mut self) -> (i64, Option<i64>) {
        let lo = self.below(6) as i64;
        if self.chance(12) {
            return (lo, None);
        }
        let width = if self.chance(40) { 0 } else { self.below(4) as i64 };
        // Windows that end at zero let time stand still; they have tests of their own.
        (lo, Some((lo + width).max(1)))
    }

    fn rule(&mut self, place: u8, event: Option<u8>, kinds: u8, places: u8) -> Rule {
        let some = |dice: &mut Dice, percent| (0..kinds).filter(|_| dice.chance(percent)).collect::<Vec<u8>>();
        let kind = |dice: &mut Dice| dice.below(u64::from(kinds)) as u8;
        let mut schedules = some(self, 35);
        if event.is_some() && self.chance(60) {
            schedules.push(kind(self));
        }
        schedules.sort_unstable();
        schedules.dedup();
        let marks = [(Marks::TRIGGER, 18), (Marks::RESPONSE, 18), (Marks::DISCHARGE, 4), (Marks::VIOLATED, 5)];
        let marks = marks.into_iter().filter(|(_, percent)| self.chance(*percent)).map(|(mark, _)| mark);
        let marks = marks.fold(Marks::NONE, Marks::with);
        Rule {
            place,
            event,
            target: self.below(u64::from(places)) as u8,
            schedules,
            cancels: some(self, 12),
            widens: self.chance(10).then(|| (kind(self), 1 + self.below(2) as i64)),
            ordered: self.chance(30).then(|| (kind(self), kind(self))),
            marks,
        }
    }
}
