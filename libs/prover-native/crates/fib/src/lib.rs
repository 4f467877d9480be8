//! Proofs that a run of one of the network's two Fibonacci programs gave a certain result.
//!
//! # Interface
//!
//! ```text
//! prove(program_id: &str, input: &[u8], options: &ProveOptions) -> Result<ProofOutput, ProveError>
//! verify(claim: &Claim) -> Result<Verified, VerifyError>
//! estimate_memory_bytes(program_id: &str, input: &[u8]) -> Result<u64, InputError>
//! ```
//!
//! `prove` and `estimate_memory_bytes` need the feature `prover` (on by default); without it the crate is a verifier and
//! holds none of the library's proving code. `prove` works on the rayon thread pool it is called in: call it inside
//! `pool.install(…)` to choose the threads. It does not verify its own proof; callers that hand proofs on call
//! [`verify`] first.
//!
//! # What a proof's bytes are
//!
//! | part | bytes |
//! | --- | --- |
//! | head (`provefleet_proof_system::envelope`): magic, version, kind, parameters | 32 |
//! | program tag, n | 8 |
//! | a, b; for `fib_input_initial` only | 8 |
//! | result, and the other word of the last state | 8, or 48 for `fast-fib` |
//! | the chain's share of the lookup sum | 16 |
//! | STARK proof (`provefleet_proof_system::stark`) | the rest |
//!
//! A claim has one proof up to the prover's choices of witness and nonce, and a proof has one encoding: numbers have
//! fixed widths, field elements are reduced, and nothing is left unread or unchecked.
//!
//! # Where the soundness argument is
//!
//! `air.rs` states what each rule and relation enforces and why an accepted claim is true; `tests/` beside it breaks
//! each one alone and shows the proof of it to the verifier.

mod air;
mod error;
#[cfg(feature = "prover")]
mod memory;
mod options;
mod program;
#[cfg(feature = "prover")]
mod prove;
mod shape;
mod statement;
#[cfg(all(test, feature = "prover"))]
mod tests;
#[cfg(feature = "prover")]
mod trace;
mod verify;

pub use error::{InputError, ProveError, VerifyError, VerifyErrorKind};
pub use options::{Claim, Verified};
#[cfg(feature = "prover")]
pub use options::{ProofOutput, ProveOptions, Stage, StageTime};
pub use program::{MAX_N, Program};
#[cfg(feature = "prover")]
pub use prove::{estimate_memory_bytes, prove};
pub use verify::verify;
