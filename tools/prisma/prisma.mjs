#!/usr/bin/env node
// The Prisma command line on our own schema engine, so that no command downloads anything:
//   node tools/prisma/prisma.mjs generate
//   DATABASE_URL=... node tools/prisma/prisma.mjs migrate dev --name add-something
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const engine = here('schema-engine.mjs');
const prismaManifest = createRequire(import.meta.url).resolve('prisma/package.json');

/** Runs the Prisma command line; returns its exit code and, with `capture`, what it printed. */
export function prisma(args, { env = {}, capture = false } = {}) {
  chmodSync(engine, 0o755);
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath,
    [join(dirname(prismaManifest), 'build', 'index.js'), ...args, '--config', here('../../prisma/prisma.config.mjs')],
    {
      cwd: here('../..'),
      stdio: capture ? 'pipe' : 'inherit',
      encoding: 'utf8',
      env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: engine, PRISMA_HIDE_UPDATE_MESSAGE: '1', CHECKPOINT_DISABLE: '1', ...env },
    },
  );
  if (error) throw error;
  return { code: status ?? 1, output: `${stdout ?? ''}${stderr ?? ''}` };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = prisma(process.argv.slice(2)).code;
