//! What several integration tests share.

pub mod puppet;
pub mod random;
