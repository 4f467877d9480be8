//! ADD, ADDI and register moves.

use super::{INVERSE_2_16, read, require_boolean, step_on, timestamp, write};
use crate::relation::Relation;
use crate::rom::operation;
use crate::row::{Element, Row, columns};
use num_traits::One;

columns! {
    /// `add rd, rs1, rs2`
    AddColumns {
        enabled,
        clock,
        pc,
        rd,
        rs1,
        rs2,
        /// Times of the previous accesses of rs1, rs2 and rd.
        previous[3],
        a[2],
        b[2],
        old[2],
        result[2],
    }
}

/// a + b = result + carry 2^16 in each limb, with the carries as expressions.
/// Bound: |a + b + carry - result| <= 2^17, so a carry that is 0 or 1 in the field is the integer carry.
#[inline(always)]
fn require_sum<R: Row>(row: &mut R, a: [R::F; 2], b: [R::F; 2], result: [R::F; 2]) {
    let carry_low = (a[0] + b[0] - result[0]).times(INVERSE_2_16);
    require_boolean(row, carry_low);
    let carry_high = (a[1] + b[1] + carry_low - result[1]).times(INVERSE_2_16);
    require_boolean(row, carry_high);
}

/// result = a + b mod 2^32. The result's limbs are range checked: without, result + 2^16 with one carry less would do.
#[inline(always)]
pub fn add<R: Row>(row: &mut R) {
    let c = AddColumns::read(row);
    require_boolean(row, c.enabled);
    require_sum(row, c.a, c.b, c.result);
    step_on(row, c.enabled, c.pc, c.clock);
    row.lookup(c.enabled, Relation::Rom, &[c.pc, R::F::constant(operation::ADD), c.rd, c.rs1, c.rs2]);
    let now = timestamp(c.clock);
    read(row, c.enabled, c.rs1, c.previous[0], now, c.a);
    read(row, c.enabled, c.rs2, c.previous[1], now + R::F::one(), c.b);
    write(row, c.enabled, c.rd, c.previous[2], now + R::F::constant(3), [c.old, c.result]);
    row.lookup(c.enabled, Relation::Range16, &[c.result[0]]);
    row.lookup(c.enabled, Relation::Range16, &[c.result[1]]);
}

columns! {
    /// `addi rd, rs1, immediate`
    AddImmediateColumns {
        enabled,
        clock,
        pc,
        rd,
        rs1,
        immediate[2],
        /// Times of the previous accesses of rs1 and rd.
        previous[2],
        a[2],
        old[2],
        result[2],
    }
}

/// result = a + immediate mod 2^32; otherwise as [`add`].
#[inline(always)]
pub fn add_immediate<R: Row>(row: &mut R) {
    let c = AddImmediateColumns::read(row);
    require_boolean(row, c.enabled);
    require_sum(row, c.a, c.immediate, c.result);
    step_on(row, c.enabled, c.pc, c.clock);
    let operation = R::F::constant(operation::ADD_IMMEDIATE);
    row.lookup(c.enabled, Relation::Rom, &[c.pc, operation, c.rd, c.rs1, c.immediate[0], c.immediate[1]]);
    let now = timestamp(c.clock);
    read(row, c.enabled, c.rs1, c.previous[0], now, c.a);
    write(row, c.enabled, c.rd, c.previous[1], now + R::F::constant(3), [c.old, c.result]);
    row.lookup(c.enabled, Relation::Range16, &[c.result[0]]);
    row.lookup(c.enabled, Relation::Range16, &[c.result[1]]);
}

columns! {
    /// `addi rd, rs1, 0`: a move, by far the commonest addition.
    MoveColumns {
        enabled,
        clock,
        pc,
        rd,
        rs1,
        /// Times of the previous accesses of rs1 and rd.
        previous[2],
        a[2],
        old[2],
    }
}

/// rd = rs1. The value comes from the Memory relation, so it needs no range check.
#[inline(always)]
pub fn move_register<R: Row>(row: &mut R) {
    let c = MoveColumns::read(row);
    require_boolean(row, c.enabled);
    step_on(row, c.enabled, c.pc, c.clock);
    row.lookup(c.enabled, Relation::Rom, &[c.pc, R::F::constant(operation::MOVE), c.rd, c.rs1]);
    let now = timestamp(c.clock);
    read(row, c.enabled, c.rs1, c.previous[0], now, c.a);
    write(row, c.enabled, c.rd, c.previous[1], now + R::F::constant(3), [c.old, c.a]);
}
