//! MUL, and the high halves MULHU, MULHSU, MULH.

use super::{limbs, read, require_at_most, require_boolean, step_on, timestamp, write};
use crate::relation::Relation;
use crate::rom::operation;
use crate::row::{Element, Row, columns};
use num_traits::One;

/// Sum of a[i] * b[j] with i + j = position: one byte column of the schoolbook product.
#[inline(always)]
pub(super) fn byte_column<F: Element>(a: &[F; 4], b: &[F; 4], position: usize) -> F {
    let range = position.saturating_sub(3)..=position.min(3);
    range.map(|i| a[i] * b[position - i]).reduce(|sum, term| sum + term).expect("positions 0..=6 have terms")
}

/// Two byte columns at once, the unit in which products are carried.
#[inline(always)]
pub(super) fn word_column<F: Element>(a: &[F; 4], b: &[F; 4], position: usize) -> F {
    byte_column(a, b, 2 * position) + byte_column(a, b, 2 * position + 1).times(256)
}

columns! {
    /// `mul rd, rs1, rs2`
    MultiplyColumns {
        enabled,
        clock,
        pc,
        rd,
        rs1,
        rs2,
        /// Times of the previous accesses of rs1, rs2 and rd.
        previous[3],
        old[2],
        /// Bytes of the factors.
        a[4],
        b[4],
        result[2],
        carries[2],
    }
}

/// Low half of the product: columns + carry in = result + 2^16 carry out.
///
/// Bounds: left, at most 255^2 (3 + 4 * 256) + 2^14 < 2^27. Right, result < 2^16 and carry < 2^14 by their range checks,
/// so below 2^30 + 2^16 < p. (With carries up to 2^16 the right side could exceed p, and result - 1, carry + 2^15 would
/// be a second solution.) True carries are at most 1020.
#[inline(always)]
pub fn multiply<R: Row>(row: &mut R) {
    let c = MultiplyColumns::read(row);
    require_boolean(row, c.enabled);
    row.require_zero(word_column(&c.a, &c.b, 0) - c.result[0] - c.carries[0].times(1 << 16));
    row.require_zero(word_column(&c.a, &c.b, 1) + c.carries[0] - c.result[1] - c.carries[1].times(1 << 16));
    step_on(row, c.enabled, c.pc, c.clock);
    row.lookup(c.enabled, Relation::Rom, &[c.pc, R::F::constant(operation::MULTIPLY), c.rd, c.rs1, c.rs2]);
    let now = timestamp(c.clock);
    read(row, c.enabled, c.rs1, c.previous[0], now, limbs(c.a));
    read(row, c.enabled, c.rs2, c.previous[1], now + R::F::one(), limbs(c.b));
    write(row, c.enabled, c.rd, c.previous[2], now + R::F::constant(3), [c.old, c.result]);
    for i in 0..2 {
        row.lookup(c.enabled, Relation::Range16, &[c.result[i]]);
        row.lookup(c.enabled, Relation::Range14, &[c.carries[i]]);
        row.lookup(c.enabled, Relation::BytePair, &c.a[2 * i..2 * i + 2]);
        row.lookup(c.enabled, Relation::BytePair, &c.b[2 * i..2 * i + 2]);
    }
}

columns! {
    /// `mulhu`, `mulhsu` and `mulh`
    MultiplyHighColumns {
        enabled,
        clock,
        pc,
        rd,
        rs1,
        rs2,
        /// Times of the previous accesses of rs1, rs2 and rd.
        previous[3],
        old[2],
        /// Whether rs1 is signed (MULH, MULHSU) and whether rs2 is (MULH).
        a_signed,
        b_signed,
        /// Sign bits of the operands where they are signed, else zero.
        signs[2],
        /// Bytes of the factors.
        a[4],
        b[4],
        /// Limbs of the 64-bit product of the factors as unsigned numbers.
        product[4],
        carries[3],
        /// Carries of the correction for signs, each 0, 1 or 2.
        correction[2],
        result[2],
    }
}

/// High half. The unsigned product as in [`multiply`], with the same bounds in its third and fourth column. Then, as
/// a signed operand with its sign set is 2^32 less than its unsigned value:
/// result = high half - sign(a) b - sign(b) a mod 2^32, that is
/// result + sign(a) b + sign(b) a + carry in = high half + 2^16 carry out in each limb. Bound: 3 * 2^16 on both sides.
#[inline(always)]
pub fn multiply_high<R: Row>(row: &mut R) {
    let c = MultiplyHighColumns::read(row);
    for flag in [c.enabled, c.a_signed, c.b_signed, c.signs[0], c.signs[1]] {
        require_boolean(row, flag);
    }
    require_at_most(row, c.a_signed, c.enabled);
    // There is no instruction with only rs2 signed.
    require_at_most(row, c.b_signed, c.a_signed);
    require_at_most(row, c.signs[0], c.a_signed);
    require_at_most(row, c.signs[1], c.b_signed);
    let carried = |i: usize| c.product[i] + c.carries[i].times(1 << 16);
    row.require_zero(word_column(&c.a, &c.b, 0) - carried(0));
    row.require_zero(word_column(&c.a, &c.b, 1) + c.carries[0] - carried(1));
    row.require_zero(word_column(&c.a, &c.b, 2) + c.carries[1] - carried(2));
    row.require_zero(byte_column(&c.a, &c.b, 6) + c.carries[2] - c.product[3]);
    for carry in c.correction {
        row.require_zero(carry * (carry - R::F::one()) * (carry - R::F::constant(2)));
    }
    let (a, b) = (limbs(c.a), limbs(c.b));
    let corrected = |i: usize| c.result[i] + c.signs[0] * b[i] + c.signs[1] * a[i];
    row.require_zero(corrected(0) - c.product[2] - c.correction[0].times(1 << 16));
    row.require_zero(corrected(1) + c.correction[0] - c.product[3] - c.correction[1].times(1 << 16));
    step_on(row, c.enabled, c.pc, c.clock);
    let operation = R::F::constant(operation::MULTIPLY_HIGH) + c.a_signed + c.b_signed;
    row.lookup(c.enabled, Relation::Rom, &[c.pc, operation, c.rd, c.rs1, c.rs2]);
    let now = timestamp(c.clock);
    read(row, c.enabled, c.rs1, c.previous[0], now, a);
    read(row, c.enabled, c.rs2, c.previous[1], now + R::F::one(), b);
    write(row, c.enabled, c.rd, c.previous[2], now + R::F::constant(3), [c.old, c.result]);
    for limb in c.product.into_iter().chain(c.result) {
        row.lookup(c.enabled, Relation::Range16, &[limb]);
    }
    for carry in c.carries {
        row.lookup(c.enabled, Relation::Range14, &[carry]);
    }
    for i in 0..2 {
        row.lookup(c.enabled, Relation::BytePair, &c.a[2 * i..2 * i + 2]);
        row.lookup(c.enabled, Relation::BytePair, &c.b[2 * i..2 * i + 2]);
    }
    // 2 (top - 128 sign) is a byte only for the true sign, the top byte being a byte.
    row.lookup(c.a_signed, Relation::BytePair, &[(c.a[3] - c.signs[0].times(128)).times(2)]);
    row.lookup(c.b_signed, Relation::BytePair, &[(c.b[3] - c.signs[1].times(128)).times(2)]);
}
