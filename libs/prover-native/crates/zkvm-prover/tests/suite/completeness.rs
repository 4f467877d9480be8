//! Honest proofs verify, always.

use provefleet_zkvm_air::Profile;
use provefleet_zkvm_core::GuestInput;
use provefleet_zkvm_core::instruction::Opcode;
use provefleet_zkvm_prover::ProgramProver;
use provefleet_zkvm_testing::assembler::{imm, load_constant, two_source};
use provefleet_zkvm_testing::random::Rng;

use crate::support::{ending, prove_and_verify, random_program, sweep};

#[test]
fn honest_proofs_of_mixed_sizes_verify() {
    let mut rng = Rng(42);
    for round in 0..sweep(60, 2000u64) {
        let profile = Profile::ALL[rng.below(2) as usize];
        if round % 2 == 0 {
            let program = random_program(1000 + round, 1 + rng.below(12));
            prove_and_verify(&ProgramProver::new(program), GuestInput::default(), Some(profile));
        } else {
            let iterations = (1 + rng.below(2000)) << rng.below(5);
            prove_and_verify(&ProgramProver::new(ending(count_down(iterations))), GuestInput::default(), Some(profile));
        }
    }
}

/// A loop of two instructions: few components, and no table but the small ones.
fn count_down(iterations: u32) -> Vec<u32> {
    let mut code = load_constant(5, iterations).to_vec();
    code.extend([imm(Opcode::Addi, 5, 5, -1), two_source(Opcode::Bne, 5, 0, -4)]);
    code
}

/// Without equal tree heights (`lifting_log_size`), stwo 2.3.0 hands sorted queries to a lower preprocessed tree in an
/// order that is not sorted, and about one in ten honest proofs whose traces are taller than their tables, as here, fails
/// to verify. Without it this test fails.
#[test]
fn honest_proofs_taller_than_their_tables_verify() {
    let mut rng = Rng(43);
    for _ in 0..sweep(60, 1000) {
        let program = ending(count_down(8_500 + rng.below(7_500)));
        prove_and_verify(&ProgramProver::new(program), GuestInput::default(), Some(Profile::Fast));
    }
}
