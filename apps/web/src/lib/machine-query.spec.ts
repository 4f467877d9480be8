import { describe, expect, test } from '@jest/globals';
import { MACHINE_SORTS, MACHINE_STATES, machineListQuerySchema } from '@provefleet/fleet-protocol';
import { ALL_MACHINES, currentView, machineSearch, machinesHref, nextSort, parseMachineQuery, viewCount, VIEWS } from './machine-query';

const parse = (text: string) => parseMachineQuery(new URLSearchParams(text));

describe('the view in the address', () => {
  test('all machines are the empty query', () => {
    expect(machineSearch(ALL_MACHINES)).toBe('');
    expect(parse('')).toEqual(ALL_MACHINES);
  });
  test('every view comes back from its address as it was', () => {
    for (const sort of MACHINE_SORTS) {
      for (const order of ['asc', 'desc'] as const) {
        for (const states of [[], ['failing'], ['offline', 'proving'], [...MACHINE_STATES]] as const) {
          for (const q of ['', 'fra-epyc', 'a&b=c #,%']) {
            const query = { q, states: [...states], sort, order };
            expect(parse(machineSearch(query))).toEqual(query);
          }
        }
      }
    }
  });
  test('what the control plane would refuse is left out', () => {
    expect(parse('state=failing,exploded&sort=colour&order=sideways&q=%20%20x%20')).toEqual({ q: 'x', states: ['failing'], sort: 'state', order: 'asc' });
    expect(parse(`q=${'x'.repeat(500)}`).q).toHaveLength(100);
    const query = parse('state=proving,failing&sort=name');
    expect(machineListQuerySchema.safeParse({ ...query, state: query.states.join(',') }).success).toBe(true);
  });
  test('states are in one order and once, so that one view has one address', () => {
    expect(machineSearch(parse('state=proving,failing,proving'))).toBe('?state=failing,proving');
  });
  test('links name only what differs', () => {
    expect(machinesHref({ states: ['offline'] })).toBe('/machines?state=offline');
    expect(machinesHref({ q: 'rig-b', states: ['low-memory'] })).toBe('/machines?q=rig-b&state=low-memory');
  });
});

describe('order', () => {
  test('a column begins with its natural direction and turns around', () => {
    expect(nextSort(ALL_MACHINES, 'proofsPerMinute')).toEqual({ sort: 'proofsPerMinute', order: 'desc' });
    expect(nextSort({ ...ALL_MACHINES, sort: 'proofsPerMinute', order: 'desc' }, 'proofsPerMinute')).toEqual({ sort: 'proofsPerMinute', order: 'asc' });
    expect(nextSort(ALL_MACHINES, 'state')).toEqual({ sort: 'state', order: 'desc' });
    expect(nextSort(ALL_MACHINES, 'name')).toEqual({ sort: 'name', order: 'asc' });
  });
});

describe('views', () => {
  const byState = { failing: 2, offline: 1, proving: 7, pending: 1 };
  test('count their machines', () => {
    expect(VIEWS.map((view) => viewCount(view, byState))).toEqual([11, 3, 4, 1]);
  });
  test('are recognised, whatever the order; a search is none of them', () => {
    for (const view of VIEWS) expect(currentView({ ...ALL_MACHINES, states: view.states, sort: 'name' })).toBe(view);
    expect(currentView({ ...ALL_MACHINES, q: 'x' })).toBeNull();
    expect(currentView({ ...ALL_MACHINES, states: ['idle'] })).toBeNull();
  });
});
