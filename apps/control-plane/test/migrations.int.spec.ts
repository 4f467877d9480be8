import { appendFileSync, cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { migrate } from '../../../tools/bootstrap/migrate.mjs';
import { temporaryFolder, TestDatabase } from './support/control-plane.js';

const MIGRATIONS = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url));

let database: TestDatabase;
let folder: { path: string; remove: () => void };

beforeEach(async () => {
  database = await TestDatabase.start({ isMigrated: false });
  folder = temporaryFolder();
  cpSync(MIGRATIONS, folder.path, { recursive: true });
});
afterEach(async () => {
  await database?.stop();
  folder?.remove();
});

const add = (name: string, sql: string) => {
  mkdirSync(join(folder.path, name));
  writeFileSync(join(folder.path, name, 'migration.sql'), sql);
};

it('applies all to an empty database, once, though several start at the same time', async () => {
  const runs = await Promise.all([1, 2, 3].map(() => migrate(database.url)));
  expect(runs.flat()).toEqual(readdirSync(MIGRATIONS, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name).sort());
  expect(await migrate(database.url)).toEqual([]);
  expect(await database.query("SELECT to_regclass('machine') IS NOT NULL AS present")).toEqual([{ present: true }]);
});

it('keeps nothing of a migration that fails, and says which until it is resolved', async () => {
  add('30000101000000_half', 'CREATE TABLE half (id int); SELECT 1 / 0;');
  add('30000102000000_after', 'CREATE TABLE after (id int);');
  await expect(migrate(database.url, folder.path)).rejects.toThrow('migration 30000101000000_half: division by zero');
  expect(await database.query("SELECT to_regclass('half') AS half, to_regclass('after') AS after, to_regclass('machine') IS NOT NULL AS earlier")).toEqual([{ half: null, after: null, earlier: true }]);
  await expect(migrate(database.url, folder.path)).rejects.toThrow('30000101000000_half failed earlier and is not resolved: division by zero');
});

it('refuses a migration that was edited after it had been applied', async () => {
  await migrate(database.url, folder.path);
  appendFileSync(join(folder.path, '20261124070000_init', 'migration.sql'), '\n-- changed');
  await expect(migrate(database.url, folder.path)).rejects.toThrow('20261124070000_init was edited');
});
