import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FleetEvent } from '@provefleet/fleet-protocol';
import { FakeAgentClock } from '../../test/support/fake-clock.js';
import { FaultyFiles, temporaryPaths, type TemporaryState } from '../../test/support/faulty-files.js';
import { EventLog, startAfterAcknowledged, type EventDraft } from './event-log.js';

let state: TemporaryState;
let files: FaultyFiles;
let clock: FakeAgentClock;

beforeEach(async () => {
  state = await temporaryPaths();
  files = new FaultyFiles();
  clock = new FakeAgentClock();
});
afterEach(() => state.remove());

const telemetry = (text = 'x'): EventDraft => ({ kind: 'agent', level: 'info', change: 'started', reason: text });
const settled = (taskId: string): EventDraft => ({
  kind: 'task-settled', level: 'info', nodeId: 'n', taskId, program: 'p', taskType: 'PROOF_REQUIRED', difficulty: 'SMALL', input: '9, 1, 1', outcome: 'accepted',
  reason: '', code: '', workerId: 1, provingMs: 1, stages: [], proofBytes: 1, submitAttempts: 1, fetchedAt: 1, settledAt: 2,
});

async function open(limits: { maxBytes?: number; segmentBytes?: number; keepSettled?: number } = {}): Promise<{ log: EventLog; found: FleetEvent[] }> {
  const found: FleetEvent[] = [];
  const log = await EventLog.open(
    { fs: files.fs, directory: state.paths.events, now: () => clock.wallNow(), later: (ms, run) => void clock.setTimer(ms, run), ...limits },
    (event) => found.push(event),
  );
  return { log, found };
}

const sequences = async (log: EventLog, after = 0) => (await log.readAfter(after, 1000, 1e9)).map(({ sequence }) => sequence);
const segmentFiles = async () => (await readdir(state.paths.events)).filter((name) => name.endsWith('.log')).sort();

describe('an event log', () => {
  it('numbers events from 1 and gives them back after a restart, going on with the numbers', async () => {
    const first = await open();
    await Promise.all([telemetry(), telemetry(), telemetry()].map((draft) => first.log.append(draft).durable));
    const second = await open();
    expect(second.found.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    expect(second.log.append(telemetry()).sequence).toBe(4);
    await second.log.flush();
    expect(await sequences(second.log, 2)).toEqual([3, 4]);
  });

  it.each([1, 5, 40])('cuts off a tail torn %i bytes short and uses its number again', async (missing) => {
    const first = await open();
    await first.log.append(telemetry()).durable;
    await first.log.append(telemetry('torn')).durable;
    const [name] = await segmentFiles();
    const path = join(state.paths.events, name ?? '');
    const content = await readFile(path);
    await writeFile(path, content.subarray(0, content.length - missing));
    const second = await open();
    expect(second.found).toHaveLength(1);
    await second.log.append(telemetry('after')).durable;
    const third = await open();
    expect(third.found.map((event) => [event.sequence, 'reason' in event && event.reason])).toEqual([[1, 'x'], [2, 'after']]);
  });

  it('passes over a decayed record in the middle and keeps those after it', async () => {
    const { log } = await open();
    for (const text of ['one', 'two', 'three']) await log.append(telemetry(text)).durable;
    const [name] = await segmentFiles();
    const path = join(state.paths.events, name ?? '');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"two"', '"tw0"'));
    expect((await open()).found.map(({ sequence }) => sequence)).toEqual([1, 3]);
  });

  it('does not take garbage at the end for events', async () => {
    const { log } = await open();
    await log.append(telemetry()).durable;
    const [name] = await segmentFiles();
    await appendFile(join(state.paths.events, name ?? ''), '00000000 {"sequence":2}\nrubbish');
    expect((await open()).found).toHaveLength(1);
  });

  it('refuses an event no control plane would take, instead of sending it for ever', async () => {
    const { log } = await open();
    expect(() => log.append(telemetry('two\nlines'))).toThrow('control characters');
    expect(log.append(telemetry()).sequence).toBe(1);
    await log.flush();
  });

  it('lets acknowledged segments go, keeps the number, and keeps pinned ones', async () => {
    const { log } = await open({ segmentBytes: 1 });
    for (let i = 0; i < 4; i++) await log.append(telemetry()).durable;
    const unpin = log.pin(3);
    log.acknowledge(4);
    await log.flush();
    expect(await segmentFiles()).toHaveLength(2);
    unpin();
    await log.flush();
    expect(await segmentFiles()).toHaveLength(1);
    expect(log.unacknowledged).toBe(0);
    expect((await open()).log.append(telemetry()).sequence).toBe(5);
  });

  it('keeps the last ends of tasks, acknowledged or not, and does not take them for outstanding after a restart', async () => {
    const limits = { segmentBytes: 1, keepSettled: 3 };
    const { log } = await open(limits);
    for (let i = 0; i < 6; i++) {
      await log.append(settled(`t${i}`)).durable;
      await log.append(telemetry()).durable;
    }
    log.acknowledge(12);
    await log.flush();
    const again = await open(limits);
    expect(again.found.flatMap((event) => (event.kind === 'task-settled' ? [event.taskId] : []))).toEqual(['t3', 't4', 't5']);
    expect(again.log.unacknowledged).toBe(0);
    expect(again.log.append(telemetry()).sequence).toBe(13);
    expect(again.log.unacknowledged).toBe(1);
    await again.log.flush();
  });

  it('after joining anew sends nothing the former control plane has, and still knows it', async () => {
    const { log } = await open({ keepSettled: 10 });
    for (const id of ['a', 'b', 'c']) await log.append(settled(id)).durable;
    log.acknowledge(2);
    await log.flush();
    await startAfterAcknowledged(files.fs, state.paths.events);
    const { log: again, found } = await open({ keepSettled: 10 });
    expect(found).toHaveLength(3);
    expect(await sequences(again, 0)).toEqual([3]);
  });

  it('goes on above the number the control plane has, after an old copy of the state was put back', async () => {
    const { log } = await open();
    log.acknowledge(100);
    expect(log.append(telemetry()).sequence).toBe(101);
    await log.flush();
  });

  it('never gives out what is not yet on disk', async () => {
    const { log } = await open();
    log.append(telemetry());
    expect(await sequences(log)).toEqual([]);
    await log.flush();
    expect(await sequences(log)).toEqual([1]);
  });

  it('keeps within the limits of a batch', async () => {
    const { log } = await open({ segmentBytes: 300 });
    for (let i = 0; i < 20; i++) await log.append(telemetry()).durable;
    expect(await log.readAfter(0, 7, 1e9)).toHaveLength(7);
    expect((await log.readAfter(5, 100, 300)).length).toBeLessThan(4);
    expect(await log.readAfter(5, 100, 1)).toHaveLength(1);
  });

  it('on a full disk keeps everything in order and writes it when there is room, leaving no half record', async () => {
    const { log } = await open();
    await log.append(telemetry('before')).durable;
    files.room = 10;
    let written = false;
    void log.append(settled('a')).durable.then(() => (written = true));
    log.append(telemetry('later'));
    await log.flush();
    expect(log.problem).toContain('ENOSPC');
    expect(written).toBe(false);
    expect((await open()).found).toHaveLength(1);
    files.room = Infinity;
    await clock.advance(1000);
    await log.flush();
    expect(log.problem).toBeNull();
    expect((await open()).found.map(({ sequence, kind }) => [sequence, kind])).toEqual([[1, 'agent'], [2, 'task-settled'], [3, 'agent']]);
  });

  it('over its bound drops the oldest telemetry first, counts it, and keeps the ends of tasks', async () => {
    const { log } = await open({ maxBytes: 4000, segmentBytes: 500 });
    for (let i = 0; i < 40; i++) await log.append(i % 10 === 0 ? settled(`t${i}`) : telemetry(`event ${i}`)).durable;
    await log.flush();
    expect(log.dropped).toBeGreaterThan(5);
    const left = await log.readAfter(0, 1000, 1e9);
    expect(left.filter(({ kind }) => kind === 'task-settled')).toHaveLength(4);
    expect(left.length).toBe(40 - log.dropped);
    expect(left.at(-1)?.sequence).toBe(40);
  });

  it('drops ends of tasks only when they alone fill twice the bound', async () => {
    const { log } = await open({ maxBytes: 3000, segmentBytes: 500 });
    for (let i = 0; i < 60; i++) await log.append(settled(`t${i}`)).durable;
    await log.flush();
    const left = await log.readAfter(0, 1000, 1e9);
    expect(left.length).toBe(60 - log.dropped);
    expect(log.dropped).toBeGreaterThan(30);
    expect(left.at(-1)?.sequence).toBe(60);
    expect(left.length).toBeGreaterThan(3);
  });
});
