//! No cell of a witness is free: whatever is changed breaks something.

use std::collections::BTreeSet;

use num_traits::Zero;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use stwo::core::fields::m31::{BaseField, P};
use stwo::prover::backend::Column;
use stwo::prover::backend::simd::column::BaseColumn;

use super::checker::faults;
use super::{fast_fib, fib, honest_words, shape_of, statement_of};
use crate::program::Computation;
use crate::statement::Statement;
use crate::trace::Witness;

/// The only free cells: the state of a row that is not enabled. Such a row has no part in the state relation; its limbs
/// are in range and its rounds add up all the same, but from any state.
fn is_free(statement: &Statement, witness: &Witness, column: usize, row: usize) -> bool {
    (1..statement.shape().head_columns()).contains(&column) && witness.chain[0].at(row).is_zero()
}

fn samples() -> Vec<(Statement, Witness)> {
    let of = |computation: Computation| {
        let words = honest_words(&computation);
        (statement_of(&computation, &words), Witness::of_words(&shape_of(&computation), &words))
    };
    vec![of(fib(20, 0xffff, 0x1234_5678)), of(fib(100, 1, 1)), of(fast_fib(20))]
}

fn change(column: &mut BaseColumn, row: usize, by: u32) {
    let value = column.at(row) + BaseField::from(by);
    column.set(row, value);
}

#[test]
fn every_single_change_breaks_something() {
    for (statement, witness) in samples() {
        let rows = witness.chain[0].len();
        for column in 0..witness.chain.len() {
            // The first rows, the last enabled ones and all beyond are among these.
            for row in (0..rows).step_by(3).chain([rows - 1]) {
                for by in [1, P - 1, 2, P - 2, 1 << 4, 1 << 8, 1 << 15, 1 << 16, P - (1 << 16)] {
                    let mut changed = witness.clone();
                    change(&mut changed.chain[column], row, by);
                    let bound = !faults(&statement, &changed).is_empty();
                    let free = is_free(&statement, &witness, column, row);
                    assert!(bound || free, "column {column}, row {row}, by {by}");
                }
            }
        }
        for column in 0..witness.table.len() {
            for row in 0..witness.table[0].len().min(40) {
                for by in [1, P - 1, 16, 1 << 30] {
                    let mut changed = witness.clone();
                    change(&mut changed.table[column], row, by);
                    assert_ne!(faults(&statement, &changed), BTreeSet::new(), "table {column}, row {row}, by {by}");
                }
            }
        }
    }
}

#[test]
fn random_double_changes_break_something() {
    let mut rng = SmallRng::seed_from_u64(2);
    for (statement, witness) in samples() {
        let mut tried = 0;
        while tried < 2000 {
            // Two cells of one row, by amounts that the equations' weights could make cancel.
            let row = rng.gen_range(0..witness.chain[0].len());
            let columns: [usize; 2] = std::array::from_fn(|_| rng.gen_range(0..witness.chain.len()));
            let free = columns.iter().all(|column| is_free(&statement, &witness, *column, row));
            if columns[0] == columns[1] || free {
                continue;
            }
            let mut changed = witness.clone();
            for column in columns {
                let power = 1u32 << rng.gen_range(0..31);
                change(&mut changed.chain[column], row, if rng.r#gen() { power } else { P - power });
            }
            assert_ne!(faults(&statement, &changed), BTreeSet::new(), "columns {columns:?}, row {row}");
            tried += 1;
        }
    }
}
