//! What a proof states in public, and how it enters the proof's transcript and sums.

use num_traits::{One, Zero};
use provefleet_zkvm_core::abi;
use stwo::core::channel::Channel;
use stwo::core::fields::FieldExpOps;
use stwo::core::fields::m31::BaseField;
use stwo::core::fields::qm31::SecureField;
use thiserror::Error;

use crate::families::tables::{BYTE_SHIFT_LOG_SIZE, BYTES_LOG_SIZE, RANGE_14_LOG_SIZE, RANGE_16_LOG_SIZE};
use crate::kind::{Kind, MIN_LOG_SIZE};
use crate::relation::{Relation, Relations};
use crate::rom::{ProgramTables, operation};
use crate::{MAX_STEPS, REGISTERS, WORD_OFFSET, first_dynamic_cell, word_cell, word_limbs};

/// Enters the transcript first. Change it with any change of the AIR.
const TRANSCRIPT_TAG: [u32; 2] = [u32::from_le_bytes(*b"PFZK"), 1];

/// Most components of one family. A family is split to waste fewer padding rows.
pub const MAX_CHUNKS: usize = 4;

/// Largest log size of a component.
pub const MAX_LOG_SIZE: u32 = 24;

/// Most rows of all components that are not tables. A row makes at most 16 entries in any one relation, so no
/// multiplicity reaches p.
const MAX_ROWS: u64 = 1 << 26;

/// Public times are below this; true ones are below 4 (MAX_STEPS + 1).
const MAX_TIME: u32 = 1 << 27;

/// Most segments of a run: 2^36 instructions.
pub const MAX_SEGMENTS: usize = 1 << 12;

/// A cell at the end of the run: its value and when it was last accessed (0: never).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FinalCell {
    pub time: u32,
    pub value: u32,
}

/// Kind and log size of each component of a proof, by rising kind and, within one, falling size.
pub type Components = Vec<(Kind, u32)>;

/// What the machine did in a run or a segment of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineClaim {
    /// Instructions executed, the exit call not counted.
    pub steps: u32,
    /// Address of the exit call, or of the instruction at which the next segment goes on.
    pub final_pc: u32,
    /// Registers x0..=x31 and the sink, at the end.
    pub registers: [FinalCell; REGISTERS],
}

/// Where public memory began and ended. Times are segments if the run is proven in segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryClaim {
    /// Words of the private input window that were used.
    pub hint_words: u32,
    /// Highest word of dynamic memory that was touched, or the one before the window.
    pub last_dynamic_cell: u32,
    /// The public input's window, length word first.
    pub input: Vec<u32>,
    /// What the guest left there.
    pub input_final: Vec<FinalCell>,
    /// The output window up to the last word touched.
    pub output: Vec<FinalCell>,
}

/// The public part of a proof of a whole run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub components: Components,
    pub machine: MachineClaim,
    pub memory: MemoryClaim,
}

/// One segment of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentClaim {
    pub components: Components,
    pub machine: MachineClaim,
}

/// The public part of the proofs of a run in segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentedClaim {
    /// Components of the part that begins and ends memory.
    pub memory_components: Components,
    pub memory: MemoryClaim,
    pub segments: Vec<SegmentClaim>,
}

/// What a proof is of. Decides which components it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A whole run.
    Whole,
    /// One segment of a run.
    Segment,
    /// Beginning and end of the memory of a run in segments.
    Memory,
}

impl Part {
    /// Whether a proof of this part may have the component.
    pub fn allows(self, kind: Kind) -> bool {
        use Kind::*;
        let begins_memory = matches!(kind, DynamicMemory | Hint | Image);
        match self {
            Part::Whole => kind != SegmentMemory,
            Part::Segment => !begins_memory,
            Part::Memory => begins_memory || matches!(kind, Range16 | Range14),
        }
    }

    /// Whether it must have it.
    pub fn requires(self, kind: Kind) -> bool {
        match kind {
            Kind::Range16 => true,
            Kind::Rom => self != Part::Memory,
            Kind::Image => self != Part::Segment,
            _ => false,
        }
    }
}

/// Why a claim is refused before any cryptography.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ClaimError {
    #[error("components are not in canonical order: {first:?} before {second:?}")]
    Order { first: (Kind, u32), second: (Kind, u32) },
    #[error("{kind:?} appears {count} times")]
    TooManyComponents { kind: Kind, count: usize },
    #[error("{kind:?} does not belong into a proof of this part")]
    ForeignComponent { kind: Kind },
    #[error("{kind:?} is missing")]
    MissingComponent { kind: Kind },
    #[error("{kind:?} has log size {log_size}")]
    ComponentSize { kind: Kind, log_size: u32 },
    #[error("{rows} rows in all are too many")]
    TooManyRows { rows: u64 },
    #[error("{field} is out of range: {value}")]
    OutOfRange { field: &'static str, value: u64 },
    #[error("the input window and its final values differ in length")]
    InputLength,
    #[error("the input window's words are not the encoding of an input")]
    InputEncoding,
    #[error("the output window's length word does not fit its words")]
    OutputEncoding,
    #[error("the guest did not exit: a7 is {0}")]
    NotAnExit(u32),
    #[error("a run of {0} segments")]
    SegmentCount(usize),
}

fn in_range(field: &'static str, value: u32, max: u32) -> Result<(), ClaimError> {
    if value <= max { Ok(()) } else { Err(ClaimError::OutOfRange { field, value: value.into() }) }
}

/// Log size a table must have; `None` for kinds of any size.
fn table_log_size(kind: Kind, tables: &ProgramTables) -> Option<u32> {
    match kind {
        Kind::Rom => Some(tables.rom_log_size()),
        Kind::Image => Some(tables.image_log_size()),
        Kind::Range16 => Some(RANGE_16_LOG_SIZE),
        Kind::Range14 => Some(RANGE_14_LOG_SIZE),
        Kind::Bytes => Some(BYTES_LOG_SIZE),
        Kind::ByteShift => Some(BYTE_SHIFT_LOG_SIZE),
        _ => None,
    }
}

/// Log size of the tallest component.
pub fn max_log_size(components: &[(Kind, u32)]) -> u32 {
    components.iter().map(|&(_, log_size)| log_size).max().unwrap_or(0)
}

/// Checks that components are those of a part: kinds, canonical order, sizes, and rows in all.
fn validate_components(components: &[(Kind, u32)], part: Part, tables: &ProgramTables) -> Result<(), ClaimError> {
    let mut rows = 0u64;
    for &(kind, log_size) in components {
        if !part.allows(kind) {
            return Err(ClaimError::ForeignComponent { kind });
        }
        let fits = match table_log_size(kind, tables) {
            Some(expected) => log_size == expected,
            None => (MIN_LOG_SIZE..=MAX_LOG_SIZE).contains(&log_size),
        };
        if !fits {
            return Err(ClaimError::ComponentSize { kind, log_size });
        }
        if !kind.is_table() {
            rows += 1 << log_size;
        }
    }
    if rows > MAX_ROWS {
        return Err(ClaimError::TooManyRows { rows });
    }
    for pair in components.windows(2) {
        let (first, second) = (pair[0], pair[1]);
        if first.0 > second.0 || (first.0 == second.0 && first.1 < second.1) {
            return Err(ClaimError::Order { first, second });
        }
    }
    for kind in Kind::ALL {
        let count = components.iter().filter(|component| component.0 == kind).count();
        if count > if kind.is_table() { 1 } else { MAX_CHUNKS } {
            return Err(ClaimError::TooManyComponents { kind, count });
        }
        if count == 0 && part.requires(kind) {
            return Err(ClaimError::MissingComponent { kind });
        }
    }
    Ok(())
}

fn validate_times<'a>(cells: impl IntoIterator<Item = &'a FinalCell>) -> Result<(), ClaimError> {
    cells.into_iter().try_for_each(|cell| in_range("time of a final value", cell.time, MAX_TIME - 1))
}

/// A public entry of a relation: whether it uses (or else yields) the tuple.
pub type PublicEntry = (bool, Relation, [u32; 4]);

/// A cell that begins with `initial` at time 0 and ends as `last`.
fn cell_entries(address: u32, initial: u32, last: &FinalCell) -> [PublicEntry; 2] {
    let tuple = |time: u32, value: u32| {
        let [low, high] = word_limbs(value);
        [address, time, low, high]
    };
    [(false, Relation::Memory, tuple(0, initial)), (true, Relation::Memory, tuple(last.time, last.value))]
}

impl MachineClaim {
    /// The guest's exit code, if this is how it ended.
    pub fn exit_code(&self) -> u32 {
        self.registers[abi::REGISTER_EXIT_CODE].value
    }

    fn validate(&self) -> Result<(), ClaimError> {
        in_range("steps", self.steps, MAX_STEPS)?;
        in_range("final pc", self.final_pc, abi::IMAGE_END)?;
        validate_times(self.registers.iter())
    }

    fn validate_exit(&self) -> Result<(), ClaimError> {
        match self.registers[abi::REGISTER_SYSCALL].value {
            abi::SYSCALL_EXIT => Ok(()),
            other => Err(ClaimError::NotAnExit(other)),
        }
    }

    fn append_to(&self, message: &mut Vec<u32>) {
        message.extend([self.steps, self.final_pc]);
        message.extend(self.registers.iter().flat_map(|cell| [cell.time, cell.value]));
    }

    /// The machine's start and end, the exit instruction, and the registers' beginning and end.
    fn public_entries(&self, start_pc: u32, start_registers: &[u32; REGISTERS], exits: bool) -> Vec<PublicEntry> {
        let mut entries = vec![
            (false, Relation::State, [start_pc, 1, 0, 0]),
            (true, Relation::State, [self.final_pc, 1 + self.steps, 0, 0]),
        ];
        if exits {
            entries.push((true, Relation::Rom, [self.final_pc, operation::EXIT, 0, 0]));
        }
        for (register, (last, &initial)) in self.registers.iter().zip(start_registers).enumerate() {
            entries.extend(cell_entries(register as u32, initial, last));
        }
        entries
    }
}

impl MemoryClaim {
    /// The public input.
    pub fn input_bytes(&self) -> Option<Vec<u8>> {
        abi::window_bytes(&self.input)
    }

    /// The public output.
    pub fn output_bytes(&self) -> Option<Vec<u8>> {
        abi::window_bytes(&self.output.iter().map(|cell| cell.value).collect::<Vec<_>>())
    }

    fn validate(&self) -> Result<(), ClaimError> {
        in_range("hint words", self.hint_words, abi::MAX_HINT_WORDS)?;
        in_range("last dynamic cell", self.last_dynamic_cell, word_cell(abi::DYNAMIC_END) - 1)?;
        if self.last_dynamic_cell < first_dynamic_cell() - 1 {
            let value = self.last_dynamic_cell.into();
            return Err(ClaimError::OutOfRange { field: "last dynamic cell", value });
        }
        in_range("input words", self.input.len() as u32, abi::MAX_INPUT_WORDS)?;
        in_range("output words", self.output.len() as u32, abi::MAX_OUTPUT_WORDS)?;
        validate_times(self.input_final.iter().chain(&self.output))?;
        if self.input.len() != self.input_final.len() {
            return Err(ClaimError::InputLength);
        }
        if self.input.is_empty() || self.input_bytes().is_none_or(|bytes| abi::window_words(&bytes) != self.input) {
            return Err(ClaimError::InputEncoding);
        }
        if self.output_bytes().is_none() {
            return Err(ClaimError::OutputEncoding);
        }
        Ok(())
    }

    /// Puts the claim of the part that begins and ends memory into that part's own transcript.
    pub fn mix_into(&self, channel: &mut impl Channel, program_hash: &[u8; 32], components: &[(Kind, u32)]) {
        mix(channel, (Part::Memory, 0), program_hash, components, |message| self.append_to(message));
    }

    fn append_to(&self, message: &mut Vec<u32>) {
        message.extend([self.input.len() as u32, self.output.len() as u32]);
        message.extend([self.hint_words, self.last_dynamic_cell]);
        message.extend(&self.input);
        message.extend(self.input_final.iter().chain(&self.output).flat_map(|cell| [cell.time, cell.value]));
    }

    /// Beginning and end of the public cells, and the ends of the two lists.
    fn public_entries(&self) -> Vec<PublicEntry> {
        let mut entries = Vec::with_capacity(4 + 2 * (self.input.len() + self.output.len()));
        for (i, (initial, last)) in self.input.iter().zip(&self.input_final).enumerate() {
            entries.extend(cell_entries(word_cell(abi::INPUT_BASE) + i as u32, *initial, last));
        }
        for (i, last) in self.output.iter().enumerate() {
            entries.extend(cell_entries(word_cell(abi::OUTPUT_BASE) + i as u32, 0, last));
        }
        entries.push((false, Relation::DynamicChain, [first_dynamic_cell() - 1, 0, 0, 0]));
        entries.push((true, Relation::DynamicChain, [self.last_dynamic_cell, 0, 0, 0]));
        let first_hint = word_cell(abi::HINT_BASE);
        entries.push((false, Relation::HintChain, [first_hint, 0, 0, 0]));
        entries.push((true, Relation::HintChain, [first_hint + self.hint_words, 0, 0, 0]));
        entries
    }
}

/// Puts one part's claim into its transcript: one message that says what part it is and starts with all lengths, so that
/// no two claims make the same one. The program's hash stands beside its commitment only for clarity.
fn mix(
    channel: &mut impl Channel,
    (part, number): (Part, u32),
    program_hash: &[u8; 32],
    components: &[(Kind, u32)],
    append: impl FnOnce(&mut Vec<u32>),
) {
    let mut message = TRANSCRIPT_TAG.to_vec();
    message.extend([part as u32, number, components.len() as u32]);
    message.extend(program_hash.chunks(4).map(|word| u32::from_le_bytes(word.try_into().expect("four bytes"))));
    message.extend(components.iter().flat_map(|&(kind, log_size)| [kind as u32, log_size]));
    append(&mut message);
    channel.mix_u32s(&message);
}

/// Sum of public entries. `None` if a denominator is zero, which happens with negligible probability.
pub fn public_sum(entries: &[PublicEntry], relations: &Relations) -> Option<SecureField> {
    let denominator = |(_, relation, tuple): &PublicEntry| -> SecureField {
        relations.denominator(*relation, &tuple.map(BaseField::from_u32_unchecked))
    };
    let denominators: Vec<SecureField> = entries.iter().map(denominator).collect();
    if denominators.iter().any(SecureField::is_zero) {
        return None;
    }
    let inverses = SecureField::batch_inverse(&denominators);
    let sign = |is_use: bool| if is_use { SecureField::one() } else { -SecureField::one() };
    Some(entries.iter().zip(inverses).map(|(&(is_use, ..), inverse)| sign(is_use) * inverse).sum())
}

impl Claim {
    /// Checks everything about the claim that the proof itself does not: the bounds on which the constraints' reasoning
    /// rests, table sizes, and that the encodings are canonical.
    pub fn validate(&self, tables: &ProgramTables) -> Result<(), ClaimError> {
        validate_components(&self.components, Part::Whole, tables)?;
        self.machine.validate()?;
        self.memory.validate()?;
        self.machine.validate_exit()
    }

    pub fn mix_into(&self, channel: &mut impl Channel, program_hash: &[u8; 32]) {
        mix(channel, (Part::Whole, 0), program_hash, &self.components, |message| {
            self.machine.append_to(message);
            self.memory.append_to(message);
        });
    }

    /// The verifier's own entries in the relations.
    pub fn public_entries(&self, entry: u32) -> Vec<PublicEntry> {
        let mut entries = self.machine.public_entries(entry, &[0; REGISTERS], true);
        entries.extend(self.memory.public_entries());
        entries
    }
}

impl SegmentClaim {
    /// Puts the claim of segment `number` (from 1) into its own transcript.
    pub fn mix_into(&self, channel: &mut impl Channel, program_hash: &[u8; 32], number: u32) {
        mix(channel, (Part::Segment, number), program_hash, &self.components, |message| {
            self.machine.append_to(message)
        });
    }
}

impl SegmentedClaim {
    /// As [`Claim::validate`].
    pub fn validate(&self, tables: &ProgramTables) -> Result<(), ClaimError> {
        if !(1..=MAX_SEGMENTS).contains(&self.segments.len()) {
            return Err(ClaimError::SegmentCount(self.segments.len()));
        }
        validate_components(&self.memory_components, Part::Memory, tables)?;
        self.memory.validate()?;
        for segment in &self.segments {
            validate_components(&segment.components, Part::Segment, tables)?;
            segment.machine.validate()?;
        }
        self.last().validate_exit()
    }

    /// The machine's last part.
    pub fn last(&self) -> &MachineClaim {
        &self.segments.last().expect("there is at least one segment").machine
    }

    /// Components of a part: 0 is memory's, then the segments.
    pub fn components(&self, part: usize) -> &[(Kind, u32)] {
        match part.checked_sub(1) {
            None => &self.memory_components,
            Some(index) => &self.segments[index].components,
        }
    }

    /// Number of parts: memory and all segments.
    pub fn parts(&self) -> usize {
        1 + self.segments.len()
    }

    /// Puts a part's claim into the part's own transcript.
    pub fn mix_part_into(&self, part: usize, channel: &mut impl Channel, program_hash: &[u8; 32]) {
        match part.checked_sub(1) {
            None => self.memory.mix_into(channel, program_hash, &self.memory_components),
            Some(index) => self.segments[index].mix_into(channel, program_hash, part as u32),
        }
    }

    /// The verifier's own entries in a part's relations. A segment starts where and with what the one before it ended.
    pub fn public_entries(&self, part: usize, entry: u32) -> Vec<PublicEntry> {
        let Some(index) = part.checked_sub(1) else { return self.memory.public_entries() };
        let (start_pc, start_registers) = match index.checked_sub(1) {
            None => (entry, [0; REGISTERS]),
            Some(before) => {
                let before = &self.segments[before].machine;
                (before.final_pc, before.registers.map(|cell| cell.value))
            }
        };
        let exits = part == self.segments.len();
        self.segments[index].machine.public_entries(start_pc, &start_registers, exits)
    }
}

const _: () = assert!(abi::DYNAMIC_END / 4 + WORD_OFFSET <= (1 << 28) + (1 << 14));
const _: () = assert!(4 * (MAX_STEPS as u64 + 1) + 3 < MAX_TIME as u64);
