//! How much memory a proof takes.
//!
//! Calibrated against counted allocations and resident memory on two threads, in MiB (measured resident peak, of which
//! about 2.5 are the process itself; estimate): n = 9: 4.0, 8.0 · n = 65,535: 18, 23 · n = 399,999: 90, 109 ·
//! n = 2^20: 141, 172. A test holds the estimate between the counted peak and about twice of it.

use crate::air::{TABLE_COLUMNS, TABLE_FRACTIONS};
use crate::shape::Shape;

/// Extension field coordinates of the composition polynomial, in two halves.
const COMPOSITION_COLUMNS: u64 = 8;

/// What a proof of any size takes: twiddles, thread stacks, buffers.
const BASE_BYTES: u64 = 8 << 20;

/// For each committed cell: its coefficient and its two evaluations, 4 bytes each, and slack for the copies that live
/// while a tree is being committed.
const BYTES_PER_CELL: u64 = 14;

/// For each point of the evaluation domain: the nodes of three Merkle trees, the composition polynomial's
/// accumulator, FRI's quotients and layers with their trees.
const BYTES_PER_POINT: u64 = 400;

/// An upper estimate of the prover's memory for a proof of this shape, in bytes.
pub(crate) fn estimate(shape: &Shape) -> u64 {
    let cells = |columns: usize, log_rows: u32| (columns as u64) << log_rows;
    let interaction = |fractions: usize| 4 * fractions;
    let chain = cells(shape.chain_columns() + interaction(shape.chain_fractions()), shape.log_rows);
    let table = cells(TABLE_COLUMNS + interaction(TABLE_FRACTIONS), shape.log_table_rows());
    let composition = COMPOSITION_COLUMNS << shape.max_log_rows();
    let domain_points = 2 << shape.max_log_rows();
    BASE_BYTES + BYTES_PER_CELL * (chain + table + composition) + BYTES_PER_POINT * domain_points
}
