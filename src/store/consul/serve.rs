//! What the leader does: sessions, the key, and clients that wait for it to change.

use super::{
    Answer, Ask, Behavior, Config, Consul, Event, INDICES, Message, SessionAnswer, SessionAsk, TOKENS, Timer, Waiting,
};
use crate::{
    process::{Effects, Id, NodeId},
    time::{Duration, Window},
};

type Fx = Effects<Consul>;

impl Consul {
    pub(super) fn serve(&mut self, config: &Config, from: NodeId, question: Option<Id>, ask: &Ask, fx: &mut Fx) {
        let answer = match *ask {
            Ask::DestroySession { session } => {
                self.destroy(config, session, fx);
                Answer::Destroyed
            }
            Ask::Get { seen, wait } => match (question, seen) {
                (Some(question), Some(seen)) if seen >= self.key.index => {
                    self.wait(from, question, wait, fx);
                    return;
                }
                _ => self.entry(),
            },
            Ask::Acquire { session } => self.acquire(session, fx),
            Ask::Release { session } => {
                let held = self.key.holder == Some(session);
                if held {
                    // Given back on purpose: no lock-delay.
                    self.key.holder = None;
                    self.changed(fx);
                }
                Answer::Released { held }
            }
        };
        if let Some(question) = question {
            fx.send(from, Message::Answer { question, answer });
        }
    }

    /// Begins a session, or counts it from the beginning.
    pub(super) fn tend(&mut self, config: &Config, from: NodeId, ask: &SessionAsk, fx: &mut Fx) -> SessionAnswer {
        match *ask {
            SessionAsk::Create { instead_of } => {
                if let Some(session) = instead_of {
                    self.destroy(config, session, fx);
                }
                let session = fx.fresh_id();
                self.sessions.entry(from).or_default().push(session);
                fx.arm(Timer::Expire(session), Window::exactly(config.expiry));
                SessionAnswer::Created { session }
            }
            SessionAsk::Renew { session } => {
                let Some(owner) = self.owner(session) else { return SessionAnswer::Gone };
                fx.arm(Timer::Expire(session), Window::exactly(config.expiry));
                fx.emit(Event::SessionRenewed { owner });
                SessionAnswer::Renewed
            }
        }
    }

    pub(super) fn expire(&mut self, config: &Config, session: Id, fx: &mut Fx) {
        if let Some(owner) = self.owner(session) {
            fx.emit(Event::SessionExpired { owner });
            self.end(config, session, fx);
        }
    }

    fn destroy(&mut self, config: &Config, session: Id, fx: &mut Fx) {
        if self.owner(session).is_some() {
            fx.disarm(Timer::Expire(session));
            self.end(config, session, fx);
        }
    }

    /// A session is gone, however that came: what it held is free after the lock-delay.
    fn end(&mut self, config: &Config, session: Id, fx: &mut Fx) {
        self.sessions.values_mut().for_each(|sessions| sessions.retain(|other| *other != session));
        self.sessions.retain(|_, sessions| !sessions.is_empty());
        if self.key.holder != Some(session) {
            return;
        }
        self.key.holder = None;
        self.key.exists = config.behavior == Behavior::Release;
        if config.lock_delay > Duration::ZERO {
            self.delayed = true;
            fx.arm(Timer::LockDelay, Window::exactly(config.lock_delay));
        }
        self.changed(fx);
    }

    fn acquire(&mut self, session: Id, fx: &mut Fx) -> Answer {
        if self.owner(session).is_none() {
            return Answer::Failed;
        }
        if self.delayed || self.key.holder.is_some() {
            return Answer::Refused;
        }
        self.key.holder = Some(session);
        self.key.exists = true;
        self.changed(fx);
        Answer::Acquired { token: fx.fresh_rank(TOKENS) }
    }

    fn wait(&mut self, client: NodeId, question: Id, wait: Option<Window>, fx: &mut Fx) {
        // A client waits for one answer at a time: what it asked before, it has given up.
        self.forget_waiting(client, fx);
        self.waiting.insert(client, Waiting { question, limited: wait.is_some() });
        if let Some(wait) = wait {
            fx.arm(Timer::Wait(client), wait);
        }
    }

    pub(super) fn forget_waiting(&mut self, client: NodeId, fx: &mut Fx) {
        if self.waiting.remove(&client).is_some_and(|waiting| waiting.limited) {
            fx.disarm(Timer::Wait(client));
        }
    }

    /// Its wait is over.
    pub(super) fn answer_waiting(&mut self, client: NodeId, fx: &mut Fx) {
        if let Some(Waiting { question, .. }) = self.waiting.remove(&client) {
            fx.send(client, Message::Answer { question, answer: self.entry() });
        }
    }

    /// The key has another index, and those who wait for that are told.
    fn changed(&mut self, fx: &mut Fx) {
        self.key.index = fx.fresh_rank(INDICES);
        let answer = self.entry();
        self.answer_all_waiting(&answer, fx);
    }

    fn answer_all_waiting(&mut self, answer: &Answer, fx: &mut Fx) {
        for (client, Waiting { question, limited }) in std::mem::take(&mut self.waiting) {
            if limited {
                fx.disarm(Timer::Wait(client));
            }
            fx.send(client, Message::Answer { question, answer: answer.clone() });
        }
    }

    pub(super) fn lose_leader(&mut self, outage: Window, fx: &mut Fx) {
        self.led = false;
        for &session in self.sessions.values().flatten() {
            fx.disarm(Timer::Expire(session));
        }
        self.answer_all_waiting(&Answer::Failed, fx);
        fx.arm(Timer::Election, outage);
        fx.emit(Event::LeaderLost);
    }

    /// The new leader does not know when a session was renewed: it counts all of them from now.
    pub(super) fn elect(&mut self, config: &Config, fx: &mut Fx) {
        self.led = true;
        for &session in self.sessions.values().flatten() {
            fx.arm(Timer::Expire(session), Window::exactly(config.expiry));
        }
        fx.emit(Event::LeaderElected { lock_is_free: self.key.holder.is_none() });
    }

    fn entry(&self) -> Answer {
        Answer::Entry { holder: self.key.holder, index: self.key.index }
    }

    fn owner(&self, session: Id) -> Option<NodeId> {
        self.sessions.iter().find(|(_, sessions)| sessions.contains(&session)).map(|(owner, _)| *owner)
    }
}
