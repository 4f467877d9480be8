import { describe, expect, it } from '@jest/globals';
import { parseOptions, OptionsError } from './options.js';
import { describe as describeReport, verdict, type LoadReport } from './report.js';
import { Tally } from './tally.js';

const none = { count: 0, p50: null, p95: null, p99: null, max: null };
const some = { count: 10, p50: 1.25, p95: 20, p99: 30.4, max: 31 };
const counted = { expectedEvents: 6_000, storedEvents: 6_000, expectedProofs: 3_000, storedProofs: 3_000, lost: 0, doubled: 0, wrong: [] };
const watcher = { events: 10, repeated: 0, resyncs: 0, machineUpdates: 5, bytes: 1_000, reconnects: 0, latency: some };
const good: LoadReport = {
  startedAt: '2026-01-01T00:00:00.000Z', seconds: 60, machines: 200, eventsPerSecond: 100, seed: 'seed', enrolMs: 1_000, connectMs: 2_000, made: 6_000, pending: 0,
  tally: { ...new Tally().report(), acknowledgement: some },
  storms: [{ atSeconds: 30, machines: 200, allBackMs: 1_500 }],
  rows: { latency: some, notVisible: 0 },
  counted,
  watchers: [watcher],
  lists: { list: some, filter: some, overview: none, errors: 0 },
  controlPlane: { peakBytes: 2 ** 28, cores: 0.5 },
  host: { cores: 2, load: 1.5 },
  generator: { loopDelayP99: 12, loopDelayMax: 40, cores: 0.3, peakBytes: 2 ** 27 },
};

describe('the verdict', () => {
  it('is good when all arrived once', () => {
    expect(verdict(good)).toEqual([]);
    expect(verdict({ ...good, counted: null, rows: null })).toEqual([]);
  });

  it.each<[string, Partial<LoadReport>]>([
    ['never acknowledged', { pending: 1 }],
    ['missing', { counted: { ...counted, lost: 2 } }],
    ['twice', { counted: { ...counted, doubled: 1 } }],
    ['differ', { counted: { ...counted, wrong: ['a machine'] } }],
    ['faults', { tally: { ...good.tally, faults: { count: 1, first: ['x'] } } }],
    ['live socket', { watchers: [{ ...watcher, repeated: 1 }] }],
  ])('says when something is %s', (word, change) => {
    expect(verdict({ ...good, ...change })).toEqual([expect.stringContaining(word)]);
  });
});

describe('the report', () => {
  it('says each figure with its unit', () => {
    const text = describeReport(good);
    expect(text).toMatch(/Event → row +p50 1\.3, p95 20, p99 30, max 31 ms \(10\)/);
    expect(text).toMatch(/Overview +p50 –/);
    expect(text).toMatch(/Storm at 30 s +200 cut, all back after 1\.5 s/);
    expect(text).toMatch(/Host +2 cores, load 1\.5$/m);
    expect(describeReport({ ...good, host: { cores: 2, load: 9 } })).toMatch(/load 9\.0: others wanted the cores too/);
    expect(text).toMatch(/Control plane +0\.50 cores, 256 MiB/);
  });
});

describe('the options', () => {
  const raw = {
    machines: '200', eventsPerSecond: '100', duration: '60', controlPlane: 'http://127.0.0.1:4000/', origin: 'http://localhost:3000', adminUser: 'admin', adminPasswordFile: 'file',
    seed: 'seed', workers: '2', connectRate: '200', watchers: '1', stormEvery: '0', stormShare: '1',
  };

  it('are numbers and origins', () => {
    expect(parseOptions(raw)).toMatchObject({ machines: 200, eventsPerSecond: 100, controlPlane: 'http://127.0.0.1:4000' });
  });

  it.each([
    ['machines', 'many', '--machines'],
    ['machines', '0', '--machines'],
    ['eventsPerSecond', '-1', '--events-per-second'],
    ['controlPlane', 'ftp://host', '--control-plane'],
    ['seed', 'two words', '--seed'],
    ['stormShare', '1.5', '--storm-share'],
  ])('name %s when it is %j', (name, value, option) => {
    const attempt = () => parseOptions({ ...raw, [name]: value });
    expect(attempt).toThrow(OptionsError);
    expect(attempt).toThrow(option);
  });
});
