import type { Clock } from '../config/clock.js';

/** Lets `capacity` through at once and `perSecond` in the long run. */
export class TokenBucket {
  private tokens: number;
  private at: number;

  constructor(
    private readonly capacity: number,
    private readonly perSecond: number,
    private readonly clock: Clock,
  ) {
    this.tokens = capacity;
    this.at = clock();
  }

  /** Takes one; false when none is left. */
  take(): boolean {
    this.refill();
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }

  /** Gives one back: what it was taken for turned out harmless. */
  giveBack(): void {
    this.tokens = Math.min(this.capacity, this.tokens + 1);
  }

  /** Whether it is as good as new, so that it need not be kept. */
  get isFull(): boolean {
    this.refill();
    return this.tokens >= this.capacity;
  }

  private refill(): void {
    const now = this.clock();
    this.tokens = Math.min(this.capacity, this.tokens + (Math.max(0, now - this.at) / 1_000) * this.perSecond);
    this.at = now;
  }
}

/** Most keys kept at once; a flood of addresses must not fill the memory. */
const MAX_KEYS = 10_000;

/** One bucket for each key, such as a client's address. */
export class KeyedRateLimit {
  private readonly buckets = new Map<string, TokenBucket>();

  constructor(
    private readonly capacity: number,
    private readonly perSecond: number,
    private readonly clock: Clock,
  ) {}

  /** Takes one of the key's; false when the key has to wait. */
  take(key: string): boolean {
    let bucket = this.buckets.get(key);
    if (!bucket) {
      if (this.buckets.size >= MAX_KEYS) this.forgetFull();
      if (this.buckets.size >= MAX_KEYS) return false;
      bucket = new TokenBucket(this.capacity, this.perSecond, this.clock);
      this.buckets.set(key, bucket);
    }
    return bucket.take();
  }

  giveBack(key: string): void {
    this.buckets.get(key)?.giveBack();
  }

  private forgetFull(): void {
    for (const [key, bucket] of this.buckets) if (bucket.isFull) this.buckets.delete(key);
  }
}
