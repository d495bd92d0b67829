//! Leases: granted, kept alive, and ended with the keys that live with them.

use super::{Answer, Etcd3, Event, Fx, Lease, Timer};
use crate::{
    process::{Id, NodeId},
    time::{Duration, Window},
};

impl Etcd3 {
    pub(super) fn grant(&mut self, owner: NodeId, ttl: Duration, fx: &mut Fx) -> Answer {
        let lease = Lease { id: fx.fresh_id(), owner, ttl: ttl.max(LEAST) };
        count(&lease, Duration::ZERO, fx);
        let answer = Answer::Granted { lease: lease.id, ttl: lease.ttl };
        self.leases.push(lease);
        answer
    }

    /// The time to live from now, if there is such a lease.
    pub(super) fn keep_alive(&self, id: Id, fx: &mut Fx) -> Option<Duration> {
        let lease = self.leases.iter().find(|lease| lease.id == id)?;
        count(lease, Duration::ZERO, fx);
        fx.emit(Event::Renewed { owner: lease.owner });
        Some(lease.ttl)
    }

    pub(super) fn revoke(&mut self, id: Id, fx: &mut Fx) -> Answer {
        if !self.has_lease(id) {
            return Answer::NoLease;
        }
        fx.disarm(Timer::Expire(id));
        self.end(id, fx);
        Answer::Revoked
    }

    pub(super) fn expire(&mut self, id: Id, fx: &mut Fx) {
        if let Some(Lease { owner, .. }) = self.leases.iter().find(|lease| lease.id == id) {
            fx.emit(Event::Expired { owner: *owner });
            self.end(id, fx);
        }
    }

    /// A lease is gone, and with it its keys, all at once.
    fn end(&mut self, id: Id, fx: &mut Fx) {
        self.leases.retain(|lease| lease.id != id);
        self.remove(|entry| entry.lease == Some(id), fx);
    }

    pub(super) fn time_to_live(&self, id: Id) -> Answer {
        let granted = self.leases.iter().find(|lease| lease.id == id).map(|lease| lease.ttl);
        let names = self.entries.iter().filter(|entry| entry.lease == Some(id)).map(|entry| entry.name).collect();
        Answer::TimeToLive { granted, names }
    }

    /// A new leader does not know when a lease was kept alive: it counts all of them from now, and a little more.
    pub(super) fn count_all(&self, fx: &mut Fx) {
        self.leases.iter().for_each(|lease| count(lease, ELECTION, fx));
    }

    pub(super) fn has_lease(&self, id: Id) -> bool {
        self.leases.iter().any(|lease| lease.id == id)
    }
}

fn count(lease: &Lease, more: Duration, fx: &mut Fx) {
    let lo = lease.ttl.plus(more);
    fx.arm(Timer::Expire(lease.id), Window::new(lo, lo.plus(LOOK)));
}

/// No lease is shorter.
const LEAST: Duration = Duration::from_secs(2);

/// How often the leader ends what is due.
const LOOK: Duration = Duration::from_millis(500);

/// How long a server waits for a leader before it stands for election.
const ELECTION: Duration = Duration::from_secs(1);
