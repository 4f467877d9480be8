import { CircuitBreaker } from './circuit-breaker.js';
import { FakeClock } from './clock.js';
import { FetchPacer } from './fetch-pacer.js';
import { PROFILES, type ProfileName } from './profiles.js';
import { RequestBudget } from './request-budget.js';
import type { RequestFailure } from './retry-policy.js';

const status = (code: number, retryAfterMs: number | null = null): RequestFailure => ({ code: 'HttpStatus', message: `status ${code}`, status: code, retryAfterMs });
const network: RequestFailure = { code: 'Network', message: 'ECONNREFUSED' };

function pacer(profile: ProfileName, clock = new FakeClock()): { clock: FakeClock; pacer: FetchPacer } {
  return { clock, pacer: new FetchPacer({ rules: PROFILES[profile].fetch, clock }) };
}

test('a clock that goes on between two readings holds nothing back', () => {
  class RunningClock extends FakeClock {
    private readings = 0;
    override now(): number {
      return super.now() + this.readings++ * 0.001;
    }
  }
  const clock = new RunningClock();
  const { fetch, circuit } = PROFILES.local;
  const p = new FetchPacer({ rules: fetch, clock, circuit: new CircuitBreaker(circuit, clock) });
  expect(p.hold()).toBe('ready');
  expect(p.tryAcquire()).toBe(true);
});

describe('profile nexus-0.10', () => {
  test('one task every 120 s', async () => {
    const { clock, pacer: p } = pacer('nexus-0.10');
    expect(p.tryAcquire()).toBe(true);
    p.gotTask();
    expect(p.hold()).toBe('interval');
    expect(p.nextAt()).toBe(120_000);
    await clock.advance(119_999);
    expect(p.tryAcquire()).toBe(false);
    await clock.advance(1);
    expect(p.hold()).toBe('ready');
    expect(p.tryAcquire()).toBe(true);
  });

  test('404: one request, then the timer', () => {
    const { pacer: p } = pacer('nexus-0.10');
    p.tryAcquire();
    p.noTask();
    expect(p.tryAcquire()).toBe(false);
    expect(p.nextAt()).toBe(120_000);
  });

  test('a failed request is tried once more after 1 s, then waits for the interval', async () => {
    const { clock, pacer: p } = pacer('nexus-0.10');
    p.tryAcquire();
    p.failed(network);
    expect(p.hold()).toBe('backoff');
    expect(p.nextAt()).toBe(1_000);
    await clock.advance(1_000);
    expect(p.tryAcquire()).toBe(true);
    p.failed(network);
    expect(p.nextAt()).toBe(121_000);
  });

  test.each([
    ['429 asking for 60 s', status(429, 60_000), 120_000],
    ['429 asking for 300 s', status(429, 300_000), 310_000],
    ['429 asking for an hour', status(429, 3_600_000), 600_000],
    ['429 asking for nothing', status(429), 120_000],
    ['503', status(503), 120_000],
    ['503 asking for 200 s', status(503, 200_000), 210_000],
  ])('%s', (_name, failure, nextAt) => {
    const { pacer: p } = pacer('nexus-0.10');
    p.tryAcquire();
    p.failed(failure);
    expect(p.nextAt()).toBe(nextAt);
  });
});

describe('profile nexus-0.9', () => {
  test('ten at once, then 30 s', () => {
    const { pacer: p } = pacer('nexus-0.9');
    for (let i = 0; i < 10; i++) {
      expect(p.tryAcquire()).toBe(true);
      p.gotTask();
    }
    expect(p.tryAcquire()).toBe(false);
    expect(p.nextAt()).toBe(30_000);
  });

  test('three 404 in a row end the round; a task between starts the count anew', () => {
    const { pacer: p } = pacer('nexus-0.9');
    for (const report of ['noTask', 'noTask', 'gotTask', 'noTask', 'noTask'] as const) {
      expect(p.tryAcquire()).toBe(true);
      p[report]();
    }
    expect(p.tryAcquire()).toBe(true);
    p.noTask();
    expect(p.tryAcquire()).toBe(false);
    expect(p.nextAt()).toBe(30_000);
  });

  test('a round ends early when the queue is full', () => {
    const { pacer: p } = pacer('nexus-0.9');
    p.tryAcquire();
    p.gotTask();
    p.endRound();
    expect(p.tryAcquire()).toBe(false);
  });

  test('429 and errors double the wait to 60 s', () => {
    for (const failure of [status(429), network]) {
      const { pacer: p } = pacer('nexus-0.9');
      p.tryAcquire();
      p.failed(failure);
      expect(p.nextAt()).toBe(60_000);
    }
  });
});

describe('profile local', () => {
  test('fetches without a pause while there are tasks, and backs off gently while there are none', () => {
    const { pacer: p } = pacer('local');
    for (let i = 0; i < 100; i++) {
      expect(p.tryAcquire()).toBe(true);
      p.gotTask();
    }
    expect(p.hold()).toBe('ready');
    p.tryAcquire();
    p.noTask();
    expect(p.hold()).toBe('no-task');
    expect(p.nextAt()).toBe(100);
  });

  test('waits exactly as long as the server says', async () => {
    const { clock, pacer: p } = pacer('local');
    p.tryAcquire();
    p.failed(status(429, 2_000));
    expect(p.hold()).toBe('server');
    expect(p.nextAt()).toBe(2_000);
    await clock.advance(2_000);
    expect(p.hold()).toBe('ready');
  });
});

describe('shared between nodes', () => {
  test('an account’s budget holds over all its nodes, in turn, even for the slowest to ask', async () => {
    const clock = new FakeClock();
    const budget = new RequestBudget({ minIntervalMs: 0, maxPerWindow: 30 }, clock);
    const nodes = [100, 300, 990].map((askEveryMs) => ({ askEveryMs, sent: 0, pacer: new FetchPacer({ rules: PROFILES.local.fetch, clock, budget }) }));
    const ask = (node: (typeof nodes)[number]): void => {
      while (node.pacer.tryAcquire()) {
        node.sent++;
        node.pacer.gotTask();
      }
      expect(node.pacer.hold()).toBe('budget');
      expect(node.pacer.nextAt()).toBe(budget.nextAt());
      clock.setTimer(node.askEveryMs, () => ask(node));
    };
    for (const node of nodes) ask(node);
    // Who comes first finds nobody in line; from the second minute on there is one.
    await clock.advance(59_000);
    for (const node of nodes) node.sent = 0;
    await clock.advance(4 * 60_000);
    expect(nodes.reduce((total, { sent }) => total + sent, 0)).toBe(120);
    for (const { sent } of nodes) expect(Math.abs(sent - 40)).toBeLessThanOrEqual(4);
  });

  test('who stops asking leaves the line', async () => {
    const clock = new FakeClock();
    const budget = new RequestBudget({ minIntervalMs: 0, maxPerWindow: 1 }, clock);
    const [first, second, third] = [{}, {}, {}];
    expect(budget.tryAcquire(first)).toBe(true);
    expect(budget.tryAcquire(second)).toBe(false);
    await clock.advance(58_000);
    expect(budget.tryAcquire(third)).toBe(false);
    await clock.advance(2_000);
    expect(budget.allows(second)).toBe(false);
    expect(budget.tryAcquire(third)).toBe(true);
  });

  test('when the orchestrator is down one node probes for all', async () => {
    const clock = new FakeClock();
    const circuit = new CircuitBreaker({ failures: 2, open: { baseMs: 5_000, factor: 1, maxMs: 5_000, jitter: 0 } }, clock);
    const nodes = [1, 2, 3].map(() => new FetchPacer({ rules: PROFILES.local.fetch, clock, circuit }));
    for (const node of nodes.slice(0, 2)) {
      expect(node.tryAcquire()).toBe(true);
      node.failed(network);
    }
    expect(nodes.map((node) => node.tryAcquire())).toEqual([false, false, false]);
    expect(nodes[2]?.hold()).toBe('outage');
    await clock.advance(5_000);
    expect(nodes.map((node) => node.tryAcquire())).toEqual([true, false, false]);
    expect(nodes[2]?.nextAt()).toBe(Infinity);
    nodes[0]?.cancelled();
    expect(nodes[1]?.tryAcquire()).toBe(true);
    nodes[1]?.gotTask();
    expect(nodes[2]?.tryAcquire()).toBe(true);
  });
});
