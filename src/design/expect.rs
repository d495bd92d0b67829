//! `[[expect]]`: what a file says of itself.

use serde::Deserialize;

use super::{
    file::Resolved,
    formula::{Condition, Formula},
    read::read,
    source::{Place, Result},
    tree::{Node, Value},
};
use crate::{time::Duration, verdict::Expected};

/// One expectation of a design file.
#[derive(Clone, Debug)]
pub struct Expectation {
    pub property: String,
    /// The ledger.
    pub under: String,
    pub within: Option<Duration>,
    pub verdict: Expected,
    pub best: Option<Duration>,
    pub worst: Option<Duration>,
    /// Where `worst` comes from.
    pub because: Option<Formula>,
    /// Where `best` comes from.
    pub because_best: Option<Formula>,
    /// Where the formulas are right; a re-check tries them nowhere else.
    pub given: Option<Condition>,
    /// The paths that a re-check of the formulas varies; `None` for every span of the design.
    pub vary: Option<Vec<String>>,
    /// Why a simulation does not show what is expected here.
    pub unseen: Option<String>,
    node: Node,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    property: String,
    under: String,
    within: Option<Duration>,
    verdict: Expected,
    best: Option<Duration>,
    worst: Option<Duration>,
    #[serde(rename = "because")]
    _because: Option<String>,
    #[serde(rename = "because_best")]
    _because_best: Option<String>,
    #[serde(rename = "given")]
    _given: Option<String>,
    vary: Option<Vec<String>>,
    unseen: Option<String>,
}

impl Expectation {
    pub(super) fn read(node: &Node, design: &Resolved) -> Result<Expectation> {
        let keys: Keys = read(node)?;
        let table = node.expect_table("an expectation")?;
        let under = table.get("under").expect("it was just read");
        design.ledger_below(&keys.under, &under.place, &mut Vec::new())?;
        let formula = |key: &str| table.get(key).map(Formula::parse).transpose();
        let (because, because_best) = (formula("because")?, formula("because_best")?);
        for (key, formula, figure, pinned) in
            [("because", &because, "worst", keys.worst), ("because_best", &because_best, "best", keys.best)]
        {
            if formula.is_some() && pinned.is_none() {
                let place = &table.entry(key).expect("it was just read").key_place;
                return Err(place.refuse(format!("`{key}` explains `{figure}`, which is missing")));
            }
        }
        let given = table.get("given").map(Condition::parse).transpose()?;
        if given.is_some() && because.is_none() && because_best.is_none() {
            let place = &table.entry("given").expect("it was just read").key_place;
            return Err(place.refuse("`given` says where a formula is right, and there is no `because`"));
        }
        let Keys { property, under, within, verdict, best, worst, vary, unseen, .. } = keys;
        Ok(Expectation {
            property,
            under,
            within,
            verdict,
            best,
            worst,
            because,
            because_best,
            given,
            vary,
            unseen,
            node: node.clone(),
        })
    }

    /// Whether what it says of the values of its design can be so: for a design whose values are right themselves.
    ///
    /// # Errors
    /// A formula or a path that does not fit the design.
    pub(super) fn check(&self, design: &Resolved) -> Result<()> {
        for formula in [&self.because, &self.because_best].into_iter().flatten() {
            formula.evaluate(design, &self.under)?;
        }
        if let Some(given) = &self.given {
            given.expect_met(design, &self.under)?;
        }
        match self.node.table().and_then(|table| table.get("vary")) {
            Some(vary) => check_varied(vary, design, &self.under),
            None => Ok(()),
        }
    }

    /// Where one of its keys is, or else all of it.
    #[must_use]
    pub fn place(&self, key: &str) -> &Place {
        self.node.table().and_then(|table| table.get(key)).map_or(&self.node.place, |node| &node.place)
    }
}

/// Every path that is to be varied names a span of the design.
fn check_varied(vary: &Node, design: &Resolved, ledger: &str) -> Result<()> {
    let known = design.spans(ledger);
    let Value::List(paths) = &vary.value else { unreachable!("it was read as a list") };
    for node in paths {
        let wanted = node.expect_text("a path")?;
        if !known.iter().any(|(path, _)| path == wanted || path.strip_prefix("design.") == Some(wanted)) {
            let refusal = node.place.refuse(format!("`{wanted}` is no span of this design that could be varied"));
            return Err(refusal.with_known(wanted, known.iter().map(|(path, _)| path.as_str())));
        }
    }
    Ok(())
}
