//! From rows to the main trace's columns.

use num_traits::Zero;
use provefleet_zkvm_air::Part;
use provefleet_zkvm_air::families::tables::{
    BYTE_SHIFT_LOG_SIZE, BYTES_LOG_SIZE, BYTES_WIDTH, RANGE_14_LOG_SIZE, RANGE_14_WIDTH, RANGE_16_LOG_SIZE,
    RANGE_16_WIDTH,
};
use provefleet_zkvm_air::kind::{Kind, MIN_LOG_SIZE};
use provefleet_zkvm_air::rom::{ProgramTables, log_size_of};
use rayon::prelude::*;
use stwo::core::fields::FieldExpOps;
use stwo::core::fields::m31::BaseField;
use stwo::prover::backend::simd::column::BaseColumn;
use stwo::prover::backend::simd::m31::PackedM31;

use crate::packed::{ColumnWriter, LANES};
use crate::witness::Witness;

/// Main columns of one component.
pub struct ComponentTrace {
    pub kind: Kind,
    pub log_size: u32,
    pub columns: Vec<BaseColumn>,
}

/// Main columns of all components, in the claim's order.
pub struct Trace {
    pub components: Vec<ComponentTrace>,
}

/// Rows below which splitting a component does not pay: each column costs proof size.
const MIN_SPLIT_ROWS: usize = 1 << 12;
/// What one more component must save in padded rows, in percent.
const SPLIT_PENALTY_PERCENT: usize = 6;

/// How many rows each component of a family gets: one, or a power of two and the rest if that wastes less padding.
pub fn split_rows(rows: usize) -> Vec<usize> {
    let first = 1 << rows.max(1).ilog2();
    if rows < MIN_SPLIT_ROWS || first == rows {
        return vec![rows];
    }
    let rest = rows - first;
    let split = first + rest.next_power_of_two().max(1 << MIN_LOG_SIZE);
    let worth_it = split * (100 + SPLIT_PENALTY_PERCENT) < 100 * rows.next_power_of_two();
    if worth_it { vec![first, rest] } else { vec![rows] }
}

/// Transposes row-major rows; the rest of the columns is zero.
fn transpose(rows: &[u32], width: usize, log_size: u32) -> Vec<BaseColumn> {
    let count = rows.len() / width;
    let writer = ColumnWriter::new(width, log_size);
    (0..count.div_ceil(LANES)).into_par_iter().with_min_len(64).for_each(|vector| {
        let first = vector * LANES;
        for column in 0..width {
            let values = std::array::from_fn(|lane| {
                let row = first + lane;
                BaseField::from_u32_unchecked(if row < count { rows[row * width + column] } else { 0 })
            });
            // SAFETY: this thread alone has this vector.
            unsafe { writer.write(column, vector, PackedM31::from_array(values)) };
        }
    });
    writer.finish()
}

/// Position of the named main column.
fn column_index(kind: Kind, name: &str) -> usize {
    kind.column_names().iter().position(|column| column == name).expect("the column exists")
}

/// Fills the column `inverse` with the inverses of what `distance` gives for each vector of rows, zero for zero.
fn fill_inverses(kind: Kind, columns: &mut [BaseColumn], distance: impl Fn(&[BaseColumn], usize) -> PackedM31 + Sync) {
    let inverses: Vec<PackedM31> = (0..columns[0].data.len())
        .into_par_iter()
        .with_min_len(64)
        .map(|vector| {
            let distance = distance(columns, vector);
            // By exponentiation, so that zero gives zero.
            if distance.is_zero() { distance } else { distance.inverse() }
        })
        .collect();
    columns[column_index(kind, "inverse")].data = inverses;
}

/// Fills in what is cheaper to compute for many rows at once.
fn complete(kind: Kind, columns: &mut [BaseColumn]) {
    let index = |name| column_index(kind, name);
    match kind {
        Kind::BranchEqual => {
            let [a0, a1, b0, b1] = ["a[0]", "a[1]", "b[0]", "b[1]"].map(index);
            fill_inverses(kind, columns, |columns, i| {
                let x = columns[a0].data[i] - columns[b0].data[i];
                let y = columns[a1].data[i] - columns[b1].data[i];
                x * x + y * y
            });
        }
        Kind::BranchZero => {
            let [a0, a1] = ["a[0]", "a[1]"].map(index);
            fill_inverses(kind, columns, |columns, i| columns[a0].data[i] + columns[a1].data[i]);
        }
        Kind::Divide => {
            let [b0, b1] = ["b[0]", "b[1]"].map(index);
            fill_inverses(kind, columns, |columns, i| columns[b0].data[i] + columns[b1].data[i]);
        }
        _ => {}
    }
}

/// Multiplicity columns of a table: column j of row i is how often tuple `width * i + j` is used.
fn multiplicity_columns(counts: &[u32], width: usize, log_size: u32) -> Vec<BaseColumn> {
    let count = |index: usize| BaseField::from_u32_unchecked(counts.get(index).copied().unwrap_or(0));
    (0..width).map(|j| (0..1 << log_size).map(|i| count(width * i + j)).collect()).collect()
}

impl Trace {
    /// Makes the trace of a part; the witness is consumed family by family to save memory.
    pub fn new(witness: Witness, part: Part, tables: &ProgramTables) -> Self {
        let Witness { mut rows, multiplicities } = witness;
        let mut components = Vec::new();
        for kind in Kind::ALL.into_iter().filter(|kind| !kind.is_table()) {
            let rows = std::mem::take(&mut rows[kind as usize]);
            let width = kind.shape().main_columns;
            let mut left = &rows[..];
            if rows.is_empty() {
                continue;
            }
            for count in split_rows(rows.len() / width) {
                let (part, rest) = left.split_at(count * width);
                left = rest;
                let log_size = log_size_of(count);
                let mut columns = transpose(part, width, log_size);
                complete(kind, &mut columns);
                components.push(ComponentTrace { kind, log_size, columns });
            }
        }
        let mut table = |kind: Kind, log_size: u32, columns: Vec<BaseColumn>| {
            components.push(ComponentTrace { kind, log_size, columns });
        };
        let m = &multiplicities;
        let is_used = |counts: &[u32]| counts.iter().any(|&count| count > 0);
        if part.requires(Kind::Rom) {
            table(Kind::Rom, tables.rom_log_size(), multiplicity_columns(&m.rom, 1, tables.rom_log_size()));
        }
        if part.requires(Kind::Image) {
            let image = std::mem::take(&mut rows[Kind::Image as usize]);
            let log_size = tables.image_log_size();
            table(Kind::Image, log_size, transpose(&image, Kind::Image.shape().main_columns, log_size));
        }
        let range_16 = multiplicity_columns(&m.range_16, RANGE_16_WIDTH, RANGE_16_LOG_SIZE);
        table(Kind::Range16, RANGE_16_LOG_SIZE, range_16);
        if is_used(&m.range_14) {
            let columns = multiplicity_columns(&m.range_14, RANGE_14_WIDTH, RANGE_14_LOG_SIZE);
            table(Kind::Range14, RANGE_14_LOG_SIZE, columns);
        }
        if is_used(&m.and) || is_used(&m.byte_pair) {
            let mut columns = multiplicity_columns(&m.and, BYTES_WIDTH, BYTES_LOG_SIZE);
            columns.extend(multiplicity_columns(&m.byte_pair, BYTES_WIDTH, BYTES_LOG_SIZE));
            table(Kind::Bytes, BYTES_LOG_SIZE, columns);
        }
        if is_used(&m.byte_shift) {
            let columns = multiplicity_columns(&m.byte_shift, 1, BYTE_SHIFT_LOG_SIZE);
            table(Kind::ByteShift, BYTE_SHIFT_LOG_SIZE, columns);
        }
        Self { components }
    }

    /// Kinds and sizes, as the claim states them.
    pub fn kinds(&self) -> Vec<(Kind, u32)> {
        self.components.iter().map(|component| (component.kind, component.log_size)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_split_where_padding_would_be_wasted() {
        assert_eq!(split_rows(1), [1]);
        assert_eq!(split_rows(4095), [4095]);
        assert_eq!(split_rows(1 << 20), [1 << 20]);
        assert_eq!(split_rows((1 << 20) + 1), [1 << 20, 1]);
        assert_eq!(split_rows(3 << 19), [1 << 20, 1 << 19]);
        assert_eq!(split_rows((1 << 20) - 1), [(1 << 20) - 1]);
        for rows in 1..20_000 {
            let parts = split_rows(rows);
            assert_eq!(parts.iter().sum::<usize>(), rows);
            assert!(parts.is_sorted_by(|a, b| log_size_of(*a) >= log_size_of(*b)));
        }
    }
}
