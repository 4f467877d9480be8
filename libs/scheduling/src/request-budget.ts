import type { Clock } from './clock.js';
import { RequestTimer, type RequestLimits } from './request-timer.js';

/** Requests that several nodes share, such as those of one account. Who has waited longest goes first. */
export class RequestBudget {
  private readonly timer: RequestTimer;
  private readonly waiting = new Set<object>();

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
    const [first] = this.waiting;
    return (first === undefined || first === who) && this.timer.nextAt() <= this.clock.now();
  }

  /** Counts a request of `who`, which was allowed. */
  record(who: object): void {
    this.waiting.delete(who);
    this.timer.record();
  }

  /** Stands in line. Only who could send at once if it were its turn should, or all others wait for nothing. */
  queueUp(who: object): void {
    this.waiting.add(who);
  }

  leave(who: object): void {
    this.waiting.delete(who);
  }
}
