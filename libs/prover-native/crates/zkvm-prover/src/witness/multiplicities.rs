//! How often lookups are used.

use provefleet_zkvm_air::families::memory::split_28_bits;

/// How often each tuple of each table is used.
pub struct Multiplicities {
    pub rom: Vec<u32>,
    pub range_16: Vec<u32>,
    pub range_14: Vec<u32>,
    /// By 256 a + b.
    pub and: Vec<u32>,
    /// By 256 a + b.
    pub byte_pair: Vec<u32>,
    /// By 256 s + x.
    pub byte_shift: Vec<u32>,
}

impl Multiplicities {
    pub(super) fn new(instructions: usize) -> Self {
        Self {
            rom: vec![0; instructions],
            range_16: vec![0; 1 << 16],
            range_14: vec![0; 1 << 14],
            and: vec![0; 1 << 16],
            byte_pair: vec![0; 1 << 16],
            byte_shift: vec![0; 9 * 256],
        }
    }

    #[inline(always)]
    pub(super) fn range_16(&mut self, value: u32) {
        self.range_16[value as usize] += 1;
    }

    #[inline(always)]
    pub(super) fn range_16_limbs(&mut self, word: u32) {
        self.range_16(word & 0xffff);
        self.range_16(word >> 16);
    }

    #[inline(always)]
    pub(super) fn range_14(&mut self, value: u32) {
        self.range_14[value as usize] += 1;
    }

    #[inline(always)]
    pub(super) fn byte_pair(&mut self, a: u32, b: u32) {
        self.byte_pair[(a * 256 + b) as usize] += 1;
    }

    pub(super) fn byte_pairs(&mut self, bytes: [u32; 4]) {
        self.byte_pair(bytes[0], bytes[1]);
        self.byte_pair(bytes[2], bytes[3]);
    }

    #[inline(always)]
    pub(super) fn byte_shift(&mut self, x: u32, s: u32) {
        self.byte_shift[(s * 256 + x) as usize] += 1;
    }

    /// Uses a number below 2^28 + 2^14 as the memory components check it; returns the low part.
    pub(super) fn range_28(&mut self, value: u32) -> u32 {
        let (low, high) = split_28_bits(value);
        self.range_16(low);
        self.range_14(high);
        low
    }
}
