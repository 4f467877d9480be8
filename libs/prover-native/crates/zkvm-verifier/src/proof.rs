//! Proofs and their encoding.
//!
//! Head of the house's proofs (magic, version, kind, parameters) · program hash · number of segments, 0 for a run that is
//! proven whole · then the parts. A whole run's part: machine, memory, components, sums and STARK proof, with the
//! interaction's nonce before the sums. A segmented run's: memory; the interaction's nonce; memory's components, sums and
//! STARK proof; and for each segment machine, components, sums and STARK proof. All claims come before all proofs.
//!
//! Machine: steps, final pc, registers. Memory: hint words, last dynamic cell, public input, final values of its window,
//! output window. Components: kind and log size, a byte each. Integers are little-endian; a cell is its time and its
//! value; lists are preceded by their length in four bytes.

use provefleet_proof_system::bytes::{DecodeError, Reader, Writer};
use provefleet_proof_system::envelope::{EnvelopeError, ProofKind, read_head, write_head};
use provefleet_proof_system::stark::{Hasher, StarkShape, read_stark, write_stark};
use provefleet_zkvm_air::claim::{Components, MAX_CHUNKS, MAX_SEGMENTS, max_log_size};
use provefleet_zkvm_air::{
    Claim, ClaimError, Component, FinalCell, Kind, MachineClaim, MemoryClaim, Profile, REGISTERS, SegmentClaim,
    SegmentedClaim,
};
use provefleet_zkvm_core::abi;
use stwo::core::air::Component as AirComponent;
use stwo::core::fields::qm31::SecureField;
use stwo::core::proof::StarkProof;

use crate::key::ProgramKey;
use crate::verify::{Statement, VerifyError};

/// No proof of a whole run, and no part of a segmented one, is larger: claims are bounded by the windows' sizes and STARK
/// proofs are below 4 MiB.
pub const MAX_PART_BYTES: usize = 8 << 20;

/// No proof is larger.
pub const MAX_PROOF_BYTES: usize = 1 << 30;

const MAX_COMPONENTS: usize = Kind::COUNT * MAX_CHUNKS;
const CELL_BYTES: usize = 8;

/// The cryptographic part of a proof of one set of components.
#[derive(Clone, Debug)]
pub struct PartProof {
    /// Sum of each component's LogUp fractions.
    pub claimed_sums: Vec<SecureField>,
    pub stark: StarkProof<Hasher>,
}

/// A claim with the proofs of its parts.
#[derive(Clone, Debug)]
pub enum ProofBody {
    /// A run proven whole.
    Whole { claim: Box<Claim>, part: Box<PartProof> },
    /// A run proven in segments: the proof of memory's beginning and end, then those of the segments.
    Segmented { claim: SegmentedClaim, parts: Vec<PartProof> },
}

/// A decoded proof, not yet verified.
#[derive(Clone, Debug)]
pub struct Proof {
    pub profile: Profile,
    pub program_hash: [u8; 32],
    /// Nonce of the proof of work before the interaction randomness.
    pub interaction_nonce: u64,
    pub body: ProofBody,
}

/// Shape of the STARK proof of these components, which must have been validated.
pub(crate) fn stark_shape(key: &ProgramKey, profile: Profile, components: &[(Kind, u32)]) -> StarkShape {
    let tallest = max_log_size(components);
    let layout = Component::all_without_randomness(components);
    let root = key.preprocessed_root(components, profile.log_blowup(), tallest + profile.log_blowup());
    let references: Vec<&dyn AirComponent> = layout.iter().map(|component: &Component| component as _).collect();
    let preprocessed = components.iter().map(|(kind, _)| kind.preprocessed_columns()).sum();
    StarkShape::new(profile.config(tallest), &references, preprocessed, root)
}

impl Proof {
    /// The components of each part.
    fn components(&self) -> Vec<&[(Kind, u32)]> {
        match &self.body {
            ProofBody::Whole { claim, .. } => vec![&claim.components],
            ProofBody::Segmented { claim, .. } => (0..claim.parts()).map(|part| claim.components(part)).collect(),
        }
    }

    /// The proof's bytes.
    ///
    /// # Panics
    /// If a STARK proof does not have the shape that the claim demands; a prover's own proof has.
    pub fn encode(&self, key: &ProgramKey) -> Vec<u8> {
        let mut writer = Writer::new();
        let tallest = self.components().into_iter().map(max_log_size).max().unwrap_or(0);
        write_head(&mut writer, ProofKind::Zkvm, &self.profile.config(tallest));
        writer.bytes(&self.program_hash);
        match &self.body {
            ProofBody::Whole { claim, part } => {
                writer.u32(0);
                write_machine(&mut writer, &claim.machine);
                write_memory(&mut writer, &claim.memory);
                write_components(&mut writer, &claim.components);
                writer.u64(self.interaction_nonce);
                self.write_part(&mut writer, key, &claim.components, part);
            }
            ProofBody::Segmented { claim, parts } => {
                writer.u32(claim.segments.len() as u32);
                write_memory(&mut writer, &claim.memory);
                write_components(&mut writer, &claim.memory_components);
                for segment in &claim.segments {
                    write_machine(&mut writer, &segment.machine);
                    write_components(&mut writer, &segment.components);
                }
                writer.u64(self.interaction_nonce);
                for (number, part) in parts.iter().enumerate() {
                    self.write_part(&mut writer, key, claim.components(number), part);
                }
            }
        }
        writer.into_bytes()
    }

    fn write_part(&self, writer: &mut Writer, key: &ProgramKey, components: &[(Kind, u32)], part: &PartProof) {
        part.claimed_sums.iter().for_each(|&sum| writer.secure_field(sum));
        write_stark(writer, &stark_shape(key, self.profile, components), &part.stark);
    }

    /// What the proof says if it is valid.
    pub fn unverified_statement(&self) -> Option<Statement> {
        let (memory, last, cycles, segments) = match &self.body {
            ProofBody::Whole { claim, .. } => (&claim.memory, &claim.machine, claim.machine.steps.into(), 1),
            ProofBody::Segmented { claim, .. } => {
                let cycles = claim.segments.iter().map(|segment| u64::from(segment.machine.steps)).sum();
                (&claim.memory, claim.last(), cycles, claim.segments.len() as u32)
            }
        };
        Some(Statement {
            program_hash: self.program_hash,
            input: memory.input_bytes()?,
            output: memory.output_bytes()?,
            exit_code: last.exit_code(),
            cycles,
            segments,
            profile: self.profile,
        })
    }

    /// Decodes a proof for a program. The claim of what is returned has been validated, and the STARK proofs have the
    /// shapes that it demands; nothing else has been checked.
    ///
    /// # Errors
    /// [`VerifyError`] names what is wrong.
    pub fn decode(key: &ProgramKey, bytes: &[u8]) -> Result<Self, VerifyError> {
        if bytes.len() > MAX_PROOF_BYTES {
            return Err(VerifyError::TooLarge { bytes: bytes.len(), max: MAX_PROOF_BYTES });
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
        let segments = reader.u32("number of segments")? as usize;
        let max_bytes = MAX_PART_BYTES.saturating_mul(1 + segments);
        if bytes.len() > max_bytes {
            return Err(VerifyError::TooLarge { bytes: bytes.len(), max: max_bytes });
        }
        let check_lifting = |tallest: u32| {
            let expected = tallest + profile.log_blowup();
            let message = format!("lifting size {lifting}, the claim needs {expected}");
            if lifting == expected { Ok(()) } else { Err(EnvelopeError::Malformed(message)) }
        };
        let (interaction_nonce, body) = if segments == 0 {
            let machine = read_machine(&mut reader)?;
            let memory = read_memory(&mut reader)?;
            let components = read_components(&mut reader)?;
            let claim = Claim { components, machine, memory };
            claim.validate(key.tables())?;
            check_lifting(max_log_size(&claim.components))?;
            let nonce = reader.u64("interaction nonce")?;
            let part = read_part(&mut reader, key, profile, &claim.components)?;
            (nonce, ProofBody::Whole { claim: Box::new(claim), part: Box::new(part) })
        } else {
            if segments > MAX_SEGMENTS {
                return Err(ClaimError::SegmentCount(segments).into());
            }
            let memory = read_memory(&mut reader)?;
            let memory_components = read_components(&mut reader)?;
            let segments = (0..segments)
                .map(|_| {
                    let machine = read_machine(&mut reader)?;
                    Ok(SegmentClaim { machine, components: read_components(&mut reader)? })
                })
                .collect::<Result<_, DecodeError>>()?;
            let claim = SegmentedClaim { memory_components, memory, segments };
            claim.validate(key.tables())?;
            let parts = 0..claim.parts();
            check_lifting(parts.clone().map(|part| max_log_size(claim.components(part))).max().unwrap_or(0))?;
            let nonce = reader.u64("interaction nonce")?;
            let parts = parts
                .map(|part| read_part(&mut reader, key, profile, claim.components(part)))
                .collect::<Result<_, _>>()?;
            (nonce, ProofBody::Segmented { claim, parts })
        };
        reader.finish()?;
        Ok(Self { profile, program_hash, interaction_nonce, body })
    }
}

fn read_part(
    reader: &mut Reader<'_>,
    key: &ProgramKey,
    profile: Profile,
    components: &[(Kind, u32)],
) -> Result<PartProof, VerifyError> {
    let sums = components.iter().map(|_| reader.secure_field("claimed sum"));
    let claimed_sums = sums.collect::<Result<_, _>>()?;
    Ok(PartProof { claimed_sums, stark: read_stark(reader, &stark_shape(key, profile, components))? })
}

fn write_cell(writer: &mut Writer, cell: FinalCell) {
    writer.u32(cell.time);
    writer.u32(cell.value);
}

fn read_cell(reader: &mut Reader<'_>) -> Result<FinalCell, DecodeError> {
    Ok(FinalCell { time: reader.u32("time of a final value")?, value: reader.u32("final value")? })
}

fn write_components(writer: &mut Writer, components: &Components) {
    writer.list(components, |writer, (kind, log_size)| writer.bytes(&[kind as u8, log_size as u8]));
}

fn read_components(reader: &mut Reader<'_>) -> Result<Components, DecodeError> {
    reader.list("components", MAX_COMPONENTS, 2, |reader| {
        let [kind, log_size] = reader.bytes(2, "component")?.try_into().expect("two bytes were asked for");
        let kind = Kind::from_number(kind).ok_or_else(|| reader.out_of_range("component", format!("kind {kind}")))?;
        Ok((kind, u32::from(log_size)))
    })
}

fn write_machine(writer: &mut Writer, machine: &MachineClaim) {
    writer.u32(machine.steps);
    writer.u32(machine.final_pc);
    machine.registers.iter().for_each(|&cell| write_cell(writer, cell));
}

fn read_machine(reader: &mut Reader<'_>) -> Result<MachineClaim, DecodeError> {
    let steps = reader.u32("steps")?;
    let final_pc = reader.u32("final pc")?;
    let mut registers = [FinalCell::default(); REGISTERS];
    for register in &mut registers {
        *register = read_cell(reader)?;
    }
    Ok(MachineClaim { steps, final_pc, registers })
}

fn write_memory(writer: &mut Writer, memory: &MemoryClaim) {
    writer.u32(memory.hint_words);
    writer.u32(memory.last_dynamic_cell);
    let input = memory.input_bytes().expect("a validated claim has an input");
    writer.u32(input.len() as u32);
    writer.bytes(&input);
    writer.list(&memory.input_final, write_cell);
    writer.list(&memory.output, write_cell);
}

fn read_memory(reader: &mut Reader<'_>) -> Result<MemoryClaim, DecodeError> {
    let hint_words = reader.u32("hint words")?;
    let last_dynamic_cell = reader.u32("last dynamic cell")?;
    let input_length = reader.u32("public input")? as usize;
    let max_input = 4 * (abi::MAX_INPUT_WORDS as usize - 1);
    if input_length > max_input {
        return Err(reader.out_of_range("public input", format!("{input_length} bytes, at most {max_input} fit")));
    }
    let input = abi::window_words(reader.bytes(input_length, "public input")?);
    let input_final = reader.list("final input window", abi::MAX_INPUT_WORDS as usize, CELL_BYTES, read_cell)?;
    let output = reader.list("output window", abi::MAX_OUTPUT_WORDS as usize, CELL_BYTES, read_cell)?;
    Ok(MemoryClaim { hint_words, last_dynamic_cell, input, input_final, output })
}
