//! The verifier.

use std::panic::AssertUnwindSafe;

use provefleet_proof_system::bytes::{DecodeError, Reader};
use provefleet_proof_system::catch_quietly;
use provefleet_proof_system::envelope::{EnvelopeError, expect_config};
use provefleet_proof_system::stark::{Hasher, read_stark};
use stwo::core::channel::Channel;
use stwo::core::fields::qm31::SecureField;
use stwo::core::pcs::{CommitmentSchemeVerifier, PcsConfig};
use stwo::core::proof::StarkProof;
use stwo::core::vcs_lifted::blake2_merkle::Blake2sMerkleChannel;
use stwo_constraint_framework::{INTERACTION_TRACE_IDX, ORIGINAL_TRACE_IDX, PREPROCESSED_TRACE_IDX};

use crate::air::Challenges;
use crate::error::{VerifyError, VerifyErrorKind};
use crate::options::{Claim, Verified};
use crate::program::{Computation, Program, word_from_bytes};
use crate::statement::{Components, KIND, LIFTING_LOG_SIZE, PROFILE, Statement, StatementError};

/// Checks that `claim.proof` proves that the program, run on the input, gives the public output.
///
/// Never panics and never accepts anything but the canonical bytes of a valid proof at the pinned parameters. Takes
/// one to a few milliseconds and no more memory than a small multiple of the proof's length.
///
/// # Errors
/// A [`VerifyError`] whose kind says where the claim or the proof fails.
pub fn verify(claim: &Claim<'_>) -> Result<Verified, VerifyError> {
    // The library asserts where it should refuse. What it is given here has been checked for shape, so no panic is
    // known to be reachable except for a wrong number of queried values; any panic is a refusal.
    catch_quietly(AssertUnwindSafe(|| verify_claim(claim))).unwrap_or_else(|panic| {
        Err(VerifyError::new(VerifyErrorKind::Rejected, format!("the proof does not hold together: {panic}")))
    })
}

fn verify_claim(claim: &Claim<'_>) -> Result<Verified, VerifyError> {
    let program = Program::from_id(claim.program_id)?;
    let computation = Computation::parse(program, claim.input)?;
    let result = word_from_bytes(claim.public_output, program.halves()).ok_or_else(|| {
        let (given, needed) = (claim.public_output.len(), program.output_bytes());
        let reason = format!("a result of {given} bytes is claimed, {} has {needed}", program.id());
        VerifyError::new(VerifyErrorKind::WrongClaim, reason)
    })?;

    let mut reader = Reader::new(claim.proof);
    let config = expect_config(&mut reader, KIND, &PROFILE, LIFTING_LOG_SIZE)?;
    let statement = Statement::read(&mut reader, &computation, &result)?;
    let shape = statement.shape();
    let stark_shape = Components::placeholder(&shape).stark_shape(config);
    let chain_sum = reader.secure_field("chain sum")?;
    let stark = read_stark(&mut reader, &stark_shape)?;
    reader.finish()?;

    verify_stark(&statement, config, chain_sum, stark)?;
    Ok(Verified { security_bits: PROFILE.security_bits() })
}

/// Replays the transcript and checks the STARK.
fn verify_stark(
    statement: &Statement,
    config: PcsConfig,
    chain_sum: SecureField,
    stark: StarkProof<Hasher>,
) -> Result<(), VerifyError> {
    let rejected = |reason: String| VerifyError::new(VerifyErrorKind::Rejected, reason);
    let shape = statement.shape();
    let sizes = Components::placeholder(&shape);
    let mut channel = statement.transcript(&config, &shape);
    let mut commitments = CommitmentSchemeVerifier::<Blake2sMerkleChannel>::new(config);
    commitments.commit(stark.commitments[PREPROCESSED_TRACE_IDX], &[], &mut channel);
    commitments.commit(
        stark.commitments[ORIGINAL_TRACE_IDX],
        &sizes.column_log_sizes(ORIGINAL_TRACE_IDX),
        &mut channel,
    );
    let challenges = Challenges::draw(&mut channel);
    let public_sum = challenges
        .public_sum(&shape, &statement.ends(&shape))
        .ok_or_else(|| rejected("a challenge hits a public tuple".to_string()))?;
    // All lookups balance: the table's sum is whatever is missing to zero, and the table must have that sum.
    let table_sum = -(chain_sum + public_sum);
    channel.mix_felts(&[chain_sum, table_sum]);
    commitments.commit(
        stark.commitments[INTERACTION_TRACE_IDX],
        &sizes.column_log_sizes(INTERACTION_TRACE_IDX),
        &mut channel,
    );
    let components = Components::new(&shape, &challenges, chain_sum, table_sum);
    stwo::core::verifier::verify(&components.as_dyn(), &mut channel, &mut commitments, stark)
        .map_err(|error| rejected(error.to_string()))
}

impl From<DecodeError> for VerifyError {
    fn from(error: DecodeError) -> Self {
        Self::new(VerifyErrorKind::Malformed, error.to_string())
    }
}

impl From<EnvelopeError> for VerifyError {
    fn from(error: EnvelopeError) -> Self {
        let kind = match error {
            EnvelopeError::Malformed(_) => VerifyErrorKind::Malformed,
            EnvelopeError::WeakSecurity { .. } => VerifyErrorKind::WeakSecurity,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<StatementError> for VerifyError {
    fn from(error: StatementError) -> Self {
        match error {
            StatementError::Malformed(error) => error.into(),
            StatementError::Different(reason) => Self::new(VerifyErrorKind::WrongClaim, reason),
        }
    }
}
