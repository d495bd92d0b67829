//! The untimed checker and the tick oracle against answers that were derived by hand, or published.

mod hand;
mod ticks;
mod two_phase_commit;
mod untimed;
