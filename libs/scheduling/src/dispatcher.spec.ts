import fc from 'fast-check';
import { BoundedQueue } from './bounded-queue.js';
import { Dispatcher } from './dispatcher.js';

interface Item {
  readonly id: number;
}
const items = (count: number): Item[] => Array.from({ length: count }, (_, id) => ({ id }));
const turns = async (): Promise<void> => {
  for (let i = 0; i < 30; i++) await Promise.resolve();
};

test('workers get items in turn', () => {
  const dispatcher = new Dispatcher<Item>(8);
  for (const worker of ['a', 'b', 'c']) dispatcher.add(worker);
  expect(items(6).map((item) => dispatcher.tryDispatch(item))).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
});

test('a full worker is skipped and takes part again when it has room', () => {
  const dispatcher = new Dispatcher<Item>(1);
  const a = dispatcher.add('a');
  dispatcher.add('b');
  const [first, second, third, fourth] = items(4) as [Item, Item, Item, Item];
  expect(dispatcher.tryDispatch(first)).toBe('a');
  expect(dispatcher.tryDispatch(second)).toBe('b');
  expect(dispatcher.tryDispatch(third)).toBeNull();
  expect(a.tryTake()).toBe(first);
  expect(dispatcher.tryDispatch(third)).toBe('a');
  expect(dispatcher.tryDispatch(fourth)).toBeNull();
  expect(dispatcher.queued).toBe(2);
});

test('pump moves everything, waits for room, and ends when the source is closed and empty', async () => {
  const dispatcher = new Dispatcher<Item>(2);
  const lane = dispatcher.add('a');
  const source = new BoundedQueue<Item>(10);
  for (const item of items(5)) await source.push(item);
  let ended = false;
  const pumping = dispatcher.pump(source).then(() => (ended = true));
  await turns();
  expect(lane.size).toBe(2);
  expect(source.size).toBe(3);
  source.close();
  const got: number[] = [];
  while (got.length < 5) {
    const item = await lane.take();
    if (item) got.push(item.id);
  }
  await pumping;
  expect(ended).toBe(true);
  expect(got).toEqual([0, 1, 2, 3, 4]);
});

test('without a worker nothing leaves the source; the first worker added gets it', async () => {
  const dispatcher = new Dispatcher<Item>();
  const source = new BoundedQueue<Item>(3);
  const pumping = dispatcher.pump(source);
  await source.push({ id: 1 });
  await turns();
  expect(source.size).toBe(1);
  const lane = dispatcher.add('a');
  expect(await lane.take()).toEqual({ id: 1 });
  source.close();
  await pumping;
});

test('an aborted pump leaves every item in the source or with a worker', async () => {
  const dispatcher = new Dispatcher<Item>(1);
  const lane = dispatcher.add('a');
  const source = new BoundedQueue<Item>(5);
  for (const item of items(3)) await source.push(item);
  const abort = new AbortController();
  const pumping = dispatcher.pump(source, abort.signal);
  await turns();
  abort.abort(new Error('stop'));
  await expect(pumping).rejects.toThrow('stop');
  expect(lane.snapshot().map(({ id }) => id)).toEqual([0]);
  expect(source.snapshot().map(({ id }) => id)).toEqual([1, 2]);
  await expect(dispatcher.dispatch({ id: 9 }, abort.signal)).rejects.toThrow('stop');
});

test('the item in hand goes back to the source when the last worker leaves and the pump is aborted', async () => {
  const dispatcher = new Dispatcher<Item>(1);
  dispatcher.add('a');
  const source = new BoundedQueue<Item>(5);
  const abort = new AbortController();
  const pumping = dispatcher.pump(source, abort.signal);
  await turns();
  dispatcher.remove('a');
  await source.push({ id: 7 });
  await turns();
  abort.abort(new Error('stop'));
  await expect(pumping).rejects.toThrow('stop');
  expect(source.snapshot()).toEqual([{ id: 7 }]);
});

test('a removed worker hands back what it had not begun', () => {
  const dispatcher = new Dispatcher<Item>(4);
  dispatcher.add('a');
  const [first, second] = items(2) as [Item, Item];
  dispatcher.tryDispatch(first);
  dispatcher.tryDispatch(second);
  expect(dispatcher.remove('a')).toEqual([first, second]);
  expect(dispatcher.workers).toEqual([]);
  expect(dispatcher.remove('a')).toEqual([]);
  dispatcher.add('a');
  expect(() => dispatcher.add('a')).toThrow('there already');
});

test('over any course of work the queues keep their bound and every item reaches one worker', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(fc.constantFrom('push', 'take0', 'take1', 'crash', 'turn'), { maxLength: 80 }), async (perWorker, steps) => {
      const dispatcher = new Dispatcher<Item>(perWorker);
      const lanes = [dispatcher.add('0'), dispatcher.add('1')];
      const source = new BoundedQueue<Item>(1000);
      const pumping = dispatcher.pump(source);
      const done: number[] = [];
      let next = 0;
      for (const step of steps) {
        if (step === 'push') source.tryPush({ id: next++ });
        if (step === 'take0' || step === 'take1') {
          const item = lanes[step === 'take0' ? 0 : 1]?.tryTake();
          if (item) done.push(item.id);
        }
        if (step === 'crash') {
          source.putBack(...dispatcher.remove('1'));
          lanes[1] = dispatcher.add('1');
        }
        if (step === 'turn') await turns();
        for (const lane of lanes) expect(lane.size).toBeLessThanOrEqual(perWorker);
      }
      source.close();
      for (let i = 0; done.length < next && i < 1000; i++) {
        await turns();
        for (const lane of lanes) {
          const item = lane.tryTake();
          if (item) done.push(item.id);
        }
      }
      await pumping;
      expect([...done].sort((a, b) => a - b)).toEqual(items(next).map(({ id }) => id));
    }),
    { numRuns: 200 },
  );
});
