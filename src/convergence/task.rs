//! The row of one Task, and what each operation makes of it: a table, without time and without messages.
//!
//! A Task is run at most once, by one cell: it never goes back to PENDING. It ends when it is COMPLETED; the client is
//! then told by a callback, at least once, and the row is deleted.

use crate::process::{Names, NodeId};

/// The row of a Task that is not deleted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub enum Task {
    Pending,
    Running(NodeId),
    Completed {
        failed: bool,
    },
    /// Somebody calls the client back.
    Resolving {
        failed: bool,
    },
}

/// What is asked of the row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub enum Op {
    /// A rep has a container for it.
    Start(NodeId),
    /// A rep's container has ended.
    Complete {
        cell: NodeId,
        failed: bool,
    },
    /// A client does not want it any more, an auction found no place, or it waited for too long.
    Cancel,
    /// Convergence fails it for a missing cell; `None` for whichever cell has it.
    Fail(Option<NodeId>),
    /// Somebody is going to call the client back.
    Resolve,
    /// The same by a plain write, as without a comparison.
    ResolveAnyway,
    /// Whoever was going to does not seem to.
    Demote,
    Delete,
    /// It is COMPLETED for too long.
    Expire,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reply {
    Done,
    /// The same cell started it before.
    Same,
    Refused,
    Absent,
}

/// Applies an operation, as one transaction. A deleted Task has no row.
pub fn apply(row: &mut Option<Task>, op: Op) -> Reply {
    use Task::{Completed, Pending, Resolving, Running};
    let Some(task) = *row else { return Reply::Absent };
    let next = match (task, op) {
        (Pending, Op::Start(cell)) => Some(Running(cell)),
        (Running(own), Op::Start(cell)) if own == cell => return Reply::Same,
        (Running(own), Op::Complete { cell, failed }) if own == cell => Some(Completed { failed }),
        (Pending | Running(_), Op::Cancel) => Some(Completed { failed: true }),
        (Running(own), Op::Fail(expected)) if expected.is_none_or(|cell| cell == own) => {
            Some(Completed { failed: true })
        }
        (Completed { failed }, Op::Resolve | Op::ResolveAnyway) | (Resolving { failed }, Op::ResolveAnyway) => {
            Some(Resolving { failed })
        }
        (Resolving { failed }, Op::Demote) => Some(Completed { failed }),
        (Resolving { .. }, Op::Delete) | (Completed { .. }, Op::Expire) => None,
        (Pending, Op::Complete { .. } | Op::Fail(_))
        | (Running(_), Op::Start(_) | Op::Complete { .. } | Op::Fail(_))
        | (Completed { .. } | Resolving { .. }, Op::Start(_) | Op::Complete { .. } | Op::Cancel | Op::Fail(_))
        | (Pending | Running(_) | Resolving { .. }, Op::Resolve)
        | (Pending | Running(_), Op::ResolveAnyway)
        | (Pending | Running(_) | Completed { .. }, Op::Demote | Op::Delete)
        | (Pending | Running(_) | Resolving { .. }, Op::Expire) => return Reply::Refused,
    };
    *row = next;
    Reply::Done
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn told(row: Option<Task>) -> String {
        match row {
            None => "-".into(),
            Some(Task::Pending) => "PENDING".into(),
            Some(Task::Running(cell)) => format!("RUNNING {cell:?}"),
            Some(Task::Completed { failed }) => format!("COMPLETED{}", if failed { " failed" } else { "" }),
            Some(Task::Resolving { failed }) => format!("RESOLVING{}", if failed { " failed" } else { "" }),
        }
    }

    #[test]
    fn every_state_has_an_answer_to_every_operation() {
        let (a, b) = (NodeId(0), NodeId(1));
        let states = [
            None,
            Some(Task::Pending),
            Some(Task::Running(a)),
            Some(Task::Completed { failed: false }),
            Some(Task::Resolving { failed: true }),
        ];
        let ops = [
            ("start n0", Op::Start(a)),
            ("start n1", Op::Start(b)),
            ("complete n0", Op::Complete { cell: a, failed: false }),
            ("complete n1", Op::Complete { cell: b, failed: false }),
            ("cancel", Op::Cancel),
            ("fail", Op::Fail(None)),
            ("fail n0", Op::Fail(Some(a))),
            ("fail n1", Op::Fail(Some(b))),
            ("resolve", Op::Resolve),
            ("resolve anyway", Op::ResolveAnyway),
            ("demote", Op::Demote),
            ("delete", Op::Delete),
            ("expire", Op::Expire),
        ];
        let mut table = String::new();
        for state in states {
            for (name, op) in ops {
                let mut row = state;
                let reply = apply(&mut row, op);
                let after = if row == state { String::new() } else { format!(" -> {}", told(row)) };
                table += &format!("{}: {name}: {reply:?}{after}\n", told(state));
            }
        }
        expect![[r#"
            -: start n0: Absent
            -: start n1: Absent
            -: complete n0: Absent
            -: complete n1: Absent
            -: cancel: Absent
            -: fail: Absent
            -: fail n0: Absent
            -: fail n1: Absent
            -: resolve: Absent
            -: resolve anyway: Absent
            -: demote: Absent
            -: delete: Absent
            -: expire: Absent
            PENDING: start n0: Done -> RUNNING n0
            PENDING: start n1: Done -> RUNNING n1
            PENDING: complete n0: Refused
            PENDING: complete n1: Refused
            PENDING: cancel: Done -> COMPLETED failed
            PENDING: fail: Refused
            PENDING: fail n0: Refused
            PENDING: fail n1: Refused
            PENDING: resolve: Refused
            PENDING: resolve anyway: Refused
            PENDING: demote: Refused
            PENDING: delete: Refused
            PENDING: expire: Refused
            RUNNING n0: start n0: Same
            RUNNING n0: start n1: Refused
            RUNNING n0: complete n0: Done -> COMPLETED
            RUNNING n0: complete n1: Refused
            RUNNING n0: cancel: Done -> COMPLETED failed
            RUNNING n0: fail: Done -> COMPLETED failed
            RUNNING n0: fail n0: Done -> COMPLETED failed
            RUNNING n0: fail n1: Refused
            RUNNING n0: resolve: Refused
            RUNNING n0: resolve anyway: Refused
            RUNNING n0: demote: Refused
            RUNNING n0: delete: Refused
            RUNNING n0: expire: Refused
            COMPLETED: start n0: Refused
            COMPLETED: start n1: Refused
            COMPLETED: complete n0: Refused
            COMPLETED: complete n1: Refused
            COMPLETED: cancel: Refused
            COMPLETED: fail: Refused
            COMPLETED: fail n0: Refused
            COMPLETED: fail n1: Refused
            COMPLETED: resolve: Done -> RESOLVING
            COMPLETED: resolve anyway: Done -> RESOLVING
            COMPLETED: demote: Refused
            COMPLETED: delete: Refused
            COMPLETED: expire: Done -> -
            RESOLVING failed: start n0: Refused
            RESOLVING failed: start n1: Refused
            RESOLVING failed: complete n0: Refused
            RESOLVING failed: complete n1: Refused
            RESOLVING failed: cancel: Refused
            RESOLVING failed: fail: Refused
            RESOLVING failed: fail n0: Refused
            RESOLVING failed: fail n1: Refused
            RESOLVING failed: resolve: Refused
            RESOLVING failed: resolve anyway: Done
            RESOLVING failed: demote: Done -> COMPLETED failed
            RESOLVING failed: delete: Done -> -
            RESOLVING failed: expire: Refused
        "#]]
        .assert_eq(&table);
    }
}
