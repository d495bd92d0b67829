//! How fast the event loop is: `cargo bench --bench simulate [-- SECONDS]`.
//!
//! It prints simulated seconds in a second of one core and of two, and what 1,000 clients and many seeds cost. The
//! protocol is described in `renewals`.

mod renewals;

use std::{
    hint::black_box,
    sync::atomic::AtomicBool,
    time::{Duration as WallDuration, Instant},
};

use tenure::{
    simulate::{Options, Survey, run, survey},
    time::Duration,
};

/// As in the program: what is measured is what users run.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RUNS: usize = 5;

fn main() {
    let named = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let horizon = Duration::from_secs(named.unwrap_or(100_000));
    let mut one = Vec::new();
    let mut two = Vec::new();
    for _ in 0..RUNS {
        one.push(many(1, horizon));
        two.push(many(2, horizon));
    }
    let (one, two) = (median(&mut one), median(&mut two));
    println!("one thread    {one:>9} simulated s/s (median of {RUNS})");
    println!("two threads   {two:>9} simulated s/s (median of {RUNS}, alternating): {} % of one", two * 100 / one);
    println!("1,000 clients {:>9} simulated s/s, five on each of 200 machines", thousand(Duration::from_secs(500)));
    let peaks = [1_000, 10_000].map(|seeds| {
        seeds_of(seeds);
        let peak = peak();
        println!("{seeds:>6} seeds of 60 s: peak memory so far {peak} KiB");
        peak
    });
    println!("memory after ten times the seeds: {} % of before", peaks[1] * 100 / peaks[0].max(1));
}

/// Simulated seconds in a second, with so many threads, each with seeds of its own.
fn many(threads: usize, horizon: Duration) -> u128 {
    let setup = renewals::setup(20, 1);
    let properties = [renewals::answered()];
    let options = Options::lasting(horizon);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for seed in 0..threads {
            scope.spawn({
                let (setup, properties, options) = (&setup, &properties, &options);
                move || {
                    let run = run(setup, properties, seed as u64, options);
                    let events = run.taken as i64 / (run.until / 1_000_000);
                    assert!((110..130).contains(&events), "{events} events in a second");
                    assert!(black_box(run).seen[0].signalled.reached, "renewals are answered");
                }
            });
        }
    });
    per_second(horizon, began.elapsed()) * threads as u128
}

fn thousand(horizon: Duration) -> u128 {
    let setup = renewals::setup(200, 5);
    let began = Instant::now();
    black_box(run(&setup, &[renewals::answered()], 0, &Options::lasting(horizon)));
    per_second(horizon, began.elapsed())
}

fn seeds_of(seeds: u64) -> Survey {
    let setup = renewals::setup(20, 1);
    let options = Options::lasting(Duration::from_secs(60));
    black_box(survey(&setup, &[renewals::answered()], &[None], 0..seeds, &options, &AtomicBool::new(false), |_| {}))
}

fn per_second(horizon: Duration, took: WallDuration) -> u128 {
    u128::from(horizon.micros().cast_unsigned()) / took.as_micros().max(1)
}

fn median(values: &mut [u128]) -> u128 {
    values.sort_unstable();
    values[values.len() / 2]
}

/// The largest resident memory of this process so far, in KiB; zero where the system does not say.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}
