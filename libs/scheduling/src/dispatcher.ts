import { BoundedQueue } from './bounded-queue.js';

/** Hands items to workers in turn, skipping those whose queue is full. Each worker reads from a queue of its own. */
export class Dispatcher<Item extends object> {
  private readonly lanes = new Map<string, BoundedQueue<Item>>();
  /** Worker ids in turn; the next one to be offered an item comes first. */
  private turn: string[] = [];
  private readonly waiting = new Set<() => void>();

  /** @param perWorker how many items may wait for one worker */
  constructor(private readonly perWorker = 8) {}

  get workers(): readonly string[] {
    return [...this.lanes.keys()];
  }

  /** Items waiting for any worker. */
  get queued(): number {
    let total = 0;
    for (const lane of this.lanes.values()) total += lane.size;
    return total;
  }

  /** Adds a worker and gives the queue it reads from. */
  add(worker: string): BoundedQueue<Item> {
    if (this.lanes.has(worker)) throw new RangeError(`worker ${worker} is there already`);
    const lane = new BoundedQueue<Item>(this.perWorker, () => this.wake());
    this.lanes.set(worker, lane);
    this.turn.push(worker);
    this.wake();
    return lane;
  }

  /** Takes a worker out, closes its queue and hands back what it had not begun. */
  remove(worker: string): Item[] {
    const lane = this.lanes.get(worker);
    this.lanes.delete(worker);
    this.turn = this.turn.filter((id) => id !== worker);
    return lane?.drain() ?? [];
  }

  /** The worker that got the item, or null when every queue is full or there is no worker. */
  tryDispatch(item: Item): string | null {
    for (const worker of this.turn) {
      if (!this.lanes.get(worker)?.tryPush(item)) continue;
      this.turn = [...this.turn.filter((id) => id !== worker), worker];
      return worker;
    }
    return null;
  }

  /** Waits for a worker with room. Rejects with the signal's reason on abort; the item then stays with the caller. */
  async dispatch(item: Item, signal?: AbortSignal): Promise<string> {
    for (;;) {
      const worker = this.tryDispatch(item);
      if (worker !== null) return worker;
      await this.whenRoom(signal);
    }
  }

  private whenRoom(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = (): void => {
        this.waiting.delete(onRoom);
        reject(signal?.reason);
      };
      const onRoom = (): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      this.waiting.add(onRoom);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  private wake(): void {
    const all = [...this.waiting];
    this.waiting.clear();
    for (const resume of all) resume();
  }
}
