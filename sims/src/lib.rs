//! The madsim host: a set-up's processes as asynchronous tasks of a deterministic executor, on a network, clocks and
//! disks of their own.
//!
//! Every node is a node of madsim with one task, which sleeps until its next timer is due or something comes for it.
//! One more task, the *supervisor*, keeps what is under way in a heap by time, hands it over when its moment comes, and
//! kills, pauses and restarts nodes. A run is a list of steps that the other engines must accept.
//!
//! madsim's own network has no delay of a link's own, no duplication and no half-open connections, so packets go
//! through a switch of this crate (`network.rs`). Its clock adds 50 to 100 ns to each poll, and no sleep is shorter than
//! a millisecond. A microsecond of a run is therefore a millisecond of madsim's clock: no delay of the executor reaches
//! a run.

#[cfg(not(madsim))]
compile_error!(
    "tenure-sims needs `--cfg madsim`, which .cargo/config.toml sets: unset RUSTFLAGS and build inside the workspace"
);

mod breaks;
mod faults;
mod network;
mod node;
pub mod scenario;
mod stage;
mod tasks;

pub use tasks::{Defect, run, run_told, run_with};
