import { describe, expect, it } from '@jest/globals';
import { heartbeatSchema, type Heartbeat } from '@provefleet/fleet-protocol';
import type { FetchResult } from '../pipeline/node.js';
import { machineFacts } from './machine.js';
import { metricsText } from './metrics.js';
import { stateOf, type Situation } from './state.js';

const node = (lastFetch: FetchResult = { kind: 'task' }, hold: Situation['nodes'][number]['hold'] = 'ready'): Situation['nodes'][number] => ({ id: 'n', hold, nextFetchAt: 1_700_000_000_000, lastFetch });
const well: Situation = {
  draining: false, paused: false, pauseNote: '', approved: true, blocked: null, diskProblem: null, workerProblem: null, memoryProblem: null, workersWanted: 2, proving: true, nodes: [node()],
};
const failed: FetchResult = { kind: 'failed', message: 'ECONNREFUSED', failuresInARow: 3 };

describe('the state shown', () => {
  it.each<[string, Partial<Situation>, string]>([
    ['proving', {}, ''],
    ['idle', { proving: false }, ''],
    ['no-work', { proving: false, nodes: [node({ kind: 'no-task' })] }, 'no task'],
    ['idle', { proving: false, nodes: [node({ kind: 'no-task' }), node()] }, ''],
    ['paused', { paused: true, pauseNote: 'maintenance' }, 'maintenance'],
    ['paused', { workersWanted: 0, proving: false }, 'set to 0'],
    ['draining', { draining: true, paused: true }, 'finishes'],
    ['throttled', { proving: false, nodes: [node(failed, 'server')] }, '2023-11-14T22:13:20.000Z'],
    ['proving', { nodes: [node(failed, 'server')] }, ''],
    ['blocked', { approved: false, proving: false }, 'approve'],
    ['blocked', { blocked: 'version too old' }, 'version too old'],
    ['low-memory', { memoryProblem: '2 GiB needed' }, '2 GiB'],
    ['failing', { diskProblem: 'disk full', paused: true }, 'disk full'],
    ['failing', { workerProblem: 'no addon' }, 'no addon'],
    ['failing', { proving: false, nodes: [node(failed), node(failed)] }, 'ECONNREFUSED'],
    ['idle', { proving: false, nodes: [node(failed), node()] }, ''],
    ['idle', { proving: false, nodes: [node({ ...failed, failuresInARow: 2 })] }, ''],
    ['proving', { nodes: [node(failed)] }, ''],
  ])('is %s for %j', (state, change, reason) => {
    const shown = stateOf({ ...well, ...change });
    expect(shown.state).toBe(state);
    expect(shown.reason).toContain(reason);
  });
});

const heartbeat: Heartbeat = {
  at: 1, state: 'proving', reason: '', since: 1, startedAt: 2000,
  gauges: { cpu: 0.5, memoryUsedBytes: 1, memoryTotalBytes: 2, taskQueue: 3, resultQueue: 4, outboxProofs: 5, outboxEvents: 6, eventLoopDelayMs: 7 },
  counters: { fetched: 1, accepted: 2, refused: 3, expired: 4, failed: 5, workerRestarts: 6, droppedEvents: 7 },
  workers: [{ id: 1, state: 'proving', taskId: 'secret-task', program: 'p', stage: null, since: 1, restarts: 0, cause: '', memoryBytes: 9 }],
  nodes: [{ nodeId: 'node-77', signingKey: 'a'.repeat(64), nextFetchAt: null, throttledUntil: null }],
  observed: { revision: 1, document: { workers: 1, paused: false, pauseNote: '' }, workers: 1, rejected: null },
};

describe('the metrics', () => {
  it('are Prometheus text whose labels do not grow with the work', () => {
    const text = metricsText(heartbeatSchema.parse(heartbeat));
    for (const line of text.trimEnd().split('\n')) expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? -?[\d.e+-]+)$/);
    expect(text).toContain('provefleet_agent_tasks_settled_total{outcome="refused"} 3');
    expect(text).toContain('provefleet_agent_event_loop_delay_seconds 0.007');
    expect(text).not.toMatch(/secret-task|node-77/);
  });
});

describe('the facts of a machine', () => {
  it('are of this machine, and fit the protocol without a prover too', () => {
    const facts = machineFacts('native', null);
    expect(facts.cpuCores).toBeGreaterThan(0);
    expect(facts.memoryBytes).toBeGreaterThan(2 ** 28);
    expect(facts.prover).toEqual({ backend: 'native', version: '', cpuBuild: '', securityBits: null });
  });
});
