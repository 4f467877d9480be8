//! The proving pipeline.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Instant;

use provefleet_proof_system::catch_quietly;
use provefleet_zkvm_air::component::Kind;
use provefleet_zkvm_air::preprocessed::{column_values, preprocessed_columns};
use provefleet_zkvm_air::profile::INTERACTION_POW_BITS;
use provefleet_zkvm_air::{Claim, Component, MAX_STEPS, Profile, ProgramTables, Relations};
use provefleet_zkvm_core::{ExecutionError, GuestInput, Limits, Program, execute};
use provefleet_zkvm_verifier::{ProgramKey, Proof, Statement, VerifyError, verify};
use rayon::prelude::*;
use stwo::core::channel::{Blake2sChannel, Channel};
use stwo::core::fields::m31::BaseField;
use stwo::core::fields::qm31::SecureField;
use stwo::core::poly::circle::CanonicCoset;
use stwo::core::proof_of_work::GrindOps;
use stwo::core::utils::MaybeOwned;
use stwo::core::vcs_lifted::blake2_merkle::Blake2sMerkleChannel;
use stwo::prover::backend::simd::SimdBackend;
use stwo::prover::backend::simd::column::BaseColumn;
use stwo::prover::mempool::BaseColumnPool;
use stwo::prover::poly::BitReversedOrder;
use stwo::prover::poly::circle::{CircleEvaluation, PolyOps};
use stwo::prover::poly::twiddles::TwiddleTree;
use stwo::prover::{CommitmentSchemeProver, CommitmentTreeProver, ComponentProver};
use thiserror::Error;

use crate::evaluation::ProverComponent;
use crate::interaction::InteractionInput;
use crate::memory::estimate_peak_bytes;
use crate::trace::{ComponentTrace, Trace};
use crate::witness::{Recorder, Witness};

type PreprocessedTree = CommitmentTreeProver<SimdBackend, Blake2sMerkleChannel>;
type Evaluation = CircleEvaluation<SimdBackend, BaseField, BitReversedOrder>;

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

/// How long a stage took.
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
    /// Most instructions to execute; by default what one proof can hold, [`MAX_STEPS`].
    pub max_cycles: Option<u32>,
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
    /// Kind and log size of the components.
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

/// Twiddles of the largest domain used so far serve all smaller ones only in their own size, so there is one per size.
fn twiddles(log_size: u32) -> Arc<TwiddleTree<SimdBackend>> {
    static CACHE: LazyLock<Mutex<HashMap<u32, Arc<TwiddleTree<SimdBackend>>>>> = LazyLock::new(Mutex::default);
    let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    let make = || {
        let half_coset = CanonicCoset::new(log_size).circle_domain().half_coset;
        Arc::new(SimdBackend::precompute_twiddles(half_coset))
    };
    cache.entry(log_size).or_insert_with(make).clone()
}

fn evaluation(log_size: u32, column: BaseColumn) -> Evaluation {
    Evaluation::new(CanonicCoset::new(log_size).circle_domain(), column)
}

/// Proves runs of one program. Keeps what proofs of it have in common.
pub struct ProgramProver {
    program: Program,
    key: ProgramKey,
    trees: Mutex<HashMap<TreeKey, Arc<PreprocessedTree>>>,
}

/// Table components, blowup, height.
type TreeKey = (Vec<(Kind, u32)>, u32, u32);

/// Preprocessed trees kept for the next proof: only small ones (a tree of height h holds 2^(h + 6) bytes of hashes).
const MAX_CACHED_TREE_HEIGHT: u32 = 18;
const MAX_CACHED_TREES: usize = 8;

/// Times stages and asks for cancellation between them.
struct Stages<'a> {
    options: &'a ProveOptions<'a>,
    times: Vec<StageTime>,
}

impl Stages<'_> {
    fn run<T>(&mut self, stage: Stage, work: impl FnOnce() -> T) -> Result<T, ProveError> {
        if self.options.is_cancelled.is_some_and(|is_cancelled| is_cancelled()) {
            return Err(ProveError::Cancelled);
        }
        if let Some(on_stage) = self.options.on_stage {
            on_stage(stage);
        }
        let start = Instant::now();
        let result = work();
        self.times.push(StageTime { stage, micros: start.elapsed().as_micros() as u64 });
        Ok(result)
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

    fn tables(&self) -> &ProgramTables {
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
        let mut stages = Stages { options, times: Vec::with_capacity(Stage::ALL.len()) };
        let (witness, mut claim, profile, estimated_peak_bytes) =
            stages.run(Stage::Execute, || self.execute(input, options))??;
        let trace = stages.run(Stage::Trace, || Trace::new(witness, self.tables()))?;
        claim.components = trace.kinds();
        debug_assert_eq!(claim.validate(self.tables()), Ok(()));
        let proof = self.prove_stages(claim, trace, profile, &mut stages)?;
        let components = proof.claim.components.clone();
        let bytes = stages.run(Stage::Encode, || proof.encode(&self.key))?;
        let statement = if options.skip_self_check {
            let message = "the claim has no statement".to_string();
            proof.unverified_statement().ok_or(ProveError::Internal { message })?
        } else {
            stages.run(Stage::SelfCheck, || verify(&self.key, &bytes))??
        };
        let cells = components.iter().map(|&(kind, log_size)| (kind.shape().cells() as u64) << log_size).sum();
        Ok(ProveReport { proof: bytes, statement, stages: stages.times, estimated_peak_bytes, components, cells })
    }

    /// Runs the program and writes the run down. Returns the witness, the claim without its components, the profile
    /// and the estimated memory.
    pub fn execute(
        &self,
        input: GuestInput,
        options: &ProveOptions,
    ) -> Result<(Witness, Claim, Profile, u64), ProveError> {
        let budget = options.memory_budget_bytes.unwrap_or(u64::MAX);
        let (mut needed, mut cancelled) = (0, false);
        // While the run's length is unknown, assume the profile that takes least.
        let least = options.profile.unwrap_or(Profile::Fast);
        let mut permission = |counts: &[(Kind, usize)]| {
            needed = estimate_peak_bytes(counts.iter().copied(), least);
            cancelled = options.is_cancelled.is_some_and(|is_cancelled| is_cancelled());
            needed <= budget && !cancelled
        };
        let mut recorder = Recorder::new(&self.program, self.tables(), &mut permission);
        let limits = Limits { max_cycles: options.max_cycles.unwrap_or(MAX_STEPS).min(MAX_STEPS).into() };
        let run = execute(&self.program, input, limits, &mut recorder);
        let (witness, claim) = match run {
            Ok(execution) => recorder.finish(&execution, input.public),
            Err(ExecutionError::Stopped { .. }) if cancelled => return Err(ProveError::Cancelled),
            Err(ExecutionError::Stopped { .. }) => return Err(ProveError::MemoryBudget { needed, budget }),
            Err(error) => return Err(error.into()),
        };
        let profile = options.profile.unwrap_or_else(|| Profile::for_steps(claim.steps.into()));
        let needed = estimate_peak_bytes(witness.row_counts().into_iter(), profile);
        if needed > budget {
            return Err(ProveError::MemoryBudget { needed, budget });
        }
        Ok((witness, claim, profile, needed))
    }

    /// The preprocessed tree of proofs with these components.
    fn preprocessed_tree(
        &self,
        components: &[(Kind, u32)],
        log_blowup: u32,
        height: u32,
        twiddles: &TwiddleTree<SimdBackend>,
    ) -> Arc<PreprocessedTree> {
        let tables: Vec<_> = components.iter().copied().filter(|(kind, _)| kind.is_table()).collect();
        let key = (tables, log_blowup, height);
        if let Some(tree) = self.trees.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return tree.clone();
        }
        let columns = preprocessed_columns(&key.0);
        let polynomials = columns
            .into_par_iter()
            .map(|column| {
                let values = column_values(self.tables(), column).map(BaseField::from_u32_unchecked).collect();
                evaluation(column.log_size, values).interpolate_with_twiddles(twiddles)
            })
            .collect();
        let pool = BaseColumnPool::new();
        let tree = Arc::new(PreprocessedTree::new(polynomials, log_blowup, twiddles, true, Some(height), &pool));
        self.key.remember_root(components, log_blowup, height, tree.commitment.root());
        if height <= MAX_CACHED_TREE_HEIGHT {
            let mut trees = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
            if trees.len() >= MAX_CACHED_TREES {
                trees.clear();
            }
            trees.insert(key, tree.clone());
        }
        tree
    }

    /// Proves a trace. If it does not satisfy the constraints, this fails or the verifier refuses the proof.
    pub fn prove_trace(
        &self,
        claim: Claim,
        trace: Trace,
        profile: Profile,
        options: &ProveOptions,
    ) -> Result<Proof, ProveError> {
        self.prove_stages(claim, trace, profile, &mut Stages { options, times: Vec::new() })
    }

    fn prove_stages(
        &self,
        claim: Claim,
        trace: Trace,
        profile: Profile,
        stages: &mut Stages,
    ) -> Result<Proof, ProveError> {
        let config = profile.config(claim.max_log_size());
        let height = claim.max_log_size() + profile.log_blowup();
        let twiddles = twiddles(height);
        let program_hash = self.tables().hash;
        let mut channel = Blake2sChannel::default();
        config.mix_into(&mut channel);
        let tree = self.preprocessed_tree(&claim.components, profile.log_blowup(), height, &twiddles);
        let mut commitments = CommitmentSchemeProver::<SimdBackend, Blake2sMerkleChannel>::new(config, &twiddles);
        commitments.set_store_polynomials_coefficients();

        stages.run(Stage::CommitTrace, || {
            commitments.commit_tree(MaybeOwned::Borrowed(&tree), &mut channel);
            claim.mix_into(&mut channel, &program_hash);
            let mut builder = commitments.tree_builder();
            for part in &trace.components {
                builder.extend_evals(part.columns.iter().map(|c| evaluation(part.log_size, c.clone())).collect());
            }
            builder.commit(&mut channel);
        })?;

        let (interaction_nonce, relations, interaction, claimed_sums) = stages.run(Stage::Interaction, || {
            let nonce = SimdBackend::grind(&channel, INTERACTION_POW_BITS);
            channel.mix_u64(nonce);
            let relations = Relations::draw(&mut channel);
            let (columns, sums) = self.interaction(trace, &relations);
            (nonce, relations, columns, sums)
        })?;

        stages.run(Stage::CommitInteraction, || {
            channel.mix_felts(&claimed_sums);
            let mut builder = commitments.tree_builder();
            for ((_, log_size), columns) in claim.components.iter().zip(interaction) {
                builder.extend_evals(columns.into_iter().map(|column| evaluation(*log_size, column)).collect());
            }
            builder.commit(&mut channel);
        })?;

        let stark = stages.run(Stage::Stark, || {
            let components: Vec<ProverComponent> =
                Component::all(&claim.components, relations, &claimed_sums).into_iter().map(ProverComponent).collect();
            let references: Vec<&dyn ComponentProver<SimdBackend>> = components.iter().map(|c| c as _).collect();
            stwo::prover::prove(&references, &mut channel, commitments)
        })?;
        let stark = stark.map_err(|error| ProveError::Internal { message: error.to_string() })?;
        Ok(Proof { profile, program_hash, claim, claimed_sums, interaction_nonce, stark })
    }

    /// Interaction columns and claimed sums; frees the main trace.
    fn interaction(&self, trace: Trace, relations: &Relations) -> (Vec<Vec<BaseColumn>>, Vec<SecureField>) {
        let one = |part: ComponentTrace| {
            let preprocessed: Vec<BaseColumn> = preprocessed_columns(&[(part.kind, part.log_size)])
                .into_iter()
                .map(|column| column_values(self.tables(), column).map(BaseField::from_u32_unchecked).collect())
                .collect();
            let ComponentTrace { kind, log_size, columns } = &part;
            let (kind, log_size) = (*kind, *log_size);
            InteractionInput { kind, log_size, main: columns, preprocessed: &preprocessed, relations }.columns()
        };
        trace.components.into_iter().map(one).unzip()
    }
}
