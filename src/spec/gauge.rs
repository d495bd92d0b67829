//! Gauges: what is counted and timed in simulated runs, beside the properties. A gauge judges nothing.

use std::fmt::Debug;

use super::Happening;
use crate::process::{Input, NodeId, Process};

/// Watches one run and measures it. It sees more than a property: every input too. It changes nothing.
pub trait Gauge<P: Process>: Debug + Send {
    /// A running process is about to be told something.
    fn told(&mut self, node: NodeId, input: &Input<P>);

    fn seen(&mut self, at: i64, happening: &Happening<'_, P>);

    /// The run is over.
    fn read(self: Box<Self>) -> Measured;
}

/// What a gauge reads, in the order in which it is told.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Measured {
    /// From something to something, in microseconds, as often as it was seen.
    pub spans: Vec<(&'static str, Vec<i64>)>,
    /// How often something happened, by topic.
    pub counts: Vec<(&'static str, Vec<(&'static str, u64)>)>,
}
