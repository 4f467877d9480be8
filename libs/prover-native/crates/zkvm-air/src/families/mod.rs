//! The components' columns and constraints.
//!
//! How to read them. Words are two 16-bit limbs, low first, named `x[0]`, `x[1]`, or four bytes. An equation between
//! integers is written as one in the field; beside each stands the largest absolute value of either side, which is below
//! p = 2^31 - 1, so that equal field elements mean equal integers. Three facts about values need no constraint of their
//! own, because the relations carry them:
//!
//! - Limbs read from the Memory relation are below 2^16: every initial value is (the verifier splits public words,
//!   preprocessed images hold limbs, hints are range checked), and every row that writes a new value range checks it or
//!   builds it from values that are.
//! - What a Rom tuple holds is what the program's table holds; the verifier knows that table.
//! - A State tuple's clock is the number of steps before it, below 2^24 plus one.
//!
//! Conventions: `enabled` is 1 in rows that are used and 0 in padding, where all columns are zero. Every flag that
//! scales a multiplicity is at most `enabled`, else a padding row could emit. Timestamps are 4 clock + slot with slot 0
//! for rs1, 1 for rs2, 2 for memory, 3 for rd: an instruction never reads what it writes.

pub mod arithmetic;
pub mod bitwise;
pub mod branch;
pub mod compare;
pub mod divide;
pub mod jump;
pub mod load_store;
pub mod memory;
pub mod multiply;
pub mod shift;
pub mod tables;

use crate::relation::Relation;
use crate::row::{Element, Row};
use num_traits::One;

/// 2^-16 in the field.
pub(crate) const INVERSE_2_16: u32 = 1 << 15;
/// 2^-14 in the field.
pub(crate) const INVERSE_2_14: u32 = 1 << 17;

#[inline(always)]
pub(crate) fn require_boolean<R: Row>(row: &mut R, flag: R::F) {
    row.require_zero(flag * (flag - R::F::one()));
}

/// `flag <= bound` for booleans.
#[inline(always)]
pub(crate) fn require_at_most<R: Row>(row: &mut R, flag: R::F, bound: R::F) {
    row.require_zero(flag * (R::F::one() - bound));
}

/// Low and high limb of four bytes.
#[inline(always)]
pub(crate) fn limbs<F: Element>(bytes: [F; 4]) -> [F; 2] {
    [bytes[0] + bytes[1].times(256), bytes[2] + bytes[3].times(256)]
}

/// Timestamp of slot 0.
#[inline(always)]
pub(crate) fn timestamp<F: Element>(clock: F) -> F {
    clock.times(4)
}

/// The machine goes from (pc, clock) to (next_pc, clock + 1).
#[inline(always)]
pub(crate) fn step<R: Row>(row: &mut R, enabled: R::F, pc: R::F, clock: R::F, next_pc: R::F) {
    row.replace(enabled, Relation::State, &[pc, clock], &[(0, next_pc - pc), (1, R::F::one())]);
}

/// The machine goes to the next instruction.
#[inline(always)]
pub(crate) fn step_on<R: Row>(row: &mut R, enabled: R::F, pc: R::F, clock: R::F) {
    row.replace(enabled, Relation::State, &[pc, clock], &[(0, R::F::constant(4)), (1, R::F::one())]);
}

/// Reads a cell: uses its value as of `previous` and yields the same value as of `now`.
///
/// `now - previous - 1` is range checked below 2^16. Both are below 2^29 as integers (see the bridge component), so
/// `previous < now`: time only goes forward. Longer gaps are bridged.
#[inline(always)]
pub(crate) fn read<R: Row>(row: &mut R, multiplicity: R::F, cell: R::F, previous: R::F, now: R::F, value: [R::F; 2]) {
    row.replace(multiplicity, Relation::Memory, &[cell, previous, value[0], value[1]], &[(1, now - previous)]);
    row.lookup(multiplicity, Relation::Range16, &[now - previous - R::F::one()]);
}

/// Writes a cell: as [`read`], but yields the new value. The caller sees to it that new limbs are below 2^16.
#[inline(always)]
pub(crate) fn write<R: Row>(
    row: &mut R,
    multiplicity: R::F,
    cell: R::F,
    previous: R::F,
    now: R::F,
    [old, new]: [[R::F; 2]; 2],
) {
    let changes = [(1, now - previous), (2, new[0] - old[0]), (3, new[1] - old[1])];
    row.replace(multiplicity, Relation::Memory, &[cell, previous, old[0], old[1]], &changes);
    row.lookup(multiplicity, Relation::Range16, &[now - previous - R::F::one()]);
}
