//! A scalar reading of the AIR: evaluates every rule in every row and counts every relation, and says what is broken.

use std::collections::{BTreeSet, HashMap};

use num_traits::{One, Zero};
use stwo::core::fields::m31::BaseField;
use stwo::prover::backend::Column;
use stwo::prover::backend::simd::column::BaseColumn;

use super::{attack, honest_words, one_of_each_layout, shape_of, statement_of};
use crate::air::{Row, RowState, Rule, chain_row, table_row};
use crate::shape::State;
use crate::statement::Statement;
use crate::trace::Witness;

/// What a witness can be wrong in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// A polynomial rule is broken in some row.
    Rule(Rule),
    /// Some limb is taken more or less often than it is given.
    Range,
    /// Some table value is.
    Order,
    /// Some state is.
    State,
}

/// Everything that is wrong with a witness for a statement.
pub(crate) fn faults(statement: &Statement, witness: &Witness) -> BTreeSet<Fault> {
    let shape = statement.shape();
    let mut count = Count::default();
    for at in 0..1 << shape.log_rows {
        chain_row(&mut ScalarRow { columns: &witness.chain, at, next: 0, count: &mut count }, &shape);
    }
    for at in 0..1 << shape.log_table_rows() {
        table_row(&mut ScalarRow { columns: &witness.table, at, next: 0, count: &mut count });
    }
    let ends = statement.ends(&shape);
    let public = |state: &State| {
        let half = |half: &u16| u32::from(*half);
        let words = state.a[..shape.halves].iter().chain(&state.b[..shape.halves]).map(half);
        std::iter::once(state.round).chain(words).collect::<Vec<_>>()
    };
    *count.states.entry(public(&ends.first)).or_default() -= BaseField::one();
    *count.states.entry(public(&ends.last)).or_default() += BaseField::one();
    *count.orders.entry(0).or_default() -= BaseField::one();
    *count.orders.entry(1 << shape.limb_bits).or_default() += BaseField::one();

    let mut faults: BTreeSet<Fault> = count.broken.into_iter().map(Fault::Rule).collect();
    let balances: [(Fault, Vec<BaseField>); 3] = [
        (Fault::Range, count.ranges.into_values().collect()),
        (Fault::Order, count.orders.into_values().collect()),
        (Fault::State, count.states.into_values().collect()),
    ];
    let unbalanced = balances.into_iter().filter(|(_, counts)| counts.iter().any(|count| !count.is_zero()));
    faults.extend(unbalanced.map(|(fault, _)| fault));
    faults
}

#[derive(Default)]
struct Count {
    broken: BTreeSet<Rule>,
    ranges: HashMap<u32, BaseField>,
    orders: HashMap<u32, BaseField>,
    states: HashMap<Vec<u32>, BaseField>,
}

struct ScalarRow<'a> {
    columns: &'a [BaseColumn],
    at: usize,
    next: usize,
    count: &'a mut Count,
}

impl Row for ScalarRow<'_> {
    type F = BaseField;

    fn cell(&mut self) -> BaseField {
        self.next += 1;
        self.columns[self.next - 1].at(self.at)
    }

    fn require(&mut self, rule: Rule, value: BaseField) {
        if !value.is_zero() {
            self.count.broken.insert(rule);
        }
    }

    fn take_range(&mut self, limb: BaseField) {
        *self.count.ranges.entry(limb.0).or_default() += BaseField::one();
    }

    fn give_range(&mut self, value: BaseField, times: BaseField) {
        *self.count.ranges.entry(value.0).or_default() -= times;
    }

    fn step_order(&mut self, value: BaseField) {
        *self.count.orders.entry(value.0).or_default() += BaseField::one();
        *self.count.orders.entry((value + BaseField::one()).0).or_default() -= BaseField::one();
    }

    fn step_state<const H: usize>(
        &mut self,
        enabled: BaseField,
        from: &RowState<BaseField, H>,
        to: &RowState<BaseField, H>,
    ) {
        let tuple = |state: &RowState<BaseField, H>| {
            std::iter::once(&state.round).chain(&state.a).chain(&state.b).map(|part| part.0).collect::<Vec<_>>()
        };
        *self.count.states.entry(tuple(from)).or_default() += enabled;
        *self.count.states.entry(tuple(to)).or_default() -= enabled;
    }
}

#[test]
fn honest_witnesses_have_no_faults_and_are_accepted() {
    for computation in one_of_each_layout() {
        let words = honest_words(&computation);
        let statement = statement_of(&computation, &words);
        let witness = Witness::of_words(&shape_of(&computation), &words);
        assert_eq!(faults(&statement, &witness), BTreeSet::new(), "{computation:?}");
        assert_eq!(attack(&statement, &witness), Ok(()), "{computation:?}");
    }
}

#[test]
fn every_layout_is_among_the_samples() {
    let mut seen = BTreeSet::new();
    for computation in one_of_each_layout() {
        let shape = shape_of(&computation);
        let order = shape.log_rows.cmp(&shape.log_table_rows());
        seen.insert((shape.halves, shape.limb_bits, order, shape.rounds_per_row > 1));
    }
    use std::cmp::Ordering::{Equal, Greater, Less};
    for layout in [
        (2, 4, Greater, false),
        (2, 4, Greater, true),
        (2, 8, Equal, true),
        (2, 16, Less, true),
        (12, 8, Less, false),
        (12, 8, Equal, false),
    ] {
        assert!(seen.contains(&layout), "{layout:?} is not in {seen:?}");
    }
}
