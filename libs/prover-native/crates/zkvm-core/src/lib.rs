//! RV32IM guest programs: how they are loaded, decoded and executed.
//!
//! This crate defines the machine whose runs the zkVM proves. It has no dependency on the proof system, so the
//! verifier can use it to rebuild a program's instruction table, and a developer can run a guest without proving it.
//!
//! The machine is a Harvard machine: instructions are fetched from the program's image as loaded, never from memory
//! written by the guest. Everything else follows the unprivileged RISC-V specification, version 20191213, for
//! RV32I 2.1 and the M extension 2.0.
#![forbid(unsafe_code)]

pub mod abi;
pub mod elf;
pub mod executor;
pub mod instruction;
pub mod memory;
pub mod program;
pub mod trap;

pub use elf::{ElfError, parse_elf};
pub use executor::{Execution, ExecutionError, GuestInput, Limits, MemoryAccess, NoObserver, Observer, Step, execute};
pub use instruction::{Instruction, Opcode, decode};
pub use program::{Program, Segment};
pub use trap::{Trap, TrapCause};
