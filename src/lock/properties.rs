//! What is asked of a lock.
//!
//! Belief (who thinks that it holds the lock), action (whose work runs) and effect (whose writes are accepted) are
//! properties of their own: a design may keep one and break another.

#[cfg(test)]
mod tests;
mod watch;

use std::collections::{BTreeMap, BTreeSet};

use super::Site;
use crate::{
    process::{Names, NodeId, Rank},
    spec::{Form, Property, Trigger},
};

/// What a property remembers: no more than its own question needs, because it is part of the state.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Memory {
    Nothing,
    /// Who holds the lock or works, as far as it knows, and which machines are up: when none is, nobody can take over.
    Takeover {
        workers: BTreeSet<NodeId>,
        up: BTreeSet<NodeId>,
    },
    /// The same, and who was told to stop while it was the only worker.
    Handover {
        workers: BTreeSet<NodeId>,
        up: BTreeSet<NodeId>,
        leaving: Option<NodeId>,
    },
    /// Whose renewals count: who acquired the lock last.
    Holder(Option<NodeId>),
    /// Whose work has to end.
    Doubting(Option<NodeId>),
    /// The greatest token of an accepted write.
    Greatest(Option<Rank>),
    /// Whom a pause has hit in its present life.
    Disturbed(BTreeSet<NodeId>),
    /// Who does without the lock.
    Waived(BTreeSet<NodeId>),
    /// Who believes that it holds the lock.
    Believing(BTreeSet<NodeId>),
    /// Whose work has not begun since it acquired the lock, and who of them has lost it first.
    StartingUp {
        starting: BTreeSet<NodeId>,
        lost: Option<NodeId>,
    },
    /// Who holds the lock, and how often the store has served each of the others since it began to wait or its
    /// connection ended.
    Served {
        holding: BTreeSet<NodeId>,
        often: BTreeMap<NodeId, u8>,
    },
}

pub(super) fn all() -> Vec<Property<Site, Memory>> {
    let nobody = BTreeSet::new;
    let takeover = || Memory::Takeover { workers: nobody(), up: nobody() };
    let property = Property::<Site, Memory>::new;
    vec![
        property(
            "at-most-one-believes",
            "at most one machine believes that it holds the lock",
            &["lock-1"],
            Form::Apart,
            Memory::Nothing,
            watch::believes,
        ),
        property(
            "at-most-one-acts",
            "at most one machine works",
            &["lock-1"],
            Form::Apart,
            Memory::Nothing,
            watch::acts,
        ),
        property(
            "at-most-one-acts-by-lock",
            "at most one machine works by the lock, whoever does without it on purpose",
            &["lock-1"],
            Form::Apart,
            Memory::Waived(nobody()),
            watch::acts_by_lock,
        ),
        property(
            "acquires-once",
            "no machine acquires the lock while it believes that it holds it",
            &["lock-1"],
            Form::Never,
            Memory::Believing(nobody()),
            watch::acquires,
        ),
        property(
            "no-stale-write",
            "no write is accepted after one by a later holder",
            &["lock-1"],
            Form::Never,
            Memory::Greatest(None),
            watch::writes,
        ),
        property(
            "clean-handover",
            "after the only worker is told to stop, another works in time",
            &["lock-2"],
            Form::Within(Trigger::Request),
            Memory::Handover { workers: nobody(), up: nobody(), leaving: None },
            watch::hands_over,
        ),
        property(
            "handover-after-work",
            "after the only worker has ended its work and gives the lock back, another acquires it in time",
            &["lock-2"],
            Form::Within(Trigger::Anything),
            takeover(),
            watch::hands_over_after_work,
        ),
        property(
            "hard-death-takeover",
            "after the only worker dies, another works in time",
            &["lock-3"],
            Form::Within(Trigger::Crash),
            takeover(),
            watch::takes_over,
        ),
        property(
            "takeover-after-last-renewal",
            "after the last renewal of a holder that dies, another acquires the lock in time",
            &["lock-3"],
            Form::Within(Trigger::Anything),
            Memory::Holder(None),
            watch::takes_over_since_renewal,
        ),
        property(
            "doubt-stops-work",
            "after a holder loses confidence, its work ends in time",
            &["lock-4"],
            Form::Within(Trigger::Anything),
            Memory::Doubting(None),
            watch::stops,
        ),
        property(
            "start-up-ends-on-loss",
            "after a machine loses the lock before its work has begun, it exits in time",
            &["lock-5"],
            Form::Within(Trigger::Anything),
            Memory::StartingUp { starting: nobody(), lost: None },
            watch::gives_up,
        ),
        property(
            "free-lock-is-taken",
            "after an election that leaves the lock free, somebody acquires it in time",
            &["election-1"],
            Form::Within(Trigger::Anything),
            takeover(),
            watch::is_taken,
        ),
        property(
            "work-resumes-after-election",
            "after an election at which nobody works, somebody works in time",
            &["election-2"],
            Form::Within(Trigger::Anything),
            takeover(),
            watch::resumes,
        ),
        property(
            "healthy-worker-keeps-lock",
            "a holder that nothing hit keeps the lock",
            &[],
            Form::Never,
            Memory::Disturbed(nobody()),
            watch::keeps,
        ),
        property(
            "waiting-is-quiet",
            "however long a contender waits on a connection, the store serves it at most 6 requests",
            &[],
            Form::Never,
            Memory::Served { holding: nobody(), often: BTreeMap::new() },
            watch::is_quiet,
        ),
    ]
}
