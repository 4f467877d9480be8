//! Claims and proofs that were changed: every one is refused, and nothing panics.

mod common;

use std::collections::BTreeMap;

use common::{FAST, FIB, check, fib_input, prove_default};
use provefleet_fib::{ProofOutput, VerifyErrorKind};
use rand::rngs::SmallRng;
use rand::{Rng, RngCore, SeedableRng};

const P: u32 = (1 << 31) - 1;

fn kind(outcome: Result<impl std::fmt::Debug, provefleet_fib::VerifyError>) -> VerifyErrorKind {
    outcome.expect_err("a wrong claim was accepted").kind
}

/// A small, a middling and a wide proof.
fn samples() -> Vec<(&'static str, Vec<u8>, ProofOutput)> {
    [(FIB, fib_input(9, 1, 1)), (FIB, fib_input(2000, 7, 8)), (FAST, vec![90])]
        .map(|(program, input)| {
            let output = prove_default(program, &input);
            (program, input, output)
        })
        .into()
}

#[test]
fn any_change_of_the_claim_is_refused() {
    let input = fib_input(1000, 5, 6);
    let output = prove_default(FIB, &input);
    let result = &output.public_output;
    assert!(check(FIB, &input, result, &output.proof).is_ok());
    // Each bit of n, a, b and the result; beyond the limit, n is not an input at all.
    for bit in 0..96 {
        let mut other = input.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        let expected = match bit {
            20..32 => VerifyErrorKind::InvalidInput,
            _ => VerifyErrorKind::WrongClaim,
        };
        assert_eq!(kind(check(FIB, &other, result, &output.proof)), expected, "input bit {bit}");
    }
    for bit in 0..32 {
        let mut other = result.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(kind(check(FIB, &input, &other, &output.proof)), VerifyErrorKind::WrongClaim, "result bit {bit}");
    }
    for wrong in [&result[..3], &[], &[result.as_slice(), &[0]].concat()] {
        assert_eq!(kind(check(FIB, &input, wrong, &output.proof)), VerifyErrorKind::WrongClaim);
    }
    assert_eq!(kind(check(FIB, &input[..11], result, &output.proof)), VerifyErrorKind::InvalidInput);
    assert_eq!(kind(check("fib", &input, result, &output.proof)), VerifyErrorKind::UnknownProgram);
}

#[test]
fn another_program_with_the_same_result_is_refused() {
    // fast-fib's F(11) is 144, as is fib_input_initial's result for (9, 1, 1).
    let fib = prove_default(FIB, &fib_input(9, 1, 1));
    let fast = prove_default(FAST, &[11]);
    assert_eq!(fib.public_output, fast.public_output[..4]);
    let wrong = check(FAST, &fib_input(11, 1, 1), &fast.public_output, &fib.proof);
    assert_eq!(kind(wrong), VerifyErrorKind::WrongClaim);
    let wrong = check(FIB, &fib_input(9, 1, 1), &fib.public_output, &fast.proof);
    assert_eq!(kind(wrong), VerifyErrorKind::WrongClaim);
}

#[test]
fn input_beyond_the_programs_own_is_ignored() {
    let output = prove_default(FIB, &fib_input(9, 1, 1));
    let longer = [fib_input(9, 1, 1), vec![1, 2, 3]].concat();
    assert!(check(FIB, &longer, &output.public_output, &output.proof).is_ok());
    assert_eq!(prove_default(FIB, &longer).proof, output.proof);
}

/// The statement at the proof's front, rewritten to the false claim: what remains is a proof of another statement.
#[test]
fn a_rewritten_statement_is_rejected() {
    const HEAD: usize = 32;
    let input = fib_input(9, 1, 1);
    let output = prove_default(FIB, &input);
    let attempts: [(usize, u32, u32, u32, u32); 6] = [
        (4, 10, 1, 1, 144),
        (4, 8, 1, 1, 144),
        (8, 9, 2, 1, 144),
        (12, 9, 1, 2, 144),
        (16, 9, 1, 1, 145),
        (20, 9, 1, 1, 144),
    ];
    for (offset, n, a, b, result) in attempts {
        let mut proof = output.proof.clone();
        let value: u32 = match offset {
            4 => n,
            8 => a,
            12 => b,
            16 => result,
            // The other word of the last state, which is no part of the claim.
            _ => 90,
        };
        let at = HEAD + offset;
        assert_ne!(proof[at..at + 4], value.to_le_bytes());
        proof[at..at + 4].copy_from_slice(&value.to_le_bytes());
        let outcome = check(FIB, &fib_input(n, a, b), &result.to_le_bytes(), &proof);
        assert_eq!(kind(outcome), VerifyErrorKind::Rejected, "offset {offset}");
    }
}

#[test]
fn two_thousand_flipped_bits_are_refused() {
    let mut kinds = BTreeMap::new();
    for (sample, (program, input, output)) in samples().into_iter().enumerate() {
        let mut rng = SmallRng::seed_from_u64(sample as u64);
        for _ in 0..2000 {
            let mut proof = output.proof.clone();
            let bit = rng.gen_range(0..proof.len() * 8);
            proof[bit / 8] ^= 1 << (bit % 8);
            let kind = kind(check(program, &input, &output.public_output, &proof));
            *kinds.entry(kind.name()).or_insert(0) += 1;
        }
    }
    assert_eq!(kinds.values().sum::<i32>(), 6000);
    assert!(kinds["Rejected"] > 3000, "{kinds:?}");
}

/// Random bits may miss the few bytes whose checks are of their own kind: here every bit of the head and statement,
/// and of the proof's end, is flipped.
#[test]
fn every_bit_of_the_front_and_end_is_bound() {
    let (program, input, output) = samples().swap_remove(0);
    let length = output.proof.len();
    for byte in (0..400).chain(length - 400..length) {
        for bit in 0..8 {
            let mut proof = output.proof.clone();
            proof[byte] ^= 1 << bit;
            assert!(check(program, &input, &output.public_output, &proof).is_err(), "byte {byte}, bit {bit}");
        }
    }
}

#[test]
fn every_truncation_and_every_appendix_is_refused() {
    for (program, input, output) in samples() {
        let step = if output.proof.len() < 20_000 { 1 } else { 37 };
        for length in (0..output.proof.len()).step_by(step) {
            let kind = kind(check(program, &input, &output.public_output, &output.proof[..length]));
            assert_eq!(kind, VerifyErrorKind::Malformed, "{length} bytes");
        }
        for byte in 0..=255 {
            let proof = [output.proof.as_slice(), &[byte]].concat();
            assert_eq!(kind(check(program, &input, &output.public_output, &proof)), VerifyErrorKind::Malformed);
        }
        let doubled = [output.proof.as_slice(), output.proof.as_slice()].concat();
        assert_eq!(kind(check(program, &input, &output.public_output, &doubled)), VerifyErrorKind::Malformed);
    }
}

/// Every number in the proof, written with p added where it fits: field elements have no second encoding.
#[test]
fn no_number_has_a_second_encoding_modulo_p() {
    let (program, input, output) = samples().swap_remove(0);
    let mut tried = 0;
    for at in (0..output.proof.len() - 3).step_by(2) {
        let mut proof = output.proof.clone();
        let value = u32::from_le_bytes(proof[at..at + 4].try_into().unwrap());
        let Some(shifted) = value.checked_add(P) else { continue };
        proof[at..at + 4].copy_from_slice(&shifted.to_le_bytes());
        assert!(check(program, &input, &output.public_output, &proof).is_err(), "byte {at}");
        tried += 1;
    }
    assert!(tried > 4000, "{tried}");
}

#[test]
fn empty_and_random_bytes_are_refused() {
    let mut rng = SmallRng::seed_from_u64(3);
    for (program, input, output) in samples() {
        let refused = |proof: &[u8]| kind(check(program, &input, &output.public_output, proof));
        assert_eq!(refused(&[]), VerifyErrorKind::Malformed);
        for _ in 0..200 {
            let mut random = vec![0; rng.gen_range(0..2 * output.proof.len())];
            rng.fill_bytes(&mut random);
            refused(&random);
            // A true front, so that the random bytes get further.
            let keep = rng.gen_range(0..output.proof.len());
            let mut mixed = output.proof[..keep].to_vec();
            mixed.resize(output.proof.len(), 0);
            rng.fill_bytes(&mut mixed[keep..]);
            refused(&mixed);
            mixed[keep..].fill(0);
            refused(&mixed);
            mixed[keep..].fill(0xff);
            refused(&mixed);
        }
    }
}

#[test]
fn parts_of_two_proofs_do_not_mix() {
    let (input, other_input) = (fib_input(9, 1, 1), fib_input(9, 1, 2));
    let (one, other) = (prove_default(FIB, &input), prove_default(FIB, &other_input));
    let length = one.proof.len().min(other.proof.len());
    for cut in (56..length).step_by(101) {
        let mixed = [&one.proof[..cut], &other.proof[cut..]].concat();
        assert!(check(FIB, &input, &one.public_output, &mixed).is_err(), "cut at {cut}");
    }
}
