//! What every prover of the house shares: the security policy, the canonical encoding of proofs, and a shield against
//! panics in the proof library.

pub mod bytes;
pub mod envelope;
mod panics;
mod policy;
pub mod stark;

pub use panics::{catch_quietly, panic_text};
pub use policy::{MIN_SECURITY_BITS, SecurityProfile};
