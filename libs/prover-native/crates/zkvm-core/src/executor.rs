//! Runs a program instruction by instruction.

use thiserror::Error;

use crate::abi;
use crate::instruction::{Instruction, Opcode};
use crate::memory::Memory;
use crate::program::{Fetched, Program};
use crate::trap::{Trap, TrapCause};

/// A guest's inputs. Both are read by plain loads from their windows, see [`crate::abi`].
#[derive(Clone, Copy, Debug, Default)]
pub struct GuestInput<'a> {
    /// Known to the verifier and bound by a proof.
    pub public: &'a [u8],
    /// Known to the prover only. A proof says that *some* private input exists.
    pub private: &'a [u8],
}

/// Bounds on a run.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most instructions to execute; a run that needs more ends with [`ExecutionError::CycleLimit`].
    pub max_cycles: u64,
}

/// A word of memory read or written by one instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryAccess {
    /// Byte address as computed by the instruction.
    pub address: u32,
    /// Position of the word, see [`Memory::slot`].
    pub slot: usize,
    /// The whole word before the instruction.
    pub before: u32,
    /// The whole word after it; equal to `before` for loads.
    pub after: u32,
}

/// One executed instruction.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub pc: u32,
    pub instruction: Instruction,
    pub rs1_value: u32,
    pub rs2_value: u32,
    /// Value written to rd, also when rd is x0 and the value is dropped; zero for instructions without rd.
    pub result: u32,
    pub next_pc: u32,
    pub memory: Option<MemoryAccess>,
}

/// Watches a run. The prover's witness generator is one; it sees the very run whose result is returned.
pub trait Observer {
    /// Called after each completed instruction, in order. The final ECALL is not reported.
    fn step(&mut self, step: &Step);

    /// Called every 65,536 cycles; `false` stops the run with [`ExecutionError::Stopped`].
    fn may_continue(&mut self) -> bool {
        true
    }
}

/// Observer that does nothing.
pub struct NoObserver;

impl Observer for NoObserver {
    #[inline(always)]
    fn step(&mut self, _: &Step) {}
}

/// A run that reached the exit call.
pub struct Execution {
    /// a0 at the exit call.
    pub exit_code: u32,
    /// Instructions completed, the exit call not counted.
    pub cycles: u64,
    /// Address of the exit call.
    pub final_pc: u32,
    pub registers: [u32; 32],
    /// The public output: the bytes the output window's length word announces.
    pub output: Vec<u8>,
    /// Words of the output window from its start to the last that was touched.
    pub output_words: Vec<u32>,
    pub memory: Memory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ExecutionError {
    #[error(transparent)]
    Trap(#[from] Trap),
    #[error("public input is {bytes} bytes, at most {max} fit")]
    InputTooLong { bytes: usize, max: usize },
    #[error("private input is {bytes} bytes, at most {max} fit")]
    PrivateInputTooLong { bytes: usize, max: usize },
    #[error("the guest did not exit within {limit} cycles")]
    CycleLimit { limit: u64 },
    #[error("the run was stopped after {cycles} cycles")]
    Stopped { cycles: u64 },
}

const POLL_INTERVAL: u64 = 1 << 16;

/// Quotient and remainder of signed division as RISC-V defines them: x/0 = -1 rest x, overflow wraps.
fn divide_signed(dividend: u32, divisor: u32) -> (u32, u32) {
    let (a, b) = (dividend as i32, divisor as i32);
    if b == 0 { (u32::MAX, dividend) } else { (a.wrapping_div(b) as u32, a.wrapping_rem(b) as u32) }
}

/// Quotient and remainder of unsigned division as RISC-V defines them: x/0 = 2^32-1 rest x.
fn divide_unsigned(dividend: u32, divisor: u32) -> (u32, u32) {
    dividend.checked_div(divisor).map_or((u32::MAX, dividend), |quotient| (quotient, dividend % divisor))
}

fn high_half(product: i64) -> u32 {
    (product >> 32) as u32
}

/// Result of a register-register or register-immediate operation.
fn compute(opcode: Opcode, a: u32, b: u32) -> u32 {
    use Opcode::*;
    let signed = |x: u32| i64::from(x as i32);
    match opcode {
        Add | Addi => a.wrapping_add(b),
        Sub => a.wrapping_sub(b),
        Sll | Slli => a << (b & 31),
        Srl | Srli => a >> (b & 31),
        Sra | Srai => ((a as i32) >> (b & 31)) as u32,
        Slt | Slti => u32::from((a as i32) < (b as i32)),
        Sltu | Sltiu => u32::from(a < b),
        Xor | Xori => a ^ b,
        Or | Ori => a | b,
        And | Andi => a & b,
        Mul => a.wrapping_mul(b),
        Mulh => high_half(signed(a) * signed(b)),
        Mulhsu => high_half(signed(a) * i64::from(b)),
        Mulhu => ((u64::from(a) * u64::from(b)) >> 32) as u32,
        Div => divide_signed(a, b).0,
        Rem => divide_signed(a, b).1,
        Divu => divide_unsigned(a, b).0,
        Remu => divide_unsigned(a, b).1,
        other => unreachable!("{other:?} is no arithmetic operation"),
    }
}

fn branch_taken(opcode: Opcode, a: u32, b: u32) -> bool {
    match opcode {
        Opcode::Beq => a == b,
        Opcode::Bne => a != b,
        Opcode::Blt => (a as i32) < (b as i32),
        Opcode::Bge => (a as i32) >= (b as i32),
        Opcode::Bltu => a < b,
        Opcode::Bgeu => a >= b,
        other => unreachable!("{other:?} is no branch"),
    }
}

/// Width in bytes of a load or store.
fn access_width(opcode: Opcode) -> u32 {
    match opcode {
        Opcode::Lb | Opcode::Lbu | Opcode::Sb => 1,
        Opcode::Lh | Opcode::Lhu | Opcode::Sh => 2,
        _ => 4,
    }
}

/// Runs `program` until it calls exit.
///
/// # Errors
/// [`ExecutionError`]: a trap with pc and cause, an input that does not fit its window, the cycle limit, or a stop
/// by the observer. Never panics, whatever the program does.
pub fn execute<O: Observer>(
    program: &Program,
    input: GuestInput,
    limits: Limits,
    observer: &mut O,
) -> Result<Execution, ExecutionError> {
    let max_bytes = |words: u32| (words as usize - 1) * 4;
    if input.public.len() > max_bytes(abi::MAX_INPUT_WORDS) {
        let max = max_bytes(abi::MAX_INPUT_WORDS);
        return Err(ExecutionError::InputTooLong { bytes: input.public.len(), max });
    }
    if input.private.len() > max_bytes(abi::MAX_HINT_WORDS) {
        let max = max_bytes(abi::MAX_HINT_WORDS);
        return Err(ExecutionError::PrivateInputTooLong { bytes: input.private.len(), max });
    }
    let hint_words = abi::window_words(input.private);
    let memory = Memory::new(program, &abi::window_words(input.public), &hint_words);
    let mut machine =
        Machine { pc: program.entry(), cycles: 0, registers: [0; 32], memory, output_end: abi::OUTPUT_BASE };
    loop {
        if machine.cycles.is_multiple_of(POLL_INTERVAL) && !observer.may_continue() {
            return Err(ExecutionError::Stopped { cycles: machine.cycles });
        }
        match machine.step(program).map_err(|cause| machine.trap(cause))? {
            Some(step) => {
                if machine.cycles == limits.max_cycles {
                    return Err(ExecutionError::CycleLimit { limit: limits.max_cycles });
                }
                machine.cycles += 1;
                machine.pc = step.next_pc;
                observer.step(&step);
            }
            None => return machine.finish().map_err(ExecutionError::Trap),
        }
    }
}

struct Machine {
    pc: u32,
    cycles: u64,
    registers: [u32; 32],
    memory: Memory,
    /// End of the part of the output window that was touched.
    output_end: u32,
}

impl Machine {
    fn trap(&self, cause: TrapCause) -> Trap {
        Trap { pc: self.pc, cycles: self.cycles, cause }
    }

    /// Executes the instruction at pc. `None`: it is the exit call.
    #[inline]
    fn step(&mut self, program: &Program) -> Result<Option<Step>, TrapCause> {
        use Opcode::*;
        let instruction = match program.fetch(self.pc) {
            Fetched::Instruction(instruction) => instruction,
            Fetched::Illegal(word) => return Err(TrapCause::IllegalInstruction { word }),
            Fetched::Nothing => return Err(TrapCause::FetchOutsideText),
        };
        let Instruction { opcode, rd, rs1, rs2, immediate } = instruction;
        let (a, b) = (self.registers[usize::from(rs1)], self.registers[usize::from(rs2)]);
        let mut next_pc = self.pc.wrapping_add(4);
        let mut memory = None;
        let result = match opcode {
            Lui => immediate,
            Auipc => self.pc.wrapping_add(immediate),
            Jal | Jalr => {
                let link = next_pc;
                next_pc = if opcode == Jal { self.pc.wrapping_add(immediate) } else { a.wrapping_add(immediate) & !1 };
                check_jump(next_pc)?;
                link
            }
            Beq | Bne | Blt | Bge | Bltu | Bgeu => {
                if branch_taken(opcode, a, b) {
                    next_pc = self.pc.wrapping_add(immediate);
                    check_jump(next_pc)?;
                }
                0
            }
            Lb | Lh | Lw | Lbu | Lhu => {
                let address = a.wrapping_add(immediate);
                let width = access_width(opcode);
                if !address.is_multiple_of(width) {
                    return Err(TrapCause::MisalignedLoad { address, width });
                }
                if !self.memory.is_accessible(address) {
                    return Err(TrapCause::LoadOutsideMemory { address });
                }
                let access = self.access(address);
                memory = Some(access);
                let shifted = access.before >> (8 * (address % 4));
                match opcode {
                    Lb => shifted as i8 as u32,
                    Lbu => shifted & 0xff,
                    Lh => shifted as i16 as u32,
                    Lhu => shifted & 0xffff,
                    _ => shifted,
                }
            }
            Sb | Sh | Sw => {
                let address = a.wrapping_add(immediate);
                let width = access_width(opcode);
                if !address.is_multiple_of(width) {
                    return Err(TrapCause::MisalignedStore { address, width });
                }
                if !self.memory.is_accessible(address) {
                    return Err(TrapCause::StoreOutsideMemory { address });
                }
                let mut access = self.access(address);
                let mask = match width {
                    1 => 0xff,
                    2 => 0xffff,
                    _ => u32::MAX,
                };
                let shift = 8 * (address % 4);
                access.after = (access.before & !(mask << shift)) | ((b & mask) << shift);
                self.memory.set_word_at(access.slot, access.after);
                memory = Some(access);
                0
            }
            Addi | Slti | Sltiu | Xori | Ori | Andi | Slli | Srli | Srai => compute(opcode, a, immediate),
            Fence => 0,
            Ecall => {
                let number = self.registers[abi::REGISTER_SYSCALL];
                if number == abi::SYSCALL_EXIT {
                    return Ok(None);
                }
                return Err(TrapCause::UnknownSystemCall { number });
            }
            Ebreak => return Err(TrapCause::Breakpoint),
            _ => compute(opcode, a, b),
        };
        if rd != 0 {
            self.registers[usize::from(rd)] = result;
        }
        Ok(Some(Step { pc: self.pc, instruction, rs1_value: a, rs2_value: b, result, next_pc, memory }))
    }

    #[inline]
    fn access(&mut self, address: u32) -> MemoryAccess {
        if (abi::OUTPUT_BASE..abi::DYNAMIC_BASE).contains(&address) {
            self.output_end = self.output_end.max((address | 3) + 1);
        }
        let slot = self.memory.slot(address);
        let before = self.memory.word_at(slot);
        MemoryAccess { address, slot, before, after: before }
    }

    fn finish(self) -> Result<Execution, Trap> {
        let output_words: Vec<u32> =
            (abi::OUTPUT_BASE..self.output_end).step_by(4).map(|address| self.memory.peek(address).0).collect();
        let Some(output) = abi::window_bytes(&output_words) else {
            let available = 4 * (output_words.len() as u32 - 1);
            return Err(self.trap(TrapCause::OutputLength { length: output_words[0], available }));
        };
        Ok(Execution {
            exit_code: self.registers[abi::REGISTER_EXIT_CODE],
            cycles: self.cycles,
            final_pc: self.pc,
            registers: self.registers,
            output,
            output_words,
            memory: self.memory,
        })
    }
}

fn check_jump(target: u32) -> Result<(), TrapCause> {
    if target.is_multiple_of(4) { Ok(()) } else { Err(TrapCause::MisalignedJump { target }) }
}
