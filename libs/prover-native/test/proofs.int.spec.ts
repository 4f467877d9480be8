import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FIB_INPUT_INITIAL, FIB_INPUT_INITIAL_MAX_N, type ProverBackend, type ProgramInput, readOutput, referenceResult } from '@provefleet/prover';
import { createNativeBackend } from '../src/index.js';
import { loadAddon } from '../src/loader.js';
import { fast, fib, jobOf, never } from './jobs.js';

let backend: ProverBackend;

beforeAll(async () => {
  backend = await createNativeBackend({ threads: 2 });
});
afterAll(() => backend.close());

async function provedResult(input: ProgramInput): Promise<bigint> {
  const job = jobOf(input);
  const { publicOutput, proof } = await backend.prove(job, never());
  expect(await backend.verify({ ...job, publicOutput, proof })).toEqual({ valid: true, securityBits: 96 });
  return readOutput(job.program, publicOutput);
}

describe('results that are proved and verified', () => {
  it.each([
    [fib(9, 1, 1), 144n],
    [fib(100, 1, 1), 3870634317n],
    [fib(1000, 1, 1), 4192936485n],
    [fib(10000, 1, 1), 1212146261n],
    [fib(0, 0, 0), 0n],
    [fast(0), 1n],
    [fast(9), 55n],
    [fast(47), 4807526976n],
    [fast(100), 573147844013817084101n],
    [fast(255), 141693817714056513234709965875411919657707794958199867n],
  ])('of %j: %s', async (input, result) => {
    expect(await provedResult(input)).toBe(result);
  });

  it('are those of a plain loop where numbers wrap, and at the largest n', async () => {
    for (const input of [fib(9, 0xffff_ffff, 0xffff_ffff), fib(0, 0xffff_ffff, 1), fib(FIB_INPUT_INITIAL_MAX_N, 1, 1)]) {
      expect(await provedResult(input)).toBe(referenceResult(input));
    }
  });
});

describe('jobs that cannot be proved', () => {
  it('n beyond 2^20 is an invalid input that names field and limit', async () => {
    const input = new Uint8Array(Uint32Array.of(FIB_INPUT_INITIAL_MAX_N + 1, 1, 1).buffer);
    await expect(backend.prove({ program: FIB_INPUT_INITIAL, input }, never())).rejects.toMatchObject({
      code: 'InvalidInput',
      field: 'n',
      message: expect.stringContaining(String(FIB_INPUT_INITIAL_MAX_N)),
    });
  });

  it('a job over the memory budget is refused before it starts, a smaller one is proved', async () => {
    const [small, large] = [jobOf(fib(9, 1, 1)), jobOf(fib(FIB_INPUT_INITIAL_MAX_N, 1, 1))];
    const needed = await Promise.all([small, large].map(({ program, input }) => backend.estimateMemory(program, input)));
    const [smallBytes, largeBytes] = needed.map(Number);
    expect(largeBytes).toBeGreaterThan(smallBytes ?? Infinity);
    const stages: string[] = [];
    const tight = await createNativeBackend({ threads: 1, memoryBudgetBytes: smallBytes });
    try {
      await expect(tight.prove({ ...large, onStage: (stage) => stages.push(stage) }, never())).rejects.toMatchObject({
        code: 'OutOfMemory',
        message: expect.stringContaining(String(largeBytes)),
      });
      expect(stages).toEqual([]);
      expect((await tight.prove(small, never())).publicOutput).toEqual(small.publicOutput);
    } finally {
      await tight.close();
    }
  });

  it('a job aborted at any stage is cancelled, and leaves nothing running', async () => {
    const job = jobOf(fib(300_000, 1, 1));
    for (const at of ['witness', 'commit', 'interaction', 'fri'] as const) {
      const abort = new AbortController();
      const seen: string[] = [];
      const onStage = (stage: string) => {
        seen.push(stage);
        if (stage === at) abort.abort();
      };
      await expect(backend.prove({ ...job, onStage }, abort.signal)).rejects.toMatchObject({ code: 'Cancelled' });
      expect(seen.at(-1)).toBe(at);
    }
    expect((await backend.prove(jobOf(fib(9, 1, 1)), never())).cycles).toBe(10);
  });
});

describe('the builds for different CPUs', () => {
  it('make proofs that the others verify', async () => {
    const { info } = loadAddon();
    const builds = await Promise.all(
      info.supportedBuilds.map(async (wantedBuild) => {
        process.env['PROVEFLEET_CPU_BUILD'] = wantedBuild;
        return createNativeBackend({ threads: 1 }).finally(() => delete process.env['PROVEFLEET_CPU_BUILD']);
      }),
    );
    try {
      const loaded = await Promise.all(builds.map(async (build) => (await build.capabilities()).cpuBuild));
      expect(loaded).toEqual(info.supportedBuilds);
      for (const job of [jobOf(fib(5000, 3, 4)), jobOf(fast(200))]) {
        for (const prover of builds) {
          const { proof, publicOutput } = await prover.prove(job, never());
          expect(publicOutput).toEqual(job.publicOutput);
          for (const verifier of builds) expect(await verifier.verify({ ...job, proof })).toEqual({ valid: true, securityBits: 96 });
        }
      }
    } finally {
      await Promise.all(builds.map((build) => build.close()));
    }
  });
});
