//! How much memory a proof takes.

use provefleet_zkvm_air::Profile;
use provefleet_zkvm_air::kind::Kind;
use provefleet_zkvm_air::rom::log_size_of;

use crate::trace::split_rows;

/// What every proof takes: twiddles, tables, the program.
const FIXED_BYTES: u64 = 32 << 20;

/// Peak bytes of a proof whose components that are no tables have `cells` cells in all (padding included) and at most
/// 2^`max_log_size` rows each.
///
/// Each cell is held as a coefficient and as its extension, four bytes each; the composition polynomial, FRI and the
/// Merkle trees follow the tallest component: per row of its extension, eight composition columns, four FRI columns and
/// two hashes in each of four trees. Calibrated against peak resident sizes; docs/zkvm.md has the measurements.
fn peak_bytes(cells: u64, max_log_size: u32, profile: Profile) -> u64 {
    let blowup = 1u64 << profile.log_blowup();
    let extended_rows = blowup << max_log_size;
    let held = cells * 4 * (1 + blowup) + extended_rows * (8 * 4 + 4 * 4 + 4 * 2 * 32);
    // A fifth more for what the allocator keeps and for buffers that come and go.
    FIXED_BYTES + held + held / 5
}

/// Padded cells and tallest log size of components with these numbers of rows by kind.
fn padded(rows: impl Iterator<Item = (Kind, usize)>) -> (u64, u32) {
    let mut cells = 0;
    let mut max_log_size = 0;
    for (kind, count) in rows.filter(|&(_, count)| count > 0) {
        for part in split_rows(count) {
            let log_size = log_size_of(part);
            cells += (kind.shape().cells() as u64) << log_size;
            max_log_size = max_log_size.max(log_size);
        }
    }
    (cells, max_log_size)
}

/// Estimates the peak resident bytes of proving a run with these numbers of rows.
pub fn estimate_peak_bytes(rows: impl Iterator<Item = (Kind, usize)>, profile: Profile) -> u64 {
    let (cells, max_log_size) = padded(rows);
    peak_bytes(cells, max_log_size, profile)
}

/// Gives memory that was freed back to the system.
///
/// glibc keeps large freed blocks for later, in pieces that the next segment's columns do not fit: without this, the
/// resident size of a run of 33 segments grew to five times that of one. Other allocators are left to themselves.
pub fn return_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim has no precondition and may be called at any time from any thread.
    unsafe {
        libc::malloc_trim(0);
    }
}
