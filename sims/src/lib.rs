//! Scenarios on a deterministic asynchronous host. Empty until the host exists.
