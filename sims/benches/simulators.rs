//! How fast both simulators are, side by side: `cargo bench -p tenure-sims --bench simulators [-- SECONDS]`.
//!
//! The protocol is that of `benches/simulate`: three servers with a heartbeat each 100 ms, 20 clients that renew every
//! 2 s, each renewal acknowledged by a majority. Both run the same set-up on one core each, in turns; what is printed is
//! the median. The madsim host is measured without steps being kept, as the event loop is.

#[path = "../../benches/simulate/renewals.rs"]
mod renewals;

use std::{hint::black_box, sync::Arc, time::Instant};

use tenure::{
    simulate::{self, Options},
    time::Duration,
};

const RUNS: usize = 5;

fn main() {
    let named = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let seconds: i64 = named.unwrap_or(20_000);
    let setup = Arc::new(renewals::setup(20, 1));
    let properties = [renewals::answered()];
    let (mut event_loop, mut madsim) = (Vec::new(), Vec::new());
    for seed in 0..RUNS as u64 {
        let options = Options::lasting(Duration::from_secs(seconds));
        event_loop.push(per_second(seconds, || simulate::run(&setup, &properties, seed, &options).taken));
        madsim.push(per_second(seconds, || tenure_sims::run(&setup, seed, &options).taken));
    }
    println!("event loop   {:>9} simulated s/s (median of {RUNS})", median(&mut event_loop));
    println!("madsim host  {:>9} simulated s/s (median of {RUNS}, alternating)", median(&mut madsim));
}

fn per_second(seconds: i64, run: impl FnOnce() -> usize) -> u128 {
    let began = Instant::now();
    let taken = black_box(run()) as i64;
    let took = began.elapsed();
    assert!((110..130).contains(&(taken / seconds)), "{taken} events in {seconds} s");
    u128::from(seconds.unsigned_abs()) * 1_000_000 / took.as_micros().max(1)
}

fn median(values: &mut [u128]) -> u128 {
    values.sort_unstable();
    values[values.len() / 2]
}
