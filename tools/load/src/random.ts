import { createHash } from 'node:crypto';

/** 32 bytes that depend on the seed and the name alone. */
export const seededBytes = (seed: string, name: string): Buffer => createHash('sha256').update(`provefleet-load|${seed}|${name}`).digest();

/** Repeatable randomness: the same seed and name give the same numbers. Marsaglia's xorshift128 on 32-bit words. */
export class SeededRandom {
  private readonly state: Uint32Array;

  constructor(seed: string, name: string) {
    const bytes = seededBytes(seed, name);
    this.state = Uint32Array.from([0, 4, 8, 12], (at) => bytes.readUInt32LE(at));
  }

  /** In [0, 1). */
  next(): number {
    const [x = 0, , , w = 0] = this.state;
    const t = x ^ (x << 11);
    this.state.copyWithin(0, 1);
    const value = (w ^ (w >>> 19) ^ t ^ (t >>> 8)) >>> 0;
    this.state[3] = value;
    return value / 2 ** 32;
  }

  /** An integer from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** @throws when there is nothing to pick from */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new Error('there is nothing to pick from');
    return items[this.integer(0, items.length - 1)] as T;
  }
}
