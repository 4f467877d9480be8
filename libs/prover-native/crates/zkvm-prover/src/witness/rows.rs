//! Rows of the instruction families that need more than copying.

use provefleet_zkvm_air::families::bitwise::BitwiseColumns;
use provefleet_zkvm_air::families::branch::BranchLessColumns;
use provefleet_zkvm_air::families::compare::CompareColumns;
use provefleet_zkvm_air::families::divide::DivideColumns;
use provefleet_zkvm_air::families::load_store::{LoadNarrowColumns, StoreNarrowColumns, WordColumns};
use provefleet_zkvm_air::families::multiply::{MultiplyColumns, MultiplyHighColumns};
use provefleet_zkvm_air::families::shift::ShiftColumns;
use provefleet_zkvm_air::kind::Kind;
use provefleet_zkvm_air::rom::{Lowered, operation};
use provefleet_zkvm_air::word_limbs;
use provefleet_zkvm_core::{MemoryAccess, Step};

use super::Recorder;

fn bytes(word: u32) -> [u32; 4] {
    word.to_le_bytes().map(u32::from)
}

/// Sum of 256^i times byte products at two positions, as the multiplication constraints have it.
fn word_column(a: [u32; 4], b: [u32; 4], position: usize) -> u32 {
    let column = |k: usize| -> u32 { (0..4).filter(|&i| k >= i && k - i < 4).map(|i| a[i] * b[k - i]).sum() };
    column(2 * position) + if position < 3 { 256 * column(2 * position + 1) } else { 0 }
}

impl Recorder<'_> {
    /// Counts the check of a sign bit by 2 (limb - 2^15 sign).
    fn sign_limb(&mut self, word: u32) {
        self.multiplicities.range_16(2 * ((word >> 16) & 0x7fff));
    }

    /// Counts the check of a sign bit by 2 (byte - 128 sign).
    fn sign_byte(&mut self, byte: u32) {
        self.multiplicities.byte_pair(2 * (byte & 0x7f), 0);
    }

    pub(super) fn compare(&mut self, step: &Step, lowered: &Lowered) {
        let [pc, op, rd, rs1, rs2, low, high, _] = lowered.tuple;
        let flags = op - operation::COMPARE;
        let is_immediate = flags / operation::IMMEDIATE;
        let is_subtraction = flags & operation::COMPARE_SUBTRACT;
        let signed = (flags & operation::COMPARE_SIGNED) / operation::COMPARE_SIGNED;
        let a = step.rs1_value;
        let b = if is_immediate == 1 { low | high << 16 } else { step.rs2_value };
        let difference = a.wrapping_sub(b);
        let now = 4 * self.clock;
        let previous_1 = self.register(rs1, now);
        let previous_2 = if is_immediate == 1 { 0 } else { self.register(rs2, now + 1) };
        let (previous_d, old) = self.write_register(rd, now + 3, step.result);
        let signs = if signed == 1 { [a >> 31, b >> 31] } else { [0, 0] };
        self.multiplicities.range_16_limbs(difference);
        if signed == 1 {
            self.sign_limb(a);
            self.sign_limb(b);
        }
        let row = CompareColumns {
            enabled: 1,
            clock: self.clock,
            pc,
            rd,
            rs1,
            rs2,
            immediate: [low, high],
            is_immediate,
            is_subtraction,
            signed,
            previous: [previous_1, previous_2, previous_d],
            a: word_limbs(a),
            b: word_limbs(b),
            old,
            difference: word_limbs(difference),
            signs,
            result: word_limbs(step.result),
        };
        row.write(self.rows(Kind::Compare));
    }

    pub(super) fn bitwise(&mut self, step: &Step, lowered: &Lowered) {
        let [pc, op, rd, rs1, rs2, low, high, _] = lowered.tuple;
        let flags = op - operation::BITWISE;
        let is_immediate = flags / operation::IMMEDIATE;
        let a = step.rs1_value;
        let b = if is_immediate == 1 { low | high << 16 } else { step.rs2_value };
        let now = 4 * self.clock;
        let previous_1 = self.register(rs1, now);
        let previous_2 = if is_immediate == 1 { 0 } else { self.register(rs2, now + 1) };
        let (previous_d, old) = self.write_register(rd, now + 3, step.result);
        let (a, b, and) = (bytes(a), bytes(b), bytes(a & b));
        for i in 0..4 {
            self.multiplicities.and[(a[i] * 256 + b[i]) as usize] += 1;
        }
        let row = BitwiseColumns {
            enabled: 1,
            clock: self.clock,
            pc,
            rd,
            rs1,
            rs2,
            is_immediate,
            is_or: flags & operation::BITWISE_OR,
            is_xor: (flags & operation::BITWISE_XOR) / operation::BITWISE_XOR,
            immediate: [low, high],
            previous: [previous_1, previous_2, previous_d],
            old,
            a,
            b,
            and,
            result: word_limbs(step.result),
        };
        row.write(self.rows(Kind::Bitwise));
    }

    pub(super) fn shift(&mut self, step: &Step, lowered: &Lowered) {
        let [pc, op, rd, rs1, rs2, immediate, ..] = lowered.tuple;
        let flags = op - operation::SHIFT;
        let is_immediate = flags / operation::IMMEDIATE;
        let is_right = flags & operation::SHIFT_RIGHT;
        let is_arithmetic = (flags & operation::SHIFT_ARITHMETIC) / operation::SHIFT_ARITHMETIC;
        let a = step.rs1_value;
        let b = if is_immediate == 1 { immediate } else { step.rs2_value };
        let now = 4 * self.clock;
        let previous_1 = self.register(rs1, now);
        let previous_2 = if is_immediate == 1 { 0 } else { self.register(rs2, now + 1) };
        let (previous_d, old) = self.write_register(rd, now + 3, step.result);
        let (bits, whole, rest) = (b & 7, b >> 3 & 3, (b & 0xffff) >> 5);
        let byte_shift = if is_right == 1 { 8 - bits } else { bits };
        let sign = if is_arithmetic == 1 { a >> 31 } else { 0 };
        let fill = 255 * sign;
        let a = bytes(a);
        let shifted_bytes = [a[0], a[1], a[2], a[3], fill].map(|byte| byte << byte_shift);
        let (low, high) = (shifted_bytes.map(|x| x & 255), shifted_bytes.map(|x| x >> 8));
        let shifted = std::array::from_fn(|i| match (is_right, i) {
            (1, _) => high[i] + low[i + 1],
            (_, 0) => low[0],
            _ => low[i] + high[i - 1],
        });
        for byte in a.into_iter().chain([fill]) {
            self.multiplicities.byte_shift(byte, byte_shift);
        }
        if is_arithmetic == 1 {
            self.multiplicities.byte_shift(a[3], 1);
        }
        self.multiplicities.byte_shift(32 * bits, 0);
        self.multiplicities.range_16(rest);
        let row = ShiftColumns {
            enabled: 1,
            clock: self.clock,
            pc,
            rd,
            rs1,
            rs2,
            is_immediate,
            immediate,
            is_right,
            is_arithmetic,
            previous: [previous_1, previous_2, previous_d],
            b: word_limbs(b),
            bits,
            byte_shift,
            whole: [1, 2, 3].map(|bytes| u32::from(whole == bytes)),
            rest,
            sign,
            old,
            a,
            low,
            high,
            shifted,
            result: word_limbs(step.result),
            fill,
        };
        row.write(self.rows(Kind::Shift));
    }

    pub(super) fn branch_less(&mut self, step: &Step, lowered: &Lowered) {
        let [pc, op, rs1, rs2, target, ..] = lowered.tuple;
        let flags = op - operation::BRANCH_LESS;
        let signed = (flags & operation::BRANCH_SIGNED) / operation::BRANCH_SIGNED;
        let (a, b) = (step.rs1_value, step.rs2_value);
        let difference = a.wrapping_sub(b);
        let now = 4 * self.clock;
        let previous = [self.register(rs1, now), self.register(rs2, now + 1)];
        self.multiplicities.range_16_limbs(difference);
        if signed == 1 {
            self.sign_limb(a);
            self.sign_limb(b);
        }
        let row = BranchLessColumns {
            enabled: 1,
            clock: self.clock,
            pc,
            rs1,
            rs2,
            target,
            previous,
            a: word_limbs(a),
            b: word_limbs(b),
            difference: word_limbs(difference),
            signs: if signed == 1 { [a >> 31, b >> 31] } else { [0, 0] },
            signed,
            is_greater_equal: flags & operation::BRANCH_GREATER_EQUAL,
            next_pc: step.next_pc,
        };
        row.write(self.rows(Kind::BranchLess));
    }

    /// Splits an address as the constraints want it and counts its range checks.
    #[inline(always)]
    fn address(&mut self, address: u32) -> [u32; 2] {
        let parts = [(address & 0xffff) >> 2, address >> 16];
        self.multiplicities.range_14(parts[0]);
        self.multiplicities.range_14(parts[1]);
        parts
    }

    pub(super) fn word(&mut self, step: &Step, lowered: &Lowered, access: &MemoryAccess) {
        let [pc, op, register, rs1, low, high, ..] = lowered.tuple;
        let now = 4 * self.clock;
        let previous_1 = self.register(rs1, now);
        let previous_m = self.memory(access, now + 2);
        let (previous_r, register_old) = self.write_register(register, now + 3, access.after);
        let address = self.address(access.address);
        let row = WordColumns {
            enabled: 1,
            clock: self.clock,
            pc,
            rs1,
            register,
            immediate: [low, high],
            is_store: op - operation::WORD,
            previous: [previous_1, previous_m, previous_r],
            base: word_limbs(step.rs1_value),
            address,
            register_old,
            memory_old: word_limbs(access.before),
            value: word_limbs(access.after),
        };
        row.write(self.rows(Kind::Word));
    }

    pub(super) fn load_narrow(&mut self, step: &Step, lowered: &Lowered, access: &MemoryAccess) {
        let [pc, op, rd, rs1, low, high, ..] = lowered.tuple;
        let flags = op - operation::LOAD_NARROW;
        let is_half = flags & operation::LOAD_HALF;
        let signed = (flags & operation::LOAD_SIGNED) / operation::LOAD_SIGNED;
        let now = 4 * self.clock;
        let previous_1 = self.register(rs1, now);
        let previous_m = self.memory(access, now + 2);
        let (previous_d, old) = self.write_register(rd, now + 3, step.result);
        let address = self.address(access.address);
        let offset = [access.address & 1, access.address >> 1 & 1];
        let half = word_limbs(access.before)[offset[1] as usize];
        let half_bytes = [half & 255, half >> 8];
        let byte = half_bytes[offset[0] as usize];
        let top = if is_half == 1 { half_bytes[1] } else { byte };
        self.multiplicities.byte_pair(half_bytes[0], half_bytes[1]);
        if signed == 1 {
            self.sign_byte(top);
        }
        let row = LoadNarrowColumns {
            enabled: 1,
            clock: self.clock,
            pc,
            rs1,
            rd,
            immediate: [low, high],
            is_half,
            signed,
            previous: [previous_1, previous_m, previous_d],
            base: word_limbs(step.rs1_value),
            address,
            offset,
            memory: word_limbs(access.before),
            bytes: half_bytes,
            byte,
            top,
            sign: signed * (top >> 7),
            result: word_limbs(step.result),
            old,
        };
        row.write(self.rows(Kind::LoadNarrow));
    }

    pub(super) fn store_narrow(&mut self, step: &Step, lowered: &Lowered, access: &MemoryAccess) {
        let [pc, op, rs2, rs1, low, high, ..] = lowered.tuple;
        let now = 4 * self.clock;
        let previous_1 = self.register(rs1, now);
        let previous_2 = self.register(rs2, now + 1);
        let previous_m = self.memory(access, now + 2);
        let address = self.address(access.address);
        let offset = [access.address & 1, access.address >> 1 & 1];
        let half = word_limbs(access.before)[offset[1] as usize];
        let half_bytes = [half & 255, half >> 8];
        let stored = word_limbs(step.rs2_value);
        let stored_bytes = [stored[0] & 255, stored[0] >> 8];
        self.multiplicities.byte_pair(stored_bytes[0], stored_bytes[1]);
        self.multiplicities.byte_pair(half_bytes[0], half_bytes[1]);
        let memory_new = word_limbs(access.after);
        let row = StoreNarrowColumns {
            enabled: 1,
            clock: self.clock,
            pc,
            rs1,
            rs2,
            immediate: [low, high],
            is_half: op - operation::STORE_NARROW,
            previous: [previous_1, previous_2, previous_m],
            base: word_limbs(step.rs1_value),
            address,
            offset,
            memory_old: word_limbs(access.before),
            stored,
            stored_bytes,
            bytes: half_bytes,
            half_new: memory_new[offset[1] as usize],
            memory_new,
        };
        row.write(self.rows(Kind::StoreNarrow));
    }

    /// Accesses the three registers of a register operation; returns the previous times and the old value of rd.
    pub(super) fn three_registers(&mut self, rd: u32, rs1: u32, rs2: u32, result: u32) -> ([u32; 3], [u32; 2]) {
        let now = 4 * self.clock;
        let previous_1 = self.register(rs1, now);
        let previous_2 = self.register(rs2, now + 1);
        let (previous_d, old) = self.write_register(rd, now + 3, result);
        ([previous_1, previous_2, previous_d], old)
    }

    pub(super) fn multiply(&mut self, step: &Step, lowered: &Lowered) {
        let [pc, _, rd, rs1, rs2, ..] = lowered.tuple;
        let (previous, old) = self.three_registers(rd, rs1, rs2, step.result);
        let (a, b) = (bytes(step.rs1_value), bytes(step.rs2_value));
        let low = word_column(a, b, 0) >> 16;
        let carries = [low, (word_column(a, b, 1) + low) >> 16];
        self.multiplicities.range_16_limbs(step.result);
        carries.into_iter().for_each(|carry| self.multiplicities.range_14(carry));
        self.multiplicities.byte_pairs(a);
        self.multiplicities.byte_pairs(b);
        let row = MultiplyColumns {
            enabled: 1,
            clock: self.clock,
            pc,
            rd,
            rs1,
            rs2,
            previous,
            old,
            a,
            b,
            result: word_limbs(step.result),
            carries,
        };
        row.write(self.rows(Kind::Multiply));
    }

    pub(super) fn multiply_high(&mut self, step: &Step, lowered: &Lowered) {
        let [pc, op, rd, rs1, rs2, ..] = lowered.tuple;
        let (previous, old) = self.three_registers(rd, rs1, rs2, step.result);
        let (a_word, b_word) = (step.rs1_value, step.rs2_value);
        let (a, b) = (bytes(a_word), bytes(b_word));
        let (a_signed, b_signed) =
            (u32::from(op > operation::MULTIPLY_HIGH), u32::from(op > operation::MULTIPLY_HIGH + 1));
        let signs = [a_signed * (a_word >> 31), b_signed * (b_word >> 31)];
        let mut carries = [0; 3];
        let mut product = [0; 4];
        let mut carry = 0;
        for i in 0..4 {
            let sum = word_column(a, b, i) + carry;
            (product[i], carry) = (sum & 0xffff, sum >> 16);
            if i < 3 {
                carries[i] = carry;
            }
        }
        let result = word_limbs(step.result);
        let corrected = |i: usize| result[i] + signs[0] * word_limbs(b_word)[i] + signs[1] * word_limbs(a_word)[i];
        let low = (corrected(0) - product[2]) >> 16;
        let correction = [low, (corrected(1) + low - product[3]) >> 16];
        for limb in product.into_iter().chain(result) {
            self.multiplicities.range_16(limb);
        }
        carries.into_iter().for_each(|carry| self.multiplicities.range_14(carry));
        self.multiplicities.byte_pairs(a);
        self.multiplicities.byte_pairs(b);
        if a_signed == 1 {
            self.sign_byte(a[3]);
        }
        if b_signed == 1 {
            self.sign_byte(b[3]);
        }
        let row = MultiplyHighColumns {
            enabled: 1,
            clock: self.clock,
            pc,
            rd,
            rs1,
            rs2,
            previous,
            old,
            a_signed,
            b_signed,
            signs,
            a,
            b,
            product,
            carries,
            correction,
            result,
        };
        row.write(self.rows(Kind::MultiplyHigh));
    }

    pub(super) fn divide(&mut self, step: &Step, lowered: &Lowered) {
        let [pc, op, rd, rs1, rs2, ..] = lowered.tuple;
        let flags = op - operation::DIVIDE;
        let signed = flags & operation::DIVIDE_SIGNED;
        let is_remainder = (flags & operation::DIVIDE_REMAINDER) / operation::DIVIDE_REMAINDER;
        let (previous, old) = self.three_registers(rd, rs1, rs2, step.result);
        let (a, b) = (step.rs1_value, step.rs2_value);
        let signs = [signed * (a >> 31), signed * (b >> 31)];
        let magnitude = |word: u32, sign: u32| if sign == 1 { word.wrapping_neg() } else { word };
        let (dividend, divisor) = (magnitude(a, signs[0]), magnitude(b, signs[1]));
        let result_sign = if is_remainder == 1 { signs[0] } else { signs[0] ^ signs[1] };
        // For a zero divisor the quotient is what makes DIV give -1.
        let (quotient, remainder) = match dividend.checked_div(divisor) {
            Some(quotient) => (quotient, dividend % divisor),
            None => (magnitude(u32::MAX, result_sign), dividend),
        };
        // Carries of word + magnitude = 2^32, if it was negated.
        let carries = |word: u32, sign: u32| {
            let low = sign * u32::from(word & 0xffff != 0);
            [low, sign * u32::from(word != 0)]
        };
        let (divisor_bytes, quotient_bytes) = (bytes(divisor), bytes(quotient));
        let low_sum = word_column(quotient_bytes, divisor_bytes, 0) + (remainder & 0xffff);
        let product_carry = (low_sum - (dividend & 0xffff)) >> 16;
        let gap_low = (divisor & 0xffff).wrapping_sub(remainder & 0xffff).wrapping_sub(1) & 0xffff;
        if signed == 1 {
            self.sign_limb(a);
            self.sign_limb(b);
        }
        if b != 0 {
            self.multiplicities.range_16(gap_low);
            self.multiplicities.range_16((divisor - remainder - 1) >> 16);
        }
        for word in [dividend, remainder, step.result] {
            self.multiplicities.range_16_limbs(word);
        }
        self.multiplicities.range_14(product_carry);
        self.multiplicities.byte_pairs(divisor_bytes);
        self.multiplicities.byte_pairs(quotient_bytes);
        let row = DivideColumns {
            enabled: 1,
            clock: self.clock,
            pc,
            rd,
            rs1,
            rs2,
            previous,
            old,
            signed,
            is_remainder,
            a: word_limbs(a),
            b: word_limbs(b),
            signs,
            divisor_is_zero: u32::from(b == 0),
            // Filled in when columns are made, many at a time.
            inverse: 0,
            dividend: word_limbs(dividend),
            dividend_carries: carries(a, signs[0]),
            divisor: divisor_bytes,
            divisor_carries: carries(b, signs[1]),
            quotient: quotient_bytes,
            remainder: word_limbs(remainder),
            product_carry,
            gap_low,
            result_sign,
            result: word_limbs(step.result),
            result_carries: carries(step.result, result_sign),
        };
        row.write(self.rows(Kind::Divide));
    }
}
