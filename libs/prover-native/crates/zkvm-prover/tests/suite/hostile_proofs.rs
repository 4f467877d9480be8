//! What the verifier does with proofs that were tampered with, or are none.

use std::sync::LazyLock;

use num_traits::One;
use provefleet_proof_system::envelope::EnvelopeError;
use provefleet_proof_system::stark::Hasher;
use provefleet_zkvm_air::claim::max_log_size;
use provefleet_zkvm_air::{Claim, ClaimError, FinalCell, Kind, MAX_STEPS, MachineClaim, MemoryClaim, Profile};
use provefleet_zkvm_core::{GuestInput, abi};
use provefleet_zkvm_prover::{ProgramProver, ProveOptions};
use provefleet_zkvm_testing::guest;
use provefleet_zkvm_testing::random::Rng;
use provefleet_zkvm_verifier::{MAX_PART_BYTES, PartProof, ProgramKey, Proof, ProofBody, VerifyError, verify};
use stwo::core::channel::Blake2sChannel;
use stwo::core::fields::qm31::SecureField;
use stwo::core::proof::StarkProof;

use crate::support::{sweep, words};

/// An honest proof with input, output, memory and most components.
static HONEST: LazyLock<(ProgramProver, Vec<u8>)> = LazyLock::new(|| {
    let prover = ProgramProver::new(guest("sort"));
    let input = words(&[5, 3, 9, 1]);
    let options = ProveOptions { profile: Some(Profile::Compact), ..ProveOptions::default() };
    let report = prover.prove(GuestInput { public: &input, private: &[] }, &options).expect("proven");
    (prover, report.proof)
});

/// The honest proof, decoded and opened.
#[derive(Clone)]
struct Opened {
    claim: Claim,
    claimed_sums: Vec<SecureField>,
    interaction_nonce: u64,
    stark: StarkProof<Hasher>,
    profile: Profile,
    program_hash: [u8; 32],
}

impl Opened {
    fn encode(self, key: &ProgramKey) -> Vec<u8> {
        let Self { claim, claimed_sums, interaction_nonce, stark, profile, program_hash } = self;
        let part = PartProof { claimed_sums, stark };
        Proof {
            profile,
            program_hash,
            interaction_nonce,
            body: ProofBody::Whole { claim: Box::new(claim), part: Box::new(part) },
        }
        .encode(key)
    }
}

fn honest() -> Opened {
    let proof = Proof::decode(HONEST.0.key(), &HONEST.1).expect("an honest proof decodes");
    let Proof { profile, program_hash, interaction_nonce, body } = proof;
    let ProofBody::Whole { claim, part } = body else { panic!("proven whole") };
    let PartProof { claimed_sums, stark } = *part;
    Opened { claim: *claim, claimed_sums, interaction_nonce, stark, profile, program_hash }
}

/// The verdict on the honest proof after a change.
fn after(change: impl FnOnce(&mut Opened)) -> Result<(), VerifyError> {
    let mut proof = honest();
    change(&mut proof);
    verify(HONEST.0.key(), &proof.encode(HONEST.0.key())).map(|_| ())
}

/// The verdict after a change of the claim that the shape of the proof does not depend on.
fn refused(name: &str, change: impl FnOnce(&mut Opened)) {
    assert!(after(change).is_err(), "{name} was accepted");
}

#[test]
fn the_honest_proof_is_accepted_and_its_encoding_is_canonical() {
    assert_eq!(after(|_| ()), Ok(()));
    assert!(honest().encode(HONEST.0.key()) == HONEST.1);
}

#[test]
fn every_field_of_the_claim_is_bound() {
    refused("steps + 1", |proof| proof.claim.machine.steps += 1);
    refused("steps - 1", |proof| proof.claim.machine.steps -= 1);
    refused("final pc", |proof| proof.claim.machine.final_pc += 4);
    refused("hint words", |proof| proof.claim.memory.hint_words += 1);
    refused("last dynamic cell", |proof| proof.claim.memory.last_dynamic_cell += 1);
    for register in 0..33 {
        refused("a register's value", |proof| proof.claim.machine.registers[register].value ^= 1);
        refused("a register's time", |proof| proof.claim.machine.registers[register].time += 1);
    }
    for word in 0..5 {
        refused("an input word's final value", |proof| proof.claim.memory.input_final[word].value ^= 1);
        refused("an input word's final time", |proof| proof.claim.memory.input_final[word].time += 1);
        refused("an output word", |proof| proof.claim.memory.output[word].value ^= 0x100);
        refused("an output word's time", |proof| proof.claim.memory.output[word].time ^= 1);
    }
    for word in 1..5 {
        refused("an input word", |proof| proof.claim.memory.input[word] ^= 1);
    }
    refused("two input words swapped", |proof| proof.claim.memory.input.swap(1, 2));
    refused("two output words swapped", |proof| proof.claim.memory.output.swap(1, 2));
    refused("a word more of input", |proof| {
        proof.claim.memory.input[0] += 4;
        proof.claim.memory.input.push(0);
        proof.claim.memory.input_final.push(Default::default());
    });
    refused("a word less of input", |proof| {
        proof.claim.memory.input[0] -= 4;
        proof.claim.memory.input.pop();
        proof.claim.memory.input_final.pop();
    });
    refused("a shorter output", |proof| {
        proof.claim.memory.output[0].value -= 4;
        proof.claim.memory.output.pop();
    });
    refused("a longer output", |proof| {
        proof.claim.memory.output[0].value += 4;
        proof.claim.memory.output.push(Default::default());
    });
    refused("a shorter length of the output", |proof| proof.claim.memory.output[0].value -= 1);
}

#[test]
fn claimed_sums_and_nonces_are_bound() {
    for component in 0..honest().claimed_sums.len() {
        refused("a claimed sum", |proof| proof.claimed_sums[component] += SecureField::one());
    }
    refused("two claimed sums shifted against each other", |proof| {
        proof.claimed_sums[0] += SecureField::one();
        proof.claimed_sums[1] -= SecureField::one();
    });
    refused("the interaction nonce", |proof| proof.interaction_nonce ^= 1);
    refused("the query nonce", |proof| proof.stark.0.proof_of_work ^= 1);
}

/// Encodes the claim by hand where `encode` would refuse: replaces bytes of the honest encoding.
fn with_bytes(at: usize, bytes: &[u8]) -> Result<(), VerifyError> {
    let mut proof = HONEST.1.clone();
    proof[at..at + bytes.len()].copy_from_slice(bytes);
    verify(HONEST.0.key(), &proof).map(|_| ())
}

/// Where things are in the honest proof's bytes: head, program hash, number of segments, machine, memory, components.
const HEAD: usize = 32;
const SEGMENTS: usize = HEAD + 32;
const STEPS: usize = SEGMENTS + 4;
const REGISTERS: usize = STEPS + 8;
const HINT_WORDS: usize = REGISTERS + 33 * 8;
/// Hint words, last dynamic cell, input (length, 16 bytes), two lists of five cells.
const COMPONENTS: usize = HINT_WORDS + 8 + 4 + 16 + 2 * (4 + 5 * 8);

#[test]
fn claims_outside_their_bounds_are_refused_before_any_cryptography() {
    let number = |value: u32| value.to_le_bytes();
    let out_of_range = |field, value| Err(VerifyError::Claim(ClaimError::OutOfRange { field, value }));
    // More steps than clocks are reasoned about, in particular steps + p, which is the same field element.
    for steps in [MAX_STEPS + 1, honest().claim.machine.steps + (1 << 31) - 1, u32::MAX] {
        assert_eq!(with_bytes(STEPS, &number(steps)), out_of_range("steps", steps.into()));
    }
    let final_pc = honest().claim.machine.final_pc + (1 << 31) - 1;
    assert_eq!(with_bytes(STEPS + 4, &number(final_pc)), out_of_range("final pc", final_pc.into()));
    let hints = abi::MAX_HINT_WORDS + 1;
    assert_eq!(with_bytes(HINT_WORDS, &number(hints)), out_of_range("hint words", hints.into()));
    for cell in [0, (1 << 28) + 64, u32::MAX] {
        assert_eq!(with_bytes(HINT_WORDS + 4, &number(cell)), out_of_range("last dynamic cell", cell.into()));
    }
    let components = honest().claim.components;
    let table = components.iter().position(|(kind, _)| *kind == Kind::Range16).expect("always there");
    let component = |index: usize| COMPONENTS + 4 + 2 * index;
    // Sizes: too small, too large, and a table that is not of its size.
    for (index, log_size) in [(0, 4), (0, 25), (0, 255), (table, 12), (table, 14)] {
        let kind = components[index].0;
        let expected = Err(VerifyError::Claim(ClaimError::ComponentSize { kind, log_size: u32::from(log_size) }));
        assert_eq!(with_bytes(component(index) + 1, &[log_size]), expected);
    }
    // Rows in all: each size is allowed, their sum is not.
    let mut proof = HONEST.1.clone();
    for (index, (kind, _)) in components.iter().enumerate() {
        if !kind.is_table() {
            proof[component(index) + 1] = 24;
        }
    }
    let verdict = verify(HONEST.0.key(), &proof);
    assert!(matches!(verdict, Err(VerifyError::Claim(ClaimError::TooManyRows { .. }))), "{verdict:?}");
    // Kinds: unknown, out of order, doubled, missing.
    assert!(matches!(with_bytes(component(0), &[Kind::COUNT as u8]), Err(VerifyError::Encoding(_))));
    let order = with_bytes(component(0), &[Kind::Divide as u8]);
    assert!(matches!(order, Err(VerifyError::Claim(ClaimError::Order { .. }))), "{order:?}");
    let doubled = with_bytes(component(table + 1), &[Kind::Range16 as u8, 13]);
    let expected = ClaimError::TooManyComponents { kind: Kind::Range16, count: 2 };
    assert_eq!(doubled, Err(VerifyError::Claim(expected)));
    // An exit needs a7 = 93.
    let a7 = REGISTERS + 8 * abi::REGISTER_SYSCALL + 4;
    assert_eq!(with_bytes(a7, &number(94)), Err(VerifyError::Claim(ClaimError::NotAnExit(94))));
    // The time of a final value.
    let verdict = with_bytes(a7 - 4, &number(1 << 27));
    assert_eq!(verdict, out_of_range("time of a final value", 1 << 27));
}

#[test]
fn a_table_left_out_is_refused() {
    // Without Range14 its lookups stay unanswered. The bytes behind shift, so this is any error but an acceptance; the
    // trace-level test below shows the reason.
    for kind in [Kind::Rom, Kind::Image, Kind::Range16, Kind::Range14] {
        let mut proof = honest();
        let index = proof.claim.components.iter().position(|component| component.0 == kind).expect("it is there");
        proof.claim.components.remove(index);
        let verdict = proof.claim.validate(HONEST.0.key().tables());
        if kind == Kind::Range14 {
            assert_eq!(verdict, Ok(()), "only the relations can tell that it is missing");
        } else {
            assert_eq!(verdict, Err(ClaimError::MissingComponent { kind }));
        }
    }
}

#[test]
fn weaker_parameters_are_refused() {
    // pow bits, log blowup, queries, fold step, last layer, lifting
    let parameters = |values: [u32; 6]| with_bytes(8, &words(&values));
    let security = Profile::Compact.security();
    let lifting = max_log_size(&honest().claim.components) + 4;
    let honest = [security.pow_bits, security.log_blowup_factor, security.n_queries, security.fold_step, 0, lifting];
    assert_eq!(parameters(honest), Ok(()));
    for (position, value) in
        [(0, 15), (1, 3), (2, 19), (2, 3), (3, 2), (4, 1), (5, lifting - 1), (5, lifting + 1), (5, 0)]
    {
        let mut weaker = honest;
        weaker[position] = value;
        let verdict = parameters(weaker);
        assert!(matches!(verdict, Err(VerifyError::Envelope(_))), "{weaker:?}: {verdict:?}");
    }
    // The library's default.
    let verdict = parameters([10, 1, 3, 1, 0, lifting]);
    assert_eq!(verdict, Err(VerifyError::Envelope(EnvelopeError::WeakSecurity { bits: 13 })));
    // Another of our own profiles: enough bits, but not what the proof was made with.
    let other = Profile::Fast.security();
    let lifting = lifting - 3;
    assert!(
        parameters([other.pow_bits, other.log_blowup_factor, other.n_queries, other.fold_step, 0, lifting]).is_err()
    );
}

#[test]
fn truncated_extended_and_oversized_proofs_are_refused() {
    let (prover, proof) = &*HONEST;
    for length in (0..proof.len()).step_by(sweep(997, 101)).chain(proof.len() - 64..proof.len()) {
        assert!(verify(prover.key(), &proof[..length]).is_err(), "{length}");
    }
    let extended = [&proof[..], &[0]].concat();
    assert!(matches!(verify(prover.key(), &extended), Err(VerifyError::Encoding(_))));
    let mut oversized = proof.clone();
    oversized.resize(MAX_PART_BYTES + 1, 0);
    let expected = VerifyError::TooLarge { bytes: MAX_PART_BYTES + 1, max: MAX_PART_BYTES };
    assert_eq!(verify(prover.key(), &oversized), Err(expected));
    assert!(verify(prover.key(), &[]).is_err());
}

/// Random changes of the bytes: bits, whole words (also to p and above), pieces swapped or repeated.
#[test]
fn mutated_proofs_are_refused_without_a_panic() {
    let (prover, proof) = &*HONEST;
    let mut rng = Rng(99);
    for round in 0..sweep(1500, 20_000u32) {
        let mut mutated = proof.clone();
        // Every third mutation hits the claim, where most of the meaning is.
        let bound = if round % 3 == 0 { 700.min(proof.len()) } else { proof.len() } as u32;
        let at = rng.below(bound - 8) as usize;
        match rng.below(6) {
            0 => mutated[at] ^= 1 << rng.below(8),
            1 => mutated[at] = rng.next_u64() as u8,
            2 => {
                let word = rng.choose(&[0, 1, (1 << 31) - 2, (1 << 31) - 1, 1 << 31, u32::MAX]);
                mutated[at & !3..][..4].copy_from_slice(&word.to_le_bytes());
            }
            3 => {
                let other = rng.below(bound - 8) as usize;
                let piece: Vec<u8> = mutated[other..other + 8].to_vec();
                mutated[at..at + 8].copy_from_slice(&piece);
            }
            4 => {
                mutated.remove(at);
            }
            _ => mutated.insert(at, rng.next_u64() as u8),
        }
        if mutated != *proof {
            assert!(verify(prover.key(), &mutated).is_err(), "round {round}, byte {at}");
        }
    }
}

/// Changes of decoded proofs that keep their encoding valid, so that they reach the proof system.
#[test]
fn well_formed_changes_of_the_stark_proof_are_refused() {
    let one = SecureField::one();
    let trees = honest().stark.0.sampled_values.len();
    for tree in 0..trees {
        let columns = honest().stark.0.sampled_values[tree].len();
        for column in (0..columns).step_by(sweep(17, 1)) {
            if !honest().stark.0.sampled_values[tree][column].is_empty() {
                refused("a sampled value", |proof| proof.stark.0.sampled_values[tree][column][0] += one);
            }
            refused("a queried value", |proof| {
                let value = &mut proof.stark.0.queried_values[tree][column][0];
                *value += One::one();
            });
        }
        refused("a hash of a path", |proof| proof.stark.0.decommitments[tree].hash_witness[0].0[5] ^= 1);
        if tree > 0 {
            refused("a root", |proof| proof.stark.0.commitments[tree].0[5] ^= 1);
        }
    }
    refused("a FRI value", |proof| proof.stark.0.fri_proof.first_layer.fri_witness[0] += one);
    refused("a FRI root", |proof| proof.stark.0.fri_proof.inner_layers[0].commitment.0[0] ^= 1);
    refused("a hash more", |proof| {
        let hash = proof.stark.0.decommitments[1].hash_witness[0];
        proof.stark.0.decommitments[1].hash_witness.push(hash);
    });
    refused("a hash less", |proof| {
        proof.stark.0.decommitments[1].hash_witness.pop();
    });
}

/// The order and content of what enters the transcript is part of the proof format. A change of this value needs a new
/// transcript tag in zkvm-air.
#[test]
fn the_transcript_of_a_claim_is_as_it_was() {
    let cell = |number| FinalCell { time: number, value: 1000 + number };
    let claim = Claim {
        components: vec![(Kind::Add, 5), (Kind::Rom, 6), (Kind::Range16, 13)],
        machine: MachineClaim { steps: 7, final_pc: 0x1_0010, registers: std::array::from_fn(|i| cell(i as u32)) },
        memory: MemoryClaim {
            hint_words: 2,
            last_dynamic_cell: 99,
            input: vec![4, 0xdead_beef],
            input_final: vec![cell(50), cell(51)],
            output: vec![cell(60)],
        },
    };
    let digest = |claim: &Claim, hash: &[u8; 32]| {
        let mut channel = Blake2sChannel::default();
        claim.mix_into(&mut channel, hash);
        channel.digest()
    };
    let golden = digest(&claim, &[7; 32]);
    assert_eq!(golden.to_string(), "7b3edc7dedab8e768b444cf789729c995dba1fab8c07a518a9489e21faf5e35a");
    assert_ne!(golden, digest(&claim, &[8; 32]));
    // The end of a list cannot move into the next one.
    let mut moved = claim.clone();
    let cell = moved.memory.input_final.pop().expect("not empty");
    moved.memory.output.insert(0, cell);
    assert_ne!(golden, digest(&moved, &[7; 32]));
}
