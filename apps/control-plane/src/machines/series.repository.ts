import { Injectable } from '@nestjs/common';
import { epochMs } from '../database/fleet.sql.js';
import { Prisma, PrismaService } from '../database/prisma.service.js';
import type { RouteOutput } from '../api/route.js';
import type { Routes } from '../api/routes.js';
import { perMinute, type SeriesWindow } from './series-window.js';

/** Number of the step a timestamp falls into. */
export const stepOf = (column: Prisma.Sql, { from, stepMs }: SeriesWindow): Prisma.Sql => Prisma.sql`floor((${epochMs(column)} - ${from}::float8) / ${stepMs}::float8)::int`;

@Injectable()
export class SeriesRepository {
  constructor(private readonly prisma: PrismaService) {}

  async ofMachine(id: string, window: SeriesWindow): Promise<RouteOutput<Routes['getMachineSeries']>> {
    const { from, to, stepMs, steps } = window;
    const [proofs, samples] = await Promise.all([
      this.prisma.client.$queryRaw<{ step: number; accepted: number; p50: number | null; p95: number | null }[]>`
        SELECT ${stepOf(Prisma.sql`settled_at`, window)} AS step, (count(*) FILTER (WHERE outcome = 'accepted'))::int AS accepted,
          percentile_cont(0.5) WITHIN GROUP (ORDER BY proving_ms) AS p50, percentile_cont(0.95) WITHIN GROUP (ORDER BY proving_ms) AS p95
        FROM proof WHERE machine_id = ${id}::uuid AND settled_at >= ${new Date(from)} AND settled_at < ${new Date(to)}
        GROUP BY 1`,
      this.prisma.client.$queryRaw<{ step: number; cpu: number; memory: number }[]>`
        SELECT ${stepOf(Prisma.sql`at`, window)} AS step, avg(cpu)::float8 AS cpu, avg(memory_used_bytes)::float8 AS memory
        FROM sample WHERE machine_id = ${id}::uuid AND at >= ${new Date(from)} AND at < ${new Date(to)}
        GROUP BY 1`,
    ]);
    const series = { from, to, stepMs, proofsPerMinute: unknowns(steps), provingMsP50: unknowns(steps), provingMsP95: unknowns(steps), cpu: unknowns(steps), memoryUsedBytes: unknowns(steps) };
    for (const { step, cpu, memory } of samples) {
      series.cpu[step] = cpu;
      series.memoryUsedBytes[step] = memory;
      series.proofsPerMinute[step] = 0; // heard of, so no proof means zero
    }
    for (const { step, accepted, p50, p95 } of proofs) {
      series.proofsPerMinute[step] = perMinute(accepted, stepMs);
      series.provingMsP50[step] = p50;
      series.provingMsP95[step] = p95;
    }
    return series;
  }
}

export const unknowns = (steps: number): (number | null)[] => Array<number | null>(steps).fill(null);
