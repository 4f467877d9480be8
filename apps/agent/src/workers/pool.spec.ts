import { beforeEach, describe, expect, it } from '@jest/globals';
import { ProverError, type ProverErrorCode } from '@provefleet/prover';
import { FakeAgentClock } from '../../test/support/fake-clock.js';
import type { EventDraft } from '../outbox/event-log.js';
import type { Job, JobOutcome } from './job.js';
import { WorkerPool } from './pool.js';
import type { FromWorker, ToWorker } from './protocol.js';
import type { WorkerChild } from './spawn.js';

const GIB = 2 ** 30;

/** A worker process played by the test. */
class FakeChild implements WorkerChild {
  readonly pid = 1;
  readonly received: ToWorker[] = [];
  killed = false;
  private message: (message: FromWorker) => void = () => undefined;
  private exit: (code: number | null, signal: NodeJS.Signals | null, problem?: string) => void = () => undefined;

  send(message: ToWorker): void {
    if (message.type === 'estimate') this.message({ type: 'estimated', requestId: message.requestId, bytes: estimate });
    else this.received.push(message);
  }
  onMessage(listener: (message: FromWorker) => void): void {
    this.message = listener;
  }
  onExit(listener: (code: number | null, signal: NodeJS.Signals | null, problem?: string) => void): void {
    this.exit = listener;
  }
  kill(): void {
    this.killed = true;
    this.exit(null, 'SIGKILL');
  }
  lastWords(): string {
    return '';
  }

  get jobs(): number[] {
    return this.received.flatMap((message) => (message.type === 'prove' ? [message.jobId] : []));
  }
  ready(): void {
    this.message({ type: 'ready', memoryBytes: 1, capabilities: { programs: ['p'], securityBits: 96, cpuBuild: 'x', cpuFeatures: [], proofFormat: 'f', needsBinary: null, version: '1' } });
  }
  proved(jobId: number, peakBytes = 1): void {
    this.message({ type: 'proved', jobId, memoryBytes: 2, peakBytes, proved: { proof: Uint8Array.of(jobId), publicOutput: new Uint8Array(), cycles: 1, stages: [], milliseconds: 1 } });
  }
  failed(jobId: number, code: ProverErrorCode): void {
    this.message({ type: 'failed', jobId, memoryBytes: 2, error: new ProverError(code, `was ${code}`).toData() });
  }
  returned(jobId: number): void {
    this.message({ type: 'returned', jobId });
  }
  unavailable(): void {
    this.message({ type: 'unavailable', error: new ProverError('BackendUnavailable', 'no addon').toData() });
  }
  dies(code: number | null, signal: NodeJS.Signals | null): void {
    this.exit(code, signal);
  }
}

let clock: FakeAgentClock;
let children: FakeChild[];
let events: Extract<EventDraft, { kind: 'worker' }>[];
let memoryKills: number;
/** Bytes the fake backend expects a job to take. */
let estimate: number | null;
let free: number;
let pool: WorkerPool;

beforeEach(() => {
  clock = new FakeAgentClock();
  children = [];
  events = [];
  memoryKills = 0;
  estimate = null;
  free = 8 * GIB;
  pool = new WorkerPool({
    clock,
    spawn: () => {
      const child = new FakeChild();
      children.push(child);
      return child;
    },
    backend: 'fake',
    memoryBudgetBytes: null,
    kernelMemoryKills: () => Promise.resolve(memoryKills),
    memory: { totalBytes: 4 * GIB, freeBytes: () => free },
    cores: 8,
    event: (draft) => events.push(draft),
    changed: () => undefined,
  });
});

const child = (index: number): FakeChild => {
  const found = children[index];
  if (!found) throw new Error(`there is no process ${index}`);
  return found;
};

async function start(count: number): Promise<void> {
  pool.resize(count);
  await clock.advance(0);
  children.forEach((each) => each.ready());
  await clock.advance(0);
}

function job(): { job: Job; outcomes: JobOutcome[] } {
  const outcomes: JobOutcome[] = [];
  return { outcomes, job: { taskId: 't', program: 'p', input: Uint8Array.of(1), timeoutMs: 10_000, estimatedBytes: null, settle: (outcome) => outcomes.push(outcome) } };
}

async function dispatch(count: number): Promise<JobOutcome[][]> {
  const jobs = Array.from({ length: count }, job);
  for (const each of jobs) await pool.dispatch(each.job);
  return jobs.map(({ outcomes }) => outcomes);
}

describe('a pool', () => {
  it('hands jobs to its workers in turn and shares the cores among them', async () => {
    await start(2);
    const [first, second] = await dispatch(2);
    child(0).proved(1);
    child(1).proved(1);
    expect(first).toMatchObject([{ ok: true, workerId: 1 }]);
    expect(second).toMatchObject([{ ok: true, workerId: 2 }]);
    expect(child(0).received[0]).toMatchObject({ type: 'init', threads: 4 });
  });

  it('sends two jobs ahead to a process and holds eight more for it, then makes the caller wait', async () => {
    await start(1);
    await dispatch(10);
    expect(child(0).jobs).toEqual([1, 2]);
    let taken = false;
    void pool.dispatch(job().job).then(() => (taken = true));
    await clock.advance(1);
    expect(taken).toBe(false);
    child(0).proved(1);
    await clock.advance(1);
    expect(taken).toBe(true);
    expect(child(0).jobs).toEqual([1, 2, 3]);
  });

  it('proves the job of a killed worker on another one, those waiting too, and starts the worker again', async () => {
    await start(2);
    const outcomes = await dispatch(4);
    child(0).dies(null, 'SIGKILL');
    await clock.advance(0);
    expect(pool.statuses()[0]).toMatchObject({ state: 'failing', restarts: 1, taskId: null });
    for (const id of [1, 2, 3, 4]) child(1).proved(id);
    expect(outcomes.flat()).toHaveLength(4);
    expect(outcomes.flat().every((outcome) => outcome.ok && outcome.workerId === 2)).toBe(true);
    await clock.advance(500);
    child(2).ready();
    expect(pool.statuses()[0]).toMatchObject({ state: 'idle', restarts: 1, cause: '' });
  });

  it('gives a job up after two workers died of it, and tells the cause', async () => {
    await start(2);
    const [first] = await dispatch(1);
    child(0).dies(null, 'SIGSEGV');
    await clock.advance(0);
    child(1).dies(null, 'SIGSEGV');
    await clock.advance(0);
    expect(first).toMatchObject([{ ok: false, error: { code: 'WorkerCrashed', signal: 'SIGSEGV' } }]);
  });

  it.each(['InvalidInput', 'UnknownProgram', 'GuestExit'] as const)('does not try %s again: the task is at fault', async (code) => {
    await start(2);
    const [first] = await dispatch(1);
    child(0).failed(1, code);
    expect(first).toMatchObject([{ ok: false, error: { code }, workerId: 1 }]);
    expect(child(1).jobs).toEqual([]);
  });

  it('tries a proof that did not verify once more, elsewhere', async () => {
    await start(2);
    const [first] = await dispatch(1);
    child(0).failed(1, 'VerificationFailed');
    await clock.advance(0);
    expect(child(1).jobs).toEqual([1]);
    child(1).proved(1);
    expect(first).toMatchObject([{ ok: true, workerId: 2 }]);
  });

  it('kills a worker that makes no end, and counts only time under way', async () => {
    await start(1);
    const [first, second] = await dispatch(2);
    await clock.advance(9_999);
    child(0).proved(1);
    await clock.advance(9_999);
    expect(child(0).killed).toBe(false);
    await clock.advance(1);
    expect(child(0).killed).toBe(true);
    expect(events.at(-1)).toMatchObject({ change: 'hung', level: 'error' });
    expect(first).toHaveLength(1);
    expect(second).toHaveLength(0);
    await clock.advance(1000);
    child(1).ready();
    await clock.advance(10_000);
    expect(second).toMatchObject([{ ok: false, error: { code: 'DeadlineExceeded' } }]);
  });

  it('tells a kill for lack of memory from one by somebody', async () => {
    await start(2);
    await dispatch(2);
    child(0).dies(null, 'SIGKILL');
    await clock.advance(0);
    memoryKills = 1;
    child(1).dies(null, 'SIGKILL');
    await clock.advance(0);
    expect(events.filter(({ level }) => level === 'error').map(({ workerId, change }) => [workerId, change])).toEqual([[1, 'crashed'], [2, 'out-of-memory']]);
  });

  it('waits longer after each death, says when it goes in circles, and forgets it after a proof', async () => {
    await start(1);
    for (let death = 0; death < 5; death++) {
      child(children.length - 1).dies(1, null);
      await clock.advance(0);
      expect(pool.statuses()[0]?.state).toBe('failing');
      await clock.advance(500 * 2 ** death);
    }
    expect(children).toHaveLength(6);
    expect(events.filter(({ change }) => change === 'crash-loop')).toHaveLength(1);
    expect(pool.failure).toContain('exit code 1');
    child(5).ready();
    expect(pool.failure).toBeNull();
    await dispatch(1);
    child(5).proved(1);
    child(5).dies(1, null);
    await clock.advance(500);
    expect(children).toHaveLength(7);
  });

  it('says why when the prover cannot be loaded', async () => {
    pool.resize(1);
    child(0).unavailable();
    await clock.advance(0);
    expect(pool.failure).toBe('no addon');
    expect(pool.statuses()[0]).toMatchObject({ state: 'failing', cause: 'no addon' });
  });

  it('kills a process that does not come up', async () => {
    pool.resize(1);
    await clock.advance(60_000);
    expect(child(0).killed).toBe(true);
  });

  it('made smaller, lets the proof under way end and gives the rest to others; made larger, starts more', async () => {
    await start(2);
    const outcomes = await dispatch(4);
    pool.resize(1);
    expect(child(1).received.at(-1)).toEqual({ type: 'stop' });
    expect(pool.size).toBe(1);
    child(1).returned(2);
    child(1).proved(1);
    child(1).dies(0, null);
    await clock.advance(0);
    expect(pool.statuses().map(({ id }) => id)).toEqual([1]);
    for (const id of [1, 2, 3]) child(0).proved(id);
    expect(outcomes.flat().filter(({ ok }) => ok)).toHaveLength(4);
    pool.resize(3);
    expect(pool.statuses().map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(events.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('held, begins nothing; let go, goes on', async () => {
    await start(1);
    pool.hold(true);
    await dispatch(1);
    expect(child(0).jobs).toEqual([]);
    pool.hold(false);
    expect(child(0).jobs).toEqual([1]);
  });

  it('stopped, waits for the proof under way; after the deadline kills, and settles nothing', async () => {
    await start(1);
    const outcomes = await dispatch(3);
    const stopping = pool.stop(5000);
    child(0).returned(2);
    await clock.advance(5000);
    expect(child(0).killed).toBe(true);
    expect(await stopping).toBe(false);
    expect(outcomes.flat()).toEqual([]);
  });
});

describe('memory', () => {
  it('lets as many proofs run beside each other as fit, and the next when one is done', async () => {
    await start(3);
    estimate = 1.5 * GIB;
    const outcomes = await dispatch(3);
    expect(children.map(({ jobs }) => jobs.length)).toEqual([1, 1, 0]);
    expect(pool.memoryProblem).toBeNull();
    child(0).proved(1);
    await clock.advance(0);
    expect(children.map(({ jobs }) => jobs.length)).toEqual([1, 1, 1]);
    child(1).proved(1);
    child(2).proved(1);
    expect(outcomes.flat()).toHaveLength(3);
  });

  it('is counted once for a worker, which proves one job at a time', async () => {
    await start(2);
    estimate = 1.5 * GIB;
    await dispatch(4);
    expect(children.map(({ jobs }) => jobs.length)).toEqual([2, 2]);
  });

  it('of the machine being short, nothing is begun and the cause is shown, until there is enough', async () => {
    await start(1);
    estimate = GIB;
    free = GIB;
    const [first] = await dispatch(1);
    expect(child(0).jobs).toEqual([]);
    expect(pool.memoryProblem).toContain('1024 MiB');
    free = 2 * GIB;
    pool.hold(false);
    expect(pool.memoryProblem).toBeNull();
    child(0).proved(1);
    expect(first).toHaveLength(1);
  });

  it('that no machine of this size has is said at once', async () => {
    await start(1);
    estimate = 5 * GIB;
    const [first] = await dispatch(1);
    expect(first).toMatchObject([{ ok: false, error: { code: 'OutOfMemory', message: expect.stringContaining('5120 MiB') } }]);
  });

  it('is expected as it was measured', async () => {
    await start(2);
    estimate = GIB;
    await dispatch(1);
    child(0).proved(1, 2.5 * GIB);
    await dispatch(2);
    // Twice 2.5 GiB do not fit in 4.
    expect(children.map(({ jobs }) => jobs.length)).toEqual([1, 1]);
  });

  it('set aside for a job is free again when its worker dies', async () => {
    await start(2);
    estimate = 3 * GIB;
    const outcomes = await dispatch(2);
    expect(children.map(({ jobs }) => jobs.length)).toEqual([1, 0]);
    child(0).dies(null, 'SIGSEGV');
    await clock.advance(0);
    expect(child(1).jobs).toHaveLength(2);
    child(1).proved(1);
    child(1).proved(2);
    expect(outcomes.flat()).toHaveLength(2);
  });
});
