import type { Clock } from '@provefleet/scheduling';

/** Time as the agent uses it, passed in so that tests need not wait. */
export interface AgentClock extends Clock {
  /** Milliseconds since the epoch; may jump when the machine's clock is set. For records only, never for intervals. */
  wallNow(): number;
}

export const systemClock: AgentClock = {
  wallNow: () => Date.now(),
  now: () => performance.now(),
  setTimer(milliseconds, run) {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};

/** Resolves after the time, or at once when the signal is aborted; never rejects. */
export function pause(clock: Clock, milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.setTimer(milliseconds, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** Something others wait for: whoever waits is woken by the next `notify`. */
export class Notice {
  private waiting = new Set<() => void>();

  notify(): void {
    const woken = this.waiting;
    this.waiting = new Set();
    for (const wake of woken) wake();
  }

  /** Resolves at the next notify, or at once when the signal is aborted. */
  next(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.waiting.delete(done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      this.waiting.add(done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }
}
