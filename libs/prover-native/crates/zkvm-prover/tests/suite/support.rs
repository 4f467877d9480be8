//! What the tests share.

use provefleet_zkvm_air::{Claim, Kind, MachineClaim, Part, Profile, ProgramTables, SegmentClaim, SegmentedClaim};
use provefleet_zkvm_core::instruction::Opcode;
use provefleet_zkvm_core::{GuestInput, Limits, Program, abi, execute, parse_elf};
use provefleet_zkvm_prover::checker::{Fault, check_segmented, check_trace, unavoidable};
use provefleet_zkvm_prover::{ProgramProver, ProveOptions, ProveReport, Recorder, RecorderHandler, Trace, Witness};
use provefleet_zkvm_testing::assembler::{exit, imm, load_constant, program, two_source, upper};
use provefleet_zkvm_testing::random::{Target, random_elf};
use provefleet_zkvm_verifier::{Statement, verify};
use stwo::core::fields::m31::BaseField;
use stwo::prover::backend::Column;
use stwo::prover::backend::simd::column::BaseColumn;

/// `full` for the long form of a sweep, else `sample`.
pub fn sweep<T>(sample: T, full: T) -> T {
    if std::env::var("PROVEFLEET_SWEEP").is_ok_and(|value| value == "full") { full } else { sample }
}

pub fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A program of these instructions, followed by the exit call.
pub fn ending(mut code: Vec<u32>) -> Program {
    code.extend(exit());
    program(code)
}

/// Several random programs in one.
pub fn random_program(seed: u64, count: u32) -> Program {
    parse_elf(&random_elf(seed, count, Target::Zkvm)).expect("the generator writes programs")
}

/// Runs, proves and verifies; the proof must say what the run said.
pub fn prove_and_verify(prover: &ProgramProver, input: GuestInput, profile: Option<Profile>) -> ProveReport {
    let options = ProveOptions { profile, skip_self_check: true, ..ProveOptions::default() };
    let report = prover.prove(input, &options).unwrap_or_else(|error| panic!("{error}"));
    let statement = verify(prover.key(), &report.proof).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(statement, report.statement);
    report
}

/// A run, ready to be tampered with.
pub struct Run {
    pub prover: ProgramProver,
    pub claim: Claim,
    pub trace: Trace,
}

impl Run {
    pub fn new(program: Program, public: &[u8], private: &[u8]) -> Self {
        let prover = ProgramProver::new(program);
        let input = GuestInput { public, private };
        let executed = prover.execute(input, &ProveOptions::default());
        let (witness, mut claim, ..) = executed.unwrap_or_else(|error| panic!("{error}"));
        let trace = Trace::new(witness, Part::Whole, prover.key().tables());
        claim.components = trace.kinds();
        claim.validate(prover.key().tables()).expect("an honest claim is valid");
        Self { prover, claim, trace }
    }

    /// A run of code that ends with the exit call.
    pub fn of(code: Vec<u32>) -> Self {
        Self::new(ending(code), &[], &[])
    }

    /// Faults that no choice of multiplicities mends.
    pub fn faults(&self) -> Vec<Fault> {
        let tables = self.prover.key().tables();
        unavoidable(tables, check_trace(tables, &self.claim, &self.trace))
    }

    /// Position of the first component of a kind.
    pub fn component(&self, kind: Kind) -> usize {
        self.trace.components.iter().position(|part| part.kind == kind).unwrap_or_else(|| panic!("no {kind:?}"))
    }

    pub fn get(&self, kind: Kind, row: usize, column: &str) -> u32 {
        self.trace.components[self.component(kind)].columns[column_index(kind, column)].at(row).0
    }

    /// Sets a cell; values are reduced modulo p.
    pub fn set(&mut self, kind: Kind, row: usize, column: &str, value: i64) {
        let component = self.component(kind);
        let cell = &mut self.trace.components[component].columns[column_index(kind, column)];
        cell.set(row, field(value));
    }

    /// Adds to a cell.
    pub fn add(&mut self, kind: Kind, row: usize, column: &str, difference: i64) {
        let value = i64::from(self.get(kind, row, column));
        self.set(kind, row, column, value + difference);
    }

    /// Appends nothing but turns a padding row into a copy of another row.
    pub fn copy_row(&mut self, kind: Kind, from: usize, to: usize) {
        let component = self.component(kind);
        for column in &mut self.trace.components[component].columns {
            let value = column.at(from);
            column.set(to, value);
        }
    }

    /// Proves the (tampered) trace as it is and hands the proof to the verifier.
    pub fn prove_as_is(self) -> Result<Statement, String> {
        let Self { prover, claim, trace } = self;
        let proof = prover
            .prove_trace(claim, trace, Profile::Balanced, &ProveOptions::default())
            .map_err(|error| error.to_string())?;
        verify(prover.key(), &proof.encode(prover.key())).map_err(|error| error.to_string())
    }
}

/// A run in segments, ready to be tampered with.
pub struct SegmentedRun {
    pub prover: ProgramProver,
    pub claim: SegmentedClaim,
    /// Memory's beginning and end first, then the segments.
    pub traces: Vec<Trace>,
}

/// Keeps every segment.
struct Keep<'a> {
    tables: &'a ProgramTables,
    segments: Vec<SegmentClaim>,
    traces: Vec<Trace>,
}

impl RecorderHandler for Keep<'_> {
    fn may_continue(&mut self, _: &[(Kind, usize)]) -> bool {
        true
    }
    fn segment(&mut self, witness: Witness, machine: MachineClaim) -> bool {
        let trace = Trace::new(witness, Part::Segment, self.tables);
        self.segments.push(SegmentClaim { components: trace.kinds(), machine });
        self.traces.push(trace);
        true
    }
}

impl SegmentedRun {
    pub fn new(program: Program, public: &[u8], private: &[u8], steps: u32) -> Self {
        let prover = ProgramProver::new(program);
        let tables = prover.key().tables();
        let mut keep = Keep { tables, segments: Vec::new(), traces: Vec::new() };
        let mut recorder = Recorder::new(prover.program(), tables, Some(steps), &mut keep);
        let limits = Limits { max_cycles: 1 << 24 };
        let run = execute(prover.program(), GuestInput { public, private }, limits, &mut recorder);
        let execution = run.map_err(|error| error.to_string()).expect("the guest exits");
        let (witness, _, memory) = recorder.finish(&execution, public);
        let memory_trace = Trace::new(witness, Part::Memory, tables);
        let memory_components = memory_trace.kinds();
        let traces = std::iter::once(memory_trace).chain(keep.traces).collect();
        let claim = SegmentedClaim { memory_components, memory, segments: keep.segments };
        claim.validate(tables).expect("an honest claim is valid");
        Self { prover, claim, traces }
    }

    /// Faults that no choice of multiplicities mends.
    pub fn faults(&self) -> Vec<Fault> {
        let tables = self.prover.key().tables();
        unavoidable(tables, check_segmented(tables, &self.claim, &self.traces))
    }

    /// A cell of the first component of a kind in a part.
    pub fn cell(&mut self, part: usize, kind: Kind, column: &str) -> &mut BaseColumn {
        let components = &mut self.traces[part].components;
        let component = components.iter_mut().find(|component| component.kind == kind).expect("the part has it");
        &mut component.columns[column_index(kind, column)]
    }
}

pub fn field(value: i64) -> BaseField {
    BaseField::from_u32_unchecked(value.rem_euclid((1 << 31) - 1) as u32)
}

pub fn column_index(kind: Kind, name: &str) -> usize {
    let names = kind.column_names();
    names.iter().position(|column| column == name).unwrap_or_else(|| panic!("{kind:?} has no column {name}"))
}

/// Code that touches a word of the scratch area, waits for more than 2^16 time units, touches it again, and does so
/// for a register too. Bridges both gaps.
pub fn long_pause() -> Vec<u32> {
    use Opcode::*;
    let mut code = load_constant(5, abi::DYNAMIC_BASE).to_vec();
    code.extend([imm(Addi, 6, 0, 77), two_source(Sw, 5, 6, 0)]);
    code.extend(load_constant(7, 9000));
    code.extend([imm(Addi, 7, 7, -1), two_source(Bne, 7, 0, -4)]);
    code.extend([imm(Lw, 10, 5, 0), upper(Lui, 8, 0x1000)]);
    code
}
