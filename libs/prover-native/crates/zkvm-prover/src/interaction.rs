//! The interaction trace: each component's LogUp fractions, accumulated.

use std::ops::Range;

use num_traits::Zero;
use provefleet_zkvm_air::kind::{Family, FamilyVisitor, Kind};
use provefleet_zkvm_air::relation::{Relation, Relations};
use provefleet_zkvm_air::row::{Pairing, Row};
use rayon::prelude::*;
use stwo::core::fields::FieldExpOps;
use stwo::core::fields::m31::BaseField;
use stwo::core::fields::qm31::SecureField;
use stwo::prover::backend::simd::column::BaseColumn;
use stwo::prover::backend::simd::m31::PackedM31;
use stwo::prover::backend::simd::prefix_sum::inclusive_prefix_sum;
use stwo::prover::backend::simd::qm31::PackedQM31;

use crate::packed::ColumnWriter;

/// Vectors of rows whose denominators are inverted together.
const BATCH: usize = 32;

/// Row that collects the fractions of one vector of rows.
struct FractionRow<'a> {
    main: &'a [BaseColumn],
    preprocessed: &'a [BaseColumn],
    vector: usize,
    next_main: usize,
    next_preprocessed: usize,
    relations: &'a Relations,
    pairing: Pairing<PackedM31, PackedQM31>,
    numerators: &'a mut Vec<PackedQM31>,
    denominators: &'a mut Vec<PackedQM31>,
}

impl FractionRow<'_> {
    #[inline(always)]
    fn push(&mut self, (numerator, denominator): (PackedQM31, PackedQM31)) {
        self.numerators.push(numerator);
        self.denominators.push(denominator);
    }
}

impl Row for FractionRow<'_> {
    type F = PackedM31;
    #[inline(always)]
    fn column(&mut self) -> PackedM31 {
        self.next_main += 1;
        self.main[self.next_main - 1].data[self.vector]
    }
    #[inline(always)]
    fn preprocessed(&mut self) -> PackedM31 {
        self.next_preprocessed += 1;
        self.preprocessed[self.next_preprocessed - 1].data[self.vector]
    }
    #[inline(always)]
    fn segment(&self) -> PackedM31 {
        PackedM31::broadcast(BaseField::from_u32_unchecked(self.relations.segment()))
    }
    #[inline(always)]
    fn require_zero(&mut self, _: PackedM31) {}
    #[inline(always)]
    fn lookup(&mut self, multiplicity: PackedM31, relation: Relation, tuple: &[PackedM31]) {
        if let Some(fraction) = self.pairing.single(multiplicity, self.relations.denominator(relation, tuple)) {
            self.push(fraction);
        }
    }
    #[inline(always)]
    fn replace(
        &mut self,
        multiplicity: PackedM31,
        relation: Relation,
        tuple: &[PackedM31],
        changes: &[(usize, PackedM31)],
    ) {
        let fraction = self.relations.replacement(multiplicity, relation, tuple, changes);
        self.push(fraction);
    }
}

/// What the interaction columns of a component are made from.
pub struct InteractionInput<'a> {
    pub kind: Kind,
    pub log_size: u32,
    pub main: &'a [BaseColumn],
    pub preprocessed: &'a [BaseColumn],
    pub relations: &'a Relations,
}

impl InteractionInput<'_> {
    /// Interaction columns of the component and the sum of all its fractions.
    pub fn columns(&self) -> (Vec<BaseColumn>, SecureField) {
        let fractions = self.kind.shape().fractions;
        let writer = ColumnWriter::new(4 * fractions, self.log_size);
        let claimed_sum = self.kind.dispatch(FillPartialSums { input: self, writer: &writer }).pointwise_sum();
        let mut columns = writer.finish();
        // The last column also runs over rows, less the mean, so that it ends where it began.
        let mean = (claimed_sum / BaseField::from_u32_unchecked(1 << self.log_size)).to_m31_array();
        let last = columns.split_off(4 * (fractions - 1));
        columns.par_extend(last.into_par_iter().zip(mean).map(|(mut column, mean)| {
            let mean = PackedM31::broadcast(mean);
            for value in &mut column.data {
                *value -= mean;
            }
            inclusive_prefix_sum(column)
        }));
        (columns, claimed_sum)
    }
}

/// Writes each row's partial sums; returns the sum of all rows by lane.
struct FillPartialSums<'a> {
    input: &'a InteractionInput<'a>,
    writer: &'a ColumnWriter,
}

impl FamilyVisitor for FillPartialSums<'_> {
    type Output = PackedQM31;

    fn visit<F: Family>(self) -> PackedQM31 {
        let Self { input, writer } = self;
        let vectors = writer.vectors();
        let batch_sum = |batch: usize| {
            let range = batch * BATCH..((batch + 1) * BATCH).min(vectors);
            fill_batch::<F>(input, writer, range)
        };
        (0..vectors.div_ceil(BATCH)).into_par_iter().map(batch_sum).reduce(PackedQM31::zero, |left, right| left + right)
    }
}

/// The partial sums of a range of vectors, with one inversion for all their denominators.
fn fill_batch<F: Family>(input: &InteractionInput, writer: &ColumnWriter, range: Range<usize>) -> PackedQM31 {
    let fractions = input.kind.shape().fractions;
    let capacity = range.len() * fractions;
    let (mut numerators, mut denominators) = (Vec::with_capacity(capacity), Vec::with_capacity(capacity));
    for vector in range.clone() {
        let mut row = FractionRow {
            main: input.main,
            preprocessed: input.preprocessed,
            vector,
            next_main: 0,
            next_preprocessed: 0,
            relations: input.relations,
            pairing: Pairing::default(),
            numerators: &mut numerators,
            denominators: &mut denominators,
        };
        F::constrain(&mut row);
        if let Some(fraction) = row.pairing.rest() {
            row.push(fraction);
        }
    }
    let inverses = PackedQM31::batch_inverse(&denominators);
    let mut total = PackedQM31::zero();
    let mut values = numerators.iter().zip(&inverses).map(|(&numerator, &inverse)| numerator * inverse);
    for vector in range {
        let mut sum = PackedQM31::zero();
        for (fraction, value) in values.by_ref().take(fractions).enumerate() {
            sum += value;
            for (coordinate, value) in sum.into_packed_m31s().into_iter().enumerate() {
                // SAFETY: batches are disjoint ranges of vectors, and this thread alone has this batch.
                unsafe { writer.write(4 * fraction + coordinate, vector, value) };
            }
        }
        total += sum;
    }
    total
}
