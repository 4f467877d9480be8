//! SUB, SLT, SLTU, SLTI and SLTIU: all are the difference of two words.

use super::{INVERSE_2_16, read, require_at_most, require_boolean, step_on, timestamp, write};
use crate::relation::Relation;
use crate::rom::operation;
use crate::row::{Element, Row, columns};
use num_traits::One;

/// Two words, their difference and their order.
#[derive(Clone, Copy)]
pub struct Ordering<F> {
    pub a: [F; 2],
    pub b: [F; 2],
    /// a - b mod 2^32.
    pub difference: [F; 2],
    /// Whether the order is signed; a boolean at most `enabled`.
    pub signed: F,
    /// Sign bits of a and b if signed, else zero.
    pub signs: [F; 2],
}

/// Demands the difference and the sign bits; returns "a < b" as an expression of degree 1 that is 0 or 1.
///
/// Unsigned, a < b is the borrow out of the high limb. Signed, the signs correct it: borrow + sign(a) - sign(b).
/// Bound: |difference - a + b + borrow| <= 2^17 in each limb.
/// The sign bit s of a is forced by 2 (a[1] - 2^15 s) < 2^16: as an integer that expression lies in -2^16 .. 2^17, and
/// it is in range only for the true s, since the limb is below 2^16.
#[inline(always)]
pub fn require_order<R: Row>(row: &mut R, enabled: R::F, o: Ordering<R::F>) -> R::F {
    for flag in [o.signed, o.signs[0], o.signs[1]] {
        require_boolean(row, flag);
    }
    require_at_most(row, o.signed, enabled);
    require_at_most(row, o.signs[0], o.signed);
    require_at_most(row, o.signs[1], o.signed);
    let borrow_low = (o.difference[0] - o.a[0] + o.b[0]).times(INVERSE_2_16);
    require_boolean(row, borrow_low);
    let borrow_high = (o.difference[1] - o.a[1] + o.b[1] + borrow_low).times(INVERSE_2_16);
    require_boolean(row, borrow_high);
    row.lookup(enabled, Relation::Range16, &[o.difference[0]]);
    row.lookup(enabled, Relation::Range16, &[o.difference[1]]);
    row.lookup(o.signed, Relation::Range16, &[(o.a[1] - o.signs[0].times(1 << 15)).times(2)]);
    row.lookup(o.signed, Relation::Range16, &[(o.b[1] - o.signs[1].times(1 << 15)).times(2)]);
    borrow_high + o.signs[0] - o.signs[1]
}

columns! {
    CompareColumns {
        enabled,
        clock,
        pc,
        rd,
        rs1,
        /// Zero in the immediate forms.
        rs2,
        /// Zero in the register forms.
        immediate[2],
        /// Whether b is the immediate.
        is_immediate,
        /// SUB rather than a comparison.
        is_subtraction,
        signed,
        /// Times of the previous accesses of rs1, rs2 (unused in immediate forms) and rd.
        previous[3],
        a[2],
        b[2],
        old[2],
        difference[2],
        signs[2],
        result[2],
    }
}

/// SUB: result = a - b; otherwise result = (a < b).
#[inline(always)]
pub fn compare<R: Row>(row: &mut R) {
    let c = CompareColumns::read(row);
    for flag in [c.enabled, c.is_immediate, c.is_subtraction] {
        require_boolean(row, flag);
    }
    require_at_most(row, c.is_immediate, c.enabled);
    require_at_most(row, c.is_subtraction, c.enabled);
    // No such instruction exists, and the operation number below would be ambiguous.
    row.require_zero(c.is_subtraction * c.signed);
    for i in 0..2 {
        row.require_zero(c.immediate[i] - c.is_immediate * c.b[i]);
    }
    let ordering = Ordering { a: c.a, b: c.b, difference: c.difference, signed: c.signed, signs: c.signs };
    let less = require_order(row, c.enabled, ordering);
    // Bounds: both sides are below 2^16; 0 or 1 for comparisons.
    row.require_zero(c.result[0] - c.is_subtraction * c.difference[0] - (c.enabled - c.is_subtraction) * less);
    row.require_zero(c.result[1] - c.is_subtraction * c.difference[1]);
    step_on(row, c.enabled, c.pc, c.clock);
    let operation = R::F::constant(operation::COMPARE)
        + c.is_subtraction.times(operation::COMPARE_SUBTRACT)
        + c.signed.times(operation::COMPARE_SIGNED)
        + c.is_immediate.times(operation::IMMEDIATE);
    row.lookup(c.enabled, Relation::Rom, &[c.pc, operation, c.rd, c.rs1, c.rs2, c.immediate[0], c.immediate[1]]);
    let now = timestamp(c.clock);
    read(row, c.enabled, c.rs1, c.previous[0], now, c.a);
    read(row, c.enabled - c.is_immediate, c.rs2, c.previous[1], now + R::F::one(), c.b);
    write(row, c.enabled, c.rd, c.previous[2], now + R::F::constant(3), [c.old, c.result]);
}
