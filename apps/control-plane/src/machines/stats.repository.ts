import { Injectable } from '@nestjs/common';
import { PrismaService } from '../database/prisma.service.js';
import { epochMs } from '../database/fleet.sql.js';
import { Prisma } from '../generated/prisma/client.js';
import { SPARK_STEPS } from './machine-rows.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const SPARK_STEP_MS = HOUR_MS / SPARK_STEPS;

@Injectable()
export class StatsRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** Computes each machine's rate, sparkline and percentiles over the last hour, for all machines at once. */
  async computeLastHour(now: Date): Promise<void> {
    const from = new Date(now.getTime() - HOUR_MS);
    const step = (column: Prisma.Sql) => Prisma.sql`floor((${epochMs(column)} - ${from.getTime()}::float8) / ${SPARK_STEP_MS}::float8)::int`;
    await this.prisma.client.$executeRaw`
      WITH proved AS (
        SELECT machine_id, ${step(Prisma.sql`settled_at`)} AS step, count(*) FILTER (WHERE outcome = 'accepted') AS accepted
        FROM proof WHERE settled_at >= ${from} AND settled_at < ${now} GROUP BY 1, 2
      ), heard AS (
        SELECT DISTINCT machine_id, ${step(Prisma.sql`at`)} AS step FROM sample WHERE at >= ${from} AND at < ${now}
      ), steps AS (
        SELECT machine_id, step, coalesce(accepted, 0) * 60000 / ${SPARK_STEP_MS}::float8 AS rate FROM proved FULL JOIN heard USING (machine_id, step)
      ), sparks AS (
        SELECT machine_id, jsonb_object_agg(step, rate) AS known FROM steps GROUP BY machine_id
      ), timing AS (
        SELECT machine_id, count(*) FILTER (WHERE outcome = 'accepted') AS accepted,
          percentile_cont(0.5) WITHIN GROUP (ORDER BY proving_ms) AS p50, percentile_cont(0.95) WITHIN GROUP (ORDER BY proving_ms) AS p95
        FROM proof WHERE settled_at >= ${from} AND settled_at < ${now} GROUP BY 1
      )
      INSERT INTO machine_stats (machine_id, computed_at, proofs_per_minute, spark, proving_ms_p50, proving_ms_p95)
      SELECT m.id, ${now},
        coalesce(timing.accepted, 0) / least(60, greatest(1, extract(epoch FROM ${now} - m.joined_at) / 60))::float8,
        (SELECT jsonb_agg(sparks.known -> step::text ORDER BY step) FROM generate_series(0, ${SPARK_STEPS - 1}::int) step),
        timing.p50, timing.p95
      FROM machine m LEFT JOIN sparks ON sparks.machine_id = m.id LEFT JOIN timing ON timing.machine_id = m.id
      WHERE m.revoked_at IS NULL
      ORDER BY m.id
      ON CONFLICT (machine_id) DO UPDATE SET computed_at = excluded.computed_at, proofs_per_minute = excluded.proofs_per_minute, spark = excluded.spark,
        proving_ms_p50 = excluded.proving_ms_p50, proving_ms_p95 = excluded.proving_ms_p95
      WHERE (machine_stats.proofs_per_minute, machine_stats.spark, machine_stats.proving_ms_p50, machine_stats.proving_ms_p95)
        IS DISTINCT FROM (excluded.proofs_per_minute, excluded.spark, excluded.proving_ms_p50, excluded.proving_ms_p95)`;
  }

  /** Computes each machine's share of accepted tasks over the last day. */
  async computeLastDay(now: Date): Promise<void> {
    await this.prisma.client.$executeRaw`
      UPDATE machine_stats t SET success_rate = day.rate
      FROM (
        SELECT s.machine_id, (count(p.outcome) FILTER (WHERE p.outcome = 'accepted'))::float8 / nullif(count(p.outcome), 0) AS rate
        FROM machine_stats s LEFT JOIN proof p ON p.machine_id = s.machine_id AND p.settled_at >= ${new Date(now.getTime() - DAY_MS)}
        GROUP BY s.machine_id ORDER BY s.machine_id
      ) day
      WHERE t.machine_id = day.machine_id AND t.success_rate IS DISTINCT FROM day.rate`;
  }
}
