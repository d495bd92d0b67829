//! Names of what a store keeps.

use std::fmt;

use crate::process::Names;

/// A path, known when the program is built: how many keys there are never depends on a run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Names)]
pub struct Key(pub &'static str);

impl Key {
    /// Whether this key lies below a prefix.
    #[must_use]
    pub fn is_under(self, prefix: Key) -> bool {
        self.0.starts_with(prefix.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
