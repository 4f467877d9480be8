import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { LatencyRecorder, type LatencySummary } from './latency.js';

const POLL_MS = 4;
const PICK_EVERY_MS = 100;
const GIVE_UP_MS = 30_000;

/** What one machine must have in the database after the run. */
export interface Expected {
  readonly machineId: string;
  /** Last sequence before the run. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Tasks settled in this run. */
  readonly settled: number;
}

export interface CountReport {
  readonly expectedEvents: number;
  readonly storedEvents: number;
  readonly expectedProofs: number;
  readonly storedProofs: number;
  /** Sequences without a row. */
  readonly lost: number;
  /** Rows beyond one for each sequence, and tasks settled twice. */
  readonly doubled: number;
  /** Machines that differ, at most ten. */
  readonly wrong: readonly string[];
}

/** The control plane's database, looked at from outside. */
export class Database {
  private readonly pool: pg.Pool;
  private readonly latency = new LatencyRecorder();
  private notVisible = 0;
  private picking: Promise<void> | null = null;
  private stopped = false;

  constructor(url: string) {
    this.pool = new pg.Pool({ connectionString: url, application_name: 'provefleet-load', max: 1 });
    // A database that restarts breaks the idle connection; the pool makes another.
    this.pool.on('error', () => undefined);
  }

  /** @throws when it is not the control plane's database */
  async check(): Promise<void> {
    await this.isStored('00000000-0000-0000-0000-000000000000', 0);
  }

  /**
   * Samples how long an event takes to its row: picks one just made every 100 ms and looks until it is there.
   * @param pick the event to watch, made at `createdAt` (monotonic milliseconds); null when there is none
   */
  startSampling(pick: () => { machineId: string; sequence: number; createdAt: number } | null): void {
    this.picking = this.sample(pick);
  }

  async stopSampling(): Promise<{ latency: LatencySummary; notVisible: number }> {
    this.stopped = true;
    await this.picking;
    return { latency: this.latency.summary(), notVisible: this.notVisible };
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  /** Compares the rows of this run with what was made. */
  async count(expected: readonly Expected[]): Promise<CountReport> {
    const ids = expected.map(({ machineId }) => machineId);
    const firsts = expected.map(({ firstSequence }) => firstSequence);
    const { rows } = await this.pool.query<{ id: string; events: number; distinct: number; last: number; proofs: number; tasks: number }>(
      `SELECT m.id, e.events, e.distinct, e.last, p.proofs, p.tasks
       FROM unnest($1::uuid[], $2::bigint[]) AS m(id, first)
       CROSS JOIN LATERAL (
         SELECT count(*)::int AS events, count(DISTINCT sequence)::int AS distinct, coalesce(max(sequence), m.first)::float8 AS last FROM event WHERE machine_id = m.id AND sequence > m.first
       ) e
       CROSS JOIN LATERAL (
         SELECT count(*)::int AS proofs, count(DISTINCT task_id)::int AS tasks FROM proof WHERE machine_id = m.id AND sequence > m.first
       ) p`,
      [ids, firsts],
    );
    const found = new Map(rows.map((row) => [row.id, row]));
    const report = { expectedEvents: 0, storedEvents: 0, expectedProofs: 0, storedProofs: 0, lost: 0, doubled: 0, wrong: [] as string[] };
    for (const { machineId, firstSequence, lastSequence, settled } of expected) {
      const made = lastSequence - firstSequence;
      const row = found.get(machineId) ?? { events: 0, distinct: 0, last: firstSequence, proofs: 0, tasks: 0 };
      report.expectedEvents += made;
      report.storedEvents += row.events;
      report.expectedProofs += settled;
      report.storedProofs += row.proofs;
      report.lost += Math.max(0, made - row.distinct) + Math.max(0, settled - row.tasks);
      report.doubled += row.events - row.distinct + (row.proofs - row.tasks) + Math.max(0, row.distinct - made);
      const isRight = row.events === made && row.last === lastSequence && row.proofs === settled && row.tasks === settled;
      if (!isRight && report.wrong.length < 10) report.wrong.push(`${machineId}: ${row.events} of ${made} events up to ${row.last} of ${lastSequence}, ${row.proofs} of ${settled} proofs`);
    }
    return report;
  }

  private async sample(pick: () => { machineId: string; sequence: number; createdAt: number } | null): Promise<void> {
    while (!this.stopped) {
      const target = pick();
      if (target !== null) await this.waitFor(target);
      await sleep(PICK_EVERY_MS);
    }
  }

  private async waitFor({ machineId, sequence, createdAt }: { machineId: string; sequence: number; createdAt: number }): Promise<void> {
    while (!this.stopped) {
      // While the database is away nothing is visible in it.
      const isStored = await this.isStored(machineId, sequence).catch(() => false);
      const age = performance.now() - createdAt;
      if (isStored) return this.latency.add(age);
      if (age > GIVE_UP_MS) {
        this.notVisible += 1;
        return;
      }
      await sleep(POLL_MS);
    }
  }

  private async isStored(machineId: string, sequence: number): Promise<boolean> {
    const { rowCount } = await this.pool.query({ name: 'is-stored', text: 'SELECT 1 FROM event WHERE machine_id = $1 AND sequence = $2', values: [machineId, sequence] });
    return rowCount === 1;
  }
}
