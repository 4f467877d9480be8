//! Writes minimal ELF32 executables.

/// A loadable segment.
#[derive(Clone, Debug)]
pub struct ElfSegment {
    pub address: u32,
    pub contents: Vec<u8>,
    /// Bytes in memory, at least the contents' length.
    pub memory_size: u32,
    /// PF_R 4, PF_W 2, PF_X 1.
    pub flags: u32,
}

/// Bytes of an executable; each segment's contents start on a page, as loaders of operating systems want it.
pub fn write_elf(entry: u32, segments: &[ElfSegment]) -> Vec<u8> {
    const PAGE: usize = 0x1000;
    let mut file = Vec::new();
    file.extend(*b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0");
    for half in [2u16, 243] {
        file.extend(half.to_le_bytes());
    }
    for word in [1u32, entry, 52, 0, 0] {
        file.extend(word.to_le_bytes());
    }
    for half in [52u16, 32, segments.len() as u16, 0, 0, 0] {
        file.extend(half.to_le_bytes());
    }
    let mut offset = PAGE;
    for segment in segments {
        let size = segment.contents.len() as u32;
        let fields =
            [1, offset as u32, segment.address, segment.address, size, segment.memory_size, segment.flags, PAGE as u32];
        for word in fields {
            file.extend(word.to_le_bytes());
        }
        offset += segment.contents.len().next_multiple_of(PAGE);
    }
    for segment in segments {
        file.resize(file.len().next_multiple_of(PAGE), 0);
        file.extend(&segment.contents);
    }
    file
}
