//! The program as the AIR sees it: one Rom tuple for each instruction word, and the image.
//!
//! Everything static is resolved here, by prover and verifier alike: immediates become limbs, branch targets addresses,
//! and instructions whose result does not depend on data become constants or jumps. The tuple is
//! (pc, operation, fields), where the fields depend on the operation, as [`lower`] shows.

use provefleet_zkvm_core::instruction::{Instruction, Opcode};
use provefleet_zkvm_core::{Program, abi};

use crate::kind::{Kind, MIN_LOG_SIZE};
use crate::word_cell;

/// Numbers of the operations in Rom tuples. Variants of one component differ by flags that are added.
pub mod operation {
    pub const EXIT: u32 = 1;
    pub const ADD: u32 = 2;
    pub const ADD_IMMEDIATE: u32 = 3;
    pub const MOVE: u32 = 4;
    pub const CONSTANT: u32 = 5;
    pub const JUMP: u32 = 6;
    pub const JUMP_REGISTER: u32 = 7;
    /// BEQ; BNE is one more.
    pub const BRANCH_EQUAL: u32 = 8;
    /// BEQ with x0; BNE is one more.
    pub const BRANCH_ZERO: u32 = 10;
    pub const BRANCH_LESS: u32 = 12;
    pub const BRANCH_GREATER_EQUAL: u32 = 1;
    pub const BRANCH_SIGNED: u32 = 2;
    /// LW; SW is one more.
    pub const WORD: u32 = 16;
    pub const LOAD_NARROW: u32 = 18;
    pub const LOAD_HALF: u32 = 1;
    pub const LOAD_SIGNED: u32 = 2;
    /// SB; SH is one more.
    pub const STORE_NARROW: u32 = 22;
    pub const COMPARE: u32 = 32;
    pub const COMPARE_SUBTRACT: u32 = 1;
    pub const COMPARE_SIGNED: u32 = 2;
    pub const BITWISE: u32 = 40;
    pub const BITWISE_OR: u32 = 1;
    pub const BITWISE_XOR: u32 = 2;
    pub const SHIFT: u32 = 48;
    pub const SHIFT_RIGHT: u32 = 1;
    pub const SHIFT_ARITHMETIC: u32 = 2;
    pub const MULTIPLY: u32 = 56;
    /// MULHU; MULHSU is one more, MULH two.
    pub const MULTIPLY_HIGH: u32 = 57;
    pub const DIVIDE: u32 = 60;
    pub const DIVIDE_SIGNED: u32 = 1;
    pub const DIVIDE_REMAINDER: u32 = 2;
    /// Added to COMPARE, BITWISE and SHIFT for the forms with immediate.
    pub const IMMEDIATE: u32 = 4;
}

/// Register that takes what instructions write to x0. x0 itself is never written, so it needs no constraint to stay 0.
pub const SINK_REGISTER: u32 = 32;

/// Stands for a jump target outside the program. No instruction has this address, so the jump cannot be proven.
pub const NO_TARGET: u32 = 1 << 30;

/// Address in the Memory relation that pads the image table. Accesses reach cells below 2^28 + [`crate::WORD_OFFSET`].
const PADDING_CELL: u32 = 1 << 29;

/// An instruction as the AIR proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lowered {
    /// The component that proves it; `None` for the exit call and for words that cannot be executed.
    pub kind: Option<Kind>,
    pub tuple: [u32; 8],
}

const UNPROVABLE: Lowered = Lowered { kind: None, tuple: [0; 8] };

fn low(word: u32) -> u32 {
    word & 0xffff
}
fn high(word: u32) -> u32 {
    word >> 16
}

/// Lowers the instruction at `pc`.
pub fn lower(program: &Program, pc: u32, instruction: Instruction) -> Lowered {
    use Opcode::*;
    let Instruction { opcode, rd, rs1, rs2, immediate } = instruction;
    let (rs1, rs2) = (u32::from(rs1), u32::from(rs2));
    let rd = if rd == 0 { SINK_REGISTER } else { u32::from(rd) };
    let row = |kind: Kind, operation: u32, fields: &[u32]| {
        let mut tuple = [0; 8];
        tuple[0] = pc;
        tuple[1] = operation;
        tuple[2..2 + fields.len()].copy_from_slice(fields);
        Lowered { kind: Some(kind), tuple }
    };
    let address_of = |target: u32| if program.instruction_index(target).is_some() { target } else { NO_TARGET };
    let following = pc + 4;
    let jump = |target: u32| row(Kind::Jump, operation::JUMP, &[target]);
    let constant =
        |value: u32, next_pc: u32| row(Kind::Constant, operation::CONSTANT, &[rd, low(value), high(value), next_pc]);
    let copy = |from: u32| row(Kind::Move, operation::MOVE, &[rd, from]);
    let registers = |kind, number| row(kind, number, &[rd, rs1, rs2]);
    // rs2 is zero in this form.
    let with_immediate =
        |kind, number| row(kind, number + operation::IMMEDIATE, &[rd, rs1, 0, low(immediate), high(immediate)]);
    let access = |kind, number, register| row(kind, number, &[register, rs1, low(immediate), high(immediate)]);
    let branch = |kind, number| row(kind, number, &[rs1, rs2, address_of(pc.wrapping_add(immediate))]);
    let branch_zero = |register, not_equal: u32| {
        let target = address_of(pc.wrapping_add(immediate));
        row(Kind::BranchZero, operation::BRANCH_ZERO + not_equal, &[register, target])
    };
    // Instructions that only compute have no effect if they write to x0.
    let only_computes = !matches!(
        opcode,
        Jal | Jalr | Beq | Bne | Blt | Bge | Bltu | Bgeu | Lb | Lh | Lw | Lbu | Lhu | Sb | Sh | Sw | Ecall | Ebreak
    );
    if rd == SINK_REGISTER && only_computes {
        return jump(following);
    }
    match opcode {
        Lui => constant(immediate, following),
        Auipc => constant(pc.wrapping_add(immediate), following),
        Jal => {
            let target = address_of(pc.wrapping_add(immediate));
            if rd == SINK_REGISTER { jump(target) } else { constant(following, target) }
        }
        Jalr => {
            let fields = [rd, rs1, low(immediate), high(immediate), low(following), high(following)];
            row(Kind::JumpRegister, operation::JUMP_REGISTER, &fields)
        }
        Beq | Bne => {
            let not_equal = u32::from(opcode == Bne);
            match (rs1, rs2) {
                (register, 0) | (0, register) => branch_zero(register, not_equal),
                _ => branch(Kind::BranchEqual, operation::BRANCH_EQUAL + not_equal),
            }
        }
        Bltu => branch(Kind::BranchLess, operation::BRANCH_LESS),
        Bgeu => branch(Kind::BranchLess, operation::BRANCH_LESS + operation::BRANCH_GREATER_EQUAL),
        Blt => branch(Kind::BranchLess, operation::BRANCH_LESS + operation::BRANCH_SIGNED),
        Bge => branch(
            Kind::BranchLess,
            operation::BRANCH_LESS + operation::BRANCH_SIGNED + operation::BRANCH_GREATER_EQUAL,
        ),
        Lw => access(Kind::Word, operation::WORD, rd),
        Sw => access(Kind::Word, operation::WORD + 1, rs2),
        Lbu => access(Kind::LoadNarrow, operation::LOAD_NARROW, rd),
        Lhu => access(Kind::LoadNarrow, operation::LOAD_NARROW + operation::LOAD_HALF, rd),
        Lb => access(Kind::LoadNarrow, operation::LOAD_NARROW + operation::LOAD_SIGNED, rd),
        Lh => access(Kind::LoadNarrow, operation::LOAD_NARROW + operation::LOAD_HALF + operation::LOAD_SIGNED, rd),
        Sb => access(Kind::StoreNarrow, operation::STORE_NARROW, rs2),
        Sh => access(Kind::StoreNarrow, operation::STORE_NARROW + 1, rs2),
        Addi if rs1 == 0 => constant(immediate, following),
        Addi if immediate == 0 => copy(rs1),
        Addi => row(Kind::AddImmediate, operation::ADD_IMMEDIATE, &[rd, rs1, low(immediate), high(immediate)]),
        Slti => with_immediate(Kind::Compare, operation::COMPARE + operation::COMPARE_SIGNED),
        Sltiu => with_immediate(Kind::Compare, operation::COMPARE),
        Xori => with_immediate(Kind::Bitwise, operation::BITWISE + operation::BITWISE_XOR),
        Ori => with_immediate(Kind::Bitwise, operation::BITWISE + operation::BITWISE_OR),
        Andi => with_immediate(Kind::Bitwise, operation::BITWISE),
        Slli => with_immediate(Kind::Shift, operation::SHIFT),
        Srli => with_immediate(Kind::Shift, operation::SHIFT + operation::SHIFT_RIGHT),
        Srai => with_immediate(Kind::Shift, operation::SHIFT + operation::SHIFT_RIGHT + operation::SHIFT_ARITHMETIC),
        Add if rs1 == 0 => copy(rs2),
        Add if rs2 == 0 => copy(rs1),
        Add => registers(Kind::Add, operation::ADD),
        Sub => registers(Kind::Compare, operation::COMPARE + operation::COMPARE_SUBTRACT),
        Slt => registers(Kind::Compare, operation::COMPARE + operation::COMPARE_SIGNED),
        Sltu => registers(Kind::Compare, operation::COMPARE),
        Xor => registers(Kind::Bitwise, operation::BITWISE + operation::BITWISE_XOR),
        Or => registers(Kind::Bitwise, operation::BITWISE + operation::BITWISE_OR),
        And => registers(Kind::Bitwise, operation::BITWISE),
        Sll => registers(Kind::Shift, operation::SHIFT),
        Srl => registers(Kind::Shift, operation::SHIFT + operation::SHIFT_RIGHT),
        Sra => registers(Kind::Shift, operation::SHIFT + operation::SHIFT_RIGHT + operation::SHIFT_ARITHMETIC),
        Mul => registers(Kind::Multiply, operation::MULTIPLY),
        Mulhu => registers(Kind::MultiplyHigh, operation::MULTIPLY_HIGH),
        Mulhsu => registers(Kind::MultiplyHigh, operation::MULTIPLY_HIGH + 1),
        Mulh => registers(Kind::MultiplyHigh, operation::MULTIPLY_HIGH + 2),
        Divu => registers(Kind::Divide, operation::DIVIDE),
        Div => registers(Kind::Divide, operation::DIVIDE + operation::DIVIDE_SIGNED),
        Remu => registers(Kind::Divide, operation::DIVIDE + operation::DIVIDE_REMAINDER),
        Rem => registers(Kind::Divide, operation::DIVIDE + operation::DIVIDE_SIGNED + operation::DIVIDE_REMAINDER),
        Fence => jump(following),
        Ecall => {
            let mut tuple = [0; 8];
            tuple[..2].copy_from_slice(&[pc, operation::EXIT]);
            Lowered { kind: None, tuple }
        }
        Ebreak => UNPROVABLE,
    }
}

/// A program's tables.
#[derive(Clone, Debug)]
pub struct ProgramTables {
    pub entry: u32,
    /// SHA-256 of the ELF file.
    pub hash: [u8; 32],
    /// One for each instruction word, in the order of [`Program::instructions`].
    pub instructions: Vec<Lowered>,
    /// (cell, low limb, high limb) for each initialised word.
    pub image: Vec<[u32; 3]>,
}

/// Log of the number of rows that hold `rows` rows.
pub fn log_size_of(rows: usize) -> u32 {
    rows.next_power_of_two().ilog2().max(MIN_LOG_SIZE)
}

impl ProgramTables {
    pub fn new(program: &Program) -> Self {
        let instructions = program
            .instructions()
            .map(|(pc, instruction)| instruction.map_or(UNPROVABLE, |instruction| lower(program, pc, instruction)))
            .collect();
        let image = program.image().map(|(address, word)| [word_cell(address), low(word), high(word)]).collect();
        debug_assert!(program.segments().iter().all(|segment| segment.end() <= abi::IMAGE_END));
        Self { entry: program.entry(), hash: program.hash(), instructions, image }
    }

    pub fn rom_log_size(&self) -> u32 {
        log_size_of(self.instructions.len())
    }

    pub fn image_log_size(&self) -> u32 {
        log_size_of(self.image.len())
    }

    /// Preprocessed values of row `row` of the Rom component.
    pub fn rom_row(&self, row: usize) -> [u32; 8] {
        self.instructions.get(row).map_or([0; 8], |lowered| lowered.tuple)
    }

    /// Preprocessed values of row `row` of the Image component. Padding rows have cells of their own that nothing can
    /// access, so they cancel themselves.
    pub fn image_row(&self, row: usize) -> [u32; 3] {
        self.image.get(row).copied().unwrap_or([PADDING_CELL + row as u32, 0, 0])
    }
}
