/** Time, timers and randomness, passed in so that policy can be tested without waiting. */
export interface Clock {
  /** Milliseconds on a scale that never goes back and knows nothing of wall-clock changes. */
  now(): number;
  /** Runs `run` once after `ms`; the answer cancels it. */
  setTimer(ms: number, run: () => void): () => void;
  /** Uniform in [0, 1). */
  random(): number;
}

/** A clock for tests: stands still until told to advance. Timers of one instant run in the order they were set. */
export class FakeClock implements Clock {
  private time: number;
  private order = 0;
  private readonly timers = new Map<number, { at: number; run: () => void }>();

  /** @param randomValue what `random` gives each time */
  constructor(
    start = 0,
    private readonly randomValue: () => number = () => 0,
  ) {
    this.time = start;
  }

  now(): number {
    return this.time;
  }

  random(): number {
    return this.randomValue();
  }

  setTimer(ms: number, run: () => void): () => void {
    const id = this.order++;
    this.timers.set(id, { at: this.time + Math.max(0, ms), run });
    return () => this.timers.delete(id);
  }

  /** Number of timers waiting. */
  get pending(): number {
    return this.timers.size;
  }

  /** Lets `ms` pass: runs what falls due, letting promises settle after each step. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    await settle();
    for (let due = this.nextDue(end); due !== undefined; due = this.nextDue(end)) {
      const timer = this.timers.get(due);
      this.timers.delete(due);
      if (timer) {
        this.time = Math.max(this.time, timer.at);
        timer.run();
      }
      await settle();
    }
    this.time = end;
  }

  private nextDue(end: number): number | undefined {
    let found: number | undefined;
    let at = Infinity;
    for (const [id, timer] of this.timers) {
      if (timer.at <= end && timer.at < at) {
        found = id;
        at = timer.at;
      }
    }
    return found;
  }
}

/** Lets chains of already settled promises run to their end. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
