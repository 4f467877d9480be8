import { createHash } from 'node:crypto';

/** A stream of numbers that depends on its seed alone: the same on every machine and in every version of Node. */
export class SeededRandom {
  private block = Buffer.alloc(0);
  private counter = 0;

  constructor(private readonly seed: string) {}

  /** Uniform from 0 to 2^32 - 1. */
  u32(): number {
    if (this.block.length < 4) {
      this.block = createHash('sha256').update(`${this.seed}/${this.counter++}`).digest();
    }
    const value = this.block.readUInt32LE(0);
    this.block = this.block.subarray(4);
    return value;
  }

  /** Uniform in [0, 1). */
  next(): number {
    return this.u32() / 2 ** 32;
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.between(0, items.length - 1)];
    if (item === undefined) throw new RangeError('cannot pick from an empty list');
    return item;
  }

  /** An id in the form of a UUIDv4. */
  uuid(): string {
    const hex = Array.from({ length: 4 }, () => this.u32().toString(16).padStart(8, '0')).join('');
    const variant = '89ab'[this.between(0, 3)];
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
  }
}
