//! Why a guest stopped without exiting.

use thiserror::Error;

/// A guest's run that ended other than by the exit call. Such a run has no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("trap at pc {pc:#010x} after {cycles} cycles: {cause}")]
pub struct Trap {
    /// Address of the instruction that trapped (for a fetch, the address fetched).
    pub pc: u32,
    /// Instructions completed before it.
    pub cycles: u64,
    pub cause: TrapCause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TrapCause {
    #[error("word {word:#010x} is not an RV32IM instruction")]
    IllegalInstruction { word: u32 },
    #[error("there is no instruction at this address")]
    FetchOutsideText,
    #[error("jump target {target:#010x} is not a multiple of four")]
    MisalignedJump { target: u32 },
    #[error("{width}-byte load at {address:#010x} is misaligned")]
    MisalignedLoad { address: u32, width: u32 },
    #[error("{width}-byte store at {address:#010x} is misaligned")]
    MisalignedStore { address: u32, width: u32 },
    #[error("load at {address:#010x} is outside the guest's memory")]
    LoadOutsideMemory { address: u32 },
    #[error("store at {address:#010x} is outside the guest's memory")]
    StoreOutsideMemory { address: u32 },
    #[error("system call {number} does not exist; only exit ({}) does", crate::abi::SYSCALL_EXIT)]
    UnknownSystemCall { number: u32 },
    #[error("breakpoint")]
    Breakpoint,
    #[error("the output's length word says {length} bytes but only {available} were written")]
    OutputLength { length: u32, available: u32 },
}
