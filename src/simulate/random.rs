//! Random numbers: xoshiro256**, seeded by splitmix64. Integers only, the same everywhere.
//!
//! A stream is named by the seed and by what it is for. What is drawn for one message depends on that message's link
//! and number alone, so a fault elsewhere changes nothing for it.

/// A generator.
#[derive(Clone, Debug)]
pub(super) struct Random {
    state: [u64; 4],
}

/// What a stream of random numbers is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    Network,
    Faults,
    /// Which kind of run a seed has.
    Swarm,
    Node(u8),
}

impl Random {
    /// The stream of a seed for a purpose, and of one thing within that purpose.
    pub(super) fn new(seed: u64, stream: Stream, key: u64) -> Random {
        let purpose = match stream {
            Stream::Network => 1,
            Stream::Faults => 2,
            Stream::Swarm => 3,
            Stream::Node(node) => 0x100 + u64::from(node),
        };
        Random::seeded(mix(mix(seed.wrapping_add(GOLDEN)) ^ purpose).wrapping_add(key.wrapping_mul(GOLDEN)))
    }

    /// The state is four outputs of splitmix64.
    pub(super) fn seeded(seed: u64) -> Random {
        let output = |step: u64| mix(seed.wrapping_add(GOLDEN.wrapping_mul(step)));
        Random { state: [output(1), output(2), output(3), output(4)] }
    }

    pub(super) fn next(&mut self) -> u64 {
        let [a, b, c, d] = self.state;
        let (c, d) = (c ^ a, d ^ b);
        self.state = [a ^ d, b ^ c, c ^ (b << 17), d.rotate_left(45)];
        b.wrapping_mul(5).rotate_left(7).wrapping_mul(9)
    }

    /// Below `bound`, which is above zero.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        // The high half of the product: even but for one part in 2^64 / bound.
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// True so many times in a million.
    pub(super) fn chance(&mut self, per_million: u32) -> bool {
        per_million > 0 && self.below(1_000_000) < u64::from(per_million)
    }

    /// One of the elements, or none of an empty slice.
    pub(super) fn pick<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        if among.is_empty() { None } else { among.get(self.below(among.len() as u64) as usize) }
    }

    /// Within `[lo, hi]`. Where `hi` is `i64::MAX`, at most `far` beyond `lo`, or `i64::MAX`: never.
    pub(super) fn between(&mut self, lo: i64, hi: i64, draw: Draw, far: i64) -> i64 {
        if lo == hi {
            return lo;
        }
        let endless = hi == i64::MAX;
        match draw {
            Draw::Uniform if !endless => lo + self.below((hi - lo).cast_unsigned() + 1).cast_signed(),
            _ if self.next() >> 63 == 1 => hi,
            Draw::Uniform => lo.saturating_add(self.below(far.cast_unsigned() + 1).cast_signed()),
            Draw::Corner | Draw::Swarm => lo,
        }
    }

    /// Orders events of one moment.
    pub(super) fn tie(&mut self) -> u32 {
        (self.next() >> 32) as u32
    }
}

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
        let mut random = Random { state: [1, 2, 3, 4] };
        let numbers = [(); 6].map(|()| random.next());
        assert_eq!(
            numbers,
            [11_520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360, 607_988_272_756_665_600]
        );
    }

    #[test]
    fn the_seeding_gives_its_published_numbers() {
        let state = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(Random::seeded(1_234_567).state[..3], state);
        assert_eq!(Random::seeded(0).next(), 0x99ec_5f36_cb75_f2b4);
    }

    #[test]
    fn named_streams_keep_their_numbers() {
        let first = |stream, key| Random::new(7, stream, key).next();
        assert_eq!(
            [first(Stream::Network, 0), first(Stream::Network, 1), first(Stream::Faults, 0), first(Stream::Node(0), 0)],
            [
                16_461_256_025_338_384_158,
                10_888_678_113_862_335_098,
                1_112_842_228_834_059_890,
                11_725_792_133_696_841_984
            ]
        );
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
