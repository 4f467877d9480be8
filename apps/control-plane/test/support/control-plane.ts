import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { migrate } from '../../../../tools/bootstrap/migrate.mjs';
import { startPostgres } from '../../../../tools/bootstrap/postgres.mjs';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const START_TIMEOUT_MS = 60_000;

export const ORIGIN = 'http://localhost:3000';

/** A folder that the database's own user may enter, removed at the end. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'provefleet-test-'));
  chmodSync(path, 0o755);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A real Postgres of its own with all migrations applied. */
export class TestDatabase {
  private constructor(
    private readonly folder: { path: string; remove: () => void },
    private server: Awaited<ReturnType<typeof startPostgres>>,
  ) {}

  static async start({ isMigrated = true } = {}): Promise<TestDatabase> {
    const folder = temporaryFolder();
    const database = new TestDatabase(folder, await TestDatabase.run(folder.path));
    if (isMigrated) await migrate(database.url);
    return database;
  }

  private static run(folder: string, port?: number) {
    return startPostgres({ dataDir: join(folder, 'postgres'), port, settings: { fsync: 'off' } });
  }

  get url(): string {
    return this.server.url;
  }

  get folderPath(): string {
    return this.folder.path;
  }

  /** Stops the server for a while; `resume` brings it back on the same port. */
  async pause(): Promise<() => Promise<void>> {
    const { port } = this.server;
    await this.server.stop();
    return async () => void (this.server = await TestDatabase.run(this.folder.path, port));
  }

  async query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Keeps everybody else from a table until the answer is called. */
  async lock(table: string): Promise<() => Promise<void>> {
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    await client.query(`BEGIN; LOCK TABLE "${table}" IN ACCESS EXCLUSIVE MODE`);
    return () => client.end();
  }

  /** Everything in every table, as text. */
  async dump(): Promise<string> {
    const tables = await this.query<{ name: string }>("SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'");
    const rows = await Promise.all(tables.map(({ name }) => this.query<{ row: string }>(`SELECT t::text AS row FROM "${name}" t`)));
    return rows.flat().map(({ row }) => row).join('\n');
  }

  async stop(): Promise<void> {
    await this.server.stop();
    this.folder.remove();
  }
}

/** The built control plane as a process of its own. */
export class ControlPlane {
  private static readonly running = new Set<ControlPlane>();
  private output = '';

  private constructor(
    readonly child: ChildProcess,
    readonly passwordFile: string,
    private readonly exited: Promise<unknown>,
  ) {
    ControlPlane.running.add(this);
    void exited.then(() => ControlPlane.running.delete(this));
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
  }

  port = 0;

  static async start(database: TestDatabase, { port = 0, env = {} }: { port?: number; env?: Record<string, string> } = {}): Promise<ControlPlane> {
    const plane = ControlPlane.spawn(database, { port, env });
    await plane.listening();
    return plane;
  }

  /** Starts the process and does not wait. */
  static spawn(database: { url: string; folderPath: string }, { port = 0, env = {} }: { port?: number; env?: Record<string, string> } = {}): ControlPlane {
    const passwordFile = join(database.folderPath, 'admin-password');
    const child = spawn(process.execPath, [MAIN], {
      // The test's own NODE_OPTIONS are not the product's.
      env: { PATH: process.env['PATH'], DATABASE_URL: database.url, PROVEFLEET_CONTROL_PLANE_PORT: String(port), PROVEFLEET_ADMIN_PASSWORD_FILE: passwordFile, LOG_LEVEL: 'debug', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new ControlPlane(child, passwordFile, once(child, 'exit'));
  }

  async listening(): Promise<void> {
    for (const deadline = Date.now() + START_TIMEOUT_MS; this.port === 0; await sleep(20)) {
      if (this.child.exitCode !== null || Date.now() > deadline) {
        this.child.kill('SIGKILL');
        throw new Error(`the control plane did not start:\n${this.output}`);
      }
      this.port = Number(/"port":(\d+),"msg":"the control plane listens"/.exec(this.output)?.[1] ?? 0);
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get log(): string {
    return this.output;
  }

  get password(): string {
    return readFileSync(this.passwordFile, 'utf8').trim();
  }

  /** Sends a signal and waits for the end; gives the exit code, or the signal that ended it. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | string | null> {
    this.child.kill(signal);
    return this.ended();
  }

  /** Ends all that a test, perhaps a failed one, left running. */
  static async endAll(): Promise<void> {
    await Promise.all([...ControlPlane.running].map((plane) => plane.end('SIGKILL')));
  }

  async ended(): Promise<number | string | null> {
    await this.exited;
    return this.child.exitCode ?? this.child.signalCode;
  }
}
