//! What a run shows, in plain sentences, for people who do not read state machines.

use super::{
    scene::{Scene, TimerEnd, kind},
    seconds,
    timeline::words,
};
use crate::{
    simulate::Hold,
    spec::Form,
    trace::{Claim, Trace},
};

/// A timer is named if it ran for at least one part in so many of what was measured.
const TELLING: i64 = 20;

/// The sentences, in the order of what happened. `property` is the sentence of what they are about.
pub(crate) fn explain(trace: &Trace, form: Form, property: &str, holds: &[Hold]) -> Vec<String> {
    let scene = Scene::of(trace);
    let mut sentences = Vec::new();
    match form {
        Form::Apart | Form::Never => sentences.extend(overlap(trace, property, holds, &scene)),
        Form::Within(_) | Form::Reachable => {}
    }
    if let Some((from, to)) = measured(trace) {
        let trigger = trace.steps.iter().find(|step| step.choices.measured);
        if let Some(step) = trigger {
            sentences.push(format!("At {} the clock starts: {}.", seconds(step.at), short(&words(trace, step))));
        }
        sentences.extend(waits(trace, &scene, from, to));
    }
    sentences.extend(ending(trace));
    sentences
}

/// Who did what only one may do when the run ends, or did it last.
fn overlap(trace: &Trace, property: &str, holds: &[Hold], scene: &Scene) -> Vec<String> {
    let of_property: Vec<_> = holds.iter().filter(|hold| hold.property == trace.subject.property).collect();
    let last = of_property.iter().filter(|hold| hold.to == scene.end || overlaps(hold, &of_property));
    let mut last: Vec<_> = last.collect();
    last.sort_by_key(|hold| (hold.from, hold.node));
    let name = |hold: &Hold| trace.nodes[hold.node.index()].as_str();
    let until = |to: i64| if to == scene.end { "the end".into() } else { seconds(to) };
    let told = last.iter().map(|hold| {
        let name = name(hold);
        let what = match deed(property) {
            Some(deed) => format!("{name} {deed}"),
            None => format!("{name} is one of those of whom it is asked that {property}"),
        };
        format!("From {} to {} {what}.", seconds(hold.from), until(hold.to))
    });
    let mut sentences: Vec<String> = told.collect();
    for (index, one) in last.iter().enumerate() {
        for other in &last[index + 1..] {
            let (from, to) = (one.from.max(other.from), one.to.min(other.to));
            if one.node != other.node && to > from {
                let both = format!("both {} and {} do", name(one), name(other));
                sentences.push(format!("For {}, from {} to {}, {both}.", seconds(to - from), seconds(from), until(to)));
            }
        }
    }
    sentences
}

/// What a property wants of one party at a time, in its own words: `works` of `at most one machine works`.
fn deed(property: &str) -> Option<&str> {
    let (_, deed) = match property.strip_prefix("at most one ") {
        Some(rest) => rest.split_once(' ')?,
        None => property.split_once(" while another ")?,
    };
    Some(deed.split_once(',').map_or(deed, |(deed, _)| deed))
}

fn overlaps(hold: &Hold, all: &[&Hold]) -> bool {
    all.iter().any(|other| other.node != hold.node && hold.from < other.to && other.from < hold.to)
}

/// The interval that the run's stopwatch measures.
fn measured(trace: &Trace) -> Option<(i64, i64)> {
    let from = trace.steps.iter().find(|step| step.choices.measured)?.at;
    Some((from, trace.steps.last()?.at))
}

/// Which timers filled the time: those that ran to their end in it, each with its whole length.
fn waits(trace: &Trace, scene: &Scene, from: i64, to: i64) -> Vec<String> {
    // The same wait again and again is one sentence, which says of its first when it was armed.
    let mut told: Vec<(usize, &str, i64, i64, u32)> = Vec::new();
    let telling = |share: i64| share > 0 && share * TELLING >= to - from;
    let mut timers: Vec<_> = scene.timers.iter().filter(|timer| timer.end == TimerEnd::Fired).collect();
    timers.sort_by_key(|timer| (timer.from, timer.node));
    for timer in timers.into_iter().filter(|timer| telling(timer.within(from, to))) {
        let (node, name, length) = (timer.node, kind(&timer.name), timer.to - timer.from);
        match told.iter_mut().find(|(other, called, span, ..)| (*other, *called, *span) == (node, name, length)) {
            Some((.., count)) => *count += 1,
            None => told.push((node, name, length, timer.from, 1)),
        }
    }
    let sentence = |(node, name, length, armed, times): &(usize, &str, i64, i64, u32)| {
        let whose = format!("{}'s {name}", trace.nodes[*node]);
        let (armed_at, ends) = (seconds(*armed), seconds(armed + length));
        match times {
            1 if *armed < from => {
                let share = seconds(armed + length - from);
                format!(
                    "{whose} runs from {armed_at} to {ends}: {}, of which the clock sees {share}.",
                    seconds(*length)
                )
            }
            1 => format!("{whose} runs from {armed_at} to {ends}: {}.", seconds(*length)),
            _ => format!("{whose} runs {times} times, {} each, first from {armed_at} to {ends}.", seconds(*length)),
        }
    };
    told.iter().map(sentence).collect()
}

fn ending(trace: &Trace) -> Option<String> {
    let last = trace.steps.last()?;
    let what = short(&words(trace, last));
    Some(match trace.claim {
        Claim::Elapsed { micros } | Claim::AtLeast { micros } => {
            format!("At {} {} have gone by: {what}.", seconds(last.at), seconds(micros))
        }
        Claim::Never => format!("After {} nothing that must happen is left, and the clock runs on.", seconds(last.at)),
        Claim::Cycle { from, turns } => {
            let begin = trace.steps.get(from).map_or(0, |step| step.at);
            format!("From {} on the same steps repeat, as often as one likes; {turns} turns are shown.", seconds(begin))
        }
        Claim::ProtocolError => format!("At {} a process breaks its contract: {what}.", seconds(last.at)),
        Claim::TimeStuck => format!("After {} no time can pass.", seconds(last.at)),
        Claim::Violation | Claim::Witness | Claim::Run => format!("At {}: {what}.", seconds(last.at)),
    })
}

fn short(text: &str) -> String {
    super::timeline::fit(text.into(), 120)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        process::NodeId,
        spec::Trigger,
        trace::{Choices, FORMAT, Occurrence, Step, Subject},
    };

    fn story(claim: Claim, steps: &[(i64, bool, &str)]) -> Trace {
        let step = |(at, measured, did): &(i64, bool, &str)| Step {
            at: *at * 1_000,
            what: Occurrence::Fire { node: NodeId(0), number: 0 },
            choices: Choices { measured: *measured, ..Choices::default() },
            did: did.split("; ").map(Into::into).collect(),
        };
        Trace {
            tenure_trace: FORMAT,
            tool: String::new(),
            subject: Subject {
                design: String::new(),
                hash: String::new(),
                file: String::new(),
                protocol: String::new(),
                property: "at-most-one-works".into(),
                ledger: String::new(),
            },
            claim,
            nodes: ["A", "B"].map(Into::into).into(),
            steps: steps.iter().map(step).collect(),
        }
    }

    #[test]
    fn a_wait_says_when_its_timer_was_armed_and_how_much_of_it_counts() {
        let steps = [
            (5_990, false, "arm Lease(#1) 9s"),
            (14_900, true, "emit Lost"),
            (15_091, false, "fire Lease(#1); arm Retry 1s"),
            (16_091, false, "fire Retry; arm Retry 1s"),
            (17_091, false, "fire Retry; arm Resend 2s; arm Cut 9s"),
            (18_000, false, "disarm Cut"),
            (19_091, false, "fire Resend"),
        ];
        let trace = story(Claim::Elapsed { micros: 4_191_000 }, &steps);
        assert_eq!(
            explain(&trace, Form::Within(Trigger::Anything), "", &[]),
            [
                "At 14.900 s the clock starts: A emit Lost.",
                "A's Retry runs 2 times, 1 s each, first from 15.091 s to 16.091 s.",
                "A's Resend runs from 17.091 s to 19.091 s: 2 s.",
                "At 19.091 s 4.191 s have gone by: A fire Resend.",
            ],
            "0.191 s of the lease are too little to be told"
        );
        let trace = story(Claim::Elapsed { micros: 191_000 }, &steps[..3]);
        assert_eq!(
            explain(&trace, Form::Within(Trigger::Anything), "", &[])[1],
            "A's Lease runs from 5.990 s to 15.091 s: 9.101 s, of which the clock sees 0.191 s."
        );
    }

    #[test]
    fn an_overlap_is_told_in_the_words_of_its_property() {
        let trace = story(Claim::Violation, &[(20_000, false, "emit Began")]);
        let hold = |node, from, to| Hold { property: "at-most-one-works", node: NodeId(node), from, to };
        let holds = [hold(0, 10_000, 20_000_000), hold(1, 19_950_000, 20_000_000), hold(1, 0, 5_000)];
        let told = |property: &str| explain(&trace, Form::Apart, property, &holds);
        assert_eq!(
            told("at most one machine works by the lock, whoever does without it on purpose"),
            [
                "From 0.010 s to the end A works by the lock.",
                "From 19.950 s to the end B works by the lock.",
                "For 0.050 s, from 19.950 s to the end, both A and B do.",
                "At 20 s: A emit Began.",
            ]
        );
        let (believes, other) = (told("nobody acts while another believes that it has it"), told("all is well"));
        assert_eq!(believes[0], "From 0.010 s to the end A believes that it has it.");
        assert_eq!(other[0], "From 0.010 s to the end A is one of those of whom it is asked that all is well.");
        let ended =
            explain(&trace, Form::Apart, "at most one machine works", &[hold(0, 0, 3_000), hold(1, 1_000, 2_000)]);
        assert_eq!(ended[1], "From 0.001 s to 0.002 s B works.");
    }
}
