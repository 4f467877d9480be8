//! What a proof states in public, and how it enters the proof's transcript and sums.

use num_traits::{One, Zero};
use provefleet_zkvm_core::abi;
use stwo::core::channel::Channel;
use stwo::core::fields::FieldExpOps;
use stwo::core::fields::m31::BaseField;
use stwo::core::fields::qm31::SecureField;
use thiserror::Error;

use crate::component::{Kind, MIN_LOG_SIZE};
use crate::families::tables::{BYTE_SHIFT_LOG_SIZE, BYTES_LOG_SIZE, RANGE_14_LOG_SIZE, RANGE_16_LOG_SIZE};
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

/// A cell at the end of the run: its value and when it was last accessed (0: never).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FinalCell {
    pub time: u32,
    pub value: u32,
}

/// The public part of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Kind and log size of each component, by rising kind and, within one, falling size.
    pub components: Vec<(Kind, u32)>,
    /// Instructions executed, the exit call not counted.
    pub steps: u32,
    /// Address of the exit call.
    pub final_pc: u32,
    /// Words of the private input window that were used.
    pub hint_words: u32,
    /// Highest word of dynamic memory that was touched, or the one before the window.
    pub last_dynamic_cell: u32,
    /// Registers x0..=x31 and the sink.
    pub registers: [FinalCell; REGISTERS],
    /// The public input's window, length word first.
    pub input: Vec<u32>,
    /// What the guest left there.
    pub input_final: Vec<FinalCell>,
    /// The output window up to the last word touched.
    pub output: Vec<FinalCell>,
}

/// Why a claim is refused before any cryptography.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ClaimError {
    #[error("components are not in canonical order: {first:?} before {second:?}")]
    Order { first: (Kind, u32), second: (Kind, u32) },
    #[error("{kind:?} appears {count} times")]
    TooManyComponents { kind: Kind, count: usize },
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

impl Claim {
    /// Log size of the tallest component.
    pub fn max_log_size(&self) -> u32 {
        self.components.iter().map(|&(_, log_size)| log_size).max().unwrap_or(0)
    }

    /// The public input.
    pub fn input_bytes(&self) -> Option<Vec<u8>> {
        abi::window_bytes(&self.input)
    }

    /// The public output.
    pub fn output_bytes(&self) -> Option<Vec<u8>> {
        abi::window_bytes(&self.output.iter().map(|cell| cell.value).collect::<Vec<_>>())
    }

    /// The guest's exit code.
    pub fn exit_code(&self) -> u32 {
        self.registers[abi::REGISTER_EXIT_CODE].value
    }

    /// Checks everything about the claim that the proof itself does not: the bounds on which the constraints' reasoning
    /// rests, table sizes, and that the encodings are canonical.
    pub fn validate(&self, tables: &ProgramTables) -> Result<(), ClaimError> {
        self.validate_components(tables)?;
        in_range("steps", self.steps, MAX_STEPS)?;
        in_range("final pc", self.final_pc, abi::IMAGE_END)?;
        in_range("hint words", self.hint_words, abi::MAX_HINT_WORDS)?;
        in_range("last dynamic cell", self.last_dynamic_cell, word_cell(abi::DYNAMIC_END) - 1)?;
        if self.last_dynamic_cell < first_dynamic_cell() - 1 {
            let value = self.last_dynamic_cell.into();
            return Err(ClaimError::OutOfRange { field: "last dynamic cell", value });
        }
        in_range("input words", self.input.len() as u32, abi::MAX_INPUT_WORDS)?;
        in_range("output words", self.output.len() as u32, abi::MAX_OUTPUT_WORDS)?;
        for cell in self.registers.iter().chain(&self.input_final).chain(&self.output) {
            in_range("time of a final value", cell.time, MAX_TIME - 1)?;
        }
        if self.input.len() != self.input_final.len() {
            return Err(ClaimError::InputLength);
        }
        if self.input.is_empty() || self.input_bytes().is_none_or(|bytes| abi::window_words(&bytes) != self.input) {
            return Err(ClaimError::InputEncoding);
        }
        if self.output_bytes().is_none() {
            return Err(ClaimError::OutputEncoding);
        }
        match self.registers[abi::REGISTER_SYSCALL].value {
            abi::SYSCALL_EXIT => Ok(()),
            other => Err(ClaimError::NotAnExit(other)),
        }
    }

    fn validate_components(&self, tables: &ProgramTables) -> Result<(), ClaimError> {
        let mut rows = 0u64;
        for &(kind, log_size) in &self.components {
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
        for pair in self.components.windows(2) {
            let (first, second) = (pair[0], pair[1]);
            if first.0 > second.0 || (first.0 == second.0 && first.1 < second.1) {
                return Err(ClaimError::Order { first, second });
            }
        }
        for kind in Kind::ALL {
            let count = self.components.iter().filter(|component| component.0 == kind).count();
            if count > if kind.is_table() { 1 } else { MAX_CHUNKS } {
                return Err(ClaimError::TooManyComponents { kind, count });
            }
            if count == 0 && matches!(kind, Kind::Rom | Kind::Image | Kind::Range16) {
                return Err(ClaimError::MissingComponent { kind });
            }
        }
        Ok(())
    }

    /// Puts the claim into the transcript: one message that starts with all lengths, so that no two claims make the
    /// same one. The program's hash stands beside its commitment only for clarity.
    pub fn mix_into(&self, channel: &mut impl Channel, program_hash: &[u8; 32]) {
        let lengths = [self.components.len(), self.input.len(), self.output.len()].map(|length| length as u32);
        let mut message = [&TRANSCRIPT_TAG[..], &lengths].concat();
        message.extend([self.steps, self.final_pc, self.hint_words, self.last_dynamic_cell]);
        message.extend(program_hash.chunks(4).map(|word| u32::from_le_bytes(word.try_into().expect("four bytes"))));
        message.extend(self.components.iter().flat_map(|&(kind, log_size)| [kind as u32, log_size]));
        message.extend(&self.input);
        let cells = self.registers.iter().chain(&self.input_final).chain(&self.output);
        message.extend(cells.flat_map(|cell| [cell.time, cell.value]));
        channel.mix_u32s(&message);
    }

    /// The verifier's own entries in the relations, as (multiplicity is one, relation, tuple): the machine's start and
    /// end, the exit instruction, beginning and end of all public cells, and the ends of the two lists.
    pub fn public_entries(&self, entry: u32) -> Vec<(bool, Relation, [u32; 4])> {
        let mut entries = Vec::with_capacity(8 + 2 * (REGISTERS + self.input.len() + self.output.len()));
        let mut uses = |is_use, relation, tuple| entries.push((is_use, relation, tuple));
        uses(false, Relation::State, [entry, 1, 0, 0]);
        uses(true, Relation::State, [self.final_pc, 1 + self.steps, 0, 0]);
        uses(true, Relation::Rom, [self.final_pc, operation::EXIT, 0, 0]);
        let mut cell = |address: u32, initial: u32, last: &FinalCell| {
            let [low, high] = word_limbs(initial);
            uses(false, Relation::Memory, [address, 0, low, high]);
            let [low, high] = word_limbs(last.value);
            uses(true, Relation::Memory, [address, last.time, low, high]);
        };
        for (register, last) in self.registers.iter().enumerate() {
            cell(register as u32, 0, last);
        }
        for (i, (initial, last)) in self.input.iter().zip(&self.input_final).enumerate() {
            cell(word_cell(abi::INPUT_BASE) + i as u32, *initial, last);
        }
        for (i, last) in self.output.iter().enumerate() {
            cell(word_cell(abi::OUTPUT_BASE) + i as u32, 0, last);
        }
        uses(false, Relation::DynamicChain, [first_dynamic_cell() - 1, 0, 0, 0]);
        uses(true, Relation::DynamicChain, [self.last_dynamic_cell, 0, 0, 0]);
        let first_hint = word_cell(abi::HINT_BASE);
        uses(false, Relation::HintChain, [first_hint, 0, 0, 0]);
        uses(true, Relation::HintChain, [first_hint + self.hint_words, 0, 0, 0]);
        entries
    }

    /// Sum of the public entries. `None` if a denominator is zero, which happens with negligible probability.
    pub fn public_sum(&self, tables: &ProgramTables, relations: &Relations) -> Option<SecureField> {
        let entries = self.public_entries(tables.entry);
        let denominators: Vec<SecureField> = entries
            .iter()
            .map(|(_, relation, tuple)| relations.denominator(*relation, &tuple.map(BaseField::from_u32_unchecked)))
            .collect();
        if denominators.iter().any(SecureField::is_zero) {
            return None;
        }
        let inverses = SecureField::batch_inverse(&denominators);
        let sign = |is_use: bool| if is_use { SecureField::one() } else { -SecureField::one() };
        Some(entries.iter().zip(inverses).map(|(&(is_use, ..), inverse)| sign(is_use) * inverse).sum())
    }
}

const _: () = assert!(abi::DYNAMIC_END / 4 + WORD_OFFSET <= (1 << 28) + (1 << 14));
const _: () = assert!(4 * (MAX_STEPS as u64 + 1) + 3 < MAX_TIME as u64);
