import fc from 'fast-check';
import { OrchestratorError, TASK_TYPE, taskFromAnswer, taskFromWire, wire, type WireTask } from './index.js';

const task: WireTask = { taskId: 't', programId: 'p', publicInputs: new Uint8Array(), createdAt: null, publicInputsList: [], taskType: 0, difficulty: 0 };

test('a time that no calendar has is no time', () => {
  expect(taskFromWire({ ...task, createdAt: { seconds: 1e17, nanos: 0 } }).createdAt).toBeNull();
  expect(taskFromWire({ ...task, createdAt: { seconds: 1, nanos: 5e8 } }).createdAt).toEqual(new Date(1_500));
});

test('any bytes are a task or one of our errors, never anything else', () => {
  const whole = wire.getProofTaskResponse.encode({ task: { ...task, createdAt: { seconds: 1, nanos: 1 }, publicInputsList: [Uint8Array.of(1, 2)], taskType: TASK_TYPE.PROOF_HASH, difficulty: 19 } });
  const damaged = fc.tuple(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length)).map(([at, value, length]) => {
    const bytes = Uint8Array.from(whole);
    bytes[at] = value;
    return bytes.subarray(0, length);
  });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged), (bytes) => {
      try {
        const { taskId, inputs, createdAt } = taskFromAnswer(wire.getProofTaskResponse.decode(bytes));
        expect(taskId).not.toBe('');
        for (const input of inputs) expect(input).toBeInstanceOf(Uint8Array);
        if (createdAt) expect(createdAt.getTime()).not.toBeNaN();
      } catch (error) {
        if (!(error instanceof OrchestratorError)) throw error;
        expect(['Undecodable', 'MissingTask', 'UnknownTaskType']).toContain(error.code);
      }
    }),
    { numRuns: 3_000 },
  );
});
