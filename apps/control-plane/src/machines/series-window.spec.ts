import { describe, expect, it } from '@jest/globals';
import { type Range, RANGES } from '@provefleet/fleet-protocol';
import { before, perMinute, SAMPLE_MS, windowOf } from './series-window.js';

describe('the window of a chart', () => {
  it.each(Object.keys(RANGES) as Range[])('over %s has whole steps of whole samples, at most 1,000, and ends within ten seconds of now', (range) => {
    const now = 1_795_505_382_109;
    const { from, to, stepMs, steps } = windowOf(range, now);
    expect(to - from).toBe(RANGES[range]);
    expect(steps * stepMs).toBe(to - from);
    expect(Number.isInteger(steps)).toBe(true);
    expect(steps).toBeLessThanOrEqual(1_000);
    expect(stepMs % SAMPLE_MS).toBe(0);
    expect(to % SAMPLE_MS).toBe(0);
    expect(now - to).toBeLessThan(SAMPLE_MS);
  });

  it('follows upon the one before', () => {
    const window = windowOf('1h', 10_000_000);
    expect(before(window)).toEqual({ ...window, from: window.from - 3_600_000, to: window.from });
  });

  it('counts by the minute', () => {
    expect(perMinute(3, 10_000)).toBe(18);
  });
});
