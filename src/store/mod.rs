//! Stores that the protocols coordinate through, each as one process that a protocol's nodes host.
//!
//! A store is a whole cluster seen from outside: what its clients can observe of it, and when. What the environment
//! may do to one, and what a property may see of one, is the same for all.

pub mod consul;
pub mod etcd2;
pub mod etcd3;
mod key;
pub mod locket;
pub mod record;

pub use key::Key;

use crate::{
    process::{Id, Names, NodeId, Sort},
    time::Window,
};

/// What the environment may ask of a store.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Request {
    /// The leader is gone, or whatever else it takes to serve; there is a new one after a span of `outage`.
    LoseLeader { outage: Window },
}

/// What a property may see of a store.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Event {
    /// What a client holds lives on, counted from now.
    Renewed {
        owner: NodeId,
    },
    /// The store ended what a client held.
    Expired {
        owner: NodeId,
    },
    /// It serves a request: not one that it refuses.
    Served {
        to: NodeId,
    },
    /// A client's connection has ended.
    Disconnected {
        from: NodeId,
    },
    LockDelayEnded,
    LeaderLost,
    LeaderElected {
        lock_is_free: bool,
    },
}

/// A request that came while there was no leader, and waits for one.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
struct Held<M> {
    id: Id,
    from: NodeId,
    message: M,
}

/// Fencing tokens: whoever holds a lock later has the greater one.
pub const TOKENS: Sort = Sort(0);

/// Indices, which some stores call revisions: one for each change.
pub const INDICES: Sort = Sort(1);
