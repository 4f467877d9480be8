import { describe, expect, it } from '@jest/globals';
import { fleetSeries, OverviewService } from './overview.service.js';

describe('the fleet’s series', () => {
  const window = { from: 0, to: 40_000, stepMs: 10_000, steps: 4 };

  it('tells zero from unknown', () => {
    const series = fleetSeries(window, [{ step: 1, accepted: 2, refused: 1, expired: 0 }], new Set([1, 2]));
    expect(series).toEqual({
      from: 0, to: 40_000, stepMs: 10_000, proofsPerMinute: [null, 12, 0, null], before: [null, null, null, null], accepted: [null, 2, 0, null], refused: [null, 1, 0, null], expired: [null, 0, 0, null],
    });
  });

  it('lays the time before over the same steps', () => {
    const series = fleetSeries(window, [{ step: -4, accepted: 1, refused: 9, expired: 9 }, { step: -1, accepted: 3, refused: 0, expired: 0 }], new Set([-2]));
    expect(series.before).toEqual([6, null, 0, 18]);
    expect(series.refused).toEqual([null, null, null, null]);
  });
});

describe('the overview', () => {
  /** A service over parts that count how often they are asked, and can fail. */
  function countingService() {
    const state = { now: 1_000_000, loads: 0, costMs: 0, fails: false };
    const repository = {
      steps: async () => {
        state.loads += 1;
        state.now += state.costMs;
        if (state.fails) throw new Error('away');
        return [];
      },
      heardSteps: async () => new Set<number>(),
      totals: async () => ({ outcomes: { accepted: 3, refused: 1, expired: 0, failed: 0 }, p50: null, p95: null, bestPerMinute: 3 }),
      acceptedSince: async () => 10,
      problems: async () => [],
    };
    const machines = { countByState: async () => ({ proving: 2, offline: 1 }) };
    const events = { ofFleet: async () => ({ items: [], nextCursor: null }) };
    const service = new OverviewService(() => state.now, repository as never, machines as never, events as never);
    return { service, state };
  }

  it('is computed once for all who ask at the same time, and anew a second later', async () => {
    const { service, state } = countingService();
    await Promise.all([service.get('1h'), service.get('1h'), service.get('1h')]);
    expect(state.loads).toBe(1);
    state.now += 999;
    await service.get('1h');
    expect(state.loads).toBe(1);
    state.now += 1;
    const overview = await service.get('1h');
    expect(state.loads).toBe(2);
    expect(overview).toMatchObject({ machines: 3, successRate: 0.75, proofsPerMinute: 2 });
  });

  it('that is dear to compute is kept longer', async () => {
    const { service, state } = countingService();
    state.costMs = 2_000;
    await service.get('7d');
    state.now += 9_000;
    await service.get('7d');
    expect(state.loads).toBe(1);
    state.now += 1_000;
    await service.get('7d');
    expect(state.loads).toBe(2);
  });

  it('does not keep a failure', async () => {
    const { service, state } = countingService();
    state.fails = true;
    await expect(service.get('1h')).rejects.toThrow('away');
    state.fails = false;
    expect(await service.get('1h')).toMatchObject({ range: '1h' });
  });
});
