//! Searches for under-constrained cells.
//!
//! A row is a function: what it uses of the State, Memory and Rom relations determines what it yields to State and
//! Memory. A forgery is a change of cells after which all constraints still hold, all lookups are in their tables, what
//! the row uses is the same, and what it yields is not. A silent cell can be changed without changing anything at all.
//!
//! Single cells are changed by sampled differences. Several cells are changed by solving: after a change of one cell,
//! the search takes a constraint that now fails, and a further cell in which it is linear, and solves for the cell in
//! the field. That finds every split of p over limbs and carries, which no sampling would.

use std::collections::BTreeSet;

use provefleet_zkvm_air::{Kind, ProgramTables, Relation};
use provefleet_zkvm_prover::Trace;
use provefleet_zkvm_prover::checker::{RowCheck, Tuple, check_row_of_segment, in_table};
use provefleet_zkvm_testing::guest;
use provefleet_zkvm_testing::random::Rng;
use stwo::core::fields::m31::BaseField;
use stwo::prover::backend::Column;

use crate::support::{Run, SegmentedRun, field, long_pause, sweep};

/// Cells that may be changed freely, and why that is harmless.
const SILENT: [(Kind, &str, &str); 12] = [
    (Kind::BranchEqual, "inverse", "multiplies a distance of zero when the operands are equal; no other term has it"),
    (Kind::BranchZero, "inverse", "multiplies a value of zero when the operand is zero; no other term has it"),
    (Kind::Divide, "inverse", "multiplies a divisor of zero; no other term has it"),
    (
        Kind::Divide,
        "gap_low",
        "belongs to the check remainder < divisor, which a zero divisor switches off; its own constraint asks for a bit and two values give one",
    ),
    (Kind::Divide, "quotient", "of a division by zero: REM gives the remainder, and DIV's result is demanded to be -1"),
    (Kind::Compare, "previous[1]", "time of rs2, which immediate forms do not access: multiplicity zero"),
    (Kind::Bitwise, "previous[1]", "as for Compare"),
    (Kind::Shift, "previous[1]", "as for Compare"),
    (
        Kind::DynamicMemory,
        "gap_low",
        "a number has several splits into 16 + 14 bits at 2^14; each shows that it is below 2^28 + 2^16",
    ),
    (Kind::DynamicMemory, "cell_low", "as for gap_low"),
    (Kind::Bridge, "gap_low", "as for gap_low of DynamicMemory"),
    (Kind::Bridge, "to_low", "as for gap_low of DynamicMemory"),
];

/// Choices that a row is meant to leave to the prover.
fn is_free_choice(kind: Kind) -> bool {
    match kind {
        // Where a bridge ends is up to the prover, as long as time goes forward.
        Kind::Bridge => true,
        // The private input is any.
        Kind::Hint => true,
        _ => false,
    }
}

fn is_silent(kind: Kind, column: &str) -> bool {
    let is = |name: &str| column == name || column.split('[').next() == Some(name);
    SILENT.iter().any(|(of, name, _)| *of == kind && is(name))
}

/// What a row uses of the relations that have no table, and its Rom tuple; and what it yields.
type Effect = (Vec<(u32, Relation, Tuple)>, Vec<(u32, Relation, Tuple)>);

fn effect(check: &RowCheck) -> Effect {
    let is_state = |relation: Relation| {
        use Relation::*;
        matches!(relation, State | Memory | RunMemory | Rom | DynamicChain | HintChain)
    };
    let mut entries: Vec<_> = check.entries.iter().copied().filter(|(_, relation, _)| is_state(*relation)).collect();
    entries.sort_unstable();
    entries.into_iter().partition(|(multiplicity, ..)| *multiplicity < 1 << 30)
}

/// Whether lookups are in their tables. Multiplicities are one: rows are honest or have passed their constraints.
fn lookups_hold(tables: &ProgramTables, check: &RowCheck, also_allowed: Allowed) -> bool {
    check.entries.iter().all(|(_, relation, tuple)| {
        *relation == Relation::Rom
            || in_table(tables, *relation, tuple) != Some(false)
            || also_allowed(*relation, tuple)
    })
}

type Allowed = fn(Relation, &Tuple) -> bool;

fn nothing_else(_: Relation, _: &Tuple) -> bool {
    false
}

/// A row, and where it is from.
struct Source<'a> {
    tables: &'a ProgramTables,
    segment: u32,
    kind: Kind,
    row: Vec<BaseField>,
}

/// One row under attack.
struct Target<'a> {
    segment: u32,
    tables: &'a ProgramTables,
    kind: Kind,
    row: Vec<BaseField>,
    honest: Effect,
    also_allowed: Allowed,
}

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Caught,
    Silent,
    Forgery,
}

impl<'a> Target<'a> {
    fn new(source: Source<'a>, also_allowed: Allowed) -> Self {
        let Source { tables, segment, kind, row } = source;
        let honest = check_row_of_segment(kind, &row, &[], segment);
        assert_eq!(honest.failed, [0; 0], "{kind:?}: the row is not honest");
        Self { segment, tables, kind, honest: effect(&honest), row, also_allowed }
    }

    fn judge(&self, row: &[BaseField]) -> Outcome {
        let check = check_row_of_segment(self.kind, row, &[], self.segment);
        if !check.failed.is_empty() || !lookups_hold(self.tables, &check, self.also_allowed) {
            return Outcome::Caught;
        }
        let (uses, yields) = effect(&check);
        // The next step uses a Rom tuple with the pc that this one yields.
        let is_instruction = |pc: u32| self.tables.instructions.iter().any(|lowered| lowered.tuple[0] == pc);
        if yields.iter().any(|(_, relation, tuple)| *relation == Relation::State && !is_instruction(tuple[0])) {
            return Outcome::Caught;
        }
        if uses != self.honest.0 {
            // Another row: it must fit another place of the run, which the relations decide.
            Outcome::Caught
        } else if yields == self.honest.1 {
            Outcome::Silent
        } else {
            Outcome::Forgery
        }
    }

    /// Values of all constraints.
    fn constraints(&self, row: &[BaseField]) -> Vec<BaseField> {
        constraint_values(self.kind, row)
    }

    /// Random walk: change one cell, then mend failing constraints by solving for further cells, `depth` at most.
    /// Returns the changed row if all constraints hold again.
    fn solve(&self, rng: &mut Rng, depth: usize) -> Option<Vec<BaseField>> {
        const DIFFERENCES: [i64; 14] =
            [1, -1, 2, -2, 3, 128, -128, 255, 256, -256, 1 << 15, -(1 << 15), 1 << 16, -(1 << 16)];
        let mut row = self.row.clone();
        let first = rng.below(row.len() as u32) as usize;
        row[first] += field(rng.choose(&DIFFERENCES));
        let mut touched = BTreeSet::from([first]);
        for _ in 0..depth {
            let values = self.constraints(&row);
            let failing = values.iter().position(|value| *value != field(0));
            let Some(constraint) = failing else { return Some(row) };
            // Cells that can mend it.
            let mut candidates = Vec::new();
            for cell in (0..row.len()).filter(|cell| !touched.contains(cell)) {
                let mut probe = row.clone();
                probe[cell] += field(1);
                let slope = self.constraints(&probe)[constraint] - values[constraint];
                if slope != field(0) {
                    candidates.push((cell, -values[constraint] * slope.inverse()));
                }
            }
            let &(cell, change) = candidates.get(rng.below(candidates.len().max(1) as u32) as usize)?;
            row[cell] += change;
            touched.insert(cell);
        }
        self.constraints(&row).iter().all(|value| *value == field(0)).then_some(row)
    }
}

/// Values of a row's constraints, zero or not.
fn constraint_values(kind: Kind, row: &[BaseField]) -> Vec<BaseField> {
    struct Values<'a>(std::slice::Iter<'a, BaseField>, Vec<BaseField>);
    impl provefleet_zkvm_air::Row for Values<'_> {
        type F = BaseField;
        fn column(&mut self) -> BaseField {
            *self.0.next().expect("the row has all columns")
        }
        fn preprocessed(&mut self) -> BaseField {
            unreachable!("no family that is searched has preprocessed columns")
        }
        fn segment(&self) -> BaseField {
            field(0)
        }
        fn require_zero(&mut self, expression: BaseField) {
            self.1.push(expression);
        }
        fn lookup(&mut self, _: BaseField, _: Relation, _: &[BaseField]) {}
        fn replace(&mut self, _: BaseField, _: Relation, _: &[BaseField], _: &[(usize, BaseField)]) {}
    }
    let mut values = Values(row.iter(), Vec::new());
    kind.constrain(&mut values);
    values.1
}

/// Up to `limit` used rows of each component, spread evenly, and its last row if that is padding.
fn rows_of<'a>(tables: &'a ProgramTables, trace: &Trace, segment: u32, limit: usize) -> Vec<Source<'a>> {
    let mut rows = Vec::new();
    for part in trace.components.iter().filter(|part| !part.kind.is_table()) {
        let row = |index: usize| -> Vec<BaseField> { part.columns.iter().map(|column| column.at(index)).collect() };
        let used = (0..1usize << part.log_size).filter(|&index| part.columns[0].at(index) != field(0)).count();
        let source = |index: usize| Source { tables, segment, kind: part.kind, row: row(index) };
        rows.extend((0..used).step_by(used.div_ceil(limit).max(1)).map(source));
        if used < 1 << part.log_size {
            rows.push(source((1 << part.log_size) - 1));
        }
    }
    rows
}

/// What rows are taken from.
struct Sources {
    whole: Vec<Run>,
    segmented: SegmentedRun,
}

/// Runs that between them have rows of every kind.
fn sources() -> Sources {
    let whole = vec![
        Run::new(guest("corners"), &[1], &[]),
        Run::new(guest("corners"), &[6], &[]),
        Run::new(guest("sha256"), b"abc", b"secret"),
        Run::new(guest("matmul"), &crate::support::words(&[2, 1, 2, 3, 4, 5, 6, 7, 8]), &[]),
        Run::of(long_pause()),
    ];
    let sorted = crate::support::words(&[9, 8, 7, 6, 5, 4, 3, 2, 1]);
    Sources { whole, segmented: SegmentedRun::new(guest("sort"), &sorted, &[], 50) }
}

impl Sources {
    fn rows(&self, limit: usize) -> Vec<Source<'_>> {
        let of_whole = |run| {
            let Run { prover, trace, .. }: &Run = run;
            rows_of(prover.key().tables(), trace, 0, limit)
        };
        let mut rows: Vec<Source> = self.whole.iter().flat_map(of_whole).collect();
        let tables = self.segmented.prover.key().tables();
        for (number, trace) in self.segmented.traces.iter().enumerate().skip(1) {
            let is_memory = |source: &Source| source.kind == Kind::SegmentMemory;
            rows.extend(rows_of(tables, trace, number as u32, limit).into_iter().filter(is_memory));
        }
        rows
    }
}

#[test]
fn the_sweeps_cover_every_family() {
    let sources = sources();
    let used = sources.rows(1).into_iter().filter(|source| source.row[0] == field(1));
    let seen: BTreeSet<Kind> = used.map(|source| source.kind).collect();
    let expected: BTreeSet<Kind> = Kind::ALL.into_iter().filter(|kind| !kind.is_table()).collect();
    assert_eq!(seen, expected);
}

#[test]
fn no_single_cell_is_free() {
    let sources = sources();
    for source in sources.rows(sweep(12, 400)) {
        let is_padding = source.row[0] == field(0);
        let kind = source.kind;
        let names = kind.column_names();
        let target = Target::new(source, nothing_else);
        for (column, name) in names.iter().enumerate() {
            for difference in [1, -1, 2, 255, 256, 1 << 14, 1 << 15, 1 << 16, -(1 << 16), 12345, 1 << 30] {
                let mut row = target.row.clone();
                row[column] += field(difference);
                match target.judge(&row) {
                    Outcome::Caught => {}
                    // Nothing in a padding row matters until it is enabled.
                    Outcome::Silent => assert!(is_padding || is_silent(kind, name), "{kind:?} {name} is free"),
                    Outcome::Forgery => assert!(is_free_choice(kind), "{kind:?} {name} + {difference} is a forgery"),
                }
            }
        }
    }
}

/// Two and three cells at once, by sampled differences.
#[test]
fn no_two_or_three_cells_make_a_forgery() {
    let sources = sources();
    let mut rng = Rng(5);
    for source in sources.rows(sweep(4, 40)) {
        let kind = source.kind;
        let target = Target::new(source, nothing_else);
        for _ in 0..sweep(1500, 40_000) {
            let mut row = target.row.clone();
            for _ in 0..2 + rng.below(2) {
                let column = rng.below(row.len() as u32) as usize;
                let size = 1i64 << rng.choose(&[0, 0, 1, 7, 8, 14, 15, 16, 17, 23]);
                row[column] += field(if rng.below(2) == 0 { size } else { -size });
            }
            let outcome = target.judge(&row);
            assert!(outcome != Outcome::Forgery || is_free_choice(kind), "{kind:?}: {:?} to {row:?}", target.row);
        }
    }
}

/// Changes that satisfy all constraints again, found by solving them; the lookups must catch each.
#[test]
fn no_solution_of_the_equations_is_a_forgery() {
    let sources = sources();
    let mut rng = Rng(6);
    for source in sources.rows(sweep(6, 60)) {
        let kind = source.kind;
        let target = Target::new(source, nothing_else);
        for _ in 0..sweep(250, 10_000) {
            if let Some(row) = target.solve(&mut rng, 5) {
                let outcome = target.judge(&row);
                assert!(outcome != Outcome::Forgery || is_free_choice(kind), "{kind:?}: {:?} to {row:?}", target.row);
            }
        }
    }
}

/// The search finds what it is for. If carries of products were checked to 16 bits instead of 14 (as they once were in
/// a prototype), a product would have a second solution; and so on for other checks that a reader might think too many.
#[test]
fn the_search_finds_forgeries_where_a_check_is_missing() {
    let cases: [(&str, Kind, Allowed); 5] = [
        ("carries of products to 16 bits", Kind::Multiply, |relation, tuple| {
            relation == Relation::Range14 && tuple[0] < 1 << 16
        }),
        ("no range check of sums", Kind::Add, |relation, _| relation == Relation::Range16),
        ("no range check of differences and signs", Kind::Compare, |relation, _| relation == Relation::Range16),
        ("no check that remainder < divisor, nor of limbs", Kind::Divide, |relation, _| relation == Relation::Range16),
        ("no check of shifted bytes", Kind::Shift, |relation, _| relation == Relation::ByteShift),
    ];
    let sources = sources();
    for (name, kind, allowed) in cases {
        let mut rng = Rng(7);
        let rows = sources.rows(6).into_iter().filter(|source| source.kind == kind && source.row[0] == field(1));
        let found = rows.map(|source| Target::new(source, allowed)).any(|target| {
            (0..4000).any(|_| target.solve(&mut rng, 6).is_some_and(|row| target.judge(&row) == Outcome::Forgery))
        });
        assert!(found, "{name}: not found");
    }
}
