import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { FakeAgentClock } from '../../test/support/fake-clock.js';
import { serviceManager } from './service-manager.js';

const logger = pino({ level: 'silent' });

describe('under systemd', () => {
  it('says when it is ready, that it is alive, and that it stops', async () => {
    const clock = new FakeAgentClock();
    const told: string[] = [];
    const manager = serviceManager({ NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '10000000' }, clock, logger, (states) => told.push(...states));
    manager.ready();
    await clock.advance(10_000);
    manager.stopping();
    await clock.advance(60_000);
    expect(told).toEqual(['READY=1', 'WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1', 'STOPPING=1']);
  });

  it('and only under it', () => {
    const told: string[] = [];
    serviceManager({}, new FakeAgentClock(), logger, (states) => told.push(...states)).ready();
    expect(told).toEqual([]);
  });
});
