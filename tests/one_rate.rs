//! Timers of one node that drift apart: an answer that hangs on it says so, and one that does not stays as it is.

use serde::Deserialize;
use tenure::{
    App,
    app::{Options, Question},
    design::Resolved,
    process::{Effects, Input, Me, Names, Process},
    spec::{Builder, Clock, DesignError, Form, Happening, Links, Node, Property, Protocol, Setup, Signals, Trigger},
    time::{Duration, Window},
    verdict::{Figure, Finding, OneRate, Verdict},
};

/// Two timers of 12 s and 24 s, armed at the same moment in two steps: of one node, or of two.
struct Hourglasses;

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Design {
    nodes: u16,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
struct Hourglass;

/// Which timers a node has.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Config {
    first: bool,
    second: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
enum Timer {
    First,
    /// At once: `Second` is armed in a step of its own.
    Go,
    Second,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Names)]
enum Event {
    First,
    Second,
}

impl Process for Hourglass {
    type Config = Config;
    type Message = ();
    type Timer = Timer;
    type Request = ();
    type Event = Event;
    type Durable = ();

    fn start(me: &Me<'_, Self>, (): (), fx: &mut Effects<Self>) -> Self {
        if me.config.first {
            fx.arm(Timer::First, Window::exactly(Duration::from_secs(12)));
        }
        if me.config.second {
            fx.arm(Timer::Go, Window::ZERO);
        }
        Hourglass
    }

    fn step(&mut self, _: &Me<'_, Self>, input: Input<Self>, fx: &mut Effects<Self>) {
        match input {
            Input::Timer(Timer::First) => fx.emit(Event::First),
            Input::Timer(Timer::Go) => fx.arm(Timer::Second, Window::exactly(Duration::from_secs(24))),
            Input::Timer(Timer::Second) => fx.emit(Event::Second),
            Input::Message { .. } | Input::Request(()) | Input::Closed { .. } => {}
        }
    }
}

/// The first of the two comes first, and the second soon after it.
fn soon(_: &mut bool, happening: &Happening<'_, Hourglass>, signals: &mut Signals) {
    match happening {
        Happening::Emitted(_, Event::First) => signals.trigger = true,
        Happening::Emitted(_, Event::Second) => signals.response = true,
        _ => {}
    }
}

fn in_order(first_seen: &mut bool, happening: &Happening<'_, Hourglass>, signals: &mut Signals) {
    match happening {
        Happening::Emitted(_, Event::First) => *first_seen = true,
        Happening::Emitted(_, Event::Second) => signals.violated = !*first_seen,
        _ => {}
    }
}

impl Protocol for Hourglasses {
    type Process = Hourglass;
    type Memory = bool;
    type Design = Design;

    fn name(&self) -> &'static str {
        "hourglasses"
    }

    fn about(&self) -> &'static str {
        "two timers, of one clock or of two"
    }

    fn properties(&self) -> Vec<Property<Hourglass, bool>> {
        let within = Form::Within(Trigger::Anything);
        let property = |id, form, watch| Property { id, sentence: id, requirements: &[], form, memory: false, watch };
        vec![property("soon", within, soon as _), property("in-order", Form::Never, in_order as _)]
    }

    fn build(&self, design: &Design, builder: Builder) -> Result<Setup<Hourglass>, DesignError> {
        let node = |index: u16| Node {
            name: ["A", "B"][usize::from(index)].into(),
            config: Config { first: index == 0, second: index + 1 == design.nodes },
            machine: index,
            start: Window::ZERO,
            restart_after_exit: None,
            clock: Clock { drift: builder.drift, reaction: builder.reaction },
            group: None,
        };
        let nodes: Vec<_> = (0..design.nodes).map(node).collect();
        Ok(Setup { links: Links::none(nodes.len()), nodes, faults: Vec::new() })
    }
}

fn check(nodes: u16, drift: &str, property: &str) -> Finding {
    let app = App::new().protocol(Hourglasses);
    let text = format!(
        "tenure = 1\nprotocol = \"hourglasses\"\n[design]\nnodes = {nodes}\n[network]\ndelay = \"0ms\"\n[ledger.l]\ndrift = \
         \"{drift}\"\n"
    );
    let design = Resolved::from_text("hourglasses", &text).expect("it can be read");
    let within = (property == "soon").then(|| Duration::from_secs(30));
    let asked = Question { property: property.into(), ledger: "l".into(), within };
    let protocol = app.protocol_of(&design).expect("it is known");
    protocol.check(&design, &asked, &Options::default()).expect("it can be asked").finding
}

/// 24 s at three quarters of the speed take 32 s, and 12 s at five quarters 9.6 s. One clock at three quarters needs 32 s
/// and 16 s.
#[test]
fn a_worst_case_that_needs_two_rates_in_one_node_says_what_one_rate_gives() {
    let finding = check(1, "25%", "soon");
    assert_eq!(finding.verdict, Verdict::HOLDS);
    assert_eq!(finding.worst, Some(Figure::Exact(Duration::from_millis(22_400))));
    assert_eq!(finding.one_rate, Some(OneRate::Found(Duration::from_secs(16))));
}

#[test]
fn a_worst_case_of_two_clocks_is_one_of_one_rate_per_node() {
    let finding = check(2, "25%", "soon");
    assert_eq!(finding.worst, Some(Figure::Exact(Duration::from_millis(22_400))));
    assert_eq!(finding.one_rate, Some(OneRate::Alike));
}

/// At half as fast again 24 s are 16 s, and at half the speed 12 s are 24 s.
#[test]
fn a_violation_that_needs_two_rates_in_one_node_says_so() {
    let [one, two] = [1, 2].map(|nodes| check(nodes, "50%", "in-order"));
    assert_eq!((&one.verdict, &two.verdict), (&Verdict::Violated, &Verdict::Violated));
    assert_eq!((one.one_rate, two.one_rate), (Some(OneRate::NotFound), Some(OneRate::Alike)));
    // It takes clocks that are one third off.
    assert_ne!(check(1, "33%", "in-order").verdict, Verdict::Violated);
    assert_eq!(check(1, "34%", "in-order").verdict, Verdict::Violated);
}

#[test]
fn without_drift_there_is_one_rate_anyway() {
    let finding = check(1, "0%", "soon");
    assert_eq!((finding.worst, finding.one_rate), (Some(Figure::Exact(Duration::from_secs(12))), None));
}
