//! Tenure proves coordination protocols: can two workers ever act at once, and how long, at worst, until someone
//! takes over?

// The derive names this crate by its public name, inside it too.
extern crate self as tenure;

mod breadth;
pub mod lease;
pub mod lock;
pub mod process;
pub mod spec;
pub mod store;
pub mod ticks;
pub mod time;
pub mod trace;
pub mod untimed;
pub mod world;
