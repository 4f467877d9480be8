import { Inject, Injectable } from '@nestjs/common';
import type { MachineDetail, MachineSummary, Range } from '@provefleet/fleet-protocol';
import { z } from 'zod';
import { readCursor, writeCursor } from '../api/cursor.js';
import type { RouteInput, RouteOutput } from '../api/route.js';
import type { Routes } from '../api/routes.js';
import { CLOCK, type Clock } from '../config/clock.js';
import { FleetChanges } from '../live/fleet-changes.js';
import { toDetail, toSummary } from './machine-rows.js';
import { MachineError, MachineErrorCode } from './machines.error.js';
import { MachinesRepository } from './machines.repository.js';
import { SeriesRepository } from './series.repository.js';
import { windowOf } from './series-window.js';

const DAY_MS = 86_400_000;
/** The counts of a busy fleet are given again for this long. */
const COUNTS_FRESH_MS = 1_000;
const SHOWN_REVISIONS = 20;
type CountByState = RouteOutput<Routes['listMachines']>['byState'];

const positionSchema = z.object({ key: z.number().nullable(), name: z.string().max(63) });

@Injectable()
export class MachinesService {
  private counts: { readonly byState: Promise<CountByState>; readonly at: number } | undefined;

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly machines: MachinesRepository,
    private readonly series: SeriesRepository,
    private readonly changes: FleetChanges,
  ) {}

  async list({ q, state, sort, order, cursor, limit }: RouteInput<Routes['listMachines']>['query']): Promise<RouteOutput<Routes['listMachines']>> {
    const filter = { q, state };
    const after = readCursor(positionSchema, cursor);
    const now = this.now();
    const [rows, total, byState] = await Promise.all([
      this.machines.list({ filter, sort, order, after, limit: limit + 1 }, now),
      this.machines.count(filter, now),
      this.countByState(),
    ]);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return { items: page.map(toSummary), total, byState, nextCursor: rows.length > limit && last ? writeCursor({ key: last.sort_key, name: last.name }) : null };
  }

  /** @throws {MachineError} `machine-not-found` */
  async detail(id: string): Promise<MachineDetail> {
    const now = this.now();
    const [row, extras] = await Promise.all([this.machines.find(id, now), this.machines.findExtras(id, new Date(now.getTime() - DAY_MS), SHOWN_REVISIONS)]);
    if (!row) throw notFound(id);
    return toDetail(row, extras);
  }

  /** Those of the machines that are in the fleet. */
  async summaries(ids: readonly string[]): Promise<MachineSummary[]> {
    return (await this.machines.findMany(ids, this.now())).map(toSummary);
  }

  /** Machines in each state, at most a second old. */
  countByState(): Promise<CountByState> {
    return this.counts && this.clock() < this.counts.at + COUNTS_FRESH_MS ? this.counts.byState : this.countByStateNow();
  }

  async countByStateNow(): Promise<CountByState> {
    const at = this.now();
    const counts = { byState: this.machines.countByState(at), at: at.getTime() };
    this.counts = counts;
    try {
      return await counts.byState;
    } catch (error) {
      if (this.counts === counts) this.counts = undefined;
      throw error;
    }
  }

  wentOffline(from: number, to: number): Promise<string[]> {
    return this.machines.wentOffline(new Date(from), new Date(to));
  }

  async seriesOf(id: string, range: Range): Promise<RouteOutput<Routes['getMachineSeries']>> {
    await this.requireKnown(id);
    return this.series.ofMachine(id, windowOf(range, this.clock()));
  }

  /** @throws {MachineError} `machine-not-found` */
  async requireKnown(id: string): Promise<void> {
    if (!(await this.machines.exists(id))) throw notFound(id);
  }

  /**
   * Lets a machine fetch tasks. Approving an approved machine changes nothing.
   * @throws {MachineError} `machine-not-found`, `machine-revoked`
   */
  async approve(id: string, actor: string, reason: string): Promise<MachineDetail> {
    const before = await this.detail(id);
    if (before.revokedAt !== null) throw new MachineError(MachineErrorCode.revoked, `${before.name} was revoked; it must join again.`);
    const at = this.now();
    if (await this.machines.approve(id, at, { at, actor, action: 'machine-approved', target: `machine ${id}`, after: { name: before.name }, reason })) {
      this.counts = undefined;
      this.changes.approved.emit(id);
      this.changes.machines.emit([id]);
    }
    return this.detail(id);
  }

  /**
   * Takes a machine out of the fleet and closes its connection. Revoking a revoked machine changes nothing.
   * @throws {MachineError} `machine-not-found`
   */
  async revoke(id: string, actor: string, reason: string): Promise<MachineDetail> {
    const before = await this.detail(id);
    const at = this.now();
    if (await this.machines.revoke(id, at, { at, actor, action: 'machine-revoked', target: `machine ${id}`, before: { name: before.name, state: before.state }, reason })) {
      this.counts = undefined;
      this.changes.revoked.emit(id);
      this.changes.machines.emit([id]);
    }
    return this.detail(id);
  }

  private now(): Date {
    return new Date(this.clock());
  }
}

const notFound = (id: string) => new MachineError(MachineErrorCode.notFound, `There is no machine ${id}.`);
