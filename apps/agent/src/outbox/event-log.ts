import { join } from 'node:path';
import { eventSchema, type FleetEvent } from '@provefleet/fleet-protocol';
import { messageOf } from '../errors.js';
import { errorCode, FILE_MODE, readIfThere, removeIfThere, syncDirectory, writeAtomic, type FileSystem } from '../state/files.js';
import { decodeSegment, encodeRecord } from './segment.js';

type WithoutSequence<T> = T extends unknown ? Omit<T, 'sequence' | 'at'> : never;
/** An event as its maker knows it; the log adds sequence and time. */
export type EventDraft = WithoutSequence<FleetEvent>;

export interface EventLogOptions {
  readonly fs: FileSystem;
  readonly directory: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly now: () => number;
  /** Calls back after a while; used to try a failed write again. */
  readonly later: (milliseconds: number, call: () => void) => void;
  /** Above this the oldest telemetry is dropped. Default 32 MiB. */
  readonly maxBytes?: number;
  /** Size at which a segment is closed and the next begun. Default 256 KiB. */
  readonly segmentBytes?: number;
  /** So many ends of tasks stay on disk even when acknowledged, to know those tasks again after a restart. Default 0. */
  readonly keepSettled?: number;
  /** Called before acknowledged events leave the disk. */
  readonly beforeRemove?: () => Promise<void>;
  readonly onProblem?: (message: string) => void;
}

interface Segment {
  readonly path: string;
  readonly first: number;
  sequences: number[];
  /** Ends of tasks among its records. */
  settled: number;
  bytes: number;
  /** True when only `task-settled` records are left in it. */
  thinned: boolean;
}

interface Pending {
  readonly event: FleetEvent;
  readonly record: Buffer;
  readonly durable: () => void;
}

const RETRY_MS = 1000;
const MAX_PENDING = 10_000;
/** Files beside the segments: what the control plane has, and what is none of the present control plane's business. */
const ACKNOWLEDGED = 'acknowledged';
const FLOOR = 'floor';
const SEGMENT_NAME = /^(\d{16})\.log$/;

/**
 * The agent's events until the control plane has them: append-only segments of checksummed records, each event with a
 * sequence number that rises for ever. A torn tail is cut off at start. When the log outgrows its bound, telemetry goes
 * first, oldest first, and is counted; the ends of tasks go only when they alone fill twice the bound.
 */
export class EventLog {
  private readonly fs: FileSystem;
  private readonly directory: string;
  private readonly maxBytes: number;
  private readonly segmentBytes: number;
  private segments: Segment[] = [];
  private pending: Pending[] = [];
  private readonly pins = new Set<number>();
  private listeners: (() => void)[] = [];
  private nextSequence = 1;
  private acknowledged = 0;
  private floor = 0;
  private durableSequence = 0;
  private flushing: Promise<void> | null = null;
  private retrying = false;
  private housekeeping: Promise<void> = Promise.resolve();
  private failure: string | null = null;
  private droppedCount = 0;
  private cache: { segment: Segment; events: FleetEvent[] } | null = null;

  private constructor(private readonly options: EventLogOptions) {
    this.fs = options.fs;
    this.directory = options.directory;
    this.maxBytes = options.maxBytes ?? 32 * 1024 * 1024;
    this.segmentBytes = options.segmentBytes ?? 256 * 1024;
  }

  /**
   * Opens the log, cutting off what a stop in mid-write left behind.
   * @param onEvent is called with every event that is on disk, oldest first.
   */
  static async open(options: EventLogOptions, onEvent: (event: FleetEvent) => void): Promise<EventLog> {
    const log = new EventLog(options);
    const names = (await log.fs.readdir(log.directory)).sort();
    for (const name of names) {
      const match = SEGMENT_NAME.exec(name);
      if (name === ACKNOWLEDGED || name === FLOOR) continue;
      if (match) await log.recover(join(log.directory, name), Number(match[1]), onEvent);
      else await removeIfThere(log.fs, join(log.directory, name));
    }
    if (log.segments.length === 0) log.segments.push(log.newSegment());
    log.durableSequence = log.nextSequence - 1;
    // Only a hint: without it the control plane says at the next connection what it has.
    log.acknowledged = Math.min(await readNumber(log.fs, join(log.directory, ACKNOWLEDGED)), log.lastSequence);
    log.floor = await readNumber(log.fs, join(log.directory, FLOOR));
    return log;
  }

  /** Highest sequence given out so far. */
  get lastSequence(): number {
    return this.nextSequence - 1;
  }

  /** Events not yet acknowledged, on disk or on their way to it. */
  get unacknowledged(): number {
    let count = this.pending.length;
    for (const segment of this.segments) {
      if (segment.first > this.acknowledged) count += segment.sequences.length;
      else count += segment.sequences.length - firstAfter(segment.sequences, this.acknowledged);
    }
    return count;
  }

  /** Events dropped since the start because the log was full. */
  get dropped(): number {
    return this.droppedCount;
  }

  /** Why nothing can be written at present; null when all is well. */
  get problem(): string | null {
    return this.failure;
  }

  /** Called whenever more events became durable. */
  onDurable(listener: () => void): void {
    this.listeners.push(listener);
  }

  /**
   * Gives the event its sequence and writes it soon, together with those that come meanwhile. `durable` resolves when
   * it is on the device, however long that takes; it never rejects.
   * @throws when the draft is not a valid event: a bug here, which must not reach the control plane as a poison frame.
   */
  append(draft: EventDraft): { readonly sequence: number; readonly durable: Promise<void> } {
    const sequence = this.nextSequence;
    const event = eventSchema.parse({ ...draft, sequence, at: this.options.now() });
    this.nextSequence++;
    let resolve: () => void = () => undefined;
    const durable = new Promise<void>((done) => (resolve = done));
    this.pending.push({ event, record: encodeRecord(event), durable: resolve });
    if (this.pending.length > MAX_PENDING) this.dropPendingTelemetry();
    this.scheduleFlush();
    return { sequence, durable };
  }

  /** Keeps an event's segment on disk, even when acknowledged, until the returned function is called. */
  pin(sequence: number): () => void {
    this.pins.add(sequence);
    return () => {
      this.pins.delete(sequence);
      this.prune();
    };
  }

  /** Durable events after `sequence`, oldest first, within both limits (but at least one when there is any). */
  async readAfter(sequence: number, maxEvents: number, maxBytes: number): Promise<FleetEvent[]> {
    const found: FleetEvent[] = [];
    let bytes = 0;
    for (const segment of [...this.segments]) {
      const last = segment.sequences.at(-1);
      if (last === undefined || last <= sequence) continue;
      for (const event of await this.load(segment)) {
        if (event.sequence <= Math.max(sequence, this.floor) || event.sequence > this.durableSequence) continue;
        bytes += JSON.stringify(event).length + 1;
        if (found.length > 0 && (bytes > maxBytes || found.length >= maxEvents)) return found;
        found.push(event);
      }
    }
    return found;
  }

  /** The control plane holds everything up to `sequence`: it may leave the disk. */
  acknowledge(sequence: number): void {
    if (sequence > this.lastSequence) {
      // Only a state directory put back from an old copy can be behind: numbers already used would be taken for repeats.
      this.nextSequence = sequence + 1;
    }
    if (sequence <= this.acknowledged) return;
    this.acknowledged = sequence;
    this.prune();
  }

  /** Waits until all appended so far is on disk, or writing fails. */
  async flush(): Promise<void> {
    while (this.pending.length > 0) {
      this.scheduleFlush();
      if (this.flushing === null) break;
      await this.flushing;
      if (this.failure !== null) break;
    }
    this.inBackground(() => this.noteAcknowledged());
    await this.housekeeping;
  }

  private scheduleFlush(): void {
    if (this.flushing !== null || this.retrying) return;
    // One turn later, so that events of the same turn share one write to the device.
    this.flushing = Promise.resolve()
      .then(() => this.writePending())
      .finally(() => {
        this.flushing = null;
        if (this.pending.length > 0 && !this.retrying) this.scheduleFlush();
      });
  }

  private async writePending(): Promise<void> {
    const batch = [...this.pending];
    if (batch.length === 0) return;
    try {
      await this.write(batch);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.failure = null;
    const written = new Set(batch);
    this.pending = this.pending.filter((entry) => !written.has(entry));
    this.durableSequence = Math.max(this.durableSequence, batch.at(-1)?.event.sequence ?? 0);
    for (const entry of batch) entry.durable();
    for (const listener of this.listeners) listener();
    this.keepWithinBound();
  }

  private async write(batch: readonly Pending[]): Promise<void> {
    let active = this.active();
    if (active.bytes >= this.segmentBytes) {
      active = this.newSegment(batch[0]?.event.sequence);
      this.segments.push(active);
    }
    const isNew = active.bytes === 0;
    const handle = await this.fs.open(active.path, isNew ? 'w' : 'r+', FILE_MODE);
    try {
      const data = Buffer.concat(batch.map((entry) => entry.record));
      try {
        await writeFully(handle, data, active.bytes);
        await handle.datasync();
      } catch (error) {
        // The half-written end must not stand in front of the next try.
        await handle.truncate(active.bytes);
        throw error;
      }
      active.bytes += data.length;
      active.sequences.push(...batch.map((entry) => entry.event.sequence));
      active.settled += countSettled(batch.map((entry) => entry.event));
      if (this.cache?.segment === active) this.cache.events.push(...batch.map((entry) => entry.event));
    } finally {
      await handle.close();
    }
    if (isNew) await syncDirectory(this.fs, this.directory);
  }

  private fail(error: unknown): void {
    const message = `cannot write events: ${messageOf(error)}`;
    if (this.failure === null) this.options.onProblem?.(message);
    this.failure = message;
    this.retrying = true;
    this.options.later(RETRY_MS, () => {
      this.retrying = false;
      this.scheduleFlush();
    });
  }

  private active(): Segment {
    const active = this.segments.at(-1);
    if (active === undefined) throw new Error('the event log has no segment');
    return active;
  }

  private newSegment(first = this.nextSequence): Segment {
    return { path: join(this.directory, `${String(first).padStart(16, '0')}.log`), first, sequences: [], settled: 0, bytes: 0, thinned: false };
  }

  private async recover(path: string, first: number, onEvent: (event: FleetEvent) => void): Promise<void> {
    const content = await this.fs.readFile(path);
    const { events, wholeBytes, damaged } = decodeSegment(content);
    if (damaged > 0) this.options.onProblem?.(`${damaged} damaged records in ${path} were passed over`);
    if (wholeBytes < content.length) {
      const handle = await this.fs.open(path, 'r+');
      try {
        await handle.truncate(wholeBytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
    const sequences = events.map((event) => event.sequence);
    this.segments.push({ path, first, sequences, settled: countSettled(events), bytes: wholeBytes, thinned: false });
    this.nextSequence = Math.max(this.nextSequence, first, (sequences.at(-1) ?? 0) + 1);
    for (const event of events) onEvent(event);
  }

  private async load(segment: Segment): Promise<readonly FleetEvent[]> {
    if (this.cache?.segment === segment) return this.cache.events;
    const size = segment.bytes;
    try {
      // Beyond `size` a write may be under way.
      const { events } = decodeSegment((await this.fs.readFile(segment.path)).subarray(0, size));
      if (segment.bytes === size) this.cache = { segment, events };
      return events;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  private prune(): void {
    const firstKept = Math.min(this.acknowledged + 1, ...this.pins);
    const removable: Segment[] = [];
    let settled = this.segments.reduce((sum, segment) => sum + segment.settled, 0);
    while (this.segments.length > 1) {
      const oldest = this.segments[0];
      if (oldest === undefined || (oldest.sequences.at(-1) ?? 0) >= firstKept) break;
      settled -= oldest.settled;
      if (settled < (this.options.keepSettled ?? 0)) break;
      this.segments.shift();
      removable.push(oldest);
    }
    if (removable.length > 0) this.inBackground(() => this.remove(removable));
  }

  /** Notes what the control plane has, so that it is not taken for outstanding after a restart. */
  private async noteAcknowledged(): Promise<void> {
    await writeAtomic(this.fs, join(this.directory, ACKNOWLEDGED), String(this.acknowledged));
  }

  private async remove(segments: readonly Segment[]): Promise<void> {
    await this.options.beforeRemove?.();
    await this.noteAcknowledged();
    for (const segment of segments) await removeIfThere(this.fs, segment.path);
  }

  /** Makes the log fit its bound again, at the expense of what matters least. */
  private keepWithinBound(): void {
    const total = () => this.segments.reduce((sum, segment) => sum + segment.bytes, 0);
    if (total() <= this.maxBytes) return;
    this.inBackground(async () => {
      for (const segment of this.segments.slice(0, -1)) {
        if (total() <= this.maxBytes) return;
        if (!segment.thinned) await this.thin(segment);
      }
      while (total() > 2 * this.maxBytes && this.segments.length > 1) {
        const oldest = this.segments.shift();
        if (oldest === undefined) return;
        this.droppedCount += oldest.sequences.length - firstAfter(oldest.sequences, this.acknowledged);
        await this.remove([oldest]);
      }
    });
  }

  private async thin(segment: Segment): Promise<void> {
    const kept = (await this.load(segment)).filter((event) => event.kind === 'task-settled' && event.sequence > this.acknowledged);
    const content = Buffer.concat(kept.map(encodeRecord));
    await writeAtomic(this.fs, segment.path, content);
    this.droppedCount += segment.sequences.filter((sequence) => sequence > this.acknowledged).length - kept.length;
    if (this.cache?.segment === segment) this.cache = null;
    segment.sequences = kept.map((event) => event.sequence);
    segment.settled = kept.length;
    segment.bytes = content.length;
    segment.thinned = true;
  }

  private dropPendingTelemetry(): void {
    const index = this.pending.findIndex((entry) => entry.event.kind !== 'task-settled');
    if (index < 0 || this.flushing !== null) return;
    const [dropped] = this.pending.splice(index, 1);
    dropped?.durable();
    this.droppedCount++;
  }

  private inBackground(work: () => Promise<void>): void {
    this.housekeeping = this.housekeeping.then(work).catch((error: unknown) => this.options.onProblem?.(`cannot tidy the event log: ${messageOf(error)}`));
  }
}

/**
 * What was acknowledged so far belongs to another membership: it is never sent again, although it is kept to know
 * finished tasks by. For a machine that joins anew; no agent may run meanwhile.
 */
export async function startAfterAcknowledged(fs: FileSystem, directory: string): Promise<void> {
  await writeAtomic(fs, join(directory, FLOOR), String(await readNumber(fs, join(directory, ACKNOWLEDGED))));
}

async function readNumber(fs: FileSystem, path: string): Promise<number> {
  const text = (await readIfThere(fs, path))?.toString() ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

function countSettled(events: readonly FleetEvent[]): number {
  return events.filter(({ kind }) => kind === 'task-settled').length;
}

async function writeFully(handle: Awaited<ReturnType<FileSystem['open']>>, data: Buffer, position: number): Promise<void> {
  let written = 0;
  while (written < data.length) {
    const { bytesWritten } = await handle.write(data, written, data.length - written, position + written);
    if (bytesWritten === 0) throw new Error('the file system took no bytes');
    written += bytesWritten;
  }
}

/** Index of the first number above `limit` in a rising list. */
function firstAfter(sequences: readonly number[], limit: number): number {
  let low = 0;
  let high = sequences.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sequences[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
