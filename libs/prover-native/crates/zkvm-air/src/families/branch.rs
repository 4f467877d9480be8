//! Conditional branches. The target comes from the Rom tuple.

use super::compare::{Ordering, require_order};
use super::{read, require_at_most, require_boolean, step, timestamp};
use crate::relation::Relation;
use crate::rom::operation;
use crate::row::{Element, Row, columns};
use num_traits::One;

/// next_pc = taken ? target : pc + 4, and 0 in padding. All are field elements that the relations pin down: no bound
/// is needed.
#[inline(always)]
fn require_next_pc<R: Row>(row: &mut R, enabled: R::F, pc: R::F, target: R::F, taken: R::F, next_pc: R::F) {
    let following = pc + R::F::constant(4);
    row.require_zero(next_pc - enabled * following - taken * (target - following));
}

/// equal = (distance == 0) for enabled rows: `distance * equal = 0` forces equal = 0 where the distance is not zero, and
/// `distance * inverse = enabled - equal` forces equal = enabled where it is.
#[inline(always)]
fn require_equality<R: Row>(row: &mut R, enabled: R::F, distance: R::F, inverse: R::F, equal: R::F) {
    require_boolean(row, equal);
    row.require_zero(distance * equal);
    row.require_zero(distance * inverse - enabled + equal);
}

/// a XOR b for booleans.
#[inline(always)]
fn xor<F: Element>(a: F, b: F) -> F {
    a + b - a * b.times(2)
}

columns! {
    /// `beq` and `bne`
    BranchEqualColumns {
        enabled,
        clock,
        pc,
        rs1,
        rs2,
        target,
        /// Times of the previous accesses of rs1 and rs2.
        previous[2],
        a[2],
        b[2],
        is_not_equal,
        /// Inverse of the distance if it is not zero. If it is zero any value will do: nothing else depends on it.
        inverse,
        equal,
        next_pc,
    }
}

/// The distance is x^2 + y^2 of the limbs' differences: zero only if both are, since -1 is no square modulo
/// p = 3 mod 4.
#[inline(always)]
pub fn branch_equal<R: Row>(row: &mut R) {
    let c = BranchEqualColumns::read(row);
    require_boolean(row, c.enabled);
    require_boolean(row, c.is_not_equal);
    let (x, y) = (c.a[0] - c.b[0], c.a[1] - c.b[1]);
    require_equality(row, c.enabled, x * x + y * y, c.inverse, c.equal);
    require_next_pc(row, c.enabled, c.pc, c.target, xor(c.equal, c.is_not_equal), c.next_pc);
    step(row, c.enabled, c.pc, c.clock, c.next_pc);
    let operation = R::F::constant(operation::BRANCH_EQUAL) + c.is_not_equal;
    row.lookup(c.enabled, Relation::Rom, &[c.pc, operation, c.rs1, c.rs2, c.target]);
    let now = timestamp(c.clock);
    read(row, c.enabled, c.rs1, c.previous[0], now, c.a);
    read(row, c.enabled, c.rs2, c.previous[1], now + R::F::one(), c.b);
}

columns! {
    /// `beq rs1, x0` and `bne rs1, x0`
    BranchZeroColumns {
        enabled,
        clock,
        pc,
        rs1,
        target,
        /// Time of the previous access of rs1.
        previous,
        a[2],
        is_not_equal,
        /// As in [`BranchEqualColumns`].
        inverse,
        equal,
        next_pc,
    }
}

/// The distance is the sum of the limbs. Bound: 2^17, so it is zero in the field only if both limbs are.
#[inline(always)]
pub fn branch_zero<R: Row>(row: &mut R) {
    let c = BranchZeroColumns::read(row);
    require_boolean(row, c.enabled);
    require_boolean(row, c.is_not_equal);
    require_equality(row, c.enabled, c.a[0] + c.a[1], c.inverse, c.equal);
    require_next_pc(row, c.enabled, c.pc, c.target, xor(c.equal, c.is_not_equal), c.next_pc);
    step(row, c.enabled, c.pc, c.clock, c.next_pc);
    let operation = R::F::constant(operation::BRANCH_ZERO) + c.is_not_equal;
    row.lookup(c.enabled, Relation::Rom, &[c.pc, operation, c.rs1, c.target]);
    read(row, c.enabled, c.rs1, c.previous, timestamp(c.clock), c.a);
}

columns! {
    /// `blt`, `bge`, `bltu` and `bgeu`
    BranchLessColumns {
        enabled,
        clock,
        pc,
        rs1,
        rs2,
        target,
        /// Times of the previous accesses of rs1 and rs2.
        previous[2],
        a[2],
        b[2],
        difference[2],
        signs[2],
        signed,
        /// Branches if a >= b instead of a < b.
        is_greater_equal,
        next_pc,
    }
}

#[inline(always)]
pub fn branch_less<R: Row>(row: &mut R) {
    let c = BranchLessColumns::read(row);
    require_boolean(row, c.enabled);
    require_boolean(row, c.is_greater_equal);
    require_at_most(row, c.is_greater_equal, c.enabled);
    let ordering = Ordering { a: c.a, b: c.b, difference: c.difference, signed: c.signed, signs: c.signs };
    let less = require_order(row, c.enabled, ordering);
    require_next_pc(row, c.enabled, c.pc, c.target, xor(less, c.is_greater_equal), c.next_pc);
    step(row, c.enabled, c.pc, c.clock, c.next_pc);
    let operation = R::F::constant(operation::BRANCH_LESS)
        + c.is_greater_equal.times(operation::BRANCH_GREATER_EQUAL)
        + c.signed.times(operation::BRANCH_SIGNED);
    row.lookup(c.enabled, Relation::Rom, &[c.pc, operation, c.rs1, c.rs2, c.target]);
    let now = timestamp(c.clock);
    read(row, c.enabled, c.rs1, c.previous[0], now, c.a);
    read(row, c.enabled, c.rs2, c.previous[1], now + R::F::one(), c.b);
}
