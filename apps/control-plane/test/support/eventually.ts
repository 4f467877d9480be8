import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `look` finds something; fails with what it saw last. */
export async function eventually<T>(look: () => Promise<T | undefined | false | null>, timeoutMs = 10_000): Promise<T> {
  for (const deadline = Date.now() + timeoutMs; ; await sleep(50)) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > deadline) throw new Error(`it did not come to be within ${timeoutMs} ms; last seen: ${JSON.stringify(seen)}`);
  }
}
