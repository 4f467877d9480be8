//! The preprocessed columns: the program's tables and the fixed lookup tables. Their commitment binds a proof to the
//! program.

use crate::families::tables::{BYTE_SHIFTS, RANGE_14_WIDTH, RANGE_16_WIDTH};
use crate::kind::Kind;
use crate::rom::ProgramTables;

/// A preprocessed column: the `index`-th of a table component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PreprocessedColumn {
    pub kind: Kind,
    pub index: usize,
    pub log_size: u32,
}

/// The preprocessed columns of a proof with these components, in the order in which they are committed.
pub fn preprocessed_columns(components: &[(Kind, u32)]) -> Vec<PreprocessedColumn> {
    components
        .iter()
        .flat_map(|&(kind, log_size)| {
            (0..kind.preprocessed_columns()).map(move |index| PreprocessedColumn { kind, index, log_size })
        })
        .collect()
}

/// Value of a preprocessed column in a row.
fn value(tables: &ProgramTables, kind: Kind, index: usize, row: usize) -> u32 {
    let number = row as u32;
    match kind {
        Kind::Rom => tables.rom_row(row)[index],
        Kind::Image => tables.image_row(row)[index],
        Kind::Range16 => number * RANGE_16_WIDTH as u32,
        Kind::Range14 => number * RANGE_14_WIDTH as u32,
        Kind::Bytes => {
            let (a, first) = (number >> 6, 4 * (number & 63));
            [a, first, a & first, a & 1, a & 2][index]
        }
        Kind::ByteShift if number < BYTE_SHIFTS => {
            let (x, s) = (number & 255, number >> 8);
            [x, s, (x << s) & 255, (x << s) >> 8][index]
        }
        Kind::ByteShift => 0,
        other => unreachable!("{other:?} has no preprocessed columns"),
    }
}

/// All values of a preprocessed column.
pub fn column_values(tables: &ProgramTables, column: PreprocessedColumn) -> impl Iterator<Item = u32> + '_ {
    (0..1usize << column.log_size).map(move |row| value(tables, column.kind, column.index, row))
}
