//! Runs that are proven in segments.

use provefleet_zkvm_air::{ClaimError, Kind, MAX_STEPS, Relation};
use provefleet_zkvm_core::{ExecutionError, GuestInput};
use provefleet_zkvm_prover::checker::Fault;
use provefleet_zkvm_prover::{ProgramProver, ProveError, ProveOptions};
use provefleet_zkvm_testing::guest;
use provefleet_zkvm_testing::random::Rng;
use provefleet_zkvm_verifier::{PartProof, Proof, ProofBody, VerifyError, verify};
use stwo::prover::backend::Column;

use crate::support::{SegmentedRun, ending, field, long_pause, random_program, sweep, words};

fn options(steps: u32) -> ProveOptions<'static> {
    ProveOptions { segment_steps: Some(steps), ..ProveOptions::default() }
}

/// The whole run's statement, but for the number of segments.
fn same_statement_in_segments(prover: &ProgramProver, input: GuestInput, steps: u32) -> u32 {
    let whole = prover.prove(input, &ProveOptions::default()).expect("proven whole");
    let report = prover.prove(input, &options(steps)).expect("proven in segments");
    let mut statement = verify(prover.key(), &report.proof).expect("verifies");
    assert_eq!(statement, report.statement);
    let segments = std::mem::replace(&mut statement.segments, 1);
    statement.profile = whole.statement.profile;
    assert_eq!(statement, whole.statement);
    segments
}

#[test]
fn a_run_in_segments_says_the_same_as_a_whole_one() {
    let sort = ProgramProver::new(guest("sort"));
    let numbers = words(&[9, 8, 7, 6, 5, 4, 3, 2, 1]);
    for (steps, at_least) in [(40, 8), (100, 3), (100_000, 1)] {
        let input = GuestInput { public: &numbers, private: &[] };
        assert!(same_statement_in_segments(&sort, input, steps) >= at_least, "{steps}");
    }
    // Private input, image constants, bytes, and memory that sleeps over several segments.
    let sha256 = ProgramProver::new(guest("sha256"));
    same_statement_in_segments(&sha256, GuestInput { public: b"public", private: b"private" }, 1500);
    same_statement_in_segments(&ProgramProver::new(ending(long_pause())), GuestInput::default(), 5000);
    same_statement_in_segments(&ProgramProver::new(random_program(321, 8)), GuestInput::default(), 300);
    same_statement_in_segments(&ProgramProver::new(guest("corners")), GuestInput { public: &[9], private: &[] }, 1000);
}

#[test]
fn the_exit_may_fall_on_a_segments_end() {
    // One step in all, the load of a7.
    let prover = ProgramProver::new(ending(vec![]));
    assert_eq!(same_statement_in_segments(&prover, GuestInput::default(), 1), 2, "the second segment has no steps");
}

#[test]
fn honest_segments_have_no_faults() {
    for (program, public, private, steps) in [
        (guest("sort"), words(&[7, 6, 5, 4, 3, 1, 2]), vec![], 30),
        (guest("sha256"), b"abc".to_vec(), b"def".to_vec(), 1000),
        (random_program(55, 6), vec![], vec![], 111),
    ] {
        let run = SegmentedRun::new(program, &public, &private, steps);
        assert!(run.claim.segments.len() > 3);
        assert_eq!(run.faults(), []);
    }
}

/// Five segments or more over the same few words.
fn run() -> SegmentedRun {
    SegmentedRun::new(guest("sort"), &words(&[12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]), &[], 60)
}

fn is_unbalanced(faults: &[Fault], relation: Relation) -> bool {
    faults.iter().any(|fault| matches!(fault, Fault::Unbalanced { relation: of, .. } if *of == relation))
}

/// A row of a segment's memory component that takes a word over from an earlier segment.
fn taken_over(run: &mut SegmentedRun, part: usize) -> usize {
    let column = run.cell(part, Kind::SegmentMemory, "from_segment");
    (0..column.len()).find(|&row| column.at(row) != field(0)).expect("a word that an earlier segment touched")
}

#[test]
fn memory_is_taken_over_as_it_was_left() {
    let kind = Kind::SegmentMemory;
    // Another value than the earlier segment left.
    let mut forged = run();
    let row = taken_over(&mut forged, 4);
    let value = forged.cell(4, kind, "initial_value[0]").at(row) + field(1);
    forged.cell(4, kind, "initial_value[0]").set(row, value);
    assert!(is_unbalanced(&forged.faults(), Relation::Memory));
    // An older state: what the run began with.
    let mut forged = run();
    let row = taken_over(&mut forged, 4);
    forged.cell(4, kind, "from_segment").set(row, field(0));
    forged.cell(4, kind, "initial_value[0]").set(row, field(0));
    assert!(is_unbalanced(&forged.faults(), Relation::Memory));
    // A future state, or the segment's own.
    for from in [4, 5] {
        let mut forged = run();
        let row = taken_over(&mut forged, 4);
        forged.cell(4, kind, "from_segment").set(row, field(from));
        assert!(is_unbalanced(&forged.faults(), Relation::Range16), "{from}");
    }
    // The same word twice in a segment.
    let mut forged = run();
    let row = taken_over(&mut forged, 4);
    let free = {
        let enabled = forged.cell(4, kind, "enabled");
        (0..enabled.len()).find(|&row| enabled.at(row) == field(0)).expect("there is padding")
    };
    for column in kind.column_names() {
        let value = forged.cell(4, kind, &column).at(row);
        forged.cell(4, kind, &column).set(free, value);
    }
    assert!(is_unbalanced(&forged.faults(), Relation::Memory));
    // A word that is not handed on.
    let mut forged = run();
    let row = taken_over(&mut forged, 3);
    forged.cell(3, kind, "enabled").set(row, field(0));
    assert!(is_unbalanced(&forged.faults(), Relation::Memory));
}

#[test]
fn the_machine_goes_on_where_it_stopped() {
    let mut forged = run();
    forged.claim.segments[2].machine.registers[10].value ^= 1;
    assert!(is_unbalanced(&forged.faults(), Relation::Memory));
    let mut forged = run();
    forged.claim.segments[2].machine.final_pc += 4;
    assert!(is_unbalanced(&forged.faults(), Relation::State));
    // A segment left out, doubled, or two swapped.
    let mut forged = run();
    forged.claim.segments.remove(2);
    forged.traces.remove(3);
    assert!(!forged.faults().is_empty());
    let mut forged = run();
    forged.claim.segments.swap(1, 2);
    forged.traces.swap(2, 3);
    assert!(!forged.faults().is_empty());
    // The last segment left out: the machine has not exited.
    let mut forged = run();
    forged.claim.segments.pop();
    forged.traces.pop();
    assert!(is_unbalanced(&forged.faults(), Relation::Rom));
    let tables = forged.prover.key().tables();
    assert!(matches!(forged.claim.validate(tables), Err(ClaimError::NotAnExit(_))));
}

#[test]
fn segments_do_not_begin_memory_themselves() {
    // Components that begin memory belong to the memory part only, and the one that takes it over to segments only.
    let honest = run();
    let tables = honest.prover.key().tables();
    for kind in [Kind::DynamicMemory, Kind::Hint] {
        let mut claim = honest.claim.clone();
        let at = claim.segments[1].components.iter().position(|(of, _)| *of > kind).expect("tables come later");
        claim.segments[1].components.insert(at, (kind, 5));
        assert_eq!(claim.validate(tables), Err(ClaimError::ForeignComponent { kind }));
    }
    for kind in [Kind::SegmentMemory, Kind::Add] {
        let mut claim = honest.claim.clone();
        claim.memory_components.insert(0, (kind, 5));
        assert_eq!(claim.validate(tables), Err(ClaimError::ForeignComponent { kind }));
    }
    let mut claim = honest.claim.clone();
    claim.segments.clear();
    assert_eq!(claim.validate(tables), Err(ClaimError::SegmentCount(0)));
    let mut claim = honest.claim.clone();
    claim.segments[0].machine.steps = MAX_STEPS + 1;
    let value = u64::from(MAX_STEPS) + 1;
    assert_eq!(claim.validate(tables), Err(ClaimError::OutOfRange { field: "steps", value }));
}

fn opened(prover: &ProgramProver, proof: &[u8]) -> (Proof, Vec<PartProof>) {
    let proof = Proof::decode(prover.key(), proof).expect("an honest proof decodes");
    let ProofBody::Segmented { parts, .. } = &proof.body else { panic!("proven in segments") };
    let parts = parts.clone();
    (proof, parts)
}

#[test]
fn forged_segmented_proofs_are_refused() {
    let prover = ProgramProver::new(guest("sort"));
    let prove = |numbers: &[u32]| {
        let input = words(numbers);
        prover.prove(GuestInput { public: &input, private: &[] }, &options(60)).expect("proven").proof
    };
    let honest = prove(&[4, 3, 2, 1]);
    let (proof, parts) = opened(&prover, &honest);
    let ProofBody::Segmented { claim, .. } = &proof.body else { unreachable!() };
    let verdict = |claim: &provefleet_zkvm_air::SegmentedClaim, parts: &[PartProof], nonce: u64| {
        let body = ProofBody::Segmented { claim: claim.clone(), parts: parts.to_vec() };
        let proof = Proof { interaction_nonce: nonce, body, ..proof.clone() };
        verify(prover.key(), &proof.encode(prover.key()))
    };
    let nonce = proof.interaction_nonce;
    assert!(verdict(claim, &parts, nonce).is_ok());
    assert!(matches!(verdict(claim, &parts, nonce ^ 1), Err(VerifyError::ProofOfWork | VerifyError::Unbalanced)));
    // Every public number of every part.
    for segment in 0..claim.segments.len() {
        let mut forged = claim.clone();
        forged.segments[segment].machine.steps += 1;
        assert!(verdict(&forged, &parts, nonce).is_err(), "steps of {segment}");
        let mut forged = claim.clone();
        forged.segments[segment].machine.registers[11].value ^= 1;
        assert!(verdict(&forged, &parts, nonce).is_err(), "register of {segment}");
        let mut forged = claim.clone();
        forged.segments[segment].machine.registers[11].time ^= 1;
        assert!(verdict(&forged, &parts, nonce).is_err(), "time of {segment}");
    }
    for word in 0..claim.memory.output.len() {
        let mut forged = claim.clone();
        forged.memory.output[word].time ^= 1;
        assert!(verdict(&forged, &parts, nonce).is_err(), "output {word}");
    }
    let mut forged = claim.clone();
    forged.memory.output[1].value ^= 1;
    assert!(verdict(&forged, &parts, nonce).is_err());
    let mut forged = claim.clone();
    forged.memory.input[1] ^= 1;
    assert!(verdict(&forged, &parts, nonce).is_err());
    // What the first segment ends with is what the second starts with: changing both changes neither.
    let mut forged = claim.clone();
    forged.segments[0].machine.final_pc += 4;
    assert!(verdict(&forged, &parts, nonce).is_err());
    // Sums shifted from one part to another.
    let mut shifted = parts.clone();
    let one = stwo::core::fields::qm31::SecureField::from(field(1));
    shifted[0].claimed_sums[0] += one;
    shifted[1].claimed_sums[0] -= one;
    assert!(verdict(claim, &shifted, nonce).is_err());
    // A part of another run of the same shape, which is valid in its own proof.
    let other = prove(&[4, 3, 1, 2]);
    let (other, other_parts) = opened(&prover, &other);
    let ProofBody::Segmented { claim: other_claim, .. } = &other.body else { unreachable!() };
    for part in 0..parts.len().min(other_parts.len()) {
        if other_claim.components(part) == claim.components(part) {
            let mut mixed = parts.clone();
            mixed[part] = other_parts[part].clone();
            assert!(verdict(claim, &mixed, nonce).is_err(), "part {part}");
        }
    }
}

#[test]
fn mutated_segmented_proofs_are_refused_without_a_panic() {
    let prover = ProgramProver::new(guest("sort"));
    let input = words(&[2, 1]);
    let proof = prover.prove(GuestInput { public: &input, private: &[] }, &options(40)).expect("proven").proof;
    let mut rng = Rng(123);
    for round in 0..sweep(150, 5000u32) {
        let mut mutated = proof.clone();
        let bound = if round % 2 == 0 { 2000 } else { proof.len() as u32 };
        let at = rng.below(bound - 8) as usize;
        match rng.below(3) {
            0 => mutated[at] ^= 1 << rng.below(8),
            1 => mutated[at & !3..][..4].copy_from_slice(&rng.word().to_le_bytes()),
            _ => mutated.truncate(at),
        }
        if mutated != proof {
            assert!(verify(prover.key(), &mutated).is_err(), "round {round}, byte {at}");
        }
    }
}

#[test]
fn memory_does_not_grow_with_the_run() {
    let prover = ProgramProver::new(guest("fib_input_initial"));
    let peak = |n: u32| {
        let input = words(&[n, 1, 1]);
        prover.prove(GuestInput { public: &input, private: &[] }, &options(4096)).expect("proven").estimated_peak_bytes
    };
    assert_eq!(peak(2_000), peak(6_000));
    let input = words(&[6_000, 1, 1]);
    let input = GuestInput { public: &input, private: &[] };
    let budget = peak(2_000);
    let whole = ProveOptions { memory_budget_bytes: Some(budget), ..ProveOptions::default() };
    assert!(matches!(prover.prove(input, &whole), Err(ProveError::MemoryBudget { .. })));
    let segmented = ProveOptions { segment_steps: Some(4096), ..whole };
    assert!(prover.prove(input, &segmented).is_ok());
}

#[test]
fn proving_in_segments_stops_when_it_is_told_to_and_for_what_cannot_be_proven() {
    let prover = ProgramProver::new(guest("sort"));
    let input = words(&[5, 4, 3, 2, 1]);
    let input = GuestInput { public: &input, private: &[] };
    for stop_at in [0, 1, 5, 20] {
        let questions = std::cell::Cell::new(0);
        let is_cancelled = || {
            questions.set(questions.get() + 1);
            questions.get() > stop_at
        };
        let options = ProveOptions { is_cancelled: Some(&is_cancelled), ..options(50) };
        assert_eq!(prover.prove(input, &options).expect_err("cancelled"), ProveError::Cancelled, "{stop_at}");
    }
    let small = ProveOptions { memory_budget_bytes: Some(1 << 20), ..options(50) };
    assert!(matches!(prover.prove(input, &small), Err(ProveError::MemoryBudget { .. })));
    let short = ProveOptions { max_cycles: Some(20), ..options(50) };
    let limit = ProveError::Execution(ExecutionError::CycleLimit { limit: 20 });
    assert_eq!(prover.prove(input, &short).expect_err("too long"), limit);
}
