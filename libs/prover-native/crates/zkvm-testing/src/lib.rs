//! Test support for the zkVM crates. Nothing that ships depends on it.
#![forbid(unsafe_code)]

pub mod assembler;
pub mod elf_writer;
pub mod random;

use std::path::PathBuf;

/// Path of a committed example guest, such as `sort`.
pub fn guest_path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../guests/elf").join(format!("{name}.elf"))
}

/// Loads a committed example guest.
///
/// # Panics
/// If the file is missing or is no program.
pub fn guest(name: &str) -> provefleet_zkvm_core::Program {
    let path = guest_path(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    provefleet_zkvm_core::parse_elf(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
