/** Gathers items while a write runs and writes them together as soon as it ends: no timer, no wait when idle. */
export class Batcher<Item, Result> {
  private readonly queue: { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }[] = [];
  private running: Promise<void> | undefined;

  /**
   * @param options.write stores all items together or none; answers one result for each
   * @param options.maxItems most items in one write
   * @param options.isTransient whether the same items can succeed later; they are tried again until they do
   * @param options.pause waits between two tries
   */
  constructor(
    private readonly options: {
      readonly write: (items: Item[]) => Promise<Result[]>;
      readonly maxItems: number;
      readonly isTransient: (error: unknown) => boolean;
      readonly pause: (error: unknown) => Promise<void>;
    },
  ) {}

  /** Resolves when the item is stored; rejects when it never can be. */
  add(item: Item): Promise<Result> {
    const stored = new Promise<Result>((resolve, reject) => this.queue.push({ item, resolve, reject }));
    this.running ??= this.run().finally(() => (this.running = undefined));
    return stored;
  }

  /** Resolves when all that was added is written. */
  async drained(): Promise<void> {
    while (this.running) await this.running;
  }

  private async run(): Promise<void> {
    // Whatever else arrives in this turn of the event loop goes along with the first.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.queue.length > 0) {
      const batch = this.queue.splice(0, this.options.maxItems);
      try {
        const results = await this.writePersistently(batch.map(({ item }) => item));
        batch.forEach(({ resolve }, index) => resolve(results[index] as Result));
      } catch (error) {
        if (batch.length === 1) batch[0]?.reject(error);
        else await this.writeSingly(batch);
      }
    }
  }

  /** One bad item must not take the others down. */
  private async writeSingly(batch: readonly (typeof this.queue)[number][]): Promise<void> {
    for (const { item, resolve, reject } of batch) {
      await this.writePersistently([item]).then(([result]) => resolve(result as Result), reject);
    }
  }

  private async writePersistently(items: Item[]): Promise<Result[]> {
    for (;;) {
      try {
        return await this.options.write(items);
      } catch (error) {
        if (!this.options.isTransient(error)) throw error;
        await this.options.pause(error);
      }
    }
  }
}
