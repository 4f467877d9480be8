import { Backoff, type BackoffRules } from './backoff.js';
import type { Clock } from './clock.js';

export interface CircuitRules {
  /** This many failures in a row open the circuit. */
  readonly failures: number;
  /** How long it stays open; grows while probes fail. */
  readonly open: BackoffRules;
}

export type CircuitState = 'closed' | 'open' | 'probing';

/**
 * One for each orchestrator, shared by everything that talks to it: when it is down, one probe at a time asks, not every
 * node and every finished proof.
 */
export class CircuitBreaker {
  private inARow = 0;
  private openUntil = -Infinity;
  private current: CircuitState = 'closed';
  private readonly backoff: Backoff;

  constructor(
    private readonly rules: CircuitRules,
    private readonly clock: Clock,
  ) {
    this.backoff = new Backoff(rules.open, () => clock.random());
  }

  get state(): CircuitState {
    return this.current;
  }

  /** Earliest time of the next request; Infinity while a probe is under way. */
  nextAt(): number {
    if (this.current === 'closed') return this.clock.now();
    return this.current === 'probing' ? Infinity : Math.max(this.clock.now(), this.openUntil);
  }

  /** Asks to send a request. After an open circuit's time the first one to ask becomes the probe. */
  tryPass(): boolean {
    if (this.current === 'closed') return true;
    if (this.current === 'probing' || this.clock.now() < this.openUntil) return false;
    this.current = 'probing';
    return true;
  }

  /** The orchestrator answered; any answer counts, a refusal too. */
  answered(): void {
    this.inARow = 0;
    this.current = 'closed';
    this.backoff.reset();
  }

  /** No answer, or one that says the server is broken. */
  failed(): void {
    this.inARow++;
    if (this.current !== 'probing' && this.inARow < this.rules.failures) return;
    if (this.current === 'open') return;
    this.current = 'open';
    this.openUntil = this.clock.now() + this.backoff.next();
  }

  /** The request was given up before anything came of it: a probe leaves its place to the next. */
  cancelled(): void {
    if (this.current === 'probing') this.current = 'open';
  }
}
