#!/usr/bin/env node
// Proves on a real Postgres that prisma/migrations and prisma/schema.prisma describe the same database, and that what
// tools/bootstrap/migrate.mjs records is what Prisma itself would have recorded.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrate } from '../bootstrap/migrate.mjs';
import { startPostgres } from '../bootstrap/postgres.mjs';
import { prisma } from './prisma.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const schema = here('../../prisma/schema.prisma');
const migrations = here('../../prisma/migrations');

const folder = mkdtempSync(join(tmpdir(), 'provefleet-prisma-'));
chmodSync(folder, 0o755); // the server's own user must be able to enter
let failed = 0;

function expect(title, isRight, output) {
  console.log(`${isRight ? 'ok' : 'not ok'} - ${title}`);
  if (isRight) return;
  failed += 1;
  console.error(output);
}

const database = await startPostgres({ dataDir: join(folder, 'postgres'), settings: { fsync: 'off' } });
try {
  const env = { DATABASE_URL: database.url };
  const run = (...args) => prisma(args, { env, capture: true });

  const applied = await migrate(database.url, migrations);
  expect(`all migrations apply to an empty database (${applied.length})`, applied.length > 0, 'no migration was found');
  expect('a second run applies nothing', (await migrate(database.url, migrations)).length === 0, 'migrations were applied twice');

  const status = run('migrate', 'status');
  expect('Prisma finds them applied as it would have applied them', status.code === 0 && status.output.includes('Database schema is up to date'), status.output);

  const diff = run('migrate', 'diff', '--from-migrations', migrations, '--to-schema', schema, '--exit-code');
  expect('the migrations give the schema, no more and no less', diff.code === 0, diff.output);
} finally {
  await database.stop();
  rmSync(folder, { recursive: true, force: true });
}
console.log(`# pass ${4 - failed}\n# fail ${failed}`);
process.exitCode = failed > 0 ? 1 : 0;
