import { Injectable } from '@nestjs/common';
import { type MachineState, type Overview, TASK_OUTCOMES, type TaskOutcome } from '@provefleet/fleet-protocol';
import { activeFleetAt, epochMs } from '../database/fleet.sql.js';
import { Prisma, PrismaService } from '../database/prisma.service.js';
import { stepOf } from '../machines/series.repository.js';
import { before, type SeriesWindow } from '../machines/series-window.js';

export interface FleetStep {
  readonly step: number;
  readonly accepted: number;
  readonly refused: number;
  readonly expired: number;
}

/** Problems shown at once; more than this many causes are beyond reading. */
const MAX_PROBLEMS = 50;
const SHOWN_NAMES = 3;

@Injectable()
export class OverviewRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** Settled tasks by step over the window and the one before it, which has negative steps. */
  steps(window: SeriesWindow): Promise<FleetStep[]> {
    return this.prisma.client.$queryRaw`
      SELECT ${stepOf(Prisma.sql`settled_at`, window)} AS step,
        (count(*) FILTER (WHERE outcome = 'accepted'))::int AS accepted, (count(*) FILTER (WHERE outcome = 'refused'))::int AS refused, (count(*) FILTER (WHERE outcome = 'expired'))::int AS expired
      FROM proof WHERE settled_at >= ${new Date(before(window).from)} AND settled_at < ${new Date(window.to)}
      GROUP BY 1`;
  }

  /** Steps in which any machine was heard of, over the window and the one before it. */
  async heardSteps(window: SeriesWindow): Promise<ReadonlySet<number>> {
    const { stepMs, steps, from } = window;
    const rows = await this.prisma.client.$queryRaw<{ step: number }[]>`
      SELECT step FROM generate_series(${-steps}::int, ${steps - 1}::int) step
      WHERE EXISTS (
        SELECT 1 FROM sample
        WHERE at >= to_timestamp((${from}::float8 + step * ${stepMs}::float8) / 1000) AND at < to_timestamp((${from}::float8 + (step + 1) * ${stepMs}::float8) / 1000))`;
    return new Set(rows.map(({ step }) => step));
  }

  async totals({ from, to }: SeriesWindow): Promise<{ outcomes: Record<TaskOutcome, number>; p50: number | null; p95: number | null; bestPerMinute: number }> {
    const range = Prisma.sql`settled_at >= ${new Date(from)} AND settled_at < ${new Date(to)}`;
    const [outcomes, [timing], [best]] = await Promise.all([
      this.prisma.client.$queryRaw<{ outcome: TaskOutcome; count: number }[]>`SELECT outcome, count(*)::int AS count FROM proof WHERE ${range} GROUP BY outcome`,
      this.prisma.client.$queryRaw<{ p50: number | null; p95: number | null }[]>`
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY proving_ms) AS p50, percentile_cont(0.95) WITHIN GROUP (ORDER BY proving_ms) AS p95 FROM proof WHERE ${range}`,
      this.prisma.client.$queryRaw<{ best: number }[]>`
        SELECT coalesce(max(accepted), 0)::int AS best FROM (
          SELECT count(*) AS accepted FROM proof WHERE outcome = 'accepted' AND ${range} GROUP BY floor(${epochMs(Prisma.sql`settled_at`)} / 60000)) minutes`,
    ]);
    return {
      outcomes: Object.assign(Object.fromEntries(TASK_OUTCOMES.map((outcome) => [outcome, 0])), Object.fromEntries(outcomes.map(({ outcome, count }) => [outcome, count]))) as Record<TaskOutcome, number>,
      p50: timing?.p50 ?? null,
      p95: timing?.p95 ?? null,
      bestPerMinute: best?.best ?? 0,
    };
  }

  async acceptedSince(from: Date): Promise<number> {
    const [row] = await this.prisma.client.$queryRaw<{ count: number }[]>`SELECT count(*)::int AS count FROM proof WHERE outcome = 'accepted' AND settled_at >= ${from}`;
    return row?.count ?? 0;
  }

  /**
   * Machines in the given states, grouped by state and reason, newest first. What they cost: accepted proofs a minute
   * in the hour before each came into its state, less those of the last `recentMs`.
   */
  async problems(states: readonly MachineState[], now: Date, recentMs: number): Promise<Overview['problems']> {
    const rows = await this.prisma.client.$queryRaw<{ state: MachineState; reason: string; since: Date; machines: number; names: string[]; lost: number }[]>`
      SELECT state, reason, min(state_since) AS since, count(*)::int AS machines, (array_agg(name ORDER BY name))[1:${SHOWN_NAMES}::int] AS names,
        sum(greatest(usual.accepted / 60.0 - recent.accepted / (${recentMs}::float8 / 60000), 0))::float8 AS lost
      FROM (${activeFleetAt(now)}) fleet
      CROSS JOIN LATERAL (
        SELECT count(*) AS accepted FROM proof WHERE machine_id = fleet.id AND outcome = 'accepted' AND settled_at >= fleet.state_since - interval '1 hour' AND settled_at < fleet.state_since) usual
      CROSS JOIN LATERAL (
        SELECT count(*) AS accepted FROM proof WHERE machine_id = fleet.id AND outcome = 'accepted' AND settled_at >= ${new Date(now.getTime() - recentMs)}) recent
      WHERE state = ANY(${[...states]}::text[])
      GROUP BY state, reason ORDER BY since DESC LIMIT ${MAX_PROBLEMS}`;
    return rows.map(({ since, lost, ...row }) => ({ ...row, since: since.getTime(), lostPerMinute: Math.round(lost * 100) / 100 }));
  }
}
