//! Verifies zkVM proofs.
//!
//! [`ProgramKey`] holds what the verifier knows of a program, made from its ELF; [`verify`] checks a proof's bytes
//! against it and returns what the proof says. Neither trusts anything in the bytes: every length is bounded before it
//! is allocated, every encoding has one form, and a panic of the proof library is an error.
#![forbid(unsafe_code)]

mod commitment;
mod key;
mod proof;
mod verify;

pub use key::ProgramKey;
pub use proof::{MAX_PART_BYTES, MAX_PROOF_BYTES, PartProof, Proof, ProofBody};
pub use verify::{Statement, VerifyError, verify};
