//! Designs are data: TOML files that say how a protocol is set up, what may go wrong, and what is expected of it.
//!
//! A file is read into a [`Resolved`] design: after `extends`, `[override]` and `--set`. Its text and hash identify it,
//! and a trace holds that text. Whatever is wrong is refused with its place ([`BadInput`]).

mod expect;
mod file;
mod formula;
mod ledger;
mod read;
mod schedule;
mod shelf;
mod source;
mod tree;
mod vary;

pub use expect::Expectation;
pub use file::{Base, Resolved};
pub(crate) use file::{fnv, unknown_protocol};
pub use formula::{Condition, Formula};
pub use ledger::ledger_lines;
pub use schedule::Planned;
pub use shelf::Shelf;
pub(crate) use source::suggestion;
pub use source::{BadInput, Place, Result, Source};
pub use vary::{Kind, Parameter, Tie, assignment};

use crate::{spec::DesignError, time::Window};

impl Resolved {
    /// The `[design]` table, typed by its protocol.
    ///
    /// # Errors
    /// At the innermost place that is known.
    pub fn design<T: serde::de::DeserializeOwned>(&self) -> Result<T> {
        read::read(self.parts.get("design").expect("a resolved design has its parts"))
    }

    /// A refusal by the protocol, at the key that it names.
    #[must_use]
    pub fn refuse(&self, error: &DesignError, ledger: &str) -> Box<BadInput> {
        let named = |rest: &str| format!("ledger.{ledger}.{rest}");
        let path = match error.key.strip_prefix("ledger.") {
            Some(rest) if !rest.starts_with(&format!("{ledger}.")) => named(rest),
            _ => error.key.clone(),
        };
        let known = ["design", "network", "ledger"].contains(&path.split('.').next().unwrap_or_default());
        let name = error.got.trim_matches('"');
        let place = self.scheduled_place(ledger, name).filter(|_| path.ends_with(".nodes"));
        let place = place.unwrap_or_else(|| self.place(&if known { path } else { format!("design.{path}") }));
        place.refuse(error.to_string())
    }

    /// The paths of all spans and windows that are finite and above zero, in the design, the network and one ledger.
    ///
    /// # Errors
    /// An unknown ledger.
    pub(crate) fn spans(&self, ledger: &str) -> Vec<(String, Window)> {
        let counts = |path: &str| match path.strip_prefix("ledger.") {
            Some(rest) => rest.strip_prefix(ledger).is_some_and(|rest| rest.starts_with('.')),
            None => true,
        };
        let leaves = self.parts.leaves().into_iter().filter(|(path, _)| counts(path));
        let windows = leaves.filter_map(|(path, node)| Some((path, node.text()?.parse::<Window>().ok()?)));
        windows.filter(|(_, window)| window.hi().micros() > 0).collect()
    }
}
