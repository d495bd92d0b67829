//! The commands for those who begin: a design to start from, and what a property asks.

use std::collections::BTreeMap;

use super::{Manner, Output, commands::files};
use crate::{
    app::{App, Card, Erased, unknown_property},
    design::{BadInput, Expectation, Resolved, Result},
    report::{design_name, grid},
    spec::Form,
};

/// Prints a design to begin with.
pub(super) fn new(app: &App, protocol: &str) -> Result<Output> {
    let Some(found) = app.protocols().find(|known| known.name() == protocol) else {
        let refusal = BadInput::without_place(format!("there is no protocol {protocol:?}"));
        let with_template = app.protocols().filter(|known| known.template().is_some());
        return Err(refusal.with_known(protocol, with_template.map(Erased::name)));
    };
    let Some(template) = found.template() else {
        let refusal = BadInput::without_place(format!("the protocol {protocol:?} has no design to begin with"));
        return Err(refusal.with_remedy("copy one of its designs from the catalogue"));
    };
    Ok(Output { text: template.into(), ..Output::default() })
}

/// Says what a property asks, and what the designs at hand say of it.
pub(super) fn explain(app: &App, property: &str, manner: &Manner) -> Result<Output> {
    let cards: Vec<(&dyn Erased, Card)> = app
        .protocols()
        .flat_map(|protocol| protocol.properties().into_iter().map(move |card| (protocol, card)))
        .collect();
    if !cards.iter().any(|(_, card)| card.id == property) {
        return Err(unknown_property(property, &cards.into_iter().map(|(_, card)| card).collect::<Vec<_>>()));
    }
    let designs = at_hand(app)?;
    let mut text = String::new();
    for (protocol, card) in cards.into_iter().filter(|(_, card)| card.id == property) {
        text.push_str(&format!("{property}, of the protocol {}: {}.\n", protocol.name(), card.sentence));
        text.push_str(&format!("  {}\n", asks(card.form)));
        for requirement in card.requirements {
            text.push_str(&format!("  requirement {requirement}, in docs/requirements.md\n"));
        }
        let of_protocol = designs.iter().filter(|design| design.protocol == protocol.name());
        let rows: Vec<Vec<String>> = of_protocol.flat_map(|design| says(design, property)).collect();
        if !rows.is_empty() {
            text.push('\n');
            text.push_str(&grid(&HEAD, rows, manner.terminal, manner.look.width));
        }
        text.push('\n');
    }
    Ok(Output { text, ..Output::default() })
}

/// A row for each requirement and property: in which designs at hand it holds, and in which it does not, as they pin it.
pub(super) fn by_requirement(app: &App, manner: &Manner) -> Result<String> {
    let designs = at_hand(app)?;
    let mut rows = BTreeMap::new();
    for protocol in app.protocols() {
        let of_protocol: Vec<&Resolved> = designs.iter().filter(|design| design.protocol == protocol.name()).collect();
        for card in protocol.properties() {
            let pinned = |violated: bool| {
                let pins = |design: &&&Resolved| {
                    let mut of_card = design.expectations.iter().filter(|one| one.property == card.id);
                    of_card.any(|one| one.verdict.is_violation() == violated)
                };
                few(of_protocol.iter().filter(pins).map(|design| design_name(&design.file)).collect())
            };
            for requirement in card.requirements {
                let property = format!("{}/{}", protocol.name(), card.id);
                let row = vec![(*requirement).into(), property.clone(), pinned(false), pinned(true)];
                rows.insert((*requirement, property), row);
            }
        }
    }
    let head = ["requirement", "property", "holds", "violated"];
    Ok(grid(&head, rows.into_values().collect(), manner.terminal, manner.look.width))
}

/// The first, which is a recommended one if there is any, and how many others there are.
fn few(mut designs: Vec<&str>) -> String {
    designs.sort_by_key(|design| (!design.contains("/recommended"), design.len()));
    match designs.as_slice() {
        [] => "-".into(),
        [only] => (*only).into(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

/// The designs that a review without a path would look at; none, if there are none.
fn at_hand(app: &App) -> Result<Vec<Resolved>> {
    let Ok((shelf, files)) = files(app, &[]) else { return Ok(Vec::new()) };
    files.iter().map(|file| app.load(shelf, file, &[])).collect()
}

const fn asks(form: Form) -> &'static str {
    match form {
        Form::Never => "It holds if no run reaches what it forbids, and some run reaches what it speaks of.",
        Form::Apart => "It holds if no two parties' intervals overlap, and nobody acts within another's.",
        Form::Within(_) => {
            "It holds if no run takes longer than `within`; the best and the worst case of all runs are given."
        }
        Form::Reachable => "It holds if some run reaches what it asks for.",
    }
}

const HEAD: [&str; 6] = ["design", "under", "within", "expected", "worst case", "because"];

fn says(design: &Resolved, property: &str) -> Vec<Vec<String>> {
    let row = |expectation: &Expectation| {
        vec![
            design.file.clone(),
            expectation.under.clone(),
            expectation.within.map_or(String::new(), |within| within.to_string()),
            expectation.verdict.id().into(),
            expectation.worst.map_or(String::new(), |worst| worst.to_string()),
            expectation.because.as_ref().map_or(String::new(), |because| because.text().into()),
        ]
    };
    design.expectations.iter().filter(|expectation| expectation.property == property).map(row).collect()
}
