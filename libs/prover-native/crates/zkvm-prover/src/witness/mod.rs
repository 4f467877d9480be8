//! From a run to the rows of its components.

mod multiplicities;
mod rows;

use provefleet_zkvm_air::claim::{FinalCell, MachineClaim, MemoryClaim};
use provefleet_zkvm_air::families::arithmetic::{AddColumns, AddImmediateColumns, MoveColumns};
use provefleet_zkvm_air::families::branch::{BranchEqualColumns, BranchZeroColumns};
use provefleet_zkvm_air::families::jump::{ConstantColumns, JumpColumns, JumpRegisterColumns};
use provefleet_zkvm_air::families::memory::{
    BridgeColumns, DynamicMemoryColumns, HintColumns, ImageColumns, SegmentMemoryColumns,
};
use provefleet_zkvm_air::kind::Kind;
use provefleet_zkvm_air::rom::{ProgramTables, operation};
use provefleet_zkvm_air::{REGISTERS, first_dynamic_cell, word_cell, word_limbs};
use provefleet_zkvm_core::instruction::Opcode;
use provefleet_zkvm_core::memory::Memory;
use provefleet_zkvm_core::{Execution, MemoryAccess, Observer, Program, Step, abi};

pub use multiplicities::Multiplicities;

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
