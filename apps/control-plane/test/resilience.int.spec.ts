import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CLOSE_CODES, healthSchema, machineDetailSchema } from '@provefleet/fleet-protocol';
import { heartbeat, Identity, ScriptedAgent, settled } from './support/agent.js';
import { Api } from './support/api.js';
import { ControlPlane, TestDatabase, temporaryFolder } from './support/control-plane.js';
import { eventually } from './support/eventually.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await TestDatabase.start();
});
afterAll(async () => {
  await ControlPlane.endAll();
  await database?.stop();
});

/** An agent with an outbox: sends events in order, forgets none before its acknowledgement, reconnects when it is cut. */
class OutboxAgent {
  made = 0;
  private acknowledged = 0;
  private isRunning = true;
  private isGivenUp = false;

  constructor(
    private readonly plane: () => ControlPlane,
    private readonly identity: Identity,
  ) {}

  async run(): Promise<void> {
    while (!this.isGivenUp && (this.isRunning || this.acknowledged < this.made)) {
      try {
        const agent = await ScriptedAgent.join(this.plane(), this.identity);
        this.acknowledged = Math.max(this.acknowledged, agent.welcome.lastSequence);
        await this.deliver(agent);
      } catch {
        await sleep(50); // cut: try again, as a real agent does
      }
    }
  }

  /** Makes no more events; `run` ends when all are acknowledged. */
  finish(): void {
    this.isRunning = false;
  }

  giveUp(): void {
    this.isRunning = false;
    this.isGivenUp = true;
  }

  private async deliver(agent: ScriptedAgent): Promise<void> {
    while (this.isRunning || this.acknowledged < this.made) {
      if (this.isRunning) this.made += 7;
      const batch = Array.from({ length: Math.min(50, this.made - this.acknowledged) }, (_, i) => settled(this.acknowledged + 1 + i));
      if (batch.length > 0) this.acknowledged = await agent.deliver(batch);
    }
    await agent.disconnect();
  }
}

const countsOf = async ({ machineId }: Identity) => {
  const [row] = await database.query<{ events: number; proofs: number; last: number; accepted: number }>(
    `SELECT (SELECT count(*)::int FROM event WHERE machine_id = $1) AS events, (SELECT count(*)::int FROM proof WHERE machine_id = $1) AS proofs,
       (SELECT last_sequence::int FROM machine_ingest WHERE machine_id = $1) AS last, (SELECT accepted_total::int FROM machine_ingest WHERE machine_id = $1) AS accepted`,
    [machineId],
  );
  return row;
};

describe('the control plane killed', () => {
  it('again and again while events stream in loses none and stores none twice', async () => {
    let plane = await ControlPlane.start(database);
    const api = await Api.signedIn(plane);
    const { port } = plane;
    const identity = new Identity();
    await identity.enrol(api, { name: 'survivor' });
    const agent = new OutboxAgent(() => plane, identity);
    const running = agent.run();
    try {
      for (let kills = 0; kills < 4; kills++) {
        const before = agent.made;
        await eventually(async () => agent.made > before + 20, 30_000); // connected again and in full flow
        await sleep(kills * 13);
        expect(await plane.end('SIGKILL')).toBe('SIGKILL');
        plane = await ControlPlane.start(database, { port });
      }
      agent.finish();
      await eventually(() => Promise.race([running.then(() => true), sleep(100, false)]), 60_000);
    } finally {
      agent.giveUp();
    }
    expect(agent.made).toBeGreaterThan(80);
    expect(await countsOf(identity)).toEqual({ events: agent.made, proofs: agent.made, last: agent.made, accepted: agent.made });
    // The session outlived the process it began in.
    const back = new Api(plane);
    back.cookie = api.cookie;
    expect(machineDetailSchema.parse(await back.ok('GET', `machines/${identity.machineId}`)).acceptedTotal).toBe(agent.made);
    await plane.end();
  });
});

describe('the control plane asked to stop', () => {
  it('stores and acknowledges what arrived, sends agents away and exits 0', async () => {
    const plane = await ControlPlane.start(database);
    const api = await Api.signedIn(plane);
    const identity = new Identity();
    await identity.enrol(api, { name: 'sent-away' });
    const agent = await ScriptedAgent.join(plane, identity);
    const acknowledged = agent.deliver(Array.from({ length: 200 }, (_, i) => settled(i + 1)));
    await sleep(5);
    const ended = plane.end('SIGTERM');
    expect(await agent.closed).toEqual({ code: CLOSE_CODES.goingAway, reason: expect.stringContaining('goes down') });
    expect(await acknowledged.catch(() => 0)).toBe((await countsOf(identity))?.last);
    expect(await ended).toBe(0);
  });
});

describe('the database away', () => {
  it('is answered with 503, acknowledges nothing, and all goes on when it is back', async () => {
    const plane = await ControlPlane.start(database);
    const api = await Api.signedIn(plane);
    const identity = new Identity();
    await identity.enrol(api, { name: 'patient' });
    const agent = await ScriptedAgent.join(plane, identity);
    await agent.deliver([settled(1)]);

    const resume = await database.pause();
    for (const [method, path] of [['GET', 'machines'], ['GET', 'overview'], ['PUT', `machines/${identity.machineId}/desired`]] as const) {
      const { status, body, headers } = await api.call(method, path, method === 'PUT' ? { workers: 2 } : undefined);
      expect({ path, status, code: body.code, retry: headers.get('retry-after') }).toEqual({ path, status: 503, code: 'database-unavailable', retry: '5' });
    }
    const health = await api.call('GET', 'health');
    expect(healthSchema.parse(health.body)).toMatchObject({ status: 'degraded', database: 'down' });
    expect(health.status).toBe(503);
    let isAcknowledged = false;
    const later = agent.deliver(Array.from({ length: 50 }, (_, i) => settled(2 + i))).then((sequence) => {
      isAcknowledged = true;
      return sequence;
    });
    for (let i = 0; i < 5; i++) agent.send(heartbeat({ reason: `beat ${i}` }));
    const stranger = await ScriptedAgent.connect(plane, identity);
    stranger.send(await stranger.authFrame());
    expect(await stranger.closed).toMatchObject({ code: CLOSE_CODES.goingAway });
    await sleep(1_500);
    expect(isAcknowledged).toBe(false);
    expect(plane.child.exitCode).toBeNull();

    await resume();
    expect(await later).toBe(51);
    expect(await countsOf(identity)).toEqual({ events: 51, proofs: 51, last: 51, accepted: 51 });
    await eventually(async () => (await api.call('GET', 'machines')).status === 200);
    await agent.disconnect();
    expect(await plane.end()).toBe(0);
  });
});

describe('the database busy', () => {
  it('is told apart from a database that is away, and who proved itself in time is let in when its turn comes', async () => {
    const plane = await ControlPlane.start(database);
    const api = await Api.signedIn(plane);
    const identities = await Promise.all(
      Array.from({ length: 14 }, async (_, i) => {
        const identity = new Identity();
        await identity.enrol(api, { name: `queued-${i}` });
        return identity;
      }),
    );
    const agents = await Promise.all(identities.map((identity) => ScriptedAgent.connect(plane, identity)));
    const release = await database.lock('machine');
    for (const agent of agents) agent.send(await agent.authFrame());
    const turnedAway = await Promise.race(agents.map(({ closed }) => closed));
    expect(turnedAway).toEqual({ code: CLOSE_CODES.goingAway, reason: expect.stringContaining('is busy') });
    expect(plane.log).toContain('could not serve an agent: the control plane is busy');
    await sleep(1_500); // beyond the time in which an agent must answer the challenge
    await release();
    const outcomes = await Promise.allSettled(agents.map((agent) => agent.next('welcome')));
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(5);
    for (const { closed, socket } of agents) {
      socket.close();
      expect((await closed).code).not.toBe(CLOSE_CODES.authTimeout);
    }
    expect(await plane.end()).toBe(0);
  });
});

describe('the start', () => {
  it('waits for a database that comes later', async () => {
    const resume = await database.pause();
    const plane = ControlPlane.spawn(database);
    await eventually(async () => plane.log.includes('waiting for the database'), 60_000);
    await resume();
    await plane.listening();
    expect(await plane.end()).toBe(0);
  });

  it('remembers how large the fleet is: the first to come back does not beat as if it were alone', async () => {
    const plane = await ControlPlane.start(database);
    const api = await Api.signedIn(plane);
    const identity = new Identity();
    await identity.enrol(api, { name: 'first-back' });
    await database.query(
      `WITH made AS (
         INSERT INTO machine (id, name, public_key, sealing_key, labels, joined_at, approved_at, facts, desired_revision, desired)
         SELECT gen_random_uuid(), 'many-' || number, lpad(number::text, 64, '0'), '', '{}', now(), now(), facts, 1, desired FROM machine, generate_series(1, 1000) number WHERE machine.id = $1 RETURNING id)
       INSERT INTO machine_status (machine_id, heartbeat_at, offline_at, state, reason, since, started_at, observed_workers, gauges, counters, workers, nodes, observed)
       SELECT id, now(), now(), 'idle', '', now(), now(), 1, 'null', 'null', '[]', '[]', 'null' FROM made`,
      [identity.machineId],
    );
    await plane.end();
    const again = await ControlPlane.start(database);
    const agent = await ScriptedAgent.join(again, identity);
    expect(agent.welcome.heartbeatIntervalMs).toBeGreaterThanOrEqual(9_000);
    await agent.disconnect();
    await again.end();
    await database.query("DELETE FROM machine WHERE name LIKE 'many-%'");
  });

  it('says that migrations are missing', async () => {
    const empty = await TestDatabase.start({ isMigrated: false });
    const plane = ControlPlane.spawn(empty);
    expect(await plane.ended()).toBe(1);
    expect(plane.log).toContain('has no tables; run `node tools/bootstrap/migrate.mjs` first');
    await empty.stop();
  });

  it('names the key that is wrong', async () => {
    const folder = temporaryFolder();
    const plane = ControlPlane.spawn({ url: 'mysql://localhost/x', folderPath: folder.path }, { env: { PROVEFLEET_WEB_ORIGIN: 'http://localhost:3000/path' } });
    expect(await plane.ended()).toBe(1);
    expect(plane.log).toContain('DATABASE_URL: must be a postgresql:// address');
    expect(plane.log).toContain('PROVEFLEET_WEB_ORIGIN: must be an origin');
    folder.remove();
  });

  it('says that the port is taken', async () => {
    const first = await ControlPlane.start(database);
    const second = ControlPlane.spawn(database, { port: first.port });
    expect(await second.ended()).toBe(1);
    expect(second.log).toContain('PROVEFLEET_CONTROL_PLANE_PORT');
    await first.end();
  });
});
