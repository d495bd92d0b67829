//! Tenure proves coordination protocols: can two workers ever act at once, and how long, at worst, until someone
//! takes over?

// The derive names this crate by its public name, inside it too.
extern crate self as tenure;

pub mod process;
pub mod spec;
pub mod time;
pub mod timed;
pub mod trace;
pub mod world;
