//! How a computation is laid out in rows and columns. Prover and verifier derive it from the claim alone.

use crate::program::{Computation, Program, Word, sub};

/// Sizes of the two components of the AIR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// 16-bit halves of a word.
    pub halves: usize,
    /// Bits of a range-checked limb: 4, 8 or 16, so that limbs tile a half.
    pub limb_bits: u32,
    /// Rounds of the program's loop in one row of the chain.
    pub rounds_per_row: usize,
    /// Logarithm of the chain's number of rows.
    pub log_rows: u32,
}

/// Smallest size of a component that the library evaluates with vectors.
const MIN_LOG_ROWS: u32 = 5;

impl Shape {
    /// The layout for a number of rounds. Where the steps are was chosen by measuring; what is proven does not
    /// depend on it.
    pub fn of(program: Program, rounds: u32) -> Self {
        // The most rounds that share a row. Wide rows save the columns for their state and make the trees lower, but
        // each column adds to the proof's length.
        let (limb_bits, widest_row, min_log_rows) = match (program, rounds) {
            (Program::FastFib, _) => (8, 1, MIN_LOG_ROWS),
            (Program::FibInputInitial, 0..=64) => (4, 1, MIN_LOG_ROWS),
            (Program::FibInputInitial, 65..=128) => (4, 2, MIN_LOG_ROWS),
            // The table has 2^8 rows, so a lower chain would save nothing.
            (Program::FibInputInitial, 129..=400_000) => (8, 20, 8),
            (Program::FibInputInitial, _) => (16, 20, 8),
        };
        let rows = rounds.div_ceil(widest_row);
        let log_rows = rows.next_power_of_two().ilog2().max(min_log_rows);
        let rounds_per_row = rounds.div_ceil(1 << log_rows).max(1) as usize;
        Self { halves: program.halves(), limb_bits, rounds_per_row, log_rows }
    }

    /// Logarithm of the number of rows of the table component: one row for each limb value.
    pub fn log_table_rows(&self) -> u32 {
        self.limb_bits
    }

    /// Limbs of a half.
    pub fn limbs_per_half(&self) -> usize {
        (16 / self.limb_bits) as usize
    }
}

/// Counts that only the prover needs.
#[cfg(feature = "prover")]
impl Shape {
    /// Logarithm of the larger component's size, which is also the degree bound of all committed polynomials.
    pub fn max_log_rows(&self) -> u32 {
        self.log_rows.max(self.log_table_rows())
    }

    /// Limbs of a word.
    pub fn limbs_per_word(&self) -> usize {
        self.halves * self.limbs_per_half()
    }

    /// Columns of the chain before the limbs: `enabled`, `round`, and the halves of `a` and `b`.
    pub fn head_columns(&self) -> usize {
        2 + 2 * self.halves
    }

    /// Committed columns of the chain, without the lookup argument's.
    pub fn chain_columns(&self) -> usize {
        self.head_columns() + self.rounds_per_row * self.limbs_per_word()
    }

    /// Fractions of a chain's row in the lookup argument: one for two limbs, and one for the states.
    pub fn chain_fractions(&self) -> usize {
        self.rounds_per_row * self.limbs_per_word() / 2 + 1
    }
}

/// A state of the loop as the chain's public ends carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    /// Rounds done since the chain's start.
    pub round: u32,
    pub a: Word,
    pub b: Word,
}

/// The public ends of a chain: it must lead from `first` to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    pub first: State,
    pub last: State,
}

/// The chain's start and its length in rounds, a whole number of rows.
///
/// If the program's rounds don't fill the last row, the chain starts `extra` rounds earlier, at the state from which
/// `extra` rounds lead to the program's (a, b). A round is a bijection of the states, so there is exactly one such
/// state, and the chain's last state is the program's exactly if the program's own rounds lead there.
pub(crate) fn chain_start(computation: &Computation, shape: &Shape) -> (State, u32) {
    let rounds = computation.rounds();
    let length = (rounds as usize).next_multiple_of(shape.rounds_per_row) as u32;
    let (mut a, mut b) = (computation.a, computation.b);
    for _ in rounds..length {
        (a, b) = (sub(&b, &a, shape.halves), a);
    }
    (State { round: 0, a, b }, length)
}

/// All words of the chain as halves, `halves` of them a word: `length + 2` words, of which words i and i + 1 are the
/// state after i rounds.
#[cfg(feature = "prover")]
pub(crate) fn chain_words(start: &State, length: u32, halves: usize) -> Vec<u16> {
    let mut words = Vec::with_capacity((length as usize + 2) * halves);
    words.extend_from_slice(&start.a[..halves]);
    words.extend_from_slice(&start.b[..halves]);
    for i in 0..length as usize {
        let mut carry = 0;
        for half in i * halves..(i + 1) * halves {
            let sum = u32::from(words[half]) + u32::from(words[half + halves]) + carry;
            words.push(sum as u16);
            carry = sum >> 16;
        }
    }
    words
}
