//! A prover without scruples: it makes proofs of anything, so that it is the verifier that has to refuse them.

use provefleet_proof_system::stark::Hasher;
use stwo::core::channel::{Blake2sChannel, Channel};
use stwo::core::circle::CirclePoint;
use stwo::core::fields::qm31::{SECURE_EXTENSION_DEGREE, SecureField};
use stwo::core::pcs::PcsConfig;
use stwo::core::proof::StarkProof;
use stwo::core::vcs_lifted::blake2_merkle::Blake2sMerkleChannel;
use stwo::prover::backend::simd::SimdBackend;
use stwo::prover::{CommitmentSchemeProver, ComponentProver, ComponentProvers};

use crate::air::Challenges;
use crate::prove::{Session, encode, twiddles};
use crate::statement::{Components, Statement};
use crate::trace::{Interaction, Witness, chain_interaction, table_interaction};

/// The columns of the lookup argument, once the challenges are known.
pub(crate) struct Lookups<'a> {
    pub statement: &'a Statement,
    pub challenges: &'a Challenges,
    pub chain: &'a mut Interaction,
    pub table: &'a mut Interaction,
}

/// Makes the bytes of a proof of a statement by a witness; before the lookup columns are committed, `change` may alter
/// them and their sums.
pub(crate) fn cheat(
    statement: &Statement,
    witness: &Witness,
    config: PcsConfig,
    change: impl FnOnce(Lookups<'_>),
) -> Vec<u8> {
    let twiddles = twiddles(statement.shape().max_log_rows() + config.fri_config.log_blowup_factor);
    let mut session = Session::new(statement, config, &twiddles);
    let challenges = session.commit_trace(witness);
    let mut chain = chain_interaction(&session.shape, &witness.chain, &challenges);
    let mut table = table_interaction(&session.shape, &witness.table, &challenges);
    change(Lookups { statement, challenges: &challenges, chain: &mut chain, table: &mut table });
    let chain_sum = chain.sum;
    let components = session.commit_interaction(&challenges, chain, table);
    let stark = prove_unchecked(session.channel, session.commitments, &components);
    encode(statement, config, chain_sum, &stark)
}

/// Gives the table the sum that the verifier will compute for it, whatever its columns add up to.
pub(crate) fn claim_balance(lookups: Lookups<'_>) {
    let Lookups { statement, challenges, chain, table } = lookups;
    let shape = statement.shape();
    table.sum = -(chain.sum + challenges.public_sum(&shape, &statement.ends(&shape)).unwrap());
}

/// The library's own proving, less its last step, which is to refuse if the constraints don't hold.
fn prove_unchecked(
    mut channel: Blake2sChannel,
    mut commitments: CommitmentSchemeProver<'_, SimdBackend, Blake2sMerkleChannel>,
    components: &Components,
) -> StarkProof<Hasher> {
    let provers: Vec<&dyn ComponentProver<SimdBackend>> = vec![&components.chain, &components.table];
    let provers = ComponentProvers { components: provers, n_preprocessed_columns: 0 };
    let random_coefficient = channel.draw_secure_felt();
    let log_blowup = commitments.config.fri_config.log_blowup_factor;
    let composition = provers.compute_composition_polynomial(
        random_coefficient,
        &commitments.trace(),
        commitments.twiddles,
        log_blowup,
    );
    let (low, high) = composition.split_at_mid();
    let mut tree = commitments.tree_builder();
    tree.extend_polys(low.into_coordinate_polys());
    tree.extend_polys(high.into_coordinate_polys());
    tree.commit(&mut channel);
    let point = CirclePoint::<SecureField>::get_random_point(&mut channel);
    let log_domain = commitments.trees.last().unwrap().commitment.layers.len() as u32 - 1;
    let mut points = provers.components().mask_points(point, log_domain - log_blowup, false);
    points.push(vec![vec![point]; 2 * SECURE_EXTENSION_DEGREE]);
    StarkProof(commitments.prove_values(points, &mut channel).proof)
}
