import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from './support/agent-process.js';
import { TestFleet, workerPids } from './support/fleet.js';
import { fibInput } from './support/orchestrator.js';

let fleet: TestFleet;

beforeEach(async () => {
  fleet = await TestFleet.start();
});

afterEach(async () => {
  await fleet.end();
});

/** Takes about half a second to prove: long enough to be interrupted. */
const LONG = fibInput(200_000);

describe('kill -9 of a worker', () => {
  it('proves the task again, has it accepted, and the agent lives', async () => {
    const { orchestrator, controlPlane } = fleet;
    controlPlane.desired = { revision: 1, document: { workers: 1, paused: false, pauseNote: '' } };
    orchestrator.queue.push({ taskId: 'long', inputs: [LONG] });
    const agent = fleet.run();
    await until('proving', () => controlPlane.heartbeats.some(({ workers }) => workers.some(({ taskId }) => taskId === 'long')), agent);
    const [pid] = await workerPids(agent);
    process.kill(pid ?? -1, 'SIGKILL');
    await until('accepted', () => orchestrator.count('accepted') === 1, agent);
    await until('reported', () => controlPlane.settled().length === 1, agent);
    expect(agent.running).toBe(true);
    expect(controlPlane.settled()).toMatchObject([{ taskId: 'long', outcome: 'accepted' }]);
    const deaths = [...controlPlane.stored.values()].filter((event) => event.kind === 'worker' && event.level === 'error');
    expect(deaths).toMatchObject([{ workerId: 1, cause: expect.stringContaining('SIGKILL') }]);
    await until('counted', () => controlPlane.heartbeats.at(-1)?.counters.workerRestarts === 1, agent);
  });
});

describe('kill -9 of the agent', () => {
  it.each(['hang', 'accept-and-hang-up'] as const)('between proving and the answer (%s) hands in the same proof, accepted once', async (fault) => {
    const { orchestrator, controlPlane } = fleet;
    orchestrator.queue.push({ taskId: 'one', inputs: [fibInput(1000)] });
    let agent = fleet.run();
    orchestrator.onSubmit = () => {
      agent.kill('SIGKILL');
      return fault;
    };
    await agent.exited;
    const before = orchestrator.ledger.get('one')?.submits[0];
    expect(before?.proof.length).toBeGreaterThan(0);

    orchestrator.onSubmit = null;
    agent = fleet.run();
    await until('accepted', () => orchestrator.count('accepted') === 1, agent);
    await until('reported', () => controlPlane.settled().length === 1, agent);
    const entry = orchestrator.ledger.get('one');
    const again = entry?.submits.at(-1);
    expect(Buffer.from(again?.proof ?? []).equals(Buffer.from(before?.proof ?? []))).toBe(true);
    expect(Buffer.from(again?.signature ?? []).equals(Buffer.from(before?.signature ?? []))).toBe(true);
    expect(entry?.accepts).toBe(1);
    expect(controlPlane.settled()).toMatchObject([{ outcome: 'accepted', code: fault === 'hang' ? '' : '409' }]);
    expect(await agent.end()).toEqual({ code: 0, signal: null });
  });

  it('at random instants loses no task, hands none in twice, and reports each end once', async () => {
    const { orchestrator, controlPlane } = fleet;
    const kills = 8;
    orchestrator.endless = () => ({ inputs: [fibInput(Math.floor(Math.random() * 20_000))] });
    for (let kill = 0; kill < kills; kill++) {
      const before = orchestrator.fetches;
      const agent = fleet.run();
      await until('at work', () => orchestrator.fetches > before, agent);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 1200));
      await agent.end('SIGKILL');
    }
    orchestrator.endless = null;
    // What was on the wire when the agent died is handed out again, as an orchestrator does with what it has assigned.
    for (const { taskId, inputs, state } of orchestrator.ledger.values()) if (state === 'issued') orchestrator.queue.push({ taskId, inputs });
    const agent = fleet.run();
    const total = orchestrator.ledger.size;
    await until('all accepted', () => orchestrator.count('accepted') === total, agent, 60_000);
    await until('all reported', () => controlPlane.settled().length >= total, agent);
    await until('nothing left', () => controlPlane.heartbeats.at(-1)?.gauges.outboxProofs === 0, agent);

    const entries = [...orchestrator.ledger.values()];
    expect(entries.filter(({ accepts }) => accepts !== 1)).toEqual([]);
    const reported = controlPlane.settled().map(({ taskId }) => taskId);
    expect(new Set(reported).size).toBe(reported.length);
    expect(reported.length).toBe(total);
    expect(total).toBeGreaterThan(kills);
    process.stdout.write(`kill -9 × ${kills}: ${total} tasks, ${orchestrator.count('accepted')} accepted, 0 lost, 0 twice\n`);
  });
});

describe('without the control plane', () => {
  it('proves on; afterwards every event arrives, none missing, none twice', async () => {
    const { orchestrator, controlPlane } = fleet;
    const agent = fleet.run();
    await until('connected', () => controlPlane.heartbeats.length > 0, agent);
    // The last answers before it goes are lost: events are stored and not acknowledged.
    controlPlane.acknowledges = false;
    const arrived = controlPlane.arrived.length;
    orchestrator.queue.push(...Array.from({ length: 5 }, () => ({ inputs: [fibInput(9)] })));
    await until('stored, not acknowledged', () => controlPlane.arrived.length > arrived, agent);
    await controlPlane.stop();
    controlPlane.acknowledges = true;

    orchestrator.queue.push(...Array.from({ length: 40 }, () => ({ inputs: [fibInput(9)] })));
    await until('proved without it', () => orchestrator.count('accepted') === 45, agent);
    await controlPlane.start();
    await until('reported', () => controlPlane.settled().length === 45, agent);
    await agent.end();
    const sequences = [...controlPlane.stored.keys()].sort((a, b) => a - b);
    expect(sequences).toEqual(Array.from({ length: sequences.length }, (_, index) => index + 1));
    expect(controlPlane.settled().length).toBe(45);
    expect(controlPlane.arrived.length).toBe(controlPlane.stored.size);
  });

  it('starts and proves by its last known configuration', async () => {
    const { orchestrator, controlPlane } = fleet;
    await fleet.run().end();
    await controlPlane.stop();
    orchestrator.queue.push({ inputs: [fibInput(9)] });
    const agent = fleet.run();
    await until('accepted', () => orchestrator.count('accepted') === 1, agent);
    expect(await agent.end()).toEqual({ code: 0, signal: null });
  });
});

describe('the orchestrator', () => {
  it('refusing with 429 gets the proof as soon as it said, not before', async () => {
    const { orchestrator, controlPlane } = fleet;
    const at: number[] = [];
    orchestrator.onSubmit = () => {
      at.push(Date.now());
      return at.length === 1 ? { status: 429, headers: { 'retry-after': '1' }, body: { name: 'TooMany', message: 'slow down', httpCode: 429 } } : null;
    };
    orchestrator.queue.push({ inputs: [fibInput(9)] });
    const agent = fleet.run();
    await until('accepted', () => orchestrator.count('accepted') === 1, agent);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(1000);
    await until('reported', () => controlPlane.settled().length === 1, agent);
    expect(controlPlane.settled()).toMatchObject([{ outcome: 'accepted', submitAttempts: 2 }]);
  });

  it.each([404, 409, 422])('refusing with %i is final, with its reason on the record', async (status) => {
    const { orchestrator, controlPlane } = fleet;
    orchestrator.onSubmit = () => ({ status, body: { name: 'Refused', message: 'because of this', httpCode: status } });
    orchestrator.queue.push({ inputs: [fibInput(9)] });
    const agent = fleet.run();
    await until('reported', () => controlPlane.settled().length === 1, agent);
    expect(controlPlane.settled()).toMatchObject([{ outcome: 'refused', code: String(status), reason: expect.stringContaining('because of this'), submitAttempts: 1 }]);
  });

  it('sending tasks nobody can prove gets them on the record as failed, with the cause', async () => {
    const { orchestrator, controlPlane } = fleet;
    orchestrator.queue.push(
      { taskId: 'unknown', program: 'no-such-program' },
      { taskId: 'short', inputs: [Uint8Array.of(1, 2, 3)] },
      { taskId: 'empty', inputs: [] },
      { taskId: 'second', inputs: [fibInput(9), Uint8Array.of(1)] },
      { taskId: 'good' },
    );
    const agent = fleet.run();
    await until('reported', () => controlPlane.settled().length === 5, agent);
    const of = (id: string) => controlPlane.settled().find(({ taskId }) => taskId === id);
    expect(of('unknown')).toMatchObject({ outcome: 'failed', code: 'UnknownProgram' });
    expect(of('short')).toMatchObject({ outcome: 'failed', code: 'InvalidInput' });
    expect(of('empty')).toMatchObject({ outcome: 'failed', code: 'MalformedTask' });
    expect(of('second')).toMatchObject({ outcome: 'failed', code: 'InvalidInput', reason: expect.stringContaining('input 2 of 2') });
    expect(of('good')).toMatchObject({ outcome: 'accepted' });
  });

  it('handing out a task twice has it proved once', async () => {
    const { orchestrator, controlPlane } = fleet;
    orchestrator.queue.push({ taskId: 'twin' }, { taskId: 'twin' }, { taskId: 'last' });
    const agent = fleet.run();
    await until('both', () => orchestrator.count('accepted') === 2, agent);
    expect(orchestrator.ledger.get('twin')?.submits).toHaveLength(1);
    await until('reported', () => controlPlane.settled().length === 2, agent);
  });
});
