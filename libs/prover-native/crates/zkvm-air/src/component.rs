//! Components: instances of a family's constraints over 2^log_size rows, as the proof system sees them.

use std::sync::{Arc, LazyLock};

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

use crate::families::{
    arithmetic, bitwise, branch, compare, divide, jump, load_store, memory, multiply, shift, tables,
};
use crate::relation::{Relation, Relations};
use crate::row::{Element, Extension, Pairing, Row};

/// Smallest log size of a component; SIMD columns need it.
pub const MIN_LOG_SIZE: u32 = 5;

/// Trees of a proof, in the order of their commitment.
pub const PREPROCESSED_TREE: usize = 0;
pub const MAIN_TREE: usize = 1;
pub const INTERACTION_TREE: usize = 2;

/// What a component constrains. The order is that of components in a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    Add,
    AddImmediate,
    Move,
    Compare,
    Bitwise,
    Shift,
    BranchEqual,
    BranchZero,
    BranchLess,
    Constant,
    Jump,
    JumpRegister,
    Word,
    LoadNarrow,
    StoreNarrow,
    Multiply,
    MultiplyHigh,
    Divide,
    DynamicMemory,
    Hint,
    Bridge,
    SegmentMemory,
    Rom,
    Image,
    Range16,
    Range14,
    Bytes,
    ByteShift,
}

impl Kind {
    pub const COUNT: usize = 28;

    /// Every kind, in order.
    #[rustfmt::skip]
    pub const ALL: [Kind; Self::COUNT] = {
        use Kind::*;
        [
            Add, AddImmediate, Move, Compare, Bitwise, Shift, BranchEqual, BranchZero, BranchLess, Constant, Jump,
            JumpRegister, Word, LoadNarrow, StoreNarrow, Multiply, MultiplyHigh, Divide, DynamicMemory, Hint, Bridge,
            SegmentMemory, Rom, Image, Range16, Range14, Bytes, ByteShift,
        ]
    };

    /// The kind with that number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Whether each row is a step of the machine.
    pub fn is_step(self) -> bool {
        self <= Kind::Divide
    }

    /// Whether it is a table: present at most once, of a size that the program or this crate fixes.
    pub fn is_table(self) -> bool {
        self >= Kind::Rom
    }

    pub fn preprocessed_columns(self) -> usize {
        match self {
            Kind::Rom => 8,
            Kind::Image => 3,
            Kind::Range16 | Kind::Range14 => 1,
            Kind::Bytes => 5,
            Kind::ByteShift => 4,
            _ => 0,
        }
    }

    /// Names of the main columns, for messages.
    pub fn column_names(self) -> Vec<String> {
        let multiplicities = |count: usize| (0..count).map(|i| format!("multiplicity[{i}]")).collect();
        match self {
            Kind::Add => arithmetic::AddColumns::names(),
            Kind::AddImmediate => arithmetic::AddImmediateColumns::names(),
            Kind::Move => arithmetic::MoveColumns::names(),
            Kind::Compare => compare::CompareColumns::names(),
            Kind::Bitwise => bitwise::BitwiseColumns::names(),
            Kind::Shift => shift::ShiftColumns::names(),
            Kind::BranchEqual => branch::BranchEqualColumns::names(),
            Kind::BranchZero => branch::BranchZeroColumns::names(),
            Kind::BranchLess => branch::BranchLessColumns::names(),
            Kind::Constant => jump::ConstantColumns::names(),
            Kind::Jump => jump::JumpColumns::names(),
            Kind::JumpRegister => jump::JumpRegisterColumns::names(),
            Kind::Word => load_store::WordColumns::names(),
            Kind::LoadNarrow => load_store::LoadNarrowColumns::names(),
            Kind::StoreNarrow => load_store::StoreNarrowColumns::names(),
            Kind::Multiply => multiply::MultiplyColumns::names(),
            Kind::MultiplyHigh => multiply::MultiplyHighColumns::names(),
            Kind::Divide => divide::DivideColumns::names(),
            Kind::DynamicMemory => memory::DynamicMemoryColumns::names(),
            Kind::Hint => memory::HintColumns::names(),
            Kind::Bridge => memory::BridgeColumns::names(),
            Kind::SegmentMemory => memory::SegmentMemoryColumns::names(),
            Kind::Image => memory::ImageColumns::names(),
            Kind::Rom | Kind::ByteShift => multiplicities(1),
            Kind::Range16 => multiplicities(tables::RANGE_16_WIDTH),
            Kind::Range14 => multiplicities(tables::RANGE_14_WIDTH),
            Kind::Bytes => multiplicities(2 * tables::BYTES_WIDTH),
        }
    }

    /// Applies the component's constraints to one row. In loops over rows use [`Kind::dispatch`], outside the loop.
    pub fn constrain<R: Row>(self, row: &mut R) {
        struct One<'a, R>(&'a mut R);
        impl<R: Row> FamilyVisitor for One<'_, R> {
            type Output = ();
            fn visit<F: Family>(self) {
                F::constrain(self.0);
            }
        }
        self.dispatch(One(row));
    }

    /// Numbers of columns and constraints, counted once from the constraints themselves.
    pub fn shape(self) -> ComponentShape {
        static SHAPES: LazyLock<[ComponentShape; Kind::COUNT]> = LazyLock::new(|| {
            Kind::ALL.map(|kind| {
                let mut counter = Counter::default();
                kind.constrain(&mut counter);
                debug_assert_eq!(counter.preprocessed, kind.preprocessed_columns());
                let fractions = counter.replacements + counter.lookups.div_ceil(2);
                ComponentShape { main_columns: counter.columns, fractions, constraints: counter.zeros + fractions }
            })
        });
        SHAPES[self as usize]
    }
}

/// A family's constraints as a type, so that loops over rows are compiled for each family.
pub trait Family {
    fn constrain<R: Row>(row: &mut R);
}

/// Work that is generic over a family.
pub trait FamilyVisitor {
    type Output;
    fn visit<F: Family>(self) -> Self::Output;
}

macro_rules! families {
    ($($kind:ident: $constraints:path,)*) => {
        /// One type for each [`Kind`].
        mod family {
            $(pub struct $kind;)*
        }

        $(impl Family for family::$kind {
            #[inline(always)]
            fn constrain<R: Row>(row: &mut R) {
                $constraints(row);
            }
        })*

        impl Kind {
            /// Calls the visitor with this kind's family.
            pub fn dispatch<V: FamilyVisitor>(self, visitor: V) -> V::Output {
                match self {
                    $(Kind::$kind => visitor.visit::<family::$kind>(),)*
                }
            }
        }
    };
}

families! {
    Add: arithmetic::add,
    AddImmediate: arithmetic::add_immediate,
    Move: arithmetic::move_register,
    Compare: compare::compare,
    Bitwise: bitwise::bitwise,
    Shift: shift::shift,
    BranchEqual: branch::branch_equal,
    BranchZero: branch::branch_zero,
    BranchLess: branch::branch_less,
    Constant: jump::constant,
    Jump: jump::jump,
    JumpRegister: jump::jump_register,
    Word: load_store::word,
    LoadNarrow: load_store::load_narrow,
    StoreNarrow: load_store::store_narrow,
    Multiply: multiply::multiply,
    MultiplyHigh: multiply::multiply_high,
    Divide: divide::divide,
    DynamicMemory: memory::dynamic_memory,
    Hint: memory::hint,
    Bridge: memory::bridge,
    SegmentMemory: memory::segment_memory,
    Rom: tables::rom,
    Image: memory::image,
    Range16: tables::range_16,
    Range14: tables::range_14,
    Bytes: tables::bytes,
    ByteShift: tables::byte_shift,
}

/// Numbers of a component's columns and constraints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComponentShape {
    pub main_columns: usize,
    /// LogUp fractions accumulated per row; each has an extension field column.
    pub fractions: usize,
    pub constraints: usize,
}

impl ComponentShape {
    pub fn interaction_columns(self) -> usize {
        SECURE_EXTENSION_DEGREE * self.fractions
    }

    /// Committed base field cells per row, preprocessed columns aside.
    pub fn cells(self) -> usize {
        self.main_columns + self.interaction_columns()
    }
}

/// Row that counts what is asked of it.
#[derive(Default)]
struct Counter {
    columns: usize,
    preprocessed: usize,
    zeros: usize,
    lookups: usize,
    replacements: usize,
}

impl Row for Counter {
    type F = BaseField;
    fn column(&mut self) -> BaseField {
        self.columns += 1;
        BaseField::zero()
    }
    fn preprocessed(&mut self) -> BaseField {
        self.preprocessed += 1;
        BaseField::zero()
    }
    fn segment(&self) -> BaseField {
        BaseField::zero()
    }
    fn require_zero(&mut self, _: BaseField) {
        self.zeros += 1;
    }
    fn lookup(&mut self, _: BaseField, _: Relation, _: &[BaseField]) {
        self.lookups += 1;
    }
    fn replace(&mut self, _: BaseField, _: Relation, _: &[BaseField], _: &[(usize, BaseField)]) {
        self.replacements += 1;
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cover_all_columns() {
        for (number, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, number);
            assert_eq!(Kind::from_number(number as u8), Some(kind));
            assert_eq!(kind.column_names().len(), kind.shape().main_columns, "{kind:?}");
        }
        assert_eq!(Kind::from_number(Kind::COUNT as u8), None);
    }

    /// Cost is proportional to cells, so a change here is a change of speed and proof size. Update docs/zkvm.md with it.
    #[test]
    fn cells_per_row_are_as_documented() {
        let cells = |kind: Kind| kind.shape().cells();
        let expected = [
            (Kind::Add, 45),
            (Kind::AddImmediate, 39),
            (Kind::Move, 31),
            (Kind::Compare, 58),
            (Kind::Bitwise, 62),
            (Kind::Shift, 85),
            (Kind::BranchEqual, 36),
            (Kind::BranchZero, 24),
            (Kind::BranchLess, 47),
            (Kind::Constant, 22),
            (Kind::Jump, 12),
            (Kind::JumpRegister, 42),
            (Kind::Word, 49),
            (Kind::LoadNarrow, 61),
            (Kind::StoreNarrow, 60),
            (Kind::Multiply, 63),
            (Kind::MultiplyHigh, 90),
            (Kind::Divide, 100),
            (Kind::DynamicMemory, 24),
            (Kind::Hint, 19),
            (Kind::Bridge, 20),
            (Kind::SegmentMemory, 20),
        ];
        for (kind, count) in expected {
            assert_eq!(cells(kind), count, "{kind:?}");
        }
    }
}
