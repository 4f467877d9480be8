//! The prover.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Instant;

use provefleet_proof_system::bytes::Writer;
use provefleet_proof_system::catch_quietly;
use provefleet_proof_system::envelope::write_head;
use provefleet_proof_system::stark::{Hasher, write_stark};
use stwo::core::channel::{Blake2sChannel, Channel};
use stwo::core::fields::m31::BaseField;
use stwo::core::fields::qm31::SecureField;
use stwo::core::pcs::PcsConfig;
use stwo::core::poly::circle::CanonicCoset;
use stwo::core::proof::StarkProof;
use stwo::core::vcs_lifted::blake2_merkle::Blake2sMerkleChannel;
use stwo::prover::backend::simd::SimdBackend;
use stwo::prover::backend::simd::column::BaseColumn;
use stwo::prover::poly::BitReversedOrder;
use stwo::prover::poly::circle::{CircleEvaluation, PolyOps};
use stwo::prover::poly::twiddles::TwiddleTree;
use stwo::prover::{CommitmentSchemeProver, ComponentProver};

use crate::air::Challenges;
use crate::error::{InputError, ProveError};
use crate::memory;
use crate::options::{ProofOutput, ProveOptions, Stage, StageTime};
use crate::program::{Computation, Program, word_to_bytes};
use crate::shape::{Shape, chain_start, chain_words};
use crate::statement::{Components, KIND, LIFTING_LOG_SIZE, PROFILE, Statement};
use crate::trace::{Interaction, Witness, chain_interaction, table_interaction};

/// An upper estimate, in bytes, of the memory that [`prove`] takes at its peak beyond what the process already uses.
///
/// # Errors
/// [`InputError`] if there is no such program or the input is not one of its inputs.
pub fn estimate_memory_bytes(program_id: &str, input: &[u8]) -> Result<u64, InputError> {
    let program = Program::from_id(program_id)?;
    let computation = Computation::parse(program, input)?;
    Ok(memory::estimate(&Shape::of(program, computation.rounds())))
}

/// Runs a program on an input and proves the result.
///
/// Works on the current rayon thread pool. The proof is the same on every machine and with every number of threads.
///
/// # Errors
/// See [`ProveError`]; nothing is started if the program, the input or the budget does not allow it.
pub fn prove(program_id: &str, input: &[u8], options: &ProveOptions<'_>) -> Result<ProofOutput, ProveError> {
    let program = Program::from_id(program_id)?;
    let computation = Computation::parse(program, input)?;
    let shape = Shape::of(program, computation.rounds());
    let needed = memory::estimate(&shape);
    if let Some(budget) = options.memory_budget_bytes.filter(|budget| *budget < needed) {
        return Err(ProveError::OutOfMemoryBudget { needed, budget });
    }
    catch_quietly(AssertUnwindSafe(|| run(&computation, &shape, needed, options)))
        .unwrap_or_else(|message| Err(ProveError::Internal { message }))
}

fn run(
    computation: &Computation,
    shape: &Shape,
    estimated_memory_bytes: u64,
    options: &ProveOptions<'_>,
) -> Result<ProofOutput, ProveError> {
    let mut stages = Stages { options, times: Vec::with_capacity(Stage::ALL.len()) };
    let config = PROFILE.config(LIFTING_LOG_SIZE);
    let (statement, witness) = stages.run(Stage::Trace, || execute(computation, shape))?;
    let (chain_sum, stark) = prove_witness(&statement, witness, config, &mut stages)?;
    let proof = stages.run(Stage::Encode, || encode(&statement, config, chain_sum, &stark))?;
    Ok(ProofOutput {
        proof,
        public_output: word_to_bytes(&statement.result, shape.halves),
        exit_code: 0,
        cycles: computation.rounds().into(),
        stages: stages.times,
        estimated_memory_bytes,
    })
}

/// Times the stages, reports them and asks for cancellation between them.
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
        let micros = start.elapsed().as_micros() as u64;
        self.times.push(StageTime { name: stage.name(), micros });
        Ok(result)
    }
}

/// Runs the computation; returns the true statement about it and its witness.
pub(crate) fn execute(computation: &Computation, shape: &Shape) -> (Statement, Witness) {
    let (first, length) = chain_start(computation, shape);
    let words = chain_words(&first, length, shape.halves);
    let statement = Statement::of_last_state(computation, &words[words.len() - 2 * shape.halves..]);
    (statement, Witness::of_words(shape, &words))
}

/// Proves a statement by a witness. If the witness is not one, either this fails or the verifier refuses the proof.
fn prove_witness(
    statement: &Statement,
    witness: Witness,
    config: PcsConfig,
    stages: &mut Stages<'_>,
) -> Result<(SecureField, StarkProof<Hasher>), ProveError> {
    let twiddles = twiddles(statement.shape().max_log_rows() + config.fri_config.log_blowup_factor);
    let mut session = Session::new(statement, config, &twiddles);
    let challenges = stages.run(Stage::CommitTrace, || session.commit_trace(&witness))?;
    let (chain, table) = stages.run(Stage::Interaction, || {
        let chain = chain_interaction(&session.shape, &witness.chain, &challenges);
        let table = table_interaction(&session.shape, &witness.table, &challenges);
        drop(witness);
        (chain, table)
    })?;
    let components = stages.run(Stage::CommitInteraction, || session.commit_interaction(&challenges, chain, table))?;
    let stark = stages.run(Stage::Stark, || session.prove(&components))??;
    Ok((components.chain.claimed_sum(), stark))
}

/// A proof in the making: the transcript and what has been committed.
pub(crate) struct Session<'a> {
    pub shape: Shape,
    pub channel: Blake2sChannel,
    pub commitments: CommitmentSchemeProver<'a, SimdBackend, Blake2sMerkleChannel>,
}

impl<'a> Session<'a> {
    pub fn new(statement: &Statement, config: PcsConfig, twiddles: &'a TwiddleTree<SimdBackend>) -> Self {
        let shape = statement.shape();
        let mut channel = statement.transcript(&config, &shape);
        let mut commitments = CommitmentSchemeProver::new(config, twiddles);
        commitments.set_store_polynomials_coefficients();
        // The tree of preprocessed columns, of which there are none.
        commitments.tree_builder().commit(&mut channel);
        Self { shape, channel, commitments }
    }

    /// Commits the witness and draws the challenges of the lookup argument.
    pub fn commit_trace(&mut self, witness: &Witness) -> Challenges {
        let mut tree = self.commitments.tree_builder();
        tree.extend_evals(evaluations(witness.chain.clone()));
        tree.extend_evals(evaluations(witness.table.clone()));
        tree.commit(&mut self.channel);
        Challenges::draw(&mut self.channel)
    }

    /// Commits the columns of the lookup argument.
    pub fn commit_interaction(
        &mut self,
        challenges: &Challenges,
        chain: Interaction,
        table: Interaction,
    ) -> Components {
        let components = Components::new(&self.shape, challenges, chain.sum, table.sum);
        self.channel.mix_felts(&[chain.sum, table.sum]);
        let mut tree = self.commitments.tree_builder();
        tree.extend_evals(evaluations(chain.columns));
        tree.extend_evals(evaluations(table.columns));
        tree.commit(&mut self.channel);
        components
    }

    /// Proves that the committed columns fulfil the components' constraints.
    pub fn prove(mut self, components: &Components) -> Result<StarkProof<Hasher>, ProveError> {
        let provers: [&dyn ComponentProver<SimdBackend>; 2] = [&components.chain, &components.table];
        stwo::prover::prove(&provers, &mut self.channel, self.commitments)
            .map_err(|error| ProveError::Internal { message: error.to_string() })
    }
}

/// The proof's bytes.
pub(crate) fn encode(
    statement: &Statement,
    config: PcsConfig,
    chain_sum: SecureField,
    stark: &StarkProof<Hasher>,
) -> Vec<u8> {
    let mut writer = Writer::new();
    write_head(&mut writer, KIND, &config);
    statement.write(&mut writer);
    writer.secure_field(chain_sum);
    let shape = Components::placeholder(&statement.shape()).stark_shape(config);
    write_stark(&mut writer, &shape, stark);
    writer.into_bytes()
}

fn evaluations(columns: Vec<BaseColumn>) -> Vec<CircleEvaluation<SimdBackend, BaseField, BitReversedOrder>> {
    use stwo::prover::backend::Column;
    columns
        .into_iter()
        .map(|column| {
            let domain = CanonicCoset::new(column.len().ilog2()).circle_domain();
            CircleEvaluation::new(domain, column)
        })
        .collect()
}

type Twiddles = Arc<TwiddleTree<SimdBackend>>;

/// The FFT's factors for domains up to this size. They are kept for the process's life: at most 8 bytes a point, and
/// one tree for each of the sizes that occur.
pub(crate) fn twiddles(log_domain: u32) -> Twiddles {
    static KNOWN: LazyLock<Mutex<HashMap<u32, Twiddles>>> = LazyLock::new(Mutex::default);
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(twiddles) = known().get(&log_domain) {
        return Arc::clone(twiddles);
    }
    // Computed outside of the lock; the pool's threads may come here from another proof meanwhile.
    let half_coset = CanonicCoset::new(log_domain).circle_domain().half_coset;
    let twiddles = Arc::new(SimdBackend::precompute_twiddles(half_coset));
    Arc::clone(known().entry(log_domain).or_insert(twiddles))
}
