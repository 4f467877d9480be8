import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, type TestStack } from '../support/stack.js';

const accepted = async (stack: TestStack) => (await stack.tasks()).filter((task) => task.state === 'accepted').map((task) => task.taskId).sort();
const recorded = async (stack: TestStack) => (await stack.query<{ task_id: string }>(`select task_id from proof where outcome = 'accepted'`)).map((row) => row.task_id).sort();

/**
 * Every task ended accepted and verified, and stands in the database exactly once. An agent that is killed before it reads
 * the answer to a submit must submit again, and is told that it is accepted: `mayAskAgain`.
 */
async function expectAllAcceptedOnce(stack: TestStack, count: number, { mayAskAgain = false } = {}) {
  await expect.poll(async () => (await accepted(stack)).length, { timeout: 120_000 }).toBe(count);
  const tasks = await stack.tasks();
  expect(tasks.every((task) => task.state === 'accepted' && task.verified === true)).toBe(true);
  await expect.poll(() => recorded(stack), { timeout: 60_000 }).toEqual(await accepted(stack));
  const stats = await (await fetch(`${stack.orchestratorUrl}/dev/stats`)).json();
  expect(stats.accepted).toBe(count);
  if (!mayAskAgain) expect(stats.duplicates, 'submits of a task that was accepted already').toBe(0);
}

test('the control plane is away for a minute: proving goes on, and its events arrive once', async ({ stack }) => {
  test.setTimeout(300_000);
  await stack.startServers(['--limit', '400', '--rate', '4']);
  await stack.addMachine('steady');
  await expect.poll(async () => (await accepted(stack)).length).toBeGreaterThan(10);

  await stack.services.stop(stack.controlPlane, { signal: 'SIGKILL' });
  const before = (await accepted(stack)).length;
  await sleep(60_000);
  const during = (await accepted(stack)).length - before;
  expect(during, 'proofs accepted while it was away').toBeGreaterThan(100);

  await stack.startControlPlane();
  await expectAllAcceptedOnce(stack, 400);
  const sequences = await stack.query<{ events: string; highest: string; machines: string }>(`select count(*) as events, max(sequence) as highest, count(distinct machine_id) as machines from event`);
  expect(sequences[0]?.machines).toBe('1');
  expect(sequences[0]?.events, 'no sequence number is missing').toBe(sequences[0]?.highest);
});

/** Process ids of an agent's workers. */
function workersOf(agentPid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const parent = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
        return parent === agentPid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('worker.js');
      } catch {
        return false; // It ended while we looked.
      }
    })
    .map(Number);
}

test('workers are killed while proving: each task is proved again and accepted, the agent lives', async ({ stack }) => {
  await stack.startServers(['--limit', '60', '--unlimited', '--program', 'fib_input_initial', '--n', '65535']);
  const agent = await stack.addMachine('worker-killer');
  const pid = agent.child.pid;
  if (pid === undefined) throw new Error('the agent has no process id');
  for (let kills = 0; kills < 3; kills += 1) {
    const before = (await accepted(stack)).length;
    await expect.poll(async () => (await accepted(stack)).length).toBeGreaterThan(before);
    const [victim] = workersOf(pid);
    expect(victim, 'a worker process').toBeDefined();
    process.kill(Number(victim), 'SIGKILL');
  }
  await expectAllAcceptedOnce(stack, 60);
  const crashes = await stack.query(`select 1 from event where kind = 'worker' and body->>'change' in ('crashed', 'out-of-memory')`);
  expect(crashes.length, 'each death is on record').toBeGreaterThanOrEqual(3);
  expect(agent.child.exitCode).toBeNull();
});

test('the agent is killed at ten instants: what it had in hand is accepted once after all', async ({ stack }) => {
  await stack.startServers(['--limit', '150', '--rate', '15', '--program', 'fib_input_initial', '--n', '20000']);
  let agent = await stack.addMachine('phoenix');
  for (let kills = 0; kills < 10; kills += 1) {
    await sleep(300 + 170 * kills);
    await stack.services.stop(agent, { signal: 'SIGKILL' });
    agent = await stack.startAgent('phoenix');
  }
  await expectAllAcceptedOnce(stack, 150, { mayAskAgain: true });
});
