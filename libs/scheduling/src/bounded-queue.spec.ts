import fc from 'fast-check';
import { BoundedQueue, QueueClosedError } from './bounded-queue.js';

interface Item {
  readonly id: number;
}
const item = (id: number): Item => ({ id });
const ids = (items: readonly Item[]): number[] => items.map(({ id }) => id);

test('a full queue makes producers wait, in turn', async () => {
  const queue = new BoundedQueue<Item>(2);
  await queue.push(item(1));
  await queue.push(item(2));
  expect(queue.tryPush(item(3))).toBe(false);
  const done: number[] = [];
  const third = queue.push(item(3)).then(() => done.push(3));
  const fourth = queue.push(item(4)).then(() => done.push(4));
  expect(queue.peek()).toEqual(item(1));
  expect(queue.tryTake()).toEqual(item(1));
  await third;
  expect(done).toEqual([3]);
  expect(queue.tryTake()).toEqual(item(2));
  await fourth;
  expect(ids(queue.drain())).toEqual([3, 4]);
});

test('consumers wait in turn for items', async () => {
  const queue = new BoundedQueue<Item>(1);
  const taken = Promise.all([queue.take(), queue.take()]);
  await queue.push(item(1));
  await queue.push(item(2));
  expect(await taken).toEqual([item(1), item(2)]);
});

test('closing lets consumers empty the queue and refuses producers, who keep their items', async () => {
  const queue = new BoundedQueue<Item>(1);
  await queue.push(item(1));
  const refused = queue.push(item(2));
  queue.close();
  await expect(refused).rejects.toThrow(QueueClosedError);
  await expect(queue.push(item(3))).rejects.toThrow(QueueClosedError);
  expect(await queue.take()).toEqual(item(1));
  expect(await queue.take()).toBeUndefined();
});

test('closing wakes waiting consumers', async () => {
  const queue = new BoundedQueue<Item>(1);
  const waiting = queue.take();
  queue.close();
  expect(await waiting).toBeUndefined();
});

test('drain hands back what nobody has taken', async () => {
  const queue = new BoundedQueue<Item>(3);
  await queue.push(item(1));
  await queue.push(item(2));
  expect(queue.drain()).toEqual([item(1), item(2)]);
  expect(queue.size).toBe(0);
  expect(queue.closed).toBe(true);
});

test('an aborted wait takes and gives nothing', async () => {
  const queue = new BoundedQueue<Item>(1);
  const abort = new AbortController();
  const take = queue.take(abort.signal);
  abort.abort(new Error('enough'));
  await expect(take).rejects.toThrow('enough');
  await queue.push(item(1));
  expect(queue.size).toBe(1);

  const second = new AbortController();
  const push = queue.push(item(2), second.signal);
  second.abort(new Error('enough'));
  await expect(push).rejects.toThrow('enough');
  expect(queue.tryTake()).toEqual(item(1));
  expect(queue.tryTake()).toBeUndefined();
  await expect(queue.take(second.signal)).rejects.toThrow('enough');
  await expect(queue.push(item(3), second.signal)).rejects.toThrow('enough');
});

test('a capacity below 1 is refused', () => {
  expect(() => new BoundedQueue(0)).toThrow('capacity');
});

test('whatever the interleaving, no item is lost, doubled or overtaken', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.constantFrom('push', 'take', 'abort-push', 'abort-take', 'turn'), { maxLength: 60 }),
      async (capacity, steps) => {
        const queue = new BoundedQueue<Item>(capacity);
        const accepted: number[] = [];
        const taken: number[] = [];
        const all: Promise<unknown>[] = [];
        let next = 0;
        let kept = 0;
        const push = (signal?: AbortSignal): void => {
          const mine = item(next++);
          all.push(queue.push(mine, signal).then(() => accepted.push(mine.id), () => kept++));
        };
        const take = (signal?: AbortSignal): void => {
          all.push(queue.take(signal).then((got) => got && taken.push(got.id), () => undefined));
        };
        for (const step of steps) {
          const abort = new AbortController();
          if (step === 'push') push();
          if (step === 'take') take();
          if (step === 'abort-push') push(abort.signal);
          if (step === 'abort-take') take(abort.signal);
          abort.abort(new Error('abort'));
          if (step === 'turn') await Promise.resolve();
          expect(queue.size).toBeLessThanOrEqual(capacity);
        }
        const left = queue.drain();
        await Promise.all(all);
        const out = [...taken, ...ids(left)];
        expect(out).toEqual([...out].sort((a, b) => a - b));
        expect([...out].sort((a, b) => a - b)).toEqual([...accepted].sort((a, b) => a - b));
        expect(out.length + kept).toBe(next);
      },
    ),
    { numRuns: 300 },
  );
});
