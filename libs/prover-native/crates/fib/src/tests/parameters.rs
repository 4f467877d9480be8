//! Proofs that are right but made with other parameters than the pinned ones.

use stwo::core::fri::FriConfig;
use stwo::core::pcs::PcsConfig;

use super::cheater::{cheat, claim_balance};
use super::{config, fib, honest_words, shape_of, statement_of, verify_bytes};
use crate::error::{VerifyError, VerifyErrorKind};
use crate::trace::Witness;

/// Bytes of the head, in which the parameters are stated.
const HEAD: usize = 4 + 2 + 2 + 6 * 4;

/// An honest proof of the demo's computation, made with these parameters.
fn proof_with(config: PcsConfig) -> Vec<u8> {
    let computation = fib(9, 1, 1);
    let words = honest_words(&computation);
    let statement = statement_of(&computation, &words);
    cheat(&statement, &Witness::of_words(&shape_of(&computation), &words), config, claim_balance)
}

fn check(proof: &[u8]) -> Result<(), VerifyError> {
    let computation = fib(9, 1, 1);
    let statement = statement_of(&computation, &honest_words(&computation));
    verify_bytes(&computation, &statement.result, proof)
}

#[test]
fn a_proof_at_the_librarys_default_is_too_weak() {
    let error = check(&proof_with(PcsConfig::default())).unwrap_err();
    assert_eq!(error.kind, VerifyErrorKind::WeakSecurity);
    assert!(error.reason.contains("13 bits"), "{}", error.reason);
}

#[test]
fn a_weak_proof_that_states_the_pinned_parameters_is_refused() {
    let weak = proof_with(PcsConfig::default());
    let strong = proof_with(config());
    assert_eq!(check(&strong), Ok(()));
    let forged = [&strong[..HEAD], &weak[HEAD..]].concat();
    assert!(check(&forged).is_err());
}

#[test]
fn other_parameters_of_the_same_or_more_bits_are_refused() {
    let pinned = config();
    let others = [
        PcsConfig { pow_bits: 12, fri_config: FriConfig::new(0, 1, 84, 3), ..pinned },
        PcsConfig { fri_config: FriConfig::new(0, 1, 100, 3), ..pinned },
        PcsConfig { fri_config: FriConfig::new(0, 1, 86, 2), ..pinned },
        PcsConfig { fri_config: FriConfig::new(1, 1, 86, 3), ..pinned },
        PcsConfig { fri_config: FriConfig::new(0, 2, 43, 3), ..pinned },
    ];
    for other in others {
        let error = check(&proof_with(other)).unwrap_err();
        assert_eq!(error.kind, VerifyErrorKind::Malformed, "{other:?}: {error}");
    }
}
