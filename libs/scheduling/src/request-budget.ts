import type { Clock } from './clock.js';
import { RequestTimer, type RequestLimits } from './request-timer.js';

/** Who has not asked again for this long has lost interest, and with it the place in the line. */
const PATIENCE_MS = 3_000;

/**
 * Requests that several nodes share, such as those of one account. Who has asked longest goes first. Asking is
 * `tryAcquire`, over and over, at least every second.
 */
export class RequestBudget {
  private readonly timer: RequestTimer;
  /** Who stands in line, first one first, and when each asked last. */
  private readonly line = new Map<object, number>();

  constructor(
    limits: RequestLimits,
    private readonly clock: Clock,
  ) {
    this.timer = new RequestTimer(limits, clock);
  }

  /** Earliest time of the next request of anybody, on the clock's scale. */
  nextAt(): number {
    return this.timer.nextAt();
  }

  /** True when `who` could send a request now. */
  allows(who: object): boolean {
    return this.timer.nextAt() <= this.clock.now() && (this.first() ?? who) === who;
  }

  /** Takes a request, or else stands in line. Only who could send at once should ask, or others wait for nothing. */
  tryAcquire(who: object): boolean {
    if (!this.allows(who)) {
      this.line.set(who, this.clock.now());
      return false;
    }
    this.line.delete(who);
    this.timer.record();
    return true;
  }

  private first(): object | undefined {
    for (const [who, askedAt] of this.line) {
      if (this.clock.now() - askedAt <= PATIENCE_MS) return who;
      this.line.delete(who);
    }
    return undefined;
  }
}
