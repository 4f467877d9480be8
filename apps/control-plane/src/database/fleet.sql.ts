import { MACHINE_STATES, type MachineState } from '@provefleet/fleet-protocol';
import { Prisma } from '../generated/prisma/client.js';

/** How a machine's own finding is told when the control plane knows better. */
export const REASONS = { revoked: 'revoked', pending: 'waits for approval', neverConnected: 'has not connected yet', offline: 'no heartbeat' } as const;

/**
 * Every machine with its composite state at `now`, as a subquery: what operators decided and missing heartbeats come
 * before what the machine last said of itself.
 */
export const fleetAt = (now: Date): Prisma.Sql => Prisma.sql`
  SELECT
    m.id, m.name, m.labels, m.public_key, m.joined_at, m.revoked_at, m.facts, m.desired_revision, m.desired,
    s.heartbeat_at, s.started_at, s.gauges, s.workers, s.nodes, s.observed, coalesce(s.observed_workers, 0) AS observed_workers,
    coalesce(t.proofs_per_minute, 0) AS proofs_per_minute, t.spark, t.proving_ms_p50, t.proving_ms_p95, t.success_rate,
    CASE
      WHEN m.revoked_at IS NOT NULL THEN 'offline'
      WHEN m.approved_at IS NULL THEN 'pending'
      WHEN s.machine_id IS NULL OR s.offline_at <= ${now} THEN 'offline'
      ELSE s.state
    END AS state,
    CASE
      WHEN m.revoked_at IS NOT NULL THEN ${REASONS.revoked}
      WHEN m.approved_at IS NULL THEN ${REASONS.pending}
      WHEN s.machine_id IS NULL THEN ${REASONS.neverConnected}
      WHEN s.offline_at <= ${now} THEN ${REASONS.offline}
      ELSE s.reason
    END AS reason,
    CASE
      WHEN m.revoked_at IS NOT NULL THEN m.revoked_at
      WHEN m.approved_at IS NULL OR s.machine_id IS NULL THEN m.joined_at
      WHEN s.offline_at <= ${now} THEN s.heartbeat_at
      ELSE s.since
    END AS state_since
  FROM machine m
  LEFT JOIN machine_status s ON s.machine_id = m.id
  LEFT JOIN machine_stats t ON t.machine_id = m.id`;

/** The machines in the fleet: those not revoked. */
export const activeFleetAt = (now: Date): Prisma.Sql => Prisma.sql`SELECT * FROM (${fleetAt(now)}) every_machine WHERE revoked_at IS NULL`;

/** Position of a state in `MACHINE_STATES`: worst first. */
export const STATE_RANK = Prisma.sql`array_position(${[...MACHINE_STATES]}::text[], state)`;

/** Whole milliseconds since the epoch of a timestamp column. */
export const epochMs = (column: Prisma.Sql): Prisma.Sql => Prisma.sql`(extract(epoch FROM ${column}) * 1000)`;

/** All states with a count of zero, to be filled. */
export const noStates = (): Record<MachineState, number> => Object.fromEntries(MACHINE_STATES.map((state) => [state, 0])) as Record<MachineState, number>;
