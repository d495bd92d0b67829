//! Who calls a Task's client back: a receptor of 2014, or the BBS.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Event, Message, host::Io};
use crate::{process::Names, time::Window};

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How long a callback takes.
    pub callback: Window,
    /// Whether the row is deleted once the client was called, or before.
    pub deletes_after: bool,
    /// Whether one that lost the race to mark a Task RESOLVING tries again.
    pub tries_again: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Names)]
pub struct Resolver {
    calling: BTreeSet<u16>,
    /// It was told to call once more while it does: the row was taken for one that nobody calls.
    calling_again: BTreeSet<u16>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Timer {
    Callback(u16),
    CallbackAgain(u16),
}

impl Resolver {
    pub(super) fn start(io: &mut Io<'_, '_>) -> Resolver {
        io.fx.emit(Event::Stands);
        Resolver::default()
    }

    pub(super) fn stop(&self, io: &mut Io<'_, '_>) {
        for task in &self.calling {
            io.disarm(Timer::Callback(*task));
        }
        for task in &self.calling_again {
            io.disarm(Timer::CallbackAgain(*task));
        }
    }

    pub(super) fn completed(task: u16, io: &mut Io<'_, '_>) {
        io.tell_data(Message::Resolve(task));
    }

    pub(super) fn resolved(&mut self, config: &Config, task: u16, won: bool, io: &mut Io<'_, '_>) {
        if !won {
            if config.tries_again {
                io.tell_data(Message::Resolve(task));
            }
            return;
        }
        if !config.deletes_after {
            io.tell_data(Message::Delete(task));
        }
        // A third call, while two are under way, takes the place of the second.
        if self.calling.insert(task) {
            io.arm(Timer::Callback(task), config.callback);
        } else {
            self.calling_again.insert(task);
            io.arm(Timer::CallbackAgain(task), config.callback);
        }
    }

    pub(super) fn fire(&mut self, config: &Config, timer: Timer, io: &mut Io<'_, '_>) {
        let task = match timer {
            Timer::Callback(task) => {
                self.calling.remove(&task);
                task
            }
            Timer::CallbackAgain(task) => {
                self.calling_again.remove(&task);
                task
            }
        };
        io.fx.emit(Event::CalledBack(task));
        if config.deletes_after {
            io.tell_data(Message::Delete(task));
        }
    }
}
