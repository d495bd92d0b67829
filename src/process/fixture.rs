//! One process alone, for its unit tests: inputs in, effects out as lines of text.

use super::{Effect, Effects, Fresh, Id, Input, Lane, Me, NodeId, Process, Rank, Reason, Sort};

/// A running process, and everything that it has done so far.
pub(crate) struct Fixture<P: Process> {
    id: NodeId,
    config: P::Config,
    incarnation: Rank,
    process: P,
    fresh: Fresh,
    effects: Vec<Effect<P>>,
}

impl<P: Process> Fixture<P> {
    pub(crate) fn start(id: NodeId, config: P::Config) -> Fixture<P> {
        let mut fresh = Fresh::default();
        let incarnation = fresh.rank(Sort::incarnation(id));
        let mut fx = Effects::new(fresh);
        let process = P::start(&Me { id, config: &config, incarnation }, P::Durable::default(), &mut fx);
        let (effects, fresh) = fx.into_parts();
        Fixture { id, config, incarnation, process, fresh, effects }
    }

    pub(crate) fn process(&self) -> &P {
        &self.process
    }

    /// An identity from outside.
    pub(crate) fn fresh_id(&mut self) -> Id {
        self.fresh.id()
    }

    pub(crate) fn fresh_rank(&mut self, sort: Sort) -> Rank {
        self.fresh.rank(sort)
    }

    pub(crate) fn message(&mut self, from: NodeId, message: P::Message) -> Vec<String> {
        self.input(Input::Message { from, message })
    }

    pub(crate) fn timer(&mut self, timer: P::Timer) -> Vec<String> {
        self.input(Input::Timer(timer))
    }

    pub(crate) fn request(&mut self, request: P::Request) -> Vec<String> {
        self.input(Input::Request(request))
    }

    pub(crate) fn closed(&mut self, peer: NodeId, lane: Lane) -> Vec<String> {
        self.input(Input::Closed { peer, lane, reason: Reason::Reset })
    }

    /// Everything done so far.
    pub(crate) fn did(&self) -> Vec<String> {
        self.effects.iter().map(line).collect()
    }

    pub(crate) fn sent(&self) -> impl Iterator<Item = (NodeId, &P::Message)> {
        self.effects.iter().filter_map(|effect| match effect {
            Effect::Send { to, message } => Some((*to, message)),
            _ => None,
        })
    }

    fn input(&mut self, input: Input<P>) -> Vec<String> {
        let me = Me { id: self.id, config: &self.config, incarnation: self.incarnation };
        let mut fx = Effects::new(std::mem::take(&mut self.fresh));
        self.process.step(&me, input, &mut fx);
        let (effects, fresh) = fx.into_parts();
        self.fresh = fresh;
        let lines = effects.iter().map(line).collect();
        self.effects.extend(effects);
        lines
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
