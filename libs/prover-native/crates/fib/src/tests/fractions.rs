//! The lookup argument's own columns: for each of their constraints, columns that break it and nothing else.

use std::collections::BTreeSet;

use num_traits::{One, Zero};
use stwo::core::fields::m31::BaseField;
use stwo::core::fields::qm31::SecureField;
use stwo::core::utils::{bit_reverse_index, coset_index_to_circle_domain_index};
use stwo::prover::backend::Column;
use stwo::prover::backend::simd::column::BaseColumn;

use super::cheater::{Lookups, cheat};
use super::{config, fast_fib, fib, honest_words, shape_of, statement_of, verify_bytes};
use crate::air::{Challenges, Row, RowState, Rule, TABLE_FRACTIONS, chain_row, table_row};
use crate::program::Computation;
use crate::trace::{Interaction, Witness};

/// A row's fractions, numerator and denominator.
struct FractionRow<'a> {
    columns: &'a [BaseColumn],
    at: usize,
    next: usize,
    challenges: &'a Challenges,
    pending: Option<SecureField>,
    fractions: Vec<(SecureField, SecureField)>,
}

impl Row for FractionRow<'_> {
    type F = BaseField;

    fn cell(&mut self) -> BaseField {
        self.next += 1;
        self.columns[self.next - 1].at(self.at)
    }

    fn require(&mut self, _: Rule, _: BaseField) {}

    fn take_range(&mut self, limb: BaseField) {
        let denominator: SecureField = self.challenges.range_denominator(limb);
        match self.pending.take() {
            None => self.pending = Some(denominator),
            Some(first) => self.fractions.push((first + denominator, first * denominator)),
        }
    }

    fn give_range(&mut self, value: BaseField, times: BaseField) {
        self.fractions.push((-SecureField::from(times), self.challenges.range_denominator(value)));
    }

    fn step_order(&mut self, value: BaseField) {
        let [taken, given]: [SecureField; 2] =
            [value, value + BaseField::one()].map(|value| self.challenges.order_denominator(value));
        self.fractions.push((given - taken, taken * given));
    }

    fn step_state<const H: usize>(
        &mut self,
        enabled: BaseField,
        from: &RowState<BaseField, H>,
        to: &RowState<BaseField, H>,
    ) {
        let [taken, given]: [SecureField; 2] = [from, to].map(|state| self.challenges.state_denominator(state));
        self.fractions.push(((given - taken) * enabled, taken * given));
    }
}

fn at(columns: &[BaseColumn], fraction: usize, row: usize) -> SecureField {
    SecureField::from_m31_array(std::array::from_fn(|coordinate| columns[4 * fraction + coordinate].at(row)))
}

fn add(columns: &mut [BaseColumn], fraction: usize, row: usize, value: SecureField) {
    for (coordinate, value) in value.to_m31_array().into_iter().enumerate() {
        let column = &mut columns[4 * fraction + coordinate];
        let sum = column.at(row) + value;
        column.set(row, sum);
    }
}

/// Where the row that is `index`-th in the order of the sums lies in memory.
fn position(index: usize, log_rows: u32) -> usize {
    bit_reverse_index(coset_index_to_circle_domain_index(index, log_rows), log_rows)
}

/// The numbers of the fractions whose constraint is broken in some row.
fn broken(
    witness: &[BaseColumn],
    interaction: &Interaction,
    challenges: &Challenges,
    describe: impl Fn(&mut FractionRow<'_>),
) -> BTreeSet<usize> {
    let rows = witness[0].len();
    let log_rows = rows.ilog2();
    let shift = interaction.sum * BaseField::from(rows as u32).inverse();
    let mut broken = BTreeSet::new();
    for index in 0..rows {
        let here = position(index, log_rows);
        let before = position((index + rows - 1) % rows, log_rows);
        let mut row = FractionRow { columns: witness, at: here, next: 0, challenges, pending: None, fractions: vec![] };
        describe(&mut row);
        let last = row.fractions.len() - 1;
        let mut sum = SecureField::zero();
        for (fraction, (numerator, denominator)) in row.fractions.into_iter().enumerate() {
            let here = at(&interaction.columns, fraction, here);
            let added = match fraction == last {
                true => here - at(&interaction.columns, fraction, before) - sum + shift,
                false => here - sum,
            };
            if added * denominator != numerator {
                broken.insert(fraction);
            }
            sum = here;
        }
    }
    broken
}

/// Adds `value` to what one fraction contributes in the row that is `from`-th in the order of the sums and takes it
/// back in the `to`-th, leaving all other contributions and the component's sum as they are.
fn smuggle(columns: &mut [BaseColumn], fraction: usize, from: usize, to: usize, value: SecureField) {
    let log_rows = columns[0].len().ilog2();
    let last = columns.len() / 4 - 1;
    for later in fraction..last {
        add(columns, later, position(from, log_rows), value);
        add(columns, later, position(to, log_rows), -value);
    }
    for index in from..to {
        add(columns, last, position(index, log_rows), value);
    }
}

/// Makes the honest lookup columns of a computation, lets `change` at them, and returns which fractions of chain and
/// table are broken and whether the verifier accepts.
fn with_changed_columns(
    computation: &Computation,
    change: impl FnOnce(&mut Interaction, &mut Interaction),
) -> (BTreeSet<usize>, BTreeSet<usize>, bool) {
    let shape = shape_of(computation);
    let words = honest_words(computation);
    let witness = Witness::of_words(&shape, &words);
    let statement = statement_of(computation, &words);
    let mut faults = (BTreeSet::new(), BTreeSet::new());
    let proof = cheat(&statement, &witness, config(), |Lookups { challenges, chain, table, .. }| {
        change(chain, table);
        faults.0 = broken(&witness.chain, chain, challenges, |row| chain_row(row, &shape));
        faults.1 = broken(&witness.table, table, challenges, |row| table_row(row));
    });
    let accepted = verify_bytes(computation, &statement.result, &proof).is_ok();
    (faults.0, faults.1, accepted)
}

fn samples() -> Vec<Computation> {
    vec![fib(9, 1, 1), fib(100, 1, 2), fib(5000, 3, 4), fast_fib(60)]
}

#[test]
fn honest_columns_break_nothing() {
    for computation in samples() {
        let none = BTreeSet::new();
        assert_eq!(with_changed_columns(&computation, |_, _| ()), (none.clone(), none, true));
    }
}

#[test]
fn each_fraction_of_the_chain_is_bound() {
    let value = SecureField::from_u32_unchecked(1, 2, 3, 4);
    for computation in samples() {
        for fraction in 0..shape_of(&computation).chain_fractions() {
            let outcome = with_changed_columns(&computation, |chain, _| {
                smuggle(&mut chain.columns, fraction, 3, 17, value);
            });
            assert_eq!(outcome, (BTreeSet::from([fraction]), BTreeSet::new(), false), "{computation:?}");
        }
    }
}

#[test]
fn each_fraction_of_the_table_is_bound() {
    let value = SecureField::from_u32_unchecked(0, 0, 0, 1);
    for computation in samples() {
        for fraction in 0..TABLE_FRACTIONS {
            let outcome = with_changed_columns(&computation, |_, table| {
                smuggle(&mut table.columns, fraction, 0, 9, value);
            });
            assert_eq!(outcome, (BTreeSet::new(), BTreeSet::from([fraction]), false), "{computation:?}");
        }
    }
}

#[test]
fn sums_cannot_be_moved_between_the_components() {
    for computation in samples() {
        let (chain, table, accepted) = with_changed_columns(&computation, |chain, table| {
            chain.sum += SecureField::one();
            table.sum -= SecureField::one();
        });
        let last = shape_of(&computation).chain_fractions() - 1;
        assert_eq!((chain, table), (BTreeSet::from([last]), BTreeSet::from([TABLE_FRACTIONS - 1])));
        assert!(!accepted);
    }
}
