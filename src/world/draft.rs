//! A successor in the making: a copy of a state that remembers where each item came from.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    kept::Kept,
    space::{Cap, Marks, Origin},
    state::{Item, Name, NodeState, Place, State, Told, What},
};
use crate::{
    process::{Data, Fresh, Lane, NodeId, Process, Reason, Sort},
    spec::Setup,
    time::Window,
};

/// Names an item within one step: an index of the source's items, or, from `source items` on, a count of what the step
/// made.
pub(super) type Uid = u16;

#[derive(Clone, Debug)]
pub(super) struct Draft<P: Process, M: Data> {
    pub(super) state: State<P, M>,
    /// For each item of `state.items`, where it comes from.
    pub(super) sources: Vec<Source>,
    /// Pairs of items: the first is due no later than the second.
    pub(super) ordered: Vec<(Uid, Uid)>,
    pub(super) marks: Marks,
    pub(super) reads: bool,
    pub(super) measured: bool,
    /// The fault classes of which a token was taken.
    pub(super) taken: Vec<usize>,
    /// Timers armed since the last interruption, with the windows by their own clock.
    pub(super) armed: Vec<(Uid, Window)>,
    pub(super) fresh: Fresh,
    /// What the step made, in order, for those who tell its story.
    pub(super) log: Vec<Made>,
    next: Uid,
    scheduled: u16,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Source {
    pub(super) uid: Uid,
    /// Meaningful for an item that is due.
    pub(super) origin: Origin,
}

/// Something that a step made and that a trace counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Made {
    /// A send was executed; its message and its copy, where they are under way.
    Sent {
        from: NodeId,
        to: NodeId,
        message: Option<Uid>,
        copy: Option<Uid>,
    },
    Armed {
        node: NodeId,
        timer: Uid,
    },
    Cut {
        heal: Uid,
    },
}

impl<P: Process, M: Data> Draft<P, M> {
    /// The state itself: nothing has happened yet. `fresh` must lie above every name in use.
    pub(super) fn of(state: &State<P, M>, fresh: Fresh) -> Draft<P, M> {
        let mut variable = 0;
        let sources = state
            .items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                let origin = Origin::Kept(variable);
                if item.place == Place::Due {
                    variable += 1;
                }
                Source { uid: index as Uid, origin }
            })
            .collect();
        Draft {
            state: state.clone(),
            sources,
            ordered: Vec::new(),
            marks: Marks::NONE,
            reads: false,
            measured: false,
            taken: Vec::new(),
            armed: Vec::new(),
            fresh,
            log: Vec::new(),
            next: state.items.len() as Uid,
            scheduled: 0,
        }
    }

    /// A new item behind all others; scheduled in the window from now if it is due.
    pub(super) fn add(&mut self, what: What<P>, place: Place, window: Window) -> Uid {
        let uid = self.next;
        self.next += 1;
        let origin = self.schedule(window);
        self.state.items.push(Item { told: Told::New(Arc::new(what)), place });
        self.sources.push(Source { uid, origin });
        uid
    }

    fn schedule(&mut self, window: Window) -> Origin {
        self.scheduled += 1;
        Origin::Scheduled { lo: window.lo().micros(), hi: window.hi().micros(), number: self.scheduled - 1 }
    }

    /// An item that waited becomes due within the window from now.
    pub(super) fn make_due(&mut self, index: usize, window: Window) {
        self.state.items[index].place = Place::Due;
        self.sources[index].origin = self.schedule(window);
    }

    pub(super) fn widen(&mut self, index: usize, by: i64) {
        self.sources[index].origin = match self.sources[index].origin {
            Origin::Kept(variable) => Origin::Widened(variable, by),
            Origin::Widened(variable, more) => Origin::Widened(variable, more.saturating_add(by)),
            Origin::Scheduled { lo, hi, number } => Origin::Scheduled { lo, hi: hi.saturating_add(by), number },
        };
    }

    pub(super) fn remove(&mut self, index: usize) -> Told<P> {
        self.sources.remove(index);
        self.state.items.remove(index).told
    }

    /// Changes what an item is; it stays where it is, and due when it was.
    pub(super) fn change(&mut self, index: usize, change: impl FnOnce(&mut What<P>)) {
        let item = &mut self.state.items[index];
        let mut what = item.what().clone();
        change(&mut what);
        item.told = Told::New(Arc::new(what));
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Item<P>) -> bool) {
        // Nothing goes most of the time.
        let Some(first) = self.state.items.iter().position(|item| !keep(item)) else { return };
        for index in (first..self.state.items.len()).rev() {
            if !keep(&self.state.items[index]) {
                self.state.items.remove(index);
                self.sources.remove(index);
            }
        }
    }

    pub(super) fn position(&self, test: impl Fn(&What<P>) -> bool) -> Option<usize> {
        self.state.items.iter().position(|item| test(item.what()))
    }

    pub(super) fn index_of(&self, uid: Uid) -> Option<usize> {
        self.sources.iter().position(|source| source.uid == uid)
    }

    /// Ends the connection for one end: it is told within the window, behind what travels to it. An end that is not
    /// open is left as it is; one of a node whose process is down is idle at once.
    pub(super) fn break_end(&mut self, node: NodeId, peer: NodeId, lane: Lane, reason: Reason, window: Window) {
        if !self.state.nodes[node.index()].is_up() {
            // There is nobody to tell.
            return self.set_end(node, peer, lane, None);
        }
        let Some(end) = self.state.ends.iter_mut().find(|end| (end.node, end.peer, end.lane) == (node, peer, lane))
        else {
            return;
        };
        if end.broken {
            return;
        }
        end.broken = true;
        self.drop_patience(node, peer, lane);
        self.add(What::Closed { node, peer, lane, reason }, Place::Due, window);
    }

    pub(super) fn drop_patience(&mut self, node: NodeId, peer: NodeId, lane: Lane) {
        self.retain(|item| *item.what() != What::Patience { node, peer, lane });
    }

    pub(super) fn end(&self, node: NodeId, peer: NodeId, lane: Lane) -> Option<bool> {
        self.state.ends.iter().find(|end| (end.node, end.peer, end.lane) == (node, peer, lane)).map(|end| end.broken)
    }

    pub(super) fn set_end(&mut self, node: NodeId, peer: NodeId, lane: Lane, broken: Option<bool>) {
        self.state.ends.retain(|end| (end.node, end.peer, end.lane) != (node, peer, lane));
        if let Some(broken) = broken {
            self.state.ends.push(super::state::End { node, peer, lane, broken });
        }
    }

    pub(super) fn host(&mut self, node: NodeId, process: Arc<Kept<P>>) {
        let NodeState::Up { hosted, .. } = &mut self.state.nodes[node.index()] else {
            unreachable!("only a running node takes a step");
        };
        *hosted = process;
    }

    /// # Errors
    /// When more messages are in flight on a link than its capacity, or more is pending than an engine can follow.
    pub(super) fn check_capacity(&self, setup: &Setup<P>) -> Result<(), Cap> {
        if self.sources.len() > MOST_PENDING {
            return Err(Cap { what: "events pending at once".into(), cap: MOST_PENDING });
        }
        if !self.log.iter().any(|made| matches!(made, Made::Sent { .. })) {
            return Ok(());
        }
        let ends = |what: &What<P>| match *what {
            What::Message { from, to, .. } => Some((from, to)),
            _ => None,
        };
        for (from, to) in self.state.items.iter().filter_map(|item| ends(item.what())) {
            let cap = usize::from(setup.links.get(from, to).map_or(0, |link| link.capacity));
            let count = self.state.items.iter().filter(|item| ends(item.what()) == Some((from, to))).count();
            if count > cap {
                let what = format!("messages in flight from {} to {}", setup.node(from).name, setup.node(to).name);
                return Err(Cap { what, cap });
            }
        }
        Ok(())
    }
}

/// As many as a set of causes has room for, a stopwatch among them.
const MOST_PENDING: usize = 127;

/// The next fresh names above all that it is told.
#[derive(Default)]
pub(super) struct Above {
    next_id: u64,
    next_ranks: BTreeMap<Sort, u64>,
}

impl Above {
    pub(super) fn name(&mut self, name: Name) {
        match name {
            Name::Node(_) => {}
            Name::Id(id) => self.next_id = self.next_id.max(id.value() + 1),
            Name::Rank(rank) => {
                let next = self.next_ranks.entry(rank.sort()).or_insert(1);
                *next = (*next).max(rank.value() + 1);
            }
        }
    }

    pub(super) fn fresh(self) -> Fresh {
        Fresh::above(self.next_id, self.next_ranks)
    }
}
