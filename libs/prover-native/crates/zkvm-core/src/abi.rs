//! The guest's memory map and calling convention. `guests/include/provefleet.h` is the same for C.
//!
//! | window  | addresses                  | contents at start                                   |
//! | ------- | -------------------------- | --------------------------------------------------- |
//! | image   | `0x0001_0000..0x1000_0000` | the ELF's loadable segments                         |
//! | input   | `0x1000_0000..`            | length in bytes (one word), then the public input   |
//! | hint    | `0x1800_0000..`            | length in bytes (one word), then the private input  |
//! | output  | `0x2000_0000..`            | zero; the guest writes a length word, then bytes    |
//! | dynamic | `0x3000_0000..0x4000_0000` | zero; bss, heap and stack                           |
//!
//! Every window is readable and writable by word, half and byte. Addresses outside are a trap. All windows lie
//! below 2^30, which the AIR relies on: an address and its image in the field are the same number.

/// Lowest address a loadable segment of a program may have.
pub const IMAGE_BASE: u32 = 0x0001_0000;
/// End (exclusive) of the window for loadable segments.
pub const IMAGE_END: u32 = 0x1000_0000;
/// Address of the public input's length word.
pub const INPUT_BASE: u32 = 0x1000_0000;
/// Address of the private input's length word.
pub const HINT_BASE: u32 = 0x1800_0000;
/// Address of the public output's length word.
pub const OUTPUT_BASE: u32 = 0x2000_0000;
/// Start of zero-initialised memory.
pub const DYNAMIC_BASE: u32 = 0x3000_0000;
/// End (exclusive) of zero-initialised memory.
pub const DYNAMIC_END: u32 = 0x4000_0000;

/// Most words (length word included) in the public input window: 256 KiB. The claim carries every one of them.
pub const MAX_INPUT_WORDS: u32 = 1 << 16;
/// Most words (length word included) in the private input window: 16 MiB.
pub const MAX_HINT_WORDS: u32 = 1 << 22;
/// Words of the output window, length word included: 256 KiB. The claim carries every one up to the last touched.
pub const MAX_OUTPUT_WORDS: u32 = 1 << 16;
/// Most instruction words of a program.
pub const MAX_TEXT_WORDS: u32 = 1 << 20;
/// Most words of all loadable segments together, text included: 8 MiB.
pub const MAX_IMAGE_WORDS: u32 = 1 << 21;
/// Largest ELF file accepted, in bytes.
pub const MAX_ELF_BYTES: usize = 32 << 20;

/// Register that carries the system call's number (a7).
pub const REGISTER_SYSCALL: usize = 17;
/// Register that carries the exit code (a0).
pub const REGISTER_EXIT_CODE: usize = 10;
/// The only system call: exit, with the code in a0 (the number Linux uses on RISC-V).
pub const SYSCALL_EXIT: u32 = 93;

/// Packs an input into the words of its window: the length in bytes, then the bytes, little-endian, zero padded.
pub fn window_words(bytes: &[u8]) -> Vec<u32> {
    let mut words = Vec::with_capacity(1 + bytes.len().div_ceil(4));
    words.push(bytes.len() as u32);
    words.extend(bytes.chunks(4).map(|chunk| {
        let mut word = [0u8; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        u32::from_le_bytes(word)
    }));
    words
}

/// Reads a window written by [`window_words`] or by a guest. `None` if the length word is missing or says more bytes
/// than there are words for. An empty window reads as no bytes.
pub fn window_bytes(words: &[u32]) -> Option<Vec<u8>> {
    let Some((&length, body)) = words.split_first() else { return Some(Vec::new()) };
    let length = length as usize;
    if length > 4 * body.len() {
        return None;
    }
    let mut bytes: Vec<u8> = body.iter().take(length.div_ceil(4)).flat_map(|word| word.to_le_bytes()).collect();
    bytes.truncate(length);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_round_trip_for_every_remainder() {
        for length in 0..9 {
            let bytes: Vec<u8> = (1..=length).collect();
            let words = window_words(&bytes);
            assert_eq!(words[0], u32::from(length));
            assert_eq!(words.len(), 1 + usize::from(length).div_ceil(4));
            assert_eq!(window_bytes(&words), Some(bytes));
        }
    }

    #[test]
    fn a_window_shorter_than_its_length_word_is_refused() {
        assert_eq!(window_bytes(&[5, 0]), None);
        assert_eq!(window_bytes(&[u32::MAX, 0]), None);
        assert_eq!(window_bytes(&[]), Some(vec![]));
    }
}
