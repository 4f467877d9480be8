//! Loads and stores. Memory is addressed by word; bytes and halves are parts of a word read and written as a whole.

use super::{INVERSE_2_16, read, require_at_most, require_boolean, step_on, timestamp, write};
use crate::WORD_OFFSET;
use crate::relation::Relation;
use crate::rom::operation;
use crate::row::{Element, Row, columns};
use num_traits::{One, Zero};

/// base + immediate = 4 quarter + offset + 2^16 high mod 2^32. Bound: 2^17 in each limb.
///
/// `quarter` and `high` are range checked to 14 bits, so the address is below 2^30 and its word cell
/// quarter + 2^14 high + WORD_OFFSET below 2^28 + WORD_OFFSET: no two addresses share a field element and none is a
/// register's. For word accesses the offset is zero, which makes misaligned addresses unprovable.
#[inline(always)]
fn word_cell<R: Row>(
    row: &mut R,
    enabled: R::F,
    base: [R::F; 2],
    immediate: [R::F; 2],
    [quarter, high]: [R::F; 2],
    offset: R::F,
) -> R::F {
    let carry_low = (base[0] + immediate[0] - quarter.times(4) - offset).times(INVERSE_2_16);
    require_boolean(row, carry_low);
    let carry_high = (base[1] + immediate[1] + carry_low - high).times(INVERSE_2_16);
    require_boolean(row, carry_high);
    row.lookup(enabled, Relation::Range14, &[quarter]);
    row.lookup(enabled, Relation::Range14, &[high]);
    quarter + high.times(1 << 14) + R::F::constant(WORD_OFFSET)
}

columns! {
    /// `lw register, immediate(rs1)` and `sw register, immediate(rs1)`
    WordColumns {
        enabled,
        clock,
        pc,
        rs1,
        register,
        immediate[2],
        is_store,
        /// Times of the previous accesses of rs1, the memory word and the register.
        previous[3],
        base[2],
        /// (address mod 2^16) / 4 and address / 2^16.
        address[2],
        /// Register before.
        register_old[2],
        /// Memory before.
        memory_old[2],
        /// Memory and register after: the one that is read.
        value[2],
    }
}

/// After a load both hold what memory held, after a store what the register held: one row shape for both.
#[inline(always)]
pub fn word<R: Row>(row: &mut R) {
    let c = WordColumns::read(row);
    require_boolean(row, c.enabled);
    require_boolean(row, c.is_store);
    require_at_most(row, c.is_store, c.enabled);
    let cell = word_cell(row, c.enabled, c.base, c.immediate, c.address, R::F::zero());
    for i in 0..2 {
        row.require_zero(c.value[i] - c.memory_old[i] - c.is_store * (c.register_old[i] - c.memory_old[i]));
    }
    step_on(row, c.enabled, c.pc, c.clock);
    let operation = R::F::constant(operation::WORD) + c.is_store;
    row.lookup(c.enabled, Relation::Rom, &[c.pc, operation, c.register, c.rs1, c.immediate[0], c.immediate[1]]);
    let now = timestamp(c.clock);
    read(row, c.enabled, c.rs1, c.previous[0], now, c.base);
    write(row, c.enabled, cell, c.previous[1], now + R::F::constant(2), [c.memory_old, c.value]);
    write(row, c.enabled, c.register, c.previous[2], now + R::F::constant(3), [c.register_old, c.value]);
}

columns! {
    /// `lb`, `lbu`, `lh` and `lhu`
    LoadNarrowColumns {
        enabled,
        clock,
        pc,
        rs1,
        rd,
        immediate[2],
        is_half,
        signed,
        /// Times of the previous accesses of rs1, the memory word and rd.
        previous[3],
        base[2],
        /// (address mod 2^16) / 4 and address / 2^16.
        address[2],
        /// Bits 0 and 1 of the address.
        offset[2],
        memory[2],
        /// Bytes of the half that the address selects.
        bytes[2],
        /// The byte that bit 0 selects.
        byte,
        /// The byte with the sign bit.
        top,
        /// The sign bit if signed, else zero.
        sign,
        result[2],
        old[2],
    }
}

#[inline(always)]
pub fn load_narrow<R: Row>(row: &mut R) {
    let c = LoadNarrowColumns::read(row);
    for flag in [c.enabled, c.is_half, c.signed, c.offset[0], c.offset[1], c.sign] {
        require_boolean(row, flag);
    }
    require_at_most(row, c.signed, c.enabled);
    require_at_most(row, c.sign, c.signed);
    // Halves lie at even addresses.
    row.require_zero(c.offset[0] * c.is_half);
    let offset = c.offset[0] + c.offset[1].times(2);
    let cell = word_cell(row, c.enabled, c.base, c.immediate, c.address, offset);
    let half = c.bytes[0] + c.bytes[1].times(256);
    // Bound: 2^16 on both sides, the bytes being bytes by the lookup below.
    row.require_zero(half - c.memory[0] - c.offset[1] * (c.memory[1] - c.memory[0]));
    row.require_zero(c.byte - c.bytes[0] - c.offset[0] * (c.bytes[1] - c.bytes[0]));
    row.require_zero(c.top - c.byte - c.is_half * (c.bytes[1] - c.byte));
    // byte + sign 0xff00, or the half. Bound: 2^16.
    let extended_byte = c.byte + c.sign.times(0xff00);
    row.require_zero(c.result[0] - extended_byte - c.is_half * (half - extended_byte));
    row.require_zero(c.result[1] - c.sign.times(0xffff));
    step_on(row, c.enabled, c.pc, c.clock);
    let operation = R::F::constant(operation::LOAD_NARROW)
        + c.is_half.times(operation::LOAD_HALF)
        + c.signed.times(operation::LOAD_SIGNED);
    row.lookup(c.enabled, Relation::Rom, &[c.pc, operation, c.rd, c.rs1, c.immediate[0], c.immediate[1]]);
    let now = timestamp(c.clock);
    read(row, c.enabled, c.rs1, c.previous[0], now, c.base);
    read(row, c.enabled, cell, c.previous[1], now + R::F::constant(2), c.memory);
    write(row, c.enabled, c.rd, c.previous[2], now + R::F::constant(3), [c.old, c.result]);
    row.lookup(c.enabled, Relation::BytePair, &[c.bytes[0], c.bytes[1]]);
    // 2 (top - 128 sign) is a byte only for the true sign, top being a byte: it is one of two bytes.
    row.lookup(c.signed, Relation::BytePair, &[(c.top - c.sign.times(128)).times(2)]);
}

columns! {
    /// `sb` and `sh`
    StoreNarrowColumns {
        enabled,
        clock,
        pc,
        rs1,
        rs2,
        immediate[2],
        is_half,
        /// Times of the previous accesses of rs1, rs2 and the memory word.
        previous[3],
        base[2],
        /// (address mod 2^16) / 4 and address / 2^16.
        address[2],
        /// Bits 0 and 1 of the address.
        offset[2],
        memory_old[2],
        /// The register stored.
        stored[2],
        /// Bytes of its low limb.
        stored_bytes[2],
        /// Bytes of the half that the address selects, before.
        bytes[2],
        /// That half after.
        half_new,
        memory_new[2],
    }
}

#[inline(always)]
pub fn store_narrow<R: Row>(row: &mut R) {
    let c = StoreNarrowColumns::read(row);
    for flag in [c.enabled, c.is_half, c.offset[0], c.offset[1]] {
        require_boolean(row, flag);
    }
    // Halves lie at even addresses.
    row.require_zero(c.offset[0] * c.is_half);
    let offset = c.offset[0] + c.offset[1].times(2);
    let cell = word_cell(row, c.enabled, c.base, c.immediate, c.address, offset);
    // Bounds of all that follows: 2^16, the bytes being bytes by the lookups below.
    row.require_zero(c.stored_bytes[0] + c.stored_bytes[1].times(256) - c.stored[0]);
    let half_old = c.bytes[0] + c.bytes[1].times(256);
    row.require_zero(half_old - c.memory_old[0] - c.offset[1] * (c.memory_old[1] - c.memory_old[0]));
    let in_low_byte = c.stored_bytes[0] + c.bytes[1].times(256);
    let in_high_byte = c.bytes[0] + c.stored_bytes[0].times(256);
    let with_byte = in_low_byte + c.offset[0] * (in_high_byte - in_low_byte);
    row.require_zero(c.half_new - with_byte - c.is_half * (c.stored[0] - with_byte));
    row.require_zero(c.memory_new[0] - c.half_new - c.offset[1] * (c.memory_old[0] - c.half_new));
    row.require_zero(c.memory_new[1] - c.memory_old[1] - c.offset[1] * (c.half_new - c.memory_old[1]));
    step_on(row, c.enabled, c.pc, c.clock);
    let operation = R::F::constant(operation::STORE_NARROW) + c.is_half;
    row.lookup(c.enabled, Relation::Rom, &[c.pc, operation, c.rs2, c.rs1, c.immediate[0], c.immediate[1]]);
    let now = timestamp(c.clock);
    read(row, c.enabled, c.rs1, c.previous[0], now, c.base);
    read(row, c.enabled, c.rs2, c.previous[1], now + R::F::one(), c.stored);
    write(row, c.enabled, cell, c.previous[2], now + R::F::constant(2), [c.memory_old, c.memory_new]);
    row.lookup(c.enabled, Relation::BytePair, &c.stored_bytes);
    row.lookup(c.enabled, Relation::BytePair, &c.bytes);
}
