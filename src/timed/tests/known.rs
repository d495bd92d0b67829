//! Small nets with answers that can be worked out by hand.
