//! Helpers of the integration tests.
#![allow(dead_code, reason = "each test crate uses some of them")]

use provefleet_fib::{Claim, Program, ProofOutput, ProveOptions, Verified, VerifyError, prove, verify};

pub const FIB: &str = Program::FibInputInitial.id();
pub const FAST: &str = Program::FastFib.id();

pub fn fib_input(n: u32, a: u32, b: u32) -> Vec<u8> {
    [n, a, b].iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The program's meaning as a plain loop.
pub fn plain_fib(n: u32, a: u32, b: u32) -> u32 {
    let (mut a, mut b) = (a, b);
    for _ in 0..=n {
        let c = a.wrapping_add(b);
        a = b;
        b = c;
    }
    b
}

pub fn prove_default(program_id: &str, input: &[u8]) -> ProofOutput {
    prove(program_id, input, &ProveOptions::default()).unwrap()
}

pub fn check(program_id: &str, input: &[u8], public_output: &[u8], proof: &[u8]) -> Result<Verified, VerifyError> {
    verify(&Claim { program_id, input, public_output, proof })
}

/// Proves, verifies, and returns the result of `fib_input_initial`.
pub fn proven_fib(n: u32, a: u32, b: u32) -> u32 {
    let input = fib_input(n, a, b);
    let output = prove_default(FIB, &input);
    assert_eq!((output.exit_code, output.cycles), (0, u64::from(n) + 1));
    let verified = check(FIB, &input, &output.public_output, &output.proof).unwrap();
    assert!(verified.security_bits >= 96);
    u32::from_le_bytes(output.public_output.try_into().unwrap())
}

/// Proves, verifies, and returns the result of `fast-fib`.
pub fn proven_fast_fib(n: u8) -> [u8; 24] {
    let output = prove_default(FAST, &[n]);
    assert_eq!((output.exit_code, output.cycles), (0, u64::from(n)));
    check(FAST, &[n], &output.public_output, &output.proof).unwrap();
    output.public_output.try_into().unwrap()
}
