import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { FleetEvent, Heartbeat } from '@provefleet/fleet-protocol';
import { CLOCK, type Clock } from '../config/clock.js';
import { LOGGER, type Logger } from '../config/logger.js';
import { isDatabaseUnavailable, isPoolExhausted } from '../database/database-errors.js';
import { FleetChanges } from '../live/fleet-changes.js';
import { Batcher } from './batcher.js';
import { type ReceivedEvents, type ReceivedHeartbeat, TelemetryRepository } from './telemetry.repository.js';

/** Frames written in one transaction; a frame holds up to 200 events. */
const MAX_FRAMES_PER_WRITE = 50;
const MAX_HEARTBEATS_PER_WRITE = 500;
const RETRY_MS = 1_000;

@Injectable()
export class TelemetryService {
  private readonly events: Batcher<ReceivedEvents, number>;
  private readonly heartbeats: Batcher<ReceivedHeartbeat, void>;
  /** Why nothing can be stored just now. */
  private trouble: string | undefined;

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly telemetry: TelemetryRepository,
    private readonly changes: FleetChanges,
  ) {
    const pause = (error: unknown) => this.waitForDatabase(error);
    this.events = new Batcher({ write: (items) => this.writeEvents(items), maxItems: MAX_FRAMES_PER_WRITE, isTransient: isDatabaseUnavailable, pause });
    this.heartbeats = new Batcher({ write: (items) => this.writeHeartbeats(items), maxItems: MAX_HEARTBEATS_PER_WRITE, isTransient: isDatabaseUnavailable, pause });
  }

  /**
   * Stores a machine's events. While the database is away this waits for it.
   * @returns the highest sequence that is committed
   * @throws when the events can never be stored
   */
  ingest(machineId: string, events: readonly FleetEvent[]): Promise<number> {
    return this.events.add({ machineId, events });
  }

  /** @param offlineAt when the machine counts as offline without another heartbeat */
  heartbeat(machineId: string, heartbeat: Heartbeat, receivedAt: number, offlineAt: number): Promise<void> {
    return this.heartbeats.add({ machineId, heartbeat, receivedAt, offlineAt });
  }

  /** Resolves when everything taken in is stored. */
  async drained(): Promise<void> {
    await Promise.all([this.events.drained(), this.heartbeats.drained()]);
  }

  private async writeEvents(items: readonly ReceivedEvents[]): Promise<number[]> {
    const { lastSequences, fresh } = await this.telemetry.storeEvents(items, this.clock());
    this.databaseAnswered();
    if (fresh.length > 0) {
      this.changes.events.emit(fresh);
      this.changes.machines.emit([...new Set(fresh.map(({ machineId }) => machineId))]);
    }
    return items.map(({ machineId }) => lastSequences.get(machineId) ?? 0);
  }

  private async writeHeartbeats(items: readonly ReceivedHeartbeat[]): Promise<void[]> {
    await this.telemetry.storeHeartbeats(items);
    this.databaseAnswered();
    this.changes.machines.emit(items.map(({ machineId }) => machineId));
    return items.map(() => undefined);
  }

  private async waitForDatabase(error: unknown): Promise<void> {
    const trouble = isPoolExhausted(error) ? 'no database connection is free' : 'the database is away';
    if (this.trouble !== trouble) this.logger.error({ reason: error instanceof Error ? error.message : String(error) }, `${trouble}; telemetry waits and is not acknowledged`);
    this.trouble = trouble;
    await sleep(RETRY_MS);
  }

  private databaseAnswered(): void {
    if (this.trouble !== undefined) this.logger.info('telemetry is stored again');
    this.trouble = undefined;
  }
}
