//! Where memory cells begin and end, and how long pauses between accesses are passed.

use super::{INVERSE_2_14, require_boolean};
use crate::relation::Relation;
use crate::row::{Element, Row, columns};
use num_traits::One;

/// `value` = low + 2^14 high with low < 2^16 and high < 2^14; `low` is a column.
///
/// So 0 <= value < 2^28 + 2^16, as an integer. Two such numbers and one add up to less than 2^29 + 2^17 < p: that is
/// why the step is 2^14 and not 2^16. With 2^16 both could reach 2^30 - 1, their sum plus one would be p, and a cell's
/// time (or a list of addresses) could wrap around to zero.
#[inline(always)]
fn require_28_bits<R: Row>(row: &mut R, enabled: R::F, value: R::F, low: R::F) {
    row.lookup(enabled, Relation::Range16, &[low]);
    row.lookup(enabled, Relation::Range14, &[(value - low).times(INVERSE_2_14)]);
}

/// Splits a number below 2^28 + 2^14 the way [`require_28_bits`] wants it; returns (low, high).
pub fn split_28_bits(value: u32) -> (u32, u32) {
    let high = (value >> 14).min((1 << 14) - 1);
    (value - (high << 14), high)
}

columns! {
    /// A word of dynamic memory that the run touches: zero at time 0, final value at its last access.
    DynamicMemoryColumns {
        enabled,
        /// The word before it in the list.
        previous_cell,
        cell,
        final_time,
        value[2],
        /// Low part of cell - previous_cell - 1.
        gap_low,
        /// Low part of cell.
        cell_low,
    }
}

/// The list of cells rises strictly, from the cell below the dynamic window to a public last one. So no cell is
/// initialised twice, and none outside the window.
#[inline(always)]
pub fn dynamic_memory<R: Row>(row: &mut R) {
    let c = DynamicMemoryColumns::read(row);
    require_boolean(row, c.enabled);
    row.replace(c.enabled, Relation::DynamicChain, &[c.previous_cell], &[(0, c.cell - c.previous_cell)]);
    row.replace(
        c.enabled,
        Relation::Memory,
        &[c.cell, c.final_time, c.value[0], c.value[1]],
        &[(1, -c.final_time), (2, -c.value[0]), (3, -c.value[1])],
    );
    require_28_bits(row, c.enabled, c.cell - c.previous_cell - R::F::one(), c.gap_low);
    require_28_bits(row, c.enabled, c.cell, c.cell_low);
}

columns! {
    /// A word of the private input: any value at time 0, final value at its last access.
    HintColumns {
        enabled,
        cell,
        value[2],
        final_time,
        final_value[2],
    }
}

/// The cells follow one another from the window's start; their number is public.
#[inline(always)]
pub fn hint<R: Row>(row: &mut R) {
    let c = HintColumns::read(row);
    require_boolean(row, c.enabled);
    row.replace(c.enabled, Relation::HintChain, &[c.cell], &[(0, R::F::one())]);
    row.replace(
        c.enabled,
        Relation::Memory,
        &[c.cell, c.final_time, c.final_value[0], c.final_value[1]],
        &[(1, -c.final_time), (2, c.value[0] - c.final_value[0]), (3, c.value[1] - c.final_value[1])],
    );
    row.lookup(c.enabled, Relation::Range16, &[c.value[0]]);
    row.lookup(c.enabled, Relation::Range16, &[c.value[1]]);
}

columns! {
    /// A word of the program's image; cell and initial value are preprocessed. Untouched words end as they began, at
    /// time 0.
    ImageColumns {
        final_time,
        final_value[2],
    }
}

#[inline(always)]
pub fn image<R: Row>(row: &mut R) {
    let [cell, low, high] = std::array::from_fn(|_| row.preprocessed());
    let c = ImageColumns::read(row);
    row.replace(
        R::F::one(),
        Relation::Memory,
        &[cell, c.final_time, c.final_value[0], c.final_value[1]],
        &[(1, -c.final_time), (2, low - c.final_value[0]), (3, high - c.final_value[1])],
    );
}

columns! {
    /// Carries a cell's value over a pause that is too long for the 16-bit check of an access.
    BridgeColumns {
        enabled,
        cell,
        value[2],
        from,
        to,
        /// Low part of to - from - 1.
        gap_low,
        /// Low part of to.
        to_low,
    }
}

/// from < to, and both stay below 2^28 + 2^16 (an access's times are below 2^26, as the clock is below 2^24).
#[inline(always)]
pub fn bridge<R: Row>(row: &mut R) {
    let c = BridgeColumns::read(row);
    require_boolean(row, c.enabled);
    row.replace(c.enabled, Relation::Memory, &[c.cell, c.from, c.value[0], c.value[1]], &[(1, c.to - c.from)]);
    require_28_bits(row, c.enabled, c.to - c.from - R::F::one(), c.gap_low);
    require_28_bits(row, c.enabled, c.to, c.to_low);
}

columns! {
    /// A word of memory that a segment touches: the value that the run left, at local time 0, and the one it leaves.
    SegmentMemoryColumns {
        enabled,
        cell,
        /// The last segment before this one that touched it; 0 if none did.
        from_segment,
        initial_value[2],
        final_time,
        final_value[2],
    }
}

/// Takes the word over from an earlier segment and hands it on.
///
/// from_segment < segment by the range check (there are fewer than 2^16 segments). A word has one tuple in the RunMemory
/// relation at any point of the run: the one that began it, or the last that a segment yielded. So a segment can take a
/// word over only once, and only as the last one left it.
#[inline(always)]
pub fn segment_memory<R: Row>(row: &mut R) {
    let c = SegmentMemoryColumns::read(row);
    require_boolean(row, c.enabled);
    let segment = row.segment();
    let [initial, last] = [c.initial_value, c.final_value];
    let changes = [(1, segment - c.from_segment), (2, last[0] - initial[0]), (3, last[1] - initial[1])];
    row.replace(c.enabled, Relation::RunMemory, &[c.cell, c.from_segment, initial[0], initial[1]], &changes);
    row.replace(
        c.enabled,
        Relation::Memory,
        &[c.cell, c.final_time, last[0], last[1]],
        &[(1, -c.final_time), (2, initial[0] - last[0]), (3, initial[1] - last[1])],
    );
    row.lookup(c.enabled, Relation::Range16, &[segment - c.from_segment - R::F::one()]);
}

#[cfg(test)]
mod tests {
    use super::split_28_bits;

    #[test]
    fn splits_are_in_range_and_add_up() {
        for value in [0, 1, (1 << 14) - 1, 1 << 14, 1 << 20, (1 << 28) - 1, 1 << 28, (1 << 28) + 64] {
            let (low, high) = split_28_bits(value);
            assert_eq!(low + (high << 14), value);
            assert!(low < 1 << 16 && high < 1 << 14);
        }
    }
}
