//! One moment of a run in unit steps: a discrete state, and how far away everything pending is.

use std::collections::BTreeMap;

use crate::world::space::{Automorphism, Edge, Origin, StateId, Variable};

/// Microseconds in ticks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Scale {
    /// Microseconds of a tick, above zero.
    pub(super) tick: i64,
    /// A stopwatch stops counting here: so many ticks, or more.
    pub(super) most: i64,
}

const INFINITE: i64 = i64::MAX;

impl Scale {
    fn down(self, micros: i64) -> i64 {
        micros.div_euclid(self.tick)
    }

    pub(super) fn up(self, micros: i64) -> i64 {
        if micros == INFINITE { INFINITE } else { self.down(micros) + i64::from(!self.divides(micros)) }
    }

    fn divides(self, micros: i64) -> bool {
        micros == INFINITE || micros.rem_euclid(self.tick) == 0
    }

    /// Whether no window has to be rounded.
    pub(super) fn fits(self, origins: &[Origin]) -> bool {
        origins.iter().all(|origin| match *origin {
            Origin::Kept(_) => true,
            Origin::Widened(_, by) => self.divides(by),
            Origin::Scheduled { lo, hi, .. } => self.divides(lo) && self.divides(hi),
        })
    }
}

/// A node of the search. Everything is in ticks, counted from now.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Situation {
    pub(super) state: StateId,
    /// One for each variable of the state.
    moments: Box<[Moment]>,
    /// Closed under transitivity, sorted, without those that say nothing beyond the windows.
    orders: Box<[Order]>,
}

/// What is known of a variable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Moment {
    /// A pending event comes between `lo` and `hi` from now.
    Event { lo: i64, hi: i64 },
    /// A stopwatch runs since `elapsed`.
    Stopwatch { elapsed: i64 },
}

/// A pending event comes at most `slack` later than another one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Order {
    first: u16,
    second: u16,
    slack: i64,
}

impl Situation {
    /// The beginning of every run.
    pub(super) fn first(state: StateId, origins: &[Origin], variables: &[Variable], scale: Scale) -> Situation {
        let nothing = Situation { state, moments: Box::default(), orders: Box::default() };
        nothing.land(state, origins, &[], variables, scale)
    }

    /// What an edge leads to if it is taken now; `None` if it cannot be.
    pub(super) fn follow(&self, edge: &Edge, variables: &[Variable], scale: Scale) -> Option<Situation> {
        let mut now = self.clone();
        if let Some(event) = edge.fires {
            now.happen(event)?;
        }
        Some(now.land(edge.target, &edge.origins, &edge.ordered, variables, scale))
    }

    /// One tick later; `None` while an event must happen first.
    pub(super) fn tick(&self, scale: Scale) -> Option<Situation> {
        let mut next = self.clone();
        for moment in &mut next.moments {
            match moment {
                Moment::Event { hi: 0, .. } => return None,
                Moment::Event { lo, hi } => {
                    *lo = (*lo - 1).max(0);
                    *hi = if *hi == INFINITE { INFINITE } else { *hi - 1 };
                }
                Moment::Stopwatch { elapsed } => *elapsed = (*elapsed + 1).min(scale.most),
            }
        }
        next.settle();
        Some(next)
    }

    /// The same situation, its nodes renamed.
    pub(super) fn renamed(&self, automorphism: &Automorphism) -> Situation {
        let from = &automorphism.variables;
        let place = |old: u16| (0..).zip(from).find(|(_, variable)| **variable == old).expect("it is a permutation").0;
        let moments = from.iter().map(|variable| self.moments[usize::from(*variable)]).collect();
        let rename = |order: &Order| Order { first: place(order.first), second: place(order.second), ..*order };
        let mut orders: Box<[Order]> = self.orders.iter().map(rename).collect();
        orders.sort_unstable();
        Situation { state: self.state, moments, orders }
    }

    /// What the running stopwatch reads, in ticks.
    pub(super) fn elapsed(&self) -> Option<i64> {
        self.moments.iter().find_map(|moment| match moment {
            Moment::Stopwatch { elapsed } => Some(*elapsed),
            Moment::Event { .. } => None,
        })
    }

    /// Whether nothing pending must ever happen.
    pub(super) fn may_wait_for_ever(&self) -> bool {
        self.moments.iter().all(|moment| !matches!(moment, Moment::Event { hi, .. } if *hi != INFINITE))
    }

    /// An event happens now, if it can. What comes no later than it must then come now, or within the slack.
    fn happen(&mut self, event: u16) -> Option<()> {
        let Moment::Event { lo: 0, .. } = self.moments[usize::from(event)] else { return None };
        self.moments[usize::from(event)] = Moment::Event { lo: 0, hi: 0 };
        for order in self.orders.iter().filter(|order| order.second == event) {
            let first = &mut self.moments[usize::from(order.first)];
            let (lo, hi) = first.window();
            if lo > order.slack {
                return None;
            }
            *first = Moment::Event { lo, hi: hi.min(order.slack) };
        }
        Some(())
    }

    /// The same moment in the target of an edge.
    fn land(
        &self,
        state: StateId,
        origins: &[Origin],
        ordered: &[(u16, u16)],
        variables: &[Variable],
        scale: Scale,
    ) -> Situation {
        let moments = origins.iter().zip(variables).map(|(origin, variable)| self.arrive(*origin, *variable, scale));
        let new = ordered.iter().map(|&(first, second)| Order { first, second, slack: 0 });
        let orders = self.carried(origins, scale).chain(new).collect();
        let mut target = Situation { state, moments: moments.collect(), orders };
        target.settle();
        target
    }

    fn arrive(&self, origin: Origin, variable: Variable, scale: Scale) -> Moment {
        match (origin, variable) {
            (Origin::Kept(from), _) => self.moments[usize::from(from)],
            (Origin::Widened(from, by), _) => {
                let (lo, hi) = self.moments[usize::from(from)].window();
                Moment::Event { lo, hi: hi.saturating_add(scale.up(by)) }
            }
            (Origin::Scheduled { lo, hi, .. }, Variable::Event) => {
                Moment::Event { lo: scale.down(lo), hi: scale.up(hi) }
            }
            (Origin::Scheduled { .. }, Variable::Stopwatch) => Moment::Stopwatch { elapsed: 0 },
        }
    }

    /// The orders of events that stay pending. One whose first event may come later by so much has that much slack.
    fn carried(&self, origins: &[Origin], scale: Scale) -> impl Iterator<Item = Order> {
        let arrives = move |variable: u16| {
            (0u16..).zip(origins).find_map(|(target, origin)| match *origin {
                Origin::Kept(from) if from == variable => Some((target, 0)),
                Origin::Widened(from, by) if from == variable => Some((target, scale.up(by))),
                _ => None,
            })
        };
        self.orders.iter().filter_map(move |order| {
            let ((first, by), (second, _)) = (arrives(order.first)?, arrives(order.second)?);
            Some(Order { first, second, slack: order.slack.saturating_add(by) })
        })
    }

    /// Draws every conclusion from the orders, so that one of two ordered events can go and what follows of the other
    /// stays; and drops what says nothing, so that equal situations are equal values.
    fn settle(&mut self) {
        if self.orders.is_empty() {
            return;
        }
        let orders = closed(&self.orders);
        for order in &orders {
            let ((lo1, hi1), (lo2, hi2)) = (self.window(order.first), self.window(order.second));
            let first = (lo1, hi1.min(hi2.saturating_add(order.slack)));
            let second = (lo2.max(lo1 - order.slack), hi2);
            assert!(first.0 <= first.1 && second.0 <= second.1, "an order leaves each of its events a moment");
            self.moments[usize::from(order.first)] = Moment::Event { lo: first.0, hi: first.1 };
            self.moments[usize::from(order.second)] = Moment::Event { lo: second.0, hi: second.1 };
        }
        let says_more = |order: &Order| self.window(order.first).1 > self.window(order.second).0 + order.slack;
        self.orders = orders.into_iter().filter(says_more).collect();
    }

    fn window(&self, variable: u16) -> (i64, i64) {
        self.moments[usize::from(variable)].window()
    }
}

impl Moment {
    fn window(self) -> (i64, i64) {
        match self {
            Moment::Event { lo, hi } => (lo, hi),
            Moment::Stopwatch { .. } => panic!("only events are widened or ordered"),
        }
    }
}

/// The orders and what follows from two of them, again and again; the tightest for each pair, sorted.
fn closed(orders: &[Order]) -> Vec<Order> {
    let mut slacks: BTreeMap<(u16, u16), i64> = BTreeMap::new();
    let mut new = orders.to_vec();
    while let Some(Order { first, second, slack }) = new.pop() {
        let known = slacks.get(&(first, second));
        if first == second || known.is_some_and(|known| *known <= slack) {
            continue;
        }
        slacks.insert((first, second), slack);
        for (&(from, to), &more) in &slacks {
            if from == second {
                new.push(Order { first, second: to, slack: slack + more });
            }
            if to == first {
                new.push(Order { first: from, second, slack: more + slack });
            }
        }
    }
    slacks.into_iter().map(|((first, second), slack)| Order { first, second, slack }).collect()
}
