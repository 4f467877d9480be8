//! Every example guest, every instruction and random programs, as full proofs.

use provefleet_zkvm_air::Profile;
use provefleet_zkvm_core::instruction::Opcode;
use provefleet_zkvm_core::{ExecutionError, GuestInput, TrapCause};
use provefleet_zkvm_prover::{ProgramProver, ProveError, ProveOptions, Stage};
use provefleet_zkvm_testing::assembler::{imm, program, reg};
use provefleet_zkvm_testing::guest;

use crate::support::{Run, ending, long_pause, prove_and_verify, random_program, sweep, words};

fn prove_guest(name: &str, public: &[u8], private: &[u8]) -> Vec<u8> {
    let report = prove_and_verify(&ProgramProver::new(guest(name)), GuestInput { public, private }, None);
    assert_eq!(report.statement.exit_code, 0, "{name}");
    assert_eq!(report.statement.input, public, "{name}");
    report.statement.output
}

/// The outputs are checked against independent implementations where guests are executed, in zkvm-core; here it is
/// enough that a proof exists, verifies and says a known output.
#[test]
fn all_example_guests_are_proven() {
    assert_eq!(prove_guest("fib_input_initial", &words(&[100, 1, 1]), &[]), words(&[3_870_634_317]));
    let f100 = 573_147_844_013_817_084_101u128.to_le_bytes();
    assert_eq!(prove_guest("fast_fib", &[100], &[]), [&f100[..], &[0; 8]].concat());
    assert_eq!(prove_guest("sort", &words(&[3, u32::MAX, 1, 2, 0]), &[]), words(&[0, 1, 2, 3, u32::MAX]));
    assert_eq!(prove_guest("sieve", &words(&[100]), &[]), words(&[25, 65_796]));
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(hex(prove_guest("sha256", b"a", b"bc")), abc);
    let empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";
    assert_eq!(hex(prove_guest("keccak256", b"", &[])), empty);
    assert_eq!(prove_guest("json", br#"{"a":[1,-2,true]}"#, &[]), words(&[1, 1, 1, 2, 1, 2, u32::MAX]));
    let product = prove_guest("matmul", &words(&[2, 1, 2, 3, 4, 5, 6, 7, 8]), &[]);
    assert_eq!(product, words(&[19, 22, 43, 50, 69, 0]));
}

#[test]
fn every_instruction_is_proven_at_its_corners() {
    let prover = ProgramProver::new(guest("corners"));
    let qemu = include_bytes!("../../../zkvm-core/tests/data/corners-qemu.bin");
    for (rotation, expected) in (0..14u8).zip(qemu.chunks(qemu.len() / 14)) {
        let report = prove_and_verify(&prover, GuestInput { public: &[rotation], private: &[] }, None);
        assert_eq!(report.statement.output, expected, "rotation {rotation}");
    }
}

/// 500 of the random programs that guests/check.sh compares with qemu: seeds 0 to 4, a hundred programs each.
#[test]
fn random_programs_are_proven() {
    for seed in 0..sweep(5, 100) {
        prove_and_verify(&ProgramProver::new(random_program(seed, 100)), GuestInput::default(), None);
    }
}

/// The trace checker finds nothing wrong with honest traces; so what it finds in forged ones is the forgery.
#[test]
fn honest_traces_have_no_faults() {
    let runs = [
        Run::new(guest("corners"), &[3], &[]),
        Run::new(guest("sha256"), b"public", b"private"),
        Run::new(guest("json"), br#"[{"a":"b"},12,-3.5e7,null]"#, &[]),
        Run::new(random_program(77, 40), &[], &[]),
        Run::of(long_pause()),
    ];
    for run in runs {
        assert_eq!(run.faults(), []);
    }
}

#[test]
fn a_run_of_no_steps_is_proven() {
    // a7 must be 93 and registers start at zero, so one instruction is the least.
    let report = prove_and_verify(&ProgramProver::new(ending(vec![])), GuestInput::default(), None);
    assert_eq!((report.statement.cycles, report.statement.output.len()), (1, 0));
}

#[test]
fn exit_codes_are_proven_whatever_they_are() {
    for code in [0, 1, -1] {
        let prover = ProgramProver::new(ending(vec![imm(Opcode::Addi, 10, 0, code)]));
        let report = prove_and_verify(&prover, GuestInput::default(), None);
        assert_eq!(report.statement.exit_code, code as u32);
    }
}

#[test]
fn every_profile_proves_and_proofs_shrink_from_fast_to_compact() {
    let prover = ProgramProver::new(guest("sha256"));
    let size =
        |profile| prove_and_verify(&prover, GuestInput { public: b"abc", private: &[] }, Some(profile)).proof.len();
    let sizes = Profile::ALL.map(size);
    assert!(sizes.is_sorted_by(|larger, smaller| larger > smaller), "{sizes:?}");
}

#[test]
fn a_proof_does_not_depend_on_the_number_of_threads() {
    let prove = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        let prover = ProgramProver::new(guest("sort"));
        let prove = || prove_and_verify(&prover, GuestInput { public: &words(&[2, 1]), private: &[] }, None).proof;
        pool.install(prove)
    };
    let proof = prove(1);
    assert!(proof == prove(1) && proof == prove(3));
}

#[test]
fn what_cannot_be_proven_is_an_error_with_its_reason() {
    let trap = ProgramProver::new(program(vec![reg(Opcode::Ebreak, 0, 0, 0)]));
    let error = trap.prove(GuestInput::default(), &ProveOptions::default()).expect_err("a trap has no proof");
    let ProveError::Execution(ExecutionError::Trap(trap)) = error else { panic!("{error}") };
    assert_eq!(trap.cause, TrapCause::Breakpoint);

    let prover = ProgramProver::new(guest("sieve"));
    let input = words(&[50_000]);
    let input = GuestInput { public: &input, private: &[] };
    let few = ProveOptions { max_cycles: Some(1000), ..ProveOptions::default() };
    let limit = ProveError::Execution(ExecutionError::CycleLimit { limit: 1000 });
    assert_eq!(prover.prove(input, &few).expect_err("too long"), limit);

    // Refused while it runs, long before the end.
    let budget = 40 << 20;
    let small = ProveOptions { memory_budget_bytes: Some(budget), ..ProveOptions::default() };
    let error = prover.prove(input, &small).expect_err("too large");
    let ProveError::MemoryBudget { needed, budget: said } = error else { panic!("{error}") };
    assert!(needed > budget && said == budget);
}

#[test]
fn proving_reports_its_stages_and_stops_when_it_is_told_to() {
    use std::cell::{Cell, RefCell};
    let prover = ProgramProver::new(guest("sort"));
    let seen = RefCell::new(Vec::new());
    let on_stage = |stage| seen.borrow_mut().push(stage);
    let options = ProveOptions { on_stage: Some(&on_stage), ..ProveOptions::default() };
    let report = prover.prove(GuestInput::default(), &options).expect("proven");
    assert_eq!(*seen.borrow(), Stage::ALL);
    assert_eq!(report.stages.iter().map(|time| time.stage).collect::<Vec<_>>(), Stage::ALL);

    for stop_at in 0..8 {
        let questions = Cell::new(0);
        let is_cancelled = || {
            questions.set(questions.get() + 1);
            questions.get() > stop_at
        };
        let options = ProveOptions { is_cancelled: Some(&is_cancelled), ..ProveOptions::default() };
        let result = prover.prove(GuestInput::default(), &options);
        assert_eq!(result.expect_err("cancelled"), ProveError::Cancelled, "after {stop_at} questions");
    }
}
