import { describe, expect, it } from '@jest/globals';
import { type ConformanceCase, type ConformanceOptions, type ConformanceRunner, describeBackendConformance } from './conformance.js';
import type { ProofClaim, ProofStage, ProveJob, ProverBackend, ProveResult, Verdict } from './contract.js';
import { ProverError } from './errors.js';
import { encodeInput, FAST_FIB, FIB_INPUT_INITIAL, isProgramId, parseInput, PROGRAM_IDS, type ProgramInput, referenceOutput } from './programs.js';

const caseOf = (input: ProgramInput): ConformanceCase => ({ program: input.program, input: encodeInput(input), publicOutput: referenceOutput(input) });
const CASES = [caseOf({ program: FIB_INPUT_INITIAL, n: 9, initA: 1, initB: 1 }), caseOf({ program: FAST_FIB, n: 47 })];

const STAGES: readonly ProofStage[] = ['witness', 'commit', 'fri'];

/** Keeps the contract without any mathematics: its "proof" is the claim, plainly repeated. */
class HonestBackend implements ProverBackend {
  readonly name: string = 'honest';
  private closed = false;

  async capabilities() {
    return { programs: PROGRAM_IDS, securityBits: 96, cpuBuild: 'any', cpuFeatures: [], proofFormat: 'claim', needsBinary: null, version: '1' };
  }

  async estimateMemory(program: string, input: Uint8Array): Promise<number | null> {
    parseInput(program, input);
    return 1;
  }

  async prove({ program, input, onStage }: ProveJob, signal: AbortSignal): Promise<ProveResult> {
    if (this.closed) throw new ProverError('BackendUnavailable', 'closed');
    const publicOutput = referenceOutput(parseInput(program, input));
    for (const stage of STAGES) {
      this.checkAbort(signal);
      onStage?.(stage);
      await Promise.resolve();
    }
    this.checkAbort(signal);
    const stages = STAGES.map((stage) => ({ stage, milliseconds: 0 }));
    return { proof: restate(program, input, publicOutput), publicOutput, exitCode: 0, cycles: 1, stages };
  }

  async verify({ program, input, publicOutput, proof }: ProofClaim): Promise<Verdict> {
    if (!isProgramId(program)) return { valid: false, kind: 'UnknownProgram', reason: 'unknown' };
    const same = Buffer.compare(restate(program, input, publicOutput), proof) === 0;
    return same ? { valid: true, securityBits: 96 } : { valid: false, kind: 'Rejected', reason: 'another claim' };
  }

  async close() {
    this.closed = true;
  }

  protected checkAbort(signal: AbortSignal): void {
    if (signal.aborted) throw new ProverError('Cancelled', 'cancelled');
  }
}

function restate(program: string, input: Uint8Array, publicOutput: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(program), input, publicOutput]);
}

/** Runs the suite outside of the test runner and gives the names of the tests that fail. */
async function failures(backend: new () => ProverBackend, cases = CASES, options: ConformanceOptions = {}): Promise<string[]> {
  const tests: [string, () => Promise<void>][] = [];
  const runner: ConformanceRunner = { describe: (_name, body) => body(), it: (name, body) => tests.push([name, body]), expect };
  describeBackendConformance(runner, async () => new backend(), cases, options);
  const failed: string[] = [];
  for (const [name, body] of tests) await body().catch(() => failed.push(name));
  return failed;
}

/** Cannot check a proof, and says nothing of its stages. */
class BlindBackend extends HonestBackend {
  override async prove(job: ProveJob, signal: AbortSignal) {
    return { ...(await super.prove({ ...job, onStage: undefined }, signal)), stages: [] };
  }

  override async verify({ program }: ProofClaim): Promise<Verdict> {
    return { valid: false, kind: isProgramId(program) ? 'Unverifiable' : 'UnknownProgram', reason: 'no verifier' };
  }
}

describeBackendConformance({ describe, it, expect }, async () => new HonestBackend(), CASES);
describe('without a verifier', () => describeBackendConformance({ describe, it, expect }, async () => new BlindBackend(), CASES, { verifies: false }));

describe('the conformance suite catches a backend that', () => {
  class Wrong extends HonestBackend {
    override async prove(job: ProveJob, signal: AbortSignal) {
      const result = await super.prove(job, signal);
      const publicOutput = result.publicOutput.map((byte) => byte ^ 1);
      return { ...result, publicOutput, proof: restate(job.program, job.input, publicOutput) };
    }
  }
  class Credulous extends HonestBackend {
    override async verify(claim: ProofClaim): Promise<Verdict> {
      return claim.proof.length > 0 ? { valid: true, securityBits: 96 } : super.verify(claim);
    }
  }
  class Throwing extends HonestBackend {
    override async verify(claim: ProofClaim): Promise<Verdict> {
      if (claim.proof.length === 0) throw new Error('no bytes');
      return super.verify(claim);
    }
  }
  class Trailing extends HonestBackend {
    override async verify(claim: ProofClaim): Promise<Verdict> {
      const length = restate(claim.program, claim.input, claim.publicOutput).length;
      return super.verify({ ...claim, proof: claim.proof.subarray(0, length) });
    }
  }
  class Weak extends HonestBackend {
    override async capabilities() {
      return { ...(await super.capabilities()), securityBits: 13 };
    }
  }
  class Deaf extends HonestBackend {
    protected override checkAbort() {
      return;
    }
  }
  class Disordered extends HonestBackend {
    override async prove(job: ProveJob, signal: AbortSignal) {
      const result = await super.prove({ ...job, onStage: undefined }, signal);
      for (const stage of [...STAGES].reverse()) job.onStage?.(stage);
      return { ...result, stages: [...result.stages].reverse() };
    }
  }
  class Immortal extends HonestBackend {
    override async close() {
      return;
    }
  }

  it.each([
    ['proves a wrong result', Wrong, 'proves what the program computes, and verifies it'],
    ['accepts any proof', Credulous, 'refuses a proof of anything but the claim'],
    ['throws on bad bytes', Throwing, 'answers bad proof bytes with a verdict, whatever they are'],
    ['ignores appended bytes', Trailing, 'answers bad proof bytes with a verdict, whatever they are'],
    ['is too weak', Weak, 'says what it can do'],
    ['does not hear an abort', Deaf, 'ends an aborted job as cancelled, before it begins or under way, and goes on'],
    ['mixes up its stages', Disordered, 'reports stages in their order, each with its time'],
    ['cannot verify without saying so', BlindBackend, 'proves what the program computes, and verifies it'],
    ['works on after it was closed', Immortal, 'takes no job once closed, and can be closed twice'],
  ])('%s', async (_what, backend, caught) => {
    expect(await failures(backend)).toContain(caught);
  });

  it('calls a proof valid without a verifier', async () => {
    expect(await failures(Credulous, CASES, { verifies: false })).toContain('refuses a proof of anything but the claim');
  });

  it('proves a program that no case covers', async () => {
    expect(await failures(HonestBackend, CASES.slice(0, 1))).toEqual(['says what it can do']);
  });
});
