//! What a zkVM proof proves.
//!
//! A run of an RV32IM program is a set of rows in components: one component for each family of instructions, a few for
//! where memory begins and ends, and lookup tables. [`relation`] says how components are connected, [`families`] what
//! each constrains, [`kind`] lists them, [`rom`] how a program becomes a table, [`claim`] what is public, [`component`] how all that meets
//! the proof system. Prover and verifier are crates of their own; both are built on this one, so they cannot differ in
//! what is proven.
#![forbid(unsafe_code)]

pub mod claim;
pub mod component;
pub mod families;
pub mod kind;
pub mod preprocessed;
pub mod profile;
pub mod relation;
pub mod rom;
pub mod row;
pub mod transcript;

use provefleet_zkvm_core::abi;

pub use claim::{Claim, ClaimError, FinalCell, MachineClaim, MemoryClaim, Part, SegmentClaim, SegmentedClaim};
pub use component::Component;
pub use kind::{ComponentShape, Kind};
pub use profile::Profile;
pub use relation::{Relation, Relations};
pub use rom::ProgramTables;
pub use row::Row;

/// Cell of memory word 0 in the Memory relation; cells below it are registers.
pub const WORD_OFFSET: u32 = 64;

/// Registers including the sink, see [`rom::SINK_REGISTER`].
pub const REGISTERS: usize = 33;

/// Most steps of one proof.
pub const MAX_STEPS: u32 = 1 << 24;

/// Cell of the memory word at a byte address.
pub fn word_cell(address: u32) -> u32 {
    address / 4 + WORD_OFFSET
}

/// First cell of dynamic memory.
pub fn first_dynamic_cell() -> u32 {
    word_cell(abi::DYNAMIC_BASE)
}

/// The two limbs of a word.
pub fn word_limbs(word: u32) -> [u32; 2] {
    [word & 0xffff, word >> 16]
}
