//! Honest proofs verify, always.

use provefleet_zkvm_air::Profile;
use provefleet_zkvm_core::GuestInput;
use provefleet_zkvm_core::instruction::Opcode;
use provefleet_zkvm_prover::ProgramProver;
use provefleet_zkvm_testing::assembler::{imm, two_source};
use provefleet_zkvm_testing::random::Rng;

use crate::support::{ending, prove_and_verify, random_program, sweep};

/// Without equal tree heights (`lifting_log_size`), stwo 2.3.0 fails to verify about one in ten honest proofs of mixed
/// sizes: it hands sorted queries to the lower preprocessed tree in an order that is not sorted. Many small proofs whose
/// tables are lower and higher than the rest would show it.
#[test]
fn honest_proofs_of_mixed_sizes_verify() {
    let mut rng = Rng(42);
    for round in 0..sweep(60, 2000u64) {
        let profile = Profile::ALL[rng.below(2) as usize];
        if round % 2 == 0 {
            let program = random_program(1000 + round, 1 + rng.below(12));
            prove_and_verify(&ProgramProver::new(program), GuestInput::default(), Some(profile));
        } else {
            // A loop: few components, one of them up to 2^16 rows, taller than all tables.
            let mut code = vec![imm(Opcode::Addi, 5, 0, 1 + rng.below(2000) as i32)];
            code.push(imm(Opcode::Slli, 5, 5, rng.below(5) as i32));
            code.extend([imm(Opcode::Addi, 5, 5, -1), two_source(Opcode::Bne, 5, 0, -4)]);
            prove_and_verify(&ProgramProver::new(ending(code)), GuestInput::default(), Some(profile));
        }
    }
}
