//! What the leader does, and what becomes of requests when there is none.

use super::{Answer, Ask, Config, Consul, Event, Held, KEY_LANE, Message, SESSION_LANE, Timer, fail};
use crate::{
    process::{Effects, Id, Lane, NodeId},
    time::{Duration, Window},
};

type Fx = Effects<Consul>;

impl Consul {
    pub(super) fn serve(&mut self, config: &Config, from: NodeId, message: Message, fx: &mut Fx) {
        match message {
            Message::Ask { question, ask } => self.answer(config, from, question, ask, fx),
            Message::AskSession { question, ask } => {
                let answer = self.tend(config, from, &ask, fx);
                fx.send(from, Message::AnswerSession { question, answer });
            }
            // Answers are for clients.
            Message::Answer { .. } | Message::AnswerSession { .. } => {}
        }
    }

    fn answer(&mut self, config: &Config, from: NodeId, question: Option<Id>, ask: Ask, fx: &mut Fx) {
        let answer = match ask {
            Ask::Get { get, seen, wait } => {
                self.get(config, from, question, get, (seen, wait), fx);
                return;
            }
            Ask::DestroySession { session } => self.destroy(session, fx),
            Ask::Session { session } => Answer::Session(self.session(session).map(|(_, session)| session.clone())),
            Ask::Put { key, value, check } => self.put(config, key, value, check, fx),
            Ask::Delete { key, check } => self.delete(key, check, fx),
            Ask::Acquire { key, session, value } => self.acquire(config, key, session, value, fx),
            Ask::Release { key, session, value } => self.release(key, session, value, fx),
        };
        if let Some(question) = question {
            fx.send(from, Message::Answer { question, answer });
        }
    }

    pub(super) fn lose_leader(&mut self, config: &Config, outage: Window, fx: &mut Fx) {
        self.led = false;
        self.leave_behind(config, fx);
        for session in self.sessions.values().flatten().filter(|session| session.terms.ttl.is_some()) {
            fx.disarm(Timer::Expire(session.id));
        }
        let waiting: Vec<NodeId> = self.waiting.keys().copied().collect();
        for client in waiting {
            self.stop_waiting(client, Some(Answer::Failed), fx);
        }
        fx.arm(Timer::Election, outage);
        fx.emit(Event::LeaderLost);
    }

    pub(super) fn elect(&mut self, config: &Config, fx: &mut Fx) {
        self.led = true;
        if let Some(lag) = config.lag.filter(|lag| *lag != Window::ZERO) {
            self.lags = true;
            fx.arm(Timer::CaughtUp, lag);
        }
        if let Some(old) = config.old_leader {
            fx.arm(Timer::Wakes, old.wakes);
        }
        self.expect_return(config, fx);
        self.count_all(config, fx);
        for held in &self.held {
            fx.arm(Timer::Held(held.id), Window::up_to(LOOK));
        }
        fx.emit(Event::LeaderElected { lock_is_free: self.keys.values().all(|entry| entry.holder.is_none()) });
    }

    /// A request waits for a leader.
    pub(super) fn hold(&mut self, from: NodeId, message: Message, fx: &mut Fx) {
        let id = fx.fresh_id();
        fx.arm(Timer::Held(id), Window::new(HOLD, HOLD.plus(LOOK)));
        self.held.push(Held { id, from, message });
    }

    /// A held request's wait is over, for the better or the worse.
    pub(super) fn let_go(&mut self, config: &Config, id: Id, fx: &mut Fx) {
        let Some(place) = self.held.iter().position(|held| held.id == id) else { return };
        let Held { from, message, .. } = self.held.remove(place);
        if self.led {
            self.serve(config, from, message, fx);
        } else {
            fail(from, &message, fx);
        }
    }

    /// The connection on which a held request came is gone. What it asked for is done all the same, if it is more
    /// than an answer.
    pub(super) fn forget_held(&mut self, peer: NodeId, gone: Lane, fx: &mut Fx) {
        self.held.retain_mut(|held| match &mut held.message {
            Message::Ask { question, ask } if held.from == peer && gone == KEY_LANE => {
                *question = None;
                let kept = !matches!(ask, Ask::Get { .. } | Ask::Session { .. });
                if !kept {
                    fx.disarm(Timer::Held(held.id));
                }
                kept
            }
            Message::AskSession { .. } if held.from == peer && gone == SESSION_LANE => {
                fx.disarm(Timer::Held(held.id));
                false
            }
            _ => true,
        });
    }
}

/// How long a request is held while there is no leader.
const HOLD: Duration = Duration::from_secs(7);

/// A held request looks for a leader at least so often.
const LOOK: Duration = Duration::from_millis(437);
