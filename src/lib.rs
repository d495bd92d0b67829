//! Tenure proves coordination protocols: can two workers ever act at once, and how long, at worst, until someone
//! takes over?

// The derive names this crate by its public name, inside it too.
extern crate self as tenure;

pub mod app;
mod breadth;
mod cli;
pub mod design;
pub mod host;
pub mod lease;
pub mod lock;
pub mod process;
pub mod report;
pub mod simulate;
pub mod spec;
pub mod store;
pub mod ticks;
pub mod time;
pub mod timed;
pub mod trace;
pub mod untimed;
pub mod verdict;
pub mod world;

pub use app::{App, catalogue};
pub use include_dir;
