//! Follows a trace, step by step, and confirms what it claims.

use std::{collections::BTreeMap, hash::Hasher};

use super::{
    agenda::Event,
    effects::is_faultless,
    judge::{Judge, Seen},
    machine::{Machine, Refusal, refuse},
    words,
};
use crate::{
    process::{Data, NodeId, Process},
    spec::{FaultKind, Form, Property, Setup},
    trace::{Choices, Claim, FORMAT, Occurrence, Step, Target, Trace},
};

/// A trace that is possible and shows what it claims.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replayed {
    /// The steps, each with what it did.
    pub steps: Vec<Step>,
    /// The stopwatch of the claim at the last step, in microseconds.
    pub elapsed: Option<i64>,
    pub seen: Seen,
    /// Of the run, as the simulator computes it.
    pub digest: u64,
}

/// An interval that a party held, as a property sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hold {
    /// The property's id.
    pub property: &'static str,
    pub node: NodeId,
    /// Microseconds since the beginning.
    pub from: i64,
    /// The last step's moment, if it did not end before.
    pub to: i64,
}

/// Where a trace cannot be followed, or does not show what it claims.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}expected {expected}, got {got}", self.place())]
pub struct ReplayError {
    /// Counted from zero; `None` if it is about the whole trace.
    pub step: Option<usize>,
    pub expected: String,
    pub got: String,
}

impl ReplayError {
    fn place(&self) -> String {
        self.step.map(|step| format!("step {step}: ")).unwrap_or_default()
    }

    fn whole(refusal: Refusal) -> ReplayError {
        ReplayError { step: None, expected: refusal.expected, got: refusal.got }
    }
}

/// The intervals that parties hold in a run, as the properties see them that speak of any; none that takes no time.
///
/// # Errors
/// As [`replay`].
pub fn holds<P: Process, M: Data>(
    setup: &Setup<P>,
    properties: &[Property<P, M>],
    trace: &Trace,
) -> Result<Vec<Hold>, ReplayError> {
    let properties: Vec<_> = properties.iter().filter(|property| property.form == Form::Apart).cloned().collect();
    if properties.is_empty() {
        return Ok(Vec::new());
    }
    let mut machine = Machine::new(setup, &properties);
    let mut open: BTreeMap<(usize, NodeId), i64> = BTreeMap::new();
    let mut holds = Vec::new();
    for (index, step) in trace.steps.iter().enumerate() {
        // What each step did is not told here, and no stopwatch of these properties is measured.
        let bare =
            Step { did: Vec::new(), choices: Choices { measured: false, ..step.choices.clone() }, ..step.clone() };
        follow(&mut machine, index, &bare).map_err(|refusal| ReplayError {
            step: Some(index),
            expected: refusal.expected,
            got: refusal.got,
        })?;
        let held = |key: &(usize, NodeId)| machine.judges[key.0].holding().contains(&key.1);
        for (watched, judge) in machine.judges.iter().enumerate() {
            for node in judge.holding() {
                open.entry((watched, *node)).or_insert(step.at);
            }
        }
        let over: Vec<_> = open.keys().filter(|key| !held(key)).copied().collect();
        for key in over {
            let from = open.remove(&key).expect("it was there");
            holds.push(Hold { property: properties[key.0].id, node: key.1, from, to: step.at });
        }
    }
    let end = trace.steps.last().map_or(0, |step| step.at);
    holds.extend(open.into_iter().map(|((watched, node), from)| Hold {
        property: properties[watched].id,
        node,
        from,
        to: end,
    }));
    holds.retain(|hold| hold.from < hold.to);
    holds.sort_by_key(|hold| (hold.node, hold.property, hold.from));
    Ok(holds)
}

/// Runs a trace again, from its occurrences, times and choices alone.
///
/// # Errors
/// At the first step that is not possible then and there, or that did something else than the trace says; and if the
/// run does not show what the trace claims.
pub fn replay<P: Process, M: Data>(
    setup: &Setup<P>,
    property: &Property<P, M>,
    trace: &Trace,
) -> Result<Replayed, ReplayError> {
    let mut machine = Machine::new(setup, std::slice::from_ref(property));
    machine.tell_what_is_done();
    check_head(setup, trace).map_err(ReplayError::whole)?;
    let mut steps = Vec::with_capacity(trace.steps.len());
    for (index, step) in trace.steps.iter().enumerate() {
        let did = follow(&mut machine, index, step).map_err(|refusal| ReplayError {
            step: Some(index),
            expected: refusal.expected,
            got: refusal.got,
        })?;
        steps.push(Step { did, ..step.clone() });
    }
    confirm(&machine, trace).map_err(ReplayError::whole)?;
    let digest = machine.digest.finish();
    let judge = machine.judges.pop().expect("there is one property");
    Ok(Replayed { steps, elapsed: judge.elapsed, seen: judge.into_seen(), digest })
}

/// What properties made of steps that were taken elsewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observed {
    /// One for each property.
    pub seen: Vec<Seen>,
    /// Of the run, as the simulator computes it.
    pub digest: u64,
}

/// Follows steps that are taken elsewhere, one by one, with any number of properties watching.
pub struct Observer<'a, P: Process, M: Data> {
    machine: Machine<'a, P, M>,
    index: usize,
}

impl<'a, P: Process, M: Data> Observer<'a, P, M> {
    #[must_use]
    pub fn new(setup: &'a Setup<P>, properties: &'a [Property<P, M>]) -> Observer<'a, P, M> {
        Observer { machine: Machine::new(setup, properties), index: 0 }
    }

    /// # Errors
    /// If the step is not possible then and there.
    pub fn follow(&mut self, step: &Step) -> Result<(), ReplayError> {
        let index = self.index;
        self.index += 1;
        follow(&mut self.machine, index, step).map(drop).map_err(|Refusal { expected, got }| ReplayError {
            step: Some(index),
            expected,
            got,
        })
    }

    #[must_use]
    pub fn finish(self) -> Observed {
        let digest = self.machine.digest.finish();
        Observed { seen: self.machine.judges.into_iter().map(Judge::into_seen).collect(), digest }
    }
}

fn check_head<P: Process>(setup: &Setup<P>, trace: &Trace) -> Result<(), Refusal> {
    if trace.tenure_trace != FORMAT {
        return refuse(format!("a trace of format {FORMAT}"), trace.tenure_trace.to_string());
    }
    let names: Vec<&str> = setup.nodes.iter().map(|node| &*node.name).collect();
    if trace.nodes != names {
        return refuse(format!("the nodes {}", names.join(" ")), trace.nodes.join(" "));
    }
    if trace.steps.is_empty() {
        return refuse("at least one step", "none");
    }
    Ok(())
}

/// Takes one step and returns what it did.
fn follow<P: Process, M: Data>(
    machine: &mut Machine<'_, P, M>,
    index: usize,
    step: &Step,
) -> Result<Vec<String>, Refusal> {
    if machine.broken_contract {
        return refuse("the end, as a process broke its contract", "another step");
    }
    let event = check_moment(machine, step)?;
    machine.step(index, step.at, step.choices.measured);
    let turn = match (event, &step.what) {
        (Some(event), _) => {
            let slot = machine.agenda.slot(event).expect("it is pending");
            machine.happen(event, slot)?
        }
        (None, Occurrence::Fault { fault, target }) => machine.fault(*fault, target)?,
        (None, what) => return refuse("a pending event", words::occurrence(machine.setup, what)),
    };
    match turn {
        Some(turn) => machine.finish(turn, &step.choices)?,
        None if is_faultless(&step.choices) => {}
        None => return refuse("no choices, as no process takes a step", format!("{:?}", step.choices)),
    }
    machine.end_step();
    if step.choices.measured && judge(machine).stopwatch().is_none_or(|since| since.step != index) {
        return refuse("a stopwatch that this step starts", "none");
    }
    let did = machine.take_did();
    if !step.did.is_empty() && step.did != did {
        return refuse(format!("{:?}, as the trace says", step.did), format!("{did:?}"));
    }
    Ok(did)
}

/// The event may happen at its moment, and nothing had to happen before.
fn check_moment<P: Process, M: Data>(machine: &Machine<'_, P, M>, step: &Step) -> Result<Option<Event>, Refusal> {
    if step.at < machine.now {
        return refuse(format!("a moment from {} us on", machine.now), format!("{} us", step.at));
    }
    let said = |what: &Occurrence| words::occurrence(machine.setup, what);
    if let Some(pending) = machine.agenda.overdue(step.at) {
        let expected = format!("{} by {} us", said(&pending.event.occurrence()), pending.hi);
        return refuse(expected, format!("{} at {} us", said(&step.what), step.at));
    }
    if let Occurrence::Fault { .. } = step.what {
        return Ok(None);
    }
    let Some(event) = machine.agenda.find(&step.what) else {
        return refuse("a pending event", said(&step.what));
    };
    let pending = machine.agenda.get(event).expect("found a moment ago");
    if step.at < pending.lo {
        return refuse(format!("{} from {} us on", said(&step.what), pending.lo), format!("{} us", step.at));
    }
    Ok(Some(event))
}

/// The run shows what the trace claims.
fn confirm<P: Process, M: Data>(machine: &Machine<'_, P, M>, trace: &Trace) -> Result<(), Refusal> {
    let last = trace.steps.len() - 1;
    let judge = judge(machine);
    let broken = machine.broken_contract;
    if broken != (trace.claim == Claim::ProtocolError) && trace.claim != Claim::Run {
        let got = if broken { "a rename of a timer that is not armed" } else { "no broken contract at the last step" };
        return refuse(format!("{:?}", trace.claim), got);
    }
    match trace.claim {
        Claim::Violation if judge.last_violation != Some(last) => refuse("a violation at the last step", "none"),
        Claim::Elapsed { micros } if judge.elapsed != Some(micros) => {
            let got = judge.elapsed.map_or("no stopwatch that runs".into(), |elapsed| format!("{elapsed} us"));
            refuse(format!("a stopwatch that reads {micros} us at the last step"), got)
        }
        Claim::AtLeast { micros } if judge.elapsed.is_none_or(|elapsed| elapsed < micros) => {
            let got = judge.elapsed.map_or("no stopwatch that runs".into(), |elapsed| format!("{elapsed} us"));
            refuse(format!("a stopwatch that reads {micros} us or more at the last step"), got)
        }
        Claim::Never => confirm_never(machine),
        Claim::Cycle { from, turns } => confirm_cycle(machine, &trace.steps, from, turns),
        Claim::TimeStuck => confirm_stuck(machine, &trace.steps),
        Claim::Witness => confirm_witness(judge),
        Claim::Violation | Claim::Elapsed { .. } | Claim::AtLeast { .. } | Claim::ProtocolError | Claim::Run => Ok(()),
    }
}

fn confirm_never<P: Process, M: Data>(machine: &Machine<'_, P, M>) -> Result<(), Refusal> {
    if judge(machine).stopwatch().is_none() {
        return refuse("a stopwatch that runs after the last step", "none");
    }
    match machine.agenda.urgent() {
        Some(event) => {
            let event = words::occurrence(machine.setup, &event.occurrence());
            refuse("nothing that must happen after the last step", event)
        }
        None => Ok(()),
    }
}

/// The last steps took no time, and none can pass after them.
fn confirm_stuck<P: Process, M: Data>(machine: &Machine<'_, P, M>, steps: &[Step]) -> Result<(), Refusal> {
    match steps {
        [.., before, last] if before.at == last.at && machine.agenda.holds_time(last.at) => Ok(()),
        _ => refuse("last steps that take no time, and something that must happen at once", "time that passes"),
    }
}

fn confirm_cycle<P: Process, M: Data>(
    machine: &Machine<'_, P, M>,
    steps: &[Step],
    from: usize,
    turns: usize,
) -> Result<(), Refusal> {
    let turning = steps.get(from..).unwrap_or_default();
    if turns == 0 || turning.is_empty() || !turning.len().is_multiple_of(turns) {
        return refuse(format!("{turns} turns of equally many steps"), format!("{} steps", turning.len()));
    }
    let length = turning.len() / turns;
    for turn in 1..turns {
        let (before, now) =
            (&turning[(turn - 1) * length..turn * length], &turning[turn * length..(turn + 1) * length]);
        if let Some(index) = first_that_differs(machine.setup, before, now) {
            let said = |step: &Step| words::occurrence(machine.setup, &step.what);
            let expected = format!("{} in step {} too", said(&before[index]), from + turn * length + index);
            return refuse(expected, said(&now[index]));
        }
    }
    for turn in 0..turns {
        let begin = if from + turn * length == 0 { 0 } else { steps[from + turn * length - 1].at };
        if turning[(turn + 1) * length - 1].at == begin {
            return refuse("turns that take time", format!("none in turn {turn}"));
        }
    }
    match judge(machine).stopwatch() {
        Some(since) if since.step < from => Ok(()),
        _ => refuse(format!("a stopwatch that runs from before step {from} to the last"), "none"),
    }
}

/// The first step of a turn that is not the one of the turn before. Interchangeable nodes may have changed places.
fn first_that_differs<P: Process>(setup: &Setup<P>, before: &[Step], now: &[Step]) -> Option<usize> {
    let group = |node: NodeId| setup.node(node).group;
    let mut places: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    before.iter().zip(now).position(|(before, now)| {
        let ((kind, nodes), (other_kind, others)) = (kind(setup, before), kind(setup, now));
        let takes_its_place = |(node, other): (&NodeId, &NodeId)| {
            let may = node == other || (group(*node).is_some() && group(*node) == group(*other));
            let free = places.iter().all(|(own, taken)| (own == node) == (taken == other));
            places.insert(*node, *other);
            may && free
        };
        kind != other_kind || nodes.len() != others.len() || !nodes.iter().zip(&others).all(takes_its_place)
    })
}

/// What recurs of a step: its occurrence without numbers and names, and the nodes that these are of.
fn kind<P: Process>(setup: &Setup<P>, step: &Step) -> ((Occurrence, Choices), Vec<NodeId>) {
    let mut what = step.what.clone();
    let mut nodes = Vec::new();
    let mut take = |node: &mut NodeId| nodes.push(std::mem::replace(node, NodeId(0)));
    match &mut what {
        Occurrence::Deliver { from, to, number, .. } => {
            *number = 0;
            take(from);
            take(to);
        }
        Occurrence::Fire { node, number } => {
            *number = 0;
            take(node);
        }
        Occurrence::Close { node, peer, .. } => {
            take(node);
            take(peer);
        }
        Occurrence::Start { node } | Occurrence::Resume { node } => take(node),
        Occurrence::Heal { number } => *number = 0,
        Occurrence::Fault { target: Target::Node(node), .. } => take(node),
        Occurrence::Fault { target: Target::Machine(machine), .. } => {
            setup.ids().filter(|id| setup.node(*id).machine == *machine).for_each(|mut node| take(&mut node));
            *machine = 0;
        }
        Occurrence::Fault { fault, target: Target::Cut { cut, lost, held } } => {
            if let FaultKind::Cut { cuts, .. } = &setup.faults[*fault].kind {
                for (mut from, mut to) in cuts[*cut].iter().copied() {
                    take(&mut from);
                    take(&mut to);
                }
            }
            *cut = 0;
            // Sorted by name, so that only how many they are stays.
            lost.iter_mut().for_each(|one| *one = (NodeId(0), NodeId(0), 0, one.3));
            held.iter_mut().for_each(|one| *one = (NodeId(0), NodeId(0), 0));
        }
        Occurrence::Refill { .. } => {}
    }
    ((what, step.choices.clone()), nodes)
}

fn confirm_witness<P: Process, M: Data>(judge: &Judge<'_, P, M>) -> Result<(), Refusal> {
    let signalled = judge.signalled;
    let (shown, expected) = match judge.form() {
        Form::Never => (signalled.witness, "an event that the property speaks of"),
        Form::Apart => (signalled.witness || signalled.held, "a party that holds its interval"),
        Form::Within(_) => (signalled.trigger, "a trigger"),
        Form::Reachable => (signalled.reached, "a situation that is reached"),
    };
    if shown { Ok(()) } else { refuse(expected, "none") }
}

/// A replay watches one property.
fn judge<'m, 'a, P: Process, M: Data>(machine: &'m Machine<'a, P, M>) -> &'m Judge<'a, P, M> {
    &machine.judges[0]
}
