//! Honest proofs always verify.

mod common;

use common::{FAST, FIB, check, fib_input, prove_default};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

#[test]
fn a_thousand_honest_proofs_verify() {
    let mut rng = SmallRng::seed_from_u64(1000);
    for proof in 0..1000 {
        let (program, input) = match rng.gen_range(0..10) {
            0 => (FAST, vec![rng.r#gen::<u8>()]),
            _ => {
                // Sizes spread evenly over their logarithm, up to 2^17.
                let n = 2f64.powf(rng.gen_range(0.0..17.0)) as u32 - 1;
                (FIB, fib_input(n, rng.r#gen(), rng.r#gen()))
            }
        };
        let output = prove_default(program, &input);
        let verified = check(program, &input, &output.public_output, &output.proof);
        assert!(verified.is_ok(), "proof {proof}, {program} on {input:?}: {verified:?}");
    }
}

/// The library's fault with trees of different heights showed once in four proofs of half a million rows.
#[test]
fn large_honest_proofs_verify() {
    let mut rng = SmallRng::seed_from_u64(2000);
    for _ in 0..12 {
        let input = fib_input(rng.gen_range(1 << 17..=1 << 20), rng.r#gen(), rng.r#gen());
        let output = prove_default(FIB, &input);
        let verified = check(FIB, &input, &output.public_output, &output.proof);
        assert!(verified.is_ok(), "{input:?}: {verified:?}");
    }
}
