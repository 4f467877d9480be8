import { describe, expect, it } from '@jest/globals';
import { KeyedRateLimit, TokenBucket } from './token-bucket.js';

function fakeClock() {
  let now = 1_000_000;
  return { clock: () => now, pass: (ms: number) => (now += ms) };
}

const takeAll = (take: () => boolean, tries: number) => Array.from({ length: tries }, take).filter(Boolean).length;

describe('a token bucket', () => {
  it('lets its capacity through at once, then its rate', () => {
    const { clock, pass } = fakeClock();
    const bucket = new TokenBucket(10, 2, clock);
    expect(takeAll(() => bucket.take(), 50)).toBe(10);
    pass(2_500);
    expect(takeAll(() => bucket.take(), 50)).toBe(5);
    pass(3_600_000);
    expect(takeAll(() => bucket.take(), 50)).toBe(10);
  });

  it('does not gain by a clock that goes back', () => {
    const { clock, pass } = fakeClock();
    const bucket = new TokenBucket(1, 1, clock);
    bucket.take();
    pass(-5_000);
    expect(bucket.take()).toBe(false);
    pass(500);
    expect(bucket.take()).toBe(false);
    pass(500);
    expect(bucket.take()).toBe(true);
  });
});

describe('a rate limit by key', () => {
  it('counts each key for itself, and gives back what was harmless', () => {
    const { clock } = fakeClock();
    const limit = new KeyedRateLimit(2, 1, clock);
    expect([limit.take('a'), limit.take('a'), limit.take('a'), limit.take('b')]).toEqual([true, true, false, true]);
    limit.giveBack('a');
    expect(limit.take('a')).toBe(true);
  });

  it('holds a bounded number of keys: a flood of addresses waits, and is forgotten when it is over', () => {
    const { clock, pass } = fakeClock();
    const limit = new KeyedRateLimit(1, 1, clock);
    for (let i = 0; i < 10_000; i++) limit.take(`address-${i}`);
    expect(limit.take('one too many')).toBe(false);
    expect(limit.take('address-0')).toBe(false);
    pass(1_000);
    expect(limit.take('one too many')).toBe(true);
  });
});
