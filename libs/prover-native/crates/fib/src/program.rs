//! The two programs: their inputs, their meaning, and the statement that a proof makes about them.

use crate::error::InputError;

/// The largest `n` of `fib_input_initial`.
pub const MAX_N: u32 = 1 << 20;

/// Bytes of `fib_input_initial`'s input that have a meaning; what follows them is ignored.
const FIB_INPUT_BYTES: usize = 12;

/// The most 16-bit halves a word of either program has.
pub(crate) const MAX_HALVES: usize = 12;

/// The programs of the network's wire that this crate proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Program {
    /// `fib_input_initial`: input is n, a, b as little-endian u32. For `i` in `0..=n` (n + 1 rounds):
    /// `(a, b) = (b, a + b mod 2^32)`. The result is `b`, as a little-endian u32. `n` ≤ [`MAX_N`].
    ///
    /// Input bytes after the twelfth are ignored: the claim is about n, a and b alone, so a proof holds for every
    /// input that begins with the same twelve bytes.
    FibInputInitial,
    /// `fast-fib`: the first byte of the input is n; the result is the exact Fibonacci number F(n) with
    /// F(0) = F(1) = 1, as 24 little-endian bytes (F(255) has 177 bits). Bytes after the first are ignored.
    FastFib,
}

impl Program {
    /// Every program, in the order of their tags.
    pub const ALL: [Self; 2] = [Self::FibInputInitial, Self::FastFib];

    /// The program with this id on the wire.
    ///
    /// # Errors
    /// [`InputError::UnknownProgram`] for any other id.
    pub fn from_id(id: &str) -> Result<Self, InputError> {
        Self::ALL
            .into_iter()
            .find(|program| program.id() == id)
            .ok_or_else(|| InputError::UnknownProgram { id: id.to_string() })
    }

    /// The program's id on the wire.
    pub const fn id(self) -> &'static str {
        match self {
            Self::FibInputInitial => "fib_input_initial",
            Self::FastFib => "fast-fib",
        }
    }

    /// The program's number in proof bytes and in the transcript.
    pub(crate) const fn tag(self) -> u32 {
        match self {
            Self::FibInputInitial => 1,
            Self::FastFib => 2,
        }
    }

    /// Number of 16-bit halves of a word: 32 bits, or 192 bits.
    pub(crate) const fn halves(self) -> usize {
        match self {
            Self::FibInputInitial => 2,
            Self::FastFib => MAX_HALVES,
        }
    }

    /// Length of the public output in bytes.
    pub const fn output_bytes(self) -> usize {
        2 * self.halves()
    }
}

/// A word of the computation, a number modulo 2^(16 × halves), least significant half first.
/// Halves beyond the program's number of halves are zero.
pub(crate) type Word = [u16; MAX_HALVES];

/// The computation that an input asks for: `rounds` rounds of `(a, b) = (b, a + b)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Computation {
    pub program: Program,
    pub n: u32,
    pub a: Word,
    pub b: Word,
}

impl Computation {
    /// Reads a program's input.
    pub fn parse(program: Program, input: &[u8]) -> Result<Self, InputError> {
        let invalid = |field, reason: String| InputError::InvalidInput { field, reason };
        match program {
            Program::FibInputInitial => {
                let Some(head) = input.first_chunk::<FIB_INPUT_BYTES>() else {
                    return Err(invalid(
                        "input",
                        format!("{} bytes given, at least {FIB_INPUT_BYTES} needed (n, a, b as u32)", input.len()),
                    ));
                };
                let field = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
                let n = field(0);
                if n > MAX_N {
                    return Err(invalid("n", format!("{n} is above the limit of {MAX_N} (2^20)")));
                }
                Ok(Self { program, n, a: word_of_u32(field(4)), b: word_of_u32(field(8)) })
            }
            Program::FastFib => match input.first() {
                Some(&n) => Ok(Self { program, n: n.into(), a: word_of_u32(1), b: word_of_u32(1) }),
                None => Err(invalid("input", "empty, at least 1 byte needed (n)".to_string())),
            },
        }
    }

    /// Rounds of the program's loop; the cycles of an execution.
    pub fn rounds(&self) -> u32 {
        match self.program {
            Program::FibInputInitial => self.n + 1,
            Program::FastFib => self.n,
        }
    }

    /// Which word of the state after all rounds is the result.
    pub fn result_is_b(&self) -> bool {
        match self.program {
            Program::FibInputInitial => true,
            Program::FastFib => false,
        }
    }
}

pub(crate) fn word_of_u32(value: u32) -> Word {
    let mut word = [0; MAX_HALVES];
    word[0] = value as u16;
    word[1] = (value >> 16) as u16;
    word
}

/// `x − y` modulo 2^(16 × halves).
pub(crate) fn sub(x: &Word, y: &Word, halves: usize) -> Word {
    let mut difference = [0; MAX_HALVES];
    let mut borrow = 0i32;
    for ((difference, x), y) in difference.iter_mut().zip(x).zip(y).take(halves) {
        let value = i32::from(*x) - i32::from(*y) - borrow;
        borrow = i32::from(value < 0);
        *difference = value as u16;
    }
    difference
}

/// The little-endian bytes of a word.
#[cfg(feature = "prover")]
pub(crate) fn word_to_bytes(word: &Word, halves: usize) -> Vec<u8> {
    word[..halves].iter().flat_map(|half| half.to_le_bytes()).collect()
}

/// The word with these little-endian bytes, or `None` if their number is not the program's.
pub(crate) fn word_from_bytes(bytes: &[u8], halves: usize) -> Option<Word> {
    if bytes.len() != 2 * halves {
        return None;
    }
    let mut word = [0; MAX_HALVES];
    for (half, pair) in word.iter_mut().zip(bytes.chunks_exact(2)) {
        *half = u16::from_le_bytes([pair[0], pair[1]]);
    }
    Some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fib_input(n: u32, a: u32, b: u32) -> Vec<u8> {
        [n, a, b].iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    #[test]
    fn ids_round_trip_and_others_are_refused() {
        for program in Program::ALL {
            assert_eq!(Program::from_id(program.id()), Ok(program));
        }
        for id in ["", "fast_fib", "FAST-FIB", "fib_input_initial "] {
            assert_eq!(Program::from_id(id), Err(InputError::UnknownProgram { id: id.to_string() }));
        }
    }

    #[test]
    fn the_input_is_checked_and_what_follows_it_ignored() {
        let exact = Computation::parse(Program::FibInputInitial, &fib_input(9, 70_000, 1)).unwrap();
        let mut longer = fib_input(9, 70_000, 1);
        longer.extend([1, 2, 3]);
        assert_eq!(Computation::parse(Program::FibInputInitial, &longer).unwrap(), exact);
        assert_eq!((exact.n, exact.rounds(), exact.a[0], exact.a[1]), (9, 10, 4464, 1));

        let short = Computation::parse(Program::FibInputInitial, &longer[..11]).unwrap_err();
        assert!(short.to_string().contains("11 bytes given, at least 12"), "{short}");
        assert!(Computation::parse(Program::FibInputInitial, &fib_input(MAX_N, 0, 0)).is_ok());
        let large = Computation::parse(Program::FibInputInitial, &fib_input(MAX_N + 1, 0, 0)).unwrap_err();
        assert!(large.to_string().contains("1048577 is above the limit of 1048576"), "{large}");

        assert_eq!(Computation::parse(Program::FastFib, &[47, 9]).unwrap().n, 47);
        assert!(Computation::parse(Program::FastFib, &[]).is_err());
    }

    #[test]
    fn subtraction_wraps_like_machine_words() {
        let samples = [0, 1, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1234_5678];
        for x in samples {
            for y in samples {
                let (word_x, word_y) = (word_of_u32(x), word_of_u32(y));
                assert_eq!(sub(&word_x, &word_y, 2), word_of_u32(x.wrapping_sub(y)));
                let wide = sub(&word_x, &word_y, 12);
                assert_eq!(&wide[..2], &word_of_u32(x.wrapping_sub(y))[..2]);
                assert!(wide[2..].iter().all(|half| *half == if x < y { 0xffff } else { 0 }));
            }
        }
    }

    #[cfg(feature = "prover")]
    #[test]
    fn words_round_trip_through_bytes() {
        let word = word_of_u32(0xdead_beef);
        assert_eq!(word_to_bytes(&word, 2), 0xdead_beefu32.to_le_bytes());
        assert_eq!(word_from_bytes(&word_to_bytes(&word, 12), 12), Some(word));
        assert_eq!(word_from_bytes(&[0; 5], 2), None);
    }
}
