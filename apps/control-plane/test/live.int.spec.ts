import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LIVE_SOCKET_PATH, type LiveFrame, liveFrameSchema } from '@provefleet/fleet-protocol';
import { WebSocket } from 'ws';
import { closeOf, heartbeat, Identity, ScriptedAgent, settled, stateEvent } from './support/agent.js';
import { Api } from './support/api.js';
import { ControlPlane, ORIGIN, TestDatabase } from './support/control-plane.js';
import { eventually } from './support/eventually.js';

let database: TestDatabase;
let plane: ControlPlane;
let api: Api;
const identity = new Identity();
let agent: ScriptedAgent;

beforeAll(async () => {
  database = await TestDatabase.start();
  plane = await ControlPlane.start(database);
  api = await Api.signedIn(plane);
  await identity.enrol(api, { name: 'watched' });
  agent = await ScriptedAgent.join(plane, identity);
});
afterAll(async () => {
  await ControlPlane.endAll();
  await database?.stop();
});

/** A dashboard's live socket; every frame must be of the schema. */
class Dashboard {
  readonly frames: { frame: LiveFrame; at: number }[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => this.frames.push({ frame: liveFrameSchema.parse(JSON.parse(data.toString())), at: Date.now() }));
    this.closed = closeOf(socket);
  }

  static async open(headers: Record<string, string> = { cookie: api.cookie, origin: ORIGIN }): Promise<Dashboard> {
    const dashboard = new Dashboard(new WebSocket(`${plane.url.replace('http', 'ws')}${LIVE_SOCKET_PATH}`, { headers }));
    await once(dashboard.socket, 'open');
    return dashboard;
  }

  find<T extends LiveFrame['type']>(type: T, fits: (frame: Extract<LiveFrame, { type: T }>) => boolean = () => true): Promise<Extract<LiveFrame, { type: T }>> {
    return eventually(async () => this.frames.map(({ frame }) => frame).find((frame): frame is Extract<LiveFrame, { type: T }> => frame.type === type && fits(frame as Extract<LiveFrame, { type: T }>)));
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}

describe('the live socket', () => {
  it.each([
    ['without a session', { origin: ORIGIN }, 401],
    ['with a made-up session', { origin: ORIGIN, cookie: 'provefleet_session=guess' }, 401],
    ['from another site', { origin: 'https://evil.example' }, 403],
    ['without an origin', {}, 403],
  ])('does not open %s', async (_name, headers, status) => {
    const session = 'origin' in headers && headers.origin === ORIGIN ? {} : { cookie: api.cookie };
    const socket = new WebSocket(`${plane.url.replace('http', 'ws')}${LIVE_SOCKET_PATH}`, { headers: { ...session, ...headers } as Record<string, string> });
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain(String(status));
  });

  it('tells of a machine whose state changed, at most once a second', async () => {
    const dashboard = await Dashboard.open();
    await dashboard.find('ready');
    for (let i = 0; i < 20; i++) {
      agent.send(heartbeat({ state: i === 19 ? 'low-memory' : 'proving', reason: `beat ${i}` }));
      await sleep(100);
    }
    const frame = await dashboard.find('machines', ({ items }) => items.some(({ reason }) => reason === 'beat 19'));
    expect(frame.items).toEqual([expect.objectContaining({ name: 'watched', state: 'low-memory' })]);
    expect(frame.byState['low-memory']).toBe(1);
    const times = dashboard.frames.filter(({ frame }) => frame.type === 'machines').map(({ at }) => at);
    expect(times.length).toBeLessThanOrEqual(5);
    await dashboard.close();
  });

  it('tells of events once they are stored', async () => {
    const dashboard = await Dashboard.open();
    await dashboard.find('ready');
    await agent.deliver([settled(1), stateEvent(2, 'watch me')]);
    const { items } = await dashboard.find('events');
    expect(items.map(({ machineName, event }) => ({ machineName, kind: event.kind }))).toEqual([{ machineName: 'watched', kind: 'task-settled' }, { machineName: 'watched', kind: 'state' }]);
    await agent.deliver([settled(1), stateEvent(2)]); // the same again is no news
    await sleep(1_500);
    expect(dashboard.frames.filter(({ frame }) => frame.type === 'events')).toHaveLength(1);
    await dashboard.close();
  });

  it('gives the detail of the machine that is watched, from now on', async () => {
    const dashboard = await Dashboard.open();
    dashboard.socket.send(JSON.stringify({ type: 'watch', machineId: identity.machineId }));
    await dashboard.find('machine', ({ machine }) => machine.id === identity.machineId);
    agent.send(heartbeat({ reason: 'fresh detail' }));
    await dashboard.find('machine', ({ machine }) => machine.reason === 'fresh detail');
    await api.ok('PUT', `machines/${identity.machineId}/desired`, { workers: 2 });
    await agent.next('desired');
    await dashboard.find('machine', ({ machine }) => machine.desired.document.workers === 2);
    await dashboard.close();
  });

  it('tells of a machine that went offline without a word', async () => {
    const dashboard = await Dashboard.open();
    agent.send(heartbeat({ state: 'proving' }));
    await dashboard.find('machines', ({ items }) => items[0]?.state === 'proving');
    const silentFrom = Date.now();
    const frame = await dashboard.find('machines', ({ items }) => items[0]?.state === 'offline' && items[0].reason === 'no heartbeat').catch(() => undefined);
    // Three intervals of at most 2.2 s and 2 s of grace, then the next second.
    expect(frame).toBeDefined();
    expect(Date.now() - silentFrom).toBeGreaterThan(5_000);
    await dashboard.close();
  });

  it('has its watchers read again when a machine leaves the fleet', async () => {
    const dashboard = await Dashboard.open();
    await dashboard.find('ready');
    const leaving = new Identity();
    await leaving.enrol(api, { name: 'leaving' });
    await dashboard.find('machines', ({ items }) => items.some(({ name }) => name === 'leaving'));
    await api.ok('POST', `machines/${leaving.machineId}/revoke`);
    await dashboard.find('resync', ({ reason }) => reason === 'a machine was taken out of the fleet');
    await dashboard.close();
  });

  it('sends a burst of a second to the last event, and of a larger one the newest, and says that there was more', async () => {
    const dashboard = await Dashboard.open();
    await dashboard.find('ready');
    const burst = async (from: number, frames: number) => {
      for (let frame = 0; frame < frames; frame++) agent.send({ type: 'events', events: Array.from({ length: 200 }, (_, i) => settled(from + frame * 200 + i)) });
      for (let frame = 0; frame < frames; frame++) await agent.next('ack');
    };
    const seen = () => dashboard.frames.flatMap(({ frame }) => (frame.type === 'events' ? frame.items.map(({ event }) => event.sequence) : []));
    await burst(1_001, 3);
    await eventually(async () => seen().length === 600);
    await burst(2_001, 20);
    await dashboard.find('resync', ({ reason }) => reason.includes('events came too fast'));
    await eventually(async () => seen().includes(6_000));
    expect(dashboard.frames.filter(({ frame }) => frame.type === 'events' && frame.items.length > 200)).toEqual([]);
    await dashboard.close();
  });

  it.each([
    ['not JSON', '{', 4400],
    ['unknown', '{"type":"set-workers","workers":9}', 4400],
    ['too large', JSON.stringify({ type: 'watch', machineId: 'x'.repeat(10_000) }), 4413],
  ])('closes on a message that is %s', async (_name, message, code) => {
    const dashboard = await Dashboard.open();
    dashboard.socket.send(message);
    expect((await dashboard.closed).code).toBe(code);
  });

  it('ends with the session it was opened by', async () => {
    const other = await Api.signedIn(plane);
    const [theirs, ours] = [await Dashboard.open({ cookie: other.cookie, origin: ORIGIN }), await Dashboard.open()];
    await other.call('POST', 'auth/logout');
    expect(await theirs.closed).toEqual({ code: 4401, reason: 'signed out' });
    expect(ours.socket.readyState).toBe(WebSocket.OPEN);
    await ours.close();
  });
});
