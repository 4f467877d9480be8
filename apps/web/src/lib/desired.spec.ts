import { describe, expect, test } from '@jest/globals';
import { configurationRows, desiredSince, revisionChanges, rolloutOf, workersCell } from './desired';
import { detail, machine } from './fixtures';

const observed = (over: Partial<NonNullable<ReturnType<typeof machine>['observed']>> = {}) => ({ revision: 5, document: { workers: 4, paused: false, pauseNote: '' } as const, workers: 4, rejected: null, ...over });

describe('workers, now and desired', () => {
  test('equal: one figure', () => {
    expect(workersCell(machine(), 0)).toEqual({ text: '4', note: '', tone: 'same' });
  });
  test('different: both, and why', () => {
    expect(workersCell(machine({ observed: observed({ workers: 3 }) }), 0)).toMatchObject({ text: '3 → 4', tone: 'wait' });
    expect(workersCell(machine({ state: 'low-memory', observed: observed({ workers: 3 }) }), 0)).toEqual({ text: '3 → 4', note: 'memory is low', tone: 'wait' });
    expect(workersCell(machine({ observed: observed({ revision: 4, workers: 3 }) }), 50_000, 10_000)).toEqual({ text: '3 → 4', note: 'r5 sent, 40 s', tone: 'wait' });
    expect(workersCell(machine({ observed: observed({ revision: 4, workers: 3, rejected: { revision: 5, field: 'workers', reason: 'memory' } }) }), 0)).toMatchObject({ note: 'r5 rejected', tone: 'wait' });
  });
  test('paused: none now is as it should be', () => {
    const paused = machine({ state: 'paused', desired: { revision: 5, document: { workers: 4, paused: true, pauseNote: '' } }, observed: observed({ workers: 0 }) });
    expect(workersCell(paused, 0)).toEqual({ text: '0 → 4', note: 'while paused', tone: 'quiet' });
  });
  test('unknown is not zero', () => {
    expect(workersCell(machine({ state: 'offline' }), 0)).toMatchObject({ text: 'unknown → 4', tone: 'quiet' });
    expect(workersCell(machine({ observed: null }), 0)).toMatchObject({ text: 'unknown → 4' });
    expect(workersCell(machine({ state: 'pending', observed: null }), 0).text).toBe('not set');
  });
  test('automatic: what runs is what is wanted', () => {
    expect(workersCell(machine({ desired: { revision: 5, document: { workers: 'auto', paused: false, pauseNote: '' } }, observed: observed({ workers: 7 }) }), 0)).toEqual({ text: '7 automatic', note: '', tone: 'same' });
  });
});

describe('configuration, setting by setting', () => {
  test('marks what differs', () => {
    const rows = configurationRows(machine({ observed: observed({ workers: 3, document: { workers: 3, paused: false, pauseNote: '' }, revision: 4 }) }));
    expect(rows.map((row) => [row.setting, row.desired, row.observed, row.differs])).toEqual([['Workers', '4', '3', true], ['Paused', 'no', 'no', false], ['Revision', 'r5', 'r4', true]]);
  });
  test('of a machine out of reach is unknown and does not count as different', () => {
    for (const silent of [machine({ state: 'offline' }), machine({ observed: null })]) {
      expect(configurationRows(silent).map((row) => [row.observed, row.differs])).toEqual([['unknown', false], ['unknown', false], ['unknown', false]]);
    }
  });
  test('shows a pause note where there is one', () => {
    expect(configurationRows(machine({ desired: { revision: 5, document: { workers: 4, paused: true, pauseNote: 'disk swap' } } })).find((row) => row.setting === 'Pause note')).toEqual({ setting: 'Pause note', desired: 'disk swap', observed: '–', differs: true });
  });
});

describe('rollout', () => {
  test('sent, applied, rejected, waiting', () => {
    expect(rolloutOf(machine())).toEqual({ step: 'applied' });
    expect(rolloutOf(machine({ observed: observed({ revision: 4 }) }))).toEqual({ step: 'sent', revision: 5 });
    expect(rolloutOf(machine({ state: 'offline', observed: observed({ revision: 4 }) }))).toEqual({ step: 'waits', revision: 5 });
    expect(rolloutOf(machine({ observed: observed({ revision: 4, rejected: { revision: 5, field: 'workers', reason: 'memory' } }) }))).toEqual({ step: 'rejected', revision: 5, field: 'workers', reason: 'memory' });
  });
  test('an old rejection does not stand in the way of a newer revision', () => {
    expect(rolloutOf(machine({ observed: observed({ revision: 5, rejected: { revision: 4, field: 'workers', reason: 'memory' } }) }))).toEqual({ step: 'applied' });
  });
});

describe('revisions', () => {
  const document = (workers: number | 'auto', paused = false) => ({ workers, paused, pauseNote: '' });
  test('say what they changed', () => {
    expect(revisionChanges(document(4), document(3))).toEqual([{ setting: 'Workers', from: '3', to: '4' }]);
    expect(revisionChanges(document('auto', true), document(3))).toEqual([{ setting: 'Workers', from: '3', to: 'automatic' }, { setting: 'Paused', from: 'no', to: 'yes' }]);
    expect(revisionChanges(document(3), document(3))).toEqual([]);
    expect(revisionChanges(document(3), null)).toEqual([{ setting: 'Workers', from: '', to: '3' }]);
  });
  test('the desired one has its time in the list', () => {
    expect(desiredSince(detail({ revisions: [{ revision: 5, document: document(4), by: 'admin', reason: '', at: 77 }] }))).toBe(77);
    expect(desiredSince(detail())).toBeNull();
  });
});
