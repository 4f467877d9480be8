import { Injectable } from '@nestjs/common';
import type { EventRecord, FleetEvent } from '@provefleet/fleet-protocol';
import { Prisma, PrismaService } from '../database/prisma.service.js';

export interface EventPosition {
  readonly at: number;
  readonly machineId: string;
  readonly sequence: number;
}

export interface PositionedEvent extends EventRecord {
  readonly position: EventPosition;
}

interface EventRow {
  readonly machine_id: string;
  readonly name: string;
  readonly at: Date;
  readonly sequence: bigint;
  readonly body: FleetEvent;
}

const toRecord = ({ machine_id, name, at, sequence, body }: EventRow): PositionedEvent => ({
  machineId: machine_id,
  machineName: name,
  event: body,
  position: { at: at.getTime(), machineId: machine_id, sequence: Number(sequence) },
});

@Injectable()
export class EventsRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** The fleet's events, newest first. Without `routine`, only those worth a look. */
  async ofFleet({ routine, after, limit }: { routine: boolean; after?: EventPosition; limit: number }): Promise<PositionedEvent[]> {
    const conditions = [routine ? Prisma.sql`true` : Prisma.sql`e.routine = false`];
    if (after) conditions.push(Prisma.sql`(e.at, e.machine_id, e.sequence) < (${new Date(after.at)}, ${after.machineId}::uuid, ${after.sequence}::bigint)`);
    const rows = await this.prisma.client.$queryRaw<EventRow[]>`
      SELECT e.machine_id, m.name, e.at, e.sequence, e.body FROM event e JOIN machine m ON m.id = e.machine_id
      WHERE ${Prisma.join(conditions, ' AND ')}
      ORDER BY e.at DESC, e.machine_id DESC, e.sequence DESC LIMIT ${limit}`;
    return rows.map(toRecord);
  }

  /** One machine's events in the order it made them, newest first. */
  async ofMachine(machineId: string, { routine, before, limit }: { routine: boolean; before?: number; limit: number }): Promise<PositionedEvent[]> {
    const conditions = [Prisma.sql`e.machine_id = ${machineId}::uuid`];
    if (!routine) conditions.push(Prisma.sql`e.routine = false`);
    if (before !== undefined) conditions.push(Prisma.sql`e.sequence < ${before}::bigint`);
    const rows = await this.prisma.client.$queryRaw<EventRow[]>`
      SELECT e.machine_id, m.name, e.at, e.sequence, e.body FROM event e JOIN machine m ON m.id = e.machine_id
      WHERE ${Prisma.join(conditions, ' AND ')}
      ORDER BY e.sequence DESC LIMIT ${limit}`;
    return rows.map(toRecord);
  }
}
