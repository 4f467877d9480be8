import { Injectable } from '@nestjs/common';
import type { FleetEvent, Heartbeat, TaskSettledEvent } from '@provefleet/fleet-protocol';
import { Prisma, PrismaService } from '../database/prisma.service.js';
import { SAMPLE_MS } from '../machines/series-window.js';

export interface ReceivedEvents {
  readonly machineId: string;
  readonly events: readonly FleetEvent[];
}

export interface ReceivedHeartbeat {
  readonly machineId: string;
  readonly heartbeat: Heartbeat;
  readonly receivedAt: number;
  readonly offlineAt: number;
}

export interface StoredEvents {
  /** Highest sequence that is safe, for each machine of the batch. */
  readonly lastSequences: ReadonlyMap<string, number>;
  /** Those that were not stored before. */
  readonly fresh: readonly { readonly machineId: string; readonly machineName: string; readonly event: FleetEvent }[];
}

/** Whether an event is one of the many that say that all goes well: a task came, a proof was accepted. */
export const isRoutine = (event: FleetEvent): boolean => event.kind === 'task-fetched' || (event.kind === 'task-settled' && event.outcome === 'accepted');

const keyOf = (machineId: string, sequence: number | bigint) => `${machineId}/${sequence}`;

@Injectable()
export class TelemetryRepository {
  constructor(private readonly prisma: PrismaService) {}

  /**
   * Stores events, the proofs they tell of, and how far each machine has come, in one transaction. An event that is
   * there already is left as it is. Times that lie after `receivedAt` (a clock ahead of ours) are stored as then.
   */
  async storeEvents(batches: readonly ReceivedEvents[], receivedAt: number): Promise<StoredEvents> {
    const events = new Map(batches.flatMap(({ machineId, events }) => events.map((event) => [keyOf(machineId, event.sequence), { machineId, event }])));
    const rows = [...events.values()].map(({ machineId, event }) => ({ machine_id: machineId, sequence: event.sequence, at: timeOf(event.at, receivedAt), kind: event.kind, level: event.level, routine: isRoutine(event), body: event }));

    return this.prisma.transaction(async (tx) => {
      const inserted = await tx.$queryRaw<{ machine_id: string; sequence: bigint }[]>`
        INSERT INTO event (machine_id, sequence, at, received_at, kind, level, routine, body)
        SELECT machine_id, sequence, at, ${new Date(receivedAt)}, kind, level, routine, body
        FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(machine_id uuid, sequence bigint, at timestamptz, kind text, level text, routine boolean, body jsonb)
        ORDER BY machine_id, sequence
        ON CONFLICT DO NOTHING
        RETURNING machine_id, sequence`;
      const fresh = inserted.flatMap(({ machine_id, sequence }) => events.get(keyOf(machine_id, sequence)) ?? []);
      await this.storeProofs(tx, fresh, receivedAt);
      const progress = await this.advance(tx, batches, fresh);
      return {
        lastSequences: new Map(progress.map(({ machine_id, last_sequence }) => [machine_id, Number(last_sequence)])),
        fresh: fresh.map(({ machineId, event }) => ({ machineId, machineName: progress.find(({ machine_id }) => machine_id === machineId)?.name ?? '', event })),
      };
    });
  }

  private async storeProofs(tx: Prisma.TransactionClient, fresh: readonly { machineId: string; event: FleetEvent }[], receivedAt: number): Promise<void> {
    const settled = fresh.filter((item): item is { machineId: string; event: TaskSettledEvent } => item.event.kind === 'task-settled');
    if (settled.length === 0) return;
    const rows = settled.map(({ machineId, event }) => ({
      machine_id: machineId, sequence: event.sequence, node_id: event.nodeId, task_id: event.taskId, program: event.program, task_type: event.taskType, difficulty: event.difficulty,
      input: event.input, outcome: event.outcome, reason: event.reason, code: event.code, worker_id: event.workerId, proving_ms: event.provingMs, stages: event.stages, proof_bytes: event.proofBytes,
      submit_attempts: event.submitAttempts, fetched_at: timeOf(event.fetchedAt, receivedAt), settled_at: timeOf(event.settledAt, receivedAt),
    }));
    await tx.$executeRaw`
      INSERT INTO proof (machine_id, sequence, node_id, task_id, program, task_type, difficulty, input, outcome, reason, code, worker_id, proving_ms, stages, proof_bytes, submit_attempts, fetched_at, settled_at)
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(
        machine_id uuid, sequence bigint, node_id text, task_id text, program text, task_type text, difficulty text, input text, outcome text, reason text, code text,
        worker_id bigint, proving_ms float8, stages jsonb, proof_bytes bigint, submit_attempts bigint, fetched_at timestamptz, settled_at timestamptz)`;
  }

  private async advance(tx: Prisma.TransactionClient, batches: readonly ReceivedEvents[], fresh: readonly { machineId: string; event: FleetEvent }[]) {
    const progress = new Map<string, { machine_id: string; last: number; accepted: number }>();
    for (const { machineId, events } of batches) {
      const entry = progress.get(machineId) ?? { machine_id: machineId, last: 0, accepted: 0 };
      progress.set(machineId, entry);
      for (const { sequence } of events) entry.last = Math.max(entry.last, sequence);
    }
    for (const { machineId, event } of fresh) {
      const entry = progress.get(machineId);
      if (entry && event.kind === 'task-settled' && event.outcome === 'accepted') entry.accepted += 1;
    }
    const rows = [...progress.values()].sort((a, b) => (a.machine_id < b.machine_id ? -1 : 1));
    return tx.$queryRaw<{ machine_id: string; last_sequence: bigint; name: string }[]>`
      UPDATE machine_ingest i SET last_sequence = greatest(i.last_sequence, r.last), accepted_total = i.accepted_total + r.accepted
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(machine_id uuid, last bigint, accepted bigint) JOIN machine m ON m.id = r.machine_id
      WHERE i.machine_id = r.machine_id
      RETURNING i.machine_id, i.last_sequence, m.name`;
  }

  /** Stores the newest heartbeat of each machine, and a sample for each ten seconds it was heard in. */
  async storeHeartbeats(received: readonly ReceivedHeartbeat[]): Promise<void> {
    const newest = new Map(received.map((item) => [item.machineId, item]));
    const rows = [...newest.values()].map(({ machineId, heartbeat, receivedAt, offlineAt }) => ({
      machine_id: machineId, heartbeat_at: iso(receivedAt), offline_at: iso(offlineAt), state: heartbeat.state, reason: heartbeat.reason, since: timeOf(heartbeat.since, receivedAt), started_at: timeOf(heartbeat.startedAt, receivedAt),
      observed_workers: heartbeat.observed.workers, gauges: heartbeat.gauges, counters: heartbeat.counters, workers: heartbeat.workers, nodes: heartbeat.nodes, observed: heartbeat.observed,
      slot: iso(Math.floor(receivedAt / SAMPLE_MS) * SAMPLE_MS), cpu: heartbeat.gauges.cpu, memory: heartbeat.gauges.memoryUsedBytes,
    }));
    await this.prisma.client.$executeRaw`
      WITH received AS (
        SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(
          machine_id uuid, heartbeat_at timestamptz, offline_at timestamptz, state text, reason text, since timestamptz, started_at timestamptz, observed_workers int,
          gauges jsonb, counters jsonb, workers jsonb, nodes jsonb, observed jsonb, slot timestamptz, cpu real, memory bigint)
        ORDER BY machine_id
      ), sampled AS (
        INSERT INTO sample (machine_id, at, cpu, memory_used_bytes) SELECT machine_id, slot, cpu, memory FROM received ON CONFLICT DO NOTHING
      )
      INSERT INTO machine_status (machine_id, heartbeat_at, offline_at, state, reason, since, started_at, observed_workers, gauges, counters, workers, nodes, observed)
      SELECT machine_id, heartbeat_at, offline_at, state, reason, since, started_at, observed_workers, gauges, counters, workers, nodes, observed FROM received
      ON CONFLICT (machine_id) DO UPDATE SET
        heartbeat_at = excluded.heartbeat_at, offline_at = excluded.offline_at, state = excluded.state, reason = excluded.reason, since = excluded.since, started_at = excluded.started_at,
        observed_workers = excluded.observed_workers, gauges = excluded.gauges, counters = excluded.counters, workers = excluded.workers, nodes = excluded.nodes, observed = excluded.observed`;
  }
}

const iso = (milliseconds: number) => new Date(milliseconds).toISOString();
const timeOf = (milliseconds: number, latest: number) => iso(Math.min(milliseconds, latest));
