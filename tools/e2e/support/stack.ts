import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base } from '@playwright/test';
import pg from 'pg';
import { Stack } from '../../bootstrap/stack.mjs';

/** A port nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port was given');
  return address.port;
}

export interface LedgerTask {
  taskId: string;
  nodeId: string;
  program: string;
  taskType: string;
  state: 'issued' | 'accepted' | 'refused' | 'expired';
  verified: boolean | null;
  reason: string;
}

/** The whole of Provefleet in a folder and on ports of its own, for one test. */
export class TestStack extends Stack {
  readonly unexpected: string[] = [];

  static async create(): Promise<TestStack> {
    const ports = { orchestrator: await freePort(), controlPlane: await freePort(), web: await freePort() };
    const home = mkdtempSync(join(tmpdir(), 'provefleet-e2e-'));
    // As root, Postgres runs as another user, who must be able to enter.
    chmodSync(home, 0o755);
    return new TestStack(home, ports);
  }

  private constructor(home: string, ports: { orchestrator: number; controlPlane: number; web: number }) {
    super({ home, ports, onUnexpectedExit: (message: string) => this.unexpected.push(message) });
  }

  /** Database, control plane and dev orchestrator. */
  async startServers(orchestratorOptions: string[] = []): Promise<void> {
    await this.startDatabase();
    await this.startControlPlane();
    await this.startOrchestrator(orchestratorOptions);
  }

  /** Joins a machine and starts its agent. `via`: the control plane's address as the agent sees it. */
  async addMachine(name: string, options: { workers?: number; via?: string } = {}) {
    await this.join(name, options);
    return this.startAgent(name);
  }

  async query<Row extends pg.QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    if (!this.database) throw new Error('the database was not started');
    const client = new pg.Client({ connectionString: this.database.url });
    await client.connect();
    try {
      return (await client.query<Row>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  async tasks(): Promise<LedgerTask[]> {
    return this.ledger();
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** `stack`: made for the test and taken down after it; a service that ended by itself fails the test. */
export const test = base.extend<{ stack: TestStack }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the names of the fixtures from the pattern
  stack: async ({}, use) => {
    const stack = await TestStack.create();
    try {
      await use(stack);
      if (stack.unexpected.length > 0) throw new Error(stack.unexpected.join('\n'));
    } finally {
      await stack.dispose();
    }
  },
});

export { expect } from '@playwright/test';
