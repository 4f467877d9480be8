use provefleet_zkvm_core::{ElfError, abi, parse_elf};
use provefleet_zkvm_testing::elf_writer::{ElfSegment, write_elf};
use provefleet_zkvm_testing::random::Rng;

const BASE: u32 = abi::IMAGE_BASE;

fn segment(address: u32, contents: &[u8], memory_size: u32, flags: u32) -> ElfSegment {
    ElfSegment { address, contents: contents.to_vec(), memory_size, flags }
}

fn text() -> ElfSegment {
    segment(BASE, &[0x73, 0, 0, 0, 0x13, 0, 0, 0], 8, 5)
}

fn error(segments: &[ElfSegment]) -> ElfError {
    parse_elf(&write_elf(BASE, segments)).map(|_| ()).expect_err("refused")
}

#[test]
fn text_rodata_data_and_bss_are_loaded() {
    let segments = [
        segment(BASE + 0x2000, &[1, 2, 3, 4, 5], 12, 6), // data with bss behind it
        text(),
        segment(BASE + 0x1000, &[9], 1, 4),
        segment(abi::DYNAMIC_BASE, &[], 0x1000_0000, 6),
    ];
    let program = parse_elf(&write_elf(BASE + 4, &segments)).expect("accepted");
    assert_eq!(program.entry(), BASE + 4);
    let image: Vec<_> = program.image().collect();
    let expected = [
        (BASE, 0x73),
        (BASE + 4, 0x13),
        (BASE + 0x1000, 9),
        (BASE + 0x2000, 0x0403_0201),
        (BASE + 0x2004, 5),
        (BASE + 0x2008, 0),
    ];
    assert_eq!(image, expected);
    assert_eq!(program.instructions().count(), 2);
}

#[test]
fn the_hash_is_the_files() {
    use sha2::Digest;
    let file = write_elf(BASE, &[text()]);
    assert_eq!(parse_elf(&file).expect("accepted").hash(), <[u8; 32]>::from(sha2::Sha256::digest(&file)));
}

#[test]
fn bad_segments_are_refused() {
    let outside = |address, memory| ElfError::SegmentOutsideWindow { address, memory };
    assert_eq!(error(&[text(), segment(BASE - 4, &[1], 4, 4)]), outside(BASE - 4, 4));
    assert_eq!(error(&[segment(abi::IMAGE_END - 4, &[1], 8, 4)]), outside(abi::IMAGE_END - 4, 8));
    assert_eq!(error(&[segment(u32::MAX - 3, &[], 8, 4)]), outside(u32::MAX - 3, 8));
    assert_eq!(error(&[segment(abi::DYNAMIC_BASE, &[1], 4, 6)]), outside(abi::DYNAMIC_BASE, 4));
    assert_eq!(error(&[segment(abi::DYNAMIC_END - 4, &[], 8, 6)]), outside(abi::DYNAMIC_END - 4, 8));
    assert_eq!(error(&[segment(abi::INPUT_BASE, &[], 8, 6)]), outside(abi::INPUT_BASE, 8));
    assert_eq!(error(&[segment(BASE + 2, &[1], 4, 4)]), ElfError::MisalignedSegment { address: BASE + 2 });
    let larger = ElfError::FileLargerThanMemory { address: BASE, file: 8, memory: 4 };
    assert_eq!(error(&[segment(BASE, &[0; 8], 4, 5)]), larger);
    // The second starts inside the last word of the first.
    let overlap = ElfError::OverlappingSegments { first: BASE, second: BASE + 8 };
    assert_eq!(error(&[segment(BASE + 8, &[1], 4, 4), segment(BASE, &[1; 9], 9, 5)]), overlap);
    let huge = u64::from(abi::MAX_IMAGE_WORDS) + 1;
    let too_many = ElfError::TooManyWords { what: "image", words: huge, max: abi::MAX_IMAGE_WORDS };
    assert_eq!(error(&[segment(BASE, &[], 4 * huge as u32, 6)]), too_many);
    let half = 4 * abi::MAX_IMAGE_WORDS / 2;
    let too_many = ElfError::TooManyWords { what: "image", words: huge, max: abi::MAX_IMAGE_WORDS };
    assert_eq!(error(&[segment(BASE, &[], half, 6), segment(BASE + half, &[], half + 4, 6)]), too_many);
    let words = abi::MAX_TEXT_WORDS + 1;
    let too_many = ElfError::TooManyWords { what: "text", words: words.into(), max: abi::MAX_TEXT_WORDS };
    assert_eq!(error(&[segment(BASE, &[], 4 * words, 5)]), too_many);
}

#[test]
fn the_entry_must_be_an_instruction_address() {
    for entry in [BASE - 4, BASE + 8, BASE + 2, 0] {
        assert_eq!(parse_elf(&write_elf(entry, &[text()])).err(), Some(ElfError::BadEntry { entry }));
    }
    let data = segment(BASE, &[0; 4], 4, 6);
    assert_eq!(error(&[data]), ElfError::BadEntry { entry: BASE });
    assert_eq!(error(&[]), ElfError::BadEntry { entry: BASE });
}

#[test]
fn foreign_files_are_refused_by_the_field_that_differs() {
    let file = write_elf(BASE, &[text()]);
    let with = |offset: usize, value: u8| {
        let mut file = file.clone();
        file[offset] = value;
        parse_elf(&file).map(|_| ()).expect_err("refused")
    };
    let header = |field, value, expected| ElfError::UnsupportedHeader { field, value, expected };
    assert_eq!(with(0, 0), ElfError::BadMagic);
    assert_eq!(with(4, 2), header("class", 2, 1));
    assert_eq!(with(5, 2), header("data encoding", 2, 1));
    assert_eq!(with(16, 3), header("type", 3, 2));
    assert_eq!(with(18, 62), header("machine", 62, 243));
    assert_eq!(with(36, 1), header("unsupported flags", 1, 0)); // compressed
    assert_eq!(with(36, 4), header("unsupported flags", 4, 0)); // double float ABI
    assert_eq!(with(42, 56), header("program header size", 56, 32));
    assert_eq!(with(52, 2), ElfError::DynamicallyLinked { kind: 2 });
    assert_eq!(with(52, 3), ElfError::DynamicallyLinked { kind: 3 });
    assert_eq!(
        parse_elf(&vec![0; abi::MAX_ELF_BYTES + 1]).err(),
        Some(ElfError::TooLarge { bytes: abi::MAX_ELF_BYTES + 1 })
    );
}

#[test]
fn no_truncation_or_mutation_panics() {
    let file = write_elf(BASE, &[text(), segment(BASE + 0x1000, &[1, 2, 3], 64, 4)]);
    for length in 0..file.len() {
        assert!(parse_elf(&file[..length]).is_err(), "{length}");
    }
    let mut rng = Rng(7);
    for _ in 0..20_000 {
        let mut mutated = file.clone();
        for _ in 0..1 + rng.below(4) {
            let at = rng.below(52 + 64) as usize;
            mutated[at] = rng.next_u64() as u8;
        }
        let _ = parse_elf(&mutated);
    }
}
