//! What goes into and comes out of proving and verifying.

/// A statement and the proof of it, as given to the verifier.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The program's id on the wire.
    pub program_id: &'a str,
    /// The program's input bytes.
    pub input: &'a [u8],
    /// The result: 4 bytes for `fib_input_initial`, 24 for `fast-fib`, little-endian.
    pub public_output: &'a [u8],
    pub proof: &'a [u8],
}

/// What is known of a proof that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Security in bits by the formula of the shared policy.
    pub security_bits: u32,
}

/// The parts of a proving run, in their order.
#[cfg(feature = "prover")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Running the program and laying out its trace.
    Trace,
    /// Extending and committing the trace.
    CommitTrace,
    /// Computing the lookup argument's columns.
    Interaction,
    /// Extending and committing them.
    CommitInteraction,
    /// Constraints, out-of-domain sampling and FRI; by far the longest without a pause.
    Stark,
    /// Writing the proof's bytes.
    Encode,
}

#[cfg(feature = "prover")]
impl Stage {
    /// Every stage, in the order in which they run.
    pub const ALL: [Self; 6] =
        [Self::Trace, Self::CommitTrace, Self::Interaction, Self::CommitInteraction, Self::Stark, Self::Encode];

    /// The stage's stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::CommitTrace => "commit-trace",
            Self::Interaction => "interaction",
            Self::CommitInteraction => "commit-interaction",
            Self::Stark => "stark",
            Self::Encode => "encode",
        }
    }
}

/// How to prove. The default has no budget, no callback and cannot be cancelled.
#[cfg(feature = "prover")]
#[derive(Clone, Copy, Default)]
pub struct ProveOptions<'a> {
    /// Refuse the job before it starts if [`crate::estimate_memory_bytes`] exceeds this.
    pub memory_budget_bytes: Option<u64>,
    /// Called on the proving thread when a stage begins.
    pub on_stage: Option<&'a (dyn Fn(Stage) + Sync)>,
    /// Asked before each stage; `true` ends the run with [`crate::ProveError::Cancelled`].
    pub is_cancelled: Option<&'a (dyn Fn() -> bool + Sync)>,
}

/// How long a stage took.
#[cfg(feature = "prover")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageTime {
    /// [`Stage::name`].
    pub name: &'static str,
    /// Wall-clock microseconds.
    pub micros: u64,
}

/// A finished proof with what its run showed.
#[cfg(feature = "prover")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofOutput {
    /// The canonical bytes of the proof.
    pub proof: Vec<u8>,
    /// The result, as [`Claim::public_output`] wants it.
    pub public_output: Vec<u8>,
    /// The program's exit code; these programs always end with 0.
    pub exit_code: u32,
    /// Rounds of the program's loop that were run.
    pub cycles: u64,
    /// Time of each stage, in order.
    pub stages: Vec<StageTime>,
    /// The estimate that was held against the budget.
    pub estimated_memory_bytes: u64,
}
