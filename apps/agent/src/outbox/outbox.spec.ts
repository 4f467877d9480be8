import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FakeAgentClock } from '../../test/support/fake-clock.js';
import { FaultyFiles, temporaryPaths, type TemporaryState } from '../../test/support/faulty-files.js';
import { Outbox, type Recovered, type SettledDraft } from './outbox.js';
import type { ProofRecord, TaskRecord } from './task-record.js';

let state: TemporaryState;
let files: FaultyFiles;
let clock: FakeAgentClock;

beforeEach(async () => {
  state = await temporaryPaths();
  files = new FaultyFiles();
  clock = new FakeAgentClock();
});
afterEach(() => state.remove());

const open = (): Promise<{ outbox: Outbox; recovered: Recovered }> =>
  Outbox.open({ fs: files.fs, paths: state.paths, now: () => clock.wallNow(), later: (ms, run) => void clock.setTimer(ms, run), sleep: (ms) => new Promise((resolve) => clock.setTimer(ms, resolve)) });

const task = (taskId: string, fetchedAt = 1): TaskRecord => ({
  nodeId: 'node/../1', taskId, program: 'fib_input_initial', inputs: [Uint8Array.of(1, 2), new Uint8Array(), Uint8Array.of(3)], taskType: 'ALL_PROOF_HASHES', difficulty: 'MEDIUM', createdAt: null, fetchedAt,
});
const proof = (taskId: string): ProofRecord => ({ ...task(taskId), proofs: [Uint8Array.of(0, 10, 13, 255), Uint8Array.of(7)], provingMs: 12.5, stages: [{ stage: 'fri', milliseconds: 3 }], workerId: 2 });
const end = (taskId: string): SettledDraft => ({
  kind: 'task-settled', level: 'info', nodeId: 'node/../1', taskId, program: 'p', taskType: 'PROOF_REQUIRED', difficulty: 'SMALL', input: '', outcome: 'accepted',
  reason: '', code: '', workerId: 1, provingMs: 1, stages: [], proofBytes: 1, submitAttempts: 1, fetchedAt: 1, settledAt: 2,
});
const filesLeft = async () => [...(await readdir(state.paths.tasks)), ...(await readdir(state.paths.proofs))];

describe('an outbox', () => {
  it('gives back what was fetched and what was proved, byte for byte, oldest first', async () => {
    const { outbox } = await open();
    await outbox.addTask(task('young', 20));
    await outbox.addTask(task('old', 10));
    await outbox.addTask(task('done', 5));
    await outbox.addProof(proof('done'));
    const { recovered } = await open();
    expect(recovered.tasks).toEqual([task('old', 10), task('young', 20)]);
    expect(recovered.proofs).toEqual([{ record: proof('done'), sent: false }]);
  });

  it('remembers that a submit had begun', async () => {
    const { outbox } = await open();
    await outbox.addProof(proof('a'));
    await outbox.markSent(proof('a'));
    expect((await open()).recovered.proofs).toMatchObject([{ sent: true }]);
  });

  it('forgets a settled task, whichever file outlived it', async () => {
    const { outbox } = await open();
    await outbox.addProof(proof('a'));
    await outbox.markSent(proof('a'));
    const before = await Promise.all((await readdir(state.paths.proofs)).map(async (name) => [name, await readFile(join(state.paths.proofs, name))] as const));
    await outbox.settle(end('a'));
    expect(await filesLeft()).toEqual([]);
    // As if the stop had come between the event and the removal.
    for (const [name, content] of before) await writeFile(join(state.paths.proofs, name), content);
    const { recovered } = await open();
    expect(recovered.proofs).toEqual([]);
    expect(recovered.settled.size).toBe(1);
    expect(await filesLeft()).toEqual([]);
  });

  it('takes the proof when a stop left the task beside it', async () => {
    const { outbox } = await open();
    await outbox.addProof(proof('a'));
    await outbox.addTask(task('a'));
    const { recovered } = await open();
    expect(recovered.tasks).toEqual([]);
    expect(recovered.proofs).toHaveLength(1);
  });

  it('clears away half-written files and puts damaged ones aside', async () => {
    const { outbox } = await open();
    await outbox.addProof(proof('a'));
    const [name = ''] = await readdir(state.paths.proofs);
    const content = await readFile(join(state.paths.proofs, name));
    await writeFile(join(state.paths.proofs, `${'0'.repeat(40)}.proof`), content.subarray(0, content.length - 1));
    await writeFile(join(state.paths.tasks, 'x.task.1-1.tmp'), 'half');
    const { recovered } = await open();
    expect(recovered.proofs).toHaveLength(1);
    expect(recovered.damaged).toEqual([`${'0'.repeat(40)}.proof`]);
    expect(await filesLeft()).toEqual([name]);
    expect(await readdir(state.paths.damaged)).toHaveLength(1);
  });

  it('names files by a hash, so that an id cannot leave the directory, and lets nobody else read them', async () => {
    const { outbox } = await open();
    await outbox.addTask(task('../../etc/passwd'));
    const [name = ''] = await readdir(state.paths.tasks);
    expect(name).toMatch(/^[0-9a-f]{40}\.task$/);
    expect((await stat(join(state.paths.tasks, name))).mode & 0o777).toBe(0o600);
  });

  it('on a full disk waits with the proof, says so, and writes it when there is room', async () => {
    const { outbox } = await open();
    files.room = 50;
    let kept = false;
    const adding = outbox.addProof(proof('a')).then(() => (kept = true));
    await settle();
    expect(outbox.problem).toContain('ENOSPC');
    expect(kept).toBe(false);
    expect(await filesLeft()).toEqual([]);
    files.room = Infinity;
    await clock.advance(1000);
    await adding;
    expect(outbox.problem).toBeNull();
    expect(outbox.proofs).toBe(1);
    expect((await open()).recovered.proofs).toHaveLength(1);
  });

  it('keeps the files of a task whose end cannot be written yet', async () => {
    const { outbox } = await open();
    await outbox.addProof(proof('a'));
    files.room = 0;
    const settling = outbox.settle(end('a'));
    await settle();
    expect(await filesLeft()).toHaveLength(1);
    files.room = Infinity;
    await clock.advance(1000);
    await settling;
    expect(await filesLeft()).toEqual([]);
  });
});

/** Lets real file work that is under way come to its end. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 100));
