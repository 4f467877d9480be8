//! The zkVM's suite: completeness, soundness, and what the verifier does with hostile proofs.
//!
//! `PROVEFLEET_SWEEP=full` runs the sweeps at full size (about half an hour); the default is a sample of them that is
//! the same on every run.

mod commitment;
mod completeness;
mod forgeries;
mod guests;
mod hostile_proofs;
mod mutations;
mod segments;
mod support;
