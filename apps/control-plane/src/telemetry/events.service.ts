import { Injectable } from '@nestjs/common';
import { machineIdSchema, timestampSchema } from '@provefleet/fleet-protocol';
import { z } from 'zod';
import { readCursor, writeCursor } from '../api/cursor.js';
import type { RouteInput, RouteOutput } from '../api/route.js';
import type { Routes } from '../api/routes.js';
import { MachinesService } from '../machines/machines.service.js';
import { EventsRepository, type PositionedEvent } from './events.repository.js';

const sequenceSchema = z.number().int().min(0);
const positionSchema = z.object({ at: timestampSchema, machineId: machineIdSchema, sequence: sequenceSchema });

type Query = RouteInput<Routes['listEvents']>['query'];
type Page = RouteOutput<Routes['listEvents']>;

@Injectable()
export class EventsService {
  constructor(
    private readonly events: EventsRepository,
    private readonly machines: MachinesService,
  ) {}

  async ofFleet({ routine, cursor, limit }: Query): Promise<Page> {
    const rows = await this.events.ofFleet({ routine, after: readCursor(positionSchema, cursor), limit: limit + 1 });
    return pageOf(rows, limit, ({ position }) => position);
  }

  /** @throws {MachineError} `machine-not-found` */
  async ofMachine(machineId: string, { routine, cursor, limit }: Query): Promise<Page> {
    await this.machines.requireKnown(machineId);
    const rows = await this.events.ofMachine(machineId, { routine, before: readCursor(sequenceSchema, cursor), limit: limit + 1 });
    return pageOf(rows, limit, ({ position }) => position.sequence);
  }
}

function pageOf(rows: readonly PositionedEvent[], limit: number, positionOf: (row: PositionedEvent) => unknown): Page {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(({ machineId, machineName, event }) => ({ machineId, machineName, event })),
    nextCursor: rows.length > limit && last ? writeCursor(positionOf(last)) : null,
  };
}
