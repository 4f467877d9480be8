//! From a run to the rows of its components.

use provefleet_zkvm_air::claim::{FinalCell, MachineClaim, MemoryClaim};
use provefleet_zkvm_air::component::Kind;
use provefleet_zkvm_air::families::arithmetic::{AddColumns, AddImmediateColumns, MoveColumns};
use provefleet_zkvm_air::families::bitwise::BitwiseColumns;
use provefleet_zkvm_air::families::branch::{BranchEqualColumns, BranchLessColumns, BranchZeroColumns};
use provefleet_zkvm_air::families::compare::CompareColumns;
use provefleet_zkvm_air::families::divide::DivideColumns;
use provefleet_zkvm_air::families::jump::{ConstantColumns, JumpColumns, JumpRegisterColumns};
use provefleet_zkvm_air::families::load_store::{LoadNarrowColumns, StoreNarrowColumns, WordColumns};
use provefleet_zkvm_air::families::memory::{
    BridgeColumns, DynamicMemoryColumns, HintColumns, ImageColumns, SegmentMemoryColumns, split_28_bits,
};
use provefleet_zkvm_air::families::multiply::{MultiplyColumns, MultiplyHighColumns};
use provefleet_zkvm_air::families::shift::ShiftColumns;
use provefleet_zkvm_air::rom::{Lowered, ProgramTables, operation};
use provefleet_zkvm_air::{REGISTERS, first_dynamic_cell, word_cell, word_limbs};
use provefleet_zkvm_core::instruction::Opcode;
use provefleet_zkvm_core::memory::Memory;
use provefleet_zkvm_core::{Execution, MemoryAccess, Observer, Program, Step, abi};

/// How often each tuple of each table is used.
pub struct Multiplicities {
    pub rom: Vec<u32>,
    pub range_16: Vec<u32>,
    pub range_14: Vec<u32>,
    /// By 256 a + b.
    pub and: Vec<u32>,
    /// By 256 a + b.
    pub byte_pair: Vec<u32>,
    /// By 256 s + x.
    pub byte_shift: Vec<u32>,
}

impl Multiplicities {
    fn new(instructions: usize) -> Self {
        Self {
            rom: vec![0; instructions],
            range_16: vec![0; 1 << 16],
            range_14: vec![0; 1 << 14],
            and: vec![0; 1 << 16],
            byte_pair: vec![0; 1 << 16],
            byte_shift: vec![0; 9 * 256],
        }
    }

    #[inline(always)]
    fn range_16(&mut self, value: u32) {
        self.range_16[value as usize] += 1;
    }

    #[inline(always)]
    fn range_16_limbs(&mut self, word: u32) {
        self.range_16(word & 0xffff);
        self.range_16(word >> 16);
    }

    #[inline(always)]
    fn range_14(&mut self, value: u32) {
        self.range_14[value as usize] += 1;
    }

    #[inline(always)]
    fn byte_pair(&mut self, a: u32, b: u32) {
        self.byte_pair[(a * 256 + b) as usize] += 1;
    }

    fn byte_pairs(&mut self, bytes: [u32; 4]) {
        self.byte_pair(bytes[0], bytes[1]);
        self.byte_pair(bytes[2], bytes[3]);
    }

    #[inline(always)]
    fn byte_shift(&mut self, x: u32, s: u32) {
        self.byte_shift[(s * 256 + x) as usize] += 1;
    }

    /// Uses a number below 2^28 + 2^14 as the memory components check it; returns the low part.
    fn range_28(&mut self, value: u32) -> u32 {
        let (low, high) = split_28_bits(value);
        self.range_16(low);
        self.range_14(high);
        low
    }
}

/// Rows of a run: all that the main trace is made of.
pub struct Witness {
    /// Row-major rows of each component that is no lookup table; and those of Image.
    pub rows: Vec<Vec<u32>>,
    pub multiplicities: Multiplicities,
}

/// What a recorder asks and tells while a run goes on. An answer of `false` stops the run.
pub trait RecorderHandler {
    /// Asked every 65,536 cycles, with the number of rows that each kind has so far.
    fn may_continue(&mut self, rows: &[(Kind, usize)]) -> bool;

    /// Takes a finished segment. Only runs in segments have any.
    fn segment(&mut self, witness: Witness, machine: MachineClaim) -> bool;
}

/// Number of rows of each kind.
fn row_counts(rows: &[Vec<u32>]) -> Vec<(Kind, usize)> {
    Kind::ALL.into_iter().zip(rows).map(|(kind, rows)| (kind, rows.len() / kind.shape().main_columns)).collect()
}

impl Witness {
    /// Number of rows of each kind that is no lookup table.
    pub fn row_counts(&self) -> Vec<(Kind, usize)> {
        row_counts(&self.rows)
    }
}

/// Observer that writes down a run.
pub struct Recorder<'a> {
    program: &'a Program,
    tables: &'a ProgramTables,
    rows: Vec<Vec<u32>>,
    multiplicities: Multiplicities,
    registers: [FinalCell; REGISTERS],
    /// Time of the last access of each memory slot.
    memory_times: Vec<u32>,
    /// Touched words of dynamic memory: cell and slot.
    dynamic: Vec<(u32, usize)>,
    /// One more than the highest word of the hint window that was touched.
    hint_words: u32,
    clock: u32,
    segments: Option<Segments>,
    handler: &'a mut dyn RecorderHandler,
    stopped: bool,
}

/// What a recorder keeps about memory between the segments of a run.
struct Segments {
    /// Steps of each segment but the last.
    steps: u32,
    /// Number of the current segment, from 1.
    current: u32,
    /// The last segment that touched each memory slot; 0 if none did.
    last: Vec<u32>,
    /// The value that each memory slot holds.
    values: Vec<u32>,
    /// Words that the current segment touched.
    touched: Vec<Touched>,
}

struct Touched {
    cell: u32,
    slot: usize,
    from_segment: u32,
    initial_value: u32,
}

/// A gap that one access can pass.
const MAX_GAP: u32 = 1 << 16;

fn bytes(word: u32) -> [u32; 4] {
    word.to_le_bytes().map(u32::from)
}

/// Sum of 256^i times byte products at two positions, as the multiplication constraints have it.
fn word_column(a: [u32; 4], b: [u32; 4], position: usize) -> u32 {
    let column = |k: usize| -> u32 { (0..4).filter(|&i| k >= i && k - i < 4).map(|i| a[i] * b[k - i]).sum() };
    column(2 * position) + if position < 3 { 256 * column(2 * position + 1) } else { 0 }
}

impl<'a> Recorder<'a> {
    /// A recorder of a run: whole, or in segments of that many steps.
    pub fn new(
        program: &'a Program,
        tables: &'a ProgramTables,
        segment_steps: Option<u32>,
        handler: &'a mut dyn RecorderHandler,
    ) -> Self {
        let segments = segment_steps.map(|steps| Segments {
            steps,
            current: 1,
            last: Vec::new(),
            values: Vec::new(),
            touched: Vec::new(),
        });
        Self {
            program,
            tables,
            rows: vec![Vec::new(); Kind::COUNT],
            multiplicities: Multiplicities::new(tables.instructions.len()),
            registers: [FinalCell::default(); REGISTERS],
            memory_times: Vec::new(),
            dynamic: Vec::new(),
            hint_words: 0,
            clock: 1,
            segments,
            handler,
            stopped: false,
        }
    }

    #[inline(always)]
    fn rows(&mut self, kind: Kind) -> &mut Vec<u32> {
        &mut self.rows[kind as usize]
    }

    /// Bridges the gap since `previous` if it is too long; counts the range check of the access at `now`. Returns the
    /// time that the access sees as the previous one.
    #[inline(always)]
    fn pass(&mut self, cell: u32, value: u32, previous: u32, now: u32) -> u32 {
        let mut previous = previous;
        if now - previous > MAX_GAP {
            let to = now - 1;
            let gap_low = self.multiplicities.range_28(to - previous - 1);
            let to_low = self.multiplicities.range_28(to);
            let value = word_limbs(value);
            let row = BridgeColumns { enabled: 1, cell, value, from: previous, to, gap_low, to_low };
            row.write(self.rows(Kind::Bridge));
            previous = to;
        }
        self.multiplicities.range_16(now - previous - 1);
        previous
    }

    /// Accesses a register; returns the time of the previous access.
    #[inline(always)]
    fn register(&mut self, register: u32, now: u32) -> u32 {
        let FinalCell { time, value } = self.registers[register as usize];
        let previous = self.pass(register, value, time, now);
        self.registers[register as usize].time = now;
        previous
    }

    /// Writes a register; returns the time of the previous access and the old value.
    #[inline(always)]
    fn write_register(&mut self, register: u32, now: u32, value: u32) -> (u32, [u32; 2]) {
        let old = self.registers[register as usize].value;
        let previous = self.register(register, now);
        self.registers[register as usize].value = value;
        (previous, word_limbs(old))
    }

    /// Accesses a memory word; returns the time of the previous access.
    #[inline(always)]
    fn memory(&mut self, access: &MemoryAccess, now: u32) -> u32 {
        if access.slot >= self.memory_times.len() {
            let length = (access.slot + 1).next_power_of_two();
            self.memory_times.resize(length, 0);
            if let Some(segments) = &mut self.segments {
                segments.last.resize(length, 0);
                segments.values.resize(length, 0);
            }
        }
        let time = self.memory_times[access.slot];
        let cell = word_cell(access.address);
        if time == 0 {
            self.first_access(access, cell);
        }
        let previous = self.pass(cell, access.before, time, now);
        self.memory_times[access.slot] = now;
        if let Some(segments) = &mut self.segments {
            segments.values[access.slot] = access.after;
        }
        previous
    }

    /// Notes the first access of a word in the run and, if there are segments, in this one.
    fn first_access(&mut self, access: &MemoryAccess, cell: u32) {
        if let Some(segments) = &mut self.segments {
            let from_segment = std::mem::replace(&mut segments.last[access.slot], segments.current);
            segments.touched.push(Touched { cell, slot: access.slot, from_segment, initial_value: access.before });
            if from_segment != 0 {
                return;
            }
        }
        match access.address {
            abi::DYNAMIC_BASE.. => self.dynamic.push((cell, access.slot)),
            abi::HINT_BASE..abi::OUTPUT_BASE => {
                self.hint_words = self.hint_words.max(cell + 1 - word_cell(abi::HINT_BASE));
            }
            _ => {}
        }
    }

    /// Ends the current segment at `final_pc` and hands it over; the next one begins with what it leaves.
    fn end_segment(&mut self, final_pc: u32) {
        let Some(segments) = &mut self.segments else { return };
        for touched in std::mem::take(&mut segments.touched) {
            let row = SegmentMemoryColumns {
                enabled: 1,
                cell: touched.cell,
                from_segment: touched.from_segment,
                initial_value: word_limbs(touched.initial_value),
                final_time: std::mem::take(&mut self.memory_times[touched.slot]),
                final_value: word_limbs(segments.values[touched.slot]),
            };
            self.multiplicities.range_16(segments.current - touched.from_segment - 1);
            row.write(&mut self.rows[Kind::SegmentMemory as usize]);
        }
        segments.current += 1;
        let machine = MachineClaim { steps: self.clock - 1, final_pc, registers: self.registers };
        self.clock = 1;
        self.registers.iter_mut().for_each(|register| register.time = 0);
        let witness = self.take_witness();
        self.stopped |= !self.handler.segment(witness, machine);
    }

    fn take_witness(&mut self) -> Witness {
        let rows = std::mem::replace(&mut self.rows, vec![Vec::new(); Kind::COUNT]);
        let fresh = Multiplicities::new(self.tables.instructions.len());
        Witness { rows, multiplicities: std::mem::replace(&mut self.multiplicities, fresh) }
    }

    /// Time and value of a memory word at the end.
    fn final_word(&self, memory: &Memory, address: u32) -> FinalCell {
        let (value, slot) = memory.peek(address);
        let time = slot.and_then(|slot| self.memory_times.get(slot)).copied().unwrap_or(0);
        FinalCell { time, value }
    }

    /// Counts the check of a sign bit by 2 (limb - 2^15 sign).
    fn sign_limb(&mut self, word: u32) {
        self.multiplicities.range_16(2 * ((word >> 16) & 0x7fff));
    }

    /// Counts the check of a sign bit by 2 (byte - 128 sign).
    fn sign_byte(&mut self, byte: u32) {
        self.multiplicities.byte_pair(2 * (byte & 0x7f), 0);
    }

    fn compare(&mut self, step: &Step, lowered: &Lowered) {
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

    fn bitwise(&mut self, step: &Step, lowered: &Lowered) {
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

    fn shift(&mut self, step: &Step, lowered: &Lowered) {
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

    fn branch_less(&mut self, step: &Step, lowered: &Lowered) {
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

    fn word(&mut self, step: &Step, lowered: &Lowered, access: &MemoryAccess) {
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

    fn load_narrow(&mut self, step: &Step, lowered: &Lowered, access: &MemoryAccess) {
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

    fn store_narrow(&mut self, step: &Step, lowered: &Lowered, access: &MemoryAccess) {
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
    fn three_registers(&mut self, rd: u32, rs1: u32, rs2: u32, result: u32) -> ([u32; 3], [u32; 2]) {
        let now = 4 * self.clock;
        let previous_1 = self.register(rs1, now);
        let previous_2 = self.register(rs2, now + 1);
        let (previous_d, old) = self.write_register(rd, now + 3, result);
        ([previous_1, previous_2, previous_d], old)
    }

    fn multiply(&mut self, step: &Step, lowered: &Lowered) {
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

    fn multiply_high(&mut self, step: &Step, lowered: &Lowered) {
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

    fn divide(&mut self, step: &Step, lowered: &Lowered) {
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

    /// Ends the recording: adds the rows of memory's beginning and end. Returns the last part's witness and what it
    /// claims: of a whole run, everything; of a run in segments, whose last segment goes to the handler first, the part
    /// that begins and ends memory (the machine's claim is then that of the last segment).
    pub fn finish(mut self, execution: &Execution, input: &[u8]) -> (Witness, MachineClaim, MemoryClaim) {
        let final_instruction = self.program.instruction_index(execution.final_pc).expect("the run ended there");
        self.multiplicities.rom[final_instruction] += 1;
        let machine = MachineClaim { steps: self.clock - 1, final_pc: execution.final_pc, registers: self.registers };
        self.end_segment(execution.final_pc);
        if let Some(segments) = &mut self.segments {
            // For the run as a whole, segments are the times.
            self.memory_times = std::mem::take(&mut segments.last);
        }
        let memory = &execution.memory;
        let window = |base: u32, words: usize| -> Vec<FinalCell> {
            (0..words as u32).map(|i| self.final_word(memory, base + 4 * i)).collect()
        };
        let input = abi::window_words(input);
        let input_final = window(abi::INPUT_BASE, input.len());
        let output = window(abi::OUTPUT_BASE, execution.output_words.len());
        let last_dynamic_cell = self.record_dynamic_memory(memory);
        self.record_hint(memory);
        self.record_image(memory);
        let memory = MemoryClaim { hint_words: self.hint_words, last_dynamic_cell, input, input_final, output };
        (self.take_witness(), machine, memory)
    }

    /// Whether the handler stopped the run.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    fn record_dynamic_memory(&mut self, memory: &Memory) -> u32 {
        let mut dynamic = std::mem::take(&mut self.dynamic);
        dynamic.sort_unstable();
        let mut previous_cell = first_dynamic_cell() - 1;
        for (cell, slot) in dynamic {
            let row = DynamicMemoryColumns {
                enabled: 1,
                previous_cell,
                cell,
                final_time: self.memory_times[slot],
                value: word_limbs(memory.word_at(slot)),
                gap_low: self.multiplicities.range_28(cell - previous_cell - 1),
                cell_low: self.multiplicities.range_28(cell),
            };
            row.write(self.rows(Kind::DynamicMemory));
            previous_cell = cell;
        }
        previous_cell
    }

    fn record_hint(&mut self, memory: &Memory) {
        for i in 0..self.hint_words {
            let address = abi::HINT_BASE + 4 * i;
            let last = self.final_word(memory, address);
            let initial = memory.initial_hint_word(i);
            self.multiplicities.range_16_limbs(initial);
            let row = HintColumns {
                enabled: 1,
                cell: word_cell(address),
                value: word_limbs(initial),
                final_time: last.time,
                final_value: word_limbs(last.value),
            };
            row.write(self.rows(Kind::Hint));
        }
    }

    fn record_image(&mut self, memory: &Memory) {
        for (address, _) in self.program.image() {
            let last = self.final_word(memory, address);
            let row = ImageColumns { final_time: last.time, final_value: word_limbs(last.value) };
            row.write(self.rows(Kind::Image));
        }
    }
}

impl Observer for Recorder<'_> {
    fn step(&mut self, step: &Step) {
        let index = self.program.instruction_index(step.pc).expect("the executor fetched this instruction");
        let lowered = self.tables.instructions[index];
        self.multiplicities.rom[index] += 1;
        let clock = self.clock;
        let now = 4 * clock;
        let [pc, op, ..] = lowered.tuple;
        match lowered.kind.expect("an instruction that completes has a component") {
            Kind::Add => {
                let [.., rd, rs1, rs2, _, _, _] = lowered.tuple;
                let (previous, old) = self.three_registers(rd, rs1, rs2, step.result);
                self.multiplicities.range_16_limbs(step.result);
                let (a, b) = (word_limbs(step.rs1_value), word_limbs(step.rs2_value));
                let result = word_limbs(step.result);
                let row = AddColumns { enabled: 1, clock, pc, rd, rs1, rs2, previous, a, b, old, result };
                row.write(self.rows(Kind::Add));
            }
            Kind::AddImmediate => {
                let [_, _, rd, rs1, low, high, ..] = lowered.tuple;
                let previous_1 = self.register(rs1, now);
                let (previous_d, old) = self.write_register(rd, now + 3, step.result);
                self.multiplicities.range_16_limbs(step.result);
                let row = AddImmediateColumns {
                    enabled: 1,
                    clock,
                    pc,
                    rd,
                    rs1,
                    immediate: [low, high],
                    previous: [previous_1, previous_d],
                    a: word_limbs(step.rs1_value),
                    old,
                    result: word_limbs(step.result),
                };
                row.write(self.rows(Kind::AddImmediate));
            }
            Kind::Move => {
                let [_, _, rd, rs1, ..] = lowered.tuple;
                let previous_1 = self.register(rs1, now);
                let (previous_d, old) = self.write_register(rd, now + 3, step.result);
                let previous = [previous_1, previous_d];
                let a = word_limbs(step.result);
                let row = MoveColumns { enabled: 1, clock, pc, rd, rs1, previous, a, old };
                row.write(self.rows(Kind::Move));
            }
            Kind::Compare => self.compare(step, &lowered),
            Kind::Bitwise => self.bitwise(step, &lowered),
            Kind::Shift => self.shift(step, &lowered),
            Kind::BranchEqual => {
                let [_, _, rs1, rs2, target, ..] = lowered.tuple;
                let previous = [self.register(rs1, now), self.register(rs2, now + 1)];
                let row = BranchEqualColumns {
                    enabled: 1,
                    clock,
                    pc,
                    rs1,
                    rs2,
                    target,
                    previous,
                    a: word_limbs(step.rs1_value),
                    b: word_limbs(step.rs2_value),
                    is_not_equal: op - operation::BRANCH_EQUAL,
                    // Filled in when columns are made, many at a time.
                    inverse: 0,
                    equal: u32::from(step.rs1_value == step.rs2_value),
                    next_pc: step.next_pc,
                };
                row.write(self.rows(Kind::BranchEqual));
            }
            Kind::BranchZero => {
                let [_, _, rs1, target, ..] = lowered.tuple;
                let previous = self.register(rs1, now);
                let value = self.registers[rs1 as usize].value;
                let row = BranchZeroColumns {
                    enabled: 1,
                    clock,
                    pc,
                    rs1,
                    target,
                    previous,
                    a: word_limbs(value),
                    is_not_equal: op - operation::BRANCH_ZERO,
                    // As above.
                    inverse: 0,
                    equal: u32::from(value == 0),
                    next_pc: step.next_pc,
                };
                row.write(self.rows(Kind::BranchZero));
            }
            Kind::BranchLess => self.branch_less(step, &lowered),
            Kind::Constant => {
                let [_, _, rd, ..] = lowered.tuple;
                let (previous, old) = self.write_register(rd, now + 3, step.result);
                let (result, next_pc) = (word_limbs(step.result), step.next_pc);
                let row = ConstantColumns { enabled: 1, clock, pc, rd, result, next_pc, previous, old };
                row.write(self.rows(Kind::Constant));
            }
            Kind::Jump => {
                let row = JumpColumns { enabled: 1, clock, pc, next_pc: step.next_pc };
                row.write(self.rows(Kind::Jump));
            }
            Kind::JumpRegister => {
                let [_, _, rd, rs1, low, high, link_low, link_high] = lowered.tuple;
                let previous_1 = self.register(rs1, now);
                let (previous_d, old) = self.write_register(rd, now + 3, step.result);
                let target = word_limbs(step.next_pc);
                self.multiplicities.range_16(target[0]);
                self.multiplicities.range_14(target[1]);
                let row = JumpRegisterColumns {
                    enabled: 1,
                    clock,
                    pc,
                    rd,
                    rs1,
                    immediate: [low, high],
                    link: [link_low, link_high],
                    previous: [previous_1, previous_d],
                    a: word_limbs(step.rs1_value),
                    old,
                    target,
                    dropped_bit: step.rs1_value.wrapping_add(low | high << 16) & 1,
                };
                row.write(self.rows(Kind::JumpRegister));
            }
            kind @ (Kind::Word | Kind::LoadNarrow | Kind::StoreNarrow) => {
                let access = step.memory.as_ref().expect("loads and stores access memory");
                match kind {
                    Kind::Word => self.word(step, &lowered, access),
                    Kind::LoadNarrow => self.load_narrow(step, &lowered, access),
                    _ => self.store_narrow(step, &lowered, access),
                }
            }
            Kind::Multiply => self.multiply(step, &lowered),
            Kind::MultiplyHigh => self.multiply_high(step, &lowered),
            Kind::Divide => self.divide(step, &lowered),
            other => unreachable!("{other:?} proves no instruction"),
        }
        debug_assert!(step.instruction.opcode != Opcode::Ecall);
        self.clock += 1;
        if self.segments.as_ref().is_some_and(|segments| self.clock > segments.steps) {
            self.end_segment(step.next_pc);
        }
    }

    fn may_continue(&mut self) -> bool {
        let counts = row_counts(&self.rows);
        self.stopped |= !self.handler.may_continue(&counts);
        !self.stopped
    }
}
