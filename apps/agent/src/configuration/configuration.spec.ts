import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import type { DesiredDocument } from '@provefleet/fleet-protocol';
import { FaultyFiles, temporaryPaths, type TemporaryState } from '../../test/support/faulty-files.js';
import type { EventDraft } from '../outbox/event-log.js';
import { automaticWorkers, DesiredState, refuseDesired } from './desired.js';
import { checkConfiguration, localConfigurationSchema, profileOf, readConfiguration, type LocalConfiguration } from './local.js';

let state: TemporaryState;
let files: FaultyFiles;
let applied: [DesiredDocument, number][];
let events: EventDraft[];

beforeEach(async () => {
  state = await temporaryPaths();
  files = new FaultyFiles();
  applied = [];
  events = [];
});
afterEach(() => state.remove());

const GIB = 2 ** 30;
const load = () =>
  DesiredState.load({
    fs: files.fs, path: state.paths.desired, limits: { cores: 2, memoryBytes: 8 * GIB }, event: (draft) => events.push(draft), apply: (document, workers) => applied.push([document, workers]), runningWorkers: () => applied.at(-1)?.[1] ?? 0,
  });
const document = (change: Partial<DesiredDocument> = {}): DesiredDocument => ({ workers: 2, paused: false, pauseNote: '', ...change });

describe('what is asked of a machine', () => {
  it('is applied once, reported, and known after a restart', async () => {
    const desired = await load();
    await desired.take(3, document({ workers: 4 }));
    await desired.take(3, document({ workers: 4 }));
    expect(applied).toEqual([[document({ workers: 4 }), 4]]);
    expect(desired.observed()).toEqual({ revision: 3, document: document({ workers: 4 }), workers: 4, rejected: null });
    expect(events).toMatchObject([{ kind: 'configuration', revision: 3, result: 'applied' }]);
    expect((await load()).revision).toBe(3);
  });

  it('is rejected whole, with field and reason, and the old one stays; a better one clears it', async () => {
    const desired = await load();
    await desired.take(1, document());
    await desired.take(2, document({ workers: 9, paused: true }));
    await desired.take(2, document({ workers: 9, paused: true }));
    expect(desired.observed()).toMatchObject({ revision: 1, document: document(), rejected: { revision: 2, field: 'workers', reason: expect.stringContaining('at most 8') } });
    expect(events.filter((event) => event.kind === 'configuration' && event.result === 'rejected')).toHaveLength(1);
    await desired.take(3, document({ workers: 1 }));
    expect(desired.observed()).toMatchObject({ revision: 3, rejected: null });
  });

  it('is in force even when the disk takes nothing', async () => {
    const desired = await load();
    files.room = 0;
    await expect(desired.take(1, document({ paused: true }))).rejects.toThrow('ENOSPC');
    expect(applied.at(-1)?.[0].paused).toBe(true);
    files.room = Infinity;
    await desired.take(2, document());
    expect(desired.revision).toBe(2);
  });

  it('is nothing in particular when the file is damaged: the control plane tells again', async () => {
    await writeFile(state.paths.desired, '{"revision": 5, "docu');
    const desired = await load();
    expect(desired.observed()).toMatchObject({ revision: 0, document: { workers: 'auto', paused: false } });
  });

  it('keeps an approval that is outstanding', async () => {
    await (await load()).setApproved(false);
    expect((await load()).approved).toBe(false);
  });
});

describe('the number of workers', () => {
  it.each([
    [{ cores: 1, memoryBytes: GIB / 2 }, 1],
    [{ cores: 4, memoryBytes: 64 * GIB }, 4],
    [{ cores: 64, memoryBytes: 256 * GIB }, 8],
    [{ cores: 16, memoryBytes: 8 * GIB }, 4],
    [{ cores: 16, memoryBytes: 64 * GIB, maxWorkers: 3 }, 3],
  ])('of %j is %i by itself', (limits, workers) => {
    expect(automaticWorkers(limits)).toBe(workers);
  });

  it('is refused beyond the rule of the machine, and beyond its memory', () => {
    expect(refuseDesired(document({ workers: 256 }), { cores: 64, memoryBytes: 512 * GIB })).toBeNull();
    expect(refuseDesired(document({ workers: 5 }), { cores: 64, memoryBytes: 512 * GIB, maxWorkers: 4 })?.reason).toContain('maxWorkers of this machine is 4');
    expect(refuseDesired(document({ workers: 8 }), { cores: 8, memoryBytes: GIB })?.reason).toContain('enough for 5');
    expect(refuseDesired(document({ workers: 0 }), { cores: 1, memoryBytes: GIB })).toBeNull();
  });
});

const local = (change: object = {}): object => ({
  version: 1, controlPlaneUrl: 'https://fleet.example.org', machineId: '0b9ff0a3-6ad5-4f0c-9b0a-0f4e62a3c1aa', machineName: 'm', environment: 'local', nodes: [{ id: '1' }], profile: 'local', backend: 'native', ...change,
});
const parsed = (change: object = {}): LocalConfiguration => localConfigurationSchema.parse(local(change));

describe('the file agent.json', () => {
  it('needs little and fills in the rest', async () => {
    await writeFile(state.paths.configuration, JSON.stringify(local()));
    expect(await readConfiguration(files.fs, state.paths.configuration)).toMatchObject({ nodes: [{ id: '1', weight: 1 }], drainDeadlineMs: 30_000, statusPort: 7380, country: 'off' });
  });

  it.each<[string, object]>([
    ['nodes', { nodes: [] }],
    ['nodes.0.id', { nodes: [{ id: 'has space' }] }],
    ['nodes', { nodes: [{ id: '1' }, { id: '1' }] }],
    ['profile', { profile: 'fast' }],
    ['difficulty.max', { difficulty: { max: 'HUGE' } }],
    ['controlPlaneUrl', { controlPlaneUrl: 'http://fleet.example.org' }],
    ['orchestratorUrl', { environment: 'custom' }],
    ['orchestratorUrl', { orchestratorUrl: 'http://far.example.org' }],
    ['typo', { typo: 1 }],
  ])('with a wrong %s is refused by its name', async (field, change) => {
    await writeFile(state.paths.configuration, JSON.stringify(local(change)));
    await expect(readConfiguration(files.fs, state.paths.configuration)).rejects.toMatchObject({ code: 'ConfigurationInvalid', message: expect.stringContaining(field) });
  });

  it('that is not there says what to do', async () => {
    await expect(readConfiguration(files.fs, state.paths.configuration)).rejects.toMatchObject({ code: 'NotJoined' });
  });

  it.each([{ environment: 'beta' }, { environment: 'production' }, { environment: 'custom', orchestratorUrl: 'https://orchestrator.nexus.xyz' }])('with %j does not go with the native prover', (change) => {
    expect(() => checkConfiguration(parsed(change))).toThrow('would refuse every proof');
    expect(() => checkConfiguration(parsed({ ...change, backend: 'nexus-cli' }))).not.toThrow();
  });

  it('bounds the difficulty', () => {
    expect(profileOf(parsed({ difficulty: { max: 'LARGE' } })).difficulty).toMatchObject({ max: 'LARGE', start: 'SMALL_MEDIUM' });
  });
});
