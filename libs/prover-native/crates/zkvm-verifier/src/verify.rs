//! The verification of a proof.

use std::panic::AssertUnwindSafe;

use num_traits::Zero;
use provefleet_proof_system::bytes::DecodeError;
use provefleet_proof_system::catch_quietly;
use provefleet_proof_system::envelope::EnvelopeError;
use provefleet_zkvm_air::claim::{max_log_size, public_sum};
use provefleet_zkvm_air::component::{INTERACTION_TREE, MAIN_TREE, PREPROCESSED_TREE};
use provefleet_zkvm_air::preprocessed::preprocessed_columns;
use provefleet_zkvm_air::profile::INTERACTION_POW_BITS;
use provefleet_zkvm_air::transcript::RunTranscript;
use provefleet_zkvm_air::{ClaimError, Component, Kind, Profile, Relations};
use stwo::core::air::Component as AirComponent;
use stwo::core::channel::{Blake2sChannel, Channel};
use stwo::core::fields::qm31::SecureField;
use stwo::core::pcs::CommitmentSchemeVerifier;
use stwo::core::vcs_lifted::blake2_merkle::Blake2sMerkleChannel;
use thiserror::Error;

use crate::key::ProgramKey;
use crate::proof::{PartProof, Proof, ProofBody};

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
    pub cycles: u64,
    /// Number of segments it was proven in; 1 if it was proven whole.
    pub segments: u32,
    pub profile: Profile,
}

/// Why a proof is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VerifyError {
    #[error("the proof is {bytes} bytes, at most {max} are accepted")]
    TooLarge { bytes: usize, max: usize },
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

/// The verification of one part, up to the commitment to its main trace.
struct PartVerifier {
    components: Vec<(Kind, u32)>,
    channel: Blake2sChannel,
    commitments: CommitmentSchemeVerifier<Blake2sMerkleChannel>,
    proof: PartProof,
}

fn column_log_sizes(components: &[(Kind, u32)], tree: usize) -> Vec<u32> {
    let layout = Component::all_without_randomness(components);
    layout.iter().flat_map(|component| component.trace_log_degree_bounds()[tree].clone()).collect()
}

impl PartVerifier {
    fn begin(
        profile: Profile,
        components: &[(Kind, u32)],
        proof: PartProof,
        mix_claim: impl FnOnce(&mut Blake2sChannel),
    ) -> Self {
        let config = profile.config(max_log_size(components));
        let mut channel = Blake2sChannel::default();
        config.mix_into(&mut channel);
        let mut commitments = CommitmentSchemeVerifier::new(config);
        let log_sizes: Vec<u32> = preprocessed_columns(components).iter().map(|column| column.log_size).collect();
        // The decoder put the program's own root here; the bytes cannot bring another.
        commitments.commit(proof.stark.commitments[PREPROCESSED_TREE], &log_sizes, &mut channel);
        mix_claim(&mut channel);
        let log_sizes = column_log_sizes(components, MAIN_TREE);
        commitments.commit(proof.stark.commitments[MAIN_TREE], &log_sizes, &mut channel);
        Self { components: components.to_vec(), channel, commitments, proof }
    }

    fn finish(self, relations: Relations) -> Result<(), VerifyError> {
        let Self { components, mut channel, mut commitments, proof: PartProof { claimed_sums, stark } } = self;
        channel.mix_felts(&claimed_sums);
        let log_sizes = column_log_sizes(&components, INTERACTION_TREE);
        commitments.commit(stark.commitments[INTERACTION_TREE], &log_sizes, &mut channel);
        let components = Component::all(&components, relations, &claimed_sums);
        let references: Vec<&dyn AirComponent> = components.iter().map(|component| component as _).collect();
        stwo::core::verifier::verify(&references, &mut channel, &mut commitments, stark)
            .map_err(|error| VerifyError::Stark { reason: error.to_string() })
    }

    fn claimed_sum(&self) -> SecureField {
        self.proof.claimed_sums.iter().copied().sum()
    }
}

fn verify_stark(key: &ProgramKey, proof: Proof) -> Result<(), VerifyError> {
    let Proof { profile, program_hash, interaction_nonce, body } = proof;
    let entry = key.tables().entry;
    match body {
        ProofBody::Whole { claim, part } => {
            let mix = |channel: &mut Blake2sChannel| claim.mix_into(channel, &program_hash);
            let mut part = PartVerifier::begin(profile, &claim.components, *part, mix);
            if !part.channel.verify_pow_nonce(INTERACTION_POW_BITS, interaction_nonce) {
                return Err(VerifyError::ProofOfWork);
            }
            part.channel.mix_u64(interaction_nonce);
            let relations = Relations::draw(&mut part.channel);
            let public = public_sum(&claim.public_entries(entry), &relations).ok_or(VerifyError::Unbalanced)?;
            if !(part.claimed_sum() + public).is_zero() {
                return Err(VerifyError::Unbalanced);
            }
            part.finish(relations)
        }
        ProofBody::Segmented { claim, parts } => {
            let begin = |(number, part): (usize, PartProof)| {
                let mix = |channel: &mut Blake2sChannel| claim.mix_part_into(number, channel, &program_hash);
                PartVerifier::begin(profile, claim.components(number), part, mix)
            };
            let mut parts: Vec<PartVerifier> = parts.into_iter().enumerate().map(begin).collect();
            let mut run = RunTranscript::new(parts.iter().map(|part| &part.channel));
            if !run.channel().verify_pow_nonce(INTERACTION_POW_BITS, interaction_nonce) {
                return Err(VerifyError::ProofOfWork);
            }
            let randomness = run.draw(interaction_nonce);
            let mut total = SecureField::zero();
            for (number, part) in parts.iter().enumerate() {
                let relations = randomness.relations(number);
                let entries = claim.public_entries(number, entry);
                total += part.claimed_sum() + public_sum(&entries, &relations).ok_or(VerifyError::Unbalanced)?;
            }
            if !total.is_zero() {
                return Err(VerifyError::Unbalanced);
            }
            for (number, mut part) in parts.drain(..).enumerate() {
                randomness.mix_into(&mut part.channel);
                part.finish(randomness.relations(number))?;
            }
            Ok(())
        }
    }
}
