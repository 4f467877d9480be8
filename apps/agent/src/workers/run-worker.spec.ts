import { beforeEach, describe, expect, it } from '@jest/globals';
import { ProverError, ProverRegistry, type ProverBackend, type Verdict } from '@provefleet/prover';
import { classifyDeath, type DeathFacts } from './death.js';
import type { FromWorker, ToWorker } from './protocol.js';
import { runWorker, type WorkerChannel } from './run-worker.js';

let sent: FromWorker[];
let exits: number[];
let tell: (message: ToWorker) => void;
let disconnect: () => void;
let tick: () => void;
let finish: ((error?: ProverError) => void)[];
let verdict: Verdict;
let closed: number;
let broken: ProverError | null;

const backend: ProverBackend = {
  name: 'fake',
  capabilities: async () => ({ programs: ['p'], securityBits: 96, cpuBuild: 'x', cpuFeatures: [], proofFormat: 'f', needsBinary: null, version: '1' }),
  estimateMemory: async (program) => {
    if (program === 'unknown') throw new ProverError('UnknownProgram', 'unknown');
    return 1000;
  },
  prove: (job) =>
    new Promise((resolve, reject) => {
      job.onStage?.('fri');
      finish.push((error) => (error ? reject(error) : resolve({ proof: job.input, publicOutput: Uint8Array.of(5), exitCode: 0, cycles: 3, stages: [{ stage: 'fri', milliseconds: 1 }] })));
    }),
  verify: async () => verdict,
  close: async () => void closed++,
};

beforeEach(() => {
  sent = [];
  exits = [];
  finish = [];
  closed = 0;
  broken = null;
  verdict = { valid: true, securityBits: 96 };
  const registry = new ProverRegistry().register('fake', async () => {
    if (broken) throw broken;
    return backend;
  });
  const channel: WorkerChannel = {
    send: (message) => sent.push(message),
    onMessage: (listener) => (tell = listener),
    onDisconnect: (listener) => (disconnect = listener),
    exit: (code) => exits.push(code),
    memoryBytes: () => 42,
    peakBytes: () => 99,
    now: () => 7,
    every: (_milliseconds, call) => {
      tick = call;
      return () => undefined;
    },
  };
  runWorker(registry, channel);
});

const settle = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};
const types = () => sent.map(({ type }) => type);
async function init(): Promise<void> {
  tell({ type: 'init', backend: 'fake', threads: 1, memoryBudgetBytes: null });
  await settle();
}
const prove = (jobId: number): void => tell({ type: 'prove', jobId, program: 'p', input: Uint8Array.of(jobId) });

describe('a worker process', () => {
  it('says what it is, proves in order, verifies, and tells every stage', async () => {
    await init();
    prove(1);
    prove(2);
    await settle();
    expect(finish).toHaveLength(1);
    finish[0]?.();
    await settle();
    finish[1]?.();
    await settle();
    expect(types()).toEqual(['ready', 'stage', 'stage', 'proved', 'stage', 'stage', 'proved']);
    expect(sent[3]).toMatchObject({ jobId: 1, memoryBytes: 42, proved: { proof: Uint8Array.of(1), stages: [{ stage: 'fri' }, { stage: 'verify' }] } });
  });

  it('hands on no proof that does not verify', async () => {
    verdict = { valid: false, kind: 'Rejected', reason: 'wrong' };
    await init();
    prove(1);
    await settle();
    finish[0]?.();
    await settle();
    expect(sent.at(-1)).toMatchObject({ type: 'failed', error: { code: 'VerificationFailed', message: expect.stringContaining('wrong') } });
  });

  it('takes the word of a backend that has no verifier', async () => {
    verdict = { valid: false, kind: 'Unverifiable', reason: 'no verifier' };
    await init();
    prove(1);
    await settle();
    finish[0]?.();
    await settle();
    expect(types().at(-1)).toBe('proved');
  });

  it('tells a failure with its code and goes on', async () => {
    await init();
    prove(1);
    prove(2);
    await settle();
    finish[0]?.(new ProverError('GuestExit', 'exit 3', { exitCode: 3 }));
    await settle();
    expect(sent.at(-2)).toMatchObject({ type: 'failed', jobId: 1, error: { code: 'GuestExit', exitCode: 3 } });
    expect(finish).toHaveLength(2);
  });

  it('told to stop gives back what it has not begun, finishes, closes the backend, ends', async () => {
    await init();
    prove(1);
    prove(2);
    await settle();
    tell({ type: 'stop' });
    expect(sent.at(-1)).toEqual({ type: 'returned', jobId: 2 });
    expect(exits).toEqual([]);
    finish[0]?.();
    await settle();
    expect(types().at(-1)).toBe('proved');
    expect([closed, exits]).toEqual([1, [0]]);
  });

  it('ends at once when its agent is gone', async () => {
    await init();
    prove(1);
    disconnect();
    expect(exits).toEqual([0]);
  });

  it('says why its backend cannot be used', async () => {
    broken = new ProverError('BackendUnavailable', 'build it first');
    await init();
    expect(sent).toEqual([{ type: 'unavailable', error: expect.objectContaining({ code: 'BackendUnavailable', message: 'build it first' }) }]);
  });

  it('tells what a job would take while another is under way, and nothing of a job it cannot do', async () => {
    await init();
    prove(1);
    tell({ type: 'estimate', requestId: 5, program: 'p', input: Uint8Array.of(1) });
    tell({ type: 'estimate', requestId: 6, program: 'unknown', input: Uint8Array.of(1) });
    await settle();
    expect(sent.filter(({ type }) => type === 'estimated')).toEqual([{ type: 'estimated', requestId: 5, bytes: 1000 }, { type: 'estimated', requestId: 6, bytes: null }]);
  });

  it('tells its size while it proves', async () => {
    await init();
    tick();
    expect(types()).toEqual(['ready']);
    prove(1);
    await settle();
    tick();
    expect(sent.at(-1)).toEqual({ type: 'memory', memoryBytes: 42 });
  });
});

describe('the death of a worker', () => {
  const facts = (change: Partial<DeathFacts>): DeathFacts => ({ code: null, signal: null, endedBy: null, kernelKilledForMemory: false, lastWords: '', ...change });

  it.each<[string, Partial<DeathFacts>, string, string | undefined, string]>([
    ['the kernel’s memory killer', { signal: 'SIGKILL', kernelKilledForMemory: true }, 'out-of-memory', 'OutOfMemory', 'kernel'],
    ['SIGKILL where the kernel tells nothing', { signal: 'SIGKILL', kernelKilledForMemory: null }, 'out-of-memory', 'OutOfMemory', 'probably'],
    ['exit code 137', { code: 137, kernelKilledForMemory: null }, 'out-of-memory', 'OutOfMemory', 'probably'],
    ['somebody’s SIGKILL', { signal: 'SIGKILL' }, 'crashed', 'WorkerCrashed', 'from outside'],
    ['a full JavaScript heap', { signal: 'SIGABRT', lastWords: 'FATAL ERROR: Reached heap limit Allocation failed' }, 'out-of-memory', 'OutOfMemory', 'heap'],
    ['a segmentation fault', { signal: 'SIGSEGV' }, 'crashed', 'WorkerCrashed', 'SIGSEGV'],
    ['a panic', { signal: 'SIGABRT', lastWords: 'thread panicked at x.rs' }, 'crashed', 'WorkerCrashed', 'panicked at x.rs'],
    ['an exit nobody asked for', { code: 0 }, 'crashed', 'WorkerCrashed', 'without being told'],
    ['a hang', { signal: 'SIGKILL', endedBy: 'hang' }, 'hung', 'DeadlineExceeded', 'deadline'],
    ['a stop', { code: 0, endedBy: 'stop' }, 'stopped', undefined, ''],
  ])('by %s is told as what it is', (_name, change, expected, code, cause) => {
    const death = classifyDeath(facts(change));
    expect(death.change).toBe(expected);
    expect(death.error?.code).toBe(code);
    expect(death.cause).toContain(cause);
  });
});
