//! Columns that are filled from several threads.

use stwo::prover::backend::simd::column::BaseColumn;
use stwo::prover::backend::simd::m31::PackedM31;

/// Log of the number of field elements in a SIMD vector.
pub const LOG_LANES: u32 = stwo::prover::backend::simd::m31::LOG_N_LANES;
pub const LANES: usize = 1 << LOG_LANES;

/// Columns of one length under construction: each vector is written by one thread.
pub struct ColumnWriter {
    columns: Vec<Vec<PackedM31>>,
    pointers: Vec<*mut PackedM31>,
    vectors: usize,
}

// SAFETY: threads write through `pointers` only, each to vectors of its own (see `write`), and the columns are read only
// after `finish` took the writer back.
unsafe impl Sync for ColumnWriter {}

impl ColumnWriter {
    /// `count` columns of 2^`log_size` zeros.
    pub fn new(count: usize, log_size: u32) -> Self {
        let vectors = 1 << (log_size - LOG_LANES);
        let mut columns: Vec<Vec<PackedM31>> = (0..count).map(|_| zeroed(vectors)).collect();
        let pointers = columns.iter_mut().map(|column| column.as_mut_ptr()).collect();
        Self { columns, pointers, vectors }
    }

    pub fn vectors(&self) -> usize {
        self.vectors
    }

    /// Writes a vector of a column.
    ///
    /// # Safety
    /// No other thread may write or read the same vector of the same column meanwhile.
    #[inline(always)]
    pub unsafe fn write(&self, column: usize, vector: usize, value: PackedM31) {
        assert!(vector < self.vectors);
        // SAFETY: the pointer comes from the column's own allocation of `vectors` elements, which lives as long as self.
        unsafe { *self.pointers[column].add(vector) = value };
    }

    pub fn finish(self) -> Vec<BaseColumn> {
        self.columns.into_iter().map(BaseColumn::from_simd).collect()
    }
}

/// Zeroed memory straight from the allocator, which need not touch its pages.
fn zeroed(vectors: usize) -> Vec<PackedM31> {
    bytemuck::zeroed_vec(vectors)
}
