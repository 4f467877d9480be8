import { parseInput, referenceOutput } from '@provefleet/prover';
import type { OrchestratorError, Task } from '@provefleet/orchestrator-client';
import { SCENARIOS } from '../src/scenarios/index.js';
import { bench, failure, fakeProver, getJson, ledgerOf, setScenario, submission, type Bench } from './support.js';

let b: Bench;
beforeEach(async () => {
  b = await bench([]);
});
afterEach(() => b.stop());

const prove = (task: Task): Uint8Array[] => task.inputs.map((input) => fakeProver.prove(task.programId, input, referenceOutput(parseInput(task.programId, input))));
const submit = (task: Task): Promise<void> => b.client.submitProof(submission(task, prove(task), b.key));

/** What a client sees of each scenario at its full strength, and what becomes of a finished task under it. */
const ALWAYS = { share: 1 };
const EXPECTED: Record<string, { params?: Record<string, number | string>; fetch?: Partial<OrchestratorError>; submit?: Partial<OrchestratorError>; state?: string; task?: (task: Task) => void }> = {
  'rate-limited': { params: { ...ALWAYS, seconds: 7 }, fetch: { status: 429, retryAfterMs: 7_000 }, submit: { status: 429, retryAfterMs: 7_000 }, state: 'issued' },
  'not-found': { params: ALWAYS, fetch: { status: 404 }, submit: { status: 404 }, state: 'refused' },
  conflict: { params: ALWAYS, submit: { status: 409 }, state: 'refused' },
  unprocessable: { params: ALWAYS, submit: { status: 422 }, state: 'refused' },
  'server-error': { params: ALWAYS, fetch: { code: 'HttpStatus' }, submit: { code: 'HttpStatus' }, state: 'issued' },
  slow: { params: { ...ALWAYS, ms: 3_000 }, fetch: { code: 'Timeout' }, submit: { code: 'Timeout', uncertain: true }, state: 'accepted' },
  silent: { params: ALWAYS, fetch: { code: 'Timeout' }, submit: { code: 'Timeout', uncertain: true }, state: 'accepted' },
  dripping: { params: { ...ALWAYS, everyMs: 1_500 }, fetch: { code: 'Timeout' }, submit: { code: 'Timeout', uncertain: true }, state: 'accepted' },
  reset: { params: ALWAYS, fetch: { code: 'Network' }, submit: { code: 'Network', uncertain: true }, state: 'accepted' },
  down: { fetch: { code: 'Network' }, submit: { code: 'Network' }, state: 'issued' },
  'empty-answer': { params: ALWAYS, fetch: { code: 'MissingTask' }, state: 'accepted' },
  'no-content': { params: ALWAYS, fetch: { code: 'MissingTask' }, state: 'accepted' },
  garbage: { params: ALWAYS, fetch: { code: 'Undecodable' }, state: 'accepted' },
  'deprecated-fields': { task: (task) => expect(task).toMatchObject({ fromDeprecatedFields: true, inputs: [expect.anything()] }), state: 'accepted' },
  'unknown-task-type': { params: ALWAYS, fetch: { code: 'UnknownTaskType' }, state: 'accepted' },
  'unknown-difficulty': { params: ALWAYS, task: (task) => expect(task).toMatchObject({ difficulty: 'SMALL', difficultyKnown: false }), state: 'accepted' },
  'unknown-program': { params: ALWAYS, task: (task) => expect(task.programId).toBe('fib_output_final'), state: 'accepted' },
  'short-input': { params: ALWAYS, task: (task) => expect([0, 11]).toContain(task.inputs[0]?.length ?? 0), state: 'accepted' },
  'no-input': { params: ALWAYS, task: (task) => expect(task.inputs).toEqual([]), state: 'accepted' },
  'long-input': { params: ALWAYS, task: (task) => expect([5, 16]).toContain(task.inputs[0]?.length), state: 'accepted' },
  'duplicate-tasks': { params: ALWAYS, task: (task) => expect(task.taskId).toBe(before.taskId), state: 'accepted' },
  'account-limit': { params: { perMinute: 0 }, fetch: { status: 429 }, state: 'accepted' },
  deadlines: { params: { seconds: 0 }, state: 'accepted' },
  'clock-skew': { params: { seconds: 3_600 }, task: (task) => expect((task.createdAt?.getTime() ?? 0) - Date.now()).toBeGreaterThan(3_500_000), state: 'accepted' },
};
let before: Task;

test('every scenario is tried below', () => {
  expect(Object.keys(EXPECTED).sort()).toEqual(SCENARIOS.map(({ name }) => name).sort());
});

test.each(Object.entries(EXPECTED))('%s', async (name, { params, fetch, submit: refused, state, task }) => {
  before = await b.fetch();
  await setScenario(b, name, params);
  if (fetch) expect(await failure(b.fetch())).toMatchObject(fetch);
  else {
    const got = await b.fetch();
    task?.(got);
  }
  if (refused) expect(await failure(submit(before))).toMatchObject(refused);
  else await submit(before);
  expect((await ledgerOf(b)).find(({ taskId }) => taskId === before.taskId)).toMatchObject({ state });

  await setScenario(b, 'none');
  const after = await b.fetch();
  await submit(after);
  expect((await ledgerOf(b)).find(({ taskId }) => taskId === after.taskId)).toMatchObject({ state: 'accepted' });
});

test('a task that a scenario’s deadline overtook is expired', async () => {
  await setScenario(b, 'deadlines', { seconds: 0 });
  const task = await b.fetch();
  expect(await failure(submit(task))).toMatchObject({ status: 404 });
  expect(await ledgerOf(b)).toMatchObject([{ state: 'expired' }]);
});

test('a refusal’s reason is on the ledger', async () => {
  const task = await b.fetch();
  await setScenario(b, 'unprocessable', ALWAYS);
  await failure(submit(task));
  expect(await ledgerOf(b)).toMatchObject([{ state: 'refused', reason: 'status 422 of scenario unprocessable' }]);
});

test.each([
  ['seconds', 5_000],
  ['date', 5_000],
  ['none', null],
])('rate-limited with Retry-After in the form %s', async (form, expected) => {
  await setScenario(b, 'rate-limited', { share: 1, seconds: 5, form });
  const { retryAfterMs } = await failure(b.fetch());
  if (expected === null) expect(retryAfterMs).toBeNull();
  else expect(Math.abs((retryAfterMs ?? 0) - expected)).toBeLessThanOrEqual(1_500);
});

test('account-limit counts all nodes of an account together, and each account alone', async () => {
  const users = ['1834169f-fe69-49ce-b4b0-8b1159ff49b4', '2834169f-fe69-49ce-b4b0-8b1159ff49b4'];
  const nodes: string[] = [];
  for (const [i, uuid] of users.entries()) {
    await b.client.registerUser({ uuid, walletAddress: `0x${String(i).repeat(40)}` });
    nodes.push(await b.client.registerNode({ userId: uuid }), await b.client.registerNode({ userId: uuid }));
  }
  await setScenario(b, 'account-limit', { perMinute: 3 });
  const ask = (nodeId: string | undefined) => b.client.getProofTask({ nodeId: nodeId ?? '', publicKey: b.key.publicKey });
  for (const node of [0, 1, 0]) await ask(nodes[node]);
  for (const node of [0, 1]) {
    const { status, retryAfterMs } = await failure(ask(nodes[node]));
    expect(status).toBe(429);
    expect(retryAfterMs).toBeGreaterThan(50_000);
  }
  await ask(nodes[2]);
});

test('a share of calls is hit, and only of the chosen ones', async () => {
  await setScenario(b, 'rate-limited', { on: 'fetch', share: 0.5 });
  const outcomes = [];
  for (let i = 0; i < 60; i++) outcomes.push(await b.fetch().then((task) => task, () => null));
  const tasks = outcomes.filter((task) => task !== null);
  expect(tasks.length).toBeGreaterThan(10);
  expect(tasks.length).toBeLessThan(50);
  for (const task of tasks) await submit(task);
});

test('the current one is shown, with all there are', async () => {
  await setScenario(b, 'slow', { ms: 5 });
  expect(await getJson(`${b.running.url}/dev/scenario`)).toEqual({
    current: { name: 'slow', params: { on: 'both', share: 0.3, ms: 5 } },
    scenarios: SCENARIOS.map(({ name, summary, params }) => ({ name, summary, params })),
  });
});
