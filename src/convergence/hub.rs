//! The event stream of a BBS: whoever subscribes is told what changes, for as long as the connection lasts.
//!
//! What changes while somebody is not subscribed he is never told: a subscription begins with what comes.

use std::collections::BTreeSet;

use super::{Message, host::Io};
use crate::process::{Names, NodeId};

/// What a BBS tells those who follow its events.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Change {
    /// The cells that run an LRP, as its rows tell, are these now.
    Routes { lrp: u16, cells: BTreeSet<NodeId> },
    /// An instance crashed: with it so many of this LRP, as far as they count.
    Crashed { lrp: u16, crashes: u8 },
}

/// What a BBS says of the rows of an LRP.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Row {
    /// Who runs it.
    pub cells: BTreeSet<NodeId>,
    pub crashes: u8,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Names)]
pub struct Hub {
    subscribers: BTreeSet<NodeId>,
}

impl Hub {
    pub(super) fn subscribe(&mut self, who: NodeId, io: &mut Io<'_, '_>) {
        self.subscribers.insert(who);
        io.send(who, Message::Subscribed);
    }

    pub(super) fn publish(&self, changes: &[Change], io: &mut Io<'_, '_>) {
        for subscriber in &self.subscribers {
            io.send(*subscriber, Message::Published(changes.to_vec()));
        }
    }

    pub(super) fn closed(&mut self, peer: NodeId) {
        self.subscribers.remove(&peer);
    }

    /// The BBS does not work any more: its connections end.
    pub(super) fn stop(&self, io: &mut Io<'_, '_>) {
        for subscriber in &self.subscribers {
            io.send(*subscriber, Message::NotServing);
        }
    }
}
