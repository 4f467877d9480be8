//! A loaded program: what the executor runs and the verifier binds a proof to.

use crate::instruction::{Instruction, decode};

/// One contiguous run of initialised words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Address of the first word, a multiple of four.
    pub address: u32,
    pub words: Vec<u32>,
    /// Whether instructions may be fetched from it.
    pub executable: bool,
}

impl Segment {
    /// End address, exclusive.
    pub fn end(&self) -> u32 {
        self.address + 4 * self.words.len() as u32
    }
}

/// A program, made by [`crate::parse_elf`] or, in tests, [`Program::from_segments`].
#[derive(Clone, Debug)]
pub struct Program {
    entry: u32,
    segments: Vec<Segment>,
    text: Vec<Text>,
    hash: [u8; 32],
}

/// Decoded instructions of one executable segment.
#[derive(Clone, Debug)]
struct Text {
    address: u32,
    words: Vec<u32>,
    instructions: Vec<Option<Instruction>>,
}

/// What an instruction fetch finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched {
    Instruction(Instruction),
    /// The word exists but is no RV32IM instruction.
    Illegal(u32),
    /// No executable segment covers the address.
    Nothing,
}

impl Program {
    /// Builds a program from segments that are sorted, aligned, disjoint and inside the image window (the loader
    /// checks that for an ELF). `hash` identifies the program to people and registries.
    pub fn from_segments(entry: u32, segments: Vec<Segment>, hash: [u8; 32]) -> Self {
        let text = segments
            .iter()
            .filter(|segment| segment.executable)
            .map(|segment| Text {
                address: segment.address,
                words: segment.words.clone(),
                instructions: segment.words.iter().map(|&word| decode(word)).collect(),
            })
            .collect();
        Self { entry, segments, text, hash }
    }

    /// Address of the first instruction executed.
    pub fn entry(&self) -> u32 {
        self.entry
    }

    /// Initialised memory, by rising address.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// SHA-256 of the ELF file.
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// Every word of the executable segments with its address and its instruction, if it is one.
    pub fn instructions(&self) -> impl Iterator<Item = (u32, Option<Instruction>)> + '_ {
        self.text.iter().flat_map(|text| {
            text.instructions.iter().enumerate().map(|(i, &instruction)| (text.address + 4 * i as u32, instruction))
        })
    }

    /// Every initialised word with its address, by rising address.
    pub fn image(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.segments.iter().flat_map(|segment| {
            segment.words.iter().enumerate().map(|(i, &word)| (segment.address + 4 * i as u32, word))
        })
    }

    /// Position of an address in the order of [`Program::instructions`], if an instruction word is there.
    #[inline]
    pub fn instruction_index(&self, pc: u32) -> Option<usize> {
        let mut base = 0;
        for text in &self.text {
            let offset = pc.wrapping_sub(text.address);
            if offset.is_multiple_of(4) && ((offset / 4) as usize) < text.words.len() {
                return Some(base + (offset / 4) as usize);
            }
            base += text.words.len();
        }
        None
    }

    #[inline]
    pub fn fetch(&self, pc: u32) -> Fetched {
        for text in &self.text {
            let offset = pc.wrapping_sub(text.address);
            if !offset.is_multiple_of(4) {
                continue;
            }
            let index = (offset / 4) as usize;
            if let Some(instruction) = text.instructions.get(index) {
                return match instruction {
                    Some(instruction) => Fetched::Instruction(*instruction),
                    None => Fetched::Illegal(text.words[index]),
                };
            }
        }
        Fetched::Nothing
    }
}
