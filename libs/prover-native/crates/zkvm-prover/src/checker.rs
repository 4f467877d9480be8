//! Checks a trace row by row, without a proof: which constraint of which component fails in which row, and which tuples
//! are left over. The library can only say that some constraint is not satisfied. For tests and development.

use std::collections::HashMap;

use num_traits::{One, Zero};
use provefleet_zkvm_air::claim::PublicEntry;
use provefleet_zkvm_air::kind::Kind;
use provefleet_zkvm_air::preprocessed::{column_values, preprocessed_columns};
use provefleet_zkvm_air::relation::{MAX_TUPLE, Relation};
use provefleet_zkvm_air::{Claim, ProgramTables, Row, SegmentedClaim};
use stwo::core::fields::m31::BaseField;
use stwo::prover::backend::Column;

use crate::trace::Trace;

/// A tuple, padded with zeros.
pub type Tuple = [u32; MAX_TUPLE];

/// What one row asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowCheck {
    /// Numbers of the constraints that are not zero.
    pub failed: Vec<usize>,
    /// Entries with a multiplicity other than zero: multiplicity, relation, tuple; in order of emission.
    pub entries: Vec<(u32, Relation, Tuple)>,
}

struct ScalarRow<'a> {
    segment: u32,
    main: std::slice::Iter<'a, BaseField>,
    preprocessed: std::slice::Iter<'a, BaseField>,
    constraint: usize,
    check: RowCheck,
}

impl Row for ScalarRow<'_> {
    type F = BaseField;
    fn column(&mut self) -> BaseField {
        *self.main.next().expect("the row has all columns")
    }
    fn preprocessed(&mut self) -> BaseField {
        *self.preprocessed.next().expect("the row has all preprocessed columns")
    }
    fn segment(&self) -> BaseField {
        BaseField::from_u32_unchecked(self.segment)
    }
    fn require_zero(&mut self, expression: BaseField) {
        if !expression.is_zero() {
            self.check.failed.push(self.constraint);
        }
        self.constraint += 1;
    }
    fn lookup(&mut self, multiplicity: BaseField, relation: Relation, tuple: &[BaseField]) {
        if !multiplicity.is_zero() {
            let mut padded = [0; MAX_TUPLE];
            for (target, element) in padded.iter_mut().zip(tuple) {
                *target = element.0;
            }
            self.check.entries.push((multiplicity.0, relation, padded));
        }
    }
    fn replace(
        &mut self,
        multiplicity: BaseField,
        relation: Relation,
        tuple: &[BaseField],
        changes: &[(usize, BaseField)],
    ) {
        self.lookup(multiplicity, relation, tuple);
        let mut changed = tuple.to_vec();
        for &(index, change) in changes {
            changed[index] += change;
        }
        self.lookup(-multiplicity, relation, &changed);
    }
}

/// Applies a component's constraints to one row of a whole run.
pub fn check_row(kind: Kind, main: &[BaseField], preprocessed: &[BaseField]) -> RowCheck {
    check_row_of_segment(kind, main, preprocessed, 0)
}

/// Applies a component's constraints to one row of a segment.
pub fn check_row_of_segment(kind: Kind, main: &[BaseField], preprocessed: &[BaseField], segment: u32) -> RowCheck {
    let (main, preprocessed) = (main.iter(), preprocessed.iter());
    let mut row = ScalarRow { segment, main, preprocessed, constraint: 0, check: RowCheck::default() };
    kind.constrain(&mut row);
    row.check
}

/// Whether a tuple is in its lookup table; `None` for relations without one.
///
/// A prover may give a table any multiplicities, so an entry of such a relation is a fault only if the tuple is in no
/// row of it.
pub fn in_table(tables: &ProgramTables, relation: Relation, tuple: &Tuple) -> Option<bool> {
    let &[a, b, c, d, ..] = tuple;
    let rest_is_zero = |from: usize| tuple[from..].iter().all(|&element| element == 0);
    Some(match relation {
        Relation::Range16 => a < 1 << 16 && rest_is_zero(1),
        Relation::Range14 => a < 1 << 14 && rest_is_zero(1),
        Relation::And => a < 256 && b < 256 && c == a & b && rest_is_zero(3),
        Relation::BytePair => a < 256 && b < 256 && rest_is_zero(2),
        Relation::ByteShift => a < 256 && b <= 8 && c == (a << b) & 255 && d == (a << b) >> 8 && rest_is_zero(4),
        Relation::Rom => tables.instructions.iter().any(|lowered| lowered.tuple == *tuple),
        Relation::State | Relation::Memory | Relation::RunMemory | Relation::DynamicChain | Relation::HintChain => {
            return None;
        }
    })
}

/// Faults that no choice of multiplicities can mend.
pub fn unavoidable(tables: &ProgramTables, faults: Vec<Fault>) -> Vec<Fault> {
    let is_unavoidable = |fault: &Fault| match fault {
        Fault::Constraint { .. } => true,
        Fault::Unbalanced { relation, tuple, .. } => in_table(tables, *relation, tuple) != Some(true),
    };
    faults.into_iter().filter(is_unavoidable).collect()
}

/// A fault of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    Constraint {
        component: usize,
        kind: Kind,
        row: usize,
        constraint: usize,
    },
    /// The relation holds the tuple this many times too often (modulo p).
    Unbalanced {
        relation: Relation,
        tuple: Tuple,
        count: u32,
    },
}

/// Entries of all relations of one part, or of several: relation (of which segment), tuple, count.
type Balance = HashMap<(u32, Relation, Tuple), BaseField>;

/// Checks a trace's rows, and adds their and the claim's entries to the balance.
fn check_part(
    tables: &ProgramTables,
    entries: &[PublicEntry],
    trace: &Trace,
    segment: u32,
    balance: &mut Balance,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    // The relation that connects segments is the memory relation of the part that begins and ends memory.
    let place = |relation: Relation| match relation {
        Relation::RunMemory => (0, Relation::Memory),
        other => (segment, other),
    };
    for (component, part) in trace.components.iter().enumerate() {
        let kind = part.kind;
        let preprocessed: Vec<Vec<u32>> = preprocessed_columns(&[(kind, part.log_size)])
            .into_iter()
            .map(|column| column_values(tables, column).collect())
            .collect();
        for row in 0..1usize << part.log_size {
            let main: Vec<BaseField> = part.columns.iter().map(|column| column.at(row)).collect();
            let fixed: Vec<BaseField> =
                preprocessed.iter().map(|column| BaseField::from_u32_unchecked(column[row])).collect();
            let check = check_row_of_segment(kind, &main, &fixed, segment);
            let fault = |constraint| Fault::Constraint { component, kind, row, constraint };
            faults.extend(check.failed.into_iter().map(fault));
            for (multiplicity, relation, tuple) in check.entries {
                let (segment, relation) = place(relation);
                *balance.entry((segment, relation, tuple)).or_default() += BaseField::from_u32_unchecked(multiplicity);
            }
        }
    }
    for (is_use, relation, public) in entries {
        let mut tuple = [0; MAX_TUPLE];
        tuple[..public.len()].copy_from_slice(public);
        let sign = if *is_use { BaseField::one() } else { -BaseField::one() };
        *balance.entry((segment, *relation, tuple)).or_default() += sign;
    }
    faults
}

/// What is left over in the relations.
fn left_over(balance: Balance) -> impl Iterator<Item = Fault> {
    let mut left: Vec<_> = balance.into_iter().filter(|(_, count)| !count.is_zero()).collect();
    left.sort_unstable_by_key(|&(tuple, _)| tuple);
    left.into_iter().map(|((_, relation, tuple), count)| Fault::Unbalanced { relation, tuple, count: count.0 })
}

/// Checks all rows of a whole run's trace and the balance of all relations, the claim's public entries included.
pub fn check_trace(tables: &ProgramTables, claim: &Claim, trace: &Trace) -> Vec<Fault> {
    let mut balance = HashMap::new();
    let mut faults = check_part(tables, &claim.public_entries(tables.entry), trace, 0, &mut balance);
    faults.extend(left_over(balance));
    faults
}

/// The same for a run in segments: the trace of memory's beginning and end, then those of the segments.
pub fn check_segmented(tables: &ProgramTables, claim: &SegmentedClaim, traces: &[Trace]) -> Vec<Fault> {
    let mut balance = HashMap::new();
    let mut faults = Vec::new();
    for (part, trace) in traces.iter().enumerate() {
        let entries = claim.public_entries(part, tables.entry);
        faults.extend(check_part(tables, &entries, trace, part as u32, &mut balance));
    }
    faults.extend(left_over(balance));
    faults
}
