//! Random numbers: splitmix64. Integers only, the same everywhere.
//!
//! A stream is named by the seed and by what it is for. What is drawn for one message depends on that message's link
//! and number alone, so a fault elsewhere changes nothing for it.

use crate::process::NodeId;

/// A generator.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

/// What a stream of random numbers is for.
#[derive(Clone, Copy, Debug)]
pub enum Stream {
    Network,
    Faults,
    /// Which kind of run a seed has.
    Swarm,
    /// Which ends of windows a run leans to.
    Lean,
    /// Where the runs of a climb part.
    Climb,
    Node(u16),
}

/// A stream of one seed: a generator for each thing within its purpose.
#[derive(Clone, Copy, Debug)]
pub struct Source(u64);

impl Source {
    pub fn new(seed: u64, stream: Stream) -> Source {
        let purpose = match stream {
            Stream::Network => 1,
            Stream::Faults => 2,
            Stream::Swarm => 3,
            Stream::Lean => 4,
            Stream::Climb => 5,
            Stream::Node(node) => 0x100 + u64::from(node),
        };
        Source(mix(mix(seed.wrapping_add(GOLDEN)) ^ purpose))
    }

    /// Generators of different keys begin at unrelated places of the one long cycle.
    pub fn of(self, key: u64) -> Random {
        Random { state: mix(self.0.wrapping_add(key.wrapping_mul(GOLDEN))) }
    }
}

/// The key of a message: another for each, of up to [`MOST_NODES`](crate::process::MOST_NODES) nodes.
pub fn message_key(from: NodeId, to: NodeId, number: u32, copy: u8) -> u64 {
    let ([far, from], [high, to]) = (from.0.to_be_bytes(), to.0.to_be_bytes());
    u64::from_be_bytes([far, from, to, high << 1 | copy, 0, 0, 0, 0]) | u64::from(number)
}

impl Random {
    pub fn new(seed: u64, stream: Stream, key: u64) -> Random {
        Source::new(seed, stream).of(key)
    }

    #[cfg(test)]
    fn seeded(seed: u64) -> Random {
        Random { state: seed }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// Below `bound`, which is above zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The high half of the product: even but for one part in 2^64 / bound.
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// True so many times in a million.
    pub fn chance(&mut self, per_million: u32) -> bool {
        per_million > 0 && self.below(1_000_000) < u64::from(per_million)
    }

    /// One of the elements, or none of an empty slice.
    pub fn pick<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        if among.is_empty() { None } else { among.get(self.below(among.len() as u64) as usize) }
    }

    /// Within `[lo, hi]`. Where `hi` is `i64::MAX`, at most `far` beyond `lo`, or `i64::MAX`: never.
    pub fn between(&mut self, lo: i64, hi: i64, draw: Draw, far: i64) -> i64 {
        if lo == hi {
            return lo;
        }
        let endless = hi == i64::MAX;
        match draw {
            Draw::Uniform if !endless => lo + self.below((hi - lo).cast_unsigned() + 1).cast_signed(),
            _ if self.next() >> 63 == 1 => hi,
            Draw::Uniform => lo.saturating_add(self.below(far.cast_unsigned() + 1).cast_signed()),
            Draw::Corner | Draw::Swarm | Draw::Climb => lo,
        }
    }

    /// One of the two ends, and mostly the one that is leant to.
    pub(super) fn leaning(&mut self, lo: i64, hi: i64, lean: Lean) -> i64 {
        let late = match lean {
            Lean::Early => ONE_SIXTEENTH,
            Lean::Neither => u64::MAX / 2,
            Lean::Late => u64::MAX - ONE_SIXTEENTH,
        };
        if lo == hi || self.next() > late { lo } else { hi }
    }

    /// Orders events of one moment.
    pub fn tie(&mut self) -> u32 {
        (self.next() >> 32) as u32
    }
}

/// Which end of its windows something takes in most cases. A worst case often wants many moments at the same end, which
/// fair coins do not give.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lean {
    Early,
    Neither,
    Late,
}

impl Source {
    /// What a thing leans to.
    pub(super) fn lean(self, key: u64) -> Lean {
        match self.of(key).next() >> 62 {
            0 => Lean::Early,
            1 => Lean::Late,
            _ => Lean::Neither,
        }
    }
}

const ONE_SIXTEENTH: u64 = u64::MAX / 16;

/// How moments are drawn from their windows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Draw {
    /// Every whole microsecond alike.
    #[default]
    Uniform,
    /// One of the two ends: reaches worst cases sooner.
    Corner,
    /// Each run draws one or the other, and does without some fault classes.
    Swarm,
    /// Of many corner draws that go on from the longest one, the longest.
    Climb,
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The output function of splitmix64.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_gives_its_published_numbers() {
        let mut random = Random::seeded(1_234_567);
        let numbers = [(); 3].map(|()| random.next());
        assert_eq!(numbers, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
        assert_eq!(Random::seeded(0).next(), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn named_streams_keep_their_numbers() {
        let first = |stream, key| Random::new(7, stream, key).next();
        assert_eq!(
            [first(Stream::Network, 0), first(Stream::Network, 1), first(Stream::Faults, 0), first(Stream::Node(0), 0)],
            [3_320_045_120_818_012_263, 213_789_597_315_338_653, 7_010_110_156_756_522_125, 5_576_785_027_494_989_989]
        );
    }

    #[test]
    fn neighbouring_keys_have_unrelated_numbers() {
        let source = Source::new(1, Stream::Network);
        let numbers = (0..100).flat_map(|key| {
            let mut random = source.of(key);
            [(); 10].map(|()| random.next())
        });
        assert_eq!(numbers.collect::<std::collections::BTreeSet<u64>>().len(), 1_000);
    }

    #[test]
    fn moments_lie_in_their_window_and_reach_both_ends() {
        for draw in [Draw::Uniform, Draw::Corner] {
            let mut random = Random::seeded(1);
            let moments: Vec<i64> = (0..100).map(|_| random.between(3, 6, draw, 0)).collect();
            assert_eq!(moments.iter().min(), Some(&3));
            assert_eq!(moments.iter().max(), Some(&6));
            assert_eq!(draw == Draw::Corner, !moments.contains(&4));
        }
    }

    #[test]
    fn a_window_without_an_end_gives_a_moment_or_never() {
        let mut random = Random::seeded(1);
        let moments: Vec<i64> = (0..100).map(|_| random.between(3, i64::MAX, Draw::Uniform, 4)).collect();
        assert!(moments.contains(&i64::MAX), "sometimes it never happens");
        assert!(moments.iter().all(|at| (3..=7).contains(at) || *at == i64::MAX), "else it is not far");
    }
}
