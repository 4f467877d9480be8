import { describe, expect, it } from '@jest/globals';
import { Batcher } from './batcher.js';

class Away extends Error {}

/** A store that fails as told and otherwise takes whole batches. */
function store({ failures = [] as Error[], bad = [] as number[] } = {}) {
  const batches: number[][] = [];
  let pauses = 0;
  const batcher = new Batcher<number, number>({
    write: async (items) => {
      const failure = failures.shift();
      if (failure) throw failure;
      if (items.some((item) => bad.includes(item))) throw new Error('cannot be stored');
      batches.push(items);
      await new Promise((resolve) => setImmediate(resolve));
      return items.map((item) => item * 10);
    },
    maxItems: 3,
    isTransient: (error) => error instanceof Away,
    pause: async () => void (pauses += 1),
  });
  return { batcher, batches, pauses: () => pauses };
}

describe('the batcher', () => {
  it('writes together what came together, in order, at most so many at once, and answers each', async () => {
    const { batcher, batches } = store();
    expect(await Promise.all([1, 2, 3, 4, 5].map((item) => batcher.add(item)))).toEqual([10, 20, 30, 40, 50]);
    expect(batches).toEqual([[1, 2, 3], [4, 5]]);
  });

  it('gathers what comes during a write into the next', async () => {
    const { batcher, batches } = store();
    const first = batcher.add(1);
    await new Promise((resolve) => setImmediate(resolve));
    const others = [batcher.add(2), batcher.add(3)];
    await Promise.all([first, ...others]);
    expect(batches).toEqual([[1], [2, 3]]);
  });

  it('tries the same items again while the database is away, before any later ones', async () => {
    const { batcher, batches, pauses } = store({ failures: [new Away(), new Away()] });
    const first = batcher.add(1);
    const second = batcher.add(2);
    expect(await Promise.all([first, second])).toEqual([10, 20]);
    expect(batches).toEqual([[1, 2]]);
    expect(pauses()).toBe(2);
  });

  it('refuses an item that can never be stored, and stores the others of its batch', async () => {
    const { batcher } = store({ bad: [2] });
    const results = await Promise.allSettled([1, 2, 3].map((item) => batcher.add(item)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await batcher.add(4)).toBe(40);
  });

  it('is drained when all is written', async () => {
    const { batcher, batches } = store();
    for (let i = 1; i <= 7; i++) void batcher.add(i);
    await batcher.drained();
    expect(batches.flat()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    await batcher.drained();
  });
});
