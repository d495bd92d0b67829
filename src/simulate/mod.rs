//! The event loop: one run of a set-up at a time, on nothing but the process contract, links and faults.
//!
//! It shares no code with the checkers' world, so a run that both accept was understood twice in the same way.
//! [`replay`] follows a trace, step by step, and refuses what is not possible; [`run`] draws a run from a seed.

mod adversary;
mod agenda;
mod climb;
mod connections;
mod digest;
mod distribution;
mod effects;
mod faults;
mod judge;
mod machine;
mod placing;
mod random;
mod replay;
mod run;
mod script;
mod shrink;
mod story;
mod survey;
mod timers;
mod words;

pub use climb::RUNS as RUNS_OF_A_CLIMB;
pub use digest::Digest;
pub use distribution::Distribution;
pub use judge::{Ended, Overlap, Reading, Seen, Signalled};
pub use random::{Draw, Random, Source, Stream, message_key};
pub use replay::{Hold, Observed, Observer, ReplayError, Replayed, holds, replay};
pub use run::{End, Options, Run, Strike, Strikes, measured, run};
pub use shrink::{Shrunk, Size, shrink};
pub use story::{story, told};
pub use survey::{Counts, Failure, Findings, Measurements, Survey, failure, survey, survey_with};

#[cfg(test)]
mod tests;
