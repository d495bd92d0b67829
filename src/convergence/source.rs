//! The outside: who says which LRPs are wanted. It outlasts everything here, and sometimes cannot be asked.

use std::collections::BTreeSet;

use super::{Message, Request, Site};
use crate::process::{Effects, Input, Names};

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub struct Source {
    /// It can be asked; otherwise `Back` is armed.
    up: bool,
    wanted: BTreeSet<u16>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    pub lrps: u16,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    /// When it can be asked again.
    Back,
}

impl Source {
    pub(super) fn start(config: Config) -> Source {
        Source { up: true, wanted: (0..config.lrps).collect() }
    }

    pub(super) fn step(&mut self, input: Input<Site>, fx: &mut Effects<Site>) {
        match input {
            Input::Message { from, message: Message::Fetch } => {
                fx.send(from, Message::Fetched { wanted: self.up.then(|| self.wanted.clone()) });
            }
            Input::Request(Request::LoseSource { outage }) => {
                self.up = false;
                fx.arm(super::Timer::Source(Timer::Back), outage);
            }
            Input::Request(Request::ScaleDown) => {
                self.wanted.remove(&0);
            }
            Input::Timer(super::Timer::Source(Timer::Back)) => self.up = true,
            // It remembers nothing of who asks, and the rest is for others.
            Input::Message { .. } | Input::Request(_) | Input::Timer(_) | Input::Closed { .. } => {}
        }
    }
}
