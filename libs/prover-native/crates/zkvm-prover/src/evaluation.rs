//! Evaluation of constraints over the extended trace.

use std::ops::Range;

use num_traits::Zero;
use provefleet_zkvm_air::Component;
use provefleet_zkvm_air::component::{Evaluator, INTERACTION_TREE, MAIN_TREE, PREPROCESSED_TREE, evaluate};
use provefleet_zkvm_air::kind::{Family, FamilyVisitor};
use rayon::prelude::*;
use stwo::core::ColumnVec;
use stwo::core::air::Component as AirComponent;
use stwo::core::air::accumulation::PointEvaluationAccumulator;
use stwo::core::circle::CirclePoint;
use stwo::core::constraints::coset_vanishing;
use stwo::core::fields::m31::BaseField;
use stwo::core::fields::qm31::SecureField;
use stwo::core::pcs::TreeVec;
use stwo::core::poly::circle::CanonicCoset;
use stwo::core::utils::{bit_reverse, offset_bit_reversed_circle_domain_index};
use stwo::prover::backend::Column;
use stwo::prover::backend::simd::SimdBackend;
use stwo::prover::backend::simd::column::BaseColumn;
use stwo::prover::backend::simd::m31::PackedM31;
use stwo::prover::backend::simd::qm31::PackedQM31;
use stwo::prover::secure_column::SecureColumnByCoords;
use stwo::prover::{ComponentProver, DomainEvaluationAccumulator, EvaluationMode, Trace};

use crate::packed::{LANES, LOG_LANES};

/// A component that can also be proven.
pub struct ProverComponent(pub Component);

impl AirComponent for ProverComponent {
    fn n_constraints(&self) -> usize {
        self.0.n_constraints()
    }
    fn max_constraint_log_degree_bound(&self) -> u32 {
        self.0.max_constraint_log_degree_bound()
    }
    fn trace_log_degree_bounds(&self) -> TreeVec<ColumnVec<u32>> {
        self.0.trace_log_degree_bounds()
    }
    fn mask_points(
        &self,
        point: CirclePoint<SecureField>,
        max_log_degree_bound: u32,
    ) -> TreeVec<ColumnVec<Vec<CirclePoint<SecureField>>>> {
        self.0.mask_points(point, max_log_degree_bound)
    }
    fn preprocessed_column_indices(&self) -> ColumnVec<usize> {
        self.0.preprocessed_column_indices()
    }
    fn evaluate_constraint_quotients_at_point(
        &self,
        point: CirclePoint<SecureField>,
        mask: &TreeVec<ColumnVec<Vec<SecureField>>>,
        accumulator: &mut PointEvaluationAccumulator,
        max_log_degree_bound: u32,
    ) {
        self.0.evaluate_constraint_quotients_at_point(point, mask, accumulator, max_log_degree_bound);
    }
}

/// Evaluates constraints on one vector of rows of the evaluation domain.
struct VectorEvaluator<'a> {
    preprocessed: std::slice::Iter<'a, &'a BaseColumn>,
    main: std::slice::Iter<'a, &'a BaseColumn>,
    interaction: std::slice::Iter<'a, &'a BaseColumn>,
    vector: usize,
    /// Rows of the evaluation domain that hold the previous row of the trace for each lane.
    previous_rows: [usize; LANES],
    /// Powers of the random coefficient, in the order of constraints.
    coefficients: std::slice::Iter<'a, PackedQM31>,
    sum: PackedQM31,
}

fn next<'a>(columns: &mut std::slice::Iter<'a, &'a BaseColumn>) -> &'a BaseColumn {
    columns.next().expect("the component has this column")
}

impl Evaluator for VectorEvaluator<'_> {
    type F = PackedM31;
    type EF = PackedQM31;
    #[inline(always)]
    fn main(&mut self) -> PackedM31 {
        next(&mut self.main).data[self.vector]
    }
    #[inline(always)]
    fn preprocessed(&mut self) -> PackedM31 {
        next(&mut self.preprocessed).data[self.vector]
    }
    #[inline(always)]
    fn interaction(&mut self) -> PackedQM31 {
        PackedQM31::from_packed_m31s(std::array::from_fn(|_| next(&mut self.interaction).data[self.vector]))
    }
    #[inline(always)]
    fn interaction_with_previous(&mut self) -> (PackedQM31, PackedQM31) {
        let columns: [&BaseColumn; 4] = std::array::from_fn(|_| next(&mut self.interaction));
        let previous = columns.map(|column| PackedM31::from_array(self.previous_rows.map(|row| column.at(row))));
        (
            PackedQM31::from_packed_m31s(previous),
            PackedQM31::from_packed_m31s(columns.map(|column| column.data[self.vector])),
        )
    }
    #[inline(always)]
    fn constraint(&mut self, value: PackedM31) {
        self.sum += *self.coefficients.next().expect("one coefficient for each constraint") * value;
    }
    #[inline(always)]
    fn extension_constraint(&mut self, value: PackedQM31) {
        self.sum += *self.coefficients.next().expect("one coefficient for each constraint") * value;
    }
}

/// Vectors of rows that one task evaluates.
const TASK_VECTORS: usize = 16;

/// All that the evaluation of a component's rows needs.
struct RowsEvaluation<'a> {
    component: &'a Component,
    eval_log_size: u32,
    preprocessed: Vec<&'a BaseColumn>,
    main: Vec<&'a BaseColumn>,
    interaction: Vec<&'a BaseColumn>,
    /// Powers of the random coefficient, in the order of constraints.
    coefficients: Vec<PackedQM31>,
    /// Inverse of the vanishing polynomial on each coset of the trace domain.
    vanishing_inverses: Vec<BaseField>,
    /// Where the quotients are added.
    target: &'a mut SecureColumnByCoords<SimdBackend>,
}

impl FamilyVisitor for RowsEvaluation<'_> {
    type Output = ();

    fn visit<F: Family>(self) {
        let Self {
            component,
            eval_log_size,
            preprocessed,
            main,
            interaction,
            coefficients,
            vanishing_inverses,
            target,
        } = self;
        let (fractions, mean) = (component.kind.shape().fractions, component.mean());
        let quotient = |vector: usize| {
            let previous_rows = std::array::from_fn(|lane| {
                let row = (vector << LOG_LANES) + lane;
                offset_bit_reversed_circle_domain_index(row, component.log_size, eval_log_size, -1)
            });
            let evaluator = VectorEvaluator {
                preprocessed: preprocessed.iter(),
                main: main.iter(),
                interaction: interaction.iter(),
                vector,
                previous_rows,
                coefficients: coefficients.iter(),
                sum: PackedQM31::zero(),
            };
            let sum = evaluate::<F, _>(evaluator, component.relations(), fractions, mean).sum;
            let inverse = vanishing_inverses[vector >> (component.log_size - LOG_LANES)];
            (sum * PackedM31::broadcast(inverse)).into_packed_m31s()
        };
        let [c0, c1, c2, c3] = &mut target.columns;
        let chunks = (
            c0.data.par_chunks_mut(TASK_VECTORS),
            c1.data.par_chunks_mut(TASK_VECTORS),
            c2.data.par_chunks_mut(TASK_VECTORS),
            c3.data.par_chunks_mut(TASK_VECTORS),
        );
        chunks.into_par_iter().enumerate().for_each(|(task, (c0, c1, c2, c3))| {
            for offset in 0..c0.len() {
                let [q0, q1, q2, q3] = quotient(task * TASK_VECTORS + offset);
                c0[offset] += q0;
                c1[offset] += q1;
                c2[offset] += q2;
                c3[offset] += q3;
            }
        });
    }
}

impl ComponentProver<SimdBackend> for ProverComponent {
    fn evaluate_constraint_quotients_on_domain(
        &self,
        trace: &Trace<'_, SimdBackend>,
        accumulator: &mut DomainEvaluationAccumulator<SimdBackend>,
    ) {
        let component = &self.0;
        let EvaluationMode::SubDomain { log_expansion } = accumulator.evaluation_mode() else {
            unreachable!("all constraints have degree 3, which every profile's blowup covers")
        };
        let eval_log_size = component.max_constraint_log_degree_bound();
        let eval_domain = CanonicCoset::new(eval_log_size + log_expansion).circle_domain().split(log_expansion).0;
        let trace_coset = CanonicCoset::new(component.log_size).coset();
        let mut vanishing_inverses: Vec<BaseField> = (0..1 << (eval_log_size - component.log_size))
            .map(|i| coset_vanishing(trace_coset, eval_domain.at(i)).inverse())
            .collect();
        bit_reverse(&mut vanishing_inverses);

        let [preprocessed, main, interaction] = component.columns();
        let columns = |tree: usize, range: Range<usize>| -> Vec<&BaseColumn> {
            trace.polys[tree][range].iter().map(|poly| &poly.evals.values).collect()
        };
        let [accumulated] = accumulator.columns([(eval_log_size, component.n_constraints())]);
        // The first constraint takes the highest power.
        let coefficients =
            accumulated.random_coeff_powers.iter().rev().map(|&power| PackedQM31::broadcast(power)).collect();
        component.kind.dispatch(RowsEvaluation {
            component,
            eval_log_size,
            preprocessed: columns(PREPROCESSED_TREE, preprocessed),
            main: columns(MAIN_TREE, main),
            interaction: columns(INTERACTION_TREE, interaction),
            coefficients,
            vanishing_inverses,
            target: accumulated.col,
        });
    }
}
