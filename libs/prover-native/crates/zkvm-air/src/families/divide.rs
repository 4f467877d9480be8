//! DIV, DIVU, REM and REMU.

use super::multiply::{byte_column, word_column};
use super::{INVERSE_2_16, limbs, read, require_at_most, require_boolean, step_on, timestamp, write};
use crate::relation::Relation;
use crate::rom::operation;
use crate::row::{Element, Row, columns};
use num_traits::One;

columns! {
    DivideColumns {
        enabled,
        clock,
        pc,
        rd,
        rs1,
        rs2,
        /// Times of the previous accesses of rs1, rs2 and rd.
        previous[3],
        old[2],
        signed,
        is_remainder,
        a[2],
        b[2],
        /// Sign bits of a and b if signed, else zero.
        signs[2],
        divisor_is_zero,
        /// Inverse of b[0] + b[1] if that is not zero. If it is zero any value will do: nothing else depends on it.
        inverse,
        /// |a|
        dividend[2],
        dividend_carries[2],
        /// Bytes of |b|
        divisor[4],
        divisor_carries[2],
        /// Bytes of |a| / |b|
        quotient[4],
        /// |a| mod |b|
        remainder[2],
        product_carry,
        /// Low limb of |b| - remainder - 1
        gap_low,
        result_sign,
        result[2],
        result_carries[2],
    }
}

/// magnitude = sign ? 2^32 - word : word, where all limbs are below 2^16.
///
/// Written as magnitude - word + 2 sign word + carry in = 2^16 carry out. Bound: 3 * 2^16. Without sign the left side
/// lies in -2^16 .. 2^16, so carries are zero and the limbs equal; with sign it is magnitude + word + carry in.
/// The relation is symmetric in magnitude and word.
#[inline(always)]
fn require_magnitude<R: Row>(row: &mut R, word: [R::F; 2], sign: R::F, magnitude: [R::F; 2], carries: [R::F; 2]) {
    require_boolean(row, carries[0]);
    require_boolean(row, carries[1]);
    row.require_zero(magnitude[0] - word[0] + sign * word[0].times(2) - carries[0].times(1 << 16));
    row.require_zero(magnitude[1] - word[1] + sign * word[1].times(2) + carries[0] - carries[1].times(1 << 16));
}

/// Division of magnitudes, |a| = quotient * |b| + remainder with remainder < |b|; then signs are put back: the
/// remainder has that of a, the quotient that of a times b. -2^31 / -1 needs no special case: 2^31 is its own negative.
/// For b = 0 the identity makes the remainder |a|, so REM gives a; DIV is demanded to give -1.
#[inline(always)]
pub fn divide<R: Row>(row: &mut R) {
    let c = DivideColumns::read(row);
    for flag in [c.enabled, c.signed, c.is_remainder, c.signs[0], c.signs[1], c.divisor_is_zero] {
        require_boolean(row, flag);
    }
    require_at_most(row, c.signed, c.enabled);
    require_at_most(row, c.signs[0], c.signed);
    require_at_most(row, c.signs[1], c.signed);
    // As for branches; the sum of two limbs is below 2^17.
    let limb_sum = c.b[0] + c.b[1];
    row.require_zero(limb_sum * c.divisor_is_zero);
    row.require_zero(limb_sum * c.inverse - c.enabled + c.divisor_is_zero);

    let divisor = limbs(c.divisor);
    require_magnitude(row, c.a, c.signs[0], c.dividend, c.dividend_carries);
    require_magnitude(row, c.b, c.signs[1], divisor, c.divisor_carries);

    // quotient * divisor + remainder = dividend. Bounds: left at most 255^2 (3 + 4 * 256) + 2^14 + 2^16 < 2^27 and at
    // least -2^16; right below 2^30 by the carry's range check. The columns that would overflow 32 bits are sums of
    // products of bytes, below 2^26: they are zero only if each product is.
    row.require_zero(
        word_column(&c.quotient, &c.divisor, 0) + c.remainder[0] - c.dividend[0] - c.product_carry.times(1 << 16),
    );
    row.require_zero(word_column(&c.quotient, &c.divisor, 1) + c.product_carry + c.remainder[1] - c.dividend[1]);
    row.require_zero(word_column(&c.quotient, &c.divisor, 2) + byte_column(&c.quotient, &c.divisor, 6));

    // divisor - remainder - 1 >= 0 unless the divisor is zero. Bound: 3 * 2^16.
    let borrow = (c.gap_low - divisor[0] + c.remainder[0] + c.enabled).times(INVERSE_2_16);
    require_boolean(row, borrow);
    let gap_high = divisor[1] - c.remainder[1] - borrow;
    let divisor_not_zero = c.enabled - c.divisor_is_zero;
    row.lookup(divisor_not_zero, Relation::Range16, &[c.gap_low]);
    row.lookup(divisor_not_zero, Relation::Range16, &[gap_high]);

    // Sign of the quotient: sign(a) XOR sign(b); of the remainder: sign(a).
    let quotient_sign = c.signs[0] + c.signs[1] - c.signs[0] * c.signs[1].times(2);
    row.require_zero(c.result_sign - quotient_sign - c.is_remainder * (c.signs[0] - quotient_sign));
    let quotient = limbs(c.quotient);
    let magnitude = std::array::from_fn(|i| quotient[i] + c.is_remainder * (c.remainder[i] - quotient[i]));
    require_magnitude(row, c.result, c.result_sign, magnitude, c.result_carries);
    for limb in c.result {
        let is_zero_quotient = c.divisor_is_zero * (R::F::one() - c.is_remainder);
        row.require_zero(is_zero_quotient * (limb - R::F::constant(0xffff)));
    }

    step_on(row, c.enabled, c.pc, c.clock);
    let operation = R::F::constant(operation::DIVIDE)
        + c.signed.times(operation::DIVIDE_SIGNED)
        + c.is_remainder.times(operation::DIVIDE_REMAINDER);
    row.lookup(c.enabled, Relation::Rom, &[c.pc, operation, c.rd, c.rs1, c.rs2]);
    let now = timestamp(c.clock);
    read(row, c.enabled, c.rs1, c.previous[0], now, c.a);
    read(row, c.enabled, c.rs2, c.previous[1], now + R::F::one(), c.b);
    write(row, c.enabled, c.rd, c.previous[2], now + R::F::constant(3), [c.old, c.result]);
    // The true sign is the only one for which this is in range, see `compare`.
    row.lookup(c.signed, Relation::Range16, &[(c.a[1] - c.signs[0].times(1 << 15)).times(2)]);
    row.lookup(c.signed, Relation::Range16, &[(c.b[1] - c.signs[1].times(1 << 15)).times(2)]);
    for limb in c.dividend.into_iter().chain(c.remainder).chain(c.result) {
        row.lookup(c.enabled, Relation::Range16, &[limb]);
    }
    row.lookup(c.enabled, Relation::Range14, &[c.product_carry]);
    for i in 0..2 {
        row.lookup(c.enabled, Relation::BytePair, &c.divisor[2 * i..2 * i + 2]);
        row.lookup(c.enabled, Relation::BytePair, &c.quotient[2 * i..2 * i + 2]);
    }
}
