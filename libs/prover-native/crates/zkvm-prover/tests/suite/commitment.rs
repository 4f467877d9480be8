//! The verifier computes commitments to programs without the prover's code; both must agree.

use provefleet_zkvm_air::Profile;
use provefleet_zkvm_core::GuestInput;
use provefleet_zkvm_prover::{ProgramProver, ProveOptions};
use provefleet_zkvm_testing::guest;
use provefleet_zkvm_verifier::{ProgramKey, VerifyError, verify};

use crate::support::words;

#[test]
fn a_fresh_key_accepts_proofs_of_every_profile_and_height() {
    let program = guest("sort");
    let prover = ProgramProver::new(program.clone());
    for (count, profile) in
        [(2u32, Profile::Balanced), (60, Profile::Fast), (60, Profile::Compact), (200, Profile::Fast)]
    {
        let input = words(&(0..count).rev().collect::<Vec<_>>());
        let options = ProveOptions { profile: Some(profile), ..ProveOptions::default() };
        let report = prover.prove(GuestInput { public: &input, private: &[] }, &options).expect("proven");
        // This key has computed nothing yet; the prover's own remembers the library's root.
        let statement = verify(&ProgramKey::new(&program), &report.proof).expect("accepted");
        assert_eq!(statement, report.statement);
    }
}

#[test]
fn a_proof_of_another_program_is_refused() {
    let prover = ProgramProver::new(guest("sort"));
    let proof = prover.prove(GuestInput::default(), &ProveOptions::default()).expect("proven").proof;
    let other = ProgramKey::new(&guest("sieve"));
    assert!(matches!(verify(&other, &proof), Err(VerifyError::OtherProgram { .. })));
}
