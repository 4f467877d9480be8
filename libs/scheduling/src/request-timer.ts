import type { Clock } from './clock.js';

export interface RequestLimits {
  /** Least time between two requests, in milliseconds. */
  readonly minIntervalMs: number;
  /** Most requests in any `windowMs`; null for no such limit. */
  readonly maxPerWindow: number | null;
  /** Default: one minute. */
  readonly windowMs?: number;
}

const MINUTE = 60_000;

/** Knows at every moment when the next request may go out: interval, window budget and the server's own wish together. */
export class RequestTimer {
  /** Times of the requests that still count in the window, oldest first. */
  private readonly sent: number[] = [];
  private last = -Infinity;
  private serverNotBefore = -Infinity;
  private readonly windowMs: number;

  constructor(
    private readonly limits: RequestLimits,
    private readonly clock: Clock,
  ) {
    this.windowMs = limits.windowMs ?? MINUTE;
    if (limits.maxPerWindow !== null && limits.maxPerWindow < 1) throw new RangeError('maxPerWindow must be at least 1');
  }

  /** Earliest time of the next request, on the clock's scale; never in the past. */
  nextAt(): number {
    return Math.max(this.clock.now(), this.intervalAt, this.windowAt, this.serverNotBefore);
  }

  /** The same without the interval: for a repeated try and for requests that belong to one round. */
  nextAtWithinRound(): number {
    return Math.max(this.clock.now(), this.windowAt, this.serverNotBefore);
  }

  /** What holds the next request back now; null when nothing does. */
  heldBy(): 'server' | 'window' | 'interval' | null {
    const now = this.clock.now();
    if (this.serverNotBefore > now) return 'server';
    if (this.windowAt > now) return 'window';
    return this.intervalAt > now ? 'interval' : null;
  }

  /** Counts a request that goes out now. */
  record(): void {
    const now = this.clock.now();
    this.last = now;
    if (this.limits.maxPerWindow === null) return;
    this.sent.push(now);
    if (this.sent.length > this.limits.maxPerWindow) this.sent.shift();
  }

  /** Counts a request if one may go out now. */
  tryAcquire(): boolean {
    if (this.nextAt() > this.clock.now()) return false;
    this.record();
    return true;
  }

  /** The server asked to wait; a shorter wish never shortens a longer one. */
  delay(ms: number): void {
    this.serverNotBefore = Math.max(this.serverNotBefore, this.clock.now() + ms);
  }

  private get intervalAt(): number {
    return this.last + this.limits.minIntervalMs;
  }

  private get windowAt(): number {
    const max = this.limits.maxPerWindow;
    if (max === null || this.sent.length < max) return -Infinity;
    return (this.sent[this.sent.length - max] ?? -Infinity) + this.windowMs;
  }
}
