//! From a question about a set-up to a finding: which engines are asked, and in which order.
//!
//! Every run that is shown was run again by the event loop first. A run that it refuses is a defect of an engine, and
//! ends the program: no answer is better than one that two engines disagree about.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::{
    Options,
    last_safe::last_safe,
    necessity::{self, Answer as Needed},
    one_rate, slack,
};
use crate::{
    process::{Data, Process},
    simulate,
    spec::{Builder, Class, Fault, FaultKind, Form, Property, Setup},
    time::Duration,
    timed::{self, Ends, Limits, Longest, Notes, Reach, Shortest, Stuck, Switches},
    trace::{Claim, FORMAT, Subject, Trace},
    verdict::{Figure, Finding, Stats, Verdict},
    world::{
        Focus, Reductions, World,
        space::{Marks, TimedPath},
    },
};

/// One question, with everything that an engine needs to answer it.
pub(super) struct Case<'a, P: Process, M: Data> {
    pub(super) setup: &'a Setup<P>,
    pub(super) property: &'a Property<P, M>,
    pub(super) within: Option<Duration>,
    /// What the traces are of.
    pub(super) subject: Subject,
    pub(super) options: &'a Options,
}

/// Answers a question.
pub(super) fn judge<P: Process, M: Data>(case: &Case<'_, P, M>) -> Finding {
    let began = std::time::Instant::now();
    let mut judge = Judge::new(case);
    let mut finding = judge.contract_broken().unwrap_or_else(|| match case.property.form {
        Form::Never => judge.never(),
        Form::Apart => judge.apart(),
        Form::Within(_) => judge.within(),
        Form::Reachable => judge.reachable(),
    });
    if matches!(finding.verdict, Verdict::Holds { .. }) && !case.options.brief {
        finding.warnings.extend(judge.unused_faults());
    }
    finding.scope = scope(case.setup);
    finding.warnings.splice(0..0, judge.warnings);
    finding.stats = Stats { elapsed: began.elapsed(), ..judge.stats };
    finding
}

/// Adds how far one comes with one rate per node.
pub(super) fn with_one_rate<P: Process, M: Data>(case: &Case<'_, P, M>, mut finding: Finding) -> Finding {
    let began = std::time::Instant::now();
    finding.one_rate = finding.trace.as_ref().and_then(|trace| one_rate::try_out(case, trace));
    finding.stats.elapsed += began.elapsed();
    finding
}

/// What a violation needs, by proof, and until when it could still be averted.
///
/// `build` makes the set-up of a ledger with these fault classes.
pub(super) fn needs<P: Process, M: Data>(
    case: &Case<'_, P, M>,
    violation: Option<&Trace>,
    classes: &[Class],
    build: impl Fn(&[Class]) -> Option<Setup<P>>,
) -> Vec<String> {
    let limits = limits(case.options);
    let moment = violation.and_then(|trace| last_safe(case.setup, case.property, case.within, trace, &limits));
    let needed = necessity::necessity(classes, "it holds, or has nothing to speak of, by proof", |classes| {
        build(classes).map_or(Needed::Unknown, |setup| answer_in(case, &setup))
    });
    moment.into_iter().chain(needed).collect()
}

/// What a proof rests on, by proof.
pub(super) fn rests_on<P: Process, M: Data>(
    case: &Case<'_, P, M>,
    assumed: &Builder,
    build: impl Fn(&Builder) -> Option<Setup<P>>,
) -> Vec<String> {
    // Far beyond what a design was made for, a search may be very long. Time would make the answer one of the machine.
    let memory = case.options.memory.map_or(WIDENED, |memory| memory.min(WIDENED));
    let options = &Options { memory: Some(memory), ..case.options.clone() };
    let case = &Case { options, subject: case.subject.clone(), ..*case };
    slack::slack(assumed, |wider| build(wider).map_or(Needed::Unknown, |setup| answer_in(case, &setup)))
}

/// How many bytes of zones a search with one wider bound may use.
const WIDENED: u64 = 16 << 20;

/// The same question of another set-up.
fn answer_in<P: Process, M: Data>(case: &Case<'_, P, M>, setup: &Setup<P>) -> Needed {
    let options = &Options { brief: true, ..case.options.clone() };
    let subject = case.subject.clone();
    match judge(&Case { setup, property: case.property, within: case.within, subject, options }).verdict {
        Verdict::Violated => Needed::Fails,
        Verdict::Holds { .. } | Verdict::Vacuous { .. } => Needed::Safe,
        Verdict::ProtocolError { .. } | Verdict::TimeStuck { .. } | Verdict::Unknown { .. } => Needed::Unknown,
    }
}

/// How far one question may go.
fn limits(options: &Options) -> Limits {
    let meter = options.meter.clone();
    let seen = (AtomicU64::new(0), AtomicU64::new(0));
    Limits {
        time: options.budget,
        memory: options.memory.map_or(DEFAULT_MEMORY, |bytes| bytes as usize),
        cancel: meter.cancel(),
        crew: options.crew.clone(),
        progress: Some(Arc::new(move |progress| {
            let (states, zones) = (progress.stats.states as u64, progress.stats.zones as u64);
            let more = |seen: &AtomicU64, now: u64| now.saturating_sub(seen.fetch_max(now, Ordering::Relaxed));
            meter.count(more(&seen.0, states), more(&seen.1, zones));
        })),
    }
}

/// Runs a trace again and fills in what each step did.
///
/// # Errors
/// Why it is not a run of the set-up, or does not show what it claims.
pub(super) fn replay<P: Process, M: Data>(
    setup: &Setup<P>,
    property: &Property<P, M>,
    trace: &Trace,
) -> Result<Trace, String> {
    let replayed = simulate::replay(setup, property, trace).map_err(|error| error.to_string())?;
    Ok(Trace { steps: replayed.steps, ..trace.clone() })
}

struct Judge<'a, P: Process, M: Data> {
    case: &'a Case<'a, P, M>,
    world: World<P, M>,
    notes: Notes,
    limits: Limits,
    switches: Switches,
    stats: Stats,
    warnings: Vec<String>,
}

impl<'a, P: Process, M: Data> Judge<'a, P, M> {
    fn new(case: &'a Case<'a, P, M>) -> Judge<'a, P, M> {
        let world = World::new(case.setup.clone(), case.property.clone(), Focus::Check, Reductions::ALL);
        let notes = Notes::for_bound(case.within.map_or(0, Duration::micros));
        Judge {
            case,
            world,
            notes,
            limits: limits(case.options),
            switches: Switches::default(),
            stats: Stats::default(),
            warnings: Vec::new(),
        }
    }

    fn count(&mut self, stats: &timed::Stats) {
        self.stats.states = self.stats.states.max(stats.states as u64);
        self.stats.zones += stats.zones as u64;
    }

    /// What makes every other answer meaningless: no time passes, or a process breaks its contract.
    fn contract_broken(&mut self) -> Option<Finding> {
        let (stuck, stats) = self.notes.stuck(&mut self.world, &self.limits, &self.switches);
        self.count(&stats);
        match stuck {
            Stuck::No { infinitely_fast: true } => {
                let warning = "runs in which infinitely many steps take no time are excluded".into();
                self.warnings.push(warning);
            }
            Stuck::No { infinitely_fast: false } => {}
            Stuck::Yes(path) => {
                let trace = self.show(&path, Claim::TimeStuck);
                let why = "from some moment on no time can pass".into();
                return Some(Finding { trace: Some(trace), ..with(Verdict::TimeStuck { why }) });
            }
            Stuck::Unknown(why) => return Some(Finding::unknown(why)),
        }
        match self.reach(Marks::PROTOCOL_ERROR) {
            Reach::Unreachable => None,
            Reach::Reached(path) => {
                let trace = self.show(&path, Claim::ProtocolError);
                let why = "a timer is renamed that is not armed".into();
                Some(Finding { trace: Some(trace), ..with(Verdict::ProtocolError { why }) })
            }
            Reach::Unknown(why) => Some(Finding::unknown(why)),
        }
    }

    fn never(&mut self) -> Finding {
        match self.reach(Marks::VIOLATED) {
            Reach::Reached(path) => self.violated(&path, Claim::Violation),
            Reach::Unknown(why) => Finding::unknown(why),
            Reach::Unreachable => match self.reach(Marks::WITNESS) {
                Reach::Reached(path) => self.holds_as_in(&path),
                Reach::Unreachable => vacuous("nothing that the property speaks of ever happens"),
                Reach::Unknown(_) => with(Verdict::Holds { touches: false, vacuity_unknown: true }),
            },
        }
    }

    fn apart(&mut self) -> Finding {
        match self.reach(Marks::VIOLATED) {
            Reach::Reached(path) => return self.violated(&path, Claim::Violation),
            Reach::Unknown(why) => return Finding::unknown(why),
            Reach::Unreachable => {}
        }
        let (longest, stats) = self.notes.longest(&mut self.world, Some(0), &self.limits, &self.switches);
        self.count(&stats);
        let touches = match self.longest_finding(longest, 0) {
            Answer::Nothing => false,
            Answer::AtMost { seen, .. } => seen.is_some(),
            Answer::More(finding) | Answer::Open(finding) => return finding,
        };
        let mut handover =
            World::new(self.case.setup.clone(), self.case.property.clone(), Focus::Handover, Reductions::ALL);
        let (reach, stats) = timed::reach(&mut handover, Marks::WITNESS, &self.limits, &self.switches);
        self.count(&stats);
        let verdict = match reach {
            Reach::Unreachable => return vacuous("no two parties ever hold in turn"),
            Reach::Unknown(_) => Verdict::Holds { touches, vacuity_unknown: true },
            Reach::Reached(path) => {
                let _ = self.show_in(&mut handover, &path, Claim::Witness);
                Verdict::Holds { touches, vacuity_unknown: false }
            }
        };
        Finding { margin: self.margin(touches), ..with(verdict) }
    }

    /// The least span between the end of one party's interval and the begin of another's.
    fn margin(&mut self, touches: bool) -> Option<Duration> {
        if touches {
            return Some(Duration::ZERO);
        }
        if self.case.options.brief {
            return None;
        }
        let mut world = World::new(self.case.setup.clone(), self.case.property.clone(), Focus::Margin, Reductions::ALL);
        let (shortest, stats) = timed::shortest(&mut world, &self.limits, &self.switches);
        self.count(&stats);
        match shortest {
            Shortest::Exact { micros, .. } | Shortest::Between { proved: micros, .. } => {
                Some(Duration::from_micros(micros))
            }
            Shortest::Uncompleted | Shortest::Unknown { .. } => None,
        }
    }

    fn within(&mut self) -> Finding {
        let bound = self.case.within.map(Duration::micros);
        let (longest, stats) = self.notes.longest(&mut self.world, bound, &self.limits, &self.switches);
        self.count(&stats);
        let bound = bound.unwrap_or(i64::MAX);
        match self.longest_finding(longest, bound) {
            Answer::Nothing => vacuous("the trigger never happens"),
            Answer::More(mut finding) => {
                (finding.best, finding.best_trace, _) = self.best();
                finding
            }
            Answer::Open(finding) => finding,
            Answer::AtMost { figure, proved, seen } => {
                let (best, best_trace, completed) = self.best();
                let verdict = match completed {
                    Some(true) => Verdict::HOLDS,
                    Some(false) => return vacuous("every run with the trigger is discharged"),
                    None => Verdict::Holds { touches: false, vacuity_unknown: true },
                };
                let margin = self.case.within.map(|within| within.minus(Duration::from_micros(proved)));
                let notes = self.discharges().into_iter().collect();
                Finding { best, worst: Some(figure), margin, trace: seen, best_trace, notes, ..with(verdict) }
            }
        }
    }

    /// What is discharged is not bounded: a reader should know how much that is.
    fn discharges(&self) -> Option<String> {
        let Ends { answered, discharged } = self.notes.ends();
        let all = answered + discharged;
        (discharged > 0).then(|| {
            format!("discharged: {discharged} of {all} steps that end what is measured are no response: none is asked for then")
        })
    }

    /// The best case, its run, and whether any response comes at all.
    fn best(&mut self) -> (Option<Figure>, Option<Trace>, Option<bool>) {
        let (shortest, stats) = self.notes.shortest(&mut self.world, &self.limits, &self.switches);
        self.count(&stats);
        match shortest {
            Shortest::Uncompleted => (None, None, Some(false)),
            Shortest::Exact { micros, path } => {
                let trace = self.show(&path, Claim::Elapsed { micros });
                (Some(Figure::Exact(Duration::from_micros(micros))), Some(trace), Some(true))
            }
            Shortest::Between { proved, seen: Some((micros, path)) } => {
                let trace = self.show(&path, Claim::Elapsed { micros });
                let (seen, proved) = (Duration::from_micros(micros), Duration::from_micros(proved));
                (Some(Figure::Between { seen, proved }), Some(trace), Some(true))
            }
            Shortest::Between { seen: None, .. } | Shortest::Unknown { .. } => (None, None, None),
        }
    }

    fn reachable(&mut self) -> Finding {
        match self.reach(Marks::REACHED) {
            Reach::Reached(path) => self.holds_as_in(&path),
            Reach::Unreachable => with(Verdict::Violated),
            Reach::Unknown(why) => Finding::unknown(why),
        }
    }

    /// What the longest reading of a stopwatch says about a bound.
    fn longest_finding(&mut self, longest: Longest, bound: i64) -> Answer {
        match longest {
            Longest::Untriggered => Answer::Nothing,
            Longest::Exact { micros, path } => {
                let trace = self.show(&path, Claim::Elapsed { micros });
                let figure = Figure::Exact(Duration::from_micros(micros));
                if micros <= bound {
                    return Answer::AtMost { figure, proved: micros, seen: Some(trace) };
                }
                Answer::More(Finding { worst: Some(figure), trace: Some(trace), ..with(Verdict::Violated) })
            }
            Longest::Between { seen, proved } => self.between(seen, proved, bound, "the search ended"),
            Longest::Never { path } => self.never_ends(&path),
            Longest::Unbounded { path, from, turns, least, greatest } => {
                let (least, greatest) = (Duration::from_micros(least), Duration::from_micros(greatest));
                self.more(&path, Claim::Cycle { from, turns }, Figure::Unbounded { least, greatest })
            }
            Longest::Exceeds { cap, path } => {
                self.more(&path, Claim::AtLeast { micros: cap }, Figure::Exceeds(Duration::from_micros(cap)))
            }
            Longest::Unknown { why, seen } => match seen {
                Some((micros, path)) if micros > bound => {
                    self.more(&path, Claim::Elapsed { micros }, Figure::Exceeds(Duration::from_micros(micros)))
                }
                _ => Answer::Open(Finding::unknown(why)),
            },
        }
    }

    fn between(&mut self, seen: Option<(i64, TimedPath)>, proved: i64, bound: i64, why: &str) -> Answer {
        let shown = seen.map(|(micros, path)| (micros, self.show(&path, Claim::Elapsed { micros })));
        let least = shown.as_ref().map_or(0, |(micros, _)| *micros);
        let figure = Figure::Between { seen: Duration::from_micros(least), proved: Duration::from_micros(proved) };
        let trace = shown.map(|(_, trace)| trace);
        if proved <= bound {
            return Answer::AtMost { figure, proved, seen: trace };
        }
        if least > bound {
            return Answer::More(Finding { worst: Some(figure), trace, ..with(Verdict::Violated) });
        }
        let why = format!("{why}; the bound lies between what was seen and what was proved");
        Answer::Open(Finding { worst: Some(figure), trace, ..with(Verdict::Unknown { why }) })
    }

    fn more(&mut self, path: &TimedPath, claim: Claim, figure: Figure) -> Answer {
        let trace = self.show(path, claim);
        Answer::More(Finding { worst: Some(figure), trace: Some(trace), ..with(Verdict::Violated) })
    }

    /// No response need ever come: says what alone could still bring one.
    fn never_ends(&mut self, path: &TimedPath) -> Answer {
        let trace = self.show(path, Claim::Never);
        let to_come =
            self.world.still_to_come(&trace).unwrap_or_else(|error| panic!("a shown run is no path: {error}"));
        let help = match to_come.is_empty() {
            true => "nothing is under way that could help".into(),
            false => format!("only this could help, and it need never come: {}", to_come.join("; ")),
        };
        let finding = Finding { worst: Some(Figure::Never), trace: Some(trace), ..with(Verdict::Violated) };
        Answer::More(Finding { notes: vec![help], ..finding })
    }

    /// Fault classes that no run uses while they could matter.
    fn unused_faults(&mut self) -> Vec<String> {
        let marks: Vec<Marks> = (0..self.case.setup.faults.len()).map(Marks::fault).collect();
        let unused = marks.into_iter().enumerate().filter(|(_, mark)| matches!(self.reach(*mark), Reach::Unreachable));
        let unused: Vec<usize> = unused.map(|(fault, _)| fault).collect();
        let warning = |fault: usize| {
            let Fault { name, kind, .. } = &self.case.setup.faults[fault];
            match (kind, self.case.property.form) {
                // What is asked of a process may be what the span follows from.
                (FaultKind::Request { .. }, Form::Within(_)) => {
                    format!("no run uses `{name}` within the span that is measured")
                }
                _ => format!("no run uses `{name}` while it could matter"),
            }
        };
        unused.into_iter().map(warning).collect()
    }

    fn reach(&mut self, marks: Marks) -> Reach {
        let (reach, stats) = self.notes.reach(&mut self.world, marks, &self.limits, &self.switches);
        self.count(&stats);
        reach
    }

    fn violated(&mut self, path: &TimedPath, claim: Claim) -> Finding {
        Finding { trace: Some(self.show(path, claim)), ..with(Verdict::Violated) }
    }

    fn holds_as_in(&mut self, path: &TimedPath) -> Finding {
        Finding { trace: Some(self.show(path, Claim::Witness)), ..with(Verdict::HOLDS) }
    }

    fn show(&mut self, path: &TimedPath, claim: Claim) -> Trace {
        let mut world = std::mem::replace(
            &mut self.world,
            World::new(self.case.setup.clone(), self.case.property.clone(), Focus::Check, Reductions::ALL),
        );
        let trace = self.show_in(&mut world, path, claim);
        self.world = world;
        trace
    }

    /// The run of a path, after the event loop has run it too.
    fn show_in(&self, world: &mut World<P, M>, path: &TimedPath, claim: Claim) -> Trace {
        let property = self.case.property.id;
        let steps = match world.tell(path) {
            Ok(steps) => steps,
            Err(mismatch) => panic!("{property}: a path of the checker is not one of its world: {mismatch}"),
        };
        let trace = Trace {
            tenure_trace: FORMAT,
            tool: env!("CARGO_PKG_VERSION").into(),
            subject: self.case.subject.clone(),
            claim,
            nodes: self.case.setup.nodes.iter().map(|node| node.name.clone()).collect(),
            steps,
        };
        match replay(self.case.setup, self.case.property, &trace) {
            Ok(trace) => trace,
            Err(why) => panic!("{property}: the event loop refuses the checker's run: {why}\n{trace:#?}"),
        }
    }
}

/// What a longest reading says about a bound.
enum Answer {
    /// No stopwatch ever runs.
    Nothing,
    /// Proved to be at most the bound.
    AtMost { figure: Figure, proved: i64, seen: Option<Trace> },
    /// Shown to be more.
    More(Finding),
    /// Neither.
    Open(Finding),
}

/// Bytes of zones for one check, where nothing else is asked for.
const DEFAULT_MEMORY: usize = 4 << 30;

fn with(verdict: Verdict) -> Finding {
    Finding { verdict, ..Finding::unknown("") }
}

fn vacuous(why: &str) -> Finding {
    with(Verdict::Vacuous { why: why.into() })
}

/// For which runs a proof is one.
fn scope<P: Process>(setup: &Setup<P>) -> String {
    let faults: Vec<String> = setup
        .faults
        .iter()
        .map(|fault| match fault.tokens.within {
            None => format!("{} {} in total", fault.tokens.at_most, fault.name),
            Some(span) => format!("{} {} in any {span}", fault.tokens.at_most, fault.name),
        })
        .collect();
    let faults = if faults.is_empty() { "no faults".into() } else { format!("at most {}", faults.join(", ")) };
    let pinned: Vec<&str> =
        setup.nodes.iter().filter(|node| node.start.lo() == node.start.hi()).map(|node| node.name.as_str()).collect();
    let phases = match pinned.len() {
        0 => "arbitrary phases within the start windows".into(),
        _ => format!("the first start of {} pinned", pinned.join(", ")),
    };
    let names_again = match setup.faults.iter().any(|fault| matches!(fault.kind, FaultKind::Wipe { .. })) {
        true => ", names that a node without its disk makes a second time",
        false => "",
    };
    let twice = |fault: &crate::spec::Fault<P::Request>| {
        matches!(fault.kind, FaultKind::Cut { .. }) && fault.tokens.at_most > 1
    };
    let cut_again = match setup.faults.iter().any(twice) {
        true => ", a second cut of what is cut already",
        false => "",
    };
    format!(
        "Every run, of any length, of these {} nodes with {faults}, at any instants, in any combination, also between \
         two effects of a step, all delays, rates and reactions within the ledger's windows, {phases}. Not covered: \
         more faults, other populations, what the ledger leaves out{names_again}{cut_again}.",
        setup.nodes.len()
    )
}
