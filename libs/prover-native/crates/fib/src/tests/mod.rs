//! Soundness: witnesses that are wrong in one place, and what becomes of them.

mod cells;
mod cheater;
mod checker;
mod forgeries;
mod fractions;
mod parameters;
mod rules;
mod transcript;

use cheater::{cheat, claim_balance};
use stwo::core::pcs::PcsConfig;

use crate::error::VerifyError;
use crate::options::Claim;
use crate::program::{Computation, Program, Word, word_to_bytes};
use crate::shape::{Shape, chain_start, chain_words};
use crate::statement::{LIFTING_LOG_SIZE, PROFILE, Statement};
use crate::trace::Witness;
use crate::verify::verify;

pub(crate) fn config() -> PcsConfig {
    PROFILE.config(LIFTING_LOG_SIZE)
}

pub(crate) fn fib(n: u32, a: u32, b: u32) -> Computation {
    Computation::parse(Program::FibInputInitial, &input_of_fib(n, a, b)).unwrap()
}

pub(crate) fn fast_fib(n: u8) -> Computation {
    Computation::parse(Program::FastFib, &[n]).unwrap()
}

fn input_of_fib(n: u32, a: u32, b: u32) -> Vec<u8> {
    [n, a, b].iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn input_of(computation: &Computation) -> Vec<u8> {
    match computation.program {
        Program::FastFib => vec![computation.n as u8],
        Program::FibInputInitial => {
            let word = |word: &[u16]| u32::from(word[0]) | u32::from(word[1]) << 16;
            input_of_fib(computation.n, word(&computation.a), word(&computation.b))
        }
    }
}

/// One computation for every layout: 4, 8 and 16 bits a limb, narrow and wide rows, chains higher and lower than the
/// table, 2 and 12 halves.
pub(crate) fn one_of_each_layout() -> Vec<Computation> {
    vec![
        fib(9, 1, 1),
        fib(40, 0x9abc_def0, 0x1234_5678),
        fib(100, 0xdead_beef, 3),
        fib(300, 77, 0xffff_ffff),
        fib(5000, 0x8000_0001, 0x7fff_ffff),
        fib(400_001, 5, 0xfedc_ba98),
        fast_fib(0),
        fast_fib(100),
        fast_fib(255),
    ]
}

pub(crate) fn shape_of(computation: &Computation) -> Shape {
    Shape::of(computation.program, computation.rounds())
}

/// The halves of the honest chain.
pub(crate) fn honest_words(computation: &Computation) -> Vec<u16> {
    let shape = shape_of(computation);
    let (first, length) = chain_start(computation, &shape);
    chain_words(&first, length, shape.halves)
}

/// The statement that a chain's end is the computation's.
pub(crate) fn statement_of(computation: &Computation, words: &[u16]) -> Statement {
    Statement::of_last_state(computation, &words[words.len() - 2 * computation.program.halves()..])
}

/// Runs a chain on by honest rounds until it has as many words as `length` says.
pub(crate) fn continue_honestly(words: &mut Vec<u16>, halves: usize, length: usize) {
    while words.len() < length {
        let last = words.len() - 2 * halves;
        let mut carry = 0;
        for half in last..last + halves {
            carry += u32::from(words[half]) + u32::from(words[half + halves]);
            words.push(carry as u16);
            carry >>= 16;
        }
    }
}

/// Does what a cheating prover would: proves the statement by the witness, claims that all lookups balance, and shows
/// the proof to the verifier.
pub(crate) fn attack(statement: &Statement, witness: &Witness) -> Result<(), VerifyError> {
    let proof = cheat(statement, witness, config(), claim_balance);
    verify_bytes(&statement.computation, &statement.result, &proof)
}

/// Shows proof bytes to the verifier.
pub(crate) fn verify_bytes(computation: &Computation, result: &Word, proof: &[u8]) -> Result<(), VerifyError> {
    let claim = Claim {
        program_id: computation.program.id(),
        input: &input_of(computation),
        public_output: &word_to_bytes(result, computation.program.halves()),
        proof,
    };
    verify(&claim).map(|verified| assert_eq!(verified.security_bits, 96))
}
