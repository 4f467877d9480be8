//! The verification of a proof.

use std::panic::AssertUnwindSafe;

use num_traits::Zero;
use provefleet_proof_system::bytes::DecodeError;
use provefleet_proof_system::catch_quietly;
use provefleet_proof_system::envelope::EnvelopeError;
use provefleet_zkvm_air::component::{INTERACTION_TREE, MAIN_TREE, PREPROCESSED_TREE};
use provefleet_zkvm_air::preprocessed::preprocessed_columns;
use provefleet_zkvm_air::profile::INTERACTION_POW_BITS;
use provefleet_zkvm_air::{Claim, ClaimError, Component, Profile, Relations};
use stwo::core::air::Component as AirComponent;
use stwo::core::channel::{Blake2sChannel, Channel};
use stwo::core::fields::qm31::SecureField;
use stwo::core::pcs::CommitmentSchemeVerifier;
use stwo::core::vcs_lifted::blake2_merkle::Blake2sMerkleChannel;
use thiserror::Error;

use crate::key::ProgramKey;
use crate::proof::{MAX_PROOF_BYTES, Proof};

/// What a verified proof says: the program with this hash, given this public input and some private input, exits with
/// this code after these many instructions, having written this output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// SHA-256 of the program's ELF.
    pub program_hash: [u8; 32],
    pub input: Vec<u8>,
    pub output: Vec<u8>,
    pub exit_code: u32,
    /// Instructions executed, the exit call not counted.
    pub cycles: u32,
    pub profile: Profile,
}

/// Why a proof is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VerifyError {
    #[error("the proof is {bytes} bytes, at most {MAX_PROOF_BYTES} are accepted")]
    TooLarge { bytes: usize },
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    #[error("not a canonical encoding: {0}")]
    Encoding(#[from] DecodeError),
    #[error("the proof is for the program {}", hex(.hash))]
    OtherProgram { hash: [u8; 32] },
    #[error("the claim is invalid: {0}")]
    Claim(#[from] ClaimError),
    #[error("the proof of work before the interaction randomness is missing")]
    ProofOfWork,
    #[error("the relations do not balance")]
    Unbalanced,
    #[error("the STARK proof is invalid: {reason}")]
    Stark { reason: String },
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The components of a claim, for their layout only.
pub fn components_before_randomness(claim: &Claim) -> Vec<Component> {
    Component::all_without_randomness(&claim.components)
}

/// Verifies a proof's bytes for a program.
///
/// # Errors
/// [`VerifyError`] if the bytes are anything but a valid proof for that program. Never panics.
pub fn verify(key: &ProgramKey, bytes: &[u8]) -> Result<Statement, VerifyError> {
    catch_quietly(AssertUnwindSafe(|| {
        let proof = Proof::decode(key, bytes)?;
        verify_decoded(key, proof)
    }))
    .unwrap_or_else(|panic| Err(VerifyError::Stark { reason: format!("the library panicked: {panic}") }))
}

fn verify_decoded(key: &ProgramKey, proof: Proof) -> Result<Statement, VerifyError> {
    let statement = proof.unverified_statement().ok_or(ClaimError::OutputEncoding)?;
    verify_stark(key, proof)?;
    Ok(statement)
}

fn verify_stark(key: &ProgramKey, proof: Proof) -> Result<(), VerifyError> {
    let Proof { profile, program_hash, claim, claimed_sums, interaction_nonce, stark } = proof;
    let tables = key.tables();
    let config = profile.config(claim.max_log_size());
    let mut channel = Blake2sChannel::default();
    config.mix_into(&mut channel);
    let mut commitments = CommitmentSchemeVerifier::<Blake2sMerkleChannel>::new(config);

    let log_sizes: Vec<u32> = preprocessed_columns(&claim.components).iter().map(|column| column.log_size).collect();
    // The decoder put the program's own root here; the bytes cannot bring another.
    commitments.commit(stark.commitments[PREPROCESSED_TREE], &log_sizes, &mut channel);
    claim.mix_into(&mut channel, &program_hash);
    let column_log_sizes = |tree: usize| -> Vec<u32> {
        components_before_randomness(&claim).iter().flat_map(|c| c.trace_log_degree_bounds()[tree].clone()).collect()
    };
    commitments.commit(stark.commitments[MAIN_TREE], &column_log_sizes(MAIN_TREE), &mut channel);

    if !channel.verify_pow_nonce(INTERACTION_POW_BITS, interaction_nonce) {
        return Err(VerifyError::ProofOfWork);
    }
    channel.mix_u64(interaction_nonce);
    let relations = Relations::draw(&mut channel);
    let public_sum = claim.public_sum(tables, &relations).ok_or(VerifyError::Unbalanced)?;
    if !(claimed_sums.iter().copied().sum::<SecureField>() + public_sum).is_zero() {
        return Err(VerifyError::Unbalanced);
    }
    channel.mix_felts(&claimed_sums);
    commitments.commit(stark.commitments[INTERACTION_TREE], &column_log_sizes(INTERACTION_TREE), &mut channel);

    let components = Component::all(&claim.components, relations, &claimed_sums);
    let references: Vec<&dyn AirComponent> = components.iter().map(|component| component as _).collect();
    stwo::core::verifier::verify(&references, &mut channel, &mut commitments, stark)
        .map_err(|error| VerifyError::Stark { reason: error.to_string() })
}
