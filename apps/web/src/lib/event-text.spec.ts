import { describe, expect, test } from '@jest/globals';
import type { FleetEvent } from '@provefleet/fleet-protocol';
import { ICON_SHAPES } from './icon-shapes';
import { eventText, isRoutine } from './event-text';
import { settled } from './fixtures';

const base = { sequence: 1, at: 0, level: 'info' as const };
const task = { nodeId: '36', taskId: '8f3a01020304c21', program: 'fast-fib', taskType: 'PROOF_HASH' as const, difficulty: 'SMALL' };

const CASES: [FleetEvent, string, string][] = [
  [{ ...base, kind: 'task-fetched', ...task, inputs: 1 }, 'Task 8f3a…c21 fetched', 'fast-fib, 1 input'],
  [settled(1, 0, { taskId: '8f3a01020304c21', provingMs: 108_000 }).event, 'Task 8f3a…c21 accepted', 'fib_input_initial, 1 min 48 s'],
  [settled(1, 0, { taskId: 'x', outcome: 'failed', reason: '', code: 'OutOfMemory', provingMs: null }).event, 'Task x failed', 'OutOfMemory'],
  [settled(1, 0, { taskId: 'x', outcome: 'refused', reason: 'Bad commitment', code: '400' }).event, 'Task x refused', 'Bad commitment'],
  [{ ...base, kind: 'worker', workerId: 4, change: 'out-of-memory', cause: 'third time' }, 'Worker 4 ran out of memory', 'third time'],
  [{ ...base, kind: 'state', from: 'proving', to: 'low-memory', reason: '91 %' }, 'State: proving → low memory', '91 %'],
  [{ ...base, kind: 'configuration', revision: 118, result: 'applied', field: '', reason: '' }, 'Revision r118 applied', ''],
  [{ ...base, kind: 'configuration', revision: 119, result: 'rejected', field: 'workers', reason: 'more than memory allows' }, 'Revision r119 rejected', 'workers: more than memory allows'],
  [{ ...base, kind: 'throttled', nodeId: '36', until: Date.UTC(2026, 0, 1, 3, 20), reason: '429' }, 'Throttled until 03:20', '429'],
  [{ ...base, kind: 'agent', change: 'draining', reason: 'SIGTERM' }, 'Agent drains', 'SIGTERM'],
];

describe('events as sentences', () => {
  test.each(CASES)('%j', (event, text, detail) => {
    const shown = eventText(event);
    expect([shown.text, shown.detail]).toEqual([text, detail]);
    expect(shown.icon in ICON_SHAPES).toBe(true);
  });
  test('everyday ones are fetched tasks and accepted proofs, nothing else', () => {
    expect(CASES.filter(([event]) => isRoutine(event)).map(([, text]) => text)).toEqual(['Task 8f3a…c21 fetched', 'Task 8f3a…c21 accepted']);
  });
});
