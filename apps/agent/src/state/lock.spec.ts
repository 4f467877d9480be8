import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { temporaryPaths, type TemporaryState } from '../../test/support/faulty-files.js';
import { nodeFileSystem } from './files.js';
import { StateLock, type ProcessTable } from './lock.js';

let state: TemporaryState;
beforeEach(async () => {
  state = await temporaryPaths();
});
afterEach(() => state.remove());

/** Processes that live, with the time each started. */
const table = (living: Record<number, string | null>): ProcessTable => ({ isAlive: (pid) => pid in living, startTicks: (pid) => Promise.resolve(living[pid] ?? null) });
const acquire = (pid: number, processes: ProcessTable) => StateLock.acquire(nodeFileSystem, state.paths.lock, processes, pid);

describe('the lock of a state directory', () => {
  it('is held by one process at a time and free after its release', async () => {
    const processes = table({ 10: 'a', 11: 'b' });
    const first = await acquire(10, processes);
    await expect(acquire(11, processes)).rejects.toMatchObject({ code: 'StateLocked', message: expect.stringContaining('process 10') });
    await first.release();
    await acquire(11, processes);
    expect((await readdir(state.paths.root)).filter((name) => name.startsWith('agent.lock'))).toEqual(['agent.lock']);
  });

  it('of a process that died is taken over', async () => {
    await acquire(10, table({ 10: 'a' }));
    await acquire(11, table({ 11: 'b' }));
    expect(JSON.parse(await readFile(state.paths.lock, 'utf8'))).toEqual({ pid: 11, startTicks: 'b' });
  });

  it('of a process that died is not mistaken for that of a later one with the same id', async () => {
    await acquire(10, table({ 10: 'a' }));
    await acquire(11, table({ 10: 'started later', 11: 'b' }));
  });

  it('that is damaged is taken over', async () => {
    await writeFile(state.paths.lock, '{"pi');
    await acquire(10, table({ 10: 'a' }));
  });

  it('is got by exactly one of many that take over a stale one', async () => {
    await acquire(1, table({ 1: 'dead soon' }));
    const living = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [index + 20, 'x']));
    const results = await Promise.allSettled(Object.keys(living).map((pid) => acquire(Number(pid), table(living))));
    expect(results.map(({ status }) => status).filter((status) => status === 'fulfilled')).toHaveLength(1);
  });
});
