/** The last `capacity` keys that were added or asked for; used to know a task that was done before. */
export class RecentSet {
  private readonly keys = new Set<string>();

  constructor(readonly capacity = 500) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError(`capacity must be a whole number of at least 1, not ${capacity}`);
  }

  get size(): number {
    return this.keys.size;
  }

  add(key: string): void {
    this.keys.delete(key);
    this.keys.add(key);
    for (const oldest of this.keys) {
      if (this.keys.size <= this.capacity) break;
      this.keys.delete(oldest);
    }
  }

  /** True when the key is known; asking keeps it among the recent ones. */
  has(key: string): boolean {
    if (!this.keys.has(key)) return false;
    this.add(key);
    return true;
  }
}
