/** Thrown by a push to a closed queue; the item stays with the caller. */
export class QueueClosedError extends Error {
  override readonly name = 'QueueClosedError';
  constructor() {
    super('the queue is closed');
  }
}

interface Waiter<Value> {
  resolve(value: Value): void;
  reject(reason: unknown): void;
}

/**
 * First in, first out, at most `capacity` items. A full queue makes producers wait; a closed one takes no more and lets
 * consumers empty it. No item is ever dropped: it is in the queue, or with the consumer, or still with the producer.
 */
export class BoundedQueue<Item extends object> {
  private readonly items: Item[] = [];
  private readonly takers = new Set<Waiter<Item | undefined>>();
  private readonly pushers = new Set<Waiter<void> & { item: Item }>();
  private isClosed = false;

  /** @param onRoom called whenever an item has left and there is room for another; must not throw */
  constructor(
    readonly capacity: number,
    private readonly onRoom?: () => void,
  ) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError(`a queue's capacity must be a whole number of at least 1, not ${capacity}`);
  }

  get size(): number {
    return this.items.length;
  }

  get free(): number {
    return Math.max(0, this.capacity - this.items.length);
  }

  get closed(): boolean {
    return this.isClosed;
  }

  /** False when full or closed; the item then stays with the caller. */
  tryPush(item: Item): boolean {
    if (this.isClosed || this.items.length >= this.capacity) return false;
    this.accept(item);
    return true;
  }

  /**
   * Waits for room. Producers are let in in the order they came.
   * @throws QueueClosedError; the signal's reason on abort. In both cases the item was not taken.
   */
  push(item: Item, signal?: AbortSignal): Promise<void> {
    if (this.isClosed) return Promise.reject(new QueueClosedError());
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.pushers.size === 0 && this.tryPush(item)) return Promise.resolve();
    return this.wait(this.pushers, signal, (waiter) => ({ ...waiter, item }));
  }

  /** The item that would be taken next; it stays. */
  peek(): Item | undefined {
    return this.items[0];
  }

  /** The first item, or undefined when there is none now. */
  tryTake(): Item | undefined {
    const item = this.items.shift();
    if (item) this.afterTake();
    return item;
  }

  /** Waits for an item; undefined once the queue is closed and empty. Rejects with the signal's reason on abort. */
  take(signal?: AbortSignal): Promise<Item | undefined> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const item = this.tryTake();
    if (item || this.isClosed) return Promise.resolve(item);
    return this.wait(this.takers, signal, (waiter) => waiter);
  }

  /** Takes no more items. Waiting producers are refused, consumers get what is left and then undefined. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const pusher of this.pushers) pusher.reject(new QueueClosedError());
    for (const taker of this.takers) taker.resolve(undefined);
    this.pushers.clear();
    this.takers.clear();
  }

  /** Closes and hands back what nobody has taken yet. */
  drain(): Item[] {
    this.close();
    return this.items.splice(0);
  }

  private accept(item: Item): void {
    for (const taker of this.takers) {
      this.takers.delete(taker);
      taker.resolve(item);
      this.onRoom?.();
      return;
    }
    this.items.push(item);
  }

  private afterTake(): void {
    for (const pusher of this.pushers) {
      if (this.items.length >= this.capacity) break;
      this.pushers.delete(pusher);
      this.accept(pusher.item);
      pusher.resolve();
    }
    if (this.items.length < this.capacity) this.onRoom?.();
  }

  private wait<Value, W extends Waiter<Value>>(waiters: Set<W>, signal: AbortSignal | undefined, build: (waiter: Waiter<Value>) => W): Promise<Value> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        waiters.delete(waiter);
        reject(signal?.reason);
      };
      const done = (): void => signal?.removeEventListener('abort', onAbort);
      const waiter = build({
        resolve: (value) => {
          done();
          resolve(value);
        },
        reject: (reason) => {
          done();
          reject(reason);
        },
      });
      waiters.add(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}
