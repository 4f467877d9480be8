//! The pipeline of a run that is proven in segments.
//!
//! The program runs twice. The first time each segment only commits to its main trace, and what it claims and the state
//! of its transcript are kept; with all of them, and those of the part that begins and ends memory, the interaction
//! randomness is drawn. The second time each segment is proven. Memory holds one segment at a time.

use provefleet_zkvm_air::kind::Kind;
use provefleet_zkvm_air::profile::INTERACTION_POW_BITS;
use provefleet_zkvm_air::transcript::{RunRandomness, RunTranscript};
use provefleet_zkvm_air::{MachineClaim, MemoryClaim, Part, Profile, SegmentClaim, SegmentedClaim};
use provefleet_zkvm_core::{ExecutionError, GuestInput, execute};
use provefleet_zkvm_verifier::{PartProof, Proof, ProofBody};
use stwo::core::channel::Blake2sChannel;
use stwo::core::proof_of_work::GrindOps;
use stwo::prover::backend::simd::SimdBackend;

use crate::memory::{estimate_peak_bytes, return_freed_memory};
use crate::part::PartContext;
use crate::prove::{ProgramProver, ProveError, Stage, Stages};
use crate::trace::Trace;
use crate::witness::{Recorder, RecorderHandler, Witness};

/// What is done with each part of the run.
trait PartWork {
    /// Takes part `number` (0 is memory) with its claim.
    fn part(
        &mut self,
        number: usize,
        context: &PartContext,
        trace: Trace,
        mix_claim: &dyn Fn(&mut Blake2sChannel),
        stages: &mut Stages,
    ) -> Result<(), ProveError>;
}

/// First pass: commits and keeps the transcript.
#[derive(Default)]
struct Commit {
    channels: Vec<Blake2sChannel>,
}

impl PartWork for Commit {
    fn part(
        &mut self,
        _: usize,
        context: &PartContext,
        trace: Trace,
        mix_claim: &dyn Fn(&mut Blake2sChannel),
        stages: &mut Stages,
    ) -> Result<(), ProveError> {
        let channel = stages.run(Stage::CommitTrace, || context.commit_main(&trace, mix_claim).channel)?;
        self.channels.push(channel);
        Ok(())
    }
}

/// Second pass: proves.
struct Prove {
    randomness: RunRandomness,
    parts: Vec<PartProof>,
}

impl PartWork for Prove {
    fn part(
        &mut self,
        number: usize,
        context: &PartContext,
        trace: Trace,
        mix_claim: &dyn Fn(&mut Blake2sChannel),
        stages: &mut Stages,
    ) -> Result<(), ProveError> {
        let mut session = stages.run(Stage::CommitTrace, || context.commit_main(&trace, mix_claim))?;
        self.randomness.mix_into(&mut session.channel);
        self.parts.push(session.finish(trace, self.randomness.relations(number), stages)?);
        // Not in the first pass too: the system takes its time to hand the pages out again.
        return_freed_memory();
        Ok(())
    }
}

/// Handler of a run in segments.
struct Pass<'a, 'b, W> {
    prover: &'a ProgramProver,
    profile: Profile,
    stages: &'a mut Stages<'b>,
    work: W,
    segments: Vec<SegmentClaim>,
    peak_bytes: u64,
    error: Option<ProveError>,
}

impl<W: PartWork> Pass<'_, '_, W> {
    fn check_memory(&mut self, rows: impl Iterator<Item = (Kind, usize)>) -> Result<(), ProveError> {
        let needed = estimate_peak_bytes(rows, self.profile);
        self.peak_bytes = self.peak_bytes.max(needed);
        match self.stages.options.memory_budget_bytes {
            Some(budget) if needed > budget => Err(ProveError::MemoryBudget { needed, budget }),
            _ => Ok(()),
        }
    }

    fn take_segment(&mut self, witness: Witness, machine: MachineClaim) -> Result<(), ProveError> {
        self.check_memory(witness.row_counts().into_iter())?;
        let number = self.segments.len() + 1;
        let trace = self.stages.run(Stage::Trace, || Trace::new(witness, Part::Segment, self.prover.tables()))?;
        let claim = SegmentClaim { components: trace.kinds(), machine };
        let context = PartContext::new(self.prover, &claim.components, self.profile);
        let hash = self.prover.tables().hash;
        let mix = |channel: &mut Blake2sChannel| claim.mix_into(channel, &hash, number as u32);
        self.work.part(number, &context, trace, &mix, self.stages)?;
        self.segments.push(claim);
        Ok(())
    }

    fn take_memory(&mut self, witness: Witness, claim: &MemoryClaim) -> Result<Vec<(Kind, u32)>, ProveError> {
        self.check_memory(witness.row_counts().into_iter())?;
        let trace = self.stages.run(Stage::Trace, || Trace::new(witness, Part::Memory, self.prover.tables()))?;
        let components = trace.kinds();
        let context = PartContext::new(self.prover, &components, self.profile);
        let hash = self.prover.tables().hash;
        let mix = |channel: &mut Blake2sChannel| claim.mix_into(channel, &hash, &components);
        self.work.part(0, &context, trace, &mix, self.stages)?;
        Ok(components)
    }
}

impl<W: PartWork> RecorderHandler for Pass<'_, '_, W> {
    fn may_continue(&mut self, rows: &[(Kind, usize)]) -> bool {
        if self.error.is_none() {
            self.error = self.check_memory(rows.iter().copied()).err();
        }
        if self.stages.is_cancelled() {
            self.error = Some(ProveError::Cancelled);
        }
        self.error.is_none()
    }

    fn segment(&mut self, witness: Witness, machine: MachineClaim) -> bool {
        if self.error.is_none() {
            self.error = self.take_segment(witness, machine).err();
        }
        self.error.is_none()
    }
}

impl ProgramProver {
    /// Runs the program in segments and does the work on each part, memory last. Returns the claim, the work and the
    /// estimated memory.
    fn pass<W: PartWork>(
        &self,
        input: GuestInput,
        steps: u32,
        work: W,
        stages: &mut Stages,
    ) -> Result<(SegmentedClaim, W, u64), ProveError> {
        let profile = stages.options.profile.unwrap_or_else(|| Profile::for_steps(steps.into()));
        let limits = Self::limits(stages.options, Self::segmented_capacity(steps));
        let mut pass = Pass { prover: self, profile, stages, work, segments: Vec::new(), peak_bytes: 0, error: None };
        let mut recorder = Recorder::new(self.program(), self.tables(), Some(steps), &mut pass);
        let run = execute(self.program(), input, limits, &mut recorder);
        let finished = run.map(|execution| recorder.finish(&execution, input.public));
        if let Some(error) = pass.error {
            return Err(error);
        }
        let (witness, _, memory) = match finished {
            Ok(finished) => finished,
            Err(ExecutionError::Stopped { .. }) => return Err(ProveError::Cancelled),
            Err(error) => return Err(error.into()),
        };
        let memory_components = pass.take_memory(witness, &memory)?;
        let claim = SegmentedClaim { memory_components, memory, segments: pass.segments };
        Ok((claim, pass.work, pass.peak_bytes))
    }

    /// Runs the program and proves the run in segments of `steps` instructions.
    pub(crate) fn prove_segmented(
        &self,
        input: GuestInput,
        steps: u32,
        stages: &mut Stages,
    ) -> Result<(Proof, u64), ProveError> {
        let (first_claim, mut commit, _) = self.pass(input, steps, Commit::default(), stages)?;
        // Memory comes last in a pass and first in the transcript.
        commit.channels.rotate_right(1);
        let mut transcript = RunTranscript::new(commit.channels.iter());
        let interaction_nonce = SimdBackend::grind(transcript.channel(), INTERACTION_POW_BITS);
        let randomness = transcript.draw(interaction_nonce);
        let prove = Prove { randomness, parts: Vec::new() };
        let (claim, mut prove, peak_bytes) = self.pass(input, steps, prove, stages)?;
        if claim != first_claim {
            return Err(ProveError::Internal { message: "the two runs of the program differ".to_string() });
        }
        prove.parts.rotate_right(1);
        let profile = stages.options.profile.unwrap_or_else(|| Profile::for_steps(steps.into()));
        let program_hash = self.tables().hash;
        let body = ProofBody::Segmented { claim, parts: prove.parts };
        Ok((Proof { profile, program_hash, interaction_nonce, body }, peak_bytes))
    }
}
