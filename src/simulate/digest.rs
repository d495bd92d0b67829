//! The digest of a run: 64 bits over its steps and the events that processes emit, in order.
//!
//! Each number enters as one 64-bit word, whatever its width, and bytes enter eight at a time, little-endian: so the
//! digest is the same on every machine. A word is mixed in by a multiplication and a shift, which costs little beside
//! a step. It tells runs apart and protects against nothing.

use std::hash::Hasher;

const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// A digest under way.
#[derive(Clone, Copy, Debug)]
pub struct Digest(u64);

impl Default for Digest {
    fn default() -> Digest {
        Digest::new()
    }
}

impl Digest {
    #[must_use]
    pub const fn new() -> Digest {
        Digest(BASIS)
    }

    pub const fn word(&mut self, word: u64) {
        let product = (self.0 ^ word).wrapping_mul(FACTOR);
        self.0 = product ^ (product >> 32);
    }
}

impl Hasher for Digest {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.word(value.into());
    }

    fn write_u16(&mut self, value: u16) {
        self.word(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.word(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.word(value);
    }

    fn write_u128(&mut self, value: u128) {
        self.write(&value.to_le_bytes());
    }

    fn write_usize(&mut self, value: usize) {
        self.word(value as u64);
    }

    fn write_i8(&mut self, value: i8) {
        self.word(i64::from(value).cast_unsigned());
    }

    fn write_i16(&mut self, value: i16) {
        self.word(i64::from(value).cast_unsigned());
    }

    fn write_i32(&mut self, value: i32) {
        self.word(i64::from(value).cast_unsigned());
    }

    fn write_i64(&mut self, value: i64) {
        self.word(value.cast_unsigned());
    }

    fn write_i128(&mut self, value: i128) {
        self.write_u128(value.cast_unsigned());
    }

    fn write_isize(&mut self, value: isize) {
        self.word((value as i64).cast_unsigned());
    }
}

#[cfg(test)]
mod tests {
    use std::hash::Hash;

    use super::*;

    fn digest(value: impl Hash) -> u64 {
        let mut digest = Digest::new();
        value.hash(&mut digest);
        digest.finish()
    }

    #[test]
    fn a_digest_is_the_same_on_every_machine() {
        assert_eq!(digest(0_u64), BASIS.wrapping_mul(FACTOR) ^ (BASIS.wrapping_mul(FACTOR) >> 32));
        assert_eq!(digest(7_u8), digest(7_u64));
        assert_eq!(digest(7_usize), digest(7_u64));
        assert_eq!(digest(-1_i32), digest(-1_i64));
    }

    #[test]
    fn order_and_every_bit_count() {
        assert_ne!(digest((1_u8, 2_u8)), digest((2_u8, 1_u8)));
        let digests: std::collections::BTreeSet<u64> = (0..64).map(|bit| digest(1_u64 << bit)).collect();
        assert_eq!(digests.len(), 64);
        assert_ne!(digest("ab"), digest("a"));
    }
}
