//! What a process answers with: an ordered list of effects, and the identities it may draw.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::{Id, NodeId, Process, Rank, Sort};
use crate::time::Window;

/// One thing that a process does. A crash or a pause may cut a list of effects anywhere.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Effect<P: Process> {
    Send {
        to: NodeId,
        message: P::Message,
    },
    /// Replaces the timer of that key if it is armed.
    Arm {
        timer: P::Timer,
        after: Window,
    },
    /// From here on the old firing is never delivered, not even if it was due.
    Disarm(P::Timer),
    /// The timer keeps its moment and gets another key: "the lease counts from when I asked".
    Rename {
        from: P::Timer,
        to: P::Timer,
    },
    /// Replaces what survives a crash.
    Persist(P::Durable),
    Emit(P::Event),
    /// The process ends by itself; a supervisor may start it again. Effects after it are not executed.
    Exit,
}

/// The next unused identities. An engine keeps one for a whole run, or sets it above all that are in use.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Fresh {
    next_id: u64,
    /// Sorted; a sort that is not here begins at 1.
    next_ranks: SmallVec<[(Sort, u64); 8]>,
}

impl Fresh {
    /// Above the given ones. Rank 0 of a sort is [`Rank::least`], never drawn.
    pub(crate) fn above(next_id: u64, next_ranks: BTreeMap<Sort, u64>) -> Fresh {
        Fresh { next_id, next_ranks: next_ranks.into_iter().collect() }
    }

    pub(crate) fn id(&mut self) -> Id {
        self.next_id += 1;
        Id::new(self.next_id - 1)
    }

    pub(crate) fn rank(&mut self, sort: Sort) -> Rank {
        let place = self.next_ranks.partition_point(|(other, _)| *other < sort);
        if self.next_ranks.get(place).is_none_or(|(other, _)| *other != sort) {
            self.next_ranks.insert(place, (sort, 1));
        }
        let next = &mut self.next_ranks[place].1;
        *next += 1;
        Rank::new(sort, *next - 1)
    }
}

/// Collects the effects of one step, in order.
#[derive(Debug)]
pub struct Effects<P: Process> {
    list: Vec<Effect<P>>,
    fresh: Fresh,
}

impl<P: Process> Effects<P> {
    pub(crate) fn new(fresh: Fresh) -> Effects<P> {
        Effects::reusing(Vec::new(), fresh)
    }

    /// The list is empty; it lends what it has room for.
    pub(crate) fn reusing(list: Vec<Effect<P>>, fresh: Fresh) -> Effects<P> {
        Effects { list, fresh }
    }

    pub(crate) fn into_parts(self) -> (Vec<Effect<P>>, Fresh) {
        (self.list, self.fresh)
    }

    pub fn send(&mut self, to: NodeId, message: P::Message) {
        self.list.push(Effect::Send { to, message });
    }

    /// Fires once, after a span within `after` by this node's own clock.
    pub fn arm(&mut self, timer: P::Timer, after: Window) {
        self.list.push(Effect::Arm { timer, after });
    }

    pub fn disarm(&mut self, timer: P::Timer) {
        self.list.push(Effect::Disarm(timer));
    }

    /// Renaming a timer that is not armed any more, because it was delivered, is an error of the protocol.
    pub fn rename(&mut self, from: P::Timer, to: P::Timer) {
        self.list.push(Effect::Rename { from, to });
    }

    pub fn persist(&mut self, durable: P::Durable) {
        self.list.push(Effect::Persist(durable));
    }

    pub fn emit(&mut self, event: P::Event) {
        self.list.push(Effect::Emit(event));
    }

    pub fn exit(&mut self) {
        self.list.push(Effect::Exit);
    }

    /// An identity that nothing else has.
    pub fn fresh_id(&mut self) -> Id {
        self.fresh.id()
    }

    /// A rank above every earlier one of its sort, whoever drew it.
    pub fn fresh_rank(&mut self, sort: Sort) -> Rank {
        self.fresh.rank(sort)
    }

    /// Runs a process that this one hosts; what it does becomes this one's doing, wrapped.
    ///
    /// Messages reach the hosted process of a peer only if the host there unwraps them. `Exit` of a hosted process
    /// ends the whole node.
    pub fn nested<C: Process<Durable = ()>, R>(
        &mut self,
        message: impl Fn(C::Message) -> P::Message,
        timer: impl Fn(C::Timer) -> P::Timer,
        event: impl Fn(C::Event) -> P::Event,
        run: impl FnOnce(&mut Effects<C>) -> R,
    ) -> R {
        let mut inner = Effects::new(std::mem::take(&mut self.fresh));
        let result = run(&mut inner);
        let (list, fresh) = inner.into_parts();
        self.fresh = fresh;
        self.list.extend(list.into_iter().filter_map(|effect| match effect {
            Effect::Send { to, message: inner } => Some(Effect::Send { to, message: message(inner) }),
            Effect::Arm { timer: inner, after } => Some(Effect::Arm { timer: timer(inner), after }),
            Effect::Disarm(inner) => Some(Effect::Disarm(timer(inner))),
            Effect::Rename { from, to } => Some(Effect::Rename { from: timer(from), to: timer(to) }),
            // Nothing to keep.
            Effect::Persist(()) => None,
            Effect::Emit(inner) => Some(Effect::Emit(event(inner))),
            Effect::Exit => Some(Effect::Exit),
        }));
        result
    }
}
