import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OrchestratorError, type SubmitProofRequest, type Task } from '@provefleet/orchestrator-client';
import { ProverError } from '@provefleet/prover';
import { PROFILES, type ProfileName } from '@provefleet/scheduling';
import { pino } from 'pino';
import { FakeAgentClock } from '../../test/support/fake-clock.js';
import { KeyPair } from '../identity/keys.js';
import type { EventDraft } from '../outbox/event-log.js';
import type { Outbox, Recovered, SettledDraft } from '../outbox/outbox.js';
import type { ProofRecord, TaskRecord } from '../outbox/task-record.js';
import type { Job } from '../workers/job.js';
import { Pipeline } from './pipeline.js';

const MINUTE = 60_000;
const nothing: Recovered = { proofs: [], tasks: [], settled: new Set(), damaged: [] };

let clock: FakeAgentClock;
/** What the orchestrator answers to requests for a task, in order; nothing left: no task. */
let offers: (Task | OrchestratorError)[];
let fetches: { at: number; nodeId: string }[];
/** What it answers to submits, in order; nothing left: accepted. */
let answers: (OrchestratorError | null)[];
let submits: { at: number; request: SubmitProofRequest }[];
let jobs: Job[];
let ended: SettledDraft[];
let kept: string[];
let events: EventDraft[];
let problem: string | null;
let may: boolean;
let disk: () => Promise<void>;
let started: Pipeline[] = [];

afterEach(async () => {
  for (const pipeline of started) {
    pipeline.stopTaking();
    void pipeline.finish(0);
  }
  started = [];
  await clock.advance(5000);
});

beforeEach(() => {
  clock = new FakeAgentClock();
  offers = [];
  fetches = [];
  answers = [];
  submits = [];
  jobs = [];
  ended = [];
  kept = [];
  events = [];
  problem = null;
  may = true;
  disk = () => Promise.resolve();
});

const task = (taskId: string, more: Partial<Task> = {}): Task => ({
  taskId, programId: 'fib_input_initial', inputs: [Uint8Array.of(9, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0)], taskType: 'PROOF_REQUIRED', difficulty: 'SMALL', difficultyKnown: true, rawDifficulty: 0, createdAt: null, fromDeprecatedFields: false, ...more,
});
const record = (taskId: string, nodeId = 'a'): TaskRecord => ({ nodeId, taskId, program: 'p', inputs: [Uint8Array.of(1)], taskType: 'PROOF_REQUIRED', difficulty: 'SMALL', createdAt: null, fetchedAt: clock.wallNow() });
const proofOf = (taskId: string, nodeId = 'a'): ProofRecord => ({ ...record(taskId, nodeId), proofs: [Uint8Array.of(7)], provingMs: 5, stages: [], workerId: 1 });
const status = (code: number, retryAfterMs: number | null = null) => new OrchestratorError('HttpStatus', `status ${code}`, { status: code, retryAfterMs, body: { name: 'E', message: 'no', httpCode: code } });
const lostAnswer = () => new OrchestratorError('Timeout', 'no answer', { uncertain: true });

async function start(options: { profile?: ProfileName; recovered?: Recovered; nodes?: { id: string; weight: number }[] } = {}): Promise<Pipeline> {
  const keys = new Map<string, KeyPair>();
  const pipeline = await Pipeline.create({
    profile: PROFILES[options.profile ?? 'local'],
    nodes: options.nodes ?? [{ id: 'a', weight: 1 }],
    loadKey: async (nodeId) => {
      const key = keys.get(nodeId) ?? KeyPair.generate('ed25519');
      keys.set(nodeId, key);
      return key;
    },
    client: {
      getProofTask: async ({ nodeId }) => {
        fetches.push({ at: clock.now(), nodeId });
        const next = offers.shift() ?? new OrchestratorError('MissingTask', 'none');
        if (next instanceof OrchestratorError) throw next;
        return next;
      },
      getAssignedTasks: async () => ({ tasks: [], refused: [], nextCursor: '' }),
      submitProof: async (request) => {
        submits.push({ at: clock.now(), request });
        const answer = answers.shift() ?? null;
        if (answer) throw answer;
      },
    },
    outbox: {
      addTask: async ({ taskId }: TaskRecord) => {
        await disk();
        kept.push(`task ${taskId}`);
      },
      addProof: async ({ taskId }: ProofRecord) => {
        await disk();
        kept.push(`proof ${taskId}`);
      },
      markSent: async ({ taskId }: TaskRecord) => void kept.push(`sent ${taskId}`),
      settle: async (draft: SettledDraft) => void ended.push(draft),
      events: { append: (draft: EventDraft) => events.push(draft) },
      get problem() {
        return problem;
      },
    } as unknown as Outbox,
    recovered: options.recovered ?? nothing,
    pool: { dispatch: async (job) => void jobs.push(job) },
    telemetry: async () => ({}),
    jobTimeoutMs: 1000,
    clock,
    logger: pino({ level: 'silent' }),
    mayFetch: () => may,
    mayProve: () => may,
  });
  started.push(pipeline);
  pipeline.start();
  await clock.advance(0);
  return pipeline;
}

const proved = (byte: number) => ({ ok: true as const, workerId: 2, proved: { proof: Uint8Array.of(byte), publicOutput: new Uint8Array(), cycles: 1, stages: [{ stage: 'fri' as const, milliseconds: 2 }], milliseconds: 40 } });
/** Proves all jobs at hand. */
async function prove(): Promise<void> {
  for (const [index, job] of jobs.splice(0).entries()) job.settle(proved(index + 1));
  await clock.advance(0);
}

describe('a task', () => {
  it('is on disk before it is begun, its proof before it is handed in, and its end last', async () => {
    offers.push(task('t'));
    await start();
    expect(kept).toEqual(['task t']);
    await prove();
    expect(kept).toEqual(['task t', 'proof t', 'sent t']);
    expect(submits).toHaveLength(1);
    expect(ended).toMatchObject([{ taskId: 't', outcome: 'accepted', input: '9, 1, 1', provingMs: 40, workerId: 2, submitAttempts: 1, proofBytes: 1 }]);
  });

  it('with several inputs keeps the proofs in the order of the inputs, whichever is done first', async () => {
    offers.push(task('t', { inputs: [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)] }));
    await start();
    expect(jobs.map(({ input }) => input[0])).toEqual([1, 2, 3]);
    for (const index of [2, 0, 1]) jobs[index]?.settle(proved(10 + index));
    await clock.advance(0);
    expect(submits[0]?.request.proofs.map((proof) => proof[0])).toEqual([10, 11, 12]);
  });

  it('of which one input is bad fails with that input named', async () => {
    offers.push(task('t', { inputs: [Uint8Array.of(1), Uint8Array.of(2)] }));
    await start();
    jobs[0]?.settle(proved(1));
    jobs[1]?.settle({ ok: false, error: new ProverError('InvalidInput', 'too short'), workerId: 1 });
    await clock.advance(0);
    expect(ended).toMatchObject([{ outcome: 'failed', code: 'InvalidInput', reason: 'input 2 of 2: too short', provingMs: null }]);
    expect(submits).toEqual([]);
  });

  it('that comes again, while in hand or done, is not taken twice', async () => {
    offers.push(task('t'), task('t'));
    await start();
    await clock.advance(2000);
    await prove();
    offers.push(task('t'), task('u'));
    await clock.advance(5000);
    expect(jobs.map(({ taskId }) => taskId)).toEqual(['u']);
    expect(ended).toHaveLength(1);
  });

  it('left by the last run is proved without being fetched again, and one that was proved is handed in', async () => {
    await start({ recovered: { ...nothing, tasks: [record('left')], proofs: [{ record: proofOf('made'), sent: false }] } });
    expect(submits.map(({ request }) => request.taskId)).toEqual(['made']);
    await prove();
    expect(submits.map(({ request }) => request.taskId)).toEqual(['made', 'left']);
  });

  it('of a node that is no longer assigned is still brought to its end, and nothing is fetched for that node', async () => {
    const recovered = { ...nothing, tasks: [record('left', 'gone')], proofs: [{ record: proofOf('made', 'gone'), sent: false }] };
    const pipeline = await start({ recovered });
    await prove();
    expect(ended.map(({ taskId, outcome }) => [taskId, outcome])).toEqual([['made', 'accepted'], ['left', 'accepted']]);
    await clock.advance(5000);
    expect(fetches.every(({ nodeId }) => nodeId === 'a')).toBe(true);
    expect(pipeline.nodeStatuses().map(({ nodeId }) => nodeId)).toEqual(['a']);
  });

  it('too old to be of use is ended as expired, without being proved', async () => {
    const old = { ...record('old'), fetchedAt: clock.wallNow() - 25 * 60 * MINUTE };
    await start({ recovered: { ...nothing, tasks: [old] } });
    expect(jobs).toEqual([]);
    expect(ended).toMatchObject([{ taskId: 'old', outcome: 'expired', code: 'DeadlineExceeded' }]);
  });
});

describe('a proof', () => {
  const handIn = (sent = false) => start({ recovered: { ...nothing, proofs: [{ record: proofOf('t'), sent }] } });

  it('is kept through 429, as long as the server says, and handed in again, the same', async () => {
    answers.push(status(429, 7000));
    await handIn();
    await clock.advance(6900);
    expect(submits).toHaveLength(1);
    await clock.advance(200);
    expect(submits).toHaveLength(2);
    expect(submits[1]?.request).toEqual(submits[0]?.request);
    expect(ended).toMatchObject([{ outcome: 'accepted', submitAttempts: 2 }]);
  });

  it('is kept through server errors and silence', async () => {
    answers.push(status(500), status(503), new OrchestratorError('Network', 'reset'), new OrchestratorError('Undecodable', 'a page'));
    await handIn();
    await clock.advance(5 * MINUTE);
    expect(ended).toMatchObject([{ outcome: 'accepted', submitAttempts: 5 }]);
  });

  it.each([404, 409, 422, 400])('is finally refused by %i, with the status and the reason kept', async (code) => {
    answers.push(status(code));
    await handIn();
    await clock.advance(MINUTE);
    expect(submits).toHaveLength(1);
    expect(ended).toMatchObject([{ outcome: 'refused', code: String(code), reason: `status ${code}` }]);
  });

  it('counts as accepted when a conflict follows an attempt whose answer was lost, and says so', async () => {
    answers.push(lostAnswer(), status(409));
    await handIn();
    await clock.advance(MINUTE);
    expect(ended).toMatchObject([{ outcome: 'accepted', code: '409', reason: expect.stringContaining('earlier attempt'), submitAttempts: 2 }]);
  });

  it('counts as accepted when a conflict follows a submit of the run before', async () => {
    answers.push(status(409));
    await handIn(true);
    expect(ended).toMatchObject([{ outcome: 'accepted', code: '409' }]);
  });

  it('expires at the end of its time, and says what the network said last', async () => {
    answers.push(...Array.from({ length: 5000 }, () => status(503)));
    await handIn();
    clock.wallOffset += 24 * 60 * MINUTE;
    await clock.advance(2 * MINUTE);
    expect(ended).toMatchObject([{ outcome: 'expired' }]);
  });

  it('is not lost when the clock is set an hour on or back', async () => {
    answers.push(status(503), status(503));
    await handIn();
    clock.wallOffset += 60 * MINUTE;
    await clock.advance(600);
    clock.wallOffset -= 120 * MINUTE;
    await clock.advance(MINUTE);
    expect(ended).toMatchObject([{ outcome: 'accepted' }]);
  });
});

describe('fetching', () => {
  it('keeps the pace of profile nexus-0.10: one task, then 120 s', async () => {
    offers.push(...Array.from({ length: 5 }, (_, index) => task(`t${index}`)));
    await start({ profile: 'nexus-0.10' });
    for (let i = 0; i < 6; i++) {
      await prove();
      await clock.advance(MINUTE);
    }
    expect(fetches.map(({ at }) => Math.round(at / MINUTE))).toEqual([0, 2, 4, 6]);
  });

  it('after 404 asks once, then waits for the timer', async () => {
    const pipeline = await start({ profile: 'nexus-0.10' });
    await clock.advance(119_000);
    expect(fetches).toHaveLength(1);
    expect(pipeline.situation()[0]?.lastFetch).toEqual({ kind: 'no-task' });
    await clock.advance(2000);
    expect(fetches).toHaveLength(2);
  });

  it('told 429 waits as told and 10 s more, knows the time, and says so once', async () => {
    offers.push(status(429, 180_000));
    const pipeline = await start({ profile: 'nexus-0.10' });
    const at = clock.wallNow();
    expect(pipeline.nodeStatuses()[0]?.throttledUntil).toBe(at + 190_000);
    expect(events.filter(({ kind }) => kind === 'throttled')).toMatchObject([{ nodeId: 'a', until: at + 190_000 }]);
    await clock.advance(189_000);
    expect(fetches).toHaveLength(1);
  });

  it('goes on after any answer that is none', async () => {
    offers.push(new OrchestratorError('Undecodable', 'empty'), new OrchestratorError('UnknownTaskType', 'type 9', { taskId: 'x' }), new OrchestratorError('Timeout', 'slow'), task('t'));
    await start();
    await clock.advance(MINUTE);
    expect(jobs.map(({ taskId }) => taskId)).toEqual(['t']);
  });

  it('stops while the machine may not, and while the disk takes nothing; both begin no proof either', async () => {
    may = false;
    offers.push(task('t'));
    const pipeline = await start({ recovered: { ...nothing, tasks: [record('left')] } });
    await clock.advance(MINUTE);
    expect([fetches.length, jobs.length]).toEqual([0, 0]);
    may = true;
    problem = 'disk full';
    pipeline.changed.notify();
    await clock.advance(MINUTE);
    expect([fetches.length, jobs.length]).toEqual([0, 0]);
    problem = null;
    pipeline.changed.notify();
    await clock.advance(0);
    expect(jobs).toHaveLength(2);
  });

  it('stops when 50 proofs wait for a network that takes none', async () => {
    answers.push(...Array.from({ length: 1000 }, () => status(429, MINUTE)));
    const proofs = Array.from({ length: 50 }, (_, index) => ({ record: proofOf(`p${index}`), sent: false }));
    offers.push(task('t'));
    const pipeline = await start({ recovered: { ...nothing, proofs } });
    await clock.advance(2000);
    expect(fetches).toEqual([]);
    expect(pipeline.queuedResults).toBe(50);
  });

  it('passes over a task id it could neither show nor report', async () => {
    offers.push(task('a\nb'), task('x'.repeat(200)), task('t'));
    await start();
    await clock.advance(5000);
    expect(jobs.map(({ taskId }) => taskId)).toEqual(['t']);
  });
});

describe('several nodes', () => {
  it('share the workers by weight', async () => {
    const tasks = ['a', 'b'].flatMap((nodeId) => Array.from({ length: 40 }, (_, index) => record(`${nodeId}${index}`, nodeId)));
    await start({ nodes: [{ id: 'a', weight: 3 }, { id: 'b', weight: 1 }], recovered: { ...nothing, tasks } });
    while (jobs.length < 40) await clock.advance(0);
    const first = jobs.slice(0, 40).filter(({ taskId }) => taskId.startsWith('a')).length;
    expect(first).toBeGreaterThanOrEqual(29);
    expect(first).toBeLessThanOrEqual(31);
  });

  it('fetch and sign each for itself', async () => {
    offers.push(task('one'), task('two'));
    await start({ nodes: [{ id: 'a', weight: 1 }, { id: 'b', weight: 1 }] });
    await prove();
    expect(new Set(fetches.map(({ nodeId }) => nodeId))).toEqual(new Set(['a', 'b']));
    const keys = submits.map(({ request }) => Buffer.from(request.ed25519PublicKey).toString('hex'));
    expect(new Set(keys).size).toBe(2);
  });
});

describe('the end', () => {
  it('hands in what is proved, leaves what waits for the network, and resolves', async () => {
    answers.push(null, status(429, 60_000));
    const proofs = [{ record: proofOf('p'), sent: false }, { record: proofOf('q'), sent: false }];
    const pipeline = await start({ recovered: { ...nothing, proofs } });
    pipeline.stopTaking();
    let finished = false;
    void pipeline.finish(5000).then(() => (finished = true));
    await clock.advance(2000);
    expect(finished).toBe(true);
    expect(ended.map(({ taskId }) => taskId)).toEqual(['p']);
    expect(pipeline.openTasks).toBe(1);
  });

  it('waits for proofs on their way to the disk', async () => {
    offers.push(task('t'));
    const pipeline = await start();
    let open: () => void = () => undefined;
    disk = () => new Promise((resolve) => (open = resolve));
    await prove();
    pipeline.stopTaking();
    let finished = false;
    void pipeline.finish(5000).then(() => (finished = true));
    await clock.advance(1000);
    expect(finished).toBe(false);
    open();
    await clock.advance(1000);
    expect(finished).toBe(true);
    expect(ended).toHaveLength(1);
  });
});
