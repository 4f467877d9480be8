import { Injectable } from '@nestjs/common';
import type { DesiredDocument } from '@provefleet/fleet-protocol';
import { AuditRepository } from '../audit/audit.repository.js';
import { PrismaService } from '../database/prisma.service.js';

export interface CurrentDesired {
  readonly revision: number;
  readonly document: DesiredDocument;
  readonly isRevoked: boolean;
}

export interface DesiredChange {
  readonly document: DesiredDocument;
  readonly by: string;
  readonly reason: string;
  readonly at: Date;
}

@Injectable()
export class DesiredStateRepository {
  constructor(
    private readonly prisma: PrismaService,
    private readonly audit: AuditRepository,
  ) {}

  /**
   * Changes a machine's desired document under a lock on the machine, so that of two changes at once the second sees
   * the first. `decide` looks at what is there and gives the change, or null for none; what it throws undoes all.
   * @returns the revision after, or null when there is no such machine
   */
  async change(machineId: string, decide: (current: CurrentDesired) => DesiredChange | null): Promise<{ revision: number; document: DesiredDocument; isChanged: boolean } | null> {
    return this.prisma.transaction(async (tx) => {
      const [row] = await tx.$queryRaw<{ desired_revision: number; desired: DesiredDocument; revoked_at: Date | null }[]>`
        SELECT desired_revision, desired, revoked_at FROM machine WHERE id = ${machineId}::uuid FOR UPDATE`;
      if (!row) return null;
      const current = { revision: row.desired_revision, document: row.desired, isRevoked: row.revoked_at !== null };
      const change = decide(current);
      if (!change) return { ...current, isChanged: false };

      const revision = current.revision + 1;
      const { document, by, reason, at } = change;
      await tx.machine.update({ where: { id: machineId }, data: { desired: document, desiredRevision: revision } });
      await tx.desiredRevision.create({ data: { machineId, revision, document, by, reason, at } });
      await this.audit.write(tx, { at, actor: by, action: 'desired-changed', target: `machine ${machineId}`, before: { revision: current.revision, ...current.document }, after: { revision, ...document }, reason });
      return { revision, document, isChanged: true };
    });
  }
}
