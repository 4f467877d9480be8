import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventPageSchema, MACHINE_STATES, machineListSchema, machineSeriesSchema, overviewSchema, proofPageSchema, RANGES, type Range } from '@provefleet/fleet-protocol';
import { heartbeat, Identity, ScriptedAgent, settled, stateEvent } from './support/agent.js';
import { Api } from './support/api.js';
import { ControlPlane, TestDatabase } from './support/control-plane.js';
import { eventually } from './support/eventually.js';

const MINUTE = 60_000;
/** Name, what it reports, accepted proofs with their proving times, refused proofs. */
const FLEET = [
  { name: 'alpha', state: 'proving', reason: '', workers: 4, accepted: [100, 200, 300, 400], refused: 0 },
  { name: 'beta', state: 'failing', reason: 'guest exits with code 134', workers: 1, accepted: [50], refused: 3 },
  { name: 'gamma', state: 'failing', reason: 'guest exits with code 134', workers: 2, accepted: [], refused: 1 },
  { name: 'delta_1', state: 'idle', reason: '', workers: 2, accepted: [], refused: 0 },
  { name: 'Epsilon', state: 'low-memory', reason: 'above 90 %', workers: 3, accepted: [1_000, 2_000], refused: 0 },
] as const;

let database: TestDatabase;
let plane: ControlPlane;
let api: Api;
const ids = new Map<string, string>();
const agents: ScriptedAgent[] = [];
const idOf = (name: string) => ids.get(name) ?? '';

beforeAll(async () => {
  database = await TestDatabase.start();
  plane = await ControlPlane.start(database);
  api = await Api.signedIn(plane);
  const { token } = await api.ok<{ token: string }>('POST', 'join-tokens', { uses: 10, labels: ['rack 7'] });
  for (const { name, state, reason, workers, accepted, refused } of FLEET) {
    const identity = new Identity();
    await identity.enrol(api, { name, token });
    ids.set(name, identity.machineId);
    const agent = await ScriptedAgent.join(plane, identity);
    agents.push(agent);
    const at = Date.now() - 10 * MINUTE;
    const events = [
      ...accepted.map((provingMs, i) => settled(i + 1, { provingMs, at, settledAt: at, fetchedAt: at })),
      ...Array.from({ length: refused }, (_, i) => settled(accepted.length + i + 1, { outcome: 'refused', reason: 'wrong program hash', code: '400', at, settledAt: at, provingMs: null })),
      stateEvent(accepted.length + refused + 1, reason),
    ];
    await agent.deliver(events);
    agent.send(heartbeat({ state, reason, since: Date.now() - 5 * MINUTE, observed: { ...heartbeat().heartbeat.observed, workers } }));
  }
  const neverCame = new Identity();
  await neverCame.enrol(api, { name: 'zeta', token });
  ids.set('zeta', neverCame.machineId);
  // The rate counts from joining on when that was less than an hour ago: let all have joined long ago.
  await database.query("UPDATE machine SET joined_at = joined_at - interval '2 hours'");
  await eventually(async () => (await list('sort=name')).items.find(({ name }) => name === 'beta')?.successRate === 0.25, 40_000);
});
afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.disconnect()));
  await ControlPlane.endAll();
  await database?.stop();
});

// Heartbeats go on while the tests look.
const beat = () =>
  agents.forEach((agent, i) => {
    const machine = FLEET[i];
    if (machine) agent.send(heartbeat({ state: machine.state, reason: machine.reason, since: Date.now() - 5 * MINUTE, observed: { ...heartbeat().heartbeat.observed, workers: machine.workers } }));
  });
const list = async (query: string) => {
  beat();
  return machineListSchema.parse(await api.ok('GET', `machines?${query}`));
};
const names = async (query: string) => (await list(query)).items.map(({ name }) => name);

describe('the list of machines', () => {
  it('shows each machine with its numbers over the last hour', async () => {
    const { items, total, byState } = await list('sort=name');
    expect(total).toBe(6);
    expect(byState).toEqual({ ...Object.fromEntries(MACHINE_STATES.map((state) => [state, 0])), proving: 1, failing: 2, idle: 1, 'low-memory': 1, offline: 1 });
    expect(items.find(({ name }) => name === 'alpha')).toMatchObject({ state: 'proving', provingMsP50: 250, provingMsP95: 385, successRate: 1, proofsPerMinute: 4 / 60, labels: ['rack 7'], observed: { workers: 4 } });
    expect(items.find(({ name }) => name === 'zeta')).toMatchObject({ state: 'offline', reason: 'has not connected yet', provingMsP50: null, successRate: null, proofsPerMinute: 0, lastSeenAt: null });
    const spark = items.find(({ name }) => name === 'alpha')?.spark ?? [];
    expect(spark).toHaveLength(40);
    expect(spark.filter((rate) => (rate ?? 0) > 0)).toEqual([4 / 1.5]);
    expect(spark[0]).toBeNull(); // nothing was known then
  });

  it.each([
    ['state', 'asc', ['beta', 'gamma', 'Epsilon', 'zeta', 'delta_1', 'alpha']],
    ['state', 'desc', ['alpha', 'delta_1', 'zeta', 'Epsilon', 'gamma', 'beta']],
    ['name', 'asc', ['Epsilon', 'alpha', 'beta', 'delta_1', 'gamma', 'zeta']],
    ['workers', 'desc', ['alpha', 'Epsilon', 'gamma', 'delta_1', 'beta', 'zeta']],
    ['proofsPerMinute', 'desc', ['alpha', 'Epsilon', 'beta', 'zeta', 'gamma', 'delta_1']],
    ['provingMsP50', 'asc', ['beta', 'alpha', 'Epsilon', 'delta_1', 'gamma', 'zeta']],
    ['provingMsP50', 'desc', ['Epsilon', 'alpha', 'beta', 'zeta', 'gamma', 'delta_1']],
  ])('sorts by %s %s, the unknown last, and pages without losing or repeating one', async (sort, order, expected) => {
    expect(await names(`sort=${sort}&order=${order}`)).toEqual(expected);
    const paged: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: { items: { name: string }[]; nextCursor: string | null } = await list(`sort=${sort}&order=${order}&limit=2${cursor && `&cursor=${cursor}`}`);
      paged.push(...page.items.map(({ name }) => name));
      cursor = page.nextCursor;
    }
    expect(paged).toEqual(expected);
  });

  it.each([
    ['q=ETA', ['beta', 'zeta']],
    ['q=rack%207', ['beta', 'gamma', 'Epsilon', 'zeta', 'delta_1', 'alpha']],
    ['q=code%20134', ['beta', 'gamma']],
    ['q=node-1', ['beta', 'gamma', 'Epsilon', 'delta_1', 'alpha']],
    ['q=_', ['delta_1']],
    ['q=%25', ['Epsilon']], // in its reason, not a wildcard
    ['q=%27%20OR%201%3D1%20--', []],
    ['state=failing,idle', ['beta', 'gamma', 'delta_1']],
    ['state=failing&q=gam', ['gamma']],
  ])('filters by %s', async (query, expected) => {
    const { items, total, byState } = await list(query);
    expect(items.map(({ name }) => name)).toEqual(expected);
    expect(total).toBe(expected.length);
    expect(byState.failing).toBe(2); // of the whole fleet, whatever the filter
  });

  it.each(['sort=shoe-size', 'order=up', 'limit=0', 'limit=501', 'state=asleep', 'cursor=nonsense', `cursor=${Buffer.from('{"key":"x"}').toString('base64url')}`])('refuses %s', async (query) => {
    expect(await api.call('GET', `machines?${query}`)).toMatchObject({ status: 400, body: { code: 'request-invalid', field: `query.${query.split('=')[0]}` } });
  });
});

describe('the overview', () => {
  it('has the fleet in one answer', async () => {
    beat();
    const overview = overviewSchema.parse(await api.ok('GET', 'overview?range=1h'));
    expect(overview).toMatchObject({ machines: 6, outcomes: { accepted: 7, refused: 4, expired: 0, failed: 0 }, successRate: 7 / 11, proofsPerMinute: 0, bestPerMinute: 7, provingMsP50: 300 });
    const { series } = overview;
    const sum = (points: (number | null)[]) => points.reduce<number>((total, point) => total + (point ?? 0), 0);
    expect({ accepted: sum(series.accepted), refused: sum(series.refused), perStep: sum(series.proofsPerMinute) * (series.stepMs / MINUTE) }).toEqual({ accepted: 7, refused: 4, perStep: 7 });
    expect(sum(series.before)).toBe(0);
    expect(overview.events.map(({ event }) => event.kind)).toContain('state');
    expect(overview.events.some(({ event }) => event.kind === 'task-settled' && event.outcome === 'accepted')).toBe(false);
  });

  it('groups what is wrong by its cause and says what it costs', async () => {
    beat();
    await eventually(async () => {
      const { problems } = overviewSchema.parse(await api.ok('GET', 'overview?range=15m'));
      const failing = problems.find(({ state }) => state === 'failing');
      return failing && problems.length === 3;
    });
    const { problems } = overviewSchema.parse(await api.ok('GET', 'overview?range=15m'));
    expect(problems.find(({ state }) => state === 'failing')).toMatchObject({ reason: 'guest exits with code 134', machines: 2, names: ['beta', 'gamma'], lostPerMinute: 0.02 });
    expect(problems.find(({ state }) => state === 'low-memory')).toMatchObject({ machines: 1, names: ['Epsilon'], lostPerMinute: 0.03 });
    expect(problems.find(({ state }) => state === 'offline')).toMatchObject({ reason: 'has not connected yet', names: ['zeta'] });
  });

  it.each(Object.keys(RANGES) as Range[])('sums to the same over %s as its machines do', async (range) => {
    const overview = overviewSchema.parse(await api.ok('GET', `overview?range=${range}`));
    const sum = (points: (number | null)[], stepMs: number) => points.reduce<number>((total, point) => total + (point ?? 0), 0) * (stepMs / MINUTE);
    let accepted = 0;
    for (const id of ids.values()) {
      const series = machineSeriesSchema.parse(await api.ok('GET', `machines/${id}/series?range=${range}`));
      expect(series.proofsPerMinute).toHaveLength(RANGES[range] / series.stepMs);
      expect(series.proofsPerMinute.length).toBeLessThanOrEqual(1_000);
      accepted += sum(series.proofsPerMinute, series.stepMs);
    }
    expect(accepted).toBeCloseTo(7, 6);
    expect(sum(overview.series.proofsPerMinute, overview.series.stepMs)).toBeCloseTo(7, 6);
  });
});

describe("a machine's charts", () => {
  it('have proving times where it proved, gauges where it was heard, and null where nothing is known', async () => {
    await eventually(async () => {
      beat();
      const { cpu, memoryUsedBytes } = machineSeriesSchema.parse(await api.ok('GET', `machines/${idOf('alpha')}/series?range=15m`));
      return cpu.includes(0.5) && memoryUsedBytes.includes(1_000_000_000);
    }, 30_000);
    const series = machineSeriesSchema.parse(await api.ok('GET', `machines/${idOf('alpha')}/series?range=15m`));
    expect(series.provingMsP50.filter((value) => value !== null)).toEqual([250]);
    expect(series.provingMsP95.filter((value) => value !== null)).toEqual([385]);
    expect(series.cpu[0]).toBeNull();
    expect(series.proofsPerMinute[0]).toBeNull();
  });
});

describe('events and proofs', () => {
  it('come in pages, newest first, without loss or repeat', async () => {
    const walk = async (path: string) => {
      const seen: string[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page = eventPageSchema.parse(await api.ok('GET', `${path}limit=3${cursor && `&cursor=${cursor}`}`));
        seen.push(...page.items.map(({ machineName, event }) => `${machineName}/${event.sequence}`));
        cursor = page.nextCursor;
      }
      return seen;
    };
    const fleet = await walk('events?routine=true&');
    expect(fleet).toHaveLength(16);
    expect(new Set(fleet).size).toBe(16);
    expect(await walk('events?')).toHaveLength(9); // without the accepted
    expect(await walk(`machines/${idOf('beta')}/events?`)).toEqual(['beta/5', 'beta/4', 'beta/3', 'beta/2']);

    const [first, second] = [proofPageSchema.parse(await api.ok('GET', `machines/${idOf('alpha')}/proofs?limit=3`)), ''];
    const rest = proofPageSchema.parse(await api.ok('GET', `machines/${idOf('alpha')}/proofs?limit=3&cursor=${first.nextCursor ?? second}`));
    expect([...first.items, ...rest.items].map(({ taskId }) => taskId)).toEqual(['task-4', 'task-3', 'task-2', 'task-1']);
    expect(rest.nextCursor).toBeNull();
  });
});

describe('every read', () => {
  it('answers as its schema says, and finds what it looks for by an index', async () => {
    // With sequential scans off the table, a plan that still has one has no index to use.
    const plans = [
      ["SELECT * FROM proof WHERE machine_id = $1::uuid AND settled_at >= now() - interval '1 day'", [idOf('alpha')]],
      ["SELECT count(*) FROM proof WHERE settled_at >= now() - interval '5 minutes' AND outcome = 'accepted'", []],
      ["SELECT * FROM sample WHERE machine_id = $1::uuid AND at >= now() - interval '1 hour'", [idOf('alpha')]],
      ['SELECT * FROM event WHERE machine_id = $1::uuid AND routine = false ORDER BY sequence DESC LIMIT 50', [idOf('alpha')]],
      ['SELECT * FROM event WHERE routine = false ORDER BY at DESC, machine_id DESC, sequence DESC LIMIT 50', []],
    ] as const;
    await database.query("ALTER DATABASE provefleet SET enable_seqscan = off");
    for (const [text, values] of plans) {
      const plan = (await database.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`, [...values])).map((row) => row['QUERY PLAN']).join('\n');
      expect(plan).toMatch(/Index/);
      expect(plan).not.toMatch(/Seq Scan|Sort/);
    }
    await database.query("ALTER DATABASE provefleet RESET enable_seqscan");
  });
});
