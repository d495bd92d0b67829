//! Tests of the event loop: a puppet that does what each test says, and a small client and server for random runs.

mod claims;
mod clients;
mod connections;
mod faults;
mod puppet;
mod timers;
