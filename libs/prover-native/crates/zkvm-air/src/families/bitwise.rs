//! AND, OR and XOR with register or immediate.

use super::{limbs, read, require_at_most, require_boolean, step_on, timestamp, write};
use crate::relation::Relation;
use crate::rom::operation;
use crate::row::{Element, Row, columns};
use num_traits::One;

columns! {
    BitwiseColumns {
        enabled,
        clock,
        pc,
        rd,
        rs1,
        /// Zero in the immediate forms.
        rs2,
        is_immediate,
        is_or,
        is_xor,
        /// Zero in the register forms.
        immediate[2],
        /// Times of the previous accesses of rs1, rs2 (unused in immediate forms) and rd.
        previous[3],
        old[2],
        /// Bytes of the operands and of their AND.
        a[4],
        b[4],
        and[4],
        result[2],
    }
}

/// Only AND is looked up, byte by byte; a OR b = a + b - (a AND b) and a XOR b = a + b - 2 (a AND b).
/// The lookup also shows that all of `a`, `b` and `and` are bytes, so the result's limbs are below 2^16.
#[inline(always)]
pub fn bitwise<R: Row>(row: &mut R) {
    let c = BitwiseColumns::read(row);
    for flag in [c.enabled, c.is_immediate, c.is_or, c.is_xor] {
        require_boolean(row, flag);
    }
    require_at_most(row, c.is_immediate, c.enabled);
    // OR and XOR at once would make the operation number that of another form.
    row.require_zero(c.is_or * c.is_xor);
    let (a, b, and) = (limbs(c.a), limbs(c.b), limbs(c.and));
    for i in 0..2 {
        row.require_zero(c.immediate[i] - c.is_immediate * b[i]);
        // Bound: |result - a - b + 2 and| <= 2^18.
        let sum = a[i] + b[i];
        row.require_zero(c.result[i] - and[i] - c.is_or * (sum - and[i].times(2)) - c.is_xor * (sum - and[i].times(3)));
    }
    step_on(row, c.enabled, c.pc, c.clock);
    let operation = R::F::constant(operation::BITWISE)
        + c.is_or.times(operation::BITWISE_OR)
        + c.is_xor.times(operation::BITWISE_XOR)
        + c.is_immediate.times(operation::IMMEDIATE);
    row.lookup(c.enabled, Relation::Rom, &[c.pc, operation, c.rd, c.rs1, c.rs2, c.immediate[0], c.immediate[1]]);
    let now = timestamp(c.clock);
    read(row, c.enabled, c.rs1, c.previous[0], now, a);
    read(row, c.enabled - c.is_immediate, c.rs2, c.previous[1], now + R::F::one(), b);
    write(row, c.enabled, c.rd, c.previous[2], now + R::F::constant(3), [c.old, c.result]);
    for i in 0..4 {
        row.lookup(c.enabled, Relation::And, &[c.a[i], c.b[i], c.and[i]]);
    }
}
