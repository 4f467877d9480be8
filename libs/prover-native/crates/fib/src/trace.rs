//! The prover's side of the AIR: filling its columns.

use num_traits::{One, Zero};
use rayon::prelude::*;
use stwo::core::fields::FieldExpOps;
use stwo::core::fields::m31::BaseField;
use stwo::core::fields::qm31::{SECURE_EXTENSION_DEGREE, SecureField};
use stwo::prover::backend::Column;
use stwo::prover::backend::simd::column::BaseColumn;
use stwo::prover::backend::simd::m31::{LOG_N_LANES, PackedM31};
use stwo::prover::backend::simd::prefix_sum::inclusive_prefix_sum;
use stwo::prover::backend::simd::qm31::PackedQM31;

use crate::air::{Challenges, Row, RowState, Rule, TABLE_COLUMNS, TABLE_FRACTIONS, chain_row, table_row};
use crate::shape::Shape;

/// The columns that are committed first. Rows may be in any order; they are in the chain's.
#[derive(Clone)]
pub(crate) struct Witness {
    pub chain: Vec<BaseColumn>,
    pub table: Vec<BaseColumn>,
}

impl Witness {
    /// Lays out a chain: `words` are halves, `shape.halves` a word, of which the first two are the first state and
    /// each further one is what a round computed. The number of rounds must fill the last row.
    pub fn of_words(shape: &Shape, words: &[u16]) -> Self {
        let length = words.len() / shape.halves - 2;
        let enabled_rows = length / shape.rounds_per_row;
        let mut chain: Vec<BaseColumn> =
            (0..shape.chain_columns()).map(|_| BaseColumn::zeros(1 << shape.log_rows)).collect();

        let word_half = |row: usize, word: usize, half: usize| {
            u32::from(words[(row * shape.rounds_per_row + word) * shape.halves + half])
        };
        let fill = |column: &mut BaseColumn, value: &dyn Fn(usize) -> u32| {
            for (row, cell) in column.as_mut_slice()[..enabled_rows].iter_mut().enumerate() {
                *cell = BaseField::from_u32_unchecked(value(row));
            }
        };
        let (head, limbs) = chain.split_at_mut(shape.head_columns());
        fill(&mut head[0], &|_| 1);
        fill(&mut head[1], &|row| (row * shape.rounds_per_row) as u32);
        for (at, column) in head[2..].iter_mut().enumerate() {
            fill(column, &|row| word_half(row, at / shape.halves, at % shape.halves));
        }

        let values = 1usize << shape.limb_bits;
        let padding_rows = (1u32 << shape.log_rows) - enabled_rows as u32;
        let times = limbs
            .par_iter_mut()
            .enumerate()
            .fold(
                || vec![0u32; values],
                |mut times, (at, column)| {
                    let (word, limb) = (at / shape.limbs_per_word() + 2, at % shape.limbs_per_word());
                    let (half, part) = (limb / shape.limbs_per_half(), limb % shape.limbs_per_half());
                    let shift = part as u32 * shape.limb_bits;
                    for (row, cell) in column.as_mut_slice()[..enabled_rows].iter_mut().enumerate() {
                        let limb = word_half(row, word, half) >> shift & (values as u32 - 1);
                        times[limb as usize] += 1;
                        *cell = BaseField::from_u32_unchecked(limb);
                    }
                    times[0] += padding_rows;
                    times
                },
            )
            .reduce(
                || vec![0u32; values],
                |mut sum, times| {
                    sum.iter_mut().zip(times).for_each(|(sum, times)| *sum += times);
                    sum
                },
            );
        let table = vec![
            (0..values as u32).map(BaseField::from_u32_unchecked).collect(),
            times.into_iter().map(BaseField::from_u32_unchecked).collect(),
        ];
        debug_assert_eq!(table.len(), TABLE_COLUMNS);
        Self { chain, table }
    }
}

/// The columns of the lookup argument of one component, and the component's sum.
pub(crate) struct Interaction {
    pub columns: Vec<BaseColumn>,
    pub sum: SecureField,
}

/// The chain's lookup columns.
pub(crate) fn chain_interaction(shape: &Shape, chain: &[BaseColumn], challenges: &Challenges) -> Interaction {
    interaction(chain, shape.log_rows, shape.chain_fractions(), challenges, |row| chain_row(row, shape))
}

/// The table's lookup columns.
pub(crate) fn table_interaction(shape: &Shape, table: &[BaseColumn], challenges: &Challenges) -> Interaction {
    interaction(table, shape.log_table_rows(), TABLE_FRACTIONS, challenges, |row| table_row(row))
}

/// Vectors of rows that are handled together: enough to share the cost of an inversion, few enough for the cache.
const CHUNK: usize = 32;

fn interaction(
    columns: &[BaseColumn],
    log_rows: u32,
    fractions: usize,
    challenges: &Challenges,
    describe: impl Fn(&mut PackedRow<'_>) + Sync,
) -> Interaction {
    let vectors = 1usize << (log_rows - LOG_N_LANES);
    let mut sums: Vec<BaseColumn> =
        (0..fractions * SECURE_EXTENSION_DEGREE).map(|_| BaseColumn::zeros(1 << log_rows)).collect();
    let mut chunks: Vec<Vec<&mut [PackedM31]>> =
        (0..vectors.div_ceil(CHUNK)).map(|_| Vec::with_capacity(sums.len())).collect();
    for column in &mut sums {
        for (chunk, part) in chunks.iter_mut().zip(column.data.chunks_mut(CHUNK)) {
            chunk.push(part);
        }
    }
    let total = chunks
        .into_par_iter()
        .enumerate()
        .map(|(at, mut chunk)| {
            let rows = chunk[0].len();
            let mut terms = Terms { numerators: vec![], denominators: vec![] };
            for row in 0..rows {
                let at = at * CHUNK + row;
                describe(&mut PackedRow { columns, at, next: 0, challenges, pending: None, terms: &mut terms });
            }
            let inverses = PackedQM31::batch_inverse(&terms.denominators);
            let mut terms = terms.numerators.into_iter().zip(inverses);
            let mut total = PackedQM31::zero();
            for row in 0..rows {
                let mut sum = PackedQM31::zero();
                for parts in chunk.chunks_exact_mut(SECURE_EXTENSION_DEGREE) {
                    let (numerator, inverse) = terms.next().expect("a row has as many terms as columns");
                    sum += numerator * inverse;
                    for (part, coordinate) in parts.iter_mut().zip(sum.into_packed_m31s()) {
                        part[row] = coordinate;
                    }
                }
                total += sum;
            }
            total
        })
        .reduce(PackedQM31::zero, |x, y| x + y);

    let sum = total.pointwise_sum();
    let shift = (sum * BaseField::from(1 << log_rows).inverse()).to_m31_array();
    let last = sums.split_off((fractions - 1) * SECURE_EXTENSION_DEGREE);
    sums.par_extend(last.into_par_iter().zip(shift).map(|(mut column, shift)| {
        let shift = PackedM31::broadcast(shift);
        column.data.iter_mut().for_each(|value| *value -= shift);
        inclusive_prefix_sum(column)
    }));
    Interaction { columns: sums, sum }
}

/// The fractions of a chunk of rows, in the order of rows and then columns.
struct Terms {
    numerators: Vec<PackedQM31>,
    denominators: Vec<PackedQM31>,
}

/// Presents a vector of rows of the witness and collects their fractions.
struct PackedRow<'a> {
    columns: &'a [BaseColumn],
    at: usize,
    next: usize,
    challenges: &'a Challenges,
    pending: Option<PackedQM31>,
    terms: &'a mut Terms,
}

impl PackedRow<'_> {
    #[inline(always)]
    fn term(&mut self, numerator: PackedQM31, denominator: PackedQM31) {
        self.terms.numerators.push(numerator);
        self.terms.denominators.push(denominator);
    }
}

impl Row for PackedRow<'_> {
    type F = PackedM31;

    #[inline(always)]
    fn cell(&mut self) -> PackedM31 {
        let cell = self.columns[self.next].data[self.at];
        self.next += 1;
        cell
    }

    #[inline(always)]
    fn require(&mut self, _: Rule, _: PackedM31) {}

    #[inline(always)]
    fn take_range(&mut self, limb: PackedM31) {
        let denominator = self.challenges.range_denominator(limb);
        match self.pending.take() {
            None => self.pending = Some(denominator),
            Some(first) => self.term(first + denominator, first * denominator),
        }
    }

    #[inline(always)]
    fn give_range(&mut self, value: PackedM31, times: PackedM31) {
        let denominator = self.challenges.range_denominator(value);
        self.term(-PackedQM31::from(times), denominator);
    }

    #[inline(always)]
    fn step_order(&mut self, value: PackedM31) {
        let taken: PackedQM31 = self.challenges.order_denominator(value);
        self.term(PackedQM31::one(), taken * (taken + BaseField::one()));
    }

    #[inline(always)]
    fn step_state<const H: usize>(
        &mut self,
        enabled: PackedM31,
        from: &RowState<PackedM31, H>,
        to: &RowState<PackedM31, H>,
    ) {
        let taken: PackedQM31 = self.challenges.state_denominator(from);
        let given: PackedQM31 = self.challenges.state_denominator(to);
        self.term((given - taken) * enabled, taken * given);
    }
}
