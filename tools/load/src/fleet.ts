import type { Expected } from './database.js';
import type { Clock, SimulatedMachine } from './machine.js';
import { SeededRandom } from './random.js';

const TICK_MS = 10;

export interface Storm {
  /** After the load began. */
  readonly atSeconds: number;
  readonly machines: number;
  /** Until every machine cut was back, to the nearest tenth of a second; null when the run ended before. */
  readonly allBackMs: number | null;
}

/** All machines together: spreads the events over them and cuts their connections. */
export class Fleet {
  private readonly random: SeededRandom;
  private readonly storms: { atSeconds: number; machines: number; allBackMs: number | null }[] = [];
  private newest: { machine: SimulatedMachine; sequence: number; createdAt: number } | null = null;
  private startedAt = 0;
  private cancelTick: (() => void) | null = null;
  private madeEvents = 0;

  constructor(
    seed: string,
    private readonly clock: Clock,
    readonly machines: readonly SimulatedMachine[],
  ) {
    this.random = new SeededRandom(seed, 'fleet');
  }

  get made(): number {
    return this.madeEvents;
  }

  get connected(): number {
    return this.machines.filter((machine) => machine.isConnected).length;
  }

  /** Events that wait for their acknowledgement. */
  get pending(): number {
    return this.machines.reduce((sum, machine) => sum + machine.pending, 0);
  }

  get stormReport(): readonly Storm[] {
    return this.storms;
  }

  /** Makes events at this rate over the whole fleet, each on a machine picked at random. Falling behind is caught up. */
  startLoad(eventsPerSecond: number): void {
    this.startedAt = this.clock.now();
    let made = 0;
    const tick = () => {
      const due = Math.floor(((this.clock.now() - this.startedAt) / 1000) * eventsPerSecond);
      for (; made < due; made++) this.makeOne();
      this.cancelTick = this.clock.after(TICK_MS, tick);
    };
    this.cancelTick = this.clock.after(TICK_MS, tick);
  }

  stopLoad(): void {
    this.cancelTick?.();
    this.cancelTick = null;
  }

  /** Cuts about this share of the connections at once, without a goodbye, and watches until they are back. */
  storm(share: number): void {
    const cut = this.machines.filter((machine) => machine.isConnected && this.random.next() < share);
    const cutAt = this.clock.now();
    const storm: (typeof this.storms)[number] = { atSeconds: Math.round((cutAt - this.startedAt) / 100) / 10, machines: cut.length, allBackMs: null };
    this.storms.push(storm);
    for (const machine of cut) machine.cut();
    const look = () => {
      if (cut.every((machine) => machine.isConnected)) storm.allBackMs = Math.round(this.clock.now() - cutAt);
      else this.clock.after(100, look);
    };
    this.clock.after(100, look);
  }

  /** The newest event if its machine is connected, once: what the way into the database is measured by. */
  takeNewest(): { machineId: string; sequence: number; createdAt: number } | null {
    const { newest } = this;
    this.newest = null;
    return newest?.machine.isConnected ? { machineId: newest.machine.machineId, sequence: newest.sequence, createdAt: newest.createdAt } : null;
  }

  /** What the database must hold of this run. */
  expected(): Expected[] {
    return this.machines.map(({ machineId, firstSequence, events }) => ({
      machineId,
      firstSequence: firstSequence ?? 0,
      lastSequence: events.lastSequence,
      settled: Object.values(events.settled).reduce((sum, count) => sum + count, 0),
    }));
  }

  private makeOne(): void {
    const machine = this.machines[this.random.integer(0, this.machines.length - 1)];
    if (!machine) return;
    const createdAt = this.clock.now();
    const { sequence } = machine.emit();
    this.madeEvents += 1;
    this.newest = { machine, sequence, createdAt };
  }
}
