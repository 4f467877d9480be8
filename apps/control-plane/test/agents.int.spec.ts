import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AGENT_SOCKET_PATH, CLOSE_CODES, eventPageSchema, machineDetailSchema, MAX_FRAME_BYTES, proofPageSchema } from '@provefleet/fleet-protocol';
import { WebSocket } from 'ws';
import { FACTS, heartbeat, Identity, ScriptedAgent, settled, stateEvent } from './support/agent.js';
import { Api } from './support/api.js';
import { ControlPlane, TestDatabase } from './support/control-plane.js';
import { eventually } from './support/eventually.js';

let database: TestDatabase;
let plane: ControlPlane;
let api: Api;
let identity: Identity;
let machines = 0;

beforeAll(async () => {
  database = await TestDatabase.start();
  plane = await ControlPlane.start(database);
  api = await Api.signedIn(plane);
});
afterAll(async () => {
  await ControlPlane.endAll();
  await database?.stop();
});
beforeEach(async () => {
  identity = new Identity();
  await identity.enrol(api, { name: `rig-${++machines}` });
});

const detail = async () => machineDetailSchema.parse(await api.ok('GET', `machines/${identity.machineId}`));

describe('an agent', () => {
  it('is welcomed, told what to do, and shown by its heartbeat', async () => {
    const agent = await ScriptedAgent.join(plane, identity);
    expect(agent.welcome).toMatchObject({ machineName: `rig-${machines}`, approved: true, lastSequence: 0 });
    expect(agent.welcome.heartbeatIntervalMs).toBeGreaterThanOrEqual(1_800);
    expect(agent.welcome.heartbeatIntervalMs).toBeLessThanOrEqual(2_200);
    expect(agent.desired).toMatchObject({ revision: 1, document: { workers: 'auto', paused: false } });

    const sent = heartbeat({ state: 'throttled', reason: 'told to wait until 03:20' });
    agent.send(sent);
    const shown = await eventually(async () => {
      const machine = await detail();
      return machine.state === 'throttled' && machine;
    });
    expect(shown).toMatchObject({
      reason: 'told to wait until 03:20', gauges: sent.heartbeat.gauges, workers: sent.heartbeat.workers, nodes: sent.heartbeat.nodes, observed: sent.heartbeat.observed, startedAt: sent.heartbeat.startedAt, facts: FACTS,
    });
    expect(Date.now() - (shown.lastSeenAt ?? 0)).toBeLessThan(10_000);
    await agent.disconnect();
  });

  it('has its events acknowledged when they are in the database, each once', async () => {
    const agent = await ScriptedAgent.join(plane, identity);
    expect(await agent.deliver([settled(1), settled(2, { outcome: 'refused', reason: 'wrong program hash', code: '400' }), stateEvent(3)])).toBe(3);
    expect(await agent.deliver([settled(2), stateEvent(3), settled(4), settled(4)])).toBe(4);
    expect(await agent.deliver([settled(1)])).toBe(4);

    const stored = await database.query('SELECT sequence::int, kind FROM event WHERE machine_id = $1 ORDER BY sequence', [identity.machineId]);
    expect(stored).toEqual([1, 2, 3, 4].map((sequence) => ({ sequence, kind: sequence === 3 ? 'state' : 'task-settled' })));
    expect(await detail()).toMatchObject({ acceptedTotal: 2, outcomes: { accepted: 2, refused: 1, expired: 0, failed: 0 } });
    const proofs = proofPageSchema.parse(await api.ok('GET', `machines/${identity.machineId}/proofs`));
    expect(proofs.items.map(({ taskId, outcome, reason }) => ({ taskId, outcome, reason }))).toEqual(
      expect.arrayContaining([{ taskId: 'task-2', outcome: 'refused', reason: 'wrong program hash' }, { taskId: 'task-4', outcome: 'accepted', reason: '' }]),
    );
    const events = eventPageSchema.parse(await api.ok('GET', `machines/${identity.machineId}/events`));
    expect(events.items.map(({ event }) => event.sequence)).toEqual([3, 2]); // what went well is left out
    const all = eventPageSchema.parse(await api.ok('GET', `machines/${identity.machineId}/events?routine=true`));
    expect(all.items.map(({ event }) => event.sequence)).toEqual([4, 3, 2, 1]);
    await agent.disconnect();

    const back = await ScriptedAgent.join(plane, identity);
    expect(back.welcome.lastSequence).toBe(4);
    await back.disconnect();
  });

  it('with a clock ahead of ours makes no events in the future', async () => {
    const agent = await ScriptedAgent.join(plane, identity);
    const ahead = Date.now() + 3_600_000;
    await agent.deliver([settled(1, { at: ahead, settledAt: ahead, fetchedAt: ahead })]);
    const [row] = await database.query<{ late: boolean }>("SELECT settled_at > now() + interval '1 second' AS late FROM proof WHERE machine_id = $1", [identity.machineId]);
    expect(row).toEqual({ late: false });
    await agent.disconnect();
  });

  it('that sends the largest values of the protocol is stored, and takes nobody down', async () => {
    const agent = await ScriptedAgent.join(plane, identity);
    const huge = Number.MAX_SAFE_INTEGER;
    await agent.deliver([settled(1, { proofBytes: huge, submitAttempts: huge, workerId: huge, provingMs: 1e300, fetchedAt: 0, settledAt: 0, at: 0, reason: '𝒑'.repeat(250), input: 'ｎ'.repeat(200) })]);
    expect(await agent.deliver([settled(huge)])).toBe(huge);
    agent.send(heartbeat({ since: 8.64e15, gauges: { ...heartbeat().heartbeat.gauges, memoryUsedBytes: huge, cpu: 1 } }));
    const other = new Identity();
    await other.enrol(api, { name: 'beside' });
    const healthy = await ScriptedAgent.join(plane, other);
    expect(await healthy.deliver([settled(1)])).toBe(1);
    await eventually(async () => (await detail()).gauges?.memoryUsedBytes === huge);
    await Promise.all([agent.disconnect(), healthy.disconnect()]);
  });

  it('counts as offline when its heartbeats stop, and as itself when they come back', async () => {
    const agent = await ScriptedAgent.join(plane, identity);
    agent.send(heartbeat());
    await eventually(async () => (await detail()).state === 'proving');
    await agent.disconnect();
    // Three intervals of 2 s and 2 s of grace: shortened here by moving the deadline.
    await database.query('UPDATE machine_status SET offline_at = now() WHERE machine_id = $1', [identity.machineId]);
    expect(await detail()).toMatchObject({ state: 'offline', reason: 'no heartbeat' });
    const back = await ScriptedAgent.join(plane, identity);
    back.send(heartbeat());
    await eventually(async () => (await detail()).state === 'proving');
    await back.disconnect();
  });
});

describe('what a machine says of itself', () => {
  it('is written when it changed, and only then', async () => {
    const written = async () => (await database.query<{ version: string }>('SELECT xmin::text AS version FROM machine WHERE id = $1', [identity.machineId]))[0]?.version;
    const before = await written();
    const agent = await ScriptedAgent.join(plane, identity); // says what the enrolment said
    expect(await written()).toBe(before);
    agent.send({ type: 'hello', facts: { ...FACTS, memoryBytes: 16_000_000_000 }, observedRevision: 0 });
    await eventually(async () => (await detail()).facts?.memoryBytes === 16_000_000_000);
    await agent.disconnect();
  });
});

describe('a change of what a machine should do', () => {
  it('reaches the machine at once, and again when it reconnects; history tells who and why', async () => {
    const agent = await ScriptedAgent.join(plane, identity);
    const changed = await api.ok<{ desired: unknown }>('PUT', `machines/${identity.machineId}/desired`, { workers: 3, reason: 'cooler now' });
    expect(changed.desired).toEqual({ revision: 2, document: { workers: 3, paused: false, pauseNote: '' } });
    expect(await agent.next('desired')).toEqual({ type: 'desired', revision: 2, document: { workers: 3, paused: false, pauseNote: '' } });
    await agent.disconnect();
    await api.ok('PUT', `machines/${identity.machineId}/desired`, { paused: true, pauseNote: 'new fan' });
    const back = await ScriptedAgent.join(plane, identity);
    expect(back.desired).toEqual({ type: 'desired', revision: 3, document: { workers: 3, paused: true, pauseNote: 'new fan' } });
    expect((await detail()).revisions.map(({ revision, by, reason }) => ({ revision, by, reason }))).toEqual([
      { revision: 3, by: 'admin', reason: '' }, { revision: 2, by: 'admin', reason: 'cooler now' }, { revision: 1, by: 'control plane', reason: 'joined' },
    ]);
    expect(await database.query("SELECT before->'workers' AS before, after->'workers' AS after, reason FROM audit_entry WHERE action = 'desired-changed' AND target LIKE $1 ORDER BY id LIMIT 1", [`%${identity.machineId}`])).toEqual([
      { before: 'auto', after: 3, reason: 'cooler now' },
    ]);
    await back.disconnect();
  });

  it('is refused when somebody else was faster', async () => {
    const path = `machines/${identity.machineId}/desired`;
    const answers = await Promise.all([4, 5, 6].map((workers) => api.call('PUT', path, { workers, expectedRevision: 1 })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({ code: 'revision-conflict', field: 'body.expectedRevision' });
    expect((await detail()).desired.revision).toBe(2);
  });

  it('that changes nothing makes no revision', async () => {
    await api.ok('PUT', `machines/${identity.machineId}/desired`, { paused: false, workers: 'auto' });
    expect((await detail()).desired.revision).toBe(1);
  });

  it.each([{ workers: 257 }, { workers: -1 }, { workers: 'many' }, { paused: 'yes' }, { pauseNote: 'two\nlines' }])('is checked: %j', async (body) => {
    expect(await api.call('PUT', `machines/${identity.machineId}/desired`, body)).toMatchObject({ status: 400, body: { code: 'request-invalid', field: `body.${Object.keys(body)[0]}` } });
  });
});

describe('a connection that does not keep to the protocol', () => {
  /** Whatever happened before, an honest agent is served. */
  const expectServed = async () => {
    const honest = new Identity();
    await honest.enrol(api, { name: 'honest' });
    const agent = await ScriptedAgent.join(plane, honest);
    expect(await agent.deliver([settled(1)])).toBe(1);
    await agent.disconnect();
  };

  const deep = `{"type":"hello","facts":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  it.each([
    ['not JSON', '{"type":', CLOSE_CODES.malformed, 'frame is not JSON'],
    ['no object', '[]', CLOSE_CODES.malformed, 'type: must be a string'],
    ['a field missing', '{"type":"auth","protocol":1}', CLOSE_CODES.malformed, 'auth.machineId'],
    ['deep nesting', deep, CLOSE_CODES.malformed, 'hello.facts'],
    ['binary', Buffer.from([1, 2, 3]), CLOSE_CODES.malformed, 'frame is binary'],
    ['another version', '{"type":"auth","protocol":2}', CLOSE_CODES.wrongVersion, 'version 2 is not spoken here'],
    ['a frame before auth', JSON.stringify(heartbeat()), CLOSE_CODES.unauthenticated, 'heartbeat came before welcome'],
    ['an unknown type before auth', '{"type":"teleport"}', CLOSE_CODES.unauthenticated, 'the first frame must be auth'],
    ['a frame just too large', 'x'.repeat(MAX_FRAME_BYTES + 1), CLOSE_CODES.tooLarge, 'too large'],
    ['a frame far too large', 'x'.repeat(20 * MAX_FRAME_BYTES), CLOSE_CODES.tooLarge, 'too large'],
  ])('is closed with a code and a reason: %s', async (_name, frame, code, reason) => {
    const agent = await ScriptedAgent.connect(plane, identity);
    agent.send(frame);
    expect(await agent.closed).toEqual({ code, reason: expect.stringContaining(reason) });
    await expectServed();
  });

  it('is closed after authentication as well', async () => {
    const agent = await ScriptedAgent.join(plane, identity);
    agent.send({ type: 'events', events: [{ ...settled(1), sequence: 0 }] });
    expect(await agent.closed).toEqual({ code: CLOSE_CODES.malformed, reason: expect.stringContaining('events.events.0.sequence') });
    expect(await database.query('SELECT 1 FROM event WHERE machine_id = $1', [identity.machineId])).toEqual([]);
  });

  it('learns that a type is not known and stays, so that versions can mix', async () => {
    const agent = await ScriptedAgent.join(plane, identity);
    agent.send({ type: 'teleport' });
    expect(await agent.next('error')).toMatchObject({ code: 'unknown-type', message: expect.stringContaining('teleport') });
    expect(await agent.deliver([settled(1)])).toBe(1);
    await agent.disconnect();
  });

  it('is closed when it sends too fast', async () => {
    const agent = await ScriptedAgent.join(plane, identity);
    for (let i = 0; i < 1_000; i++) agent.send({ type: 'error', code: 'x', message: 'flood' });
    expect(await agent.closed).toMatchObject({ code: CLOSE_CODES.tooFast });
    await expectServed();
  });

  it('is closed when it never says who it is', async () => {
    const agent = await ScriptedAgent.connect(plane, identity);
    expect(await agent.closed).toEqual({ code: CLOSE_CODES.authTimeout, reason: expect.stringContaining('no auth') });
  });

  it('cannot sign with another key', async () => {
    const agent = await ScriptedAgent.connect(plane, identity);
    const { signature } = await (async () => {
      const thief = new Identity();
      thief.machineId = identity.machineId;
      return (await ScriptedAgent.connect(plane, thief)).authFrame();
    })();
    agent.send({ ...(await agent.authFrame()), signature });
    expect(await agent.closed).toMatchObject({ code: CLOSE_CODES.unauthenticated });
  });

  it('cannot replay the answer to an older challenge', async () => {
    const first = await ScriptedAgent.connect(plane, identity);
    const recorded = await first.authFrame();
    first.send(recorded);
    await first.next('welcome');
    await first.disconnect();
    const replay = await ScriptedAgent.connect(plane, identity);
    await replay.next('challenge');
    replay.send(recorded);
    expect(await replay.closed).toEqual({ code: CLOSE_CODES.unauthenticated, reason: 'the signature does not answer this challenge' });
    await expectServed();
  });

  it('is not let in when the machine is not known', async () => {
    const stranger = new Identity();
    stranger.machineId = '6f6c7b1e-6f7b-4c39-9d3f-0d4f5a0d3c11';
    const agent = await ScriptedAgent.connect(plane, stranger);
    agent.send(await agent.authFrame());
    expect(await agent.closed).toEqual({ code: CLOSE_CODES.revoked, reason: expect.stringContaining('not known') });
  });

  it('gives way to a newer connection of the same machine', async () => {
    const older = await ScriptedAgent.join(plane, identity);
    const newer = await ScriptedAgent.join(plane, identity);
    expect(await older.closed).toMatchObject({ code: CLOSE_CODES.replaced });
    expect(await newer.deliver([settled(1)])).toBe(1);
    await newer.disconnect();
  });

  it('that is cut in the middle of a frame leaves nothing behind', async () => {
    const agent = await ScriptedAgent.join(plane, identity);
    agent.send({ type: 'events', events: Array.from({ length: 200 }, (_, i) => settled(i + 1)) });
    agent.socket.terminate();
    await expectServed();
    const back = await ScriptedAgent.join(plane, identity);
    await back.deliver(Array.from({ length: 200 }, (_, i) => settled(i + 1)));
    expect((await detail()).acceptedTotal).toBe(200);
    await back.disconnect();
  });

  it('finds its way in again after a herd of others that do not say who they are', async () => {
    const silent = await Promise.all(Array.from({ length: 200 }, () => ScriptedAgent.connect(plane, identity)));
    const late = await ScriptedAgent.connect(plane, identity);
    expect(await late.closed).toEqual({ code: CLOSE_CODES.goingAway, reason: expect.stringContaining('many machines connect at once') });
    await Promise.all(silent.map((agent) => agent.disconnect()));
    await expectServed();
  });

  it('finds no socket elsewhere', async () => {
    for (const path of ['/', '/agent/v2', `${AGENT_SOCKET_PATH}/x`]) {
      const socket = new WebSocket(`${plane.url.replace('http', 'ws')}${path}`);
      const [error] = (await once(socket, 'error')) as [Error];
      expect(error.message).toContain('404');
    }
  });
});

describe('revoking a machine', () => {
  it('closes its connection at once and keeps it out', async () => {
    const agent = await ScriptedAgent.join(plane, identity);
    const from = Date.now();
    await api.ok('POST', `machines/${identity.machineId}/revoke`, { reason: 'stolen' });
    expect(await agent.closed).toEqual({ code: CLOSE_CODES.revoked, reason: expect.stringContaining('revoked') });
    expect(Date.now() - from).toBeLessThan(5_000);
    const back = await ScriptedAgent.connect(plane, identity);
    back.send(await back.authFrame());
    expect(await back.closed).toMatchObject({ code: CLOSE_CODES.revoked });
    await sleep(50);
    expect(await database.query("SELECT reason FROM audit_entry WHERE action = 'machine-revoked' AND target LIKE $1", [`%${identity.machineId}`])).toEqual([{ reason: 'stolen' }]);
  });
});
