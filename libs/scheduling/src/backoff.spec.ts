import fc from 'fast-check';
import { Backoff, backoffDelay } from './backoff.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { FakeClock } from './clock.js';
import { RecentSet } from './recent-set.js';

describe('backoff', () => {
  const rules = { baseMs: 100, factor: 2, maxMs: 500, jitter: 0.5 };

  test('doubles up to its limit, and starts again after a success', () => {
    const backoff = new Backoff({ ...rules, jitter: 0 }, () => 0.9);
    expect([1, 2, 3, 4, 5].map(() => backoff.next())).toEqual([100, 200, 400, 500, 500]);
    expect(backoff.failures).toBe(5);
    backoff.reset();
    expect(backoff.next()).toBe(100);
  });

  test('jitter only ever lengthens, by its share at most', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (failures, random) => {
        const nominal = backoffDelay(rules, failures, 0);
        const delay = backoffDelay(rules, failures, random);
        expect(delay).toBeGreaterThanOrEqual(nominal);
        expect(delay).toBeLessThanOrEqual(nominal * 1.5 + 1);
        expect(nominal).toBeLessThanOrEqual(500);
      }),
    );
  });
});

describe('circuit breaker', () => {
  const rules = { failures: 3, open: { baseMs: 1_000, factor: 2, maxMs: 4_000, jitter: 0 } };

  test('opens after failures in a row, lets one probe through, closes on any answer', async () => {
    const clock = new FakeClock();
    const circuit = new CircuitBreaker(rules, clock);
    circuit.failed();
    circuit.failed();
    circuit.answered();
    circuit.failed();
    circuit.failed();
    expect(circuit.tryPass()).toBe(true);
    circuit.failed();
    expect(circuit.state).toBe('open');
    expect(circuit.tryPass()).toBe(false);
    expect(circuit.nextAt()).toBe(1_000);
    await clock.advance(1_000);
    expect(circuit.tryPass()).toBe(true);
    expect(circuit.tryPass()).toBe(false);
    expect(circuit.nextAt()).toBe(Infinity);
    circuit.failed();
    expect(circuit.nextAt()).toBe(3_000);
    await clock.advance(2_000);
    expect(circuit.tryPass()).toBe(true);
    circuit.cancelled();
    expect(circuit.tryPass()).toBe(true);
    circuit.answered();
    expect(circuit.state).toBe('closed');
    expect(circuit.tryPass()).toBe(true);
  });

  test('requests that were under way when it opened do not lengthen the wait', () => {
    const circuit = new CircuitBreaker(rules, new FakeClock());
    for (let i = 0; i < 10; i++) circuit.failed();
    expect(circuit.nextAt()).toBe(1_000);
  });
});

describe('recent set', () => {
  test('keeps the 500 last used', () => {
    const set = new RecentSet();
    for (let i = 0; i < 500; i++) set.add(`t${i}`);
    expect(set.has('t0')).toBe(true);
    set.add('t500');
    expect(set.has('t0')).toBe(true);
    expect(set.has('t1')).toBe(false);
    expect(set.size).toBe(500);
    expect(() => new RecentSet(0)).toThrow('capacity');
  });
});

describe('fake clock', () => {
  test('runs what falls due, in order, and what that sets in turn', async () => {
    const clock = new FakeClock(0, () => 0.25);
    const seen: string[] = [];
    const cancel = clock.setTimer(5, () => seen.push('cancelled'));
    clock.setTimer(10, () => {
      seen.push(`second at ${clock.now()}`);
      clock.setTimer(0, () => seen.push(`third at ${clock.now()}`));
    });
    clock.setTimer(3, () => seen.push(`first at ${clock.now()}`));
    clock.setTimer(11, () => seen.push('too late'));
    cancel();
    await clock.advance(10);
    expect(seen).toEqual(['first at 3', 'second at 10', 'third at 10']);
    expect([clock.now(), clock.pending, clock.random()]).toEqual([10, 1, 0.25]);
  });
});
