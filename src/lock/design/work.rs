//! The `[design.work]` table: one piece of work, or the members of an ordered group.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};

use super::require;
use crate::{
    lock::work::{Acts, Member},
    spec::DesignError,
    time::{Duration, Window},
};

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// How long the work takes to begin.
    pub start: Option<Window>,
    /// How long the work takes to end in good order. It may act meanwhile.
    pub stop: Option<Window>,
    /// Instead of these two, what the work is made of.
    pub members: Option<Members>,
    /// How often a worker writes to the resource.
    pub write_every: Option<Duration>,
}

/// Members by name, in the order of the file: so they start, and they stop in reverse.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Members(Vec<(String, Process)>);

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Process {
    #[serde(default = "at_once")]
    start: Window,
    #[serde(default = "at_once")]
    stop: Window,
    #[serde(default)]
    acts: Acts,
}

impl Work {
    /// The members; work without them is one.
    pub(super) fn group(&self) -> Result<Vec<Member>, DesignError> {
        let missing =
            |key: &str| require(false, &format!("work.{key}"), "a span or a window, or members", || "none".into());
        match (self.start, self.stop, &self.members) {
            (Some(start), Some(stop), None) => Ok(vec![Member { start, stop, acts: Acts::WhenAllUp }]),
            (None, None, Some(Members(members))) => {
                let member = |(_, process): &(String, Process)| {
                    let Process { start, stop, acts } = *process;
                    Member { start, stop, acts }
                };
                let group: Vec<Member> = members.iter().map(member).collect();
                let acts = group.iter().any(|member| member.acts == Acts::WhenAllUp);
                require(acts, "work.members", "one that acts when all are up", || "none".into())?;
                require(group.len() <= MOST, "work.members", "at most 32 members", || group.len().to_string())?;
                Ok(group)
            }
            (_, _, Some(_)) => {
                require(false, "work.members", "either these or `start` and `stop`", || "both".into())?;
                Ok(Vec::new())
            }
            (None, _, None) => missing("start").map(|()| Vec::new()),
            (Some(_), None, None) => missing("stop").map(|()| Vec::new()),
        }
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a table of members")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

const fn at_once() -> Window {
    Window::ZERO
}

const MOST: usize = 32;
