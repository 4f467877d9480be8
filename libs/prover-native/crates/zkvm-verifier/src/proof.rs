//! A proof and its encoding.
//!
//! Head of the house's proofs (magic, version, kind, parameters) · program hash · steps, final pc, hint words, last
//! dynamic cell · components (kind and log size, a byte each) · registers · public input · final values of its window ·
//! output window · claimed sums · nonce of the interaction's proof of work · STARK proof. Integers are little-endian;
//! a cell is its time and its value; lists are preceded by their length in four bytes.

use provefleet_proof_system::bytes::{DecodeError, Reader, Writer};
use provefleet_proof_system::envelope::{EnvelopeError, ProofKind, read_head, write_head};
use provefleet_proof_system::stark::{Hasher, StarkShape, read_stark, write_stark};
use provefleet_zkvm_air::claim::MAX_CHUNKS;
use provefleet_zkvm_air::{Claim, Component, FinalCell, Kind, Profile, REGISTERS};
use provefleet_zkvm_core::abi;
use stwo::core::air::Component as AirComponent;
use stwo::core::fields::qm31::SecureField;
use stwo::core::proof::StarkProof;

use crate::key::ProgramKey;
use crate::verify::{Statement, VerifyError, components_before_randomness};

/// No proof is larger: claims are bounded by the windows' sizes and STARK proofs are below 4 MiB.
pub const MAX_PROOF_BYTES: usize = 8 << 20;

const MAX_COMPONENTS: usize = Kind::COUNT * MAX_CHUNKS;
const CELL_BYTES: usize = 8;

/// A decoded proof, not yet verified.
#[derive(Clone, Debug)]
pub struct Proof {
    pub profile: Profile,
    pub program_hash: [u8; 32],
    pub claim: Claim,
    /// Sum of each component's LogUp fractions.
    pub claimed_sums: Vec<SecureField>,
    /// Nonce of the proof of work before the interaction randomness.
    pub interaction_nonce: u64,
    pub stark: StarkProof<Hasher>,
}

/// Shape of the STARK proof that goes with a claim. The claim must have been validated.
fn stark_shape(key: &ProgramKey, profile: Profile, claim: &Claim) -> StarkShape {
    let config = profile.config(claim.max_log_size());
    let components = components_before_randomness(claim);
    let lifting = claim.max_log_size() + profile.log_blowup();
    let root = key.preprocessed_root(&claim.components, profile.log_blowup(), lifting);
    let references: Vec<&dyn AirComponent> = components.iter().map(|component: &Component| component as _).collect();
    let preprocessed = claim.components.iter().map(|(kind, _)| kind.preprocessed_columns()).sum();
    StarkShape::new(config, &references, preprocessed, root)
}

impl Proof {
    /// The proof's bytes.
    ///
    /// # Panics
    /// If the STARK proof does not have the shape that the claim demands; a prover's own proof has.
    pub fn encode(&self, key: &ProgramKey) -> Vec<u8> {
        let claim = &self.claim;
        let shape = stark_shape(key, self.profile, claim);
        let mut writer = Writer::new();
        write_head(&mut writer, ProofKind::Zkvm, shape.config());
        writer.bytes(&self.program_hash);
        for number in [claim.steps, claim.final_pc, claim.hint_words, claim.last_dynamic_cell] {
            writer.u32(number);
        }
        writer.list(&claim.components, |writer, (kind, log_size)| writer.bytes(&[kind as u8, log_size as u8]));
        claim.registers.iter().for_each(|&cell| write_cell(&mut writer, cell));
        let input = claim.input_bytes().expect("a validated claim has an input");
        writer.u32(input.len() as u32);
        writer.bytes(&input);
        writer.list(&claim.input_final, write_cell);
        writer.list(&claim.output, write_cell);
        self.claimed_sums.iter().for_each(|&sum| writer.secure_field(sum));
        writer.u64(self.interaction_nonce);
        write_stark(&mut writer, &shape, &self.stark);
        writer.into_bytes()
    }

    /// What the proof says if it is valid.
    pub fn unverified_statement(&self) -> Option<Statement> {
        Some(Statement {
            program_hash: self.program_hash,
            input: self.claim.input_bytes()?,
            output: self.claim.output_bytes()?,
            exit_code: self.claim.exit_code(),
            cycles: self.claim.steps,
            profile: self.profile,
        })
    }

    /// Decodes a proof for a program. The claim of what is returned has been validated, and the STARK proof has the
    /// shape that it demands; nothing else has been checked.
    ///
    /// # Errors
    /// [`VerifyError`] names what is wrong.
    pub fn decode(key: &ProgramKey, bytes: &[u8]) -> Result<Self, VerifyError> {
        if bytes.len() > MAX_PROOF_BYTES {
            return Err(VerifyError::TooLarge { bytes: bytes.len() });
        }
        let mut reader = Reader::new(bytes);
        let (security, lifting) = read_head(&mut reader, ProofKind::Zkvm)?;
        let profile = Profile::of_security(&security).ok_or_else(|| {
            EnvelopeError::Malformed(format!("{security:?} are not the parameters of a known profile"))
        })?;
        let program_hash: [u8; 32] =
            reader.bytes(32, "program hash")?.try_into().expect("the reader returns what was asked for");
        if program_hash != key.tables().hash {
            return Err(VerifyError::OtherProgram { hash: program_hash });
        }
        let claim = read_claim(&mut reader)?;
        claim.validate(key.tables())?;
        let expected = claim.max_log_size() + profile.log_blowup();
        if lifting != expected {
            return Err(EnvelopeError::Malformed(format!("lifting size {lifting}, the claim needs {expected}")).into());
        }
        let sums = (0..claim.components.len()).map(|_| reader.secure_field("claimed sum"));
        let claimed_sums = sums.collect::<Result<_, _>>()?;
        let interaction_nonce = reader.u64("interaction nonce")?;
        let stark = read_stark(&mut reader, &stark_shape(key, profile, &claim))?;
        reader.finish()?;
        Ok(Self { profile, program_hash, claim, claimed_sums, interaction_nonce, stark })
    }
}

fn write_cell(writer: &mut Writer, cell: FinalCell) {
    writer.u32(cell.time);
    writer.u32(cell.value);
}

fn read_cell(reader: &mut Reader<'_>) -> Result<FinalCell, DecodeError> {
    Ok(FinalCell { time: reader.u32("time of a final value")?, value: reader.u32("final value")? })
}

fn read_claim(reader: &mut Reader<'_>) -> Result<Claim, DecodeError> {
    let steps = reader.u32("steps")?;
    let final_pc = reader.u32("final pc")?;
    let hint_words = reader.u32("hint words")?;
    let last_dynamic_cell = reader.u32("last dynamic cell")?;
    let components = reader.list("components", MAX_COMPONENTS, 2, |reader| {
        let [kind, log_size] = reader.bytes(2, "component")?.try_into().expect("two bytes were asked for");
        let kind = Kind::from_number(kind).ok_or_else(|| reader.out_of_range("component", format!("kind {kind}")))?;
        Ok((kind, u32::from(log_size)))
    })?;
    let mut registers = [FinalCell::default(); REGISTERS];
    for register in &mut registers {
        *register = read_cell(reader)?;
    }
    let input_length = reader.u32("public input")? as usize;
    let max_input = 4 * (abi::MAX_INPUT_WORDS as usize - 1);
    if input_length > max_input {
        return Err(reader.out_of_range("public input", format!("{input_length} bytes, at most {max_input} fit")));
    }
    let input = abi::window_words(reader.bytes(input_length, "public input")?);
    let input_final = reader.list("final input window", abi::MAX_INPUT_WORDS as usize, CELL_BYTES, read_cell)?;
    let output = reader.list("output window", abi::MAX_OUTPUT_WORDS as usize, CELL_BYTES, read_cell)?;
    Ok(Claim { components, steps, final_pc, hint_words, last_dynamic_cell, registers, input, input_final, output })
}
