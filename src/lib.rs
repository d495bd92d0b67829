//! Tenure proves coordination protocols: can two workers ever act at once, and how long, at worst, until someone
//! takes over?

// The derive names this crate by its public name, inside it too.
extern crate self as tenure;

pub mod app;
mod breadth;
mod cli;
pub mod convergence;
pub mod design;
pub mod host;
pub mod lease;
pub mod lock;
pub mod presence;
pub mod process;
pub mod registration;
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

/// An application with the protocols of this package, as its program has them.
///
/// The engines are compiled for them here, once, and not in each program or test that asks.
// Unit tests do not ask.
#[cfg(not(test))]
#[must_use]
pub fn own() -> App {
    App::new()
        .protocol(lease::protocol())
        .protocol(lock::protocol())
        .protocol(presence::protocol())
        .protocol(registration::protocol())
        .protocol(convergence::protocol())
}
