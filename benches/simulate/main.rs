//! How fast the event loop is: `cargo bench --bench simulate [-- SECONDS]`.
//!
//! It prints simulated seconds in a second of one core and of two, and what 200 clients and many seeds cost. The
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
    println!("one thread    {:>9} simulated s/s (median of {RUNS})", median(&mut one));
    println!("two threads   {:>9} simulated s/s (median of {RUNS}, alternating with one thread)", median(&mut two));
    println!("200 clients   {:>9} simulated s/s", single(200, Duration::from_secs(2_000)));
    for seeds in [1_000, 10_000] {
        seeds_of(seeds);
        println!("{seeds:>6} seeds of 60 s: peak memory so far {} KiB", peak());
    }
}

/// Simulated seconds in a second, with so many threads, each with seeds of its own.
fn many(threads: usize, horizon: Duration) -> u128 {
    let setup = renewals::setup(20);
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

fn single(clients: u8, horizon: Duration) -> u128 {
    let setup = renewals::setup(clients);
    let began = Instant::now();
    black_box(run(&setup, &[renewals::answered()], 0, &Options::lasting(horizon)));
    per_second(horizon, began.elapsed())
}

fn seeds_of(seeds: u64) -> Survey {
    let setup = renewals::setup(20);
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

/// The largest resident memory of this process so far, where the system says.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or("unknown".into(), |line| line.trim_end_matches("kB").trim().into())
}
