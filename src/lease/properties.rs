//! What is asked of a lease lock.

use std::collections::BTreeSet;

use super::{Event, Member};
use crate::{
    process::{Names, NodeId},
    spec::{Form, Happening, Property, Signals, Trigger},
};

/// What a property remembers.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
pub enum Memory {
    Nothing,
    /// Who believes that it holds the lock.
    Holders(BTreeSet<NodeId>),
    /// Whom a pause has hit in its present life.
    Disturbed(BTreeSet<NodeId>),
}

pub(super) fn all() -> Vec<Property<Member, Memory>> {
    vec![
        Property {
            id: "at-most-one-believes",
            sentence: "at most one contender believes that it holds the lock",
            requirements: &["lock-1"],
            form: Form::Apart,
            memory: Memory::Nothing,
            watch: believes,
        },
        Property {
            id: "at-most-one-acts",
            sentence: "nobody acts while another believes that it holds the lock",
            requirements: &["lock-1"],
            form: Form::Apart,
            memory: Memory::Nothing,
            watch: acts,
        },
        Property {
            id: "hard-death-takeover",
            sentence: "after the only holder dies, another holds the lock in time",
            requirements: &["lock-3"],
            form: Form::Within(Trigger::Crash),
            memory: Memory::Holders(BTreeSet::new()),
            watch: takes_over,
        },
        Property {
            id: "healthy-holder-keeps",
            sentence: "a holder that nothing hit keeps the lock",
            requirements: &[],
            form: Form::Never,
            memory: Memory::Disturbed(BTreeSet::new()),
            watch: keeps,
        },
    ]
}

fn believes(_: &mut Memory, happening: &Happening<'_, Member>, signals: &mut Signals) {
    match *happening {
        Happening::Emitted(node, Event::Acquired) => signals.begin.push(node),
        Happening::Emitted(node, Event::Lost) | Happening::Crashed(node) | Happening::Exited(node) => {
            signals.end.push(node);
        }
        Happening::Emitted(_, Event::Renewed | Event::Acted | Event::Expired)
        | Happening::Started(_)
        | Happening::Paused(_)
        | Happening::Resumed(_) => {}
        Happening::Requested(_, request) => match *request {},
    }
}

fn acts(memory: &mut Memory, happening: &Happening<'_, Member>, signals: &mut Signals) {
    believes(memory, happening, signals);
    if let Happening::Emitted(node, Event::Acted) = happening {
        signals.act.push(*node);
    }
}

fn takes_over(memory: &mut Memory, happening: &Happening<'_, Member>, signals: &mut Signals) {
    let Memory::Holders(holders) = memory else { unreachable!("it remembers the holders") };
    match happening {
        Happening::Emitted(node, Event::Acquired) => {
            holders.insert(*node);
            signals.response = true;
        }
        Happening::Emitted(node, Event::Lost) | Happening::Exited(node) => {
            holders.remove(node);
        }
        Happening::Crashed(node) => {
            let held = holders.remove(node);
            signals.trigger = held && holders.is_empty();
        }
        Happening::Emitted(_, Event::Renewed | Event::Acted | Event::Expired)
        | Happening::Started(_)
        | Happening::Paused(_)
        | Happening::Resumed(_)
        | Happening::Requested(..) => {}
    }
}

fn keeps(memory: &mut Memory, happening: &Happening<'_, Member>, signals: &mut Signals) {
    let Memory::Disturbed(disturbed) = memory else { unreachable!("it remembers whom a pause has hit") };
    match happening {
        Happening::Emitted(node, Event::Lost) => signals.violated = !disturbed.contains(node),
        Happening::Emitted(_, Event::Renewed) => signals.witness = true,
        Happening::Paused(node) => {
            disturbed.insert(*node);
        }
        Happening::Crashed(node) | Happening::Exited(node) => {
            disturbed.remove(node);
        }
        Happening::Emitted(_, Event::Acquired | Event::Acted | Event::Expired)
        | Happening::Started(_)
        | Happening::Resumed(_)
        | Happening::Requested(..) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NodeId = NodeId(1);
    const B: NodeId = NodeId(2);

    /// What the last happening means.
    fn seen(id: &str, happenings: &[Happening<'_, Member>]) -> Signals {
        let mut property = all().into_iter().find(|property| property.id == id).expect("a property");
        let mut last = Signals::default();
        for happening in happenings {
            last = Signals::default();
            (property.watch)(&mut property.memory, happening, &mut last);
        }
        last
    }

    #[test]
    fn only_the_death_of_the_only_holder_starts_the_stopwatch() {
        let acquired = |node| Happening::Emitted(node, &Event::Acquired);
        assert!(seen("hard-death-takeover", &[acquired(A), Happening::Crashed(A)]).trigger);
        assert!(!seen("hard-death-takeover", &[acquired(A), Happening::Crashed(B)]).trigger);
        assert!(!seen("hard-death-takeover", &[acquired(A), acquired(B), Happening::Crashed(A)]).trigger);
        let lost = Happening::Emitted(A, &Event::Lost);
        assert!(!seen("hard-death-takeover", &[acquired(A), lost, Happening::Crashed(A)]).trigger);
    }

    #[test]
    fn a_holder_that_was_paused_may_lose_the_lock_until_its_next_life() {
        let lost = || Happening::Emitted(A, &Event::Lost);
        assert!(seen("healthy-holder-keeps", &[lost()]).violated);
        assert!(!seen("healthy-holder-keeps", &[Happening::Paused(A), lost()]).violated);
        assert!(seen("healthy-holder-keeps", &[Happening::Paused(A), Happening::Crashed(A), lost()]).violated);
    }
}
