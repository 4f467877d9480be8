import { describe, expect, it } from '@jest/globals';
import { welcomeFrameSchema } from '@provefleet/fleet-protocol';
import { heartbeatIntervalMs, offlineAfterMs } from './heartbeat-interval.js';

describe('the heartbeat interval', () => {
  it.each([
    [1, 2_000],
    [200, 2_000],
    [2_000, 20_000],
    [3_000, 30_000],
    [100_000, 30_000],
  ])('of a fleet of %i is %i ms', (size, interval) => {
    expect(heartbeatIntervalMs(size, 0.5)).toBe(interval);
  });

  it('is spread by a tenth, within what the protocol allows', () => {
    expect([heartbeatIntervalMs(1, 0), heartbeatIntervalMs(1, 1)]).toEqual([1_800, 2_200]);
    for (const size of [0, 1, 10_000]) for (const random of [0, 1]) expect(welcomeFrameSchema.shape.heartbeatIntervalMs.safeParse(heartbeatIntervalMs(size, random)).success).toBe(true);
  });

  it('may be missed three times before a machine counts as offline', () => {
    expect(offlineAfterMs(2_000)).toBe(8_000);
  });
});
