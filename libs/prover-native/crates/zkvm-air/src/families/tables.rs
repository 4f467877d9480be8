//! Lookup tables. Each row yields its preprocessed tuples as often as its multiplicity columns say. A multiplicity may
//! be any field element; what counts is that nothing but the table's tuples is ever yielded.
//!
//! Tables of one column are folded: a row yields several neighbouring tuples, so that the table is lower and wider.

use crate::relation::Relation;
use crate::row::{Element, Row};

/// Tuples per row of each table.
pub const RANGE_16_WIDTH: usize = 8;
pub const RANGE_14_WIDTH: usize = 4;
pub const BYTES_WIDTH: usize = 4;

pub const RANGE_16_LOG_SIZE: u32 = 13;
pub const RANGE_14_LOG_SIZE: u32 = 12;
pub const BYTES_LOG_SIZE: u32 = 14;
pub const BYTE_SHIFT_LOG_SIZE: u32 = 12;

/// Number of different (x, s) in the byte shift table: s in 0..=8.
pub const BYTE_SHIFTS: u32 = 9 * 256;

/// Instructions: eight preprocessed columns, one multiplicity.
#[inline(always)]
pub fn rom<R: Row>(row: &mut R) {
    let tuple: [R::F; 8] = std::array::from_fn(|_| row.preprocessed());
    let multiplicity = row.column();
    row.lookup(-multiplicity, Relation::Rom, &tuple);
}

/// Numbers below 2^16: the preprocessed column holds the row's first.
#[inline(always)]
pub fn range_16<R: Row>(row: &mut R) {
    let first = row.preprocessed();
    for i in 0..RANGE_16_WIDTH {
        let multiplicity = row.column();
        row.lookup(-multiplicity, Relation::Range16, &[first + R::F::constant(i as u32)]);
    }
}

/// Numbers below 2^14.
#[inline(always)]
pub fn range_14<R: Row>(row: &mut R) {
    let first = row.preprocessed();
    for i in 0..RANGE_14_WIDTH {
        let multiplicity = row.column();
        row.lookup(-multiplicity, Relation::Range14, &[first + R::F::constant(i as u32)]);
    }
}

/// Pairs of bytes, with and without their AND. A row holds one `a` and four neighbouring `b`, b = 4k + j. Preprocessed:
/// a, 4k, a AND 4k, and a's bits 0 and 1 (the latter worth 2), from which the four ANDs follow by addition.
#[inline(always)]
pub fn bytes<R: Row>(row: &mut R) {
    let [a, first, and, bit_0, bit_1] = std::array::from_fn(|_| row.preprocessed());
    let ands = [and, and + bit_0, and + bit_1, and + bit_0 + bit_1];
    let b = |i: usize| first + R::F::constant(i as u32);
    for (i, &and) in ands.iter().enumerate() {
        let multiplicity = row.column();
        row.lookup(-multiplicity, Relation::And, &[a, b(i), and]);
    }
    for i in 0..BYTES_WIDTH {
        let multiplicity = row.column();
        row.lookup(-multiplicity, Relation::BytePair, &[a, b(i)]);
    }
}

/// Shifted bytes: preprocessed x, s, low, high. Rows past the last pair hold zeros, which is the tuple of x = s = 0.
#[inline(always)]
pub fn byte_shift<R: Row>(row: &mut R) {
    let tuple: [R::F; 4] = std::array::from_fn(|_| row.preprocessed());
    let multiplicity = row.column();
    row.lookup(-multiplicity, Relation::ByteShift, &tuple);
}
