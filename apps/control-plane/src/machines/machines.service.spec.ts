import { describe, expect, it } from '@jest/globals';
import { FleetChanges } from '../live/fleet-changes.js';
import { MachinesService } from './machines.service.js';

function counting() {
  let now = 1_000_000;
  let failsNext = false;
  let counted = 0;
  const machines = {
    countByState: async () => {
      if (failsNext) {
        failsNext = false;
        throw new Error('the database is away');
      }
      return { proving: ++counted };
    },
  };
  const service = new MachinesService(() => now, machines as never, {} as never, new FleetChanges());
  return { service, pass: (milliseconds: number) => (now += milliseconds), fail: () => (failsNext = true) };
}

describe('the counts by state', () => {
  it('are found once a second however many ask', async () => {
    const { service, pass } = counting();
    expect(await Promise.all([service.countByState(), service.countByState()])).toEqual([{ proving: 1 }, { proving: 1 }]);
    pass(999);
    expect(await service.countByState()).toEqual({ proving: 1 });
    pass(1);
    expect(await service.countByState()).toEqual({ proving: 2 });
  });

  it('go along with the machines on the live socket, so they are of this moment there, and known to the list from then on', async () => {
    const { service } = counting();
    await service.countByState();
    expect(await service.countByStateNow()).toEqual({ proving: 2 });
    expect(await service.countByState()).toEqual({ proving: 2 });
  });

  it('are looked for again after a failure', async () => {
    const { service, fail } = counting();
    fail();
    await expect(service.countByState()).rejects.toThrow('the database is away');
    expect(await service.countByState()).toEqual({ proving: 1 });
  });
});
