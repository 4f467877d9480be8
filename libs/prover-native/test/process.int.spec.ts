import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { Addon } from '../src/binding.js';
import { createNativeBackend } from '../src/backend.js';
import { fib, jobOf, never } from './jobs.js';

const LARGE = jobOf(fib(2 ** 20, 1, 1));
const PROJECT = fileURLToPath(new URL('..', import.meta.url));

/** As the agent starts its workers: with a young generation sized for the little JavaScript that runs in them. */
const WORKER_FLAGS = ['--max-semi-space-size=1'];

async function child(script: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const file = join(PROJECT, 'test', 'children', script);
  const { stdout } = await promisify(execFile)(process.execPath, [...WORKER_FLAGS, file, ...args], { env: { ...process.env, NODE_OPTIONS: '', ...env } });
  return stdout.trim();
}

/** Threads of this process by name, as the kernel tells. */
const threadsNamed = (prefix: string) =>
  readdirSync('/proc/self/task').filter((id) => readFileSync(`/proc/self/task/${id}/comm`, 'utf8').startsWith(prefix)).length;

/** Waits for what threads do by themselves soon after: take their name, end. */
async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !holds(); i++) await setTimeout(25);
  expect(holds()).toBe(true);
}

describe('while a proof is made', () => {
  it('the event loop turns', async () => {
    const backend = await createNativeBackend({ threads: 2 });
    let done = false;
    const proof = backend.prove(LARGE, never()).finally(() => (done = true));
    let turns = 0;
    for (; !done; turns++) await setImmediate();
    expect((await proof).publicOutput).toEqual(LARGE.publicOutput);
    // A proof on the JavaScript thread would leave none.
    expect(turns).toBeGreaterThan(20);
    await backend.close();
  });

  it('libuv’s pool works on, even with one thread', async () => {
    expect(Number(await child('libuv.mjs', [], { UV_THREADPOOL_SIZE: '1' }))).toBeGreaterThan(20);
  });

  it('the process can exit', async () => {
    expect(await child('exit.mjs')).toBe('');
  });
});

describe('threads', () => {
  it('are as many as asked for, and end with the backend', async () => {
    const backend = await createNativeBackend({ threads: 3 });
    await backend.prove(jobOf(fib(9, 1, 1)), never());
    await until(() => threadsNamed('prover-') === 3);
    await backend.close();
    await until(() => threadsNamed('prover-') === 0);
  });
});

describe('a panic in Rust', () => {
  it('is an error of its job, and the next job is proved', async () => {
    // A build of the addon that ships nowhere: one program id of it panics.
    execFileSync('cargo', ['build', '--release', '--package', 'provefleet-addon', '--features', 'fault-injection'], { cwd: PROJECT, stdio: 'pipe' });
    const library = { linux: 'libprovefleet_addon.so', darwin: 'libprovefleet_addon.dylib' }[process.platform as string] ?? 'provefleet_addon.dll';
    const directory = mkdtempSync(join(tmpdir(), 'provefleet-addon-'));
    try {
      const file = join(directory, 'faulty.node');
      copyFileSync(join(PROJECT, 'target', 'release', library), file);
      const addon = createRequire(import.meta.url)(file) as Addon;
      const backend = await createNativeBackend({ threads: 2 }, () => ({ addon, info: addon.addonInfo() }));
      await expect(backend.prove({ program: 'provoke-panic', input: new Uint8Array(12) }, never())).rejects.toMatchObject({
        name: 'ProverError',
        code: 'WorkerCrashed',
        message: expect.stringContaining('provoked'),
      });
      const job = jobOf(fib(9, 1, 1));
      expect((await backend.prove(job, never())).publicOutput).toEqual(job.publicOutput);
      await backend.close();
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }, 900_000);
});

describe('memory', () => {
  it('after 1,000 proofs is within a fifth of that after 100', async () => {
    const resident = JSON.parse(await child('leak.mjs', ['100', '1000'])) as Record<string, number>;
    expect((resident['1000'] ?? Infinity) / (resident['100'] ?? 0)).toBeLessThanOrEqual(1.2);
  });
});
