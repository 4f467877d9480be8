import { Injectable } from '@nestjs/common';
import { type DesiredDocument, type MachineDetail, type MachineFacts, type MachineState, TASK_OUTCOMES, type TaskOutcome } from '@provefleet/fleet-protocol';
import { type AuditEntry, AuditRepository } from '../audit/audit.repository.js';
import { activeFleetAt, epochMs, fleetAt, noStates, STATE_RANK } from '../database/fleet.sql.js';
import { Prisma, PrismaService } from '../database/prisma.service.js';
import type { FleetRow, MachineExtras } from './machine-rows.js';

export interface MachineFilter {
  readonly q?: string;
  readonly state?: readonly MachineState[];
}

export type MachineSort = 'state' | 'name' | 'workers' | 'proofsPerMinute' | 'provingMsP50' | 'lastSeenAt';

export interface MachinePage {
  readonly filter: MachineFilter;
  readonly sort: MachineSort;
  readonly order: 'asc' | 'desc';
  /** Sort key and name of the row before the page. */
  readonly after?: { readonly key: number | null; readonly name: string };
  readonly limit: number;
}

/** What the agents' gateway must know of a machine. */
export interface KnownMachine {
  readonly id: string;
  readonly name: string;
  readonly publicKey: string;
  readonly isApproved: boolean;
  readonly isRevoked: boolean;
  readonly lastSequence: number;
}

/** Sort keys as numbers; unknown is null. By name there is no key but the name. */
const SORT_KEYS: Readonly<Record<MachineSort, Prisma.Sql>> = {
  name: Prisma.sql`0`,
  state: STATE_RANK,
  workers: Prisma.sql`observed_workers`,
  proofsPerMinute: Prisma.sql`proofs_per_minute`,
  provingMsP50: Prisma.sql`proving_ms_p50`,
  lastSeenAt: epochMs(Prisma.sql`heartbeat_at`),
};

const likePattern = (text: string) => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

function condition({ q, state }: MachineFilter): Prisma.Sql {
  const parts = [Prisma.sql`true`];
  if (state) parts.push(Prisma.sql`state = ANY(${[...state]}::text[])`);
  if (q) {
    const pattern = likePattern(q);
    parts.push(
      Prisma.sql`(name ILIKE ${pattern} OR id::text ILIKE ${pattern} OR reason ILIKE ${pattern} OR EXISTS (SELECT 1 FROM unnest(labels) label WHERE label ILIKE ${pattern})
        OR EXISTS (SELECT 1 FROM jsonb_array_elements(coalesce(nodes, '[]')) node WHERE node->>'nodeId' ILIKE ${pattern}))`,
    );
  }
  return Prisma.join(parts, ' AND ');
}

@Injectable()
export class MachinesRepository {
  constructor(
    private readonly prisma: PrismaService,
    private readonly audit: AuditRepository,
  ) {}

  /** A page of machines with each row's sort key. Unknown sort keys come last in either order. */
  async list({ filter, sort, order, after, limit }: MachinePage, now: Date): Promise<(FleetRow & { sort_key: number | null })[]> {
    const unknown = order === 'asc' ? Prisma.sql`'Infinity'::float8` : Prisma.sql`'-Infinity'::float8`;
    const direction = order === 'asc' ? Prisma.sql`ASC` : Prisma.sql`DESC`;
    const further = order === 'asc' ? Prisma.sql`>` : Prisma.sql`<`;
    // Ties go by name; it follows the order of the list, so that one row comparison finds the next page.
    const position = after ? Prisma.sql`WHERE (coalesce(sort_key, ${unknown}), name COLLATE "C") ${further} (coalesce(${after.key}::float8, ${unknown}), ${after.name})` : Prisma.empty;
    const sorted = Prisma.sql`ORDER BY coalesce(sort_key, ${unknown}) ${direction}, name COLLATE "C" ${direction}`;
    // The page is found by its keys alone; the wide columns are read for its rows only.
    return this.prisma.client.$queryRaw`
      WITH page AS (
        SELECT * FROM (SELECT id, name, (${SORT_KEYS[sort]})::float8 AS sort_key FROM (${activeFleetAt(now)}) fleet WHERE ${condition(filter)}) keyed
        ${position}
        ${sorted}
        LIMIT ${limit}
      )
      SELECT fleet.*, page.sort_key FROM page JOIN (${activeFleetAt(now)}) fleet USING (id, name)
      ${sorted}`;
  }

  async count(filter: MachineFilter, now: Date): Promise<number> {
    const [row] = await this.prisma.client.$queryRaw<{ count: number }[]>`SELECT count(*)::int AS count FROM (${activeFleetAt(now)}) fleet WHERE ${condition(filter)}`;
    return row?.count ?? 0;
  }

  async countByState(now: Date): Promise<Record<MachineState, number>> {
    const rows = await this.prisma.client.$queryRaw<{ state: MachineState; count: number }[]>`SELECT state, count(*)::int AS count FROM (${activeFleetAt(now)}) fleet GROUP BY state`;
    return Object.assign(noStates(), Object.fromEntries(rows.map(({ state, count }) => [state, count])));
  }

  async findMany(ids: readonly string[], now: Date): Promise<FleetRow[]> {
    return this.prisma.client.$queryRaw`SELECT * FROM (${activeFleetAt(now)}) fleet WHERE id = ANY(${[...ids]}::uuid[])`;
  }

  /** One machine, revoked or not. */
  async find(id: string, now: Date): Promise<FleetRow | undefined> {
    const [row] = await this.prisma.client.$queryRaw<FleetRow[]>`SELECT * FROM (${fleetAt(now)}) machine WHERE id = ${id}::uuid`;
    return row;
  }

  /** @param revisions how many of the newest */
  async findExtras(id: string, outcomesSince: Date, revisions: number): Promise<MachineExtras> {
    const [outcomes, ingest, history] = await Promise.all([
      this.prisma.client.$queryRaw<{ outcome: TaskOutcome; count: number }[]>`
        SELECT outcome, count(*)::int AS count FROM proof WHERE machine_id = ${id}::uuid AND settled_at >= ${outcomesSince} GROUP BY outcome`,
      this.prisma.client.machineIngest.findUnique({ where: { machineId: id } }),
      this.prisma.client.desiredRevision.findMany({ where: { machineId: id }, orderBy: { revision: 'desc' }, take: revisions }),
    ]);
    return {
      outcomes: Object.assign(Object.fromEntries(TASK_OUTCOMES.map((outcome) => [outcome, 0])), Object.fromEntries(outcomes.map(({ outcome, count }) => [outcome, count]))) as Record<TaskOutcome, number>,
      acceptedTotal: Number(ingest?.acceptedTotal ?? 0),
      revisions: history.map(({ revision, document, by, reason, at }): MachineDetail['revisions'][number] => ({ revision, document: document as DesiredDocument, by, reason, at: at.getTime() })),
    };
  }

  async exists(id: string): Promise<boolean> {
    return (await this.prisma.client.machine.findUnique({ where: { id }, select: { id: true } })) !== null;
  }

  async findKnown(id: string): Promise<KnownMachine | null> {
    const [row] = await this.prisma.client.$queryRaw<{ name: string; public_key: string; approved_at: Date | null; revoked_at: Date | null; last_sequence: bigint | null }[]>`
      SELECT m.name, m.public_key, m.approved_at, m.revoked_at, i.last_sequence FROM machine m LEFT JOIN machine_ingest i ON i.machine_id = m.id WHERE m.id = ${id}::uuid`;
    return row ? { id, name: row.name, publicKey: row.public_key, isApproved: row.approved_at !== null, isRevoked: row.revoked_at !== null, lastSequence: Number(row.last_sequence ?? 0) } : null;
  }

  /** Stores what a machine says of itself; gives what it should do, or null when it is not in the fleet any more. */
  async saveFacts(id: string, facts: MachineFacts): Promise<{ revision: number; document: DesiredDocument; isChanged: boolean } | null> {
    const json = JSON.stringify(facts);
    const [row] = await this.prisma.client.$queryRaw<{ desired_revision: number; desired: DesiredDocument; is_changed: boolean }[]>`
      WITH known AS (
        SELECT id, desired_revision, desired, facts <> ${json}::jsonb AS is_changed FROM machine WHERE id = ${id}::uuid AND revoked_at IS NULL
      ), saved AS (
        UPDATE machine m SET facts = ${json}::jsonb FROM known WHERE m.id = known.id AND known.is_changed AND m.revoked_at IS NULL
      )
      SELECT desired_revision, desired, is_changed FROM known`;
    return row ? { revision: row.desired_revision, document: row.desired, isChanged: row.is_changed } : null;
  }

  /** Machines in the fleet that were heard of since then. */
  async countHeardSince(from: Date): Promise<number> {
    return this.prisma.client.machineStatus.count({ where: { heartbeatAt: { gte: from }, machine: { revokedAt: null } } });
  }

  /** Approves a machine; false when it was approved or revoked already. */
  async approve(id: string, at: Date, entry: AuditEntry): Promise<boolean> {
    return this.prisma.transaction(async (tx) => {
      const { count } = await tx.machine.updateMany({ where: { id, approvedAt: null, revokedAt: null }, data: { approvedAt: at } });
      if (count > 0) await this.audit.write(tx, entry);
      return count > 0;
    });
  }

  /** Revokes a machine; false when it was revoked already. */
  async revoke(id: string, at: Date, entry: AuditEntry): Promise<boolean> {
    return this.prisma.transaction(async (tx) => {
      const { count } = await tx.machine.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: at } });
      if (count > 0) await this.audit.write(tx, entry);
      return count > 0;
    });
  }

  /** Machines whose heartbeats stopped long enough in the given time, so that they count as offline since. */
  async wentOffline(from: Date, to: Date): Promise<string[]> {
    const rows = await this.prisma.client.machineStatus.findMany({ where: { offlineAt: { gt: from, lte: to } }, select: { machineId: true } });
    return rows.map(({ machineId }) => machineId);
  }
}
