import { describe, expect, it } from '@jest/globals';
import { ProverRegistry, type ProofStage, type ProverBackend } from '@provefleet/prover';
import { createNativeBackend, NATIVE_BACKEND, registerNative } from './backend.js';
import { ADDON_INTERFACE, type Addon, type AddonInfo, type NativeProof, type NativeProveEvent, type NativeVerifyEvent } from './binding.js';

const INFO: AddonInfo = {
  interface: ADDON_INTERFACE,
  version: '1',
  build: 'x86-64',
  supportedBuilds: ['x86-64'],
  cpuFeatures: ['avx2'],
  programs: ['fast-fib'],
  securityBits: 96,
};
const PROOF: NativeProof = {
  proof: Uint8Array.of(1, 2),
  publicOutput: Uint8Array.of(3),
  exitCode: 0,
  cycles: 9,
  stages: ['trace', 'commit-trace', 'interaction', 'commit-interaction', 'stark', 'encode'].map((stage, i) => ({ stage, milliseconds: i + 1 })),
};
const JOB = { program: 'fast-fib', input: Uint8Array.of(9) };
const never = () => new AbortController().signal;

/** An addon whose jobs do what the test says. */
class FakeAddon {
  readonly made: { threads: number; budget?: number }[] = [];
  tell: (event: NativeProveEvent) => void = () => undefined;
  tellVerdict: (event: NativeVerifyEvent) => void = () => undefined;
  cancels = 0;
  closes = 0;

  readonly addon: Addon = ((fake: FakeAddon) => ({
    addonInfo: () => INFO,
    estimateMemory: (_program: string, input: Uint8Array) =>
      input.length > 0 ? { bytes: 5000 } : { failure: { code: 'InvalidInput' as const, message: 'empty', field: 'input' } },
    Prover: class {
      constructor(readonly threads: number) {
        if (threads === 77) throw new Error('no more threads');
        fake.made.push({ threads });
      }
      prove(_program: string, _input: Uint8Array, budget: number | undefined, listener: (event: NativeProveEvent) => void) {
        fake.made.push({ threads: this.threads, budget });
        fake.tell = listener;
        return { cancel: () => void fake.cancels++ };
      }
      verify(_program: string, _input: Uint8Array, _output: Uint8Array, _proof: Uint8Array, listener: (event: NativeVerifyEvent) => void) {
        fake.tellVerdict = listener;
      }
      close() {
        fake.closes++;
      }
    },
  }))(this);

  backend(options = { threads: 2 }): Promise<ProverBackend> {
    return createNativeBackend(options, () => ({ addon: this.addon, info: INFO }));
  }
}

async function proving(job: Parameters<ProverBackend['prove']>[0] = JOB, signal = never()) {
  const fake = new FakeAddon();
  const backend = await fake.backend();
  return { fake, backend, result: backend.prove(job, signal) };
}

describe('starting', () => {
  it('is registered by its name', () => {
    expect(registerNative(new ProverRegistry()).names()).toEqual([NATIVE_BACKEND]);
  });

  it.each([
    ['threads', { threads: 0 }],
    ['threads', { threads: 1.5 }],
    ['threads', { threads: 100_000 }],
    ['memoryBudgetBytes', { threads: 1, memoryBudgetBytes: Number.NaN }],
    ['memoryBudgetBytes', { threads: 1, memoryBudgetBytes: -1 }],
  ])('refuses a %s that makes no sense (%j)', async (field, options) => {
    await expect(new FakeAddon().backend(options)).rejects.toMatchObject({ code: 'BackendUnavailable', field });
  });

  it('says so when the threads cannot be had', async () => {
    await expect(new FakeAddon().backend({ threads: 77 })).rejects.toMatchObject({ code: 'BackendUnavailable', message: 'no more threads' });
  });

  it('tells what the addon is', async () => {
    const backend = await new FakeAddon().backend();
    expect(await backend.capabilities()).toMatchObject({ programs: ['fast-fib'], securityBits: 96, cpuBuild: 'x86-64', needsBinary: null });
    expect(await backend.estimateMemory('fast-fib', Uint8Array.of(1))).toBe(5000);
    await expect(backend.estimateMemory('fast-fib', new Uint8Array())).rejects.toMatchObject({ code: 'InvalidInput', field: 'input' });
  });
});

describe('proving', () => {
  it('gives the proof, with the two halves of the lookup argument as one stage', async () => {
    const stages: ProofStage[] = [];
    const { fake, result } = await proving({ ...JOB, onStage: (stage) => stages.push(stage) });
    for (const { stage } of PROOF.stages) fake.tell({ stage });
    fake.tell({ proof: PROOF });
    expect(await result).toEqual({
      proof: PROOF.proof,
      publicOutput: PROOF.publicOutput,
      exitCode: 0,
      cycles: 9,
      stages: [
        { stage: 'witness', milliseconds: 1 },
        { stage: 'commit', milliseconds: 2 },
        { stage: 'interaction', milliseconds: 7 },
        { stage: 'fri', milliseconds: 5 },
        { stage: 'encode', milliseconds: 6 },
      ],
    });
    expect(stages).toEqual(['witness', 'commit', 'interaction', 'fri', 'encode']);
  });

  it('passes threads and budget on', async () => {
    const fake = new FakeAddon();
    const backend = await createNativeBackend({ threads: 3, memoryBudgetBytes: 1000 }, () => ({ addon: fake.addon, info: INFO }));
    const result = backend.prove(JOB, never());
    fake.tell({ proof: PROOF });
    await result;
    expect(fake.made).toEqual([{ threads: 3 }, { threads: 3, budget: 1000 }]);
  });

  it.each([
    ['UnknownProgram', 'UnknownProgram'],
    ['InvalidInput', 'InvalidInput'],
    ['OutOfMemoryBudget', 'OutOfMemory'],
    ['Cancelled', 'Cancelled'],
    ['Internal', 'WorkerCrashed'],
  ] as const)('turns %s into %s', async (native, code) => {
    const { fake, result } = await proving();
    fake.tell({ failure: { code: native, message: 'why', field: 'n' } });
    await expect(result).rejects.toMatchObject({ code, message: 'why', field: 'n' });
  });

  it('never hands out a proof of a run that failed', async () => {
    const { fake, result } = await proving();
    fake.tell({ proof: { ...PROOF, exitCode: 3 } });
    await expect(result).rejects.toMatchObject({ code: 'GuestExit', exitCode: 3 });
  });

  it.each([
    ['input', { ...JOB, input: [9] }],
    ['input', { ...JOB, input: undefined }],
    ['program', { ...JOB, program: 7 }],
  ])('refuses a job whose %s has the wrong type', async (field, job) => {
    const backend = await new FakeAddon().backend();
    await expect(backend.prove(job as never, never())).rejects.toMatchObject({ code: 'MalformedTask', field });
  });

  it('counts as cancelled after an abort, even if the proof was already there', async () => {
    const abort = new AbortController();
    const stages: ProofStage[] = [];
    const { fake, result } = await proving({ ...JOB, onStage: (stage) => stages.push(stage) }, abort.signal);
    fake.tell({ stage: 'trace' });
    abort.abort();
    fake.tell({ stage: 'stark' });
    fake.tell({ proof: PROOF });
    await expect(result).rejects.toMatchObject({ code: 'Cancelled' });
    expect({ cancels: fake.cancels, stages }).toEqual({ cancels: 1, stages: ['witness'] });
  });

  it('starts nothing for a signal that is already aborted', async () => {
    const { fake, result } = await proving(JOB, AbortSignal.abort());
    await expect(result).rejects.toMatchObject({ code: 'Cancelled' });
    expect(fake.made).toEqual([{ threads: 2 }]);
  });

  it('survives a stage listener that throws: the job ends with its error', async () => {
    const { fake, result } = await proving({
      ...JOB,
      onStage: () => {
        throw new Error('listener broke');
      },
    });
    fake.tell({ stage: 'trace' });
    fake.tell({ failure: { code: 'Cancelled', message: 'cancelled' } });
    await expect(result).rejects.toMatchObject({ code: 'WorkerCrashed', message: 'listener broke' });
    expect(fake.cancels).toBe(1);
  });
});

describe('verifying', () => {
  const CLAIM = { ...JOB, publicOutput: Uint8Array.of(3), proof: Uint8Array.of(1) };

  it('gives the verdict as it is', async () => {
    const fake = new FakeAddon();
    const backend = await fake.backend();
    const good = backend.verify(CLAIM);
    fake.tellVerdict({ securityBits: 96 });
    expect(await good).toEqual({ valid: true, securityBits: 96 });
    const bad = backend.verify(CLAIM);
    fake.tellVerdict({ kind: 'WeakSecurity', reason: '13 bits' });
    expect(await bad).toEqual({ valid: false, kind: 'WeakSecurity', reason: '13 bits' });
  });
});

describe('closing', () => {
  it('cancels what runs, waits for it, and ends the threads once', async () => {
    const { fake, backend, result } = await proving();
    const outcome = expect(result).rejects.toMatchObject({ code: 'Cancelled' });
    const closed = backend.close();
    expect({ cancels: fake.cancels, closes: fake.closes }).toEqual({ cancels: 1, closes: 0 });
    fake.tell({ failure: { code: 'Cancelled', message: 'cancelled' } });
    await outcome;
    await closed;
    await backend.close();
    expect(fake.closes).toBe(1);
    await expect(backend.prove(JOB, never())).rejects.toMatchObject({ code: 'BackendUnavailable' });
  });
});
