#!/usr/bin/env node
// Applies prisma/migrations to a database and records them as `prisma migrate deploy` does, without Prisma's command
// line or any engine:  DATABASE_URL=... node tools/bootstrap/migrate.mjs
import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

/** Prisma's own advisory lock number, so that this and its command line never run at once. */
const LOCK = 72_707_369;
const DEFAULT_DIRECTORY = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));

// As Prisma creates it.
const CREATE_TABLE = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                  VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum            VARCHAR(64) NOT NULL,
    finished_at         TIMESTAMPTZ,
    migration_name      VARCHAR(255) NOT NULL,
    logs                TEXT,
    rolled_back_at      TIMESTAMPTZ,
    started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`;

/**
 * Applies every migration that the database does not have yet, in order of name. Safe to run from several processes at
 * once: the second waits and finds nothing to do.
 * @param {string} url connection string of an existing database
 * @param {string} [directory] folder of migrations
 * @returns {Promise<string[]>} names of those applied now
 * @throws {Error} when one fails (named, recorded as failed, and nothing after it applied), when an earlier failure is
 *   still on record, or when one was edited after it had been applied
 */
export async function migrate(url, directory = DEFAULT_DIRECTORY) {
  const migrations = await readMigrations(directory);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await client.query(CREATE_TABLE);
    const { rows } = await client.query('SELECT migration_name, checksum, finished_at, logs FROM _prisma_migrations WHERE rolled_back_at IS NULL');
    const failed = rows.find((row) => row.finished_at === null);
    if (failed) throw new Error(`migration ${failed.migration_name} failed earlier and is not resolved: ${failed.logs ?? 'interrupted'}`);

    const checksums = new Map(rows.map((row) => [row.migration_name, row.checksum]));
    const applied = [];
    for (const migration of migrations) {
      const checksum = checksums.get(migration.name);
      if (checksum === undefined) {
        await apply(client, migration);
        applied.push(migration.name);
      } else if (checksum !== migration.checksum) {
        throw new Error(`migration ${migration.name} was edited after it had been applied`);
      }
    }
    return applied;
  } finally {
    await client.end();
  }
}

async function readMigrations(directory) {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(directory, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function apply(client, { name, sql, checksum }) {
  const id = randomUUID();
  await client.query('INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ($1, $2, $3)', [id, checksum, name]);
  try {
    await client.query(sql); // several statements in one query are one transaction
  } catch (error) {
    await client.query('UPDATE _prisma_migrations SET logs = $2 WHERE id = $1', [id, error.message]);
    throw new Error(`migration ${name}: ${error.message}`, { cause: error });
  }
  await client.query('UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1 WHERE id = $1', [id]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!process.env.DATABASE_URL) throw new Error('DATABASE_URL is not set');
  const applied = await migrate(process.env.DATABASE_URL);
  console.log(applied.length > 0 ? `applied ${applied.join(', ')}` : 'the database is up to date');
}
