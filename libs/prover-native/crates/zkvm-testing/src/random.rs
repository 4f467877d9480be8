//! Random programs that terminate, for differential tests against another implementation of RISC-V.

use provefleet_zkvm_core::abi;
use provefleet_zkvm_core::instruction::Opcode;

use crate::assembler::{exit, imm, load_constant, reg, two_source, upper};
use crate::elf_writer::{ElfSegment, write_elf};

/// Small deterministic generator (splitmix64).
pub struct Rng(pub u64);

impl Rng {
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    pub fn below(&mut self, bound: u32) -> u32 {
        (((self.next_u64() >> 32) * u64::from(bound)) >> 32) as u32
    }
    pub fn choose<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u32) as usize]
    }
    /// A word that is a corner case every second time.
    pub fn word(&mut self) -> u32 {
        const CORNERS: [u32; 12] =
            [0, 1, 2, 0xff, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_0000, u32::MAX];
        if self.below(2) == 0 { self.choose(&CORNERS) } else { self.next_u64() as u32 }
    }
}

/// Who runs the program: they differ in how output leaves it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Output stays in the output window; exit.
    Zkvm,
    /// Output is written to standard output first.
    Linux,
}

/// Working registers of a random program: x1..=x26. The rest hold addresses and counters.
const WORKING: u32 = 26;
const COUNTER: u8 = 27;
const TEMPORARY: u8 = 28;
const OUTPUT: u8 = 29;
const SCRATCH: u8 = 30;
const SCRATCH_WORDS: u32 = 32;

fn working(rng: &mut Rng) -> u8 {
    1 + rng.below(WORKING) as u8
}
/// A source: a working register or x0.
fn source(rng: &mut Rng) -> u8 {
    rng.below(WORKING + 1) as u8
}
/// A destination: a working register, seldom x0.
fn destination(rng: &mut Rng) -> u8 {
    if rng.below(16) == 0 { 0 } else { working(rng) }
}

fn arithmetic(rng: &mut Rng) -> u32 {
    use Opcode::*;
    const REGISTER: [Opcode; 18] =
        [Add, Sub, Sll, Slt, Sltu, Xor, Srl, Sra, Or, And, Mul, Mulh, Mulhsu, Mulhu, Div, Divu, Rem, Remu];
    const IMMEDIATE: [Opcode; 9] = [Addi, Slti, Sltiu, Xori, Ori, Andi, Slli, Srli, Srai];
    match rng.below(8) {
        0..4 => reg(rng.choose(&REGISTER), destination(rng), source(rng), source(rng)),
        4..7 => {
            let immediate = rng.word() as i32 >> 20;
            imm(rng.choose(&IMMEDIATE), destination(rng), source(rng), immediate)
        }
        _ => upper(rng.choose(&[Lui, Auipc]), destination(rng), rng.word()),
    }
}

/// A load or store at a masked address in the scratch area, every second time at a computed one.
fn memory(rng: &mut Rng, code: &mut Vec<u32>) {
    use Opcode::*;
    let opcode = rng.choose(&[Lb, Lbu, Lh, Lhu, Lw, Sb, Sh, Sw, Lw, Sw]);
    let align = match opcode {
        Lb | Lbu | Sb => 1,
        Lh | Lhu | Sh => 2,
        _ => 4,
    };
    let mut base = SCRATCH;
    let mut offset = (rng.below(4 * SCRATCH_WORDS) / align * align) as i32;
    if rng.below(2) == 0 {
        code.push(imm(Andi, TEMPORARY, source(rng), (4 * SCRATCH_WORDS - align) as i32));
        code.push(reg(Add, TEMPORARY, TEMPORARY, SCRATCH));
        (base, offset) = (TEMPORARY, 0);
    }
    code.push(match opcode {
        Sb | Sh | Sw => two_source(opcode, base, source(rng), offset),
        _ => imm(opcode, destination(rng), base, offset),
    });
}

fn block(rng: &mut Rng, instructions: u32, code: &mut Vec<u32>) {
    for _ in 0..instructions {
        if rng.below(4) == 0 { memory(rng, code) } else { code.push(arithmetic(rng)) }
    }
}

/// One random program, without entry and exit: sets all working registers, computes, branches, loops and calls, then
/// appends its registers and its memory to the output.
fn one_program(rng: &mut Rng, code: &mut Vec<u32>) {
    use Opcode::*;
    for register in 1..=WORKING as u8 {
        code.extend(load_constant(register, rng.word()));
    }
    for _ in 0..6 {
        let length = 1 + rng.below(6);
        let mut body = Vec::new();
        block(rng, length, &mut body);
        let skip = 4 * (body.len() as i32 + 1);
        match rng.below(5) {
            0 | 1 => {
                let opcode = rng.choose(&[Beq, Bne, Blt, Bge, Bltu, Bgeu]);
                let left = source(rng);
                let right = if rng.below(4) == 0 { left } else { source(rng) };
                code.push(two_source(opcode, left, right, skip));
                code.extend(body);
            }
            2 => {
                code.push(imm(Addi, COUNTER, 0, 1 + rng.below(4) as i32));
                code.extend(&body);
                code.push(imm(Addi, COUNTER, COUNTER, -1));
                code.push(two_source(Bne, COUNTER, 0, -4 * (body.len() as i32 + 1)));
            }
            3 => {
                code.push(upper(Jal, destination(rng), skip as u32));
                code.extend(body);
            }
            _ => {
                // Jump over the body through a register, with the low bit set, which JALR must clear.
                code.push(upper(Auipc, TEMPORARY, 0));
                code.push(imm(Jalr, destination(rng), TEMPORARY, 4 * (body.len() as i32 + 2) + 1));
                code.extend(body);
            }
        }
        block(rng, 4, code);
    }
    let emit = |register: u8, code: &mut Vec<u32>| {
        code.push(two_source(Sw, OUTPUT, register, 0));
        code.push(imm(Addi, OUTPUT, OUTPUT, 4));
    };
    for register in 1..=WORKING as u8 {
        emit(register, code);
    }
    for word in 0..SCRATCH_WORDS as i32 {
        code.push(imm(Lw, TEMPORARY, SCRATCH, 4 * word));
        emit(TEMPORARY, code);
    }
}

/// An executable of `count` random programs run one after another. The output holds, for each, its 26 working
/// registers and 32 words of memory.
pub fn random_elf(seed: u64, count: u32, target: Target) -> Vec<u8> {
    use Opcode::*;
    let mut rng = Rng(seed);
    let mut code = Vec::new();
    code.extend(load_constant(SCRATCH, abi::DYNAMIC_BASE));
    code.extend(load_constant(OUTPUT, abi::OUTPUT_BASE + 4));
    for _ in 0..count {
        one_program(&mut rng, &mut code);
    }
    let bytes = 4 * count * (WORKING + SCRATCH_WORDS);
    code.extend(load_constant(TEMPORARY, abi::OUTPUT_BASE));
    code.extend(load_constant(COUNTER, bytes));
    code.push(two_source(Sw, TEMPORARY, COUNTER, 0));
    if target == Target::Linux {
        // write(1, output, bytes)
        code.push(imm(Addi, 10, 0, 1));
        code.push(imm(Addi, 11, TEMPORARY, 4));
        code.push(imm(Addi, 12, COUNTER, 0));
        code.push(imm(Addi, 17, 0, 64));
        code.push(reg(Ecall, 0, 0, 0));
    }
    code.push(imm(Addi, 10, 0, 0));
    code.extend(exit());
    let contents: Vec<u8> = code.iter().flat_map(|word| word.to_le_bytes()).collect();
    let text = ElfSegment { address: abi::IMAGE_BASE, memory_size: contents.len() as u32, contents, flags: 5 };
    let zeroed = |address, memory_size| ElfSegment { address, contents: vec![], memory_size, flags: 6 };
    let mut segments = vec![text];
    if target == Target::Linux {
        segments.push(zeroed(abi::OUTPUT_BASE, 4 * abi::MAX_OUTPUT_WORDS));
    }
    segments.push(zeroed(abi::DYNAMIC_BASE, 0x1000));
    write_elf(abi::IMAGE_BASE, &segments)
}
