import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createNativeBackend } from '@provefleet/prover-native';
import { until } from './support/agent-process.js';
import { TestFleet } from './support/fleet.js';
import { fibInput } from './support/orchestrator.js';

let fleet: TestFleet;

beforeEach(async () => {
  fleet = await TestFleet.start();
});

afterEach(async () => {
  await fleet.end();
});

describe('an agent that has joined', () => {
  it('turns tasks of every type into accepted proofs that verify, and reports them', async () => {
    const { orchestrator, controlPlane } = fleet;
    orchestrator.queue.push(
      { taskId: 'one', inputs: [fibInput(9)] },
      { taskId: 'several', inputs: [fibInput(100), fibInput(1000), fibInput(9)], taskType: 'ALL_PROOF_HASHES' },
      { taskId: 'hash', inputs: [fibInput(10), fibInput(11)], taskType: 'PROOF_HASH' },
      { taskId: 'all', inputs: [fibInput(5), fibInput(6)] },
      { taskId: 'exact', program: 'fast-fib', inputs: [Uint8Array.of(100)] },
    );
    const running = fleet.run();
    await until('all accepted', () => orchestrator.count('accepted') === 5, running);
    await until('all reported', () => controlPlane.settled().length === 5);

    const backend = await createNativeBackend({ threads: 1 });
    const [submit] = orchestrator.ledger.get('all')?.submits ?? [];
    expect(submit?.proofs).toHaveLength(2);
    // F of the wire: b after n + 1 steps from (1, 1).
    for (const [index, input, output] of [[0, fibInput(5), 21], [1, fibInput(6), 34]] as const) {
      const claimed = Buffer.alloc(4);
      claimed.writeUInt32LE(output);
      const verdict = await backend.verify({ program: 'fib_input_initial', input, publicOutput: Uint8Array.from(claimed), proof: submit?.proofs[index] ?? new Uint8Array() });
      expect(verdict).toMatchObject({ valid: true });
    }
    await backend.close();

    expect(controlPlane.settled().map(({ outcome }) => outcome)).toEqual(Array(5).fill('accepted'));
    expect(controlPlane.settled().find(({ taskId }) => taskId === 'several')).toMatchObject({ input: '100, 1, 1; 1000, 1, 1; 9, 1, 1', submitAttempts: 1 });
    expect(controlPlane.facts).toMatchObject({ prover: { backend: 'native' } });
    await until('configuration applied', () => controlPlane.heartbeats.at(-1)?.observed.revision === 1 && controlPlane.heartbeats.at(-1)?.workers.length === 2);

    expect(await running.end()).toEqual({ code: 0, signal: null });
    expect([...controlPlane.stored.values()].at(-1)).toMatchObject({ kind: 'agent', change: 'stopped' });
  });
});
