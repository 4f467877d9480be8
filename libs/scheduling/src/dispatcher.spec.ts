import fc from 'fast-check';
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

test('dispatch waits for room, or for the first worker', async () => {
  const dispatcher = new Dispatcher<Item>(1);
  const [first, second] = items(2) as [Item, Item];
  const waiting = dispatcher.dispatch(first);
  const lane = dispatcher.add('a');
  expect(await waiting).toBe('a');
  let done = false;
  const next = dispatcher.dispatch(second).then((worker) => {
    done = true;
    return worker;
  });
  await turns();
  expect(done).toBe(false);
  expect(lane.tryTake()).toBe(first);
  expect(await next).toBe('a');
});

test('an aborted dispatch leaves the item with its owner', async () => {
  const dispatcher = new Dispatcher<Item>(1);
  const abort = new AbortController();
  const waiting = dispatcher.dispatch({ id: 1 }, abort.signal);
  abort.abort(new Error('stop'));
  await expect(waiting).rejects.toThrow('stop');
  const lane = dispatcher.add('a');
  await turns();
  expect(lane.size).toBe(0);
  await expect(new Dispatcher<Item>().dispatch({ id: 1 }, abort.signal)).rejects.toThrow('stop');
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
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(fc.constantFrom('give', 'take0', 'take1', 'crash', 'turn'), { maxLength: 80 }), async (perWorker, steps) => {
      const dispatcher = new Dispatcher<Item>(perWorker);
      const lanes = [dispatcher.add('0'), dispatcher.add('1')];
      const given: Promise<string>[] = [];
      const done: number[] = [];
      const give = (item: Item): number => given.push(dispatcher.dispatch(item));
      let next = 0;
      for (const step of steps) {
        if (step === 'give') give({ id: next++ });
        if (step === 'take0' || step === 'take1') {
          const item = lanes[step === 'take0' ? 0 : 1]?.tryTake();
          if (item) done.push(item.id);
        }
        if (step === 'crash') {
          const back = dispatcher.remove('1');
          lanes[1] = dispatcher.add('1');
          back.forEach(give);
        }
        if (step === 'turn') await turns();
        for (const lane of lanes) expect(lane.size).toBeLessThanOrEqual(perWorker);
      }
      for (let i = 0; done.length < next && i < 1000; i++) {
        await turns();
        for (const lane of lanes) {
          const item = lane.tryTake();
          if (item) done.push(item.id);
        }
      }
      await Promise.all(given);
      expect([...done].sort((a, b) => a - b)).toEqual(items(next).map(({ id }) => id));
    }),
    { numRuns: 200 },
  );
});
