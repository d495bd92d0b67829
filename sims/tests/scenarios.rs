//! Every scenario on both simulators: what its file expects is what the seeds show.
//!
//! `TENURE_SEED` runs one seed, `TENURE_SEEDS` so many; 50 otherwise. Runs that last longer than an hour, or have
//! more than a hundred nodes, are of one seed.

use std::{collections::BTreeMap, fs, ops::Range, path::Path};

use tenure::{
    design::{Expectation, Resolved},
    simulate::{Draw, Options},
    time::Duration,
};
use tenure_sims::scenario::{self, BOTH, Simulator, Tally};

const SEEDS: u64 = 50;
const LONG: Duration = Duration::from_secs(3_600);
const LARGE: usize = 100;
const FEW: u64 = 1;

fn seeds(is_large: bool) -> Range<u64> {
    let number = |name: &str| {
        let text = std::env::var(name).ok()?;
        Some(text.parse::<u64>().unwrap_or_else(|_| panic!("{name}: expected a number, got {text:?}")))
    };
    if let Some(seed) = number("TENURE_SEED") {
        return seed..seed + 1;
    }
    let many = number("TENURE_SEEDS").unwrap_or(SEEDS);
    0..if is_large { many.min(FEW) } else { many }
}

/// Whether the seeds show what is expected. One seed alone need not show a violation.
fn problem(expectation: &Expectation, tally: &Tally) -> Option<String> {
    let expected = expectation.verdict.is_violation();
    let Tally { violations, seeds, spoke, .. } = tally;
    if !violations.is_empty() && !expected {
        return Some(format!("violated by the seeds {violations:?}"));
    }
    if violations.is_empty() && expected && *seeds > 1 {
        return Some(format!("none of {seeds} seeds violates it"));
    }
    if *spoke == 0 && *seeds > 1 {
        return Some(format!("none of {seeds} seeds has anything that it speaks of"));
    }
    let longest =
        tally.spans.greatest().filter(|(micros, _)| expectation.worst.is_some_and(|worst| *micros > worst.micros()));
    longest.map(|(micros, seed)| format!("seed {seed} takes {micros} us, longer than the worst case"))
}

fn problems(design: &Resolved, simulator: Simulator) -> Vec<String> {
    let protocol = scenario::protocol_of(design);
    let mut ledgers: BTreeMap<&str, Vec<&Expectation>> = BTreeMap::new();
    for expectation in &design.expectations {
        ledgers.entry(&expectation.under).or_default().push(expectation);
    }
    let mut problems = Vec::new();
    for (ledger, asked) in ledgers {
        let lasting = protocol.lasting(design, ledger);
        let options = Options { draw: Draw::Swarm, ..Options::lasting(lasting) };
        let seeds = seeds(lasting > LONG || protocol.nodes(design, ledger) > LARGE);
        let tallies = protocol.play(design, ledger, &asked, simulator, seeds, &options);
        for (expectation, tally) in asked.iter().zip(&tallies) {
            let place = format!("{} on {simulator:?}: {} under {ledger}", design.file, expectation.property);
            problems.extend(problem(expectation, tally).map(|problem| format!("{place}: {problem}")));
        }
    }
    problems
}

fn files() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let names = fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("it is there").file_name());
    let mut files: Vec<String> = names.map(|name| format!("sims/scenarios/{}", name.display())).collect();
    files.sort();
    files
}

#[test]
fn scenarios_are_as_they_expect_on_both_simulators() {
    let files = files();
    assert!(files.len() >= 3, "{files:?}");
    let mut problems_of_all = Vec::new();
    for file in files {
        let design = scenario::load(&file);
        for simulator in BOTH {
            let began = std::time::Instant::now();
            problems_of_all.extend(problems(&design, simulator));
            println!("{file} on {simulator:?}: {} ms", began.elapsed().as_millis());
        }
    }
    assert!(problems_of_all.is_empty(), "\n{}", problems_of_all.join("\n"));
}
