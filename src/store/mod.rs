//! Stores that the protocols coordinate through, each as one process that a protocol's nodes host.

pub mod consul;
