import type { DesiredDocument, MachineDetail, MachineFacts, MachineState, MachineSummary, ObservedConfiguration, TaskOutcome } from '@provefleet/fleet-protocol';

/** Steps of a sparkline over the last hour. */
export const SPARK_STEPS = 40;

/** A row of `activeFleetAt`. The JSON columns hold what was checked by the protocol's schemas when it came in. */
export interface FleetRow {
  readonly id: string;
  readonly name: string;
  readonly labels: string[];
  readonly public_key: string;
  readonly joined_at: Date;
  readonly revoked_at: Date | null;
  readonly facts: MachineFacts;
  readonly desired_revision: number;
  readonly desired: DesiredDocument;
  readonly heartbeat_at: Date | null;
  readonly started_at: Date | null;
  readonly gauges: MachineDetail['gauges'];
  readonly workers: MachineDetail['workers'] | null;
  readonly nodes: MachineDetail['nodes'] | null;
  readonly observed: ObservedConfiguration | null;
  readonly observed_workers: number;
  readonly proofs_per_minute: number;
  readonly spark: (number | null)[] | null;
  readonly proving_ms_p50: number | null;
  readonly proving_ms_p95: number | null;
  readonly success_rate: number | null;
  readonly state: MachineState;
  readonly reason: string;
  readonly state_since: Date;
}

export function toSummary(row: FleetRow): MachineSummary {
  return {
    id: row.id,
    name: row.name,
    labels: row.labels,
    state: row.state,
    reason: row.reason,
    stateSince: row.state_since.getTime(),
    lastSeenAt: row.heartbeat_at?.getTime() ?? null,
    joinedAt: row.joined_at.getTime(),
    desired: { revision: row.desired_revision, document: row.desired },
    observed: row.observed,
    agentVersion: row.facts.agentVersion,
    cpuCores: row.facts.cpuCores,
    cpu: row.gauges?.cpu ?? null,
    memoryUsedBytes: row.gauges?.memoryUsedBytes ?? null,
    memoryTotalBytes: row.gauges?.memoryTotalBytes ?? row.facts.memoryBytes,
    proofsPerMinute: row.proofs_per_minute,
    spark: row.spark ?? Array<null>(SPARK_STEPS).fill(null),
    provingMsP50: row.proving_ms_p50,
    provingMsP95: row.proving_ms_p95,
    successRate: row.success_rate,
  };
}

export interface MachineExtras {
  readonly outcomes: Record<TaskOutcome, number>;
  readonly acceptedTotal: number;
  readonly revisions: MachineDetail['revisions'];
}

export function toDetail(row: FleetRow, extras: MachineExtras): MachineDetail {
  return {
    ...toSummary(row),
    facts: row.facts,
    publicKey: row.public_key,
    startedAt: row.started_at?.getTime() ?? null,
    gauges: row.gauges,
    workers: row.workers ?? [],
    nodes: row.nodes ?? [],
    revokedAt: row.revoked_at?.getTime() ?? null,
    ...extras,
  };
}
