//! How much memory a proof takes.

use crate::air::{TABLE_COLUMNS, TABLE_FRACTIONS};
use crate::shape::Shape;

/// Extension field coordinates of the composition polynomial, in two halves.
const COMPOSITION_COLUMNS: u64 = 8;

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

const BASE_BYTES: u64 = 8 << 20;
const BYTES_PER_CELL: u64 = 14;
const BYTES_PER_POINT: u64 = 400;
