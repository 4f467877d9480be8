//! Instructions whose result the program alone decides, and jumps.

use super::{INVERSE_2_16, read, require_boolean, step, timestamp, write};
use crate::relation::Relation;
use crate::rom::operation;
use crate::row::{Element, Row, columns};

columns! {
    /// LUI, AUIPC, JAL and `addi rd, x0, immediate`: result and next pc come from the Rom tuple.
    ConstantColumns {
        enabled,
        clock,
        pc,
        rd,
        result[2],
        next_pc,
        /// Time of the previous access of rd.
        previous,
        old[2],
    }
}

#[inline(always)]
pub fn constant<R: Row>(row: &mut R) {
    let c = ConstantColumns::read(row);
    require_boolean(row, c.enabled);
    step(row, c.enabled, c.pc, c.clock, c.next_pc);
    let operation = R::F::constant(operation::CONSTANT);
    row.lookup(c.enabled, Relation::Rom, &[c.pc, operation, c.rd, c.result[0], c.result[1], c.next_pc]);
    write(row, c.enabled, c.rd, c.previous, timestamp(c.clock) + R::F::constant(3), [c.old, c.result]);
}

columns! {
    /// JAL without link, FENCE, and whatever else only writes a constant to x0.
    JumpColumns {
        enabled,
        clock,
        pc,
        next_pc,
    }
}

#[inline(always)]
pub fn jump<R: Row>(row: &mut R) {
    let c = JumpColumns::read(row);
    require_boolean(row, c.enabled);
    step(row, c.enabled, c.pc, c.clock, c.next_pc);
    row.lookup(c.enabled, Relation::Rom, &[c.pc, R::F::constant(operation::JUMP), c.next_pc]);
}

columns! {
    /// `jalr rd, immediate(rs1)`
    JumpRegisterColumns {
        enabled,
        clock,
        pc,
        rd,
        rs1,
        immediate[2],
        /// pc + 4, from the Rom tuple.
        link[2],
        /// Times of the previous accesses of rs1 and rd.
        previous[2],
        a[2],
        old[2],
        target[2],
        /// The sum's bit 0, which the target drops.
        dropped_bit,
    }
}

/// a + immediate = target + dropped_bit mod 2^32. Bound: 2^17 in each limb.
///
/// The target is range checked to 16 and 14 bits, so it is below 2^30 and the field element low + 2^16 high stands for
/// one integer only (with 16 bits, V and V - p would be one). That it is a multiple of four, and so that exactly bit 0
/// was dropped, follows from the next step, which needs a Rom tuple with that pc.
#[inline(always)]
pub fn jump_register<R: Row>(row: &mut R) {
    let c = JumpRegisterColumns::read(row);
    require_boolean(row, c.enabled);
    require_boolean(row, c.dropped_bit);
    let carry_low = (c.a[0] + c.immediate[0] - c.target[0] - c.dropped_bit).times(INVERSE_2_16);
    require_boolean(row, carry_low);
    let carry_high = (c.a[1] + c.immediate[1] + carry_low - c.target[1]).times(INVERSE_2_16);
    require_boolean(row, carry_high);
    step(row, c.enabled, c.pc, c.clock, c.target[0] + c.target[1].times(1 << 16));
    let operation = R::F::constant(operation::JUMP_REGISTER);
    row.lookup(
        c.enabled,
        Relation::Rom,
        &[c.pc, operation, c.rd, c.rs1, c.immediate[0], c.immediate[1], c.link[0], c.link[1]],
    );
    let now = timestamp(c.clock);
    read(row, c.enabled, c.rs1, c.previous[0], now, c.a);
    write(row, c.enabled, c.rd, c.previous[1], now + R::F::constant(3), [c.old, c.link]);
    row.lookup(c.enabled, Relation::Range16, &[c.target[0]]);
    row.lookup(c.enabled, Relation::Range14, &[c.target[1]]);
}
