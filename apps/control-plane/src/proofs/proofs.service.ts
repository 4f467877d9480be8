import { Injectable } from '@nestjs/common';
import { timestampSchema } from '@provefleet/fleet-protocol';
import { z } from 'zod';
import { readCursor, writeCursor } from '../api/cursor.js';
import type { RouteInput, RouteOutput } from '../api/route.js';
import type { Routes } from '../api/routes.js';
import { MachinesService } from '../machines/machines.service.js';
import { ProofsRepository } from './proofs.repository.js';

const positionSchema = z.object({ settledAt: timestampSchema, sequence: z.number().int().min(0) });

@Injectable()
export class ProofsService {
  constructor(
    private readonly proofs: ProofsRepository,
    private readonly machines: MachinesService,
  ) {}

  /** @throws {MachineError} `machine-not-found` */
  async ofMachine(machineId: string, { cursor, limit }: RouteInput<Routes['listMachineProofs']>['query']): Promise<RouteOutput<Routes['listMachineProofs']>> {
    await this.machines.requireKnown(machineId);
    const rows = await this.proofs.ofMachine(machineId, readCursor(positionSchema, cursor), limit + 1);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      items: page.map(({ sequence: _position, ...proof }) => proof),
      nextCursor: rows.length > limit && last ? writeCursor({ settledAt: last.settledAt, sequence: last.sequence }) : null,
    };
  }
}
