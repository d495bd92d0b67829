//! A protocol as the application knows it: a name, a schema for its designs, properties, and how a set-up is built.

use super::{Gauge, Property, Setup, Tokens};
use crate::{
    process::{Data, Process},
    time::{Drift, Duration, Window},
};

/// A protocol that can be checked, simulated and reviewed.
pub trait Protocol: Send + Sync + 'static {
    type Process: Process;
    /// What its properties remember.
    type Memory: Data;
    /// The `[design]` table of a file. Unknown keys are refused (`#[serde(deny_unknown_fields)]`).
    type Design: serde::de::DeserializeOwned;

    /// As written after `protocol =` in a design file.
    fn name(&self) -> &'static str;

    /// One sentence for `tenure list`.
    fn about(&self) -> &'static str;

    /// Every property, in the order of the verdict table.
    fn properties(&self) -> Vec<Property<Self::Process, Self::Memory>>;

    /// Keys of a ledger beyond the general ones, for what the environment may ask of this protocol.
    fn ledger_keys(&self) -> Vec<LedgerKey> {
        Vec::new()
    }

    /// A design to begin with, in which every key is explained.
    fn template(&self) -> Option<&'static str> {
        None
    }

    /// The two bounds that measure it as a failure detector, if it is one.
    fn detector(&self) -> Option<Detector> {
        None
    }

    /// What measures its simulated runs beside the properties, if anything does.
    fn gauge(&self) -> Option<Box<dyn Gauge<Self::Process>>> {
        None
    }

    /// Turns a design under a ledger into a set-up.
    ///
    /// # Errors
    /// Names the key whose value cannot be built, what was expected, and what came.
    fn build(&self, design: &Self::Design, builder: Builder) -> Result<Setup<Self::Process>, DesignError>;
}

/// Two properties of the form `Within` that tell how well a protocol detects failures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Detector {
    /// From a death to its detection.
    pub detection: &'static str,
    /// From the moment at which a living node is taken for dead to the moment at which it is not any more.
    pub mistake: &'static str,
}

/// A ledger key of a protocol: a fault class that asks something of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LedgerKey {
    pub key: &'static str,
    pub about: &'static str,
    /// Whether it takes a `for`: how long what was asked for takes.
    pub takes_span: bool,
}

/// What the design's `[network]` and one ledger say, typed, for [`Protocol::build`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Builder {
    /// `[network] delay`.
    pub delay: Window,
    /// `[network] rto` and `patience`, for stream links.
    pub rto: Duration,
    pub patience: Option<Window>,
    /// `[network] capacity`.
    pub capacity: u8,
    /// The ledger's `drift` and `reaction`.
    pub drift: Drift,
    pub reaction: Duration,
    /// The ledger's `phase`: the window of the nodes' first starts, where the design does not give its own.
    pub phase: Option<Window>,
    /// Every fault class of the ledger, in the order of the file.
    pub classes: Vec<Class>,
}

/// One fault class as the ledger gives it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Class {
    /// The ledger's key.
    pub key: String,
    pub tokens: Tokens,
    /// `for`: how long it lasts.
    pub span: Option<Window>,
    /// `restart`: how long until a crashed node starts again; `None` for never.
    pub restart: Option<Window>,
    /// `nodes`: whom it may hit, by name; `None` for everyone that the protocol allows.
    pub nodes: Option<Vec<String>>,
    /// `direction`, for a cut: `"both"`, `"to"` or `"from"` the named nodes.
    pub direction: Direction,
}

/// Which way a cut blocks, seen from the node it isolates.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    #[default]
    Both,
    /// What others send to the node.
    To,
    /// What the node sends.
    From,
}

/// A design whose values cannot be built.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{key}: expected {expected}, got {got}")]
pub struct DesignError {
    /// The path of the key in the file: `"design.store.session_ttl"`, `"ledger.crash.nodes"`.
    pub key: String,
    pub expected: String,
    pub got: String,
}
