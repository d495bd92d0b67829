//! The operations of zones against all integer points of small boxes.
