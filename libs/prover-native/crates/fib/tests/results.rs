//! The programs' results, each proven and verified.

mod common;

use common::{FAST, FIB, fib_input, plain_fib, proven_fast_fib, proven_fib};
use provefleet_fib::{MAX_N, ProveError, ProveOptions, Stage, estimate_memory_bytes, prove};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use stwo::core::vcs::blake2_hash::Blake2sHasher;

#[test]
fn known_results_of_fib_input_initial() {
    for (n, expected) in [(9, 144), (100, 3_870_634_317), (1000, 4_192_936_485), (10_000, 1_212_146_261)] {
        assert_eq!(proven_fib(n, 1, 1), expected, "n {n}");
    }
}

#[test]
fn extremes_of_fib_input_initial_equal_a_plain_loop() {
    let max = u32::MAX;
    for (n, a, b) in [(9, max, max), (0, 0, 0), (0, max, 1), (1, 0, max), (64, max, 0), (65, 1 << 31, 1 << 31)] {
        assert_eq!(proven_fib(n, a, b), plain_fib(n, a, b), "({n}, {a}, {b})");
    }
}

#[test]
fn random_inputs_equal_a_plain_loop() {
    let mut rng = SmallRng::seed_from_u64(0x5eed);
    for _ in 0..200 {
        let below = 1u32 << rng.gen_range(0..17);
        let n = rng.gen_range(0..below);
        let (a, b) = (rng.r#gen(), rng.r#gen());
        assert_eq!(proven_fib(n, a, b), plain_fib(n, a, b), "({n}, {a}, {b})");
    }
}

#[test]
fn sizes_around_every_change_of_layout_equal_a_plain_loop() {
    let edges = [31, 32, 63, 64, 127, 128, 255, 256, 511, 512, 5119, 5120, 10_239, 10_240];
    for n in edges.into_iter().flat_map(|edge| edge - 1..=edge + 1) {
        assert_eq!(proven_fib(n, 3, 0xffff_0001), plain_fib(n, 3, 0xffff_0001), "n {n}");
    }
    for n in [399_998, 399_999, 400_000, 655_359, 655_360] {
        assert_eq!(proven_fib(n, 3, 0xffff_0001), plain_fib(n, 3, 0xffff_0001), "n {n}");
    }
}

#[test]
fn the_largest_n_is_proven() {
    assert_eq!(proven_fib(MAX_N, 1, 1), plain_fib(MAX_N, 1, 1));
}

#[test]
fn known_results_of_fast_fib() {
    let known = [
        (0, "1"),
        (1, "1"),
        (9, "55"),
        (47, "4807526976"),
        (100, "573147844013817084101"),
        (255, "141693817714056513234709965875411919657707794958199867"),
    ];
    for (n, expected) in known {
        assert_eq!(decimal(&proven_fast_fib(n)), expected, "n {n}");
    }
}

#[test]
fn every_fast_fib_is_the_sum_of_the_two_before() {
    let results: Vec<[u8; 24]> = (0..=255).map(proven_fast_fib).collect();
    for n in 2..=255 {
        let mut carry = 0;
        for (at, byte) in results[n].iter().enumerate() {
            carry += u16::from(results[n - 1][at]) + u16::from(results[n - 2][at]);
            assert_eq!(*byte, carry as u8, "n {n}, byte {at}");
            carry >>= 8;
        }
        assert_eq!(carry, 0);
    }
}

/// A little-endian number in decimal digits.
fn decimal(bytes: &[u8]) -> String {
    let mut digits = vec![0u32];
    for byte in bytes.iter().rev() {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += *digit * 256;
            *digit = carry % 10;
            carry /= 10;
        }
        while carry > 0 {
            digits.push(carry % 10);
            carry /= 10;
        }
    }
    digits.iter().rev().map(u32::to_string).collect()
}

#[test]
fn the_proof_does_not_depend_on_the_number_of_threads() {
    let input = fib_input(3000, 1, 2);
    let expected = common::prove_default(FIB, &input).proof;
    for threads in [1, 2, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert!(pool.install(|| common::prove_default(FIB, &input).proof) == expected, "{threads} threads");
    }
}

#[test]
fn wrong_inputs_are_named() {
    let options = ProveOptions::default();
    let refused = |id: &str, input: &[u8]| prove(id, input, &options).unwrap_err();
    assert_eq!(refused("fib", &[0; 12]), ProveError::UnknownProgram { id: "fib".to_string() });
    assert!(matches!(refused(FIB, &[0; 11]), ProveError::InvalidInput { field: "input", .. }));
    assert!(matches!(refused(FAST, &[]), ProveError::InvalidInput { field: "input", .. }));
    let ProveError::InvalidInput { field: "n", reason } = refused(FIB, &fib_input(MAX_N + 1, 1, 1)) else {
        panic!("n above the limit is refused as such");
    };
    assert!(reason.contains("1048576"), "{reason}");
}

#[test]
fn the_memory_budget_is_checked_before_the_start() {
    let input = fib_input(1000, 1, 1);
    let needed = estimate_memory_bytes(FIB, &input).unwrap();
    let started = |_: Stage| panic!("nothing may start");
    let options =
        ProveOptions { memory_budget_bytes: Some(needed - 1), on_stage: Some(&started), ..ProveOptions::default() };
    assert_eq!(prove(FIB, &input, &options), Err(ProveError::OutOfMemoryBudget { needed, budget: needed - 1 }));

    let options = ProveOptions { memory_budget_bytes: Some(needed), ..ProveOptions::default() };
    assert_eq!(prove(FIB, &input, &options).unwrap().estimated_memory_bytes, needed);
    let larger = estimate_memory_bytes(FIB, &fib_input(MAX_N, 1, 1)).unwrap();
    assert!(larger > needed);
}

#[test]
fn stages_are_reported_and_can_be_cancelled_between() {
    use std::sync::Mutex;
    let input = fib_input(50, 1, 1);
    for stop_before in 0..=Stage::ALL.len() {
        let begun = Mutex::new(Vec::new());
        let on_stage = |stage: Stage| begun.lock().unwrap().push(stage);
        let is_cancelled = || begun.lock().unwrap().len() == stop_before;
        let options =
            ProveOptions { on_stage: Some(&on_stage), is_cancelled: Some(&is_cancelled), ..ProveOptions::default() };
        let outcome = prove(FIB, &input, &options);
        assert_eq!(*begun.lock().unwrap(), Stage::ALL[..stop_before]);
        match outcome {
            Ok(output) => {
                assert_eq!(stop_before, Stage::ALL.len());
                let names: Vec<&str> = output.stages.iter().map(|time| time.name).collect();
                assert_eq!(names, Stage::ALL.map(Stage::name));
            }
            Err(error) => assert!(error == ProveError::Cancelled && stop_before < Stage::ALL.len()),
        }
    }
}

#[test]
fn a_panic_is_an_error() {
    let on_stage = |stage: Stage| assert_ne!(stage, Stage::Interaction, "as a callback would");
    let options = ProveOptions { on_stage: Some(&on_stage), ..ProveOptions::default() };
    let Err(ProveError::Internal { message }) = prove(FIB, &fib_input(9, 1, 1), &options) else {
        panic!("the panic is reported as an internal error");
    };
    assert!(message.contains("as a callback would"), "{message}");
}

/// Proofs travel between machines that need not run the same build. If this changes, so must the version in the
/// proof's head (for its bytes) or the domain word of the transcript (for anything that enters it).
#[test]
fn the_proof_of_the_demo_is_always_the_same() {
    let proofs = [common::prove_default(FIB, &fib_input(9, 1, 1)), common::prove_default(FAST, &[9])];
    let hashes = proofs.map(|output| Blake2sHasher::hash(&output.proof).to_string());
    assert_eq!(
        hashes,
        [
            "9ed8b27267294f8e8d7a3404e9e51560c2817e06ee35b23ceab42226fc3512b9",
            "9720e76b03e0a97219acc835d6877e243bb10658458dd21a2d7a7e51c0ca5089",
        ]
    );
}
