//! The last safe moment of a run that violates a property: until then no harm was done yet, by proof.
//!
//! Between two faults a situation from which the property may fail without a further fault makes all earlier ones so:
//! the run itself leads there. So only the moments right before a fault are asked about, from the last one back.

use crate::{
    process::{Data, Process},
    report::seconds,
    spec::{Form, Property, Setup},
    time::Duration,
    timed::{Limits, Longest, Notes, Reach, Switches},
    trace::{Occurrence, Step, Trace},
    world::{World, space::Marks},
};

/// A sentence on the last moment after which the property is proved to hold if no further fault happens. `None` where
/// the question means nothing: the run has no fault.
pub(super) fn last_safe<P: Process, M: Data>(
    setup: &Setup<P>,
    property: &Property<P, M>,
    within: Option<Duration>,
    trace: &Trace,
    limits: &Limits,
) -> Option<String> {
    let faults: Vec<usize> = (0..trace.steps.len()).filter(|index| has_fault(&trace.steps[*index])).collect();
    for &fault in faults.iter().rev() {
        let step = &trace.steps[fault];
        let at = seconds(step.at);
        match is_safe(setup, property, within, &trace.steps[..fault], limits) {
            Ok(true) => {
                let name = name_of(setup, step);
                let number = fault + 1;
                return Some(format!(
                    "last safe moment {at}, before the {name} of step {number}: with no fault from then on it holds, by \
                     proof"
                ));
            }
            Ok(false) => {}
            Err(why) => return Some(format!("last safe moment not known: at {at} {why}")),
        }
    }
    faults.first().map(|_| "no safe moment: it may fail without any fault".into())
}

/// Whether nothing goes wrong after these steps without a further fault.
fn is_safe<P: Process, M: Data>(
    setup: &Setup<P>,
    property: &Property<P, M>,
    within: Option<Duration>,
    steps: &[Step],
    limits: &Limits,
) -> Result<bool, String> {
    let world = World::since(setup.clone(), property.clone(), steps);
    let mut world = world.map_err(|mismatch| format!("the checker does not follow this run: {mismatch}"))?;
    let switches = Switches::default();
    let asked = within.map(Duration::micros).or((property.form == Form::Apart).then_some(0));
    let bound = asked.unwrap_or(i64::MAX);
    let mut notes = Notes::for_bound(asked.unwrap_or(0));
    match notes.reach(&mut world, Marks::VIOLATED, limits, &switches).0 {
        Reach::Unreachable => {}
        Reach::Reached(_) => return Ok(false),
        Reach::Unknown(why) => return Err(why),
    }
    match property.form {
        Form::Never | Form::Reachable => Ok(true),
        Form::Apart | Form::Within(_) => match notes.longest(&mut world, asked, limits, &switches).0 {
            Longest::Untriggered => Ok(true),
            Longest::Exact { micros, .. } => Ok(micros <= bound),
            Longest::Between { proved, .. } if proved <= bound => Ok(true),
            Longest::Between { seen: Some((micros, _)), .. } if micros > bound => Ok(false),
            Longest::Never { .. } | Longest::Unbounded { .. } => Ok(false),
            Longest::Exceeds { cap, .. } if cap > bound => Ok(false),
            Longest::Unknown { seen: Some((micros, _)), .. } if micros > bound => Ok(false),
            Longest::Between { .. } | Longest::Exceeds { .. } => Err("the search ended".into()),
            Longest::Unknown { why, .. } => Err(why),
        },
    }
}

fn has_fault(step: &Step) -> bool {
    let choices = &step.choices;
    let befallen = choices.cut.is_some() || !choices.lost.is_empty() || !choices.duplicated.is_empty();
    befallen || matches!(step.what, Occurrence::Fault { .. })
}

/// The classes of the faults of a step.
fn name_of<P: Process>(setup: &Setup<P>, step: &Step) -> String {
    let struck = if let Occurrence::Fault { fault, .. } = step.what { Some(fault) } else { None };
    let choices = &step.choices;
    let befallen = choices.lost.iter().chain(&choices.duplicated).map(|(_, fault)| *fault);
    let faults = struck.into_iter().chain(choices.cut.map(|cut| cut.fault)).chain(befallen);
    let names: Vec<&str> = faults.map(|fault| setup.faults[fault].name.as_str()).collect();
    names.join(" and ")
}
