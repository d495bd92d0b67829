//! How long an exact answer takes: `cargo bench --bench speed [-- CASE]`.
//!
//! Each case runs in a process of its own, five times, so that its time includes reading the design and its memory is
//! its own. A case is complete: no run is stuck, none breaks the contract, and the worst case is exact.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use tenure::{
    design::{Resolved, Shelf},
    lease, lock,
    process::{Data, Process},
    spec::Protocol,
    timed::{Crew, Limits, Longest, Notes, Reach, Stuck, Switches},
    world::{Focus, Reductions, World, space::Marks},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Case {
    design: &'static str,
    ledger: &'static str,
    set: &'static [&'static str],
}

const CASES: [Case; 6] = [
    Case { design: "models/lease/closed-form", ledger: "one-crash", set: &[] },
    Case { design: "models/lease/closed-form", ledger: "two-crashes-two-losses", set: &[] },
    Case { design: "models/lock/consul-2015-03", ledger: "one-crash", set: &["design.contenders=3"] },
    Case { design: "models/lock/consul-2015-03", ledger: "one-fault", set: &["design.contenders=3"] },
    Case { design: "models/lock/consul-2015-03", ledger: "one-crash", set: &["design.contenders=4"] },
    Case { design: "models/lock/consul-2015-03", ledger: "one-crash", set: &["design.contenders=5"] },
];

const PROPERTY: &str = "hard-death-takeover";
const RUNS: usize = 5;

fn main() {
    match std::env::args().skip(1).find(|argument| argument != "--bench").map(|number| number.parse::<usize>()) {
        Some(Ok(number)) if number < CASES.len() => println!("{}", answer(&CASES[number])),
        Some(_) => {
            eprintln!("expected the number of a case, 0 to {}, or nothing for all of them", CASES.len() - 1);
            std::process::exit(3);
        }
        None => table(),
    }
}

fn table() {
    println!("| design | ledger | set | discrete states | worst case | median time | peak memory |");
    println!("|---|---|---|---:|---:|---:|---:|");
    let program = std::env::current_exe().expect("a running program has a path");
    for (number, case) in CASES.iter().enumerate() {
        let mut runs: Vec<(Duration, String)> = (0..RUNS)
            .map(|_| {
                let begun = Instant::now();
                let output = Command::new(&program).arg(number.to_string()).output().expect("it runs");
                (begun.elapsed(), String::from_utf8_lossy(&output.stdout).trim().to_owned())
            })
            .collect();
        runs.sort();
        let (time, said) = &runs[RUNS / 2];
        let said: Vec<&str> = said.split_whitespace().collect();
        let [states, worst, peak] = said[..] else { panic!("case {number} said {said:?}") };
        let Case { design, ledger, set } = case;
        println!(
            "| {design} | {ledger} | {} | {states} | {worst} s | {} ms | {peak} MiB |",
            set.join(" "),
            time.as_millis()
        );
    }
}

fn answer(case: &Case) -> String {
    let path = format!("{}.toml", case.design);
    let mut design = Resolved::load(Shelf::Disk, &path).unwrap_or_else(|error| panic!("{error:?}"));
    for set in case.set {
        design.set(set).unwrap_or_else(|error| panic!("{error:?}"));
    }
    if case.design.contains("/lease/") {
        exact(&lease::protocol(), &design, case)
    } else {
        exact(&lock::protocol(), &design, case)
    }
}

fn exact<T: Protocol>(protocol: &T, design: &Resolved, case: &Case) -> String
where
    T::Process: Process,
    T::Memory: Data,
{
    let builder = design.builder(case.ledger, &protocol.ledger_keys()).unwrap_or_else(|error| panic!("{error:?}"));
    let own = design.design().unwrap_or_else(|error| panic!("{error:?}"));
    let setup = protocol.build(&own, builder).unwrap_or_else(|error| panic!("{error:?}"));
    let property = protocol.properties().into_iter().find(|property| property.id == PROPERTY);
    let mut world = World::new(setup, property.expect("it is known"), Focus::Check, Reductions::ALL);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let limits = Limits { crew: Crew::of(threads - 1), ..Limits::default() };
    let switches = Switches::default();
    let mut notes = Notes::default();
    assert!(matches!(notes.stuck(&mut world, &limits, &switches).0, Stuck::No { .. }));
    let broken = notes.reach(&mut world, Marks::PROTOCOL_ERROR, &limits, &switches).0;
    assert_eq!(broken, Reach::Unreachable);
    let (longest, stats) = notes.longest(&mut world, None, &limits, &switches);
    let Longest::Exact { micros, .. } = longest else { panic!("not exact: {longest:?}") };
    let (seconds, millis) = (micros / 1_000_000, micros / 1_000 % 1_000);
    format!("{} {seconds}.{millis:03} {}", stats.states, peak_mib())
}

/// The most memory that this process ever used, as Linux counts it.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|kib| kib.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}
