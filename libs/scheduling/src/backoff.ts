export interface BackoffRules {
  /** Delay after the first failure, in milliseconds. */
  readonly baseMs: number;
  /** Each further failure multiplies the delay by this. */
  readonly factor: number;
  /** Longest delay before jitter, in milliseconds. */
  readonly maxMs: number;
  /** Up to this share of the delay is added at random, so that many machines do not come back at once. */
  readonly jitter: number;
}

/**
 * Milliseconds to wait after the given number of failures in a row.
 * @param failures at least 1
 * @param random uniform in [0, 1)
 */
export function backoffDelay(rules: BackoffRules, failures: number, random: number): number {
  const nominal = Math.min(rules.maxMs, rules.baseMs * rules.factor ** Math.max(0, failures - 1));
  return Math.round(nominal * (1 + rules.jitter * random));
}

/** Counts failures in a row and says how long to wait after each. */
export class Backoff {
  private count = 0;

  constructor(
    private readonly rules: BackoffRules,
    private readonly random: () => number,
  ) {}

  get failures(): number {
    return this.count;
  }

  next(): number {
    this.count++;
    return backoffDelay(this.rules, this.count, this.random());
  }

  reset(): void {
    this.count = 0;
  }
}
