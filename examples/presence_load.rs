//! What heartbeats cost a store, and when a busy store forgets cells that are well:
//! `cargo run --release --example presence_load`.
//!
//! A store serves one request after another, each in a fixed time. Cells beat every half of their time to live. If the
//! data is in the same store, each LRP is written now and then, and a convergence every 30 s reads all of them at once;
//! heartbeats wait behind. A cell is forgotten, falsely, when no beat of it was served for a time to live. A heartbeat
//! is missed when it is served later than the next one is due.
//!
//! Nobody has more than one question of a kind under way. So a beat never waits for more than one beat and one write of
//! each cell and one convergence: `models/presence/loaded.toml` rests on that, and here it is seen in runs of thousands
//! of cells.
//!
//! The numbers of the store are assumptions, not measurements: a write 0.5 ms, a row read 0.1 ms, 50 LRPs a cell, each
//! written once in ten minutes. What the table shows is how the answer turns, not where.

use std::{cmp::Reverse, collections::BinaryHeap};

use tenure::simulate::{Random, Stream};

/// All times are microseconds.
const SECOND: i64 = 1_000_000;
const LASTING: i64 = 600 * SECOND;
const WRITE: i64 = 500;
const READ_ROW: i64 = 100;
const LRPS_OF_A_CELL: i64 = 50;
const LRP_WRITTEN_EVERY: i64 = 600 * SECOND;
const CONVERGENCE: i64 = 30 * SECOND;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Beat(usize),
    /// The rep of a cell writes one of its LRPs.
    Write(usize),
    Converge,
}

struct Outcome {
    beats: u64,
    missed: u64,
    forgotten: u64,
    operations: u64,
    busy: i64,
    longest_wait: i64,
}

fn run(cells: usize, ttl: i64, data_in_same_store: bool) -> Outcome {
    let mut random = Random::new(0, Stream::Network, 0);
    let period = ttl / 2;
    let mut arrivals = BinaryHeap::new();
    for cell in 0..cells {
        arrivals.push(Reverse((random.below(period as u64) as i64, Kind::Beat(cell))));
    }
    let rows = cells as i64 * LRPS_OF_A_CELL;
    if data_in_same_store {
        for cell in 0..cells {
            arrivals.push(Reverse((
                random.below(LRP_WRITTEN_EVERY as u64 / LRPS_OF_A_CELL as u64) as i64,
                Kind::Write(cell),
            )));
        }
        arrivals.push(Reverse((CONVERGENCE, Kind::Converge)));
    }
    let mut served: Vec<Option<i64>> = vec![None; cells];
    let mut out = Outcome { beats: 0, missed: 0, forgotten: 0, operations: 0, busy: 0, longest_wait: 0 };
    let mut free_at = 0;
    while let Some(Reverse((at, kind))) = arrivals.pop() {
        if at > LASTING {
            break;
        }
        let (takes, operations) = match kind {
            Kind::Beat(_) | Kind::Write(_) => (WRITE, 1),
            Kind::Converge => (rows * READ_ROW, rows as u64),
        };
        let done = at.max(free_at) + takes;
        free_at = done;
        out.operations += operations;
        out.busy += takes;
        let next = match kind {
            Kind::Beat(cell) => {
                out.beats += 1;
                out.longest_wait = out.longest_wait.max(done - at);
                out.missed += u64::from(done - at > period);
                out.forgotten += u64::from(served[cell].is_some_and(|before| done - before > ttl));
                served[cell] = Some(done);
                // A client beats again when it was answered, and not before it is time.
                (at + period).max(done)
            }
            Kind::Write(_) => {
                let until_next = 2 * random.below((LRP_WRITTEN_EVERY / LRPS_OF_A_CELL) as u64 + 1) as i64;
                (at + until_next).max(done)
            }
            Kind::Converge => done + CONVERGENCE,
        };
        arrivals.push(Reverse((next, kind)));
    }
    out
}

/// How long a beat waits and is served at most.
fn bound(cells: usize, data_in_same_store: bool) -> i64 {
    let beats = cells as i64 * WRITE;
    let data = beats + cells as i64 * LRPS_OF_A_CELL * READ_ROW;
    if data_in_same_store { beats + data } else { beats }
}

fn main() {
    println!(
        "| cells | time to live | data | operations / s | busy | heartbeats | missed | false expiries | longest wait | at most |"
    );
    println!("|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|");
    for cells in [100, 1_000, 3_000] {
        for ttl in [30, 10, 5] {
            for same in [true, false] {
                let out = run(cells, ttl * SECOND, same);
                let at_most = bound(cells, same);
                assert!(out.longest_wait <= at_most, "a beat took {} us of {at_most} us", out.longest_wait);
                let place = if same { "in the same store" } else { "elsewhere" };
                println!(
                    "| {cells} | {ttl} s | {place} | {} | {} % | {} | {} | {} | {} ms | {} ms |",
                    out.operations / (LASTING / SECOND) as u64,
                    out.busy * 100 / LASTING,
                    out.beats,
                    out.missed,
                    out.forgotten,
                    out.longest_wait / 1_000,
                    at_most / 1_000,
                );
            }
        }
    }
}
