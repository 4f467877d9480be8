//! The proof of one set of components: a whole run, or a part of a run in segments.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use provefleet_zkvm_air::claim::{Components, max_log_size};
use provefleet_zkvm_air::kind::Kind;
use provefleet_zkvm_air::preprocessed::{column_values, preprocessed_columns};
use provefleet_zkvm_air::{Component, Profile, ProgramTables, Relations};
use provefleet_zkvm_verifier::PartProof;
use rayon::prelude::*;
use stwo::core::channel::{Blake2sChannel, Channel};
use stwo::core::fields::m31::BaseField;
use stwo::core::fields::qm31::SecureField;
use stwo::core::pcs::PcsConfig;
use stwo::core::poly::circle::CanonicCoset;
use stwo::core::utils::MaybeOwned;
use stwo::core::vcs_lifted::blake2_merkle::Blake2sMerkleChannel;
use stwo::prover::backend::simd::SimdBackend;
use stwo::prover::backend::simd::column::BaseColumn;
use stwo::prover::mempool::BaseColumnPool;
use stwo::prover::poly::BitReversedOrder;
use stwo::prover::poly::circle::{CircleEvaluation, PolyOps};
use stwo::prover::poly::twiddles::TwiddleTree;
use stwo::prover::{CommitmentSchemeProver, CommitmentTreeProver, ComponentProver};

use crate::evaluation::ProverComponent;
use crate::interaction::InteractionInput;
use crate::prove::{ProgramProver, ProveError, Stage, Stages};
use crate::trace::{ComponentTrace, Trace};

type PreprocessedTree = CommitmentTreeProver<SimdBackend, Blake2sMerkleChannel>;
type Evaluation = CircleEvaluation<SimdBackend, BaseField, BitReversedOrder>;

/// Preprocessed trees by table components, blowup and height.
pub type TreeCache = HashMap<(Components, u32, u32), Arc<PreprocessedTree>>;

/// Preprocessed trees kept for the next proof. A tree of height h holds 2^(h + 6) bytes of hashes: small ones are kept
/// for later proofs, and of large ones (which segments share) only the last.
const MAX_SMALL_TREE_HEIGHT: u32 = 18;
const MAX_CACHED_TREES: usize = 8;

/// Twiddles of a domain; the largest domain's serve smaller ones.
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

fn preprocessed_values(tables: &ProgramTables, components: &[(Kind, u32)]) -> Vec<(u32, BaseColumn)> {
    let values = |column| column_values(tables, column).map(BaseField::from_u32_unchecked).collect();
    preprocessed_columns(components).into_par_iter().map(|column| (column.log_size, values(column))).collect()
}

/// What a part needs besides its trace.
pub struct PartContext<'a> {
    tables: &'a ProgramTables,
    components: Components,
    config: PcsConfig,
    twiddles: Arc<TwiddleTree<SimdBackend>>,
    tree: Arc<PreprocessedTree>,
}

impl<'a> PartContext<'a> {
    pub fn new(prover: &'a ProgramProver, components: &[(Kind, u32)], profile: Profile) -> Self {
        let tallest = max_log_size(components);
        let height = tallest + profile.log_blowup();
        let twiddles = twiddles(height);
        let tree = preprocessed_tree(prover, components, profile.log_blowup(), height, &twiddles);
        let components = components.to_vec();
        Self { tables: prover.tables(), components, config: profile.config(tallest), twiddles, tree }
    }

    /// Starts the part's transcript and commits to its main trace.
    pub fn commit_main(&self, trace: &Trace, mix_claim: impl FnOnce(&mut Blake2sChannel)) -> PartSession<'_> {
        let mut channel = Blake2sChannel::default();
        self.config.mix_into(&mut channel);
        let mut commitments = CommitmentSchemeProver::new(self.config, &self.twiddles);
        commitments.set_store_polynomials_coefficients();
        commitments.commit_tree(MaybeOwned::Borrowed(&self.tree), &mut channel);
        mix_claim(&mut channel);
        let mut builder = commitments.tree_builder();
        for part in &trace.components {
            builder.extend_evals(part.columns.iter().map(|c| evaluation(part.log_size, c.clone())).collect());
        }
        builder.commit(&mut channel);
        PartSession { context: self, channel, commitments }
    }
}

/// A part that has committed to its main trace.
pub struct PartSession<'a> {
    context: &'a PartContext<'a>,
    pub channel: Blake2sChannel,
    commitments: CommitmentSchemeProver<'a, SimdBackend, Blake2sMerkleChannel>,
}

impl PartSession<'_> {
    /// Proves the part once the interaction randomness is drawn and in the transcript.
    pub fn finish(self, trace: Trace, relations: Relations, stages: &mut Stages) -> Result<PartProof, ProveError> {
        let Self { context, mut channel, mut commitments } = self;
        let (interaction, claimed_sums) =
            stages.run(Stage::Interaction, || interaction(context.tables, trace, &relations))?;
        stages.run(Stage::CommitInteraction, || {
            channel.mix_felts(&claimed_sums);
            let mut builder = commitments.tree_builder();
            for ((_, log_size), columns) in context.components.iter().zip(interaction) {
                builder.extend_evals(columns.into_iter().map(|column| evaluation(*log_size, column)).collect());
            }
            builder.commit(&mut channel);
        })?;
        let stark = stages.run(Stage::Stark, || {
            let components = Component::all(&context.components, relations, &claimed_sums);
            let components: Vec<ProverComponent> = components.into_iter().map(ProverComponent).collect();
            let references: Vec<&dyn ComponentProver<SimdBackend>> = components.iter().map(|c| c as _).collect();
            stwo::prover::prove(&references, &mut channel, commitments)
        })?;
        let stark = stark.map_err(|error| ProveError::Internal { message: error.to_string() })?;
        Ok(PartProof { claimed_sums, stark })
    }
}

/// Interaction columns and claimed sums; frees the main trace.
fn interaction(
    tables: &ProgramTables,
    trace: Trace,
    relations: &Relations,
) -> (Vec<Vec<BaseColumn>>, Vec<SecureField>) {
    let one = |part: ComponentTrace| {
        let ComponentTrace { kind, log_size, columns } = part;
        let preprocessed = preprocessed_values(tables, &[(kind, log_size)]);
        let preprocessed: Vec<BaseColumn> = preprocessed.into_iter().map(|(_, column)| column).collect();
        InteractionInput { kind, log_size, main: &columns, preprocessed: &preprocessed, relations }.columns()
    };
    trace.components.into_iter().map(one).unzip()
}

/// The preprocessed tree of proofs with these components.
fn preprocessed_tree(
    prover: &ProgramProver,
    components: &[(Kind, u32)],
    log_blowup: u32,
    height: u32,
    twiddles: &TwiddleTree<SimdBackend>,
) -> Arc<PreprocessedTree> {
    let tables: Components = components.iter().copied().filter(|(kind, _)| kind.is_table()).collect();
    let key = (tables, log_blowup, height);
    if let Some(tree) = prover.trees.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return tree.clone();
    }
    let polynomials = preprocessed_values(prover.tables(), &key.0)
        .into_par_iter()
        .map(|(log_size, column)| evaluation(log_size, column).interpolate_with_twiddles(twiddles))
        .collect();
    let pool = BaseColumnPool::new();
    let tree = Arc::new(PreprocessedTree::new(polynomials, log_blowup, twiddles, true, Some(height), &pool));
    prover.key().remember_root(components, log_blowup, height, tree.commitment.root());
    let mut trees = prover.trees.lock().unwrap_or_else(PoisonError::into_inner);
    trees.retain(|(_, _, height), _| *height <= MAX_SMALL_TREE_HEIGHT);
    if trees.len() >= MAX_CACHED_TREES {
        trees.clear();
    }
    trees.insert(key, tree.clone());
    tree
}
