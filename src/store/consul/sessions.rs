//! Sessions: they begin, live while they are renewed, and end, and with them what they held.

use super::{Answer, Behavior, Config, Consul, Event, Key, Session, SessionAnswer, SessionAsk, Timer};
use crate::{
    process::{Effects, Id, NodeId},
    time::{Duration, Window},
};

type Fx = Effects<Consul>;

impl Consul {
    /// Begins a session, or counts it from the beginning.
    pub(super) fn tend(&mut self, config: &Config, from: NodeId, ask: &SessionAsk, fx: &mut Fx) -> SessionAnswer {
        match *ask {
            SessionAsk::Create { terms, instead_of } => {
                if let Some(session) = instead_of {
                    self.destroy(session, fx);
                }
                let session = Session { id: fx.fresh_id(), terms };
                count(config, &session, fx);
                let id = session.id;
                self.sessions.entry(from).or_default().push(session);
                SessionAnswer::Created { session: id }
            }
            SessionAsk::Renew { session } => {
                let Some((owner, session)) = self.session(session) else { return SessionAnswer::Gone };
                count(config, session, fx);
                fx.emit(Event::Renewed { owner });
                SessionAnswer::Renewed
            }
        }
    }

    pub(super) fn expire(&mut self, session: Id, fx: &mut Fx) {
        if let Some((owner, _)) = self.session(session) {
            fx.emit(Event::Expired { owner });
            self.end(session, fx);
        }
    }

    pub(super) fn destroy(&mut self, session: Id, fx: &mut Fx) -> Answer {
        if let Some((_, session)) = self.session(session) {
            let id = session.id;
            if session.terms.ttl.is_some() {
                fx.disarm(Timer::Expire(id));
            }
            self.end(id, fx);
        }
        Answer::Destroyed
    }

    /// A session is gone, however that came: what it held is free after the lock-delay. All that changes at once.
    fn end(&mut self, session: Id, fx: &mut Fx) {
        let Some((owner, Session { terms, .. })) = self.session(session) else { return };
        let terms = *terms;
        let of_owner = self.sessions.get_mut(&owner).expect("it owns a session");
        of_owner.retain(|other| other.id != session);
        if of_owner.is_empty() {
            self.sessions.remove(&owner);
        }
        let is_held = |(key, entry): (&Key, &super::Entry)| (entry.holder == Some(session)).then_some(*key);
        let held: Vec<Key> = self.keys.iter().filter_map(is_held).collect();
        for &key in &held {
            if terms.lock_delay > Duration::ZERO {
                self.delayed.insert(key);
                fx.arm(Timer::LockDelay(key), Window::exactly(terms.lock_delay));
            }
            match terms.behavior {
                Behavior::Release => self.entry(key).holder = None,
                Behavior::Delete => _ = self.keys.remove(&key),
            }
        }
        self.changed(&held, fx);
    }

    /// A new leader does not know when a session was renewed: it counts all of them from now.
    pub(super) fn count_all(&self, config: &Config, fx: &mut Fx) {
        self.sessions.values().flatten().for_each(|session| count(config, session, fx));
    }

    pub(super) fn session(&self, id: Id) -> Option<(NodeId, &Session)> {
        let of = |(owner, sessions): (&NodeId, &'_ Vec<Session>)| {
            sessions.iter().position(|session| session.id == id).map(|place| (*owner, place))
        };
        let (owner, place) = self.sessions.iter().find_map(of)?;
        Some((owner, &self.sessions[&owner][place]))
    }
}

fn count(config: &Config, session: &Session, fx: &mut Fx) {
    if let Some(ttl) = session.terms.ttl {
        let expiry = ttl.times(i64::from(config.ttl_multiplier));
        fx.arm(Timer::Expire(session.id), Window::exactly(expiry));
    }
}
