import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { describeBackendConformance, encodeInput, FAST_FIB, FIB_INPUT_INITIAL, ProverError, ProverRegistry, referenceOutput, type ProverBackend } from '@provefleet/prover';
import { NEXUS_PROGRAM, registerNexusCli } from '../src/index.js';

const STAND_IN = fileURLToPath(new URL('nexus-network.mjs', import.meta.url));
const INPUT = encodeInput({ program: FIB_INPUT_INITIAL, n: 9, initA: 1, initB: 1 });
const OUTPUT = Uint8Array.from([144, 0, 0, 0]);
const job = { program: FIB_INPUT_INITIAL, input: INPUT };
const never = new AbortController().signal;

let folder: string;
let environment: NodeJS.ProcessEnv;
let backend: ProverBackend;

beforeEach(async () => {
  environment = { ...process.env };
  folder = mkdtempSync(join(tmpdir(), 'provefleet-nexus-'));
  backend = await create(STAND_IN);
});
afterEach(async () => {
  await backend.close();
  process.env = environment;
  rmSync(folder, { recursive: true });
});

const create = (path?: string) => registerNexusCli(new ProverRegistry(), path === undefined ? {} : { path }).create('nexus-cli', { threads: 3 });

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('nothing was thrown');
    },
    (error: unknown) => {
      if (error instanceof ProverError) return error;
      throw error;
    },
  );

describeBackendConformance(
  { describe, it, expect },
  () => create(STAND_IN),
  [
    { ...job, publicOutput: OUTPUT },
    { program: FIB_INPUT_INITIAL, input: encodeInput({ program: FIB_INPUT_INITIAL, n: 0, initA: 0xffff_ffff, initB: 2 }), publicOutput: Uint8Array.from([1, 0, 0, 0]) },
  ],
  { verifies: false },
);

describe('the nexus-cli backend', () => {
  it('tells the version of the program found on PATH', async () => {
    symlinkSync(STAND_IN, join(folder, NEXUS_PROGRAM));
    process.env['PATH'] = `${folder}${delimiter}${dirname(process.execPath)}${delimiter}${environment['PATH']}`;
    const found = await create();
    expect(await found.capabilities()).toMatchObject({ programs: [FIB_INPUT_INITIAL], version: '0.10.18', needsBinary: NEXUS_PROGRAM, securityBits: null });
    await found.close();
  });

  it('is unavailable when the program does not tell its version, or is none', async () => {
    process.env['STAND_IN'] = 'no-version';
    expect(await failure(create(STAND_IN))).toMatchObject({ code: 'BackendUnavailable', message: expect.stringContaining('exit code 1') });
    expect(await failure(create(join(folder, 'missing')))).toMatchObject({ code: 'BackendUnavailable' });
  });

  it('is unavailable when the program is removed later', async () => {
    const link = join(folder, NEXUS_PROGRAM);
    symlinkSync(STAND_IN, link);
    const found = await create(link);
    rmSync(link);
    expect(await failure(found.prove(job, never))).toMatchObject({ code: 'BackendUnavailable', message: expect.stringContaining('ENOENT') });
    await found.close();
  });

  it('takes the proof from stdout, byte for byte', async () => {
    const result = await backend.prove(job, never);
    expect(result.proof).toHaveLength(64);
    expect(result).toMatchObject({ publicOutput: OUTPUT, exitCode: 0, cycles: 10 });
    expect((await backend.prove(job, never)).proof).toEqual(result.proof);
  });

  it.each([
    ['inner-error', { code: 'WorkerCrashed', exitCode: 3, message: 'nexus-network could not prove: Error: failed to generate proof for these inputs' }],
    ['out-of-memory', { code: 'OutOfMemory', signal: 'SIGKILL' }],
    ['crash', { code: 'WorkerCrashed', signal: 'SIGABRT' }],
    ['old', { code: 'BackendUnavailable', message: expect.stringContaining('unrecognized subcommand') }],
    ['flood', { code: 'WorkerCrashed', message: expect.stringContaining('67108864 bytes') }],
  ])('tells %s apart', async (behaviour, error) => {
    process.env['STAND_IN'] = behaviour;
    expect(await failure(backend.prove(job, never))).toMatchObject(error);
  });

  it.each(['abort', 'close'] as const)('kills the program and what it started on %s', async (how) => {
    const pidFile = join(folder, 'pids');
    process.env['STAND_IN'] = 'hang';
    process.env['STAND_IN_PIDS'] = pidFile;
    const abort = new AbortController();
    const proving = failure(backend.prove(job, abort.signal));
    while (!existsSync(pidFile) || readFileSync(pidFile, 'utf8') === '') await sleep(20);
    const pids = readFileSync(pidFile, 'utf8').split(' ').map(Number);
    if (how === 'abort') abort.abort();
    else await backend.close();
    expect((await proving).code).toBe('Cancelled');
    for (const pid of pids) await waitUntilGone(pid);
    if (how === 'close') expect((await failure(backend.prove(job, never))).code).toBe('BackendUnavailable');
  });

  it('hides the agent’s own settings from the program and names the number of threads', async () => {
    process.env['STAND_IN'] = 'environment';
    process.env['PROVEFLEET_JOIN_TOKEN'] = 'secret';
    const { proof } = await backend.prove(job, never);
    const seen = JSON.parse(new TextDecoder().decode(proof));
    expect(seen).toMatchObject({ RAYON_NUM_THREADS: '3', PATH: process.env['PATH'] });
    expect(Object.keys(seen).filter((name) => name.startsWith('PROVEFLEET_'))).toEqual([]);
  });

  it('says of a claim what can be said without a verifier', async () => {
    const { proof, publicOutput } = await backend.prove(job, never);
    const claim = { ...job, proof, publicOutput };
    const kindOf = async (changed: Partial<typeof claim>) => {
      const verdict = await backend.verify({ ...claim, ...changed });
      return verdict.valid ? 'valid' : verdict.kind;
    };
    expect(await kindOf({})).toBe('Unverifiable');
    expect(await kindOf({ publicOutput: Uint8Array.from([145, 0, 0, 0]) })).toBe('WrongClaim');
    expect(await kindOf({ publicOutput: new Uint8Array(3) })).toBe('WrongClaim');
    expect(await kindOf({ input: INPUT.subarray(1) })).toBe('InvalidInput');
    expect(await kindOf({ proof: new Uint8Array() })).toBe('Malformed');
    expect(await kindOf({ program: FAST_FIB, publicOutput: referenceOutput({ program: FAST_FIB, n: 9 }) })).toBe('UnknownProgram');
  });
});

/** A killed process is gone once its parent has read its end: a zombie's state is Z. */
async function waitUntilGone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
      if (existsSync(`/proc/${pid}/stat`) && readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.startsWith('Z')) return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      return;
    }
    await sleep(20);
  }
}
