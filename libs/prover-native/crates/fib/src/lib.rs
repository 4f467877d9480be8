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
//! `prove` needs the feature `prover` (on by default); everything else is always there. `prove` works on the rayon
//! thread pool it is called in: call it inside `pool.install(…)` to choose the threads. It does not verify its own
//! proof; callers that hand proofs on call [`verify`] first.

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
