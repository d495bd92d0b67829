//! The zones against unit ticks, which share nothing with them but the table of a net.

mod agreement;
mod backward;
mod known;
mod zones;

mod ticks;
