import fc from 'fast-check';
import { FakeClock } from './clock.js';
import { RequestTimer } from './request-timer.js';

test('interval, window and server delay each hold requests back, and say so', async () => {
  const clock = new FakeClock(1_000);
  const timer = new RequestTimer({ minIntervalMs: 100, maxPerWindow: 3 }, clock);
  expect(timer.nextAt()).toBe(1_000);
  expect(timer.heldBy()).toBeNull();
  expect(timer.tryAcquire()).toBe(true);
  expect(timer.tryAcquire()).toBe(false);
  expect(timer.heldBy()).toBe('interval');
  expect(timer.nextAt()).toBe(1_100);
  expect(timer.nextAtWithinRound()).toBe(1_000);
  await clock.advance(100);
  expect(timer.tryAcquire()).toBe(true);
  await clock.advance(100);
  expect(timer.tryAcquire()).toBe(true);
  await clock.advance(100);
  expect(timer.heldBy()).toBe('window');
  expect(timer.nextAt()).toBe(61_000);
  timer.delay(90_000);
  timer.delay(5);
  expect(timer.heldBy()).toBe('server');
  expect(timer.nextAt()).toBe(91_300);
});

test('without a window any number may follow, interval apart', async () => {
  const clock = new FakeClock();
  const timer = new RequestTimer({ minIntervalMs: 0, maxPerWindow: null }, clock);
  for (let i = 0; i < 1_000; i++) expect(timer.tryAcquire()).toBe(true);
  expect(() => new RequestTimer({ minIntervalMs: 0, maxPerWindow: 0 }, clock)).toThrow('at least 1');
});

test('no course of requests ever exceeds the window or the interval, and the time given is always good', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 50 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 500 }),
      fc.array(fc.oneof(fc.integer({ min: 0, max: 200 }), fc.constant('jump' as const), fc.integer({ min: -300, max: -1 })), { maxLength: 80 }),
      async (minIntervalMs, maxPerWindow, windowMs, steps) => {
        const clock = new FakeClock();
        const timer = new RequestTimer({ minIntervalMs, maxPerWindow, windowMs }, clock);
        const sent: number[] = [];
        for (const step of steps) {
          if (step === 'jump') {
            await clock.advance(timer.nextAt() - clock.now());
            expect(timer.tryAcquire()).toBe(true);
            sent.push(clock.now());
          } else if (step < 0) timer.delay(-step);
          else {
            await clock.advance(step);
            if (timer.tryAcquire()) sent.push(clock.now());
          }
        }
        sent.forEach((at, i) => {
          expect(sent.filter((other) => other > at - windowMs && other <= at).length).toBeLessThanOrEqual(maxPerWindow);
          if (i > 0) expect(at - (sent[i - 1] ?? 0)).toBeGreaterThanOrEqual(minIntervalMs);
        });
      },
    ),
    { numRuns: 200 },
  );
});
