//! The timers that a process has armed, by what they are, by their numbers, and in the order in which they come.
//!
//! Most processes have a few, and a list serves them best. A database has one for each row that waits.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::agenda::Slot;
use crate::{process::Process, time::Window};

#[derive(Debug)]
pub(super) struct Timers<P: Process> {
    armed: Kept<P>,
}

#[derive(Debug)]
pub(super) struct Armed<P: Process> {
    pub(super) timer: P::Timer,
    pub(super) number: u32,
    /// Where it is pending, unless it waits in an inbox.
    pub(super) slot: Slot,
    /// What orders it among the timers of its step, until its moment came.
    batch: Option<Batch>,
    /// When it is due by its node's clock, if the simulator placed it.
    due: Option<Due>,
}

/// Timers that were armed in one uninterrupted piece of an effect list, which one clock counts: what is surely due
/// first comes first, of two exactly equal ones the one that was armed first.
#[derive(Clone, Copy, Debug)]
struct Batch {
    piece: u64,
    /// By the node's own clock.
    after: Window,
}

#[derive(Debug)]
enum Kept<P: Process> {
    /// In the order of their numbers, as they were armed.
    Few(Vec<Armed<P>>),
    Many(Box<Many<P>>),
}

#[derive(Debug)]
struct Many<P: Process> {
    armed: BTreeMap<u32, Armed<P>>,
    numbers: FxHashMap<P::Timer, u32>,
    /// By the moment at which they are due.
    due: BTreeSet<(Due, u32)>,
    /// Each piece in the order in which its timers come.
    pieces: BTreeSet<(u64, Order)>,
}

/// When, and what it was armed for.
type Due = (i64, Window);

/// The latest and the earliest moment, and the number.
type Order = (i64, i64, u32);

/// From so many on a list is too slow.
const MANY: usize = 32;

impl<P: Process> Armed<P> {
    pub(super) fn new(timer: P::Timer, number: u32, slot: Slot, piece: u64, after: Window) -> Armed<P> {
        Armed { timer, number, slot, batch: Some(Batch { piece, after }), due: None }
    }

    fn order(&self) -> Option<(u64, Order)> {
        let Batch { piece, after } = self.batch?;
        Some((piece, (after.hi().micros(), after.lo().micros(), self.number)))
    }

    /// The timers of its piece below this come no later.
    fn bound(&self) -> Option<(u64, Order)> {
        let Batch { piece, after } = self.batch?;
        let (lo, hi) = (after.lo().micros(), after.hi().micros());
        Some((piece, if lo == hi { (lo, lo, self.number) } else { (lo, i64::MAX, u32::MAX) }))
    }
}

impl<P: Process> Default for Timers<P> {
    fn default() -> Timers<P> {
        Timers { armed: Kept::Few(Vec::new()) }
    }
}

impl<P: Process> Timers<P> {
    pub(super) fn insert(&mut self, armed: Armed<P>) {
        if let Kept::Few(few) = &mut self.armed
            && few.len() == MANY
        {
            let mut many = Many::default();
            few.drain(..).for_each(|armed| many.insert(armed));
            self.armed = Kept::Many(Box::new(many));
        }
        match &mut self.armed {
            Kept::Few(few) => few.push(armed),
            Kept::Many(many) => many.insert(armed),
        }
    }

    pub(super) fn find(&self, timer: &P::Timer) -> Option<u32> {
        match &self.armed {
            Kept::Few(few) => few.iter().find(|armed| armed.timer == *timer).map(|armed| armed.number),
            Kept::Many(many) => many.numbers.get(timer).copied(),
        }
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Armed<P>> {
        match &mut self.armed {
            Kept::Few(few) => few.iter_mut().find(|armed| armed.number == number),
            Kept::Many(many) => many.armed.get_mut(&number),
        }
    }

    pub(super) fn remove(&mut self, number: u32) -> Option<Armed<P>> {
        match &mut self.armed {
            Kept::Few(few) => few.iter().position(|armed| armed.number == number).map(|index| few.remove(index)),
            Kept::Many(many) => many.remove(number),
        }
    }

    /// The timer keeps its number and its moment.
    pub(super) fn rename(&mut self, number: u32, to: P::Timer) {
        let armed = self.get_mut(number).expect("only what is armed is renamed");
        let from = std::mem::replace(&mut armed.timer, to.clone());
        if let Kept::Many(many) = &mut self.armed {
            many.numbers.remove(&from);
            many.numbers.insert(to, number);
        }
    }

    /// In the order of their numbers.
    pub(super) fn iter(&self) -> Box<dyn Iterator<Item = &Armed<P>> + '_> {
        match &self.armed {
            Kept::Few(few) => Box::new(few.iter()),
            Kept::Many(many) => Box::new(many.armed.values()),
        }
    }

    /// Timers of the same piece that come no later than this one, and whose moment did not come yet.
    pub(super) fn not_before(&self, number: u32) -> Vec<u32> {
        match &self.armed {
            Kept::Few(few) => {
                let bound = few.iter().find(|armed| armed.number == number).and_then(Armed::bound);
                let Some(bound) = bound else { return Vec::new() };
                let before = |armed: &&Armed<P>| armed.order().is_some_and(|own| own.0 == bound.0 && own < bound);
                few.iter().filter(before).map(|armed| armed.number).collect()
            }
            Kept::Many(many) => {
                let Some(bound) = many.armed[&number].bound() else { return Vec::new() };
                let mut numbers: Vec<u32> =
                    many.pieces.range((bound.0, (i64::MIN, 0, 0))..bound).map(|(_, (.., number))| *number).collect();
                numbers.sort_unstable();
                numbers
            }
        }
    }

    /// The moment of a timer came: it holds no other back, and none holds it.
    pub(super) fn release(&mut self, number: u32) {
        if let Kept::Many(many) = &mut self.armed {
            many.forget_order(number);
        }
        let armed = self.get_mut(number).expect("what comes is armed");
        (armed.batch, armed.due) = (None, None);
    }

    /// The order of those that are armed is not promised any more.
    pub(super) fn release_all(&mut self) {
        match &mut self.armed {
            Kept::Few(few) => few.iter_mut().for_each(|armed| armed.batch = None),
            Kept::Many(many) => {
                many.pieces.clear();
                many.armed.values_mut().for_each(|armed| armed.batch = None);
            }
        }
    }

    /// The simulator placed a timer, or placed it anew.
    pub(super) fn place(&mut self, number: u32, due: Due) {
        if let Kept::Many(many) = &mut self.armed {
            let armed = many.armed.get_mut(&number).expect("only what is armed is placed");
            if let Some(before) = armed.due.replace(due) {
                many.due.remove(&(before, number));
            }
            many.due.insert((due, number));
        } else {
            self.get_mut(number).expect("only what is armed is placed").due = Some(due);
        }
    }

    /// The one that is due first, with the place where it is pending.
    pub(super) fn first_due(&self) -> Option<(u32, Slot)> {
        match &self.armed {
            Kept::Few(few) => {
                let due = few.iter().filter_map(|armed| Some((armed.due?, armed.number, armed.slot)));
                due.min().map(|(_, number, slot)| (number, slot))
            }
            Kept::Many(many) => many.due.first().map(|(_, number)| (*number, many.armed[number].slot)),
        }
    }
}

impl<P: Process> Default for Many<P> {
    fn default() -> Many<P> {
        Many { armed: BTreeMap::new(), numbers: FxHashMap::default(), due: BTreeSet::new(), pieces: BTreeSet::new() }
    }
}

impl<P: Process> Many<P> {
    fn insert(&mut self, armed: Armed<P>) {
        self.numbers.insert(armed.timer.clone(), armed.number);
        self.pieces.extend(armed.order());
        self.due.extend(armed.due.map(|due| (due, armed.number)));
        self.armed.insert(armed.number, armed);
    }

    fn remove(&mut self, number: u32) -> Option<Armed<P>> {
        self.forget_order(number);
        let armed = self.armed.remove(&number)?;
        self.numbers.remove(&armed.timer);
        Some(armed)
    }

    fn forget_order(&mut self, number: u32) {
        let Some(armed) = self.armed.get(&number) else { return };
        if let Some(order) = armed.order() {
            self.pieces.remove(&order);
        }
        if let Some(due) = armed.due {
            self.due.remove(&(due, number));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        process::{Effects, Input, Me, Names},
        simulate::{Draw, Random, Stream},
        time::Duration,
    };

    /// Has timers that are numbers.
    #[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
    struct Clockwork;

    impl Process for Clockwork {
        type Config = ();
        type Message = ();
        type Timer = u64;
        type Request = ();
        type Event = ();
        type Durable = ();

        fn start(_: &Me<'_, Clockwork>, (): (), _: &mut Effects<Clockwork>) -> Clockwork {
            Clockwork
        }

        fn step(&mut self, _: &Me<'_, Clockwork>, _: Input<Clockwork>, _: &mut Effects<Clockwork>) {}
    }

    fn window(random: &mut Random) -> Window {
        let lo = random.between(0, 3, Draw::Uniform, 0);
        let hi = random.between(lo, 3, Draw::Uniform, 0);
        Window::new(Duration::from_micros(lo), Duration::from_micros(hi))
    }

    /// Does to both what befalls the timers of a run, and returns the number of the timer that it was done to.
    fn befall(both: &mut [Timers<Clockwork>; 2], next: u32, random: &mut Random) {
        let armed: Vec<u32> = both[0].iter().map(|armed| armed.number).collect();
        let (timer, after, piece) = (random.below(20), window(random), random.below(3));
        let place = (random.between(0, 9, Draw::Uniform, 0), after);
        let (some, what) = (random.pick(&armed).copied(), random.below(9));
        for timers in both {
            match (what, some) {
                (0..4, _) => {
                    if let Some(number) = timers.find(&timer) {
                        timers.remove(number);
                    }
                    timers.insert(Armed::new(timer, next, next, piece, after));
                    timers.place(next, place);
                }
                (4, Some(number)) => timers.place(number, place),
                (5, Some(number)) => timers.release(number),
                (7, _) => timers.release_all(),
                (6, Some(number)) if timers.find(&timer).is_none() => timers.rename(number, timer),
                (_, Some(number)) => {
                    timers.remove(number);
                }
                (_, None) => {}
            }
        }
    }

    #[test]
    fn many_timers_are_kept_as_few_are() {
        for seed in 0..200 {
            let mut random = Random::new(seed, Stream::Faults, 0);
            let many = Timers { armed: Kept::Many(Box::default()) };
            let mut both = [Timers::default(), many];
            for next in 0..60 {
                befall(&mut both, next, &mut random);
                let [few, many] = &both;
                assert!(matches!(few.armed, Kept::Few(_)), "at most 20 are armed");
                assert_eq!(few.first_due(), many.first_due(), "seed {seed}");
                assert!((0..20).all(|timer| few.find(&timer) == many.find(&timer)), "seed {seed}");
                for number in few.iter().map(|armed| armed.number) {
                    assert_eq!(few.not_before(number), many.not_before(number), "seed {seed}, {number}");
                }
            }
        }
    }

    #[test]
    fn of_equal_windows_the_first_armed_comes_first_and_a_sooner_one_before_both() {
        let mut timers = Timers::<Clockwork>::default();
        let at = |lo, hi| Window::new(Duration::from_micros(lo), Duration::from_micros(hi));
        for (number, after) in [(0, at(5, 5)), (1, at(5, 5)), (2, at(3, 5)), (3, at(4, 9))] {
            timers.insert(Armed::new(number.into(), number, number, 1, after));
        }
        timers.insert(Armed::new(4, 4, 4, 2, at(1, 1)));
        let before: Vec<Vec<u32>> = (0..5).map(|number| timers.not_before(number)).collect();
        assert_eq!(before, [vec![2], vec![0, 2], vec![], vec![], vec![]]);
        timers.release(2);
        assert_eq!(timers.not_before(1), [0]);
    }
}
