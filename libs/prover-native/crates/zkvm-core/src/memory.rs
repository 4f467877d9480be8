//! The guest's memory: words in pages made on first touch.

use crate::abi;
use crate::program::Program;

const PAGE_WORDS: usize = 1024;
/// Words below [`abi::DYNAMIC_END`] divided into pages.
const PAGES: usize = (abi::DYNAMIC_END as usize / 4) / PAGE_WORDS;

/// Word-addressed guest memory. Resident size is one page (4 KiB) per page touched.
pub struct Memory {
    /// One more than the page's position in `words`, or zero while the page has not been touched.
    page_table: Vec<u32>,
    words: Vec<u32>,
    /// Address ranges (start, end) of the program's segments.
    image: Vec<(u32, u32)>,
    input_end: u32,
    hint_end: u32,
    /// The private input's window as it was at the start; a proof needs both ends of every cell's life.
    initial_hint: Vec<u32>,
}

impl Memory {
    /// Memory holding a program's image and the two inputs' windows (length word first).
    pub fn new(program: &Program, input_words: &[u32], hint_words: &[u32]) -> Self {
        let mut memory = Self {
            page_table: vec![0; PAGES],
            words: Vec::new(),
            image: program.segments().iter().map(|s| (s.address, s.end())).collect(),
            input_end: abi::INPUT_BASE + 4 * input_words.len() as u32,
            hint_end: abi::HINT_BASE + 4 * hint_words.len() as u32,
            initial_hint: hint_words.to_vec(),
        };
        let windows = [(abi::INPUT_BASE, input_words), (abi::HINT_BASE, hint_words)];
        for (base, words) in windows.into_iter().chain(program.segments().iter().map(|s| (s.address, &s.words[..]))) {
            for (i, &word) in words.iter().enumerate() {
                let slot = memory.slot(base + 4 * i as u32);
                memory.words[slot] = word;
            }
        }
        memory
    }

    /// Whether the guest may read and write at this address.
    #[inline]
    pub fn is_accessible(&self, address: u32) -> bool {
        match address {
            abi::DYNAMIC_BASE..abi::DYNAMIC_END => true,
            abi::OUTPUT_BASE.. => address < abi::OUTPUT_BASE + 4 * abi::MAX_OUTPUT_WORDS,
            abi::HINT_BASE.. => address < self.hint_end,
            abi::INPUT_BASE.. => address < self.input_end,
            _ => self.image.iter().any(|&(start, end)| (start..end).contains(&address)),
        }
    }

    /// Position of the word that holds `address` (which must be below [`abi::DYNAMIC_END`]). It never changes during
    /// a run, so an observer may keep per-word state in an array of its own.
    #[inline]
    pub fn slot(&mut self, address: u32) -> usize {
        let word = (address / 4) as usize;
        let entry = &mut self.page_table[word / PAGE_WORDS];
        if *entry == 0 {
            self.words.resize(self.words.len() + PAGE_WORDS, 0);
            *entry = (self.words.len() / PAGE_WORDS) as u32;
        }
        (*entry as usize - 1) * PAGE_WORDS + word % PAGE_WORDS
    }

    /// Word `index` of the private input's window as it was at the start.
    pub fn initial_hint_word(&self, index: u32) -> u32 {
        self.initial_hint[index as usize]
    }

    #[inline]
    pub fn word_at(&self, slot: usize) -> u32 {
        self.words[slot]
    }

    #[inline]
    pub fn set_word_at(&mut self, slot: usize, word: u32) {
        self.words[slot] = word;
    }

    /// The word holding `address` and its slot, without touching its page; zero and `None` if it was never touched.
    pub fn peek(&self, address: u32) -> (u32, Option<usize>) {
        let word = (address / 4) as usize;
        match self.page_table.get(word / PAGE_WORDS) {
            Some(&entry) if entry != 0 => {
                let slot = (entry as usize - 1) * PAGE_WORDS + word % PAGE_WORDS;
                (self.words[slot], Some(slot))
            }
            _ => (0, None),
        }
    }
}
