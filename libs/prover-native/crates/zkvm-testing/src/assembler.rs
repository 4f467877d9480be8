//! Instruction encoder, the inverse of the decoder, and short programs made with it.

use provefleet_zkvm_core::abi;
use provefleet_zkvm_core::instruction::{Instruction, Opcode};
use provefleet_zkvm_core::program::{Program, Segment};

/// Encodes an instruction. Bits of the immediate that its format cannot hold are dropped.
pub fn encode(instruction: Instruction) -> u32 {
    use Opcode::*;
    let Instruction { opcode, rd, rs1, rs2, immediate } = instruction;
    let (rd, rs1, rs2) = (u32::from(rd), u32::from(rs1), u32::from(rs2));
    let r =
        |major: u32, funct3: u32, funct7: u32| major | rd << 7 | funct3 << 12 | rs1 << 15 | rs2 << 20 | funct7 << 25;
    let i = |major: u32, funct3: u32| major | rd << 7 | funct3 << 12 | rs1 << 15 | immediate << 20;
    let shift =
        |funct3: u32, funct7: u32| 0x13 | rd << 7 | funct3 << 12 | rs1 << 15 | (immediate & 31) << 20 | funct7 << 25;
    let s = |funct3: u32| {
        0x23 | (immediate & 31) << 7 | funct3 << 12 | rs1 << 15 | rs2 << 20 | (immediate >> 5 & 0x7f) << 25
    };
    let b = |funct3: u32| {
        0x63 | (immediate >> 11 & 1) << 7
            | (immediate >> 1 & 15) << 8
            | funct3 << 12
            | rs1 << 15
            | rs2 << 20
            | (immediate >> 5 & 0x3f) << 25
            | (immediate >> 12 & 1) << 31
    };
    match opcode {
        Lui => 0x37 | rd << 7 | (immediate & 0xffff_f000),
        Auipc => 0x17 | rd << 7 | (immediate & 0xffff_f000),
        Jal => {
            0x6f | rd << 7
                | (immediate & 0xff000)
                | (immediate >> 11 & 1) << 20
                | (immediate >> 1 & 0x3ff) << 21
                | (immediate >> 20 & 1) << 31
        }
        Jalr => i(0x67, 0),
        Beq => b(0),
        Bne => b(1),
        Blt => b(4),
        Bge => b(5),
        Bltu => b(6),
        Bgeu => b(7),
        Lb => i(0x03, 0),
        Lh => i(0x03, 1),
        Lw => i(0x03, 2),
        Lbu => i(0x03, 4),
        Lhu => i(0x03, 5),
        Sb => s(0),
        Sh => s(1),
        Sw => s(2),
        Addi => i(0x13, 0),
        Slti => i(0x13, 2),
        Sltiu => i(0x13, 3),
        Xori => i(0x13, 4),
        Ori => i(0x13, 6),
        Andi => i(0x13, 7),
        Slli => shift(1, 0),
        Srli => shift(5, 0),
        Srai => shift(5, 0x20),
        Add => r(0x33, 0, 0),
        Sub => r(0x33, 0, 0x20),
        Sll => r(0x33, 1, 0),
        Slt => r(0x33, 2, 0),
        Sltu => r(0x33, 3, 0),
        Xor => r(0x33, 4, 0),
        Srl => r(0x33, 5, 0),
        Sra => r(0x33, 5, 0x20),
        Or => r(0x33, 6, 0),
        And => r(0x33, 7, 0),
        Fence => 0x0f,
        Ecall => 0x73,
        Ebreak => 0x0010_0073,
        Mul => r(0x33, 0, 1),
        Mulh => r(0x33, 1, 1),
        Mulhsu => r(0x33, 2, 1),
        Mulhu => r(0x33, 3, 1),
        Div => r(0x33, 4, 1),
        Divu => r(0x33, 5, 1),
        Rem => r(0x33, 6, 1),
        Remu => r(0x33, 7, 1),
    }
}

/// Register-register instruction.
pub fn reg(opcode: Opcode, rd: u8, rs1: u8, rs2: u8) -> u32 {
    encode(Instruction { opcode, rd, rs1, rs2, immediate: 0 })
}

/// Register-immediate instruction, load, or JALR.
pub fn imm(opcode: Opcode, rd: u8, rs1: u8, immediate: i32) -> u32 {
    encode(Instruction { opcode, rd, rs1, rs2: 0, immediate: immediate as u32 })
}

/// Store or branch.
pub fn two_source(opcode: Opcode, rs1: u8, rs2: u8, immediate: i32) -> u32 {
    encode(Instruction { opcode, rd: 0, rs1, rs2, immediate: immediate as u32 })
}

/// LUI, AUIPC or JAL.
pub fn upper(opcode: Opcode, rd: u8, immediate: u32) -> u32 {
    encode(Instruction { opcode, rd, rs1: 0, rs2: 0, immediate })
}

/// Loads any constant: always LUI then ADDI.
pub fn load_constant(rd: u8, value: u32) -> [u32; 2] {
    let low = (value << 20) as i32 >> 20;
    [upper(Opcode::Lui, rd, value.wrapping_sub(low as u32)), imm(Opcode::Addi, rd, rd, low)]
}

/// The exit call with the code already in a0.
pub fn exit() -> [u32; 2] {
    [imm(Opcode::Addi, abi::REGISTER_SYSCALL as u8, 0, abi::SYSCALL_EXIT as i32), encode_ecall()]
}

fn encode_ecall() -> u32 {
    reg(Opcode::Ecall, 0, 0, 0)
}

/// A program of these instruction words at the start of the image window.
pub fn program(words: Vec<u32>) -> Program {
    let segment = Segment { address: abi::IMAGE_BASE, words, executable: true };
    Program::from_segments(abi::IMAGE_BASE, vec![segment], [0; 32])
}
