import { describe, expect, it } from '@jest/globals';
import { OrchestratorError, parseVersionPolicy, type VersionPolicy } from '@provefleet/orchestrator-client';
import { pino } from 'pino';
import { FakeAgentClock } from '../../test/support/fake-clock.js';
import { VersionWatch } from './version-watch.js';

const policy = (constraints: object[]) => parseVersionPolicy(JSON.stringify({ version_constraints: constraints }));
const blocking = policy([{ version: '0.2.0', type: 'blocking', message: 'please update' }]);

async function watch(answers: (VersionPolicy | Error)[]) {
  const clock = new FakeAgentClock();
  let asked = 0;
  let changes = 0;
  const stop = new AbortController();
  const version = new VersionWatch({
    url: 'https://example.org/version.json', version: '0.1.0', country: async () => null, clock, logger: pino({ level: 'silent' }), changed: () => changes++, allowInsecure: false,
    fetchPolicy: async () => {
      const answer = answers[Math.min(asked++, answers.length - 1)];
      if (answer === undefined || answer instanceof Error) throw answer;
      return answer;
    },
  });
  void version.run(stop.signal);
  await clock.advance(0);
  return { version, clock, asked: () => asked, changes: () => changes, stop };
}

describe('the version policy', () => {
  it('blocks an old version with its message, and lets it on when that is taken back', async () => {
    const { version, clock, changes, stop } = await watch([blocking, policy([])]);
    expect(version.blocked).toBe('please update');
    await clock.advance(60 * 60_000);
    expect(version.blocked).toBeNull();
    expect(changes()).toBe(2);
    stop.abort();
  });

  it('only warns when it only warns', async () => {
    const { version, stop } = await watch([policy([{ version: '0.2.0', type: 'warning', message: 'soon' }])]);
    expect(version.blocked).toBeNull();
    stop.abort();
  });

  it('that cannot be had stops nothing, changes nothing, and is asked for again soon', async () => {
    const { version, clock, asked, stop } = await watch([blocking, new OrchestratorError('Network', 'down'), blocking]);
    await clock.advance(60 * 60_000);
    expect(version.blocked).toBe('please update');
    expect(asked()).toBe(2);
    await clock.advance(5 * 60_000);
    expect(asked()).toBe(3);
    stop.abort();
    await clock.advance(0);
    expect(clock.pending).toBe(0);
  });
});
