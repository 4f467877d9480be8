//! Strict loader of statically linked ELF32 RISC-V executables.

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::abi;
use crate::program::{Program, Segment};

/// Why a file is not a program this machine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ElfError {
    #[error("file is {bytes} bytes, at most {} are accepted", abi::MAX_ELF_BYTES)]
    TooLarge { bytes: usize },
    #[error("file ends before its {what}")]
    Truncated { what: &'static str },
    #[error("not an ELF file")]
    BadMagic,
    #[error("{field} is {value:#x}, expected {expected:#x}")]
    UnsupportedHeader { field: &'static str, value: u32, expected: u32 },
    #[error("the program is dynamically linked (program header type {kind:#x})")]
    DynamicallyLinked { kind: u32 },
    #[error("segment at {address:#010x} is not aligned to four bytes")]
    MisalignedSegment { address: u32 },
    #[error("segment at {address:#010x} has more bytes in the file ({file}) than in memory ({memory})")]
    FileLargerThanMemory { address: u32, file: u32, memory: u32 },
    #[error("segment {address:#010x} of {memory} bytes is outside the image window and is no zeroed dynamic memory")]
    SegmentOutsideWindow { address: u32, memory: u32 },
    #[error("segments at {first:#010x} and {second:#010x} overlap")]
    OverlappingSegments { first: u32, second: u32 },
    #[error("program has {words} words of {what}, at most {max} are accepted")]
    TooManyWords { what: &'static str, words: u64, max: u32 },
    #[error("entry point {entry:#010x} is not an aligned address of an executable segment")]
    BadEntry { entry: u32 },
}

const EM_RISCV: u32 = 243;
const ET_EXEC: u32 = 2;
const HEADER_BYTES: usize = 52;
const PROGRAM_HEADER_BYTES: usize = 32;
const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const PF_X: u32 = 1;
/// e_flags bits that change the ISA or ABI: RVC, float ABI (two bits), RVE, TSO.
const FLAGS_UNSUPPORTED: u32 = 0x1f;

/// Little-endian reads that name what is missing.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn array<const N: usize>(&self, offset: usize, what: &'static str) -> Result<[u8; N], ElfError> {
        let end = offset.checked_add(N).ok_or(ElfError::Truncated { what })?;
        let bytes = self.0.get(offset..end).ok_or(ElfError::Truncated { what })?;
        Ok(bytes.try_into().expect("the slice has N bytes"))
    }
    fn half(&self, offset: usize) -> Result<u32, ElfError> {
        Ok(u32::from(u16::from_le_bytes(self.array(offset, "header")?)))
    }
    fn word(&self, offset: usize, what: &'static str) -> Result<u32, ElfError> {
        Ok(u32::from_le_bytes(self.array(offset, what)?))
    }
}

fn expect(field: &'static str, value: u32, expected: u32) -> Result<(), ElfError> {
    if value == expected { Ok(()) } else { Err(ElfError::UnsupportedHeader { field, value, expected }) }
}

/// Loads a program.
///
/// Accepted: ELF32, little-endian, RISC-V, ET_EXEC, no compressed instructions, no float ABI, loadable segments
/// inside the image window, or without file contents inside the dynamic window (bss). Section headers are ignored.
///
/// # Errors
/// [`ElfError`] names the first thing found wrong.
pub fn parse_elf(bytes: &[u8]) -> Result<Program, ElfError> {
    if bytes.len() > abi::MAX_ELF_BYTES {
        return Err(ElfError::TooLarge { bytes: bytes.len() });
    }
    let reader = Reader(bytes);
    let ident: [u8; 16] = reader.array(0, "identification")?;
    if ident[..4] != *b"\x7fELF" {
        return Err(ElfError::BadMagic);
    }
    reader.array::<HEADER_BYTES>(0, "header")?;
    expect("class", ident[4].into(), 1)?;
    expect("data encoding", ident[5].into(), 1)?;
    expect("identification version", ident[6].into(), 1)?;
    expect("type", reader.half(16)?, ET_EXEC)?;
    expect("machine", reader.half(18)?, EM_RISCV)?;
    expect("version", reader.word(20, "header")?, 1)?;
    let entry = reader.word(24, "header")?;
    let table_offset = reader.word(28, "header")? as usize;
    expect("unsupported flags", reader.word(36, "header")? & FLAGS_UNSUPPORTED, 0)?;
    expect("program header size", reader.half(42)?, PROGRAM_HEADER_BYTES as u32)?;
    let headers = reader.half(44)? as usize;

    let mut segments = Vec::new();
    for index in 0..headers {
        let at = table_offset.checked_add(index * PROGRAM_HEADER_BYTES);
        let at = at.ok_or(ElfError::Truncated { what: "program headers" })?;
        let word = |i: usize| reader.word(at + 4 * i, "program headers");
        reader.array::<PROGRAM_HEADER_BYTES>(at, "program headers")?;
        match word(0)? {
            PT_LOAD => {}
            kind @ (PT_DYNAMIC | PT_INTERP) => return Err(ElfError::DynamicallyLinked { kind }),
            _ => continue,
        }
        let (offset, address, file, memory) = (word(1)? as usize, word(2)?, word(4)?, word(5)?);
        let executable = word(6)? & PF_X != 0;
        if file > memory {
            return Err(ElfError::FileLargerThanMemory { address, file, memory });
        }
        if memory == 0 {
            continue;
        }
        if !address.is_multiple_of(4) {
            return Err(ElfError::MisalignedSegment { address });
        }
        let end = u64::from(address) + u64::from(memory);
        let within = |start: u32, stop: u32| address >= start && end <= u64::from(stop);
        if file == 0 && within(abi::DYNAMIC_BASE, abi::DYNAMIC_END) {
            continue;
        }
        if !within(abi::IMAGE_BASE, abi::IMAGE_END) {
            return Err(ElfError::SegmentOutsideWindow { address, memory });
        }
        let what = "segment contents";
        let contents = offset.checked_add(file as usize).and_then(|end| bytes.get(offset..end));
        let contents = contents.ok_or(ElfError::Truncated { what })?;
        // Bounded before allocation: a header may announce 256 MiB of zeros.
        let words = u64::from(memory).div_ceil(4);
        if words > u64::from(abi::MAX_IMAGE_WORDS) {
            return Err(ElfError::TooManyWords { what: "image", words, max: abi::MAX_IMAGE_WORDS });
        }
        // Without the length word, a window's packing is exactly the segment's contents.
        let mut words_vec = abi::window_words(contents).split_off(1);
        words_vec.resize(words as usize, 0);
        segments.push(Segment { address, words: words_vec, executable });
        let total: u64 = segments.iter().map(|segment| segment.words.len() as u64).sum();
        if total > u64::from(abi::MAX_IMAGE_WORDS) {
            return Err(ElfError::TooManyWords { what: "image", words: total, max: abi::MAX_IMAGE_WORDS });
        }
    }
    segments.sort_by_key(|segment| segment.address);
    for pair in segments.windows(2) {
        if pair[0].end() > pair[1].address {
            return Err(ElfError::OverlappingSegments { first: pair[0].address, second: pair[1].address });
        }
    }
    let text_words: u64 = segments.iter().filter(|s| s.executable).map(|s| s.words.len() as u64).sum();
    if text_words > u64::from(abi::MAX_TEXT_WORDS) {
        return Err(ElfError::TooManyWords { what: "text", words: text_words, max: abi::MAX_TEXT_WORDS });
    }
    let program = Program::from_segments(entry, segments, Sha256::digest(bytes).into());
    if program.instruction_index(entry).is_none() {
        return Err(ElfError::BadEntry { entry });
    }
    Ok(program)
}
