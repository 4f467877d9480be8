import { Backoff } from './backoff.js';
import type { CircuitBreaker } from './circuit-breaker.js';
import type { Clock } from './clock.js';
import type { FetchRules } from './profiles.js';
import type { RequestBudget } from './request-budget.js';
import { RequestTimer } from './request-timer.js';
import { isOutage, serverDelay, type RequestFailure } from './retry-policy.js';

/** Why the next fetch waits. */
export type FetchHold = 'ready' | 'interval' | 'window' | 'server' | 'backoff' | 'no-task' | 'outage' | 'budget';

export interface FetchPacerOptions {
  readonly rules: FetchRules;
  readonly clock: Clock;
  /** Shared by everything that talks to the same orchestrator. */
  readonly circuit?: CircuitBreaker;
  /** Shared by all nodes of one account: its requests count together. */
  readonly budget?: RequestBudget;
}

/**
 * When one node asks for tasks. Usage: once `tryAcquire` says yes, send one request, then report exactly one of
 * `gotTask`, `noTask`, `failed` or `cancelled`. The time of the next request is known at every moment.
 */
export class FetchPacer {
  private readonly timer: RequestTimer;
  private readonly backoff: Backoff;
  private readonly idle: Backoff;
  /** Requests that may still go out in this round without the interval; 0: the next one opens a round. */
  private leftInRound = 0;
  private noTasks = 0;
  private tries = 0;
  /** Our own wish to wait (not the server's), and why. */
  private notBefore = -Infinity;
  private why: 'backoff' | 'no-task' = 'backoff';

  constructor(private readonly options: FetchPacerOptions) {
    const { rules, clock } = options;
    this.timer = new RequestTimer(rules, clock);
    this.backoff = new Backoff(rules.backoff, () => clock.random());
    this.idle = new Backoff(rules.idle, () => clock.random());
  }

  /** Earliest time of the next request on the clock's scale; Infinity while another request probes a broken orchestrator. */
  nextAt(): number {
    const { circuit, budget } = this.options;
    return Math.max(this.ownNextAt(), circuit?.nextAt() ?? 0, budget?.nextAt() ?? 0);
  }

  /** What the operator is told while waiting. */
  hold(): FetchHold {
    const { circuit, budget, clock } = this.options;
    const circuitAt = circuit?.nextAt() ?? -Infinity;
    const heldBy = this.timer.heldBy();
    // The clock goes on between two readings: what is free now must not seem to begin later.
    const now = clock.now();
    if (circuitAt > now) return 'outage';
    if (heldBy === 'server') return 'server';
    if (this.notBefore > now) return this.why;
    if (heldBy === 'window') return 'window';
    if (budget && !budget.allows(this)) return 'budget';
    return heldBy === 'interval' && this.leftInRound === 0 ? 'interval' : 'ready';
  }

  /** Takes the right to send one request now, if there is one; with a shared budget, stands in line for it else. */
  tryAcquire(): boolean {
    const { circuit, budget, clock, rules } = this.options;
    const at = Math.max(this.ownNextAt(), circuit?.nextAt() ?? -Infinity);
    if (at > clock.now()) return false;
    if (budget && !budget.tryAcquire(this)) return false;
    // Now it is certain that the request goes out: a probe, if the orchestrator was down.
    circuit?.tryPass();
    if (this.leftInRound === 0) this.leftInRound = rules.roundSize;
    this.timer.record();
    return true;
  }

  /** A task came. */
  gotTask(): void {
    this.options.circuit?.answered();
    this.backoff.reset();
    this.idle.reset();
    this.noTasks = 0;
    this.tries = 0;
    this.leftInRound = Math.max(0, this.leftInRound - 1);
  }

  /** The server has no task now (404, or an answer without one). */
  noTask(): void {
    this.options.circuit?.answered();
    this.backoff.reset();
    this.tries = 0;
    this.noTasks++;
    this.leftInRound = Math.max(0, this.leftInRound - 1);
    if (this.noTasks >= this.options.rules.noTaskLimit) {
      this.endRound();
      this.holdFor(this.idle.next(), 'no-task');
    }
  }

  /** The request failed. */
  failed(failure: RequestFailure): void {
    const { circuit, rules } = this.options;
    if (isOutage(failure)) circuit?.failed();
    else circuit?.answered();

    const asked = serverDelay(rules.serverDelay, failure);
    if (asked !== null) {
      this.timer.delay(asked);
      this.endRound();
      return;
    }
    this.tries++;
    this.holdFor(this.backoff.next(), 'backoff');
    if (this.tries >= rules.tries || failure.status === 429) this.endRound();
  }

  /** The request was aborted by ourselves. */
  cancelled(): void {
    this.options.circuit?.cancelled();
  }

  /** No more requests in this round, for instance because the task queue is full. */
  endRound(): void {
    this.leftInRound = 0;
    this.noTasks = 0;
    this.tries = 0;
  }

  private ownNextAt(): number {
    const byTimer = this.leftInRound > 0 ? this.timer.nextAtWithinRound() : this.timer.nextAt();
    return Math.max(byTimer, this.notBefore);
  }

  private holdFor(ms: number, why: 'backoff' | 'no-task'): void {
    this.notBefore = this.options.clock.now() + ms;
    this.why = why;
  }
}
