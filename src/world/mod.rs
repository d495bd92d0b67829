//! The checkers' world: nodes, pending events, faults and observers, as discrete states.

pub mod space;
