//! The encoding of STARK proofs, on an AIR with preprocessed columns and components of different sizes.

use provefleet_proof_system::bytes::{Reader, Writer};
use provefleet_proof_system::stark::{Hasher, StarkShape, read_stark, write_stark};
use provefleet_proof_system::{SecurityProfile, catch_quietly};
use stwo::core::air::Component;
use stwo::core::channel::Blake2sChannel;
use stwo::core::fields::m31::BaseField;
use stwo::core::fields::qm31::SecureField;
use stwo::core::pcs::{CommitmentSchemeVerifier, PcsConfig};
use stwo::core::poly::circle::CanonicCoset;
use stwo::core::proof::StarkProof;
use stwo::core::vcs_lifted::blake2_merkle::Blake2sMerkleChannel;
use stwo::prover::backend::simd::SimdBackend;
use stwo::prover::backend::simd::column::BaseColumn;
use stwo::prover::poly::BitReversedOrder;
use stwo::prover::poly::circle::{CircleEvaluation, PolyOps};
use stwo::prover::{CommitmentSchemeProver, ComponentProver, prove};
use stwo_constraint_framework::preprocessed_columns::PreProcessedColumnId;
use stwo_constraint_framework::{EvalAtRow, FrameworkComponent, FrameworkEval, TraceLocationAllocator};

const LOG_SIZES: [u32; 2] = [5, 8];

/// Each row's second cell is the square of its first, which is preprocessed.
struct Squares {
    log_rows: u32,
}

impl Squares {
    fn column(&self) -> PreProcessedColumnId {
        PreProcessedColumnId { id: format!("base of {} rows", 1 << self.log_rows) }
    }
}

impl FrameworkEval for Squares {
    fn log_size(&self) -> u32 {
        self.log_rows
    }

    fn max_constraint_log_degree_bound(&self) -> u32 {
        self.log_rows + 1
    }

    fn evaluate<E: EvalAtRow>(&self, mut eval: E) -> E {
        let base = eval.get_preprocessed_column(self.column());
        let square = eval.next_trace_mask();
        eval.add_constraint(square - base.clone() * base);
        eval
    }
}

fn components() -> Vec<FrameworkComponent<Squares>> {
    let columns = LOG_SIZES.map(|log_rows| Squares { log_rows }.column());
    let mut allocator = TraceLocationAllocator::new_with_preprocessed_columns(&columns);
    LOG_SIZES
        .map(|log_rows| FrameworkComponent::new(&mut allocator, Squares { log_rows }, SecureField::default()))
        .into()
}

fn config() -> PcsConfig {
    SecurityProfile::FAST.config(Some(LOG_SIZES[1] + 1))
}

fn evaluations(cell: impl Fn(u32) -> u32) -> Vec<CircleEvaluation<SimdBackend, BaseField, BitReversedOrder>> {
    LOG_SIZES
        .map(|log_rows| {
            let column: BaseColumn = (0..1 << log_rows).map(|row| BaseField::from(cell(row))).collect();
            CircleEvaluation::new(CanonicCoset::new(log_rows).circle_domain(), column)
        })
        .into()
}

fn make() -> (StarkShape, StarkProof<Hasher>) {
    let twiddles = SimdBackend::precompute_twiddles(CanonicCoset::new(LOG_SIZES[1] + 1).circle_domain().half_coset);
    let mut channel = Blake2sChannel::default();
    let mut commitments = CommitmentSchemeProver::<SimdBackend, Blake2sMerkleChannel>::new(config(), &twiddles);
    commitments.set_store_polynomials_coefficients();
    for cell in [|row: u32| row + 3, |row: u32| (row + 3).pow(2)] {
        let mut tree = commitments.tree_builder();
        tree.extend_evals(evaluations(cell));
        tree.commit(&mut channel);
    }
    let components = components();
    let provers: Vec<&dyn ComponentProver<SimdBackend>> = components.iter().map(|component| component as _).collect();
    let proof = prove(&provers, &mut channel, commitments).unwrap();
    let known: Vec<&dyn Component> = components.iter().map(|component| component as _).collect();
    (StarkShape::new(config(), &known, LOG_SIZES.len(), proof.commitments[0]), proof)
}

fn encode(shape: &StarkShape, proof: &StarkProof<Hasher>) -> Vec<u8> {
    let mut writer = Writer::new();
    write_stark(&mut writer, shape, proof);
    writer.into_bytes()
}

fn check(shape: &StarkShape, bytes: &[u8]) -> Result<(), String> {
    let mut reader = Reader::new(bytes);
    let proof = read_stark(&mut reader, shape).map_err(|error| error.to_string())?;
    reader.finish().map_err(|error| error.to_string())?;
    let mut channel = Blake2sChannel::default();
    let mut commitments = CommitmentSchemeVerifier::<Blake2sMerkleChannel>::new(config());
    for root in &proof.commitments[..2] {
        commitments.commit(*root, &LOG_SIZES, &mut channel);
    }
    let components = components();
    let known: Vec<&dyn Component> = components.iter().map(|component| component as _).collect();
    let work = || stwo::core::verifier::verify(&known, &mut channel, &mut commitments, proof);
    catch_quietly(std::panic::AssertUnwindSafe(work))?.map_err(|error| error.to_string())
}

#[test]
fn an_honest_proof_round_trips_and_verifies() {
    let (shape, proof) = make();
    let bytes = encode(&shape, &proof);
    assert_eq!(check(&shape, &bytes), Ok(()));
    let again = read_stark(&mut Reader::new(&bytes), &shape).unwrap();
    assert!(encode(&shape, &again) == bytes);
}

#[test]
fn every_byte_is_bound() {
    let (shape, proof) = make();
    let bytes = encode(&shape, &proof);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(check(&shape, &changed).is_err(), "byte {at}");
    }
}

#[test]
fn no_prefix_and_no_extension_is_a_proof() {
    let (shape, proof) = make();
    let bytes = encode(&shape, &proof);
    for length in (0..bytes.len()).step_by(11) {
        assert!(check(&shape, &bytes[..length]).is_err(), "{length} bytes");
    }
    assert!(check(&shape, &[bytes.as_slice(), &[0]].concat()).is_err());
}

/// The preprocessed root is the verifier's own: a proof for other preprocessed columns does not verify.
#[test]
fn another_preprocessed_root_is_refused() {
    let (shape, proof) = make();
    let bytes = encode(&shape, &proof);
    let components = components();
    let known: Vec<&dyn Component> = components.iter().map(|component| component as _).collect();
    let other = StarkShape::new(config(), &known, LOG_SIZES.len(), proof.commitments[1]);
    assert!(check(&other, &bytes).is_err());
}
