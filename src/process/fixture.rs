//! One process alone, for tests of it: inputs in, effects out, as values or as lines of text.

use super::{Effect, Effects, Fresh, Id, Input, Lane, Me, NodeId, Process, Rank, Reason, Sort};

/// A running process, and everything that it has done so far.
#[derive(Debug)]
pub struct Fixture<P: Process> {
    id: NodeId,
    config: P::Config,
    incarnation: Rank,
    process: P,
    fresh: Fresh,
    effects: Vec<Effect<P>>,
}

impl<P: Process> Fixture<P> {
    #[must_use]
    pub fn start(id: NodeId, config: P::Config) -> Fixture<P> {
        let mut fresh = Fresh::default();
        let incarnation = fresh.rank(Sort::incarnation(id));
        let mut fx = Effects::new(fresh);
        let process = P::start(&Me { id, config: &config, incarnation }, P::Durable::default(), &mut fx);
        let (effects, fresh) = fx.into_parts();
        Fixture { id, config, incarnation, process, fresh, effects }
    }

    #[must_use]
    pub fn process(&self) -> &P {
        &self.process
    }

    /// An identity from outside.
    pub fn fresh_id(&mut self) -> Id {
        self.fresh.id()
    }

    /// A rank from outside, above every earlier one of its sort.
    pub fn fresh_rank(&mut self, sort: Sort) -> Rank {
        self.fresh.rank(sort)
    }

    pub fn message(&mut self, from: NodeId, message: P::Message) -> Vec<String> {
        self.input(Input::Message { from, message })
    }

    pub fn timer(&mut self, timer: P::Timer) -> Vec<String> {
        self.input(Input::Timer(timer))
    }

    pub fn request(&mut self, request: P::Request) -> Vec<String> {
        self.input(Input::Request(request))
    }

    pub fn closed(&mut self, peer: NodeId, lane: Lane) -> Vec<String> {
        self.input(Input::Closed { peer, lane, reason: Reason::Reset })
    }

    /// Everything done so far.
    #[must_use]
    pub fn did(&self) -> Vec<String> {
        self.effects.iter().map(line).collect()
    }

    /// Every message so far, and to whom.
    pub fn sent(&self) -> impl Iterator<Item = (NodeId, &P::Message)> {
        self.effects.iter().filter_map(|effect| match effect {
            Effect::Send { to, message } => Some((*to, message)),
            _ => None,
        })
    }

    /// Every timer that was armed so far.
    pub fn armed(&self) -> impl Iterator<Item = &P::Timer> {
        self.effects.iter().filter_map(|effect| match effect {
            Effect::Arm { timer, .. } => Some(timer),
            _ => None,
        })
    }

    fn input(&mut self, input: Input<P>) -> Vec<String> {
        self.step(input).iter().map(line).collect()
    }

    /// One input, and what the process did.
    pub fn step(&mut self, input: Input<P>) -> Vec<Effect<P>> {
        let me = Me { id: self.id, config: &self.config, incarnation: self.incarnation };
        let mut fx = Effects::new(std::mem::take(&mut self.fresh));
        self.process.step(&me, input, &mut fx);
        let (effects, fresh) = fx.into_parts();
        self.fresh = fresh;
        self.effects.extend(effects.iter().cloned());
        effects
    }
}

fn line<P: Process>(effect: &Effect<P>) -> String {
    match effect {
        Effect::Send { to, message } => format!("send {to:?} {message:?}"),
        Effect::Arm { timer, after } => format!("arm {timer:?} {after}"),
        Effect::Disarm(timer) => format!("disarm {timer:?}"),
        Effect::Rename { from, to } => format!("rename {from:?} {to:?}"),
        Effect::Persist(durable) => format!("persist {durable:?}"),
        Effect::Emit(event) => format!("emit {event:?}"),
        Effect::Exit => "exit".into(),
    }
}
