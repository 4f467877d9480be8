import type { FleetEvent } from '@provefleet/fleet-protocol';

export interface Entry {
  readonly event: FleetEvent;
  /** Monotonic milliseconds. */
  readonly createdAt: number;
  /** How often it was sent. */
  sends: number;
}

/** A machine's events until the control plane says that they are stored: what an agent keeps on disk, in memory. */
export class Outbox {
  private entries: Entry[] = [];

  get size(): number {
    return this.entries.length;
  }

  append(event: FleetEvent, createdAt: number): void {
    this.entries.push({ event, createdAt, sends: 0 });
  }

  /** The oldest events, at most so many; each counts as sent. */
  takeBatch(maxEvents: number): readonly Entry[] {
    const batch = this.entries.slice(0, maxEvents);
    for (const entry of batch) entry.sends += 1;
    return batch;
  }

  /** Removes and returns what is stored. */
  acknowledge(sequence: number): readonly Entry[] {
    const keep = this.entries.findIndex((entry) => entry.event.sequence > sequence);
    return this.entries.splice(0, keep === -1 ? this.entries.length : keep);
  }
}
