//! Proves runs of RV32IM programs: [`prove`].
//!
//! A run is executed once and written down as rows ([`witness`]); rows become columns ([`trace`]); the LogUp sums get
//! columns of their own ([`interaction`]); constraints are evaluated over the extended columns ([`evaluation`]); the rest
//! is the library's. What is proven is not decided here but in `provefleet-zkvm-air`.

pub mod checker;
mod evaluation;
mod interaction;
mod memory;
mod packed;
mod part;
mod prove;
mod segmented;
mod trace;
mod witness;

pub use memory::estimate_peak_bytes;
pub use prove::{DEFAULT_SEGMENT_STEPS, ProgramProver, ProveError, ProveOptions, ProveReport, Stage, StageTime};
pub use trace::{ComponentTrace, Trace, split_rows};
pub use witness::{Multiplicities, Recorder, RecorderHandler, Witness};
