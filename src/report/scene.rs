//! A run as things that last and things that travel: who ran when, which timers ran, which messages went where.
//!
//! It is read from a trace alone, from its occurrences and from what each step did in words. Every picture and every
//! format that shows more than a list of steps is drawn from it.

mod cuts;

use std::collections::BTreeMap;

use crate::{
    process::NodeId,
    trace::{Occurrence, Step, Target, Trace},
};

/// What a process does between two steps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Life {
    Down,
    Up,
    Paused,
}

/// A node is down, up or paused, from one moment to another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Spell {
    pub(super) node: usize,
    pub(super) life: Life,
    pub(super) from: i64,
    pub(super) to: i64,
}

/// How a timer ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TimerEnd {
    Fired,
    /// Disarmed, armed again, or gone with its process.
    Dropped,
    /// The run ended first.
    Running,
}

/// A timer, from when it was armed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Timer {
    pub(super) node: usize,
    /// As it was called last.
    pub(super) name: String,
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) end: TimerEnd,
}

impl Timer {
    /// How much of an interval it ran for.
    pub(super) fn within(&self, from: i64, to: i64) -> i64 {
        (self.to.min(to) - self.from.max(from)).max(0)
    }
}

/// A message, from its send to where it was taken, if it ever was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Message {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) text: String,
    /// The step that sent it.
    pub(super) sent: usize,
    /// The last step at which it came, and whether a process took it then.
    pub(super) came: Option<usize>,
    pub(super) taken: bool,
    /// It came, and waits to be taken.
    pub(super) waits: bool,
    /// At its send, or by a cut.
    pub(super) lost: bool,
    /// A cut holds it when the run ends.
    pub(super) held: bool,
    /// How many of it are under way or came: two of a doubled one, but for those that a cut took.
    copies: u8,
}

/// A run, taken apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Scene {
    pub(super) spells: Vec<Spell>,
    pub(super) timers: Vec<Timer>,
    pub(super) messages: Vec<Message>,
    /// The moment of the last step.
    pub(super) end: i64,
}

/// A directed link and the number of a message on it.
type Number = (usize, usize, u32);

struct Reader<'a> {
    trace: &'a Trace,
    scene: Scene,
    lives: Vec<(Life, i64)>,
    armed: BTreeMap<(usize, String), i64>,
    sent: BTreeMap<(usize, usize), u32>,
    numbers: BTreeMap<Number, usize>,
}

impl Scene {
    pub(super) fn of(trace: &Trace) -> Scene {
        let end = trace.steps.last().map_or(0, |step| step.at);
        let scene = Scene { spells: Vec::new(), timers: Vec::new(), messages: Vec::new(), end };
        let lives = vec![(Life::Down, 0); trace.nodes.len()];
        let mut reader =
            Reader { trace, scene, lives, armed: BTreeMap::new(), sent: BTreeMap::new(), numbers: BTreeMap::new() };
        for (index, step) in trace.steps.iter().enumerate() {
            reader.read(index, step);
        }
        reader.close()
    }

    /// The message that a step delivers.
    pub(super) fn delivered(&self, step: usize) -> Option<&Message> {
        self.messages.iter().find(|message| message.came == Some(step))
    }

    /// What a step sends.
    pub(super) fn sent_by(&self, step: usize) -> impl Iterator<Item = &Message> {
        self.messages.iter().filter(move |message| message.sent == step)
    }
}

impl Reader<'_> {
    fn read(&mut self, index: usize, step: &Step) {
        let here = place(&step.what).map(NodeId::index);
        let taken = step.did.iter().any(|word| word.starts_with("deliver "));
        if let Occurrence::Deliver { from, to, number, .. } = step.what
            && let Some(message) = self.numbers.get(&(from.index(), to.index(), number))
        {
            let message = &mut self.scene.messages[*message];
            (message.came, message.taken) = (Some(index), taken);
            message.waits = step.did.iter().any(|word| word.starts_with("wait "));
        }
        for word in &step.did {
            if let Some((node, life)) = turn(self.trace, here, word) {
                self.live(node, life, step.at);
            } else if let Some(node) = here {
                self.effect(index, node, step.at, word);
            }
        }
    }

    fn live(&mut self, node: usize, life: Life, at: i64) {
        let (was, from) = std::mem::replace(&mut self.lives[node], (life, at));
        self.scene.spells.push(Spell { node, life: was, from, to: at });
        if life == Life::Down {
            let gone: Vec<_> = self.armed.keys().filter(|(other, _)| *other == node).cloned().collect();
            gone.into_iter().for_each(|key| self.end_timer(&key, at, TimerEnd::Dropped));
            // What waited for the process is gone with it.
            self.scene
                .messages
                .iter_mut()
                .filter(|message| message.to == node)
                .for_each(|message| message.waits = false);
        }
    }

    fn effect(&mut self, index: usize, node: usize, at: i64, word: &str) {
        let (verb, rest) = word.split_once(' ').unwrap_or((word, ""));
        match verb {
            "send" => self.send(index, node, rest),
            "arm" => {
                // The window stands behind the last space, and has none in it.
                let name = rest.rsplit_once(' ').map_or(rest, |(name, _)| name);
                let key = (node, name.to_string());
                self.end_timer(&key, at, TimerEnd::Dropped);
                self.armed.insert(key, at);
            }
            "disarm" => self.end_timer(&(node, rest.into()), at, TimerEnd::Dropped),
            "fire" => self.end_timer(&(node, rest.into()), at, TimerEnd::Fired),
            "rename" => {
                let Some((old, new)) = rest.split_once(" to ") else { return };
                if let Some(from) = self.armed.remove(&(node, old.to_string())) {
                    let key = (node, new.to_string());
                    self.end_timer(&key, at, TimerEnd::Dropped);
                    self.armed.insert(key, from);
                }
            }
            _ => {}
        }
    }

    fn send(&mut self, index: usize, from: usize, rest: &str) {
        let Some((name, text)) = rest.split_once(": ") else { return };
        let Some(to) = self.trace.nodes.iter().position(|node| node == name) else { return };
        let (text, copies) = match (text.strip_suffix(", lost"), text.strip_suffix(", twice")) {
            (Some(text), _) => (text, 0),
            (None, Some(text)) => (text, 2),
            (None, None) => (text, 1),
        };
        let count = self.sent.entry((from, to)).or_default();
        self.numbers.insert((from, to, *count), self.scene.messages.len());
        *count += 1;
        self.scene.messages.push(Message {
            from,
            to,
            text: text.into(),
            sent: index,
            came: None,
            taken: false,
            waits: false,
            lost: copies == 0,
            held: false,
            copies,
        });
    }

    fn end_timer(&mut self, key: &(usize, String), at: i64, end: TimerEnd) {
        if let Some(from) = self.armed.remove(key) {
            self.scene.timers.push(Timer { node: key.0, name: key.1.clone(), from, to: at, end });
        }
    }

    fn close(mut self) -> Scene {
        let end = self.scene.end;
        cuts::mark(self.trace, &self.numbers, &mut self.scene.messages);
        for (node, (life, from)) in std::mem::take(&mut self.lives).into_iter().enumerate() {
            self.scene.spells.push(Spell { node, life, from, to: end });
        }
        let running: Vec<_> = self.armed.keys().cloned().collect();
        running.iter().for_each(|key| self.end_timer(key, end, TimerEnd::Running));
        self.scene.spells.retain(|spell| spell.from < spell.to);
        self.scene.spells.sort_by_key(|spell| (spell.node, spell.from));
        self.scene.timers.sort_by(|a, b| (a.node, a.from, &a.name).cmp(&(b.node, b.from, &b.name)));
        self.scene
    }
}

/// What a word of a step says of who runs: the node, and what it does from now on.
pub(super) fn turn(trace: &Trace, here: Option<usize>, word: &str) -> Option<(usize, Life)> {
    let named = |verb: &str| {
        let name = word.strip_prefix(verb)?.strip_prefix(' ')?;
        trace.nodes.iter().position(|node| node == name)
    };
    match word {
        "start" | "resume" => Some((here?, Life::Up)),
        "exit" => Some((here?, Life::Down)),
        _ => match (named("crash"), named("pause")) {
            (Some(node), _) => Some((node, Life::Down)),
            (None, Some(node)) => Some((node, Life::Paused)),
            (None, None) => None,
        },
    }
}

/// The node at which a step happens.
pub(super) fn place(what: &Occurrence) -> Option<NodeId> {
    match what {
        Occurrence::Start { node }
        | Occurrence::Deliver { to: node, .. }
        | Occurrence::Fire { node, .. }
        | Occurrence::Close { node, .. }
        | Occurrence::Resume { node }
        | Occurrence::Fault { target: Target::Node(node), .. } => Some(*node),
        Occurrence::Heal { .. } | Occurrence::Refill { .. } | Occurrence::Fault { .. } => None,
    }
}

/// Where a step happens, and from where its message came.
pub(super) fn parties(what: &Occurrence) -> (Option<NodeId>, Option<NodeId>) {
    match what {
        Occurrence::Deliver { from, .. } => (place(what), Some(*from)),
        _ => (place(what), None),
    }
}

/// The name of a message, a timer or an event without what it carries: `Ask` of `Consul(Ask { question: #3 })`.
pub(super) fn kind(text: &str) -> &str {
    let mut rest = text;
    loop {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        // A wrapper of another kind names nothing: what it carries does.
        match after.strip_prefix('(') {
            Some(inner) if inner.starts_with(|c: char| c.is_ascii_uppercase()) => rest = inner,
            _ => return word,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Claim, Subject};

    /// A run of A, B and the store S whose steps are `(moment, what, did)`.
    fn run(network: &str, steps: &[(i64, Occurrence, &str)]) -> Trace {
        let design = format!("[network]\n{network}\n");
        let step = |(at, what, did): &(i64, Occurrence, &str)| Step {
            at: *at,
            what: what.clone(),
            choices: crate::trace::Choices::default(),
            did: did.split("; ").filter(|word| !word.is_empty()).map(Into::into).collect(),
        };
        Trace {
            tenure_trace: crate::trace::FORMAT,
            tool: String::new(),
            subject: Subject {
                design,
                hash: String::new(),
                file: String::new(),
                protocol: String::new(),
                property: String::new(),
                ledger: String::new(),
            },
            claim: Claim::Run,
            nodes: ["A", "B", "S"].map(Into::into).into(),
            steps: steps.iter().map(step).collect(),
        }
    }

    const A: NodeId = NodeId(0);
    const S: NodeId = NodeId(2);
    const DATAGRAMS: &str = "delay = \"0s..10us\"";
    const STREAMS: &str = "delay = \"0s..10us\"\nrto = \"1us\"";

    fn fire(node: NodeId) -> Occurrence {
        Occurrence::Fire { node, number: 0 }
    }

    fn comes(from: NodeId, to: NodeId, number: u32) -> Occurrence {
        Occurrence::Deliver { from, to, number, copy: 0 }
    }

    fn cut(lost: &[(NodeId, NodeId, u32, u8)], held: &[(NodeId, NodeId, u32)]) -> Occurrence {
        Occurrence::Fault { fault: 0, target: Target::Cut { cut: 0, lost: lost.into(), held: held.into() } }
    }

    fn texts(trace: &Trace, wanted: impl Fn(&Message) -> bool) -> Vec<String> {
        let scene = Scene::of(trace);
        scene.messages.iter().filter(|message| wanted(message)).map(|message| message.text.clone()).collect()
    }

    fn lost(trace: &Trace) -> Vec<String> {
        texts(trace, |message| message.lost)
    }

    #[test]
    fn what_a_cut_takes_is_lost_and_what_it_leaves_is_not() {
        let steps = [
            (0, fire(A), "send S: one; send S: two"),
            (1, fire(A), "send S: three, twice; send S: four, twice; send S: five, lost"),
            (2, cut(&[(A, S, 0, 0), (A, S, 2, 1), (A, S, 3, 0), (A, S, 3, 1)], &[]), "cut A-S"),
            (3, comes(A, S, 1), "deliver two"),
            (4, comes(A, S, 2), "deliver three"),
        ];
        assert_eq!(lost(&run(DATAGRAMS, &steps)), ["one", "four", "five"]);
    }

    #[test]
    fn what_is_sent_into_a_cut_is_lost_until_it_heals() {
        let around = |ways: &str| {
            let steps = [
                (0, cut(&[], &[]), ways),
                (1, fire(A), "send S: out"),
                (2, fire(S), "send A: in; send B: aside"),
                (3, Occurrence::Heal { number: 0 }, "heal"),
                (4, fire(A), "send S: after"),
            ];
            lost(&run(DATAGRAMS, &steps))
        };
        assert_eq!(around("cut A-S"), ["out", "in"]);
        assert_eq!(around("cut A>S"), ["out"]);
        assert_eq!(around("cut S>A"), ["in"]);
        assert_eq!(around("cut S-B"), ["aside"]);
        // Not all are named: those that are tell around whom it is.
        assert_eq!(around("cut S>B S>A 3 more"), ["in", "aside"]);
        assert_eq!(around("cut A-B 3 more"), ["out", "in"]);
        assert_eq!(around("cut B>A B>S 3 more"), [""; 0]);
        // Nobody said what it blocks.
        assert_eq!(around("cut"), [""; 0]);
    }

    #[test]
    fn a_stream_loses_nothing_to_a_cut_and_holds_what_it_has_at_the_end() {
        let steps = [
            (0, fire(A), "send S: one"),
            (1, cut(&[], &[(A, S, 0)]), "cut A-S"),
            (2, fire(A), "send S: two"),
            (90, fire(S), "send B: three"),
        ];
        let held = |trace: &Trace| texts(trace, |message| message.held);
        let open = run(STREAMS, &steps);
        assert_eq!((lost(&open), held(&open)), (vec![], vec!["one".into(), "two".into()]));
        let heals = [
            (91, Occurrence::Heal { number: 0 }, "heal A-S"),
            (92, comes(A, S, 0), "deliver one"),
            (93, comes(A, S, 1), "deliver two"),
        ];
        let healed = run(STREAMS, &[&steps[..], &heals].concat());
        assert_eq!((lost(&healed), held(&healed)), (vec![], vec![]));
    }

    #[test]
    fn what_waits_for_a_paused_process_is_gone_only_if_the_process_is() {
        let steps = [
            (0, fire(A), "send S: one"),
            (1, comes(A, S, 0), "wait in the inbox"),
            (2, Occurrence::Fault { fault: 1, target: Target::Node(S) }, "crash S"),
        ];
        let waits = |steps: &[_]| texts(&run(DATAGRAMS, steps), |message| message.waits);
        assert_eq!(waits(&steps[..2]), ["one"]);
        assert_eq!(waits(&steps), [""; 0]);
    }
}
