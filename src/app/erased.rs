//! Protocols without their types, so that one program can hold several.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use super::{
    Options,
    judge::{self, Case},
    sim::{self, Plan, Simulated},
};
use crate::{
    design::{BadInput, Resolved, Result, ledger_lines, suggestion},
    process::Process,
    simulate::{self, Hold, Strike},
    spec::{Builder, Class, DesignError, Detector, Form, LedgerKey, Property, Protocol, Setup},
    time::Duration,
    trace::{Subject, Trace},
    untimed,
    verdict::{Finding, Outcome, Verdict},
    world::{Focus, MOST_NODES, Reductions, World},
};

/// A protocol, whatever its types are.
pub trait Erased: Send + Sync {
    fn name(&self) -> &'static str;

    fn about(&self) -> &'static str;

    fn properties(&self) -> Vec<Card>;

    fn ledger_keys(&self) -> Vec<LedgerKey>;

    /// What measures it as a failure detector.
    fn detector(&self) -> Option<Detector>;

    /// A design to begin with.
    fn template(&self) -> Option<&'static str>;

    /// Looks at all that a file says: the design, every ledger, every expectation.
    ///
    /// # Errors
    /// The first thing that is wrong, at its place.
    fn validate(&self, design: &Resolved) -> Result<()>;

    /// Answers one question about a design.
    ///
    /// # Errors
    /// A property or ledger that is not there, or a design that cannot be built.
    fn check(&self, design: &Resolved, question: &Question, options: &Options) -> Result<Outcome>;

    /// Runs a design under one ledger from many seeds, with all these questions watching.
    ///
    /// # Errors
    /// As [`Erased::check`].
    fn simulate(&self, design: &Resolved, ledger: &str, asked: &[Question], plan: &Plan) -> Result<Simulated>;

    /// Runs a trace again, by another engine than the one that found it, and fills in what each step did.
    ///
    /// # Errors
    /// A trace that is not a run of the design, or does not show what it claims.
    fn replay(&self, design: &Resolved, trace: &Trace) -> Result<Trace>;

    /// Serves a page on which one looks around in the untimed model of a question, until the process ends.
    ///
    /// # Errors
    /// As [`Erased::check`].
    fn explore(&self, design: &Resolved, question: &Question, address: SocketAddr) -> Result<()>;

    /// The intervals that parties hold in a trace, for pictures of it.
    ///
    /// # Errors
    /// As [`Erased::replay`].
    fn holds(&self, design: &Resolved, trace: &Trace) -> Result<Vec<Hold>>;
}

/// What is said of a property without its types.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Card {
    pub id: &'static str,
    pub sentence: &'static str,
    pub requirements: &'static [&'static str],
    pub form: Form,
}

/// One question about a design.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Question {
    pub property: String,
    pub ledger: String,
    /// The bound, for a property that takes one. Without it only the best and worst case are looked for.
    pub within: Option<Duration>,
}

/// A protocol with its types.
pub(super) struct Typed<T>(pub(super) T);

impl<T: Protocol> Typed<T> {
    fn property(&self, id: &str) -> Option<Property<T::Process, T::Memory>> {
        self.0.properties().into_iter().find(|property| property.id == id)
    }

    fn setup(&self, design: &Resolved, ledger: &str) -> Result<Setup<T::Process>> {
        let builder = design.builder(ledger, &self.0.ledger_keys())?;
        self.0.build(&design.design()?, builder).map_err(|error| design.refuse(&error, ledger))
    }

    /// Makes the set-up of a ledger with other fault classes.
    fn build_with<'a>(
        &'a self,
        design: &'a T::Design,
        builder: &'a Builder,
    ) -> impl Fn(&[Class]) -> Option<Setup<T::Process>> + 'a {
        move |classes| self.0.build(design, Builder { classes: classes.to_vec(), ..builder.clone() }).ok()
    }

    fn subject(&self, design: &Resolved, property: &str, ledger: &str) -> Subject {
        Subject {
            design: design.text(),
            hash: design.hash(),
            file: design.file.clone(),
            protocol: design.protocol.clone(),
            property: property.into(),
            ledger: ledger.into(),
        }
    }
}

impl<T: Protocol> Erased for Typed<T> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn about(&self) -> &'static str {
        self.0.about()
    }

    fn properties(&self) -> Vec<Card> {
        let properties = self.0.properties().into_iter();
        let card = |property: Property<_, _>| {
            let Property { id, sentence, requirements, form, .. } = property;
            Card { id, sentence, requirements, form }
        };
        properties.map(card).collect()
    }

    fn ledger_keys(&self) -> Vec<LedgerKey> {
        self.0.ledger_keys()
    }

    fn detector(&self) -> Option<Detector> {
        self.0.detector()
    }

    fn template(&self) -> Option<&'static str> {
        self.0.template()
    }

    fn validate(&self, design: &Resolved) -> Result<()> {
        let _: T::Design = design.design()?;
        for ledger in design.ledgers() {
            self.setup(design, ledger)?;
        }
        for expectation in &design.expectations {
            let Some(property) = self.property(&expectation.property) else {
                let message = format!("the protocol {:?} has no property {:?}", self.name(), expectation.property);
                let known = self.0.properties();
                let refusal = expectation.place("property").refuse(message);
                return Err(refusal.with_known(&expectation.property, known.iter().map(|property| property.id)));
            };
            let place = || expectation.place("within");
            match (property.form, expectation.within) {
                (Form::Within(_), None) => {
                    return Err(place().refuse(format!("{:?} is a bound: the key `within` is missing", property.id)));
                }
                (Form::Never | Form::Apart | Form::Reachable, Some(_)) => {
                    return Err(place().refuse(format!("{:?} takes no `within`: it is no bound", property.id)));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check(&self, design: &Resolved, question: &Question, options: &Options) -> Result<Outcome> {
        let Question { property: id, ledger, within } = question;
        let property = self.property(id).ok_or_else(|| unknown_property(id, &self.properties()))?;
        let setup = self.setup(design, ledger)?;
        let subject = self.subject(design, id, ledger);
        let case = Case { setup: &setup, property: &property, within: *within, subject, options };
        let (typed, builder) = (design.design()?, design.builder(ledger, &self.0.ledger_keys())?);
        let planned = design.planned(ledger, &self.0.ledger_keys())?;
        if planned.is_empty() {
            can_be_checked(design, ledger, &setup)?;
        }
        Ok(Outcome {
            property: id.clone(),
            sentence: property.sentence.into(),
            requirements: property.requirements.iter().map(|id| (*id).into()).collect(),
            ledger: ledger.clone(),
            ledger_lines: ledger_lines(&builder),
            within: *within,
            finding: match planned.is_empty() {
                true => {
                    let mut finding = judge::judge(&case);
                    if !options.brief {
                        finding = judge::with_one_rate(&case, finding);
                    }
                    if options.why && finding.verdict == Verdict::Violated {
                        let build = self.build_with(&typed, &builder);
                        finding.notes.extend(judge::needs(&case, finding.trace.as_ref(), &builder.classes, build));
                    }
                    if options.why && matches!(finding.verdict, Verdict::Holds { .. }) {
                        let build = |wider: &Builder| self.0.build(&typed, wider.clone()).ok();
                        finding.notes.extend(judge::rests_on(&case, &builder, build));
                    }
                    finding
                }
                false => Finding::unknown("a schedule fixes moments: it is simulated (`sim`), not checked"),
            },
        })
    }

    fn simulate(&self, design: &Resolved, ledger: &str, asked: &[Question], plan: &Plan) -> Result<Simulated> {
        let setup = self.setup(design, ledger)?;
        let named = |question: &Question| {
            let id = &question.property;
            self.property(id).ok_or_else(|| unknown_property(id, &self.properties()))
        };
        let properties = asked.iter().map(named).collect::<Result<Vec<_>>>()?;
        let subject = self.subject(design, "", ledger);
        let (typed, builder) = (design.design()?, design.builder(ledger, &self.0.ledger_keys())?);
        let ledger_lines = ledger_lines(&builder);
        let planned = design.planned(ledger, &self.0.ledger_keys())?;
        let strikes = planned.into_iter().map(|planned| Strike { at: planned.at, fault: planned.class });
        let options = simulate::Options { plan: strikes.collect(), ..plan.options.clone() };
        let plan = &Plan { options, ..plan.clone() };
        let build = self.build_with(&typed, &builder);
        let classes = &builder.classes;
        let gauge = || self.0.gauge();
        let (properties, setup) = (&properties, &setup);
        let case = sim::Case { setup, properties, asked, subject, plan, classes, gauge: &gauge, build: &build };
        Ok(Simulated { ledger_lines, ..sim::simulate(&case) })
    }

    fn replay(&self, design: &Resolved, trace: &Trace) -> Result<Trace> {
        let subject = &trace.subject;
        let property =
            self.property(&subject.property).ok_or_else(|| unknown_property(&subject.property, &self.properties()))?;
        let setup = self.setup(design, &subject.ledger)?;
        let names: Vec<&str> = setup.nodes.iter().map(|node| node.name.as_str()).collect();
        if names != trace.nodes {
            let (names, nodes) = (names.join(" "), trace.nodes.join(" "));
            return Err(BadInput::without_place(format!("the design has the nodes {names}, the trace {nodes}")));
        }
        judge::replay(&setup, &property, trace)
            .map_err(|why| BadInput::without_place(format!("the trace is not a run of its design: {why}")))
    }

    fn explore(&self, design: &Resolved, question: &Question, address: SocketAddr) -> Result<()> {
        let id = &question.property;
        let property = self.property(id).ok_or_else(|| unknown_property(id, &self.properties()))?;
        let (setup, claim) = (self.setup(design, &question.ledger)?, property.sentence);
        can_be_checked(design, &question.ledger, &setup)?;
        let world = Arc::new(Mutex::new(World::new(setup, property, Focus::Check, Reductions::PLAIN)));
        std::thread::spawn(move || untimed::explore(world, claim, address));
        Ok(())
    }

    fn holds(&self, design: &Resolved, trace: &Trace) -> Result<Vec<Hold>> {
        let setup = self.setup(design, &trace.subject.ledger)?;
        simulate::holds(&setup, &self.0.properties(), trace)
            .map_err(|why| BadInput::without_place(format!("the trace is not a run of its design: {why}")))
    }
}

/// The checkers follow fewer nodes than a simulation.
fn can_be_checked<P: Process>(design: &Resolved, ledger: &str, setup: &Setup<P>) -> Result<()> {
    let nodes = setup.nodes.len();
    if nodes <= MOST_NODES {
        return Ok(());
    }
    let expected = format!("at most {MOST_NODES} nodes, as many as a checker follows");
    let error = DesignError { key: "design".into(), expected, got: format!("{nodes} nodes") };
    Err(design.refuse(&error, ledger).with_remedy("simulate it: `tenure sim`"))
}

pub(crate) fn unknown_property(id: &str, known: &[Card]) -> Box<BadInput> {
    let refusal = BadInput::without_place(format!("unknown property {id:?}"));
    match suggestion(id, known.iter().map(|card| card.id)) {
        Some(remedy) => refusal.with_remedy(remedy),
        None => refusal,
    }
}
