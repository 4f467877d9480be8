import { describe, expect, it } from '@jest/globals';
import { eventSchema, type FleetEvent } from '@provefleet/fleet-protocol';
import { EventSource } from './events.js';

const NOW = 1_700_000_000_000;

function eventsOf(source: EventSource, count: number): FleetEvent[] {
  return Array.from({ length: count }, (_, index) => source.next(NOW + index));
}

describe('the events of a simulated machine', () => {
  it('are all of the protocol, numbered without a gap', () => {
    const source = new EventSource('seed', 3, 2, 'run');
    source.continueAfter(41);
    const events = eventsOf(source, 5_000);
    for (const event of events) expect(eventSchema.safeParse(event).error).toBeUndefined();
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => 42 + index));
    expect(source.lastSequence).toBe(5_041);
  });

  it('settle each fetched task once, with every outcome, and count them', () => {
    const source = new EventSource('seed', 3, 2, 'run');
    const events = eventsOf(source, 20_000);
    const fetched = events.flatMap((event) => (event.kind === 'task-fetched' ? [event.taskId] : []));
    const settled = events.flatMap((event) => (event.kind === 'task-settled' ? [event] : []));
    expect(new Set(fetched).size).toBe(fetched.length);
    expect(settled.map(({ taskId }) => taskId)).toEqual(fetched.slice(0, settled.length));
    for (const outcome of ['accepted', 'refused', 'expired', 'failed'] as const) {
      expect(source.settled[outcome]).toBe(settled.filter((event) => event.outcome === outcome).length);
      expect(source.settled[outcome]).toBeGreaterThan(0);
    }
    expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(['task-fetched', 'task-settled', 'worker', 'throttled']));
  });

  it('are the same for the same seed, and others for another machine or run', () => {
    const events = (seed: string, index: number, run: string) => eventsOf(new EventSource(seed, index, 2, run), 100);
    expect(events('a', 1, 'run')).toEqual(events('a', 1, 'run'));
    expect(events('a', 2, 'run')).not.toEqual(events('a', 1, 'run'));
    expect(events('b', 1, 'run')).not.toEqual(events('a', 1, 'run'));
    expect(events('a', 1, 'next')).not.toEqual(events('a', 1, 'run'));
  });
});
