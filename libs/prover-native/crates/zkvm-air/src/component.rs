//! Components: instances of a family's constraints over 2^log_size rows, as the proof system sees them.

use std::sync::Arc;

use num_traits::Zero;
use stwo::core::ColumnVec;
use stwo::core::air::accumulation::PointEvaluationAccumulator;
use stwo::core::circle::CirclePoint;
use stwo::core::constraints::coset_vanishing;
use stwo::core::fields::FieldExpOps;
use stwo::core::fields::m31::BaseField;
use stwo::core::fields::qm31::{SECURE_EXTENSION_DEGREE, SecureField};
use stwo::core::pcs::TreeVec;
use stwo::core::poly::circle::CanonicCoset;

use crate::kind::{Family, FamilyVisitor, Kind};
use crate::relation::{Relation, Relations};
use crate::row::{Element, Extension, Pairing, Row};

/// Trees of a proof, in the order of their commitment.
pub const PREPROCESSED_TREE: usize = 0;
pub const MAIN_TREE: usize = 1;
pub const INTERACTION_TREE: usize = 2;

/// Values of a component's columns in one row (or at one point), and where its constraints go.
pub trait Evaluator {
    type F: Element;
    type EF: Extension<Self::F>;
    /// The next main column.
    fn main(&mut self) -> Self::F;
    /// The next preprocessed column.
    fn preprocessed(&mut self) -> Self::F;
    /// The next interaction column.
    fn interaction(&mut self) -> Self::EF;
    /// The next interaction column in the row before and in this row.
    fn interaction_with_previous(&mut self) -> (Self::EF, Self::EF);
    /// Takes a constraint over the base field.
    fn constraint(&mut self, value: Self::F);
    /// Takes a constraint over the extension field.
    fn extension_constraint(&mut self, value: Self::EF);
}

/// A row whose lookups become LogUp constraints.
///
/// Interaction column j holds the sum of the row's fractions 0..=j; the last one also the sum over all rows before,
/// less the mean claimed_sum / 2^log_size per row, which makes it periodic.
pub struct ConstraintRow<'a, E: Evaluator> {
    evaluator: E,
    relations: &'a Relations,
    pairing: Pairing<E::F, E::EF>,
    partial_sum: Option<E::EF>,
    fractions_left: usize,
    mean: SecureField,
}

impl<E: Evaluator> ConstraintRow<'_, E> {
    #[inline(always)]
    fn fraction(&mut self, (numerator, denominator): (E::EF, E::EF)) {
        self.fractions_left -= 1;
        let zero = E::EF::from(SecureField::zero());
        let before = self.partial_sum.unwrap_or(zero);
        let step = if self.fractions_left > 0 {
            let sum = self.evaluator.interaction();
            self.partial_sum = Some(sum);
            sum - before
        } else {
            let (previous_row, sum) = self.evaluator.interaction_with_previous();
            sum - previous_row - before + E::EF::from(self.mean)
        };
        self.evaluator.extension_constraint(step * denominator - numerator);
    }
}

impl<E: Evaluator> Row for ConstraintRow<'_, E> {
    type F = E::F;
    #[inline(always)]
    fn column(&mut self) -> E::F {
        self.evaluator.main()
    }
    #[inline(always)]
    fn preprocessed(&mut self) -> E::F {
        self.evaluator.preprocessed()
    }
    #[inline(always)]
    fn segment(&self) -> E::F {
        E::F::constant(self.relations.segment())
    }
    #[inline(always)]
    fn require_zero(&mut self, expression: E::F) {
        self.evaluator.constraint(expression);
    }
    #[inline(always)]
    fn lookup(&mut self, multiplicity: E::F, relation: Relation, tuple: &[E::F]) {
        let denominator = self.relations.denominator(relation, tuple);
        if let Some(fraction) = self.pairing.single(multiplicity, denominator) {
            self.fraction(fraction);
        }
    }
    #[inline(always)]
    fn replace(&mut self, multiplicity: E::F, relation: Relation, tuple: &[E::F], changes: &[(usize, E::F)]) {
        let fraction = self.relations.replacement(multiplicity, relation, tuple, changes);
        self.fraction(fraction);
    }
}

/// Applies all constraints of a family, those of the interaction trace included. `mean` is [`Component::mean`].
#[inline(always)]
pub fn evaluate<F: Family, E: Evaluator>(
    evaluator: E,
    relations: &Relations,
    fractions: usize,
    mean: SecureField,
) -> E {
    let pairing = Pairing::default();
    let mut row = ConstraintRow { evaluator, relations, pairing, partial_sum: None, fractions_left: fractions, mean };
    F::constrain(&mut row);
    if let Some(fraction) = row.pairing.rest() {
        row.fraction(fraction);
    }
    debug_assert_eq!(row.fractions_left, 0);
    row.evaluator
}

/// One component of a proof.
#[derive(Clone)]
pub struct Component {
    pub kind: Kind,
    pub log_size: u32,
    relations: Arc<Relations>,
    /// Sum of all its fractions, claimed by the prover.
    pub claimed_sum: SecureField,
    /// Where its columns start in the trees.
    preprocessed_start: usize,
    main_start: usize,
    interaction_start: usize,
}

impl Component {
    /// The components of a proof, their columns laid out one after another.
    pub fn all(kinds: &[(Kind, u32)], relations: Relations, claimed_sums: &[SecureField]) -> Vec<Self> {
        let relations = Arc::new(relations);
        let (mut preprocessed_start, mut main_start, mut interaction_start) = (0, 0, 0);
        let place = |(&(kind, log_size), &claimed_sum): (&(Kind, u32), &SecureField)| {
            let relations = relations.clone();
            let component =
                Self { kind, log_size, relations, claimed_sum, preprocessed_start, main_start, interaction_start };
            preprocessed_start += kind.preprocessed_columns();
            main_start += kind.shape().main_columns;
            interaction_start += kind.shape().interaction_columns();
            component
        };
        kinds.iter().zip(claimed_sums).map(place).collect()
    }

    /// The same layout without randomness: to know sizes before it is drawn.
    pub fn all_without_randomness(kinds: &[(Kind, u32)]) -> Vec<Self> {
        let zero = SecureField::zero();
        Self::all(kinds, Relations::new(zero, zero), &vec![zero; kinds.len()])
    }

    /// Positions of its columns in the three trees.
    pub fn columns(&self) -> [std::ops::Range<usize>; 3] {
        let shape = self.kind.shape();
        let range = |start: usize, length: usize| start..start + length;
        [
            range(self.preprocessed_start, self.kind.preprocessed_columns()),
            range(self.main_start, shape.main_columns),
            range(self.interaction_start, shape.interaction_columns()),
        ]
    }

    pub fn relations(&self) -> &Relations {
        &self.relations
    }

    /// claimed_sum / 2^log_size
    pub fn mean(&self) -> SecureField {
        self.claimed_sum / BaseField::from_u32_unchecked(1 << self.log_size)
    }
}

/// Evaluates constraints outside the domain, from the samples that the prover sent.
struct PointEvaluator<'a> {
    preprocessed: &'a [Vec<SecureField>],
    main: &'a [Vec<SecureField>],
    interaction: &'a [Vec<SecureField>],
    vanishing_inverse: SecureField,
    accumulator: &'a mut PointEvaluationAccumulator,
}

fn take<'a>(columns: &mut &'a [Vec<SecureField>]) -> &'a [SecureField] {
    let (first, rest) = columns.split_first().expect("the samples were checked against the component's columns");
    *columns = rest;
    first
}

impl Evaluator for PointEvaluator<'_> {
    type F = SecureField;
    type EF = SecureField;
    fn main(&mut self) -> SecureField {
        take(&mut self.main)[0]
    }
    fn preprocessed(&mut self) -> SecureField {
        take(&mut self.preprocessed)[0]
    }
    fn interaction(&mut self) -> SecureField {
        SecureField::from_partial_evals(std::array::from_fn(|_| take(&mut self.interaction)[0]))
    }
    fn interaction_with_previous(&mut self) -> (SecureField, SecureField) {
        let samples: [_; SECURE_EXTENSION_DEGREE] = std::array::from_fn(|_| take(&mut self.interaction));
        (
            SecureField::from_partial_evals(samples.map(|sample| sample[0])),
            SecureField::from_partial_evals(samples.map(|sample| sample[1])),
        )
    }
    fn constraint(&mut self, value: SecureField) {
        self.accumulator.accumulate(self.vanishing_inverse * value);
    }
    fn extension_constraint(&mut self, value: SecureField) {
        self.accumulator.accumulate(self.vanishing_inverse * value);
    }
}

impl stwo::core::air::Component for Component {
    fn n_constraints(&self) -> usize {
        self.kind.shape().constraints
    }

    /// Constraints have degree 3; divided by the vanishing polynomial, 2.
    fn max_constraint_log_degree_bound(&self) -> u32 {
        self.log_size + 1
    }

    fn trace_log_degree_bounds(&self) -> TreeVec<ColumnVec<u32>> {
        TreeVec::new(self.columns().map(|range| vec![self.log_size; range.len()]).to_vec())
    }

    fn mask_points(
        &self,
        point: CirclePoint<SecureField>,
        max_log_degree_bound: u32,
    ) -> TreeVec<ColumnVec<Vec<CirclePoint<SecureField>>>> {
        let shape = self.kind.shape();
        let step = CanonicCoset::new(max_log_degree_bound).step();
        let previous = point + step.mul_signed(-1).into_ef();
        let mut interaction = vec![vec![point]; shape.interaction_columns()];
        for column in interaction.iter_mut().rev().take(SECURE_EXTENSION_DEGREE) {
            *column = vec![previous, point];
        }
        // Which preprocessed columns are sampled follows from `preprocessed_column_indices`.
        TreeVec::new(vec![vec![], vec![vec![point]; shape.main_columns], interaction])
    }

    fn preprocessed_column_indices(&self) -> ColumnVec<usize> {
        self.columns()[PREPROCESSED_TREE].clone().collect()
    }

    fn evaluate_constraint_quotients_at_point(
        &self,
        point: CirclePoint<SecureField>,
        mask: &TreeVec<ColumnVec<Vec<SecureField>>>,
        accumulator: &mut PointEvaluationAccumulator,
        max_log_degree_bound: u32,
    ) {
        let [preprocessed, main, interaction] = self.columns();
        let vanishing_inverse = coset_vanishing(CanonicCoset::new(max_log_degree_bound).coset, point).inverse();
        let evaluator = PointEvaluator {
            preprocessed: &mask[PREPROCESSED_TREE][preprocessed],
            main: &mask[MAIN_TREE][main],
            interaction: &mask[INTERACTION_TREE][interaction],
            vanishing_inverse,
            accumulator,
        };
        struct AtPoint<'a, 'b>(&'a Component, PointEvaluator<'b>);
        impl FamilyVisitor for AtPoint<'_, '_> {
            type Output = ();
            fn visit<F: Family>(self) {
                let Self(component, evaluator) = self;
                evaluate::<F, _>(evaluator, &component.relations, component.kind.shape().fractions, component.mean());
            }
        }
        self.kind.dispatch(AtPoint(self, evaluator));
    }
}
