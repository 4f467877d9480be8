import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { migrate } from '../../bootstrap/migrate.mjs';
import { startPostgres } from '../../bootstrap/postgres.mjs';
import { parseOptions } from '../src/options.js';
import { verdict } from '../src/report.js';
import { runLoad } from '../src/run.js';

const CONTROL_PLANE = fileURLToPath(new URL('../../../apps/control-plane/dist/main.js', import.meta.url));

let folder: string;
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let port: number;
let controlPlane: ChildProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'provefleet-load-'));
  chmodSync(folder, 0o755); // as root, Postgres runs as another user
  postgres = await startPostgres({ dataDir: join(folder, 'postgres'), settings: { fsync: 'off' } });
  await migrate(postgres.url);
  port = await freePort();
  controlPlane = await startControlPlane();
});

afterAll(async () => {
  controlPlane.kill('SIGTERM');
  await ended(controlPlane);
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

const options = (seed: string, more: Record<string, string> = {}) =>
  parseOptions({
    machines: '20', eventsPerSecond: '60', duration: '8', controlPlane: `http://127.0.0.1:${port}`, origin: 'http://localhost:3000', adminUser: 'admin', adminPasswordFile: join(folder, 'admin-password'),
    databaseUrl: postgres.url, seed, workers: '2', connectRate: '100', watchers: '1', stormEvery: '0', stormShare: '1', ...more,
  });

/** Called with each line of progress; acts once, when the load has begun. */
function whenLoaded(act: () => Promise<void>): { progress: (line: string) => void; done: () => Promise<void> } {
  let acting: Promise<void> | undefined;
  return { progress: (line) => void (acting ??= /[1-9]\d* events made/.test(line) ? act() : undefined), done: async () => acting };
}

describe('a load run', () => {
  it('finds that nothing is lost or doubled when connections break and the control plane is killed', async () => {
    const kill = whenLoaded(async () => {
      controlPlane.kill('SIGKILL');
      await ended(controlPlane);
      controlPlane = await startControlPlane();
    });
    const report = await runLoad(options('kill', { stormEvery: '3' }), kill.progress);
    await kill.done();

    expect(verdict(report)).toEqual([]);
    expect(report.made).toBeGreaterThan(400);
    expect(report.counted).toMatchObject({ storedEvents: report.made, lost: 0, doubled: 0 });
    expect(report.tally.acknowledged).toBe(report.made);
    expect(report.tally.downtime.count).toBeGreaterThanOrEqual(40); // the storm, and the kill
    expect(report.tally.resent).toBe(report.tally.sent - report.made);
    expect(report.storms[0]).toMatchObject({ machines: 20, allBackMs: expect.any(Number) });
    expect(report.rows?.latency.count).toBeGreaterThan(0);
    expect(report.watchers[0]?.events).toBeGreaterThan(0);
    expect(report.lists.filter.count).toBeGreaterThan(0);
  });

  it('goes on with the machines of a run before it, and notices rows that are missing', async () => {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    const remove = whenLoaded(async () => {
      const newest = await client.query(`SELECT e.machine_id, e.sequence FROM event e JOIN machine m ON m.id = e.machine_id WHERE m.name LIKE 'load-kill-%' AND e.received_at > now() - interval '2 seconds' LIMIT 3`);
      for (const row of newest.rows) await client.query('DELETE FROM event WHERE machine_id = $1 AND sequence = $2', [row.machine_id, row.sequence]);
      expect(newest.rowCount).toBe(3);
    });
    const report = await runLoad(options('kill'), remove.progress);
    await remove.done();
    const { rows } = await client.query<{ machines: number }>('SELECT count(*)::int AS machines FROM machine');
    await client.end();

    expect(rows).toEqual([{ machines: 20 }]);
    expect(report.counted).toMatchObject({ storedEvents: report.made - 3, lost: 3, doubled: 0 });
    expect(verdict(report)).toEqual(expect.arrayContaining([expect.stringContaining('3 rows are missing')]));
  });
});

async function startControlPlane(): Promise<ChildProcess> {
  const child = spawn(process.execPath, [CONTROL_PLANE], {
    // The test's own NODE_OPTIONS are not the product's.
    env: { PATH: process.env['PATH'], DATABASE_URL: postgres.url, PROVEFLEET_CONTROL_PLANE_PORT: String(port), PROVEFLEET_ADMIN_PASSWORD_FILE: join(folder, 'admin-password'), LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  for (const deadline = Date.now() + 60_000; ; await sleep(50)) {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/health`).catch(() => null);
    if (answer?.ok) return child;
    if (child.exitCode !== null || Date.now() > deadline) throw new Error('the control plane did not start; its output is above');
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port: free } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return free;
}
