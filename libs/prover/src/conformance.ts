import { PROOF_STAGES, type ProofClaim, type ProofStage, type ProverBackend, type ProveResult, type Verdict } from './contract.js';
import { ProverError, type ProverErrorCode } from './errors.js';

/** What the suite needs of a test runner; jest's own three fit. */
export interface ConformanceRunner {
  readonly describe: (name: string, body: () => void) => void;
  readonly it: (name: string, body: () => Promise<void>) => void;
  readonly expect: (actual: unknown) => {
    toBe(expected: unknown): void;
    toEqual(expected: unknown): void;
    toBeGreaterThan(expected: number): void;
    toBeGreaterThanOrEqual(expected: number): void;
  };
}

/** A job with the answer that every honest backend gives. */
export interface ConformanceCase {
  readonly program: string;
  readonly input: Uint8Array;
  readonly publicOutput: Uint8Array;
}

export interface ConformanceOptions {
  /**
   * False for a backend that cannot check proofs of its own format. It must then answer `Unverifiable` where another
   * says `valid`, and must never call a proof valid. True unless given.
   */
  readonly verifies?: boolean;
}

/** The least conjectured security, in bits, of a backend that says how secure its proofs are. */
export const MIN_SECURITY_BITS = 96;

/**
 * The contract of {@link ProverBackend} as tests; every backend runs them all. The program of the first case must be
 * one that refuses an empty input.
 *
 * @param makeBackend starts a fresh backend; the suite closes it.
 * @param cases at least one per program of the backend. All should be quick to prove: each is proved several times.
 */
export function describeBackendConformance(
  { describe, it, expect }: ConformanceRunner,
  makeBackend: () => Promise<ProverBackend>,
  cases: readonly ConformanceCase[],
  { verifies = true }: ConformanceOptions = {},
): void {
  const [first] = cases;
  if (!first) throw new Error('the conformance suite needs at least one case');

  const withBackend = (name: string, body: (backend: ProverBackend) => Promise<void>) =>
    it(name, async () => {
      const backend = await makeBackend();
      try {
        await body(backend);
      } finally {
        await backend.close();
      }
    });

  const expectFailure = async (attempt: Promise<unknown>, code: ProverErrorCode) => {
    const error = await attempt.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error instanceof ProverError).toBe(true);
    expect((error as ProverError).code).toBe(code);
    return error as ProverError;
  };

  const expectRefused = (verdict: Verdict, what: string) => {
    expect({ what, valid: verdict.valid }).toEqual({ what, valid: false });
    expect(!verdict.valid && verdict.reason.length > 0).toBe(true);
  };

  const expectHonest = (verdict: Verdict, securityBits: number | null) => {
    if (verifies) expect(verdict).toEqual({ valid: true, securityBits: securityBits ?? (verdict.valid ? verdict.securityBits : undefined) });
    else expect(!verdict.valid && verdict.kind).toBe('Unverifiable');
  };

  describe('backend conformance', () => {
    withBackend('says what it can do', async (backend) => {
      const { programs, securityBits, proofFormat, cpuBuild, version } = await backend.capabilities();
      for (const { program } of cases) expect(programs.includes(program)).toBe(true);
      for (const program of programs) expect({ program, hasCase: cases.some((entry) => entry.program === program) }).toEqual({ program, hasCase: true });
      if (securityBits !== null) expect(securityBits).toBeGreaterThanOrEqual(MIN_SECURITY_BITS);
      for (const text of [backend.name, proofFormat, cpuBuild, version]) expect(text.length).toBeGreaterThan(0);
    });

    withBackend('proves what the program computes, and verifies it', async (backend) => {
      const { securityBits } = await backend.capabilities();
      for (const { program, input, publicOutput } of cases) {
        const result = await backend.prove({ program, input }, neverAborted());
        expect({ program, output: toHex(result.publicOutput) }).toEqual({ program, output: toHex(publicOutput) });
        expect(result.exitCode).toBe(0);
        expect(result.cycles).toBeGreaterThanOrEqual(0);
        expectHonest(await backend.verify(claimOf(program, input, result)), securityBits);
      }
    });

    withBackend('reports stages in their order, each with its time', async (backend) => {
      const seen: ProofStage[] = [];
      const { stages } = await backend.prove({ ...first, onStage: (stage) => seen.push(stage) }, neverAborted());
      expect(stages.map(({ stage }) => stage)).toEqual(seen);
      expect(seen).toEqual(PROOF_STAGES.filter((stage) => seen.includes(stage)));
      for (const { milliseconds } of stages) expect(milliseconds).toBeGreaterThanOrEqual(0);
    });

    withBackend('keeps jobs that run at once apart', async (backend) => {
      const results = await Promise.all(cases.map(({ program, input }) => backend.prove({ program, input }, neverAborted())));
      expect(results.map(({ publicOutput }) => toHex(publicOutput))).toEqual(cases.map(({ publicOutput }) => toHex(publicOutput)));
    });

    withBackend('estimates the memory of a job or says that it cannot', async (backend) => {
      for (const { program, input } of cases) {
        const bytes = await backend.estimateMemory(program, input);
        if (bytes !== null) expect(bytes).toBeGreaterThan(0);
      }
    });

    withBackend('refuses unknown programs and unusable inputs by their own codes', async (backend) => {
      const unknown = { program: 'no-such-program', input: first.input };
      await expectFailure(backend.prove(unknown, neverAborted()), 'UnknownProgram');
      await expectFailure(backend.estimateMemory(unknown.program, unknown.input), 'UnknownProgram');
      const empty = { program: first.program, input: new Uint8Array() };
      const refused = await expectFailure(backend.prove(empty, neverAborted()), 'InvalidInput');
      expect(typeof refused.field).toBe('string');
      await expectFailure(backend.estimateMemory(empty.program, empty.input), 'InvalidInput');
    });

    withBackend('ends an aborted job as cancelled, before it begins or under way, and goes on', async (backend) => {
      await expectFailure(backend.prove(first, AbortSignal.abort()), 'Cancelled');
      const abort = new AbortController();
      const underWay = expectFailure(backend.prove(first, abort.signal), 'Cancelled');
      abort.abort();
      await underWay;
      const { publicOutput, stages } = await backend.prove(first, neverAborted());
      expect(toHex(publicOutput)).toBe(toHex(first.publicOutput));
      if (stages.length === 0) return;
      const atStage = new AbortController();
      await expectFailure(backend.prove({ ...first, onStage: () => atStage.abort() }, atStage.signal), 'Cancelled');
      await backend.prove(first, neverAborted());
    });

    withBackend('refuses a proof of anything but the claim', async (backend) => {
      for (const { program, input, publicOutput } of cases) {
        const claim = claimOf(program, input, await backend.prove({ program, input }, neverAborted()));
        expectRefused(await backend.verify({ ...claim, input: withByte(input, 0, (byte) => byte ^ 1) }), `${program}: other input`);
        for (const at of [0, publicOutput.length - 1]) {
          expectRefused(await backend.verify({ ...claim, publicOutput: withByte(publicOutput, at, (byte) => byte ^ 0x40) }), `${program}: other output`);
        }
        for (const other of ['no-such-program', ...cases.map((entry) => entry.program).filter((name) => name !== program)]) {
          expectRefused(await backend.verify({ ...claim, program: other }), `${program}: as ${other}`);
        }
      }
      const unknown = await backend.verify({ ...first, program: 'no-such-program', proof: Uint8Array.of(1) });
      expect(!unknown.valid && unknown.kind).toBe('UnknownProgram');
    });

    withBackend('answers bad proof bytes with a verdict, whatever they are', async (backend) => {
      const claim = claimOf(first.program, first.input, await backend.prove(first, neverAborted()));
      const { proof } = claim;
      const bad: [string, Uint8Array][] = [
        ['empty', new Uint8Array()],
        ['zeros', new Uint8Array(proof.length)],
        ['ones', new Uint8Array(proof.length).fill(0xff)],
        ['one byte more', Uint8Array.from([...proof, 0])],
        ['twice', Uint8Array.from([...proof, ...proof])],
        ...[1, proof.length >> 1, proof.length - 1].map((length): [string, Uint8Array] => [`cut to ${length}`, proof.slice(0, length)]),
      ];
      // Positions spread over the whole proof, each with another bit.
      for (let i = 0; i < 64; i++) {
        const at = Math.floor(((i + 0.5) / 64) * proof.length);
        bad.push([`bit ${i % 8} of byte ${at}`, withByte(proof, at, (byte) => byte ^ (1 << i % 8))]);
      }
      for (const [what, bytes] of bad) expectRefused(await backend.verify({ ...claim, proof: bytes }), what);
      expectHonest(await backend.verify(claim), (await backend.capabilities()).securityBits);
    });

    it('takes no job once closed, and can be closed twice', async () => {
      const backend = await makeBackend();
      await backend.close();
      await backend.close();
      await expectFailure(backend.prove(first, neverAborted()), 'BackendUnavailable');
    });
  });
}

const neverAborted = () => new AbortController().signal;

function claimOf(program: string, input: Uint8Array, { publicOutput, proof }: ProveResult): ProofClaim {
  return { program, input, publicOutput, proof };
}

function withByte(bytes: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  return bytes.map((byte, index) => (index === at ? change(byte) : byte));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
