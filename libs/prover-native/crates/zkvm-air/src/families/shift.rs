//! SLL, SRL and SRA with register or immediate amount.

use super::{limbs, read, require_at_most, require_boolean, step_on, timestamp, write};
use crate::relation::Relation;
use crate::rom::operation;
use crate::row::{Element, Row, columns};
use num_traits::{One, Zero};

columns! {
    ShiftColumns {
        enabled,
        clock,
        pc,
        rd,
        rs1,
        /// Zero in the immediate forms.
        rs2,
        is_immediate,
        /// The amount in the immediate forms, else zero.
        immediate,
        is_right,
        is_arithmetic,
        /// Times of the previous accesses of rs1, rs2 (unused in immediate forms) and rd.
        previous[3],
        /// The word that holds the amount in its low five bits.
        b[2],
        /// Low three bits of the amount.
        bits,
        /// What the bytes are multiplied by: 2^bits to the left; to the right 2^(8 - bits), a byte further.
        byte_shift,
        /// One-hot: the amount's whole bytes are 1, 2 or 3; all zero: 0.
        whole[3],
        /// Upper eleven bits of b[0].
        rest,
        /// Sign bit of the operand for SRA, else zero.
        sign,
        old[2],
        /// Bytes of the operand.
        a[4],
        /// Shifted bytes: a[i] << byte_shift = low[i] + 256 high[i]; the fifth is the fill byte.
        low[5],
        high[5],
        /// The operand shifted by `bits` in the wanted direction.
        shifted[4],
        result[2],
        /// 255 if `sign`, else 0: what SRA moves in.
        fill,
    }
}

/// The amount is 8 whole + bits. The operand is shifted by `bits` with a table on bytes (a right shift by s is a left
/// shift by 8 - s seen one byte lower), then by whole bytes.
#[inline(always)]
pub fn shift<R: Row>(row: &mut R) {
    let c = ShiftColumns::read(row);
    for flag in [c.enabled, c.is_immediate, c.is_right, c.is_arithmetic, c.whole[0], c.whole[1], c.whole[2], c.sign] {
        require_boolean(row, flag);
    }
    let whole_zero = R::F::one() - c.whole[0] - c.whole[1] - c.whole[2];
    require_boolean(row, whole_zero);
    require_at_most(row, c.is_immediate, c.enabled);
    require_at_most(row, c.is_arithmetic, c.enabled);
    require_at_most(row, c.is_arithmetic, c.is_right);
    require_at_most(row, c.sign, c.is_arithmetic);
    row.require_zero(c.fill - c.sign.times(255));
    row.require_zero(c.immediate - c.is_immediate * c.b[0]);
    row.require_zero(c.is_immediate * c.b[1]);
    // Bound: both sides below 2^22, as bits < 8 (below), whole <= 3 and rest < 2^16. Since b[0] < 2^16, rest < 2^11.
    let amount = c.bits + c.whole[0].times(8) + c.whole[1].times(16) + c.whole[2].times(24);
    row.require_zero(c.b[0] - amount - c.rest.times(32));
    // byte_shift = bits or 8 - bits, in 0..=8.
    row.require_zero(c.byte_shift - c.bits - c.is_right * (R::F::constant(8) - c.bits.times(2)));
    for i in 0..4 {
        // Bound: below 2^9; the two parts share no bit, so `shifted` is a byte.
        let left = if i == 0 { c.low[0] } else { c.low[i] + c.high[i - 1] };
        let right = c.high[i] + c.low[i + 1];
        row.require_zero(c.shifted[i] - left - c.is_right * (right - left));
    }
    let whole = [whole_zero, c.whole[0], c.whole[1], c.whole[2]];
    let output_byte = |i: usize| {
        let (mut left, mut right) = (c.shifted[i] * whole[0], c.shifted[i] * whole[0]);
        for (distance, &selected) in whole.iter().enumerate().skip(1) {
            if i >= distance {
                left = left + c.shifted[i - distance] * selected;
            }
            right = right + if i + distance < 4 { c.shifted[i + distance] } else { c.fill } * selected;
        }
        left + c.is_right * (right - left)
    };
    row.require_zero(c.result[0] - output_byte(0) - output_byte(1).times(256));
    row.require_zero(c.result[1] - output_byte(2) - output_byte(3).times(256));
    step_on(row, c.enabled, c.pc, c.clock);
    let operation = R::F::constant(operation::SHIFT)
        + c.is_right.times(operation::SHIFT_RIGHT)
        + c.is_arithmetic.times(operation::SHIFT_ARITHMETIC)
        + c.is_immediate.times(operation::IMMEDIATE);
    row.lookup(c.enabled, Relation::Rom, &[c.pc, operation, c.rd, c.rs1, c.rs2, c.immediate]);
    let now = timestamp(c.clock);
    read(row, c.enabled, c.rs1, c.previous[0], now, limbs(c.a));
    read(row, c.enabled - c.is_immediate, c.rs2, c.previous[1], now + R::F::one(), c.b);
    write(row, c.enabled, c.rd, c.previous[2], now + R::F::constant(3), [c.old, c.result]);
    for i in 0..4 {
        row.lookup(c.enabled, Relation::ByteShift, &[c.a[i], c.byte_shift, c.low[i], c.high[i]]);
    }
    row.lookup(c.enabled, Relation::ByteShift, &[c.fill, c.byte_shift, c.low[4], c.high[4]]);
    // The sign is the bit shifted out of the top byte.
    let without_sign = c.a[3].times(2) - c.sign.times(256);
    row.lookup(c.is_arithmetic, Relation::ByteShift, &[c.a[3], R::F::one(), without_sign, c.sign]);
    // bits < 8: 32 bits must be a byte. Otherwise an amount of 32 could pose as whole = 3, bits = 8.
    let byte = c.bits.times(32);
    row.lookup(c.enabled, Relation::ByteShift, &[byte, R::F::zero(), byte, R::F::zero()]);
    row.lookup(c.enabled, Relation::Range16, &[c.rest]);
}
