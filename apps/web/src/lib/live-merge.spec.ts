import { describe, expect, test } from '@jest/globals';
import { detail, machine, settled } from './fixtures';
import { mergeDetail, mergeSummaries, prependEvents, prependProofs, proofsOf, withFirstItems } from './live-merge';

const A = machine().id;
const B = '00000000-0000-4000-8000-000000000002';

describe('fresh summaries', () => {
  const items = [machine({ id: A, name: 'a' }), machine({ id: B, name: 'b' })];
  test('change values in place and move no row', () => {
    const merged = mergeSummaries(items, [machine({ id: B, name: 'b', state: 'failing', proofsPerMinute: 0 })]);
    expect(merged.map((item) => [item.name, item.state])).toEqual([['a', 'proving'], ['b', 'failing']]);
    expect(merged[0]).toBe(items[0]);
  });
  test('of machines not in the list change nothing at all', () => {
    expect(mergeSummaries(items, [machine({ id: '00000000-0000-4000-8000-000000000003' })])).toBe(items);
  });
  test('keep what only the detail holds', () => {
    const merged = mergeDetail(detail({ acceptedTotal: 7 }), [machine({ state: 'paused' })]);
    expect(merged).toMatchObject({ acceptedTotal: 7, state: 'paused' });
    expect(mergeDetail(detail(), [machine({ id: B })])).toBeNull();
  });
});

describe('new events', () => {
  test('come first, newest on top, each once', () => {
    const items = [settled(2, 200), settled(1, 100)];
    const merged = prependEvents(items, [settled(3, 300), settled(2, 200), settled(3, 300)]);
    expect(merged.map((record) => record.event.sequence)).toEqual([3, 2, 1]);
  });
  test('that are all known change nothing', () => {
    const items = [settled(2, 200), settled(1, 100)];
    expect(prependEvents(items, [settled(1, 100)])).toBe(items);
  });
  test('with the same number from another machine are other events', () => {
    expect(prependEvents([settled(1, 100)], [settled(1, 50, {}, B)])).toHaveLength(2);
  });
  test('a batch that arrives late is put where it belongs', () => {
    expect(prependEvents([settled(5, 500)], [settled(3, 300), settled(4, 400)]).map((record) => record.event.at)).toEqual([500, 400, 300]);
  });
  test('a short list stays short', () => {
    expect(prependEvents([settled(1, 100)], [settled(2, 200), settled(3, 300)], 2).map((record) => record.event.sequence)).toEqual([3, 2]);
  });
  test('settled tasks become proofs, other events do not', () => {
    const state = { machineId: A, machineName: 'rig-a', event: { kind: 'state' as const, sequence: 9, at: 1, level: 'info' as const, from: 'idle' as const, to: 'proving' as const, reason: '' } };
    const proofs = proofsOf([state, settled(1, 100, { outcome: 'refused', reason: 'Bad commitment', code: '400' })]);
    expect(proofs).toEqual([expect.objectContaining({ machineId: A, taskId: 'task-1', outcome: 'refused', reason: 'Bad commitment', code: '400', settledAt: 100 })]);
    expect(Object.keys(proofs[0] ?? {})).not.toContain('sequence');
    expect(prependProofs(proofs, proofs)).toBe(proofs);
  });
});

describe('pages', () => {
  test('only the first one takes new items', () => {
    const pages = [{ items: [2], nextCursor: 'x' }, { items: [1], nextCursor: null }];
    expect(withFirstItems(pages, (items) => [3, ...items])).toEqual([{ items: [3, 2], nextCursor: 'x' }, { items: [1], nextCursor: null }]);
    expect(withFirstItems(pages, (items) => items)).toBeNull();
    expect(withFirstItems([], (items) => items)).toBeNull();
  });
});
