//! Proving: options, reports, and the pipeline of a run that is proven whole.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::time::Instant;

use provefleet_proof_system::catch_quietly;
use provefleet_zkvm_air::claim::MAX_SEGMENTS;
use provefleet_zkvm_air::kind::Kind;
use provefleet_zkvm_air::profile::INTERACTION_POW_BITS;
use provefleet_zkvm_air::{Claim, MAX_STEPS, MachineClaim, Part, Profile, ProgramTables, Relations};
use provefleet_zkvm_core::{ExecutionError, GuestInput, Limits, Program, execute};
use provefleet_zkvm_verifier::{PartProof, ProgramKey, Proof, ProofBody, Statement, VerifyError, verify};
use stwo::core::channel::Channel;
use stwo::core::proof_of_work::GrindOps;
use stwo::prover::backend::simd::SimdBackend;
use thiserror::Error;

use crate::memory::estimate_peak_bytes;
use crate::part::{PartContext, TreeCache};
use crate::trace::Trace;
use crate::witness::{Recorder, RecorderHandler, Witness};

/// Steps of proving, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Execute,
    Trace,
    CommitTrace,
    Interaction,
    CommitInteraction,
    Stark,
    Encode,
    SelfCheck,
}

impl Stage {
    pub const ALL: [Stage; 8] = [
        Stage::Execute,
        Stage::Trace,
        Stage::CommitTrace,
        Stage::Interaction,
        Stage::CommitInteraction,
        Stage::Stark,
        Stage::Encode,
        Stage::SelfCheck,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Stage::Execute => "execute",
            Stage::Trace => "trace",
            Stage::CommitTrace => "commit-trace",
            Stage::Interaction => "interaction",
            Stage::CommitInteraction => "commit-interaction",
            Stage::Stark => "stark",
            Stage::Encode => "encode",
            Stage::SelfCheck => "self-check",
        }
    }
}

/// Instructions of a segment that a proof below 1 GB of memory can hold in the `fast` profile.
pub const DEFAULT_SEGMENT_STEPS: u32 = 1 << 19;

/// How long a stage took, over all parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageTime {
    pub stage: Stage,
    pub micros: u64,
}

/// What [`ProgramProver::prove`] may do.
#[derive(Clone, Copy, Default)]
pub struct ProveOptions<'a> {
    /// Parameters; by default chosen by the run's length.
    pub profile: Option<Profile>,
    /// Most instructions to execute; by default what the proof can hold.
    pub max_cycles: Option<u64>,
    /// Proves the run in segments of that many instructions (at most [`MAX_STEPS`]), so that memory does not grow with
    /// its length; by default whole. [`DEFAULT_SEGMENT_STEPS`] keeps a proof below 1 GB.
    pub segment_steps: Option<u32>,
    /// Refuses to go on when the estimated peak of resident memory exceeds this.
    pub memory_budget_bytes: Option<u64>,
    /// Called when a stage begins.
    pub on_stage: Option<&'a dyn Fn(Stage)>,
    /// Asked between stages and every 65,536 cycles of execution.
    pub is_cancelled: Option<&'a dyn Fn() -> bool>,
    /// Leaves out the verification of the finished proof.
    pub skip_self_check: bool,
}

/// A finished proof.
#[derive(Clone, Debug)]
pub struct ProveReport {
    /// The encoded proof.
    pub proof: Vec<u8>,
    /// What it says.
    pub statement: Statement,
    pub stages: Vec<StageTime>,
    pub estimated_peak_bytes: u64,
    /// Kind and log size of the components of all parts.
    pub components: Vec<(Kind, u32)>,
    /// Committed cells of main and interaction trace, tables and padding included.
    pub cells: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProveError {
    #[error(transparent)]
    Execution(#[from] ExecutionError),
    #[error("the proof would take about {needed} bytes of memory, {budget} are allowed")]
    MemoryBudget { needed: u64, budget: u64 },
    #[error("cancelled")]
    Cancelled,
    /// A fault of this program, never of the guest or its input.
    #[error("internal error: {message}")]
    Internal { message: String },
}

impl From<VerifyError> for ProveError {
    fn from(error: VerifyError) -> Self {
        ProveError::Internal { message: format!("the proof just made does not verify: {error}") }
    }
}

/// Proves runs of one program. Keeps what proofs of it have in common.
pub struct ProgramProver {
    program: Program,
    key: ProgramKey,
    pub(crate) trees: Mutex<TreeCache>,
}

/// Times stages and asks for cancellation between them.
pub(crate) struct Stages<'a> {
    pub options: &'a ProveOptions<'a>,
    times: HashMap<&'static str, StageTime>,
}

impl<'a> Stages<'a> {
    pub fn new(options: &'a ProveOptions<'a>) -> Self {
        Self { options, times: HashMap::new() }
    }

    pub fn run<T>(&mut self, stage: Stage, work: impl FnOnce() -> T) -> Result<T, ProveError> {
        if self.is_cancelled() {
            return Err(ProveError::Cancelled);
        }
        if let Some(on_stage) = self.options.on_stage {
            on_stage(stage);
        }
        let start = Instant::now();
        let result = work();
        let micros = start.elapsed().as_micros() as u64;
        self.times.entry(stage.name()).or_insert(StageTime { stage, micros: 0 }).micros += micros;
        Ok(result)
    }

    pub fn is_cancelled(&self) -> bool {
        self.options.is_cancelled.is_some_and(|is_cancelled| is_cancelled())
    }

    /// Times by stage, in the order of stages.
    fn into_times(self) -> Vec<StageTime> {
        Stage::ALL.into_iter().filter_map(|stage| self.times.get(stage.name()).copied()).collect()
    }
}

/// Handler of a whole run: watches memory and cancellation.
struct Watch<'a> {
    options: &'a ProveOptions<'a>,
    needed: u64,
    cancelled: bool,
}

impl RecorderHandler for Watch<'_> {
    fn may_continue(&mut self, rows: &[(Kind, usize)]) -> bool {
        // While the run's length is unknown, assume the profile that takes least.
        let least = self.options.profile.unwrap_or(Profile::Fast);
        self.needed = estimate_peak_bytes(rows.iter().copied(), least);
        self.cancelled = self.options.is_cancelled.is_some_and(|is_cancelled| is_cancelled());
        self.options.memory_budget_bytes.is_none_or(|budget| self.needed <= budget) && !self.cancelled
    }

    fn segment(&mut self, _: Witness, _: MachineClaim) -> bool {
        unreachable!("a whole run has no segments")
    }
}

impl ProgramProver {
    pub fn new(program: Program) -> Self {
        let key = ProgramKey::new(&program);
        Self { program, key, trees: Mutex::default() }
    }

    /// What a verifier of this program's proofs needs.
    pub fn key(&self) -> &ProgramKey {
        &self.key
    }

    pub fn program(&self) -> &Program {
        &self.program
    }

    pub(crate) fn tables(&self) -> &ProgramTables {
        self.key.tables()
    }

    /// Runs the program and proves the run. Works on the current rayon thread pool. The proof is the same on every
    /// machine and with every number of threads.
    ///
    /// # Errors
    /// [`ProveError`]: the guest trapped or ran too long, an input does not fit, the memory budget does not allow it, or
    /// it was cancelled. A guest that exits with another code than zero is no error: its proof says so.
    pub fn prove(&self, input: GuestInput, options: &ProveOptions) -> Result<ProveReport, ProveError> {
        catch_quietly(AssertUnwindSafe(|| self.prove_inner(input, options)))
            .unwrap_or_else(|message| Err(ProveError::Internal { message }))
    }

    fn prove_inner(&self, input: GuestInput, options: &ProveOptions) -> Result<ProveReport, ProveError> {
        let mut stages = Stages::new(options);
        let (proof, estimated_peak_bytes) = match options.segment_steps {
            None => self.prove_whole(input, options, &mut stages)?,
            Some(steps) => self.prove_segmented(input, steps.clamp(1, MAX_STEPS), &mut stages)?,
        };
        let bytes = stages.run(Stage::Encode, || proof.encode(&self.key))?;
        let statement = if options.skip_self_check {
            let message = "the claim has no statement".to_string();
            proof.unverified_statement().ok_or(ProveError::Internal { message })?
        } else {
            stages.run(Stage::SelfCheck, || verify(&self.key, &bytes))??
        };
        let components: Vec<(Kind, u32)> = match &proof.body {
            ProofBody::Whole { claim, .. } => claim.components.clone(),
            ProofBody::Segmented { claim, .. } => {
                (0..claim.parts()).flat_map(|part| claim.components(part).to_vec()).collect()
            }
        };
        let cells = components.iter().map(|&(kind, log_size)| (kind.shape().cells() as u64) << log_size).sum();
        let stages = stages.into_times();
        Ok(ProveReport { proof: bytes, statement, stages, estimated_peak_bytes, components, cells })
    }

    /// Most cycles to execute, given how many the proof can hold.
    pub(crate) fn limits(options: &ProveOptions, capacity: u64) -> Limits {
        Limits { max_cycles: options.max_cycles.unwrap_or(capacity).min(capacity) }
    }

    fn prove_whole(
        &self,
        input: GuestInput,
        options: &ProveOptions,
        stages: &mut Stages,
    ) -> Result<(Proof, u64), ProveError> {
        let (witness, mut claim, profile, estimated_peak_bytes) =
            stages.run(Stage::Execute, || self.execute(input, options))??;
        let trace = stages.run(Stage::Trace, || Trace::new(witness, Part::Whole, self.tables()))?;
        claim.components = trace.kinds();
        debug_assert_eq!(claim.validate(self.tables()), Ok(()));
        Ok((self.prove_stages(claim, trace, profile, stages)?, estimated_peak_bytes))
    }

    /// Runs the program and writes the run down. Returns the witness, the claim without its components, the profile
    /// and the estimated memory.
    pub fn execute(
        &self,
        input: GuestInput,
        options: &ProveOptions,
    ) -> Result<(Witness, Claim, Profile, u64), ProveError> {
        let budget = options.memory_budget_bytes.unwrap_or(u64::MAX);
        let mut watch = Watch { options, needed: 0, cancelled: false };
        let mut recorder = Recorder::new(&self.program, self.tables(), None, &mut watch);
        let run = execute(&self.program, input, Self::limits(options, MAX_STEPS.into()), &mut recorder);
        let (witness, machine, memory) = match run {
            Ok(execution) => recorder.finish(&execution, input.public),
            Err(ExecutionError::Stopped { .. }) if watch.cancelled => return Err(ProveError::Cancelled),
            Err(ExecutionError::Stopped { .. }) => {
                return Err(ProveError::MemoryBudget { needed: watch.needed, budget });
            }
            Err(error) => return Err(error.into()),
        };
        let profile = options.profile.unwrap_or_else(|| Profile::for_steps(machine.steps.into()));
        let needed = estimate_peak_bytes(witness.row_counts().into_iter(), profile);
        if needed > budget {
            return Err(ProveError::MemoryBudget { needed, budget });
        }
        Ok((witness, Claim { components: Vec::new(), machine, memory }, profile, needed))
    }

    /// Proves a whole run's trace. If it does not satisfy the constraints, this fails or the verifier refuses the proof.
    pub fn prove_trace(
        &self,
        claim: Claim,
        trace: Trace,
        profile: Profile,
        options: &ProveOptions,
    ) -> Result<Proof, ProveError> {
        self.prove_stages(claim, trace, profile, &mut Stages::new(options))
    }

    fn prove_stages(
        &self,
        claim: Claim,
        trace: Trace,
        profile: Profile,
        stages: &mut Stages,
    ) -> Result<Proof, ProveError> {
        let program_hash = self.tables().hash;
        let context = PartContext::new(self, &claim.components, profile);
        let mut session = stages.run(Stage::CommitTrace, || {
            context.commit_main(&trace, |channel| claim.mix_into(channel, &program_hash))
        })?;
        let channel = &mut session.channel;
        let interaction_nonce = SimdBackend::grind(channel, INTERACTION_POW_BITS);
        channel.mix_u64(interaction_nonce);
        let relations = Relations::draw(channel);
        let part: PartProof = session.finish(trace, relations, stages)?;
        Ok(Proof {
            profile,
            program_hash,
            interaction_nonce,
            body: ProofBody::Whole { claim: Box::new(claim), part: Box::new(part) },
        })
    }

    /// Most instructions a run in segments may have.
    pub(crate) fn segmented_capacity(steps: u32) -> u64 {
        u64::from(steps) * MAX_SEGMENTS as u64
    }
}
